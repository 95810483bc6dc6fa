/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts and ends children. fork() and not posix_spawn(), which cannot set the signal that a child
 * gets when its parent dies; between fork() and execve() only system calls are made, since other
 * threads may hold locks.
 */
#include "agent/ssh/ssh_child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/ssh_target.h"
#include "proto/base.h"
#include "proto/limits.h"

enum { END_MS = 1000, TICK_US = 5000, CHUNK_BYTES = 4096, EXIT_NOT_STARTED = 127 };

extern char **environ;

void ssh_child_output_done(struct ssh_child_output *output)
{
	g_clear_pointer(&output->out, g_free);
	g_clear_pointer(&output->err, g_free);
}

bool ssh_child_exists(const char *program)
{
	g_autofree char *path = g_find_program_in_path(program);

	return path != NULL;
}

/* ---------------------------------------------------------------- starting */

/* What the child needs, made ready before fork(). */
struct start {
	char *program;
	char *const *argv;
	char **environment;
	int fds[3];
	bool may_ask;
	pid_t parent;
	int most_fds; /* none is above it */
};

static void reset_signals(void)
{
	const struct sigaction usual = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int signal_number = 1; signal_number < NSIG; signal_number++)
		(void)sigaction(signal_number, &usual, NULL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool place_descriptors(const struct start *start)
{
	int high[3] = {-1, -1, -1};

	/* First all out of the way: any of them may be one of 0 to 2. */
	for (int i = 0; i < 3; i++) {
		high[i] = fcntl(start->fds[i], F_DUPFD_CLOEXEC, 3);
		if (high[i] < 0)
			return false;
	}
	for (int i = 0; i < 3; i++)
		if (dup2(high[i], i) < 0)
			return false;
	if (close_range(3, ~0U, 0) == 0)
		return true;
	/* Kernels before 5.9 do not know the call. */
	for (int fd = 3; fd < start->most_fds; fd++)
		(void)close(fd);
	return true;
}

static void become(const struct start *start) __attribute__((noreturn));
static void become(const struct start *start)
{
	reset_signals();
	/* The parent may have died before the signal was asked for. */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != start->parent ||
	    !place_descriptors(start))
		_exit(EXIT_NOT_STARTED);
	/* Without a terminal nothing below, a jump host's client neither, can ask somebody. */
	if (!start->may_ask)
		(void)setsid();
	(void)execve(start->program, start->argv, start->environment);
	_exit(EXIT_NOT_STARTED);
}

static char **make_environment(bool may_ask)
{
	char **environment = g_environ_setenv(g_get_environ(), "LC_ALL", "C", TRUE);

	if (!may_ask)
		environment = g_environ_setenv(environment, "SSH_ASKPASS_REQUIRE", "never", TRUE);
	return environment;
}

static pid_t start_failed(const char *program, const char *cause, GError **error)
{
	g_set_error(error, SSH_ERROR, SSH_ERROR_LOCAL, "cannot start \"%s\": %s", program, cause);
	return -1;
}

pid_t ssh_child_start(const struct ssh_child *child, GError **error)
{
	PLIMSOLL_AUTO_FD nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	g_autofree char *program = g_find_program_in_path(child->argv[0]);
	g_auto(GStrv) environment = make_environment(child->may_ask);
	const struct start start = {
		.program = program,
		.argv = (char *const *)(uintptr_t)child->argv,
		.environment = environment,
		.fds = {child->in_fd >= 0 ? child->in_fd : nothing,
			child->out_fd >= 0 ? child->out_fd : nothing,
			child->err_fd >= 0 ? child->err_fd : nothing},
		.may_ask = child->may_ask,
		.parent = getpid(),
		.most_fds = getdtablesize(),
	};
	pid_t pid = -1;

	if (program == NULL)
		return start_failed(child->argv[0], "there is no such program in PATH", error);
	if (nothing < 0)
		return start_failed(child->argv[0], g_strerror(errno), error);
	pid = fork();
	if (pid == 0)
		become(&start);
	return pid > 0 ? pid : start_failed(child->argv[0], g_strerror(errno), error);
}

/* ---------------------------------------------------------------- ending */

/* true: it is over; ret_status is that of waitpid(). */
static bool has_ended(pid_t pid, int *ret_status)
{
	pid_t got = waitpid(pid, ret_status, WNOHANG);

	return got == pid || (got < 0 && errno == ECHILD);
}

static bool ends_before(pid_t pid, gint64 deadline_us, int *ret_status)
{
	while (!has_ended(pid, ret_status)) {
		if (g_get_monotonic_time() > deadline_us)
			return false;
		g_usleep(TICK_US);
	}
	return true;
}

static void kill_now(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

bool ssh_child_has_ended(pid_t pid)
{
	int status = 0;

	return has_ended(pid, &status);
}

void ssh_child_end(pid_t pid)
{
	int status = 0;

	(void)kill(pid, SIGTERM);
	if (!ends_before(pid, g_get_monotonic_time() + END_MS * INT64_C(1000), &status))
		kill_now(pid);
}

/* ---------------------------------------------------------------- running */

/* Adds what came; false: the stream has ended. */
static bool take(int fd, GString *text)
{
	char chunk[CHUNK_BYTES];
	ssize_t got = read(fd, chunk, sizeof(chunk));

	if (got < 0)
		return errno == EINTR || errno == EAGAIN;
	/* What is too much is read, so that the child can end, and dropped. */
	g_string_append_len(text, chunk, MIN(got, (gssize)(LIMIT_SSH_CHILD_BYTES - text->len)));
	return got > 0;
}

/* Reads both streams to their ends; false: the time is over. */
static bool take_all(const int fds[2], GString *const texts[2], gint64 deadline_us)
{
	struct pollfd waiting[2] = {{.fd = fds[0], .events = POLLIN},
				    {.fd = fds[1], .events = POLLIN}};

	while (waiting[0].fd >= 0 || waiting[1].fd >= 0) {
		gint64 left_ms = (deadline_us - g_get_monotonic_time()) / 1000;

		if (left_ms <= 0)
			return false;
		if (poll(waiting, 2, (int)MIN(left_ms, G_MAXINT)) < 0 && errno != EINTR)
			return false;
		for (int i = 0; i < 2; i++)
			if (waiting[i].fd >= 0 && waiting[i].revents != 0 &&
			    !take(fds[i], texts[i]))
				waiting[i].fd = -1;
	}
	return true;
}

bool ssh_child_run(const char *const *argv, gint64 timeout_ms, struct ssh_child_output *ret_output,
		   GError **error)
{
	gint64 deadline_us = g_get_monotonic_time() + timeout_ms * 1000;
	int out[2] = {-1, -1}, err[2] = {-1, -1};
	bool has_pipes = pipe2(out, O_CLOEXEC) == 0 && pipe2(err, O_CLOEXEC) == 0;
	PLIMSOLL_AUTO_FD out_read = out[0], err_read = err[0], out_write = out[1],
			 err_write = err[1];
	g_autoptr(GString) out_text = g_string_new(NULL);
	g_autoptr(GString) err_text = g_string_new(NULL);
	const struct ssh_child child = {argv, -1, out_write, err_write, false};
	int status = -1;
	pid_t pid = has_pipes ? ssh_child_start(&child, error)
			      : start_failed(argv[0], g_strerror(errno), error);

	if (pid < 0)
		return false;
	plimsoll_auto_close(&out_write);
	plimsoll_auto_close(&err_write);
	out_write = err_write = -1;
	if (!take_all((const int[2]){out_read, err_read}, (GString *const[2]){out_text, err_text},
		      deadline_us) ||
	    !ends_before(pid, deadline_us, &status)) {
		kill_now(pid);
		g_set_error(error, SSH_ERROR, SSH_ERROR_TIMEOUT,
			    "\"%s\" did not end within %" G_GINT64_FORMAT " s", argv[0],
			    timeout_ms / 1000);
		return false;
	}
	*ret_output = (struct ssh_child_output){
		.out = g_string_free(g_steal_pointer(&out_text), FALSE),
		.err = g_string_free(g_steal_pointer(&err_text), FALSE),
		.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
	};
	return true;
}
