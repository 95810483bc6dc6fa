/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON text to values: what yajl reads, made strict and total, into one arena a document. The only
 * file that includes yajl. Error texts are our own, because yajl's quote the document, and a
 * document may hold secrets beside its syntax error.
 */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "proto/json_private.h"

enum { LONGEST_NUMBER = 400, LONG_LIST = 8 };

enum problem {
	PROBLEM_NONE,
	PROBLEM_SYNTAX,
	PROBLEM_UTF8,
	PROBLEM_END,
	PROBLEM_TRAILING,
	PROBLEM_DEPTH,
	PROBLEM_TWICE,
	PROBLEM_RANGE
};

static const char *const problem_texts[] = {
	[PROBLEM_SYNTAX] = "invalid syntax",
	[PROBLEM_UTF8] = "invalid UTF-8",
	[PROBLEM_END] = "the document ends too early",
	[PROBLEM_TRAILING] = "text after the end of the document",
	[PROBLEM_DEPTH] = "nested too deeply",
	[PROBLEM_TWICE] = "the same key twice",
	[PROBLEM_RANGE] = "number out of range",
};

struct parser {
	struct arena *arena;
	struct json *root;
	struct json *open[JSON_MAX_DEPTH]; /* lists that have begun and not ended */
	size_t depth;
	const char *key; /* of the member that comes next */
	guint32 key_line;
	yajl_handle handle;
	const char *text;
	size_t counted; /* bytes of text whose line breaks are in line */
	guint32 line;
	enum problem problem;
};

static int stop(struct parser *parser, enum problem problem)
{
	parser->problem = problem;
	return 0;
}

static struct json *add(struct parser *parser, enum json_kind kind)
{
	struct json *value = arena_calloc(parser->arena, 1, sizeof(*value));

	value->kind = kind;
	value->key = parser->key;
	value->line = parser->key == NULL ? 0 : parser->key_line;
	parser->key = NULL;
	if (parser->depth == 0)
		parser->root = value;
	else
		json_link(parser->open[parser->depth - 1], value);
	return value;
}

static int take_null(void *data)
{
	add(data, JSON_KIND_NULL);
	return 1;
}

static int take_boolean(void *data, int boolean)
{
	add(data, JSON_KIND_BOOL)->boolean = boolean != 0;
	return 1;
}

/* An integer has neither point nor exponent; it is exact or out of range. */
static int take_number(void *data, const char *number, size_t size)
{
	struct parser *parser = data;
	char text[LONGEST_NUMBER + 1];

	if (size > LONGEST_NUMBER)
		return stop(parser, PROBLEM_RANGE);
	memcpy(text, number, size);
	text[size] = '\0';
	if (strpbrk(text, ".eE") != NULL) {
		double real = g_ascii_strtod(text, NULL);

		add(parser, JSON_KIND_REAL)->real = real;
		return isfinite(real) ? 1 : stop(parser, PROBLEM_RANGE);
	}
	errno = 0;
	add(parser, JSON_KIND_INTEGER)->integer = g_ascii_strtoll(text, NULL, 10);
	return errno == 0 ? 1 : stop(parser, PROBLEM_RANGE);
}

static int take_string(void *data, const unsigned char *string, size_t size)
{
	struct parser *parser = data;
	struct json *value = add(parser, JSON_KIND_STRING);

	value->string.text = arena_strndup(parser->arena, (const char *)string, size);
	value->string.size = size;
	return 1;
}

/* A NUL would end the key for us, but not for whom the document is meant: it becomes U+FFFD. */
static char *copy_key(struct arena *arena, const char *key, size_t size)
{
	static const char replacement[] = "\xef\xbf\xbd";
	g_autoptr(GString) copy = NULL;

	if (memchr(key, '\0', size) == NULL)
		return arena_strndup(arena, key, size);
	copy = g_string_sized_new(size);
	for (size_t i = 0; i < size; i++) {
		if (key[i] == '\0')
			g_string_append(copy, replacement);
		else
			g_string_append_c(copy, key[i]);
	}
	return arena_strndup(arena, copy->str, copy->len);
}

/* Line breaks do not stand inside of tokens, so the end of a key is on its line. */
static guint32 current_line(struct parser *parser)
{
	size_t end = yajl_get_bytes_consumed(parser->handle);
	const char *at = parser->text + parser->counted;

	while ((at = memchr(at, '\n', (size_t)(parser->text + end - at))) != NULL) {
		parser->line++;
		at++;
	}
	parser->counted = end;
	return parser->line;
}

static int take_key(void *data, const unsigned char *key, size_t size)
{
	struct parser *parser = data;
	const struct json *object = parser->open[parser->depth - 1];

	parser->key = copy_key(parser->arena, (const char *)key, size);
	parser->key_line = current_line(parser);
	/* A long object is looked through once, at its end. */
	if (object->list.n <= LONG_LIST && json_get(object, parser->key) != NULL)
		return stop(parser, PROBLEM_TWICE);
	return 1;
}

static int begin(struct parser *parser, enum json_kind kind)
{
	struct json *list = NULL;

	if (parser->depth == JSON_MAX_DEPTH)
		return stop(parser, PROBLEM_DEPTH);
	list = add(parser, kind);
	parser->open[parser->depth++] = list;
	return 1;
}

static int begin_object(void *data)
{
	return begin(data, JSON_KIND_OBJECT);
}

static int begin_array(void *data)
{
	return begin(data, JSON_KIND_ARRAY);
}

static int end_object(void *data)
{
	struct parser *parser = data;
	struct json *object = parser->open[--parser->depth];
	g_autofree const struct json **members = NULL;
	size_t bytes = object->list.n * sizeof(*members);

	if (object->list.n <= LONG_LIST)
		return 1;
	members = json_sorted(object);
	for (size_t i = 1; i < object->list.n; i++) {
		if (strcmp(members[i - 1]->key, members[i]->key) == 0)
			return stop(parser, PROBLEM_TWICE);
	}
	object->list.index = memcpy(arena_calloc(parser->arena, 1, bytes), members, bytes);
	return 1;
}

static int end_array(void *data)
{
	struct parser *parser = data;
	struct json *array = parser->open[--parser->depth];
	size_t n = 0;

	if (array->list.n <= LONG_LIST)
		return 1;
	array->list.index = arena_calloc(parser->arena, array->list.n, sizeof(*array->list.index));
	for (struct json *element = array->list.first; element != NULL; element = element->next)
		array->list.index[n++] = element;
	return 1;
}

static const yajl_callbacks callbacks = {
	.yajl_null = take_null,
	.yajl_boolean = take_boolean,
	.yajl_number = take_number,
	.yajl_string = take_string,
	.yajl_start_map = begin_object,
	.yajl_map_key = take_key,
	.yajl_end_map = end_object,
	.yajl_start_array = begin_array,
	.yajl_end_array = end_array,
};

/* yajl tells its problems by text only. */
static enum problem read_problem(yajl_handle handle)
{
	static const struct {
		const char *part;
		enum problem problem;
	} parts[] = {
		{"UTF8", PROBLEM_UTF8},
		{"premature EOF", PROBLEM_END},
		{"trailing garbage", PROBLEM_TRAILING},
	};
	unsigned char *text = yajl_get_error(handle, 0, NULL, 0);
	enum problem problem = PROBLEM_SYNTAX;

	for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
		if (strstr((const char *)text, parts[i].part) != NULL)
			problem = parts[i].problem;
	}
	yajl_free_error(handle, text);
	return problem;
}

/* gives: how many bytes were read up to the problem. */
static size_t read_document(struct parser *parser, const char *text, size_t size)
{
	yajl_handle handle = yajl_alloc(&callbacks, NULL, parser);
	yajl_status status = yajl_status_ok;
	size_t place = 0;

	if (handle == NULL)
		g_error("out of memory: JSON parser");
	parser->handle = handle;
	parser->text = text;
	status = yajl_parse(handle, (const unsigned char *)text, size);
	place = status == yajl_status_ok ? size : yajl_get_bytes_consumed(handle);
	if (status == yajl_status_ok)
		status = yajl_complete_parse(handle);
	if (status == yajl_status_error && parser->problem == PROBLEM_NONE)
		parser->problem = read_problem(handle);
	if (parser->problem == PROBLEM_NONE && parser->root == NULL)
		parser->problem = PROBLEM_END;
	yajl_free(handle);
	return MIN(place, size);
}

/* yajl looks at the form of UTF-8 only: overlong characters and surrogates pass. */
static size_t check_characters(struct parser *parser, const char *text, size_t size)
{
	const char *end = NULL;

	if (g_utf8_validate_len(text, size, &end))
		return size;
	parser->problem = PROBLEM_UTF8;
	return (size_t)(end - text) + 1;
}

/* Columns count characters from 1; 0 = before the first. */
static struct json_place find_place(const char *text, size_t offset)
{
	struct json_place place = {.line = 1, .column = 0};

	for (size_t i = 0; i < offset; i++) {
		bool is_continuation = ((unsigned char)text[i] & 0xC0) == 0x80;

		if (text[i] == '\n')
			place = (struct json_place){place.line + 1, 0};
		else if (!is_continuation)
			place.column++;
	}
	return place;
}

struct json *json_parse(const char *text, size_t size, struct json_place *ret_place, GError **error)
{
	struct parser parser = {.arena = arena_new(SIZE_MAX), .line = 1};
	struct json_place place;
	size_t offset = 0;

	if (text == NULL) {
		text = "";
		size = 0;
	}
	offset = read_document(&parser, text, size);
	if (parser.problem == PROBLEM_NONE)
		offset = check_characters(&parser, text, size);
	if (parser.problem == PROBLEM_NONE) {
		parser.root->arena = parser.arena;
		return parser.root;
	}
	arena_free(parser.arena);
	place = find_place(text, offset);
	if (ret_place != NULL)
		*ret_place = place;
	g_set_error(error, JSON_ERROR, (int)parser.problem, "line %d column %d: %s", place.line,
		    place.column, problem_texts[parser.problem]);
	return NULL;
}
