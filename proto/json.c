/* SPDX-License-Identifier: Apache-2.0 */
/* JSON values: how they are read, and how they are built. */
#include "proto/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "proto/json_private.h"

GQuark json_error_quark(void)
{
	return g_quark_from_static_string("plimsoll-json-error");
}

static bool is_list(const struct json *value)
{
	return json_is(value, JSON_KIND_OBJECT) || json_is(value, JSON_KIND_ARRAY);
}

static void free_built(struct json *value)
{
	if (is_list(value)) {
		struct json *member = value->list.first;

		while (member != NULL) {
			struct json *next = member->next;

			json_free(member);
			member = next;
		}
	}
	g_free((char *)(uintptr_t)value->key);
	g_free(value);
}

void json_free(struct json *root)
{
	if (root == NULL)
		return;
	if (root->arena != NULL)
		arena_free(root->arena);
	else
		free_built(root);
}

/* ---------------------------------------------------------------- reading */

enum json_kind json_kind(const struct json *value)
{
	return value == NULL ? JSON_KIND_NULL : value->kind;
}

bool json_is(const struct json *value, enum json_kind kind)
{
	return value != NULL && value->kind == kind;
}

static int compare_with_key(const void *key, const void *member)
{
	return strcmp(key, (*(const struct json *const *)member)->key);
}

static const struct json *find_member(const struct json *object, const char *key)
{
	const struct json *member = object->list.first;

	while (member != NULL && strcmp(member->key, key) != 0)
		member = member->next;
	return member;
}

const struct json *json_get(const struct json *object, const char *key)
{
	struct json **found = NULL;

	if (!json_is(object, JSON_KIND_OBJECT))
		return NULL;
	if (object->list.index == NULL)
		return find_member(object, key);
	found = bsearch(key, object->list.index, object->list.n, sizeof(*object->list.index),
			compare_with_key);
	return found == NULL ? NULL : *found;
}

const struct json *json_path(const struct json *object, const char *dotted)
{
	enum { LONGEST_PATH_KEY = 64 };
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
	return is_list(array_or_object) ? array_or_object->list.n : 0;
}

const struct json *json_at(const struct json *array, size_t index)
{
	const struct json *element = NULL;

	if (!json_is(array, JSON_KIND_ARRAY) || index >= array->list.n)
		return NULL;
	if (array->list.index != NULL)
		return array->list.index[index];
	element = array->list.first;
	while (index-- > 0)
		element = element->next;
	return element;
}

const char *json_as_string(const struct json *value, size_t *ret_size)
{
	if (!json_is(value, JSON_KIND_STRING))
		return NULL;
	if (ret_size != NULL)
		*ret_size = value->string.size;
	return value->string.text;
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
		*ret_value = value->integer;
		return true;
	}
	if (json_is(value, JSON_KIND_REAL) && is_whole(value->real)) {
		*ret_value = (int64_t)value->real;
		return true;
	}
	return false;
}

bool json_as_boolean(const struct json *value, bool *ret_value)
{
	if (!json_is(value, JSON_KIND_BOOL))
		return false;
	*ret_value = value->boolean;
	return true;
}

guint json_line(const struct json *member)
{
	return member == NULL ? 0 : member->line;
}

static int compare_members(const void *a, const void *b)
{
	return strcmp((*(const struct json *const *)a)->key, (*(const struct json *const *)b)->key);
}

const struct json **json_sorted(const struct json *object)
{
	const struct json **members = g_new(const struct json *, object->list.n + 1);
	size_t n = 0;

	for (const struct json *member = object->list.first; member != NULL; member = member->next)
		members[n++] = member;
	qsort(members, n, sizeof(*members), compare_members);
	return members;
}

void json_each(const struct json *object,
	       void (*each)(const char *key, const struct json *value, void *data), void *data)
{
	g_autofree const struct json **members = NULL;

	if (!json_is(object, JSON_KIND_OBJECT))
		return;
	members = json_sorted(object);
	for (size_t i = 0; i < object->list.n; i++)
		each(members[i]->key, members[i], data);
}

/* ---------------------------------------------------------------- building */

void json_link(struct json *list, struct json *value)
{
	if (list->list.last == NULL)
		list->list.first = value;
	else
		list->list.last->next = value;
	list->list.last = value;
	list->list.n++;
}

static struct json *new_value(enum json_kind kind)
{
	struct json *value = g_new0(struct json, 1);

	value->kind = kind;
	return value;
}

struct json *json_object_new(void)
{
	return new_value(JSON_KIND_OBJECT);
}

struct json *json_array_new(void)
{
	return new_value(JSON_KIND_ARRAY);
}

/* Takes a member out of a built object. */
static void remove_member(struct json *object, const char *key)
{
	struct json *before = NULL;
	struct json *member = object->list.first;

	while (member != NULL && strcmp(member->key, key) != 0) {
		before = member;
		member = member->next;
	}
	if (member == NULL)
		return;
	if (before == NULL)
		object->list.first = member->next;
	else
		before->next = member->next;
	if (object->list.last == member)
		object->list.last = before;
	object->list.n--;
	json_free(member);
}

struct json *json_set(struct json *object, const char *key, struct json *value)
{
	g_assert(json_is(object, JSON_KIND_OBJECT) && value != NULL && value->key == NULL);
	value->key = g_utf8_make_valid(key, -1);
	remove_member(object, value->key);
	json_link(object, value);
	return value;
}

struct json *json_append(struct json *array, struct json *value)
{
	g_assert(json_is(array, JSON_KIND_ARRAY) && value != NULL && value->key == NULL);
	json_link(array, value);
	return value;
}

struct json *json_new_string(const char *text)
{
	g_autofree char *valid = NULL;
	struct json *value = NULL;
	size_t size = 0;

	if (text == NULL)
		return json_new_null();
	if (!g_utf8_validate(text, -1, NULL)) {
		valid = g_utf8_make_valid(text, -1);
		text = valid;
	}
	size = strlen(text);
	value = g_malloc0(sizeof(*value) + size + 1); /* the text lies behind the value */
	value->kind = JSON_KIND_STRING;
	value->string.text = memcpy(value + 1, text, size + 1);
	value->string.size = size;
	return value;
}

struct json *json_new_integer(int64_t integer)
{
	struct json *value = new_value(JSON_KIND_INTEGER);

	value->integer = integer;
	return value;
}

struct json *json_new_real(double real)
{
	struct json *value = NULL;

	if (!isfinite(real))
		return json_new_null();
	value = new_value(JSON_KIND_REAL);
	value->real = real;
	return value;
}

struct json *json_new_boolean(bool boolean)
{
	struct json *value = new_value(JSON_KIND_BOOL);

	value->boolean = boolean;
	return value;
}

struct json *json_new_null(void)
{
	return new_value(JSON_KIND_NULL);
}
