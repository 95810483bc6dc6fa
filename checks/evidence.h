/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a verdict rests on: the facts that the check's statements read, where settings of the daemon
 * come from, and which sources of the host filled those facts. For one check at a time.
 */
#ifndef PLIMSOLL_CHECKS_EVIDENCE_H
#define PLIMSOLL_CHECKS_EVIDENCE_H

#include "checks/evaluate.h"

/* One column of one row. Strings live as long as the evidence. */
struct evidence_fact {
	const char *table;
	const char
		*row; /* what a person calls it: "web", "web /etc"; NULL = the table's only row */
	int64_t ord;  /* of the row within its table or parent */
	const char *column;
	const char *value; /* NULL = not seen */
};

/* One option of the daemon, RULES 0.5. */
struct evidence_setting {
	const char *name;
	const char *value;  /* in effect; NULL = not known, see reason_text */
	const char *origin; /* "argv", "daemon.json", "default"; NULL = not known */
	const char
		*place; /* "/etc/docker/daemon.json line 4"; NULL = no better known than origin */
	const char *configured; /* what the files say now, where that differs; NULL = nothing */
	const char *reason_text;
};

/* One source of facts that the check depends on. */
struct evidence_source {
	const char *source; /* "GET /info", "file:/etc/docker/daemon.json" */
	const char *status; /* "ok", "absent", "permission", ... */
	const char *detail; /* NULL = none */
};

/* A fact that alone would turn the verdict, found by trying. */
struct evidence_turn {
	const char *what; /* "container web: privileged", "setting icc" */
	const char *from, *to;
	enum verdict verdict; /* then */
};

struct evidence {
	const struct evidence_fact *facts; /* by table, row, column; each once */
	guint n_facts;
	const struct evidence_setting *settings; /* by name */
	guint n_settings;
	const struct evidence_source *sources; /* as in the facts */
	guint n_sources;
	const struct evidence_turn *turns; /* at most one for each column of a table */
	guint n_turns;
	struct evaluation *evaluation; /* of the wanted forms of the check */
	struct arena *arena;
};

/*
 * Judges one check and notes what that read, then tries what each yes or no among it would do if
 * it were the other. The evaluator must be prepared for the check, in one form. The facts are
 * changed while it tries, and as they were at the end.
 *
 * gives  evidence, free with evidence_free(); NULL and error as evaluator_run().
 */
struct evidence *evidence_new(struct evaluator *evaluator, const struct evaluate_input *input,
			      const struct check *check, GError **error);
void evidence_free(struct evidence *evidence);
PLIMSOLL_AUTOPTR(evidence, evidence_free)

#endif
