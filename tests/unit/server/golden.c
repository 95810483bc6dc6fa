/* SPDX-License-Identifier: Apache-2.0 */
/* See golden.h. Tests run at the root of the source tree. */
#include "tests/unit/server/golden.h"

#include <glib.h>
#include <string.h>

static void show_difference(const char *name, const char *want, const char *got)
{
	g_auto(GStrv) want_lines = g_strsplit(want, "\n", -1);
	g_auto(GStrv) got_lines = g_strsplit(got, "\n", -1);
	guint i = 0;

	while (want_lines[i] != NULL && g_strcmp0(want_lines[i], got_lines[i]) == 0)
		i++;
	g_error("%s differs in line %u\n  want: %s\n   got: %s\n(PLIMSOLL_BLESS=1 accepts it)",
		name, i + 1, want_lines[i] != NULL ? want_lines[i] : "(end)",
		got_lines[i] != NULL ? got_lines[i] : "(end)");
}

void golden_assert(const char *name, const char *text)
{
	g_autofree char *path = g_build_filename("tests", "data", "golden", name, NULL);
	g_autofree char *want = NULL;
	g_autoptr(GError) error = NULL;

	if (g_getenv("PLIMSOLL_BLESS") != NULL) {
		g_assert_true(g_file_set_contents(path, text, -1, &error));
		return;
	}
	if (!g_file_get_contents(path, &want, NULL, &error))
		g_error("%s", error->message);
	if (strcmp(want, text) != 0)
		show_difference(name, want, text);
}
