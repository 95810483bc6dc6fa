/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 1 of the flow, agentless: who looks, what its audit rules are, and who listens on the
 * Engine's socket. The answers are those of local_self.c, host_audit.c and local_answer.c, as far
 * as programs tell.
 */
#include <errno.h>
#include <string.h>

#include "agent/host/audit_text.h"
#include "agent/proc_text.h"
#include "agent/ssh/remote_round.h"
#include "proto/limits.h"

enum { STATUS_BYTES = 8 << 10, NAME_BYTES = 256, MOST_PIDS = 2000 };

/* ---- self ---- */

static const char *read_text(struct remote_round *round, const char *path, size_t max_bytes,
			     bool *is_done)
{
	struct host_read read = {.path = path, .max_bytes = max_bytes};

	*is_done &= remote_answer_read(round, &read);
	return read.data;
}

/* One line of the kernel's, without its line feed. */
static const char *read_name(struct remote_round *round, const char *path, bool *is_done)
{
	const char *text = read_text(round, path, NAME_BYTES, is_done);

	return text == NULL ? NULL : arena_strndup(round->batch->arena, text, strcspn(text, "\n"));
}

static int64_t namespace_of(struct remote_round *round, const char *path, const char *kind,
			    bool *is_done)
{
	struct host_link link = {.path = path};

	*is_done &= remote_answer_link(round, &link);
	return proc_link_inode(link.target, kind);
}

/* What says whether this is a container. NULL: nothing yet, or never. */
static const char *own_mounts(struct remote_round *round, bool *is_done)
{
	enum { NOTHING_FOUND = 1 };
	const struct remote_text *mount = remote_round_once(round, REMOTE_CALL_OWN_MOUNT, "");

	*is_done &= mount != NULL;
	if (mount == NULL || mount->status <= NOTHING_FOUND)
		return mount == NULL ? NULL : mount->text;
	/* There is no grep, or it did not work. */
	return read_text(round, "/proc/self/mountinfo", LIMIT_MOUNT_TABLE_BYTES, is_done);
}

bool remote_answer_self(struct remote_round *round, struct host_self *answer)
{
	bool is_done = true;
	const char *status = read_text(round, "/proc/self/status", STATUS_BYTES, &is_done);
	int64_t userns = namespace_of(round, "/proc/self/ns/user", "user", &is_done);
	int64_t mntns = namespace_of(round, "/proc/self/ns/mnt", "mnt", &is_done);
	int64_t first_mntns = namespace_of(round, "/proc/1/ns/mnt", "mnt", &is_done);
	const char *mounts = own_mounts(round, &is_done);
	g_autofree char *container = NULL;
	uint64_t number = 0;

	answer->pidns = namespace_of(round, "/proc/self/ns/pid", "pid", &is_done);
	answer->kernel = read_name(round, "/proc/sys/kernel/osrelease", &is_done);
	answer->hostname = read_name(round, "/proc/sys/kernel/hostname", &is_done);
	answer->state = remote_round_unanswered(round);
	if (!is_done)
		return false;
	if (mounts == NULL)
		return true;
	if (status != NULL && proc_status_number(status, "Uid", 1, 10, &number))
		answer->uid = (int64_t)number;
	if (status != NULL && proc_status_number(status, "CapEff", 0, 16, &number))
		answer->caps = (int64_t)number;
	answer->has_userns = userns >= 0;
	answer->in_userns = userns != PROC_FIRST_USERNS;
	answer->has_foreign_root = mntns >= 0 && first_mntns >= 0 && mntns != first_mntns;
	container = proc_mounts_container(mounts);
	answer->container_id = arena_strdup(round->batch->arena, container);
	answer->state = host_state_from_errno(0);
	return true;
}

/* ---- audit ---- */

/* As the kernel answers the local agent: root in its first namespaces only. */
static bool may_ask(struct remote_round *round, bool *is_done)
{
	int64_t userns = namespace_of(round, "/proc/self/ns/user", "user", is_done);
	int64_t pidns = namespace_of(round, "/proc/self/ns/pid", "pid", is_done);

	return round->shell->facts.is_root && userns == PROC_FIRST_USERNS &&
	       pidns == PROC_FIRST_PIDNS;
}

static void set_rules(struct arena *arena, const struct remote_text *rules,
		      const struct remote_text *status, struct host_audit *answer)
{
	bool is_truncated = rules->size >= LIMIT_AUDIT_TEXT_BYTES;
	bool has_more = false;

	answer->has_kernel = answer->kernel = true;
	answer->source = PLIMSOLL__AUDIT_STATUS__SOURCE__AUDITCTL;
	answer->state = host_state_from_errno(0);
	answer->rules = audit_text_rules(rules->text, arena, &answer->n_rules, &has_more);
	if (is_truncated || has_more) {
		answer->state.status = PLIMSOLL__FETCH__STATUS__TRUNCATED;
		answer->state.detail =
			arena_printf(arena, "%u rules read, there are more", answer->n_rules);
	}
	if (status->status == 0)
		audit_text_status(status->text, answer);
}

static void set_refusal(const struct remote_round *round, bool may, struct host_audit *answer)
{
	if (!may) {
		answer->has_kernel = answer->kernel = true;
		answer->state = host_state_from_errno(EPERM);
		answer->state.detail = "the kernel tells its audit rules to root in its first "
				       "namespaces only";
	} else if (!round->shell->tools.auditctl) {
		answer->state.detail = "there is no auditctl on that machine";
	} else {
		answer->state = host_state_from_errno(EIO);
		answer->state.detail = "auditctl failed";
	}
}

bool remote_answer_audit(struct remote_round *round, struct host_audit *answer)
{
	bool is_done = true;
	bool may = may_ask(round, &is_done);
	/* A kernel without audit support has no such file. */
	const struct remote_entry *support = remote_round_entry(round, "/proc/self/loginuid");
	const struct remote_text *rules = NULL;
	const struct remote_text *status = NULL;

	answer->state = remote_round_unanswered(round);
	if (round->shell->tools.auditctl) {
		rules = remote_round_once(round, REMOTE_CALL_AUDIT_RULES, "-l");
		status = remote_round_once(round, REMOTE_CALL_AUDIT_STATUS, "-s");
		is_done &= rules != NULL && status != NULL;
	}
	if (!is_done || support == NULL)
		return false;
	if (support->errno_value == ENOENT) {
		answer->has_kernel = true;
		answer->state = host_state_from_errno(EPROTONOSUPPORT);
		answer->state.status = PLIMSOLL__FETCH__STATUS__ABSENT;
	} else if (rules != NULL && rules->status == 0) {
		set_rules(round->batch->arena, rules, status, answer);
	} else {
		set_refusal(round, may, answer);
	}
	return true;
}

/* ---- peer ---- */

struct listeners {
	const char *path, *real; /* of the socket that was asked about */
	GArray *sockets;         /* guint64: inodes of those that were bound to it */
};

/* "... PATH 15271656 * 0 <-> ino:10953909 dev:0/65024 ...": the socket, and the file it was bound
 * to. A path may hold anything, so the line is read from its end. */
static bool read_listener(const char *line, guint64 *ret_socket, guint64 *ret_file)
{
	static const char link_mark[] = " * 0 ", file_mark[] = "ino:";
	const char *end = g_strrstr(line, link_mark);
	const char *file = end == NULL ? NULL : strstr(end, file_mark);
	g_autofree char *front = file == NULL ? NULL : g_strndup(line, (gsize)(end - line));
	const char *number = front == NULL ? NULL : strrchr(front, ' ');

	if (number == NULL)
		return false;
	*ret_socket = g_ascii_strtoull(number + 1, NULL, 10);
	*ret_file = g_ascii_strtoull(file + strlen(file_mark), NULL, 10);
	return *ret_socket != 0 && *ret_file != 0;
}

/* Of several sockets that were bound to a path the one whose file still stands there; both tables
 * must say so, and of one only. gives: its inode; 0: that cannot be told. */
static guint64 find_standing(const char *text, guint64 file_inode, const GArray *sockets)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	guint64 found = 0;

	for (guint i = 0; lines[i] != NULL; i++) {
		guint64 socket = 0, file = 0;

		if (!read_listener(lines[i], &socket, &file) || file != file_inode)
			continue;
		for (guint k = 0; k < sockets->len; k++) {
			if (g_array_index(sockets, guint64, k) != socket)
				continue;
			if (found != 0)
				return 0;
			found = socket;
		}
	}
	return found;
}

/* The table has a path as it was bound; /var/run is a link to /run nearly everywhere. */
static void look_at_listener(const char *path, uint64_t inode, void *data)
{
	struct listeners *listeners = data;
	const char *short_path = g_str_has_prefix(path, "/var/run/") ? path + strlen("/var") : path;

	if (strcmp(path, listeners->path) != 0 && g_strcmp0(path, listeners->real) != 0 &&
	    g_strcmp0(short_path, listeners->real) != 0)
		return;
	g_array_append_val(listeners->sockets, inode);
}

/* Folders of descriptors, by pid, so that the first one found is the lowest. gives: g_free(). */
static char *folders_of(const struct host_process_table *table)
{
	GString *folders = g_string_new(NULL);

	for (guint i = 0; i < table->n_processes && i < MOST_PIDS; i++) {
		const struct host_process *process = &table->processes[i];

		if (process->exe != NULL || process->pid == 1)
			g_string_append_printf(folders, " /proc/%" G_GINT64_FORMAT "/fd",
					       process->pid);
	}
	return g_string_free(folders, FALSE);
}

/* "/proc/12\n" and the text of its status. */
static void set_holder(const struct remote_text *holder, struct host_peer *answer)
{
	static const char prefix[] = "/proc/";
	const char *status = strchr(holder->text, '\n');
	uint64_t uid = 0;
	uint64_t gid = 0;

	answer->state = (struct host_state){.status = PLIMSOLL__FETCH__STATUS__NOT_TRIED,
					    .detail = "no process was seen that holds the socket"};
	if (holder->status != 0 || status == NULL || !g_str_has_prefix(holder->text, prefix) ||
	    !proc_status_number(status + 1, "Uid", 1, 10, &uid) ||
	    !proc_status_number(status + 1, "Gid", 1, 10, &gid))
		return;
	answer->state = host_state_from_errno(0);
	answer->pid = g_ascii_strtoll(holder->text + strlen(prefix), NULL, 10);
	answer->uid = (int64_t)uid;
	answer->gid = (int64_t)gid;
}

static bool find_holder(struct remote_round *round, uint64_t inode, struct host_peer *answer)
{
	const struct host_process_table *table = host_want_processes(round->batch);
	const struct remote_text *holder = NULL;
	g_autofree char *folders = NULL;

	answer->state = remote_round_unanswered(round);
	if (!remote_answer_processes(round, (struct host_process_table *)(uintptr_t)table))
		return false;
	folders = folders_of(table);
	holder = remote_round_holder(round, inode, folders);
	if (holder == NULL)
		return false;
	set_holder(holder, answer);
	return true;
}

/* ret_inode  of the socket that stands at the place; 0: several were bound to it, and which one
 * stands there cannot be told. false: that is still to be asked. */
static bool choose_socket(struct remote_round *round, const struct host_stat *place,
			  const GArray *sockets, guint64 *ret_inode)
{
	const struct remote_text *text = NULL;

	*ret_inode = sockets->len == 1 ? g_array_index(sockets, guint64, 0) : 0;
	if (sockets->len == 1 || !round->shell->tools.ss)
		return true;
	text = remote_round_once(round, REMOTE_CALL_LISTENERS, "");
	if (text == NULL)
		return false;
	if (text->status == 0)
		*ret_inode = find_standing(text->text, place->inode, sockets);
	return true;
}

bool remote_answer_peer(struct remote_round *round, struct host_peer *answer)
{
	struct host_stat place = {.path = answer->path};
	struct host_read table = {
		.path = "/proc/net/unix", .max_bytes = LIMIT_PROC_FILE_BYTES, .data = ""};
	bool is_done = remote_answer_stat(round, &place);
	g_autoptr(GArray) sockets = g_array_new(FALSE, FALSE, sizeof(guint64));
	struct listeners listeners = {.path = answer->path, .sockets = sockets};
	guint64 inode = 0;

	is_done &= remote_answer_read(round, &table);
	answer->state = remote_round_unanswered(round);
	if (!is_done)
		return false;
	answer->state = place.state;
	if (place.state.status != PLIMSOLL__FETCH__STATUS__OK)
		return true;
	answer->state = table.state;
	if (table.state.status != PLIMSOLL__FETCH__STATUS__OK)
		return true;
	listeners.real = place.real;
	proc_unix_each(table.data, look_at_listener, &listeners);
	if (!round->shell->facts.is_root || sockets->len == 0) {
		answer->state =
			host_state_from_errno(round->shell->facts.is_root ? ECONNREFUSED : EACCES);
		return true;
	}
	answer->state = remote_round_unanswered(round);
	if (!choose_socket(round, &place, sockets, &inode))
		return false;
	if (inode != 0)
		return find_holder(round, inode, answer);
	answer->state = (struct host_state){.status = PLIMSOLL__FETCH__STATUS__NOT_TRIED,
					    .detail = "several sockets were bound to that path"};
	return true;
}
