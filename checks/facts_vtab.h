/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of facts_table.h as read-only, eponymous-only virtual tables of one SQLite connection.
 */
#ifndef PLIMSOLL_CHECKS_FACTS_VTAB_H
#define PLIMSOLL_CHECKS_FACTS_VTAB_H

#include <sqlite3.h>

#include "checks/facts_table.h"

/* Shared by all tables of a connection; the owner changes data between statements only. */
struct facts_vtab {
	struct facts_data data;
	int64_t deadline_us; /* CLOCK_MONOTONIC; scans end with SQLITE_INTERRUPT; 0 = none */
	uint64_t rows_read;  /* rows that scans have looked at, since the connection was opened */
};

/*
 * Registers every table and connects it once: a read-only authorizer that is set later refuses the
 * declaration that SQLite makes on first use.
 *
 * vtab  keeps a borrow until the connection is closed.
 * gives an SQLite result code.
 */
int facts_vtab_register(sqlite3 *db, struct facts_vtab *vtab);

#endif
