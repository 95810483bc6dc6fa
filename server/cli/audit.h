/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One host judged in one process, for every command that does so: what is asked, the facts, the
 * verdicts. The commands differ in what they read from the command line and in what they write.
 */
#ifndef PLIMSOLL_SERVER_CLI_AUDIT_H
#define PLIMSOLL_SERVER_CLI_AUDIT_H

#include "checks/subject_filter.h"
#include "proto/arena.h"
#include "proto/facts_json.h"
#include "server/cli/audit_options.h"
#include "server/diff/baseline.h"

/* Everything one audit owns. Start from zero, with the command's name and the options. */
struct audit {
	const char *command; /* "audit", for messages; static storage */
	struct audit_options options;
	bool has_more; /* hosts are to follow: the evaluator stays */
	/* ---- from here on filled by audit_prepare() ---- */
	struct catalogue *catalogue;
	const struct benchmark **benchmarks;
	guint n_benchmarks;
	struct parameter_values *parameters;
	/* ---- by audit_judge() and audit_report() ---- */
	GHashTable *selected; /* const struct check * */
	GArray *filters;      /* struct report_filter */
	struct subject_filter *filter;
	GThread *preparing;   /* makes the evaluator; NULL = nobody does */
	GError *not_prepared; /* why it could not */
	struct evaluator *evaluator;
	struct collection *collection;
	struct evaluation *evaluation;
	struct report_benchmark *scored;
	struct arena *arena;
	struct baseline *baseline;
	GHashTable *new_checks; /* const struct check *: fail where the baseline does not */
	bool io_failed;
};

/* Loads the catalogue and finds the benchmarks of the options. On false everything is said, and
 * ret_exit is the command's exit code; so for the others. */
bool audit_prepare(struct audit *audit, int *ret_exit);
/* One more; NULL, and one that is there already, add nothing. Before audit_judge(). */
void audit_add_benchmark(struct audit *audit, const struct benchmark *benchmark);
/* After audit_prepare(): collects or reads the facts, saves them where asked for, and judges them.
 */
bool audit_judge(struct audit *audit, int *ret_exit);
void audit_done(struct audit *audit);

/* The two halves of audit_judge(), for who collects otherwise: what is asked, once; then one host
 * after the other. Takes the collection. */
bool audit_plan(struct audit *audit, int *ret_exit);
/* Makes the evaluator now, so that what it finds wrong with a site's checks stops no sweep later.
 */
bool audit_make_evaluator(struct audit *audit, int *ret_exit);
bool audit_take(struct audit *audit, struct collection *collection, int *ret_exit);
/* Forgets the host and keeps the plan. */
void audit_forget(struct audit *audit);

/* The finished audit, for the formats. It borrows from the audit. */
void audit_report(struct audit *audit, struct report *ret_report);
/* The end of an audit of one host: every output, and what the gate says. Answers the exit code. */
int audit_conclude(struct audit *audit);
/* Says on stderr what readers must know who see no table. */
void audit_say_notices(const struct audit *audit, const struct report *report);

#endif
