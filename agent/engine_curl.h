/* SPDX-License-Identifier: Apache-2.0 */
/* The client of a live Engine: libcurl on its unix socket or by TCP, behind host_ops.docker_get. */
#ifndef PLIMSOLL_AGENT_ENGINE_CURL_H
#define PLIMSOLL_AGENT_ENGINE_CURL_H

#include "agent/host.h"

struct engine_curl;

/* Limits of limits.h; tests choose others, and hosts behind a long way. */
struct engine_curl_limits {
	int64_t call_ms;   /* one request */
	int64_t total_ms;  /* all requests of this client, from the first one on */
	size_t body_bytes; /* one answer */
	guint connections; /* 1 to LIMIT_SSH_CONNECTIONS; 0: LIMIT_API_CONNECTIONS */
};

/*
 * A client for one collection; connects at the first request.
 *
 * socket_path  copied.
 * limits       NULL: those of limits.h.
 * gives        free with engine_curl_free().
 */
struct engine_curl *engine_curl_new(const char *socket_path,
				    const struct engine_curl_limits *limits);
/* The same for an endpoint on tcp://, which is kept as a borrow. */
struct engine_curl *engine_curl_new_tcp(const struct host_endpoint *endpoint,
					const struct engine_curl_limits *limits);
void engine_curl_free(struct engine_curl *client);
PLIMSOLL_AUTOPTR(engine_curl, engine_curl_free)

/*
 * Sends the requests, limits.connections at a time, and calls done once for each in this
 * thread. A body lives until done returns; states, details and headers as long as the client. A
 * path that is not on the list of engine_request.c is never sent. Never fails as a whole and ends
 * within the deadlines. One thread at a time.
 *
 * The answer to /_ping chooses the API version of all later requests, so it is asked alone first.
 */
void engine_curl_get(struct engine_curl *client, struct host_get *requests, guint n_requests,
		     void (*done)(struct host_get *request, void *data), void *data);

#endif
