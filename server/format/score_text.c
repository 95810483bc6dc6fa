/* SPDX-License-Identifier: Apache-2.0 */
/* See score_text.h. */
#include "server/format/score_text.h"

char *score_text_percent(const struct score *score, const char *dot)
{
	if (!score->has_percent)
		return g_strdup("none, no check that counts applies");
	return g_strdup_printf("%.1f %%, %u of %u%scoverage %.1f %%", score->percent,
			       score->numerator, score->denominator, dot, score->coverage_percent);
}

char *score_text_counts(const struct score *score, const char *dot)
{
	return g_strdup_printf("%u pass%s%u fail%s%u unknown%s%u manual%s%u n/a",
			       score->counts[VERDICT_PASS], dot, score->counts[VERDICT_FAIL], dot,
			       score->counts[VERDICT_UNKNOWN], dot, score->counts[VERDICT_MANUAL],
			       dot, score->counts[VERDICT_NOT_APPLICABLE]);
}

char *score_text_severities(const struct score *score, enum verdict verdict)
{
	GString *text = NULL;

	if (score->counts[verdict] == 0)
		return NULL;
	text = g_string_new(NULL);
	for (guint severity = SEVERITY_COUNT; severity-- > 0;) {
		guint n = score->by_severity[severity][verdict];

		if (n > 0)
			g_string_append_printf(text, "%s%u %s", text->len > 0 ? ", " : "", n,
					       severity_text((enum severity)severity));
	}
	return g_string_free(text, FALSE);
}

char *score_text_checks(const struct report *report, const struct report_benchmark *benchmark)
{
	guint total = 0;

	for (guint i = 0; i < VERDICT_COUNT; i++)
		total += benchmark->score.counts[i];
	if (report->n_filters == 0)
		return g_strdup_printf("%u checks", total);
	return g_strdup_printf("%u of %u checks", total, benchmark->benchmark->n_entries);
}
