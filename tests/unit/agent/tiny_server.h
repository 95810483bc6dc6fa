/* SPDX-License-Identifier: Apache-2.0 */
/* A daemon that misbehaves on demand, on a unix socket in a directory of its own. */
#ifndef PLIMSOLL_TESTS_UNIT_AGENT_TINY_SERVER_H
#define PLIMSOLL_TESTS_UNIT_AGENT_TINY_SERVER_H

#include <glib.h>

#include "proto/base.h"

/* What to do about one request; text ends at its NUL. */
struct tiny_answer {
	const char *path;   /* without version prefix; NULL ends a list */
	const char *text;   /* the whole answer, headers included; NULL: nothing */
	const char *repeat; /* then this without end; NULL: nothing more */
	enum { TINY_KEEP, TINY_CLOSE, TINY_HANG } then;
};

#define TINY_OK(body_length, body)                                                                 \
	"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: " body_length "\r\n\r\n" body

struct tiny_server;

/* answers: borrowed; any other path hangs. gives: free with tiny_server_free(), which ends it. */
struct tiny_server *tiny_server_new(const struct tiny_answer *answers);
void tiny_server_free(struct tiny_server *server);
PLIMSOLL_AUTOPTR(tiny_server, tiny_server_free)

const char *tiny_server_path(const struct tiny_server *server);
/* The request lines so far, one per line. gives: g_free(). */
char *tiny_server_requests(struct tiny_server *server);
guint tiny_server_connections(struct tiny_server *server);      /* accepted so far */
guint tiny_server_most_connections(struct tiny_server *server); /* open at the same time */

#endif
