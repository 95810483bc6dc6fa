/* SPDX-License-Identifier: Apache-2.0 */
/* Which checks an audit asks: --only, --skip and --severity against the chosen benchmarks. */
#ifndef PLIMSOLL_SERVER_CLI_SELECT_H
#define PLIMSOLL_SERVER_CLI_SELECT_H

#include "server/format/format.h"

/*
 * What was asked for. A word is a check's name, an id ("5.5", or docker-bench's "check_5_5"), a
 * section ("5", "1.1", "containers"), a pattern of names and ids with * and ?, or says what it is
 * about: "section:5", "severity:high" (that one alone), "level:1", "group:IG1" (the CIS Controls'
 * implementation groups). It means every check that it fits in one of the benchmarks; what a
 * benchmark does not say of a check fits nothing.
 */
struct select_rule {
	const char *const *only; /* NULL-terminated; NULL or empty = everything */
	const char *const *skip; /* NULL-terminated; NULL = nothing */
	enum severity min_severity;
};

/* Appends what a rule leaves out, as the report names it (struct report_filter); borrows the words.
 */
void select_add_filters(const struct select_rule *rule, GArray *filters);

/*
 * gives  the set of selected checks (const struct check *); free with g_hash_table_unref().
 * error  SELECT_ERROR: a word matches nothing (with the nearest name), or nothing is left.
 */
GHashTable *select_checks(const struct catalogue *catalogue,
			  const struct benchmark *const *benchmarks, guint n_benchmarks,
			  const struct select_rule *rule, GError **error);

#define SELECT_ERROR (select_error_quark())
GQuark select_error_quark(void);

#endif
