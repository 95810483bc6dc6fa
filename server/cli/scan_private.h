/* SPDX-License-Identifier: Apache-2.0 */
/* A scan while it runs: what its two kinds, one machine and many, share. */
#ifndef PLIMSOLL_SERVER_CLI_SCAN_PRIVATE_H
#define PLIMSOLL_SERVER_CLI_SCAN_PRIVATE_H

#include "server/cli/audit.h"
#include "server/cli/scan.h"
#include "server/cli/scan_journal.h"
#include "server/cli/scan_options.h"
#include "server/cli/scan_output.h"
#include "server/cli/scan_store.h"

struct scan {
	const struct scan_sweep *sweep;
	struct scan_options options;
	struct audit audit;       /* borrows its options from `options` */
	GPtrArray *entries;       /* struct inventory_entry *: whom */
	struct scan_store *store; /* NULL: not asked for */
	gint cancelled;           /* atomic */
	bool io_failed;
};

/* Goes to these; true: to all, false: it was interrupted. */
bool scan_visit(struct scan *scan, const struct ssh_target *const *targets, guint n_targets,
		void (*done)(struct sweep_result *result, void *data), void *data);
/* Into the server's store, where that was asked for; false: what went wrong was said. */
bool scan_deposit(struct scan *scan, const struct sweep_result *result);

int scan_one(struct scan *scan);
int scan_many(struct scan *scan);

#endif
