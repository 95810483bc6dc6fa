/* SPDX-License-Identifier: Apache-2.0 */
/* Step 1 and 2 of the flow: one host, one engine endpoint, one collection. */
#ifndef PLIMSOLL_AGENT_COLLECT_H
#define PLIMSOLL_AGENT_COLLECT_H

#include "agent/host.h"
#include "proto/facts_json.h"

struct collect_options {
	const char *image_cache_path; /* file of the image cache; NULL = no cache */
	uint64_t sequence;
	int64_t now_s; /* 0 = the clock's */
	void (*progress)(const char *what, guint done, guint total, void *data); /* NULL = none */
	void *progress_data;
	/* NULL, or called once before the last round of the host: the Engine has nothing more to
	 * do, so that a caller with something to prepare may begin in a thread of its own. */
	void (*engine_answered)(void *data);
	void *engine_answered_data;
};

/*
 * Collects everything that host shows. Never fails for one broken source: that source's row in
 * Fetch says so.
 *
 * gives  a collection; free with collection_free(). Its lists are in the order that plimsoll.proto
 * states. error  HOST_ERROR when the host as a whole cannot be reached.
 */
struct collection *collect(struct host *host, const struct collect_options *options,
			   GError **error);

/*
 * The only engine of this host that is left to ask: where nobody chose one, the usual socket is not
 * there or not ours to open, and exactly one other engine has a socket. Podman counts only where no
 * Docker is installed: a Docker that is merely down is what such a report must be about.
 *
 * returns  its URL, borrowed from collection, which asked the default; NULL: none.
 */
const char *collect_only_other(const struct collection *collection);

/*
 * --- the two halves, for collect.c only; each writes its own tables of facts and appends its own
 * Fetch rows ---
 *
 * collect_engine() runs in a thread of its own beside the first host rounds; it fills engine,
 * container (all but live, and mount.source_real), image, image_history, network, volume (all but
 * bind_real), node, service, and in observed the states of containers. It allocates from its own
 * arena, never the caller's.
 */
struct engine_facts {
	struct arena *arena;
	Plimsoll__Engine *engine; /* NULL: the API did not answer */
	GPtrArray *containers;    /* Plimsoll__Container* */
	GPtrArray *images;        /* Plimsoll__Image* */
	GPtrArray *image_history;
	GPtrArray *networks;
	GPtrArray *volumes;
	GPtrArray *nodes;
	GPtrArray *services;
	GPtrArray *container_states; /* Plimsoll__ContainerState* */
	GPtrArray *fetches;          /* Plimsoll__Fetch* */
	GPtrArray *fetch_costs;      /* Plimsoll__FetchCost* */
	Plimsoll__Cost cost;         /* api_* and image_cache_hits only */
};
void collect_engine(struct host *host, const struct collect_options *options,
		    struct engine_facts *ret_facts);
void engine_facts_done(struct engine_facts *facts);

#endif
