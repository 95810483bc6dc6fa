/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 6 of the flow. Everything that survives a restart, behind one interface; SQL text stands in
 * server/store only. A store is one connection, used by one thread: the writer's, or a reader's,
 * which sees one snapshot between store_begin() and store_end(). What can be asked stands in
 * reports.h (a report comes in), fleet.h (pages), access.h (tokens, certificates, sign-in).
 */
#ifndef PLIMSOLL_SERVER_STORE_STORE_H
#define PLIMSOLL_SERVER_STORE_STORE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/base.h"

struct store;

enum store_access { STORE_READ, STORE_WRITE };

/*
 * Opens the store of a data directory. For writing, the directory (0700) and the database (0600)
 * are made when missing, and the schema is brought to this release.
 *
 * error  STORE_ERROR_SCHEMA when the database is newer than this program.
 */
struct store *store_open(const char *data_dir, enum store_access access, GError **error);
void store_close(struct store *store);
PLIMSOLL_AUTOPTR(store, store_close)

/* gives: where the database of a data directory lies; free with g_free(). */
char *store_path(const char *data_dir);

/* A transaction: of a writer, to be committed; of a reader, one snapshot. */
bool store_begin(struct store *store, GError **error);
bool store_commit(struct store *store, GError **error);
void store_end(struct store *store); /* gives up what was not committed */

/*
 * Runs a piece of work inside an open transaction; when it fails, its changes are undone and the
 * transaction goes on.
 */
typedef bool store_work(struct store *store, void *data, GError **error);
bool store_try(struct store *store, store_work *work, void *data, GError **error);
/* begin, work, commit. */
bool store_transact(struct store *store, store_work *work, void *data, GError **error);

/*
 * Copies what is committed into the database file.
 *
 * restart  waits for readers, too, so that the log starts anew; else takes what it can get.
 */
bool store_checkpoint(struct store *store, bool restart, GError **error);

/* Deletes what is past its retention; in one transaction. */
bool store_purge(struct store *store, int64_t now_s, GError **error);

/* How long things are kept, in days. */
enum {
	STORE_FACTS_DAYS = 30,
	STORE_RESULTS_DAYS = 400,
	STORE_SCORES_DAYS = 5 * 366,
	STORE_AUDIT_DAYS = 400
};

#define STORE_ERROR (store_error_quark())
GQuark store_error_quark(void);
enum store_error {
	STORE_ERROR_IO,
	STORE_ERROR_SCHEMA,
	STORE_ERROR_NOT_FOUND,
	STORE_ERROR_USED,
	STORE_ERROR_EXPIRED,
	STORE_ERROR_DENIED,
	STORE_ERROR_BUSY
};

#endif
