/* SPDX-License-Identifier: Apache-2.0 */
/* -o table, below the last of several benchmarks: what moves from one to the next, and why. */
#include "server/format/table_moves.h"

#include "server/format/moves.h"
#include "server/format/score_text.h"

enum { ID_COLUMNS = 8, CHECK_COLUMNS = 42 };

static void write_id(const struct screen *screen, const struct benchmark_entry *entry)
{
	g_autofree char *id = screen_clean(screen, entry != NULL ? entry->id : "-", 0);

	screen_put(screen, PAINT_NONE, id, ID_COLUMNS);
}

static void write_move(const struct screen *screen, const struct move *move)
{
	bool is_worse = move->is != NULL && move->is->verdict == VERDICT_FAIL &&
			(move->was == NULL || move->was->verdict != VERDICT_FAIL);
	g_autofree char *check = screen_clean(screen, move->check->name, 0);
	g_autofree char *why = move_why(move);

	write_id(screen, move->from);
	write_id(screen, move->to);
	screen_put(screen, PAINT_NONE, check, CHECK_COLUMNS);
	screen_put(screen, is_worse ? PAINT_RED : PAINT_NONE, why, 0);
	screen_line_end(screen);
}

static void write_score(const struct screen *screen, const struct report_benchmark *benchmark)
{
	g_autofree char *title = screen_clean(screen, benchmark->benchmark->title, 0);
	g_autofree char *score = score_text_percent(&benchmark->score, screen_dot(screen));

	g_string_append_printf(screen->out, "%s: %s\n", title, score);
}

static void write_pair(const struct screen *screen, const struct report *report,
		       const struct report_benchmark *from, const struct report_benchmark *to)
{
	g_autoptr(GArray) moves = moves_between(report, from, to);
	g_autofree char *old = screen_clean(screen, from->benchmark->title, 0);
	g_autofree char *new = screen_clean(screen, to->benchmark->title, 0);
	g_autofree char *head =
		g_strdup_printf("From %s to %s: %u checks differ", old, new, moves->len);

	screen_line_end(screen);
	screen_put(screen, PAINT_BOLD, head, 0);
	screen_line_end(screen);
	for (guint i = 0; i < moves->len; i++)
		write_move(screen, &g_array_index(moves, struct move, i));
	write_score(screen, from);
	write_score(screen, to);
}

void table_moves_write(const struct screen *screen, const struct report *report)
{
	for (guint i = 1; i < report->n_benchmarks; i++)
		write_pair(screen, report, &report->benchmarks[i - 1], &report->benchmarks[i]);
}
