/* SPDX-License-Identifier: Apache-2.0 */
/* What differs between two benchmarks over one evaluation: number, form, presence, verdict. */
#ifndef PLIMSOLL_SERVER_FORMAT_MOVES_H
#define PLIMSOLL_SERVER_FORMAT_MOVES_H

#include "server/format/format.h"

/* A check that the two do not have alike. */
struct move {
	const struct check *check;
	const struct benchmark_entry *from; /* NULL = not in the first */
	const struct benchmark_entry *to;   /* NULL = not in the second */
	const struct result *was;           /* NULL with from */
	const struct result *is;            /* NULL with to */
};

/* struct move of the checks that were judged, in the first one's order, then those that only the
 * second has; free with g_array_unref(). */
GArray *moves_between(const struct report *report, const struct report_benchmark *from,
		      const struct report_benchmark *to);
/* "renumbered, another form: 'l9' instead of the standard one, fail instead of pass"; free with
 * g_free(). */
char *move_why(const struct move *move);

#endif
