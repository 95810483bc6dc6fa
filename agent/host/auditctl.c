/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 1 of the flow: the only program that the collector runs. Fixed argv, empty environment, no
 * shell, bounded in time and output.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/host/host_audit.h"
#include "proto/base.h"
#include "proto/limits.h"

enum { AUDITCTL_TIMEOUT_MS = 5000, CHUNK_BYTES = 4096 };

static int set_up_child(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes,
			int output_fd)
{
	sigset_t none;
	sigset_t all;
	int error =
		posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	if (error == 0)
		error = posix_spawn_file_actions_adddup2(actions, output_fd, STDOUT_FILENO);
	if (error == 0)
		error = posix_spawn_file_actions_addopen(actions, STDERR_FILENO, "/dev/null",
							 O_WRONLY, 0);
	if (error == 0)
		error = posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
	if (error == 0)
		error = posix_spawnattr_setsigmask(attributes, &none);
	if (error == 0)
		error = posix_spawnattr_setsigdefault(attributes, &all);
	if (error == 0)
		error = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK |
								     POSIX_SPAWN_SETSIGDEF |
								     POSIX_SPAWN_SETPGROUP);
	return error;
}

static pid_t start(const char *program, const char *option, int output_fd)
{
	char name[] = "auditctl";
	char *const arguments[] = {name, (char *)(uintptr_t)option, NULL};
	char *const environment[] = {NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	pid_t pid = -1;

	if (posix_spawn_file_actions_init(&actions) != 0)
		return -1;
	if (posix_spawnattr_init(&attributes) != 0) {
		(void)posix_spawn_file_actions_destroy(&actions);
		return -1;
	}
	if (set_up_child(&actions, &attributes, output_fd) != 0 ||
	    posix_spawn(&pid, program, &actions, &attributes, arguments, environment) != 0)
		pid = -1;
	(void)posix_spawnattr_destroy(&attributes);
	(void)posix_spawn_file_actions_destroy(&actions);
	return pid;
}

/* false: the time is over. */
static bool read_output(int fd, GString *output)
{
	int64_t deadline_us = g_get_monotonic_time() + AUDITCTL_TIMEOUT_MS * INT64_C(1000);
	char chunk[CHUNK_BYTES];

	for (;;) {
		struct pollfd waiting = {.fd = fd, .events = POLLIN};
		int64_t left_ms = (deadline_us - g_get_monotonic_time()) / 1000;
		ssize_t got = left_ms <= 0 ? 0 : poll(&waiting, 1, (int)left_ms);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		got = read(fd, chunk, sizeof(chunk));
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got <= 0)
			return got == 0;
		g_string_append_len(output, chunk,
				    MIN(got, (gssize)(LIMIT_AUDIT_TEXT_BYTES - output->len)));
		if (output->len >= LIMIT_AUDIT_TEXT_BYTES)
			return true;
	}
}

static bool has_succeeded(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return false;
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* gives: the output, or NULL; free with g_free(). */
static char *run(const char *program, const char *option)
{
	g_autoptr(GString) output = g_string_new(NULL);
	int ends[2] = {-1, -1};
	bool is_complete = false;
	bool is_full = false;
	pid_t pid = -1;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return NULL;
	pid = start(program, option, ends[1]);
	plimsoll_auto_close(&ends[1]);
	if (pid > 0) {
		is_complete = read_output(ends[0], output);
		is_full = output->len >= LIMIT_AUDIT_TEXT_BYTES;
		if (!is_complete || is_full)
			(void)kill(-pid, SIGKILL);
		is_complete = (has_succeeded(pid) || is_full) && is_complete;
	}
	plimsoll_auto_close(&ends[0]);
	return is_complete ? g_string_free(g_steal_pointer(&output), FALSE) : NULL;
}

char *auditctl_list(const char *program)
{
	return run(program, "-l");
}

char *auditctl_status(const char *program)
{
	return run(program, "-s");
}
