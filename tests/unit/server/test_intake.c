/* SPDX-License-Identifier: Apache-2.0 */
/* What a server judges: the forms that its benchmark asks for, and anew when it pins another one.
 */
#include "server/intake.h"

/* Of facts without anything: a result of each form that the evaluator has. */
static struct evaluation *evaluate(const struct intake_rules *rules)
{
	static const Plimsoll__Facts nothing = PLIMSOLL__FACTS__INIT;
	const struct evaluate_input input = {.facts = &nothing};
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(evaluator) *evaluator = intake_evaluator_new(rules, &error);
	struct evaluation *evaluation = NULL;

	g_assert_no_error(error);
	evaluation = evaluator_run(evaluator, &input, NULL, NULL, &error);
	g_assert_no_error(error);
	return evaluation;
}

static void load(const struct config *config, struct intake_rules *ret_rules)
{
	g_autoptr(GError) error = NULL;

	g_assert_true(intake_rules_load(config, ret_rules, &error));
	g_assert_no_error(error);
}

static void test_forms(void)
{
	static const char *const names[] = {"cis-docker-1.6.0", "cis-docker-1.8.0", "community"};

	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		PLIMSOLL_AUTO(parameters) *parameters = parameters_new();
		const struct config config = {.benchmark = (char *)(uintptr_t)names[i],
					      .parameters = parameters};
		PLIMSOLL_AUTO(evaluation) *evaluation = NULL;
		struct intake_rules rules;

		load(&config, &rules);
		evaluation = evaluate(&rules);
		for (guint k = 0; k < rules.benchmark->n_entries; k++)
			g_assert_nonnull(evaluation_find(evaluation, &rules.benchmark->entries[k]));
		for (guint k = 0; k < evaluation->n_results; k++)
			g_assert_true(benchmark_asks_for(rules.benchmark,
							 evaluation->results[k].check,
							 evaluation->results[k].variant));
		intake_rules_done(&rules);
	}
}

static void test_hash(void)
{
	PLIMSOLL_AUTO(parameters) *parameters = parameters_new();
	const struct config older = {.benchmark = (char *)(uintptr_t) "cis-docker-1.6.0",
				     .parameters = parameters};
	const struct config newer = {.benchmark = (char *)(uintptr_t) "cis-docker-1.8.0",
				     .parameters = parameters};
	struct intake_rules first, again, other;

	load(&older, &first);
	load(&older, &again);
	load(&newer, &other);
	g_assert_cmpstr(first.catalogue_hash, ==, again.catalogue_hash);
	g_assert_cmpstr(first.catalogue_hash, !=, other.catalogue_hash);
	g_assert_cmpuint(strlen(other.catalogue_hash), ==, 64);
	intake_rules_done(&first);
	intake_rules_done(&again);
	intake_rules_done(&other);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/intake/forms", test_forms);
	g_test_add_func("/intake/hash", test_hash);
	return g_test_run();
}
