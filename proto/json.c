/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one door to JSON: what jansson offers, made strict and total. The only file that includes
 * jansson.h; a `struct json` is a json_t under another name. Error texts are our own, because
 * jansson's quote the document, and a document may hold secrets beside its syntax error.
 */
#include "proto/json.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

enum { LONGEST_PATH_KEY = 64, REAL_DIGITS = 15 };

static const char *const error_texts[] = {
	[json_error_unknown] = "not readable as JSON",
	[json_error_out_of_memory] = "out of memory",
	[json_error_stack_overflow] = "nested too deeply",
	[json_error_invalid_utf8] = "invalid UTF-8",
	[json_error_premature_end_of_input] = "the document ends too early",
	[json_error_end_of_input_expected] = "text after the end of the document",
	[json_error_invalid_syntax] = "invalid syntax",
	[json_error_duplicate_key] = "the same key twice",
	[json_error_numeric_overflow] = "number out of range",
};

GQuark json_error_quark(void)
{
	return g_quark_from_static_string("plimsoll-json-error");
}

/* ---------------------------------------------------------------- reading */

/* jansson's getters are not all const-correct; none of those used here changes the value. */
static json_t *inner(const struct json *value)
{
	return (json_t *)(uintptr_t)value;
}

static struct json *outer(json_t *value)
{
	return (struct json *)value;
}

/*
 * jansson refuses a NUL in a key whatever the flags. Label names are keys, and an image's author
 * chooses them: such a name must not hide all containers. Same length, so places stay right.
 */
static char *replace_escaped_nul(const char *text, size_t size)
{
	char *copy = g_memdup2(text, size);

	for (size_t i = 0; i + 6 <= size; i++) {
		if (copy[i] != '\\')
			continue;
		if (memcmp(copy + i, "\\u0000", 6) == 0)
			memcpy(copy + i, "\\ufffd", 6);
		i++; /* whatever is escaped is no escape itself */
	}
	return copy;
}

static json_t *load(const char *text, size_t size, json_error_t *ret_error)
{
	size_t flags = JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY;
	json_t *root = json_loadb(text, size, flags, ret_error);
	g_autofree char *copy = NULL;

	if (root != NULL || json_error_code(ret_error) != json_error_null_byte_in_key)
		return root;
	copy = replace_escaped_nul(text, size);
	return json_loadb(copy, size, flags, ret_error);
}

struct json *json_parse(const char *text, size_t size, struct json_place *ret_place, GError **error)
{
	json_error_t cause = {.line = 1, .column = 1};
	json_t *root = load(text == NULL ? "" : text, text == NULL ? 0 : size, &cause);
	size_t code = 0;

	if (root != NULL)
		return outer(root);
	code = (size_t)json_error_code(&cause);
	if (code >= G_N_ELEMENTS(error_texts) || error_texts[code] == NULL)
		code = json_error_unknown;
	if (ret_place != NULL)
		*ret_place = (struct json_place){cause.line, cause.column};
	g_set_error(error, JSON_ERROR, (int)code, "line %d column %d: %s", cause.line, cause.column,
		    error_texts[code]);
	return NULL;
}

void json_free(struct json *root)
{
	json_decref(inner(root));
}

enum json_kind json_kind(const struct json *value)
{
	if (value == NULL)
		return JSON_KIND_NULL;
	switch (json_typeof(inner(value))) {
	case JSON_OBJECT:
		return JSON_KIND_OBJECT;
	case JSON_ARRAY:
		return JSON_KIND_ARRAY;
	case JSON_STRING:
		return JSON_KIND_STRING;
	case JSON_INTEGER:
		return JSON_KIND_INTEGER;
	case JSON_REAL:
		return JSON_KIND_REAL;
	case JSON_TRUE:
	case JSON_FALSE:
		return JSON_KIND_BOOL;
	case JSON_NULL:
		return JSON_KIND_NULL;
	}
	g_assert_not_reached();
}

bool json_is(const struct json *value, enum json_kind kind)
{
	return value != NULL && json_kind(value) == kind;
}

const struct json *json_get(const struct json *object, const char *key)
{
	return outer(json_object_get(inner(object), key));
}

const struct json *json_path(const struct json *object, const char *dotted)
{
	char key[LONGEST_PATH_KEY];

	while (object != NULL) {
		size_t length = strcspn(dotted, ".");
		g_assert(length < sizeof(key));
		memcpy(key, dotted, length);
		key[length] = '\0';
		object = json_get(object, key);
		if (dotted[length] == '\0')
			break;
		dotted += length + 1;
	}
	return object;
}

size_t json_length(const struct json *array_or_object)
{
	return json_is(array_or_object, JSON_KIND_ARRAY) ? json_array_size(inner(array_or_object))
							 : json_object_size(inner(array_or_object));
}

const struct json *json_at(const struct json *array, size_t index)
{
	return outer(json_array_get(inner(array), index));
}

const char *json_as_string(const struct json *value, size_t *ret_size)
{
	const char *text = json_string_value(inner(value));

	if (text != NULL && ret_size != NULL)
		*ret_size = json_string_length(inner(value));
	return text;
}

/* Both bounds are exact as double; the upper one is the first that does not fit. */
static bool is_whole(double real)
{
	return real >= -9223372036854775808.0 && real < 9223372036854775808.0 &&
	       trunc(real) >= real && trunc(real) <= real;
}

bool json_as_integer(const struct json *value, int64_t *ret_value)
{
	if (json_is(value, JSON_KIND_INTEGER)) {
		*ret_value = json_integer_value(inner(value));
		return true;
	}
	if (json_is(value, JSON_KIND_REAL) && is_whole(json_real_value(inner(value)))) {
		*ret_value = (int64_t)json_real_value(inner(value));
		return true;
	}
	return false;
}

bool json_as_boolean(const struct json *value, bool *ret_value)
{
	if (!json_is(value, JSON_KIND_BOOL))
		return false;
	*ret_value = json_is_true(inner(value));
	return true;
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void json_each(const struct json *object,
	       void (*each)(const char *key, const struct json *value, void *data), void *data)
{
	g_autofree const char **keys = g_new(const char *, json_length(object) + 1);
	size_t n = 0;

	if (!json_is(object, JSON_KIND_OBJECT))
		return;
	for (void *i = json_object_iter(inner(object)); i != NULL;
	     i = json_object_iter_next(inner(object), i))
		keys[n++] = json_object_iter_key(i);
	qsort(keys, n, sizeof(*keys), compare_keys);
	for (size_t k = 0; k < n; k++)
		each(keys[k], json_get(object, keys[k]), data);
}

/* ---------------------------------------------------------------- building */

/* jansson answers NULL when memory is out, as GLib would abort. */
static struct json *made(json_t *value)
{
	if (value == NULL)
		g_error("out of memory: JSON value");
	return outer(value);
}

struct json *json_object_new(void)
{
	return made(json_object());
}

struct json *json_array_new(void)
{
	return made(json_array());
}

struct json *json_set(struct json *object, const char *key, struct json *value)
{
	g_autofree char *valid = g_utf8_make_valid(key, -1);

	g_assert(json_is(object, JSON_KIND_OBJECT) && value != NULL);
	if (json_object_set_new(inner(object), valid, inner(value)) != 0)
		g_error("out of memory: JSON object");
	return value;
}

struct json *json_append(struct json *array, struct json *value)
{
	g_assert(json_is(array, JSON_KIND_ARRAY) && value != NULL);
	if (json_array_append_new(inner(array), inner(value)) != 0)
		g_error("out of memory: JSON array");
	return value;
}

struct json *json_new_string(const char *text)
{
	g_autofree char *valid = NULL;

	if (text == NULL)
		return json_new_null();
	valid = g_utf8_make_valid(text, -1);
	return made(json_string(valid));
}

struct json *json_new_integer(int64_t value)
{
	return made(json_integer(value));
}

struct json *json_new_real(double value)
{
	return isfinite(value) ? made(json_real(value)) : json_new_null();
}

struct json *json_new_boolean(bool value)
{
	return made(json_boolean(value));
}

struct json *json_new_null(void)
{
	return made(json_null());
}

/* ---------------------------------------------------------------- writing */

/* DEL is the one control character that jansson leaves as it is; it occurs inside strings only. */
static char *escape_delete(const char *text)
{
	GString *escaped = g_string_new(text);

	g_string_replace(escaped, "\x7f", "\\u007F", 0);
	return g_string_free(escaped, FALSE);
}

char *json_text(const struct json *value, bool indented)
{
	size_t layout = indented ? JSON_INDENT(2) : JSON_COMPACT;
	char *text = json_dumps(inner(value), layout | JSON_ENCODE_ANY | JSON_ENSURE_ASCII |
						      JSON_REAL_PRECISION(REAL_DIGITS));
	char *copy = NULL;

	if (text == NULL)
		g_error("out of memory: JSON text");
	copy = strchr(text, '\x7f') == NULL ? g_strdup(text) : escape_delete(text);
	free(text);
	return copy;
}
