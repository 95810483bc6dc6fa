/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program itself: every exit code of `plimsoll audit` on saved facts, which code wins where two
 * apply, and that stdout holds results and nothing else.
 */
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "proto/json.h"
#include "server/cli/cli.h"
#include "tests/unit/server/program_run.h"
#include "tests/unit/server/report_json.h"

static char *folder; /* of this test's files */

static char *in_folder(const char *name)
{
	return g_build_filename(folder, name, NULL);
}

/* --- facts: one host whose container is, is not, or may be privileged --- */

static char *read_base(const char *name)
{
	g_autofree char *path = g_build_filename("tests", "checks", "bases", name, NULL);
	char *text = NULL;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	return text;
}

static void write_facts(const char *name, const char *facts)
{
	g_autofree char *path = in_folder(name);
	g_autofree char *text = g_strdup_printf(
		"{\"plimsoll_facts\": 1, \"envelope\": {\"schema\": 1, \"taken_at\": 1795281314, "
		"\"hostname\": \"host1\"}, \"observed\": {}, \"facts\": %s}",
		facts);

	g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static char *replaced(const char *text, const char *from, const char *to)
{
	g_auto(GStrv) parts = g_strsplit(text, from, 2);

	g_assert_cmpuint(g_strv_length(parts), ==, 2);
	return g_strjoinv(to, parts);
}

static void write_variant(const char *name, const char *base, const char *privileged)
{
	g_autofree char *facts = replaced(base, "\"privileged\": false,", privileged);

	write_facts(name, facts);
}

/* The container's name as an attack on whatever prints it. */
static void write_poison(const char *base)
{
	g_autofree char *facts =
		replaced(base, "\"name\": \"web\", \"created\"",
			 "\"name\": \"<script>alert(1)</script>\\u001b[31m\\u202e\\nevil\", "
			 "\"created\"");

	write_variant("poison", facts, "\"privileged\": true,");
}

static void write_text(const char *name, const char *text)
{
	g_autofree char *path = in_folder(name);

	g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void write_configurations(void)
{
	write_text("site.conf", "[parameters]\nswarm_intended = no\nnode_cert_max_hours = 720\n");
	write_text("bad.conf", "# a site\n[parameters]\nnode_cert_max_hours = x\n");
	write_text("group.conf", "[parameters env=prod]\nswarm_intended = no\n");
}

static void write_all_facts(void)
{
	g_autofree char *base = read_base("default.json");
	g_autofree char *down = read_base("down.json");
	g_autofree char *none = read_base("none.json");

	write_configurations();
	write_facts("pass", base);
	write_poison(base);
	write_variant("fail", base, "\"privileged\": true,");
	write_variant("unknown", base, "");
	write_facts("down", down);
	write_facts("none", none);
	write_text("garbage", "{\"plimsoll_facts\": 1");
}

/* --- running --- */

/* "@name" is a file of the folder. */
static char **argv_of(const char *line)
{
	g_auto(GStrv) words = g_strsplit(line, " ", -1);
	g_autoptr(GStrvBuilder) argv = g_strv_builder_new();

	g_strv_builder_add(argv, PLIMSOLL_PROGRAM);
	for (guint i = 0; words[i] != NULL; i++) {
		g_auto(GStrv) parts = g_strsplit(words[i], "@", 2);
		g_autofree char *path = parts[0] != NULL && parts[1] != NULL
						? g_strconcat(parts[0], folder, "/", parts[1], NULL)
						: g_strdup(words[i]);

		if (*path != '\0')
			g_strv_builder_add(argv, path);
	}
	return g_strv_builder_end(argv);
}

static struct run run_program(const char *line)
{
	g_auto(GStrv) argv = argv_of(line);

	return run_argv(NULL, argv);
}

static const char one[] = "--only container-privileged";

static const struct {
	int want;
	const char *options; /* behind "audit", and behind `one` when that fits */
	const char *err;     /* what stderr must say; NULL = nothing at all */
} cases[] = {
	/* done */
	{0, "--facts @pass", NULL},
	{0, "--facts @fail", NULL},
	{0, "--facts @unknown", NULL},
	{0, "--facts @pass --fail-on low", NULL},
	{0, "--facts @pass --fail-on low --require-complete", NULL},
	{0, "--facts @fail --fail-on critical --max-fail 1", NULL},
	{0, "--facts @unknown --fail-on low --allow-unknown", NULL},
	{0, "--facts @pass -o json=@a.json -o lines=@a.lines -o html=@a.html", NULL},
	{0, "--facts @pass --save-facts @saved.json", NULL},
	{0, "--help", NULL},
	{0, "--facts @fail --exclude web -o lines", "1 of 1 containers"},
	{0, "--facts @fail --exclude web --fail-on low -o lines", "1 of 1 containers"},
	{0, "--facts @pass --include we*,base* --label tier -o json", "Left out, since"},
	/* gate failed */
	{1, "--facts @fail --include w?b --fail-on low -o lines", "0 of 1 containers"},
	{1, "--facts @fail --fail-on low", NULL},
	{1, "--facts @fail --fail-on critical", NULL},
	{1, "--facts @fail --max-fail 0", NULL},
	{1, "--facts @fail --fail-on low -o json=@b.json", NULL},
	/* against an earlier report */
	{0, "--facts @fail --baseline @passed", NULL},
	{0, "--facts @fail --baseline @failed --fail-on new", NULL},
	{0, "--facts @fail --baseline @unkeyed --fail-on new", NULL},
	{0, "--facts @fail --baseline @passed --fail-on new --max-fail 1", NULL},
	{0, "--facts @pass --baseline @failed --fail-on new", NULL},
	{0, "--facts @unknown --baseline @failed --fail-on new --allow-unknown", NULL},
	{1, "--facts @fail --baseline @passed --fail-on new", NULL},
	{1, "--facts @fail --baseline @passed --fail-on new:critical", NULL},
	{1, "--facts @fail --baseline @failed --fail-on critical", NULL},
	{3, "--facts @unknown --baseline @failed --fail-on new", NULL},
	{3, "--facts @down --baseline @failed --fail-on new", NULL},
	{4, "--facts @fail --baseline @nothing", "No such file"},
	{4, "--facts @fail --baseline @garbage", "is no baseline: line 1 column"},
	{4, "--facts @fail --baseline @fail", "no report of 'plimsoll audit -o json'"},
	{4, "--facts @fail --baseline @passed --fail-on new -o json=/dev/full", "No space left"},
	{2, "--facts @fail --baseline @nothing --only sectoin:5", "did you mean"},
	/* usage */
	{2, "--facts @pass --fial-on low", "did you mean --fail-on?"},
	{2, "--facts @pass -z", "unknown option -z"},
	{2, "--facts", "argument"},
	{2, "--facts @pass now", "unexpected word 'now'"},
	{2, "--facts @pass --skip container-priviledged", "did you mean 'container-privileged'?"},
	{2, "--facts @pass --skip 9.9", "unknown check '9.9'"},
	{2, "--facts @pass --skip container-privileged", "no check is left"},
	{2, "--facts @pass --skip sectoin:5", "did you mean 'section:5'?"},
	{2, "--facts @pass --skip group:IG4", "there are IG1, IG2, IG3"},
	{2, "--facts @nothing --skip severity:worst", "there are low, medium, high, critical"},
	{2, "--facts @pass --severity severe", "low, medium, high or critical"},
	{2, "--facts @pass --fail-on severe", "low, medium, high or critical"},
	{2, "--facts @pass --fail-on new", "wants a --baseline"},
	{2, "--facts @pass --fail-on newer --baseline @passed", "low, medium, high or critical"},
	{2, "--facts @pass --fail-on new: --baseline @passed", "low, medium, high or critical"},
	{2, "--facts - --baseline -", "cannot both be standard input"},
	{2, "--facts @pass --waivers @pass", "not in this release"},
	{2, "--facts @pass --max-fail -1", "wants a number"},
	{2, "--facts @pass --max-fail 1x", "wants a number"},
	{2, "--facts @pass --color sometimes", "auto, always or never"},
	{2, "--facts @pass -o tabel", "unknown format 'tabel'"},
	{2, "--facts @pass -o json=", "wants a file"},
	{2, "--facts @pass -o json -o lines", "only one format"},
	{2, "--facts @pass --benchmark cis-9", "unknown benchmark 'cis-9'"},
	{2, "--facts @pass --benchmark ,", "wants a name"},
	{2, "--facts @pass --skip ,", "wants a list"},
	{2, "--facts @pass --parameter swarm_intended", "wants NAME=VALUE"},
	{2, "--facts @pass --parameter swarm_intended=maybe",
	 "--parameter swarm_intended: wants yes or no, not 'maybe'"},
	{2, "--facts @pass --parameter swarm=no", "there are trusted_users, swarm_intended"},
	{2, "--facts @pass --config @nothing", "No such file"},
	{2, "--facts @pass --config @bad.conf",
	 "bad.conf' line 3: [parameters] node_cert_max_hours: 'x' is no number of hours"},
	{2, "--facts @pass --config @group.conf", "only a server knows the labels of hosts"},
	{2, "--facts @pass --include ,", "wants a list of names"},
	{2, "--facts @pass --label tier=web", "values of labels are not collected"},
	{2, "--facts @pass --docker-host unix:///x", "--facts judges what was saved"},
	{2, "--facts @pass --allow-unknown --require-complete", "contradict"},
	/* incomplete */
	{3, "--facts @down", NULL},
	{3, "--facts @none", NULL},
	{3, "--facts @down --allow-unknown", NULL},
	{3, "--facts @unknown --require-complete", NULL},
	{3, "--facts @unknown --fail-on low", NULL},
	{3, "--facts @unknown --fail-on critical", NULL},
	{3, "--facts @unknown --max-fail 5", NULL},
	{2, "--docker-host ssh://example.org", "ssh"},
	/* files */
	{4, "--facts @nothing", "No such file"},
	{4, "--facts @garbage", "holds no saved facts"},
	{4, "--facts @", "Is a directory"},
	{4, "--facts @pass -o json=@none/x", "Not a directory"},
	{4, "--facts @pass -o json=/dev/full", "No space left"},
	{4, "--facts @pass --save-facts @link", "links are not followed"},
	/* who wins: 2 before 4 before 1 before 3 */
	{2, "--facts @nothing --fail-on severe", "low, medium, high or critical"},
	{4, "--facts @fail --fail-on low -o json=/dev/full", "No space left"},
	{4, "--facts @down -o json=/dev/full", "No space left"},
	{1, "--facts @fail --fail-on low --require-complete --skip daemon-*", NULL},
};

static void test_exit_codes(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *line = g_strdup_printf("audit %s %s", one, cases[i].options);
		struct run run = run_program(line);

		g_test_message("%s", line);
		if (run.code != cases[i].want)
			g_error("%s: exit %d, want %d\n%s", line, run.code, cases[i].want, run.err);
		if (cases[i].err == NULL)
			g_assert_cmpstr(run.err, ==, "");
		else if (strstr(run.err, cases[i].err) == NULL)
			g_error("%s: stderr lacks '%s': %s", line, cases[i].err, run.err);
		if (run.code == CLI_USAGE)
			g_assert_cmpstr(run.out, ==, "");
		run_done(&run);
	}
}

/* A failing check beats an unknown one at the same gate. */
static void test_gate_beats_gap(void)
{
	struct run run = run_program("audit --facts @unknown --fail-on low --only "
				     "container-privileged,daemon-icc-disabled");

	g_assert_cmpint(run.code, ==, CLI_GATE_FAILED);
	run_done(&run);
}

static const struct {
	const char *only;
	guint least, most;
} selections[] = {
	{"5.5", 1, 1},
	{"check_5_5", 1, 1},
	{"container-privileged", 1, 1},
	{"container-*", 10, 60},
	{"2", 15, 20},
	{"2.*", 15, 20},
	{"daemon", 15, 20},
	{"2.1", 1, 1},
	{"2.1,2.2", 2, 2},
	{"2.1*", 10, 12},
	{"section:5", 25, 40},
	{"section:daemon", 15, 20},
	{"severity:critical,5.5", 2, 30},
};

/* An earlier report in the words of this release, and in those of the first one. */
static void write_baselines(void)
{
	g_autofree char *failed = in_folder("failed");
	g_autofree char *unkeyed = in_folder("unkeyed");
	g_autofree char *text = NULL;
	g_autoptr(GRegex) keys = g_regex_new("\n *\"(key|discriminator)\": [^\n]*", 0, 0, NULL);
	g_autofree char *without = NULL;
	struct run runs[] = {
		run_program("audit --only container-privileged --facts @pass -o json=@passed"),
		run_program("audit --only container-privileged --facts @fail -o json=@failed"),
	};

	for (guint i = 0; i < G_N_ELEMENTS(runs); i++)
		run_done(&runs[i]);
	g_assert_true(g_file_get_contents(failed, &text, NULL, NULL));
	without = g_regex_replace_literal(keys, text, -1, 0, "", 0, NULL);
	g_assert_cmpuint(strlen(without), <, strlen(text));
	g_assert_true(g_file_set_contents(unkeyed, without, -1, NULL));
}

static void test_selection(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(selections); i++) {
		g_autofree char *line = g_strdup_printf("audit --facts @pass -o json --only %s",
							selections[i].only);
		struct run run = run_program(line);
		PLIMSOLL_AUTO(json) *root = json_parse(run.out, strlen(run.out), NULL, NULL);
		const struct json *benchmark = json_at(json_get(root, "benchmarks"), 0);
		bool filtered = false;
		size_t n = json_length(json_get(benchmark, "checks"));

		g_test_message("%s", line);
		g_assert_true(json_as_boolean(json_get(benchmark, "filtered"), &filtered));
		g_assert_true(filtered);
		g_assert_cmpuint(n, >=, selections[i].least);
		g_assert_cmpuint(n, <=, selections[i].most);
		run_done(&run);
	}
}

/* --- parameters: a manager whose certificates live 2160 hours --- */

#define ROTATION "swarm-node-cert-rotation"
#define SWARM    "swarm-disabled-if-unused"

static const struct {
	const char *options, *check;
	const char *verdict, *expected;
	bool counts;
} decisions[] = {
	{"", ROTATION, "manual", "a lifetime the site has chosen", false},
	{"--parameter node_cert_max_hours=720", ROTATION, "fail", "at most 720 h", true},
	{"--parameter node_cert_max_hours=2160", ROTATION, "pass", "at most 2160 h", true},
	{"--config @site.conf", ROTATION, "fail", "at most 720 h", true},
	{"--config @site.conf --parameter node_cert_max_hours=2160", ROTATION, "pass",
	 "at most 2160 h", true},
	{"", SWARM, "manual", "inactive", true},
	{"--parameter swarm_intended=yes", SWARM, "pass", "intended", true},
	{"--config @site.conf", SWARM, "fail", "inactive", true},
	{"--config @site.conf --parameter swarm_intended=yes --parameter swarm_intended=no", SWARM,
	 "fail", "inactive", true},
};

static void test_parameters(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(decisions); i++) {
		g_autofree char *line = g_strdup_printf(
			"audit --facts deploy/sample-fleet/build-1.json -a -o json --only %s %s",
			decisions[i].check, decisions[i].options);
		struct run run = run_program(line);
		PLIMSOLL_AUTO(json) *root = json_parse(run.out, strlen(run.out), NULL, NULL);
		const struct json *checks =
			json_get(json_at(json_get(root, "benchmarks"), 0), "checks");
		const struct json *check = json_at(checks, 0);
		const struct json *item = json_at(json_get(check, "items"), 0);
		bool counts = !decisions[i].counts;

		g_test_message("%s", line);
		g_assert_cmpstr(json_as_string(json_get(check, "verdict"), NULL), ==,
				decisions[i].verdict);
		g_assert_cmpstr(json_as_string(json_get(item, "expected"), NULL), ==,
				decisions[i].expected);
		g_assert_true(json_as_boolean(json_get(check, "counts"), &counts));
		g_assert_cmpint(counts, ==, decisions[i].counts);
		run_done(&run);
	}
}

/* One audit, several releases: each has its number for a check, and a score if it knew one. */
static void test_releases(void)
{
	static const struct {
		const char *name, *id;
		bool has_docker_bench;
	} want[] = {
		{"cis-docker-1.1.0", "5.4", false},
		{"cis-docker-1.8.0", "5.5", true},
	};
	struct run run =
		run_program("audit --facts @fail -o json --benchmark 1.1.0,cis-1.8.0,1.1.0 "
			    "--only container-privileged");
	PLIMSOLL_AUTO(json) *root = json_parse(run.out, strlen(run.out), NULL, NULL);
	const struct json *benchmarks = json_get(root, "benchmarks");

	g_assert_cmpuint(json_length(benchmarks), ==, G_N_ELEMENTS(want));
	for (guint i = 0; i < G_N_ELEMENTS(want); i++) {
		const struct json *benchmark = json_at(benchmarks, i);
		const struct json *check = json_at(json_get(benchmark, "checks"), 0);
		const struct json *score = json_get(json_get(benchmark, "score"), "docker_bench");

		g_assert_cmpstr(json_as_string(json_get(benchmark, "name"), NULL), ==,
				want[i].name);
		g_assert_cmpstr(json_as_string(json_get(check, "id"), NULL), ==, want[i].id);
		g_assert_cmpstr(json_as_string(json_get(check, "verdict"), NULL), ==, "fail");
		g_assert_cmpint(json_get(score, "score") != NULL, ==, want[i].has_docker_bench);
	}
	run_done(&run);
}

static void test_scores(void)
{
	static const char *const lines[] = {
		"audit --facts @pass -o json",
		"audit --facts @fail -o json -a",
		"audit --facts @down -o json",
		"audit --facts @none -o json",
		"audit --facts @unknown -o json --only containers --severity high",
		("audit --facts @pass -o json --benchmark "
		 "1.1.0,1.2.0,1.4.0,1.5.0,1.6.0,1.7.0,1.8.0")};

	for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
		struct run run = run_program(lines[i]);

		g_test_message("%s", lines[i]);
		report_json_assert_scores(run.out);
		run_done(&run);
	}
}

static const struct {
	const char *name; /* of an environment variable */
	const char *value;
	const char *options;
	bool want_color;
} colors[] = {
	{"LC_ALL", "C.UTF-8", "", false},
	{"LC_ALL", "C.UTF-8", "--color=always", true},
	{"NO_COLOR", "1", "--color=always", false},
	{"NO_COLOR", "", "--color=always", true},
	{"FORCE_COLOR", "1", "", true},
	{"FORCE_COLOR", "1", "--color=never", false},
	{"CLICOLOR_FORCE", "1", "", true},
};

static void test_colors(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(colors); i++) {
		g_autofree char *line =
			g_strdup_printf("audit --facts @fail %s %s", one, colors[i].options);
		g_autofree char *before = g_strdup(g_getenv(colors[i].name));
		struct run run;

		g_test_message("%s=%s %s", colors[i].name, colors[i].value, line);
		g_setenv(colors[i].name, colors[i].value, TRUE);
		run = run_program(line);
		g_assert_true((strchr(run.out, '\033') != NULL) == colors[i].want_color);
		run_done(&run);
		if (before != NULL)
			g_setenv(colors[i].name, before, TRUE);
		else
			g_unsetenv(colors[i].name);
	}
}

/* A terminal without UTF-8 gets ASCII and nothing else. */
static void test_ascii(void)
{
	g_autofree char *before = g_strdup(g_getenv("LC_ALL"));
	struct run run;

	g_setenv("LC_ALL", "C", TRUE);
	run = run_program("audit --facts @poison -a -v");
	g_assert_true(g_str_is_ascii(run.out));
	g_assert_nonnull(strstr(run.out, "[FAIL]"));
	run_done(&run);
	if (before != NULL)
		g_setenv("LC_ALL", before, TRUE);
	else
		g_unsetenv("LC_ALL");
}

/* From the facts of a hostile host through the evaluator to every format. */
static void test_poison(void)
{
	/* lines show no names; only in html is a tag more than text. */
	static const char *const formats[] = {"table", "lines",        "json",
					      "html",  "docker-bench", "docker-bench-json"};

	for (guint i = 0; i < G_N_ELEMENTS(formats); i++) {
		g_autofree char *line =
			g_strdup_printf("audit --facts @poison -a -v -o %s", formats[i]);
		struct run run = run_program(line);

		g_test_message("%s", line);
		g_assert_true(g_utf8_validate(run.out, -1, NULL));
		g_assert_true(i == 1 || strstr(run.out, "evil") != NULL);
		g_assert_null(strchr(run.out, '\033'));
		g_assert_null(strstr(run.out, "\xE2\x80\xAE"));
		g_assert_null(strstr(run.out, "\nevil"));
		g_assert_true(i != 3 || strstr(run.out, "<script>alert") == NULL);
		run_done(&run);
	}
}

static void test_saved_facts(void)
{
	g_autofree char *path = in_folder("saved.json");
	struct run first = run_program("audit --facts @fail --save-facts @saved.json -o json");
	struct run again = run_program("audit --facts @saved.json -o json");
	struct stat now;

	g_assert_cmpint(stat(path, &now), ==, 0);
	g_assert_cmpuint(now.st_mode & 07777, ==, 0600);
	g_assert_cmpstr(again.out, ==, first.out);
	run_done(&first);
	run_done(&again);
}

/* Every command has help on stdout, one screen of it, with examples. */
static void test_help(void)
{
	static const char *const lines[] = {"--help",        "help",           "audit --help",
					    "checks --help", "help explain",   "version -h",
					    "compare -h",    "docker-bench -h"};

	for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
		struct run run = run_program(lines[i]);
		g_auto(GStrv) text = g_strsplit(run.out, "\n", -1);

		g_assert_cmpint(run.code, ==, CLI_DONE);
		g_assert_cmpstr(run.err, ==, "");
		g_assert_nonnull(strstr(run.out, "examples:"));
		g_assert_cmpuint(g_strv_length(text), <, 34);
		for (guint j = 0; text[j] != NULL; j++)
			g_assert_cmpuint(strlen(text[j]), <=, 80);
		run_done(&run);
	}
}

static const struct {
	int want;
	const char *line;
	const char *out;
	const char *err;
} commands[] = {
	{0, "checks", "container-privileged", NULL},
	{0, "checks --benchmark 1.6.0", "container-privileged", NULL},
	{0, "checks --benchmark 1.1.0", "2.13    low       daemon-no-legacy-registry-v1", NULL},
	{0, "checks --benchmark cis-1.2.0", "3.22    ", NULL},
	{0, "checks --benchmark cis-docker-1.4.0", "7.10    ", NULL},
	{0, "checks --benchmark 1.5.0", "7.10    ", NULL},
	{0, "checks --benchmark 1.7.0", "5.32    ", NULL},
	{0, "checks --benchmark 1.8.0", "daemon-storage-driver-not-devicemapper", NULL},
	{0, "explain daemon-tcp-tls-verify", "CIS Docker Benchmark 1.8.0 2.8: ", NULL},
	{2, "checks --benchmark 0", NULL, "unknown benchmark '0'"},
	{0, "explain container-privileged", "Fix", NULL},
	{0, "explain 5.5", "container-privileged", NULL},
	{0, "explain check_5_5", "container-privileged", NULL},
	{0, "explain score", "Unknown counts like a failure", NULL},
	{2, "explain", NULL, "name one check"},
	{2, "explain container-priviledged", NULL, "did you mean 'container-privileged'?"},
	{0, "version", "plimsoll ", NULL},
	{0, "version --json", "\"version\"", NULL},
	{2, "version --jsn", NULL, "did you mean --json?"},
	{2, "adit", NULL, "did you mean 'audit'?"},
	{2, "", NULL, "usage:"},
};

static void test_commands(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(commands); i++) {
		struct run run = run_program(commands[i].line);

		g_test_message("%s", commands[i].line);
		g_assert_cmpint(run.code, ==, commands[i].want);
		if (commands[i].out != NULL)
			g_assert_nonnull(strstr(run.out, commands[i].out));
		else
			g_assert_cmpstr(run.out, ==, "");
		if (commands[i].err != NULL)
			g_assert_nonnull(strstr(run.err, commands[i].err));
		else
			g_assert_cmpstr(run.err, ==, "");
		run_done(&run);
	}
}

/* The list for programs has the agreed keys, and only those. */
static void test_checks_json(void)
{
	static const char *const keys[] = {"id",    "check",  "title",  "section",
					   "level", "groups", "status", "severity"};
	struct run run = run_program("checks --json");
	PLIMSOLL_AUTO(json) *root = json_parse(run.out, strlen(run.out), NULL, NULL);

	g_assert_cmpuint(json_length(root), >, 50);
	for (size_t i = 0; i < json_length(root); i++) {
		g_assert_cmpuint(json_length(json_at(root, i)), ==, G_N_ELEMENTS(keys));
		for (guint k = 0; k < G_N_ELEMENTS(keys); k++)
			g_assert_nonnull(json_get(json_at(root, i), keys[k]));
	}
	run_done(&run);
}

/* Ctrl-C while the audit waits for its facts: the open below returns once the program reads. */
static void test_interrupt(void)
{
	g_autofree char *path = in_folder("pipe");
	g_auto(GStrv) argv = argv_of("audit --facts @pipe");
	GPid pid = 0;
	int status = 0;
	int fd;

	g_assert_cmpint(mkfifo(path, 0600), ==, 0);
	g_assert_true(
		g_spawn_async(NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, NULL));
	fd = open(path, O_WRONLY | O_CLOEXEC);
	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(kill(pid, SIGINT), ==, 0);
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	(void)close(fd);
	g_assert_true(WIFEXITED(status));
	g_assert_cmpint(WEXITSTATUS(status), ==, CLI_INTERRUPTED);
	g_spawn_close_pid(pid);
}

static void remove_folder(void)
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *name;

	while ((name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *path = in_folder(name);

		g_assert_cmpint(g_unlink(path), ==, 0);
	}
	g_assert_cmpint(g_rmdir(folder), ==, 0);
}

int main(int argc, char **argv)
{
	g_autofree char *link_path = NULL;
	int failures;

	g_test_init(&argc, &argv, NULL);
	folder = g_dir_make_tmp("plimsoll-XXXXXX", NULL);
	g_assert_nonnull(folder);
	write_all_facts();
	write_baselines();
	link_path = in_folder("link");
	g_assert_cmpint(symlink("pass", link_path), ==, 0);
	g_test_add_func("/audit/every path ends in its exit code", test_exit_codes);
	g_test_add_func("/audit/a proven failure outranks a gap", test_gate_beats_gap);
	g_test_add_func("/audit/checks are chosen by name, id, section and pattern",
			test_selection);
	g_test_add_func("/audit/saved facts are private and give the same report",
			test_saved_facts);
	g_test_add_func("/audit/a decision of the site is in force", test_parameters);
	g_test_add_func("/audit/each release has its numbers", test_releases);
	g_test_add_func("/audit/every score follows from its checks", test_scores);
	g_test_add_func("/audit/colour is for those who want it", test_colors);
	g_test_add_func("/audit/a terminal without UTF-8 gets ASCII", test_ascii);
	g_test_add_func("/audit/a hostile host gets nothing through", test_poison);
	g_test_add_func("/audit/Ctrl-C ends with 130", test_interrupt);
	g_test_add_func("/program/help is one screen on stdout", test_help);
	g_test_add_func("/program/commands answer and refuse", test_commands);
	g_test_add_func("/program/the list of checks has its seven keys", test_checks_json);
	failures = g_test_run();
	remove_folder();
	g_free(folder);
	return failures;
}
