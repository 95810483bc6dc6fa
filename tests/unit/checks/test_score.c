/* SPDX-License-Identifier: Apache-2.0 */
/* Both scores, as sums over hand-made results: RULES 0.12. */
#include "checks/score.h"

#include "proto/arena.h"

enum { CHECKS_MAX = 8 };

/* One check of a benchmark and how it ended. */
struct one {
	enum mode mode;
	enum verdict verdict;
	enum severity severity;
	bool dbs_score;
	bool has_parameter;
};

static const struct {
	const char *name;
	struct one checks[CHECKS_MAX];
	guint n;
	guint numerator, denominator;
	double percent, coverage;
	int dbs;
	guint dbs_max;
} cases[] = {
	{"pass and fail",
	 {{.mode = MODE_AUTOMATIC, .verdict = VERDICT_PASS},
	  {.mode = MODE_AUTOMATIC, .verdict = VERDICT_FAIL}},
	 2,
	 1,
	 2,
	 50,
	 100,
	 0,
	 0},
	{"unknown costs and lowers coverage",
	 {{.mode = MODE_AUTOMATIC, .verdict = VERDICT_PASS},
	  {.mode = MODE_AUTOMATIC, .verdict = VERDICT_UNKNOWN}},
	 2,
	 1,
	 2,
	 50,
	 50,
	 0,
	 0},
	{"manual and not applicable are outside",
	 {{.mode = MODE_AUTOMATIC, .verdict = VERDICT_PASS},
	  {.mode = MODE_AUTOMATIC, .verdict = VERDICT_MANUAL},
	  {.mode = MODE_AUTOMATIC, .verdict = VERDICT_NOT_APPLICABLE}},
	 3,
	 1,
	 1,
	 100,
	 100,
	 0,
	 0},
	{"one-sided checks do not lift",
	 {{.mode = MODE_ONE_SIDED, .verdict = VERDICT_PASS},
	  {.mode = MODE_AUTOMATIC, .verdict = VERDICT_FAIL}},
	 2,
	 0,
	 1,
	 0,
	 100,
	 0,
	 0},
	{"manual and obsolete modes do not count",
	 {{.mode = MODE_MANUAL, .verdict = VERDICT_UNKNOWN},
	  {.mode = MODE_OBSOLETE, .verdict = VERDICT_PASS}},
	 2,
	 0,
	 0,
	 0,
	 0,
	 0,
	 0},
	{"a parameter check counts once its parameter is set",
	 {{.mode = MODE_PARAMETER, .verdict = VERDICT_PASS},
	  {.mode = MODE_PARAMETER, .verdict = VERDICT_FAIL, .has_parameter = true}},
	 2,
	 0,
	 1,
	 0,
	 100,
	 0,
	 0},
	{"docker-bench: pass +1, fail -1, all else 0",
	 {{.mode = MODE_AUTOMATIC, .verdict = VERDICT_PASS, .dbs_score = true},
	  {.mode = MODE_ONE_SIDED, .verdict = VERDICT_PASS, .dbs_score = true},
	  {.mode = MODE_AUTOMATIC, .verdict = VERDICT_FAIL, .dbs_score = true},
	  {.mode = MODE_AUTOMATIC, .verdict = VERDICT_FAIL},
	  {.mode = MODE_AUTOMATIC, .verdict = VERDICT_UNKNOWN, .dbs_score = true},
	  {.mode = MODE_AUTOMATIC, .verdict = VERDICT_NOT_APPLICABLE, .dbs_score = true}},
	 6,
	 1,
	 4,
	 25,
	 75,
	 1,
	 4},
	{.name = "nothing at all"},
};

struct world {
	struct check checks[CHECKS_MAX];
	struct result results[CHECKS_MAX];
	struct benchmark_entry entries[CHECKS_MAX];
	struct evaluation evaluation;
	struct benchmark benchmark;
};

static void build(struct world *world, const struct one *ones, guint n)
{
	*world = (struct world){0};
	for (guint i = 0; i < n; i++) {
		world->checks[i].mode = ones[i].mode;
		world->checks[i].severity = ones[i].severity;
		world->results[i].check = &world->checks[i];
		world->results[i].verdict = ones[i].verdict;
		world->results[i].has_parameter = ones[i].has_parameter;
		world->entries[i].check = &world->checks[i];
		world->entries[i].dbs_score = ones[i].dbs_score;
	}
	world->evaluation.results = world->results;
	world->evaluation.n_results = n;
	world->benchmark.entries = world->entries;
	world->benchmark.n_entries = n;
	world->benchmark.has_dbs_score = true;
}

static void sums_are_right(gconstpointer data)
{
	size_t i = GPOINTER_TO_SIZE(data);
	struct world world;
	struct score score;

	build(&world, cases[i].checks, cases[i].n);
	score_compute(&world.evaluation, &world.benchmark, &score);
	g_assert_cmpuint(score.numerator, ==, cases[i].numerator);
	g_assert_cmpuint(score.denominator, ==, cases[i].denominator);
	g_assert_cmpint(score.has_percent, ==, cases[i].denominator > 0);
	g_assert_cmpfloat_with_epsilon(score.percent, cases[i].percent, 1e-9);
	g_assert_cmpfloat_with_epsilon(score.coverage_percent, cases[i].coverage, 1e-9);
	g_assert_cmpint(score.docker_bench_score, ==, cases[i].dbs);
	g_assert_cmpuint(score.docker_bench_max, ==, cases[i].dbs_max);
	g_assert_cmpuint(score.docker_bench_checks, ==, cases[i].n);
}

static void fails_are_counted_by_severity(void)
{
	static const struct one ones[] = {
		{.mode = MODE_AUTOMATIC, .verdict = VERDICT_FAIL, .severity = SEVERITY_CRITICAL},
		{.mode = MODE_AUTOMATIC, .verdict = VERDICT_FAIL, .severity = SEVERITY_LOW},
		{.mode = MODE_AUTOMATIC, .verdict = VERDICT_FAIL, .severity = SEVERITY_LOW},
		{.mode = MODE_AUTOMATIC, .verdict = VERDICT_UNKNOWN, .severity = SEVERITY_CRITICAL},
	};
	struct world world;
	struct score score;

	build(&world, ones, G_N_ELEMENTS(ones));
	score_compute(&world.evaluation, &world.benchmark, &score);
	g_assert_cmpuint(score.by_severity[SEVERITY_CRITICAL][VERDICT_FAIL], ==, 1);
	g_assert_cmpuint(score.by_severity[SEVERITY_LOW][VERDICT_FAIL], ==, 2);
	g_assert_cmpuint(score.counts[VERDICT_UNKNOWN], ==, 1);
}

static bool is_first(const struct result *result, void *data)
{
	return result == data;
}

static void waived_fails_leave_the_percent_score(void)
{
	static const struct one ones[] = {
		{.mode = MODE_AUTOMATIC, .verdict = VERDICT_FAIL, .dbs_score = true},
		{.mode = MODE_AUTOMATIC, .verdict = VERDICT_FAIL},
		{.mode = MODE_AUTOMATIC, .verdict = VERDICT_PASS},
	};
	struct world world;
	struct score score;

	build(&world, ones, G_N_ELEMENTS(ones));
	score_compute_waived(&world.evaluation, &world.benchmark, is_first, world.results, &score);
	g_assert_cmpuint(score.waived, ==, 1);
	g_assert_cmpuint(score.denominator, ==, 2);
	g_assert_cmpuint(score.numerator, ==, 1);
	g_assert_cmpint(score.docker_bench_score, ==, -1);
	g_assert_cmpuint(score.counts[VERDICT_FAIL], ==, 2);
}

static void checks_that_did_not_run_are_left_out(void)
{
	static const struct one ones[] = {{.mode = MODE_AUTOMATIC, .verdict = VERDICT_PASS},
					  {.mode = MODE_AUTOMATIC, .verdict = VERDICT_FAIL}};
	struct world world;
	struct score score;

	build(&world, ones, G_N_ELEMENTS(ones));
	world.evaluation.n_results = 1;
	score_compute(&world.evaluation, &world.benchmark, &score);
	g_assert_cmpuint(score.denominator, ==, 1);
	g_assert_cmpuint(score.docker_bench_checks, ==, 1);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strdup_printf("/score/%s", cases[i].name);

		g_test_add_data_func(path, GSIZE_TO_POINTER(i), sums_are_right);
	}
	g_test_add_func("/score/fails are counted by severity", fails_are_counted_by_severity);
	g_test_add_func("/score/waived fails leave the percent score",
			waived_fails_leave_the_percent_score);
	g_test_add_func("/score/checks that did not run are left out",
			checks_that_did_not_run_are_left_out);
	return g_test_run();
}
