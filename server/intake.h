/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps 4 and 5 of the flow: a report from its bytes to what the store takes. The agents' listener
 * and the import of saved facts go through here, so nothing is stored that was not checked and
 * judged the same way.
 */
#ifndef PLIMSOLL_SERVER_INTAKE_H
#define PLIMSOLL_SERVER_INTAKE_H

#include "checks/evaluate.h"
#include "proto/wire.h"
#include "server/config.h"
#include "server/store/reports.h"

enum {
	INTAKE_EVALUATION_LIFE_S = 3600, /* unchanged facts are judged again after this long */
	INTAKE_ENGINE_KEY_CHARS = 64,
	INTAKE_NAME_CHARS = 255, /* host name, agent version, ... */
};

/* What an installation judges by. */
struct intake_rules {
	struct catalogue *catalogue;
	const struct benchmark *benchmark;   /* of the catalogue */
	char *catalogue_hash;                /* and of which benchmark of it */
	const struct parameters *parameters; /* of the configuration */
	struct parameter_values *common;     /* of a host without labels */
};

/*
 * Reads the catalogue and finds the benchmark that the configuration pins.
 *
 * config     keeps a borrow until intake_rules_done().
 * ret_rules  free with intake_rules_done(), also after false.
 */
bool intake_rules_load(const struct config *config, struct intake_rules *ret_rules, GError **error);
void intake_rules_done(struct intake_rules *rules);

/* For the checks of that benchmark and the site's own: nothing else is stored or shown. */
struct evaluator *intake_evaluator_new(const struct intake_rules *rules, GError **error);

/* Everything of one report, alive until it is stored. */
struct intake {
	const struct intake_rules *rules;
	struct arena *arena;
	GBytes *raw; /* the report, decompressed */
	Plimsoll__Report *report;
	Plimsoll__Observed *observed;
	struct evaluation *evaluation;
	struct parameter_values *own; /* of a host with labels; NULL: the rules' common ones */
	struct score score;
	int64_t as_of_s; /* ages are judged as of then */
	struct report_input input;
};

/* rules and host_id: keeps a borrow. gives: free with intake_free(). */
struct intake *intake_new(const struct intake_rules *rules, const char *host_id,
			  int64_t received_at_s);
void intake_free(struct intake *intake);
PLIMSOLL_AUTOPTR(intake, intake_free)

/*
 * Unpacks and checks a packed Report.
 *
 * raw    keeps a reference.
 * error  WIRE_ERROR.
 */
bool intake_read(struct intake *intake, GBytes *raw, GError **error);

/*
 * Judges, unless the store holds a fresh verdict on the same facts.
 *
 * ret_ready  false: the report holds only a hash that the store does not know for this host and
 *            engine; the facts have to be sent.
 */
bool intake_judge(struct intake *intake, struct store *reader, struct evaluator *evaluator,
		  bool *ret_ready, GError **error);

/* Whether an engine key is one: "rootful", "rootless:1000", "podman", "podman:1000". */
bool intake_is_engine_key(const char *key);

#endif
