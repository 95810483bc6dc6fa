/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 1 of the flow, the Engine's half: asks in four waves (who are you; lists; one inspect per
 * object; history of new images), and leaves rows and, for every source, how it went. One broken
 * answer costs its own rows only.
 */
#include <string.h>

#include "agent/collect.h"
#include "agent/engine/engine_cache.h"
#include "agent/engine/engine_container.h"
#include "agent/engine/engine_history.h"
#include "agent/engine/engine_image.h"
#include "agent/engine/engine_info.h"
#include "agent/engine/engine_network.h"
#include "agent/engine/engine_request.h"
#include "agent/engine/engine_run.h"
#include "agent/engine/engine_swarm.h"

/* What the waves hand on to each other. */
struct waves {
	const struct collect_options *options;
	struct engine_dialect dialect; /* to know whether /version must come first */
	struct engine_cache *cache;
	GHashTable *used_images; /* ids of the images of all containers, in the arena */
	GPtrArray *new_images;   /* Plimsoll__Image: inspected now, history not asked yet */
	bool is_answering;
	bool has_containers, has_images; /* their lists were read whole */
	guint n_inspects, n_inspected;
};

static bool ask_who(struct engine_run *run);
static void ask_lists(struct engine_run *run);
static void ask_objects(struct engine_run *run);
static void ask_histories(struct engine_run *run);
static void set_order(struct engine_facts *facts);

static void facts_init(struct engine_facts *facts)
{
	*facts = (struct engine_facts){
		.arena = arena_new(SIZE_MAX),
		.containers = g_ptr_array_new(),
		.images = g_ptr_array_new(),
		.image_history = g_ptr_array_new(),
		.networks = g_ptr_array_new(),
		.volumes = g_ptr_array_new(),
		.nodes = g_ptr_array_new(),
		.services = g_ptr_array_new(),
		.container_states = g_ptr_array_new(),
		.fetches = g_ptr_array_new(),
		.fetch_costs = g_ptr_array_new(),
		.cost = PLIMSOLL__COST__INIT,
	};
	facts->cost.has_image_cache_hits = true;
}

void engine_facts_done(struct engine_facts *facts)
{
	GPtrArray **const lists[] = {&facts->containers,    &facts->images,
				     &facts->image_history, &facts->networks,
				     &facts->volumes,       &facts->nodes,
				     &facts->services,      &facts->container_states,
				     &facts->fetches,       &facts->fetch_costs};

	for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
		g_clear_pointer(lists[i], g_ptr_array_unref);
	g_clear_pointer(&facts->arena, arena_free);
	facts->engine = NULL;
}

void collect_engine(struct host *host, const struct collect_options *options,
		    struct engine_facts *ret_facts)
{
	struct waves waves = {.options = options};
	struct engine_run run;

	facts_init(ret_facts);
	engine_run_init(&run, host, ret_facts, &waves);
	waves.cache = engine_cache_load(options == NULL ? NULL : options->image_cache_path,
					ret_facts->arena);
	waves.used_images = g_hash_table_new(g_str_hash, g_str_equal);
	waves.new_images = g_ptr_array_new();
	if (ask_who(&run)) {
		ask_lists(&run);
		ask_objects(&run);
		ask_histories(&run);
		/* A cache that cannot be written costs a few calls next time, no more. */
		(void)engine_cache_save(waves.cache, waves.has_images && waves.has_containers,
					NULL);
	}
	set_order(ret_facts);
	engine_run_done(&run);
	engine_cache_free(waves.cache);
	g_hash_table_unref(waves.used_images);
	g_ptr_array_unref(waves.new_images);
}

static void set_order(struct engine_facts *facts)
{
	GPtrArray *const lists[] = {facts->containers, facts->images, facts->container_states,
				    facts->fetches, facts->fetch_costs};

	for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
		g_ptr_array_sort(lists[i], engine_run_compare);
}

/* ---------------------------------------------------------------- wave 1: who are you */

static Plimsoll__Engine *engine_row(struct engine_run *run)
{
	struct engine_facts *facts = run->facts;

	if (facts->engine == NULL) {
		facts->engine = arena_calloc(facts->arena, 1, sizeof(*facts->engine));
		plimsoll__engine__init(facts->engine);
		facts->engine->has_kind = true;
		facts->engine->kind = PLIMSOLL__ENGINE__KIND__UNKNOWN;
	}
	return facts->engine;
}

static void take_ping(struct engine_run *run, const struct engine_job *job,
		      const struct host_get *answer)
{
	struct waves *waves = run->data;
	struct engine_parse parse = {run->facts->arena, answer->state.status,
				     arena_strdup(run->facts->arena, answer->state.detail)};

	if (answer->state.status == PLIMSOLL__FETCH__STATUS__OK)
		engine_info_take_ping(answer, engine_row(run));
	engine_dialect_learn(&waves->dialect, answer);
	waves->is_answering = answer->http_status != 0;
	engine_run_note(run, job, answer, &parse);
}

static void parse_version(struct engine_run *run, struct engine_parse *parse,
			  const struct json *root)
{
	if (json_is(root, JSON_KIND_OBJECT))
		engine_info_take_version(parse, root, engine_row(run));
	else
		engine_parse_trouble(parse, PLIMSOLL__FETCH__STATUS__PARSE_ERROR,
				     "the answer is not an object");
}

static void parse_info(struct engine_run *run, struct engine_parse *parse, const struct json *root);
static void parse_containers(struct engine_run *run, struct engine_parse *parse,
			     const struct json *root);
static void parse_images(struct engine_run *run, struct engine_parse *parse,
			 const struct json *root);
static void parse_networks(struct engine_run *run, struct engine_parse *parse,
			   const struct json *root);
static void parse_volumes(struct engine_run *run, struct engine_parse *parse,
			  const struct json *root);
static void parse_nodes(struct engine_run *run, struct engine_parse *parse,
			const struct json *root);
static void parse_services(struct engine_run *run, struct engine_parse *parse,
			   const struct json *root);

static const struct engine_source ping = {"GET /_ping", "engine", take_ping, NULL};
static const struct engine_source version = {"GET /version", "engine", engine_run_take_once,
					     parse_version};
static const struct engine_source lists[] = {
	{"GET /info", "engine", engine_run_take_once, parse_info},
	{"GET /containers/json?all=1", "container", engine_run_take_once, parse_containers},
	{"GET /images/json", "image", engine_run_take_once, parse_images},
	{"GET /networks", "network", engine_run_take_once, parse_networks},
	{"GET /volumes", "volume", engine_run_take_once, parse_volumes},
};
static const struct engine_source manager_lists[] = {
	{"GET /nodes", "node", engine_run_take_once, parse_nodes},
	{"GET /services", "service", engine_run_take_once, parse_services},
};

static void note_not_tried(struct engine_run *run, const struct engine_source *sources,
			   size_t n_sources, const char *detail)
{
	for (size_t i = 0; i < n_sources; i++)
		engine_run_note_not_tried(run, &sources[i], detail);
}

/* Whether the Engine answers at all; an error is an answer too, since some proxies hide /_ping. */
static bool ask_who(struct engine_run *run)
{
	static const char why[] = "GET /_ping had no answer";
	const struct waves *waves = run->data;

	engine_run_add(run, &ping, NULL, NULL);
	engine_run_ask(run);
	if (waves->is_answering)
		return true;
	note_not_tried(run, &version, 1, why);
	note_not_tried(run, lists, G_N_ELEMENTS(lists), why);
	note_not_tried(run, manager_lists, G_N_ELEMENTS(manager_lists), why);
	return false;
}

/* ---------------------------------------------------------------- wave 2: lists */

static void ask_lists(struct engine_run *run)
{
	const struct waves *waves = run->data;

	engine_run_add(run, &version, NULL, NULL);
	if (engine_dialect_needs_minimum(&waves->dialect))
		engine_run_ask(run);
	for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
		engine_run_add(run, &lists[i], NULL, NULL);
	engine_run_ask(run);
}

static void parse_info(struct engine_run *run, struct engine_parse *parse, const struct json *root)
{
	engine_info_take(parse, root, engine_row(run));
}

/* Takes a list entry by entry (null is an empty list), orders the rows and cuts them to the limit.
 */
static void parse_rows(struct engine_run *run, struct engine_parse *parse, const struct json *list,
		       void *(*take)(struct engine_parse *parse, const struct json *entry),
		       guint limit, GPtrArray *rows)
{
	if (!json_is(list, JSON_KIND_ARRAY) && !json_is(list, JSON_KIND_NULL)) {
		engine_parse_trouble(parse, PLIMSOLL__FETCH__STATUS__PARSE_ERROR,
				     "the answer is not a list");
		return;
	}
	for (size_t i = 0; i < json_length(list); i++) {
		void *row = engine_run_is_full(run) ? NULL : take(parse, json_at(list, i));

		if (row != NULL)
			g_ptr_array_add(rows, row);
	}
	g_ptr_array_sort(rows, engine_run_compare);
	if (rows->len > limit || engine_run_is_full(run)) {
		guint kept = MIN(rows->len, limit);

		engine_parse_trouble(parse, PLIMSOLL__FETCH__STATUS__TRUNCATED, "%u of %zu seen",
				     kept, json_length(list));
		g_ptr_array_set_size(rows, (gint)kept);
	}
}

static void *take_listed_container(struct engine_parse *parse, const struct json *entry)
{
	return engine_container_from_list(parse, entry);
}

static void parse_containers(struct engine_run *run, struct engine_parse *parse,
			     const struct json *root)
{
	struct waves *waves = run->data;

	parse_rows(run, parse, root, take_listed_container, LIMIT_CONTAINERS,
		   run->facts->containers);
	for (size_t i = 0; i < json_length(root); i++) {
		const char *id = json_as_string(json_get(json_at(root, i), "ImageID"), NULL);

		if (id != NULL && id[0] != '\0' && !g_hash_table_contains(waves->used_images, id))
			g_hash_table_add(waves->used_images, arena_strdup(run->facts->arena, id));
	}
	waves->has_containers = parse->status == PLIMSOLL__FETCH__STATUS__OK;
}

static void parse_images(struct engine_run *run, struct engine_parse *parse,
			 const struct json *root)
{
	struct waves *waves = run->data;

	parse_rows(run, parse, root, engine_image_from_list, LIMIT_IMAGES, run->facts->images);
	waves->has_images = parse->status == PLIMSOLL__FETCH__STATUS__OK;
}

static void parse_networks(struct engine_run *run, struct engine_parse *parse,
			   const struct json *root)
{
	parse_rows(run, parse, root, engine_network, LIMIT_NETWORKS, run->facts->networks);
}

static void parse_volumes(struct engine_run *run, struct engine_parse *parse,
			  const struct json *root)
{
	const struct json *list = json_get(root, "Volumes");

	if (list != NULL)
		parse_rows(run, parse, list, engine_network_volume, LIMIT_VOLUMES,
			   run->facts->volumes);
	else
		engine_parse_trouble(parse, PLIMSOLL__FETCH__STATUS__PARSE_ERROR,
				     "Volumes is missing");
}

static void parse_nodes(struct engine_run *run, struct engine_parse *parse, const struct json *root)
{
	parse_rows(run, parse, root, engine_swarm_node, LIMIT_NODES, run->facts->nodes);
}

static void parse_services(struct engine_run *run, struct engine_parse *parse,
			   const struct json *root)
{
	parse_rows(run, parse, root, engine_swarm_service, LIMIT_SERVICES, run->facts->services);
}

/* ---------------------------------------------------------------- wave 3: objects */

static const char full_text[] = "the memory for facts is used up";

static void report_progress(const struct engine_run *run)
{
	struct waves *waves = run->data;
	const struct collect_options *options = waves->options;

	waves->n_inspected++;
	if (options != NULL && options->progress != NULL)
		options->progress("containers", waves->n_inspected, waves->n_inspects,
				  options->progress_data);
}

/*
 * Removed since the list: an everyday race, and nothing to judge. Docker 20.10 to 29 and Podman 4
 * say so in these words; a 404 without them comes from something between us and the Engine.
 */
static bool is_gone(const struct host_get *answer, const char *words)
{
	g_autofree char *text =
		g_ascii_strdown(answer->state.detail == NULL ? "" : answer->state.detail, -1);

	return answer->http_status == 404 && strstr(text, words) != NULL;
}

static void take_container(struct engine_run *run, const struct engine_job *job,
			   const struct host_get *answer)
{
	Plimsoll__Container *row = job->row;
	Plimsoll__ContainerState *state = NULL;
	struct engine_parse parse;
	PLIMSOLL_AUTO(json) *root = NULL;

	report_progress(run);
	if (is_gone(answer, "no such container")) {
		g_ptr_array_remove(run->facts->containers, row);
		return;
	}
	root = engine_run_read(run, answer, &parse);
	if (root != NULL && engine_run_is_full(run)) {
		engine_parse_trouble(&parse, PLIMSOLL__FETCH__STATUS__TRUNCATED, full_text);
	} else if (root != NULL) {
		state = engine_parse_row(&parse, &plimsoll__container_state__descriptor);
		engine_container_inspect(&parse, root, row, state);
		if (state->id != NULL)
			g_ptr_array_add(run->facts->container_states, state);
	}
	row->has_inspect_status = true;
	row->inspect_status = parse.status;
	row->inspect_detail = parse.detail;
	if (g_strcmp0(row->state, "removing") == 0)
		g_ptr_array_remove(run->facts->containers, row);
	else
		engine_run_note_object(run, job, answer, &parse);
}

static void take_image(struct engine_run *run, const struct engine_job *job,
		       const struct host_get *answer)
{
	struct waves *waves = run->data;
	Plimsoll__Image *row = job->row;
	struct engine_parse parse;
	PLIMSOLL_AUTO(json) *root = NULL;

	if (is_gone(answer, "no such image")) {
		g_ptr_array_remove(run->facts->images, row);
		return;
	}
	root = engine_run_read(run, answer, &parse);
	if (root != NULL && engine_run_is_full(run))
		engine_parse_trouble(&parse, PLIMSOLL__FETCH__STATUS__TRUNCATED, full_text);
	else if (root != NULL)
		engine_image_inspect(&parse, root, row);
	row->has_inspect_status = true;
	row->inspect_status = parse.status;
	row->inspect_detail = parse.detail;
	engine_run_note_object(run, job, answer, &parse);
	g_ptr_array_add(waves->new_images, row);
}

static void take_history(struct engine_run *run, const struct engine_job *job,
			 const struct host_get *answer);

static const struct engine_source one_container = {"GET /containers/ID/json", "container",
						   take_container, NULL};
static const struct engine_source one_image = {"GET /images/ID/json", "image", take_image, NULL};
static const struct engine_source one_history = {"GET /images/ID/history", "image", take_history,
						 NULL};

/* Rows for images that containers use but the list does not name. */
static void add_unlisted_images(struct engine_run *run)
{
	struct waves *waves = run->data;
	g_autoptr(GHashTable) listed = g_hash_table_new(g_str_hash, g_str_equal);
	GHashTableIter iter;
	gpointer id = NULL;

	for (guint i = 0; i < run->facts->images->len; i++) {
		const Plimsoll__Image *row = run->facts->images->pdata[i];
		g_hash_table_add(listed, row->id);
	}
	g_hash_table_iter_init(&iter, waves->used_images);
	while (g_hash_table_iter_next(&iter, &id, NULL)) {
		Plimsoll__Image *row = NULL;

		if (g_hash_table_contains(listed, id) || run->facts->images->len >= LIMIT_IMAGES)
			continue;
		row = arena_calloc(run->facts->arena, 1, sizeof(*row));
		plimsoll__image__init(row);
		row->id = id;
		g_ptr_array_add(run->facts->images, row);
	}
}

/* Fills row from the cache; what the list says of it stays. */
static bool take_from_cache(struct engine_run *run, Plimsoll__Image *row)
{
	struct waves *waves = run->data;
	Plimsoll__ImageHistory **history = NULL;
	size_t n_history = 0;
	const Plimsoll__Image *cached =
		engine_cache_find(waves->cache, row->id, &history, &n_history);
	Plimsoll__Image listed = *row;

	if (cached == NULL)
		return false;
	*row = *cached;
	row->id = listed.id;
	row->repo_tag = listed.repo_tag;
	row->n_repo_tag = listed.n_repo_tag;
	row->repo_digest = listed.repo_digest;
	row->n_repo_digest = listed.n_repo_digest;
	row->has_used = listed.has_used;
	row->used = listed.used;
	if (listed.has_created)
		row->created = listed.created;
	if (listed.has_size)
		row->size = listed.size;
	for (size_t i = 0; i < n_history; i++)
		g_ptr_array_add(run->facts->image_history, history[i]);
	run->facts->cost.image_cache_hits++;
	engine_run_note_ok(run, &one_image);
	engine_run_note_ok(run, &one_history);
	return true;
}

static void add_image_jobs(struct engine_run *run)
{
	const struct waves *waves = run->data;

	add_unlisted_images(run);
	for (guint i = 0; i < run->facts->images->len; i++) {
		Plimsoll__Image *row = run->facts->images->pdata[i];
		bool is_used = g_hash_table_contains(waves->used_images, row->id);

		row->has_used = waves->has_containers || is_used;
		row->used = is_used;
		/* Without a name and unused: counted, not judged. */
		if (row->n_repo_tag == 0 && row->n_repo_digest == 0 && row->has_used && !is_used)
			continue;
		if (!take_from_cache(run, row))
			engine_run_add(run, &one_image, g_strdup_printf("/images/%s/json", row->id),
				       row);
	}
}

static void add_swarm_jobs(struct engine_run *run)
{
	const Plimsoll__Engine *engine = run->facts->engine;

	if (engine == NULL || !engine->has_swarm_control)
		note_not_tried(run, manager_lists, G_N_ELEMENTS(manager_lists),
			       "GET /info did not say whether this is a manager");
	else if (engine->swarm_control)
		for (size_t i = 0; i < G_N_ELEMENTS(manager_lists); i++)
			engine_run_add(run, &manager_lists[i], NULL, NULL);
}

static void ask_objects(struct engine_run *run)
{
	struct waves *waves = run->data;
	GPtrArray *containers = run->facts->containers;

	waves->n_inspects = containers->len;
	for (guint i = 0; i < containers->len; i++) {
		Plimsoll__Container *row = containers->pdata[i];

		engine_run_add(run, &one_container, g_strdup_printf("/containers/%s/json", row->id),
			       row);
	}
	add_image_jobs(run);
	add_swarm_jobs(run);
	engine_run_ask(run);
}

/* ---------------------------------------------------------------- wave 4: histories */

static bool is_ok(protobuf_c_boolean has_status, Plimsoll__Fetch__Status status)
{
	return has_status && status == PLIMSOLL__FETCH__STATUS__OK;
}

static void take_history(struct engine_run *run, const struct engine_job *job,
			 const struct host_get *answer)
{
	struct waves *waves = run->data;
	Plimsoll__Image *row = job->row;
	g_autoptr(GPtrArray) steps = g_ptr_array_new();
	struct engine_parse parse;
	PLIMSOLL_AUTO(json) *root = NULL;
	Plimsoll__ImageHistory **kept = NULL;
	size_t n_kept = 0;

	if (is_gone(answer, "no such image")) {
		g_ptr_array_remove(run->facts->images, row);
		return;
	}
	root = engine_run_read(run, answer, &parse);
	if (root != NULL && engine_run_is_full(run))
		engine_parse_trouble(&parse, PLIMSOLL__FETCH__STATUS__TRUNCATED, full_text);
	else if (root != NULL)
		engine_history_take(&parse, root, row, steps);
	row->has_history_status = true;
	row->history_status = parse.status;
	row->history_detail = parse.detail;
	kept = engine_parse_array(&parse, steps, &n_kept);
	for (size_t i = 0; i < n_kept; i++)
		g_ptr_array_add(run->facts->image_history, kept[i]);
	engine_run_note_object(run, job, answer, &parse);
	if (is_ok(row->has_inspect_status, row->inspect_status) && is_ok(true, parse.status))
		engine_cache_put(waves->cache, row, kept, n_kept);
}

static int compare_steps(const void *a, const void *b)
{
	const Plimsoll__ImageHistory *left = *(const Plimsoll__ImageHistory *const *)a;
	const Plimsoll__ImageHistory *right = *(const Plimsoll__ImageHistory *const *)b;
	int order = g_strcmp0(left->image_id, right->image_id);

	return order != 0 ? order : (left->n > right->n) - (left->n < right->n);
}

/* After the inspects, since only they tell which names the environment and the labels have. */
static void ask_histories(struct engine_run *run)
{
	const struct waves *waves = run->data;

	for (guint i = 0; i < waves->new_images->len; i++) {
		Plimsoll__Image *row = waves->new_images->pdata[i];

		engine_run_add(run, &one_history, g_strdup_printf("/images/%s/history", row->id),
			       row);
	}
	engine_run_ask(run);
	g_ptr_array_sort(run->facts->image_history, compare_steps);
}
