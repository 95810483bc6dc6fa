/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks with the few driver options that checks read, and volumes with the device of a bind.
 * Options of other volumes stay behind: those of NFS and CIFS hold passwords.
 */
#include "agent/engine/engine_network.h"

#include <string.h>

static const char option_icc[] = "com.docker.network.bridge.enable_icc";
static const char option_name[] = "com.docker.network.bridge.name";
static const char option_host_binding[] = "com.docker.network.bridge.host_binding_ipv4";
static const char option_default_bridge[] = "com.docker.network.bridge.default_bridge";
static const char option_encrypted[] = "encrypted";

struct other_options {
	struct engine_parse *parse;
	GPtrArray *names;
};

static void add_other_option(const char *key, const struct json *value, void *data)
{
	static const char *const known[] = {option_icc, option_name, option_host_binding,
					    option_default_bridge, option_encrypted};
	struct other_options *others = data;

	(void)value;
	for (size_t i = 0; i < G_N_ELEMENTS(known); i++)
		if (strcmp(key, known[i]) == 0)
			return;
	if (others->names->len < LIMIT_LIST_MEMBERS)
		g_ptr_array_add(others->names, engine_parse_copy(others->parse, key, strlen(key)));
}

/* "" = the option is not set. */
static char *option(struct engine_parse *parse, const struct json *options, const char *name)
{
	const struct json *value = json_get(options, name);

	return value == NULL ? arena_strdup(parse->arena, "") : engine_parse_text(parse, value);
}

static void take_options(struct engine_parse *parse, const struct json *options,
			 Plimsoll__Network *row)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	struct other_options others = {parse, names};
	const struct json *encrypted = json_get(options, option_encrypted);
	const char *is_default = json_as_string(json_get(options, option_default_bridge), NULL);

	row->icc = option(parse, options, option_icc);
	row->bridge_name = option(parse, options, option_name);
	row->host_binding_ipv4 = option(parse, options, option_host_binding);
	row->has_default_bridge = row->has_encrypted_present = true;
	row->default_bridge = g_strcmp0(is_default, "true") == 0;
	row->encrypted_present = encrypted != NULL;
	row->encrypted_value = engine_parse_text(parse, encrypted);
	json_each(options, add_other_option, &others);
	row->option_name = engine_parse_array(parse, names, &row->n_option_name);
}

void *engine_network(struct engine_parse *parse, const struct json *entry)
{
	Plimsoll__Network *row = engine_parse_row(parse, &plimsoll__network__descriptor);
	const struct json *options = json_get(entry, "Options");

	row->id = engine_parse_text(parse, json_get(entry, "Id"));
	if (row->id == NULL) {
		engine_parse_trouble(parse, PLIMSOLL__FETCH__STATUS__PARSE_ERROR,
				     "a network of the list has no id");
		return NULL;
	}
	row->name = engine_parse_text(parse, json_get(entry, "Name"));
	row->driver = engine_parse_text(parse, json_get(entry, "Driver"));
	row->scope = engine_parse_text(parse, json_get(entry, "Scope"));
	TAKE_BOOLEAN(row, internal, json_get(entry, "Internal"));
	TAKE_BOOLEAN(row, ingress, json_get(entry, "Ingress"));
	if (options != NULL)
		take_options(parse, options, row);
	return row;
}

/* Whether the options of a local volume make it a bind of a host path. */
static bool is_bind(const struct json *options)
{
	const char *type = json_as_string(json_get(options, "type"), NULL);
	const char *text = json_as_string(json_get(options, "o"), NULL);
	g_auto(GStrv) words = text == NULL ? NULL : g_strsplit(text, ",", 256);

	if (g_strcmp0(type, "none") == 0)
		return true;
	for (guint i = 0; words != NULL && words[i] != NULL; i++)
		if (strcmp(words[i], "bind") == 0 || strcmp(words[i], "rbind") == 0)
			return true;
	return false;
}

void *engine_network_volume(struct engine_parse *parse, const struct json *entry)
{
	Plimsoll__Volume *row = engine_parse_row(parse, &plimsoll__volume__descriptor);
	const struct json *options = json_get(entry, "Options");

	row->name = engine_parse_text(parse, json_get(entry, "Name"));
	if (row->name == NULL) {
		engine_parse_trouble(parse, PLIMSOLL__FETCH__STATUS__PARSE_ERROR,
				     "a volume of the list has no name");
		return NULL;
	}
	row->driver = engine_parse_text(parse, json_get(entry, "Driver"));
	if (row->driver == NULL || options == NULL)
		return row;
	if (strcmp(row->driver, "local") == 0 && is_bind(options) &&
	    json_get(options, "device") != NULL)
		row->bind_device = engine_parse_text(parse, json_get(options, "device"));
	else
		row->bind_device = arena_strdup(parse->arena, "");
	return row;
}
