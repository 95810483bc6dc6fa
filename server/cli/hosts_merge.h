/* SPDX-License-Identifier: Apache-2.0 */
/* `plimsoll hosts merge` and `split`: an operator says which hosts are one machine. */
#ifndef PLIMSOLL_SERVER_CLI_HOSTS_MERGE_H
#define PLIMSOLL_SERVER_CLI_HOSTS_MERGE_H

#include "server/store/fleet.h"

/* Both return an exit code, and say what they did. */
int hosts_merge(struct store *store, const char *from, const char *into);
int hosts_split(struct store *store, const char *host_id);

/* Names the hosts of a list that look like one machine, and the command that makes them one. */
void hosts_append_lookalikes(GString *text, const GPtrArray *list);
/* What else is known of a host: the keys of its scans, and hosts that have to do with it. */
bool hosts_append_identity(GString *text, struct store *store, const char *host_id, GError **error);

#endif
