/* SPDX-License-Identifier: Apache-2.0 */
/* See report_json.h. */
#include "tests/unit/server/report_json.h"

#include <math.h>
#include <string.h>

#include "checks/evaluate.h"

int64_t report_json_integer(const struct json *object, const char *path)
{
	int64_t value = -1;

	g_assert_true(json_as_integer(json_path(object, path), &value));
	return value;
}

static guint count_verdict(const struct json *checks, const char *verdict, bool only_counted)
{
	guint n = 0;

	for (size_t i = 0; i < json_length(checks); i++) {
		const struct json *check = json_at(checks, i);
		bool counts = false;

		g_assert_true(json_as_boolean(json_get(check, "counts"), &counts));
		if (strcmp(json_as_string(json_get(check, "verdict"), NULL), verdict) == 0)
			n += counts || !only_counted ? 1 : 0;
	}
	return n;
}

static void assert_percent(const struct json *score, const char *name, guint part, guint whole)
{
	g_autofree char *got = json_text(json_get(score, name), false);
	g_autofree char *want = NULL;

	if (whole == 0) {
		g_assert_cmpstr(got, ==, "null");
		return;
	}
	want = g_strdup_printf("%.1f", floor(1000.0 * part / whole + 0.5) / 10);
	g_assert_cmpstr(got, ==, want);
}

static void assert_score(const struct json *benchmark)
{
	const struct json *checks = json_get(benchmark, "checks");
	const struct json *score = json_get(benchmark, "score");
	guint pass = count_verdict(checks, "pass", true);
	guint decided = pass + count_verdict(checks, "fail", true);
	guint all = decided + count_verdict(checks, "unknown", true);

	g_assert_cmpint(report_json_integer(score, "numerator"), ==, pass);
	g_assert_cmpint(report_json_integer(score, "denominator"), ==, all);
	assert_percent(score, "percent", pass, all);
	assert_percent(score, "coverage_percent", decided, all);
	for (guint i = 0; i < VERDICT_COUNT; i++) {
		const char *verdict = verdict_text((enum verdict)i);

		g_assert_cmpint(report_json_integer(score, verdict), ==,
				count_verdict(checks, verdict, false));
	}
}

void report_json_assert_scores(const char *document)
{
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(json) *root = json_parse(document, strlen(document), NULL, &error);
	const struct json *benchmarks = json_get(root, "benchmarks");

	g_assert_no_error(error);
	g_assert_cmpuint(json_length(benchmarks), >, 0);
	for (size_t i = 0; i < json_length(benchmarks); i++)
		assert_score(json_at(benchmarks, i));
}
