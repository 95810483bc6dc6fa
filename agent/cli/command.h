/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every command of `plimsoll-agent` shares: exit codes, one way to read options, one way to
 * refuse them. stdout carries the result, stderr everything else.
 */
#ifndef PLIMSOLL_AGENT_CLI_COMMAND_H
#define PLIMSOLL_AGENT_CLI_COMMAND_H

#include <glib.h>
#include <stdbool.h>

/* The contract that scripts rely on; where several apply: 2 before 4 before 3. */
enum agent_exit {
	AGENT_DONE = 0,
	AGENT_USAGE = 2, /* usage or configuration */
	AGENT_INCOMPLETE = 3,
	AGENT_IO = 4, /* files or transport */
	AGENT_INTERRUPTED = 130
};

/* A row of main.c's table. argv[0] is the command's name; the answer is an exit code. */
struct command {
	const char *name;
	const char *summary; /* one line of the overview */
	int (*run)(int argc, char **argv);
};

struct command_options {
	const char *command;         /* "enroll" */
	const char *help;            /* whole text of --help: one screen, with examples */
	const GOptionEntry *entries; /* ends with a NULL row; -h and --help are added */
};

/*
 * Reads the options of a command; words besides options are refused. When the command is already
 * over (--help, bad usage) everything is said, and ret_exit holds its exit code.
 *
 * returns  whether the command shall go on.
 */
bool command_parse(const struct command_options *options, int argc, char **argv, int *ret_exit);

/* Says "plimsoll-agent COMMAND: TEXT" on stderr, in plain ASCII on one line; command NULL: none. */
void command_say(const char *command, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* The same, with a pointer to --help; returns AGENT_USAGE. */
int command_usage(const char *command, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Writes a result to stdout; false (and said) when that fails. */
bool command_write_stdout(const char *command, const char *text, size_t size);

/* The nearest of n words by edit distance, for "did you mean"; NULL when none is near. */
const char *command_suggest(const char *word, const char *const *words, guint n_words);

#endif
