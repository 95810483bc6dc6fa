/* SPDX-License-Identifier: Apache-2.0 */
/* `plimsoll explain`: what a check wants, why, how to mend it, and what exactly decides it. */
#include <string.h>

#include "server/cli/cli.h"
#include "server/cli/commands.h"
#include "server/format/text.h"

static const char help[] =
	"usage: plimsoll explain CHECK|ID|score|parameters [--benchmark NAME]\n"
	"\n"
	"Explains a check: what it wants, why, the fix and what that may break, and the\n"
	"expression that decides. 'score' explains the score, 'parameters' what a site\n"
	"can decide itself.\n"
	"\n"
	"  --benchmark NAME  whose ids are meant; default: " CLI_DEFAULT_BENCHMARK "\n"
	"  -h, --help        this text\n"
	"\n"
	"examples:\n"
	"  plimsoll explain container-privileged\n"
	"  plimsoll explain 5.5\n"
	"  plimsoll explain score\n";

static const char score_text[] =
	"The score is the share of checks that pass, among those that can be decided by\n"
	"looking: 100 x pass / (pass + fail + unknown).\n"
	"\n"
	"Inside are the checks that can end both ways. Outside, and shown beside the score,\n"
	"are checks that\n"
	"  - a person must look at (manual), or that can only pass or be manual,\n"
	"  - do not apply to this host (not_applicable),\n"
	"  - need a parameter of your site that is not set.\n"
	"\n"
	"Unknown counts like a failure: what could not be looked at never lifts the score.\n"
	"Coverage says how much could be looked at: (pass + fail) / (pass + fail + unknown).\n"
	"A check fails when one of its items fails; it is unknown when none fails and at\n"
	"least one could not be seen.\n"
	"\n"
	"Severity does not weigh. Read the score beside the number of critical failures: one\n"
	"privileged container matters more than ten missing labels.\n"
	"\n"
	"\"70.0 %, 35 of 50, coverage 94.0 %\" reads: 50 checks count here, 35 of them pass,\n"
	"and 47 could be decided at all. The counts per verdict are of all checks; those per\n"
	"severity say which of them to begin with.\n"
	"\n"
	"An audit of a selection (--only, --skip, --severity) has the score of that selection,\n"
	"and every format says so: it does not compare with a score of the whole host.\n"
	"Benchmarks number and count other checks: two of them in one audit\n"
	"(--benchmark 1.6.0,1.8.0) show check by check what moves from one to the other.\n"
	"\n"
	"docker_bench (in -o json) is the same verdicts in docker-bench-security's arithmetic:\n"
	"pass +1, fail -1, everything else 0, over the checks that it scores; max is the most\n"
	"that this host can reach, the scored checks that apply to it.\n";

static const char parameters_text[] =
	"Some checks depend on what a site decided: who may use the Engine, which release is\n"
	"recent enough. Until the site says so they ask a person; with the parameter set they\n"
	"pass or fail, and count in the score.\n"
	"\n"
	"  trusted_users        users who may use the Engine's socket: alice, bob; an empty\n"
	"                       list trusts nobody but root\n"
	"  swarm_intended       yes or no: whether hosts are to be in a swarm\n"
	"  min_engine_version   oldest release of the Engine that is good enough: 24.0.7\n"
	"  node_cert_max_hours  longest life of a swarm node's certificate: 2160\n"
	"  trusted_registries   where images may come from: docker.io, registry.example:5000\n"
	"\n"
	"For one audit: plimsoll audit --parameter trusted_users=alice,bob\n"
	"For every audit on a host: /etc/plimsoll/plimsoll.conf (and plimsoll.conf.d/*.conf),\n"
	"\n"
	"  [parameters]\n"
	"  trusted_users = alice, bob\n"
	"\n"
	"For a fleet: the same in server.conf, for all hosts and for groups of them, which are\n"
	"made of labels ('plimsoll hosts label web1 env=prod'):\n"
	"\n"
	"  [parameters env=prod]\n"
	"  min_engine_version = 27.0\n"
	"\n"
	"A group's value goes before the one of all hosts; of several groups that a host is\n"
	"in, the later one in the file wins. The server reads the file when it starts; a host\n"
	"is judged anew when its next report comes.\n";

static const struct {
	const char *name;
	const char *text;
} topics[] = {{"score", score_text}, {"parameters", parameters_text}};

/* A block of the catalogue's prose under a heading, each line made harmless and indented. */
static void add_block(GString *out, const char *heading, const char *text)
{
	g_auto(GStrv) lines = text == NULL ? NULL : g_strsplit(text, "\n", -1);

	if (lines == NULL)
		return;
	g_string_append_printf(out, "\n%s\n", heading);
	for (guint i = 0; lines[i] != NULL; i++) {
		if (*lines[i] == '\0')
			continue;
		g_string_append(out, "  ");
		text_append(out, lines[i], TEXT_MAX_CHARS, !g_get_charset(NULL));
		g_string_append_c(out, '\n');
	}
}

/* Older benchmarks are known without the status of some entries. */
static void add_number(GString *out, const struct benchmark *benchmark,
		       const struct benchmark_entry *entry)
{
	g_string_append_printf(out, "  %s %s: %s", benchmark->title, entry->id, entry->title);
	if (entry->status != NULL)
		g_string_append_printf(out, " (%s)", entry->status);
	g_string_append_c(out, '\n');
}

static void add_numbers(GString *out, const struct catalogue *catalogue, const struct check *check)
{
	guint n = 0;
	const struct benchmark *benchmarks = catalogue_benchmarks(catalogue, &n);

	for (guint b = 0; b < n; b++) {
		for (guint i = 0; i < benchmarks[b].n_entries; i++) {
			const struct benchmark_entry *entry = &benchmarks[b].entries[i];

			if (entry->check == check)
				add_number(out, &benchmarks[b], entry);
		}
	}
}

static const char *mode_text(enum mode mode)
{
	switch (mode) {
	case MODE_AUTOMATIC:
		return "passes or fails; counts in the score";
	case MODE_ONE_SIDED:
		return "passes or asks for a look; outside the score";
	case MODE_PARAMETER:
		return "asks for a look until its site parameter is set; then counts in the score\n"
		       "('plimsoll explain parameters')";
	case MODE_MANUAL:
		return "asks for a look; outside the score";
	case MODE_OBSOLETE:
		break;
	}
	return "obsolete; outside the score";
}

/* The variants beside the form that is shown, if any. */
static void add_expressions(GString *out, const struct check *check)
{
	add_block(out, "Applies when", check->applies.text);
	add_block(out, "To which", check->where.text);
	add_block(out, "Fails when", check->fail.text);
	add_block(out, "Decided by", check->items.text);
	for (guint i = 0; i < check->n_variants; i++) {
		const struct check_variant *variant = &check->variants[i];
		g_autofree char *fail = g_strdup_printf("Fails when (variant %s)", variant->name);
		g_autofree char *items = g_strdup_printf("Decided by (variant %s)", variant->name);

		add_block(out, fail, variant->fail.text);
		add_block(out, items, variant->items.text);
	}
}

static char *check_text(const struct catalogue *catalogue, const struct check *check)
{
	GString *out = g_string_new(NULL);

	g_string_append_printf(out, "%s\n%s, severity %s: %s\n", check->title, check->name,
			       severity_text(check->severity), mode_text(check->mode));
	add_numbers(out, catalogue, check);
	add_block(out, "Retired", check->retired);
	add_block(out, "Why", check->why);
	add_block(out, "Fix", check->fix);
	add_block(out, "Fix on a rootless engine", check->fix_rootless);
	add_block(out, "Impact", check->impact);
	add_expressions(out, check);
	return g_string_free(out, FALSE);
}

static int explain_check(const struct catalogue *catalogue, const struct benchmark *benchmark,
			 const char *word)
{
	int code = CLI_USAGE;
	const struct check *check = cli_find_check("explain", catalogue, benchmark, word, &code);
	g_autofree char *text = NULL;

	if (check == NULL)
		return code;
	text = check_text(catalogue, check);
	return cli_write_stdout("explain", text, strlen(text)) ? CLI_DONE : CLI_IO;
}

static int explain(const char *benchmark_name, const char *word)
{
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(catalogue) *catalogue = NULL;
	const struct benchmark *benchmark;

	for (guint i = 0; i < G_N_ELEMENTS(topics); i++)
		if (strcmp(word, topics[i].name) == 0)
			return cli_write_stdout("explain", topics[i].text, strlen(topics[i].text))
				       ? CLI_DONE
				       : CLI_IO;
	catalogue = catalogue_new(CLI_CHECKS_DIR, &error);
	if (catalogue == NULL) {
		cli_say("explain", "%s", error->message);
		return CLI_USAGE;
	}
	benchmark = catalogue_benchmark(catalogue, benchmark_name);
	if (benchmark == NULL)
		return cli_unknown_benchmark("explain", catalogue, benchmark_name);
	return explain_check(catalogue, benchmark, word);
}

int cmd_explain(int argc, char **argv)
{
	g_autofree char *name = NULL;
	g_auto(GStrv) words = NULL;
	const GOptionEntry entries[] = {
		{"benchmark", 0, 0, G_OPTION_ARG_STRING, &name, NULL, NULL},
		G_OPTION_ENTRY_NULL,
	};
	const struct cli_options options = {
		.command = "explain", .help = help, .entries = entries, .takes_arguments = true};
	int done;

	if (!cli_parse(&options, argc, argv, &words, &done))
		return done;
	if (g_strv_length(words) != 1)
		return cli_usage("explain", "name one check, an id, 'score' or 'parameters'");
	return explain(name != NULL ? name : CLI_DEFAULT_BENCHMARK, words[0]);
}
