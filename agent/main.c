/* SPDX-License-Identifier: Apache-2.0 */
/* The program `plimsoll-agent`, on the audited host: picks a command from one table. */
#include <stdio.h>
#include <string.h>

#include "agent/cli/command.h"
#include "agent/cli/commands.h"

static const struct command commands[] = {
	{"collect", "collect what an audit of this host needs", cmd_collect},
	{"enroll", "enrol this host at a server", cmd_enroll},
	{"run", "collect and deliver, every hour or once", cmd_run},
	{"ship", "deliver what waits, without collecting", cmd_ship},
	{"status", "say where this host is enrolled and how the last report went", cmd_status},
	{"leave", "give up this host's place at its server", cmd_leave},
	{"version", "say which release this is", cmd_version},
};

static int show_overview(FILE *stream)
{
	fputs("plimsoll-agent collects what an audit of this Docker host needs, and ships it.\n\n"
	      "usage: plimsoll-agent COMMAND [OPTION]...\n\n",
	      stream);
	for (guint i = 0; i < G_N_ELEMENTS(commands); i++)
		fprintf(stream, "  %-10s %s\n", commands[i].name, commands[i].summary);
	fputs("\n'plimsoll-agent COMMAND --help' tells more about one of them.\n", stream);
	return AGENT_DONE;
}

static const struct command *find_command(const char *name)
{
	for (guint i = 0; i < G_N_ELEMENTS(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static int refuse_command(const char *name)
{
	const char *names[G_N_ELEMENTS(commands)];
	const char *nearest = NULL;

	for (guint i = 0; i < G_N_ELEMENTS(commands); i++)
		names[i] = commands[i].name;
	nearest = command_suggest(name, names, G_N_ELEMENTS(names));
	if (nearest != NULL)
		return command_usage(NULL, "unknown command '%s'; did you mean '%s'?", name,
				     nearest);
	return command_usage(NULL, "unknown command '%s'", name);
}

static bool is_either(const char *word, const char *one, const char *other)
{
	return strcmp(word, one) == 0 || strcmp(word, other) == 0;
}

int main(int argc, char **argv)
{
	const struct command *command = NULL;

	if (argc < 2) {
		show_overview(stderr);
		return AGENT_USAGE;
	}
	if (is_either(argv[1], "-h", "--help") || strcmp(argv[1], "help") == 0)
		return show_overview(stdout);
	command = find_command(is_either(argv[1], "-V", "--version") ? "version" : argv[1]);
	return command == NULL ? refuse_command(argv[1]) : command->run(argc - 1, argv + 1);
}
