/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 1 of the flow: the docker CLI's current context. It lies in
 * contexts/meta/SHA-256-OF-NAME/meta.json, its certificates in contexts/tls/SHA-256-OF-NAME/docker.
 */
#include "agent/host/docker_context.h"

#include <string.h>

#include "agent/host.h"
#include "proto/json.h"

enum { FILE_BYTES = 1 << 20 };

static const char advice[] = "; --docker-host chooses an engine without contexts";

void docker_context_done(struct docker_context *context)
{
	g_free(context->name);
	g_free(context->host);
	g_free(context->tls_dir);
	*context = (struct docker_context){0};
}

char *docker_context_config_dir(void)
{
	const char *dir = g_getenv("DOCKER_CONFIG");

	if (dir != NULL && dir[0] != '\0')
		return g_strdup(dir);
	return g_build_filename(g_get_home_dir(), ".docker", NULL);
}

static bool fail(const char *what, const char *path, const char *why, GError **error)
{
	g_set_error(error, HOST_ERROR, HOST_ERROR_ENDPOINT, "%s: \"%s\": %s%s", what, path, why,
		    advice);
	return false;
}

/* As for docker, settings that are not ours to read (those of whoever called sudo) count as none.
 */
static bool is_none(const GError *cause)
{
	return g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_NOENT) ||
	       g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_NOTDIR) ||
	       g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_ACCES);
}

/* NULL without an error: there is no such file. */
static struct json *read_json(const char *what, const char *path, GError **error)
{
	g_autoptr(GError) cause = NULL;
	g_autofree char *text = NULL;
	struct json *root = NULL;
	gsize size = 0;

	if (!g_file_get_contents(path, &text, &size, &cause)) {
		if (!is_none(cause))
			fail(what, path, cause->message, error);
		return NULL;
	}
	if (size > FILE_BYTES) {
		fail(what, path, "too large", error);
		return NULL;
	}
	root = json_parse(text, size, NULL, &cause);
	if (root == NULL)
		fail(what, path, cause->message, error);
	return root;
}

/* NULL without an error: none is named. */
static char *find_name(const char *config_dir, GError **error)
{
	const char *name = g_getenv("DOCKER_CONTEXT");
	g_autofree char *path = g_build_filename(config_dir, "config.json", NULL);
	PLIMSOLL_AUTO(json) *config = NULL;

	if (name != NULL && name[0] != '\0')
		return g_strdup(name);
	config = read_json("the docker CLI's settings", path, error);
	return g_strdup(json_as_string(json_get(config, "currentContext"), NULL));
}

static bool has_entries(const char *dir_path)
{
	g_autoptr(GDir) dir = g_dir_open(dir_path, 0, NULL);

	return dir != NULL && g_dir_read_name(dir) != NULL;
}

static bool read_context(const char *config_dir, struct docker_context *context, GError **error)
{
	g_autofree char *what = g_strdup_printf("the docker context \"%s\"", context->name);
	g_autofree char *id = g_compute_checksum_for_string(G_CHECKSUM_SHA256, context->name, -1);
	g_autofree char *path =
		g_build_filename(config_dir, "contexts", "meta", id, "meta.json", NULL);
	g_autofree char *tls_dir =
		g_build_filename(config_dir, "contexts", "tls", id, "docker", NULL);
	g_autoptr(GError) cause = NULL;
	PLIMSOLL_AUTO(json) *meta = read_json(what, path, &cause);
	const struct json *docker = json_path(meta, "Endpoints.docker");

	if (cause != NULL) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	if (meta == NULL)
		return fail(what, path, "there is no such context", error);
	context->host = g_strdup(json_as_string(json_get(docker, "Host"), NULL));
	if (context->host == NULL)
		return fail(what, path, "names no docker endpoint", error);
	(void)json_as_boolean(json_get(docker, "SkipTLSVerify"), &context->skips_verify);
	if (has_entries(tls_dir))
		context->tls_dir = g_steal_pointer(&tls_dir);
	return true;
}

bool docker_context_current(struct docker_context *ret_context, GError **error)
{
	g_autofree char *config_dir = docker_context_config_dir();
	g_autoptr(GError) cause = NULL;

	*ret_context = (struct docker_context){.name = find_name(config_dir, &cause)};
	if (cause != NULL) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	if (ret_context->name == NULL || ret_context->name[0] == '\0' ||
	    strcmp(ret_context->name, "default") == 0) {
		docker_context_done(ret_context);
		return true;
	}
	return read_context(config_dir, ret_context, error);
}

bool docker_context_read(const char *name, struct docker_context *ret_context, GError **error)
{
	g_autofree char *config_dir = docker_context_config_dir();

	*ret_context = (struct docker_context){.name = g_strdup(name)};
	return read_context(config_dir, ret_context, error);
}
