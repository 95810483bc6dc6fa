/* SPDX-License-Identifier: Apache-2.0 */
/* Step 6: opening the database, transactions, interned ids, retention. */
#include "server/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>

#include "server/store/internal.h"
#include "server/store/migration.h"

GQuark store_error_quark(void)
{
	return g_quark_from_static_string("plimsoll-store-error-quark");
}

enum {
	RULE_FIND,
	RULE_ADD,
	VERSION_FIND,
	VERSION_ADD,
	ENGINE_LIST,
	/* by age, whole tables */
	PURGE_FACTS,
	PURGE_OUTCOMES,
	PURGE_INTERVALS,
	PURGE_AUDIT,
	PURGE_SESSIONS,
	PURGE_LINKS,
	PURGE_TOKENS,
	/* by age, engine by engine: their keys begin with it, and history has no other index */
	PURGE_REPORTS,
	PURGE_CHANGES,
	PURGE_SCORES,
};

static const char *const statements[] = {
	[RULE_FIND] = "SELECT id FROM rule WHERE name = ?1 AND variant = ?2",
	[RULE_ADD] = "INSERT INTO rule (name, variant) VALUES (?1, ?2)",
	[VERSION_FIND] = "SELECT id FROM version WHERE kind = ?1 AND hash = ?2",
	[VERSION_ADD] = "INSERT INTO version (kind, hash, first_at) VALUES (?1, ?2, ?3)",
	[ENGINE_LIST] = "SELECT id FROM engine",
	/* last_at is 0 while the facts are an engine's newest */
	[PURGE_FACTS] = ("DELETE FROM facts WHERE last_at > 0 AND last_at < ?1 AND NOT EXISTS"
			 " (SELECT 1 FROM pinned_snapshot p WHERE p.engine = facts.engine"
			 "  AND p.facts_sha256 = facts.sha256)"),
	/* an outcome was in use until the next one of its engine */
	[PURGE_OUTCOMES] = ("DELETE FROM outcome WHERE evaluated_at < ?1 AND EXISTS"
			    " (SELECT 1 FROM outcome n WHERE n.engine = outcome.engine"
			    "  AND n.id > outcome.id AND n.evaluated_at < ?1) AND NOT EXISTS"
			    " (SELECT 1 FROM engine e WHERE e.id = outcome.engine"
			    "  AND e.outcome = outcome.id)"),
	[PURGE_INTERVALS] = "DELETE FROM finding_interval WHERE closed_at < ?1",
	[PURGE_AUDIT] = "DELETE FROM audit WHERE at < ?1",
	[PURGE_SESSIONS] = "DELETE FROM session WHERE expires_at < ?1",
	[PURGE_LINKS] = "DELETE FROM signin_link WHERE expires_at < ?1",
	[PURGE_TOKENS] = "DELETE FROM join_token WHERE expires_at < ?1",
	[PURGE_REPORTS] =
		("DELETE FROM report WHERE engine = ?1 AND received_at < ?2 AND sequence IN"
		 " (SELECT sequence FROM report WHERE engine = ?1 ORDER BY sequence"
		 "  LIMIT 5000)"),
	[PURGE_CHANGES] = "DELETE FROM result_change WHERE engine = ?1 AND at < ?2",
	[PURGE_SCORES] = "DELETE FROM daily_score WHERE engine = ?1 AND day < ?2 / 86400",
};
const struct statement_table store_statements = {"store", statements, G_N_ELEMENTS(statements)};

char *store_path(const char *data_dir)
{
	return g_build_filename(data_dir, "plimsoll.db", NULL);
}

static bool make_file(const char *data_dir, const char *path, GError **error)
{
	PLIMSOLL_AUTO_FD fd = -1;

	if (g_mkdir_with_parents(data_dir, 0700) != 0) {
		g_set_error(error, STORE_ERROR, STORE_ERROR_IO, "cannot make the folder '%s': %s",
			    data_dir, g_strerror(errno));
		return false;
	}
	/*
	 * SQLite gives its -wal and -shm files the mode of this one. An existing file is never
	 * opened here: closing any descriptor of it would drop the locks that other connections of
	 * this process hold, and the next program to close the store would take their -wal file
	 * away.
	 */
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0 || errno == EEXIST)
		return true;
	g_set_error(error, STORE_ERROR, STORE_ERROR_IO, "cannot open '%s': %s", path,
		    g_strerror(errno));
	return false;
}

static struct store *store_new(const char *data_dir)
{
	struct store *store = g_new0(struct store, 1);

	store->path = store_path(data_dir);
	store->ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return store;
}

struct store *store_open(const char *data_dir, enum store_access access, GError **error)
{
	PLIMSOLL_AUTO(store) *store = store_new(data_dir);

	if (access == STORE_WRITE && !make_file(data_dir, store->path, error))
		return NULL;
	store->sql = sql_open(store->path, access == STORE_WRITE ? SQL_WRITE : SQL_READ, error);
	if (store->sql == NULL)
		return NULL;
	if (access == STORE_WRITE ? migration_apply(store->sql, error)
				  : migration_check(store->sql, error))
		return g_steal_pointer(&store);
	g_prefix_error(error, "'%s': ", store->path);
	return NULL;
}

void store_close(struct store *store)
{
	if (store == NULL)
		return;
	if (store->sql != NULL)
		store_end(store);
	sql_close(store->sql);
	g_clear_pointer(&store->ids, g_hash_table_unref);
	g_free(store->path);
	g_free(store);
}

bool store_begin(struct store *store, GError **error)
{
	bool read_only = sqlite3_db_readonly(sql_handle(store->sql), "main") == 1;

	if (!sql_script(store->sql, read_only ? "BEGIN" : "BEGIN IMMEDIATE", error))
		return false;
	store->in_transaction = true;
	return true;
}

bool store_commit(struct store *store, GError **error)
{
	if (!sql_script(store->sql, "COMMIT", error))
		return false;
	store->in_transaction = false;
	return true;
}

void store_end(struct store *store)
{
	if (!store->in_transaction)
		return;
	store->in_transaction = false;
	g_hash_table_remove_all(store->ids);
	/* After a full disk or an I/O error SQLite may have rolled back by itself. */
	if (sqlite3_get_autocommit(sql_handle(store->sql)) == 0)
		(void)sql_script(store->sql, "ROLLBACK", NULL);
}

bool store_try(struct store *store, store_work *work, void *data, GError **error)
{
	if (!sql_script(store->sql, "SAVEPOINT work", error))
		return false;
	if (work(store, data, error))
		return sql_script(store->sql, "RELEASE work", error);
	g_hash_table_remove_all(store->ids);
	(void)sql_script(store->sql, "ROLLBACK TO work; RELEASE work", NULL);
	return false;
}

bool store_transact(struct store *store, store_work *work, void *data, GError **error)
{
	if (!store_begin(store, error))
		return false;
	if (work(store, data, error) && store_commit(store, error))
		return true;
	store_end(store);
	return false;
}

bool store_checkpoint(struct store *store, bool restart, GError **error)
{
	int code = sqlite3_wal_checkpoint_v2(
		sql_handle(store->sql), NULL,
		restart ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);

	if (code == SQLITE_OK || (code & 0xff) == SQLITE_BUSY)
		return true;
	g_set_error(error, STORE_ERROR, STORE_ERROR_IO, "checkpoint: %s", sqlite3_errstr(code));
	return false;
}

/* Finds the id of a row by two texts, or adds the row. */
static bool intern(struct store *store, const char *find, const char *add,
		   const struct sql_value *values, guint n_values, int64_t *ret_id, GError **error)
{
	g_autofree char *key =
		g_strdup_printf("%c\n%s\n%s", find == statements[RULE_FIND] ? 'r' : 'v',
				(const char *)values[0].bytes, (const char *)values[1].bytes);
	const int64_t *known = g_hash_table_lookup(store->ids, key);
	int64_t id = 0;

	if (known != NULL) {
		*ret_id = *known;
		return true;
	}
	if (!sql_find_int(store->sql, find, values, 2, 0, &id, error))
		return false;
	if (id == 0) {
		if (!sql_run(store->sql, add, values, n_values, error))
			return false;
		id = sql_last_id(store->sql);
	}
	g_hash_table_insert(store->ids, g_steal_pointer(&key), g_memdup2(&id, sizeof id));
	*ret_id = id;
	return true;
}

bool store_rule_id(struct store *store, const char *check, const char *variant, int64_t *ret_id,
		   GError **error)
{
	return intern(store, statements[RULE_FIND], statements[RULE_ADD],
		      SQL_ARGS(sql_text(check), sql_text(variant != NULL ? variant : "")), ret_id,
		      error);
}

bool store_version_id(struct store *store, const char *kind, const char *hash, int64_t now_s,
		      int64_t *ret_id, GError **error)
{
	return intern(store, statements[VERSION_FIND], statements[VERSION_ADD],
		      SQL_ARGS(sql_text(kind), sql_text(hash), sql_int(now_s)), ret_id, error);
}

static const struct {
	int64_t days;
	int statement;
	bool by_engine;
} retention[] = {
	{STORE_FACTS_DAYS, PURGE_FACTS, false},
	{STORE_RESULTS_DAYS, PURGE_OUTCOMES, false},
	{STORE_RESULTS_DAYS, PURGE_INTERVALS, false},
	{STORE_AUDIT_DAYS, PURGE_AUDIT, false},
	{0, PURGE_SESSIONS, false},
	{0, PURGE_LINKS, false},
	{STORE_AUDIT_DAYS, PURGE_TOKENS, false},
	{STORE_RESULTS_DAYS, PURGE_REPORTS, true},
	{STORE_RESULTS_DAYS, PURGE_CHANGES, true},
	{STORE_SCORES_DAYS, PURGE_SCORES, true},
};

static GArray *list_engines(struct store *store, GError **error)
{
	g_autoptr(GArray) engines = g_array_new(FALSE, FALSE, sizeof(int64_t));
	g_autoptr(GError) problem = NULL;
	SQL_ROWS rows = sql_query(store->sql, statements[ENGINE_LIST], NULL, 0, &problem);

	while (rows_next(&rows, &problem)) {
		int64_t id = rows_int(&rows, 0);

		g_array_append_val(engines, id);
	}
	if (problem == NULL)
		return g_steal_pointer(&engines);
	g_propagate_error(error, g_steal_pointer(&problem));
	return NULL;
}

static bool purge_engines(struct store *store, const char *statement, const GArray *engines,
			  int64_t before_s, GError **error)
{
	for (guint i = 0; i < engines->len; i++)
		if (!sql_run(store->sql, statement,
			     SQL_ARGS(sql_int(g_array_index(engines, int64_t, i)),
				      sql_int(before_s)),
			     error))
			return false;
	return true;
}

static bool purge(struct store *store, void *data, GError **error)
{
	const int64_t *now_s = data;
	g_autoptr(GArray) engines = list_engines(store, error);

	if (engines == NULL)
		return false;
	for (guint i = 0; i < G_N_ELEMENTS(retention); i++) {
		const char *statement = statements[retention[i].statement];
		int64_t before_s = *now_s - retention[i].days * 86400;

		if (retention[i].by_engine
			    ? !purge_engines(store, statement, engines, before_s, error)
			    : !sql_run(store->sql, statement, SQL_ARGS(sql_int(before_s)), error))
			return false;
	}
	return true;
}

bool store_purge(struct store *store, int64_t now_s, GError **error)
{
	return store_transact(store, purge, &now_s, error);
}
