/* SPDX-License-Identifier: Apache-2.0 */
/* Opens the connection and closes every door of it that checks do not need. */
#include "checks/sql_session.h"

#include <string.h>

#include "proto/limits.h"

enum { PROGRESS_OPCODES = 1000 };

G_DEFINE_QUARK(plimsoll - sql - error - quark, sql_error)

static const struct {
	int id, value;
} limits[] = {
	{SQLITE_LIMIT_LENGTH, 1 << 20},          {SQLITE_LIMIT_SQL_LENGTH, 2 * LIMIT_SQL_BYTES},
	{SQLITE_LIMIT_VDBE_OP, 20000},           {SQLITE_LIMIT_EXPR_DEPTH, 100},
	{SQLITE_LIMIT_COMPOUND_SELECT, 20},      {SQLITE_LIMIT_ATTACHED, 0},
	{SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 100}, {SQLITE_LIMIT_FUNCTION_ARG, 16},
	{SQLITE_LIMIT_TRIGGER_DEPTH, 1},         {SQLITE_LIMIT_WORKER_THREADS, 0},
};

static const struct {
	int id, value;
} settings[] = {
	{SQLITE_DBCONFIG_DEFENSIVE, 1},      {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
	{SQLITE_DBCONFIG_DQS_DML, 0}, /* "privilegd" is an error, not a text */
	{SQLITE_DBCONFIG_DQS_DDL, 0},        {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
	{SQLITE_DBCONFIG_ENABLE_TRIGGER, 0}, {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
};

/* Remembers the first thing refused: the cause of what SQLite reports afterwards. */
static int refuse(struct sql_session *session, const char *what, const char *name)
{
	if (session->refused->len == 0)
		g_string_printf(session->refused, "%s%s%s%s is not allowed here", what,
				name != NULL ? " '" : "", name != NULL ? name : "",
				name != NULL ? "'" : "");
	return SQLITE_DENY;
}

static void record_read(GArray *reads, const struct facts_table *table, const char *column)
{
	const struct sql_read read = {table, facts_table_column(table, column)};

	for (guint i = 0; reads != NULL && i < reads->len; i++) {
		const struct sql_read *seen = &g_array_index(reads, struct sql_read, i);

		if (seen->table == read.table && seen->column == read.column)
			return;
	}
	if (reads != NULL)
		g_array_append_val(reads, read);
}

static int authorize_read(struct sql_session *session, const char *name, const char *column)
{
	const struct facts_table *table = name != NULL ? facts_table_find(name) : NULL;

	if (table == NULL)
		return refuse(session, "table", name);
	record_read(session->reads, table, column != NULL ? column : "");
	return SQLITE_OK;
}

static int authorize(void *data, int action, const char *first, const char *second,
		     const char *database, const char *trigger)
{
	struct sql_session *session = data;

	(void)database;
	(void)trigger;
	if (session->facts.declaring) /* CREATE TABLE t(...), by facts_vtab.c */
		return SQLITE_OK;
	if (action == SQLITE_SELECT || action == SQLITE_RECURSIVE)
		return SQLITE_OK;
	if (action == SQLITE_READ)
		return authorize_read(session, first, second);
	if (action == SQLITE_FUNCTION)
		return second != NULL && sql_functions_allows(second)
			       ? SQLITE_OK
			       : refuse(session, "function", second);
	return refuse(session, "this kind of statement", NULL);
}

static int look_at_clock(void *data)
{
	const struct sql_session *session = data;

	return session->facts.deadline_us != 0 &&
	       g_get_monotonic_time() > session->facts.deadline_us;
}

/* One transaction for good: the database is empty, so that all a statement of its own would do is
 * to take it, and read its first page, anew.
 */
static int begin(struct sql_session *session)
{
	return sqlite3_exec(session->db, "BEGIN", NULL, NULL, NULL);
}

static int close_doors(struct sql_session *session)
{
	int rc = SQLITE_OK;

	for (size_t i = 0; rc == SQLITE_OK && i < G_N_ELEMENTS(settings); i++)
		rc = sqlite3_db_config(session->db, settings[i].id, settings[i].value, NULL);
	if (rc == SQLITE_OK)
		rc = sql_functions_register(session);
	if (rc == SQLITE_OK)
		rc = facts_vtab_register(session->db, &session->facts);
	if (rc == SQLITE_OK)
		rc = begin(session);
	for (size_t i = 0; i < G_N_ELEMENTS(limits); i++)
		(void)sqlite3_limit(session->db, limits[i].id, limits[i].value);
	if (rc == SQLITE_OK)
		rc = sqlite3_set_authorizer(session->db, authorize, session);
	sqlite3_progress_handler(session->db, PROGRESS_OPCODES, look_at_clock, session);
	return rc;
}

void sql_session_startup(void)
{
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	(void)sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
}

struct sql_session *sql_session_new(GError **error)
{
	PLIMSOLL_AUTO(sql_session) *session = g_new0(struct sql_session, 1);
	int rc = SQLITE_OK;

	session->refused = g_string_new(NULL);
	rc = sqlite3_open_v2(":memory:", &session->db,
			     SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX,
			     NULL);
	if (rc == SQLITE_OK)
		rc = close_doors(session);
	if (rc != SQLITE_OK) {
		g_set_error(error, SQL_ERROR, 0, "cannot open the in-memory database: %s",
			    session->db != NULL ? sqlite3_errmsg(session->db) : sqlite3_errstr(rc));
		return NULL;
	}
	return g_steal_pointer(&session);
}

void sql_session_free(struct sql_session *session)
{
	if (session == NULL)
		return;
	(void)sqlite3_close(session->db);
	facts_vtab_done(&session->facts);
	if (session->refused != NULL)
		g_string_free(session->refused, TRUE);
	g_free(session);
}

static bool is_blank(const char *text)
{
	return text[strspn(text, " \t\r\n;")] == '\0';
}

static void set_prepare_error(const struct sql_session *session, GError **error)
{
	g_set_error_literal(error, SQL_ERROR, 0,
			    session->refused->len > 0 ? session->refused->str
						      : sqlite3_errmsg(session->db));
}

sqlite3_stmt *sql_session_prepare(struct sql_session *session, const char *sql, GArray *reads,
				  int *ret_offset, GError **error)
{
	sqlite3_stmt *statement = NULL;
	const char *tail = NULL;
	const char *fault = NULL;
	int rc = SQLITE_OK;

	g_string_truncate(session->refused, 0);
	session->reads = reads;
	rc = sqlite3_prepare_v3(session->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, &tail);
	session->reads = NULL;
	if (ret_offset != NULL)
		*ret_offset = rc != SQLITE_OK ? sqlite3_error_offset(session->db) : -1;
	if (rc != SQLITE_OK) {
		set_prepare_error(session, error);
		return NULL;
	}
	if (statement == NULL)
		fault = "empty statement";
	else if (!is_blank(tail))
		fault = "more than one statement";
	else if (!sqlite3_stmt_readonly(statement) || sqlite3_column_count(statement) == 0 ||
		 sqlite3_stmt_isexplain(statement))
		fault = "not a read-only SELECT";
	else if (sqlite3_bind_parameter_count(statement) != 0)
		fault = "parameters are not allowed";
	if (fault != NULL) {
		sqlite3_finalize(statement);
		g_set_error_literal(error, SQL_ERROR, 0, fault);
		return NULL;
	}
	return statement;
}

void sql_session_set_deadline(struct sql_session *session, unsigned ms)
{
	session->facts.deadline_us = ms == 0 ? 0 : g_get_monotonic_time() + (int64_t)ms * 1000;
}

const char *sql_session_failure(const struct sql_session *session, int rc)
{
	if ((rc & 0xff) == SQLITE_INTERRUPT)
		return "took longer than allowed";
	return sqlite3_errmsg(session->db);
}
