/* SPDX-License-Identifier: Apache-2.0 */
/* Verdicts of a report by check. Called by reports.c only. */
#ifndef PLIMSOLL_SERVER_STORE_RESULTS_H
#define PLIMSOLL_SERVER_STORE_RESULTS_H

#include "checks/evaluate.h"
#include "checks/score.h"
#include "server/store/store.h"

/* Why the evaluation is as it is; goes into everything that it opens, closes or moves. */
struct cause {
	int64_t engine; /* who reported */
	int64_t sequence;
	int64_t at_s; /* the report's taken_at */
	const uint8_t *facts_sha256;
	int64_t catalogue;
	int64_t parameters;
	int changed; /* enum store_cause bits */
};

/* Ids of the evaluation's (check, variant) pairs, in its order. gives: free with g_free(). */
int64_t *results_rules(struct store *store, const struct evaluation *evaluation, GError **error);

/* The verdicts as one blob: equal evaluations give equal bytes. */
GBytes *results_pack(const struct evaluation *evaluation, const int64_t *rules);

/*
 * Makes the current results those of the evaluation, and logs every verdict that moved.
 *
 * digests  of the evaluation, result_digests().
 * moved    int64_t; the rules whose digest is not what it was are added, and those that are no
 *          longer judged.
 */
bool results_apply(struct store *store, const struct evaluation *evaluation, GBytes *digests,
		   const int64_t *rules, const struct cause *cause, GArray *moved, GError **error);

/* The current score and the one of the day. */
bool results_score(struct store *store, int64_t engine, const char *benchmark,
		   const struct score *score, int64_t received_at_s, GError **error);

#endif
