/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replays recorded answers of an Engine, so that tests see real input without a
 * daemon. It applies the list of allowed requests like the live client does.
 */
#include "agent/engine_recorded.h"

#include <string.h>

#include "agent/engine/engine_request.h"
#include "proto/json.h"

struct engine_recorded {
	char *dir;
	struct json *index;
	GStringChunk *strings;
};

static void load_body(struct engine_recorded *engine, const char *file, struct host_get *request,
		      char **ret_body)
{
	g_autofree char *path = g_build_filename(engine->dir, file, NULL);

	/* A recording names files beside its index, nothing else. */
	if (strchr(file, '/') != NULL ||
	    !g_file_get_contents(path, ret_body, &request->size, NULL)) {
		request->state = (struct host_state){
			.status = PLIMSOLL__FETCH__STATUS__NOT_TRIED,
			.detail = "the recorded answer cannot be read",
		};
		return;
	}
	request->body = *ret_body;
	engine_answer_judge(request, engine->strings);
}

/* Header names differ in case between recorders. */
struct header_search {
	const char *name, *value;
};

static void compare_header(const char *key, const struct json *value, void *data)
{
	struct header_search *search = data;

	if (g_ascii_strcasecmp(key, search->name) == 0)
		search->value = json_as_string(value, NULL);
}

static const char *header_value(const struct json *entry, const char *name)
{
	struct header_search search = {name, NULL};

	json_each(json_get(entry, "headers"), compare_header, &search);
	return search.value;
}

static void answer(struct engine_recorded *engine, struct host_get *request, char **ret_body)
{
	const struct json *entry = json_get(engine->index, request->path);
	const char *file = json_as_string(json_get(entry, "file"), NULL);
	int64_t status = 0;

	if (!engine_path_is_allowed(request->path)) {
		engine_request_refuse(request);
	} else if (file == NULL || !json_as_integer(json_get(entry, "status"), &status) ||
		   status < 100 || status > 999) {
		request->state = (struct host_state){
			.status = PLIMSOLL__FETCH__STATUS__NOT_TRIED,
			.detail = "not recorded",
		};
	} else {
		request->http_status = (int)status;
		request->api_version = header_value(entry, "Api-Version");
		request->libpod_version = header_value(entry, "Libpod-Api-Version");
		request->server = header_value(entry, "Server");
		load_body(engine, file, request, ret_body);
	}
}

void engine_recorded_get(struct engine_recorded *engine, struct host_get *requests,
			 guint n_requests, void (*done)(struct host_get *request, void *data),
			 void *data)
{
	for (guint i = 0; i < n_requests; i++) {
		g_autofree char *body = NULL;

		answer(engine, &requests[i], &body);
		done(&requests[i], data);
		requests[i].body = NULL;
		requests[i].size = 0;
	}
}

struct engine_recorded *engine_recorded_new(const char *dir, GError **error)
{
	g_autofree char *path = g_build_filename(dir, "index.json", NULL), *text = NULL;
	g_autoptr(GError) cause = NULL;
	PLIMSOLL_AUTO(json) *index = NULL;
	struct engine_recorded *engine = NULL;
	gsize size = 0;

	if (!g_file_get_contents(path, &text, &size, &cause)) {
		if (!g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_NOENT))
			g_set_error(error, HOST_ERROR, HOST_ERROR_RECORDING, "%s", cause->message);
		return NULL;
	}
	index = json_parse(text, size, NULL, &cause);
	if (index == NULL) {
		g_set_error(error, HOST_ERROR, HOST_ERROR_RECORDING, "recording \"%s\": %s", path,
			    cause->message);
		return NULL;
	}
	engine = g_new0(struct engine_recorded, 1);
	engine->dir = g_strdup(dir);
	engine->index = g_steal_pointer(&index);
	engine->strings = g_string_chunk_new(1024);
	return engine;
}

void engine_recorded_free(struct engine_recorded *engine)
{
	if (engine == NULL)
		return;
	json_free(engine->index);
	g_string_chunk_free(engine->strings);
	g_free(engine->dir);
	g_free(engine);
}
