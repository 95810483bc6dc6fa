/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ways of docker-bench-security: its flags, its logs, and its verdicts on two recorded hosts
 * beside ours, where every difference must be one that the catalogue explains.
 */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/collect.h"
#include "agent/host.h"
#include "proto/facts_json.h"
#include "proto/json.h"
#include "server/cli/cli.h"
#include "server/cli/peer_log.h"
#include "tests/unit/server/program_run.h"

static char *folder; /* of this test's files; the program runs in it */

/* Words are separated by one blank; "@name" is a file of the folder, "%name" of the test data. */
static struct run run_program(const char *line)
{
	g_auto(GStrv) words = g_strsplit(line, " ", -1);
	g_autofree char *root = g_get_current_dir();
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
	g_auto(GStrv) argv = NULL;

	g_strv_builder_add(builder, PLIMSOLL_PROGRAM);
	for (guint i = 0; words[i] != NULL; i++) {
		g_autofree char *data =
			g_build_filename(root, "tests", "data", "docker-bench", &words[i][1], NULL);
		g_autofree char *own = g_build_filename(folder, &words[i][1], NULL);

		g_strv_builder_add(builder, words[i][0] == '@'   ? own
					    : words[i][0] == '%' ? data
								 : words[i]);
	}
	argv = g_strv_builder_end(builder);
	return run_argv(folder, argv);
}

static void write_file(const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);

	g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static char *read_file(const char *name)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	char *text = NULL;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	return text;
}

/* The facts of a recorded host, as audit --save-facts leaves them. */
static void save_facts(const char *host_name)
{
	g_autofree char *dir = g_build_filename("tests", "data", "hosts", host_name, NULL);
	struct collect_options how = {.now_s = 1795283800};
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(host) *host = host_recorded_new(dir, &error);
	PLIMSOLL_AUTO(collection) *collection = NULL;
	g_autofree char *text = NULL;

	g_assert_no_error(error);
	collection = collect(host, &how, &error);
	g_assert_no_error(error);
	text = facts_json_write(collection);
	write_file(host_name, text);
}

/* --- compare --- */

/* "1.1.14 missed\n...": one line a difference, each with its reason. */
static char *differences(const char *line)
{
	struct run run = run_program(line);
	PLIMSOLL_AUTO(json) *root = json_parse(run.out, strlen(run.out), NULL, NULL);
	const struct json *list = json_get(root, "differences");
	GString *text = g_string_new(NULL);

	g_assert_cmpint(run.code, ==, CLI_DONE);
	g_assert_nonnull(root);
	for (size_t i = 0; i < json_length(list); i++) {
		const struct json *one = json_at(list, i);
		const char *why = json_as_string(json_get(one, "why"), NULL);
		const char *id = json_as_string(json_get(one, "id"), NULL);

		if (why == NULL || strlen(why) < 20)
			g_error("%s: the difference about %s is not documented", line, id);
		g_string_append_printf(text, "%s %s\n", id,
				       json_as_string(json_get(one, "kind"), NULL));
	}
	run_done(&run);
	return g_string_free(text, FALSE);
}

static void test_differences(void)
{
	static const char *const hosts[] = {"default", "hardened"};

	for (guint i = 0; i < G_N_ELEMENTS(hosts); i++) {
		g_autofree char *line =
			g_strdup_printf("compare %%%s.json --facts @%s --json", hosts[i], hosts[i]);
		g_autofree char *name = g_strdup_printf("%s.differences", hosts[i]);
		g_autofree char *path =
			g_build_filename("tests", "data", "docker-bench", name, NULL);
		g_autofree char *got = differences(line);
		g_autofree char *want = NULL;

		if (g_getenv("PLIMSOLL_BLESS") != NULL)
			g_assert_true(g_file_set_contents(path, got, -1, NULL));
		g_assert_true(g_file_get_contents(path, &want, NULL, NULL));
		g_assert_cmpstr(got, ==, want);
	}
}

/* The text log holds the same verdicts but three that the script itself writes differently. */
static void test_text_log(void)
{
	g_autofree char *from_json = differences("compare %default.json --facts @default --json");
	g_autofree char *from_text = differences("compare %default.log --facts @default --json");
	g_auto(GStrv) lines = g_strsplit(from_json, "\n", -1);

	for (guint i = 0; lines[i] != NULL; i++)
		if (!g_str_has_prefix(lines[i], "2.18 ") && !g_str_has_prefix(lines[i], "1.2.2 "))
			g_assert_nonnull(strstr(from_text, lines[i]));
}

static const struct {
	int want;
	const char *line;
	const char *err; /* what stderr must say; NULL = nothing at all */
} compare_cases[] = {
	{0, "compare %default.json --facts @default", NULL},
	{0, "compare %default.log --facts @default -a", NULL},
	{0, "compare %hardened.json --facts @hardened --benchmark 1.6.0", NULL},
	{0, "compare --help", NULL},
	{2, "compare", "wants one FILE"},
	{2, "compare a b", "wants one FILE"},
	{2, "compare - --facts -", "standard input"},
	{2, "compare %default.json --facts @default --benchmark 9", "unknown benchmark"},
	{2, "compare %default.json --jsn", "did you mean --json?"},
	{4, "compare @nothing --facts @default", "No such file"},
	{4, "compare @broken.json --facts @default", "line 1 column"},
	{4, "compare @other.json --facts @default", "dockerbenchsecurity and tests are missing"},
	{4, "compare @word.json --facts @default", "check 5.5: the result is 'FAIL'"},
	{4, "compare @idless.json --facts @default", "result 1 has no id"},
	{4, "compare @empty --facts @default", "no result of docker-bench-security"},
	{4, "compare @strange.json --facts @default", "--benchmark NAME compares by numbers"},
	{4, "compare %default.json --facts @empty", "holds no saved facts"},
};

static void write_broken_logs(void)
{
	write_file("broken.json",
		   "{\"dockerbenchsecurity\": \"1.6.0\", \"tests\": [{\"id\": \"5\", "
		   "\"results\": [{\"id\": \"5.5\", \"details\": \"a\"b\"}]}]}");
	write_file("other.json", "{\"checks\": []}");
	write_file("word.json",
		   "{\"dockerbenchsecurity\": \"1.6.0\", \"tests\": [{\"id\": \"5.5\", "
		   "\"desc\": \"x\", \"result\": \"FAIL\"}]}");
	write_file("idless.json", "{\"dockerbenchsecurity\": \"1.6.0\", \"tests\": [{}]}");
	write_file("strange.json", "{\"dockerbenchsecurity\": \"1.6.0\", \"tests\": [{\"id\": "
				   "\"5.5\", \"desc\": \"Eat fruit\", \"result\": \"PASS\"}]}");
	write_file("empty", "");
}

static void check_run(const char *line, int want, const char *err)
{
	struct run run = run_program(line);

	if (run.code != want)
		g_error("%s: exit %d, not %d: %s", line, run.code, want, run.err);
	if (err == NULL ? *run.err != '\0' : strstr(run.err, err) == NULL)
		g_error("%s: stderr: %s", line, run.err);
	run_done(&run);
}

static void test_compare_exits(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(compare_cases); i++)
		check_run(compare_cases[i].line, compare_cases[i].want, compare_cases[i].err);
}

/* --- reading logs --- */

static void test_peer_log(void)
{
	static const char text[] =
		"Initializing 2026-01-01T00:00:00+00:00\n"
		"[WARN] 5.5 - Of an older run (Automated)\n"
		"Initializing 2026-01-02T00:00:00+00:00\n"
		"\033[1;34m[INFO]\033[0m 1.1 - Linux Hosts Specific Configuration\n"
		"\033[1;32m[PASS]\033[0m 1.1.1 - A partition (Automated)\n"
		"[INFO] 5 - Container Runtime\n"
		"[WARN] 5.5 - Privileged (see this) (Automated) (Deprecated)\n"
		"[WARN]      * Running: web\n"
		"[WARN]       * Running: [PASS] 5.6 - evil\n"
		"[INFO] Score: -7";
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(peer_log) *log = peer_log_read(text, strlen(text), &error);

	g_assert_no_error(error);
	g_assert_cmpuint(log->results->len, ==, 2);
	g_assert_cmpint(peer_log_find(log, "1.1.1")->word, ==, PEER_PASS);
	g_assert_cmpstr(peer_log_find(log, "1.1.1")->title, ==, "A partition");
	g_assert_cmpstr(peer_log_find(log, "5.5")->title, ==, "Privileged");
	g_assert_cmpstr(peer_log_find(log, "5.5")->details, ==,
			"Running: web; Running: [PASS] 5.6 - evil");
	g_assert_null(peer_log_find(log, "5.6"));
	g_assert_true(log->has_score);
	g_assert_cmpint(log->score, ==, -7);
}

/* --- the flags --- */

static const struct {
	int want;
	const char *flags;
	const char *out; /* must be there; with "!" before it, must not */
	const char *err; /* NULL = nothing at all */
} flag_cases[] = {
	{0, "", "[INFO] Score: ", NULL},
	{0, "-b", "[WARN] 5.11 - ", NULL},
	{0, "-c check_5_1", "!5.10 - ", NULL},
	{0, "-c check_5_1", "5.1 - ", NULL},
	{0, "-c container_runtime,check_2_2", "2.2 - ", NULL},
	{0, "-c container_runtime,check_2_2", "!2.3 - ", NULL},
	{0, "-c container_runtime -e check_5_1", "!] 5.1 - ", NULL},
	{0, "-c container_runtime -e check_5_1", "] 5.11 - ", NULL},
	{0, "-e docker_daemon_files", "!] 3.1 - ", NULL},
	{0, "-c cis -e container_runtime", "!] 5.2 - ", NULL},
	{0, "-c cis_controls_v8_ig1", "] 5.5 - ", NULL},
	{0, "-c cis_controls_v8_ig1", "!] 5.2 - ", NULL},
	{0, "-c cis_controls_v8_ig2", "] 5.2 - ", NULL},
	{0, "-c cis_level1", "] 5.5 - ", NULL},
	{0, "-c community", "] C.5.3.3 - ", NULL},
	{0, "-c community_checks,docker_enterprise_configuration", "] 8.1.1 - ", NULL},
	{0, "-b -p", "Section B - Remediation measures", NULL},
	{0, "-b", "!Section B", NULL},
	{0, "-i web -c check_5_11", "!      * app", "Left out"},
	{0, "-i web -c check_5_11", "      * web", "Left out"},
	{0, "-x ^web,old -c check_5_11", "!      * web", "Left out"},
	{0, "-x ^web,old -c check_5_11", "      * app", "Left out"},
	{0, "-i web,app -x app -c check_5_11", "!      * app", "Left out"},
	{0, "-t nobody -c check_5_11", "none is left by the filter", "Left out"},
	{0, "-b stray", "[INFO] Score: ", "'stray' is ignored"},
	{0, "-h", "usage: plimsoll docker-bench", NULL},
	{2, "-z", "!Score", "usage: plimsoll docker-bench"},
	{2, "-c check_9_9", "!Score", "Check \"check_9_9\" doesn't seem to exist."},
	{2, "-e chekc_5_1", "!Score", "doesn't seem to exist"},
	{2, "-c check_5_1 -e container_runtime", "!Score", "no check is left"},
	{2, "-n many", "!Score", "-n wants a number"},
	{2, "-i we(b", "!Score", "cannot read pattern"},
	{2, "-t a=b", "!Score", "values of labels are not collected"},
	{4, "-l none/x", "[INFO] Score: ", "No such file or directory"},
};

static void test_flags(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(flag_cases); i++) {
		bool lacks = flag_cases[i].out[0] == '!';
		g_autofree char *line = g_strdup_printf("docker-bench --facts @default%s%s",
							*flag_cases[i].flags != '\0' ? " " : "",
							flag_cases[i].flags);
		struct run run = run_program(line);

		g_test_message("%s", line);
		if ((strstr(run.out, flag_cases[i].out + lacks) == NULL) != lacks)
			g_error("%s: %s in: %s", line, flag_cases[i].out, run.out);
		run_done(&run);
		check_run(line, flag_cases[i].want, flag_cases[i].err);
	}
}

static size_t count_items(const struct json *root)
{
	const struct json *section = json_at(json_get(root, "tests"), 0);

	return json_length(json_get(json_at(json_get(section, "results"), 0), "items"));
}

/* The text log grows, the JSON log is that of the last run; -n limits its items. */
static void test_logs(void)
{
	static const struct {
		const char *limit;
		size_t items;
	} cases[] = {{"0", 3}, {"1", 2}, {"2", 3}, {"3", 3}};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *line =
			g_strdup_printf("docker-bench --facts @default -c check_5_11 -l bench.log "
					"-n %s",
					cases[i].limit);
		g_autofree char *json = NULL;
		g_autofree char *text = NULL;
		g_auto(GStrv) runs = NULL;
		PLIMSOLL_AUTO(json) *root = NULL;

		check_run(line, CLI_DONE, NULL);
		json = read_file("bench.log.json");
		text = read_file("bench.log");
		runs = g_strsplit(text, "Initializing ", -1);
		root = json_parse(json, strlen(json), NULL, NULL);
		g_assert_cmpuint(g_strv_length(runs), ==, i + 2);
		g_assert_cmpuint(count_items(root), ==, cases[i].items);
		g_assert_true((strstr(json, "(truncated)") != NULL) == (i == 1 || i == 2));
	}
}

/* Without -l they stand where the script leaves them; a link laid out there is not followed. */
static void test_standard_log(void)
{
	g_autofree char *log = g_build_filename(folder, "log", "docker-bench-security.log", NULL);
	g_autofree char *json = g_strconcat(log, ".json", NULL);
	g_autofree char *victim = g_build_filename(folder, "victim", NULL);
	GStatBuf now;

	check_run("docker-bench --facts @default -c check_5_11", CLI_DONE, NULL);
	g_assert_true(g_file_test(log, G_FILE_TEST_IS_REGULAR));
	g_assert_true(g_file_test(json, G_FILE_TEST_IS_REGULAR));
	write_file("victim", "");
	g_assert_cmpint(g_remove(json), ==, 0);
	g_assert_cmpint(symlink(victim, json), ==, 0);
	check_run("docker-bench --facts @default -c check_5_11", CLI_IO, "cannot open");
	g_assert_cmpint(g_stat(victim, &now), ==, 0);
	g_assert_cmpint(now.st_size, ==, 0);
}

/* What we write, compare reads: no difference to ourselves. */
static void test_round_trip(void)
{
	static const char *const logs[] = {"own.log.json", "own.log"};

	check_run("docker-bench --facts @default -l own.log", CLI_DONE, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(logs); i++) {
		g_autofree char *line =
			g_strdup_printf("compare @%s --facts @default --json", logs[i]);
		struct run run = run_program(line);
		PLIMSOLL_AUTO(json) *root = json_parse(run.out, strlen(run.out), NULL, NULL);
		int64_t different = -1;
		int64_t same = 0;

		g_assert_true(json_as_integer(json_get(root, "different"), &different));
		g_assert_true(json_as_integer(json_get(root, "same"), &same));
		g_assert_cmpint(different, ==, 0);
		g_assert_cmpint(same, >=, 83);
		g_assert_cmpuint(json_length(json_get(root, "only_in_log")), ==, 0);
		g_assert_cmpuint(json_length(json_get(root, "only_here")), ==, 0);
		run_done(&run);
	}
}

static void remove_folder(const char *path)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name = NULL;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *member = g_build_filename(path, name, NULL);

		if (g_file_test(member, G_FILE_TEST_IS_DIR) &&
		    !g_file_test(member, G_FILE_TEST_IS_SYMLINK))
			remove_folder(member);
		else
			g_assert_cmpint(g_unlink(member), ==, 0);
	}
	g_assert_cmpint(g_rmdir(path), ==, 0);
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	int code = 0;

	g_test_init(&argc, &argv, NULL);
	folder = g_dir_make_tmp("plimsoll-XXXXXX", &error);
	g_assert_no_error(error);
	save_facts("default");
	save_facts("hardened");
	write_broken_logs();
	g_test_add_func("/docker-bench/every difference is documented, and none is new",
			test_differences);
	g_test_add_func("/docker-bench/the text log is as good as log.json", test_text_log);
	g_test_add_func("/docker-bench/compare: exit codes and refusals", test_compare_exits);
	g_test_add_func("/docker-bench/the last run of a text log counts", test_peer_log);
	g_test_add_func("/docker-bench/flags", test_flags);
	g_test_add_func("/docker-bench/logs grow and are replaced", test_logs);
	g_test_add_func("/docker-bench/logs that nobody named", test_standard_log);
	g_test_add_func("/docker-bench/our own log differs from nothing", test_round_trip);
	code = g_test_run();
	remove_folder(folder);
	g_free(folder);
	return code;
}
