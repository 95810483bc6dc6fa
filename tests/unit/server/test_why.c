/* SPDX-License-Identifier: Apache-2.0 */
/* `plimsoll why` as a program on saved facts: what it shows, exit codes, and foreign names in it.
 */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "proto/json.h"
#include "server/cli/cli.h"
#include "tests/unit/server/program_run.h"

static char *facts_path;

/* "FACTS" stands for the file of facts. */
static struct run run_why(const char *line)
{
	g_auto(GStrv) words = g_strsplit(line, " ", -1);
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
	g_auto(GStrv) argv = NULL;

	g_strv_builder_add_many(builder, PLIMSOLL_PROGRAM, "why", NULL);
	for (guint i = 0; words[i] != NULL; i++)
		g_strv_builder_add(builder, strcmp(words[i], "FACTS") == 0 ? facts_path : words[i]);
	argv = g_strv_builder_end(builder);
	return run_argv(NULL, argv);
}

static void write_facts(void)
{
	g_autofree char *base = NULL;
	g_autofree char *text = NULL;
	g_auto(GStrv) parts = NULL;
	g_autofree char *facts = NULL;

	g_assert_true(g_file_get_contents("tests/checks/bases/default.json", &base, NULL, NULL));
	parts = g_strsplit(base, "\"name\": \"web\", \"created\"", 2);
	g_assert_cmpuint(g_strv_length(parts), ==, 2);
	facts = g_strjoinv("\"name\": \"\\u001b[31m\\u202eweb\\n\", \"created\"", parts);
	text = g_strdup_printf(
		"{\"plimsoll_facts\": 1, \"envelope\": {\"schema\": 1, \"taken_at\": "
		"1795281314}, \"observed\": {}, \"facts\": %s}",
		facts);
	g_assert_true(g_file_set_contents(facts_path, text, -1, NULL));
}

static void exit_codes(void)
{
	static const struct {
		int want;
		const char *line, *err;
	} cases[] = {
		{CLI_DONE, "container-privileged --facts FACTS", NULL},
		{CLI_DONE, "5.5 --facts FACTS --benchmark 1.6.0", NULL},
		{CLI_DONE, "--help", NULL},
		{CLI_USAGE, "--facts FACTS", "which check?"},
		{CLI_USAGE, "5.5 5.6 --facts FACTS", "one check at a time"},
		{CLI_USAGE, "container-priviledged --facts FACTS",
		 "did you mean 'container-privileged'?"},
		{CLI_USAGE, "5.5 --facts FACTS --benchmark 9", "unknown benchmark '9'"},
		{CLI_IO, "5.5 --facts /nonexistent", "/nonexistent"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		RUN_AUTO run = run_why(cases[i].line);

		g_test_message("%s", cases[i].line);
		g_assert_cmpint(run.code, ==, cases[i].want);
		if (cases[i].err == NULL)
			g_assert_cmpstr(run.err, ==, "");
		else
			g_assert_nonnull(strstr(run.err, cases[i].err));
	}
}

static void text_shows_what_decides(void)
{
	static const char *const wanted[] = {
		"container-privileged: pass",
		"Facts that were read",
		"privileged = false",
		"Asked of the host",
		"GET /containers/json",
		"Fails when",
		"privileged = true instead of false alone would give fail",
	};
	RUN_AUTO run = run_why("container-privileged --facts FACTS");

	for (gsize i = 0; i < G_N_ELEMENTS(wanted); i++) {
		g_test_message("%s", wanted[i]);
		g_assert_nonnull(strstr(run.out, wanted[i]));
	}
	g_assert_null(strchr(run.out, '\x1b'));
	g_assert_null(strstr(run.out, "\u202e"));
}

static void json_shows_the_same(void)
{
	static const char *const lists[] = {"items", "facts", "settings", "sources", "turns"};
	RUN_AUTO run = run_why("daemon-log-level-info --facts FACTS --json");
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(json) *root = json_parse(run.out, strlen(run.out), NULL, &error);
	const struct json *setting = NULL;

	g_assert_no_error(error);
	g_assert_cmpstr(json_as_string(json_get(root, "check"), NULL), ==, "daemon-log-level-info");
	g_assert_cmpstr(json_as_string(json_get(root, "id"), NULL), ==, "2.3");
	for (gsize i = 0; i < G_N_ELEMENTS(lists); i++)
		g_assert_cmpuint(json_length(json_get(root, lists[i])), >, 0);
	setting = json_at(json_get(root, "settings"), 0);
	g_assert_cmpstr(json_as_string(json_get(setting, "name"), NULL), ==, "log-level");
	g_assert_nonnull(json_as_string(json_path(root, "expression.fail"), NULL));
}

int main(int argc, char **argv)
{
	g_autofree char *folder = g_dir_make_tmp("plimsoll-why-XXXXXX", NULL);
	int code = 0;

	g_test_init(&argc, &argv, NULL);
	facts_path = g_build_filename(folder, "facts.json", NULL);
	write_facts();
	g_test_add_func("/why/exit-codes", exit_codes);
	g_test_add_func("/why/text-shows-what-decides", text_shows_what_decides);
	g_test_add_func("/why/json-shows-the-same", json_shows_the_same);
	code = g_test_run();
	(void)g_unlink(facts_path);
	(void)g_rmdir(folder);
	g_free(facts_path);
	return code;
}
