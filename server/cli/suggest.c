/* SPDX-License-Identifier: Apache-2.0 */
/* "Did you mean": the nearest word by edit distance, when it is near enough to be a slip. */
#include <string.h>

#include "server/cli/cli.h"

enum { MAX_WORD = 64 };

static guint min3(guint a, guint b, guint c)
{
	return MIN(MIN(a, b), c);
}

/* Levenshtein distance; words beyond MAX_WORD bytes are far from everything. */
static guint distance(const char *a, const char *b)
{
	size_t n = strlen(b);
	guint row[MAX_WORD + 1];

	if (strlen(a) > MAX_WORD || n > MAX_WORD)
		return G_MAXUINT;
	for (guint j = 0; j <= n; j++)
		row[j] = j;
	for (guint i = 1; a[i - 1] != '\0'; i++) {
		guint diagonal = row[0];

		row[0] = i;
		for (guint j = 1; j <= n; j++) {
			guint above = row[j];

			row[j] = min3(above + 1, row[j - 1] + 1,
				      diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
			diagonal = above;
		}
	}
	return row[n];
}

const char *cli_suggest(const char *word, const char *const *words, guint n_words)
{
	guint best = (guint)MAX(1, MIN(strlen(word) / 3, 3)) + 1;
	const char *near = NULL;

	for (guint i = 0; i < n_words; i++) {
		guint d = distance(word, words[i]);

		if (d < best) {
			best = d;
			near = words[i];
		}
	}
	return near;
}
