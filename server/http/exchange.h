/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request and its answer, apart from libevent: taken in the loop's thread, handled by a worker,
 * finished by whoever has the answer (the writer, for what must be on disk first).
 */
#ifndef PLIMSOLL_SERVER_HTTP_EXCHANGE_H
#define PLIMSOLL_SERVER_HTTP_EXCHANGE_H

#include "server/http/listener.h"

struct worker;

struct exchange {
	/* the request */
	struct loop *loop;
	struct evhttp_request *request; /* for the loop's thread only */
	const struct route *route;
	const char *listener; /* name */
	bool is_post;
	char *path;
	char *query; /* after the '?', still encoded; NULL = none */
	struct listener_peer peer;
	GHashTable *headers; /* lower-case name -> value, the first of each */
	GBytes *body;
	gint64 started_us;
	char id[13]; /* for the log and error pages */

	/* the answer */
	guint status;
	const char *content_type;
	GBytes *answer;
	GPtrArray *answer_headers; /* name, value, name, value */
	char *note;                /* for the log; no secrets */
};

typedef void route_handler(struct exchange *exchange, struct worker *worker);

enum method { METHOD_NONE, METHOD_GET = 1, METHOD_POST = 2 };

/* A row of a listener's table of routes; a path that ends in '/' stands for all below it. */
struct route {
	enum method method; /* HEAD goes with GET */
	const char *path;
	route_handler
		*handle; /* in a worker's thread; ends with exchange_finish(), perhaps later */
	bool logs_errors_only; /* too many of them to log each */
};

/* Takes a request over. In the loop's thread. */
struct exchange *exchange_new(struct loop *loop, struct evhttp_request *request,
			      const char *listener, const struct listener_peer *peer);

/* Header of the request by its lower-case name; NULL = not there. */
const char *exchange_header(const struct exchange *exchange, const char *name);
/* Value of a field of the query or of a form's body. gives: decoded, free with g_free(); NULL. */
char *exchange_query(const struct exchange *exchange, const char *field);
char *exchange_form(const struct exchange *exchange, const char *field);
/* A cookie's value. gives: free with g_free(); NULL = not there. */
char *exchange_cookie(const struct exchange *exchange, const char *name);

void exchange_set_header(struct exchange *exchange, const char *name, const char *value);
/* Sets the answer; takes the bytes. */
void exchange_set_answer(struct exchange *exchange, guint status, const char *content_type,
			 GBytes *answer);
/* The same with a text of ours. */
void exchange_set_text(struct exchange *exchange, guint status, const char *text);

/* Sends the answer and frees the exchange. From any thread; afterwards nobody touches it. */
void exchange_finish(struct exchange *exchange);

#endif
