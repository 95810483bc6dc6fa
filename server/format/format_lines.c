/* SPDX-License-Identifier: Apache-2.0 */
/*
 * -o lines: one line a check, for grep and awk. Fields are separated by one tab and their order
 * never changes: verdict, severity, id, check, failing/all items, benchmark, title, reason. After
 * the checks of a benchmark stands its score as such a line, and last of all what changed since the
 * baseline: their first words are no verdicts.
 */
#include "server/format/changes.h"
#include "server/format/score_text.h"
#include "server/format/text.h"
#include "server/report/host_view.h"

static void write_foreign(GString *out, const struct format_style *style, const char *text)
{
	g_string_append_c(out, '\t');
	text_append(out, text, TEXT_MAX_CHARS, style->ascii);
}

static void write_check(GString *out, const struct format_style *style,
			const struct benchmark *benchmark, const struct benchmark_entry *entry,
			const struct result *result)
{
	g_string_append_printf(out, "%s\t%s\t%s\t%s\t%u/%u\t%s", verdict_text(result->verdict),
			       severity_text(result->check->severity), entry->id,
			       result->check->name, result->counts[VERDICT_FAIL],
			       host_view_items(result), benchmark->name);
	write_foreign(out, style, entry->title);
	write_foreign(out, style, report_reason(result));
	g_string_append_c(out, '\n');
}

/* score - - - numerator/denominator benchmark, then the score in words, then what was left out. */
static void write_score(GString *out, const struct format_style *style, const struct report *report,
			const struct report_benchmark *benchmark)
{
	const struct score *score = &benchmark->score;
	g_autofree char *percent = score_text_percent(score, ", ");
	g_autofree char *counts = score_text_counts(score, ", ");
	g_autofree char *fails = score_text_severities(score, VERDICT_FAIL);
	g_autofree char *checks = score_text_checks(report, benchmark);
	g_autofree char *words =
		g_strdup_printf("%s; %s = %s%s%s", percent, counts, checks,
				fails != NULL ? "; failing: " : "", fails != NULL ? fails : "");
	g_autofree char *filter = report_filter_text(report);
	g_autofree char *filtered = filter != NULL ? g_strconcat("filtered: ", filter, NULL) : NULL;

	g_string_append_printf(out, "score\t-\t-\t-\t%u/%u\t%s", score->numerator,
			       score->denominator, benchmark->benchmark->name);
	write_foreign(out, style, words);
	write_foreign(out, style, filtered);
	g_string_append_c(out, '\n');
}

/* baseline - - - new/still when, then the changes in words, then what makes them doubtful. */
static void write_changes(GString *out, const struct format_style *style,
			  const struct changes *changes)
{
	g_autofree char *words = changes_summary(changes, ", ");
	g_autofree char *notes = g_strjoinv(" ", (char **)(guintptr)changes->notes);

	g_string_append_printf(out, "baseline\t-\t-\t-\t%u/%u", changes->counts[CHANGE_NEW],
			       changes->counts[CHANGE_STILL]);
	write_foreign(out, style, changes->collected_at);
	write_foreign(out, style, words);
	write_foreign(out, style, notes);
	g_string_append_c(out, '\n');
}

void format_lines_write(GString *out, const struct report *report, const struct format_style *style)
{
	for (guint b = 0; b < report->n_benchmarks; b++) {
		g_autoptr(GPtrArray) entries = report_entries(report, &report->benchmarks[b]);

		for (guint i = 0; i < entries->len; i++) {
			const struct benchmark_entry *entry = entries->pdata[i];

			write_check(out, style, report->benchmarks[b].benchmark, entry,
				    evaluation_find(report->evaluation, entry));
		}
		write_score(out, style, report, &report->benchmarks[b]);
	}
	if (report->changes != NULL)
		write_changes(out, style, report->changes);
}
