/* SPDX-License-Identifier: Apache-2.0 */
/* What a file of known hosts says of a key; the verdicts are OpenSSH's where it was asked. */
#include <string.h>
#include <sys/stat.h>

#include "agent/ssh/known_hosts.h"
#include "agent/ssh_target.h"
#include "tests/unit/support/scratch.h"

/* Three keys; %1 to %3 of a case's lines stand for "TYPE BASE64". */
#define ED1 "AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB"
#define ED2 "AAAAC3NzaC1lZDI1NTE5AAAAIAICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIC"
#define EC1 "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAAABBA=="

static const char *const keys[] = {"ssh-ed25519 " ED1, "ssh-ed25519 " ED2,
				   "ecdsa-sha2-nistp256 " EC1};

/* ssh-keygen -H made these of "web1" and "[web1]:2222". */
#define HASHED_WEB1      "|1|rODzsBGdf0sLmZfFwOaJ02nQpzM=|3mjsC+ni0g9MUJqOn2WkGAYV5Cs="
#define HASHED_WEB1_2222 "|1|+gv+rEIjVGWd/x3o2PF1qPCVUtM=|HFvE3idOcyCWY3Pq8ztQGm37meE="

#define MATCH   KNOWN_HOSTS_MATCH
#define UNKNOWN KNOWN_HOSTS_UNKNOWN
#define CHANGED KNOWN_HOSTS_CHANGED
#define OTHER   KNOWN_HOSTS_OTHER_TYPE
#define REVOKED KNOWN_HOSTS_REVOKED

/* The server's key is always the first. */
static const struct {
	const char *name, *lines, *host;
	guint port;
	enum known_hosts_verdict want;
	guint line; /* that decided */
} cases[] = {
	{"a plain name", "web1 %1\n", "web1", 22, MATCH, 1},
	{"port 0 is 22", "web1 %1\n", "web1", 0, MATCH, 1},
	{"another name", "web1 %1\n", "web2", 22, UNKNOWN, 0},
	{"a name that begins the same", "web1 %1\n", "web11", 22, UNKNOWN, 0},
	{"no line at all", "", "web1", 22, UNKNOWN, 0},
	{"names do not heed case", "WEB1 %1\n", "Web1", 22, MATCH, 1},
	{"several names", "a,web1,b %1\n", "web1", 22, MATCH, 1},
	{"an address", "192.0.2.1 %1\n", "192.0.2.1", 22, MATCH, 1},
	{"an address with six groups", "2001:db8::1 %1\n", "2001:db8::1", 22, MATCH, 1},
	{"... and a port", "[2001:db8::1]:2222 %1\n", "2001:db8::1", 2222, MATCH, 1},
	{"the last line without its end", "web1 %1", "web1", 22, MATCH, 1},
	{"a comment behind the key", "web1 %1 root@web1\n", "web1", 22, MATCH, 1},
	{"lines that end with CR LF", "web1 %1\r\nweb2 %2\r\n", "web1", 22, MATCH, 1},
	{"blanks and tabs", " \t web1\t \t%1\n", "web1", 22, MATCH, 1},
	{"comments and empty lines", "# web1 %2\n\n   \nweb1 %1\n", "web1", 22, MATCH, 4},
	{"another key", "web1 %2\n", "web1", 22, CHANGED, 1},
	{"of two other keys the first is named", "web1 %3\nweb1 %2\nweb1 %2\n", "web1", 22, CHANGED,
	 2},
	{"the right key behind another", "web1 %2\nweb1 %1\n", "web1", 22, MATCH, 2},
	{"the right key before another", "web1 %1\nweb1 %2\n", "web1", 22, MATCH, 1},
	{"another type only", "web1 %3\n", "web1", 22, OTHER, 1},
	{"another type and the right key", "web1 %3\nweb1 %1\n", "web1", 22, MATCH, 2},
	/* ports */
	{"a port in brackets", "[web1]:2222 %1\n", "web1", 2222, MATCH, 1},
	{"another port", "[web1]:2222 %1\n", "web1", 2223, UNKNOWN, 0},
	{"a port in brackets is not 22", "[web1]:2222 %1\n", "web1", 22, UNKNOWN, 0},
	{"22 in brackets is never looked for", "[web1]:22 %1\n", "web1", 22, UNKNOWN, 0},
	{"the plain name serves a port", "web1 %1\n", "web1", 2222, MATCH, 1},
	{"... but its other key says nothing", "web1 %2\n", "web1", 2222, UNKNOWN, 0},
	{"... and does not mend a changed one", "[web1]:2222 %2\nweb1 %1\n", "web1", 2222, CHANGED,
	 1},
	{"a key revoked for the plain name", "@revoked web1 %1\n", "web1", 2222, REVOKED, 1},
	/* patterns */
	{"a star", "*.example %1\n", "web1.example", 22, MATCH, 1},
	{"a star for nothing", "web1*.example %1\n", "web1.example", 22, MATCH, 1},
	{"stars that go back", "*a*b*c %1\n", "xabyabzc", 22, MATCH, 1},
	{"stars that never fit", "*a*b*c %1\n", "xabyabz", 22, UNKNOWN, 0},
	{"a star is the dot's too", "*.example %1\n", "a.b.example", 22, MATCH, 1},
	{"a question mark", "web? %1\n", "web1", 22, MATCH, 1},
	{"a question mark is one character", "web? %1\n", "web", 22, UNKNOWN, 0},
	{"brackets mean nothing", "web[1] %1\n", "web1", 22, UNKNOWN, 0},
	{"a pattern with a port", "[*.example]:2222 %1\n", "a.example", 2222, MATCH, 1},
	{"a star does for a port too", "*.example* %1\n", "a.example", 2222, MATCH, 1},
	{"a negation", "*.example,!web1.example %1\n", "web1.example", 22, UNKNOWN, 0},
	{"a negation before", "!web1.example,*.example %1\n", "web1.example", 22, UNKNOWN, 0},
	{"a negation of others", "*.example,!web2.example %1\n", "web1.example", 22, MATCH, 1},
	{"a negation alone matches nobody", "!web2 %1\n", "web1", 22, UNKNOWN, 0},
	{"a negation with a pattern", "*,!web? %1\n", "web1", 22, UNKNOWN, 0},
	{"commas without a name", ",,web1,, %1\n", "web1", 22, MATCH, 1},
	/* hashed names */
	{"a hashed name", HASHED_WEB1 " %1\n", "web1", 22, MATCH, 1},
	{"a hashed name in other case", HASHED_WEB1 " %1\n", "WEB1", 22, MATCH, 1},
	{"a hashed name of another", HASHED_WEB1 " %1\n", "web2", 22, UNKNOWN, 0},
	{"a hashed name with a port", HASHED_WEB1_2222 " %1\n", "web1", 2222, MATCH, 1},
	{"a hashed plain name serves a port", HASHED_WEB1 " %1\n", "web1", 2222, MATCH, 1},
	{"a hashed name with another key", HASHED_WEB1 " %2\n", "web1", 22, CHANGED, 1},
	{"a hash that is none", "|1|AAAA|AAAA %1\n|1| %1\n|1|x %1\n|2|a|b %1\nweb1 %1\n", "web1",
	 22, MATCH, 5},
	/* markers */
	{"revoked", "@revoked web1 %1\n", "web1", 22, REVOKED, 1},
	{"revoked for all", "@revoked * %1\n", "web1", 22, REVOKED, 1},
	{"revoked behind a match", "web1 %1\n@revoked * %1\n", "web1", 22, REVOKED, 2},
	{"revoked before a match", "@revoked * %1\nweb1 %1\n", "web1", 22, REVOKED, 1},
	{"revoked under a hashed name", "@revoked " HASHED_WEB1 " %1\n", "web1", 22, REVOKED, 1},
	{"another key is revoked", "@revoked * %2\nweb1 %1\n", "web1", 22, MATCH, 2},
	{"revoked for others", "@revoked web2 %1\nweb1 %1\n", "web1", 22, MATCH, 2},
	{"a tab behind the marker", "@revoked\tweb1 %1\n", "web1", 22, REVOKED, 1},
	{"an authority is no host key", "@cert-authority * %1\n", "web1", 22, UNKNOWN, 0},
	{"an authority does not change keys", "@cert-authority * %2\nweb1 %1\n", "web1", 22, MATCH,
	 2},
	{"a marker that nobody knows", "@other web1 %1\n", "web1", 22, UNKNOWN, 0},
	{"two markers", "@cert-authority @cert-authority web1 %1\n", "web1", 22, UNKNOWN, 0},
	/* lines that cannot be read */
	{"no key", "web1\nweb1 ssh-ed25519\nweb1 %1\n", "web1", 22, MATCH, 3},
	{"a type that is not the key's", "web1 ssh-rsa " ED2 "\n", "web1", 22, UNKNOWN, 0},
	{"a key that is cut", "web1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAICAg\n", "web1", 22,
	 UNKNOWN, 0},
	{"a key that is no base64", "web1 ssh-ed25519 " ED2 "!\n", "web1", 22, UNKNOWN, 0},
	{"a version of old", "web1 1024 35 1234567\nweb1 %1\n", "web1", 22, MATCH, 2},
};

/* gives: the lines with their keys in place. */
static char *with_keys(const char *lines)
{
	GString *text = g_string_new(lines);

	g_string_replace(text, "%1", keys[0], 0);
	g_string_replace(text, "%2", keys[1], 0);
	g_string_replace(text, "%3", keys[2], 0);
	return g_string_free(text, FALSE);
}

static struct known_hosts *read_lines(const char *dir, const char *lines, GError **error)
{
	g_autofree char *text = with_keys(lines);
	g_autofree char *path = scratch_path(dir, "known_hosts");
	const char *const files[] = {"/nonexistent/known_hosts", path, NULL};

	scratch_write(dir, "known_hosts", text, -1);
	return known_hosts_read(files, error);
}

static uint8_t *key_bytes(const char *base64, gsize *ret_size)
{
	return g_base64_decode(base64, ret_size);
}

static void test_verdicts(void)
{
	char *dir = scratch_new();
	gsize size = 0;
	g_autofree uint8_t *key = key_bytes(ED1, &size);

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		PLIMSOLL_AUTO(known_hosts) *known = read_lines(dir, cases[i].lines, &error);
		g_autofree char *place = NULL;
		g_autofree char *other = NULL;
		g_autofree char *want_place =
			cases[i].line == 0
				? NULL
				: g_strdup_printf("%s/known_hosts:%u", dir, cases[i].line);
		enum known_hosts_verdict got;

		g_assert_no_error(error);
		got = known_hosts_check(known, cases[i].host, cases[i].port, key, size, &place,
					&other);
		g_test_message("%s", cases[i].name);
		g_assert_cmpint(got, ==, cases[i].want);
		g_assert_cmpstr(place, ==, want_place);
		g_assert_true((other != NULL) == (got == CHANGED || got == OTHER));
	}
	scratch_free(dir);
}

static void test_changed_key_tells_the_known_fingerprint(void)
{
	char *dir = scratch_new();
	gsize size = 0, other_size = 0;
	g_autofree uint8_t *key = key_bytes(ED1, &size);
	g_autofree uint8_t *other_key = key_bytes(ED2, &other_size);
	g_autofree char *want = known_hosts_fingerprint(other_key, other_size);
	PLIMSOLL_AUTO(known_hosts) *known = read_lines(dir, "web1 %2\n", NULL);
	g_autofree char *place = NULL;
	g_autofree char *other = NULL;

	known_hosts_check(known, "web1", 22, key, size, &place, &other);
	g_assert_cmpstr(other, ==, want);
	scratch_free(dir);
}

/* ssh-keygen -lf says so of this key. */
static void test_fingerprint_is_the_one_of_ssh_keygen(void)
{
	gsize size = 0;
	g_autofree uint8_t *key = key_bytes(ED1, &size);
	g_autofree char *got = known_hosts_fingerprint(key, size);

	g_assert_cmpstr(got, ==, "SHA256:RXm/ruZ0eTzRXKwi1AQEDynB0VgHQ2ac9KPSFdf/YnA");
}

static const struct {
	const char *name, *lines, *host;
	guint port;
	const char *want;
	bool want_authority;
} types[] = {
	{"in the order of the file", "web1 %3\nweb1 %1\nweb1 %2\n", "web1", 22,
	 "ecdsa-sha2-nistp256 ssh-ed25519", false},
	{"none", "web2 %1\n", "web1", 22, "", false},
	{"revoked ones do not count", "@revoked web1 %1\n", "web1", 22, "", false},
	{"an authority does not count", "@cert-authority *.example %1\n", "a.example", 22, "",
	 true},
	{"an authority for others", "@cert-authority *.example %1\n", "web1", 22, "", false},
	{"those with the port", "web1 %3\n[web1]:2222 %1\n", "web1", 2222, "ssh-ed25519", false},
	{"else those of the plain name", "web1 %3\n", "web1", 2222, "ecdsa-sha2-nistp256", false},
};

static void test_types_that_are_known(void)
{
	char *dir = scratch_new();

	for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
		PLIMSOLL_AUTO(known_hosts) *known = read_lines(dir, types[i].lines, NULL);
		bool has_authority = false;
		g_autofree const char **got =
			known_hosts_types(known, types[i].host, types[i].port, &has_authority);
		g_autofree char *joined = g_strjoinv(" ", (char **)(uintptr_t)got);

		g_test_message("%s", types[i].name);
		g_assert_cmpstr(joined, ==, types[i].want);
		g_assert_true(has_authority == types[i].want_authority);
	}
	scratch_free(dir);
}

static void test_revoked_line_that_cannot_be_read_is_an_error(void)
{
	static const char *const lines[] = {"web1 %1\n@revoked\n", "web1 %1\n@revoked *\n",
					    "web1 %1\n  @revoked * ssh-ed25519\n",
					    "web1 %1\n@revoked * ssh-ed25519 " ED2 "A\n",
					    "web1 %1\n@revokedx * %1\n"};
	char *dir = scratch_new();
	g_autofree char *want = g_strdup_printf("%s/known_hosts:2: ", dir);

	for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(read_lines(dir, lines[i], &error));
		g_assert_error(error, SSH_ERROR, SSH_ERROR_CONFIG);
		g_assert_true(g_str_has_prefix(error->message, want));
	}
	scratch_free(dir);
}

static void test_long_lines_and_many(void)
{
	char *dir = scratch_new();
	g_autoptr(GString) lines = g_string_new(NULL);
	gsize size = 0;
	g_autofree uint8_t *key = key_bytes(ED1, &size);
	g_autofree char *place = NULL;
	g_autofree char *other = NULL;

	for (int i = 0; i < 100000; i++)
		g_string_append_printf(lines, "name%d%s", i, i < 99999 ? "," : " %2\n");
	for (int i = 0; i < 2000; i++)
		g_string_append(lines, HASHED_WEB1_2222 " %2\n");
	g_string_append(lines, "web1 %1\n");
	PLIMSOLL_AUTO(known_hosts) *known = read_lines(dir, lines->str, NULL);
	g_assert_cmpint(known_hosts_check(known, "web1", 22, key, size, &place, &other), ==, MATCH);
	g_assert_true(g_str_has_suffix(place, ":2002"));
	scratch_free(dir);
}

static void test_a_nul_ends_its_line_only(void)
{
	char *dir = scratch_new();
	g_autofree char *line = with_keys("web1 %1\n");
	g_autoptr(GString) text = g_string_new("web1");
	g_autofree char *path = scratch_path(dir, "known_hosts");
	const char *const files[] = {path, NULL};
	gsize size = 0;
	g_autofree uint8_t *key = key_bytes(ED1, &size);
	g_autofree char *place = NULL;
	g_autofree char *other = NULL;

	g_string_append_len(text, "\0 junk\n", 7);
	g_string_append(text, line);
	scratch_write(dir, "known_hosts", text->str, (gssize)text->len);
	PLIMSOLL_AUTO(known_hosts) *known = known_hosts_read(files, NULL);
	g_assert_cmpint(known_hosts_check(known, "web1", 22, key, size, &place, &other), ==, MATCH);
	scratch_free(dir);
}

static void test_files_that_are_none(void)
{
	char *dir = scratch_new();
	const char *const folder[] = {dir, NULL};
	const char *const device[] = {"/dev/null", NULL};
	const char *const none[] = {NULL};
	g_autoptr(GError) error = NULL;

	g_assert_null(known_hosts_read(folder, &error));
	g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_ISDIR);
	PLIMSOLL_AUTO(known_hosts) *from_device = known_hosts_read(device, NULL);
	g_assert_nonnull(from_device);
	PLIMSOLL_AUTO(known_hosts) *from_none = known_hosts_read(none, NULL);
	g_assert_nonnull(from_none);
	scratch_free(dir);
}

/* ---- adding ---- */

static void test_what_is_added_matches(void)
{
	static const struct {
		const char *host;
		guint port;
	} hosts[] = {{"web1", 22}, {"Web2", 2222}, {"2001:db8::1", 22}, {"2001:db8::1", 2222}};
	gsize size = 0;
	g_autofree uint8_t *key = key_bytes(ED1, &size);

	for (guint i = 0; i < 2 * G_N_ELEMENTS(hosts); i++) {
		const char *host = hosts[i / 2].host;
		guint port = hosts[i / 2].port;
		char *dir = scratch_new();
		g_autofree char *path = scratch_path(dir, "ssh/known_hosts");
		const char *const files[] = {path, NULL};
		g_autoptr(GError) error = NULL;
		g_autofree char *place = NULL;
		g_autofree char *other = NULL;
		struct stat status;

		g_assert_true(known_hosts_add(path, i % 2 == 1, host, port, key, size, &error));
		g_assert_no_error(error);
		g_autofree char *text = scratch_read(dir, "ssh/known_hosts");
		g_assert_true((text[0] == '|') == (i % 2 == 1));
		PLIMSOLL_AUTO(known_hosts) *known = known_hosts_read(files, NULL);
		g_assert_cmpint(known_hosts_check(known, host, port, key, size, &place, &other), ==,
				MATCH);
		g_assert_cmpint(stat(path, &status), ==, 0);
		g_assert_cmpint(status.st_mode & 07777, ==, 0600);
		scratch_free(dir);
	}
}

static void test_a_last_line_without_end_gets_one(void)
{
	char *dir = scratch_new();
	g_autofree char *path = scratch_path(dir, "known_hosts");
	gsize size = 0;
	g_autofree uint8_t *key = key_bytes(ED1, &size);

	scratch_write(dir, "known_hosts", "web0 x y", -1);
	g_assert_true(known_hosts_add(path, false, "web1", 22, key, size, NULL));
	g_assert_true(known_hosts_add(path, false, "web2", 22, key, size, NULL));
	g_autofree char *text = scratch_read(dir, "known_hosts");
	g_assert_cmpstr(text, ==, "web0 x y\nweb1 ssh-ed25519 " ED1 "\nweb2 ssh-ed25519 " ED1 "\n");
	scratch_free(dir);
}

/* Two connections that both found no key: the second one to come may bring the same key only. */
static void test_another_key_is_not_added_beside(void)
{
	g_autofree char *dir = scratch_new();
	g_autofree char *path = scratch_path(dir, "known_hosts");
	g_autoptr(GError) error = NULL;
	g_autofree char *before = NULL;
	g_autofree char *after = NULL;
	gsize size = 0, other_size = 0;
	g_autofree uint8_t *key = key_bytes(ED1, &size);
	g_autofree uint8_t *other = key_bytes(ED2, &other_size);

	g_assert_true(known_hosts_add(path, false, "web1", 2222, key, size, NULL));
	before = scratch_read(dir, "known_hosts");
	g_assert_true(known_hosts_add(path, true, "web1", 2222, key, size, NULL));
	g_assert_false(known_hosts_add(path, true, "web1", 2222, other, other_size, &error));
	g_assert_error(error, SSH_ERROR, SSH_ERROR_KEY_CHANGED);
	after = scratch_read(dir, "known_hosts");
	g_assert_cmpstr(after, ==, before);
	scratch_free(g_steal_pointer(&dir));
}

static void test_names_that_mean_more_are_not_added(void)
{
	static const char *const hosts[] = {"",   "a b",      "a,b",    "a\nb", "*",   "we?",
					    "!a", "@revoked", "|1|a|b", "#a",   "a\tb"};
	char *dir = scratch_new();
	g_autofree char *path = scratch_path(dir, "known_hosts");
	gsize size = 0;
	g_autofree uint8_t *key = key_bytes(ED1, &size);

	for (size_t i = 0; i < G_N_ELEMENTS(hosts); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_false(known_hosts_add(path, false, hosts[i], 22, key, size, &error));
		g_assert_error(error, SSH_ERROR, SSH_ERROR_CONFIG);
	}
	g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
	scratch_free(dir);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/known_hosts/verdicts", test_verdicts);
	g_test_add_func("/known_hosts/changed-key-tells-the-known-fingerprint",
			test_changed_key_tells_the_known_fingerprint);
	g_test_add_func("/known_hosts/fingerprint-is-the-one-of-ssh-keygen",
			test_fingerprint_is_the_one_of_ssh_keygen);
	g_test_add_func("/known_hosts/types-that-are-known", test_types_that_are_known);
	g_test_add_func("/known_hosts/revoked-line-that-cannot-be-read-is-an-error",
			test_revoked_line_that_cannot_be_read_is_an_error);
	g_test_add_func("/known_hosts/long-lines-and-many", test_long_lines_and_many);
	g_test_add_func("/known_hosts/a-nul-ends-its-line-only", test_a_nul_ends_its_line_only);
	g_test_add_func("/known_hosts/files-that-are-none", test_files_that_are_none);
	g_test_add_func("/known_hosts/what-is-added-matches", test_what_is_added_matches);
	g_test_add_func("/known_hosts/a-last-line-without-end-gets-one",
			test_a_last_line_without_end_gets_one);
	g_test_add_func("/known_hosts/another-key-is-not-added-beside",
			test_another_key_is_not_added_beside);
	g_test_add_func("/known_hosts/names-that-mean-more-are-not-added",
			test_names_that_mean_more_are_not_added);
	return g_test_run();
}
