/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's settings: who wins, and that a slip in the file is named. */
#include <glib/gstdio.h>
#include <string.h>

#include "agent/cli/settings.h"
#include "tests/unit/support/scratch.h"

static void test_later_files_and_flags_win(void)
{
	char *dir = scratch_new();
	g_autofree char *path = scratch_path(dir, "agent.conf");
	g_autofree char *drop_ins = scratch_path(dir, "agent.conf.d");
	struct settings_flags flags = {.config = path};
	g_autoptr(GError) error = NULL;

	g_assert_cmpint(g_mkdir(drop_ins, 0700), ==, 0);
	scratch_write(dir, "agent.conf",
		      "# a comment\n[agent]\nstate=/one\nproxy = http://p:1\ninterval=120\n", -1);
	scratch_write(dir, "agent.conf.d/20.conf", "[agent]\nstate=/three\n", -1);
	scratch_write(dir, "agent.conf.d/10.conf", "[agent]\nstate=/two\nroot=/host\n", -1);
	scratch_write(dir, "agent.conf.d/30.conf.bak", "[agent]\nstate=/four\n", -1);
	PLIMSOLL_AUTO(settings) *settings = settings_load(&flags, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(settings->state_dir, ==, "/three");
	g_assert_cmpstr(settings->root_dir, ==, "/host");
	g_assert_cmpstr(settings->proxy, ==, "http://p:1");
	g_assert_cmpuint(settings->period_s, ==, 120);
	g_assert_null(settings->engine.docker_host);

	g_setenv("DOCKER_HOST", "unix:///env", TRUE);
	flags.root_dir = drop_ins;
	PLIMSOLL_AUTO(settings) *with_env = settings_load(&flags, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(with_env->engine.docker_host, ==, "unix:///env");
	g_assert_cmpstr(with_env->root_dir, ==, drop_ins);
	g_unsetenv("DOCKER_HOST");
	scratch_free(dir);
}

static void test_slips_are_named(void)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"[agent]\nstat=/x\n", "[agent] stat: no such key; did you mean 'state'?"},
		{"[agent]\nxyzzy=/x\n", "[agent] xyzzy: no such key"},
		{"[server]\nstate=/x\n", "[server]: no such group"},
		{"[agent]\ninterval=5\n", "[agent] interval: expected seconds from 60 to 86400"},
		{"[agent]\ninterval=1h\n", "[agent] interval: expected seconds from 60 to 86400"},
		{"state=/x\n", "does not start with a group"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		char *dir = scratch_new();
		g_autofree char *path = scratch_path(dir, "agent.conf");
		const struct settings_flags flags = {.config = path};
		g_autoptr(GError) error = NULL;

		g_test_message("%s", cases[i].text);
		scratch_write(dir, "agent.conf", cases[i].text, -1);
		g_assert_null(settings_load(&flags, &error));
		g_assert_nonnull(error);
		g_assert_true(g_str_has_prefix(error->message, path));
		g_assert_nonnull(strstr(error->message, cases[i].message));
		scratch_free(dir);
	}
}

static void test_a_file_that_was_asked_for_must_be_there(void)
{
	char path[] = "/nonexistent/agent.conf";
	const struct settings_flags flags = {.config = path};
	g_autoptr(GError) error = NULL;

	g_assert_null(settings_load(&flags, &error));
	g_assert_error(error, SETTINGS_ERROR, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_unsetenv("DOCKER_HOST");
	g_test_add_func("/settings/later-files-and-flags-win", test_later_files_and_flags_win);
	g_test_add_func("/settings/slips-are-named", test_slips_are_named);
	g_test_add_func("/settings/a-file-that-was-asked-for-must-be-there",
			test_a_file_that_was_asked_for_must_be_there);
	return g_test_run();
}
