/* SPDX-License-Identifier: Apache-2.0 */
/*
 * docker-bench-security's verdicts beside ours, check by check: where they differ, on what
 * evidence, and why. The page that somebody reads who is about to change tools.
 */
#ifndef PLIMSOLL_SERVER_CLI_COMPARE_H
#define PLIMSOLL_SERVER_CLI_COMPARE_H

#include "server/cli/peer_log.h"
#include "server/format/format.h"

/* One check about which both say something else. */
struct difference {
	const struct benchmark_entry *entry;
	const struct result *result;
	const struct peer_result *peer;
};

/* Borrows the log and the report, of which the first benchmark is compared. */
struct comparison {
	const struct peer_log *log;
	const struct report *report;
	GArray *differences; /* struct difference: worst kind first, then in the benchmark's order
			      */
	guint same;
	GPtrArray *only_log;  /* struct peer_result *: not judged here */
	GPtrArray *only_here; /* struct benchmark_entry *: not in the log */
};

void comparison_init(struct comparison *comparison, const struct peer_log *log,
		     const struct report *report);
void comparison_done(struct comparison *comparison);

/* The benchmark whose numbers and titles the log has most of; NULL = it has none of any. */
const struct benchmark *compare_benchmark(const struct catalogue *catalogue,
					  const struct peer_log *log);

void compare_write_table(GString *out, const struct comparison *comparison,
			 const struct format_style *style);
void compare_write_json(GString *out, const struct comparison *comparison);

#endif
