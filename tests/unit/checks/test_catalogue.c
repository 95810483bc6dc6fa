/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue: every mistake is reported where it stands, and folders add and override. */
#include <glib/gstdio.h>
#include <string.h>

#include "checks/catalogue_file.h"
#include "tests/unit/checks/fixture.h"

/* Keys that every check needs, apart from those in focus. */
#define HEAD "- check: a\n  title: t\n  section: containers\n  severity: low\n  mode: A\n"
#define TAIL "  why: w\n  fix: f\n"

static const struct {
	const char *name, *yaml, *want;
} faults[] = {
	{"syntax", "- check: a\n  title: [\n", "x.yaml:3:1: did not find expected node content"},
	{"a list is expected", "just words\n",
	 "x.yaml:1:1: expected a list of checks, or a benchmark"},
	{"two documents", "[]\n---\n[]\n", "x.yaml:3:1: more than one document"},
	{"invalid UTF-8", "- check: \xff\n", "x.yaml:1:1: invalid leading UTF-8 octet at byte 9"},
	{"not a mapping", "- word\n", "x.yaml:1:3: expected the keys of a check"},
	{"unknown key", HEAD "  titel: t\n" TAIL,
	 "x.yaml:6:3: unknown key 'titel' (expected check, title, section, severity, mode, from, "
	 "where, empty, gate, parameter, applies, fail, items, observed, expected, reason, note, "
	 "source, decides_without, dbs_score, retired, why, fix, fix_rootless, impact, differs, "
	 "variants)"},
	{"key twice", HEAD "  from: image\n  from: image\n" TAIL,
	 "x.yaml:7:3: key 'from' is given twice"},
	{"missing key", HEAD "  fail: '1'\n" TAIL, "x.yaml:1:3: check without the key 'from'"},
	{"bad severity", "- check: a\n  severity: urgent\n",
	 "x.yaml:2:13: 'urgent' is not a severity (expected low, medium, high, critical)"},
	{"bad mode", "- check: a\n  mode: automatic\n",
	 "x.yaml:2:9: 'automatic' is not a mode (expected A, O, P, M, N)"},
	{"bad subject", HEAD "  from: pod\n" TAIL,
	 "x.yaml:6:9: 'pod' is not a from (expected container, image, network, service, node, "
	 "cluster, file, daemon, host)"},
	{"bad name",
	 "- check: A b\n  title: t\n  section: host\n  severity: low\n  mode: M\n"
	 "  from: host\n" TAIL,
	 "x.yaml:1:10: 'A b' is not a name (a-z, 0-9, -)"},
	{"a list where a text belongs", HEAD "  from: [host]\n" TAIL,
	 "x.yaml:6:9: expected a scalar"},
	{"a text where a list belongs",
	 HEAD "  from: host\n  fail: '1'\n  decides_without: a.b\n" TAIL,
	 "x.yaml:8:20: expected a list"},
	{"not a boolean", HEAD "  from: host\n  fail: '1'\n  dbs_score: yes\n" TAIL,
	 "x.yaml:8:14: expected true or false"},
	{"a NUL", "- check: \"a\\0b\"\n", "x.yaml:1:11: a NUL is not allowed"},
	{"folded SQL", HEAD "  from: host\n  fail: >\n    1\n    + 1\n" TAIL,
	 "x.yaml:7:9: SQL in a folded block (>) loses its lines; use a | block"},
	{"SQL over several lines", HEAD "  from: host\n  fail: 1\n    + 1\n" TAIL,
	 "x.yaml:7:9: SQL over several lines belongs in a | block"},
	{"empty SQL", HEAD "  from: host\n  fail: ' '\n" TAIL, "x.yaml:7:10: SQL is empty"},
	{"fail and items", HEAD "  from: host\n  fail: '1'\n  items: SELECT 1 AS verdict\n" TAIL,
	 "x.yaml:8:10: either 'fail' or 'items', not both"},
	{"neither fail nor items", HEAD "  from: host\n" TAIL,
	 "x.yaml:1:3: check without 'fail' or 'items'"},
	{"observed beside items",
	 HEAD "  from: host\n  items: SELECT 1 AS verdict\n  observed: \"'x'\"\n" TAIL,
	 "x.yaml:8:14: belongs to 'fail'; an 'items' query states it per row"},
	{"a manual check that fails",
	 "- check: a\n  title: t\n  section: host\n  severity: low\n  mode: M\n  from: host\n"
	 "  fail: '1'\n" TAIL,
	 "x.yaml:7:10: a manual check (mode M) does not fail"},
	{"no parameter",
	 "- check: a\n  title: t\n  section: host\n  severity: low\n  mode: P\n  from: host\n"
	 "  fail: '1'\n" TAIL,
	 "x.yaml:5:9: mode P needs the key 'parameter'"},
	{"unknown parameter", HEAD "  from: host\n  fail: '1'\n  parameter: colour\n" TAIL,
	 "x.yaml:8:14: 'colour' is not a column of the table parameter"},
	{"unknown column",
	 HEAD "  from: host\n  fail: '1'\n  decides_without: [host.kernel, host.size]\n" TAIL,
	 "x.yaml:8:34: 'host.size' is not TABLE.COLUMN of the facts"},
	{"bad empty", HEAD "  from: image\n  fail: '1'\n  empty: fail\n" TAIL,
	 "x.yaml:8:10: expected pass or a reason code"},
	{"check twice",
	 HEAD "  from: host\n  fail: '1'\n" TAIL HEAD "  from: host\n  fail: '1'\n" TAIL,
	 "x.yaml:10:10: check 'a' is already at x.yaml:1"},
	{"variant twice",
	 HEAD "  from: host\n  fail: '1'\n  variants:\n    - name: v\n      fail: '0'\n    - name: "
	      "v\n" TAIL,
	 "x.yaml:11:13: variant 'v' is given twice"},
	{"variant without form", HEAD "  from: host\n  variants:\n    - name: v\n" TAIL,
	 "x.yaml:8:7: variant without 'fail' or 'items'"},
	{"unknown key of a variant",
	 HEAD "  from: host\n  fail: '1'\n  variants:\n    - name: v\n      reason: x\n" TAIL,
	 "x.yaml:10:7: unknown key 'reason' (expected name, applies, fail, items, observed, "
	 "expected)"},
	{"benchmark without entries", "name: b\ntitle: b\nsections: []\n",
	 "x.yaml:1:1: benchmark without the key 'entries'"},
	{"unknown check",
	 "name: b\ntitle: b\nsections: [{id: '5', title: t}]\nentries:\n  - {id: '5.1', check: "
	 "host-hardend}\n",
	 "x.yaml:5:24: unknown check 'host-hardend' (did you mean 'host-hardened'?)"},
	{"unknown check, nothing near",
	 "name: b\ntitle: b\nsections: [{id: '5', title: t}]\nentries:\n  - {id: '5.1', check: "
	 "zzzzzzzz}\n",
	 "x.yaml:5:24: unknown check 'zzzzzzzz'"},
	{"unknown variant",
	 "name: b\ntitle: b\nsections: [{id: '5', title: t}]\n"
	 "entries:\n  - {id: '5.1', check: host-hardened, variant: l9}\n",
	 "x.yaml:5:48: check 'host-hardened' has no variant 'l9'"},
	{"no such section",
	 "name: b\ntitle: b\nsections: [{id: '5', title: t}]\nentries:\n  - {id: '6.1', check: "
	 "host-hardened}\n",
	 "x.yaml:5:11: '6.1' belongs to no section of the benchmark"},
	{"id twice",
	 "name: b\ntitle: b\nsections: [{id: '5', title: t}]\nentries:\n"
	 "  - {id: '5.1', check: host-hardened}\n  - {id: '5.1', check: host-hardened}\n",
	 "x.yaml:6:11: id '5.1' is given twice"},
	{"a group that is none",
	 "name: b\ntitle: b\nsections: [{id: '5', title: t}]\nentries:\n"
	 "  - {id: '5.1', check: host-hardened, groups: [1, 4]}\n",
	 "x.yaml:5:51: a group is 1, 2 or 3"},
	{"bad status",
	 "name: b\ntitle: b\nsections: []\nentries:\n  - {id: '5.1', check: a, status: Auto}\n",
	 "x.yaml:5:35: 'Auto' is not a status (expected Automated, Manual, Scored, Not Scored)"},
};

static const char known_yaml[] = "- check: host-hardened\n  title: hardened\n  section: host\n"
				 "  severity: medium\n  mode: M\n  from: host\n" TAIL
				 "- check: container-privileged\n  title: privileged\n"
				 "  section: containers\n  severity: critical\n  mode: A\n"
				 "  from: container\n  fail: privileged\n  dbs_score: true\n" TAIL;

static struct catalogue *load(const char *yaml, bool custom, GError **error)
{
	const struct catalogue_source sources[] = {
		{.file = {"known.yaml", known_yaml, strlen(known_yaml)}},
		{.file = {"x.yaml", yaml, strlen(yaml)}, .custom = custom},
	};

	return catalogue_new_from(sources, G_N_ELEMENTS(sources), error);
}

static void faults_are_placed(gconstpointer data)
{
	size_t i = GPOINTER_TO_SIZE(data);
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(catalogue) *catalogue = load(faults[i].yaml, false, &error);

	g_assert_null(catalogue);
	g_assert_cmpstr(error->message, ==, faults[i].want);
}

/* ---- faults in SQL: reported by the evaluator ---- */

static const struct {
	const char *name, *yaml, *want;
} sql_faults[] = {
	{"unknown column, one line", HEAD "  from: container\n  fail: s.privilegd\n" TAIL,
	 "x.yaml:7:9: check a: no such column: s.privilegd"},
	{"unknown column, quoted", HEAD "  from: container\n  fail: \"1 + privilegd\"\n" TAIL,
	 "x.yaml:7:14: check a: no such column: privilegd"},
	{"unknown column, block",
	 HEAD "  from: container\n  fail: |\n    s.memory = 0\n    OR s.privilegd\n" TAIL,
	 "x.yaml:9:8: check a: no such column: s.privilegd"},
	{"block that begins with an empty line",
	 HEAD "  from: container\n  fail: |\n\n    1 +\n      privilegd\n" TAIL,
	 "x.yaml:10:7: check a: no such column: privilegd"},
	{"syntax", HEAD "  from: container\n  fail: |\n    s.memory BETWEN 1\n" TAIL,
	 "x.yaml:8:14: check a: near \"BETWEN\": syntax error"},
	{"unknown table has no offset in SQLite",
	 HEAD "  from: container\n  fail: |\n    1 IN (SELECT 1\n      FROM nosuch)\n" TAIL,
	 "x.yaml:9:12: check a: no such table: nosuch"},
	{"refused function",
	 HEAD "  from: container\n  fail: '0'\n  observed: printf('%d', 1)\n" TAIL,
	 "x.yaml:8:13: check a: function 'printf' is not allowed here"},
	{"fault in where", HEAD "  from: container\n  fail: '0'\n  where: nope = 1\n" TAIL,
	 "x.yaml:8:10: check a: no such column: nope"},
	{"fault in applies", HEAD "  from: container\n  fail: '0'\n  applies: nope\n" TAIL,
	 "x.yaml:8:12: check a: no such column: nope"},
	{"two expressions", HEAD "  from: container\n  fail: '1), (2'\n" TAIL,
	 "x.yaml:7:10: check a: each key holds one expression"},
	{"a comment does not swallow what follows",
	 HEAD "  from: container\n  fail: |\n    nope -- comment\n" TAIL,
	 "x.yaml:8:5: check a: no such column: nope"},
	{"unknown items column",
	 HEAD "  from: host\n  items: SELECT 'pass' AS verdict, 1 AS colour\n" TAIL,
	 "x.yaml:7:10: check a: column 'colour' is unknown (expected subject, verdict, item, "
	 "discriminator, observed, expected, reason, note, source, kind)"},
	{"items without verdict", HEAD "  from: host\n  items: SELECT 0 AS subject\n" TAIL,
	 "x.yaml:7:10: check a: an items query has the columns subject and verdict"},
	{"items without subject",
	 HEAD "  from: container\n  items: SELECT 'pass' AS verdict\n" TAIL,
	 "x.yaml:7:10: check a: an items query has the columns subject and verdict"},
	{"items that write", HEAD "  from: host\n  items: DELETE FROM container\n" TAIL,
	 "x.yaml:7:10: check a: table container may not be modified"},
	{"two statements", HEAD "  from: host\n  items: SELECT 'pass' AS verdict; SELECT 2\n" TAIL,
	 "x.yaml:7:10: check a: more than one statement"},
	{"fault in a variant",
	 HEAD "  from: host\n  fail: '0'\n  variants:\n    - name: v\n      fail: nope\n" TAIL,
	 "x.yaml:10:13: check a (variant v): no such column: nope"},
};

static void sql_faults_are_placed(gconstpointer data)
{
	size_t i = GPOINTER_TO_SIZE(data);
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(catalogue) *catalogue = load(sql_faults[i].yaml, false, &error);
	PLIMSOLL_AUTO(evaluator) *evaluator = NULL;

	g_assert_no_error(error);
	evaluator = evaluator_new(catalogue, &error);
	g_assert_null(evaluator);
	g_assert_cmpstr(error->message, ==, sql_faults[i].want);
}

/* ---- what a catalogue answers ---- */

static const char benchmark_yaml_text[] =
	"name: cis-docker-1.6.0\ntitle: CIS Docker Benchmark 1.6.0\n"
	"sections: [{id: '1', title: Host}, {id: '5', title: Containers}]\n"
	"entries:\n"
	"  - {id: '5.10', check: container-privileged, title: own title, status: Manual, level: "
	"1}\n"
	"  - {id: '5.9', check: host-hardened}\n"
	"  - {id: '1.1.10', check: host-hardened}\n"
	"  - {id: '1.1.9', check: host-hardened, status: Automated, level: 2}\n";

static void benchmarks_are_in_natural_order(void)
{
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(catalogue) *catalogue = load(benchmark_yaml_text, false, &error);
	const struct benchmark *benchmark = NULL;
	static const char *const ids[] = {"1.1.9", "1.1.10", "5.9", "5.10"};

	g_assert_no_error(error);
	benchmark = catalogue_benchmark(catalogue, "cis-docker-1.6.0");
	g_assert_nonnull(benchmark);
	g_assert_true(catalogue_benchmark(catalogue, "cis-1.6.0") == benchmark);
	g_assert_true(catalogue_benchmark(catalogue, "1.6.0") == benchmark);
	g_assert_null(catalogue_benchmark(catalogue, "1.6"));
	g_assert_null(catalogue_benchmark(catalogue, "docker-1.6.0"));
	g_assert_cmpuint(benchmark->n_entries, ==, 4);
	for (guint i = 0; i < 4; i++)
		g_assert_cmpstr(benchmark->entries[i].id, ==, ids[i]);
	g_assert_cmpstr(benchmark->entries[0].section, ==, "1");
	g_assert_cmpuint(benchmark->entries[0].level, ==, 2);
	g_assert_cmpstr(benchmark->entries[3].title, ==, "own title");
	g_assert_cmpstr(benchmark->entries[2].title, ==, "hardened");
	g_assert_null(benchmark->entries[2].status);
}

/* An entry says where docker-bench-security's release for its version differs from the check. */
static void entries_carry_groups_and_scores(void)
{
	static const char yaml[] =
		"name: b\ntitle: b\nsections: [{id: '5', title: t}]\nentries:\n"
		"  - {id: '5.1', check: host-hardened, groups: [2, 3]}\n"
		"  - {id: '5.2', check: host-hardened, groups: [], dbs_score: true}\n"
		"  - {id: '5.3', check: container-privileged}\n"
		"  - {id: '5.4', check: container-privileged, dbs_score: false}\n";
	static const struct {
		unsigned groups;
		bool has_groups, dbs_score;
	} want[] = {{6, true, false}, {0, true, true}, {0, false, true}, {0, false, false}};
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(catalogue) *catalogue = load(yaml, false, &error);
	const struct benchmark *benchmark;

	g_assert_no_error(error);
	benchmark = catalogue_benchmark(catalogue, "b");
	g_assert_true(benchmark->has_dbs_score);
	for (guint i = 0; i < G_N_ELEMENTS(want); i++) {
		g_assert_cmpuint(benchmark->entries[i].groups, ==, want[i].groups);
		g_assert_cmpint(benchmark->entries[i].has_groups, ==, want[i].has_groups);
		g_assert_cmpint(benchmark->entries[i].dbs_score, ==, want[i].dbs_score);
	}
}

static void a_benchmark_may_have_no_score(void)
{
	static const char yaml[] = "name: b\ntitle: b\ndbs_score: false\n"
				   "sections: [{id: '5', title: t}]\nentries:\n"
				   "  - {id: '5.1', check: container-privileged}\n";
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(catalogue) *catalogue = load(yaml, false, &error);
	const struct benchmark *benchmark;

	g_assert_no_error(error);
	benchmark = catalogue_benchmark(catalogue, "b");
	g_assert_false(benchmark->has_dbs_score);
	g_assert_false(benchmark->entries[0].dbs_score);
}

static void ids_compare(void)
{
	static const char *const order[] = {"1.1",  "1.1.1", "1.1.2", "1.1.10", "1.2",
					    "1.10", "2.1",   "10.1",  "C.2",    "C.5.3.1"};

	for (size_t i = 0; i < G_N_ELEMENTS(order); i++)
		for (size_t k = 0; k < G_N_ELEMENTS(order); k++) {
			int want = i < k ? -1 : i > k;
			int got = benchmark_id_compare(order[i], order[k]);

			g_assert_cmpint((got > 0) - (got < 0), ==, want);
		}
}

static void suggestions_are_near(void)
{
	static const struct {
		const char *name, *want;
	} cases[] = {
		{"container-privileged", "container-privileged"},
		{"container-priviledged", "container-privileged"},
		{"privileged", "container-privileged"},
		{"host-hardend", "host-hardened"},
		{"5.11", "container-privileged"},
		{"something else", NULL},
		{"", NULL},
	};
	PLIMSOLL_AUTO(catalogue) *catalogue = load(benchmark_yaml_text, false, NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpstr(catalogue_suggest(catalogue, cases[i].name), ==, cases[i].want);
	g_assert_cmpuint(text_distance("kitten", "sitting"), ==, 3);
	g_assert_cmpuint(text_distance("", "abc"), ==, 3);
}

static void keys_arrive(void)
{
	static const char yaml[] =
		"- check: full\n  title: a title\n  section: files\n  severity: high\n  mode: P\n"
		"  from: file\n  where: s.role = 'tls_key'\n  empty: NA_ABSENT|x\n  gate: files\n"
		"  parameter: min_engine_version\n  applies: '1'\n  fail: |\n    s.mode > 0\n"
		"  observed: octal(s.mode)\n  expected: \"'0400'\"\n  reason: \"'UK'\"\n"
		"  note: \"'n'\"\n  source: \"'s'\"\n  decides_without: [file.acl, host.kernel]\n"
		"  dbs_score: true\n  why: >-\n    folded\n    text\n  fix: |\n    1. one\n    2. "
		"two\n"
		"  fix_rootless: r\n  impact: i\n"
		"  variants:\n    - name: v\n      fail: '0'\n      expected: \"'x'\"\n";
	PLIMSOLL_AUTO(catalogue) *catalogue = load(yaml, true, NULL);
	const struct check *check = catalogue_find(catalogue, "full");

	g_assert_nonnull(check);
	g_assert_cmpint((int)check->mode, ==, MODE_PARAMETER);
	g_assert_cmpint((int)check->severity, ==, SEVERITY_HIGH);
	g_assert_cmpstr(check->subject, ==, "file");
	g_assert_cmpstr(check->empty, ==, "NA_ABSENT|x");
	g_assert_cmpstr(check->fail.text, ==, "s.mode > 0\n");
	g_assert_cmpuint(check->fail.line, ==, 13);
	g_assert_cmpuint(check->fail.column, ==, 5);
	g_assert_cmpstr(check->why, ==, "folded text");
	g_assert_cmpstr(check->fix, ==, "1. one\n2. two\n");
	g_assert_cmpstr(check->decides_without[1], ==, "host.kernel");
	g_assert_null(check->decides_without[2]);
	g_assert_true(check->dbs_score);
	g_assert_true(check->custom);
	g_assert_cmpuint(check->n_variants, ==, 1);
	g_assert_cmpstr(check->variants[0].fail.text, ==, "0");
	g_assert_cmpuint(check->line, ==, 1);
}

static void aliases_share_text(void)
{
	static const char yaml[] =
		HEAD "  from: container\n  fail: &f s.nope\n" TAIL
		     "- check: b\n  title: t\n  section: containers\n  severity: low\n"
		     "  mode: A\n  from: container\n  fail: *f\n" TAIL;
	PLIMSOLL_AUTO(catalogue) *catalogue = load(yaml, false, NULL);

	g_assert_cmpstr(catalogue_find(catalogue, "b")->fail.text, ==, "s.nope");
	g_assert_cmpuint(catalogue_find(catalogue, "b")->fail.line, ==, 7);
}

/* ---- folders ---- */

static void write_file(const char *folder, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);

	g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void remove_folder(const char *folder)
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *name = NULL;

	while ((name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *path = g_build_filename(folder, name, NULL);

		g_assert_cmpint(g_unlink(path), ==, 0);
	}
	g_assert_cmpint(g_rmdir(folder), ==, 0);
}

static void folders_add_in_order(void)
{
	g_autofree char *folder = g_dir_make_tmp("plimsoll-XXXXXX", NULL);
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(catalogue) *bare = catalogue_new(NULL, NULL);
	PLIMSOLL_AUTO(catalogue) *catalogue = NULL;
	g_autofree char *hash = NULL;
	g_autofree char *bare_hash = NULL;
	guint before = 0;
	guint after = 0;

	g_assert_nonnull(bare);
	write_file(folder, "20-b.yaml", HEAD "  from: host\n  fail: '1'\n" TAIL);
	write_file(folder, "10-a.yaml",
		   "- check: first\n  title: t\n  section: host\n  severity: low\n"
		   "  mode: M\n  from: host\n" TAIL);
	write_file(folder, "ignored.txt", "not yaml: [");
	write_file(folder, ".hidden.yaml", "not yaml: [");
	write_file(folder, "30-empty.yaml", "# nothing yet\n");
	catalogue = catalogue_new(folder, &error);
	g_assert_no_error(error);
	(void)catalogue_checks(bare, &before);
	(void)catalogue_checks(catalogue, &after);
	g_assert_cmpuint(after, ==, before + 2);
	g_assert_cmpstr(catalogue_checks(catalogue, &after)[before].name, ==, "first");
	g_assert_true(catalogue_find(catalogue, "a")->custom);
	g_assert_true(g_str_has_suffix(catalogue_find(catalogue, "a")->file, "/20-b.yaml"));
	hash = catalogue_hash(catalogue);
	bare_hash = catalogue_hash(bare);
	g_assert_cmpstr(hash, !=, bare_hash);
	remove_folder(folder);
}

static void a_missing_folder_is_no_error(void)
{
	PLIMSOLL_AUTO(catalogue) *bare = catalogue_new(NULL, NULL);
	PLIMSOLL_AUTO(catalogue) *catalogue = catalogue_new("/nonexistent/checks.d", NULL);

	g_autofree char *hash = NULL;
	g_autofree char *bare_hash = NULL;

	g_assert_nonnull(catalogue);
	hash = catalogue_hash(catalogue);
	bare_hash = catalogue_hash(bare);
	g_assert_cmpstr(hash, ==, bare_hash);
	g_assert_cmpuint(strlen(hash), ==, 64);
}

static void custom_checks_override(void)
{
	static const char yaml[] =
		"- check: container-privileged\n  title: ours\n  section: containers\n"
		"  severity: low\n  mode: A\n  from: container\n  fail: '0'\n" TAIL;
	PLIMSOLL_AUTO(catalogue) *catalogue = load(yaml, true, NULL);
	guint n = 0;

	g_assert_nonnull(catalogue);
	(void)catalogue_checks(catalogue, &n);
	g_assert_cmpuint(n, ==, 2);
	g_assert_cmpstr(catalogue_find(catalogue, "container-privileged")->title, ==, "ours");
	g_assert_true(catalogue_find(catalogue, "container-privileged")->custom);
	g_assert_false(catalogue_find(catalogue, "host-hardened")->custom);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(faults); i++) {
		g_autofree char *path = g_strdup_printf("/catalogue/fault/%s", faults[i].name);

		g_test_add_data_func(path, GSIZE_TO_POINTER(i), faults_are_placed);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(sql_faults); i++) {
		g_autofree char *path = g_strdup_printf("/catalogue/sql/%s", sql_faults[i].name);

		g_test_add_data_func(path, GSIZE_TO_POINTER(i), sql_faults_are_placed);
	}
	g_test_add_func("/catalogue/natural order", benchmarks_are_in_natural_order);
	g_test_add_func("/catalogue/entries carry groups and scores",
			entries_carry_groups_and_scores);
	g_test_add_func("/catalogue/a benchmark may have no score", a_benchmark_may_have_no_score);
	g_test_add_func("/catalogue/ids compare", ids_compare);
	g_test_add_func("/catalogue/suggestions are near", suggestions_are_near);
	g_test_add_func("/catalogue/keys arrive", keys_arrive);
	g_test_add_func("/catalogue/aliases share text", aliases_share_text);
	g_test_add_func("/catalogue/folders add in order", folders_add_in_order);
	g_test_add_func("/catalogue/a missing folder is no error", a_missing_folder_is_no_error);
	g_test_add_func("/catalogue/custom checks override", custom_checks_override);
	return g_test_run();
}
