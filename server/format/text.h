/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one normaliser for foreign strings. Names, labels, paths and errors of a host are written by
 * whoever runs containers there; nothing of them may steer a terminal, break a log line, or reorder
 * what a reader sees. Terminal, logs and HTML all go through here.
 */
#ifndef PLIMSOLL_SERVER_FORMAT_TEXT_H
#define PLIMSOLL_SERVER_FORMAT_TEXT_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

enum {
	TEXT_MAX_CHARS = 1024 /* what one foreign string may take on a page or a line */
};

/*
 * Appends raw as harmless UTF-8 on one line: bytes that are no UTF-8 become U+FFFD; controls, line
 * separators and invisible formatting characters (bidi controls among them) become visible, as
 * U+202E between angle brackets; what exceeds max_chars is replaced by an ellipsis.
 *
 * raw    NULL appends nothing.
 * ascii  writes everything that is not ASCII in the visible form too.
 */
void text_append(GString *out, const char *raw, size_t max_chars, bool ascii);

/* The same as a new string of at most TEXT_MAX_CHARS; free with g_free(). */
char *text_clean(const char *raw);

/* The next character of valid UTF-8; as g_utf8_next_char(), which drops const. */
static inline const char *text_next(const char *at)
{
	return at + g_utf8_skip[(guchar)*at];
}

/* Columns that clean UTF-8 takes on a terminal. */
guint text_columns(const char *clean);

#endif
