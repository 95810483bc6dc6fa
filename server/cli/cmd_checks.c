/* SPDX-License-Identifier: Apache-2.0 */
/* `plimsoll checks`: what a benchmark asks, as a list for people or for programs. */
#include <stdio.h>
#include <string.h>

#include "proto/json.h"
#include "server/cli/checks_markdown.h"
#include "server/cli/cli.h"
#include "server/cli/commands.h"

static const char help[] =
	"usage: plimsoll checks [--benchmark NAME] [--json | --markdown]\n"
	"\n"
	"Lists the checks of a benchmark: id, severity, check, title.\n"
	"\n"
	"  --benchmark NAME  default: " CLI_DEFAULT_BENCHMARK "\n"
	"  --json            array of {id,check,title,section,level,groups,status,\n"
	"                    severity}; groups: implementation groups, CIS Controls v8\n"
	"  --markdown        every check of the catalogue with its rule, and where\n"
	"                    docker-bench-security decides otherwise (checks/CHECKS.md)\n"
	"  -h, --help        this text\n"
	"\n"
	"examples:\n"
	"  plimsoll checks\n"
	"  plimsoll checks | grep critical\n"
	"  plimsoll checks --json | jq -r '.[] | [.id, .check] | @tsv'\n";

static char *list_text(const struct benchmark *benchmark)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < benchmark->n_entries; i++) {
		const struct benchmark_entry *entry = &benchmark->entries[i];

		g_string_append_printf(text, "%-7s %-9s %-40s %s\n", entry->id,
				       severity_text(entry->check->severity), entry->check->name,
				       entry->title);
	}
	return g_string_free(text, FALSE);
}

/* 0 stands for "the benchmark does not say": null, as absent is never a number. */
static struct json *new_level(const struct benchmark_entry *entry)
{
	return entry->level == 0 ? json_new_null() : json_new_integer(entry->level);
}

/* The implementation groups of the CIS Controls v8; null as above. */
static struct json *new_groups(const struct benchmark_entry *entry)
{
	struct json *value;

	if (!entry->has_groups)
		return json_new_null();
	value = json_array_new();
	for (unsigned i = 0; entry->groups >> i != 0; i++)
		if ((entry->groups >> i & 1) != 0)
			json_append(value, json_new_integer(i + 1));
	return value;
}

static struct json *new_entry(const struct benchmark_entry *entry)
{
	struct json *value = json_object_new();

	json_set(value, "id", json_new_string(entry->id));
	json_set(value, "check", json_new_string(entry->check->name));
	json_set(value, "title", json_new_string(entry->title));
	json_set(value, "section", json_new_string(entry->section));
	json_set(value, "level", new_level(entry));
	json_set(value, "groups", new_groups(entry));
	json_set(value, "status", json_new_string(entry->status));
	json_set(value, "severity", json_new_string(severity_text(entry->check->severity)));
	return value;
}

static char *list_json(const struct benchmark *benchmark)
{
	PLIMSOLL_AUTO(json) *root = json_array_new();
	g_autofree char *text = NULL;

	for (guint i = 0; i < benchmark->n_entries; i++)
		json_append(root, new_entry(&benchmark->entries[i]));
	text = json_text(root, true);
	return g_strconcat(text, "\n", NULL);
}

static int list(const char *name, bool as_json, bool as_markdown)
{
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(catalogue) *catalogue = catalogue_new(CLI_CHECKS_DIR, &error);
	const struct benchmark *benchmark;
	g_autofree char *text = NULL;

	if (catalogue == NULL) {
		cli_say("checks", "%s", error->message);
		return CLI_USAGE;
	}
	benchmark = catalogue_benchmark(catalogue, name);
	if (benchmark == NULL)
		return cli_unknown_benchmark("checks", catalogue, name);
	if (as_markdown)
		text = checks_markdown(catalogue);
	else
		text = as_json ? list_json(benchmark) : list_text(benchmark);
	return cli_write_stdout("checks", text, strlen(text)) ? CLI_DONE : CLI_IO;
}

int cmd_checks(int argc, char **argv)
{
	gboolean as_json = FALSE;
	gboolean as_markdown = FALSE;
	g_autofree char *name = NULL;
	const GOptionEntry entries[] = {
		{"benchmark", 0, 0, G_OPTION_ARG_STRING, &name, NULL, NULL},
		{"json", 0, 0, G_OPTION_ARG_NONE, &as_json, NULL, NULL},
		{"markdown", 0, 0, G_OPTION_ARG_NONE, &as_markdown, NULL, NULL},
		G_OPTION_ENTRY_NULL,
	};
	const struct cli_options options = {.command = "checks", .help = help, .entries = entries};
	int done;

	if (!cli_parse(&options, argc, argv, NULL, &done))
		return done;
	if (as_json && as_markdown)
		return cli_usage("checks", "--json or --markdown, not both");
	return list(name != NULL ? name : CLI_DEFAULT_BENCHMARK, as_json, as_markdown);
}
