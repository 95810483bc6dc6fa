/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every command of `plimsoll` shares: exit codes, one way to read options, one way to refuse
 * them. stdout carries the result, stderr everything else.
 */
#ifndef PLIMSOLL_SERVER_CLI_CLI_H
#define PLIMSOLL_SERVER_CLI_CLI_H

#include <glib.h>
#include <stdbool.h>

#include "checks/catalogue.h"

/* The contract that scripts rely on; where several apply: 2 before 4 before 1 before 3. */
enum cli_exit {
	CLI_DONE = 0,
	CLI_GATE_FAILED = 1,
	CLI_USAGE = 2, /* usage or configuration */
	CLI_INCOMPLETE = 3,
	CLI_IO = 4, /* files or transport */
	CLI_INTERRUPTED = 130
};

/* Judged by when nobody says otherwise. */
#define CLI_DEFAULT_BENCHMARK "cis-docker-1.6.0"
/* A site's own checks. */
#define CLI_CHECKS_DIR "/etc/plimsoll/checks.d"

/* A row of main.c's table. argv[0] is the command's name; the answer is an exit code. */
struct command {
	const char *name;
	const char *summary; /* one line of the overview */
	int (*run)(int argc, char **argv);
};

/* A command's options. */
struct cli_options {
	const char *command;         /* "audit", or "token create" */
	const char *help;            /* whole text of --help: one screen, with examples */
	const GOptionEntry *entries; /* ends with a NULL row; -h and --help are added */
	bool takes_arguments;        /* words besides options are welcome */
};

/*
 * Reads the options of a command. When the command is already over (--help, bad usage) everything
 * is said, and ret_exit holds its exit code.
 *
 * ret_words  the words that are no options; free with g_strfreev(). NULL when takes_arguments is
 *            false.
 * returns    whether the command shall go on.
 */
bool cli_parse(const struct cli_options *options, int argc, char **argv, char ***ret_words,
	       int *ret_exit);

/* Says "plimsoll COMMAND: TEXT" on stderr, foreign text made harmless. */
void cli_say(const char *command, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* The same, with a pointer to --help; returns CLI_USAGE. */
int cli_usage(const char *command, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Refuses a benchmark's name and lists those that there are; returns CLI_USAGE. */
int cli_unknown_benchmark(const char *command, const struct catalogue *catalogue, const char *name);
/* A check as people write it: "check_5_5" of docker-bench becomes "5.5". free with g_free(). */
char *cli_plain_check(const char *word);
/* The check that people mean by its name, or by its number in a benchmark. NULL: refused with the
 * nearest one, ret_exit is CLI_USAGE. */
const struct check *cli_find_check(const char *command, const struct catalogue *catalogue,
				   const struct benchmark *benchmark, const char *word,
				   int *ret_exit);
/* Writes a result to stdout; false (and said) when that fails. */
bool cli_write_stdout(const char *command, const char *text, size_t size);

/*
 * The nearest of n words, for "did you mean"; NULL when none is near. The answer is one of `words`.
 */
const char *cli_suggest(const char *word, const char *const *words, guint n_words);

#endif
