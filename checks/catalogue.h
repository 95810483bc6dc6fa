/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The catalogue: checks as data, and the benchmarks that number them. The built-in YAML is compiled
 * into the program; that of /etc/plimsoll/checks.d is read. Every error names file:line:column.
 */
#ifndef PLIMSOLL_CHECKS_CATALOGUE_H
#define PLIMSOLL_CHECKS_CATALOGUE_H

#include <glib.h>
#include <stdbool.h>

#include "checks/check.h"
#include "proto/base.h"

struct catalogue;

/*
 * Gives the built-in catalogue and, when dir is not NULL, every *.yaml of that folder in byte order
 * of names. A missing folder is no error.
 *
 * error  CATALOGUE_ERROR, message "FILE:LINE:COLUMN: what is wrong".
 */
struct catalogue *catalogue_new(const char *dir, GError **error);
void catalogue_free(struct catalogue *catalogue);
PLIMSOLL_AUTOPTR(catalogue, catalogue_free)

const struct check *catalogue_checks(const struct catalogue *catalogue, guint *ret_n);
const struct check *catalogue_find(const struct catalogue *catalogue, const char *name);
/* Accepts "cis-docker-1.6.0", "cis-1.6.0" and "1.6.0". */
const struct benchmark *catalogue_benchmark(const struct catalogue *catalogue, const char *name);
const struct benchmark *catalogue_benchmarks(const struct catalogue *catalogue, guint *ret_n);
/* Whether the benchmark asks for the check in that form; variant NULL: in its own. */
bool benchmark_asks_for(const struct benchmark *benchmark, const struct check *check,
			const struct check_variant *variant);
/* SHA-256 over everything loaded, hex: a finding's interval carries it. gives: free with g_free();
 * takes a millisecond or two, so whoever needs it again keeps it. */
char *catalogue_hash(const struct catalogue *catalogue);
/* The check whose name or id is nearest, for "did you mean"; NULL when nothing is near. */
const char *catalogue_suggest(const struct catalogue *catalogue, const char *name);

const char *severity_text(enum severity severity);
bool severity_parse(const char *text, enum severity *ret_severity);

#define CATALOGUE_ERROR (catalogue_error_quark())
GQuark catalogue_error_quark(void);

#endif
