/* SPDX-License-Identifier: Apache-2.0 */
/* The evaluator: three-valued verdicts, and that nothing passes by being absent. */
#include <string.h>

#include "checks/reason.h"
#include "proto/limits.h"
#include "proto/schema.h"
#include "tests/unit/checks/fixture.h"

#define COMMON            "  title: t\n  section: containers\n  severity: low\n  why: w\n  fix: f\n"
#define CHECK(mode, from) "- check: c\n  mode: " mode "\n  from: " from "\n" COMMON
#define OK_FETCH                                                                                   \
	"  fetch: [{source: GET /containers/json, status: ok, group: container},"                  \
	" {source: GET /info, status: ok, group: engine},"                                         \
	" {source: GET /images/json, status: ok, group: image},"                                   \
	" {source: files, status: ok, group: file}]\n"
#define TWO                                                                                        \
	"facts:\n" OK_FETCH "  container:\n"                                                       \
	"    - {id: a, name: web, state: running, privileged: true, inspect_status: ok}\n"         \
	"    - {id: b, name: db, state: exited, privileged: false, inspect_status: ok}\n"

static const struct {
	const char *name;  /* the claim */
	const char *check; /* YAML of one check */
	const char *facts; /* YAML of a fixture; `derived` inside it are the derived facts */
	const char *want;  /* fixture_describe() */
} cases[] = {
	{"1 fails and 0 passes", CHECK("A", "container") "  fail: s.privileged\n", TWO,
	 "fail\n"
	 "  fail web [-] | - | - | -: - | - | -\n"
	 "  pass db [exited] [-] | - | - | -: - | - | -\n"},
	{"NULL is unknown and names its columns", CHECK("A", "container") "  fail: s.memory = 0\n",
	 TWO,
	 "unknown\n"
	 "  unknown db [exited] [-] | - | - | UK: not seen: container.memory | - | -\n"
	 "  unknown web [-] | - | - | UK: not seen: container.memory | - | -\n"},
	{"a fail beats an unknown", CHECK("A", "container") "  fail: iif(s.privileged, 1, NULL)\n",
	 TWO,
	 "fail\n"
	 "  fail web [-] | - | - | -: - | - | -\n"
	 "  unknown db [exited] [-] | - | - | UK: not seen: container.privileged | - | -\n"},
	{"the texts of an item",
	 CHECK("A",
	       "container") "  where: s.privileged\n  fail: '1'\n"
			    "  observed: \"'P = ' || s.privileged\"\n  expected: \"'false'\"\n"
			    "  note: \"'n'\"\n  source: \"'inspect'\"\n  reason: \"'UK_STALE'\"\n",
	 TWO, "fail\n  fail web [-] | P = 1 | false | -: - | n | inspect\n"},
	{"a reason with its argument",
	 CHECK("A",
	       "container") "  where: s.privileged\n  fail: 'NULL'\n  reason: \"'UK_PERM|/x'\"\n",
	 TWO, "unknown\n  unknown web [-] | - | - | UK_PERM: no permission to read /x | - | -\n"},
	{"a reason in words",
	 CHECK("A",
	       "container") "  where: s.privileged\n  fail: 'NULL'\n  reason: \"'not recorded'\"\n",
	 TWO, "unknown\n  unknown web [-] | - | - | UK: not recorded | - | -\n"},
	{"a reason that says it does not apply",
	 CHECK("A", "container") "  fail: 'NULL'\n  reason: \"'NA_NO_LSM'\"\n", TWO,
	 "not_applicable (NA_NO_LSM: the kernel has no active AppArmor or SELinux)\n"
	 "  not_applicable db [exited] [-] | - | - | NA_NO_LSM: the kernel has no active AppArmor "
	 "or SELinux "
	 "| - | -\n"
	 "  not_applicable web [-] | - | - | NA_NO_LSM: the kernel has no active AppArmor or "
	 "SELinux | - | -\n"},
	{"what does not apply is not listed beside what does",
	 CHECK("A", "container") "  fail: iif(s.privileged, 1, NULL)\n  reason: \"'NA'\"\n", TWO,
	 "fail\n  fail web [-] | - | - | -: - | - | -\n"},
	{"a text is no condition", CHECK("A", "container") "  fail: \"'false'\"\n", TWO,
	 "unknown (UK: the check failed: its condition is a text, not true or false)\n"},
	{"an unknown scope is an unknown item",
	 CHECK("A", "container") "  where: s.memory > 0\n  fail: '0'\n", TWO,
	 "unknown\n"
	 "  unknown db [exited] [-] | - | - | UK: not seen: container.memory | - | -\n"
	 "  unknown web [-] | - | - | UK: not seen: container.memory | - | -\n"},
	{"a container that was not inspected is unknown whatever the check says",
	 CHECK("A", "container") "  fail: '0'\n",
	 "facts:\n" OK_FETCH "  container:\n    - {id: a, name: web, state: running}\n"
	 "    - {id: b, name: db, inspect_status: http_error, inspect_detail: answered 500}\n"
	 "    - {id: d, name: late, inspect_status: timeout}\n"
	 "    - {id: e, name: gone, inspect_status: absent}\n",
	 "unknown\n"
	 "  unknown db [-] | - | - | UK_API: inspect of db failed: answered 500 | - | -\n"
	 "  unknown late [-] | - | - | UK_TIMEOUT: inspect of late not answered in time | - | -\n"
	 "  unknown web [-] | - | - | UK: inspect of web was not seen | - | -\n"},
	{"no container does not apply", CHECK("A", "container") "  fail: '0'\n",
	 "facts:\n" OK_FETCH, "not_applicable (NA_NO_CONTAINERS: no containers on this host)\n"},
	{"no container is unknown when the list failed", CHECK("A", "container") "  fail: '0'\n",
	 "facts:\n  fetch: [{source: GET /containers/json, status: http_error, http_status: 500, "
	 "group: "
	 "container}]\n",
	 "unknown (UK_API: GET /containers/json answered 500)\n"},
	{"no container is unknown when nobody asked", CHECK("A", "container") "  fail: '0'\n",
	 "facts: {}\n", "unknown (UK: container: not collected)\n"},
	{"no subject in scope, with a code of its own",
	 CHECK("A", "container") "  where: s.id = 'x'\n  empty: NA_NO_RUNNING\n  fail: '0'\n", TWO,
	 "not_applicable (NA_NO_RUNNING: no running container on this host)\n"},
	{"no subject in scope may pass",
	 CHECK("A", "container") "  where: s.id = 'x'\n  empty: pass\n  fail: '0'\n", TWO,
	 "pass\n  pass none [-] | - | - | -: - | - | -\n"},
	{"an empty table never passes by that",
	 CHECK("A", "container") "  empty: pass\n  fail: '0'\n", "facts: {}\n",
	 "unknown (UK: container: not collected)\n"},
	{"no image", CHECK("A", "image") "  fail: '0'\n", "facts:\n" OK_FETCH,
	 "not_applicable (NA_NO_IMAGES: no images on this host)\n"},
	{"a file that is not there does not apply",
	 CHECK("A", "file") "  where: s.role = 'daemon_json'\n  fail: s.mode > 0\n",
	 "facts:\n" OK_FETCH "  file: [{role: daemon_json, path: /d.json, status: absent}]\n",
	 "not_applicable (NA_ABSENT: /d.json does not exist)\n"
	 "  not_applicable /d.json [-] | - | - | NA_ABSENT: /d.json does not exist | - | -\n"},
	{"a file that may not be looked at is unknown",
	 CHECK("A", "file") "  where: s.role = 'daemon_json'\n  fail: s.mode > 0\n",
	 "facts:\n" OK_FETCH "  file: [{role: daemon_json, path: /d.json, status: permission}]\n",
	 "unknown\n  unknown /d.json [-] | - | - | UK_PERM: no permission to read /d.json | - | "
	 "-\n"},
	{"a failed source explains a NULL", CHECK("A", "daemon") "  fail: s.debug\n",
	 "facts:\n  fetch: [{source: GET /info, status: timeout, group: engine}]\n",
	 "unknown\n  unknown dockerd [-] | - | - | UK_TIMEOUT: GET /info not answered in time | - "
	 "| -\n"},
	{"applies 1", CHECK("A", "daemon") "  applies: '1'\n  fail: s.debug\n",
	 "facts: {engine: {debug: false}}\n", "pass\n  pass dockerd [-] | - | - | -: - | - | -\n"},
	{"applies 0", CHECK("A", "daemon") "  applies: '0'\n  fail: s.debug\n",
	 "facts: {engine: {debug: true}}\n", "not_applicable (NA: does not apply here)\n"},
	{"applies with a code",
	 CHECK("A", "daemon") "  applies: \"'NA_NO_TCP'\"\n  fail: s.debug\n",
	 "facts: {engine: {debug: true}}\n",
	 "not_applicable (NA_NO_TCP: the engine does not listen on TCP)\n"},
	{"applies with words",
	 CHECK("A", "daemon") "  applies: \"'NA|not for us'\"\n  fail: s.debug\n",
	 "facts: {engine: {debug: true}}\n", "not_applicable (NA: not for us)\n"},
	{"applies unknown", CHECK("A", "daemon") "  applies: \"'UK_LOCKED'\"\n  fail: s.debug\n",
	 "facts: {engine: {debug: true}}\n", "unknown (UK_LOCKED: swarm is locked)\n"},
	{"applies NULL", CHECK("A", "daemon") "  applies: s.live_restore = 1\n  fail: s.debug\n",
	 "facts: {engine: {debug: true}}\n", "unknown (UK: not seen: engine.live_restore)\n"},
	{"applies that fails",
	 CHECK("A", "daemon") "  applies: abs(-9223372036854775807 - 1)\n  fail: '0'\n",
	 "facts: {engine: {debug: true}}\n", "unknown (UK: the check failed: integer overflow)\n"},
	{"an items query states verdicts",
	 CHECK("A", "container") "  items: |\n    SELECT ord AS subject, iif(privileged, 'fail', "
				 "'manual') AS verdict,\n"
				 "      'x' AS discriminator, 'o' AS observed FROM container\n",
	 TWO,
	 "fail\n"
	 "  fail web [x] | o | - | -: - | - | -\n"
	 "  manual db [exited] [x] | o | - | -: - | - | -\n"},
	{"a subject without a row is unknown",
	 CHECK("A", "container") "  items: SELECT ord AS subject, 'pass' AS verdict FROM container "
				 "WHERE privileged\n",
	 TWO,
	 "unknown\n"
	 "  unknown db [exited] [-] | - | - | UK: not seen: container.privileged | - | -\n"
	 "  pass web [-] | - | - | -: - | - | -\n"},
	{"a row outside the scope is no item",
	 CHECK("A",
	       "container") "  where: s.privileged\n"
			    "  items: SELECT ord AS subject, 'pass' AS verdict FROM container\n",
	 TWO, "pass\n  pass web [-] | - | - | -: - | - | -\n"},
	{"a NULL verdict is unknown",
	 CHECK("A", "container") "  where: s.privileged\n"
				 "  items: SELECT ord AS subject, NULL AS verdict, 'UK_STALE' AS "
				 "reason FROM container\n",
	 TWO,
	 "unknown\n  unknown web [-] | - | - | UK_STALE: daemon.json changed after dockerd "
	 "started; the loaded "
	 "value is not visible | - | -\n"},
	{"a reason beside a pass is dropped",
	 CHECK("A", "container") "  where: s.privileged\n"
				 "  items: SELECT ord AS subject, 'pass' AS verdict, 'UK_STALE' AS "
				 "reason FROM container\n",
	 TWO, "pass\n  pass web [-] | - | - | -: - | - | -\n"},
	{"a row that does not apply",
	 CHECK("A",
	       "daemon") "  items: SELECT 'not_applicable' AS verdict, 'NA_NO_TCP' AS reason\n",
	 TWO,
	 "not_applicable (NA_NO_TCP: the engine does not listen on TCP)\n"
	 "  not_applicable dockerd [-] | - | - | NA_NO_TCP: the engine does not listen on TCP | - "
	 "| -\n"},
	{"a word that is no verdict", CHECK("A", "daemon") "  items: SELECT 'ok' AS verdict\n", TWO,
	 "unknown (UK: the check failed: 'ok' is not a verdict)\n"},
	{"a pass of nobody",
	 CHECK("A", "container") "  items: SELECT NULL AS subject, 'pass' AS verdict\n", TWO,
	 "unknown (UK: the check failed: a passing item names no subject)\n"},
	{"a fail of nobody stays a fail",
	 CHECK("A", "container") "  where: s.id = 'x'\n  items: SELECT 99 AS subject, 'fail' AS "
				 "verdict\n",
	 TWO, "fail\n  fail container [-] | - | - | -: - | - | -\n"},
	{"several items of the daemon",
	 CHECK("A", "daemon") "  items: SELECT 'fail' AS verdict, value AS item FROM "
			      "engine_insecure_cidr\n",
	 "facts: {engine: {insecure_cidr: [10.0.0.0/8, 0.0.0.0/0]}}\n",
	 "fail\n"
	 "  fail 0.0.0.0/0 [-] | - | - | -: - | - | -\n"
	 "  fail 10.0.0.0/8 [-] | - | - | -: - | - | -\n"},
	{"the daemon without a row is unknown",
	 CHECK("A", "daemon") "  items: SELECT 'pass' AS verdict FROM engine_insecure_cidr\n",
	 "facts: {engine: {debug: true}}\n",
	 "unknown\n  unknown dockerd [-] | - | - | UK: not seen: engine_insecure_cidr | - | "
	 "-\n"},
	{"items of another kind",
	 CHECK("A", "container") "  items: |\n    SELECT ord AS subject, 'pass' AS verdict, NULL "
				 "AS kind FROM container\n"
				 "    UNION ALL SELECT ord, 'fail', 'service' FROM service\n",
	 "facts:\n" OK_FETCH "  container: [{id: a, name: web, inspect_status: ok}]\n"
	 "  service: [{id: z, name: front}]\n",
	 "fail\n"
	 "  fail front [-] | - | - | -: - | - | -\n"
	 "  pass web [-] | - | - | -: - | - | -\n"},
	{"a query that fails is unknown",
	 CHECK("A", "container") "  fail: abs(-9223372036854775807 - 1)\n", TWO,
	 "unknown (UK: the check failed: integer overflow)\n"},
	{"a manual check", CHECK("M", "daemon"), "facts: {}\n",
	 "manual\n  manual dockerd [-] | - | - | -: - | - | -\n"},
	{"a manual check over subjects", CHECK("M", "container"), TWO,
	 "manual\n  manual container [-] | 2 | - | -: - | - | -\n"},
	{"a manual check without subjects", CHECK("M", "image"), "facts:\n" OK_FETCH,
	 "not_applicable (NA_NO_IMAGES: no images on this host)\n"},
};

static struct evaluation *evaluate(const char *check, const struct evaluate_input *input,
				   const Derived__Derived *derived,
				   struct catalogue **ret_catalogue)
{
	struct catalogue *catalogue = fixture_catalogue(check);
	PLIMSOLL_AUTO(evaluator) *evaluator = fixture_evaluator(catalogue);
	struct evaluation *evaluation =
		evaluator_run_derived(evaluator, input, derived, NULL, NULL, NULL);

	*ret_catalogue = catalogue;
	return evaluation;
}

static void verdict_is(gconstpointer data)
{
	size_t i = GPOINTER_TO_SIZE(data);
	PLIMSOLL_AUTO(fixture) *fixture = fixture_text(cases[i].facts);
	PLIMSOLL_AUTO(catalogue) *catalogue = NULL;
	PLIMSOLL_AUTO(evaluation) *evaluation =
		evaluate(cases[i].check, &fixture->input, NULL, &catalogue);
	g_autofree char *text = fixture_describe(&evaluation->results[0]);

	g_assert_cmpuint(evaluation->n_results, ==, 1);
	g_assert_cmpstr(text, ==, cases[i].want);
}

/* ---- gates ---- */

static char *with_gate(const char *check, const char *code, const char *detail)
{
	PLIMSOLL_AUTO(fixture) *fixture = fixture_text("facts: {engine: {debug: true}}\n");
	PLIMSOLL_AUTO(catalogue) *catalogue = NULL;
	PLIMSOLL_AUTO(evaluation) *evaluation = NULL;
	Derived__Gate gate = DERIVED__GATE__INIT;
	Derived__Gate *gates[] = {&gate};
	Derived__Derived derived = DERIVED__DERIVED__INIT;

	gate.name = (char *)(uintptr_t) "daemon";
	gate.code = (char *)(uintptr_t)code;
	gate.detail = (char *)(uintptr_t)detail;
	derived.gate = gates;
	derived.n_gate = code != NULL ? 1 : 0;
	evaluation = evaluate(check, &fixture->input, &derived, &catalogue);
	return fixture_describe(&evaluation->results[0]);
}

static void gates_decide(void)
{
	static const struct {
		const char *check, *code, *detail, *want;
	} gates[] = {
		{CHECK("A", "daemon") "  gate: daemon\n  fail: s.debug\n", "ok", NULL,
		 "fail\n  fail dockerd [-] | - | - | -: - | - | -\n"},
		{CHECK("A", "daemon") "  gate: daemon\n  fail: s.debug\n", "NA_PODMAN", NULL,
		 "not_applicable (NA_PODMAN: the engine is Podman; this is a dockerd setting)\n"},
		{CHECK("A", "daemon") "  gate: daemon\n  fail: s.debug\n  observed: \"'seen'\"\n",
		 "UK_DAEMON_DOWN", "connection refused",
		 "unknown (UK_DAEMON_DOWN: engine API did not answer: connection refused)\n"
		 "  unknown dockerd [-] | seen | - | UK_DAEMON_DOWN: engine API did not answer: "
		 "connection refused | - | -\n"},
		{CHECK("A", "container") "  gate: daemon\n  fail: '0'\n", "UK_DAEMON_DOWN", NULL,
		 "unknown (UK_DAEMON_DOWN: engine API did not answer)\n"},
		{CHECK("A", "daemon") "  gate: daemon\n  fail: '0'\n", NULL, NULL,
		 "unknown (UK: gate 'daemon' was not derived)\n"
		 "  unknown dockerd [-] | - | - | UK: gate 'daemon' was not derived | - | -\n"},
		{CHECK("A", "daemon") "  gate: daemon\n  applies: '0'\n  fail: '0'\n",
		 "UK|the node says so", NULL,
		 "unknown (UK: the node says so)\n"
		 "  unknown dockerd [-] | - | - | UK: the node says so | - | -\n"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(gates); i++) {
		g_autofree char *text = with_gate(gates[i].check, gates[i].code, gates[i].detail);

		g_assert_cmpstr(text, ==, gates[i].want);
	}
}

/* ---- subjects ---- */

static void subjects_are_named(void)
{
	static const struct {
		const char *kind, *facts, *want; /* label, id, key, discriminator */
	} names[] = {
		{"container",
		 "{container: [{id: i, name: web, state: running, inspect_status: ok}]}",
		 "web i name:web -"},
		{"container",
		 "{container: [{id: i, name: web, state: paused, inspect_status: ok}]}",
		 "web [paused] i name:web -"},
		{"container",
		 "{container: [{id: i, name: p-web-1, compose_project: p, compose_service: web, "
		 "service_id: s, inspect_status: ok}]}",
		 "p-web-1 i compose:p/web/1 -"},
		{"container",
		 "{container: [{id: i, name: mine, compose_project: p, compose_service: web, "
		 "inspect_status: ok}]}",
		 "mine i compose:p/web=mine -"},
		{"container",
		 "{container: [{id: i, name: '12', compose_project: p, compose_service: web, "
		 "inspect_status: ok}]}",
		 "12 i compose:p/web=12 -"},
		{"container",
		 "{container: [{id: i, name: p-web-1x, compose_project: p, compose_service: web, "
		 "inspect_status: ok}]}",
		 "p-web-1x i compose:p/web=p-web-1x -"},
		{"container",
		 "{container: [{id: i, compose_project: p, compose_service: web, "
		 "inspect_status: ok}]}",
		 "i i compose:p/web=i -"},
		{"container",
		 "{container: [{id: i, name: front.2.abc, service_id: sid, inspect_status: ok}]}",
		 "front.2.abc i service:front -"},
		{"container", "{container: [{id: i, service_id: '', inspect_status: ok}]}",
		 "i i name:i -"},
		{"image",
		 "{image: [{id: 'sha256:1', repo_tag: ['r:5000/b:1', 'r:5000/a:2'], "
		 "inspect_status: ok}]}",
		 "r:5000/a:2 (+1) sha256:1 repository:r:5000/a -"},
		{"image",
		 "{image: [{id: 'sha256:1', repo_digest: ['nginx@sha256:ab'], inspect_status: "
		 "ok}]}",
		 "nginx@sha256:ab sha256:1 repository:nginx -"},
		{"image", "{image: [{id: 'sha256:0123456789abcdef', inspect_status: ok}]}",
		 "sha256:0123456789ab sha256:0123456789abcdef sha256:0123456789abcdef -"},
		{"file", "{file: [{role: daemon_json, path: /d}]}", "/d /d daemon_json -"},
		{"file", "{file: [{role: certs_d, path: /d}]}", "/d /d certs_d /d"},
		{"network", "{network: [{id: n, name: bridge}]}", "bridge n name:bridge -"},
		{"service", "{service: [{id: z, name: front}]}", "front z service:front -"},
		{"node", "{node: [{id: z, hostname: n1}]}", "n1 z node:z -"},
		{"daemon", "{}", "dockerd dockerd dockerd -"},
		{"cluster", "{engine: {cluster_id: c1}}", "cluster c1 cluster -"},
		{"host", "{snapshot: {host_id: h, hostname: name}}", "name h host -"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *check = g_strdup_printf(
			"- check: c\n  mode: A\n  from: %s\n" COMMON "  fail: '0'\n",
			names[i].kind);
		PLIMSOLL_AUTO(fixture) *fixture = fixture_text(names[i].facts);
		PLIMSOLL_AUTO(catalogue) *catalogue = NULL;
		PLIMSOLL_AUTO(evaluation) *evaluation =
			evaluate(check, &fixture->input, NULL, &catalogue);
		const struct item *item = evaluation->results[0].items;
		g_autofree char *text = NULL;

		g_assert_cmpuint(evaluation->results[0].n_items, ==, 1);
		g_assert_cmpstr(item->subject, ==, names[i].kind);
		text = g_strdup_printf("%s %s %s %s", item->label, item->subject_id,
				       item->subject_key,
				       item->discriminator != NULL ? item->discriminator : "-");
		g_assert_cmpstr(text, ==, names[i].want);
	}
}

/* ---- single claims ---- */

static char *describe(const char *check, const char *facts)
{
	PLIMSOLL_AUTO(fixture) *fixture = fixture_text(facts);
	PLIMSOLL_AUTO(catalogue) *catalogue = NULL;
	PLIMSOLL_AUTO(evaluation) *evaluation = evaluate(check, &fixture->input, NULL, &catalogue);

	return fixture_describe(&evaluation->results[0]);
}

static void truncated_groups_add_an_unknown(void)
{
	static const char want[] = "unknown\n"
				   "  unknown container [truncated] | - | - | UK_TRUNCATED: "
				   "collector limit reached: GET "
				   "/containers/json: 4096 of 5000 | - | -\n"
				   "  pass web [-] | - | - | -: - | - | -\n";
	static const char facts[] = "facts:\n  fetch: [{source: GET /containers/json, status: "
				    "truncated, detail: 4096 of "
				    "5000, group: container}]\n"
				    "  container: [{id: a, name: web, inspect_status: ok}]\n";
	g_autofree char *subject = describe(CHECK("A", "container") "  fail: '0'\n", facts);
	g_autofree char *elsewhere = describe(CHECK("A", "daemon") "  fail: '0'\n", facts);
	g_autofree char *read = describe(
		CHECK("A", "daemon") "  fail: (SELECT count(*) > 7 FROM container)\n", facts);

	g_assert_cmpstr(subject, ==, want);
	g_assert_cmpstr(elsewhere, ==, "pass\n  pass dockerd [-] | - | - | -: - | - | -\n");
	g_assert_true(g_str_has_prefix(read, "unknown\n  unknown container [truncated]"));
}

static void images_need_their_history_only_when_it_is_read(void)
{
	static const char facts[] =
		"facts:\n" OK_FETCH "  image: [{id: i, repo_tag: [a:1], inspect_status: ok, "
		"history_status: permission}]\n";
	g_autofree char *plain = describe(CHECK("A", "image") "  fail: '0'\n", facts);
	g_autofree char *history = describe(
		CHECK("A", "image") "  fail: (SELECT count(*) > 0 FROM image_history)\n", facts);

	g_assert_cmpstr(plain, ==, "pass\n  pass a:1 [-] | - | - | -: - | - | -\n");
	g_assert_cmpstr(
		history, ==,
		"unknown\n  unknown a:1 [-] | - | - | UK_PERM: no permission to read history "
		"of a:1 | - | -\n");
}

/* Why an evaluation of its own could not decide a check that reads these columns. */
static const char *reason_of_run(const struct fixture *fixture, const struct reads *reads,
				 const struct facts_table *table, struct arena *arena)
{
	struct run run = {.input = &fixture->input, .facts = fixture->input.facts, .arena = arena};

	return default_reason(&run, reads, table, NULL);
}

/* All fields are of schema 1 so far, so a newer one is pretended. */
static void old_agents_leave_unknowns(void)
{
	static const char old[] = "UK_OLD_AGENT|engine.debug",
			  unseen[] = "UK|not seen: engine.debug";
	PLIMSOLL_AUTO(fixture) *fixture = fixture_text("facts: {engine: {rootless: false}}\n");
	PLIMSOLL_AUTO(arena) *arena = arena_new(SIZE_MAX);
	const struct facts_table *table = facts_table_find("engine");
	const struct sql_read read = {table, facts_table_column(table, "debug")};
	struct reads reads;

	reads_init(&reads);
	g_array_append_val(reads.columns, read);
	reads_complete(&reads);
	g_assert_cmpstr(reason_of_run(fixture, &reads, table, arena), ==, unseen);
	reads.since = SCHEMA_CURRENT + 1;
	g_assert_cmpstr(reason_of_run(fixture, &reads, table, arena), ==, old);
	fixture->input.schema = SCHEMA_CURRENT + 1;
	g_assert_cmpstr(reason_of_run(fixture, &reads, table, arena), ==, unseen);
	fixture->input.schema = 0; /* the current one */
	g_assert_cmpstr(reason_of_run(fixture, &reads, table, arena), ==, old);
	reads_done(&reads);
}

/* Rows that lack the same columns share a reason; others have their own. */
static void reasons_name_what_each_row_lacks(void)
{
	static const char facts[] =
		"facts:\n" OK_FETCH "  container:\n"
		"  - {id: a, name: a, state: running, inspect_status: ok, memory: 1}\n"
		"  - {id: b, name: b, state: running, inspect_status: ok, memory: 1}\n"
		"  - {id: c, name: c, state: running, inspect_status: ok, privileged: false}\n"
		"  - {id: d, name: d, state: running, inspect_status: ok, memory: 1}\n";
	static const char *const wants[] = {"a [-] | - | - | UK: not seen: container.privileged",
					    "b [-] | - | - | UK: not seen: container.privileged",
					    "c [-] | - | - | UK: not seen: container.memory",
					    "d [-] | - | - | UK: not seen: container.privileged"};
	g_autofree char *got =
		describe(CHECK("A", "container") "  fail: privileged + memory\n", facts);

	for (guint i = 0; i < G_N_ELEMENTS(wants); i++) {
		g_test_message("%s in %s", wants[i], got);
		g_assert_nonnull(strstr(got, wants[i]));
	}
}

static void parameters_make_a_check_count(void)
{
	static const char check[] =
		CHECK("P", "daemon") "  parameter: trusted_users_set\n  fail: '0'\n";
	static const struct {
		const char *parameters;
		bool want;
	} sets[] = {{"{}", false},
		    {"{trusted_users_set: false}", false},
		    {"{trusted_users_set: true}", true}};

	for (size_t i = 0; i < G_N_ELEMENTS(sets); i++) {
		g_autofree char *text =
			g_strdup_printf("{facts: {}, parameters: %s}", sets[i].parameters);
		PLIMSOLL_AUTO(fixture) *fixture = fixture_text(text);
		PLIMSOLL_AUTO(catalogue) *catalogue = NULL;
		PLIMSOLL_AUTO(evaluation) *evaluation = NULL;
		Derived__Derived derived = DERIVED__DERIVED__INIT;

		derived.parameter = (Derived__Parameter *)(uintptr_t)fixture->input.parameters;
		evaluation = evaluate(check, &fixture->input, &derived, &catalogue);
		g_assert_cmpint(evaluation->results[0].has_parameter, ==, sets[i].want);
	}
}

static void variants_decide_on_their_own(void)
{
	static const char check[] = CHECK(
		"A",
		"container") "  fail: s.privileged\n  observed: \"'own'\"\n  variants:\n"
			     "    - name: never\n      fail: '0'\n"
			     "    - name: listed\n"
			     "      items: SELECT ord AS subject, 'manual' AS verdict FROM "
			     "container\n"
			     "    - name: other\n      applies: '0'\n      observed: \"'x'\"\n";
	PLIMSOLL_AUTO(fixture) *fixture = fixture_text(TWO);
	PLIMSOLL_AUTO(catalogue) *catalogue = NULL;
	PLIMSOLL_AUTO(evaluation) *evaluation = evaluate(check, &fixture->input, NULL, &catalogue);

	g_assert_cmpuint(evaluation->n_results, ==, 4);
	g_assert_cmpint((int)fixture_find(evaluation, "c", NULL)->verdict, ==, VERDICT_FAIL);
	g_assert_cmpint((int)fixture_find(evaluation, "c", "never")->verdict, ==, VERDICT_PASS);
	g_assert_cmpstr(fixture_find(evaluation, "c", "never")->items[0].observed, ==, "own");
	g_assert_cmpint((int)fixture_find(evaluation, "c", "listed")->verdict, ==, VERDICT_MANUAL);
	g_assert_cmpint((int)fixture_find(evaluation, "c", "other")->verdict, ==,
			VERDICT_NOT_APPLICABLE);
}

static bool is_second(const struct check *check, void *data)
{
	(void)data;
	return strcmp(check->name, "second") == 0;
}

static void only_what_is_wanted_runs(void)
{
	PLIMSOLL_AUTO(catalogue) *catalogue = fixture_catalogue(
		CHECK("M", "daemon") "- check: second\n  mode: M\n  from: host\n" COMMON);
	PLIMSOLL_AUTO(evaluator) *evaluator = fixture_evaluator(catalogue);
	PLIMSOLL_AUTO(fixture) *fixture = fixture_text("facts: {}\n");
	PLIMSOLL_AUTO(evaluation) *evaluation =
		evaluator_run(evaluator, &fixture->input, is_second, NULL, NULL);

	g_assert_cmpuint(evaluation->n_results, ==, 1);
	g_assert_cmpstr(evaluation->results[0].check->name, ==, "second");
}

static bool needs_variant(const struct check *check, const struct check_variant *variant,
			  void *data)
{
	(void)check;
	return variant != NULL && strcmp(variant->name, data) == 0;
}

/* What is not asked for is not even prepared, but a site hears about faults of its own checks. */
static void evaluators_are_for_what_is_needed(void)
{
	static const char check[] = CHECK("A", "container") "  fail: '0'\n  variants:\n"
							    "    - name: never\n"
							    "      fail: '0'\n"
							    "    - name: broken\n"
							    "      fail: nonsense\n";
	char never[] = "never";
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(fixture) *fixture = fixture_text(TWO);
	PLIMSOLL_AUTO(catalogue) *built_in = fixture_catalogue(check);
	PLIMSOLL_AUTO(catalogue) *custom = fixture_custom_catalogue(check);
	PLIMSOLL_AUTO(evaluator) *evaluator =
		evaluator_new_for(built_in, needs_variant, never, &error);
	PLIMSOLL_AUTO(evaluation) *evaluation = NULL;

	g_assert_no_error(error);
	evaluation = evaluator_run(evaluator, &fixture->input, NULL, NULL, NULL);
	g_assert_cmpuint(evaluation->n_results, ==, 1);
	g_assert_cmpstr(evaluation->results[0].variant->name, ==, never);
	g_assert_null(evaluator_new_for(custom, needs_variant, never, &error));
	g_assert_error(error, EVALUATE_ERROR, 0);
}

/* An evaluator holds nothing of the snapshot before. */
static void evaluators_forget(void)
{
	PLIMSOLL_AUTO(catalogue) *catalogue =
		fixture_catalogue(CHECK("A", "container") "  fail: s.privileged\n");
	PLIMSOLL_AUTO(evaluator) *evaluator = fixture_evaluator(catalogue);
	g_autofree char *first = NULL;

	for (int i = 0; i < 3; i++) {
		PLIMSOLL_AUTO(fixture) *fixture = fixture_text(TWO);
		PLIMSOLL_AUTO(fixture) *other = fixture_text("facts:\n" OK_FETCH);
		PLIMSOLL_AUTO(evaluation) *evaluation =
			evaluator_run_derived(evaluator, &fixture->input, NULL, NULL, NULL, NULL);
		PLIMSOLL_AUTO(evaluation) *empty =
			evaluator_run_derived(evaluator, &other->input, NULL, NULL, NULL, NULL);
		g_autofree char *text = fixture_describe(&evaluation->results[0]);

		if (first == NULL)
			first = g_strdup(text);
		g_assert_cmpstr(text, ==, first);
		g_assert_cmpint((int)empty->results[0].verdict, ==, VERDICT_NOT_APPLICABLE);
	}
}

static void texts_are_cut_and_valid(void)
{
	g_autoptr(GString) text =
		g_string_new("facts:\n" OK_FETCH "  container:\n    - {id: a, name: ");
	PLIMSOLL_AUTO(fixture) *fixture = NULL;
	PLIMSOLL_AUTO(catalogue) *catalogue = NULL;
	PLIMSOLL_AUTO(evaluation) *evaluation = NULL;
	const struct item *item = NULL;

	g_string_append(text, "web, user: '");
	for (int i = 0; i < 2000; i++)
		g_string_append(text, "\xe2\x82\xac");
	g_string_append(text, "', inspect_status: ok}\n");
	fixture = fixture_text(text->str);
	evaluation = evaluate(CHECK("A", "container") "  fail: '1'\n  observed: s.user\n"
						      "  expected: cast(x'61ff62' AS TEXT)\n",
			      &fixture->input, NULL, &catalogue);
	item = evaluation->results[0].items;
	g_assert_cmpuint(strlen(item->observed), <=, LIMIT_ITEM_TEXT_BYTES + 3);
	g_assert_cmpuint(strlen(item->observed), >, LIMIT_ITEM_TEXT_BYTES - 4);
	g_assert_true(g_utf8_validate(item->observed, -1, NULL));
	g_assert_true(g_str_has_suffix(item->observed, "\xe2\x80\xa6"));
	g_assert_cmpstr(item->expected, ==,
			"a\xef\xbf\xbd"
			"b");
}

static void rows_beyond_the_cap_are_counted(void)
{
	static const char check[] = CHECK(
		"A", "daemon") "  items: |\n"
			       "    WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r "
			       "WHERE n < 30000)\n"
			       "    SELECT iif(n = 30000, 'fail', 'pass') AS verdict FROM r\n";
	PLIMSOLL_AUTO(fixture) *fixture = fixture_text("facts: {}\n");
	PLIMSOLL_AUTO(catalogue) *catalogue = NULL;
	PLIMSOLL_AUTO(evaluation) *evaluation = evaluate(check, &fixture->input, NULL, &catalogue);
	const struct result *result = &evaluation->results[0];

	g_assert_cmpint((int)result->verdict, ==, VERDICT_FAIL);
	g_assert_cmpuint(result->counts[VERDICT_PASS], ==, 29999);
	g_assert_cmpuint(result->counts[VERDICT_FAIL], ==, 1);
	g_assert_cmpuint(result->n_items, ==, LIMIT_QUERY_ROWS);
}

static void custom_checks_are_bounded(void)
{
	static const char yaml[] =
		CHECK("A", "container") "  fail: |\n    (SELECT count(*) FROM container x, "
					"container y, container "
					"z, container v,\n      container w, container u) < 0\n";
	g_autoptr(GString) text = g_string_new("facts:\n" OK_FETCH "  container:\n");
	PLIMSOLL_AUTO(fixture) *fixture = NULL;
	PLIMSOLL_AUTO(catalogue) *catalogue = fixture_custom_catalogue(yaml);
	PLIMSOLL_AUTO(evaluator) *evaluator = fixture_evaluator(catalogue);
	PLIMSOLL_AUTO(evaluation) *evaluation = NULL;
	gint64 start = 0;
	g_autofree char *described = NULL;

	for (int i = 0; i < 100; i++)
		g_string_append_printf(text, "    - {id: c%d, name: n%d, inspect_status: ok}\n", i,
				       i);
	fixture = fixture_text(text->str);
	start = g_get_monotonic_time();
	evaluation = evaluator_run_derived(evaluator, &fixture->input, NULL, NULL, NULL, NULL);
	g_assert_cmpint((g_get_monotonic_time() - start) / 1000, <, 15 * LIMIT_CUSTOM_QUERY_MS);
	described = fixture_describe(&evaluation->results[0]);
	g_assert_cmpstr(described, ==,
			"unknown (UK: the check failed: took longer than allowed)\n");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strdup_printf("/evaluate/%s", cases[i].name);

		g_test_add_data_func(path, GSIZE_TO_POINTER(i), verdict_is);
	}
	g_test_add_func("/evaluate/gates decide", gates_decide);
	g_test_add_func("/evaluate/subjects are named", subjects_are_named);
	g_test_add_func("/evaluate/truncated groups add an unknown",
			truncated_groups_add_an_unknown);
	g_test_add_func("/evaluate/images need their history only when it is read",
			images_need_their_history_only_when_it_is_read);
	g_test_add_func("/evaluate/old agents leave unknowns", old_agents_leave_unknowns);
	g_test_add_func("/evaluate/reasons name what each row lacks",
			reasons_name_what_each_row_lacks);
	g_test_add_func("/evaluate/evaluators are for what is needed",
			evaluators_are_for_what_is_needed);
	g_test_add_func("/evaluate/parameters make a check count", parameters_make_a_check_count);
	g_test_add_func("/evaluate/variants decide on their own", variants_decide_on_their_own);
	g_test_add_func("/evaluate/only what is wanted runs", only_what_is_wanted_runs);
	g_test_add_func("/evaluate/evaluators forget", evaluators_forget);
	g_test_add_func("/evaluate/texts are cut and valid", texts_are_cut_and_valid);
	g_test_add_func("/evaluate/rows beyond the cap are counted",
			rows_beyond_the_cap_are_counted);
	g_test_add_func("/evaluate/custom checks are bounded", custom_checks_are_bounded);
	return g_test_run();
}
