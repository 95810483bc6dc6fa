/* SPDX-License-Identifier: Apache-2.0 */
/*
 * -o table: for people. Failures by severity with who, what and how to mend; then what could not be
 * checked and why; the summary is always last, where the prompt leaves it in sight.
 */
#include <string.h>

#include "server/format/notices.h"
#include "server/format/remedy.h"
#include "server/format/score_text.h"
#include "server/format/screen.h"
#include "server/format/table_changes.h"
#include "server/format/table_moves.h"
#include "server/format/text.h"
#include "server/report/host_view.h"

enum {
	SEVERITY_COLUMNS = 10,
	ID_COLUMNS = 7,
	ITEM_INDENT = 14,
	LABEL_COLUMNS = 32, /* widest column of item names */
	LABEL_COLUMNS_LEAST = 12,
	ITEMS_SHOWN = 5,
};

/* One benchmark of a report on one screen. */
struct table {
	struct screen screen;
	const struct report *report;
	const struct report_benchmark *benchmark;
	GPtrArray *entries;
};

static const struct result *result_of(const struct table *table, guint i)
{
	return evaluation_find(table->report->evaluation, table->entries->pdata[i]);
}

/* --- the head: what was audited --- */

static void add_part(const struct table *table, GString *line, const char *foreign)
{
	g_autofree char *clean = screen_clean(&table->screen, foreign, 0);

	if (*clean == '\0')
		return;
	if (line->len > 0)
		g_string_append(line, screen_dot(&table->screen));
	g_string_append(line, clean);
}

static const char *size_text(const Plimsoll__Facts *facts, struct arena *arena)
{
	return arena_printf(arena, "%zu container%s, %zu image%s", facts->n_container,
			    facts->n_container == 1 ? "" : "s", facts->n_image,
			    facts->n_image == 1 ? "" : "s");
}

/* What the collection took; NULL when it does not say. */
static const char *time_text(const Plimsoll__Envelope *envelope, struct arena *arena)
{
	if (envelope == NULL || envelope->cost == NULL || !envelope->cost->has_wall_us)
		return NULL;
	return arena_printf(arena, "%.1f s", (double)envelope->cost->wall_us / 1e6);
}

static void write_head(const struct table *table)
{
	const struct report *report = table->report;
	PLIMSOLL_AUTO(arena) *arena = arena_new(SIZE_MAX);
	g_autoptr(GString) line = g_string_new(NULL);

	add_part(table, line, table->benchmark->benchmark->title);
	add_part(table, line, host_view_name(report->envelope, report->facts));
	add_part(table, line, host_view_engine(report->facts, arena));
	if (notices_engine_answered(report->facts))
		add_part(table, line, size_text(report->facts, arena));
	add_part(table, line, time_text(report->envelope, arena));
	screen_put(&table->screen, PAINT_BOLD, line->str, 0);
	screen_line_end(&table->screen);
}

static void write_notice(const struct table *table, const char *foreign)
{
	g_autofree char *clean = screen_clean(&table->screen, foreign, 0);

	screen_put(&table->screen, PAINT_YELLOW, "! ", 0);
	screen_put(&table->screen, PAINT_NONE, clean, 0);
	screen_line_end(&table->screen);
}

static void write_filter(const struct table *table)
{
	g_autofree char *filter = report_filter_text(table->report);
	g_autofree char *checks = score_text_checks(table->report, table->benchmark);
	g_autofree char *notice = NULL;

	if (filter == NULL)
		return;
	notice = g_strdup_printf("Filtered: %s. %s were asked; the score is that of this "
				 "selection, not of the host.",
				 filter, checks);
	write_notice(table, notice);
}

static void write_notices(const struct table *table)
{
	for (guint i = 0; i < table->report->n_notices; i++)
		write_notice(table, table->report->notices[i]);
}

/* --- items --- */

/* A pipe, and whoever asked for everything, gets whole names. */
static guint name_limit(const struct table *table)
{
	const struct format_style *style = table->screen.style;

	if (style->columns == 0 || style->show_all)
		return 0;
	return CLAMP(style->columns / 4, LABEL_COLUMNS_LEAST, LABEL_COLUMNS);
}

/* An item's name: label, and what tells it from the subject's other items. */
static char *item_name(const struct table *table, const struct item *item)
{
	const char *detail = host_view_detail(item);
	g_autofree char *both = NULL;

	if (detail == NULL || item->label == NULL)
		return screen_clean(&table->screen, item->label != NULL ? item->label : detail,
				    name_limit(table));
	both = g_strdup_printf("%s %s", item->label, detail);
	return screen_clean(&table->screen, both, name_limit(table));
}

static void add_words(GString *words, const char *before, const char *text, const char *after)
{
	if (text == NULL)
		return;
	g_string_append_printf(words, "%s%s%s%s", words->len > 0 ? "  " : "", before, text, after);
}

/* "Privileged = true  (want false)", or why nothing could be seen; then the note. `said` is the
 * reason that stands above already. */
static char *item_words(const struct item *item, const char *said)
{
	GString *words = g_string_new(item->observed);
	const char *reason = item->reason_text != NULL ? item->reason_text : item->reason;

	if (item->verdict == VERDICT_FAIL)
		add_words(words, "(want ", item->expected, ")");
	if (g_strcmp0(reason, said) != 0)
		add_words(words, "", reason, "");
	add_words(words, "[", item->note, "]");
	return g_string_free(words, FALSE);
}

static void write_item(const struct table *table, const struct item *item, const char *said,
		       guint name_columns)
{
	g_autofree char *name = item_name(table, item);
	g_autofree char *words = item_words(item, said);
	guint used = ITEM_INDENT + name_columns + 2;
	g_autofree char *clean =
		screen_clean(&table->screen, words,
			     table->screen.style->show_all ? 0 : screen_rest(&table->screen, used));

	screen_put(&table->screen, PAINT_NONE, "", ITEM_INDENT);
	screen_put(&table->screen, item->verdict == VERDICT_FAIL ? PAINT_BOLD : PAINT_NONE, name,
		   name_columns);
	screen_put(&table->screen, PAINT_NONE, "", 2);
	screen_put(&table->screen, PAINT_NONE, clean, 0);
	screen_line_end(&table->screen);
}

/* What only repeats the reason of the whole check is no news. */
static bool is_news(const struct result *result, const struct item *item)
{
	return result->reason == NULL || item->verdict != VERDICT_UNKNOWN ||
	       item->observed != NULL || item->note != NULL ||
	       g_strcmp0(item->reason_text, result->reason_text) != 0;
}

static bool is_listed(const struct table *table, const struct result *result,
		      const struct item *item)
{
	if (table->screen.style->show_all)
		return true;
	return item->verdict != VERDICT_PASS && item->verdict != VERDICT_NOT_APPLICABLE &&
	       is_news(result, item);
}

/* The items to list, in a new array of const struct item *. */
static GPtrArray *listed_items(const struct table *table, const struct result *result)
{
	GPtrArray *items = g_ptr_array_new();

	for (guint i = 0; i < result->n_items; i++)
		if (is_listed(table, result, &result->items[i]))
			g_ptr_array_add(items, (gpointer)(guintptr)&result->items[i]);
	return items;
}

static guint widest_name(const struct table *table, const GPtrArray *items, guint n)
{
	guint widest = 0;

	for (guint i = 0; i < n; i++) {
		g_autofree char *name = item_name(table, items->pdata[i]);

		widest = MAX(widest, text_columns(name));
	}
	return MIN(widest, LABEL_COLUMNS);
}

static void write_items(const struct table *table, const struct result *result)
{
	g_autoptr(GPtrArray) items = listed_items(table, result);
	guint shown = table->screen.style->show_all ? items->len : MIN(items->len, ITEMS_SHOWN);
	guint columns = widest_name(table, items, shown);

	for (guint i = 0; i < shown; i++)
		write_item(table, items->pdata[i], report_reason(result), columns);
	if (items->len > shown) {
		screen_put(&table->screen, PAINT_NONE, "", ITEM_INDENT);
		g_string_append_printf(table->screen.out, "+%u more (-a)\n", items->len - shown);
	}
}

/* --- a check --- */

static const char *row_word(const struct result *result)
{
	switch (result->verdict) {
	case VERDICT_FAIL:
		return severity_text(result->check->severity);
	case VERDICT_NOT_APPLICABLE:
		return "n/a";
	case VERDICT_PASS:
	case VERDICT_UNKNOWN:
	case VERDICT_MANUAL:
	case VERDICT_COUNT:
		break;
	}
	return verdict_text(result->verdict);
}

/* "2 of 31", where a share says more than the verdict alone. */
static char *share_text(const struct result *result)
{
	guint total = host_view_items(result);

	if (result->verdict != VERDICT_FAIL || total < 2)
		return g_strdup("");
	return g_strdup_printf("  (%u of %u)", result->counts[VERDICT_FAIL], total);
}

static void write_row(const struct table *table, const struct benchmark_entry *entry,
		      const struct result *result)
{
	const struct screen *screen = &table->screen;
	bool is_critical =
		result->verdict == VERDICT_FAIL && result->check->severity == SEVERITY_CRITICAL;
	g_autofree char *word = g_ascii_strup(row_word(result), -1);
	g_autofree char *share = share_text(result);
	guint used = SEVERITY_COLUMNS + (screen->style->ascii ? 7u : 2u) + ID_COLUMNS +
		     (guint)strlen(share);
	g_autofree char *title = screen_clean(screen, entry->title, screen_rest(screen, used));
	g_autofree char *id = screen_clean(screen, entry->id, 0);

	screen_put(screen, is_critical ? PAINT_RED : PAINT_BOLD, word, SEVERITY_COLUMNS);
	screen_glyph(screen, result->verdict);
	screen_put(screen, PAINT_NONE, id, ID_COLUMNS);
	screen_put(screen, PAINT_NONE, title, 0);
	screen_put(screen, PAINT_DIM, share, 0);
	screen_line_end(screen);
}

/* Why a check does not apply; what is unknown is grouped by its reason. */
static void write_reason(const struct table *table, const struct result *result)
{
	const struct screen *screen = &table->screen;
	g_autofree char *clean = screen_clean(screen, report_reason(result), 0);

	if (result->verdict == VERDICT_UNKNOWN || *clean == '\0')
		return;
	screen_put(screen, PAINT_NONE, "", ITEM_INDENT);
	screen_put(screen, PAINT_NONE, clean, 0);
	screen_line_end(screen);
}

/* The first step of the fix on one line, without its number. */
static char *first_step(const char *fix)
{
	g_auto(GStrv) lines = g_strsplit(fix, "\n", -1);
	GString *step = g_string_new(NULL);

	for (guint i = 0; lines[i] != NULL; i++) {
		const char *line = g_strstrip(lines[i]);
		size_t number = strspn(line, "0123456789");
		bool is_step = number > 0 && line[number] == '.' && line[number + 1] == ' ';

		if (is_step && step->len > 0)
			break;
		g_string_append_printf(step, "%s%s", step->len > 0 ? " " : "",
				       is_step ? line + number + 2 : line);
	}
	return g_string_free(step, FALSE);
}

/* The first step only; explain has the rest. */
static void write_fix(const struct table *table, const struct result *result)
{
	const struct screen *screen = &table->screen;
	const char *fix = host_view_fix(result->check, table->report->facts);
	g_autofree char *step = NULL;
	g_autofree char *clean = NULL;

	screen_put(screen, PAINT_NONE, "", ITEM_INDENT);
	if (fix != NULL) {
		step = first_step(fix);
		clean = screen_clean(screen, step, screen_rest(screen, ITEM_INDENT + 5));
		screen_put(screen, PAINT_CYAN, "fix: ", 0);
		screen_put(screen, PAINT_NONE, clean, 0);
		screen_line_end(screen);
		screen_put(screen, PAINT_NONE, "", ITEM_INDENT);
	}
	g_string_append_printf(screen->out, "more: plimsoll explain %s\n", result->check->name);
}

static void write_check(const struct table *table, const struct benchmark_entry *entry,
			const struct result *result)
{
	write_row(table, entry, result);
	if (table->screen.style->only_rows)
		return;
	write_reason(table, result);
	write_items(table, result);
	if (result->verdict == VERDICT_FAIL)
		write_fix(table, result);
}

static void write_group(const struct table *table, enum verdict verdict)
{
	if (table->benchmark->score.counts[verdict] == 0)
		return;
	screen_line_end(&table->screen);
	for (guint severity = SEVERITY_COUNT; severity-- > 0;) {
		for (guint i = 0; i < table->entries->len; i++) {
			const struct result *result = result_of(table, i);

			if (result->verdict == verdict && result->check->severity == severity)
				write_check(table, table->entries->pdata[i], result);
		}
	}
}

/* --- what could not be checked, by reason --- */

/* Unknown results with the worst severity first; const struct benchmark_entry *. */
static GPtrArray *unknown_entries(const struct table *table)
{
	GPtrArray *unknown = g_ptr_array_new();

	for (guint severity = SEVERITY_COUNT; severity-- > 0;) {
		for (guint i = 0; i < table->entries->len; i++) {
			const struct result *result = result_of(table, i);

			if (result->verdict == VERDICT_UNKNOWN &&
			    result->check->severity == severity)
				g_ptr_array_add(unknown, table->entries->pdata[i]);
		}
	}
	return unknown;
}

static const char *reason_code_of(const struct result *result)
{
	for (guint i = 0; result->reason == NULL && i < result->n_items; i++)
		if (result->items[i].verdict == VERDICT_UNKNOWN)
			return result->items[i].reason;
	return result->reason;
}

static void write_why(const struct table *table, const struct result *result)
{
	const struct screen *screen = &table->screen;
	const char *remedy = remedy_of(reason_code_of(result));
	g_autofree char *clean = screen_clean(screen, report_reason(result), 0);

	if (screen->style->only_rows)
		return;
	screen_line_end(screen);
	screen_put(screen, PAINT_YELLOW, "Not checked: ", 0);
	screen_put(screen, PAINT_NONE, *clean != '\0' ? clean : "no reason given", 0);
	if (remedy != NULL) {
		screen_put(screen, PAINT_NONE, ". ", 0);
		screen_put(screen, PAINT_NONE, remedy, 0);
	}
	screen_line_end(screen);
}

/* Writes all checks that share the reason of the first one left, and takes them out. */
static void write_same_reason(const struct table *table, GPtrArray *unknown)
{
	const struct evaluation *evaluation = table->report->evaluation;
	const struct result *first = evaluation_find(evaluation, unknown->pdata[0]);
	const char *reason = report_reason(first);
	guint i = 0;

	write_why(table, first);
	while (i < unknown->len) {
		const struct result *result = evaluation_find(evaluation, unknown->pdata[i]);

		if (g_strcmp0(report_reason(result), reason) != 0) {
			i++;
			continue;
		}
		write_check(table, unknown->pdata[i], result);
		g_ptr_array_remove_index(unknown, i);
	}
}

static void write_unknown(const struct table *table)
{
	g_autoptr(GPtrArray) unknown = unknown_entries(table);

	if (unknown->len > 0 && table->screen.style->only_rows)
		screen_line_end(&table->screen);
	while (unknown->len > 0)
		write_same_reason(table, unknown);
}

/* --- the summary --- */

static void write_severities(const struct table *table, const char *name, enum verdict verdict)
{
	g_autofree char *text = score_text_severities(&table->benchmark->score, verdict);

	if (text != NULL)
		g_string_append_printf(table->screen.out, "%s: %s\n", name, text);
}

static void write_counts(const struct table *table)
{
	g_autofree char *counts =
		score_text_counts(&table->benchmark->score, screen_dot(&table->screen));
	g_autofree char *checks = score_text_checks(table->report, table->benchmark);

	g_string_append_printf(table->screen.out, "%s = %s\n", counts, checks);
	write_severities(table, "Failing", VERDICT_FAIL);
	write_severities(table, "Unknown", VERDICT_UNKNOWN);
}

static void write_score(const struct table *table)
{
	g_autofree char *score =
		score_text_percent(&table->benchmark->score, screen_dot(&table->screen));
	g_autofree char *text = g_strdup_printf(
		"Score%s: %s", table->report->n_filters > 0 ? " of this selection" : "", score);

	screen_put(&table->screen, PAINT_BOLD, text, 0);
	screen_line_end(&table->screen);
}

static void write_gate(const struct table *table)
{
	g_string_append_printf(table->screen.out, "Gate: %s\n",
			       table->report->gate != NULL ? table->report->gate
							   : "none (--fail-on SEVERITY sets one)");
}

static void write_benchmark(const struct table *table)
{
	const struct format_style *style = table->screen.style;

	write_head(table);
	write_filter(table);
	write_notices(table);
	write_group(table, VERDICT_FAIL);
	write_unknown(table);
	if (style->verbose) {
		write_group(table, VERDICT_MANUAL);
		write_group(table, VERDICT_PASS);
		write_group(table, VERDICT_NOT_APPLICABLE);
	}
	screen_line_end(&table->screen);
	write_counts(table);
	write_score(table);
	write_gate(table);
}

void format_table_write(GString *out, const struct report *report, const struct format_style *style)
{
	const struct screen screen = {.out = out, .style = style};

	for (guint i = 0; i < report->n_benchmarks; i++) {
		g_autoptr(GPtrArray) entries = report_entries(report, &report->benchmarks[i]);
		const struct table table = {
			.screen = screen,
			.report = report,
			.benchmark = &report->benchmarks[i],
			.entries = entries,
		};

		if (i > 0)
			g_string_append_c(out, '\n');
		write_benchmark(&table);
	}
	table_moves_write(&screen, report);
	if (report->changes != NULL)
		table_changes_write(&screen, report->changes);
}
