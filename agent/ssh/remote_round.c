/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 1 of the flow, agentless: what one round knows of the other machine, and what it still has
 * to ask. Questions of one kind share a program run, and all that are open share a trip.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/ssh/remote_round.h"
#include "proto/limits.h"

/* A program takes 128 KiB of one argument and 2 MiB of all; a shell may count less. */
enum { CALL_BYTES = 60000, NAMES_BYTES = 8000000 };

static void free_text(gpointer data)
{
	struct remote_text *text = data;

	g_free(text->text);
	g_free(text->words);
	g_free(text);
}

static void free_names(gpointer data)
{
	struct remote_names *names = data;

	g_ptr_array_unref(names->names);
	g_free(names);
}

static void free_call(gpointer data)
{
	struct remote_call *call = data;

	g_ptr_array_unref(call->paths);
	g_free(call);
}

static void free_entry(gpointer data)
{
	remote_entry_free(data);
}

static GHashTable *by_path(GDestroyNotify free_value)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_value);
}

void remote_round_init(struct remote_round *ret_round, struct remote_shell *shell,
		       struct host_batch *batch)
{
	*ret_round = (struct remote_round){
		.shell = shell,
		.batch = batch,
		.deadline_us = g_get_monotonic_time() + LIMIT_HOST_BATCH_MS * INT64_C(1000),
		.out = g_string_new(NULL),
		.calls = g_hash_table_new_full(NULL, NULL, NULL, free_call),
		.entries = by_path(free_entry),
		.files = by_path(free_entry),
		.texts = by_path(free_text),
		.names = by_path(free_names),
		.lists = by_path(NULL),
		.once = g_hash_table_new_full(NULL, NULL, NULL, free_text),
		.done = g_hash_table_new(NULL, NULL),
		.new_entries = g_ptr_array_new(),
		.new_files = g_ptr_array_new(),
		.new_names = g_ptr_array_new(),
		.new_lists = g_ptr_array_new(),
	};
}

void remote_round_done(struct remote_round *round)
{
	g_string_free(round->out, TRUE);
	g_hash_table_unref(round->calls);
	g_hash_table_unref(round->entries);
	g_hash_table_unref(round->files);
	g_hash_table_unref(round->texts);
	g_hash_table_unref(round->names);
	g_hash_table_unref(round->lists);
	g_hash_table_unref(round->once);
	g_hash_table_unref(round->done);
	if (round->mounts != NULL)
		mount_table_free(round->mounts);
	g_free(round->wait_for);
	g_ptr_array_unref(round->new_entries);
	g_ptr_array_unref(round->new_files);
	g_ptr_array_unref(round->new_names);
	g_ptr_array_unref(round->new_lists);
}

/* ---- asking ---- */

static void add_call(struct remote_round *round, enum remote_call_kind kind, const char *function,
		     const char *arguments, GPtrArray *paths)
{
	struct remote_call *call = g_new0(struct remote_call, 1);
	guint id = ++round->shell->calls;

	call->kind = kind;
	call->paths = paths != NULL ? paths : g_ptr_array_new();
	g_hash_table_insert(round->calls, GUINT_TO_POINTER(id), call);
	g_string_append_printf(round->out, "call %u %s %s\n", id, function, arguments);
}

static GPtrArray *one_path(const char *path)
{
	GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);

	g_ptr_array_add(paths, g_strdup(path));
	return paths;
}

/* Programs that do not quote what they complain about get an odd name alone: no other can be meant.
 */
static void add_calls(struct remote_round *round, enum remote_call_kind kind, const char *function,
		      bool is_raw, GPtrArray *waiting)
{
	g_autoptr(GString) arguments = g_string_new(NULL);
	GPtrArray *paths = NULL;

	for (guint i = 0; i < waiting->len; i++) {
		const char *path = waiting->pdata[i];
		g_autofree char *quoted = g_shell_quote(path);
		bool is_alone = is_raw && (kind == REMOTE_CALL_NAMES || !remote_is_plain(path));

		if (paths != NULL && (is_alone || arguments->len + strlen(quoted) > CALL_BYTES)) {
			add_call(round, kind, function, arguments->str, paths);
			paths = NULL;
		}
		if (is_alone) {
			add_call(round, kind, function, quoted, one_path(path));
			continue;
		}
		if (paths == NULL) {
			g_string_truncate(arguments, 0);
			paths = g_ptr_array_new_with_free_func(g_free);
		}
		g_ptr_array_add(paths, g_strdup(path));
		g_string_append_printf(arguments, "%s ", quoted);
	}
	if (paths != NULL)
		add_call(round, kind, function, arguments->str, paths);
	g_ptr_array_set_size(waiting, 0);
}

static void add_waiting(struct remote_round *round)
{
	const struct remote_tools *tools = &round->shell->tools;

	if (tools->gnu_find || tools->stat)
		add_calls(round, REMOTE_CALL_ENTRIES, tools->gnu_find ? "entries" : "plain_entries",
			  !tools->gnu_find, round->new_entries);
	if (tools->gnu_find || tools->stat)
		add_calls(round, REMOTE_CALL_FILES,
			  tools->gnu_find && tools->gnu_grep ? "files" : "plain_files",
			  !tools->gnu_find || !tools->gnu_grep, round->new_files);
	if (tools->find)
		add_calls(round, REMOTE_CALL_NAMES, "names", !tools->gnu_find, round->new_names);
	if (tools->gnu_ls)
		add_calls(round, REMOTE_CALL_LISTS, "lists", false, round->new_lists);
}

static struct remote_entry *ask_entry(GHashTable *table, GPtrArray *waiting, const char *path)
{
	struct remote_entry *entry = g_hash_table_lookup(table, path);
	char *key = NULL;

	if (entry != NULL)
		return entry->is_known ? entry : NULL;
	key = g_strdup(path);
	entry = g_new0(struct remote_entry, 1);
	g_hash_table_insert(table, key, entry);
	g_ptr_array_add(waiting, key);
	return NULL;
}

const struct remote_entry *remote_round_entry(struct remote_round *round, const char *path)
{
	return ask_entry(round->entries, round->new_entries, path);
}

const struct remote_entry *remote_round_file(struct remote_round *round, const char *path)
{
	return ask_entry(round->files, round->new_files, path);
}

const struct remote_names *remote_round_names(struct remote_round *round, const char *path)
{
	struct remote_names *names = g_hash_table_lookup(round->names, path);
	char *key = NULL;

	if (names != NULL)
		return names->is_known ? names : NULL;
	key = g_strdup(path);
	names = g_new0(struct remote_names, 1);
	names->names = g_ptr_array_new_with_free_func(g_free);
	g_hash_table_insert(round->names, key, names);
	g_ptr_array_add(round->new_names, key);
	return NULL;
}

enum remote_list remote_round_list(struct remote_round *round, const char *path)
{
	gpointer known = g_hash_table_lookup(round->lists, path);
	char *key = NULL;

	if (known != NULL)
		return (enum remote_list)GPOINTER_TO_UINT(known);
	key = g_strdup(path);
	g_hash_table_insert(round->lists, key, GUINT_TO_POINTER(REMOTE_LIST_ASKED));
	g_ptr_array_add(round->new_lists, key);
	return REMOTE_LIST_ASKED;
}

static const struct remote_text *ask_text(struct remote_round *round, const char *name,
					  const char *function, const char *arguments)
{
	struct remote_text *text = g_hash_table_lookup(round->texts, name);

	if (text != NULL)
		return text->is_known ? text : NULL;
	g_hash_table_insert(round->texts, g_strdup(name), g_new0(struct remote_text, 1));
	add_call(round, REMOTE_CALL_TEXT, function, arguments, one_path(name));
	return NULL;
}

const struct remote_text *remote_round_text(struct remote_round *round, const char *path,
					    size_t max_bytes)
{
	g_autofree char *quoted = g_shell_quote(path);
	g_autofree char *arguments = g_strdup_printf("%s %zu", quoted, max_bytes);

	/* Who takes more of a file than another must not get what that one left. */
	return round->shell->tools.head ? ask_text(round, arguments, "file", arguments) : NULL;
}

const struct remote_text *remote_round_holder(struct remote_round *round, guint64 inode,
					      const char *folders)
{
	g_autofree char *name = g_strdup_printf("socket:[%" G_GUINT64_FORMAT "]", inode);
	g_autofree char *arguments = g_strdup_printf("%" G_GUINT64_FORMAT "%s", inode, folders);

	return round->shell->tools.gnu_find ? ask_text(round, name, "holder", arguments) : NULL;
}

void remote_round_ask_target(struct remote_round *round, const char *path)
{
	struct remote_entry *entry = g_hash_table_lookup(round->entries, path);
	g_autofree char *quoted = g_shell_quote(path);

	if (entry->is_target_asked || !round->shell->tools.readlink)
		return;
	entry->is_target_asked = true;
	add_call(round, REMOTE_CALL_LINK, "link", quoted, one_path(path));
}

static const char *function_of(enum remote_call_kind kind)
{
	switch (kind) {
	case REMOTE_CALL_PROCESS_TEXTS:
		return "process_texts";
	case REMOTE_CALL_PROCESS_LINKS:
		return "process_links";
	case REMOTE_CALL_PROCESS_WORDS:
		return "process_words";
	case REMOTE_CALL_PROCESS_EACH:
		return "process_each";
	case REMOTE_CALL_OWN_MOUNT:
		return "own_mount";
	case REMOTE_CALL_LISTENERS:
		return "listeners";
	case REMOTE_CALL_AUDIT_RULES:
	case REMOTE_CALL_AUDIT_STATUS:
		return "audit";
	case REMOTE_CALL_ENTRIES:
	case REMOTE_CALL_FILES:
	case REMOTE_CALL_TEXT:
	case REMOTE_CALL_LINK:
	case REMOTE_CALL_NAMES:
	case REMOTE_CALL_LISTS:
		break;
	}
	g_assert_not_reached();
}

const struct remote_text *remote_round_once(struct remote_round *round, enum remote_call_kind kind,
					    const char *arguments)
{
	struct remote_text *text = g_hash_table_lookup(round->once, GINT_TO_POINTER(kind));

	if (text != NULL)
		return text->is_known ? text : NULL;
	g_hash_table_insert(round->once, GINT_TO_POINTER(kind), g_new0(struct remote_text, 1));
	add_call(round, kind, function_of(kind), arguments, NULL);
	return NULL;
}

/* ---- taking answers ---- */

static void fill(GHashTable *table, const char *path, struct remote_entry *answer)
{
	struct remote_entry *entry = g_hash_table_lookup(table, path);

	if (entry == NULL || entry->is_known) {
		g_free(answer->target);
		return;
	}
	*entry = *answer;
}

/* What no record came for, and links that did not tell their text, were complained about. */
static void take_complaints(GHashTable *table, const struct remote_call *call,
			    const struct remote_frame *frame, bool is_raw)
{
	g_autoptr(GHashTable) errnos = remote_complaints(frame->words, frame->words_size);

	for (guint i = 0; i < call->paths->len; i++) {
		const char *path = call->paths->pdata[i];
		struct remote_entry *entry = g_hash_table_lookup(table, path);
		g_autofree char *quoted = is_raw ? g_strdup(path) : remote_quoted(path, '\'');
		int error = GPOINTER_TO_INT(g_hash_table_lookup(errnos, quoted));

		if (is_raw && !remote_is_plain(path))
			error = call->paths->len == 1
					? remote_errno_last(frame->words, frame->words_size)
					: EIO;
		if (!entry->is_known)
			entry->errno_value = error == 0 ? EIO : error;
		else if (S_ISLNK(entry->mode) && entry->target == NULL)
			entry->errno_value = error;
		entry->is_known = true;
	}
}

static void take_plain(GHashTable *table, const struct remote_call *call,
		       const struct remote_frame *frame)
{
	const char *at = frame->output;
	struct remote_entry entry;
	char *path = NULL;

	while (remote_record_plain(&at, frame->output + frame->output_size, &entry, &path)) {
		fill(table, call->paths->len == 1 ? call->paths->pdata[0] : path, &entry);
		g_free(path);
	}
	take_complaints(table, call, frame, true);
}

static void take_entries(struct remote_round *round, const struct remote_call *call,
			 const struct remote_frame *frame)
{
	const char *at = frame->output;
	const char *path = NULL;
	struct remote_entry entry;

	if (!round->shell->tools.gnu_find) {
		take_plain(round->entries, call, frame);
		return;
	}
	while (remote_record_entry(&at, frame->output + frame->output_size, &entry, &path)) {
		/* This link leads to whoever reads it: the program that did is gone. */
		if (strcmp(path, "/proc/self") == 0 && round->shell->pid != NULL) {
			g_free(entry.target);
			entry.target = g_strdup(round->shell->pid);
		}
		fill(round->entries, path, &entry);
	}
	take_complaints(round->entries, call, frame, false);
}

static bool is_of_kernel(const char *path)
{
	return g_str_has_prefix(path, "/proc/") || g_str_has_prefix(path, "/sys/");
}

/* grep shows a file in pieces that ended with a NUL; only one that has none is whole in one. */
static void take_piece(struct remote_entry *entry, const char *path, const char *piece)
{
	size_t size = strlen(piece);

	if (entry->text != NULL) {
		g_clear_pointer(&entry->text, g_free);
		entry->size = -1; /* never again a whole one */
	} else if (entry->size == (int64_t)size || is_of_kernel(path)) {
		entry->text = g_strndup(piece, size);
		entry->text_size = size;
	}
}

static void take_files(struct remote_round *round, const struct remote_call *call,
		       const struct remote_frame *frame)
{
	const char *at = frame->output;
	const char *end = frame->output + frame->output_size;
	const char *path = NULL;
	struct remote_entry entry;

	if (!round->shell->tools.gnu_find || !round->shell->tools.gnu_grep) {
		take_plain(round->files, call, frame);
		return;
	}
	while (at < end && *at != '/' && remote_record_file(&at, end, &entry, &path))
		fill(round->files, path, &entry);
	while (at < end) {
		struct remote_entry *file = NULL;
		const char *piece = NULL;

		path = remote_record_field(&at, end);
		piece = path == NULL ? NULL : remote_record_field(&at, end);
		if (piece == NULL)
			break;
		file = g_hash_table_lookup(round->files, path);
		if (file != NULL && file->is_known)
			take_piece(file, path, piece);
	}
	take_complaints(round->files, call, frame, false);
}

/* A listing that was cut leaves out the end of one folder, and maybe all of the next. */
static void take_cut(struct remote_round *round, const struct remote_call *call,
		     struct remote_names *last)
{
	for (guint i = 0; i < call->paths->len; i++) {
		struct remote_names *names =
			g_hash_table_lookup(round->names, call->paths->pdata[i]);

		if (names == NULL)
			continue;
		names->is_cut = names == last;
		if (names->names->len == 0 && names->errno_value == 0)
			names->errno_value = EFBIG;
	}
}

static guint count_lines(const char *words, size_t size)
{
	guint lines = 0;

	for (size_t i = 1; i < size; i++)
		lines += words[i] == '\n' && words[i - 1] != '\n' ? 1 : 0;
	return lines;
}

/* A complaint that no folder can be found for is about any of them. */
static void blame_all(struct remote_round *round, const struct remote_call *call,
		      const struct remote_frame *frame)
{
	for (guint i = 0; i < call->paths->len; i++) {
		struct remote_names *names =
			g_hash_table_lookup(round->names, call->paths->pdata[i]);

		if (names != NULL && names->errno_value == 0)
			names->errno_value =
				call->paths->len == 1
					? remote_errno_last(frame->words, frame->words_size)
					: EIO;
	}
}

static void take_names(struct remote_round *round, const struct remote_call *call,
		       const struct remote_frame *frame)
{
	g_autoptr(GHashTable) errnos = remote_complaints(frame->words, frame->words_size);
	const char *at = frame->output;
	const char *path = NULL;
	struct remote_names *names = NULL;
	guint matched = 0;

	while ((path = remote_record_field(&at, frame->output + frame->output_size)) != NULL) {
		const char *slash = strrchr(path, '/');
		g_autofree char *folder =
			slash == NULL ? NULL : g_strndup(path, MAX((gsize)(slash - path), 1));

		names = folder == NULL ? NULL : g_hash_table_lookup(round->names, folder);
		if (names != NULL)
			g_ptr_array_add(names->names, g_strdup(slash + 1));
	}
	for (guint i = 0; i < call->paths->len; i++) {
		struct remote_names *one = g_hash_table_lookup(round->names, call->paths->pdata[i]);
		g_autofree char *quoted = remote_quoted(call->paths->pdata[i], '\'');

		if (one == NULL)
			continue;
		one->is_known = true;
		one->errno_value = GPOINTER_TO_INT(g_hash_table_lookup(errnos, quoted));
		matched += one->errno_value != 0 ? 1 : 0;
	}
	if (matched < count_lines(frame->words, frame->words_size))
		blame_all(round, call, frame);
	if (frame->output_size >= NAMES_BYTES)
		take_cut(round, call, names);
}

/* Lines like: drwxr-x---+ 2 0 0 4096  "/a/b" */
static void take_lists(struct remote_round *round, const struct remote_call *call,
		       const struct remote_frame *frame)
{
	enum { MARK_AT = 10 };
	static const char no_list[] = " ."; /* a newer ls has "?" where it could not see */
	g_autofree char *text = g_strndup(frame->output, frame->output_size);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autoptr(GHashTable) told = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; lines[i] != NULL; i++) {
		char *name = strchr(lines[i], '"');

		if (name == NULL || name - lines[i] <= MARK_AT)
			continue;
		if (lines[i][MARK_AT] == '+')
			g_hash_table_insert(told, name, GUINT_TO_POINTER(REMOTE_LIST_SOME));
		else if (strchr(no_list, lines[i][MARK_AT]) != NULL)
			g_hash_table_insert(told, name, GUINT_TO_POINTER(REMOTE_LIST_NONE));
	}
	for (guint i = 0; i < call->paths->len; i++) {
		const char *path = call->paths->pdata[i];
		g_autofree char *inner = remote_quoted(path, '"');
		g_autofree char *quoted = g_strdup_printf("\"%s\"", inner);
		gpointer known = g_hash_table_lookup(told, quoted);

		if (known != NULL)
			g_hash_table_insert(round->lists, g_strdup(path), known);
	}
}

static void take_target(struct remote_entry *entry, const struct remote_frame *frame)
{
	if (frame->status == 0)
		entry->target = g_strndup(frame->output, frame->output_size);
	else
		entry->errno_value = remote_errno_last(frame->words, frame->words_size);
}

static void take_text(struct remote_text *text, const struct remote_frame *frame)
{
	if (text == NULL || text->is_known)
		return;
	text->is_known = true;
	text->status = frame->status;
	text->text = g_malloc(frame->output_size + 1);
	memcpy(text->text, frame->output, frame->output_size);
	text->text[frame->output_size] = '\0';
	text->size = frame->output_size;
	text->words = g_strndup(frame->words, frame->words_size);
}

static void take(struct remote_round *round, const struct remote_call *call,
		 const struct remote_frame *frame)
{
	switch (call->kind) {
	case REMOTE_CALL_ENTRIES:
		take_entries(round, call, frame);
		break;
	case REMOTE_CALL_FILES:
		take_files(round, call, frame);
		break;
	case REMOTE_CALL_NAMES:
		take_names(round, call, frame);
		break;
	case REMOTE_CALL_LISTS:
		take_lists(round, call, frame);
		break;
	case REMOTE_CALL_TEXT:
		take_text(g_hash_table_lookup(round->texts, call->paths->pdata[0]), frame);
		break;
	case REMOTE_CALL_LINK:
		take_target(g_hash_table_lookup(round->entries, call->paths->pdata[0]), frame);
		break;
	case REMOTE_CALL_PROCESS_TEXTS:
	case REMOTE_CALL_PROCESS_LINKS:
	case REMOTE_CALL_PROCESS_WORDS:
	case REMOTE_CALL_PROCESS_EACH:
	case REMOTE_CALL_OWN_MOUNT:
	case REMOTE_CALL_AUDIT_RULES:
	case REMOTE_CALL_AUDIT_STATUS:
	case REMOTE_CALL_LISTENERS:
		take_text(g_hash_table_lookup(round->once, GINT_TO_POINTER(call->kind)), frame);
		break;
	}
}

bool remote_round_trip(struct remote_round *round)
{
	g_autoptr(GArray) frames = NULL;

	add_waiting(round);
	if (round->out->len == 0 || round->shell->lost != NULL)
		return false;
	frames = remote_shell_trip(round->shell, round->out, round->deadline_us);
	g_string_truncate(round->out, 0);
	for (guint i = 0; i < frames->len; i++) {
		const struct remote_frame *frame = &g_array_index(frames, struct remote_frame, i);
		const struct remote_call *call =
			g_hash_table_lookup(round->calls, GUINT_TO_POINTER(frame->id));

		if (call != NULL)
			take(round, call, frame);
	}
	g_hash_table_remove_all(round->calls);
	return true;
}

/* ---- aside ---- */

bool remote_round_is_suspect(struct remote_round *round, const char *path, bool *ret_suspect)
{
	const GArray *suspects = round->batch->suspects;
	const struct proc_mount *mount = NULL;

	*ret_suspect = false;
	if (suspects->len == 0)
		return true;
	if (round->mounts == NULL) {
		const struct remote_text *text =
			remote_round_text(round, "/proc/self/mountinfo", LIMIT_MOUNT_TABLE_BYTES);

		if (text == NULL)
			return false;
		round->mounts = mount_table_new(text->text);
	}
	mount = mount_table_find(round->mounts, path);
	*ret_suspect = mount == NULL;
	for (guint i = 0; mount != NULL && i < suspects->len; i++) {
		const struct host_device *device = &g_array_index(suspects, struct host_device, i);

		*ret_suspect |= mount->dev_major == device->dev_major &&
				mount->dev_minor == device->dev_minor;
	}
	return true;
}

void remote_round_aside(struct remote_round *round, const char *path, gint64 deadline_us)
{
	struct remote_entry *entry = g_new0(struct remote_entry, 1);
	struct remote_entry found = {0};
	g_autofree char *quoted = g_shell_quote(path);
	g_autoptr(GArray) frames = remote_shell_aside(round->shell, quoted, deadline_us);
	const struct remote_frame *frame = NULL;
	g_autofree char *text = NULL;

	entry->is_known = true;
	entry->errno_value = ETIMEDOUT;
	g_hash_table_replace(round->entries, g_strdup(path), entry);
	if (frames->len != 1)
		return;
	frame = &g_array_index(frames, struct remote_frame, 0);
	text = g_strndup(frame->output, frame->output_size);
	if (remote_record_aside(text, &found))
		*entry = found;
	else if (text[0] != '\0')
		entry->errno_value = remote_errno_last(text, strlen(text));
}

struct host_state remote_round_unanswered(const struct remote_round *round)
{
	const struct remote_shell *shell = round->shell;
	struct host_state state = {.status = PLIMSOLL__FETCH__STATUS__NOT_TRIED};

	if (shell->has_timed_out)
		state = host_state_from_errno(ETIMEDOUT);
	if (shell->lost != NULL)
		state.detail = arena_strdup(round->batch->arena, shell->lost);
	else if (shell->missing != NULL)
		state.detail = arena_printf(round->batch->arena, "there is no %s on that machine",
					    shell->missing);
	else
		state.detail = "no answer came";
	return state;
}
