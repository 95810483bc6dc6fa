/* SPDX-License-Identifier: Apache-2.0 */
/*
 * -o docker-bench: the console of docker-bench-security, line for line, so that what greps it goes
 * on working. Its tags, its sections, its score; below a check stands our evidence.
 */
#include <string.h>

#include "server/format/docker_bench.h"
#include "server/format/text.h"
#include "server/report/host_view.h"

enum { LINE_CHARS = 8 * TEXT_MAX_CHARS /* a fix on one line is long */ };

static const struct tag {
	const char *word;
	const char *paint;
} tags[] = {
	{"PASS", "\033[1;32m"},
	{"WARN", "\033[1;31m"},
	{"NOTE", "\033[1;33m"},
	{"INFO", "\033[1;34m"},
};
static const char title_paint[] = "\033[1;33m";
static const char no_paint[] = "\033[0m";

/* The halves of section 1, which the benchmark numbers but does not list as sections. */
static const struct {
	const char *id;
	const char *title;
} subsections[] = {
	{"1.1", "Linux Hosts Specific Configuration"},
	{"1.2", "General Configuration"},
};

/* What one run writes to. */
struct console {
	GString *out;
	const struct format_style *style;
};

static void put_painted(const struct console *console, const char *paint, const char *text)
{
	g_string_append_printf(console->out, "%s%s%s", console->style->color ? paint : "", text,
			       console->style->color ? no_paint : "");
}

static void put_tag(const struct console *console, const char *word)
{
	for (guint i = 0; i < G_N_ELEMENTS(tags); i++) {
		g_autofree char *text = g_strdup_printf("[%s]", tags[i].word);

		if (strcmp(tags[i].word, word) == 0)
			put_painted(console, tags[i].paint, text);
	}
}

static void put_foreign(const struct console *console, const char *text)
{
	text_append(console->out, text, LINE_CHARS, console->style->ascii);
}

static void put_line(const struct console *console, const char *word, const char *id,
		     const char *text)
{
	put_tag(console, word);
	g_string_append_c(console->out, ' ');
	put_foreign(console, id);
	g_string_append(console->out, " - ");
	put_foreign(console, text);
	g_string_append_c(console->out, '\n');
}

static void put_detail(const struct console *console, const char *word, const char *text)
{
	put_tag(console, word);
	g_string_append(console->out, "      * ");
	put_foreign(console, text);
	g_string_append_c(console->out, '\n');
}

static void put_title(const struct console *console, const char *title)
{
	put_painted(console, title_paint, title);
	g_string_append(console->out, "\n\n");
}

/* --- section A: the results --- */

static void write_check(const struct console *console, const struct benchmark_entry *entry,
			const struct result *result)
{
	const char *word = docker_bench_word(result->verdict);
	g_autofree char *title = docker_bench_title(entry);
	struct docker_bench_evidence evidence;

	put_line(console, word, entry->id, title);
	docker_bench_evidence_init(&evidence, result);
	for (guint i = 0; i < evidence.lines->len; i++)
		put_detail(console, word, evidence.lines->pdata[i]);
	docker_bench_evidence_done(&evidence);
}

static bool is_below(const char *id, const char *section)
{
	size_t length = strlen(section);

	return strncmp(id, section, length) == 0 && id[length] == '.';
}

/* The heads that stand between two checks; previous is NULL before the first one. */
static void write_heads(const struct console *console, const struct benchmark *benchmark,
			const struct benchmark_entry *previous, const struct benchmark_entry *entry)
{
	if (previous == NULL || strcmp(previous->section, entry->section) != 0) {
		if (previous != NULL)
			g_string_append_c(console->out, '\n');
		put_line(console, "INFO", entry->section,
			 docker_bench_section(benchmark, entry->section));
	}
	if (strcmp(benchmark->name, "cis-docker-" DOCKER_BENCH_VERSION) != 0)
		return;
	for (guint i = 0; i < G_N_ELEMENTS(subsections); i++)
		if (is_below(entry->id, subsections[i].id) &&
		    (previous == NULL || !is_below(previous->id, subsections[i].id)))
			put_line(console, "INFO", subsections[i].id, subsections[i].title);
}

static void write_filter(const struct console *console, const struct report *report)
{
	g_autofree char *filter = report_filter_text(report);
	g_autofree char *text = NULL;

	if (filter == NULL)
		return;
	text = g_strdup_printf("Filtered: only what was asked for was checked (%s)", filter);
	put_detail(console, "INFO", text);
}

static void write_results(const struct console *console, const struct report *report)
{
	put_title(console, "Section A - Check results");
	write_filter(console, report);
	for (guint b = 0; b < report->n_benchmarks; b++) {
		g_autoptr(GPtrArray) entries = report_entries(report, &report->benchmarks[b]);

		if (b > 0)
			g_string_append_c(console->out, '\n');
		for (guint i = 0; i < entries->len; i++) {
			const struct benchmark_entry *entry = entries->pdata[i];

			write_heads(console, report->benchmarks[b].benchmark,
				    i > 0 ? entries->pdata[i - 1] : NULL, entry);
			write_check(console, entry, evaluation_find(report->evaluation, entry));
		}
	}
}

/* --- section B: how to mend what does not pass --- */

static void write_fix(const struct console *console, const struct report *report,
		      const struct benchmark_entry *entry, const struct check *check)
{
	g_autofree char *fix = docker_bench_one_line(host_view_fix(check, report->facts));
	g_autofree char *impact = docker_bench_one_line(check->impact);
	g_autofree char *text = NULL;

	if (fix == NULL)
		return;
	text = impact == NULL ? g_strdup(fix)
			      : g_strdup_printf("%s Remediation Impact: %s", fix, impact);
	put_line(console, "INFO", entry->id, text);
}

static void write_fixes_of(const struct console *console, const struct report *report,
			   const struct report_benchmark *benchmark)
{
	g_autoptr(GPtrArray) entries = report_entries(report, benchmark);
	const char *section = NULL;

	for (guint i = 0; i < entries->len; i++) {
		const struct benchmark_entry *entry = entries->pdata[i];
		const struct result *result = evaluation_find(report->evaluation, entry);

		if (result->verdict == VERDICT_PASS || result->check->fix == NULL)
			continue;
		if (g_strcmp0(section, entry->section) != 0) {
			section = entry->section;
			put_line(console, "INFO", section,
				 docker_bench_section(benchmark->benchmark, section));
		}
		write_fix(console, report, entry, result->check);
	}
}

static void write_fixes(const struct console *console, const struct report *report)
{
	if (!console->style->remediation)
		return;
	g_string_append(console->out, "\n\n");
	put_title(console, "Section B - Remediation measures");
	for (guint i = 0; i < report->n_benchmarks; i++)
		write_fixes_of(console, report, &report->benchmarks[i]);
}

/* --- section C: the score --- */

static void put_number(const struct console *console, const char *name, int64_t number)
{
	put_tag(console, "INFO");
	g_string_append_printf(console->out, " %s: %" G_GINT64_FORMAT "\n", name, number);
}

static void write_score(const struct console *console, const struct report *report)
{
	const struct docker_bench_score score = docker_bench_score(report);

	g_string_append(console->out, "\n\n");
	put_title(console, "Section C - Score");
	put_number(console, "Checks", score.checks);
	put_number(console, "Score", score.score);
	put_number(console, "Maximum on this host", score.maximum);
	g_string_append_c(console->out, '\n');
}

static void write_begin(const struct console *console, const struct report *report)
{
	int64_t at_s = docker_bench_time(report);
	g_autoptr(GDateTime) at = g_date_time_new_from_unix_utc(at_s);
	g_autofree char *text =
		at == NULL ? NULL : g_date_time_format(at, "%Y-%m-%dT%H:%M:%S+00:00");

	g_string_append_printf(console->out, "Initializing %s\n\n\n", text != NULL ? text : "");
}

void format_docker_bench_write(GString *out, const struct report *report,
			       const struct format_style *style)
{
	const struct console console = {out, style};

	write_begin(&console, report);
	write_results(&console, report);
	write_fixes(&console, report);
	write_score(&console, report);
}
