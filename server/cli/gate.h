/* SPDX-License-Identifier: Apache-2.0 */
/* Whether an audit passes its gate, and whether it saw enough to say so. */
#ifndef PLIMSOLL_SERVER_CLI_GATE_H
#define PLIMSOLL_SERVER_CLI_GATE_H

#include "server/format/format.h"

struct gate {
	bool is_set;            /* --fail-on or --max-fail */
	bool only_new;          /* what failed in the baseline is let through */
	enum severity severity; /* checks below are let through */
	guint max_fail;         /* so many may fail */
	bool allow_unknown;
	bool require_complete;
};

struct gate_outcome {
	bool failed;
	bool incomplete;
	char *text; /* for people; NULL when no gate is set; free with g_free() */
};

/*
 * Counts each check once, however many benchmarks number it.
 *
 * new_checks  const struct check *: those with findings that the baseline does not have; NULL = no
 *             baseline.
 */
void gate_judge(const struct gate *gate, const struct report *report, GHashTable *new_checks,
		struct gate_outcome *ret_outcome);

/* The exit code of an audit that came to its end: 4 before 1 before 3. */
int gate_exit(const struct gate_outcome *outcome, bool io_failed);

#endif
