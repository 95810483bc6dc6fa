/* SPDX-License-Identifier: Apache-2.0 */
/* Join strings: the good one, and that a damaged or forged one leads nowhere. */
#include <string.h>

#include "agent/ship/join.h"

#define PIN "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define GOOD                                                                                       \
	"{\"v\":1,\"enroll\":\"https://audit.example:8445\",\"agents\":\"https://"                 \
	"audit.example:8444\",\"pin\":\"" PIN "\",\"token\":\"a1.s3-cr_t\"}"

static char *encode(const char *json)
{
	g_autofree char *standard = g_base64_encode((const guchar *)json, strlen(json));

	g_strdelimit(standard, "+", '-');
	g_strdelimit(standard, "/", '_');
	return g_strconcat("plimsoll-join:", standard, NULL);
}

static void test_tells_server_pin_and_token(void)
{
	g_autofree char *word = encode(GOOD);
	g_autofree char *text = g_strdup_printf(" \n%s\r\n", word);
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(join) *join = join_parse(text, strlen(text), &error);

	g_assert_no_error(error);
	g_assert_cmpstr(join->enroll_url, ==, "https://audit.example:8445");
	g_assert_cmpstr(join->agents_url, ==, "https://audit.example:8444");
	g_assert_cmpstr(join->token, ==, "a1.s3-cr_t");
	g_assert_cmpint(join->pin[1], ==, 0x11);
	g_assert_cmpint(join->pin[31], ==, 0xff);
}

static void test_padding_is_optional(void)
{
	for (int more = 0; more < 3; more++) {
		g_autofree char *json = g_strdup_printf("%s%*s", GOOD, more, "");
		g_autofree char *padded = encode(json);
		g_autofree char *bare = g_strdup(padded);
		g_autoptr(GError) error = NULL;

		g_strdelimit(bare, "=", '\0');
		PLIMSOLL_AUTO(join) *one = join_parse(padded, strlen(padded), &error);
		g_assert_no_error(error);
		PLIMSOLL_AUTO(join) *other = join_parse(bare, strlen(bare), &error);
		g_assert_no_error(error);
		g_assert_cmpstr(one->token, ==, other->token);
	}
}

static void refused(const char *text, const char *why)
{
	g_autofree char *want = g_strconcat("not a join string: ", why, NULL);
	g_autoptr(GError) error = NULL;

	g_assert_null(join_parse(text, strlen(text), &error));
	g_assert_error(error, JOIN_ERROR, 0);
	g_assert_cmpstr(error->message, ==, want);
}

static void test_refuses_contents(void)
{
	static const struct {
		const char *name, *replaced, *by, *why;
	} cases[] = {
		{"newer version", "\"v\":1", "\"v\":2",
		 "it is of another version than this agent knows"},
		{"no version", "\"v\":1,", "", "it is of another version than this agent knows"},
		{"plain http", "https://audit.example:8445", "http://audit.example:8445",
		 "it names no server"},
		{"a path in the URL", "audit.example:8444", "audit.example:8444/x",
		 "it names no server"},
		{"a user in the URL", "https://audit.example:8444", "https://u:p@audit.example",
		 "it names no server"},
		{"a line break in the URL", "audit.example:8444", "audit.example\\r\\nX: 1",
		 "it names no server"},
		{"a NUL in the URL", "audit.example:8444", "audit.example\\u0000.evil",
		 "it names no server"},
		{"no agents URL", "\"agents\"", "\"other\"", "it names no server"},
		{"short pin", PIN, "0011", "it holds no pin of the server's CA"},
		{"pin that is no hex", PIN,
		 "zz112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
		 "it holds no pin of the server's CA"},
		{"pin that is no text", "\"" PIN "\"", "1", "it holds no pin of the server's CA"},
		{"token without secret", "a1.s3-cr_t", "a1.", "it holds no token"},
		{"token without id", "a1.s3-cr_t", ".s", "it holds no token"},
		{"token with a line break", "a1.s3-cr_t", "a1.s\\r\\nX: 1", "it holds no token"},
		{"token with a NUL", "a1.s3-cr_t", "a1.s\\u0000x", "it holds no token"},
		{"token of three parts", "a1.s3-cr_t", "a1.s.t", "it holds no token"},
		{"the same key twice", "\"v\":1", "\"v\":1,\"v\":1", "it is damaged or cut off"},
		{"no object", GOOD, "[1]", "it is of another version than this agent knows"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GString) json = g_string_new(GOOD);

		g_test_message("%s", cases[i].name);
		g_assert_cmpuint(g_string_replace(json, cases[i].replaced, cases[i].by, 0), >, 0);
		g_autofree char *text = encode(json->str);
		refused(text, cases[i].why);
	}
}

static void test_refuses_what_is_no_join_string(void)
{
	g_autofree char *good = encode(GOOD);
	g_autofree char *long_one = g_strnfill(JOIN_MAX_BYTES + 1, 'a');
	g_autofree char *cut = g_strndup(good, strlen(good) - 9);
	g_autofree char *with_blank = g_strdup(good);

	with_blank[40] = ' ';
	refused("", "it does not start with plimsoll-join:");
	refused("plimsoll-join", "it does not start with plimsoll-join:");
	refused(good + 1, "it does not start with plimsoll-join:");
	refused("plimsoll-join:", "it is damaged or cut off");
	refused("plimsoll-join:====", "it is damaged or cut off");
	refused(cut, "it is damaged or cut off");
	refused(with_blank, "it is damaged or cut off");
	refused(long_one, "it is too long");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/join/tells-server-pin-and-token", test_tells_server_pin_and_token);
	g_test_add_func("/join/padding-is-optional", test_padding_is_optional);
	g_test_add_func("/join/refuses-contents", test_refuses_contents);
	g_test_add_func("/join/refuses-what-is-no-join-string",
			test_refuses_what_is_no_join_string);
	return g_test_run();
}
