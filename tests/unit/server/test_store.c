/* SPDX-License-Identifier: Apache-2.0 */
/* The store's ground: schema, files, what is single-use, group commit. */
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>

#include "server/store/access.h"
#include "server/store/internal.h"
#include "server/store/writer.h"
#include "tests/unit/server/store_world.h"

/* --- schema --- */

static void test_every_statement_prepares(void)
{
	static const struct statement_table *const tables[] = {
		&reports_statements, &results_statements,  &findings_statements, &access_statements,
		&fleet_statements,   &identity_statements, &store_statements};
	struct world world;

	world_init(&world);
	for (guint t = 0; t < G_N_ELEMENTS(tables); t++)
		for (guint i = 0; i < tables[t]->n; i++) {
			sqlite3_stmt *stmt = NULL;
			int code = sqlite3_prepare_v2(sql_handle(world.store->sql),
						      tables[t]->statements[i], -1, &stmt, NULL);

			if (code != SQLITE_OK)
				g_error("%s[%u]: %s", tables[t]->name, i,
					sqlite3_errmsg(sql_handle(world.store->sql)));
			sqlite3_finalize(stmt);
		}
	world_done(&world);
}

static void test_files_are_private(void)
{
	struct world world;
	struct stat status;

	world_init(&world);
	g_assert_cmpint(stat(world.dir, &status), ==, 0);
	g_assert_cmpuint(status.st_mode & 0777, ==, 0700);
	g_assert_cmpint(stat(world.store->path, &status), ==, 0);
	g_assert_cmpuint(status.st_mode & 0777, ==, 0600);
	world_done(&world);
}

static const struct {
	const char *name;
	const char *script;
	const char *want; /* in the message */
} strange_databases[] = {
	{"newer than the program", "PRAGMA user_version = 99", "newer than this program"},
	{"of another program", "PRAGMA application_id = 1", "not made by plimsoll"},
};

static void test_strange_database_is_refused(gconstpointer data)
{
	guint i = GPOINTER_TO_UINT(data);
	struct world world;
	g_autoptr(GError) error = NULL;

	world_init(&world);
	g_assert_true(sql_script(world.store->sql, strange_databases[i].script, NULL));
	for (int access = STORE_READ; access <= STORE_WRITE; access++) {
		g_assert_null(store_open(world.dir, (enum store_access)access, &error));
		g_assert_error(error, STORE_ERROR, STORE_ERROR_SCHEMA);
		g_assert_nonnull(strstr(error->message, strange_databases[i].want));
		g_clear_error(&error);
	}
	world_done(&world);
}

/* What the third step made, undone: a store of the second schema with one imported host. */
static const char second_schema[] =
	"DROP TABLE host_key; DROP INDEX host_by_merge; ALTER TABLE host DROP COLUMN boot_id;"
	"INSERT INTO host (id, source, machine_id, name, created_at)"
	" VALUES ('host-r', 'recorded', 'm', 'old', 5);"
	"PRAGMA user_version = 2;";

/* And the second step's, undone. */
static const char first_schema[] =
	"ALTER TABLE result DROP COLUMN digest;"
	"DROP INDEX finding_open_by_engine; DROP INDEX finding_open_by_cluster;"
	"CREATE INDEX finding_open_by_engine ON finding (engine) WHERE open_interval IS NOT NULL;"
	"CREATE INDEX finding_open_by_cluster ON finding (cluster) WHERE open_interval IS NOT NULL;"
	"DROP TABLE cost; ALTER TABLE snapshot ADD COLUMN cost BLOB;"
	"INSERT INTO engine (id, host, key, created_at) VALUES (7, 'host-a', 'podman', 1);"
	"INSERT INTO snapshot (engine, observed, evaluation, cost) VALUES (7, x'01', x'02', x'03');"
	"PRAGMA user_version = 1;";

/* The schema as SQLite keeps it, without regard to how it came about. */
static char *schema_text(struct store *store)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	SQL_ROWS rows = sql_query(store->sql,
				  "SELECT m.name, c.name, c.type, c.\"notnull\", c.pk"
				  " FROM sqlite_schema m LEFT JOIN pragma_table_xinfo(m.name) c"
				  " ORDER BY m.name, c.name",
				  NULL, 0, &error);

	while (rows_next(&rows, &error))
		g_string_append_printf(text, "%s.%s %s %d %d\n", rows_text(&rows, 0),
				       rows_text(&rows, 1), rows_text(&rows, 2),
				       (int)rows_int(&rows, 3), (int)rows_int(&rows, 4));
	g_assert_no_error(error);
	return g_string_free(g_steal_pointer(&text), FALSE);
}

/* Opens a store that was made older, twice, and looks what became of its rows. */
static void check_becomes_newest(struct world *world, const char *count, const char *schema)
{
	g_autoptr(GError) error = NULL;
	int64_t found = 0;

	g_assert_null(store_open(world->dir, STORE_READ, &error)); /* readers change nothing */
	g_assert_error(error, STORE_ERROR, STORE_ERROR_SCHEMA);
	g_clear_error(&error);
	for (int again = 0; again < 2; again++) {
		PLIMSOLL_AUTO(store) *store = store_open(world->dir, STORE_WRITE, &error);
		g_autofree char *text = NULL;

		g_assert_no_error(error);
		text = schema_text(store);
		g_assert_cmpstr(text, ==, schema);
		g_assert_true(sql_find_int(store->sql, count, NULL, 0, 0, &found, &error));
		g_assert_cmpint(found, ==, 1);
	}
}

static void test_older_schemas_become_the_newest(void)
{
	static const char *const kept =
		"SELECT count(*) FROM host WHERE id = 'host-r' AND source = 'recorded'"
		" AND machine_id = 'm' AND name = 'old' AND boot_id IS NULL";
	static const char *const moved =
		"SELECT count(*) FROM cost JOIN snapshot USING (engine) WHERE engine = 7"
		" AND body = x'03' AND observed = x'01' AND evaluation = x'02'";
	struct world world;
	g_autofree char *schema = NULL;
	g_autoptr(GError) error = NULL;

	world_init(&world);
	schema = schema_text(world.store);
	g_assert_true(sql_script(world.store->sql, second_schema, &error));
	g_assert_no_error(error);
	check_becomes_newest(&world, kept, schema);
	g_assert_true(sql_script(world.store->sql, "DELETE FROM host WHERE id = 'host-r'", &error));
	g_assert_true(sql_script(world.store->sql, second_schema, &error));
	g_assert_true(sql_script(world.store->sql, first_schema, &error));
	g_assert_no_error(error);
	check_becomes_newest(&world, moved, schema);
	g_assert_cmpint(world_count(&world, kept), ==, 1);
	world_done(&world);
}

/* --- single use --- */

static void test_token_and_link_work_once_and_in_time(void)
{
	struct world world;
	g_autoptr(GError) error = NULL;
	const struct host_certificate certificate = {
		.host_id = "host-c", .fingerprint = "fp", .serial = "1", .issued_at_s = NOW + 5};
	const struct join_token token = {
		.id = "t", .created_by = "test", .created_at_s = NOW, .expires_at_s = NOW + 5};
	const struct signin_link link = {
		.sha256 = {7}, .role = "admin", .created_at_s = NOW, .expires_at_s = NOW + 900};
	struct session_start start = {.link_sha256 = {7},
				      .session_sha256 = {8},
				      .now_s = NOW + 899,
				      .expires_at_s = NOW + 1000};
	g_autofree char *role = NULL;

	world_init(&world);
	g_assert_true(access_add_join_token(world.store, &token, NULL));
	g_assert_false(access_enroll(world.store, "t", &certificate, &error)); /* expires now */
	g_assert_error(error, STORE_ERROR, STORE_ERROR_USED);
	g_clear_error(&error);
	g_assert_false(access_enroll(world.store, "token-host-a", &certificate, &error)); /* used */
	g_assert_error(error, STORE_ERROR, STORE_ERROR_USED);
	g_clear_error(&error);
	g_assert_true(access_add_link(world.store, &link, NULL));
	g_assert_true(access_start_session(world.store, &start, NULL));
	start.session_sha256[0] = 9;
	g_assert_false(access_start_session(world.store, &start, &error));
	g_assert_error(error, STORE_ERROR, STORE_ERROR_USED);
	role = access_find_session(world.store, (const uint8_t[32]){8}, NOW + 999, NULL);
	g_assert_cmpstr(role, ==, "admin");
	g_assert_null(access_find_session(world.store, (const uint8_t[32]){8}, NOW + 1000, NULL));
	world_done(&world);
}

/* --- group commit --- */

struct tally {
	GMutex mutex;
	GCond cond;
	guint done;
	guint failed;
};

static bool write_entry(struct store *store, void *data, GError **error)
{
	const struct audit_entry entry = {.actor = "test", .action = data};

	if (!access_audit(store, NOW, &entry, error))
		return false;
	if (strcmp(data, "fail") != 0)
		return true;
	g_set_error_literal(error, STORE_ERROR, STORE_ERROR_USED, "told to fail");
	return false;
}

static struct tally tally;

static void count_done(void *data, const GError *error)
{
	(void)data;
	g_mutex_lock(&tally.mutex);
	tally.done++;
	tally.failed += error != NULL;
	g_cond_signal(&tally.cond);
	g_mutex_unlock(&tally.mutex);
}

/* Another program opens and closes the store, as `plimsoll token create` does beside the server. */
static void visit(void)
{
	g_autoptr(GError) error = NULL;

	if (!g_test_subprocess())
		return;
	store_close(store_open(g_getenv("PLIMSOLL_TEST_STORE"), STORE_WRITE, &error));
	g_assert_no_error(error);
}

static void test_a_visitor_does_not_take_the_log_away(void)
{
	struct world world = {0};
	g_autofree char *wal = NULL;
	g_autoptr(GError) error = NULL;
	struct stat before, after;

	world_init(&world);
	struct store *second = store_open(world.dir, STORE_WRITE, &error);
	g_assert_no_error(error);
	wal = g_build_filename(world.dir, "plimsoll.db-wal", NULL);
	g_assert_cmpint(stat(wal, &before), ==, 0);
	g_setenv("PLIMSOLL_TEST_STORE", world.dir, TRUE);
	g_test_trap_subprocess("/store/visit", 0, 0);
	g_test_trap_assert_passed();
	g_assert_cmpint(stat(wal, &after), ==, 0);
	g_assert_cmpuint(after.st_ino, ==, before.st_ino);
	store_close(second);
	world_done(&world);
}

static void test_many_writes_share_commits_and_one_failure_harms_no_other(void)
{
	static char good[] = "good";
	static char bad[] = "fail";
	struct world world;
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(writer) *writer = NULL;

	world_init(&world);
	writer = writer_start(world.dir, &error);
	g_assert_no_error(error);
	for (int i = 0; i < 250; i++)
		writer_submit(writer, write_entry, i == 120 ? bad : good, count_done);
	g_mutex_lock(&tally.mutex);
	while (tally.done < 250)
		g_cond_wait(&tally.cond, &tally.mutex);
	g_mutex_unlock(&tally.mutex);
	g_assert_cmpuint(tally.failed, ==, 1);
	g_assert_cmpuint(writer_commits(writer), <, 60);
	g_assert_cmpint(
		world_count(&world, "SELECT count(*) FROM audit WHERE action IN ('good', 'fail')"),
		==, 249);
	g_assert_false(writer_run(writer, write_entry, bad, &error));
	g_assert_error(error, STORE_ERROR, STORE_ERROR_USED);
	writer_stop(g_steal_pointer(&writer));
	world_done(&world);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/store/every-statement-prepares", test_every_statement_prepares);
	g_test_add_func("/store/files-are-private", test_files_are_private);
	g_test_add_func("/store/older-schemas-become-the-newest",
			test_older_schemas_become_the_newest);
	for (guint i = 0; i < G_N_ELEMENTS(strange_databases); i++) {
		g_autofree char *path =
			g_strdup_printf("/store/refused/%s", strange_databases[i].name);

		g_test_add_data_func(path, GUINT_TO_POINTER(i), test_strange_database_is_refused);
	}
	g_test_add_func("/store/visit", visit);
	g_test_add_func("/store/visitor", test_a_visitor_does_not_take_the_log_away);
	g_test_add_func("/store/single-use", test_token_and_link_work_once_and_in_time);
	g_test_add_func("/store/group-commit",
			test_many_writes_share_commits_and_one_failure_harms_no_other);
	return g_test_run();
}
