/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may be asked of an Engine, in which API version, and how an answer is judged: the same for
 * a live Engine (engine_curl.c) and a recorded one (engine_recorded.c).
 */
#ifndef PLIMSOLL_AGENT_ENGINE_REQUEST_H
#define PLIMSOLL_AGENT_ENGINE_REQUEST_H

#include "agent/host.h"

/* Whether path ("/info", no version prefix) is one of the requests that Plimsoll ever sends. */
bool engine_path_is_allowed(const char *path);

/* The newest version of the Engine API that the parsers were tested with. */
#define ENGINE_API_NEWEST "1.51"

struct engine_version {
	unsigned major, minor;
};

bool engine_version_parse(const char *text, struct engine_version *ret_version);
/* Below, equal, above: -1, 0, 1. */
int engine_version_compare(struct engine_version a, struct engine_version b);

/* How the version for the prefix is found: what /_ping offers, and the least that /version names.
 */
struct engine_dialect {
	bool has_offered, has_minimum;
	struct engine_version offered, minimum;
};

/* Learns from the answer to /_ping or /version; any other answer changes nothing. */
void engine_dialect_learn(struct engine_dialect *dialect, const struct host_get *answer);
/* Whether the version can only be chosen after /version: the Engine is newer than what was tested.
 */
bool engine_dialect_needs_minimum(const struct engine_dialect *dialect);
/* gives: "/v1.41/info", or path itself where no version is known or it takes none; g_free(). */
char *engine_dialect_address(const struct engine_dialect *dialect, const char *path);

/* Marks a request that is not on the list of allowed ones. */
void engine_request_refuse(struct host_get *request);

/*
 * Sets request->state from http_status and body of a complete answer.
 *
 * strings  keeps the text of state.detail.
 */
void engine_answer_judge(struct host_get *request, GStringChunk *strings);

/*
 * Text of a peer as one line of at most LIMIT_DETAIL_BYTES: valid UTF-8, no control characters; of
 * a JSON object its "message".
 *
 * gives  free with g_free(); never NULL.
 */
char *engine_detail_text(const char *body, size_t size);

#endif
