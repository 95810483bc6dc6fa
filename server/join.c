/* SPDX-License-Identifier: Apache-2.0 */
/* Makes join strings and sign-in links; only the hash of their secret is kept. */
#include "server/join.h"

#include <string.h>

#include "proto/json.h"
#include "server/secret.h"
#include "server/store/access.h"

static char *ports_path(const struct config *config)
{
	return g_build_filename(config->data_dir, "ports.json", NULL);
}

bool join_write_ports(const struct config *config, const guint ports[static CONFIG_LISTENERS],
		      GError **error)
{
	PLIMSOLL_AUTO(json) *object = json_object_new();
	g_autofree char *path = ports_path(config);
	g_autofree char *text = NULL;

	for (guint i = 0; i < CONFIG_LISTENERS; i++)
		json_set(object, config_listener_name((enum config_listener)i),
			 json_new_integer(ports[i]));
	text = json_text(object, false);
	return g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600,
					error);
}

static bool find_port(const struct config *config, enum config_listener listener, guint *ret_port,
		      GError **error)
{
	g_autofree char *path = ports_path(config);
	g_autofree char *text = NULL;
	gsize size = 0;
	PLIMSOLL_AUTO(json) *object = NULL;
	int64_t port = 0;

	*ret_port = config->listen[listener].port;
	if (*ret_port != 0)
		return true;
	if (!g_file_get_contents(path, &text, &size, error)) {
		g_prefix_error(error, "the port is not known until the server runs: ");
		return false;
	}
	object = json_parse(text, size, NULL, error);
	if (object == NULL)
		return false;
	if (json_as_integer(json_get(object, config_listener_name(listener)), &port) && port > 0 &&
	    port < 65536) {
		*ret_port = (guint)port;
		return true;
	}
	g_set_error(error, CONFIG_ERROR, 0, "'%s' holds no port of the listener '%s'", path,
		    config_listener_name(listener));
	return false;
}

char *join_url(const struct config *config, enum config_listener listener, GError **error)
{
	bool is_v6 = strchr(config->names[0], ':') != NULL;
	guint port = 0;

	if (!find_port(config, listener, &port, error))
		return NULL;
	return g_strdup_printf("https://%s%s%s:%u", is_v6 ? "[" : "", config->names[0],
			       is_v6 ? "]" : "", port);
}

static char *join_text(const char *enroll, const char *agents, const char *pin, const char *token)
{
	PLIMSOLL_AUTO(json) *object = json_object_new();
	g_autofree char *text = NULL;
	g_autofree char *encoded = NULL;

	json_set(object, "v", json_new_integer(1));
	json_set(object, "enroll", json_new_string(enroll));
	json_set(object, "agents", json_new_string(agents));
	json_set(object, "pin", json_new_string(pin));
	json_set(object, "token", json_new_string(token));
	text = json_text(object, false);
	encoded = secret_base64url(text, strlen(text));
	return g_strconcat("plimsoll-join:", encoded, NULL);
}

static bool add_token(struct store *store, void *data, GError **error)
{
	return access_add_join_token(store, data, error);
}

char *join_create(struct store *store, const struct config *config, const struct pki *pki,
		  const char *created_by, int64_t now_s, int64_t life_s, GError **error)
{
	g_autofree char *enroll = join_url(config, CONFIG_ENROLMENT, error);
	g_autofree char *agents = enroll != NULL ? join_url(config, CONFIG_AGENTS, error) : NULL;
	g_autofree char *id = secret_new_id();
	g_autofree char *secret = secret_new();
	g_autofree char *token_text = g_strconcat(id, ".", secret, NULL);
	struct join_token token = {.id = id,
				   .created_by = created_by,
				   .created_at_s = now_s,
				   .expires_at_s = now_s + life_s};

	if (agents == NULL)
		return NULL;
	secret_sha256(secret, token.sha256);
	if (!store_transact(store, add_token, &token, error))
		return NULL;
	return join_text(enroll, agents, pki_pin(pki), token_text);
}

static bool add_link(struct store *store, void *data, GError **error)
{
	return access_add_link(store, data, error);
}

char *join_signin_link(struct store *store, const struct config *config, const char *role,
		       int64_t now_s, int64_t life_s, GError **error)
{
	g_autofree char *url = join_url(config, CONFIG_PEOPLE, error);
	g_autofree char *secret = secret_new();
	struct signin_link link = {
		.role = role, .created_at_s = now_s, .expires_at_s = now_s + life_s};

	if (url == NULL)
		return NULL;
	secret_sha256(secret, link.sha256);
	if (!store_transact(store, add_link, &link, error))
		return NULL;
	return g_strconcat(url, "/sign-in?token=", secret, NULL);
}
