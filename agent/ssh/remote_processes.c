/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 1 of the flow, agentless: the process table, from a few program runs whatever the number of
 * processes. The answers are those of host_process.c. A NUL ends every field, so that no program's
 * name can forge a row.
 */
#include <errno.h>
#include <string.h>

#include "agent/host/host_process.h"
#include "agent/proc_text.h"
#include "agent/ssh/remote_round.h"
#include "proto/limits.h"

enum {
	TICKS_PER_S = 100, /* USER_HZ of every architecture that an Engine runs on */
	STAT_BYTES = 4096,
	CGROUP_BYTES = 16 << 10,
	CMDLINE_BYTES = 128 << 10,
	FIRST_WORD_BYTES = 1024
};

/* What was printed of one process; borrows. */
struct row {
	int64_t pid;
	const char *stat, *cgroup, *exe, *pidns, *word;
	const char *failed; /* why exe is not known, of process_each */
	bool is_kernel_thread;
	bool has_link; /* that of its program stood there, whatever it said */
};

struct table {
	struct remote_round *round;
	GHashTable *by_pid; /* row->pid -> row, which it owns */
	char *copy;         /* of what process_each printed, cut into texts */
	int64_t boot_at;
	guint hidden;
};

/* ---- rows ---- */

/* "/proc/12/stat" -> 12 and "stat"; NULL: another text. */
static const char *split_path(const char *path, int64_t *ret_pid)
{
	static const char prefix[] = "/proc/";
	char *end = NULL;

	if (!g_str_has_prefix(path, prefix) || !g_ascii_isdigit(path[strlen(prefix)]))
		return NULL;
	*ret_pid = g_ascii_strtoll(path + strlen(prefix), &end, 10);
	return *end == '/' ? end + 1 : NULL;
}

static struct row *row_of(struct table *table, int64_t pid)
{
	struct row *row = g_hash_table_lookup(table->by_pid, &pid);

	if (row != NULL)
		return row;
	row = g_new0(struct row, 1);
	row->pid = pid;
	g_hash_table_insert(table->by_pid, &row->pid, row);
	return row;
}

/* The first piece counts: what stands behind a NUL is not the beginning of a file. */
static void set_field(struct row *row, const char *name, const char *value)
{
	const struct {
		const char *name;
		const char **place;
	} fields[] = {
		{"stat", &row->stat},    {"cgroup", &row->cgroup}, {"exe", &row->exe},
		{"ns/pid", &row->pidns}, {"cmdline", &row->word},  {"failed", &row->failed},
	};

	for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
		if (strcmp(name, fields[i].name) == 0 && *fields[i].place == NULL)
			*fields[i].place = value;
	}
}

/* Pairs of a path and what was read there. */
static void take_pairs(struct table *table, const struct remote_text *text)
{
	const char *at = text->text;
	const char *end = text->text + text->size;
	const char *path = NULL;

	while ((path = remote_record_field(&at, end)) != NULL) {
		const char *value = remote_record_field(&at, end);
		int64_t pid = 0;
		const char *name = split_path(path, &pid);

		if (value == NULL)
			return;
		if (g_strcmp0(name, "exe") == 0)
			row_of(table, pid)->has_link = true;
		if (name != NULL && (value[0] != '\0' || strcmp(name, "cmdline") == 0))
			set_field(row_of(table, pid), name, value);
	}
}

/* "MARK 12 stat\n" and what was read there, until the next mark. */
static void take_parts(struct table *table, char *text, size_t size, const char *mark)
{
	char *end = text + size;
	char *at = memmem(text, size, mark, strlen(mark));

	while (at != NULL) {
		char *line = at + strlen(mark);
		char *value = memchr(line, '\n', (size_t)(end - line));
		char *next = value == NULL
				     ? NULL
				     : memmem(value, (size_t)(end - value), mark, strlen(mark));
		char *name = NULL;
		int64_t pid = g_ascii_strtoll(line, &name, 10);

		if (next == NULL)
			return;
		*value++ = '\0';
		*next = '\0';
		/* A program's own line feed; texts of the kernel keep theirs. */
		if (next > value && next[-1] == '\n' && strcmp(name, " stat") != 0 &&
		    strcmp(name, " cgroup") != 0)
			next[-1] = '\0';
		if (name[0] == ' ' && (value[0] != '\0' || strcmp(name, " cmdline") == 0))
			set_field(row_of(table, pid), name + 1, value);
		at = next;
	}
}

/* ---- processes ---- */

static const char *first_word(struct arena *arena, const char *word)
{
	size_t length = word == NULL ? 0 : strnlen(word, FIRST_WORD_BYTES);

	return word == NULL ? NULL : arena_strndup(arena, word, MIN(length, strcspn(word, " \t")));
}

/* false: the process has ended, or its row is cut. */
static bool make_process(const struct table *table, struct row *row,
			 struct host_process *ret_process)
{
	struct arena *arena = table->round->batch->arena;
	g_autofree char *text = row->stat == NULL ? NULL : g_strndup(row->stat, STAT_BYTES);
	struct host_process process = {.pidns = -1};
	struct proc_stat stat;

	if (text == NULL || !proc_stat_parse(text, &stat) || stat.pid != row->pid)
		return false;
	process.pid = stat.pid;
	process.ppid = stat.ppid;
	process.comm = arena_strdup(arena, stat.comm);
	process.start_at = table->boot_at + (int64_t)(stat.start_ticks / TICKS_PER_S);
	row->is_kernel_thread = stat.is_kernel_thread;
	if (!stat.is_kernel_thread) {
		process.exe = arena_strdup(arena, row->exe);
		process.pidns = proc_link_inode(row->pidns, "pid");
		process.cgroup =
			row->cgroup == NULL
				? NULL
				: arena_strndup(arena, row->cgroup,
						MIN(strlen(row->cgroup), (size_t)CGROUP_BYTES));
		process.argv0 = first_word(arena, row->word);
	}
	*ret_process = process;
	return true;
}

/* The command lines of daemons are asked for once their programs are known. */
static bool read_command(struct remote_round *round, struct host_process *process)
{
	struct host_read read = {.max_bytes = CMDLINE_BYTES, .data = ""};
	g_autofree char *path = g_strdup_printf("/proc/%" G_GINT64_FORMAT "/cmdline", process->pid);

	read.path = path;
	if (!remote_answer_read(round, &read))
		return false;
	process->cmdline = NULL;
	process->argv0 = NULL;
	if (read.state.status == PLIMSOLL__FETCH__STATUS__OK ||
	    read.state.status == PLIMSOLL__FETCH__STATUS__TRUNCATED) {
		process->cmdline = read.data;
		process->cmdline_size = read.size;
		process->argv0 = read.data;
	}
	return true;
}

static gint compare_rows(gconstpointer a, gconstpointer b)
{
	const struct row *left = *(const struct row *const *)a;
	const struct row *right = *(const struct row *const *)b;

	return left->pid < right->pid ? -1 : left->pid > right->pid;
}

static GPtrArray *rows_by_pid(const struct table *table)
{
	GPtrArray *rows = g_ptr_array_new();
	GHashTableIter iter;
	gpointer row = NULL;

	g_hash_table_iter_init(&iter, table->by_pid);
	while (g_hash_table_iter_next(&iter, NULL, &row))
		g_ptr_array_add(rows, row);
	g_ptr_array_sort(rows, compare_rows);
	return rows;
}

/* Whatever else was said: there is a process that was not seen. */
static bool is_gone(int error)
{
	return error == ENOENT || error == ESRCH;
}

/* Whatever pid 1 runs, it is neither an engine nor in a container. What nothing at all was said of
 * had ended. */
static void count_hidden(struct table *table, const struct row *row, GHashTable *complaints)
{
	g_autofree char *path = g_strdup_printf("/proc/%" G_GINT64_FORMAT "/exe", row->pid);
	int error = GPOINTER_TO_INT(g_hash_table_lookup(complaints, path));

	if (row->failed != NULL)
		error = remote_errno_last(row->failed, strlen(row->failed));
	if (error == 0 && !row->has_link)
		return;
	if (row->exe == NULL && row->pid != 1 && !row->is_kernel_thread && !is_gone(error))
		table->hidden++;
}

/* "grep: /proc/12/stat: Permission denied", or with quotes. */
static void count_unread(struct table *table, const char *words)
{
	g_auto(GStrv) lines = g_strsplit(words, "\n", -1);

	for (guint i = 0; lines[i] != NULL; i++) {
		if ((strstr(lines[i], "/stat: ") != NULL || strstr(lines[i], "/stat': ") != NULL) &&
		    !is_gone(remote_errno_last(lines[i], strlen(lines[i]))))
			table->hidden++;
	}
}

static bool make_all(struct table *table, const char *link_words, struct host_process_table *answer)
{
	struct remote_round *round = table->round;
	g_autoptr(GPtrArray) rows = rows_by_pid(table);
	g_autoptr(GHashTable) complaints = remote_complaints(link_words, strlen(link_words));
	struct host_process *processes = NULL;
	guint64 total = 0;
	guint programs = 0;
	bool is_done = true;

	processes = arena_calloc(round->batch->arena, MAX(rows->len, 1U), sizeof(*processes));
	answer->n_processes = 0;
	for (guint i = 0; i < rows->len; i++) {
		struct host_process *process = &processes[answer->n_processes];

		if (!make_process(table, rows->pdata[i], process) || ++total > LIMIT_PROCESSES)
			continue;
		answer->n_processes++;
		count_hidden(table, rows->pdata[i], complaints);
		programs += process->exe != NULL ? 1 : 0;
		if (host_process_keeps_command(process))
			is_done &= read_command(round, process);
	}
	answer->processes = processes;
	/* Not one program, and nobody said why: what was to tell them did not work. */
	answer->state = host_state_from_errno(programs + table->hidden > 0 ? 0 : EIO);
	host_process_judge(round->batch->arena, total, table->hidden, answer);
	return is_done;
}

/* ---- the namespace ---- */

static int64_t inode_of(struct remote_round *round, const char *path, bool *is_done)
{
	struct host_link link = {.path = path};

	*is_done &= remote_answer_link(round, &link);
	return proc_link_inode(link.target, "pid");
}

/* As host_process.c: a user who may not look at pid 1 compares. */
static int64_t shown_pidns(struct remote_round *round, bool *is_done)
{
	struct host_read status = {
		.path = "/proc/self/status", .max_bytes = STAT_BYTES, .data = ""};
	int64_t of_init = inode_of(round, "/proc/1/ns/pid", is_done);
	int64_t own = inode_of(round, "/proc/self/ns/pid", is_done);
	uint64_t number = 0;

	*is_done &= remote_answer_read(round, &status);
	if (of_init >= 0)
		return of_init;
	if (!proc_status_number(status.data, "NSpid", 0, 10, &number) ||
	    proc_status_number(status.data, "NSpid", 1, 10, &number))
		return -1;
	return own;
}

/* xargs ends with 123 when a program did not like one of its paths, as those of processes that end
 * meanwhile; with more when it did not run. */
static bool is_whole(const struct remote_text *text)
{
	return text->status == 0 || text->status == 123;
}

/* Four program runs for all. Returns whether all came; ret_error: 0, or that they say nothing. */
static bool ask_together(struct table *table, const char **ret_link_words, int *ret_error)
{
	struct remote_round *round = table->round;
	const struct remote_text *texts = remote_round_once(round, REMOTE_CALL_PROCESS_TEXTS, "");
	const struct remote_text *links = remote_round_once(round, REMOTE_CALL_PROCESS_LINKS, "");
	const struct remote_text *words = remote_round_once(round, REMOTE_CALL_PROCESS_WORDS, "");

	if (texts == NULL || links == NULL || words == NULL)
		return false;
	*ret_error = is_whole(texts) && is_whole(links) ? 0 : EIO;
	take_pairs(table, texts);
	take_pairs(table, links);
	take_pairs(table, words);
	count_unread(table, texts->words);
	*ret_link_words = links->words;
	return true;
}

/* Its last mark says that nobody ended it before. */
static bool is_each_whole(const struct remote_round *round, const struct remote_text *each)
{
	g_autofree char *end = g_strconcat(round->shell->inner_mark, " 0 end\n", NULL);
	size_t length = strlen(end);

	return each->status == 0 && each->size >= length &&
	       memcmp(each->text + each->size - length, end, length) == 0;
}

/* Six a process. */
static bool ask_each(struct table *table, int *ret_error)
{
	struct remote_round *round = table->round;
	const struct remote_text *each = remote_round_once(round, REMOTE_CALL_PROCESS_EACH, "");

	if (each == NULL)
		return false;
	*ret_error = is_each_whole(round, each) ? 0 : EIO;
	table->copy = g_malloc(each->size + 1);
	memcpy(table->copy, each->text, each->size + 1);
	take_parts(table, table->copy, each->size, round->shell->inner_mark);
	count_unread(table, each->words);
	return true;
}

static bool fill(struct table *table, struct host_process_table *answer)
{
	const struct remote_tools *tools = &table->round->shell->tools;
	struct host_read boot = {
		.path = "/proc/stat", .max_bytes = LIMIT_PROC_FILE_BYTES, .data = ""};
	const char *link_words = "";
	int error = 0;
	bool is_done = remote_answer_read(table->round, &boot);

	answer->pidns = shown_pidns(table->round, &is_done);
	answer->is_first_pidns = answer->pidns == PROC_FIRST_PIDNS;
	if (tools->gnu_find && tools->gnu_grep && tools->xargs)
		is_done &= ask_together(table, &link_words, &error);
	else
		is_done &= ask_each(table, &error);
	if (!is_done)
		return false;
	if (boot.state.status != PLIMSOLL__FETCH__STATUS__OK) {
		answer->state = boot.state;
		return true;
	}
	if (!proc_boot_time(boot.data, &table->boot_at) || error != 0) {
		answer->state = host_state_from_errno(EIO);
		return true;
	}
	return make_all(table, link_words, answer);
}

static bool can_ask(const struct remote_tools *tools)
{
	return (tools->gnu_find && tools->gnu_grep && tools->xargs) ||
	       (tools->cat && tools->readlink && tools->tr && tools->cut);
}

bool remote_answer_processes(struct remote_round *round, struct host_process_table *answer)
{
	struct table table = {.round = round};
	bool is_done = false;

	answer->state = remote_round_unanswered(round);
	answer->n_processes = 0;
	if (!can_ask(&round->shell->tools))
		return true;
	table.by_pid = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
	is_done = fill(&table, answer);
	g_hash_table_unref(table.by_pid);
	g_free(table.copy);
	if (is_done)
		return true;
	answer->state = remote_round_unanswered(round);
	answer->n_processes = 0;
	return false;
}
