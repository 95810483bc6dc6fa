/* SPDX-License-Identifier: Apache-2.0 */
/* The options of `plimsoll audit`, read and checked against each other. */
#ifndef PLIMSOLL_SERVER_CLI_AUDIT_OPTIONS_H
#define PLIMSOLL_SERVER_CLI_AUDIT_OPTIONS_H

#include "agent/host.h"
#include "server/cli/cli.h"
#include "server/cli/gate.h"
#include "server/format/format.h"

enum color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

/* -o FORMAT[=FILE] */
struct audit_output {
	const struct format *format;
	char *path; /* NULL = standard output */
};

struct audit_options {
	const char *command; /* whose options these are, for messages; static storage */
	struct host_endpoint_flags engine;
	char *root_dir;
	char *facts_path;
	char *save_facts_path;
	char *baseline_path; /* an earlier report; NULL = none */
	char **benchmarks;   /* never empty */
	char *config_path;   /* NULL = the one of the machine, if there */
	char **parameters;   /* NAME=VALUE; NULL = none */
	char **only;         /* words; NULL = everything */
	char **skip;
	enum severity min_severity;
	char **include; /* containers and images by name; NULL = all */
	char **exclude;
	char **labels;
	bool regex; /* include and exclude are regular expressions, not globs */
	struct gate gate;
	struct audit_output *outputs; /* never empty */
	guint n_outputs;
	bool show_all;
	bool verbose;
	bool quiet;
	enum color color;
};

/*
 * Reads the command line of `plimsoll audit`. When there is nothing to audit (--help, bad usage)
 * everything is said, and ret_exit holds the exit code.
 *
 * ret_options  free with audit_options_done(), also after false.
 */
bool audit_options_read(int argc, char **argv, struct audit_options *ret_options, int *ret_exit);

/*
 * The same for another command that judges: how it is judged and written is asked as audit asks it;
 * whom is asked stands in rows of its own.
 *
 * spec  of the other command; its entries end with a NULL row.
 */
bool audit_options_read_for(const struct cli_options *spec, int argc, char **argv,
			    struct audit_options *ret_options, char ***ret_words, int *ret_exit);
void audit_options_done(struct audit_options *options);

#endif
