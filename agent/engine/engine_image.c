/* SPDX-License-Identifier: Apache-2.0 */
/* The image row: names of variables and labels, never their values or the command. */
#include "agent/engine/engine_image.h"

#include <string.h>

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names of the list. Engines before 25 write "<none>:<none>" for "there is no name". */
static char **take_names(struct engine_parse *parse, const struct json *list, size_t *ret_count)
{
	size_t count = MIN(json_length(list), LIMIT_LIST_MEMBERS);
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	for (size_t i = 0; i < count; i++) {
		char *name = engine_parse_text(parse, json_at(list, i));

		if (name != NULL && !g_str_has_prefix(name, "<none>"))
			g_ptr_array_add(names, name);
	}
	g_ptr_array_sort(names, compare_texts);
	return engine_parse_array(parse, names, ret_count);
}

void *engine_image_from_list(struct engine_parse *parse, const struct json *entry)
{
	Plimsoll__Image *row = engine_parse_row(parse, &plimsoll__image__descriptor);

	row->id = engine_parse_text(parse, json_get(entry, "Id"));
	if (row->id == NULL) {
		engine_parse_trouble(parse, PLIMSOLL__FETCH__STATUS__PARSE_ERROR,
				     "an image of the list has no id");
		return NULL;
	}
	row->repo_tag = take_names(parse, json_get(entry, "RepoTags"), &row->n_repo_tag);
	row->repo_digest = take_names(parse, json_get(entry, "RepoDigests"), &row->n_repo_digest);
	TAKE_INTEGER(row, created, json_get(entry, "Created"));
	TAKE_INTEGER(row, size, json_get(entry, "Size"));
	return row;
}

/* Engines since 28.2 leave out members of Config that are empty. */
static void take_config(struct engine_parse *parse, const struct json *config, Plimsoll__Image *row)
{
	const struct json *user = json_get(config, "User");

	row->user = user == NULL ? arena_strdup(parse->arena, "") : engine_parse_text(parse, user);
	row->health_test0 = engine_parse_health(parse, config);
	row->exposed_port =
		engine_parse_keys(parse, json_get(config, "ExposedPorts"), &row->n_exposed_port);
	row->label_name = engine_parse_keys(parse, json_get(config, "Labels"), &row->n_label_name);
	row->env_name = engine_parse_env(parse, json_get(config, "Env"), &row->n_env_name);
}

void engine_image_inspect(struct engine_parse *parse, const struct json *root, Plimsoll__Image *row)
{
	const struct json *config = json_get(root, "Config");
	const struct json *layers = json_path(root, "RootFS.Layers");

	if (!json_is(root, JSON_KIND_OBJECT)) {
		engine_parse_trouble(parse, PLIMSOLL__FETCH__STATUS__PARSE_ERROR,
				     "the answer is not an object");
		return;
	}
	if (!row->has_created)
		TAKE_TIME(row, created, json_get(root, "Created"));
	if (!row->has_size)
		TAKE_INTEGER(row, size, json_get(root, "Size"));
	row->arch = engine_parse_text(parse, json_get(root, "Architecture"));
	row->os = engine_parse_text(parse, json_get(root, "Os"));
	if (layers != NULL)
		row->layer =
			engine_parse_texts(parse, layers, "RootFS.Layers", false, &row->n_layer);
	/* containerd's store: an index may lack the image of this host's platform */
	if (json_is(config, JSON_KIND_OBJECT))
		take_config(parse, config, row);
	else
		engine_parse_trouble(parse, PLIMSOLL__FETCH__STATUS__ABSENT,
				     "no manifest for this platform");
}
