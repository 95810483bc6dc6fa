/* SPDX-License-Identifier: Apache-2.0 */
/* What all commands share: the nearest word, and the exit code of a finished audit. */
#include <glib.h>

#include "server/cli/cli.h"
#include "server/cli/gate.h"

static const char *const words[] = {"severity", "save-facts", "skip", "only", "version"};

static const struct {
	const char *word;
	const char *want;
} suggestions[] = {
	{"severty", "severity"},
	{"save-fact", "save-facts"},
	{"ony", "only"},
	{"verison", "version"},
	{"colour", NULL},
	{"", NULL},
	{"x", NULL},
	{"skipp", "skip"},
};

static void test_suggest(void)
{
	g_autofree char *endless = g_strnfill(1000, 's');

	for (guint i = 0; i < G_N_ELEMENTS(suggestions); i++)
		g_assert_cmpstr(cli_suggest(suggestions[i].word, words, G_N_ELEMENTS(words)), ==,
				suggestions[i].want);
	g_assert_null(cli_suggest(endless, words, G_N_ELEMENTS(words)));
}

static void test_plain_check(void)
{
	g_autofree char *theirs = cli_plain_check("check_5_10");
	g_autofree char *ours = cli_plain_check("container_x");

	g_assert_cmpstr(theirs, ==, "5.10");
	g_assert_cmpstr(ours, ==, "container_x");
}

/* 4 before 1 before 3; usage (2) never comes this far. */
static void test_precedence(void)
{
	static const struct {
		bool failed, incomplete, io_failed;
		int want;
	} cases[] = {
		{false, false, false, CLI_DONE},      {true, false, false, CLI_GATE_FAILED},
		{false, true, false, CLI_INCOMPLETE}, {true, true, false, CLI_GATE_FAILED},
		{false, false, true, CLI_IO},         {true, false, true, CLI_IO},
		{false, true, true, CLI_IO},          {true, true, true, CLI_IO},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		const struct gate_outcome outcome = {.failed = cases[i].failed,
						     .incomplete = cases[i].incomplete};

		g_assert_cmpint(gate_exit(&outcome, cases[i].io_failed), ==, cases[i].want);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/cli/the nearest word is suggested, a far one is not", test_suggest);
	g_test_add_func("/cli/docker-bench's names of checks are understood", test_plain_check);
	g_test_add_func("/cli/a failed write outranks the gate, the gate outranks a gap",
			test_precedence);
	return g_test_run();
}
