/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions of checks with one thing wrong in each: the faults that fixtures must notice. */
#ifndef PLIMSOLL_TESTS_CHECKS_SQL_MUTANTS_H
#define PLIMSOLL_TESTS_CHECKS_SQL_MUTANTS_H

#include <glib.h>

struct mutant {
	char *sql;
	char *what; /* "12: AND -> OR": offset and change */
};

/* Every mutant of an expression or query; many do not prepare. gives: array of struct mutant that
 * frees its members. */
GPtrArray *sql_mutants(const char *sql);

#endif
