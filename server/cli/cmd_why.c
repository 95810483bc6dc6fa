/* SPDX-License-Identifier: Apache-2.0 */
/* `plimsoll why`: what the verdict of one check on one host rests on, and what would turn it. */
#include <string.h>

#include "server/cli/audit_parameters.h"
#include "server/cli/cli.h"
#include "server/cli/commands.h"
#include "server/cli/gather.h"
#include "server/format/why.h"

static const char help[] =
	"usage: plimsoll why CHECK|ID [OPTION]...\n"
	"\n"
	"Judges one check and shows what the verdict rests on: its items, the facts that were\n"
	"read, where a setting of the daemon comes from (command line and unit file, line of\n"
	"daemon.json, default), the sources of the host that were asked, the expression that\n"
	"decides, and what would turn the verdict.\n"
	"\n"
	"  --facts FILE        judge saved facts (plimsoll audit --save-facts FILE)\n"
	"  --docker-host URL   engine to ask: unix:///PATH or tcp://HOST:PORT; TLS options as "
	"audit\n"
	"  --root DIR          the host's files below DIR (PLIMSOLL_ROOT)\n"
	"  --parameter N=V     a site parameter; --config FILE reads them from a file\n"
	"  --benchmark NAME    whose form and ids are meant; default: " CLI_DEFAULT_BENCHMARK "\n"
	"  -a, --all           all items and facts; otherwise the first of each table\n"
	"  --json              for programs; always all\n"
	"  -h, --help          this text\n"
	"\n"
	"exit: 0 shown, 2 usage, 3 the verdict is unknown, 4 input or output\n"
	"\n"
	"examples:\n"
	"  sudo plimsoll why 2.6\n"
	"  plimsoll why container-privileged --facts host.json --json\n";

struct why {
	char *facts_path, *root_dir, *benchmark, *config_path;
	struct host_endpoint_flags engine;
	char **parameters; /* NAME=VALUE */
	gboolean all, as_json;
	char **words;
};

static void why_done(struct why *why)
{
	g_free(why->facts_path);
	host_endpoint_flags_done(&why->engine);
	g_free(why->config_path);
	g_strfreev(why->parameters);
	g_free(why->root_dir);
	g_free(why->benchmark);
	g_strfreev(why->words);
}

struct wanted {
	const struct check *check;
	const struct check_variant *variant;
};

static bool is_wanted(const struct check *check, const struct check_variant *variant, void *data)
{
	const struct wanted *wanted = data;

	return check == wanted->check && variant == wanted->variant;
}

static const struct benchmark_entry *find_entry(const struct benchmark *benchmark,
						const struct check *check)
{
	for (guint i = 0; i < benchmark->n_entries; i++) {
		if (benchmark->entries[i].check == check)
			return &benchmark->entries[i];
	}
	return NULL;
}

static struct evidence *judge(const struct catalogue *catalogue, const struct wanted *wanted,
			      const struct parameter_values *parameters,
			      const struct collection *collection, GError **error)
{
	int64_t taken_at_s = collection->envelope != NULL ? collection->envelope->taken_at : 0;
	const struct evaluate_input input = {
		.facts = collection->facts,
		.observed = collection->observed,
		.parameters = &parameters->message,
		.schema = collection->envelope != NULL ? collection->envelope->schema : 0,
		.as_of_s = taken_at_s,
		.taken_at_s = taken_at_s,
	};
	PLIMSOLL_AUTO(evaluator) *evaluator =
		evaluator_new_for(catalogue, is_wanted, (gpointer)(uintptr_t)wanted, error);

	return evaluator == NULL ? NULL : evidence_new(evaluator, &input, wanted->check, error);
}

static int show(const struct why *why, const struct benchmark *benchmark,
		const struct benchmark_entry *entry, const struct wanted *wanted,
		const struct evidence *evidence)
{
	const struct result *result = NULL;
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < evidence->evaluation->n_results; i++) {
		if (evidence->evaluation->results[i].variant == wanted->variant)
			result = &evidence->evaluation->results[i];
	}
	g_assert(result != NULL);
	if (why->as_json)
		why_write_json(text, benchmark, entry, result, evidence);
	else
		why_write_text(text, benchmark, entry, result, evidence, why->all);
	if (!cli_write_stdout("why", text->str, text->len))
		return CLI_IO;
	return result->verdict == VERDICT_UNKNOWN ? CLI_INCOMPLETE : CLI_DONE;
}

static int explain_verdict(const struct why *why, const struct catalogue *catalogue,
			   const struct benchmark *benchmark, const struct check *check)
{
	const struct gather gather = {
		.command = "why",
		.facts_path = why->facts_path,
		.engine = &why->engine,
		.root_dir = why->root_dir,
	};
	const struct benchmark_entry *entry = find_entry(benchmark, check);
	const struct wanted wanted = {check, entry == NULL ? NULL : entry->variant};
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(parameter_values) *parameters = NULL;
	PLIMSOLL_AUTO(collection) *collection = NULL;
	PLIMSOLL_AUTO(evidence) *evidence = NULL;
	int code = CLI_IO;

	if (entry == NULL && check->fail.text == NULL && check->items.text == NULL &&
	    check->n_variants > 0)
		return cli_usage("why", "'%s' is not a check of %s", check->name, benchmark->name);
	parameters = audit_parameters_read(why->config_path, why->parameters, &error);
	if (parameters == NULL) {
		cli_say("why", "%s", error->message);
		return CLI_USAGE;
	}
	collection = gather_facts(&gather, &code);
	if (collection == NULL)
		return code;
	evidence = judge(catalogue, &wanted, parameters, collection, &error);
	if (evidence != NULL)
		return show(why, benchmark, entry, &wanted, evidence);
	cli_say("why", "%s", error->message);
	return CLI_USAGE;
}

static int run(const struct why *why)
{
	const char *name = why->benchmark != NULL ? why->benchmark : CLI_DEFAULT_BENCHMARK;
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(catalogue) *catalogue = catalogue_new(CLI_CHECKS_DIR, &error);
	const struct benchmark *benchmark = NULL;
	const struct check *check = NULL;
	int code = CLI_USAGE;

	if (catalogue == NULL) {
		cli_say("why", "%s", error->message);
		return CLI_USAGE;
	}
	benchmark = catalogue_benchmark(catalogue, name);
	if (benchmark == NULL)
		return cli_unknown_benchmark("why", catalogue, name);
	check = cli_find_check("why", catalogue, benchmark, why->words[0], &code);
	return check == NULL ? code : explain_verdict(why, catalogue, benchmark, check);
}

int cmd_why(int argc, char **argv)
{
	struct why why = {0};
	const GOptionEntry entries[] = {
		{"facts", 0, 0, G_OPTION_ARG_FILENAME, &why.facts_path, NULL, NULL},
		HOST_ENDPOINT_OPTIONS(&why.engine),
		{"config", 0, 0, G_OPTION_ARG_FILENAME, &why.config_path, NULL, NULL},
		{"parameter", 0, 0, G_OPTION_ARG_STRING_ARRAY, &why.parameters, NULL, NULL},
		{"root", 0, 0, G_OPTION_ARG_FILENAME, &why.root_dir, NULL, NULL},
		{"benchmark", 0, 0, G_OPTION_ARG_STRING, &why.benchmark, NULL, NULL},
		{"all", 'a', 0, G_OPTION_ARG_NONE, &why.all, NULL, NULL},
		{"json", 0, 0, G_OPTION_ARG_NONE, &why.as_json, NULL, NULL},
		G_OPTION_ENTRY_NULL,
	};
	const struct cli_options options = {
		.command = "why", .help = help, .entries = entries, .takes_arguments = true};
	int code = CLI_USAGE;

	if (cli_parse(&options, argc, argv, &why.words, &code)) {
		guint n = g_strv_length(why.words);

		code = n == 1 ? run(&why)
			      : cli_usage("why", n == 0 ? "which check?" : "one check at a time");
	}
	why_done(&why);
	return code;
}
