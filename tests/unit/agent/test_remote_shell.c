/* SPDX-License-Identifier: Apache-2.0 */
/* A shell of this machine, spoken to as one behind SSH, answers as the local host does. */
#include "agent/ssh/remote_shell.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "agent/host.h"
#include "agent/ssh_target.h"
#include "tests/unit/agent/host_tree.h"
#include "tests/unit/support/scratch.h"

enum { START_MS = 20000 };

/* Shells that a machine may have; one that is not here is passed over. */
static const struct {
	const char *name;
	const char *command[4];
} shells[] = {
	{"dash", {"dash", "-s", NULL}},
	{"bash", {"bash", "-s", NULL}},
	{"busybox", {"busybox", "sh", "-s", NULL}},
};

/* ---- a shell at the other end of a socket ---- */

struct other_end {
	pid_t pid;
	int fd;
};

static struct other_end start(const char *const *command)
{
	struct other_end other = {.pid = -1};
	posix_spawn_file_actions_t actions;
	int ends[2];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
	g_assert_cmpint(posix_spawn_file_actions_init(&actions), ==, 0);
	g_assert_cmpint(posix_spawn_file_actions_adddup2(&actions, ends[1], STDIN_FILENO), ==, 0);
	g_assert_cmpint(posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO), ==, 0);
	if (posix_spawnp(&other.pid, command[0], &actions, NULL, (char *const *)(uintptr_t)command,
			 environ) != 0)
		other.pid = -1;
	g_assert_cmpint(posix_spawn_file_actions_destroy(&actions), ==, 0);
	g_assert_cmpint(close(ends[1]), ==, 0);
	other.fd = ends[0];
	return other;
}

static void wait_for(const struct other_end *other)
{
	int status = 0;

	while (waitpid(other->pid, &status, 0) < 0)
		g_assert_cmpint(errno, ==, EINTR);
}

/* ---- both hosts, the same wants ---- */

struct pair {
	struct arena *arena;
	struct host_batch *local, *remote;
};

static void open_pair(struct pair *pair)
{
	pair->arena = arena_new(SIZE_MAX);
	pair->local = host_batch_new(pair->arena);
	pair->remote = host_batch_new(pair->arena);
}

static void close_pair(struct pair *pair)
{
	host_batch_free(pair->local);
	host_batch_free(pair->remote);
	arena_free(pair->arena);
}

static void run_pair(struct pair *pair, struct remote_shell *shell)
{
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(host) *host = host_local_new("/", NULL, &error);

	g_assert_no_error(error);
	g_assert_true(host_run(host, pair->local, &error));
	g_assert_true(remote_shell_ask(shell, pair->remote, &error));
	g_assert_no_error(error);
}

static void compare_states(const struct host_state *local, const struct host_state *remote)
{
	g_assert_cmpint(remote->status, ==, local->status);
	g_assert_cmpint(remote->errno_value, ==, local->errno_value);
	g_assert_cmpstr(remote->detail, ==, local->detail);
}

static void compare_stats(const struct host_stat *local, const struct host_stat *remote)
{
	g_test_message("stat %s", local->path);
	compare_states(&local->state, &remote->state);
	g_assert_cmpstr(remote->real, ==, local->real);
	g_assert_cmpstr(remote->real_parent, ==, local->real_parent);
	g_assert_cmpstr(remote->link_target, ==, local->link_target);
	g_assert_cmpint(remote->dangling, ==, local->dangling);
	g_assert_cmpint(remote->is_link, ==, local->is_link);
	g_assert_cmphex(remote->mode, ==, local->mode);
	g_assert_cmpint(remote->uid, ==, local->uid);
	g_assert_cmpint(remote->gid, ==, local->gid);
	g_assert_cmpint(remote->size, ==, local->size);
	g_assert_cmpint(remote->mtime_s, ==, local->mtime_s);
	g_assert_cmpint(remote->ctime_s, ==, local->ctime_s);
	g_assert_cmpint(remote->link_ctime_s, ==, local->link_ctime_s);
	g_assert_cmpuint(remote->inode, ==, local->inode);
	g_assert_cmpuint(remote->dev_major, ==, local->dev_major);
	g_assert_cmpuint(remote->dev_minor, ==, local->dev_minor);
}

static void test_first(void)
{
	const char *paths[] = {"/etc/passwd", "/etc",          "/",          "/nope", "/var/run/x",
			       "/bin/sh",     "/etc/passwd/x", "/proc/1/exe"};
	const char *reads[] = {"/etc/passwd",     "/proc/version",  "/etc",     "/nope",
			       "/proc/1/environ", "/proc/1/limits", "/dev/null"};

	for (guint i = 0; i < 2; i++) {
		g_autoptr(GError) error = NULL;
		struct other_end other = start(shells[i].command);
		PLIMSOLL_AUTO(remote_shell) *shell =
			remote_shell_new(other.fd, "/run/docker.sock", START_MS, &error);
		struct pair pair;

		g_assert_no_error(error);
		open_pair(&pair);
		for (guint n = 0; n < G_N_ELEMENTS(paths); n++) {
			host_want_stat(pair.local, paths[n]);
			host_want_stat(pair.remote, paths[n]);
		}
		for (guint n = 0; n < G_N_ELEMENTS(reads); n++) {
			host_want_read(pair.local, reads[n], 100000);
			host_want_read(pair.remote, reads[n], 100000);
		}
		const struct host_process_table *lp = host_want_processes(pair.local);
		const struct host_process_table *rp = host_want_processes(pair.remote);
		const struct host_self *ls = host_want_self(pair.local);
		const struct host_self *rs = host_want_self(pair.remote);
		const struct host_audit *la = host_want_audit(pair.local);
		const struct host_audit *ra = host_want_audit(pair.remote);
		run_pair(&pair, shell);
		for (guint n = 0; n < G_N_ELEMENTS(paths); n++)
			compare_stats(host_want_stat(pair.local, paths[n]),
				      host_want_stat(pair.remote, paths[n]));
		for (guint n = 0; n < G_N_ELEMENTS(reads); n++) {
			const struct host_read *a = host_want_read(pair.local, reads[n], 1);
			const struct host_read *b = host_want_read(pair.remote, reads[n], 1);
			g_test_message("read %s", reads[n]);
			compare_states(&a->state, &b->state);
			g_assert_cmpuint(b->size, ==, a->size);
			g_assert_true(memcmp(b->data, a->data, a->size) == 0);
		}
		g_test_message("%s: processes %u %u state %u %u %s", shells[i].name,
			       lp->n_processes, rp->n_processes, lp->state.status, rp->state.status,
			       rp->state.detail);
		g_test_message("self %u %u kernel %s %s", ls->state.status, rs->state.status,
			       ls->kernel, rs->kernel);
		g_assert_cmpint(rs->pidns, ==, ls->pidns);
		g_assert_cmpint(rs->caps, ==, ls->caps);
		g_test_message("audit %u %u %s %s", la->state.status, ra->state.status,
			       la->state.detail, ra->state.detail);
		close_pair(&pair);
		remote_shell_free(g_steal_pointer(&shell));
		wait_for(&other);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/remote-shell/first", test_first);
	return g_test_run();
}
