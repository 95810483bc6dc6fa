/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Security options of a container. The Engine stores a seccomp profile given as a file inline, as
 * `seccomp={...}`; only what a check needs of it is kept.
 */
#include "agent/engine/engine_secopt.h"

#include <string.h>

#include "proto/wire.h"

/* Keys whose values are settings, not content. */
static const char *const valued_keys[] = {"apparmor", "label",  "no-new-privileges", "systempaths",
					  "mask",     "unmask", "proc-opts"};

static void take_profile(struct engine_parse *parse, const char *text, size_t size,
			 Plimsoll__SecOpt *row)
{
	PLIMSOLL_AUTO(json) *profile = json_parse(text, size, NULL, NULL);
	uint8_t digest[WIRE_SHA256_BYTES] = {0};
	g_autofree char *hex = NULL;

	wire_sha256(text, size, digest);
	hex = wire_hex(digest, sizeof(digest));
	row->digest = arena_strdup(parse->arena, hex);
	row->default_action = engine_parse_text(parse, json_get(profile, "defaultAction"));
	if (json_is(profile, JSON_KIND_OBJECT)) {
		row->has_rule_count = true;
		row->rule_count = (int64_t)json_length(json_get(profile, "syscalls"));
	}
}

static void take_seccomp(struct engine_parse *parse, const char *value, size_t size,
			 Plimsoll__SecOpt *row)
{
	static const char *const words[] = {"unconfined", "builtin", "default", ""};

	for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
		if (strlen(words[i]) == size && memcmp(value, words[i], size) == 0) {
			row->value = arena_strdup(parse->arena, words[i]);
			return;
		}
	/* Podman keeps the path of the profile. */
	if (value[0] == '/')
		row->value = engine_parse_copy(parse, value, size);
	else
		take_profile(parse, value, size, row);
}

static bool has_plain_value(const char *key)
{
	for (size_t i = 0; i < G_N_ELEMENTS(valued_keys); i++)
		if (g_strcmp0(key, valued_keys[i]) == 0)
			return true;
	return false;
}

static Plimsoll__SecOpt *new_option(struct engine_parse *parse, const char *text, size_t size)
{
	size_t length = strcspn(text, "=:");
	bool has_value = length < size;
	const char *value = has_value ? text + length + 1 : "";
	size_t value_size = has_value ? size - length - 1 : 0;
	Plimsoll__SecOpt *row = engine_parse_row(parse, &plimsoll__sec_opt__descriptor);

	row->key = engine_parse_copy(parse, text, length);
	if (!has_value)
		row->value = arena_strdup(parse->arena, "");
	else if (g_strcmp0(row->key, "seccomp") == 0)
		take_seccomp(parse, value, value_size, row);
	else if (has_plain_value(row->key))
		row->value = engine_parse_copy(parse, value, value_size);
	return row;
}

Plimsoll__SecOpt **engine_secopt_take(struct engine_parse *parse, const struct json *list,
				      size_t *ret_count)
{
	size_t count = engine_parse_list(parse, list, JSON_KIND_ARRAY, "HostConfig.SecurityOpt");
	g_autoptr(GPtrArray) rows = g_ptr_array_new();

	for (size_t i = 0; i < count; i++) {
		size_t size = 0;
		const char *text = json_as_string(json_at(list, i), &size);

		if (text != NULL)
			g_ptr_array_add(rows, new_option(parse, text, size));
		else
			engine_parse_trouble(
				parse, PLIMSOLL__FETCH__STATUS__PARSE_ERROR,
				"HostConfig.SecurityOpt holds something else than text");
	}
	return engine_parse_array(parse, rows, ret_count);
}
