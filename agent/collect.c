/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 1 and 2 of the flow: one collection. The engine is asked in a thread of its own while the
 * host answers its first rounds; the last round needs both. The result is packed and unpacked once:
 * that is what makes its hash, and what proves that a server will accept it.
 */
#include "agent/collect.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "agent/collect/hostinfo.h"
#include "agent/collect/identity.h"
#include "agent/collect/processes.h"
#include "agent/collect/survey.h"
#include "proto/schema.h"

struct engine_work {
	struct host *host;
	const struct collect_options *options;
	struct engine_facts facts;
};

struct clock {
	int64_t wall_us, cpu_us, host_us;
};

static int64_t cpu_us(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static gpointer ask_engine(gpointer data)
{
	struct engine_work *work = data;

	collect_engine(work->host, work->options, &work->facts);
	return NULL;
}

static bool run_round(struct survey *survey, guint round, struct clock *clock, GError **error)
{
	int64_t started_us = g_get_monotonic_time();
	bool done = survey_round(survey, round, error);

	clock->host_us += g_get_monotonic_time() - started_us;
	return done;
}

/* The engine's thread is joined in any case. */
static bool run_rounds(struct survey *survey, struct engine_work *work, struct clock *clock,
		       GError **error)
{
	GThread *thread = g_thread_try_new("engine", ask_engine, work, NULL);
	bool done = true;

	if (thread == NULL) /* then one after the other */
		(void)ask_engine(work);

	for (guint round = 0; done && round + 1 < LIMIT_HOST_ROUNDS; round++)
		done = run_round(survey, round, clock, error);
	if (thread != NULL)
		g_thread_join(thread);
	survey->engine = &work->facts;
	if (work->options->engine_answered != NULL)
		work->options->engine_answered(work->options->engine_answered_data);
	return done && run_round(survey, LIMIT_HOST_ROUNDS - 1, clock, error);
}

/* ---- one set of facts from both halves ---- */

static gint compare_fetches(gconstpointer a, gconstpointer b)
{
	const Plimsoll__Fetch *left = *(const Plimsoll__Fetch *const *)a;
	const Plimsoll__Fetch *right = *(const Plimsoll__Fetch *const *)b;
	int order = strcmp(left->source, right->source);

	return order != 0 ? order : (gint)left->status - (gint)right->status;
}

static void append_all(GPtrArray *to, const GPtrArray *from)
{
	for (guint i = 0; i < from->len; i++)
		g_ptr_array_add(to, from->pdata[i]);
}

static void merge_engine(struct survey *survey, const struct engine_facts *engine)
{
	Plimsoll__Facts *facts = survey->facts;

	facts->engine = engine->engine;
	facts->container = survey_list(survey, engine->containers, &facts->n_container);
	facts->image = survey_list(survey, engine->images, &facts->n_image);
	facts->image_history = survey_list(survey, engine->image_history, &facts->n_image_history);
	facts->network = survey_list(survey, engine->networks, &facts->n_network);
	facts->volume = survey_list(survey, engine->volumes, &facts->n_volume);
	facts->node = survey_list(survey, engine->nodes, &facts->n_node);
	facts->service = survey_list(survey, engine->services, &facts->n_service);
	append_all(survey->fetches, engine->fetches);
	append_all(survey->fetch_costs, engine->fetch_costs);
	g_ptr_array_sort(survey->fetches, compare_fetches);
	facts->fetch = survey_list(survey, survey->fetches, &facts->n_fetch);
	survey->observed->container =
		survey_list(survey, engine->container_states, &survey->observed->n_container);
	survey->observed->fetch =
		survey_list(survey, survey->fetch_costs, &survey->observed->n_fetch);
}

/* ---- the envelope ---- */

static Plimsoll__Cost *make_cost(const struct survey *survey, const struct clock *started)
{
	Plimsoll__Cost *cost = survey_message(survey, &plimsoll__cost__descriptor);
	const Plimsoll__Cost *engine = &survey->engine->cost;
	struct rusage usage = {0};

	WIRE_SET(cost, wall_us, g_get_monotonic_time() - started->wall_us);
	WIRE_SET(cost, cpu_us, cpu_us() - started->cpu_us);
	WIRE_SET(cost, host_us, started->host_us);
	WIRE_SET(cost, process_pass_us, processes_table(survey)->wall_us);
	WIRE_SET(cost, processes, processes_table(survey)->n_processes);
	WIRE_SET(cost, rounds, survey->host->rounds);
	if (getrusage(RUSAGE_SELF, &usage) == 0)
		WIRE_SET(cost, peak_rss_bytes, (int64_t)usage.ru_maxrss * 1024);
	if (engine->has_api_us)
		WIRE_SET(cost, api_us, engine->api_us);
	if (engine->has_api_calls)
		WIRE_SET(cost, api_calls, engine->api_calls);
	if (engine->has_api_bytes)
		WIRE_SET(cost, api_bytes, engine->api_bytes);
	if (engine->has_image_cache_hits)
		WIRE_SET(cost, image_cache_hits, engine->image_cache_hits);
	return cost;
}

static Plimsoll__Envelope *make_envelope(const struct survey *survey,
					 const struct collect_options *options,
					 const struct clock *started, const GBytes *facts)
{
	Plimsoll__Envelope *envelope = survey_message(survey, &plimsoll__envelope__descriptor);
	const Plimsoll__Snapshot *snapshot = survey->facts->snapshot;
	const Plimsoll__Engine *engine = survey->facts->engine;
	gsize size = 0;
	const void *data = g_bytes_get_data((GBytes *)(uintptr_t)facts, &size);

	WIRE_SET(envelope, schema, SCHEMA_CURRENT);
	envelope->agent_version = arena_strdup(survey->arena, PLIMSOLL_VERSION);
	envelope->host_id = snapshot->host_id;
	envelope->hostname = snapshot->hostname;
	envelope->engine_key = arena_strdup(survey->arena, identity_engine_key(survey));
	envelope->cluster_id = engine == NULL ? NULL : engine->cluster_id;
	WIRE_SET(envelope, sequence, options->sequence);
	WIRE_SET(envelope, taken_at,
		 options->now_s != 0 ? options->now_s : g_get_real_time() / G_USEC_PER_SEC);
	envelope->has_facts_sha256 = true;
	envelope->facts_sha256.len = WIRE_SHA256_BYTES;
	envelope->facts_sha256.data = arena_calloc(survey->arena, WIRE_SHA256_BYTES, 1);
	wire_sha256(data, size, envelope->facts_sha256.data);
	envelope->transport = arena_strdup(survey->arena, survey->host->ops->transport);
	envelope->cost = make_cost(survey, started);
	return envelope;
}

/* ---- the result ---- */

static void *copy_message(const ProtobufCMessage *message, struct arena *arena, GError **error)
{
	g_autoptr(GBytes) bytes = wire_pack(message);
	gsize size = 0;
	const void *data = g_bytes_get_data(bytes, &size);

	return wire_unpack(message->descriptor, data, size, arena, error);
}

static struct collection *make_collection(const struct survey *survey,
					  const struct collect_options *options,
					  const struct clock *started, GError **error)
{
	PLIMSOLL_AUTO(collection) *collection = g_new0(struct collection, 1);
	g_autoptr(GBytes) packed = wire_pack(&survey->facts->base);
	const Plimsoll__Envelope *envelope = make_envelope(survey, options, started, packed);
	gsize size = 0;
	const void *data = g_bytes_get_data(packed, &size);

	collection->arena = arena_new(SIZE_MAX);
	collection->facts = wire_unpack_facts(data, size, collection->arena, error);
	if (collection->facts == NULL)
		return NULL;
	collection->observed = copy_message(&survey->observed->base, collection->arena, error);
	if (collection->observed == NULL)
		return NULL;
	collection->envelope = copy_message(&envelope->base, collection->arena, error);
	return collection->envelope == NULL ? NULL : g_steal_pointer(&collection);
}

static bool is_out_of_reach(const Plimsoll__Facts *facts)
{
	for (size_t i = 0; i < facts->n_fetch; i++) {
		const Plimsoll__Fetch *fetch = facts->fetch[i];

		if (g_strcmp0(fetch->source, "GET /_ping") == 0)
			return fetch->errno_value == ENOENT ||
			       fetch->status == PLIMSOLL__FETCH__STATUS__PERMISSION;
	}
	return false;
}

const char *collect_only_other(const struct collection *collection)
{
	const Plimsoll__Observed *observed = collection->observed;
	const Plimsoll__Snapshot *snapshot = collection->facts->snapshot;
	const char *found = NULL;

	if (!is_out_of_reach(collection->facts))
		return NULL;
	for (size_t i = 0; i < observed->n_engine_endpoint; i++) {
		const Plimsoll__EngineEndpoint *engine = observed->engine_endpoint[i];

		if (engine->asked)
			continue;
		if (found != NULL || (engine->podman && snapshot->dockerd_installed))
			return NULL;
		found = engine->url;
	}
	return found;
}

struct collection *collect(struct host *host, const struct collect_options *options, GError **error)
{
	struct clock started = {.wall_us = g_get_monotonic_time(), .cpu_us = cpu_us()};
	struct engine_work work = {.host = host, .options = options};
	struct collection *collection = NULL;
	struct survey survey;

	survey_init(&survey, host);
	if (run_rounds(&survey, &work, &started, error)) {
		survey_finish(&survey);
		identity_set(&survey);
		merge_engine(&survey, &work.facts);
		collection = make_collection(&survey, options, &started, error);
	}
	survey_done(&survey);
	engine_facts_done(&work.facts);
	return collection;
}
