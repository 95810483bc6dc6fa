/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints what judging one report costs: loading the catalogue, preparing it, and one evaluation by
 * one benchmark and by all, of hosts of 0 to 1000 containers (budgets for 20 containers: 1 ms and
 * 1.5 ms; for loading 5 ms). With --checks: which checks of one benchmark cost most. Medians of CPU
 * time; the facts are made up, the checks are real.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "checks/derive/derive.h"
#include "checks/evaluate.h"
#include "checks/sql_session.h"
#include "proto/arena.h"
#include "tests/bench/bench_facts.h"

enum { ROUNDS = 101 };

static int compare_times(const void *a, const void *b)
{
	gint64 first = *(const gint64 *)a;
	gint64 second = *(const gint64 *)b;

	return (first > second) - (first < second);
}

/* Of this thread: other work on the machine is not counted. In microseconds. */
static gint64 cpu_time(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (gint64)now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

/* Median of ROUNDS runs, in microseconds. */
static gint64 median(void (*run)(void *data), void *data)
{
	gint64 times[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		gint64 start = cpu_time();

		run(data);
		times[i] = cpu_time() - start;
	}
	qsort(times, ROUNDS, sizeof(times[0]), compare_times);
	return times[ROUNDS / 2];
}

struct world {
	struct catalogue *catalogue;
	struct evaluator *evaluator; /* of every form of every check */
	struct evaluator *one;       /* of the forms of one benchmark */
	const struct benchmark *benchmark;
	struct evaluate_input input;
};

static bool is_of_benchmark(const struct check *check, const struct check_variant *variant,
			    void *data)
{
	return benchmark_asks_for(data, check, variant);
}

static void load_catalogue(void *data)
{
	PLIMSOLL_AUTO(catalogue) *catalogue = catalogue_new(NULL, NULL);

	(void)data;
	g_assert_nonnull(catalogue);
}

static void prepare_catalogue(void *data)
{
	const struct world *world = data;
	PLIMSOLL_AUTO(evaluator) *evaluator = evaluator_new(world->catalogue, NULL);

	g_assert_nonnull(evaluator);
}

static void derive_once(void *data)
{
	const struct world *world = data;
	PLIMSOLL_AUTO(arena) *arena = arena_new(SIZE_MAX);

	g_assert_nonnull(derive(&world->input, arena));
}

static void evaluate_once(void *data)
{
	struct world *world = data;
	PLIMSOLL_AUTO(evaluation) *evaluation =
		evaluator_run(world->evaluator, &world->input, NULL, NULL, NULL);

	g_assert_nonnull(evaluation);
}

static void evaluate_one_benchmark(void *data)
{
	struct world *world = data;
	PLIMSOLL_AUTO(evaluation) *evaluation =
		evaluator_run(world->one, &world->input, NULL, NULL, NULL);

	g_assert_nonnull(evaluation);
}

static void make_evaluators(struct world *world)
{
	world->catalogue = catalogue_new(NULL, NULL);
	world->benchmark = catalogue_benchmark(world->catalogue, "1.6.0");
	world->evaluator = evaluator_new(world->catalogue, NULL);
	world->one = evaluator_new_for(world->catalogue, is_of_benchmark,
				       (gpointer)(uintptr_t)world->benchmark, NULL);
	g_assert_nonnull(world->evaluator);
	g_assert_nonnull(world->one);
}

/* ---- which checks cost most ---- */

struct cost {
	struct world *world;
	const struct check *check;
	gint64 us;
};

static bool is_check(const struct check *check, void *data)
{
	return check == data;
}

static void evaluate_check(void *data)
{
	const struct cost *cost = data;
	PLIMSOLL_AUTO(evaluation) *evaluation =
		evaluator_run(cost->world->one, &cost->world->input, is_check,
			      (gpointer)(uintptr_t)cost->check, NULL);

	g_assert_nonnull(evaluation);
}

static gint compare_costs(gconstpointer a, gconstpointer b)
{
	const struct cost *first = a;
	const struct cost *second = b;

	return (second->us > first->us) - (second->us < first->us);
}

static void print_costs(struct world *world)
{
	enum { SHOWN = 20, CONTAINERS = 20 };
	PLIMSOLL_AUTO(arena) *arena = arena_new(SIZE_MAX);
	g_autoptr(GArray) costs = g_array_new(FALSE, FALSE, sizeof(struct cost));
	gint64 derive_us = 0;

	world->input = (struct evaluate_input){.facts = bench_facts(arena, CONTAINERS)};
	derive_us = median(derive_once, world);
	for (guint i = 0; i < world->benchmark->n_entries; i++) {
		struct cost cost = {world, world->benchmark->entries[i].check, 0};

		cost.us = median(evaluate_check, &cost) - derive_us;
		g_array_append_val(costs, cost);
	}
	g_array_sort(costs, compare_costs);
	printf("%d containers, beyond %" G_GINT64_FORMAT " us to derive:\n", CONTAINERS, derive_us);
	for (guint i = 0; i < MIN(costs->len, SHOWN); i++)
		printf("%6" G_GINT64_FORMAT " us %s\n", g_array_index(costs, struct cost, i).us,
		       g_array_index(costs, struct cost, i).check->name);
}

int main(int argc, char **argv)
{
	static const size_t containers[] = {0, 10, 20, 100, 1000};
	struct world world = {0};
	guint n = 0;

	arena_keep_memory();
	sql_session_startup();
	make_evaluators(&world);
	if (argc > 1 && g_strcmp0(argv[1], "--checks") == 0) {
		print_costs(&world);
		return 0;
	}
	(void)catalogue_checks(world.catalogue, &n);
	printf("catalogue of %u checks: load %" G_GINT64_FORMAT " us, prepare %" G_GINT64_FORMAT
	       " us\n",
	       n, median(load_catalogue, &world), median(prepare_catalogue, &world));
	for (size_t i = 0; i < G_N_ELEMENTS(containers); i++) {
		PLIMSOLL_AUTO(arena) *arena = arena_new(SIZE_MAX);

		world.input = (struct evaluate_input){.facts = bench_facts(arena, containers[i])};
		printf("%4zu containers: %s %6" G_GINT64_FORMAT
		       " us, all benchmarks %6" G_GINT64_FORMAT
		       " us, of either derive %6" G_GINT64_FORMAT " us\n",
		       containers[i], world.benchmark->name, median(evaluate_one_benchmark, &world),
		       median(evaluate_once, &world), median(derive_once, &world));
	}
	evaluator_free(world.one);
	evaluator_free(world.evaluator);
	catalogue_free(world.catalogue);
	return 0;
}
