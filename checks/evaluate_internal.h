/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the evaluate_*.c files share beside prepared checks: the run over one snapshot (evaluate.c),
 * the collecting of items (evaluate_item.c), and why something is unknown (evaluate_reason.c).
 * Tests, the lint and evidence*.c include it; nothing else does.
 */
#ifndef PLIMSOLL_CHECKS_EVALUATE_INTERNAL_H
#define PLIMSOLL_CHECKS_EVALUATE_INTERNAL_H

#include "checks/evaluate_query.h"

struct evaluator {
	struct sql_session *session;
	GPtrArray *queries; /* struct query, in catalogue order */
	/* Of the check that is being judged; kept, since to grow them again costs more than most
	 * checks. */
	GArray *items;        /* struct item */
	GArray *scope, *seen; /* guint8 by ordinal, see struct subjects */
};

/* One evaluation under way. */
struct run {
	struct evaluator *evaluator;
	const struct evaluate_input *input;
	const Plimsoll__Facts *facts;
	struct arena *arena;
	struct item
		*described[SUBJECT_KINDS]; /* by ordinal, made on demand: many checks name them */
	const guint8 *left_out[SUBJECT_KINDS]; /* 1 by ordinal; NULL = nobody of that kind */
	struct {
		const struct reads *reads;
		uint64_t absent;
		const char *reason;
	} last; /* the reason that default_reason() gave last, and for what */
};

static inline bool is_left_out(const struct run *run, const struct subject_kind *kind, int64_t ord)
{
	const guint8 *marks = run->left_out[subject_index(kind)];

	return marks != NULL && marks[ord] != 0;
}

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
/* Puts a note behind what the item's subject says of itself. NULL: nothing. */
void items_note(const struct items *items, struct item *item, const char *note);
/* Fills reason and reason_text, or clears them where the verdict needs none. */
void items_add(struct items *items, struct item *item, const char *reason);
/* Sorts, drops what is not applicable beside other items, and rolls up. */
void items_finish(struct items *items, struct result *result);

/* ---- evaluate_reason.c ---- */

/* Why a check that read these columns could not decide; row == NULL: not about one row. */
const char *default_reason(struct run *run, const struct reads *reads,
			   const struct facts_table *table, const struct facts_row *row);
/* The reason why a table that shows no row may not be empty; NULL = it is empty. */
const char *empty_reason(const struct run *run, const struct facts_table *table);
/* Calls back for each group of the query's tables that was cut short. */
void each_truncation(struct items *items,
		     void (*each)(struct items *items, const char *reason, const char *group));

/* ---- evaluate.c ---- */

/* Tells every column of facts that statements read from now on; saw NULL = no longer. */
void evaluator_watch(struct evaluator *evaluator,
		     void (*saw)(const struct facts_read *read, void *data), void *data);

/* As evaluator_run(), with derived facts made by the caller. */
struct evaluation *evaluator_run_derived(struct evaluator *evaluator,
					 const struct evaluate_input *input,
					 const Derived__Derived *derived,
					 bool (*wanted)(const struct check *check, void *data),
					 void *data, GError **error);

#endif
