/* SPDX-License-Identifier: Apache-2.0 */
/* The syntax of systemd's unit files (systemd.syntax(7), systemd.service(5)). Pure. */
#ifndef PLIMSOLL_AGENT_COLLECT_UNIT_TEXT_H
#define PLIMSOLL_AGENT_COLLECT_UNIT_TEXT_H

#include <glib.h>

/* Calls back for every assignment in the file's order; continuation lines are joined, comments
 * dropped. */
void unit_text_each(const char *text,
		    void (*each)(const char *section, const char *key, const char *value,
				 void *data),
		    void *data);

/* Splits a command into words: quotes and C escapes are undone, variables and specifiers left as
 * they are. Only the first of several commands (";"). gives: g_strfreev(). */
char **unit_text_words(const char *command);

#endif
