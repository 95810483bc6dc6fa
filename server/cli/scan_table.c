/* SPDX-License-Identifier: Apache-2.0 */
/* See scan_table.h. Names and messages are foreign: they pass through the screen's normaliser. */
#include "server/cli/scan_table.h"

#include <string.h>

#include "server/format/screen.h"
#include "server/format/text.h"

enum {
	NAME_COLUMNS = 40, /* at most */
	NUMBER_COLUMNS = 9,
	WORST_COLUMNS = 30,
	VIA_COLUMNS = 13,
	NAMES_SHOWN = 5,
	REASON_COLUMNS = 26,
};

/* --- a line for every machine --- */

static guint name_columns(const struct screen *screen, const GPtrArray *rows)
{
	guint widest = (guint)strlen("HOST");

	for (guint i = 0; i < rows->len && widest < NAME_COLUMNS; i++) {
		const struct scan_row *row = rows->pdata[i];
		g_autofree char *name = screen_clean(screen, row->name, NAME_COLUMNS);

		widest = MAX(widest, text_columns(name));
	}
	return widest + 2;
}

static void put_number(const struct screen *screen, enum paint paint, const char *text)
{
	const guint used = text_columns(text);

	screen_put(screen, PAINT_NONE, "", used < NUMBER_COLUMNS ? NUMBER_COLUMNS - used : 0);
	screen_put(screen, paint, text, 0);
}

static void put_count(const struct screen *screen, enum paint paint, guint count)
{
	g_autofree char *text = g_strdup_printf("%u", count);

	put_number(screen, count > 0 ? paint : PAINT_NONE, text);
}

static void put_percent(const struct screen *screen, bool has_percent, double percent)
{
	g_autofree char *text = has_percent ? g_strdup_printf("%.1f %%", percent) : NULL;

	put_number(screen, PAINT_NONE, text != NULL ? text : "-");
}

static void write_audited(const struct screen *screen, const struct scan_row *row)
{
	const char *via = row->transport != NULL ? row->transport : "-";
	g_autofree char *worst =
		screen_clean(screen, row->worst != NULL ? row->worst : "-", WORST_COLUMNS - 2);
	g_autofree char *clean_via = screen_clean(screen, via, VIA_COLUMNS - 1);
	g_autofree char *time = g_strdup_printf("%.1f s", (double)row->wall_us / G_USEC_PER_SEC);

	put_percent(screen, row->has_percent, row->percent);
	put_count(screen, PAINT_BOLD, row->counts[VERDICT_FAIL]);
	put_count(screen, PAINT_YELLOW, row->counts[VERDICT_UNKNOWN]);
	put_percent(screen, row->has_percent, row->coverage_percent);
	screen_put(screen, PAINT_NONE, "  ", 0);
	screen_put(screen, PAINT_NONE, worst, WORST_COLUMNS);
	screen_put(screen, PAINT_NONE, clean_via, VIA_COLUMNS);
	screen_put(screen, PAINT_NONE, time, 0);
	if (row->reason == NULL)
		return;
	screen_put(screen, PAINT_NONE, "  ", 0);
	screen_put(screen, PAINT_YELLOW, row->reason->words, 0);
}

static void write_failed(const struct screen *screen, const struct scan_row *row, guint used)
{
	const guint rest = screen_rest(screen, used + (guint)strlen(row->reason->words) + 4);
	g_autofree char *message =
		row->message != NULL ? screen_clean(screen, row->message, rest) : NULL;

	screen_put(screen, PAINT_NONE, "  ", 0);
	screen_put(screen, PAINT_RED, row->reason->words, 0);
	if (message == NULL)
		return;
	screen_put(screen, PAINT_NONE, ": ", 0);
	screen_put(screen, PAINT_NONE, message, 0);
}

static void write_head(const struct screen *screen, guint columns)
{
	static const char *const numbers[] = {"SCORE", "FAIL", "UNKNOWN", "COVERAGE"};

	screen_put(screen, PAINT_BOLD, "HOST", columns);
	for (guint i = 0; i < G_N_ELEMENTS(numbers); i++)
		put_number(screen, PAINT_BOLD, numbers[i]);
	screen_put(screen, PAINT_NONE, "  ", 0);
	screen_put(screen, PAINT_BOLD, "WORST", WORST_COLUMNS);
	screen_put(screen, PAINT_BOLD, "VIA", VIA_COLUMNS);
	screen_put(screen, PAINT_BOLD, "TIME", 0);
	screen_line_end(screen);
}

void scan_table_write(GString *out, const GPtrArray *rows, const struct format_style *style)
{
	const struct screen screen = {.out = out, .style = style};
	const guint columns = name_columns(&screen, rows);

	write_head(&screen, columns);
	for (guint i = 0; i < rows->len; i++) {
		const struct scan_row *row = rows->pdata[i];
		g_autofree char *name = screen_clean(&screen, row->name, NAME_COLUMNS);

		screen_put(&screen, PAINT_BOLD, name, columns);
		if (row->is_audited)
			write_audited(&screen, row);
		else
			write_failed(&screen, row, columns);
		screen_line_end(&screen);
	}
}

/* --- the summary --- */

static gint by_number(gconstpointer a, gconstpointer b)
{
	const double left = *(const double *)a;
	const double right = *(const double *)b;

	return left < right ? -1 : left > right;
}

static void write_scores(const struct screen *screen, const GPtrArray *rows)
{
	g_autoptr(GArray) scores = g_array_new(FALSE, FALSE, sizeof(double));

	for (guint i = 0; i < rows->len; i++) {
		const struct scan_row *row = rows->pdata[i];

		if (row->is_audited && row->has_percent)
			g_array_append_val(scores, row->percent);
	}
	if (scores->len == 0)
		return;
	g_array_sort(scores, by_number);
	g_string_append_printf(screen->out, "%sscores %.1f to %.1f %%, half of them below %.1f %%",
			       screen_dot(screen), g_array_index(scores, double, 0),
			       g_array_index(scores, double, scores->len - 1),
			       g_array_index(scores, double, scores->len / 2));
}

static guint count_rows(const GPtrArray *rows, bool (*is_counted)(const struct scan_row *row))
{
	guint n = 0;

	for (guint i = 0; i < rows->len; i++)
		n += is_counted(rows->pdata[i]) ? 1 : 0;
	return n;
}

static bool is_audited(const struct scan_row *row)
{
	return row->is_audited;
}

static bool has_failed_gate(const struct scan_row *row)
{
	return row->gate_failed;
}

static void write_counts(const struct screen *screen, const GPtrArray *rows,
			 const struct scan_totals *totals)
{
	const guint gate = count_rows(rows, has_failed_gate);
	const char *dot = screen_dot(screen);

	g_string_append_printf(screen->out, "%u of %u machines audited%s%.1f s",
			       count_rows(rows, is_audited), totals->wanted, dot,
			       (double)totals->wall_us / G_USEC_PER_SEC);
	write_scores(screen, rows);
	if (totals->resumed > 0)
		g_string_append_printf(screen->out, "%s%u done before", dot, totals->resumed);
	if (gate > 0)
		g_string_append_printf(screen->out, "%sgate failed on %u", dot, gate);
	screen_line_end(screen);
}

/* "web1, web2, web3 +7". */
static char *names_of(const struct screen *screen, const GPtrArray *rows,
		      const struct scan_reason *reason, guint *ret_n)
{
	g_autoptr(GString) names = g_string_new(NULL);

	*ret_n = 0;
	for (guint i = 0; i < rows->len; i++) {
		const struct scan_row *row = rows->pdata[i];
		g_autofree char *name = NULL;

		if (row->reason != reason || (*ret_n)++ >= NAMES_SHOWN)
			continue;
		name = screen_clean(screen, row->name, NAME_COLUMNS);
		g_string_append_printf(names, "%s%s", *ret_n > 1 ? ", " : "", name);
	}
	if (*ret_n > NAMES_SHOWN)
		g_string_append_printf(names, " +%u", *ret_n - NAMES_SHOWN);
	return g_string_free(g_steal_pointer(&names), FALSE);
}

static void write_group(const struct screen *screen, const GPtrArray *rows,
			const struct scan_reason *reason)
{
	guint n = 0;
	g_autofree char *names = names_of(screen, rows, reason, &n);
	g_autofree char *count = g_strdup_printf("%6u  ", n);

	if (n == 0)
		return;
	screen_put(screen, PAINT_BOLD, count, 0);
	screen_put(screen, PAINT_YELLOW, reason->words, REASON_COLUMNS);
	screen_put(screen, PAINT_NONE, names, 0);
	screen_line_end(screen);
	screen_put(screen, PAINT_NONE, "", 8);
	screen_put(screen, PAINT_DIM, reason->advice, 0);
	screen_line_end(screen);
}

/*
 * Two machines with one host key: one machine by two names, or copies of an image. Either way they
 * are counted twice here.
 */
static void write_same_keys(const struct screen *screen, const GPtrArray *rows)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	guint shown = 0;

	for (guint i = 0; i < rows->len; i++) {
		const struct scan_row *row = rows->pdata[i];
		const struct scan_row *first = row->fingerprint != NULL
						       ? g_hash_table_lookup(seen, row->fingerprint)
						       : NULL;
		g_autofree char *names = NULL;
		g_autofree char *clean = NULL;

		if (row->fingerprint != NULL && first == NULL)
			g_hash_table_insert(seen, row->fingerprint, (gpointer)(guintptr)row);
		if (first == NULL || shown++ >= NAMES_SHOWN)
			continue;
		names = g_strdup_printf("%s and %s have the same host key: one machine by two "
					"names, or a copied image",
					first->name, row->name);
		clean = screen_clean(screen, names, 0);
		screen_put(screen, PAINT_YELLOW, "! ", 0);
		screen_put(screen, PAINT_NONE, clean, 0);
		screen_line_end(screen);
	}
	if (shown > NAMES_SHOWN)
		g_string_append_printf(screen->out, "! %u more with the same host key as another\n",
				       shown - NAMES_SHOWN);
}

void scan_table_write_summary(GString *out, const GPtrArray *rows, const struct scan_totals *totals,
			      const struct format_style *style)
{
	const struct screen screen = {.out = out, .style = style};
	const struct scan_reason *reason = NULL;

	write_counts(&screen, rows, totals);
	while ((reason = scan_reason_next(reason)) != NULL)
		write_group(&screen, rows, reason);
	write_same_keys(&screen, rows);
}
