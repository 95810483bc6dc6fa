/* SPDX-License-Identifier: Apache-2.0 */
/* A sweep for people: a line for every machine, and the summary. */
#ifndef PLIMSOLL_SERVER_CLI_SCAN_TABLE_H
#define PLIMSOLL_SERVER_CLI_SCAN_TABLE_H

#include "server/cli/scan_row.h"

/* rows: struct scan_row *, in the order in which they are to stand. */
void scan_table_write(GString *out, const GPtrArray *rows, const struct format_style *style);

struct scan_totals {
	guint wanted; /* machines */
	gint64 wall_us;
	guint resumed; /* of them done by an earlier run */
};

/* How many came through, and the others grouped by why not, with what to do. */
void scan_table_write_summary(GString *out, const GPtrArray *rows, const struct scan_totals *totals,
			      const struct format_style *style);

#endif
