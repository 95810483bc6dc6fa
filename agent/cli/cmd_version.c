/* SPDX-License-Identifier: Apache-2.0 */
/* plimsoll-agent version: which release, and which facts it knows how to collect. */
#include <string.h>

#include "agent/cli/command.h"
#include "agent/cli/commands.h"
#include "proto/schema.h"

static const char help[] = "usage: plimsoll-agent version\n"
			   "\n"
			   "Says which release this is and which schema of facts it fills.\n";

int cmd_version(int argc, char **argv)
{
	static const GOptionEntry entries[] = {G_OPTION_ENTRY_NULL};
	const struct command_options options = {"version", help, entries};
	g_autofree char *text =
		g_strdup_printf("plimsoll-agent %s, schema %u\n", PLIMSOLL_VERSION, SCHEMA_CURRENT);
	int over = AGENT_DONE;

	if (!command_parse(&options, argc, argv, &over))
		return over;
	return command_write_stdout("version", text, strlen(text)) ? AGENT_DONE : AGENT_IO;
}
