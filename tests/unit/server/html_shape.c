/* SPDX-License-Identifier: Apache-2.0 */
/* See html_shape.h. */
#include "tests/unit/server/html_shape.h"

#include <stdbool.h>
#include <string.h>

struct reader {
	const char *at;
	GPtrArray *open; /* names of open elements */
	struct html_shape *shape;
};

static G_GNUC_NORETURN void broken(const struct reader *reader, const char *what)
{
	g_error("%s before: %.80s", what, reader->at);
}

static bool is_name_char(char c)
{
	return g_ascii_isalnum(c) || c == '-';
}

static char *read_name(struct reader *reader)
{
	const char *start = reader->at;

	while (is_name_char(*reader->at))
		reader->at++;
	if (reader->at == start)
		broken(reader, "a name is missing");
	return g_strndup(start, (gsize)(reader->at - start));
}

/* Quoted by '"', and nothing inside that a reader could take for markup. */
static char *read_value(struct reader *reader)
{
	const char *start = ++reader->at;

	while (*reader->at != '\0' && strchr("\"<>", *reader->at) == NULL)
		reader->at++;
	if (*reader->at != '"')
		broken(reader, "an attribute's value does not end in a quote");
	return g_strndup(start, (gsize)(reader->at++ - start));
}

static void note_attribute(struct reader *reader, const char *name, const char *value)
{
	if (g_str_has_prefix(name, "on") || strcmp(name, "style") == 0)
		broken(reader, "an attribute that carries code or style");
	if (strcmp(name, "id") == 0)
		g_ptr_array_add(reader->shape->ids, g_strdup(value));
	if (strcmp(name, "href") == 0 && value[0] == '#')
		g_ptr_array_add(reader->shape->hashes, g_strdup(value + 1));
}

static void read_attributes(struct reader *reader)
{
	while (*reader->at == ' ') {
		g_autofree char *name = NULL;
		g_autofree char *value = NULL;

		reader->at++;
		name = read_name(reader);
		g_string_append_printf(reader->shape->tags, " %s", name);
		if (*reader->at != '=')
			continue;
		reader->at++;
		if (*reader->at != '"')
			broken(reader, "an attribute's value has no quotes");
		value = read_value(reader);
		note_attribute(reader, name, value);
	}
}

/* The bytes between <style> or <script> and its end tag are no markup. */
static void skip_raw(struct reader *reader, const char *name)
{
	g_autofree char *end = g_strdup_printf("</%s>", name);
	const char *found = strstr(reader->at, end);

	if (found == NULL)
		broken(reader, "a raw element does not end");
	reader->at = found;
}

static void read_open_tag(struct reader *reader)
{
	g_autofree char *name = read_name(reader);

	g_string_append_printf(reader->shape->tags, "<%s", name);
	read_attributes(reader);
	if (*reader->at != '>')
		broken(reader, "a tag does not end");
	reader->at++;
	g_string_append(reader->shape->tags, ">\n");
	reader->shape->h1 += strcmp(name, "h1") == 0 ? 1 : 0;
	if (strcmp(name, "style") == 0 || strcmp(name, "script") == 0)
		skip_raw(reader, name);
	if (strcmp(name, "meta") != 0 && strcmp(name, "input") != 0)
		g_ptr_array_add(reader->open, g_steal_pointer(&name));
}

static void read_close_tag(struct reader *reader)
{
	g_autofree char *name = read_name(reader);
	guint n = reader->open->len;

	if (n == 0 || strcmp(reader->open->pdata[n - 1], name) != 0 || *reader->at != '>')
		broken(reader, "an element is closed in the wrong place");
	reader->at++;
	g_ptr_array_remove_index(reader->open, n - 1);
	g_string_append_printf(reader->shape->tags, "</%s>\n", name);
}

static void read_text(struct reader *reader)
{
	while (*reader->at != '\0' && *reader->at != '<') {
		if (*reader->at == '>')
			broken(reader, "a stray '>'");
		reader->at++;
	}
}

void html_shape_read(const char *page, struct html_shape *ret_shape)
{
	static const char doctype[] = "<!DOCTYPE html>\n";
	g_autoptr(GPtrArray) open = g_ptr_array_new_with_free_func(g_free);
	struct reader reader = {.at = page, .open = open, .shape = ret_shape};

	*ret_shape = (struct html_shape){
		.tags = g_string_new(NULL),
		.ids = g_ptr_array_new_with_free_func(g_free),
		.hashes = g_ptr_array_new_with_free_func(g_free),
	};
	g_assert_true(g_str_has_prefix(page, doctype));
	g_assert_true(g_utf8_validate(page, -1, NULL));
	reader.at += strlen(doctype);
	while (*reader.at != '\0') {
		if (*reader.at != '<') {
			read_text(&reader);
		} else if (reader.at[1] == '/') {
			reader.at += 2;
			read_close_tag(&reader);
		} else {
			reader.at++;
			read_open_tag(&reader);
		}
	}
	g_assert_cmpuint(open->len, ==, 0);
}

void html_shape_done(struct html_shape *shape)
{
	g_string_free(shape->tags, TRUE);
	g_ptr_array_unref(shape->ids);
	g_ptr_array_unref(shape->hashes);
}

static guint count(const GPtrArray *words, const char *word)
{
	guint n = 0;

	for (guint i = 0; i < words->len; i++)
		n += strcmp(words->pdata[i], word) == 0 ? 1 : 0;
	return n;
}

void html_shape_assert_sound(const struct html_shape *shape)
{
	g_assert_cmpuint(shape->h1, ==, 1);
	for (guint i = 0; i < shape->ids->len; i++)
		if (count(shape->ids, shape->ids->pdata[i]) != 1)
			g_error("id '%s' stands twice", (char *)shape->ids->pdata[i]);
	for (guint i = 0; i < shape->hashes->len; i++)
		if (count(shape->ids, shape->hashes->pdata[i]) != 1)
			g_error("'#%s' leads nowhere", (char *)shape->hashes->pdata[i]);
}
