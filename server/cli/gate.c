/* SPDX-License-Identifier: Apache-2.0 */
/* See gate.h. A proven failure outranks a gap, and a gap never reads as success. */
#include "server/cli/gate.h"

#include "server/cli/cli.h"
#include "server/format/notices.h"

struct tally {
	guint failing; /* at or above the gate's severity */
	guint unknown; /* at or above the gate's severity */
	guint unknown_at_all;
};

/*
 * What a check is to the gate in one form. To a gate of new failures an item that was not seen may
 * be one, even beside items that are known to fail.
 */
static enum verdict verdict_of(const struct gate *gate, const struct result *result,
			       GHashTable *new_checks)
{
	if (!gate->only_new || result->verdict != VERDICT_FAIL ||
	    g_hash_table_contains(new_checks, result->check))
		return result->verdict;
	return result->counts[VERDICT_UNKNOWN] > 0 ? VERDICT_UNKNOWN : VERDICT_PASS;
}

/* The worse verdict of a check's variants, by check. */
static GHashTable *worst_verdicts(const struct gate *gate, const struct report *report,
				  GHashTable *new_checks)
{
	GHashTable *worst = g_hash_table_new(NULL, NULL);

	for (guint b = 0; b < report->n_benchmarks; b++) {
		g_autoptr(GPtrArray) entries = report_entries(report, &report->benchmarks[b]);

		for (guint i = 0; i < entries->len; i++) {
			const struct result *result =
				evaluation_find(report->evaluation, entries->pdata[i]);
			const enum verdict verdict = verdict_of(gate, result, new_checks);
			gpointer check = (gpointer)(guintptr)result->check;
			enum verdict known =
				(enum verdict)GPOINTER_TO_INT(g_hash_table_lookup(worst, check));

			if (known != VERDICT_FAIL &&
			    (verdict == VERDICT_FAIL || verdict == VERDICT_UNKNOWN))
				g_hash_table_insert(worst, check, GINT_TO_POINTER((int)verdict));
		}
	}
	return worst;
}

static struct tally count_checks(const struct gate *gate, const struct report *report,
				 GHashTable *new_checks)
{
	g_autoptr(GHashTable) worst = worst_verdicts(gate, report, new_checks);
	struct tally tally = {0};
	GHashTableIter iterator;
	gpointer key;
	gpointer value;

	g_hash_table_iter_init(&iterator, worst);
	while (g_hash_table_iter_next(&iterator, &key, &value)) {
		const struct check *check = key;
		bool is_gated = check->severity >= gate->severity;

		if (GPOINTER_TO_INT(value) == VERDICT_FAIL) {
			tally.failing += is_gated ? 1 : 0;
		} else {
			tally.unknown += is_gated ? 1 : 0;
			tally.unknown_at_all++;
		}
	}
	return tally;
}

static char *gate_text(const struct gate *gate, const struct tally *tally, bool failed)
{
	const char *severity = severity_text(gate->severity);
	const char *failing = gate->only_new ? "with new failures" : "failing";

	if (!gate->is_set)
		return NULL;
	if (failed)
		return g_strdup_printf("failed, %u %s at or above %s, %u allowed", tally->failing,
				       failing, severity, gate->max_fail);
	if (tally->unknown > 0 && !gate->allow_unknown)
		return g_strdup_printf("open, %u unknown at or above %s", tally->unknown, severity);
	return g_strdup_printf("passed, %u %s at or above %s, %u allowed", tally->failing, failing,
			       severity, gate->max_fail);
}

void gate_judge(const struct gate *gate, const struct report *report, GHashTable *new_checks,
		struct gate_outcome *ret_outcome)
{
	const struct tally tally = count_checks(gate, report, new_checks);
	bool failed = gate->is_set && tally.failing > gate->max_fail;

	*ret_outcome = (struct gate_outcome){
		.failed = failed,
		.incomplete = !notices_engine_answered(report->facts) ||
			      (gate->require_complete && tally.unknown_at_all > 0) ||
			      (gate->is_set && !gate->allow_unknown && tally.unknown > 0),
		.text = gate_text(gate, &tally, failed),
	};
}

int gate_exit(const struct gate_outcome *outcome, bool io_failed)
{
	if (io_failed)
		return CLI_IO;
	if (outcome->failed)
		return CLI_GATE_FAILED;
	return outcome->incomplete ? CLI_INCOMPLETE : CLI_DONE;
}
