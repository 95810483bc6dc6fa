/* SPDX-License-Identifier: Apache-2.0 */
/*
 * -o docker-bench-json: docker-bench-security's log.json, for what reads that file already. Its
 * keys in its order; strings are escaped, an item is one string whatever blanks it holds.
 * `maximum`, `filtered` and `filter` are ours.
 */
#include <string.h>

#include "proto/json.h"
#include "server/format/docker_bench.h"
#include "server/report/host_view.h"

static const char truncated[] = "(truncated)";

/* The first `limit` texts, and a word about the others; 0 = all. */
static GPtrArray *limited(const GPtrArray *texts, guint limit)
{
	GPtrArray *some = g_ptr_array_new();

	for (guint i = 0; i < texts->len && (limit == 0 || i < limit); i++)
		g_ptr_array_add(some, texts->pdata[i]);
	if (some->len < texts->len)
		g_ptr_array_add(some, (gpointer)(guintptr)truncated);
	return some;
}

static struct json *new_details(const GPtrArray *lines, guint limit)
{
	g_autoptr(GPtrArray) some = limited(lines, limit);
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < some->len; i++)
		g_string_append_printf(text, "%s%s", i > 0 ? "; " : "",
				       (const char *)some->pdata[i]);
	return json_new_string(text->str);
}

static struct json *new_items(const GPtrArray *names, guint limit)
{
	g_autoptr(GPtrArray) some = limited(names, limit);
	struct json *items = json_array_new();

	for (guint i = 0; i < some->len; i++)
		json_append(items, json_new_string(some->pdata[i]));
	return items;
}

static void set_evidence(struct json *value, const struct result *result,
			 const struct format_style *style)
{
	struct docker_bench_evidence evidence;

	docker_bench_evidence_init(&evidence, result);
	if (evidence.lines->len > 0)
		json_set(value, "details", new_details(evidence.lines, style->item_limit));
	if (evidence.names->len > 0)
		json_set(value, "items", new_items(evidence.names, style->item_limit));
	docker_bench_evidence_done(&evidence);
}

static void set_remediation(struct json *value, const struct report *report,
			    const struct result *result, const struct format_style *style)
{
	const struct check *check = result->check;

	const char *fix = host_view_fix(check, report->facts);

	if (!style->remediation || result->verdict == VERDICT_PASS || fix == NULL)
		return;
	json_set(value, "remediation", json_new_string(fix));
	if (check->impact != NULL)
		json_set(value, "remediation-impact", json_new_string(check->impact));
}

static struct json *new_result(const struct report *report, const struct benchmark_entry *entry,
			       const struct result *result, const struct format_style *style)
{
	struct json *value = json_object_new();
	g_autofree char *title = docker_bench_title(entry);

	json_set(value, "id", json_new_string(entry->id));
	json_set(value, "desc", json_new_string(title));
	json_set(value, "result", json_new_string(docker_bench_word(result->verdict)));
	set_evidence(value, result, style);
	set_remediation(value, report, result, style);
	return value;
}

static void begin_section(struct json_writer *writer, const struct benchmark *benchmark,
			  const char *id)
{
	json_write_begin(writer, NULL, JSON_KIND_OBJECT);
	json_write_value(writer, "id", json_new_string(id));
	json_write_value(writer, "desc", json_new_string(docker_bench_section(benchmark, id)));
	json_write_begin(writer, "results", JSON_KIND_ARRAY);
}

static void end_section(struct json_writer *writer)
{
	json_write_end(writer);
	json_write_end(writer);
}

static void write_benchmark(struct json_writer *writer, const struct report *report,
			    const struct report_benchmark *benchmark,
			    const struct format_style *style)
{
	g_autoptr(GPtrArray) entries = report_entries(report, benchmark);
	const char *section = NULL;

	for (guint i = 0; i < entries->len; i++) {
		const struct benchmark_entry *entry = entries->pdata[i];

		if (g_strcmp0(section, entry->section) != 0) {
			if (section != NULL)
				end_section(writer);
			section = entry->section;
			begin_section(writer, benchmark->benchmark, section);
		}
		json_write_value(writer, NULL,
				 new_result(report, entry,
					    evaluation_find(report->evaluation, entry), style));
	}
	if (section != NULL)
		end_section(writer);
}

void format_docker_bench_json_write(GString *out, const struct report *report,
				    const struct format_style *style)
{
	PLIMSOLL_AUTO(json_writer) *writer = json_writer_new(out, true);
	const struct docker_bench_score score = docker_bench_score(report);
	int64_t at_s = docker_bench_time(report);
	g_autofree char *filter = report_filter_text(report);

	json_write_begin(writer, NULL, JSON_KIND_OBJECT);
	json_write_value(writer, "dockerbenchsecurity", json_new_string(DOCKER_BENCH_VERSION));
	json_write_value(writer, "start", json_new_integer(at_s));
	json_write_begin(writer, "tests", JSON_KIND_ARRAY);
	for (guint i = 0; i < report->n_benchmarks; i++)
		write_benchmark(writer, report, &report->benchmarks[i], style);
	json_write_end(writer);
	json_write_value(writer, "checks", json_new_integer(score.checks));
	json_write_value(writer, "score", json_new_integer(score.score));
	json_write_value(writer, "end", json_new_integer(at_s));
	json_write_value(writer, "maximum", json_new_integer(score.maximum));
	json_write_value(writer, "filtered", json_new_boolean(report->n_filters > 0));
	json_write_value(writer, "filter", json_new_string(filter));
	json_write_end(writer);
	g_string_append_c(out, '\n');
}
