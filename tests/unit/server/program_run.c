/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/server/program_run.h"

#include <glib.h>
#include <sys/wait.h>

struct run run_argv(const char *folder, char **argv)
{
	g_autoptr(GError) error = NULL;
	struct run run = {0};
	int status = 0;

	g_spawn_sync(folder, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &run.out, &run.err, &status,
		     &error);
	g_assert_no_error(error);
	g_assert_true(WIFEXITED(status));
	run.code = WEXITSTATUS(status);
	return run;
}

void run_done(struct run *run)
{
	g_free(run->out);
	g_free(run->err);
}
