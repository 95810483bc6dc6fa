/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts that can do nothing but answer for an Engine, and their facts as text and bytes. */
#ifndef PLIMSOLL_TESTS_UNIT_AGENT_ENGINE_FIXTURE_H
#define PLIMSOLL_TESTS_UNIT_AGENT_ENGINE_FIXTURE_H

#include "agent/collect.h"
#include "agent/engine_curl.h"

/* A recorded Engine; counts the requests. */
struct fixture_host {
	struct host host;
	struct engine_recorded *recorded;
	struct engine_curl *curl;
	/* Texts that stand for answers: path -> body, owned by the table; NULL = none. */
	GHashTable *bodies;
	guint n_requests;
	GPtrArray *paths; /* of all requests, in order */
};

/* dir: of a recording, or NULL for an Engine that knows only `bodies`. */
struct fixture_host *fixture_recorded(const char *dir);
struct fixture_host *fixture_live(const char *socket_path, const struct engine_curl_limits *limits);
void fixture_free(struct fixture_host *fixture);
PLIMSOLL_AUTOPTR(fixture_host, fixture_free)

/* Answers path with this body and status 200, or as "!404 text" says. */
void fixture_set_body(struct fixture_host *fixture, const char *path, const char *body);

/* The facts as message; rows are borrowed from the two. */
struct fixture_messages {
	Plimsoll__Facts facts;
	Plimsoll__Observed observed;
};
void fixture_messages_init(struct fixture_messages *messages, const struct engine_facts *facts);

/* gives: indented JSON of facts and observed without costs; g_free(). */
char *fixture_json(const struct engine_facts *facts);

/* Status of the source's row, or 0. */
int fixture_status(const struct engine_facts *facts, const char *source);
const Plimsoll__Fetch *fixture_fetch(const struct engine_facts *facts, const char *source);
const Plimsoll__Container *fixture_container(const struct engine_facts *facts, const char *name);

/* Compares text with the golden file, or rewrites it when PLIMSOLL_BLESS is set. */
void fixture_assert_golden(const char *path, const char *text);

#endif
