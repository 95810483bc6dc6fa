/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One in-memory SQLite connection over facts, closed to everything but reading them: allow-listed
 * functions, no other tables, limits, and a deadline per statement. Checks and ad-hoc queries run
 * in it. Used by one thread at a time.
 */
#ifndef PLIMSOLL_CHECKS_SQL_SESSION_H
#define PLIMSOLL_CHECKS_SQL_SESSION_H

#include <sqlite3.h>

#include "checks/facts_vtab.h"
#include "proto/base.h"

/* A column that a statement reads; column == NULL: the table is read, no column of it (count(*)).
 */
struct sql_read {
	const struct facts_table *table;
	const struct facts_column *column;
};

struct sql_session {
	sqlite3 *db;
	struct facts_vtab facts; /* what the tables show: facts_vtab_show() */
	GArray *reads;    /* struct sql_read, while a statement is prepared; NULL = not recorded */
	GString *refused; /* what the authorizer refused last */
};

/*
 * For main(), before anything uses SQLite: no statistics about memory (each allocation of every
 * thread would take one lock for them), and no stock of 20 pages for each temporary table.
 */
void sql_session_startup(void);

/* error: SQL_ERROR. */
struct sql_session *sql_session_new(GError **error);
void sql_session_free(struct sql_session *session);
PLIMSOLL_AUTOPTR(sql_session, sql_session_free)

/*
 * Prepares one read-only SELECT.
 *
 * reads  borrowed, may be NULL: gets the columns that the statement reads, without repetition.
 * offset where in sql the error stands, in bytes; -1 = not known. Written on error only; may be
 * NULL. gives  a statement; finish with sqlite3_finalize() before the session is freed.
 */
sqlite3_stmt *sql_session_prepare(struct sql_session *session, const char *sql, GArray *reads,
				  int *ret_offset, GError **error);

/* The next statement ends with SQLITE_INTERRUPT after that time. */
void sql_session_set_deadline(struct sql_session *session, unsigned ms);

/* Whether a step that failed did so by the deadline; the text of any other failure. */
const char *sql_session_failure(const struct sql_session *session, int rc);

/* Registers our functions (sql_functions.c). gives an SQLite result code. */
int sql_functions_register(struct sql_session *session);
/* Whether a statement may call the function, ours or SQLite's. */
bool sql_functions_allows(const char *name);

#define SQL_ERROR (sql_error_quark())
GQuark sql_error_quark(void);

#endif
