/* SPDX-License-Identifier: Apache-2.0 */
/* What of a build step leaves the host, case by case. */
#include <glib.h>
#include <string.h>

#include "agent/mask.h"
#include "agent/mask_words.h"
#include "proto/limits.h"

static const struct {
	const char *name, *script, *want;
} scripts[] = {
	{"a lone update", "apt-get update", "apt-get update"},
	{"update and install", "apt-get update && apt-get install -y curl s3cret",
	 "apt-get update && apt-get install -y curl _"},
	{"update in one step, install in the next line", "apt-get update\napt-get install -y x",
	 "apt-get update ; apt-get install -y _"},
	{"a word that only looks like a package manager", "update-ca-certificates --fresh",
	 "update-ca-certificates -_"},
	{"quoted text is one word", "echo \"apt-get update\" && true", "echo _ && true"},
	{"a path of a usual folder", "/usr/bin/apt-get update", "apt-get update"},
	{"a path of any other folder", "/opt/apt-get update", "_ update"},
	{"a prefix with options of its own", "sudo -u root -E apt-get update",
	 "sudo apt-get update"},
	{"env with an assignment", "env PASSWORD=hunter2 apt-get update", "env _=* apt-get update"},
	{"a leading assignment", "DEBIAN_FRONTEND=noninteractive apt-get update",
	 "_=* apt-get update"},
	{"the value of an option is no sub-command", "apt-get -o Acquire::x=hunter2 update",
	 "apt-get -o update"},
	{"the value of an unknown option of apk", "apk --root /hunter2 update",
	 "apk --root update"},
	{"redirections are no words", "apt-get >/dev/null 2>&1 update", "apt-get update"},
	{"keywords", "if true; then apt-get update; fi", "if true ; then apt-get update ; fi"},
	{"a group", "( apt-get update )", "( apt-get update )"},
	{"braces", "{ apt-get update; }", "{ apt-get update ; }"},
	{"a pipe", "curl -fsSL https://x.example/a | sh", "curl -fsSL _ | sh"},
	{"a comment", "apt-get update # hunter2\ntrue", "apt-get update ; true"},
	{"a here-document", "cat <<EOF >/etc/x\napt-get update\nhunter2\nEOF\ntrue", "cat ; true"},
	{"a here-document with a quoted mark", "cat <<-'E'\nhunter2\n\tE\ntrue", "cat ; true"},
	{"a here-string", "tr a b <<< hunter2", "tr _"},
	{"command substitution", "X=$(apt-get update) true", "_=* true"},
	{"substitution in a word", "echo $(cat /run/hunter2) `id`", "echo _"},
	{"a mode with setuid", "chmod 4755 /bin/su", "chmod 4755 _"},
	{"a symbolic mode", "chmod -R u+s,g-w /x", "chmod -R u+s,g-w _"},
	{"a mode taken away", "chmod -s /x", "chmod -s _"},
	{"digits that are no mode", "echo 4755", "echo _"},
	{"a mode by find", "find / -exec chmod 4755 {} \\;", "find _ -exec chmod 4755 _"},
	{"a URL with user and password", "git clone https://u:hunter2@x.example/r.git",
	 "git clone _url_with_userinfo_"},
	{"a URL without", "git clone https://x.example/r@2.git", "git clone _"},
	{"a URL with userinfo in quotes", "pip install -i 'https://u:p@x.example/' y",
	 "pip install -i _url_with_userinfo_ _"},
	{"an unsigned source", "echo 'deb [trusted=yes] http://x y' > /etc/apt/sources.list",
	 "echo _trusted=yes"},
	{"a telling option", "apt-get install --allow-unauthenticated x",
	 "apt-get install --allow-unauthenticated _"},
	{"a telling option in quotes", "sh -c 'apk add --allow-untrusted x'",
	 "sh -c _--allow-untrusted"},
	{"pacman", "pacman -Sy", "pacman -Sy"},
	{"a continued line", "apt-get \\\n update", "apt-get update"},
	{"an option with its value in it", "yum --setopt=proxy=hunter2 makecache",
	 "yum --setopt makecache"},
	{"an unclosed quote", "echo 'hunter2", "echo _"},
	{"a lone backslash", "echo \\", "echo _"},
	{"nothing", "", ""},
};

static void test_scripts(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(scripts); i++) {
		g_autofree char *got = mask_script(scripts[i].script);

		g_test_message("%s", scripts[i].name);
		g_assert_cmpstr(got, ==, scripts[i].want);
	}
}

static GHashTable *names(const char *list)
{
	GHashTable *set = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_auto(GStrv) words = g_strsplit(list, " ", -1);

	for (guint i = 0; words[i] != NULL; i++)
		g_hash_table_add(set, g_strdup(words[i]));
	return set;
}

static const struct {
	const char *name, *operands, *known, *want;
} assignments[] = {
	{"one", "DB_PASSWORD=hunter2", "DB_PASSWORD", "DB_PASSWORD=*"},
	{"empty", "A=", "A", "A="},
	{"two, the first empty", "A= B=x", "A B", "A= B=*"},
	{"a value with blanks", "A=x hunter2 y", "A", "A=*"},
	{"a piece of a value that looks like a name", "A=x aHVudGVyMg==", "A", "A=*"},
	{"a value that starts with a blank", "A= hunter2", "A", "A=*"},
	{"a name that is not known", "hunter2=x", "A", "_=*"},
	{"the old form with a blank", "A hunter2", "A", "A=*"},
};

static void test_assignments(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(assignments); i++) {
		g_autoptr(GHashTable) known = names(assignments[i].known);
		g_autofree char *got = mask_assignments(assignments[i].operands, known);

		g_test_message("%s", assignments[i].name);
		g_assert_cmpstr(got, ==, assignments[i].want);
	}
}

static const struct {
	const char *text, *want, *script;
} arguments[] = {
	{"|2 A=hunter2 B= /bin/sh -c true", "A=* B=", "/bin/sh -c true"},
	{"|1 A=x hunter=2 /bin/sh -c true", "A=*", "/bin/sh -c true"},
	{"|2 A=x y KNOWN=z /bin/bash -o pipefail -c true", "A=* KNOWN=*",
	 "/bin/bash -o pipefail -c true"},
	{"|1 A=x", "A=*", ""},
};

static void test_build_arguments(void)
{
	g_autoptr(GHashTable) known = names("KNOWN");

	for (size_t i = 0; i < G_N_ELEMENTS(arguments); i++) {
		const char *script = NULL;
		g_autofree char *got = mask_build_arguments(arguments[i].text, known, &script);

		g_assert_cmpstr(got, ==, arguments[i].want);
		g_assert_cmpstr(script, ==, arguments[i].script);
	}
}

static void test_shells(void)
{
	g_assert_cmpstr(mask_skip_shell("/bin/sh -c true"), ==, "true");
	g_assert_cmpstr(mask_skip_shell("/bin/bash -o pipefail -ec true x"), ==, "true x");
	g_assert_null(mask_skip_shell("/bin/sh script"));
	g_assert_null(mask_skip_shell("/bin/cat -c x"));
	g_assert_null(mask_skip_shell("sh -c x"));
}

static void test_destinations(void)
{
	static const char *const cases[][2] = {
		{"file:99da in /f.txt", "/f.txt"},
		{"multi:99da in /app/", "/app/"},
		{"a.txt b.txt /dir/", "/dir/"},
		{"https://u:hunter2@x.example/a", "_"},
		{"", "_"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = mask_destination(cases[i][0]);

		g_assert_cmpstr(got, ==, cases[i][1]);
	}
}

static void test_limit(void)
{
	GString *script = g_string_new("apt-get update");
	g_autofree char *text = NULL;

	for (int i = 0; i < 2000; i++)
		g_string_append(script, " && true");
	text = mask_limit(mask_script(script->str));
	g_assert_cmpuint(strlen(text), <=, LIMIT_HISTORY_TEXT_BYTES);
	g_assert_true(g_str_has_prefix(text, "apt-get update && true"));
	g_assert_true(g_str_has_suffix(text, " _truncated_"));
	g_string_free(script, TRUE);
}

static void assert_order(const char *const *words, size_t count)
{
	for (size_t i = 1; i < count; i++)
		g_assert_cmpstr(words[i - 1], <, words[i]);
}

static void test_words_are_in_order(void)
{
	size_t count = 0;
	const char *const *words = mask_all_words(&count);

	assert_order(words, count);
	g_assert_true(mask_is_word("apt-get") && mask_is_word("update"));
	words = mask_all_options(&count);
	assert_order(words, count);
	g_assert_true(mask_is_option("--nogpgcheck"));
	g_assert_true(mask_is_keyword("then") && mask_is_prefix("sudo"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/mask/scripts", test_scripts);
	g_test_add_func("/mask/assignments", test_assignments);
	g_test_add_func("/mask/build-arguments", test_build_arguments);
	g_test_add_func("/mask/shells", test_shells);
	g_test_add_func("/mask/destinations", test_destinations);
	g_test_add_func("/mask/limit", test_limit);
	g_test_add_func("/mask/words-are-in-order", test_words_are_in_order);
	return g_test_run();
}
