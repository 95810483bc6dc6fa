/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `plimsoll scan` over made-up machines: exit codes and which wins, what stands on which stream,
 * documents, folders, the journal, and hostile words.
 */
#include <glib/gstdio.h>
#include <string.h>

#include "proto/json.h"
#include "server/cli/cli.h"
#include "server/cli/scan_output.h"
#include "server/config.h"
#include "tests/unit/server/program_run.h"
#include "tests/unit/support/scratch.h"

static char *folder;

/* words: separated by blanks; "@@" stands for the folder. */
static struct run scan(const char *words)
{
	g_auto(GStrv) parts = g_strsplit(words, " ", -1);
	g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);

	g_ptr_array_add(argv, g_strdup(PLIMSOLL_SCAN_MADE_UP));
	for (guint i = 0; parts[i] != NULL && parts[i][0] != '\0'; i++) {
		g_auto(GStrv) pieces = g_strsplit(parts[i], "@@", 2);

		g_ptr_array_add(argv, g_strjoinv(folder, pieces));
	}
	g_ptr_array_add(argv, NULL);
	return run_argv(NULL, (char **)argv->pdata);
}
#define AT "@@"

static void write_facts(const char *name, const char *facts)
{
	g_autofree char *file = g_strconcat(name, ".json", NULL);
	g_autofree char *text = g_strdup_printf(
		"{\"plimsoll_facts\": 1, \"envelope\": {\"schema\": 1, \"taken_at\": 1795281314, "
		"\"hostname\": \"host1\"}, \"observed\": {}, \"facts\": %s}",
		facts);

	scratch_write(folder, file, text, -1);
}

static void write_variant(const char *name, const char *base, const char *privileged)
{
	g_auto(GStrv) parts = g_strsplit(base, "\"privileged\": false,", 2);
	g_autofree char *facts = g_strjoinv(privileged, parts);

	write_facts(name, facts);
}

static char *read_base(const char *name)
{
	g_autofree char *path = g_build_filename("tests", "checks", "bases", name, NULL);
	char *text = NULL;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	return text;
}

static void make_folder(void)
{
	g_autofree char *base = read_base("default.json");
	g_autofree char *down = read_base("down.json");

	folder = scratch_new();
	write_facts("pass", base);
	write_facts("down", down);
	write_variant("fail", base, "\"privileged\": true,");
	write_variant("unknown", base, "");
	scratch_write(folder, "hosts",
		      "[web]\ngood1\ngood2 ansible_password=hunter2\n[db]\nfails1\n", -1);
	g_setenv("FACTS", folder, TRUE);
	g_setenv("DOCKER_CONFIG", folder, TRUE);
	g_unsetenv("DOCKER_HOST");
	g_unsetenv("DOCKER_CONTEXT");
}

#define ONLY " --only container-privileged"

static const struct {
	const char *words;
	int code;
	const char *out, *err; /* parts of them; NULL: nothing is asked */
} runs[] = {
	{"good" ONLY, CLI_DONE, "Score", NULL},
	{"good --fail-on low" ONLY, CLI_DONE, "Gate: passed", NULL},
	{"fails --fail-on low" ONLY, CLI_GATE_FAILED, "Gate: failed", NULL},
	{"down" ONLY, CLI_INCOMPLETE, NULL, NULL},
	{"refuses", CLI_IO, NULL, "refuses: refused: nobody listens"},
	{"cut" ONLY, CLI_IO, "Score", "cut short"},
	{"interrupt", CLI_INTERRUPTED, NULL, NULL},
	{"good1 good2" ONLY, CLI_DONE, "2 of 2 machines audited", NULL},
	{"good1 fails1 --fail-on low" ONLY, CLI_GATE_FAILED, "gate failed on 1", NULL},
	{"good1 fails1 refuses1 --fail-on low" ONLY, CLI_IO, "2 of 3 machines audited", NULL},
	{"good1 down1" ONLY, CLI_INCOMPLETE, "the Engine did not answer", NULL},
	{"fails1 down1 --fail-on low" ONLY, CLI_GATE_FAILED, NULL, NULL},
	{"good1 unknown1 --require-complete" ONLY, CLI_INCOMPLETE, "not all could be seen", NULL},
	{"good1 changed1" ONLY, CLI_IO, "host key changed", NULL},
	{"good1 cut1" ONLY, CLI_IO, "cut short", NULL},
	{"good1 interrupt1 good2" ONLY, CLI_INTERRUPTED, "1 of 3 machines audited", NULL},
	{"good1 good1" ONLY, CLI_DONE, "1 of 1 machines", "are one machine"},
	{"--inventory " AT "/hosts" ONLY, CLI_IO, "not tried: configuration", NULL},
	{"--inventory " AT "/hosts --group db" ONLY, CLI_DONE, "1 of 1 machines", NULL},
	{"--inventory " AT "/hosts --limit web:!good2" ONLY, CLI_DONE, "1 of 1 machines", NULL},
	{"--inventory " AT "/hosts --group nobody" ONLY, CLI_USAGE, NULL, "leave none of 3"},
	{"--inventory " AT "/absent", CLI_USAGE, NULL, "absent"},
	{"good1 good2 -o html", CLI_USAGE, NULL, "-o html=DIR/"},
	{"good1 good2 --baseline x", CLI_USAGE, NULL, "--baseline"},
	{"good1 good2 --group web", CLI_USAGE, NULL, "wants an --inventory"},
	{"-- -oProxyCommand=id", CLI_USAGE, NULL, "begin with"},
	{"root:hunter2@good", CLI_USAGE, NULL, "password"},
	{"", CLI_USAGE, NULL, "name a machine"},
	{"good1 good2 -o json --resume " AT "/none", CLI_USAGE, NULL, "use -o ndjson"},
	{"good --jobs 0", CLI_USAGE, NULL, "--jobs"},
	{"good --jobs 100000", CLI_USAGE, NULL, "--jobs"},
	{"good --timeout x", CLI_USAGE, NULL, "--timeout"},
	{"good --transport telnet", CLI_USAGE, NULL, "auto, libssh2, openssh"},
	{"good --host-key-policy off", CLI_USAGE, NULL, "strict, accept-new"},
	{"good --user -oX", CLI_USAGE, NULL, "--user"},
	{"good --only nonsense", CLI_USAGE, NULL, "nonsense"},
	{"--help", CLI_DONE, "usage: plimsoll scan", NULL},
};

static void test_runs(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(runs); i++) {
		RUN_AUTO run = scan(runs[i].words);

		g_test_message("%s\n%s\n%s", runs[i].words, run.out, run.err);
		g_assert_cmpint(run.code, ==, runs[i].code);
		g_assert_true(runs[i].out == NULL || strstr(run.out, runs[i].out) != NULL);
		g_assert_true(runs[i].err == NULL || strstr(run.err, runs[i].err) != NULL);
		g_assert_null(strstr(run.out, "hunter2"));
		g_assert_null(strstr(run.err, "hunter2"));
	}
}

static void test_hostile(void)
{
	static const char *const words[] = {"evil", "good1 evil1" ONLY, "good1 evil1 -o json" ONLY};

	for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
		RUN_AUTO run = scan(words[i]);

		g_assert_cmpint(run.code, ==, CLI_IO);
		for (const char *text = run.out; text != NULL;
		     text = text == run.out ? run.err : NULL) {
			g_assert_null(strchr(text, '\x1b'));
			g_assert_null(strchr(text, '\r'));
			g_assert_null(strstr(text, "\nPASS"));
			g_assert_true(i == 2 || strstr(text, "\xe2\x80\xae") == NULL);
		}
	}
}

/* --- documents --- */

static void check_member(const struct json *member, const char *target, const char *status,
			 const char *reason)
{
	g_assert_cmpstr(json_as_string(json_get(member, "target"), NULL), ==, target);
	g_assert_cmpstr(json_as_string(json_get(member, "status"), NULL), ==, status);
	g_assert_cmpstr(json_as_string(json_get(member, "reason"), NULL), ==, reason);
	g_assert_true(json_is(json_get(member, "audit"),
			      reason == NULL ? JSON_KIND_OBJECT : JSON_KIND_NULL));
}

static void test_json(void)
{
	RUN_AUTO run = scan("good1 refuses1 -o json" ONLY);
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(json) *root = json_parse(run.out, strlen(run.out), NULL, &error);

	g_assert_no_error(error);
	g_assert_cmpuint(json_length(root), ==, 2);
	check_member(json_at(root, 0), "good1", "audited", NULL);
	check_member(json_at(root, 1), "refuses1", "failed", "refused");
	g_assert_cmpstr(json_as_string(json_get(json_at(root, 0), "transport"), NULL), ==,
			"ssh-libssh2");
	g_assert_nonnull(strstr(run.err, "1 of 2 machines audited"));
}

static void test_ndjson(void)
{
	RUN_AUTO run = scan("good1 refuses1 -o ndjson" ONLY);
	g_auto(GStrv) lines = g_strsplit(run.out, "\n", -1);

	g_assert_cmpuint(g_strv_length(lines), ==, 3);
	for (guint i = 0; i < 2; i++) {
		PLIMSOLL_AUTO(json) *member = json_parse(lines[i], strlen(lines[i]), NULL, NULL);

		check_member(member, i == 0 ? "good1" : "refuses1", i == 0 ? "audited" : "failed",
			     i == 0 ? NULL : "refused");
	}
}

static void test_folders(void)
{
	RUN_AUTO run = scan("good1 ssh://root@good2:22 refuses1 -o html=" AT "/pages/ -o json=" AT
			    "/all.json --save-facts " AT "/facts" ONLY);
	g_autofree char *pages = scratch_list(folder, "pages");
	g_autofree char *facts = scratch_list(folder, "facts");
	g_autofree char *second = scan_output_file_name("ssh://root@good2:22", "html");
	g_autofree char *want = g_strdup_printf("good1.html %s", second);
	g_autofree char *all = scratch_read(folder, "all.json");
	PLIMSOLL_AUTO(json) *root = json_parse(all, strlen(all), NULL, NULL);

	g_assert_cmpint(run.code, ==, CLI_IO);
	g_assert_cmpstr(pages, ==, want);
	g_assert_true(g_str_has_prefix(facts, "good1.json ssh"));
	g_assert_cmpuint(json_length(root), ==, 3);
}

static void test_file_names(void)
{
	g_autofree char *long_name = g_strnfill(500, 'a');
	g_autofree char *of_long = scan_output_file_name(long_name, "html");
	g_autofree char *plain = scan_output_file_name("web-1.example_x", "html");
	g_autofree char *up = scan_output_file_name("../../etc/passwd", "html");
	g_autofree char *other = scan_output_file_name("..:..:etc:passwd", "html");

	g_assert_cmpstr(plain, ==, "web-1.example_x.html");
	g_assert_null(strchr(up, '/'));
	g_assert_cmpint(up[0], !=, '.');
	g_assert_cmpstr(up, !=, other);
	g_assert_cmpuint(strlen(of_long), <, 150);
}

/* --- going on --- */

#define JOURNAL " --resume " AT "/journal" ONLY

static void test_resume(void)
{
	RUN_AUTO first = scan("good1 fails1 interrupt1 good2" JOURNAL);
	RUN_AUTO second = scan("good1 fails1 interrupt1 good2" JOURNAL);
	RUN_AUTO other_options = scan("good1 fails1 interrupt1 good2 --severity high" JOURNAL);
	RUN_AUTO other_targets = scan("good1 fails1" JOURNAL);
	g_autofree char *text = scratch_read(folder, "journal");
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	g_assert_cmpint(first.code, ==, CLI_INTERRUPTED);
	g_assert_nonnull(strstr(first.out, "2 of 4 machines audited"));
	g_assert_nonnull(strstr(second.out, "2 done before"));
	g_assert_cmpint(other_options.code, ==, CLI_USAGE);
	g_assert_nonnull(strstr(other_options.err, "other options"));
	g_assert_cmpint(other_targets.code, ==, CLI_USAGE);
	g_assert_nonnull(strstr(other_targets.err, "other machines"));
	g_assert_cmpuint(g_strv_length(lines), ==, 4); /* the head, two rows, nothing */
}

/* The last line was never finished: that machine is gone to again. */
static void test_torn_journal(void)
{
	RUN_AUTO first = scan("good1 good2 --resume " AT "/torn" ONLY);
	g_autofree char *text = scratch_read(folder, "torn");
	RUN_AUTO second = {0};

	scratch_write(folder, "torn", text, (gssize)strlen(text) - 10);
	second = scan("good1 good2 --resume " AT "/torn" ONLY);
	g_assert_cmpint(first.code, ==, CLI_DONE);
	g_assert_cmpint(second.code, ==, CLI_DONE);
	g_assert_nonnull(strstr(second.out, "2 of 2 machines audited"));
	g_assert_nonnull(strstr(second.out, "1 done before"));
}

/* What was cut short, or is not in the store, is not done: the next run tries again. */
static void test_unfinished(void)
{
	static const char *const names[] = {"localhost", NULL};
	g_autofree char *data = scratch_path(folder, "data");
	g_autofree char *conf = config_text(data, "cis-docker-1.6.0", names, "127.0.0.1",
					    (const guint[CONFIG_LISTENERS]){1, 2, 3});
	RUN_AUTO cut = scan("good1 cut1 --resume " AT "/cut" ONLY);
	RUN_AUTO again = scan("good1 cut1 --resume " AT "/cut" ONLY);
	RUN_AUTO unstored = {0}, after = {0};

	g_assert_cmpint(g_mkdir(data, 0700), ==, 0);
	scratch_write(data, "server.conf", conf, -1);
	/* Made-up fingerprints are none. */
	unstored = scan("good1 good2 --store --data " AT "/data --resume " AT "/unstored" ONLY);
	after = scan("good1 good2 --store --data " AT "/data --resume " AT "/unstored" ONLY);
	g_assert_cmpint(cut.code, ==, CLI_IO);
	g_assert_null(strstr(cut.out, "done before"));
	g_assert_nonnull(strstr(again.out, "1 done before"));
	g_assert_cmpint(again.code, ==, CLI_IO);
	g_assert_nonnull(strstr(unstored.err, "not stored"));
	g_assert_null(strstr(after.out, "done before"));
	g_assert_cmpint(after.code, ==, CLI_IO);
}

static void test_no_journal(void)
{
	RUN_AUTO run = {0};

	scratch_write(folder, "precious", "my only copy", -1);
	run = scan("good1 good2 --resume " AT "/precious" ONLY);
	g_assert_cmpint(run.code, ==, CLI_USAGE);
	{
		g_autofree char *text = scratch_read(folder, "precious");

		g_assert_cmpstr(text, ==, "my only copy");
	}
}

int main(int argc, char **argv)
{
	int code;

	g_test_init(&argc, &argv, NULL);
	make_folder();
	g_test_add_func("/scan/every end has its exit code, 2 before 4 before 1 before 3",
			test_runs);
	g_test_add_func("/scan/hostile words steer no terminal", test_hostile);
	g_test_add_func("/scan/-o json is one array", test_json);
	g_test_add_func("/scan/-o ndjson is a line for each machine", test_ndjson);
	g_test_add_func("/scan/folders hold a file for each machine", test_folders);
	g_test_add_func("/scan/a target's name makes a harmless file name", test_file_names);
	g_test_add_func("/scan/a sweep goes on where it ended", test_resume);
	g_test_add_func("/scan/what is not done is not skipped", test_unfinished);
	g_test_add_func("/scan/a torn line is no row", test_torn_journal);
	g_test_add_func("/scan/what is no journal stays as it is", test_no_journal);
	code = g_test_run();
	scratch_free(folder);
	return code;
}
