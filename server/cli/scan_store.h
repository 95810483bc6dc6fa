/* SPDX-License-Identifier: Apache-2.0 */
/* `plimsoll scan --store`: what a sweep collected becomes hosts of the fleet. */
#ifndef PLIMSOLL_SERVER_CLI_SCAN_STORE_H
#define PLIMSOLL_SERVER_CLI_SCAN_STORE_H

#include "agent/sweep.h"
#include "server/cli/site.h"

struct scan_store;

/*
 * Opens the store of an installation; its server may run beside.
 *
 * command   for what is said when this fails; ret_exit is then set.
 * gives     free with scan_store_close().
 */
struct scan_store *scan_store_open(const char *command, const struct site_options *site,
				   int *ret_exit);
void scan_store_close(struct scan_store *store);
PLIMSOLL_AUTOPTR(scan_store, scan_store_close)

/*
 * Judges what was collected from one machine by the installation's rules and stores it, under the
 * host that has shown this host key before, else under a new one. Labels of the target are given to
 * that host before; a key with several values, as groups are, becomes one key for each: "group=a",
 * "group=b" give "group/a=yes", "group/b=yes". What is no label is an error, and nothing is stored.
 *
 * Where this returns true, it is on disk. The same machine twice in one second counts once.
 *
 * result  with a collection and a fingerprint; not changed. `collection` must not have been stolen.
 * error   of this one machine; the next may go on. STORE_ERROR_DENIED: retired or forgotten here,
 *         or another machine of this sweep has the same host key. WIRE_ERROR; CONFIG_ERROR for
 *         labels.
 */
bool scan_store_put(struct scan_store *store, const struct sweep_result *result, GError **error);

#endif
