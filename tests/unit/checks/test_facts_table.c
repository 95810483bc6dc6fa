/* SPDX-License-Identifier: Apache-2.0 */
/* Facts as SQL tables: every field is there, absent is NULL, and keys are looked up, not scanned.
 */
#include <string.h>

#include "proto/schema.h"
#include "tests/unit/checks/fixture.h"

static const char facts_text[] =
	"facts:\n"
	"  engine: {kind: docker, rootless: false, component: [{name: Engine}, {name: runc}]}\n"
	"  file:\n"
	"    - {role: daemon_json, path: /etc/docker/daemon.json, mode: 0o644, acl: true}\n"
	"    - {role: tls_key, path: /k/key.pem}\n"
	"  container:\n"
	"    - {id: a, name: one, privileged: true, memory: 0, cap_add: [NET_ADMIN, SYS_TIME],\n"
	"       live: {euid: 1000, ns: {net: 4026531840}}}\n"
	"    - {id: b, name: '', mount: [{type: bind, source: /etc}, {type: volume}]}\n"
	"    - {id: c, name: '7', mount: [{type: bind, source: /var/run, rw: false}]}\n"
	"observed:\n"
	"  container: [{id: a, health_status: healthy}]\n"
	"parameters: {trusted_users_set: true, trusted_user: [alice, bob]}\n";

struct world {
	struct fixture *fixture;
	struct sql_session *session;
	Derived__Derived derived;
};

static struct world *open_world(void)
{
	struct world *world = g_new0(struct world, 1);
	struct facts_data data = {0};
	g_autoptr(GError) error = NULL;

	world->fixture = fixture_text(facts_text);
	world->session = sql_session_new(&error);
	g_assert_no_error(error);
	derived__derived__init(&world->derived);
	world->derived.parameter =
		(Derived__Parameter *)(uintptr_t)world->fixture->input.parameters;
	data.roots[FACTS_ROOT_FACTS] = &world->fixture->input.facts->base;
	data.roots[FACTS_ROOT_OBSERVED] = &world->fixture->input.observed->base;
	data.roots[FACTS_ROOT_DERIVED] = &world->derived.base;
	facts_vtab_show(&world->session->facts, &data);
	return world;
}

static void close_world(struct world *world)
{
	sql_session_free(world->session);
	fixture_free(world->fixture);
	g_free(world);
}

/* All rows as "a,b;c,d"; NULL as "NULL". */
static char *query(struct sql_session *session, const char *sql)
{
	g_autoptr(GError) error = NULL;
	sqlite3_stmt *statement = sql_session_prepare(session, sql, NULL, NULL, &error);
	GString *text = g_string_new(NULL);
	int rc = SQLITE_OK;

	g_assert_no_error(error);
	while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
		if (text->len > 0)
			g_string_append_c(text, ';');
		for (int i = 0; i < sqlite3_column_count(statement); i++) {
			const char *value =
				(const char *)(const void *)sqlite3_column_text(statement, i);

			g_string_append_printf(text, "%s%s", i > 0 ? "," : "",
					       value != NULL ? value : "NULL");
		}
	}
	if (rc != SQLITE_DONE)
		g_string_append_printf(text, "error: %s", sql_session_failure(session, rc));
	sqlite3_finalize(statement);
	return g_string_free(text, FALSE);
}

static const struct {
	const char *name, *sql, *want;
} cases[] = {
	{"scalars", "SELECT ord, id, privileged, memory, pids_limit FROM container",
	 "0,a,1,0,NULL;1,b,NULL,NULL,NULL;2,c,NULL,NULL,NULL"},
	{"an empty text is not absent",
	 "SELECT name = '', user IS NULL FROM container WHERE id='b'", "1,1"},
	{"false is not absent", "SELECT rw FROM container_mount WHERE parent = 2", "0"},
	{"enums are lower-case names", "SELECT kind, rootless FROM engine", "docker,0"},
	{"optional messages are columns",
	 "SELECT live_euid, live_ns_net, live_ns_pid FROM container",
	 "1000,4026531840,NULL;"
	 "NULL,NULL,NULL;NULL,NULL,NULL"},
	{"an absent message is one row of NULLs", "SELECT ord, os_id, listen_seen FROM host",
	 "0,NULL,NULL"},
	{"repeated scalars have a value", "SELECT parent, ord, value FROM container_cap_add",
	 "0,0,NET_ADMIN;0,1,SYS_TIME"},
	{"children of one row", "SELECT parent, ord, name FROM engine_component",
	 "0,0,Engine;0,1,runc"},
	{"children of an absent row", "SELECT count(*) FROM host_listen", "0"},
	{"observed", "SELECT id, health_status, exec_count FROM observed_container",
	 "a,healthy,NULL"},
	{"derived", "SELECT trusted_users_set, value FROM parameter, parameter_trusted_user",
	 "1,alice;1,bob"},
	{"empty tables", "SELECT count(*) FROM image", "0"},
	{"join over a key",
	 "SELECT c.id, m.source FROM container c JOIN container_mount m ON m.parent = c.ord",
	 "b,/etc;b,NULL;c,/var/run"},
	{"key as text", "SELECT id FROM container WHERE ord = '1'", "b"},
	{"key as whole real", "SELECT id FROM container WHERE ord = 1.0", "b"},
	{"key as fraction", "SELECT id FROM container WHERE ord = 1.5", ""},
	{"key as word", "SELECT id FROM container WHERE ord = 'abc'", ""},
	{"key as NULL", "SELECT id FROM container WHERE ord = NULL", ""},
	{"key as blob", "SELECT id FROM container WHERE ord = x'31'", ""},
	{"key below", "SELECT id FROM container WHERE ord = -1", ""},
	{"key beyond", "SELECT id FROM container WHERE ord = 3", ""},
	{"key far beyond", "SELECT id FROM container WHERE ord = 9223372036854775807", ""},
	{"key beyond integers", "SELECT id FROM container WHERE ord = 1e300", ""},
	{"parent beyond", "SELECT type FROM container_mount WHERE parent = 99", ""},
	{"parent and ord", "SELECT type FROM container_mount WHERE parent = 1 AND ord = 1",
	 "volume"},
	{"ord without parent", "SELECT parent, type FROM container_mount WHERE ord = 0",
	 "1,bind;2,bind"},
	{"contradicting keys", "SELECT id FROM container WHERE ord = 1 AND ord = 2", ""},
	{"several keys", "SELECT id FROM container WHERE ord IN (0, 2, 2)", "a;c"},
	{"text", "SELECT ord FROM container WHERE id = 'b'", "1"},
	{"text is case-sensitive", "SELECT ord FROM container WHERE id = 'B'", ""},
	{"text without case", "SELECT ord FROM container WHERE id = 'B' COLLATE NOCASE", "1"},
	{"text and number", "SELECT ord FROM container WHERE name = 7", "2"},
	{"text and NULL", "SELECT ord FROM container WHERE name = NULL", ""},
	{"several texts", "SELECT ord FROM container WHERE id IN ('c', 'a', 'x')", "0;2"},
	{"an enum as text", "SELECT path FROM file WHERE role = 'tls_key'", "/k/key.pem"},
	{"two texts", "SELECT path FROM file WHERE role = 'daemon_json' AND path = 'x'", ""},
	{"either of two texts", "SELECT ord FROM container WHERE id = 'b' OR name = '7'", "1;2"},
	{"either, with more to each",
	 "SELECT ord FROM container WHERE (id = 'a' AND memory = 0) OR (id = 'c' AND memory IS "
	 "NULL)",
	 "0;2"},
	{"either, of children",
	 "SELECT parent, ord FROM container_mount WHERE (parent = 1 AND type = 'volume')"
	 " OR (parent = 2 AND type = 'bind')",
	 "1,1;2,0"},
	{"either, and a join",
	 "SELECT c.ord, f.path FROM container c LEFT JOIN file f ON f.ord = c.ord"
	 " WHERE c.id = 'b' OR (c.id = 'c' AND (SELECT e.kind FROM engine e) = 'docker')",
	 "1,/k/key.pem;2,NULL"},
	{"functions", "SELECT octal(mode), mode_excess(mode, '0640', type) FROM file",
	 "0644,4;NULL,NULL"},
};

static void rows_are(gconstpointer data)
{
	size_t i = GPOINTER_TO_SIZE(data);
	struct world *world = open_world();
	g_autofree char *text = query(world->session, cases[i].sql);

	g_assert_cmpstr(text, ==, cases[i].want);
	close_world(world);
}

/* ---- push-down: the number of rows that a scan looks at ---- */

static uint64_t rows_read(const char *sql, guint containers)
{
	g_autoptr(GString) text = g_string_new("facts:\n  container:\n");
	PLIMSOLL_AUTO(fixture) *fixture = NULL;
	PLIMSOLL_AUTO(sql_session) *session = NULL;
	g_autofree char *rows = NULL;

	for (guint i = 0; i < containers; i++)
		g_string_append_printf(
			text, "    - {id: c%u, mount: [{type: bind}, {type: volume}]}\n", i);
	fixture = fixture_text(text->str);
	session = sql_session_new(NULL);
	facts_vtab_show(&session->facts,
			&(const struct facts_data){{&fixture->input.facts->base, NULL, NULL}});
	rows = query(session, sql);
	return session->facts.rows_read;
}

static void joins_are_linear(void)
{
	static const char sql[] = "SELECT count(*) FROM container c JOIN container_mount m "
				  "ON m.parent = c.ord WHERE m.type = 'bind'";
	uint64_t ten = rows_read(sql, 10);
	uint64_t hundred = rows_read(sql, 100);

	g_assert_cmpuint(hundred, <, 11 * ten);
	g_assert_cmpuint(hundred, <, 1000); /* quadratic: 20,000 */
}

static void keys_are_not_scanned(void)
{
	g_assert_cmpuint(rows_read("SELECT id FROM container WHERE ord = 99", 100), <=, 3);
	g_assert_cmpuint(
		rows_read("SELECT type FROM container_mount WHERE parent = 99 AND ord = 1", 100),
		<=, 4);
	g_assert_cmpuint(rows_read("SELECT id FROM container WHERE id = 'c99'", 100), >=, 100);
}

/* ---- indexes: tables of more than a few rows ---- */

/* Containers c0..c39: name n(i % 4), memory i % 5 or NULL, user absent for every third. */
static struct fixture *forty_containers(void)
{
	g_autoptr(GString) text = g_string_new("facts:\n  container:\n");

	for (int i = 0; i < 40; i++) {
		g_string_append_printf(text, "    - {id: c%d, name: n%d, privileged: %s", i, i % 4,
				       i % 2 == 0 ? "true" : "false");
		if (i % 5 != 0)
			g_string_append_printf(text, ", memory: %d", i % 5);
		if (i % 3 != 0)
			g_string_append_printf(text, ", user: u%d", i % 3);
		g_string_append(text, "}\n");
	}
	return fixture_text(text->str);
}

static const struct {
	const char *sql, *want;
} indexed[] = {
	{"SELECT ord FROM container WHERE id = 'c39'", "39"},
	{"SELECT ord FROM container WHERE id = 'c4'", "4"},
	{"SELECT ord FROM container WHERE id = 'nosuch'", ""},
	{"SELECT ord FROM container WHERE id = NULL", ""},
	{"SELECT ord FROM container WHERE user = ''", ""},
	{"SELECT count(*) FROM container WHERE name = 'n1'", "10"},
	{"SELECT ord FROM container WHERE memory = 4 AND name = 'n3' ORDER BY ord", "19;39"},
	{"SELECT ord FROM container WHERE name = 'n3' AND memory = '4' ORDER BY ord", "19;39"},
	{"SELECT ord FROM container WHERE memory = 4.0 AND name = 'n3' ORDER BY ord", "19;39"},
	{"SELECT ord FROM container WHERE id = 'c4' OR id = 'c39' AND memory = 4 ORDER BY ord",
	 "4;39"},
	{"SELECT count(*) FROM container WHERE user = 'u1' OR name = 'n0'", "20"},
	{"SELECT count(*) FROM container WHERE memory = 0", "0"},
	{"SELECT count(*) FROM container WHERE memory = -1", "0"},
	{"SELECT count(*) FROM container WHERE privileged = 1 AND user = 'u1'", "6"},
	{"SELECT count(*) FROM container WHERE privileged = 1 AND user = 'u1' AND name = 'n0'",
	 "3"},
	{"SELECT count(*) FROM container a JOIN container b ON b.name = a.name", "400"},
	{"SELECT count(*) FROM container a JOIN container b ON b.memory = a.memory", "256"},
	{"SELECT count(*) FROM container a LEFT JOIN container b ON b.user = a.user WHERE b.ord IS "
	 "NULL",
	 "14"},
	{"SELECT count(*) FROM container WHERE id IN ('c1', 'c2', 'x')", "2"},
};

static void indexes_answer_as_scans_do(void)
{
	PLIMSOLL_AUTO(fixture) *fixture = forty_containers();
	PLIMSOLL_AUTO(sql_session) *session = sql_session_new(NULL);

	facts_vtab_show(&session->facts,
			&(const struct facts_data){{&fixture->input.facts->base, NULL, NULL}});
	for (size_t i = 0; i < G_N_ELEMENTS(indexed); i++) {
		g_autofree char *text = query(session, indexed[i].sql);

		if (strcmp(text, indexed[i].want) != 0)
			g_test_message("%s", indexed[i].sql);
		g_assert_cmpstr(text, ==, indexed[i].want);
	}
}

static void joins_over_columns_are_linear(void)
{
	static const char sql[] =
		"SELECT count(*) FROM container a JOIN container b ON b.id = a.id";

	g_assert_cmpuint(rows_read(sql, 400), <, 5 * 400);
}

static void other_facts_are_indexed_anew(void)
{
	PLIMSOLL_AUTO(fixture) *many = forty_containers();
	PLIMSOLL_AUTO(sql_session) *session = sql_session_new(NULL);
	static const char sql[] = "SELECT ord FROM container WHERE id = 'changed'";
	g_autofree char *before = NULL;
	g_autofree char *after = NULL;
	const struct facts_data data = {{&many->input.facts->base, NULL, NULL}};

	facts_vtab_show(&session->facts, &data);
	before = query(session, sql);
	many->input.facts->container[7]->id = arena_strdup(many->arena, "changed");
	facts_vtab_show(&session->facts, &data);
	after = query(session, sql);
	g_assert_cmpstr(before, ==, "");
	g_assert_cmpstr(after, ==, "7");
}

/* ---- completeness ---- */

static guint count_scalars(const ProtobufCMessageDescriptor *descriptor);

static guint count_field(const ProtobufCFieldDescriptor *field)
{
	return field->type == PROTOBUF_C_TYPE_MESSAGE ? count_scalars(field->descriptor) : 1;
}

static guint count_scalars(const ProtobufCMessageDescriptor *descriptor)
{
	guint n = 0;

	for (unsigned i = 0; i < descriptor->n_fields; i++)
		n += count_field(&descriptor->fields[i]);
	return n;
}

/* As many columns as the messages have scalars: no field is out of SQL's reach. */
static void every_field_is_a_column(void)
{
	guint n = 0;
	guint columns = 0;
	guint scalars = 0;
	const struct facts_table *tables = facts_table_all(&n);

	for (guint i = 0; i < n; i++)
		for (unsigned k = 0; k < tables[i].n_columns; k++)
			columns += tables[i].columns[k].kind == FACTS_COLUMN_FIELD;
	for (int root = 0; root < FACTS_ROOT_COUNT; root++)
		scalars += count_scalars(facts_root_descriptor((enum facts_root)root));
	g_assert_cmpuint(columns, ==, scalars);
	g_assert_cmpuint(columns, >, 400);
}

static void every_table_opens(void)
{
	guint n = 0;
	const struct facts_table *tables = facts_table_all(&n);
	struct world *world = open_world();

	for (guint i = 0; i < n; i++) {
		g_autofree char *sql = g_strdup_printf("SELECT * FROM \"%s\"", tables[i].name);
		g_autoptr(GError) error = NULL;
		sqlite3_stmt *statement =
			sql_session_prepare(world->session, sql, NULL, NULL, &error);

		g_assert_no_error(error);
		g_assert_cmpint(sqlite3_column_count(statement), ==, (int)tables[i].n_columns);
		for (unsigned k = 0; k < tables[i].n_columns; k++)
			g_assert_cmpstr(sqlite3_column_name(statement, (int)k), ==,
					tables[i].columns[k].name);
		sqlite3_finalize(statement);
	}
	close_world(world);
}

/* The schema table names the same tables; else an old agent's gap would go unnoticed. */
static void schema_knows_every_table(void)
{
	guint n = 0;
	const struct facts_table *tables = facts_table_all(&n);

	for (guint i = 0; i < n; i++)
		if (tables[i].root != FACTS_ROOT_DERIVED)
			g_assert_nonnull(schema_find(tables[i].name, NULL));
	for (const struct schema_field *field = schema_all(); field->table != NULL; field++) {
		const struct facts_table *table = facts_table_find(field->table);

		g_assert_nonnull(table);
		if (field->column != NULL)
			g_assert_nonnull(facts_table_column(table, field->column));
	}
}

static void statements_tell_what_they_read(void)
{
	PLIMSOLL_AUTO(sql_session) *session = sql_session_new(NULL);
	g_autoptr(GArray) reads = g_array_new(FALSE, FALSE, sizeof(struct sql_read));
	g_autoptr(GString) text = g_string_new(NULL);
	sqlite3_stmt *statement = sql_session_prepare(
		session,
		"SELECT c.name, (SELECT count(*) FROM image) FROM container c, container_mount m "
		"WHERE m.parent = c.ord AND c.name <> ''",
		reads, NULL, NULL);

	for (guint i = 0; i < reads->len; i++) {
		const struct sql_read *read = &g_array_index(reads, struct sql_read, i);

		g_string_append_printf(text, "%s.%s ", read->table->name,
				       read->column != NULL ? read->column->name : "");
	}
	g_assert_cmpstr(text->str, ==,
			"container.name container_mount.parent container.ord image. ");
	sqlite3_finalize(statement);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strdup_printf("/facts_table/%s", cases[i].name);

		g_test_add_data_func(path, GSIZE_TO_POINTER(i), rows_are);
	}
	g_test_add_func("/facts_table/joins are linear", joins_are_linear);
	g_test_add_func("/facts_table/keys are not scanned", keys_are_not_scanned);
	g_test_add_func("/facts_table/indexes answer as scans do", indexes_answer_as_scans_do);
	g_test_add_func("/facts_table/joins over columns are linear",
			joins_over_columns_are_linear);
	g_test_add_func("/facts_table/other facts are indexed anew", other_facts_are_indexed_anew);
	g_test_add_func("/facts_table/every field is a column", every_field_is_a_column);
	g_test_add_func("/facts_table/every table opens", every_table_opens);
	g_test_add_func("/facts_table/the schema knows every table", schema_knows_every_table);
	g_test_add_func("/facts_table/statements tell what they read",
			statements_tell_what_they_read);
	return g_test_run();
}
