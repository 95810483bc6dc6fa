/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One POSIX shell on another machine that answers batches: it reads a fixed script from its stdin
 * (remote.sh), then one line of wants per round, and answers in frames between random marks. It
 * knows a pair of streams only, not what carries them; a test gives it a shell of this machine.
 * Nothing is written over there; only programs that are there are used.
 */
#ifndef PLIMSOLL_AGENT_REMOTE_SHELL_H
#define PLIMSOLL_AGENT_REMOTE_SHELL_H

#include "agent/host_batch.h"

struct remote_shell;

/* What the shell said of itself when it started. */
struct remote_shell_facts {
	bool is_root;
	bool has_docker;     /* the docker command is there */
	int socket_errno;    /* what opening the Engine's socket would end with: EACCES, ENOENT,
				ENOTSOCK; 0: it looks good */
	const char *missing; /* programs that were looked for and are not there, "stat, od";
				NULL: none */
	const char
		*socket_trouble; /* why the Engine's socket cannot be opened by this user, in
				    words, e.g. "/run/docker.sock is not readable"; NULL: it can */
};

/*
 * Sends the script and waits for its first mark; what login files printed before is skipped.
 *
 * fd           kept; closed by remote_shell_free().
 * socket_path  of the Engine, which the shell looks at.
 * error        SSH_ERROR_SHELL: no mark came (with the first line that came instead),
 *              SSH_ERROR_LOST, SSH_ERROR_TIMEOUT.
 */
struct remote_shell *remote_shell_new(int fd, const char *socket_path, gint64 timeout_ms,
				      GError **error);
void remote_shell_free(struct remote_shell *shell);
PLIMSOLL_AUTOPTR(remote_shell, remote_shell_free)

const struct remote_shell_facts *remote_shell_facts(const struct remote_shell *shell);

/*
 * Answers a batch as host_ops.run does. What did not come whole before the stream ended keeps a
 * state that says so; nothing that came in part is an answer.
 *
 * false  the stream had ended before: SSH_ERROR_LOST.
 */
bool remote_shell_ask(struct remote_shell *shell, struct host_batch *batch, GError **error);

#endif
