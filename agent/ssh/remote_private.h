/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a remote shell: trips over its stream. */
#ifndef PLIMSOLL_AGENT_REMOTE_PRIVATE_H
#define PLIMSOLL_AGENT_REMOTE_PRIVATE_H

#include "agent/ssh/remote_frames.h"
#include "agent/ssh/remote_shell.h"

/* What the programs over there can do. */
struct remote_tools {
	bool gnu_find, gnu_grep, gnu_ls, bash;
	bool find, grep, head, ls, readlink, stat, xargs, cat, cut, tr, auditctl, ss, timeout;
};

enum { REMOTE_MARK_CHARS = 32 };

struct remote_shell {
	int fd;
	char mark[REMOTE_MARK_CHARS + 1];
	char inner_mark[REMOTE_MARK_CHARS + 1]; /* of parts of one answer */
	GByteArray *in;                         /* of the trip under way */
	guint trips, calls;
	bool is_aside_lost; /* a program that was started aside has not come back */
	char *lost;         /* why the stream is of no more use; NULL: it is */
	bool has_timed_out; /* lost for that */
	struct remote_tools tools;
	char *pid; /* of the shell, as it says; NULL: it does not */
	struct remote_shell_facts facts;
	char *missing, *socket_trouble;
};

/*
 * Sends calls and reads until they are answered. The frames of what came whole stay until the next
 * trip.
 *
 * gives  an array of struct remote_frame
 */
GArray *remote_shell_trip(struct remote_shell *shell, const GString *calls, gint64 deadline_us);
/* The same for one name that a program may hang at, which is then left behind. quoted: for the
 * shell. */
GArray *remote_shell_aside(struct remote_shell *shell, const char *quoted, gint64 deadline_us);

#endif
