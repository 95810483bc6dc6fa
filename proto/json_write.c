/* SPDX-License-Identifier: Apache-2.0 */
/* JSON values as text: ASCII alone, so that no name in it can steer a terminal or a page. */
#include <string.h>

#include "proto/json_private.h"

enum { INDENTATION = 2 };

struct json_writer {
	GString *text;
	bool indented;
	guint depth;
	struct {
		bool has_members, is_array;
	} lists[JSON_MAX_DEPTH + 1]; /* by depth; 0 = the document */
};

static void write_unit(GString *text, guint unit)
{
	g_string_append_printf(text, "\\u%04X", unit);
}

static void write_code_point(GString *text, gunichar point)
{
	enum { FIRST_WITHOUT_UNIT = 0x10000, HIGH = 0xD800, LOW = 0xDC00, HALF_BITS = 10 };

	if (point < FIRST_WITHOUT_UNIT) {
		write_unit(text, point);
		return;
	}
	point -= FIRST_WITHOUT_UNIT;
	write_unit(text, HIGH + (point >> HALF_BITS));
	write_unit(text, LOW + (point & ((1U << HALF_BITS) - 1)));
}

static void write_special(GString *text, gunichar point)
{
	static const char shorts[] = "\"\\\b\f\n\r\t";
	static const char letters[] = "\"\\bfnrt";
	const char *found = point == 0 || point > 0x7F ? NULL : strchr(shorts, (int)point);

	if (found == NULL) {
		write_code_point(text, point);
		return;
	}
	g_string_append_c(text, '\\');
	g_string_append_c(text, letters[found - shorts]);
}

static bool is_plain(char c)
{
	return c >= ' ' && c < '\x7f' && c != '"' && c != '\\';
}

static void write_string(GString *text, const char *string, size_t size)
{
	const char *end = string + size;

	g_string_append_c(text, '"');
	while (string < end) {
		const char *plain = string;

		while (string < end && is_plain(*string))
			string++;
		g_string_append_len(text, plain, string - plain);
		if (string == end)
			break;
		write_special(text, g_utf8_get_char(string));
		string += g_utf8_skip[(unsigned char)*string];
	}
	g_string_append_c(text, '"');
}

/* As a number that reads back as a real. */
static void write_real(GString *text, double real)
{
	char digits[G_ASCII_DTOSTR_BUF_SIZE];

	g_string_append(text, g_ascii_formatd(digits, sizeof(digits), "%.15g", real));
	if (strpbrk(digits, ".e") == NULL)
		g_string_append(text, ".0");
}

static void break_line(const struct json_writer *writer)
{
	static const char blanks[] = "                ";
	size_t left = (size_t)writer->depth * INDENTATION;

	if (!writer->indented)
		return;
	g_string_append_c(writer->text, '\n');
	for (size_t n = 0; left > 0; left -= n) {
		n = MIN(left, sizeof(blanks) - 1);
		g_string_append_len(writer->text, blanks, (gssize)n);
	}
}

static void begin_member(struct json_writer *writer, const char *key)
{
	bool *has_members = &writer->lists[writer->depth].has_members;

	if (*has_members)
		g_string_append_c(writer->text, ',');
	*has_members = true;
	if (writer->depth > 0)
		break_line(writer);
	if (key != NULL) {
		write_string(writer->text, key, strlen(key));
		g_string_append(writer->text, writer->indented ? ": " : ":");
	}
}

void json_write_begin(struct json_writer *writer, const char *key, enum json_kind kind)
{
	bool is_array = kind == JSON_KIND_ARRAY;

	g_assert(writer->depth < JSON_MAX_DEPTH && (is_array || kind == JSON_KIND_OBJECT));
	begin_member(writer, key);
	g_string_append_c(writer->text, is_array ? '[' : '{');
	writer->depth++;
	writer->lists[writer->depth].has_members = false;
	writer->lists[writer->depth].is_array = is_array;
}

void json_write_end(struct json_writer *writer)
{
	bool has_members = writer->lists[writer->depth].has_members;
	bool is_array = writer->lists[writer->depth].is_array;

	g_assert(writer->depth > 0);
	writer->depth--;
	if (has_members)
		break_line(writer);
	g_string_append_c(writer->text, is_array ? ']' : '}');
}

static void write_scalar(GString *text, const struct json *value)
{
	switch (json_kind(value)) {
	case JSON_KIND_BOOL:
		g_string_append(text, value->boolean ? "true" : "false");
		break;
	case JSON_KIND_INTEGER:
		g_string_append_printf(text, "%" G_GINT64_FORMAT, value->integer);
		break;
	case JSON_KIND_REAL:
		write_real(text, value->real);
		break;
	case JSON_KIND_STRING:
		write_string(text, value->string.text, value->string.size);
		break;
	case JSON_KIND_NULL:
	case JSON_KIND_ARRAY:
	case JSON_KIND_OBJECT:
		g_string_append(text, "null");
		break;
	}
}

static void write_value(struct json_writer *writer, const char *key, const struct json *value)
{
	enum json_kind kind = json_kind(value);

	if (kind != JSON_KIND_ARRAY && kind != JSON_KIND_OBJECT) {
		begin_member(writer, key);
		write_scalar(writer->text, value);
		return;
	}
	json_write_begin(writer, key, kind);
	for (const struct json *member = value->list.first; member != NULL; member = member->next)
		write_value(writer, member->key, member);
	json_write_end(writer);
}

void json_write_value(struct json_writer *writer, const char *key, struct json *value)
{
	write_value(writer, key, value);
	json_free(value);
}

void json_write_string(struct json_writer *writer, const char *key, const char *text)
{
	if (text != NULL && !g_utf8_validate(text, -1, NULL)) {
		json_write_value(writer, key, json_new_string(text));
		return;
	}
	begin_member(writer, key);
	if (text == NULL)
		g_string_append(writer->text, "null");
	else
		write_string(writer->text, text, strlen(text));
}

struct json_writer *json_writer_new(GString *text, bool indented)
{
	struct json_writer *writer = g_new0(struct json_writer, 1);

	writer->text = text;
	writer->indented = indented;
	return writer;
}

void json_writer_free(struct json_writer *writer)
{
	g_free(writer);
}

char *json_text(const struct json *value, bool indented)
{
	struct json_writer writer = {.text = g_string_new(NULL), .indented = indented};

	write_value(&writer, NULL, value);
	return g_string_free(writer.text, FALSE);
}
