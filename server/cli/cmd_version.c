/* SPDX-License-Identifier: Apache-2.0 */
/* `plimsoll version`: which release this is, for people and for scripts. */
#include <string.h>

#include "proto/schema.h"
#include "server/cli/cli.h"
#include "server/cli/commands.h"

static const char help[] = "usage: plimsoll version [--json]\n"
			   "\n"
			   "Says which release this is.\n"
			   "\n"
			   "  --json      as a JSON object\n"
			   "  -h, --help  this text\n"
			   "\n"
			   "examples:\n"
			   "  plimsoll version\n"
			   "  plimsoll version --json\n"
			   "  plimsoll version --json | jq -r .version\n";

static char *version_text(void)
{
	return g_strdup_printf("plimsoll %s (facts schema %u)\n", PLIMSOLL_VERSION, SCHEMA_CURRENT);
}

/* Constants of the build only, so there is nothing to escape. */
static char *version_json(void)
{
	return g_strdup_printf("{ \"version\": \"%s\", \"facts_schema\": %u }\n", PLIMSOLL_VERSION,
			       SCHEMA_CURRENT);
}

int cmd_version(int argc, char **argv)
{
	gboolean as_json = FALSE;
	const GOptionEntry entries[] = {
		{"json", 0, 0, G_OPTION_ARG_NONE, &as_json, NULL, NULL},
		G_OPTION_ENTRY_NULL,
	};
	const struct cli_options options = {.command = "version", .help = help, .entries = entries};
	g_autofree char *text = NULL;
	int done;

	if (!cli_parse(&options, argc, argv, NULL, &done))
		return done;
	text = as_json ? version_json() : version_text();
	return cli_write_stdout("version", text, strlen(text)) ? CLI_DONE : CLI_IO;
}
