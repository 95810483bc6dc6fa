/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers of a daemon. The first byte chooses which request gets the rest as its answer; the
 * others get plain ones, so that every parser is reached. What comes out must be facts that a
 * server accepts.
 */
#include <string.h>

#include "agent/collect.h"
#include "agent/engine/engine_request.h"
#include "tests/fuzz/fuzz.h"

#define ID  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define IMG "sha256:" ID

static const struct {
	const char *path, *body;
} answers[] = {
	{"/_ping", "OK"},
	{"/version", "{}"},
	{"/info", "{\"Swarm\":{\"ControlAvailable\":true},\"SecurityOptions\":[]}"},
	{"/containers/json?all=1",
	 "[{\"Id\":\"" ID "\",\"Names\":[\"/web\"],\"State\":\"running\",\"ImageID\":\"" IMG
	 "\"}]"},
	{"/images/json", "[{\"Id\":\"" IMG "\",\"RepoTags\":[\"web:1\"]}]"},
	{"/networks", "[]"},
	{"/volumes", "{\"Volumes\":[]}"},
	{"/nodes", "[]"},
	{"/services", "[]"},
	{"/containers/" ID "/json", "{}"},
	{"/images/" IMG "/json", "{\"Config\":{\"Env\":[\"A=b\"]}}"},
	{"/images/" IMG "/history", "[]"},
};

struct fuzz_host {
	struct host host;
	size_t chosen;
	const char *body;
	size_t size;
	GStringChunk *strings;
};

static void answer(const struct fuzz_host *fuzz, struct host_get *request)
{
	size_t i = 0;

	while (i < G_N_ELEMENTS(answers) && strcmp(answers[i].path, request->path) != 0)
		i++;
	request->http_status = 200;
	request->api_version = "1.41";
	request->body = fuzz->body;
	request->size = fuzz->size;
	if (i < G_N_ELEMENTS(answers) && i != fuzz->chosen) {
		request->body = answers[i].body;
		request->size = strlen(request->body);
	}
	engine_answer_judge(request, fuzz->strings);
}

static void get(struct host *host, struct host_get *requests, guint n_requests,
		void (*done)(struct host_get *request, void *data), void *data)
{
	for (guint i = 0; i < n_requests; i++) {
		answer((const struct fuzz_host *)host, &requests[i]);
		done(&requests[i], data);
	}
}

static const struct host_ops ops = {.transport = "test", .docker_get = get};

/* The facts of one table each are enough: they share no state. */
static void assert_accepted(const struct engine_facts *facts)
{
	Plimsoll__Facts message = PLIMSOLL__FACTS__INIT;
	g_autoptr(GBytes) packed = NULL;
	PLIMSOLL_AUTO(arena) *arena = arena_new(LIMIT_UNPACK_ARENA_BYTES);
	g_autoptr(GError) error = NULL;
	gsize size = 0;
	const void *data = NULL;

	message.engine = facts->engine;
	message.fetch = (void *)facts->fetches->pdata;
	message.n_fetch = facts->fetches->len;
	message.container = (void *)facts->containers->pdata;
	message.n_container = facts->containers->len;
	message.image = (void *)facts->images->pdata;
	message.n_image = facts->images->len;
	message.image_history = (void *)facts->image_history->pdata;
	message.n_image_history = facts->image_history->len;
	message.network = (void *)facts->networks->pdata;
	message.n_network = facts->networks->len;
	message.volume = (void *)facts->volumes->pdata;
	message.n_volume = facts->volumes->len;
	message.node = (void *)facts->nodes->pdata;
	message.n_node = facts->nodes->len;
	message.service = (void *)facts->services->pdata;
	message.n_service = facts->services->len;
	packed = wire_pack(&message.base);
	data = g_bytes_get_data(packed, &size);
	wire_unpack_facts(data, size, arena, &error);
	g_assert_no_error(error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_host fuzz = {.host.ops = &ops};
	struct engine_facts facts;
	g_autofree char *body = NULL;

	if (size == 0)
		return 0;
	body = g_strndup((const char *)data + 1, size - 1);
	memcpy(body, data + 1, size - 1);
	fuzz.chosen = (size_t)(data[0] - 'a') % G_N_ELEMENTS(answers);
	fuzz.body = body;
	fuzz.size = size - 1;
	fuzz.strings = g_string_chunk_new(256);
	collect_engine(&fuzz.host, NULL, &facts);
	assert_accepted(&facts);
	engine_facts_done(&facts);
	g_string_chunk_free(fuzz.strings);
	return 0;
}
