/* SPDX-License-Identifier: Apache-2.0 */
/* The program `plimsoll`, for operators and the server: picks a command from one table. */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "checks/sql_session.h"
#include "server/cli/cli.h"
#include "server/cli/commands.h"

static const struct command commands[] = {
	{"audit", "audit the Docker host that this runs on", cmd_audit},
	{"scan", "audit Docker hosts over SSH, one or many", cmd_scan},
	{"checks", "list the checks of a benchmark", cmd_checks},
	{"explain", "explain a check, or the score", cmd_explain},
	{"why", "show what the verdict of a check rests on", cmd_why},
	{"compare", "set a log of docker-bench-security beside our verdicts", cmd_compare},
	{"docker-bench", "run as docker-bench-security does, by its flags", cmd_docker_bench},
	{"setup", "make a server's installation", cmd_setup},
	{"serve", "run the server", cmd_serve},
	{"token", "make a join string for a new host", cmd_token},
	{"signin-link", "make an address that signs a browser in", cmd_signin_link},
	{"hosts", "list, show, retire, forget and import hosts", cmd_hosts},
	{"version", "say which release this is", cmd_version},
};

static char *overview(void)
{
	GString *text = g_string_new("plimsoll audits Docker hosts against the CIS Docker "
				     "Benchmark.\n\nusage: plimsoll COMMAND [OPTION]...\n\n");

	for (guint i = 0; i < G_N_ELEMENTS(commands); i++)
		g_string_append_printf(text, "  %-12s %s\n", commands[i].name, commands[i].summary);
	g_string_append(text, "\n'plimsoll COMMAND --help' tells more about one of them.\n\n"
			      "examples:\n"
			      "  sudo plimsoll audit\n"
			      "  sudo plimsoll audit --fail-on high -o html=report.html\n"
			      "  plimsoll explain 5.5\n");
	return g_string_free(text, FALSE);
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
	const char *near;

	for (guint i = 0; i < G_N_ELEMENTS(commands); i++)
		names[i] = commands[i].name;
	near = cli_suggest(name, names, G_N_ELEMENTS(names));
	if (near != NULL)
		return cli_usage(NULL, "unknown command '%s'; did you mean '%s'?", name, near);
	return cli_usage(NULL, "unknown command '%s'", name);
}

static bool is_one_of(const char *word, const char *first, const char *second, const char *third)
{
	return strcmp(word, first) == 0 || strcmp(word, second) == 0 || strcmp(word, third) == 0;
}

/* "help audit" is "audit --help". */
static int show_help(const char *name)
{
	const struct command *command = find_command(name);
	char help[] = "--help";
	char *argv[] = {(char *)(guintptr)name, help, NULL};

	return command == NULL ? refuse_command(name) : command->run(2, argv);
}

/*
 * A file must never be opened as descriptor 1: what is printed would go into it. Standard
 * descriptors that the caller closed are held open for reading, so that writing to them fails as it
 * should.
 */
static void hold_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", O_RDONLY) < 0)
			_exit(CLI_IO);
}

int main(int argc, char **argv)
{
	g_autofree char *text = overview();
	const struct command *command;

	hold_standard_descriptors();
	sql_session_startup();
	/* Characters as the terminal has them, numbers as machines want them. */
	setlocale(LC_CTYPE, "");
	if (argc < 2) {
		fputs(text, stderr);
		return CLI_USAGE;
	}
	if (argc > 2 && strcmp(argv[1], "help") == 0)
		return show_help(argv[2]);
	if (is_one_of(argv[1], "-h", "--help", "help"))
		return cli_write_stdout(NULL, text, strlen(text)) ? CLI_DONE : CLI_IO;
	command = find_command(is_one_of(argv[1], "-V", "--version", "version") ? "version"
										: argv[1]);
	if (command == NULL)
		return refuse_command(argv[1]);
	return command->run(argc - 1, argv + 1);
}
