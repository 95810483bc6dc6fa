/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An earlier report of `plimsoll audit -o json`, and what changed since. A finding is an item that
 * fails; it is the same finding when check, subject, stable key and discriminator are the same, so
 * that a container made anew is the same container. Reports that carry no key yet are matched by
 * the item's name.
 */
#ifndef PLIMSOLL_SERVER_DIFF_BASELINE_H
#define PLIMSOLL_SERVER_DIFF_BASELINE_H

#include "proto/arena.h"
#include "server/format/changes.h"

struct baseline;

/* error: BASELINE_ERROR or JSON_ERROR with the place, "benchmarks[0].checks[3]: ...". */
struct baseline *baseline_read(const char *text, size_t size, GError **error);
void baseline_free(struct baseline *baseline);
PLIMSOLL_AUTOPTR(baseline, baseline_free)

/*
 * Compares a report with its baseline.
 *
 * ret_new_checks  gives the checks (const struct check *) that have new findings; free with
 *                 g_hash_table_unref().
 * gives           changes in the arena; they borrow from report and baseline.
 */
const struct changes *baseline_compare(const struct baseline *baseline, const struct report *report,
				       struct arena *arena, GHashTable **ret_new_checks);

#define BASELINE_ERROR (baseline_error_quark())
GQuark baseline_error_quark(void);

#endif
