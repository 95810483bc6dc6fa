/* SPDX-License-Identifier: Apache-2.0 */
/* YAML to JSON, merging, and facts out of it. */
#include "tests/unit/checks/fixture.h"

#include <string.h>
#include <yaml.h>

#include "checks/catalogue_file.h"
#include "proto/facts_json.h"
#include "proto/schema.h"

/* ---- YAML ---- */

static struct json *plain_scalar(const char *text)
{
	gint64 integer = 0;
	guint64 octal = 0;
	char *end = NULL;
	double real = 0;

	if (strcmp(text, "null") == 0 || strcmp(text, "~") == 0 || text[0] == '\0')
		return json_new_null();
	if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
		return json_new_boolean(text[0] == 't');
	if (g_str_has_prefix(text, "0o") &&
	    g_ascii_string_to_unsigned(text + 2, 8, 0, G_MAXINT64, &octal, NULL))
		return json_new_integer((int64_t)octal);
	if ((text[0] != '0' || text[1] == '\0') &&
	    g_ascii_string_to_signed(text, 10, G_MININT64, G_MAXINT64, &integer, NULL))
		return json_new_integer(integer);
	real = g_ascii_strtod(text, &end);
	if (g_ascii_isdigit(text[0]) && *end == '\0' && strchr(text, '.') != NULL)
		return json_new_real(real);
	return json_new_string(text);
}

static struct json *from_yaml(yaml_document_t *document, int index);

static struct json *from_mapping(yaml_document_t *document, const yaml_node_t *node)
{
	struct json *object = json_object_new();

	for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++) {
		const yaml_node_t *key = yaml_document_get_node(document, pair->key);

		g_assert_cmpint(key->type, ==, YAML_SCALAR_NODE);
		json_set(object, (const char *)key->data.scalar.value,
			 from_yaml(document, pair->value));
	}
	return object;
}

static struct json *from_yaml(yaml_document_t *document, int index)
{
	const yaml_node_t *node = yaml_document_get_node(document, index);
	struct json *list = NULL;

	if (node->type == YAML_MAPPING_NODE)
		return from_mapping(document, node);
	if (node->type == YAML_SCALAR_NODE)
		return node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE
			       ? plain_scalar((const char *)node->data.scalar.value)
			       : json_new_string((const char *)node->data.scalar.value);
	list = json_array_new();
	for (const yaml_node_item_t *item = node->data.sequence.items.start;
	     item < node->data.sequence.items.top; item++)
		json_append(list, from_yaml(document, *item));
	return list;
}

struct json *fixture_yaml(const char *name, const char *text, GError **error)
{
	yaml_parser_t parser;
	yaml_document_t document;
	struct json *root = NULL;

	g_assert_true(yaml_parser_initialize(&parser));
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, strlen(text));
	if (!yaml_parser_load(&parser, &document)) {
		g_set_error(error, CATALOGUE_ERROR, 0, "%s:%zu:%zu: %s", name,
			    parser.problem_mark.line + 1, parser.problem_mark.column + 1,
			    parser.problem);
		yaml_parser_delete(&parser);
		return NULL;
	}
	root = yaml_document_get_root_node(&document) != NULL ? from_yaml(&document, 1)
							      : json_new_null();
	yaml_document_delete(&document);
	yaml_parser_delete(&parser);
	return root;
}

/* ---- merging ---- */

struct merging {
	struct json *out;
	const struct json *base, *overlay;
};

static void take_base(const char *key, const struct json *value, void *data)
{
	const struct merging *merging = data;
	const struct json *over = json_get(merging->overlay, key);

	if (over == NULL)
		json_set(merging->out, key, fixture_merge(NULL, value));
	else if (!json_is(over, JSON_KIND_NULL))
		json_set(merging->out, key, fixture_merge(value, over));
}

static void take_new(const char *key, const struct json *value, void *data)
{
	const struct merging *merging = data;

	if (json_get(merging->base, key) == NULL && !json_is(value, JSON_KIND_NULL))
		json_set(merging->out, key, fixture_merge(NULL, value));
}

static struct json *copy_scalar(const struct json *value)
{
	int64_t integer = 0;
	bool boolean = false;

	switch (json_kind(value)) {
	case JSON_KIND_BOOL:
		(void)json_as_boolean(value, &boolean);
		return json_new_boolean(boolean);
	case JSON_KIND_INTEGER:
		(void)json_as_integer(value, &integer);
		return json_new_integer(integer);
	case JSON_KIND_STRING:
		return json_new_string(json_as_string(value, NULL));
	case JSON_KIND_REAL: {
		g_autofree char *text = json_text(value, false);
		return json_new_real(g_ascii_strtod(text, NULL));
	}
	case JSON_KIND_NULL:
	case JSON_KIND_ARRAY:
	case JSON_KIND_OBJECT:
	default:
		return json_new_null();
	}
}

struct json *fixture_merge(const struct json *base, const struct json *overlay)
{
	struct merging merging = {.base = base, .overlay = overlay};

	if (json_is(overlay, JSON_KIND_ARRAY)) {
		merging.out = json_array_new();
		for (size_t i = 0; i < json_length(overlay); i++)
			json_append(merging.out, fixture_merge(NULL, json_at(overlay, i)));
		return merging.out;
	}
	if (!json_is(overlay, JSON_KIND_OBJECT))
		return copy_scalar(overlay);
	merging.out = json_object_new();
	if (json_is(base, JSON_KIND_OBJECT))
		json_each(base, take_base, &merging);
	json_each(overlay, take_new, &merging);
	return merging.out;
}

/* ---- paths ---- */

static struct json *set_at(const struct json *base, char **path, const struct json *value);

/* "role=daemon_json": the first member whose field has this text; the list's length when none has.
 */
static guint64 find_member(const struct json *list, const char *selector)
{
	const char *equals = strchr(selector, '=');
	g_autofree char *key = g_strndup(selector, (gsize)(equals - selector));

	for (size_t i = 0; i < json_length(list); i++)
		if (g_strcmp0(json_as_string(json_get(json_at(list, i), key), NULL), equals + 1) ==
		    0)
			return i;
	g_error("a path of a fixture selects nothing: [%s]", selector);
}

/* "+": every value of a list, or the value itself, at the end. */
static struct json *append_members(const struct json *list, const struct json *value)
{
	struct json *out = list != NULL ? fixture_merge(NULL, list) : json_array_new();

	if (!json_is(value, JSON_KIND_ARRAY))
		json_append(out, fixture_merge(NULL, value));
	for (size_t i = 0; json_is(value, JSON_KIND_ARRAY) && i < json_length(value); i++)
		json_append(out, fixture_merge(NULL, json_at(value, i)));
	return out;
}

static struct json *set_member(const struct json *list, char **path, const struct json *value)
{
	struct json *out = NULL;
	guint64 wanted = 0;

	if (strcmp(path[0], "+") == 0)
		return append_members(list, value);
	if (strchr(path[0], '=') != NULL)
		wanted = find_member(list, path[0]);
	else
		g_assert_true(g_ascii_string_to_unsigned(path[0], 10, 0, json_length(list), &wanted,
							 NULL));
	out = json_array_new();
	for (size_t i = 0; i < MAX(json_length(list), wanted + 1); i++) {
		bool here = i == wanted;

		if (!here)
			json_append(out, fixture_merge(NULL, json_at(list, i)));
		else if (path[1] != NULL || !json_is(value, JSON_KIND_NULL))
			json_append(out, set_at(json_at(list, i), path + 1, value));
	}
	return out;
}

static bool is_member(const struct json *base, const char *part)
{
	return json_is(base, JSON_KIND_ARRAY) ||
	       (base == NULL && (g_ascii_isdigit(part[0]) || strcmp(part, "+") == 0));
}

/* path[0] == NULL: this is the place. */
static struct json *set_at(const struct json *base, char **path, const struct json *value)
{
	PLIMSOLL_AUTO(json) *overlay = NULL;

	if (path[0] == NULL)
		return fixture_merge(NULL, value);
	if (is_member(base, path[0]))
		return set_member(base, path, value);
	overlay = json_object_new();
	json_set(overlay, path[0], json_new_null());
	if (path[1] != NULL || !json_is(value, JSON_KIND_NULL)) {
		PLIMSOLL_AUTO(json) *without = fixture_merge(base != NULL ? base : overlay,
							     overlay); /* null deletes the key */
		struct json *out = fixture_merge(NULL, without);

		json_set(out, path[0], set_at(json_get(base, path[0]), path + 1, value));
		return out;
	}
	return fixture_merge(base != NULL ? base : overlay, overlay);
}

/* Parts end at "." and "["; what stands between brackets is one part. */
static char **split_path(const char *path)
{
	g_autoptr(GStrvBuilder) parts = g_strv_builder_new();

	while (*path != '\0') {
		bool bracket = *path == '[';
		size_t length = 0;
		g_autofree char *part = NULL;

		path += bracket || *path == '.';
		length = bracket ? strcspn(path, "]") : strcspn(path, ".[");
		part = g_strndup(path, length);
		g_strv_builder_add(parts, part);
		path += length + (bracket && path[length] == ']');
	}
	return g_strv_builder_end(parts);
}

struct json *fixture_set(const struct json *base, const char *path, const struct json *value)
{
	g_auto(GStrv) parts = split_path(path);

	return set_at(base, parts, value);
}

/* ---- facts ---- */

static void read_number(const struct json *root, const char *key, int64_t *number)
{
	(void)json_as_integer(json_get(root, key), number);
}

static bool read_message(const struct json *value, const ProtobufCMessageDescriptor *descriptor,
			 struct arena *arena, const void **ret_message, GError **error)
{
	if (value == NULL)
		return true;
	*ret_message = facts_json_to_message(descriptor, value, arena, error);
	return *ret_message != NULL;
}

struct fixture *fixture_new(const struct json *root, GError **error)
{
	PLIMSOLL_AUTO(fixture) *fixture = g_new0(struct fixture, 1);
	bool wrapped = json_get(root, "facts") != NULL;
	int64_t as_of = 0;
	int64_t taken_at = 0;
	int64_t schema = SCHEMA_CURRENT;
	const void *facts = NULL;
	const void *observed = NULL;
	const void *parameters = NULL;

	fixture->arena = arena_new(SIZE_MAX);
	if (!read_message(wrapped ? json_get(root, "facts") : root, &plimsoll__facts__descriptor,
			  fixture->arena, &facts, error) ||
	    !read_message(wrapped ? json_get(root, "observed") : NULL,
			  &plimsoll__observed__descriptor, fixture->arena, &observed, error) ||
	    !read_message(wrapped ? json_get(root, "parameters") : NULL,
			  &derived__parameter__descriptor, fixture->arena, &parameters, error))
		return NULL;
	if (wrapped) {
		read_number(json_get(root, "envelope"), "taken_at", &taken_at);
		read_number(root, "taken_at", &taken_at);
		as_of = taken_at;
		read_number(root, "as_of", &as_of);
		read_number(root, "schema", &schema);
	}
	fixture->input = (struct evaluate_input){
		.facts = facts,
		.observed = observed,
		.parameters = parameters,
		.schema = (uint32_t)schema,
		.as_of_s = as_of,
		.taken_at_s = taken_at,
	};
	return g_steal_pointer(&fixture);
}

void fixture_free(struct fixture *fixture)
{
	if (fixture == NULL)
		return;
	arena_free(fixture->arena);
	g_free(fixture);
}

struct fixture *fixture_base(const char *name)
{
	g_autofree char *path = g_build_filename(FIXTURE_BASES, name, NULL);
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(json) *root = NULL;
	struct fixture *fixture = NULL;

	g_assert_true(g_file_get_contents(path, &text, NULL, &error));
	root = fixture_yaml(path, text, &error);
	g_assert_no_error(error);
	fixture = fixture_new(root, &error);
	g_assert_no_error(error);
	return fixture;
}

struct fixture *fixture_text(const char *text)
{
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(json) *root = fixture_yaml("fixture", text, &error);
	struct fixture *fixture = NULL;

	g_assert_no_error(error);
	fixture = fixture_new(root, &error);
	g_assert_no_error(error);
	return fixture;
}

static struct catalogue *make_catalogue(const char *yaml, bool custom)
{
	const struct catalogue_source source = {
		.file = {"test.yaml", yaml, strlen(yaml)},
		.custom = custom,
	};
	g_autoptr(GError) error = NULL;
	struct catalogue *catalogue = catalogue_new_from(&source, 1, &error);

	g_assert_no_error(error);
	return catalogue;
}

struct catalogue *fixture_catalogue(const char *yaml)
{
	return make_catalogue(yaml, false);
}

struct catalogue *fixture_custom_catalogue(const char *yaml)
{
	return make_catalogue(yaml, true);
}

struct evaluator *fixture_evaluator(const struct catalogue *catalogue)
{
	g_autoptr(GError) error = NULL;
	struct evaluator *evaluator = evaluator_new(catalogue, &error);

	g_assert_no_error(error);
	return evaluator;
}

const struct result *fixture_find(const struct evaluation *evaluation, const char *check,
				  const char *variant)
{
	for (guint i = 0; i < evaluation->n_results; i++) {
		const struct result *result = &evaluation->results[i];

		if (strcmp(result->check->name, check) == 0 &&
		    g_strcmp0(result->variant != NULL ? result->variant->name : NULL, variant) == 0)
			return result;
	}
	return NULL;
}

static const char *or_dash(const char *text)
{
	return text != NULL ? text : "-";
}

char *fixture_describe(const struct result *result)
{
	GString *text = g_string_new(verdict_text(result->verdict));

	if (result->reason != NULL)
		g_string_append_printf(text, " (%s: %s)", result->reason,
				       or_dash(result->reason_text));
	g_string_append_c(text, '\n');
	for (guint i = 0; i < result->n_items; i++) {
		const struct item *item = &result->items[i];

		g_string_append_printf(text, "  %s %s [%s] | %s | %s | %s: %s | %s | %s\n",
				       verdict_text(item->verdict), or_dash(item->label),
				       or_dash(item->discriminator), or_dash(item->observed),
				       or_dash(item->expected), or_dash(item->reason),
				       or_dash(item->reason_text), or_dash(item->note),
				       or_dash(item->source));
	}
	return g_string_free(text, FALSE);
}
