/* SPDX-License-Identifier: Apache-2.0 */
/* The built-in maps, counted: which checks each release of the benchmark has, and in which form. */
#include <string.h>

#include "checks/catalogue_file.h"
#include "checks/score.h"

static const struct catalogue *the_catalogue(void)
{
	static struct catalogue *catalogue;
	g_autoptr(GError) error = NULL;

	if (catalogue == NULL)
		catalogue = catalogue_new(NULL, &error);
	g_assert_no_error(error);
	return catalogue;
}

static const struct benchmark *the_benchmark(const char *name)
{
	const struct benchmark *benchmark = catalogue_benchmark(the_catalogue(), name);

	g_test_message("%s", name);
	g_assert_nonnull(benchmark);
	return benchmark;
}

/* --- how many --- */

static const struct count {
	const char *name;
	guint checks;
	guint automatic, one_sided, parameter, manual, obsolete;
	guint dbs_score;   /* moving docker-bench-security's score */
	guint levels[3];   /* not known, 1, 2 */
	guint statuses[2]; /* Automated or Scored, Manual or Not Scored */
} counts[] = {
	{"1.1.0", 105, 79, 4, 4, 17, 1, 0, {105, 0, 0}, {76, 21}},
	{"1.2.0", 107, 82, 4, 4, 17, 0, 90, {107, 0, 0}, {75, 24}},
	{"1.4.0", 117, 90, 5, 4, 18, 0, 90, {117, 0, 0}, {90, 27}},
	{"1.5.0", 117, 90, 5, 4, 18, 0, 90, {117, 0, 0}, {90, 27}},
	{"1.6.0", 117, 90, 5, 4, 18, 0, 90, {117, 0, 0}, {90, 27}},
	{"1.7.0", 117, 90, 5, 4, 18, 0, 90, {0, 86, 31}, {23, 94}},
	{"1.8.0", 118, 91, 5, 4, 18, 0, 90, {0, 87, 31}, {23, 95}},
};

static guint count_mode(const struct benchmark *benchmark, enum mode mode)
{
	guint n = 0;

	for (guint i = 0; i < benchmark->n_entries; i++)
		n += benchmark->entries[i].check->mode == mode;
	return n;
}

/* Checks inside the percent score, without and with every parameter of the site. */
static guint count_inside(const struct benchmark *benchmark, bool has_parameter)
{
	guint n = 0;

	for (guint i = 0; i < benchmark->n_entries; i++) {
		const struct result result = {.check = benchmark->entries[i].check,
					      .has_parameter = has_parameter};

		n += score_counts(&result);
	}
	return n;
}

static void test_modes(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(counts); i++) {
		const struct count *want = &counts[i];
		const struct benchmark *benchmark = the_benchmark(want->name);

		g_assert_cmpuint(benchmark->n_entries, ==, want->checks);
		g_assert_cmpuint(benchmark->n_sections, ==, 7);
		g_assert_cmpuint(count_mode(benchmark, MODE_AUTOMATIC), ==, want->automatic);
		g_assert_cmpuint(count_mode(benchmark, MODE_ONE_SIDED), ==, want->one_sided);
		g_assert_cmpuint(count_mode(benchmark, MODE_PARAMETER), ==, want->parameter);
		g_assert_cmpuint(count_mode(benchmark, MODE_MANUAL), ==, want->manual);
		g_assert_cmpuint(count_mode(benchmark, MODE_OBSOLETE), ==, want->obsolete);
		g_assert_cmpuint(count_inside(benchmark, false), ==, want->automatic);
		g_assert_cmpuint(count_inside(benchmark, true), ==,
				 want->automatic + want->parameter);
	}
}

static void expect_counts(const guint *got, const guint *want, guint n)
{
	for (guint i = 0; i < n; i++)
		g_assert_cmpuint(got[i], ==, want[i]);
}

static bool counts_as_automated(const char *status)
{
	return strcmp(status, "Automated") == 0 || strcmp(status, "Scored") == 0;
}

static void test_words(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(counts); i++) {
		const struct benchmark *benchmark = the_benchmark(counts[i].name);
		guint levels[3] = {0};
		guint statuses[2] = {0};
		guint scored = 0;

		for (guint k = 0; k < benchmark->n_entries; k++) {
			const struct benchmark_entry *entry = &benchmark->entries[k];

			levels[entry->level]++;
			scored += entry->dbs_score;
			if (entry->status != NULL)
				statuses[counts_as_automated(entry->status) ? 0 : 1]++;
		}
		expect_counts(levels, counts[i].levels, G_N_ELEMENTS(levels));
		expect_counts(statuses, counts[i].statuses, G_N_ELEMENTS(statuses));
		g_assert_cmpuint(scored, ==, counts[i].dbs_score);
		g_assert_cmpint(benchmark->has_dbs_score, ==, scored > 0);
	}
}

/* --- implementation groups: what is in one is in all above it --- */

static const guint by_groups[] = {[0] = 16, [1 << 2] = 4, [3 << 1] = 53, [7] = 44};

static void test_groups(void)
{
	const struct benchmark *benchmark = the_benchmark("1.6.0");
	guint got[G_N_ELEMENTS(by_groups)] = {0};

	for (guint i = 0; i < benchmark->n_entries; i++) {
		g_assert_true(benchmark->entries[i].has_groups);
		got[benchmark->entries[i].groups]++;
	}
	expect_counts(got, by_groups, G_N_ELEMENTS(got));
}

/* --- forms --- */

static const struct {
	const char *check, *variant;
	const char *from, *to; /* versions; all others have the check's own form */
} forms[] = {
	{"audit-docker-socket-unit", "unit", "1.1.0", "1.5.0"},
	{"audit-containerd-binary", "old-names", "1.1.0", "1.1.0"},
	{"audit-runc-binary", "old-names", "1.1.0", "1.1.0"},
	{"container-sensitive-host-dirs", "l9", "1.7.0", "1.8.0"},
	{"image-user-created", "effective", "1.8.0", "1.8.0"},
};

static const char *want_form(const char *check, const char *version)
{
	for (guint i = 0; i < G_N_ELEMENTS(forms); i++)
		if (strcmp(forms[i].check, check) == 0 && strcmp(forms[i].from, version) <= 0 &&
		    strcmp(forms[i].to, version) >= 0)
			return forms[i].variant;
	return NULL;
}

static void test_forms(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(counts); i++) {
		const struct benchmark *benchmark = the_benchmark(counts[i].name);

		for (guint k = 0; k < benchmark->n_entries; k++) {
			const struct benchmark_entry *entry = &benchmark->entries[k];

			g_assert_cmpstr(entry->variant != NULL ? entry->variant->name : NULL, ==,
					want_form(entry->check->name, counts[i].name));
		}
	}
}

/* A form that no release asks for would never be judged. */
static void test_no_form_is_left_over(void)
{
	guint n = 0;
	const struct check *checks = catalogue_checks(the_catalogue(), &n);
	guint n_forms = 0;

	for (guint i = 0; i < n; i++)
		n_forms += checks[i].n_variants;
	g_assert_cmpuint(n_forms, ==, G_N_ELEMENTS(forms));
}

/* --- every check somewhere, once, in order --- */

/* Controls of the numbering before 1.1.0, which no map has. */
static const char *const outside[] = {"host-kernel-updated", "host-nonessential-services-removed",
				      "ops-security-audits", "ops-monitoring", "ops-backup"};

static guint count_entries(const struct benchmark *benchmark, const struct check *check)
{
	guint n = 0;

	for (guint i = 0; i < benchmark->n_entries; i++)
		n += benchmark->entries[i].check == check;
	return n;
}

static bool is_outside(const char *name)
{
	for (guint i = 0; i < G_N_ELEMENTS(outside); i++)
		if (strcmp(outside[i], name) == 0)
			return true;
	return false;
}

static void test_every_check_is_in_a_map(void)
{
	guint n = 0;
	guint n_benchmarks = 0;
	const struct check *checks = catalogue_checks(the_catalogue(), &n);
	const struct benchmark *benchmarks = catalogue_benchmarks(the_catalogue(), &n_benchmarks);

	for (guint i = 0; i < G_N_ELEMENTS(outside); i++)
		g_assert_nonnull(catalogue_find(the_catalogue(), outside[i]));
	for (guint i = 0; i < n; i++) {
		guint maps = 0;

		g_test_message("%s", checks[i].name);
		for (guint k = 0; k < n_benchmarks; k++) {
			guint entries = count_entries(&benchmarks[k], &checks[i]);

			g_assert_cmpuint(entries, <=, 1);
			maps += entries;
		}
		g_assert_cmpint(maps == 0, ==, is_outside(checks[i].name));
	}
}

/* The loader sorts; people read the file. */
static guint expect_order(const char *path)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	g_autofree char *last = NULL;
	guint n = 0;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	lines = g_strsplit(text, "\n", -1);
	for (guint i = 0; lines[i] != NULL; i++) {
		g_auto(GStrv) parts = g_strsplit(lines[i], "\"", 3);

		if (!g_str_has_prefix(lines[i], "  - id: \""))
			continue;
		if (last != NULL && benchmark_id_compare(last, parts[1]) >= 0)
			g_error("%s:%u: %s stands behind %s", path, i + 1, parts[1], last);
		g_free(last);
		last = g_strdup(parts[1]);
		n++;
	}
	return n;
}

static void test_files_are_in_order(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(counts); i++) {
		g_autofree char *path =
			g_strdup_printf("checks/benchmarks/cis-docker-%s.yaml", counts[i].name);

		g_assert_cmpuint(expect_order(path), ==, counts[i].checks);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/benchmarks/checks by mode and in the score", test_modes);
	g_test_add_func("/benchmarks/levels, statuses, docker-bench's score", test_words);
	g_test_add_func("/benchmarks/implementation groups", test_groups);
	g_test_add_func("/benchmarks/each release asks for its form", test_forms);
	g_test_add_func("/benchmarks/no form is left over", test_no_form_is_left_over);
	g_test_add_func("/benchmarks/every check is in a map", test_every_check_is_in_a_map);
	g_test_add_func("/benchmarks/files are in order", test_files_are_in_order);
	return g_test_run();
}
