/* SPDX-License-Identifier: Apache-2.0 */
/* See docker_bench.h. */
#include "server/format/docker_bench.h"

#include <string.h>

#include "server/report/host_view.h"

const char *docker_bench_word(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_PASS:
		return "PASS";
	case VERDICT_FAIL:
		return "WARN";
	case VERDICT_MANUAL:
		return "NOTE";
	case VERDICT_UNKNOWN:
	case VERDICT_NOT_APPLICABLE:
	case VERDICT_COUNT:
		break;
	}
	return "INFO";
}

const char *docker_bench_section(const struct benchmark *benchmark, const char *id)
{
	for (guint i = 0; i < benchmark->n_sections; i++)
		if (strcmp(benchmark->sections[i].id, id) == 0)
			return benchmark->sections[i].title;
	return benchmark->title;
}

char *docker_bench_title(const struct benchmark_entry *entry)
{
	if (entry->status == NULL)
		return g_strdup(entry->title);
	return g_strdup_printf("%s (%s)", entry->title, entry->status);
}

/* --- evidence --- */

static const char *reason_of(const struct item *item)
{
	return item->reason_text != NULL ? item->reason_text : item->reason;
}

/* The reason of the whole check says for all items what it says once. */
static bool is_listed(const struct result *result, const struct item *item)
{
	if (result->verdict == VERDICT_PASS || item->verdict == VERDICT_PASS ||
	    item->verdict == VERDICT_NOT_APPLICABLE)
		return false;
	return result->reason == NULL || item->observed != NULL || item->note != NULL ||
	       g_strcmp0(reason_of(item), result->reason_text) != 0;
}

static char *item_name(const struct item *item)
{
	const char *detail = host_view_detail(item);

	if (item->label == NULL || detail == NULL)
		return g_strdup(item->label != NULL ? item->label : detail);
	return g_strdup_printf("%s:%s", item->label, detail);
}

static char *item_line(const struct result *result, const struct item *item, const char *name)
{
	GString *line = g_string_new(name);
	const char *said = item->verdict == VERDICT_UNKNOWN ? reason_of(item) : NULL;

	if (item->observed != NULL)
		g_string_append_printf(line, ": %s", item->observed);
	if (item->verdict == VERDICT_FAIL && item->expected != NULL)
		g_string_append_printf(line, " (want %s)", item->expected);
	if (said != NULL && g_strcmp0(said, result->reason_text) != 0)
		g_string_append_printf(line, ": not checked, %s", said);
	if (item->note != NULL)
		g_string_append_printf(line, " [%s]", item->note);
	return g_string_free(line, FALSE);
}

void docker_bench_evidence_init(struct docker_bench_evidence *evidence, const struct result *result)
{
	const char *whole = result->reason_text != NULL ? result->reason_text : result->reason;

	evidence->names = g_ptr_array_new_with_free_func(g_free);
	evidence->lines = g_ptr_array_new_with_free_func(g_free);
	if (whole != NULL && result->verdict != VERDICT_PASS)
		g_ptr_array_add(evidence->lines, g_strdup(whole));
	for (guint i = 0; i < result->n_items; i++) {
		const struct item *item = &result->items[i];
		char *name = NULL;

		if (!is_listed(result, item))
			continue;
		name = item_name(item);
		g_ptr_array_add(evidence->lines, item_line(result, item, name));
		g_ptr_array_add(evidence->names, name);
	}
}

void docker_bench_evidence_done(struct docker_bench_evidence *evidence)
{
	g_clear_pointer(&evidence->names, g_ptr_array_unref);
	g_clear_pointer(&evidence->lines, g_ptr_array_unref);
}

/* --- sums --- */

struct docker_bench_score docker_bench_score(const struct report *report)
{
	struct docker_bench_score sum = {0};

	for (guint i = 0; i < report->n_benchmarks; i++) {
		const struct score *score = &report->benchmarks[i].score;

		sum.checks += score->docker_bench_checks;
		sum.score += score->docker_bench_score;
		sum.maximum += score->docker_bench_max;
	}
	return sum;
}

int64_t docker_bench_time(const struct report *report)
{
	const Plimsoll__Envelope *envelope = report->envelope;

	return envelope != NULL && envelope->taken_at > 0 ? envelope->taken_at
							  : report->generated_at_s;
}

char *docker_bench_one_line(const char *text)
{
	g_auto(GStrv) lines = text != NULL ? g_strsplit(text, "\n", -1) : NULL;
	GString *line = NULL;

	if (lines == NULL)
		return NULL;
	line = g_string_new(NULL);
	for (guint i = 0; lines[i] != NULL; i++)
		if (*g_strstrip(lines[i]) != '\0')
			g_string_append_printf(line, "%s%s", line->len > 0 ? " " : "", lines[i]);
	return g_string_free(line, FALSE);
}
