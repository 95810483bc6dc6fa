/* SPDX-License-Identifier: Apache-2.0 */
/* The table of formats. */
#include "server/format/format.h"

#include <string.h>

static const struct format formats[] = {
	{.name = "table", .write = format_table_write},
	{.name = "lines", .write = format_lines_write},
	{.name = "json", .write = format_json_write},
	{.name = "ndjson", .write = format_ndjson_write},
	{.name = "docker-bench", .one_benchmark = true, .write = format_docker_bench_write},
	{.name = "docker-bench-json",
	 .one_benchmark = true,
	 .write = format_docker_bench_json_write},
	{.name = "html", .one_benchmark = true, .write = format_html_write},
};

const struct format *format_find(const char *name)
{
	for (guint i = 0; i < G_N_ELEMENTS(formats); i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	return NULL;
}

static char *join_names(void)
{
	GString *names = g_string_new(NULL);

	for (guint i = 0; i < G_N_ELEMENTS(formats); i++)
		g_string_append_printf(names, "%s%s", i > 0 ? ", " : "", formats[i].name);
	return g_string_free(names, FALSE);
}

const char *format_names(void)
{
	static char *names;

	if (g_once_init_enter(&names))
		g_once_init_leave(&names, join_names());
	return names;
}

GPtrArray *report_entries(const struct report *report, const struct report_benchmark *benchmark)
{
	const struct benchmark_entry *entries = benchmark->benchmark->entries;
	GPtrArray *judged = g_ptr_array_new();

	for (guint i = 0; i < benchmark->benchmark->n_entries; i++)
		if (evaluation_find(report->evaluation, &entries[i]) != NULL)
			g_ptr_array_add(judged, (gpointer)(guintptr)&entries[i]);
	return judged;
}

char *report_filter_text(const struct report *report)
{
	GString *text = NULL;

	if (report->n_filters == 0)
		return NULL;
	text = g_string_new(NULL);
	for (guint i = 0; i < report->n_filters; i++) {
		const struct report_filter *filter = &report->filters[i];
		g_autofree char *words = g_strjoinv(",", (char **)(guintptr)filter->words);

		g_string_append_printf(text, "%s--%s %s", i > 0 ? " " : "", filter->option, words);
	}
	return g_string_free(text, FALSE);
}

static const char *in_words(const char *reason, const char *reason_text)
{
	return reason_text != NULL ? reason_text : reason;
}

const char *report_reason(const struct result *result)
{
	if (result->reason != NULL || result->reason_text != NULL)
		return in_words(result->reason, result->reason_text);
	for (guint i = 0; result->verdict == VERDICT_UNKNOWN && i < result->n_items; i++)
		if (result->items[i].verdict == VERDICT_UNKNOWN)
			return in_words(result->items[i].reason, result->items[i].reason_text);
	return NULL;
}
