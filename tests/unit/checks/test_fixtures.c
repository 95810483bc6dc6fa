/* SPDX-License-Identifier: Apache-2.0 */
/* Every check against its fixtures (fixture_case.h), and no check without any. */
#include <string.h>

#include "tests/unit/checks/fixture_case.h"

static struct catalogue *catalogue;
static struct evaluator *evaluator;
static GPtrArray *cases;

static bool is_wanted(const struct check *check, void *data)
{
	return strcmp(check->name, data) == 0;
}

static void run_case(gconstpointer data)
{
	const struct fixture_case *one = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GString) report = g_string_new(NULL);
	PLIMSOLL_AUTO(fixture) *fixture = fixture_case_facts(one, &error);
	PLIMSOLL_AUTO(evaluation) *evaluation = NULL;
	const struct result *result = NULL;

	g_assert_no_error(error);
	evaluation = evaluator_run(evaluator, &fixture->input, is_wanted, one->check, &error);
	g_assert_no_error(error);
	result = fixture_find(evaluation, one->check, one->variant);
	if (result == NULL) {
		g_test_message("no such check or variant");
		g_test_fail();
	} else if (!fixture_case_holds(one, result, fixture->arena, report)) {
		g_autofree char *actual = fixture_describe(result);

		g_test_message("%sactual: %s", report->str, actual);
		g_test_fail();
	}
}

static void add_case(const struct fixture_case *one)
{
	g_autoptr(GString) label = g_string_new(one->name);

	g_string_replace(label, "/", "|", 0);
	g_string_prepend(label, "/");
	g_string_prepend(label, one->file);
	g_string_prepend(label, "/fixtures/");
	g_test_add_data_func(label->str, one, run_case);
}

/* The catalogue itself is the first claim: it loads, and every statement of it prepares. */
static void catalogue_prepares(void)
{
	g_assert_nonnull(evaluator);
}

static bool has_case(const struct check *check, const char *variant)
{
	for (guint i = 0; i < cases->len; i++) {
		const struct fixture_case *one = g_ptr_array_index(cases, i);

		if (strcmp(one->check, check->name) == 0 && g_strcmp0(one->variant, variant) == 0)
			return true;
	}
	return false;
}

static void expect_case(const struct check *check, const char *variant)
{
	if (has_case(check, variant))
		return;
	g_test_message("%s %s has no fixture", check->name, variant != NULL ? variant : "");
	g_test_fail();
}

static void every_check_has_cases(void)
{
	guint n = 0;
	const struct check *checks = catalogue_checks(catalogue, &n);

	for (guint i = 0; i < n; i++) {
		if (checks[i].fail.text != NULL || checks[i].items.text != NULL)
			expect_case(&checks[i], NULL);
		for (guint k = 0; k < checks[i].n_variants; k++)
			expect_case(&checks[i], checks[i].variants[k].name);
	}
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;

	g_test_init(&argc, &argv, NULL);
	catalogue = catalogue_new(NULL, &error);
	if (catalogue != NULL)
		evaluator = evaluator_new(catalogue, &error);
	if (evaluator == NULL)
		g_error("%s", error->message);
	cases = fixture_cases_load();
	g_test_add_func("/fixtures/catalogue prepares", catalogue_prepares);
	g_test_add_func("/fixtures/every check has cases", every_check_has_cases);
	for (guint i = 0; i < cases->len; i++)
		add_case(g_ptr_array_index(cases, i));
	return g_test_run();
}
