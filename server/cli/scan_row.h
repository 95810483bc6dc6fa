/* SPDX-License-Identifier: Apache-2.0 */
/* What a sweep keeps of each machine: a line of its table, and of its journal. */
#ifndef PLIMSOLL_SERVER_CLI_SCAN_ROW_H
#define PLIMSOLL_SERVER_CLI_SCAN_ROW_H

#include "agent/sweep.h"
#include "proto/json.h"
#include "server/cli/scan_reason.h"
#include "server/format/format.h"

struct scan_row {
	char *name;
	bool is_audited;
	const struct scan_reason *reason; /* why not, or not whole; NULL: audited whole */
	char *message;                    /* of the error, foreign; NULL: none */
	char *transport, *transport_reason, *engine_way, *key_type, *fingerprint;
	gint64 wall_us;
	/* ---- of the audit ---- */
	guint counts[VERDICT_COUNT]; /* of the first benchmark's checks */
	bool has_percent;
	double percent, coverage_percent;
	char *worst; /* "CRITICAL 5.5, 5.32 +3"; NULL: nothing fails */
	bool gate_failed, is_incomplete;
};

struct scan_row *scan_row_new(const char *name);
void scan_row_free(struct scan_row *row);
PLIMSOLL_AUTOPTR(scan_row, scan_row_free)

/* How the machine was reached, or why not. */
void scan_row_set_result(struct scan_row *row, const struct sweep_result *result);
/* What the audit says; gives the row its reason where that is not whole. */
void scan_row_set_report(struct scan_row *row, const struct report *report);

struct json *scan_row_to_json(const struct scan_row *row);
/* gives: free with scan_row_free(); NULL: it is no row. */
struct scan_row *scan_row_from_json(const struct json *value);

#endif
