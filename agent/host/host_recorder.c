/* SPDX-License-Identifier: Apache-2.0 */
/* Step 1 of the flow, for tests: records a host while it is collected from. */
#include "agent/host/host_recorder.h"

#include <errno.h>
#include <sys/stat.h>

#include "agent/host/host_recording.h"

struct recorder {
	struct host host;
	struct host *inner;
	char *dir;
	struct host_recording recording; /* of run(), in the caller's thread */
	struct json *index;              /* of docker_get(), in its thread; joined before saving */
	GPtrArray *bodies;               /* GBytes*, in the order of files */
	GPtrArray *files;                /* char* */
};

static bool run_inner(struct host *host, struct host_batch *batch, GError **error)
{
	struct recorder *recorder = (struct recorder *)host;

	if (!recorder->inner->ops->run(recorder->inner, batch, error))
		return false;
	host_recording_add(&recorder->recording, batch);
	return true;
}

struct passing {
	struct recorder *recorder;
	void (*done)(struct host_get *request, void *data);
	void *data;
};

static void set_header(struct json *headers, const char *name, const char *value)
{
	if (value != NULL)
		json_set(headers, name, json_new_string(value));
}

static void note_answer(struct recorder *recorder, const struct host_get *request)
{
	g_autofree char *escaped = g_uri_escape_string(request->path, NULL, FALSE);
	g_autofree char *file = g_strconcat(escaped, ".json", NULL);
	struct json *entry = NULL;
	struct json *headers = NULL;

	if (request->http_status == 0)
		return;
	entry = json_set(recorder->index, request->path, json_object_new());
	json_set(entry, "status", json_new_integer(request->http_status));
	json_set(entry, "file", json_new_string(file));
	headers = json_set(entry, "headers", json_object_new());
	set_header(headers, "Api-Version", request->api_version);
	set_header(headers, "Libpod-Api-Version", request->libpod_version);
	set_header(headers, "Server", request->server);
	g_ptr_array_add(recorder->files, g_steal_pointer(&file));
	g_ptr_array_add(recorder->bodies, g_bytes_new(request->body, request->size));
}

static void pass_on(struct host_get *request, void *data)
{
	const struct passing *passing = data;

	note_answer(passing->recorder, request);
	passing->done(request, passing->data);
}

static void get_from_inner(struct host *host, struct host_get *requests, guint n_requests,
			   void (*done)(struct host_get *request, void *data), void *data)
{
	struct recorder *recorder = (struct recorder *)host;
	struct passing passing = {.recorder = recorder, .done = done, .data = data};

	recorder->inner->ops->docker_get(recorder->inner, requests, n_requests, pass_on, &passing);
}

static void free_recorder(struct host *host)
{
	struct recorder *recorder = (struct recorder *)host;

	host_free(recorder->inner);
	host_recording_done(&recorder->recording);
	json_free(recorder->index);
	g_ptr_array_unref(recorder->bodies);
	g_ptr_array_unref(recorder->files);
	g_free(recorder->dir);
	g_free(host->endpoint);
	g_free(host->socket_path);
	g_free(recorder);
}

static const struct host_ops recorder_ops = {
	.transport = "recorded",
	.run = run_inner,
	.docker_get = get_from_inner,
	.free = free_recorder,
};

static void free_bytes(gpointer bytes)
{
	g_bytes_unref(bytes);
}

struct host *host_recorder_new(struct host *inner, const char *dir)
{
	struct recorder *recorder = g_new0(struct recorder, 1);

	recorder->host = (struct host){
		.ops = &recorder_ops,
		.endpoint = g_strdup(inner->endpoint),
		.caution = inner->caution,
		.socket_path = g_strdup(inner->socket_path),
		.has_root_dir = inner->has_root_dir,
	};
	recorder->inner = inner;
	recorder->dir = g_strdup(dir);
	host_recording_init(&recorder->recording, inner->endpoint, inner->has_root_dir);
	recorder->index = json_object_new();
	recorder->bodies = g_ptr_array_new_with_free_func(free_bytes);
	recorder->files = g_ptr_array_new_with_free_func(g_free);
	return &recorder->host;
}

static bool write_file(const char *dir, const char *name, const void *data, size_t size,
		       GError **error)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);

	return g_file_set_contents_full(path, data, (gssize)size, G_FILE_SET_CONTENTS_CONSISTENT,
					0600, error);
}

static bool write_json(const char *dir, const char *name, const struct json *value, GError **error)
{
	g_autofree char *text = json_text(value, true);

	return write_file(dir, name, text, strlen(text), error);
}

bool host_recorder_save(struct host *host, GError **error)
{
	struct recorder *recorder = (struct recorder *)host;

	if (g_mkdir_with_parents(recorder->dir, 0700) < 0) {
		g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(errno),
			    "cannot make \"%s\": %s", recorder->dir, g_strerror(errno));
		return false;
	}
	for (guint i = 0; i < recorder->files->len; i++) {
		gsize size = 0;
		const void *data = g_bytes_get_data(recorder->bodies->pdata[i], &size);

		if (!write_file(recorder->dir, recorder->files->pdata[i], data, size, error))
			return false;
	}
	return write_json(recorder->dir, "host.json", recorder->recording.root, error) &&
	       write_json(recorder->dir, "index.json", recorder->index, error);
}
