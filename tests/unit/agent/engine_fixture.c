/* SPDX-License-Identifier: Apache-2.0 */
/* Test hosts: the Engine's door alone, recorded, made up or live. */
#include "tests/unit/agent/engine_fixture.h"

#include <string.h>

#include "agent/engine/engine_request.h"
#include "agent/engine_recorded.h"

static bool answer_made_up(struct fixture_host *fixture, struct host_get *request)
{
	static GStringChunk *strings;
	gpointer body = NULL;

	if (strings == NULL)
		strings = g_string_chunk_new(256);
	if (!g_hash_table_lookup_extended(fixture->bodies, request->path, NULL, &body))
		return false;
	request->http_status = 200;
	request->body = body;
	if (request->body[0] == '!') {
		request->http_status = (int)g_ascii_strtoull(request->body + 1, NULL, 10);
		request->body = strchr(request->body, ' ') + 1;
	}
	request->size = strlen(request->body);
	request->api_version = "1.41";
	request->server = "Docker/20.10.24 (linux)";
	engine_answer_judge(request, strings);
	return true;
}

static void get(struct host *host, struct host_get *requests, guint n_requests,
		void (*done)(struct host_get *request, void *data), void *data)
{
	struct fixture_host *fixture = (struct fixture_host *)host;

	fixture->n_requests += n_requests;
	for (guint i = 0; i < n_requests; i++)
		g_ptr_array_add(fixture->paths, g_strdup(requests[i].path));
	if (fixture->curl != NULL) {
		engine_curl_get(fixture->curl, requests, n_requests, done, data);
		return;
	}
	for (guint i = 0; i < n_requests; i++) {
		if (answer_made_up(fixture, &requests[i]))
			done(&requests[i], data);
		else if (fixture->recorded != NULL)
			engine_recorded_get(fixture->recorded, &requests[i], 1, done, data);
		else
			g_error("no answer for %s", requests[i].path);
	}
}

static const struct host_ops ops = {.transport = "test", .docker_get = get};

static struct fixture_host *fixture_new(void)
{
	struct fixture_host *fixture = g_new0(struct fixture_host, 1);

	fixture->host.ops = &ops;
	fixture->bodies = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	fixture->paths = g_ptr_array_new_with_free_func(g_free);
	return fixture;
}

struct fixture_host *fixture_recorded(const char *dir)
{
	struct fixture_host *fixture = fixture_new();
	g_autoptr(GError) error = NULL;

	if (dir != NULL) {
		fixture->recorded = engine_recorded_new(dir, &error);
		g_assert_no_error(error);
		g_assert_nonnull(fixture->recorded);
	}
	return fixture;
}

struct fixture_host *fixture_live(const char *socket_path, const struct engine_curl_limits *limits)
{
	struct fixture_host *fixture = fixture_new();

	fixture->curl = engine_curl_new(socket_path, limits);
	return fixture;
}

void fixture_free(struct fixture_host *fixture)
{
	if (fixture == NULL)
		return;
	engine_recorded_free(fixture->recorded);
	engine_curl_free(fixture->curl);
	g_hash_table_unref(fixture->bodies);
	g_ptr_array_unref(fixture->paths);
	g_free(fixture);
}

void fixture_set_body(struct fixture_host *fixture, const char *path, const char *body)
{
	g_hash_table_replace(fixture->bodies, g_strdup(path), g_strdup(body));
}

void fixture_messages_init(struct fixture_messages *messages, const struct engine_facts *facts)
{
	*messages = (struct fixture_messages){PLIMSOLL__FACTS__INIT, PLIMSOLL__OBSERVED__INIT};
	messages->facts.engine = facts->engine;
	messages->facts.fetch = (void *)facts->fetches->pdata;
	messages->facts.n_fetch = facts->fetches->len;
	messages->facts.container = (void *)facts->containers->pdata;
	messages->facts.n_container = facts->containers->len;
	messages->facts.image = (void *)facts->images->pdata;
	messages->facts.n_image = facts->images->len;
	messages->facts.image_history = (void *)facts->image_history->pdata;
	messages->facts.n_image_history = facts->image_history->len;
	messages->facts.network = (void *)facts->networks->pdata;
	messages->facts.n_network = facts->networks->len;
	messages->facts.volume = (void *)facts->volumes->pdata;
	messages->facts.n_volume = facts->volumes->len;
	messages->facts.node = (void *)facts->nodes->pdata;
	messages->facts.n_node = facts->nodes->len;
	messages->facts.service = (void *)facts->services->pdata;
	messages->facts.n_service = facts->services->len;
	messages->observed.container = (void *)facts->container_states->pdata;
	messages->observed.n_container = facts->container_states->len;
}

char *fixture_json(const struct engine_facts *facts)
{
	struct fixture_messages messages;
	PLIMSOLL_AUTO(json) *root = json_object_new();
	g_autofree char *text = NULL;

	fixture_messages_init(&messages, facts);
	json_set(root, "facts", facts_json_from_message(&messages.facts.base));
	json_set(root, "observed", facts_json_from_message(&messages.observed.base));
	text = json_text(root, true);
	return g_strconcat(text, "\n", NULL);
}

const Plimsoll__Fetch *fixture_fetch(const struct engine_facts *facts, const char *source)
{
	for (guint i = 0; i < facts->fetches->len; i++) {
		const Plimsoll__Fetch *row = facts->fetches->pdata[i];
		if (strcmp(row->source, source) == 0)
			return row;
	}
	return NULL;
}

int fixture_status(const struct engine_facts *facts, const char *source)
{
	const Plimsoll__Fetch *row = fixture_fetch(facts, source);

	return row == NULL ? 0 : (int)row->status;
}

const Plimsoll__Container *fixture_container(const struct engine_facts *facts, const char *name)
{
	for (guint i = 0; i < facts->containers->len; i++) {
		const Plimsoll__Container *row = facts->containers->pdata[i];
		if (g_strcmp0(row->name, name) == 0)
			return row;
	}
	return NULL;
}

void fixture_assert_golden(const char *path, const char *text)
{
	g_autofree char *golden = NULL;
	g_autoptr(GError) error = NULL;

	if (g_getenv("PLIMSOLL_BLESS") != NULL) {
		g_file_set_contents(path, text, -1, &error);
		g_assert_no_error(error);
		return;
	}
	g_file_get_contents(path, &golden, NULL, &error);
	g_assert_no_error(error);
	if (strcmp(golden, text) != 0) {
		size_t at = 0;
		while (golden[at] == text[at])
			at++;
		while (at > 0 && text[at] != '\n')
			at--;
		g_error("%s differs; PLIMSOLL_BLESS=1 rewrites it. First difference:\n"
			"want%.300s\ngot%.300s",
			path, golden + MIN(at, strlen(golden)), text + at);
	}
}
