/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON door: what it refuses, what it tells about it, and that what it writes is plain text. */
#include <string.h>

#include "proto/json.h"

static struct json *parsed(const char *text)
{
	g_autoptr(GError) error = NULL;
	struct json *root = json_parse(text, strlen(text), NULL, &error);

	g_assert_no_error(error);
	return root;
}

static void test_refuses_what_is_not_strict_json(void)
{
	static const struct {
		const char *name, *text, *error;
		int line, column;
	} cases[] = {
		{"nothing", "", "the document ends too early", 1, 0},
		{"cut off", "{\n\"a\":", "the document ends too early", 2, 4},
		{"duplicate key", "{\"a\": 1,\n \"a\": 2}", "the same key twice", 2, 4},
		{"trailing text", "{} x", "text after the end of the document", 1, 4},
		{"trailing comma", "[1,]", "invalid syntax", 1, 4},
		{"integer out of range", "[9223372036854775808]", "number out of range", 1, 20},
		{"real out of range", "[1e999]", "number out of range", 1, 6},
		{"bare word", "{\"a\": secret-token}", "invalid syntax", 1, 7},
		{"bad UTF-8", "[\"\xff\"]", "invalid UTF-8", 1, 3},
		{"an overlong character", "[\"\xc0\xaf\"]", "invalid UTF-8", 1, 3},
		{"a surrogate", "[\"\xed\xa0\x80\"]", "invalid UTF-8", 1, 3},
		{"beyond Unicode", "[1,\n\"\xf5\x80\x80\x80\"]", "invalid UTF-8", 2, 2},
		{"in a key", "{\"\xc0\xaf\": 1}", "invalid UTF-8", 1, 3},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *want = g_strdup_printf("line %d column %d: %s", cases[i].line,
							cases[i].column, cases[i].error);
		struct json_place place = {0};

		g_test_message("%s", cases[i].name);
		g_assert_null(json_parse(cases[i].text, strlen(cases[i].text), &place, &error));
		g_assert_error(error, JSON_ERROR, error->code);
		g_assert_cmpstr(error->message, ==, want);
		g_assert_cmpint(place.line, ==, cases[i].line);
		g_assert_cmpint(place.column, ==, cases[i].column);
	}
}

static void test_errors_quote_nothing_of_the_document(void)
{
	const char text[] = "{\"proxy\": \"http://user:pass@p\" oops}";
	g_autoptr(GError) error = NULL;

	g_assert_null(json_parse(text, strlen(text), NULL, &error));
	g_assert_null(strstr(error->message, "pass"));
	g_assert_null(strstr(error->message, "oops"));
}

static void test_deep_nesting_is_refused(void)
{
	g_autofree char *text = g_strnfill(100000, '[');
	g_autoptr(GError) error = NULL;

	g_assert_null(json_parse(text, strlen(text), NULL, &error));
	g_assert_nonnull(strstr(error->message, "nested too deeply"));
}

static void test_a_nul_in_a_string_is_told_by_its_size(void)
{
	PLIMSOLL_AUTO(json) *root = parsed("{\"label\": \"ab\\u0000cd\"}");
	size_t size = 0;

	g_assert_cmpstr(json_as_string(json_get(root, "label"), &size), ==, "ab");
	g_assert_cmpuint(size, ==, 5);
}

static void count_key(const char *key, const struct json *value, void *data)
{
	g_string_append_printf(data, "%s=%s;", key, json_as_string(value, NULL));
}

static void test_a_nul_in_a_key_costs_only_that_key(void)
{
	PLIMSOLL_AUTO(json) *root =
		parsed("{\"b\\u0000c\": \"1\", \"\\\\u0000\": \"2\", \"a\": \"3\"}");
	g_autoptr(GString) seen = g_string_new(NULL);

	json_each(root, count_key, seen);
	g_assert_cmpstr(seen->str, ==,
			"\\u0000=2;a=3;b\xef\xbf\xbd"
			"c=1;");
}

static void test_readers_answer_not_there_for_anything_else(void)
{
	PLIMSOLL_AUTO(json) *root = parsed("{\"s\": \"x\", \"n\": null, \"l\": [1]}");
	int64_t integer = 42;
	bool boolean = true;

	g_assert_null(json_get(NULL, "x"));
	g_assert_null(json_get(json_get(root, "s"), "x"));
	g_assert_null(json_path(root, "s.deeper.still"));
	g_assert_null(json_at(root, 0));
	g_assert_null(json_at(json_get(root, "l"), 1));
	g_assert_null(json_as_string(json_get(root, "l"), NULL));
	g_assert_null(json_as_string(NULL, NULL));
	g_assert_cmpuint(json_length(NULL), ==, 0);
	g_assert_false(json_as_integer(json_get(root, "s"), &integer));
	g_assert_false(json_as_integer(NULL, &integer));
	g_assert_cmpint(integer, ==, 42);
	g_assert_false(json_as_boolean(json_get(root, "n"), &boolean));
	g_assert_true(boolean);
	g_assert_true(json_is(json_get(root, "n"), JSON_KIND_NULL));
	g_assert_false(json_is(NULL, JSON_KIND_NULL));
	g_assert_cmpint(json_kind(NULL), ==, JSON_KIND_NULL);
	json_each(NULL, count_key, NULL);
}

static void test_integers_are_exact(void)
{
	static const struct {
		const char *text;
		bool is_integer;
		int64_t want;
	} cases[] = {
		{"9223372036854775807", true, INT64_MAX},
		{"-9223372036854775808", true, INT64_MIN},
		{"1e3", true, 1000},
		{"-2.0", true, -2},
		{"1.5", false, 0},
		{"9223372036854775808.0", false, 0},
		{"-9223372036854775808.0", true, INT64_MIN},
		{"1e300", false, 0},
		{"\"7\"", false, 0},
		{"true", false, 0},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		PLIMSOLL_AUTO(json) *root = parsed(cases[i].text);
		int64_t value = 0;

		g_test_message("%s", cases[i].text);
		g_assert_cmpint(json_as_integer(root, &value), ==, cases[i].is_integer);
		g_assert_cmpint(value, ==, cases[i].want);
	}
}

static void test_paths_lead_through_objects(void)
{
	PLIMSOLL_AUTO(json) *root = parsed("{\"HostConfig\": {\"Memory\": 12}, \"a.b\": 1}");
	int64_t memory = 0;

	g_assert_true(json_as_integer(json_path(root, "HostConfig.Memory"), &memory));
	g_assert_cmpint(memory, ==, 12);
	g_assert_null(json_path(root, "HostConfig.Nothing"));
	g_assert_null(json_path(root, "a.b"));
}

static void test_writes_plain_text_in_the_order_of_setting(void)
{
	PLIMSOLL_AUTO(json) *root = json_object_new();
	struct json *list = json_set(root, "z", json_array_new());
	g_autofree char *text = NULL;

	json_append(list, json_new_string("\x1b[31m\x7f\xc2\x9b\xe2\x80\xae</script>\xff"));
	json_append(list, json_new_string(NULL));
	json_append(list, json_new_integer(INT64_MIN));
	json_append(list, json_new_real(71.2));
	json_append(list, json_new_boolean(true));
	json_set(root, "a\xff", json_new_null());
	text = json_text(root, false);
	g_assert_cmpstr(text, ==,
			"{\"z\":[\"\\u001B[31m\\u007F\\u009B\\u202E</script>\\uFFFD\",null,"
			"-9223372036854775808,71.2,true],\"a\\uFFFD\":null}");
}

static void test_pieces_give_the_text_of_the_whole(void)
{
	static const char text[] = "{\"a\": [1, {}, [], [true]], \"b\": {\"c\": null}}";
	PLIMSOLL_AUTO(json) *root = parsed(text);
	g_autofree char *whole = json_text(root, true);
	g_autoptr(GString) pieces = g_string_new("> ");
	PLIMSOLL_AUTO(json_writer) *writer = json_writer_new(pieces, true);

	json_write_begin(writer, NULL, JSON_KIND_OBJECT);
	json_write_begin(writer, "a", JSON_KIND_ARRAY);
	json_write_value(writer, NULL, json_new_integer(1));
	json_write_value(writer, NULL, json_object_new());
	json_write_begin(writer, NULL, JSON_KIND_ARRAY);
	json_write_end(writer);
	json_write_value(writer, NULL, parsed("[true]"));
	json_write_end(writer);
	json_write_value(writer, "b", parsed("{\"c\": null}"));
	json_write_end(writer);
	g_assert_cmpstr(pieces->str + 2, ==, whole);
	g_assert_cmpstr(whole, ==,
			"{\n  \"a\": [\n    1,\n    {},\n    [],\n    [\n      true\n    ]\n  ],\n"
			"  \"b\": {\n    \"c\": null\n  }\n}");
}

static void test_long_lists_are_searched(void)
{
	g_autoptr(GString) text = g_string_new("{");
	PLIMSOLL_AUTO(json) *root = NULL;
	g_autoptr(GError) error = NULL;
	int64_t value = 0;

	for (int i = 0; i < 1000; i++)
		g_string_append_printf(text, "%s\"k%d\": [%d]", i == 0 ? "" : ", ", i, i);
	g_string_append(text, "}");
	root = parsed(text->str);
	g_assert_cmpuint(json_length(root), ==, 1000);
	for (int i = 0; i < 1000; i++) {
		g_autofree char *key = g_strdup_printf("k%d", i);

		g_assert_true(json_as_integer(json_at(json_get(root, key), 0), &value));
		g_assert_cmpint(value, ==, i);
	}
	g_assert_null(json_get(root, "k1000"));
	g_string_truncate(text, text->len - 1);
	g_string_append(text, ", \"k500\": 0}");
	g_assert_null(json_parse(text->str, text->len, NULL, &error));
	g_assert_nonnull(strstr(error->message, "the same key twice"));
}

static void test_members_know_the_line_of_their_key(void)
{
	PLIMSOLL_AUTO(json) *root =
		parsed("{\n\"a\":\n\n1, \"b\": {\"c\\n\": [{\n\"d\": 0}]}\n,\"e\": 1}");
	const struct json *b = json_get(root, "b");

	g_assert_cmpuint(json_line(json_get(root, "a")), ==, 2);
	g_assert_cmpuint(json_line(b), ==, 4);
	g_assert_cmpuint(json_line(json_get(b, "c\n")), ==, 4);
	g_assert_cmpuint(json_line(json_get(json_at(json_get(b, "c\n"), 0), "d")), ==, 5);
	g_assert_cmpuint(json_line(json_get(root, "e")), ==, 6);
	g_assert_cmpuint(json_line(root), ==, 0);
	g_assert_cmpuint(json_line(NULL), ==, 0);
}

static void test_setting_again_replaces(void)
{
	PLIMSOLL_AUTO(json) *root = json_object_new();
	g_autofree char *text = NULL;

	json_set(root, "a", json_new_integer(1));
	json_set(root, "b", json_new_integer(2));
	json_set(root, "b", json_new_string("x\n\xf0\x9f\x90\xb3"));
	json_set(root, "c", json_new_real(2));
	json_set(root, "a", json_new_boolean(false));
	text = json_text(root, false);
	g_assert_cmpstr(text, ==, "{\"b\":\"x\\n\\uD83D\\uDC33\",\"c\":2.0,\"a\":false}");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/json/refuses-what-is-not-strict-json",
			test_refuses_what_is_not_strict_json);
	g_test_add_func("/json/errors-quote-nothing-of-the-document",
			test_errors_quote_nothing_of_the_document);
	g_test_add_func("/json/deep-nesting-is-refused", test_deep_nesting_is_refused);
	g_test_add_func("/json/a-nul-in-a-string-is-told-by-its-size",
			test_a_nul_in_a_string_is_told_by_its_size);
	g_test_add_func("/json/a-nul-in-a-key-costs-only-that-key",
			test_a_nul_in_a_key_costs_only_that_key);
	g_test_add_func("/json/readers-answer-not-there-for-anything-else",
			test_readers_answer_not_there_for_anything_else);
	g_test_add_func("/json/integers-are-exact", test_integers_are_exact);
	g_test_add_func("/json/paths-lead-through-objects", test_paths_lead_through_objects);
	g_test_add_func("/json/writes-plain-text-in-the-order-of-setting",
			test_writes_plain_text_in_the_order_of_setting);
	g_test_add_func("/json/pieces-give-the-text-of-the-whole",
			test_pieces_give_the_text_of_the_whole);
	g_test_add_func("/json/long-lists-are-searched", test_long_lists_are_searched);
	g_test_add_func("/json/members-know-the-line-of-their-key",
			test_members_know_the_line_of_their_key);
	g_test_add_func("/json/setting-again-replaces", test_setting_again_replaces);
	return g_test_run();
}
