/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One survey of a host: what its collectors share while the rounds go on. A collector is a row of
 * the table in survey.c; in each round it may look at earlier answers and want more. The rows run
 * in the table's order, so a collector may use what one above it has settled in the same round.
 */
#ifndef PLIMSOLL_AGENT_COLLECT_SURVEY_H
#define PLIMSOLL_AGENT_COLLECT_SURVEY_H

#include "agent/collect.h"

struct survey {
	struct host *host;
	struct arena *arena; /* of everything until the facts are packed */
	Plimsoll__Facts *facts;
	Plimsoll__Observed *observed;
	struct engine_facts *engine; /* NULL until the engine's thread has ended (round 4) */
	struct host_batch *batch;    /* of the round that is being filled */
	GPtrArray *fetches;          /* Plimsoll__Fetch* */
	GPtrArray *fetch_costs;      /* Plimsoll__FetchCost* */

	/* each set and owned by the collector of its name; opaque to the others */
	struct accounts *accounts;
	struct audit_survey *audit;
	struct config_survey *config;
	struct containerd_survey *containerd;
	struct dockerd_survey *dockerd;
	struct engine_survey *engines;
	struct file_survey *files;
	struct cert_survey *certs; /* of files */
	struct container_survey *containers;
	struct hostinfo_survey *hostinfo;
	struct mount_survey *mounts;
	struct process_survey *processes;
	struct unit_survey *units;
};

struct collector {
	const char *name;
	void (*want[LIMIT_HOST_ROUNDS])(struct survey *survey); /* NULL: nothing in that round */
	void (*settle)(struct survey *survey); /* after the last round, before any finish() */
	void (*finish)(struct survey *survey); /* writes its tables of facts */
	void (*done)(struct survey *survey);   /* frees what the arena does not hold */
};

extern const struct collector accounts_collector, audit_collector, config_collector,
	containerd_collector, containers_collector, dockerd_collector, engines_collector,
	files_collector, hostinfo_collector, mounts_collector, processes_collector, unit_collector;

void survey_init(struct survey *ret_survey, struct host *host);
void survey_done(struct survey *survey);
/* Fills and runs one batch; round counts from 0. */
bool survey_round(struct survey *survey, guint round, GError **error);
/* Lets every collector write its facts. */
void survey_finish(struct survey *survey);

/* Foreign text as facts may carry it: valid UTF-8, at most LIMIT_STRING_BYTES; NULL gives NULL. */
char *survey_text(const struct survey *survey, const char *text);

/* A new message of the schema in the survey's arena. */
void *survey_message(const struct survey *survey, const ProtobufCMessageDescriptor *descriptor);

/* The array of a repeated field; the pointers are copied. */
void *survey_list(const struct survey *survey, const GPtrArray *members, size_t *ret_n);

/* Notes how a source went. The text of state.detail is copied. */
void survey_fetch(struct survey *survey, const char *source, const char *group,
		  const struct host_state *state);

#endif
