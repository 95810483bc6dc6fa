/* SPDX-License-Identifier: Apache-2.0 */
/* Whom a scan goes to: words, inventories, docker contexts, and what selects among them. */
#ifndef PLIMSOLL_SERVER_CLI_SCAN_TARGETS_H
#define PLIMSOLL_SERVER_CLI_SCAN_TARGETS_H

#include "server/cli/scan_options.h"
#include "server/inventory/inventory.h"

/*
 * Reads all of it and says what a reader must know. A machine that is named twice is there once.
 *
 * gives  struct inventory_entry *, at least one; free with g_ptr_array_unref(). NULL: said, with
 *        ret_exit set.
 */
GPtrArray *scan_targets_read(const struct scan_options *options, int *ret_exit);

#endif
