/* SPDX-License-Identifier: Apache-2.0 */
/* The server's log on stderr: one line per event, key=value, foreign text quoted and escaped. */
#ifndef PLIMSOLL_SERVER_HTTP_LOG_H
#define PLIMSOLL_SERVER_HTTP_LOG_H

#include <glib.h>

/* Pairs of key (ours) and value; a NULL value is left out, a NULL key ends the list. Never give it
 * secrets, headers or query strings. */
void log_event(const char *event, ...) G_GNUC_NULL_TERMINATED;

#endif
