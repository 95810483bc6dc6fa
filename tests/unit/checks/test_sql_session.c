/* SPDX-License-Identifier: Apache-2.0 */
/* The connection: its functions, what it refuses, and that nothing runs longer than allowed. */
#include <string.h>

#include "tests/unit/checks/fixture.h"

static const struct {
	const char *sql, *want; /* NULL = SQL NULL */
} functions[] = {
	{"octal(420)", "0644"},
	{"octal(2541)", "4755"},
	{"octal(0)", "0000"},
	{"octal(NULL)", NULL},
	{"octal('x')", NULL},
	{"mode_excess(420, '0644', 'file')", "0"},
	{"mode_excess(256, '0644', 'file')", "0"},
	{"mode_excess(406, '0644', 'file')", "18"}, /* 0626: what a decimal comparison lets pass */
	{"mode_excess(1517, '0755', 'dir')", "0"}, /* 02755: setgid grants nothing on a directory */
	{"mode_excess(1517, '0755', 'file')", "1024"},
	{"mode_excess(1517, '0755', NULL)", NULL}, /* depends on the type */
	{"mode_excess(511, '0755', NULL)", "18"},  /* does not */
	{"mode_excess(NULL, '0644', 'file')", NULL},
	{"mode_excess(0, '0400', 'file')", "0"},
	{"mode_text(422, '0644', 'file')", "0646: write for others"},
	{"mode_text(438, '0644', 'file')", "0666: write for group, others"},
	{"mode_text(511, '0644', 'file')",
	 "0777: write for group, others; execute for owner, group, others"},
	{"mode_text(2468, '0644', 'file')", "4644: set-user-ID"},
	{"mode_text(420, '0644', 'file')", "0644"},
	{"mode_text(NULL, '0644', 'file')", NULL},
	{"owner_text(0, 100, 'root', 'users')", "0:100 (root:users)"},
	{"owner_text(0, 100, 'root', NULL)", "0:100 (root:?)"},
	{"owner_text(0, 0, NULL, NULL)", "0:0"},
	{"owner_text(NULL, 0, 'x', 'x')", NULL},
	{"digits('00')", "1"},
	{"digits('')", "0"},
	{"digits('1a')", "0"},
	{"digits('-1')", "0"},
	{"digits(NULL)", NULL},
	{"path_base('/usr/bin/dockerd')", "dockerd"},
	{"path_base('dockerd')", "dockerd"},
	{"path_base('/')", ""},
	{"path_is_below('/etc/docker', '/etc')", "1"},
	{"path_is_below('/etc/docker', '/etc/')", "1"},
	{"path_is_below('/etcetera', '/etc')", "0"},
	{"path_is_below('/etc', '/etc')", "0"},
	{"path_is_below('/etc/', '/etc')", "0"},
	{"path_is_below('/etc', '/')", "1"},
	{"path_is_below('/', '/')", "0"},
	{"path_is_below('/etc', '')", "0"},
	{"path_is_below(NULL, '/')", NULL},
	{"cidr_is_loopback('127.0.0.0/8')", "1"},
	{"cidr_is_loopback('127.3.0.0/16')", "1"},
	{"cidr_is_loopback('::1/128')", "1"},
	{"cidr_is_loopback('126.0.0.0/7')", "0"},
	{"cidr_is_loopback('127.0.0.0/7')", "0"},
	{"cidr_is_loopback('10.0.0.0/8')", "0"},
	{"cidr_is_loopback('::/0')", "0"},
	{"cidr_is_loopback('127.0.0.1')", "1"},
	{"cidr_is_loopback('127.0.0.0/33')", NULL},
	{"cidr_is_loopback('nonsense')", NULL},
	{"host_is_loopback('localhost')", "1"},
	{"host_is_loopback('LOCALHOST:5000')", "1"},
	{"host_is_loopback('127.9.9.9:5000')", "1"},
	{"host_is_loopback('[::1]:5000')", "1"},
	{"host_is_loopback('::1')", "1"},
	{"host_is_loopback('127.evil.example')", "0"},
	{"host_is_loopback('localhost.evil.example')", "0"},
	{"host_is_loopback('tcp://127.0.0.1@evil.example:514')", "0"},
	{"host_is_loopback('10.0.0.1:5000')", "0"},
	{"url_host('https://user:secret@splunk.example:8088/services?x=y')", "splunk.example"},
	{"url_host('udp://[2001:db8::1]:514')", "2001:db8::1"},
	{"url_host('tcp://logs:514')", "logs"},
	{"registry_of('debian:12')", "docker.io"},
	{"registry_of('library/debian')", "docker.io"},
	{"registry_of('index.docker.io/a/b:1')", "docker.io"},
	{"registry_of('Reg.Example.org/a@sha256:00')", "reg.example.org"},
	{"registry_of('reg:5000/a:1')", "reg:5000"},
	{"registry_of('localhost/a')", "localhost"},
	{"registry_of('localhost:5000')", "docker.io"},
	{"registry_of(NULL)", NULL},
	{"version_at_least('20.10.24+dfsg1', '20.10.0')", "1"},
	{"version_at_least('20.10.24', '20.10.24')", "1"},
	{"version_at_least('9.0', '10.0')", "0"},
	{"version_at_least('v28.1.0-rc.1', '28.1')", "1"},
	{"version_at_least('28', '28.0.1')", "0"},
	{"version_at_least('unknown', '1.0')", NULL},
	{"version_at_least('1.0', '')", NULL},
	{"version_at_least(NULL, '1.0')", NULL},
	{"date_text(0)", "1970-01-01"},
	{"date_text(1764547200)", "2025-12-01"},
	{"date_text(9223372036854775807)", NULL},
	{"date_text(NULL)", NULL},
	{"param('min_engine_version')", NULL},
	{"'aaa' LIKE '%A%'", "1"},
	{"coalesce(NULL, iif(1, 'x', 'y'))", "x"},
};

static char *run(struct sql_session *session, const char *sql)
{
	g_autoptr(GError) error = NULL;
	sqlite3_stmt *statement = sql_session_prepare(session, sql, NULL, NULL, &error);
	const char *value = NULL;
	char *text = NULL;
	int rc = SQLITE_OK;

	if (statement == NULL)
		return g_strdup_printf("refused: %s", error->message);
	while ((rc = sqlite3_step(statement)) == SQLITE_ROW && text == NULL) {
		value = (const char *)(const void *)sqlite3_column_text(statement, 0);
		text = g_strdup(value != NULL ? value : "NULL");
	}
	if (rc != SQLITE_DONE && rc != SQLITE_ROW) {
		g_free(text);
		text = g_strdup_printf("failed: %s", sql_session_failure(session, rc));
	}
	sqlite3_finalize(statement);
	return text;
}

static void expect(const char *sql, const char *text, const char *want)
{
	if (strcmp(text, want) == 0)
		return;
	g_test_message("%s: got %s, wanted %s", sql, text, want);
	g_test_fail();
}

static void functions_answer(void)
{
	PLIMSOLL_AUTO(sql_session) *session = sql_session_new(NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(functions); i++) {
		g_autofree char *sql = g_strdup_printf("SELECT %s", functions[i].sql);
		g_autofree char *text = run(session, sql);
		const char *want = functions[i].want != NULL ? functions[i].want : "NULL";

		expect(sql, text, want);
	}
}

/* SQL has no octal numbers: a number as the limit is a mistake, not six hundred and forty-four. */
static void limits_of_modes_are_text(void)
{
	PLIMSOLL_AUTO(sql_session) *session = sql_session_new(NULL);
	g_autofree char *text = run(session, "SELECT mode_excess(420, 0644, 'file')");

	g_assert_cmpstr(text, ==, "failed: a limit of modes is octal text such as '0644'");
}

static const struct {
	const char *sql, *want;
} refused[] = {
	{"DELETE FROM container", "refused: table container may not be modified"},
	{"INSERT INTO container DEFAULT VALUES",
	 "refused: this kind of statement is not allowed here"},
	{"CREATE TABLE t(a)", "refused: this kind of statement is not allowed here"},
	{"CREATE TEMP TABLE t(a)", "refused: this kind of statement is not allowed here"},
	{"ATTACH '/etc/passwd' AS x", "refused: this kind of statement is not allowed here"},
	{"PRAGMA user_version", "refused: this kind of statement is not allowed here"},
	{"VACUUM INTO '/tmp/x'", "refused: not a read-only SELECT"},
	{"BEGIN", "refused: this kind of statement is not allowed here"},
	{"SELECT load_extension('x')", "refused: function 'load_extension' is not allowed here"},
	{"SELECT printf('%.*c', 900000000, 'x')", "refused: function 'printf' is not allowed here"},
	{"SELECT format('%.*c', 900000000, 'x')", "refused: function 'format' is not allowed here"},
	{"SELECT zeroblob(1000000000)", "refused: function 'zeroblob' is not allowed here"},
	{"SELECT randomblob(1000000000)", "refused: function 'randomblob' is not allowed here"},
	{"SELECT replace('a', 'a', 'b')", "refused: function 'replace' is not allowed here"},
	{"SELECT random()", "refused: function 'random' is not allowed here"},
	{"SELECT name FROM sqlite_master", "refused: table 'sqlite_master' is not allowed here"},
	{"SELECT * FROM pragma_table_info('container')",
	 "refused: this kind of statement is not allowed here"},
	{"SELECT * FROM json_each('[1]')", "refused: this kind of statement is not allowed here"},
	{"SELECT \"privilegd\" FROM container", "refused: no such column: privilegd"},
	{"SELECT 1; SELECT 2", "refused: more than one statement"},
	{"SELECT ?1", "refused: parameters are not allowed"},
	{"", "refused: empty statement"},
	{"-- nothing", "refused: empty statement"},
	{"EXPLAIN SELECT 1", "refused: not a read-only SELECT"},
};

static void doors_are_closed(void)
{
	PLIMSOLL_AUTO(sql_session) *session = sql_session_new(NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
		g_autofree char *text = run(session, refused[i].sql);

		expect(refused[i].sql, text, refused[i].want);
	}
}

/* ---- hostile queries ---- */

static const struct {
	const char *sql, *want; /* NULL = any end will do, within the deadline */
} hostile[] = {
	{"WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT max(n) FROM r",
	 "failed: took longer than allowed"},
	{"SELECT count(*) FROM container a, container b, container c",
	 "failed: took longer than allowed"},
	{"SELECT length(group_concat(a.id || b.id)) FROM container a, container b", NULL},
	{"SELECT a.id FROM container a, container b, container c ORDER BY b.id || a.id || c.id",
	 NULL},
	{"WITH RECURSIVE r(s) AS (SELECT 'x' UNION ALL SELECT s || s FROM r) SELECT max(length(s)) "
	 "FROM r",
	 "failed: string or blob too big"},
	/* The time goes into comparisons inside the tables, where no byte code runs. */
	{"SELECT count(*) FROM container a, container b, container_mount m "
	 "WHERE m.source = a.name || b.name || 'x'",
	 "failed: took longer than allowed"},
	{"WITH RECURSIVE r(s) AS (SELECT 'aaaaaaaaaaaaaaaa' UNION ALL SELECT s || s FROM r LIMIT "
	 "16) "
	 "SELECT count(*) FROM r, container WHERE s LIKE "
	 "'%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%b'",
	 NULL},
	{"WITH RECURSIVE r(s) AS (SELECT 'aaaaaaaaaaaaaaaa' UNION ALL SELECT s || s FROM r LIMIT "
	 "16) "
	 "SELECT count(*) FROM r, container WHERE s GLOB '*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b'",
	 NULL},
};

/* A million mounts, all the same one: scans of the table take long by themselves. */
static void multiply_mounts(struct fixture *fixture)
{
	enum { MOUNTS = 1000000 };
	Plimsoll__Container *container = fixture->input.facts->container[0];
	Plimsoll__ContainerMount **mounts = arena_calloc(fixture->arena, MOUNTS, sizeof(*mounts));

	for (size_t i = 0; i < MOUNTS; i++)
		mounts[i] = container->mount[0];
	container->mount = mounts;
	container->n_mount = MOUNTS;
}

static struct fixture *many_containers(guint n)
{
	g_autoptr(GString) text = g_string_new("facts:\n  container:\n");

	for (guint i = 0; i < n; i++)
		g_string_append_printf(
			text, "    - {id: c%u, name: n%u, mount: [{source: s}, {source: t}]}\n", i,
			i);
	return fixture_text(text->str);
}

static void hostile_queries_end(void)
{
	enum { DEADLINE_MS = 100, GRACE_MS = 1400 };
	PLIMSOLL_AUTO(fixture) *fixture = many_containers(1000);
	PLIMSOLL_AUTO(sql_session) *session = sql_session_new(NULL);

	multiply_mounts(fixture);
	facts_vtab_show(&session->facts,
			&(const struct facts_data){{&fixture->input.facts->base, NULL, NULL}});
	for (size_t i = 0; i < G_N_ELEMENTS(hostile); i++) {
		gint64 start = g_get_monotonic_time();
		g_autofree char *text = NULL;
		gint64 ms = 0;

		sql_session_set_deadline(session, DEADLINE_MS);
		text = run(session, hostile[i].sql);
		ms = (g_get_monotonic_time() - start) / 1000;
		g_test_message("%" G_GINT64_FORMAT " ms: %s: %s", ms, hostile[i].sql, text);
		g_assert_cmpint(ms, <, DEADLINE_MS + GRACE_MS);
		if (hostile[i].want != NULL)
			g_assert_cmpstr(text, ==, hostile[i].want);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sql_session/functions answer", functions_answer);
	g_test_add_func("/sql_session/limits of modes are text", limits_of_modes_are_text);
	g_test_add_func("/sql_session/doors are closed", doors_are_closed);
	g_test_add_func("/sql_session/hostile queries end", hostile_queries_end);
	return g_test_run();
}
