/* SPDX-License-Identifier: Apache-2.0 */
/* -o table, below the last benchmark: what is new, gone and still there since the baseline. */
#include "server/format/table_changes.h"

enum {
	CHANGE_COLUMNS = 10,
	CHECK_COLUMNS = 36,
	FINDINGS_SHOWN = 10, /* of each kind */
};

static void write_line(const struct screen *screen, enum paint paint, const char *word,
		       const char *foreign)
{
	g_autofree char *clean = screen_clean(screen, foreign, 0);

	screen_put(screen, paint, word, 0);
	screen_put(screen, PAINT_NONE, clean, 0);
	screen_line_end(screen);
}

static void write_finding(const struct screen *screen, const struct changed_finding *finding)
{
	g_autofree char *word = g_ascii_strup(change_text(finding->change), -1);
	g_autofree char *check = screen_clean(screen, finding->check, 0);
	guint used = CHANGE_COLUMNS + CHECK_COLUMNS;
	g_autofree char *item = screen_clean(
		screen, finding->item, screen->style->show_all ? 0 : screen_rest(screen, used));

	screen_put(screen, finding->change == CHANGE_NEW ? PAINT_RED : PAINT_BOLD, word,
		   CHANGE_COLUMNS);
	screen_put(screen, PAINT_NONE, check, CHECK_COLUMNS - 2);
	screen_put(screen, PAINT_NONE, "", 2);
	screen_put(screen, PAINT_NONE, item, 0);
	screen_line_end(screen);
}

/* What still fails stands above already. */
static bool is_news(enum change change)
{
	return change == CHANGE_NEW || change == CHANGE_GONE || change == CHANGE_UNSEEN;
}

static void write_findings(const struct screen *screen, const struct changes *changes)
{
	guint shown[CHANGE_COUNT] = {0};
	guint more = 0;

	for (guint i = 0; i < changes->n_findings; i++) {
		const struct changed_finding *finding = &changes->findings[i];

		if (!is_news(finding->change))
			continue;
		if (screen->style->show_all || shown[finding->change]++ < FINDINGS_SHOWN)
			write_finding(screen, finding);
		else
			more++;
	}
	if (more > 0)
		g_string_append_printf(screen->out, "+%u more (-a)\n", more);
}

void table_changes_write(const struct screen *screen, const struct changes *changes)
{
	g_autofree char *when = screen_clean(screen, changes->collected_at, 0);
	g_autofree char *summary = changes_summary(changes, screen_dot(screen));
	g_autofree char *text = g_strdup_printf("Since the baseline%s%s: %s",
						*when != '\0' ? " of " : "", when, summary);

	screen_line_end(screen);
	for (guint i = 0; i < changes->n_notes; i++)
		write_line(screen, PAINT_YELLOW, "! ", changes->notes[i]);
	write_findings(screen, changes);
	screen_put(screen, PAINT_BOLD, text, 0);
	screen_line_end(screen);
}
