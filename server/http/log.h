/* SPDX-License-Identifier: Apache-2.0 */
/* The server's log on stderr: one line per event, key=value, foreign text quoted and escaped. */
#ifndef PLIMSOLL_SERVER_HTTP_LOG_H
#define PLIMSOLL_SERVER_HTTP_LOG_H

#include <glib.h>

/* Event, then pairs of key (ours) and value; a NULL value is left out. Never give it secrets,
 * headers or query strings. */
#define log_event(...) log_pairs(__VA_ARGS__, (const char *)NULL)
void log_pairs(const char *event, ...) G_GNUC_NULL_TERMINATED;

#endif
