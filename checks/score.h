/* SPDX-License-Identifier: Apache-2.0 */
/* Scores of one evaluation under one benchmark, RULES 0.12. */
#ifndef PLIMSOLL_CHECKS_SCORE_H
#define PLIMSOLL_CHECKS_SCORE_H

#include "checks/evaluate.h"

struct score {
	guint counts[VERDICT_COUNT];                      /* of the benchmark's checks */
	guint by_severity[SEVERITY_COUNT][VERDICT_COUNT]; /* the same, by severity */
	guint numerator;                                  /* pass, of checks that count */
	guint denominator; /* pass + fail + unknown, of checks that count */
	guint waived;
	bool has_percent;        /* denominator > 0 */
	double percent;          /* 0..100 */
	double coverage_percent; /* (pass + fail) / denominator */
	bool has_docker_bench;   /* docker-bench-security had a score in this version */
	int docker_bench_score;
	guint docker_bench_checks; /* checks that docker-bench counts in this version */
	guint docker_bench_max;    /* what this host can reach: scored checks that apply */
};

/* Whether a check is inside the percent score: mode A, or mode P with its parameter set. */
bool score_counts(const struct result *result);

void score_compute(const struct evaluation *evaluation, const struct benchmark *benchmark,
		   struct score *ret_score);

/* The score with waivers: failing checks that is_waived answers true for are counted in `waived`
 * and left out of the percent score. docker-bench's arithmetic knows no waivers. */
void score_compute_waived(const struct evaluation *evaluation, const struct benchmark *benchmark,
			  bool (*is_waived)(const struct result *result, void *data), void *data,
			  struct score *ret_score);

#endif
