/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is not yet delivered, on disk: STATE/spool/SEQUENCE.report, one file per report, and
 * "acknowledged" (of further engines "acknowledged.KEY"), the last report whose facts the server
 * has taken. A report with the same facts is spooled without them. One process at a time; a crash
 * at any point loses at most the report in hand.
 */
#ifndef PLIMSOLL_AGENT_SHIP_SPOOL_H
#define PLIMSOLL_AGENT_SHIP_SPOOL_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/wire.h"

enum spool_error {
	SPOOL_ERROR_LOCKED, /* another process uses it */
	SPOOL_ERROR_BAD,    /* a file was not what had been written; it is set aside */
};
#define SPOOL_ERROR (spool_error_quark())
GQuark spool_error_quark(void);

struct spool;

/* Locks the state directory and clears up after a crash. gives: free with spool_free(). */
struct spool *spool_open(const char *state_dir, GError **error);
void spool_free(struct spool *spool);
PLIMSOLL_AUTOPTR(spool, spool_free)

/* The next number, on disk before it is used: it never repeats, also after a crash. */
bool spool_next_sequence(struct spool *spool, uint64_t *ret_sequence, GError **error);
/* Goes on above a number that the server already knows. */
bool spool_raise_sequence(struct spool *spool, uint64_t at_least, GError **error);

/* Adds a packed report, then drops the oldest ones beyond LIMIT_SPOOL_*. */
bool spool_put(struct spool *spool, uint64_t sequence, GBytes *report, GError **error);

struct spool_state {
	uint64_t *sequences; /* of what waits, newest first */
	guint n_sequences;
	gsize bytes;
	guint dropped; /* unsent reports given up since spool_open() */
	guint bad;     /* files set aside so far */
};
/* gives: contents, release with spool_state_done(). */
bool spool_list(struct spool *spool, struct spool_state *ret_state, GError **error);
/* The same for a look from outside: takes no lock and changes nothing. */
bool spool_peek(const char *state_dir, struct spool_state *ret_state, GError **error);
void spool_state_done(struct spool_state *state);

/* gives: the packed report. error: SPOOL_ERROR_BAD, then the file is out of the way. */
GBytes *spool_get(struct spool *spool, uint64_t sequence, GError **error);
/* The report of this engine that was last kept; NULL without error: none. */
GBytes *spool_acknowledged(struct spool *spool, const char *engine_key, GError **error);

/* Delivered. kept_for: the engine whose facts the server now has from it; NULL: it is not kept. */
bool spool_acknowledge(struct spool *spool, uint64_t sequence, const char *kept_for,
		       GError **error);
/*
 * Which Observed of this engine the server has, as a SHA-256 that the caller makes. False without
 * error: not known.
 */
bool spool_read_observed(struct spool *spool, const char *engine_key,
			 uint8_t ret_digest[static WIRE_SHA256_BYTES]);
bool spool_write_observed(struct spool *spool, const char *engine_key,
			  const uint8_t digest[static WIRE_SHA256_BYTES], GError **error);
/* The server will never take it. */
bool spool_set_aside(struct spool *spool, uint64_t sequence, GError **error);
/* Forgets everything but the sequence number. */
bool spool_empty(struct spool *spool, GError **error);

#endif
