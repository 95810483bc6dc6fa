/* SPDX-License-Identifier: Apache-2.0 */
/* The bookkeeping of one collection from an Engine: waves of requests, how each source went, cost.
 */
#ifndef PLIMSOLL_AGENT_ENGINE_RUN_H
#define PLIMSOLL_AGENT_ENGINE_RUN_H

#include "agent/collect.h"
#include "agent/engine/engine_parse.h"

struct engine_run;
struct engine_job;

/* A kind of request. */
struct engine_source {
	const char *name;  /* of the Fetch row: "GET /info", "GET /containers/ID/json" */
	const char *group; /* table that it fills */
	/* Reads the answer while its body is in memory, and notes how it went. */
	void (*take)(struct engine_run *run, const struct engine_job *job,
		     const struct host_get *answer);
	/* For engine_run_take_once(). */
	void (*parse)(struct engine_run *run, struct engine_parse *parse, const struct json *root);
};

struct engine_job {
	const struct engine_source *source;
	char *path;
	void *row; /* of the object that is asked for */
};

struct engine_run {
	struct host *host;
	struct engine_facts *facts;
	void *data;                /* the collector's own */
	GArray *jobs;              /* struct engine_job: the wave that is being put together */
	struct host_get *requests; /* of the wave on its way */
	GHashTable *ok_sources;    /* names of per-object sources that went well once */
	GHashTable *costs;         /* name of a source -> Plimsoll__FetchCost */
	int64_t first_us, last_us;
};

void engine_run_init(struct engine_run *run, struct host *host, struct engine_facts *facts,
		     void *data);
/* Completes the cost. */
void engine_run_done(struct engine_run *run);

/* Adds a request to the wave. path: taken; NULL: that of the source's name. */
void engine_run_add(struct engine_run *run, const struct engine_source *source, char *path,
		    void *row);
/* Sends the wave and returns when each answer was taken. */
void engine_run_ask(struct engine_run *run);

/* The JSON of a good answer; NULL with the reason in parse. gives: free with json_free(). */
struct json *engine_run_read(struct engine_run *run, const struct host_get *answer,
			     struct engine_parse *parse);

/* Adds the Fetch row of one answer. */
void engine_run_note(struct engine_run *run, const struct engine_job *job,
		     const struct host_get *answer, const struct engine_parse *parse);
/* As engine_run_note(), but all that went well share one row. */
void engine_run_note_object(struct engine_run *run, const struct engine_job *job,
			    const struct host_get *answer, const struct engine_parse *parse);
/* The shared row of a source that needed no request. */
void engine_run_note_ok(struct engine_run *run, const struct engine_source *source);
void engine_run_note_not_tried(struct engine_run *run, const struct engine_source *source,
			       const char *detail);

/* An engine_source.take: reads the answer and hands it to source->parse. */
void engine_run_take_once(struct engine_run *run, const struct engine_job *job,
			  const struct host_get *answer);

/* Whether the rows take all the memory that they may; checked before each more. */
bool engine_run_is_full(const struct engine_run *run);

/* Compares two rows (pointers to pointers) by their first field, a text. */
int engine_run_compare(const void *a, const void *b);

#endif
