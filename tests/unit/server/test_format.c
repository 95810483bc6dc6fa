/* SPDX-License-Identifier: Apache-2.0 */
/* Every format on one report that holds every state: whole outputs, and what poison may not do. */
#include <glib.h>
#include <string.h>

#include "proto/json.h"
#include "server/format/text.h"
#include "tests/unit/server/golden.h"
#include "tests/unit/server/report_json.h"
#include "tests/unit/server/sample_report.h"

static GString *written(const char *format, bool poison, const struct format_style *style)
{
	PLIMSOLL_AUTO(sample) *sample = sample_new(poison);
	GString *out = g_string_new(NULL);

	format_find(format)->write(out, sample_report(sample), style);
	return out;
}

static const struct {
	const char *golden;
	const char *format;
	struct format_style style;
} goldens[] = {
	{"table.txt", "table", {0}},
	{"table-verbose.txt", "table", {.verbose = true}},
	{"table-all.txt", "table", {.verbose = true, .show_all = true}},
	{"table-quiet.txt", "table", {.only_rows = true}},
	{"table-ascii-80.txt", "table", {.ascii = true, .columns = 80}},
	{"table-color-60.txt", "table", {.color = true, .columns = 60}},
	{"lines.txt", "lines", {0}},
	{"report.json", "json", {0}},
	{"report-all.json", "json", {.show_all = true}},
	{"docker-bench.log", "docker-bench", {0}},
	{"docker-bench-color.log", "docker-bench", {.color = true, .remediation = true}},
	{"docker-bench.log.json", "docker-bench-json", {0}},
	{"docker-bench-limit.log.json",
	 "docker-bench-json",
	 {.remediation = true, .item_limit = 2}},
};

static void test_goldens(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(goldens); i++) {
		g_autoptr(GString) out = written(goldens[i].format, false, &goldens[i].style);

		golden_assert(goldens[i].golden, out->str);
	}
}

static guint count_lines(const char *text)
{
	guint n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n' ? 1 : 0;
	return n;
}

/* No escape, no direction, no line of the host's making; every format, every style. */
static void test_poison(void)
{
	static const struct format_style styles[] = {{.show_all = true, .verbose = true},
						     {.ascii = true},
						     {.columns = 80},
						     {.only_rows = true}};
	static const char *const formats[] = {"table", "lines", "json", "docker-bench",
					      "docker-bench-json"};

	for (guint f = 0; f < G_N_ELEMENTS(formats); f++) {
		for (guint s = 0; s < G_N_ELEMENTS(styles); s++) {
			g_autoptr(GString) benign = written(formats[f], false, &styles[s]);
			g_autoptr(GString) out = written(formats[f], true, &styles[s]);

			g_assert_true(g_utf8_validate(out->str, (gssize)out->len, NULL));
			g_assert_cmpuint(count_lines(out->str), ==, count_lines(benign->str));
			g_assert_null(strstr(out->str, "\nfail\tcritical\t9.9"));
			for (const char *at = out->str; *at != '\0'; at = text_next(at)) {
				gunichar c = g_utf8_get_char(at);

				g_assert_true(c == '\n' || c == '\t' || !g_unichar_iscntrl(c));
				g_assert_cmpint(g_unichar_type(c), !=, G_UNICODE_FORMAT);
			}
		}
	}
}

/* A field is a field: the same number of tabs on every line, poison or not. */
static void test_lines_have_eight_fields(void)
{
	const struct format_style style = {0};
	g_autoptr(GString) out = written("lines", true, &style);
	g_auto(GStrv) lines = g_strsplit(out->str, "\n", -1);

	g_assert_cmpuint(g_strv_length(lines), ==, 9);
	for (guint i = 0; i < 8; i++) {
		g_auto(GStrv) fields = g_strsplit(lines[i], "\t", -1);

		g_assert_cmpuint(g_strv_length(fields), ==, 8);
	}
}

/* A part that was asked for never looks like the whole, whoever reads it. */
static void test_filtered_is_said(void)
{
	static const char *const words[] = {"5.*", "container-<b>\033[31m", NULL};
	static const struct report_filter filters[] = {{"only", words}};
	static const struct {
		const char *format;
		const char *says;
	} cases[] = {
		{"table", "! Filtered: --only 5.*,container-<b>"},
		{"table", "Score of this selection: "},
		{"table", " = 7 of 7 checks"},
		{"lines", "\tfiltered: --only 5.*,container-<b>"},
		{"json", "\"filtered\": true,\n      \"filter\": {\n        \"only\": [\n"},
		{"docker-bench", "Filtered: only what was asked for was checked (--only 5.*,"},
		{"docker-bench-json", "\"filtered\": true,\n  \"filter\": \"--only 5.*,"},
		{"html", "<strong>Filtered</strong>: <code><bdi>--only 5.*,container-&lt;b&gt;"},
		{"html", "</strong> score of this selection: "},
	};
	PLIMSOLL_AUTO(sample) *sample = sample_new(false);
	struct report report = *sample_report(sample);
	const struct format_style style = {0};

	report.filters = filters;
	report.n_filters = G_N_ELEMENTS(filters);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GString) out = g_string_new(NULL);

		g_test_message("%s: %s", cases[i].format, cases[i].says);
		format_find(cases[i].format)->write(out, &report, &style);
		if (strstr(out->str, cases[i].says) == NULL)
			g_error("%s lacks '%s': %s", cases[i].format, cases[i].says, out->str);
		g_assert_null(strchr(out->str, '\033'));
	}
}

/* --- JSON --- */

/* Whoever reads only `checks` comes to the same score. */
static void test_json_score(void)
{
	const struct format_style style = {0};
	g_autoptr(GString) out = written("json", true, &style);

	report_json_assert_scores(out->str);
}

/* Listed: what fails, is unknown or manual; passing items only when asked for. */
static void test_json_items(void)
{
	static const struct {
		bool show_all;
		size_t want;
	} cases[] = {{false, 8}, {true, 9}};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		const struct format_style style = {.show_all = cases[i].show_all};
		g_autoptr(GString) out = written("json", false, &style);
		PLIMSOLL_AUTO(json) *root = json_parse(out->str, out->len, NULL, NULL);
		const struct json *benchmark = json_at(json_get(root, "benchmarks"), 0);
		const struct json *check = json_at(json_get(benchmark, "checks"), 4);

		g_assert_cmpstr(json_as_string(json_get(check, "check"), NULL), ==,
				"container-privileged");
		g_assert_cmpint(report_json_integer(check, "items_total"), ==, 9);
		g_assert_cmpuint(json_length(json_get(check, "items")), ==, cases[i].want);
	}
}

static void test_names(void)
{
	g_assert_cmpstr(format_names(), ==,
			"table, lines, json, ndjson, docker-bench, docker-bench-json, html");
	g_assert_null(format_find("tabel"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/format/every style of every format is as agreed", test_goldens);
	g_test_add_func("/format/poison neither steers a terminal nor adds a line", test_poison);
	g_test_add_func("/format/lines have eight fields whatever the host says",
			test_lines_have_eight_fields);
	g_test_add_func("/format/what was left out on purpose is said everywhere",
			test_filtered_is_said);
	g_test_add_func("/format/the JSON score follows from the JSON checks", test_json_score);
	g_test_add_func("/format/JSON lists passing items only on request", test_json_items);
	g_test_add_func("/format/formats are found by name", test_names);
	return g_test_run();
}
