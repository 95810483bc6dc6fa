/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 1 of the flow: the process table. Of a process only its name, program, first word, cgroup
 * and pid namespace are looked at; the whole command line only of engine daemons outside
 * containers. A process that ends meanwhile is left out.
 */
#include "agent/host/host_process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "agent/host/batch_private.h"
#include "agent/proc_text.h"
#include "proto/base.h"
#include "proto/limits.h"

enum {
	STAT_BYTES = 4096,
	CGROUP_BYTES = 16 << 10,
	CMDLINE_BYTES = 128 << 10,
	FIRST_WORD_BYTES = 1024
};

struct pass {
	int proc_fd;
	struct arena *arena;
	int64_t boot_at, ticks_per_s;
	guint hidden; /* processes whose program could not be read */
};

char *host_read_all(int fd, size_t max_bytes, struct arena *arena, size_t *ret_size,
		    bool *ret_truncated)
{
	size_t room = MIN(max_bytes, (size_t)4096);
	g_autofree char *buffer = g_malloc(room + 1);
	size_t size = 0;

	for (;;) {
		ssize_t got = 0;

		if (size == room && room <= max_bytes) {
			room = MIN(room * 2, max_bytes + 1);
			buffer = g_realloc(buffer, room + 1);
		}
		got = read(fd, buffer + size, room - size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return NULL;
		size += (size_t)got;
		if (got == 0 || size > max_bytes)
			break;
	}
	*ret_truncated = size > max_bytes;
	*ret_size = MIN(size, max_bytes);
	return arena_strndup(arena, buffer, *ret_size);
}

/* A file of one process. gives: arena text, or NULL and errno. */
static char *read_small(const struct pass *pass, const char *pid, const char *name,
			size_t max_bytes, size_t *ret_size)
{
	g_autofree char *path = g_build_filename(pid, name, NULL);
	PLIMSOLL_AUTO_FD fd =
		openat(pass->proc_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	bool truncated = false;
	size_t size = 0;
	char *text = fd < 0 ? NULL : host_read_all(fd, max_bytes, pass->arena, &size, &truncated);

	if (ret_size != NULL)
		*ret_size = size;
	return text;
}

static char *read_link(const struct pass *pass, const char *pid, const char *name)
{
	g_autofree char *path = g_build_filename(pid, name, NULL);
	char target[PATH_MAX];
	ssize_t length = readlinkat(pass->proc_fd, path, target, sizeof(target));

	return length < 0 ? NULL : arena_strndup(pass->arena, target, (size_t)length);
}

static bool is_engine_daemon(const char *exe)
{
	g_autofree char *base = exe == NULL ? NULL : proc_base_name(exe);

	return base != NULL && (strcmp(base, "dockerd") == 0 || strcmp(base, "containerd") == 0);
}

static bool found_any(const char *id, void *data)
{
	bool *found = data;

	(void)id;
	*found = true;
	return false;
}

static bool is_in_container(const char *cgroup)
{
	bool found = false;

	if (cgroup != NULL)
		proc_cgroup_ids(cgroup, found_any, &found);
	return found;
}

bool host_process_keeps_command(const struct host_process *process)
{
	return is_engine_daemon(process->exe) && !is_in_container(process->cgroup);
}

/* Of all but the engine's daemons only the first word is kept: arguments can hold secrets, and a
 * program may have written a whole title, arguments included, into its first word. */
static void read_first_word(const struct pass *pass, const char *pid, struct host_process *process)
{
	g_autofree char *path = g_build_filename(pid, "cmdline", NULL);
	PLIMSOLL_AUTO_FD fd =
		openat(pass->proc_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	char first[FIRST_WORD_BYTES + 1];
	ssize_t size = fd < 0 ? -1 : read(fd, first, FIRST_WORD_BYTES);

	if (size <= 0)
		return;
	first[size] = '\0';
	process->argv0 = arena_strndup(pass->arena, first, strcspn(first, " \t"));
	explicit_bzero(first, sizeof(first));
}

static void read_command(const struct pass *pass, const char *pid, struct host_process *process)
{
	if (!host_process_keeps_command(process)) {
		read_first_word(pass, pid, process);
		return;
	}
	process->cmdline = read_small(pass, pid, "cmdline", CMDLINE_BYTES, &process->cmdline_size);
	process->argv0 = process->cmdline; /* ends at its first NUL */
}

/* false: the process has ended. errno EACCES: it is hidden from this user. */
static bool read_process(struct pass *pass, const char *pid, struct host_process *ret_process)
{
	char *text = read_small(pass, pid, "stat", STAT_BYTES, NULL);
	struct host_process process = {.pidns = -1};
	struct proc_stat stat;

	if (text == NULL || !proc_stat_parse(text, &stat))
		return false;
	process.pid = stat.pid;
	process.ppid = stat.ppid;
	process.comm = arena_strdup(pass->arena, stat.comm);
	process.start_at = pass->boot_at + (int64_t)(stat.start_ticks / (guint64)pass->ticks_per_s);
	if (!stat.is_kernel_thread) {
		process.exe = read_link(pass, pid, "exe");
		/* Whatever pid 1 runs, it is neither an engine nor in a container. */
		if (process.exe == NULL && (errno == EACCES || errno == EPERM) && stat.pid != 1)
			pass->hidden++;
		process.pidns = proc_link_inode(read_link(pass, pid, "ns/pid"), "pid");
		process.cgroup = read_small(pass, pid, "cgroup", CGROUP_BYTES, NULL);
		read_command(pass, pid, &process);
	}
	*ret_process = process;
	return true;
}

static gint compare_pids(gconstpointer a, gconstpointer b)
{
	int64_t left = *(const int64_t *)a;
	int64_t right = *(const int64_t *)b;

	return left < right ? -1 : left > right;
}

static bool list_pids(int proc_fd, GArray *pids, guint64 *ret_total)
{
	int copy = openat(proc_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry = NULL;

	if (directory == NULL) {
		plimsoll_auto_close(&copy);
		return false;
	}
	*ret_total = 0;
	while ((entry = readdir(directory)) != NULL) {
		int64_t pid = g_ascii_strtoll(entry->d_name, NULL, 10);

		if (!g_ascii_isdigit(entry->d_name[0]))
			continue;
		if (++*ret_total <= LIMIT_PROCESSES)
			g_array_append_val(pids, pid);
	}
	(void)closedir(directory);
	g_array_sort(pids, compare_pids);
	return true;
}

/* The namespace that this /proc shows. That of pid 1 says so; a user who may not look there can
 * still compare: one number under NSpid means that our own namespace is the one shown. */
static int64_t shown_pidns(const struct pass *pass, bool is_own_proc)
{
	int64_t pidns = proc_link_inode(read_link(pass, "1", "ns/pid"), "pid");
	const char *status = NULL;
	uint64_t number = 0;

	if (pidns >= 0 || !is_own_proc)
		return pidns;
	status = read_small(pass, "self", "status", STAT_BYTES, NULL);
	if (status == NULL || !proc_status_number(status, "NSpid", 0, 10, &number) ||
	    proc_status_number(status, "NSpid", 1, 10, &number))
		return -1;
	return proc_link_inode(read_link(pass, "self", "ns/pid"), "pid");
}

static void read_all_processes(struct pass *pass, const GArray *pids, int64_t deadline_us,
			       struct host_process_table *table)
{
	struct host_process *processes =
		arena_calloc(pass->arena, MAX(pids->len, 1U), sizeof(*processes));

	table->processes = processes;
	for (guint i = 0; i < pids->len; i++) {
		char pid[24];

		(void)g_snprintf(pid, sizeof(pid), "%" G_GINT64_FORMAT,
				 g_array_index(pids, int64_t, i));
		if (read_process(pass, pid, &processes[table->n_processes]))
			table->n_processes++;
		else if (errno == EACCES || errno == EPERM)
			pass->hidden++;
		if (g_get_monotonic_time() > deadline_us) {
			table->state = host_state_from_errno(ETIMEDOUT);
			table->state.detail = arena_printf(
				pass->arena, "%u of %u processes looked at", i + 1, pids->len);
			return;
		}
	}
}

void host_process_judge(struct arena *arena, guint64 total, guint hidden,
			struct host_process_table *table)
{
	bool sees_init = table->n_processes > 0 && table->processes[0].pid == 1;

	if (table->state.status != PLIMSOLL__FETCH__STATUS__OK)
		return;
	if (total > LIMIT_PROCESSES) {
		table->state.status = PLIMSOLL__FETCH__STATUS__TRUNCATED;
		table->state.detail = arena_printf(arena, "%u of %" G_GUINT64_FORMAT " processes",
						   LIMIT_PROCESSES, total);
	} else if (!sees_init || hidden > 0) {
		/* Without pid 1 /proc is mounted with hidepid: others' processes are not listed. */
		table->state = host_state_from_errno(EACCES);
		table->state.detail =
			sees_init ? "programs of other users' processes are not readable"
				  : "other users' processes are hidden";
	}
}

void host_process_walk(int proc_fd, bool is_own_proc, struct arena *arena, int64_t deadline_us,
		       struct host_process_table *ret_table)
{
	int64_t started_us = g_get_monotonic_time();
	struct pass pass = {
		.proc_fd = proc_fd,
		.arena = arena,
		.ticks_per_s = MAX(sysconf(_SC_CLK_TCK), 1),
	};
	g_autoptr(GArray) pids = g_array_new(FALSE, FALSE, sizeof(int64_t));
	const char *text = read_small(&pass, ".", "stat", LIMIT_PROC_FILE_BYTES, NULL);
	guint64 total = 0;

	if (text == NULL || !proc_boot_time(text, &pass.boot_at) ||
	    !list_pids(proc_fd, pids, &total)) {
		ret_table->state = host_state_from_errno(text == NULL ? errno : EIO);
		return;
	}
	ret_table->state = host_state_from_errno(0);
	ret_table->pidns = shown_pidns(&pass, is_own_proc);
	ret_table->is_first_pidns = ret_table->pidns == PROC_FIRST_PIDNS;
	read_all_processes(&pass, pids, deadline_us, ret_table);
	host_process_judge(arena, total, pass.hidden, ret_table);
	ret_table->wall_us = g_get_monotonic_time() - started_us;
}
