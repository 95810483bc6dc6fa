/* SPDX-License-Identifier: Apache-2.0 */
/* Reads server.conf by one table of keys, so that a misspelt key is an error, not a default. */
#include "server/config.h"

#include <arpa/inet.h>
#include <string.h>

#include "proto/limits.h"
#include "server/pki.h"

enum key_type { KEY_TEXT, KEY_NUMBER, KEY_NAMES, KEY_LISTEN };

static const struct key {
	const char *group;
	const char *name;
	size_t offset; /* in struct config */
	enum key_type type;
	guint minimum;
	guint maximum;
	guint fallback;
} keys[] = {
	{"server", "data", G_STRUCT_OFFSET(struct config, data_dir), KEY_TEXT, 0, 0, 0},
	{"server", "benchmark", G_STRUCT_OFFSET(struct config, benchmark), KEY_TEXT, 0, 0, 0},
	{"server", "checks", G_STRUCT_OFFSET(struct config, checks_dir), KEY_TEXT, 0, 0, 0},
	{"server", "names", G_STRUCT_OFFSET(struct config, names), KEY_NAMES, 0, 0, 0},
	{"server", "workers", G_STRUCT_OFFSET(struct config, workers), KEY_NUMBER, 0, 256, 0},
	{"listen", "people", G_STRUCT_OFFSET(struct config, listen[CONFIG_PEOPLE]), KEY_LISTEN, 0,
	 0, 8443},
	{"listen", "agents", G_STRUCT_OFFSET(struct config, listen[CONFIG_AGENTS]), KEY_LISTEN, 0,
	 0, 8444},
	{"listen", "enrolment", G_STRUCT_OFFSET(struct config, listen[CONFIG_ENROLMENT]),
	 KEY_LISTEN, 0, 0, 8445},
	{"agents", "report_every_s", G_STRUCT_OFFSET(struct config, report_every_s), KEY_NUMBER, 1,
	 7 * 86400, 3600},
	{"scans", "stale_after_s", G_STRUCT_OFFSET(struct config, scans_stale_after_s), KEY_NUMBER,
	 1, 400 * 86400, 7 * 86400},
	{"limits", "connections", G_STRUCT_OFFSET(struct config, limits.connections), KEY_NUMBER, 1,
	 100000, 1024},
	{"limits", "connections_per_address",
	 G_STRUCT_OFFSET(struct config, limits.connections_per_address), KEY_NUMBER, 1, 100000,
	 256},
	{"limits", "connections_per_host",
	 G_STRUCT_OFFSET(struct config, limits.connections_per_host), KEY_NUMBER, 1, 1000, 8},
	{"limits", "handshake_deadline_ms",
	 G_STRUCT_OFFSET(struct config, limits.handshake_deadline_ms), KEY_NUMBER, 100, 60000,
	 5000},
	{"limits", "request_deadline_ms",
	 G_STRUCT_OFFSET(struct config, limits.request_deadline_ms), KEY_NUMBER, 100, 600000,
	 60000},
	{"limits", "queue", G_STRUCT_OFFSET(struct config, limits.queue), KEY_NUMBER, 1, 100000,
	 256},
	{"limits", "enrolments_per_minute",
	 G_STRUCT_OFFSET(struct config, limits.enrolments_per_minute), KEY_NUMBER, 1, 100000, 60},
	/* the whole spool of an agent that was cut off fits */
	{"limits", "host_bytes_per_hour",
	 G_STRUCT_OFFSET(struct config, limits.host_bytes_per_hour), KEY_NUMBER, 1 << 20, G_MAXINT,
	 LIMIT_SPOOL_BYTES},
};

static const char *const listener_names[CONFIG_LISTENERS] = {"people", "agents", "enrolment"};

const char *config_listener_name(enum config_listener listener)
{
	return listener_names[listener];
}

static bool read_number(const struct key *key, const char *text, guint *ret_number, GError **error)
{
	guint64 number = 0;

	if (g_ascii_string_to_unsigned(text, 10, key->minimum, key->maximum, &number, NULL)) {
		*ret_number = (guint)number;
		return true;
	}
	g_set_error(error, CONFIG_ERROR, 0, "'%s' is no number from %u to %u", text, key->minimum,
		    key->maximum);
	return false;
}

static bool read_names(const char *text, char ***ret_names, GError **error)
{
	g_auto(GStrv) names = g_strsplit_set(text, "; ", -1);
	GPtrArray *good = g_ptr_array_new();

	for (guint i = 0; names[i] != NULL; i++) {
		if (*names[i] == '\0')
			continue;
		if (!pki_is_server_name(names[i])) {
			g_set_error(error, CONFIG_ERROR, 0, "'%s' is no host name or address",
				    names[i]);
			g_ptr_array_set_free_func(good, g_free);
			g_ptr_array_unref(good);
			return false;
		}
		g_ptr_array_add(good, g_strdup(names[i]));
	}
	g_ptr_array_add(good, NULL);
	g_strfreev(*ret_names);
	*ret_names = (char **)g_ptr_array_free(good, FALSE);
	return true;
}

static bool is_address(const char *text)
{
	struct in6_addr unused;

	return inet_pton(AF_INET, text, &unused) == 1 || inet_pton(AF_INET6, text, &unused) == 1;
}

/* ADDRESS:PORT, with brackets around an IPv6 address. */
static bool read_listen(const char *text, struct config_listen *ret_listen, GError **error)
{
	const char *colon = strrchr(text, ':');
	guint64 port = 0;
	g_autofree char *address = NULL;

	if (colon != NULL) {
		address = *text == '[' && colon > text + 1 && colon[-1] == ']'
				  ? g_strndup(text + 1, (gsize)(colon - text) - 2)
				  : g_strndup(text, (gsize)(colon - text));
		if (is_address(address) &&
		    g_ascii_string_to_unsigned(colon + 1, 10, 0, 65535, &port, NULL)) {
			g_free(ret_listen->address);
			ret_listen->address = g_steal_pointer(&address);
			ret_listen->port = (guint)port;
			return true;
		}
	}
	g_set_error_literal(error, CONFIG_ERROR, 0,
			    "wants ADDRESS:PORT, such as 0.0.0.0:8443 or [::]:8443");
	return false;
}

static bool read_key(struct config *config, const struct key *key, const char *text, GError **error)
{
	void *place = G_STRUCT_MEMBER_P(config, key->offset);

	switch (key->type) {
	case KEY_NUMBER:
		return read_number(key, text, place, error);
	case KEY_NAMES:
		return read_names(text, place, error);
	case KEY_LISTEN:
		return read_listen(text, place, error);
	case KEY_TEXT:
	default: {
		char **string = place;

		g_free(*string);
		*string = g_strdup(text);
		return true;
	}
	}
}

static const struct key *find_key(const char *group, const char *name)
{
	for (guint i = 0; i < G_N_ELEMENTS(keys); i++)
		if (strcmp(keys[i].group, group) == 0 && strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

static bool take_setting(void *data, const char *group, const char *name, char *value,
			 GError **error)
{
	struct config *config = data;
	const struct key *key = find_key(group, name);
	const char *selector = parameters_selector(group);

	if (selector != NULL)
		return parameters_set(config->parameters, selector, name, value, error);
	if (key != NULL)
		return read_key(config, key, value, error);
	g_set_error_literal(error, CONFIG_ERROR, 0, "no such setting");
	return false;
}

static void set_defaults(struct config *config)
{
	for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
		void *place = G_STRUCT_MEMBER_P(config, keys[i].offset);

		if (keys[i].type == KEY_NUMBER) {
			guint *number = place;

			*number = keys[i].fallback;
		} else if (keys[i].type == KEY_LISTEN) {
			struct config_listen *listen = place;

			*listen = (struct config_listen){g_strdup("0.0.0.0"), keys[i].fallback};
		}
	}
}

struct config *config_read(const char *path, const char *data_dir, GError **error)
{
	PLIMSOLL_AUTO(config) *config = g_new0(struct config, 1);

	set_defaults(config);
	config->path = g_strdup(path);
	config->parameters = parameters_new();
	if (!ini_read(path, take_setting, config, error))
		return NULL;
	if (data_dir != NULL) {
		g_free(config->data_dir);
		config->data_dir = g_strdup(data_dir);
	}
	if (config->data_dir == NULL)
		config->data_dir = g_strdup("/var/lib/plimsoll");
	if (config->benchmark == NULL || config->names == NULL || config->names[0] == NULL) {
		g_set_error(error, CONFIG_ERROR, 0, "'%s': [server] %s: missing", path,
			    config->benchmark == NULL ? "benchmark" : "names");
		return NULL;
	}
	if (config->workers == 0)
		config->workers = g_get_num_processors();
	return g_steal_pointer(&config);
}

void config_free(struct config *config)
{
	if (config == NULL)
		return;
	for (guint i = 0; i < CONFIG_LISTENERS; i++)
		g_free(config->listen[i].address);
	g_free(config->path);
	g_free(config->data_dir);
	g_free(config->benchmark);
	g_free(config->checks_dir);
	g_strfreev(config->names);
	parameters_free(config->parameters);
	g_free(config);
}

char *config_find(const char *path, const char *data_dir)
{
	if (path != NULL)
		return g_strdup(path);
	if (data_dir != NULL)
		return g_build_filename(data_dir, "server.conf", NULL);
	return g_strdup("/etc/plimsoll/server.conf");
}

char *config_text(const char *data_dir, const char *benchmark, const char *const *names,
		  const char *address, const guint ports[static CONFIG_LISTENERS])
{
	bool is_v6 = strchr(address, ':') != NULL;
	g_autofree char *joined = g_strjoinv(";", (char **)(uintptr_t)names);
	GString *text = g_string_new("# Plimsoll server. Every setting that is not here has the "
				     "value shown after '#'.\n\n[server]\n");

	g_string_append_printf(text, "data = %s\n", data_dir);
	g_string_append(text, "# Scores go by this benchmark; an upgrade never changes it.\n");
	g_string_append_printf(text, "benchmark = %s\n", benchmark);
	g_string_append(text, "# Names and addresses in the server's certificate; agents use the "
			      "first.\n");
	g_string_append_printf(text, "names = %s\n\n[listen]\n", joined);
	for (guint i = 0; i < CONFIG_LISTENERS; i++)
		g_string_append_printf(text, "%s = %s%s%s:%u\n", listener_names[i],
				       is_v6 ? "[" : "", address, is_v6 ? "]" : "", ports[i]);
	for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
		if (keys[i].type != KEY_NUMBER || strcmp(keys[i].group, "server") == 0)
			continue;
		if (i == 0 || strcmp(keys[i].group, keys[i - 1].group) != 0)
			g_string_append_printf(text, "\n[%s]\n", keys[i].group);
		g_string_append_printf(text, "# %s = %u\n", keys[i].name, keys[i].fallback);
	}
	g_string_append(text, parameters_example());
	return g_string_free(text, FALSE);
}
