/* SPDX-License-Identifier: Apache-2.0 */
/* `plimsoll compare`: a log of docker-bench-security beside our own verdicts. */
#include <string.h>

#include "proto/json.h"
#include "server/cli/audit.h"
#include "server/cli/cli.h"
#include "server/cli/commands.h"
#include "server/cli/compare.h"
#include "server/cli/files.h"
#include "server/cli/terminal.h"

static const char help[] =
	"usage: plimsoll compare FILE [--facts FILE] [OPTION]...\n"
	"\n"
	"Reads the log that docker-bench-security left, judges the same host, and prints\n"
	"where the two differ, on what evidence, and why. FILE is its log.json, or the\n"
	"text log beside it.\n"
	"\n"
	"  --facts FILE       facts saved by audit --save-facts; default: this host, now\n"
	"  --docker-host URL  engine to ask, as in audit; --root DIR too\n"
	"  --benchmark NAME   whose ids the log has; default: told by ids and titles\n"
	"  --json             for programs\n"
	"  -a                 every item\n"
	"  -h, --help         this text\n"
	"\n"
	"exit: 0 done, 2 usage, 3 the Engine could not be asked, 4 I/O\n"
	"\n"
	"examples:\n"
	"  sudo plimsoll compare log/docker-bench-security.log.json\n"
	"  plimsoll compare old.log.json --facts host.json --json\n";

/* What the command line says beside the options of the audit. */
struct compare_options {
	char *benchmark;
	gboolean as_json;
	gboolean show_all;
};

static struct peer_log *read_log(const char *path, int *ret_exit)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	struct peer_log *log = NULL;
	size_t size = 0;

	*ret_exit = CLI_IO;
	text = files_read(path, PEER_LOG_BYTES, &size, &error);
	if (text == NULL) {
		cli_say("compare", "%s", error->message);
		return NULL;
	}
	log = peer_log_read(text, size, &error);
	if (log == NULL)
		cli_say("compare", "'%s': %s", path, error->message);
	if (log == NULL && g_error_matches(error, JSON_ERROR, error->code))
		cli_say("compare", "docker-bench-security writes names as they are, so that a "
				   "quote in one breaks its log.json; the text log beside it can "
				   "be read");
	return log;
}

static bool choose_benchmark(struct audit *audit, const struct compare_options *options,
			     const struct peer_log *log, int *ret_exit)
{
	const struct benchmark *benchmark = NULL;

	if (options->benchmark != NULL)
		return true;
	benchmark = compare_benchmark(audit->catalogue, log);
	if (benchmark == NULL) {
		cli_say("compare", "no check in the log has the number and title of one of ours; "
				   "--benchmark NAME compares by numbers alone");
		*ret_exit = CLI_IO;
		return false;
	}
	audit->benchmarks[0] = benchmark;
	return true;
}

static int conclude(struct audit *audit, const struct compare_options *options,
		    const struct peer_log *log)
{
	const struct format_style style = terminal_style(&audit->options, true);
	g_autoptr(GString) out = g_string_new(NULL);
	struct comparison comparison;
	struct gate_outcome outcome;
	struct report report;
	int code;

	audit_report(audit, &report);
	gate_judge(&audit->options.gate, &report, NULL, &outcome);
	comparison_init(&comparison, log, &report);
	if (options->as_json)
		compare_write_json(out, &comparison);
	else
		compare_write_table(out, &comparison, &style);
	comparison_done(&comparison);
	if (!cli_write_stdout("compare", out->str, out->len))
		audit->io_failed = true;
	code = gate_exit(&outcome, audit->io_failed);
	g_free(outcome.text);
	return code;
}

static int compare(struct audit *audit, const struct compare_options *options, const char *path)
{
	int code = CLI_USAGE;
	PLIMSOLL_AUTO(peer_log) *log = NULL;

	if (audit->options.facts_path != NULL && strcmp(audit->options.facts_path, "-") == 0 &&
	    strcmp(path, "-") == 0)
		return cli_usage("compare", "only one of the log and the facts can be "
					    "standard input");
	audit->options.benchmarks = g_new0(char *, 2);
	audit->options.benchmarks[0] =
		g_strdup(options->benchmark != NULL ? options->benchmark : CLI_DEFAULT_BENCHMARK);
	audit->options.show_all = options->show_all;
	audit->options.min_severity = SEVERITY_LOW;
	log = read_log(path, &code);
	if (log == NULL || !audit_prepare(audit, &code) ||
	    !choose_benchmark(audit, options, log, &code) || !audit_judge(audit, &code))
		return code;
	return conclude(audit, options, log);
}

int cmd_compare(int argc, char **argv)
{
	struct audit audit = {.command = "compare"};
	struct compare_options options = {0};
	const GOptionEntry entries[] = {
		HOST_ENDPOINT_OPTIONS(&audit.options.engine),
		{"root", 0, 0, G_OPTION_ARG_FILENAME, &audit.options.root_dir, NULL, NULL},
		{"facts", 0, 0, G_OPTION_ARG_FILENAME, &audit.options.facts_path, NULL, NULL},
		{"benchmark", 0, 0, G_OPTION_ARG_STRING, &options.benchmark, NULL, NULL},
		{"json", 0, 0, G_OPTION_ARG_NONE, &options.as_json, NULL, NULL},
		{"all", 'a', 0, G_OPTION_ARG_NONE, &options.show_all, NULL, NULL},
		G_OPTION_ENTRY_NULL,
	};
	const struct cli_options spec = {
		.command = "compare", .help = help, .entries = entries, .takes_arguments = true};
	g_auto(GStrv) words = NULL;
	int code = CLI_USAGE;

	if (cli_parse(&spec, argc, argv, &words, &code))
		code = g_strv_length(words) == 1 ? compare(&audit, &options, words[0])
						 : cli_usage("compare", "wants one FILE, a log of "
									"docker-bench-security");
	g_free(options.benchmark);
	audit_done(&audit);
	return code;
}
