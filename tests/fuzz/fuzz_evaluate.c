/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any facts through all checks: never a crash, the same answer twice, and no verdict from a group
 * that nobody collected.
 */
#include <string.h>

#include "checks/evaluate_internal.h"
#include "proto/limits.h"
#include "proto/wire.h"
#include "tests/fuzz/fuzz.h"

static struct evaluator *get_evaluator(void)
{
	static struct catalogue *catalogue; /* both live as long as the process */
	static struct evaluator *evaluator;
	g_autoptr(GError) error = NULL;

	if (evaluator == NULL) {
		catalogue = catalogue_new(NULL, &error);
		g_assert_no_error(error);
		evaluator = evaluator_new(catalogue, &error);
		g_assert_no_error(error);
	}
	return evaluator;
}

/* Without a row, a list counts as empty only when a source of it was asked. */
static void test_result(const struct result *result, const Plimsoll__Facts *facts)
{
	const struct subject_kind *kind = subject_find(result->check->subject);
	const struct facts_data data = {{&facts->base, NULL, NULL}};
	bool nobody_asked = facts->n_fetch == 0;

	if (!kind->singleton && nobody_asked &&
	    facts_table_rows(facts_table_find(kind->table), &data, 0) == 0)
		g_assert_cmpint((int)result->verdict, !=, VERDICT_PASS);
	if (facts->engine == NULL && facts->n_dockerd == 0 && facts->n_file == 0 &&
	    facts->n_container == 0)
		g_assert_cmpint((int)result->verdict, !=, VERDICT_PASS);
	for (guint i = 0; i < result->n_items; i++) {
		const struct item *item = &result->items[i];

		g_assert_nonnull(item->label);
		g_assert_nonnull(item->subject_key);
		g_assert_true(item->verdict != VERDICT_UNKNOWN || item->reason != NULL);
		g_assert_true(item->observed == NULL ||
			      strlen(item->observed) <= LIMIT_ITEM_TEXT_BYTES + 3);
	}
}

static void test_facts(const Plimsoll__Facts *facts)
{
	const struct evaluate_input input = {.facts = facts, .as_of_s = 1700000000};
	PLIMSOLL_AUTO(evaluation) *first = evaluator_run(get_evaluator(), &input, NULL, NULL, NULL);
	PLIMSOLL_AUTO(evaluation) *second =
		evaluator_run(get_evaluator(), &input, NULL, NULL, NULL);

	for (guint i = 0; i < first->n_results; i++) {
		test_result(&first->results[i], facts);
		g_assert_cmpint((int)first->results[i].verdict, ==,
				(int)second->results[i].verdict);
		g_assert_cmpuint(first->results[i].n_items, ==, second->results[i].n_items);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PLIMSOLL_AUTO(arena) *arena = arena_new(LIMIT_UNPACK_ARENA_BYTES);
	const Plimsoll__Facts *facts = wire_unpack_facts(data, size, arena, NULL);

	if (facts != NULL)
		test_facts(facts);
	return 0;
}
