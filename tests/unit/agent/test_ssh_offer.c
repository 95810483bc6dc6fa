/* SPDX-License-Identifier: Apache-2.0 */
/* What a server offers for the key exchange, and words of other machines that are shown. */
#include <string.h>

#include "agent/ssh/ssh_offer.h"
#include "agent/ssh/ssh_words.h"
#include "proto/limits.h"

static const struct ssh_offer ours = {
	.names = {"kex-a,kex-b", "host-a", "cipher-a", "cipher-a", "mac-a", "mac-a"}};

/* The first bytes of a server: banner, version, a packet with these lists. */
static GByteArray *greeting(const char *before, const char *const lists[SSH_OFFER_LISTS])
{
	GByteArray *bytes = g_byte_array_new();
	g_autoptr(GByteArray) packet = g_byte_array_new();
	static const guint8 head[18] = {4, 20};
	guint32 size = 0;

	g_byte_array_append(packet, head, sizeof(head));
	for (size_t i = 0; i < SSH_OFFER_LISTS; i++) {
		size = GUINT32_TO_BE((guint32)strlen(lists[i]));
		g_byte_array_append(packet, (const guint8 *)&size, sizeof(size));
		g_byte_array_append(packet, (const guint8 *)lists[i], (guint)strlen(lists[i]));
	}
	g_byte_array_append(bytes, (const guint8 *)before, (guint)strlen(before));
	size = GUINT32_TO_BE((guint32)packet->len);
	g_byte_array_append(bytes, (const guint8 *)&size, sizeof(size));
	g_byte_array_append(bytes, packet->data, packet->len);
	return bytes;
}

static const struct {
	const char *name, *before;
	const char *lists[SSH_OFFER_LISTS];
	const char *want; /* NULL: something in common everywhere */
} cases[] = {
	{"all in common",
	 "SSH-2.0-x\r\n",
	 {"kex-b", "host-a", "x,cipher-a", "cipher-a", "mac-a,y", "mac-a"},
	 NULL},
	{"a host key",
	 "SSH-2.0-x\r\n",
	 {"kex-b", "rsa", "cipher-a", "cipher-a", "mac-a", "mac-a"},
	 "no host key types in common: the server has rsa, libssh2 has host-a"},
	{"a part of a name is not it",
	 "SSH-2.0-x\r\n",
	 {"kex-b", "host-ab,host", "cipher-a", "cipher-a", "mac-a", "mac-a"},
	 "no host key types in common: the server has host-ab,host, libssh2 has host-a"},
	{"MACs of one direction",
	 "SSH-2.0-x\n",
	 {"kex-b", "host-a", "cipher-a", "cipher-a", "mac-a", "etm"},
	 "no MAC algorithms in common: the server has etm, libssh2 has mac-a"},
	{"nothing at all",
	 "SSH-2.0-x\r\n",
	 {"", "", "", "", "", ""},
	 "no key exchange methods in common: the server has none, libssh2 has kex-a,kex-b"},
	{"behind a banner",
	 "Go away!\r\nOr not.\r\nSSH-2.0-x\r\n",
	 {"kex-b", "host-a", "c", "c", "m", "m"},
	 "no ciphers in common: the server has c, libssh2 has cipher-a"},
	{"what is no name",
	 "SSH-2.0-x\r\n",
	 {"\033[2J\n", "host-a", "c", "c", "m", "m"},
	 "no key exchange methods in common: the server has ?[2J?, libssh2 has kex-a,kex-b"},
	{"no version", "HTTP/1.1 400\r\n", {"", "", "", "", "", ""}, NULL},
};

static void test_disagreements(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GByteArray) bytes = greeting(cases[i].before, cases[i].lists);
		g_autofree char *got = ssh_offer_disagreement(bytes->data, bytes->len, &ours);

		g_test_message("%s", cases[i].name);
		g_assert_cmpstr(got, ==, cases[i].want);
	}
}

static void test_greetings_that_are_cut_say_nothing(void)
{
	static const char *const lists[] = {"kex-a",    "host-a", "cipher-a",
					    "cipher-a", "mac-a",  "x"};
	g_autoptr(GByteArray) bytes = greeting("SSH-2.0-x\r\n", lists);

	for (guint size = 0; size < bytes->len; size++) {
		g_autofree guint8 *cut = g_memdup2(bytes->data, size);
		g_autofree char *got = ssh_offer_disagreement(cut, size, &ours);

		g_assert_null(got);
	}
}

static void test_long_lists_are_shown_in_part(void)
{
	g_autofree char *names = g_strnfill(5000, 'x');
	const char *const lists[] = {names, "host-a", "cipher-a", "cipher-a", "mac-a", "mac-a"};
	g_autoptr(GByteArray) bytes = greeting("SSH-2.0-x\r\n", lists);
	g_autofree char *got = ssh_offer_disagreement(bytes->data, bytes->len, &ours);

	g_assert_cmpuint(strlen(got), <, 400);
	g_assert_nonnull(strstr(got, "xxx..., libssh2"));
}

static void test_which_servers_take_sha1(void)
{
	static const struct {
		const char *version;
		bool want;
	} versions[] = {
		{"SSH-2.0-OpenSSH_7.4", true},
		{"SSH-2.0-OpenSSH_8.4p1 Debian-5+deb11u3", true},
		{"SSH-2.0-OpenSSH_8.6", true},
		{"SSH-2.0-OpenSSH_8.7", false},
		{"SSH-2.0-OpenSSH_8.8p1", false},
		{"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3", false},
		{"SSH-2.0-OpenSSH_10.0", false},
		{"SSH-2.0-OpenSSH_for_Windows_8.1", false},
		{"SSH-2.0-OpenSSH_", false},
		{"SSH-2.0-OpenSSH_8", false},
		{"SSH-2.0-OpenSSH_-1.5", false},
		{"SSH-2.0-OpenSSH_99999999999999999999.1", false},
		{"SSH-2.0-dropbear_2020.81", false},
		{"", false},
		{NULL, false},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(versions); i++) {
		g_test_message("%s", versions[i].version);
		g_assert_true(ssh_offer_takes_sha1(versions[i].version) == versions[i].want);
	}
}

/* ---- words ---- */

static void test_words_are_fit_to_be_shown(void)
{
	static const struct {
		const char *said, *want;
	} said[] = {
		{"sudo: a password is required\r\n", "sudo: a password is required"},
		{"one\ntwo\n", "one\ntwo"},
		{"\033]0;title\007\033[31mred", "?]0;title??[31mred"},
		{"a\tb", "a b"},
		{"gr\xc3\xbc\xc3\x9f"
		 "e",
		 "gr\xc3\xbc\xc3\x9f"
		 "e"},
		{"half \xc3", "half \xef\xbf\xbd"},
		{"turn\xe2\x80\xae"
		 "ed",
		 "turn?ed"},
		{"c1\xc2\x9b"
		 "2J",
		 "c1?2J"},
		{"", ""},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(said); i++) {
		g_autoptr(GString) words = g_string_new(NULL);
		g_autofree char *shown = NULL;

		ssh_words_add(words, said[i].said, strlen(said[i].said));
		shown = ssh_words_show(words);
		g_assert_cmpstr(shown, ==, said[i].want);
	}
}

static void test_last_words_stay(void)
{
	g_autoptr(GString) words = g_string_new(NULL);
	g_autofree char *much = g_strnfill(3 * LIMIT_SSH_WORDS_BYTES, 'x');
	g_autofree char *shown = NULL;

	ssh_words_add(words, much, strlen(much));
	g_assert_cmpuint(words->len, ==, LIMIT_SSH_WORDS_BYTES);
	ssh_words_add(words, "the end", 7);
	g_assert_cmpuint(words->len, ==, LIMIT_SSH_WORDS_BYTES);
	shown = ssh_words_show(words);
	g_assert_true(g_str_has_suffix(shown, "xxxthe end"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/ssh_offer/disagreements", test_disagreements);
	g_test_add_func("/ssh_offer/greetings-that-are-cut-say-nothing",
			test_greetings_that_are_cut_say_nothing);
	g_test_add_func("/ssh_offer/long-lists-are-shown-in-part",
			test_long_lists_are_shown_in_part);
	g_test_add_func("/ssh_offer/which-servers-take-sha1", test_which_servers_take_sha1);
	g_test_add_func("/ssh_words/fit-to-be-shown", test_words_are_fit_to_be_shown);
	g_test_add_func("/ssh_words/last-words-stay", test_last_words_stay);
	return g_test_run();
}
