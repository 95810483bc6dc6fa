/* SPDX-License-Identifier: Apache-2.0 */
/* Sends waves of requests through the host's door and keeps account of them. */
#include "agent/engine/engine_run.h"

#include <string.h>

void engine_run_init(struct engine_run *run, struct host *host, struct engine_facts *facts,
		     void *data)
{
	*run = (struct engine_run){
		.host = host,
		.facts = facts,
		.data = data,
		.jobs = g_array_new(FALSE, TRUE, sizeof(struct engine_job)),
		.ok_sources = g_hash_table_new(g_str_hash, g_str_equal),
		.costs = g_hash_table_new(g_str_hash, g_str_equal),
	};
}

void engine_run_done(struct engine_run *run)
{
	run->facts->cost.has_api_us = run->facts->cost.has_api_calls = true;
	run->facts->cost.has_api_bytes = true;
	run->facts->cost.api_us = run->last_us - run->first_us;
	g_array_free(run->jobs, TRUE);
	g_hash_table_unref(run->ok_sources);
	g_hash_table_unref(run->costs);
}

/* ---------------------------------------------------------------- asking */

void engine_run_add(struct engine_run *run, const struct engine_source *source, char *path,
		    void *row)
{
	struct engine_job job = {source, path, row};

	if (path == NULL)
		job.path = g_strdup(source->name + strlen("GET "));
	g_array_append_val(run->jobs, job);
}

static Plimsoll__FetchCost *cost_of(struct engine_run *run, const char *source)
{
	struct arena *arena = run->facts->arena;
	Plimsoll__FetchCost *cost = g_hash_table_lookup(run->costs, source);

	if (cost == NULL) {
		cost = arena_calloc(arena, 1, sizeof(*cost));
		plimsoll__fetch_cost__init(cost);
		cost->source = arena_strdup(arena, source);
		cost->has_us = cost->has_bytes = true;
		g_hash_table_insert(run->costs, cost->source, cost);
		g_ptr_array_add(run->facts->fetch_costs, cost);
	}
	return cost;
}

static void count_cost(struct engine_run *run, const struct engine_job *job,
		       const struct host_get *answer)
{
	Plimsoll__FetchCost *cost = NULL;

	if (answer->state.status == PLIMSOLL__FETCH__STATUS__NOT_TRIED)
		return;
	cost = cost_of(run, job->source->name);
	cost->us += answer->us;
	cost->bytes += (int64_t)answer->size;
	run->facts->cost.api_calls++;
	run->facts->cost.api_bytes += (int64_t)answer->size;
	run->last_us = g_get_monotonic_time();
}

static void take_answer(struct host_get *answer, void *data)
{
	struct engine_run *run = data;
	const struct engine_job *job =
		&g_array_index(run->jobs, struct engine_job, answer - run->requests);

	count_cost(run, job, answer);
	job->source->take(run, job, answer);
}

void engine_run_ask(struct engine_run *run)
{
	guint count = run->jobs->len;
	g_autofree struct host_get *requests = g_new0(struct host_get, count);

	for (guint i = 0; i < count; i++)
		requests[i].path = g_array_index(run->jobs, struct engine_job, i).path;
	if (run->first_us == 0)
		run->first_us = run->last_us = g_get_monotonic_time();
	run->requests = requests;
	if (count > 0)
		run->host->ops->docker_get(run->host, requests, count, take_answer, run);
	run->requests = NULL;
	for (guint i = 0; i < count; i++)
		g_free(g_array_index(run->jobs, struct engine_job, i).path);
	g_array_set_size(run->jobs, 0);
}

struct json *engine_run_read(struct engine_run *run, const struct host_get *answer,
			     struct engine_parse *parse)
{
	g_autoptr(GError) error = NULL;
	struct json *root = NULL;

	engine_parse_init(parse, run->facts->arena);
	if (answer->state.status != PLIMSOLL__FETCH__STATUS__OK) {
		parse->status = answer->state.status;
		parse->detail = arena_strdup(run->facts->arena, answer->state.detail);
		return NULL;
	}
	root = json_parse(answer->body, answer->size, NULL, &error);
	if (root == NULL)
		engine_parse_trouble(parse, PLIMSOLL__FETCH__STATUS__PARSE_ERROR, "%s",
				     error->message);
	return root;
}

/* ---------------------------------------------------------------- how a source went */

static Plimsoll__Fetch *add_fetch(struct engine_run *run, const char *source, const char *group,
				  Plimsoll__Fetch__Status status, const char *detail)
{
	struct arena *arena = run->facts->arena;
	Plimsoll__Fetch *row = arena_calloc(arena, 1, sizeof(*row));

	plimsoll__fetch__init(row);
	row->source = arena_strdup(arena, source);
	row->group = arena_strdup(arena, group);
	row->has_status = true;
	row->status = status;
	row->detail = arena_strdup(arena, detail);
	g_ptr_array_add(run->facts->fetches, row);
	return row;
}

void engine_run_note(struct engine_run *run, const struct engine_job *job,
		     const struct host_get *answer, const struct engine_parse *parse)
{
	g_autofree char *source = g_strconcat("GET ", job->path, NULL);
	Plimsoll__Fetch *row =
		add_fetch(run, source, job->source->group, parse->status, parse->detail);

	if (answer->http_status != 0 && answer->http_status != 200) {
		row->has_http_status = true;
		row->http_status = answer->http_status;
	}
	if (answer->state.errno_value != 0) {
		row->has_errno_value = true;
		row->errno_value = answer->state.errno_value;
	}
}

void engine_run_note_ok(struct engine_run *run, const struct engine_source *source)
{
	if (g_hash_table_contains(run->ok_sources, source->name))
		return;
	g_hash_table_add(run->ok_sources, arena_strdup(run->facts->arena, source->name));
	add_fetch(run, source->name, source->group, PLIMSOLL__FETCH__STATUS__OK, NULL);
}

void engine_run_note_object(struct engine_run *run, const struct engine_job *job,
			    const struct host_get *answer, const struct engine_parse *parse)
{
	if (parse->status == PLIMSOLL__FETCH__STATUS__OK)
		engine_run_note_ok(run, job->source);
	else
		engine_run_note(run, job, answer, parse);
}

void engine_run_note_not_tried(struct engine_run *run, const struct engine_source *source,
			       const char *detail)
{
	add_fetch(run, source->name, source->group, PLIMSOLL__FETCH__STATUS__NOT_TRIED, detail);
}

void engine_run_take_once(struct engine_run *run, const struct engine_job *job,
			  const struct host_get *answer)
{
	struct engine_parse parse;
	PLIMSOLL_AUTO(json) *root = engine_run_read(run, answer, &parse);

	if (root != NULL)
		job->source->parse(run, &parse, root);
	engine_run_note(run, job, answer, &parse);
}

bool engine_run_is_full(const struct engine_run *run)
{
	return arena_used_bytes(run->facts->arena) > LIMIT_ENGINE_FACTS_BYTES;
}

static const char *first_field(const ProtobufCMessage *row)
{
	const void *place = (const char *)row + row->descriptor->fields[0].offset;

	return *(const char *const *)place;
}

int engine_run_compare(const void *a, const void *b)
{
	return g_strcmp0(first_field(*(const ProtobufCMessage *const *)a),
			 first_field(*(const ProtobufCMessage *const *)b));
}
