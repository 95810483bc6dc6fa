/* SPDX-License-Identifier: Apache-2.0 */
/* The store: what a series of reports leaves behind. */
#include <string.h>

#include "proto/wire.h"
#include "server/store/access.h"
#include "server/store/fleet.h"
#include "server/store/internal.h"
#include "server/store/reports.h"
#include "server/store/result_digest.h"
#include "tests/unit/server/store_world.h"

enum { MAX_ITEMS = 8 };

static const struct check privileged = {
	.name = "container-privileged",
	.severity = SEVERITY_CRITICAL,
	.mode = MODE_AUTOMATIC,
	.section = "containers",
	.subject = "container",
};
static const struct check nodes = {
	.name = "swarm-node",
	.severity = SEVERITY_LOW,
	.mode = MODE_AUTOMATIC,
	.section = "swarm",
	.subject = "node",
};

/* --- reports from a line of text: "web=fail db=pass@80/tcp", items of `check` --- */

static guint parse_items(char **words, const char *kind, struct item *ret_items)
{
	guint n = 0;

	for (guint i = 0; words[i] != NULL && n < MAX_ITEMS; i++) {
		char *verdict = strchr(words[i], '=');
		char *discriminator = strchr(words[i], '@');

		g_assert_nonnull(verdict);
		*verdict++ = '\0';
		if (discriminator != NULL)
			*discriminator++ = '\0';
		ret_items[n] = (struct item){.subject = kind,
					     .subject_key = words[i],
					     .label = words[i],
					     .discriminator = discriminator,
					     .observed = "Privileged = true",
					     .expected = "false"};
		g_assert_true(verdict_parse(verdict, &ret_items[n].verdict));
		n++;
	}
	return n;
}

static enum verdict roll_up(const struct item *items, guint n, guint counts[VERDICT_COUNT])
{
	for (guint i = 0; i < n; i++)
		counts[items[i].verdict]++;
	if (counts[VERDICT_FAIL] > 0)
		return VERDICT_FAIL;
	return counts[VERDICT_UNKNOWN] > 0 ? VERDICT_UNKNOWN : VERDICT_PASS;
}

struct given {
	const char *host;
	int64_t sequence;
	const char *facts; /* stands for their bytes */
	const char *items; /* NULL: hash only, not judged again */
	const struct check *check;
	const char *whole_unknown; /* the check as a whole could not be judged */
	guint cut;                 /* items that exist besides those listed */
	guint beside;              /* items that do not apply, which the list leaves out */
};

static void put_judged(struct world *world, const struct given *given, struct report_input *input,
		       struct report_answer *ret_answer, GError **error)
{
	g_auto(GStrv) words = g_strsplit(given->items, " ", -1);
	struct item items[MAX_ITEMS];
	struct result result = {.check = given->check != NULL ? given->check : &privileged};
	struct evaluation evaluation = {.results = &result, .n_results = 1};
	struct score score = {.numerator = 1, .denominator = 2, .coverage_percent = 100};
	Plimsoll__Facts facts = PLIMSOLL__FACTS__INIT;
	Plimsoll__Engine engine = PLIMSOLL__ENGINE__INIT;
	g_autofree char *cluster_id = g_strdup(world->cluster_id);
	g_autoptr(GBytes) blob = g_bytes_new_static("evaluation", 10);
	g_autoptr(GBytes) digests = NULL;

	result.items = items;
	result.n_items =
		*given->items != '\0' ? parse_items(words, result.check->subject, items) : 0;
	result.verdict = roll_up(items, result.n_items, result.counts);
	result.counts[VERDICT_PASS] += given->cut;
	result.counts[VERDICT_NOT_APPLICABLE] += given->beside;
	if (given->whole_unknown != NULL) {
		result.verdict = VERDICT_UNKNOWN;
		result.reason = "UK_PERM";
		result.reason_text = given->whole_unknown;
	}
	engine.cluster_id = cluster_id;
	facts.engine = &engine;
	input->facts = &facts;
	input->evaluation = &evaluation;
	input->evaluation_zstd = blob;
	input->digests = digests = result_digests(&evaluation);
	input->score = &score;
	input->benchmark = "cis";
	if (store_begin(world->store, error) && reports_put(world->store, input, ret_answer, error))
		(void)store_commit(world->store, error);
	store_end(world->store);
}

static struct report_answer put_answer(struct world *world, const struct given *given,
				       GError **error)
{
	Plimsoll__Envelope envelope = PLIMSOLL__ENVELOPE__INIT;
	g_autofree char *engine_key = g_strdup(world->engine_key);
	uint8_t sha256[WIRE_SHA256_BYTES];
	struct report_answer answer = {REPORT_NEED_FACTS, -1};
	g_autoptr(GBytes) body = g_bytes_new(given->facts, strlen(given->facts));
	struct report_input input = {
		.host_id = given->host,
		.envelope = &envelope,
		.received_at_s = world->now_s++,
		.catalogue_hash = world->catalogue,
		.parameters_hash = world->parameters,
	};

	wire_sha256(given->facts, strlen(given->facts), sha256);
	envelope.engine_key = engine_key;
	WIRE_SET(&envelope, sequence, (uint64_t)given->sequence);
	WIRE_SET(&envelope, taken_at, NOW + given->sequence);
	envelope.has_facts_sha256 = true;
	envelope.facts_sha256 = (ProtobufCBinaryData){sizeof sha256, sha256};
	if (given->items != NULL) {
		input.facts_zstd = body;
		put_judged(world, given, &input, &answer, error);
	} else if (store_begin(world->store, error)) {
		if (reports_put(world->store, &input, &answer, error))
			(void)store_commit(world->store, error);
		store_end(world->store);
	}
	return answer;
}

static enum report_status put(struct world *world, const struct given *given)
{
	g_autoptr(GError) error = NULL;
	struct report_answer answer = put_answer(world, given, &error);

	g_assert_no_error(error);
	return answer.status;
}

/* Everything about findings of a host as one text: "key@disc verdict seq[cause]-as[cause]" lines.
 */
static char *findings_text(struct world *world, const char *host)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) findings = fleet_findings(world->store, host, &error);
	GString *text = g_string_new(NULL);

	g_assert_no_error(error);
	for (guint i = 0; i < findings->len; i++) {
		const struct fleet_finding *row = g_ptr_array_index(findings, i);

		g_string_append_printf(text, "%s%s%s%s %s from %" G_GINT64_FORMAT " by %d",
				       i > 0 ? "; " : "", row->subject_key,
				       *row->discriminator != '\0' ? "@" : "", row->discriminator,
				       verdict_text((enum verdict)row->verdict),
				       row->opened_sequence, row->opened_changed);
		if (row->closed_as != NULL)
			g_string_append_printf(text, " until %s by %d", row->closed_as,
					       row->closed_changed);
	}
	return g_string_free(text, FALSE);
}

/* --- findings --- */

static const struct {
	const char *name;
	struct given reports[3];
	const char *want;
} stories[] = {
	{"a failure opens a finding, and only a failure",
	 {{.sequence = 1, .facts = "1", .items = "web=fail db=pass"}},
	 "web fail from 1 by 16"},
	{"what passes later is closed with its cause",
	 {{.sequence = 1, .facts = "1", .items = "web=fail"},
	  {.sequence = 2, .facts = "2", .items = "web=pass"}},
	 "web fail from 1 by 16 until pass by 1"},
	{"what is gone is closed as gone",
	 {{.sequence = 1, .facts = "1", .items = "web=fail"},
	  {.sequence = 2, .facts = "2", .items = "db=pass"}},
	 "web fail from 1 by 16 until gone by 1"},
	{"losing sight of a failure does not close it",
	 {{.sequence = 1, .facts = "1", .items = "web=fail"},
	  {.sequence = 2, .facts = "2", .items = "web=unknown"}},
	 "web fail from 1 by 16 until unknown by 1; web unknown from 2 by 1"},
	{"a check that could not be judged keeps its findings open",
	 {{.sequence = 1, .facts = "1", .items = "web=fail"},
	  {.sequence = 2, .facts = "2", .items = "", .whole_unknown = "no permission"}},
	 "web fail from 1 by 16 until unknown by 1; web unknown from 2 by 1"},
	{"a list that was cut closes nothing",
	 {{.sequence = 1, .facts = "1", .items = "web=fail"},
	  {.sequence = 2, .facts = "2", .items = "db=pass", .cut = 3}},
	 "web fail from 1 by 16"},
	{"what is gone is closed although other subjects do not apply",
	 {{.sequence = 1, .facts = "1", .items = "web=fail db=fail"},
	  {.sequence = 2, .facts = "2", .items = "db=fail", .beside = 2}},
	 "web fail from 1 by 16 until gone by 1; db fail from 1 by 16"},
	{"a list that was cut closes nothing, whatever else does not apply",
	 {{.sequence = 1, .facts = "1", .items = "web=fail"},
	  {.sequence = 2, .facts = "2", .items = "db=pass", .cut = 1, .beside = 2}},
	 "web fail from 1 by 16"},
	{"a check that is no longer judged closes as not judged",
	 {{.sequence = 1, .facts = "1", .items = "web=fail"},
	  {.sequence = 2, .facts = "1", .items = "", .check = &nodes}},
	 "web fail from 1 by 16 until not_judged by 8"},
	{"a discriminator tells items of one subject apart",
	 {{.sequence = 1, .facts = "1", .items = "web@80/tcp=fail web@443/tcp=fail"},
	  {.sequence = 2, .facts = "2", .items = "web@80/tcp=pass web@443/tcp=fail"}},
	 "web@80/tcp fail from 1 by 16 until pass by 1; web@443/tcp fail from 1 by 16"},
	{"replicas of one subject are one finding, and the worst of them speaks",
	 {{.sequence = 1, .facts = "1", .items = "web=pass web=fail web=unknown"}},
	 "web fail from 1 by 16"},
	{"a finding that comes back is the same finding with a second interval",
	 {{.sequence = 1, .facts = "1", .items = "web=fail"},
	  {.sequence = 2, .facts = "2", .items = "web=pass"},
	  {.sequence = 3, .facts = "1", .items = "web=fail"}},
	 "web fail from 1 by 16 until pass by 1; web fail from 3 by 1"},
	{"a late report reopens nothing",
	 {{.sequence = 5, .facts = "1", .items = "web=pass"},
	  {.sequence = 2, .facts = "2", .items = "web=fail"}},
	 ""},
	{"a report that came twice changes nothing",
	 {{.sequence = 1, .facts = "1", .items = "web=fail"},
	  {.sequence = 1, .facts = "1", .items = "web=fail"}},
	 "web fail from 1 by 16"},
	{"time alone can move a verdict",
	 {{.sequence = 1, .facts = "1", .items = "web=pass"},
	  {.sequence = 2, .facts = "1", .items = "web=fail"}},
	 "web fail from 2 by 8"},
};

static void test_story(gconstpointer data)
{
	guint i = GPOINTER_TO_UINT(data);
	struct world world;
	g_autofree char *text = NULL;

	world_init(&world);
	for (guint r = 0; r < 3 && stories[i].reports[r].facts != NULL; r++) {
		struct given given = stories[i].reports[r];

		given.host = "host-a";
		put(&world, &given);
	}
	text = findings_text(&world, "host-a");
	g_assert_cmpstr(text, ==, stories[i].want);
	world_done(&world);
}

static void test_catalogue_and_parameters_are_told_apart_as_causes(void)
{
	struct world world;
	g_autofree char *text = NULL;

	world_init(&world);
	put(&world, &(struct given){"host-a", 1, "1", .items = "web=pass"});
	world.catalogue = "catalogue-2";
	put(&world, &(struct given){"host-a", 2, "1", .items = "web=fail"});
	world.parameters = "parameters-2";
	put(&world, &(struct given){"host-a", 3, "2", .items = "web=pass"});
	text = findings_text(&world, "host-a");
	g_assert_cmpstr(text, ==, "web fail from 2 by 2 until pass by 5");
	world_done(&world);
}

static void test_one_manager_speaks_for_a_swarm(void)
{
	struct world world;
	g_autofree char *text = NULL;
	struct given given = {"host-a", 1, "1", .items = "n1=fail", .check = &nodes};

	world_init(&world);
	world.cluster_id = "swarm";
	put(&world, &given);
	given.host = "host-b"; /* the other manager sees the same node */
	put(&world, &given);
	given = (struct given){"host-b", 2, "2", .items = "n1=pass", .check = &nodes};
	put(&world, &given);
	g_assert_cmpint(world_count(&world, "SELECT count(*) FROM finding"), ==, 1);
	text = findings_text(&world, "host-b");
	g_assert_cmpstr(text, ==, "n1 fail from 1 by 16");
	/* The speaker leaves the swarm; the other one takes over with its next report. */
	world.cluster_id = NULL;
	put(&world, &(struct given){"host-a", 2, "3", .items = "", .check = &nodes});
	world.cluster_id = "swarm";
	given.sequence = 3;
	put(&world, &given);
	g_clear_pointer(&text, g_free);
	text = findings_text(&world, "host-b");
	g_assert_cmpstr(text, ==, "n1 fail from 1 by 16 until pass by 8");
	world_done(&world);
}

/* --- reports --- */

static void test_unchanged_host_costs_one_row(void)
{
	struct world world;

	world_init(&world);
	put(&world, &(struct given){"host-a", 1, "1", .items = "web=fail"});
	for (int sequence = 2; sequence < 10; sequence++)
		g_assert_cmpint(
			put(&world, &(struct given){"host-a", sequence, "1", .items = NULL}), ==,
			REPORT_STORED);
	g_assert_cmpint(world_count(&world, "SELECT count(*) FROM report"), ==, 9);
	g_assert_cmpint(world_count(&world, "SELECT count(*) FROM outcome"), ==, 1);
	g_assert_cmpint(world_count(&world, "SELECT count(*) FROM facts"), ==, 1);
	g_assert_cmpint(world_count(&world, "SELECT count(*) FROM result_change"), ==, 1);
	g_assert_cmpint(world_count(&world, "SELECT sequence FROM engine"), ==, 9);
	world_done(&world);
}

/* A rule that did not move is left alone; without a digest, as after a migration, it is compared.
 */
static void test_findings_are_compared_where_the_digest_moved(void)
{
	static const struct {
		bool has_digest;
		const char *items, *want;
	} cases[] = {
		{true, "web=fail", "marked"},
		{true, "web=fail db=fail", "web"},
		{false, "web=fail", "web"},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct world world;
		g_autoptr(GError) error = NULL;
		g_autofree char *count = g_strdup_printf(
			"SELECT count(*) FROM finding WHERE label = '%s'", cases[i].want);

		world_init(&world);
		put(&world, &(struct given){"host-a", 1, "1", .items = "web=fail"});
		g_assert_true(sql_script(world.store->sql, "UPDATE finding SET label = 'marked'",
					 &error));
		g_assert_true(
			cases[i].has_digest ||
			sql_script(world.store->sql, "UPDATE result SET digest = NULL", &error));
		put(&world, &(struct given){"host-a", 2, "2", .items = cases[i].items});
		g_test_message("case %u", i);
		g_assert_cmpint(world_count(&world, count), ==, 1);
		world_done(&world);
	}
}

static void test_hash_resolves_within_host_and_engine_only(void)
{
	struct world world;
	struct given hash_only = {"host-a", 2, "1", .items = NULL};
	uint8_t sha256[WIRE_SHA256_BYTES];
	g_autoptr(GBytes) body = NULL;

	world_init(&world);
	put(&world, &(struct given){"host-a", 1, "1", .items = "web=fail"});
	hash_only.host = "host-b";
	g_assert_cmpint(put(&world, &hash_only), ==, REPORT_NEED_FACTS);
	hash_only.host = "host-a";
	world.engine_key = "rootless:1000";
	g_assert_cmpint(put(&world, &hash_only), ==, REPORT_NEED_FACTS);
	world.engine_key = "rootful";
	world.catalogue = "catalogue-2"; /* has to be judged again first */
	g_assert_cmpint(put(&world, &hash_only), ==, REPORT_NEED_FACTS);
	wire_sha256("1", 1, sha256);
	g_assert_true(reports_find_facts(world.store, "host-b", "rootful", sha256, &body, NULL));
	g_assert_null(body);
	g_assert_true(reports_find_facts(world.store, "host-a", "rootful", sha256, &body, NULL));
	g_assert_nonnull(body);
	world_done(&world);
}

static void test_sequence_decides_what_is_newest(void)
{
	struct world world;
	g_autoptr(GError) error = NULL;
	struct given late = {"host-a", 3, "2", .items = "web=fail"};
	struct report_answer answer;

	world_init(&world);
	put(&world, &(struct given){"host-a", 7, "1", .items = "web=pass"});
	answer = put_answer(&world, &late, &error);
	g_assert_no_error(error);
	g_assert_cmpint(answer.status, ==, REPORT_LATE);
	g_assert_cmpint(answer.newest_sequence, ==, 7);
	g_assert_cmpint(put(&world, &late), ==, REPORT_DUPLICATE);
	late.facts = "3";
	g_assert_cmpint(put(&world, &late), ==, REPORT_CONFLICT);
	g_assert_cmpint(world_count(&world, "SELECT count(*) FROM report WHERE late"), ==, 1);
	g_assert_cmpint(world_count(&world, "SELECT sequence FROM engine"), ==, 7);
	g_assert_cmpint(world_count(&world, "SELECT fails FROM result"), ==, 0);
	world_done(&world);
}

static void test_retired_and_forgotten_hosts_report_nothing(void)
{
	struct world world;
	g_autoptr(GError) error = NULL;
	struct given given = {"host-a", 1, "1", .items = "web=fail"};
	bool admitted = true;

	world_init(&world);
	g_assert_true(access_admits(world.store, "host-a", "fp-host-a", NOW, &admitted, NULL));
	g_assert_true(admitted);
	g_assert_true(
		access_admits(world.store, "host-a", "fp-host-a", NOW + 100, &admitted, NULL));
	g_assert_false(admitted); /* the certificate has ended */
	g_assert_true(access_admits(world.store, "host-b", "fp-host-a", NOW, &admitted, NULL));
	g_assert_false(admitted);
	g_assert_true(access_retire_host(world.store, "host-a", "test", NOW, &error));
	g_assert_true(access_forget_host(world.store, "host-b", "test", NOW, &error));
	g_assert_no_error(error);
	for (int i = 0; i < 2; i++) {
		given.host = i == 0 ? "host-a" : "host-b";
		put_answer(&world, &given, &error);
		g_assert_error(error, STORE_ERROR, STORE_ERROR_DENIED);
		g_clear_error(&error);
		g_assert_true(access_admits(world.store, given.host,
					    i == 0 ? "fp-host-a" : "fp-host-b", NOW, &admitted,
					    NULL));
		g_assert_false(admitted);
	}
	g_assert_false(access_retire_host(world.store, "host-b", "test", NOW, &error));
	g_assert_error(error, STORE_ERROR, STORE_ERROR_NOT_FOUND);
	world_done(&world);
}

static void test_forgetting_leaves_no_rows(void)
{
	struct world world;
	static const char *const tables[] = {"engine", "report",  "outcome",          "facts",
					     "result", "finding", "finding_interval", "score"};

	world_init(&world);
	put(&world, &(struct given){"host-a", 1, "1", .items = "web=fail"});
	g_assert_true(access_forget_host(world.store, "host-a", "test", NOW, NULL));
	for (guint i = 0; i < G_N_ELEMENTS(tables); i++) {
		g_autofree char *query = g_strdup_printf("SELECT count(*) FROM %s", tables[i]);
		int64_t rows = 0;

		g_assert_true(sql_find_int(world.store->sql, query, NULL, 0, 0, &rows, NULL));
		g_assert_cmpint(rows, ==, 0);
		/* the statement cache goes by address */
		store_close(world.store);
		world.store = store_open(world.dir, STORE_WRITE, NULL);
	}
	world_done(&world);
}

static void test_purge_keeps_what_is_newest(void)
{
	struct world world;

	world_init(&world);
	put(&world, &(struct given){"host-a", 1, "1", .items = "web=fail"});
	put(&world, &(struct given){"host-a", 2, "2", .items = "web=pass"});
	g_assert_true(store_purge(world.store, NOW + (STORE_FACTS_DAYS + 1) * 86400, NULL));
	g_assert_cmpint(world_count(&world, "SELECT count(*) FROM facts"), ==, 1);
	g_assert_cmpint(world_count(&world, "SELECT count(*) FROM report"), ==, 2);
	g_assert_true(
		store_purge(world.store, NOW + (int64_t)(STORE_RESULTS_DAYS + 1) * 86400, NULL));
	g_assert_cmpint(world_count(&world, "SELECT count(*) FROM outcome "), ==, 1);
	g_assert_cmpint(world_count(&world, "SELECT count(*) FROM facts "), ==, 1);
	g_assert_cmpint(world_count(&world, "SELECT count(*) FROM finding_interval"), ==, 0);
	world_done(&world);
}

static void test_reader_sees_one_snapshot(void)
{
	struct world world;
	PLIMSOLL_AUTO(store) *reader = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) before = NULL;
	g_autoptr(GPtrArray) during = NULL;

	world_init(&world);
	reader = store_open(world.dir, STORE_READ, &error);
	g_assert_no_error(error);
	g_assert_true(store_begin(reader, NULL));
	before = fleet_list(reader, "cis", FLEET_ACTIVE, NULL);
	put(&world, &(struct given){"host-a", 1, "1", .items = "web=fail"});
	during = fleet_list(reader, "cis", FLEET_ACTIVE, NULL);
	store_end(reader);
	g_assert_cmpuint(before->len, ==, 2);
	g_assert_false(((struct fleet_host *)g_ptr_array_index(during, 0))->has_score);
	g_ptr_array_unref(g_steal_pointer(&during));
	during = fleet_list(reader, "cis", FLEET_ACTIVE, NULL);
	g_assert_true(((struct fleet_host *)g_ptr_array_index(during, 0))->has_score);
	world_done(&world);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(stories); i++) {
		g_autofree char *path = g_strdup_printf("/store/story/%s", stories[i].name);

		g_test_add_data_func(path, GUINT_TO_POINTER(i), test_story);
	}
	g_test_add_func("/store/causes", test_catalogue_and_parameters_are_told_apart_as_causes);
	g_test_add_func("/store/one-manager-speaks", test_one_manager_speaks_for_a_swarm);
	g_test_add_func("/store/unchanged-host", test_unchanged_host_costs_one_row);
	g_test_add_func("/store/compared", test_findings_are_compared_where_the_digest_moved);
	g_test_add_func("/store/hash-scope", test_hash_resolves_within_host_and_engine_only);
	g_test_add_func("/store/sequence", test_sequence_decides_what_is_newest);
	g_test_add_func("/store/retired", test_retired_and_forgotten_hosts_report_nothing);
	g_test_add_func("/store/forgotten", test_forgetting_leaves_no_rows);
	g_test_add_func("/store/purge", test_purge_keeps_what_is_newest);
	g_test_add_func("/store/snapshot", test_reader_sees_one_snapshot);
	return g_test_run();
}
