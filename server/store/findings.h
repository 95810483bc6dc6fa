/* SPDX-License-Identifier: Apache-2.0 */
/* Opens, updates and closes findings after an evaluation. Called by reports.c only. */
#ifndef PLIMSOLL_SERVER_STORE_FINDINGS_H
#define PLIMSOLL_SERVER_STORE_FINDINGS_H

#include "server/store/results.h"

/*
 * Compares the items of an evaluation with what is open and writes the difference. Rules that did
 * not move have none: what is open of them came from the same items.
 *
 * moved    int64_t, of results_apply().
 * cluster  id of the swarm whose findings this engine speaks for; 0 = none: items about swarm
 *          objects are then left out.
 */
bool findings_apply(struct store *store, const struct evaluation *evaluation, const int64_t *rules,
		    const GArray *moved, const struct cause *cause, int64_t cluster,
		    GError **error);

#endif
