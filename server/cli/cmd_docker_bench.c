/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `plimsoll docker-bench`: takes the command line of docker-bench-security and leaves what it
 * leaves, the console's lines, a text log and a log.json, with our verdicts.
 */
#include <stdio.h>
#include <string.h>

#include "server/cli/audit.h"
#include "server/cli/cli.h"
#include "server/cli/commands.h"
#include "server/cli/docker_bench_names.h"
#include "server/cli/files.h"
#include "server/cli/terminal.h"

static const char help[] =
	"usage: plimsoll docker-bench [OPTION]...\n"
	"\n"
	"Runs as docker-bench-security does: the same flags, console and logs.\n"
	"\n"
	"  -b           no colours (there are none but on a terminal)\n"
	"  -h           this text\n"
	"  -l FILE      log to FILE and FILE.json\n"
	"               (default: log/docker-bench-security.log)\n"
	"  -u USERS     users who may use the Docker socket, comma between them\n"
	"  -c CHECKS    checks (check_2_2) and groups (container_runtime) to run\n"
	"  -e CHECKS    checks and groups to leave out\n"
	"  -i PATTERNS  only containers and images whose name matches one of these\n"
	"               regular expressions\n"
	"  -x PATTERNS  without those whose name matches one\n"
	"  -t LABELS    only containers and images that have these labels\n"
	"  -n LIMIT     items of a check in the JSON log; 0: all of them\n"
	"  -p           remedies in both logs\n"
	"\n"
	"--facts FILE and --docker-host URL as in 'plimsoll audit', which can more.\n"
	"exit: 0 done whatever was found, 2 usage, 3 incomplete, 4 I/O\n"
	"\n"
	"examples:\n"
	"  sudo plimsoll docker-bench -b -l bench.log\n"
	"  sudo plimsoll docker-bench -c container_runtime -e check_5_2 -x '^test-'\n";

static const char standard_log[] = "log/docker-bench-security.log";

/* Flags as given. */
struct flags {
	gboolean no_color, remediation;
	char *log, *users, *only, *skip, *include, *exclude, *labels, *limit;
};

static void flags_done(struct flags *flags)
{
	g_free(flags->log);
	g_free(flags->users);
	g_free(flags->only);
	g_free(flags->skip);
	g_free(flags->include);
	g_free(flags->exclude);
	g_free(flags->labels);
	g_free(flags->limit);
}

/* The members of a list; NULL when there is none. */
static char **split(const char *list)
{
	g_auto(GStrv) parts = g_strsplit(list != NULL ? list : "", ",", -1);
	g_autoptr(GStrvBuilder) words = g_strv_builder_new();
	guint n = 0;

	for (guint i = 0; parts[i] != NULL; i++) {
		if (*g_strstrip(parts[i]) == '\0')
			continue;
		g_strv_builder_add(words, parts[i]);
		n++;
	}
	return n > 0 ? g_strv_builder_end(words) : NULL;
}

static bool read_limit(const struct flags *flags, guint *ret_limit, int *ret_exit)
{
	guint64 limit = 0;

	if (flags->limit != NULL &&
	    !g_ascii_string_to_unsigned(flags->limit, 10, 0, G_MAXUINT32, &limit, NULL)) {
		*ret_exit = cli_usage("docker-bench", "-n wants a number, not '%s'", flags->limit);
		return false;
	}
	*ret_limit = (guint)limit;
	return true;
}

static void fill_options(const struct flags *flags, struct audit_options *options)
{
	options->benchmarks = g_new0(char *, 2);
	options->benchmarks[0] = g_strdup(CLI_DEFAULT_BENCHMARK);
	options->include = split(flags->include);
	options->exclude = split(flags->exclude);
	options->labels = split(flags->labels);
	options->regex = true;
	options->color = flags->no_color ? COLOR_NEVER : COLOR_AUTO;
	if (flags->users != NULL) {
		options->parameters = g_new0(char *, 2);
		options->parameters[0] = g_strconcat("trusted_users=", flags->users, NULL);
	}
}

/* --- which checks --- */

static gint by_name(gconstpointer a, gconstpointer b)
{
	const char *const *first = a;
	const char *const *second = b;

	return strcmp(*first, *second);
}

/* The names of a set of checks, as --only would give them. */
static char **names_of(GHashTable *set)
{
	GPtrArray *names = g_ptr_array_new();
	GHashTableIter iterator;
	gpointer key;

	g_hash_table_iter_init(&iterator, set);
	while (g_hash_table_iter_next(&iterator, &key, NULL))
		g_ptr_array_add(names, g_strdup(((const struct check *)key)->name));
	g_ptr_array_sort(names, by_name);
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(names, FALSE);
}

static bool has_any(const struct benchmark *benchmark, GHashTable *set)
{
	for (guint i = 0; i < benchmark->n_entries; i++)
		if (g_hash_table_contains(set, benchmark->entries[i].check))
			return true;
	return false;
}

/* Beside the benchmark stand what docker-bench-security has of its own, where asked for. */
static void add_benchmarks(struct audit *audit)
{
	static const char *const own[] = {"community", "enterprise"};

	for (guint i = 0; i < G_N_ELEMENTS(own); i++)
		audit_add_benchmark(audit, catalogue_benchmark(audit->catalogue, own[i]));
}

static void drop_unused(struct audit *audit, GHashTable *set)
{
	guint n = 0;

	for (guint i = 0; i < audit->n_benchmarks; i++)
		if (has_any(audit->benchmarks[i], set))
			audit->benchmarks[n++] = audit->benchmarks[i];
	audit->n_benchmarks = n;
}

static bool choose(struct audit *audit, const struct flags *flags, int *ret_exit)
{
	g_auto(GStrv) only = split(flags->only);
	g_auto(GStrv) skip = split(flags->skip);
	g_autoptr(GHashTable) set = NULL;
	g_autoptr(GError) error = NULL;
	struct docker_bench_scope scope = {.catalogue = audit->catalogue};

	add_benchmarks(audit);
	scope.benchmarks = audit->benchmarks;
	scope.n_benchmarks = audit->n_benchmarks;
	set = docker_bench_names_select(&scope, (const char *const *)only,
					(const char *const *)skip, &error);
	if (set == NULL) {
		*ret_exit = cli_usage("docker-bench", "%s", error->message);
		return false;
	}
	drop_unused(audit, set);
	if (only != NULL || skip != NULL)
		audit->options.only = names_of(set);
	return true;
}

/* --- what it leaves --- */

static GString *written(const char *format, const struct report *report,
			const struct format_style *style)
{
	GString *out = g_string_new(NULL);

	format_find(format)->write(out, report, style);
	return out;
}

static bool write_logs(const char *path, const GString *text, const GString *json)
{
	g_autofree char *json_path = g_strconcat(path, ".json", NULL);
	g_autoptr(GError) error = NULL;

	/* Nothing to keep, and no file beside a device. */
	if (strcmp(path, "/dev/null") == 0)
		return true;
	if (files_write_log(path, text->str, text->len, FILES_APPEND, &error) &&
	    files_write_log(json_path, json->str, json->len, FILES_REPLACE, &error))
		return true;
	cli_say("docker-bench", "%s", error->message);
	return false;
}

static bool make_folder(const struct flags *flags)
{
	g_autofree char *folder = g_path_get_dirname(standard_log);

	if (flags->log != NULL || g_mkdir_with_parents(folder, 0777) == 0)
		return true;
	cli_say("docker-bench", "cannot make the folder '%s'; -l FILE logs elsewhere", folder);
	return false;
}

static int conclude(struct audit *audit, const struct flags *flags, guint limit)
{
	struct format_style style = terminal_style(&audit->options, true);
	struct format_style plain = {.remediation = flags->remediation, .item_limit = limit};
	g_autoptr(GString) screen = NULL;
	g_autoptr(GString) text = NULL;
	g_autoptr(GString) json = NULL;
	struct gate_outcome outcome;
	struct report report;
	int code;

	audit_report(audit, &report);
	gate_judge(&audit->options.gate, &report, NULL, &outcome);
	style.remediation = flags->remediation;
	screen = written("docker-bench", &report, &style);
	text = written("docker-bench", &report, &plain);
	json = written("docker-bench-json", &report, &plain);
	if (!cli_write_stdout("docker-bench", screen->str, screen->len))
		audit->io_failed = true;
	if (!make_folder(flags) ||
	    !write_logs(flags->log != NULL ? flags->log : standard_log, text, json))
		audit->io_failed = true;
	audit_say_notices(audit, &report);
	code = gate_exit(&outcome, audit->io_failed);
	g_free(outcome.text);
	return code;
}

static int run(struct audit *audit, const struct flags *flags)
{
	int code = CLI_USAGE;
	guint limit = 0;

	fill_options(flags, &audit->options);
	if (!read_limit(flags, &limit, &code) || !audit_prepare(audit, &code) ||
	    !choose(audit, flags, &code) || !audit_judge(audit, &code))
		return code;
	return conclude(audit, flags, limit);
}

/* The script ignores words and goes on, and so scripts that give one go on here. */
static void say_ignored(char *const *words)
{
	for (guint i = 0; words[i] != NULL; i++)
		cli_say("docker-bench", "'%s' is ignored: it belongs to no flag", words[i]);
}

int cmd_docker_bench(int argc, char **argv)
{
	struct audit audit = {.command = "docker-bench"};
	struct flags flags = {0};
	const GOptionEntry entries[] = {
		HOST_ENDPOINT_OPTIONS(&audit.options.engine),
		{"root", 0, 0, G_OPTION_ARG_FILENAME, &audit.options.root_dir, NULL, NULL},
		{"facts", 0, 0, G_OPTION_ARG_FILENAME, &audit.options.facts_path, NULL, NULL},
		{"no-color", 'b', 0, G_OPTION_ARG_NONE, &flags.no_color, NULL, NULL},
		{"log", 'l', 0, G_OPTION_ARG_FILENAME, &flags.log, NULL, NULL},
		{"users", 'u', 0, G_OPTION_ARG_STRING, &flags.users, NULL, NULL},
		{"check", 'c', 0, G_OPTION_ARG_STRING, &flags.only, NULL, NULL},
		{"exclude-check", 'e', 0, G_OPTION_ARG_STRING, &flags.skip, NULL, NULL},
		{"include", 'i', 0, G_OPTION_ARG_STRING, &flags.include, NULL, NULL},
		{"exclude", 'x', 0, G_OPTION_ARG_STRING, &flags.exclude, NULL, NULL},
		{"label", 't', 0, G_OPTION_ARG_STRING, &flags.labels, NULL, NULL},
		{"limit", 'n', 0, G_OPTION_ARG_STRING, &flags.limit, NULL, NULL},
		{"remediation", 'p', 0, G_OPTION_ARG_NONE, &flags.remediation, NULL, NULL},
		G_OPTION_ENTRY_NULL,
	};
	const struct cli_options spec = {.command = "docker-bench",
					 .help = help,
					 .entries = entries,
					 .takes_arguments = true};
	g_auto(GStrv) words = NULL;
	int code = CLI_USAGE;

	if (cli_parse(&spec, argc, argv, &words, &code)) {
		say_ignored(words);
		code = run(&audit, &flags);
	} else if (code == CLI_USAGE) {
		fputs(help, stderr);
	}
	flags_done(&flags);
	audit_done(&audit);
	return code;
}
