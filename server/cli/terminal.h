/* SPDX-License-Identifier: Apache-2.0 */
/* What the reader's terminal can show, and the one line of progress. */
#ifndef PLIMSOLL_SERVER_CLI_TERMINAL_H
#define PLIMSOLL_SERVER_CLI_TERMINAL_H

#include "server/cli/audit_options.h"

/* The style of an output: colour, characters and width of stdout, or of a file. */
struct format_style terminal_style(const struct audit_options *options, bool to_stdout);

/*
 * From now on Ctrl-C ends the program with CLI_INTERRUPTED, and progress may be shown: one line on
 * stderr, rewritten in place, when stderr is a terminal and the work takes longer than a moment.
 */
void terminal_begin(void);
/* From now on the first Ctrl-C sets the flag (g_atomic_int); the second ends the program. */
void terminal_cancel_by(gint *flag);
/* For collect(): `what` may be foreign. */
void terminal_progress(const char *what, guint done, guint total, void *data);
/* Lines that are clean already, on stderr. */
void terminal_say(const char *lines);
/* Takes the line away until it is painted again, so that something can be said. */
void terminal_hide(void);
/* Takes the line away again. */
void terminal_end(void);

#endif
