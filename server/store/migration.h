/* SPDX-License-Identifier: Apache-2.0 */
/* The database's schema, as a list of steps that only ever grows. */
#ifndef PLIMSOLL_SERVER_STORE_MIGRATION_H
#define PLIMSOLL_SERVER_STORE_MIGRATION_H

#include "server/store/sql.h"

/* The number of the newest step that this program knows. */
int migration_newest(void);

/*
 * Brings a database to the newest step, each step in a transaction of its own.
 *
 * error  STORE_ERROR_SCHEMA when the database is newer than this program, or is not ours.
 */
bool migration_apply(struct sql *sql, GError **error);

/* Refuses a database that this program does not know; changes nothing. */
bool migration_check(struct sql *sql, GError **error);

#endif
