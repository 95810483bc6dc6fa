/* SPDX-License-Identifier: Apache-2.0 */
/* Foreign strings: whatever a host calls itself, one harmless line of UTF-8 comes out. */
#include <glib.h>
#include <string.h>

#include "server/format/text.h"

#define SHOWN(code) "\xE2\x9F\xA8U+" code "\xE2\x9F\xA9"
#define REPLACED    "\xEF\xBF\xBD"

static const struct {
	const char *name;
	const char *raw;
	const char *want;
	const char *want_ascii;
} cases[] = {
	{"plain words stay", "web-1_a.b/c:8080", "web-1_a.b/c:8080", "web-1_a.b/c:8080"},
	{"NULL is nothing", NULL, "", ""},
	{"letters of other scripts stay",
	 "stra\xC3\x9F"
	 "e",
	 "stra\xC3\x9F"
	 "e",
	 "stra<U+00DF>e"},
	{"a newline cannot start a line", "a\nfail\t5.5",
	 "a" SHOWN("000A") "fail" SHOWN("0009") "5.5", "a<U+000A>fail<U+0009>5.5"},
	{"escape sequences lose their escape", "\033]0;x\007\033[2J",
	 SHOWN("001B") "]0;x" SHOWN("0007") SHOWN("001B") "[2J", "<U+001B>]0;x<U+0007><U+001B>[2J"},
	{"the one-character CSI of C1 is shown",
	 "\xC2\x9B"
	 "31m",
	 SHOWN("009B") "31m", "<U+009B>31m"},
	{"delete is shown", "a\x7F", "a" SHOWN("007F"), "a<U+007F>"},
	{"an override of direction is shown", "\xE2\x80\xAEgnp", SHOWN("202E") "gnp",
	 "<U+202E>gnp"},
	{"an isolate is shown", "\xE2\x81\xA6x", SHOWN("2066") "x", "<U+2066>x"},
	{"a mark of direction is shown", "\xD8\x9Cx", SHOWN("061C") "x", "<U+061C>x"},
	{"a zero-width space is shown",
	 "a\xE2\x80\x8B"
	 "b",
	 "a" SHOWN("200B") "b", "a<U+200B>b"},
	{"a byte order mark is shown", "\xEF\xBB\xBFx", SHOWN("FEFF") "x", "<U+FEFF>x"},
	{"a line separator is shown",
	 "a\xE2\x80\xA8"
	 "b",
	 "a" SHOWN("2028") "b", "a<U+2028>b"},
	{"a tag character is shown", "\xF3\xA0\x81\x81", SHOWN("E0041"), "<U+E0041>"},
	{"a lone byte is replaced",
	 "a\xFF"
	 "b",
	 "a" REPLACED "b", "a<U+FFFD>b"},
	{"an overlong slash is no slash", "\xC0\xAF", REPLACED REPLACED, "<U+FFFD><U+FFFD>"},
	{"half a surrogate pair is replaced", "\xED\xA0\x80", REPLACED REPLACED REPLACED,
	 "<U+FFFD><U+FFFD><U+FFFD>"},
	{"a cut sequence is replaced", "a\xE2\x82", "a" REPLACED REPLACED, "a<U+FFFD><U+FFFD>"},
};

static void test_cases(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GString) text = g_string_new(NULL);
		g_autoptr(GString) ascii = g_string_new(NULL);

		g_test_message("%s", cases[i].name);
		text_append(text, cases[i].raw, TEXT_MAX_CHARS, false);
		text_append(ascii, cases[i].raw, TEXT_MAX_CHARS, true);
		g_assert_cmpstr(text->str, ==, cases[i].want);
		g_assert_cmpstr(ascii->str, ==, cases[i].want_ascii);
	}
}

static void test_cap(void)
{
	g_autofree char *raw = g_strnfill(TEXT_MAX_CHARS + 1, 'x');
	g_autofree char *clean = text_clean(raw);
	g_autoptr(GString) exact = g_string_new(NULL);

	g_assert_cmpint(g_utf8_strlen(clean, -1), ==, TEXT_MAX_CHARS + 1);
	g_assert_true(g_str_has_suffix(clean, "\xE2\x80\xA6"));
	text_append(exact, "abc", 3, true);
	g_assert_cmpstr(exact->str, ==, "abc");
	g_string_truncate(exact, 0);
	text_append(exact, "abcd", 3, true);
	g_assert_cmpstr(exact->str, ==, "abc...");
}

/* Every byte pair, so that no table of examples decides: clean UTF-8, no control, no format. */
static void test_every_pair_of_bytes(void)
{
	for (guint pair = 0x0101; pair <= 0xFFFF; pair++) {
		const char raw[] = {(char)(pair >> 8), (char)(pair & 0xFF), '\0'};
		g_autofree char *clean = text_clean(raw);

		g_assert_true(g_utf8_validate(clean, -1, NULL));
		for (const char *at = clean; *at != '\0'; at = text_next(at)) {
			gunichar c = g_utf8_get_char(at);

			g_assert_false(g_unichar_iscntrl(c));
			g_assert_cmpint(g_unichar_type(c), !=, G_UNICODE_FORMAT);
		}
	}
}

static void test_columns(void)
{
	g_assert_cmpuint(text_columns("abc"), ==, 3);
	g_assert_cmpuint(text_columns("\xE6\xBC\xA2"), ==, 2);
	g_assert_cmpuint(text_columns("e\xCC\x81"), ==, 1);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/text/what goes in and what comes out", test_cases);
	g_test_add_func("/text/is cut at its cap and says so", test_cap);
	g_test_add_func("/text/no two bytes give a control", test_every_pair_of_bytes);
	g_test_add_func("/text/columns count wide and combining characters", test_columns);
	return g_test_run();
}
