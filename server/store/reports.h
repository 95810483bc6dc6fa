/* SPDX-License-Identifier: Apache-2.0 */
/* A judged report comes into the store; and what ingest must know beforehand. */
#ifndef PLIMSOLL_SERVER_STORE_REPORTS_H
#define PLIMSOLL_SERVER_STORE_REPORTS_H

#include "checks/evaluate.h"
#include "checks/score.h"
#include "proto/plimsoll.pb-c.h"
#include "server/store/store.h"

enum {
	STORE_HOST_ENGINES = 32 /* engines that one host may report */
};

/* What differs between two evaluations, as bits: why a verdict moved. */
enum store_cause {
	STORE_CAUSE_FACTS = 1,
	STORE_CAUSE_CATALOGUE = 2,
	STORE_CAUSE_PARAMETERS = 4,
	STORE_CAUSE_TIME = 8,   /* none of the three: an age passed a limit */
	STORE_CAUSE_FIRST = 16, /* there was no earlier evaluation */
};

/* Everything borrowed until the report is stored. */
struct report_input {
	const char *host_id; /* of the certificate */
	const Plimsoll__Envelope
		*envelope; /* engine_key, sequence, taken_at, facts_sha256 present */
	int64_t received_at_s;
	GBytes *facts_zstd;           /* NULL: the store holds this hash */
	const Plimsoll__Facts *facts; /* NULL only with evaluation NULL */
	GBytes *observed_zstd;        /* NULL: none was sent */
	/* NULL: the newest stored evaluation has this cause and is fresh enough. */
	const struct evaluation *evaluation;
	GBytes *evaluation_zstd;
	GBytes *digests; /* result_digests() of it */
	const char *catalogue_hash;
	const char *parameters_hash;
	const struct score *score; /* of the benchmark; NULL with evaluation NULL */
	const char *benchmark;
};

enum report_status {
	REPORT_STORED,     /* and is now the newest */
	REPORT_LATE,       /* a newer one was there: history only */
	REPORT_DUPLICATE,  /* the same report again: nothing changed */
	REPORT_CONFLICT,   /* another report has this sequence number */
	REPORT_NEED_FACTS, /* the hash is unknown here, or was judged by other rules */
};

struct report_answer {
	enum report_status status;
	int64_t newest_sequence;
};

/*
 * Stores a report inside the open transaction. "Newest" goes by the agent's sequence.
 *
 * error  STORE_ERROR_DENIED for a host that was retired or forgotten.
 */
bool reports_put(struct store *store, const struct report_input *input,
		 struct report_answer *ret_answer, GError **error);

/* What is stored of an engine's newest report. */
struct report_state {
	bool known; /* false: all else is unset */
	int64_t engine;
	int64_t sequence;
	uint8_t facts_sha256[32];
	char catalogue_hash[65];
	char parameters_hash[65];
	int64_t evaluated_at_s;
};
bool reports_find_state(struct store *store, const char *host_id, const char *engine_key,
			struct report_state *ret_state, GError **error);

/* Facts of this host and engine by their hash. ret_body: compressed; NULL when not there. */
bool reports_find_facts(struct store *store, const char *host_id, const char *engine_key,
			const uint8_t sha256[static 32], GBytes **ret_body, GError **error);

#endif
