/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Children of this process: the program ssh, which reads ssh_config and is one of the two
 * transports. Fixed argv, no shell. A child ends with the thread that started it, whatever ends
 * that thread (PR_SET_PDEATHSIG), so none outlives a scan that was killed.
 */
#ifndef PLIMSOLL_AGENT_SSH_CHILD_H
#define PLIMSOLL_AGENT_SSH_CHILD_H

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

struct ssh_child {
	const char *const *argv;   /* argv[0] is looked for in PATH; NULL-terminated */
	int in_fd, out_fd, err_fd; /* borrowed; -1: /dev/null */
	bool may_ask;              /* it keeps the terminal, and SSH_ASKPASS counts */
};

/* What a child that was waited for wrote, each at most LIMIT_SSH_CHILD_BYTES. */
struct ssh_child_output {
	char *out, *err; /* NUL-terminated */
	int exit_status; /* -1: a signal ended it */
};
void ssh_child_output_done(struct ssh_child_output *output);

/* Whether the program is there. */
bool ssh_child_exists(const char *program);

/* gives: its pid, for ssh_child_end(). error  SSH_ERROR_LOCAL; the answer is then -1. */
pid_t ssh_child_start(const struct ssh_child *child, GError **error);
/* Whether it has ended by itself; it is then reaped and the pid is no longer ours. */
bool ssh_child_has_ended(pid_t pid);
/* SIGTERM, a little later SIGKILL; reaps it. */
void ssh_child_end(pid_t pid);

/*
 * Starts a program with an empty stdin and waits for its end.
 *
 * gives  ret_output; free with ssh_child_output_done().
 * error  SSH_ERROR_LOCAL, SSH_ERROR_TIMEOUT.
 */
bool ssh_child_run(const char *const *argv, gint64 timeout_ms, struct ssh_child_output *ret_output,
		   GError **error);

#endif
