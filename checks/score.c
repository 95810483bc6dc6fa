/* SPDX-License-Identifier: Apache-2.0 */
/* Two sums over one set of verdicts, RULES 0.12: the percent score, and docker-bench's arithmetic.
 */
#include "checks/score.h"

bool score_counts(const struct result *result)
{
	return result->check->mode == MODE_AUTOMATIC ||
	       (result->check->mode == MODE_PARAMETER && result->has_parameter);
}

static void add_to_percent(struct score *score, const struct result *result, guint *decided)
{
	if (!score_counts(result) || result->verdict == VERDICT_MANUAL ||
	    result->verdict == VERDICT_NOT_APPLICABLE)
		return;
	score->denominator++;
	score->numerator += result->verdict == VERDICT_PASS;
	*decided += result->verdict != VERDICT_UNKNOWN;
}

/* pass +1, fail -1, everything else 0. */
static void add_to_docker_bench(struct score *score, const struct benchmark_entry *entry,
				const struct result *result)
{
	if (!entry->dbs_score)
		return;
	score->docker_bench_max += result->verdict != VERDICT_NOT_APPLICABLE;
	if (result->verdict == VERDICT_PASS)
		score->docker_bench_score++;
	else if (result->verdict == VERDICT_FAIL)
		score->docker_bench_score--;
}

void score_compute_waived(const struct evaluation *evaluation, const struct benchmark *benchmark,
			  bool (*is_waived)(const struct result *result, void *data), void *data,
			  struct score *ret_score)
{
	struct score score = {.has_docker_bench = benchmark->has_dbs_score};
	guint decided = 0;

	for (guint i = 0; i < benchmark->n_entries; i++) {
		const struct benchmark_entry *entry = &benchmark->entries[i];
		const struct result *result = evaluation_find(evaluation, entry);

		if (result == NULL)
			continue;
		score.docker_bench_checks++;
		score.counts[result->verdict]++;
		score.by_severity[result->check->severity][result->verdict]++;
		add_to_docker_bench(&score, entry, result);
		if (result->verdict == VERDICT_FAIL && is_waived != NULL && is_waived(result, data))
			score.waived++;
		else
			add_to_percent(&score, result, &decided);
	}
	score.has_percent = score.denominator > 0;
	if (score.has_percent) {
		score.percent = 100.0 * score.numerator / score.denominator;
		score.coverage_percent = 100.0 * decided / score.denominator;
	}
	*ret_score = score;
}

void score_compute(const struct evaluation *evaluation, const struct benchmark *benchmark,
		   struct score *ret_score)
{
	score_compute_waived(evaluation, benchmark, NULL, NULL, ret_score);
}
