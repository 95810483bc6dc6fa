/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A finished audit and every way to write it. One static table names the formats; a new one is a
 * file and a row.
 */
#ifndef PLIMSOLL_SERVER_FORMAT_FORMAT_H
#define PLIMSOLL_SERVER_FORMAT_FORMAT_H

#include "checks/score.h"

/* An option by which an audit left something out: "only", "skip", "severity", ... */
struct report_filter {
	const char *option;
	const char *const *words; /* as given; NULL-terminated */
};

struct changes;

/* One snapshot judged by one or more benchmarks. Everything is borrowed. */
struct report {
	const Plimsoll__Envelope *envelope; /* NULL = not known */
	const Plimsoll__Facts *facts;
	const Plimsoll__Observed *observed; /* NULL = not known */
	const struct evaluation *evaluation;
	const struct report_benchmark {
		const struct benchmark *benchmark;
		struct score score;
	} * benchmarks;
	guint n_benchmarks;
	const struct report_filter *filters; /* what was left out on purpose; none = nothing was */
	guint n_filters;
	const char *const *notices; /* notices.h */
	guint n_notices;
	int64_t generated_at_s;
	const struct changes *changes; /* since a baseline, changes.h; NULL = there is none */
	const char *gate; /* what the gate says, a sentence of ours; NULL = no gate was set */
};

/* How it shall look. Formats for machines read show_all only. */
struct format_style {
	bool color;
	bool ascii;     /* the reader's terminal has no UTF-8 */
	guint columns;  /* of the terminal; 0 = lines are never cut */
	bool show_all;  /* -a: every item, passing ones too */
	bool verbose;   /* -v: checks that pass, are manual or do not apply */
	bool only_rows; /* -q: one line a check */
	/* docker-bench's formats. */
	bool remediation; /* how to mend what does not pass */
	guint item_limit; /* of log.json: items of a check; 0 = all */
};

struct format {
	const char *name;
	bool one_benchmark; /* cannot show several */
	void (*write)(GString *out, const struct report *report, const struct format_style *style);
};

/* NULL = no such format. */
const struct format *format_find(const char *name);
/* "table, lines, json, ...". Static storage. */
const char *format_names(void);

/* The checks of a report's benchmark that were judged, in its order; free with g_ptr_array_unref().
 * Elements: const struct benchmark_entry *. */
GPtrArray *report_entries(const struct report *report, const struct report_benchmark *benchmark);

/* The filters as they were given, "--only 5.*,2.1 --severity high"; free with g_free(). NULL = the
 * audit is about everything. */
char *report_filter_text(const struct report *report);

/* Why a check was not decided, for people: the check's own reason, else that of its first item that
 * is unknown. NULL = decided, or nothing is known. */
const char *report_reason(const struct result *result);

struct json_writer;
/* The document of -o json as a part of another one; key NULL: as that one. */
void format_json_write_member(struct json_writer *writer, const char *key,
			      const struct report *report, bool show_all);

/* Rows of the table. */
void format_table_write(GString *out, const struct report *report,
			const struct format_style *style);
void format_lines_write(GString *out, const struct report *report,
			const struct format_style *style);
void format_json_write(GString *out, const struct report *report, const struct format_style *style);
void format_ndjson_write(GString *out, const struct report *report,
			 const struct format_style *style);
void format_docker_bench_write(GString *out, const struct report *report,
			       const struct format_style *style);
void format_docker_bench_json_write(GString *out, const struct report *report,
				    const struct format_style *style);
void format_html_write(GString *out, const struct report *report, const struct format_style *style);

#endif
