/* SPDX-License-Identifier: Apache-2.0 */
/* One SQLite connection: opening with the settings that durability needs, statements, rows. */
#include "server/store/sql.h"

#include <sqlite3.h>

#include "server/store/store.h"

enum { BUSY_TIMEOUT_MS = 5000 }; /* a command line beside the running server waits this long */

struct sql {
	sqlite3 *db;
	GHashTable *statements; /* text of a static table, by address -> sqlite3_stmt */
};

static bool set_sqlite_error(struct sql *sql, const char *what, GError **error)
{
	int code = sqlite3_errcode(sql->db) & 0xff;

	g_set_error(error, STORE_ERROR,
		    code == SQLITE_BUSY || code == SQLITE_LOCKED ? STORE_ERROR_BUSY
								 : STORE_ERROR_IO,
		    "%s: %s", what, sqlite3_errmsg(sql->db));
	return false;
}

static void finalize_statement(gpointer stmt)
{
	sqlite3_finalize(stmt);
}

/*
 * A checkpoint inside COMMIT would make one report in a thousand wait for all pages, so the writer
 * leaves checkpoints to a thread of their own (writer.c).
 */
static const char *const settings[] = {
	[SQL_READ] = "PRAGMA foreign_keys = ON; PRAGMA query_only = ON;",
	[SQL_WRITE] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
		      "PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 0;"
		      "PRAGMA journal_size_limit = 67108864;",
};

struct sql *sql_open(const char *path, enum sql_access access, GError **error)
{
	PLIMSOLL_AUTO(sql) *sql = g_new0(struct sql, 1);
	int flags = (access == SQL_WRITE ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) |
		    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;

	sql->statements =
		g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, finalize_statement);
	if (sqlite3_open_v2(path, &sql->db, flags, NULL) != SQLITE_OK) {
		set_sqlite_error(sql, "cannot open the database", error);
		g_prefix_error(error, "'%s': ", path);
		return NULL;
	}
	sqlite3_busy_timeout(sql->db, BUSY_TIMEOUT_MS);
	(void)sqlite3_db_config(sql->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(sql->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	if (!sql_script(sql, settings[access], error)) {
		g_prefix_error(error, "'%s': ", path);
		return NULL;
	}
	return g_steal_pointer(&sql);
}

void sql_close(struct sql *sql)
{
	if (sql == NULL)
		return;
	g_hash_table_unref(sql->statements);
	sqlite3_close(sql->db);
	g_free(sql);
}

struct sqlite3 *sql_handle(struct sql *sql)
{
	return sql->db;
}

bool sql_script(struct sql *sql, const char *text, GError **error)
{
	if (sqlite3_exec(sql->db, text, NULL, NULL, NULL) == SQLITE_OK)
		return true;
	return set_sqlite_error(sql, "database script", error);
}

static sqlite3_stmt *find_statement(struct sql *sql, const char *text, GError **error)
{
	sqlite3_stmt *stmt = g_hash_table_lookup(sql->statements, text);

	if (stmt != NULL)
		return stmt;
	if (sqlite3_prepare_v3(sql->db, text, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL) !=
	    SQLITE_OK) {
		set_sqlite_error(sql, text, error);
		return NULL;
	}
	/* The key is only compared by address, and tables live as long as the program. */
	g_hash_table_insert(sql->statements, (gpointer)(uintptr_t)text, stmt);
	return stmt;
}

static int bind_value(sqlite3_stmt *stmt, int place, const struct sql_value *value)
{
	switch (value->type) {
	case SQL_VALUE_INT:
		return sqlite3_bind_int64(stmt, place, value->number);
	case SQL_VALUE_TEXT:
		return sqlite3_bind_text(stmt, place, value->bytes, -1, SQLITE_STATIC);
	case SQL_VALUE_BLOB:
		return sqlite3_bind_blob64(stmt, place, value->bytes, value->size, SQLITE_STATIC);
	case SQL_VALUE_NULL:
	default:
		return sqlite3_bind_null(stmt, place);
	}
}

struct rows sql_query(struct sql *sql, const char *statement, const struct sql_value *values,
		      guint n_values, GError **error)
{
	SQL_ROWS rows = {find_statement(sql, statement, error)};
	struct rows given;

	if (rows.stmt == NULL)
		return rows;
	g_assert(sqlite3_bind_parameter_count(rows.stmt) == (int)n_values);
	for (guint i = 0; i < n_values; i++) {
		if (bind_value(rows.stmt, (int)i + 1, &values[i]) == SQLITE_OK)
			continue;
		set_sqlite_error(sql, "cannot bind a value", error);
		return (struct rows){NULL};
	}
	given = rows;
	rows.stmt = NULL;
	return given;
}

bool rows_next(struct rows *rows, GError **error)
{
	int code;

	if (rows->stmt == NULL) /* sql_query() has set the error */
		return false;
	code = sqlite3_step(rows->stmt);
	if (code == SQLITE_ROW)
		return true;
	if (code != SQLITE_DONE) {
		struct sql view = {.db = sqlite3_db_handle(rows->stmt)};

		set_sqlite_error(&view, "query", error);
	}
	return false;
}

void rows_done(struct rows *rows)
{
	if (rows->stmt == NULL)
		return;
	sqlite3_reset(rows->stmt);
	sqlite3_clear_bindings(rows->stmt);
	rows->stmt = NULL;
}

bool rows_is_null(struct rows *rows, int column)
{
	return sqlite3_column_type(rows->stmt, column) == SQLITE_NULL;
}

int64_t rows_int(struct rows *rows, int column)
{
	return sqlite3_column_int64(rows->stmt, column);
}

const char *rows_text(struct rows *rows, int column)
{
	return (const char *)sqlite3_column_text(rows->stmt, column);
}

const void *rows_blob(struct rows *rows, int column, size_t *ret_size)
{
	const void *bytes = sqlite3_column_blob(rows->stmt, column);

	*ret_size = (size_t)sqlite3_column_bytes(rows->stmt, column);
	return bytes;
}

GBytes *rows_bytes(struct rows *rows, int column)
{
	size_t size;
	const void *bytes;

	if (rows_is_null(rows, column))
		return NULL;
	bytes = rows_blob(rows, column, &size);
	return g_bytes_new(bytes, size);
}

bool sql_run(struct sql *sql, const char *statement, const struct sql_value *values, guint n_values,
	     GError **error)
{
	SQL_ROWS rows = sql_query(sql, statement, values, n_values, error);
	int code;

	if (rows.stmt == NULL)
		return false;
	code = sqlite3_step(rows.stmt);
	if (code == SQLITE_DONE || code == SQLITE_ROW)
		return true;
	return set_sqlite_error(sql, "cannot write", error);
}

int64_t sql_changes(struct sql *sql)
{
	return sqlite3_changes64(sql->db);
}

int64_t sql_last_id(struct sql *sql)
{
	return sqlite3_last_insert_rowid(sql->db);
}

bool sql_find_int(struct sql *sql, const char *statement, const struct sql_value *values,
		  guint n_values, int64_t fallback, int64_t *ret_value, GError **error)
{
	SQL_ROWS rows = sql_query(sql, statement, values, n_values, error);
	g_autoptr(GError) problem = NULL;
	bool found;

	if (rows.stmt == NULL)
		return false;
	found = rows_next(&rows, &problem);
	if (problem != NULL) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	*ret_value = found && !rows_is_null(&rows, 0) ? rows_int(&rows, 0) : fallback;
	return true;
}
