/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the evaluate_*.c files share: prepared checks (evaluate_query.c), the run over one snapshot
 * (evaluate.c), the collecting of items (evaluate_item.c), and why something is unknown
 * (evaluate_reason.c). Tests and the lint include it; nothing else does.
 */
#ifndef PLIMSOLL_CHECKS_EVALUATE_INTERNAL_H
#define PLIMSOLL_CHECKS_EVALUATE_INTERNAL_H

#include "checks/evaluate.h"
#include "checks/sql_session.h"
#include "checks/subject.h"

/* Columns of the statement over subjects of a check with `fail`. */
enum {
	SUBJECT_ORD,
	SUBJECT_WHERE_UNKNOWN, /* 1: `where` gave NULL */
	SUBJECT_FAIL,
	SUBJECT_OBSERVED,
	SUBJECT_EXPECTED,
	SUBJECT_REASON,
	SUBJECT_NOTE,
	SUBJECT_SOURCE
};

/* Columns that an `items` query may have, by name and in any order. */
enum item_column {
	ITEM_SUBJECT,
	ITEM_VERDICT,
	ITEM_LABEL,
	ITEM_DISCRIMINATOR,
	ITEM_OBSERVED,
	ITEM_EXPECTED,
	ITEM_REASON,
	ITEM_NOTE,
	ITEM_SOURCE,
	ITEM_KIND, /* kind of the subject, where it is not the check's own: 'service' */
	ITEM_COLUMN_COUNT
};

/* What statements read, and whom to ask when it is not there. */
struct reads {
	GArray *columns;         /* struct sql_read */
	GPtrArray *groups;       /* of the columns, each once: names of schema.h */
	GPtrArray *table_groups; /* of the tables as a whole */
	unsigned since; /* the newest schema that a column needs, and which column that is */
	struct sql_read newest;
};

/* One form of one check, ready to run. */
struct query {
	const struct check *check;
	const struct check_variant *variant; /* NULL = the check's own form */
	const struct subject_kind *kind;
	const struct facts_table *table; /* of the kind */
	bool decides;                    /* by `fail`: subjects has all columns */
	sqlite3_stmt *applies;           /* NULL = always */
	sqlite3_stmt *subjects;          /* NULL = manual, one item */
	sqlite3_stmt *items;             /* NULL = by `fail` */
	int columns[ITEM_COLUMN_COUNT];  /* of items; -1 = not there */
	struct reads applies_reads;
	struct reads reads; /* of subjects and items */
	bool reads_history;
};

struct evaluator {
	struct sql_session *session;
	GPtrArray *queries; /* struct query, in catalogue order */
};

/* One evaluation under way. */
struct run {
	struct evaluator *evaluator;
	const struct evaluate_input *input;
	const Plimsoll__Facts *facts;
	struct arena *arena;
	struct item
		*described[SUBJECT_KINDS]; /* by ordinal, made on demand: many checks name them */
};

/* ---- evaluate_query.c ---- */

/* error: EVALUATE_ERROR, "file:line:column: check NAME: ...". */
struct query *query_new(struct sql_session *session, const struct check *check,
			const struct check_variant *variant, GError **error);
void query_free(struct query *query);

/* ---- evaluate_item.c ---- */

/* The items of one result while they come in. */
struct items {
	struct run *run;
	const struct query *query;
	GArray *array; /* struct item */
	guint counts[VERDICT_COUNT];
	guint64 rows;
	const char *forced; /* a reason: every item is unknown because of it; NULL = none */
	struct {
		const char *reason, *code, *text;
	} last; /* the reason of the last item that had one: mostly the next one's too */
};

/* A text of a statement's row, cut to its limit, valid, and in the arena. NULL stays NULL. */
const char *items_text(const struct items *items, sqlite3_stmt *statement, int column);
/* Fills reason and reason_text, or clears them where the verdict needs none. */
void items_add(struct items *items, struct item *item, const char *reason);
/* Sorts, drops what is not applicable beside other items, and rolls up. */
void items_finish(struct items *items, struct result *result);

/* ---- evaluate_reason.c ---- */

void reads_init(struct reads *reads);
void reads_done(struct reads *reads);
/* Looks the columns up in the schema, once they are complete. */
void reads_complete(struct reads *reads);
const char *table_group(const struct facts_table *table);

/* Why a check that read these columns could not decide; row == NULL: not about one row. */
const char *default_reason(const struct run *run, const struct reads *reads,
			   const struct facts_table *table, const struct facts_row *row);
/* The reason why a table that shows no row may not be empty; NULL = it is empty. */
const char *empty_reason(const struct run *run, const struct facts_table *table);
/* Calls back for each group of the query's tables that was cut short. */
void each_truncation(struct items *items,
		     void (*each)(struct items *items, const char *reason, const char *group));

/* ---- evaluate.c ---- */

/* As evaluator_run(), with derived facts made by the caller. */
struct evaluation *evaluator_run_derived(struct evaluator *evaluator,
					 const struct evaluate_input *input,
					 const Derived__Derived *derived,
					 bool (*wanted)(const struct check *check, void *data),
					 void *data, GError **error);

#endif
