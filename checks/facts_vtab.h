/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of facts_table.h as read-only, eponymous-only virtual tables of one SQLite connection.
 */
#ifndef PLIMSOLL_CHECKS_FACTS_VTAB_H
#define PLIMSOLL_CHECKS_FACTS_VTAB_H

#include <sqlite3.h>

#include "checks/facts_table.h"

/* One column of one row that a statement has read. */
struct facts_read {
	const struct facts_table *table;
	const struct facts_column *column;
	const struct facts_row *row;
	const struct facts_value *value;
	const struct facts_data *data;
};

/* Shared by all tables of a connection. */
struct facts_vtab {
	struct facts_data data; /* changed by facts_vtab_show() only */
	GPtrArray *indexes;     /* made on demand for the data that is shown */
	int64_t deadline_us;    /* CLOCK_MONOTONIC; scans end with SQLITE_INTERRUPT; 0 = none */
	uint64_t rows_read; /* rows that scans have looked at, since the connection was opened */
	void (*saw)(const struct facts_read *read, void *data); /* NULL: nobody wants to know */
	void *saw_data;
	bool declaring; /* a table is: an authorizer has to let that pass, and nothing else */
};

/*
 * Shows other facts, or none (NULL), and forgets what was known about those before. All statements
 * must be reset. Facts that are changed in place must be shown again.
 */
void facts_vtab_show(struct facts_vtab *vtab, const struct facts_data *data);

/*
 * Registers every table. SQLite connects one when a statement first names it: most evaluations ask
 * for half of them, and a declaration costs as much as a statement.
 *
 * vtab  keeps a borrow until the connection is closed; free its indexes with facts_vtab_done().
 * gives an SQLite result code.
 */
int facts_vtab_register(sqlite3 *db, struct facts_vtab *vtab);
void facts_vtab_done(struct facts_vtab *vtab);

#endif
