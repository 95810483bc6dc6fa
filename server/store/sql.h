/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The door to SQLite for the files of this folder: one connection with its prepared statements.
 * Statements stand in static tables and are prepared once, at their first use.
 */
#ifndef PLIMSOLL_SERVER_STORE_SQL_H
#define PLIMSOLL_SERVER_STORE_SQL_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/base.h"

struct sql;
struct sqlite3;
struct sqlite3_stmt;

enum sql_access { SQL_READ, SQL_WRITE };

/* Opens a database file, which exists; WAL, synchronous FULL, foreign keys on. */
struct sql *sql_open(const char *path, enum sql_access access, GError **error);
void sql_close(struct sql *sql);
PLIMSOLL_AUTOPTR(sql, sql_close)
struct sqlite3 *sql_handle(struct sql *sql);

/* Runs a script of several statements. */
bool sql_script(struct sql *sql, const char *text, GError **error);

/* --- values --- */
struct sql_value {
	enum { SQL_VALUE_NULL, SQL_VALUE_INT, SQL_VALUE_TEXT, SQL_VALUE_BLOB } type;
	int64_t number;
	const void *bytes;
	size_t size;
};
static inline struct sql_value sql_null(void)
{
	return (struct sql_value){.type = SQL_VALUE_NULL};
}
static inline struct sql_value sql_int(int64_t number)
{
	return (struct sql_value){.type = SQL_VALUE_INT, .number = number};
}
static inline struct sql_value sql_int_or_null(bool has, int64_t number)
{
	return has ? sql_int(number) : sql_null();
}
static inline struct sql_value sql_text(const char *text) /* NULL: SQL NULL */
{
	return (struct sql_value){.type = text != NULL ? SQL_VALUE_TEXT : SQL_VALUE_NULL,
				  .bytes = text};
}
static inline struct sql_value sql_blob(const void *bytes, size_t size) /* NULL: SQL NULL */
{
	return (struct sql_value){.type = bytes != NULL ? SQL_VALUE_BLOB : SQL_VALUE_NULL,
				  .bytes = bytes,
				  .size = size};
}
static inline struct sql_value sql_bytes(GBytes *bytes) /* NULL: SQL NULL */
{
	size_t size = 0;
	const void *data = bytes != NULL ? g_bytes_get_data(bytes, &size) : NULL;
	return sql_blob(data, size);
}

/* The parameters of a statement, as `values, n_values`. */
#define SQL_ARGS(...)                                                                              \
	(const struct sql_value[]){__VA_ARGS__},                                                   \
		G_N_ELEMENTS(((const struct sql_value[]){__VA_ARGS__}))

/*
 * Runs a statement that yields no rows.
 *
 * statement  an entry of a static table: its address is the key of the statement cache.
 * values     bound to ?1, ?2, ...; borrowed until the call returns.
 */
bool sql_run(struct sql *sql, const char *statement, const struct sql_value *values, guint n_values,
	     GError **error);
int64_t sql_changes(struct sql *sql); /* rows that the last sql_run() touched */
int64_t sql_last_id(struct sql *sql);

/* --- rows --- */
struct rows {
	struct sqlite3_stmt *stmt;
};
void rows_done(struct rows *rows);
#define SQL_ROWS __attribute__((cleanup(rows_done))) struct rows

/* Starts a query; `values` are borrowed until rows_done(). On an error `stmt` is NULL. */
struct rows sql_query(struct sql *sql, const char *statement, const struct sql_value *values,
		      guint n_values, GError **error);
/* Steps to the next row. false: no more rows, or an error, which is then set. */
bool rows_next(struct rows *rows, GError **error);
bool rows_is_null(struct rows *rows, int column);
int64_t rows_int(struct rows *rows, int column);
const char *rows_text(struct rows *rows, int column); /* NULL for SQL NULL; until the next step */
const void *rows_blob(struct rows *rows, int column, size_t *ret_size);
GBytes *rows_bytes(struct rows *rows, int column); /* gives a copy, or NULL for SQL NULL */

/* The one integer that a query answers; fallback when it answers none. */
bool sql_find_int(struct sql *sql, const char *statement, const struct sql_value *values,
		  guint n_values, int64_t fallback, int64_t *ret_value, GError **error);

#endif
