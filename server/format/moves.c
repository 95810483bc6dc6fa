/* SPDX-License-Identifier: Apache-2.0 */
/* See moves.h. */
#include "server/format/moves.h"

#include <string.h>

static const struct benchmark_entry *find_check(const GPtrArray *entries, const struct check *check)
{
	for (guint i = 0; i < entries->len; i++) {
		const struct benchmark_entry *entry = entries->pdata[i];

		if (entry->check == check)
			return entry;
	}
	return NULL;
}

static bool is_alike(const struct move *move)
{
	return move->from != NULL && move->to != NULL &&
	       strcmp(move->from->id, move->to->id) == 0 &&
	       move->from->variant == move->to->variant && move->was->verdict == move->is->verdict;
}

static void add_move(GArray *moves, const struct report *report, const struct benchmark_entry *from,
		     const struct benchmark_entry *to)
{
	const struct evaluation *evaluation = report->evaluation;
	const struct move move = {
		.check = from != NULL ? from->check : to->check,
		.from = from,
		.to = to,
		.was = from != NULL ? evaluation_find(evaluation, from) : NULL,
		.is = to != NULL ? evaluation_find(evaluation, to) : NULL,
	};

	if (!is_alike(&move))
		g_array_append_val(moves, move);
}

GArray *moves_between(const struct report *report, const struct report_benchmark *from,
		      const struct report_benchmark *to)
{
	g_autoptr(GPtrArray) old = report_entries(report, from);
	g_autoptr(GPtrArray) new = report_entries(report, to);
	GArray *moves = g_array_new(FALSE, FALSE, sizeof(struct move));

	for (guint i = 0; i < old->len; i++) {
		const struct benchmark_entry *entry = old->pdata[i];

		add_move(moves, report, entry, find_check(new, entry->check));
	}
	for (guint i = 0; i < new->len; i++) {
		const struct benchmark_entry *entry = new->pdata[i];

		if (find_check(old, entry->check) == NULL)
			add_move(moves, report, NULL, entry);
	}
	return moves;
}

static void add_words(GString *why, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void add_words(GString *why, const char *format, ...)
{
	va_list args;

	if (why->len > 0)
		g_string_append(why, ", ");
	va_start(args, format);
	g_string_append_vprintf(why, format, args);
	va_end(args);
}

static char *form_text(const struct check_variant *variant)
{
	return variant != NULL ? g_strdup_printf("'%s'", variant->name)
			       : g_strdup("the standard one");
}

char *move_why(const struct move *move)
{
	GString *why = g_string_new(NULL);

	if (move->from == NULL)
		add_words(why, "new check, %s", verdict_text(move->is->verdict));
	else if (move->to == NULL)
		add_words(why, "retired check, was %s", verdict_text(move->was->verdict));
	if (move->from == NULL || move->to == NULL)
		return g_string_free(why, FALSE);
	if (strcmp(move->from->id, move->to->id) != 0)
		add_words(why, "renumbered");
	if (move->from->variant != move->to->variant) {
		g_autofree char *now = form_text(move->to->variant);
		g_autofree char *before = form_text(move->from->variant);

		add_words(why, "another form: %s instead of %s", now, before);
	}
	if (move->was->verdict != move->is->verdict)
		add_words(why, "%s instead of %s", verdict_text(move->is->verdict),
			  verdict_text(move->was->verdict));
	else
		add_words(why, "still %s", verdict_text(move->is->verdict));
	return g_string_free(why, FALSE);
}
