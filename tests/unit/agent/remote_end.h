/* SPDX-License-Identifier: Apache-2.0 */
/* A program of this machine at the other end of a socket, in a connection's place. */
#ifndef PLIMSOLL_TESTS_UNIT_AGENT_REMOTE_END_H
#define PLIMSOLL_TESTS_UNIT_AGENT_REMOTE_END_H

#include <sys/types.h>

#include "agent/ssh/remote_shell.h"

struct remote_end {
	pid_t pid; /* -1: the program is not here */
	int fd;    /* of this side; to be given away or closed */
};

/* environment: NULL = as it is. The program's words go nowhere. */
struct remote_end remote_end_start(const char *const *command, const char *const *environment);
void remote_end_wait(const struct remote_end *end);

/* Shells that a machine may have. */
struct remote_end_kind {
	const char *name;
	const char *command[4];
	bool is_whole; /* with GNU's programs: every answer is the local host's */
};
extern const struct remote_end_kind remote_end_kinds[];
extern const guint remote_end_n_kinds;

/* A shell that has said hello; NULL: it is not on this machine. */
struct remote_shell *remote_end_shell(const struct remote_end_kind *kind,
				      struct remote_end *ret_end);

#endif
