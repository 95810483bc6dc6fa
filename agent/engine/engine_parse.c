/* SPDX-License-Identifier: Apache-2.0 */
/* What all parsers of Engine answers share: texts, numbers, times and lists, with their limits. */
#include "agent/engine/engine_parse.h"

#include <stdarg.h>
#include <string.h>

void engine_parse_init(struct engine_parse *parse, struct arena *arena)
{
	*parse = (struct engine_parse){.arena = arena, .status = PLIMSOLL__FETCH__STATUS__OK};
}

void engine_parse_trouble(struct engine_parse *parse, Plimsoll__Fetch__Status status,
			  const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list arguments;

	if (parse->status != PLIMSOLL__FETCH__STATUS__OK)
		return;
	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	parse->status = status;
	parse->detail = arena_strdup(parse->arena, text);
}

void *engine_parse_row(struct engine_parse *parse, const ProtobufCMessageDescriptor *descriptor)
{
	void *row = arena_calloc(parse->arena, 1, descriptor->sizeof_message);

	descriptor->message_init(row);
	return row;
}

/* ---------------------------------------------------------------- scalars */

static char *copy_with_nul_replaced(struct engine_parse *parse, const char *text, size_t size)
{
	GString *copy = g_string_new(NULL);
	char *kept = NULL;

	for (size_t i = 0; i < size; i++)
		if (text[i] == '\0')
			g_string_append(copy, "\xef\xbf\xbd");
		else
			g_string_append_c(copy, text[i]);
	kept = arena_strdup(parse->arena, copy->str);
	g_string_free(copy, TRUE);
	return kept;
}

char *engine_parse_copy(struct engine_parse *parse, const char *text, size_t size)
{
	if (size > LIMIT_STRING_BYTES / 3) {
		engine_parse_trouble(parse, PLIMSOLL__FETCH__STATUS__TRUNCATED,
				     "a text of %zu bytes is too long", size);
		return NULL;
	}
	if (memchr(text, '\0', size) != NULL)
		return copy_with_nul_replaced(parse, text, size);
	return arena_strndup(parse->arena, text, size);
}

char *engine_parse_text(struct engine_parse *parse, const struct json *value)
{
	size_t size = 0;
	const char *text = json_as_string(value, &size);

	return text == NULL ? NULL : engine_parse_copy(parse, text, size);
}

bool engine_parse_integer(const struct json *value, int64_t *ret_value)
{
	if (value != NULL && json_is(value, JSON_KIND_NULL)) {
		*ret_value = 0;
		return true;
	}
	return json_as_integer(value, ret_value);
}

bool engine_parse_boolean(const struct json *value, protobuf_c_boolean *ret_value)
{
	bool boolean = false;

	if (!json_as_boolean(value, &boolean))
		return false;
	*ret_value = boolean;
	return true;
}

bool engine_parse_time(const struct json *value, int64_t *ret_seconds)
{
	const char *text = json_as_string(value, NULL);
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
	g_autoptr(GDateTime) time = text == NULL ? NULL : g_date_time_new_from_iso8601(text, utc);

	if (time == NULL || g_date_time_get_year(time) < 1970)
		return false;
	*ret_seconds = g_date_time_to_unix(time);
	return true;
}

/* ---------------------------------------------------------------- lists */

size_t engine_parse_list(struct engine_parse *parse, const struct json *list, enum json_kind kind,
			 const char *name)
{
	size_t count = json_length(list);

	if (list == NULL) {
		engine_parse_trouble(parse, PLIMSOLL__FETCH__STATUS__PARSE_ERROR, "%s is missing",
				     name);
		return 0;
	}
	if (json_is(list, JSON_KIND_NULL))
		return 0;
	if (!json_is(list, kind)) {
		engine_parse_trouble(parse, PLIMSOLL__FETCH__STATUS__PARSE_ERROR,
				     "%s is not of the expected type", name);
		return 0;
	}
	if (count > LIMIT_LIST_MEMBERS)
		engine_parse_trouble(parse, PLIMSOLL__FETCH__STATUS__TRUNCATED,
				     "%s: %u of %zu seen", name, LIMIT_LIST_MEMBERS, count);
	return MIN(count, LIMIT_LIST_MEMBERS);
}

void *engine_parse_array(struct engine_parse *parse, const GPtrArray *rows, size_t *ret_count)
{
	void **array =
		rows->len == 0 ? NULL : arena_calloc(parse->arena, rows->len, sizeof(*array));

	for (guint i = 0; i < rows->len; i++)
		array[i] = rows->pdata[i];
	*ret_count = rows->len;
	return array;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char **engine_parse_texts(struct engine_parse *parse, const struct json *list, const char *name,
			  bool is_sorted, size_t *ret_count)
{
	size_t count = engine_parse_list(parse, list, JSON_KIND_ARRAY, name);
	g_autoptr(GPtrArray) texts = g_ptr_array_new();

	for (size_t i = 0; i < count; i++) {
		char *text = engine_parse_text(parse, json_at(list, i));

		if (text != NULL)
			g_ptr_array_add(texts, text);
		else
			engine_parse_trouble(parse, PLIMSOLL__FETCH__STATUS__PARSE_ERROR,
					     "%s holds something else than text", name);
	}
	if (is_sorted)
		g_ptr_array_sort(texts, compare_texts);
	return engine_parse_array(parse, texts, ret_count);
}

struct keys {
	struct engine_parse *parse;
	GPtrArray *texts;
};

static void add_key(const char *key, const struct json *value, void *data)
{
	struct keys *keys = data;
	char *text = engine_parse_copy(keys->parse, key, strlen(key));

	(void)value;
	if (text != NULL)
		g_ptr_array_add(keys->texts, text);
}

char **engine_parse_keys(struct engine_parse *parse, const struct json *object, size_t *ret_count)
{
	g_autoptr(GPtrArray) texts = g_ptr_array_new();
	struct keys keys = {parse, texts};

	json_each(object, add_key, &keys);
	if (texts->len > LIMIT_LIST_MEMBERS)
		g_ptr_array_set_size(texts, LIMIT_LIST_MEMBERS);
	return engine_parse_array(parse, texts, ret_count);
}

static Plimsoll__EnvName *env_name(struct engine_parse *parse, const char *text, size_t size)
{
	const char *equals = memchr(text, '=', size);
	size_t length = equals == NULL ? size : (size_t)(equals - text);
	Plimsoll__EnvName *row = engine_parse_row(parse, &plimsoll__env_name__descriptor);

	row->name = engine_parse_copy(parse, text, length);
	row->has_non_empty = true;
	row->non_empty = length + 1 < size;
	return row;
}

Plimsoll__EnvName **engine_parse_env(struct engine_parse *parse, const struct json *list,
				     size_t *ret_count)
{
	size_t count = MIN(json_length(list), LIMIT_LIST_MEMBERS);
	g_autoptr(GPtrArray) rows = g_ptr_array_new();

	for (size_t i = 0; i < count; i++) {
		size_t size = 0;
		const char *text = json_as_string(json_at(list, i), &size);

		if (text != NULL)
			g_ptr_array_add(rows, env_name(parse, text, size));
	}
	return engine_parse_array(parse, rows, ret_count);
}

char *engine_parse_health(struct engine_parse *parse, const struct json *config)
{
	static const char *const known[] = {"NONE", "CMD", "CMD-SHELL", ""};
	const struct json *test = json_path(config, "Healthcheck.Test");
	const char *first = json_as_string(json_at(test, 0), NULL);

	if (!json_is(config, JSON_KIND_OBJECT))
		return NULL;
	if (json_length(test) == 0)
		return arena_strdup(parse->arena, "");
	/* Some writers put the command itself there. */
	for (size_t i = 0; first != NULL && i < G_N_ELEMENTS(known); i++)
		if (strcmp(first, known[i]) == 0)
			return arena_strdup(parse->arena, known[i]);
	return arena_strdup(parse->arena, "_");
}
