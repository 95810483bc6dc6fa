/* SPDX-License-Identifier: Apache-2.0 */
/* See scan_row.h. */
#include "server/cli/scan_row.h"

#include <string.h>

#include "server/format/notices.h"

enum { WORST_SHOWN = 3, TENTHS = 10 };

struct scan_row *scan_row_new(const char *name)
{
	struct scan_row *row = g_new0(struct scan_row, 1);

	row->name = g_strdup(name);
	return row;
}

void scan_row_free(struct scan_row *row)
{
	if (row == NULL)
		return;
	g_free(row->name);
	g_free(row->message);
	g_free(row->transport);
	g_free(row->transport_reason);
	g_free(row->engine_way);
	g_free(row->key_type);
	g_free(row->fingerprint);
	g_free(row->worst);
	g_free(row);
}

void scan_row_set_result(struct scan_row *row, const struct sweep_result *result)
{
	row->transport = g_strdup(result->transport);
	row->transport_reason = g_strdup(result->transport_reason);
	row->engine_way = g_strdup(result->engine_way);
	row->key_type = g_strdup(result->key_type);
	row->fingerprint = g_strdup(result->fingerprint);
	row->wall_us = result->wall_us;
	if (result->error == NULL)
		return;
	row->message = g_strdup(result->error->message);
	row->reason = result->collection != NULL ? scan_reason_find(SCAN_REASON_CUT_SHORT)
						 : scan_reason_of_error(result->error);
}

/* --- of the audit --- */

static const struct scan_reason *reason_of(const struct scan_row *row, const struct report *report)
{
	const Plimsoll__Snapshot *snapshot = report->facts->snapshot;

	if (row->reason != NULL)
		return row->reason;
	if (!notices_engine_answered(report->facts)) {
		const bool has_none = snapshot != NULL && snapshot->has_dockerd_installed &&
				      !snapshot->dockerd_installed;

		return scan_reason_find(has_none ? SCAN_REASON_NO_DOCKER : SCAN_REASON_ENGINE);
	}
	return row->counts[VERDICT_UNKNOWN] > 0 ? scan_reason_find(SCAN_REASON_PARTIAL) : NULL;
}

/* The failing checks of the worst severity there is, in the benchmark's order. */
static char *worst_of(const struct report *report, const struct report_benchmark *benchmark)
{
	g_autoptr(GPtrArray) entries = report_entries(report, benchmark);
	g_autoptr(GString) ids = g_string_new(NULL);
	enum severity worst = SEVERITY_LOW;
	guint n = 0;

	for (guint i = SEVERITY_COUNT; i-- > 0;) {
		if (benchmark->score.by_severity[i][VERDICT_FAIL] == 0)
			continue;
		worst = (enum severity)i;
		break;
	}
	for (guint i = 0; i < entries->len; i++) {
		const struct benchmark_entry *entry = entries->pdata[i];
		const struct result *result = evaluation_find(report->evaluation, entry);

		if (result->verdict != VERDICT_FAIL || result->check->severity != worst)
			continue;
		if (n++ < WORST_SHOWN)
			g_string_append_printf(ids, "%s%s", n > 1 ? ", " : "", entry->id);
	}
	if (n == 0)
		return NULL;
	if (n > WORST_SHOWN)
		g_string_append_printf(ids, " +%u", n - WORST_SHOWN);
	return g_strdup_printf("%s %s", severity_text(worst), ids->str);
}

void scan_row_set_report(struct scan_row *row, const struct report *report)
{
	const struct report_benchmark *benchmark = &report->benchmarks[0];

	row->is_audited = true;
	memcpy(row->counts, benchmark->score.counts, sizeof row->counts);
	row->has_percent = benchmark->score.has_percent;
	row->percent = benchmark->score.percent;
	row->coverage_percent = benchmark->score.coverage_percent;
	row->worst = worst_of(report, benchmark);
	row->reason = reason_of(row, report);
}

/* --- in the journal --- */

static void set_text(struct json *object, const char *key, const char *text)
{
	if (text != NULL)
		json_set(object, key, json_new_string(text));
}

static struct json *counts_to_json(const struct scan_row *row)
{
	struct json *counts = json_object_new();

	for (guint i = 0; i < VERDICT_COUNT; i++)
		json_set(counts, verdict_text((enum verdict)i), json_new_integer(row->counts[i]));
	return counts;
}

/* In tenths of a percent. */
static struct json *percent_to_json(double percent)
{
	return json_new_integer((int64_t)(percent * TENTHS + 0.5));
}

struct json *scan_row_to_json(const struct scan_row *row)
{
	struct json *object = json_object_new();

	set_text(object, "target", row->name);
	json_set(object, "audited", json_new_boolean(row->is_audited));
	set_text(object, "reason", row->reason != NULL ? row->reason->id : NULL);
	set_text(object, "message", row->message);
	set_text(object, "transport", row->transport);
	set_text(object, "transport_reason", row->transport_reason);
	set_text(object, "engine_way", row->engine_way);
	set_text(object, "key_type", row->key_type);
	set_text(object, "fingerprint", row->fingerprint);
	json_set(object, "wall_us", json_new_integer(row->wall_us));
	if (!row->is_audited)
		return object;
	json_set(object, "counts", counts_to_json(row));
	if (row->has_percent) {
		json_set(object, "percent", percent_to_json(row->percent));
		json_set(object, "coverage_percent", percent_to_json(row->coverage_percent));
	}
	set_text(object, "worst", row->worst);
	json_set(object, "gate_failed", json_new_boolean(row->gate_failed));
	json_set(object, "incomplete", json_new_boolean(row->is_incomplete));
	return object;
}

static char *get_text(const struct json *object, const char *key)
{
	return g_strdup(json_as_string(json_get(object, key), NULL));
}

static bool get_percent(const struct json *object, const char *key, double *ret)
{
	int64_t value = 0;

	if (!json_as_integer(json_get(object, key), &value))
		return false;
	*ret = (double)value / TENTHS;
	return true;
}

static bool get_audit(struct scan_row *row, const struct json *object)
{
	const struct json *counts = json_get(object, "counts");

	for (guint i = 0; i < VERDICT_COUNT; i++) {
		int64_t n = 0;

		if (!json_as_integer(json_get(counts, verdict_text((enum verdict)i)), &n) ||
		    n < 0 || n > G_MAXINT)
			return false;
		row->counts[i] = (guint)n;
	}
	row->has_percent = get_percent(object, "percent", &row->percent) &&
			   get_percent(object, "coverage_percent", &row->coverage_percent);
	row->worst = get_text(object, "worst");
	return json_as_boolean(json_get(object, "gate_failed"), &row->gate_failed) &&
	       json_as_boolean(json_get(object, "incomplete"), &row->is_incomplete);
}

struct scan_row *scan_row_from_json(const struct json *value)
{
	PLIMSOLL_AUTO(scan_row) *row = g_new0(struct scan_row, 1);
	int64_t wall_us = 0;

	row->name = get_text(value, "target");
	row->reason = scan_reason_find(json_as_string(json_get(value, "reason"), NULL));
	row->message = get_text(value, "message");
	row->transport = get_text(value, "transport");
	row->transport_reason = get_text(value, "transport_reason");
	row->engine_way = get_text(value, "engine_way");
	row->key_type = get_text(value, "key_type");
	row->fingerprint = get_text(value, "fingerprint");
	if (row->name == NULL || !json_as_boolean(json_get(value, "audited"), &row->is_audited) ||
	    !json_as_integer(json_get(value, "wall_us"), &wall_us) ||
	    (row->is_audited && !get_audit(row, value)))
		return NULL;
	row->wall_us = wall_us;
	return g_steal_pointer(&row);
}
