/* SPDX-License-Identifier: Apache-2.0 */
/* See changes.h. */
#include "server/format/changes.h"

static const struct {
	const char *name;
	const char *words;
	bool is_optional; /* said only when there are any */
} words[CHANGE_COUNT] = {
	[CHANGE_NEW] = {"new", "new", false},
	[CHANGE_GONE] = {"gone", "gone", false},
	[CHANGE_STILL] = {"still", "still failing", false},
	[CHANGE_UNSEEN] = {"unseen", "not seen this time", true},
	[CHANGE_UNASKED] = {"unasked", "not asked this time", true},
};

const char *change_text(enum change change)
{
	return words[change].name;
}

char *changes_summary(const struct changes *changes, const char *dot)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < CHANGE_COUNT; i++)
		if (changes->counts[i] > 0 || !words[i].is_optional)
			g_string_append_printf(text, "%s%u %s", text->len > 0 ? dot : "",
					       changes->counts[i], words[i].words);
	return g_string_free(text, FALSE);
}
