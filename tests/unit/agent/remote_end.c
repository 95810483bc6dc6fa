/* SPDX-License-Identifier: Apache-2.0 */
/* See remote_end.h. */
#include "tests/unit/agent/remote_end.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { START_MS = 20000 };

/* busybox prefers the programs in itself. */
const struct remote_end_kind remote_end_kinds[] = {
	{"sh", {"sh", "-s", NULL}, true},
	{"dash", {"dash", "-s", NULL}, true},
	{"bash", {"bash", "-s", NULL}, true},
	{"busybox", {"busybox", "sh", "-s", NULL}, false},
};
const guint remote_end_n_kinds = G_N_ELEMENTS(remote_end_kinds);

struct remote_end remote_end_start(const char *const *command, const char *const *environment)
{
	struct remote_end end = {.pid = -1};
	posix_spawn_file_actions_t actions;
	int ends[2];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
	g_assert_cmpint(posix_spawn_file_actions_init(&actions), ==, 0);
	g_assert_cmpint(posix_spawn_file_actions_adddup2(&actions, ends[1], STDIN_FILENO), ==, 0);
	g_assert_cmpint(posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO), ==, 0);
	g_assert_cmpint(
		posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0),
		==, 0);
	if (posix_spawnp(&end.pid, command[0], &actions, NULL, (char *const *)(uintptr_t)command,
			 environment == NULL ? environ : (char **)(uintptr_t)environment) != 0)
		end.pid = -1;
	g_assert_cmpint(posix_spawn_file_actions_destroy(&actions), ==, 0);
	g_assert_cmpint(close(ends[1]), ==, 0);
	end.fd = ends[0];
	return end;
}

void remote_end_wait(const struct remote_end *end)
{
	int status = 0;

	while (waitpid(end->pid, &status, 0) < 0)
		g_assert_cmpint(errno, ==, EINTR);
}

struct remote_shell *remote_end_shell(const struct remote_end_kind *kind,
				      struct remote_end *ret_end)
{
	g_autoptr(GError) error = NULL;
	struct remote_shell *shell = NULL;

	*ret_end = remote_end_start(kind->command, NULL);
	if (ret_end->pid < 0) {
		g_assert_cmpint(close(ret_end->fd), ==, 0);
		return NULL;
	}
	shell = remote_shell_new(ret_end->fd, "/run/docker.sock", START_MS, &error);
	g_assert_no_error(error);
	return shell;
}
