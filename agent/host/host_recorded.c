/* SPDX-License-Identifier: Apache-2.0 */
/* Step 1 of the flow, for tests: the door to a recording (host_recording.h says how it looks). */
#include <string.h>

#include "agent/engine_recorded.h"
#include "agent/host.h"
#include "agent/host/host_recording.h"

struct recorded {
	struct host host;
	struct json *recording; /* NULL: there is no host.json */
	struct engine_recorded *engine;
};

static bool run_recorded(struct host *host, struct host_batch *batch, GError **error)
{
	const struct recorded *recorded = (struct recorded *)host;

	(void)error;
	host_recording_answer(recorded->recording, batch);
	return true;
}

static void get_recorded(struct host *host, struct host_get *requests, guint n_requests,
			 void (*done)(struct host_get *request, void *data), void *data)
{
	const struct recorded *recorded = (struct recorded *)host;

	if (recorded->engine != NULL) {
		engine_recorded_get(recorded->engine, requests, n_requests, done, data);
		return;
	}
	for (guint i = 0; i < n_requests; i++) {
		requests[i].state.status = PLIMSOLL__FETCH__STATUS__NOT_TRIED;
		done(&requests[i], data);
	}
}

static void free_recorded(struct host *host)
{
	struct recorded *recorded = (struct recorded *)host;

	json_free(recorded->recording);
	engine_recorded_free(recorded->engine);
	g_free(host->endpoint);
	g_free(host->socket_path);
	g_free(recorded);
}

static const struct host_ops recorded_ops = {
	.transport = "recorded",
	.run = run_recorded,
	.docker_get = get_recorded,
	.free = free_recorded,
};

/* NULL without an error: there is none. */
static struct json *load(const char *dir, GError **error)
{
	g_autofree char *path = g_build_filename(dir, "host.json", NULL);
	g_autofree char *text = NULL;
	g_autoptr(GError) missing = NULL;
	struct json *recording = NULL;
	gsize size = 0;

	if (!g_file_get_contents(path, &text, &size, &missing)) {
		if (!g_error_matches(missing, G_FILE_ERROR, G_FILE_ERROR_NOENT))
			g_propagate_error(error, g_steal_pointer(&missing));
		return NULL;
	}
	recording = json_parse(text, size, NULL, error);
	if (recording == NULL)
		g_prefix_error(error, "\"%s\": ", path);
	return recording;
}

struct host *host_recorded_new(const char *dir, GError **error)
{
	static const char unix_scheme[] = "unix://";
	PLIMSOLL_AUTO(host) *host = NULL;
	g_autoptr(GError) broken = NULL;
	struct recorded *recorded = g_new0(struct recorded, 1);
	const char *endpoint = NULL;

	host = &recorded->host;
	host->ops = &recorded_ops;
	recorded->recording = load(dir, &broken);
	if (broken == NULL)
		recorded->engine = engine_recorded_new(dir, &broken);
	if (broken != NULL) {
		g_set_error_literal(error, HOST_ERROR, HOST_ERROR_RECORDING, broken->message);
		return NULL;
	}
	endpoint = json_as_string(json_get(recorded->recording, "endpoint"), NULL);
	host->endpoint = g_strdup(endpoint == NULL ? "unix:///run/docker.sock" : endpoint);
	if (g_str_has_prefix(host->endpoint, unix_scheme))
		host->socket_path = g_strdup(host->endpoint + strlen(unix_scheme));
	(void)json_as_boolean(json_get(recorded->recording, "root_dir"), &host->has_root_dir);
	return g_steal_pointer(&host);
}
