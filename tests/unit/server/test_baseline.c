/* SPDX-License-Identifier: Apache-2.0 */
/* A report against an earlier one: what counts as new, as gone, and as neither. */
#include <string.h>

#include "server/cli/gate.h"
#include "server/diff/baseline.h"
#include "tests/unit/server/sample_report.h"

/* One comparison; its report may be changed before compare(). */
struct world {
	struct sample *sample;
	struct report report;
	struct result results[16];
	struct evaluation evaluation;
	struct baseline *baseline;
	GHashTable *new_checks;
	const struct changes *changes;
};

static struct baseline *baseline_of(const struct report *report)
{
	const struct format_style style = {0};
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	struct baseline *baseline = NULL;

	format_find("json")->write(text, report, &style);
	baseline = baseline_read(text->str, text->len, &error);
	g_assert_no_error(error);
	return baseline;
}

static void world_init(struct world *world, bool poison)
{
	*world = (struct world){.sample = sample_new(poison)};
	world->report = *sample_report(world->sample);
	world->baseline = baseline_of(&world->report);
	world->evaluation = *world->report.evaluation;
	g_assert_cmpuint(world->evaluation.n_results, <=, G_N_ELEMENTS(world->results));
	memcpy(world->results, world->evaluation.results,
	       world->evaluation.n_results * sizeof(world->results[0]));
	world->evaluation.results = world->results;
	world->report.evaluation = &world->evaluation;
}

static void world_done(struct world *world)
{
	g_clear_pointer(&world->new_checks, g_hash_table_unref);
	baseline_free(world->baseline);
	sample_free(world->sample);
}

static void compare(struct world *world)
{
	world->changes = baseline_compare(world->baseline, &world->report,
					  sample_arena(world->sample), &world->new_checks);
	world->report.changes = world->changes;
}

static void assert_summary(struct world *world, const char *want)
{
	g_autofree char *got = NULL;

	compare(world);
	got = changes_summary(world->changes, ", ");
	g_assert_cmpstr(got, ==, want);
}

static struct result *privileged(struct world *world)
{
	g_assert_cmpstr(world->results[0].check->name, ==, "container-privileged");
	return &world->results[0];
}

static void test_same(void)
{
	struct world world;

	world_init(&world, false);
	assert_summary(&world, "0 new, 0 gone, 8 still failing");
	g_assert_cmpuint(world.changes->n_notes, ==, 0);
	g_assert_cmpuint(g_hash_table_size(world.new_checks), ==, 0);
	world_done(&world);
}

/* A whole check that could not be judged, and items that no list names. */
static void test_unseen_is_not_gone(void)
{
	struct world world;

	world_init(&world, false);
	*privileged(&world) = (struct result){.check = privileged(&world)->check,
					      .verdict = VERDICT_UNKNOWN,
					      .reason = "UK_PERM",
					      .reason_text = "no permission"};
	assert_summary(&world, "0 new, 0 gone, 1 still failing, 7 not seen this time");
	world_done(&world);

	world_init(&world, false);
	privileged(&world)->n_items = 4;
	assert_summary(&world, "3 new, 0 gone, 5 still failing, 3 not seen this time");
	g_assert_cmpuint(world.changes->unlisted, ==, 3);
	g_assert_true(g_hash_table_contains(world.new_checks, privileged(&world)->check));
	world_done(&world);
}

static void test_gone_and_unasked(void)
{
	struct world world;

	world_init(&world, false);
	*privileged(&world) = (struct result){.check = privileged(&world)->check,
					      .verdict = VERDICT_NOT_APPLICABLE,
					      .reason = "NA_ABSENT"};
	assert_summary(&world, "0 new, 7 gone, 1 still failing");
	world_done(&world);

	world_init(&world, false);
	world.evaluation.results++;
	world.evaluation.n_results--;
	assert_summary(&world, "0 new, 0 gone, 1 still failing, 7 not asked this time");
	world_done(&world);
}

/* A gate of new failures does not pass over an item that it could not see. */
static void test_gate(void)
{
	const struct gate gate = {.is_set = true, .only_new = true, .severity = SEVERITY_CRITICAL};
	struct gate_outcome outcome;
	struct world world;

	world_init(&world, false);
	compare(&world);
	gate_judge(&gate, &world.report, world.new_checks, &outcome);
	g_assert_false(outcome.failed);
	g_assert_true(outcome.incomplete);
	g_assert_cmpstr(outcome.text, ==, "open, 1 unknown at or above critical");
	g_free(outcome.text);
	privileged(&world)->counts[VERDICT_UNKNOWN] = 0;
	gate_judge(&gate, &world.report, world.new_checks, &outcome);
	g_assert_false(outcome.failed || outcome.incomplete);
	g_assert_cmpstr(outcome.text, ==,
			"passed, 0 with new failures at or above critical, 0 allowed");
	g_free(outcome.text);
	g_hash_table_add(world.new_checks, (gpointer)(guintptr)privileged(&world)->check);
	gate_judge(&gate, &world.report, world.new_checks, &outcome);
	g_assert_true(outcome.failed);
	g_free(outcome.text);
	world_done(&world);
}

static const struct {
	const char *text;
	const char *want;
} faults[] = {
	{"", "line 1 column"},
	{"{\"schema_version\": 1,\n \"benchmarks\": [}", "line 2 column"},
	{"[]", "top level: no report of"},
	{"{\"plimsoll_facts\": 1}", "top level: no report of"},
	{"{\"schema_version\": 1, \"benchmarks\": []}", "top level: no report of"},
	{"{\"schema_version\": 1, \"benchmarks\": {\"a\": 1}}", "top level: no report of"},
	{"{\"schema_version\": 2, \"benchmarks\": [{}]}", "schema_version: written by a newer"},
	{"{\"schema_version\": 1, \"benchmarks\": [{}]}", "benchmarks[0]: no benchmark"},
	{"{\"schema_version\": 1, \"benchmarks\": [{\"name\": \"b\", \"checks\": [{}]}]}",
	 "benchmarks[0].checks[0]: no check"},
	{"{\"schema_version\": 1, \"benchmarks\": [{\"name\": \"b\", \"checks\": [{\"check\": "
	 "\"c\", "
	 "\"items\": [{\"verdict\": \"bad\"}]}]}]}",
	 "benchmarks[0].checks[0]: an item without a verdict"},
};

static void test_faults(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(faults); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(baseline_read(faults[i].text, strlen(faults[i].text), &error));
		if (strstr(error->message, faults[i].want) == NULL)
			g_error("'%s' lacks '%s'", error->message, faults[i].want);
	}
}

/* Names of the baseline's host are as foreign as this one's. */
static void test_formats(void)
{
	static const struct {
		const char *format;
		const char *says;
	} cases[] = {
		{"table", "Since the baseline of 2026-11-21T17:15:14Z: 0 new"},
		{"lines", "\nbaseline\t-\t-\t-\t0/"},
		{"json", "\"baseline\": {"},
		{"html", "Since the baseline of 2026-11-21T17:15:14Z: 0 new, 0 gone"},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		const struct format_style style = {.show_all = true};
		g_autoptr(GString) out = g_string_new(NULL);
		struct world world;

		world_init(&world, true);
		privileged(&world)->n_items = 0;
		privileged(&world)->counts[VERDICT_FAIL] = 0;
		compare(&world);
		format_find(cases[i].format)->write(out, &world.report, &style);
		if (strstr(out->str, cases[i].says) == NULL)
			g_error("%s lacks '%s': %s", cases[i].format, cases[i].says, out->str);
		g_assert_null(strchr(out->str, '\033'));
		g_assert_null(strstr(out->str, "\xE2\x80\xAE"));
		world_done(&world);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/baseline/a report has nothing new against itself", test_same);
	g_test_add_func("/baseline/what was not seen is not gone", test_unseen_is_not_gone);
	g_test_add_func("/baseline/gone is gone, and what was not asked is neither",
			test_gone_and_unasked);
	g_test_add_func("/baseline/a gate of new failures stays open for what it cannot see",
			test_gate);
	g_test_add_func("/baseline/a fault is named with its place", test_faults);
	g_test_add_func("/baseline/formats show it and stay harmless", test_formats);
	return g_test_run();
}
