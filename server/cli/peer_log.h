/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log that docker-bench-security left: log.json of any release that writes one, or the text log
 * beside it. Foreign and often broken; what cannot be read is refused with its place.
 */
#ifndef PLIMSOLL_SERVER_CLI_PEER_LOG_H
#define PLIMSOLL_SERVER_CLI_PEER_LOG_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/arena.h"

enum { PEER_LOG_BYTES = 64 << 20 };

enum peer_word { PEER_PASS, PEER_WARN, PEER_INFO, PEER_NOTE };
const char *peer_word_text(enum peer_word word);

struct peer_result {
	const char *id;    /* "5.5", "C.5.3.1" */
	const char *title; /* without "(Automated)" and the like */
	enum peer_word word;
	const char *details; /* NULL = none */
};

struct peer_log {
	const char *version; /* NULL = a text log does not say */
	GPtrArray *results;  /* struct peer_result *, in the order of the log */
	int64_t start_s;     /* 0 = not known */
	bool has_score;      /* the run came to its end */
	int64_t score;
	struct arena *arena; /* holds every string */
};

/*
 * gives  free with peer_log_free().
 * error  PEER_LOG_ERROR: "line L column C: ...", or what is wrong with which result.
 */
struct peer_log *peer_log_read(const char *text, size_t size, GError **error);
void peer_log_free(struct peer_log *log);
PLIMSOLL_AUTOPTR(peer_log, peer_log_free)

/* The result of an id; NULL = the log has none. */
const struct peer_result *peer_log_find(const struct peer_log *log, const char *id);

#define PEER_LOG_ERROR (peer_log_error_quark())
GQuark peer_log_error_quark(void);

#endif
