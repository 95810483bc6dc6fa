/* SPDX-License-Identifier: Apache-2.0 */
/* One form of one check as prepared statements, with what they read. Internal to the evaluator. */
#ifndef PLIMSOLL_CHECKS_EVALUATE_QUERY_H
#define PLIMSOLL_CHECKS_EVALUATE_QUERY_H

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
	SUBJECT_SOURCE,
	SUBJECT_COLUMN_COUNT
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
	const struct facts_table *table;       /* of the kind */
	bool decides;                          /* by `fail`: subjects has all columns */
	bool has_column[SUBJECT_COLUMN_COUNT]; /* of subjects: the check gives it */
	sqlite3_stmt *applies;                 /* NULL = always */
	sqlite3_stmt *subjects;                /* NULL = manual, one item */
	sqlite3_stmt *items;                   /* NULL = by `fail` */
	int columns[ITEM_COLUMN_COUNT];        /* of items; -1 = not there */
	struct reads applies_reads;
	struct reads reads; /* of subjects and items */
	bool reads_history;
};

/* error: EVALUATE_ERROR, "file:line:column: check NAME: ...". */
struct query *query_new(struct sql_session *session, const struct check *check,
			const struct check_variant *variant, GError **error);
void query_free(struct query *query);

/* --- reads (evaluate_reason.c) --- */

void reads_init(struct reads *reads);
void reads_done(struct reads *reads);
/* Looks the columns up in the schema, once they are complete. */
void reads_complete(struct reads *reads);
const char *table_group(const struct facts_table *table);

#endif
