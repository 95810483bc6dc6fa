/* SPDX-License-Identifier: Apache-2.0 */
/* What scans over SSH leave in the store, whose they are, and what nobody can make of them. */
#include <glib/gstdio.h>
#include <string.h>

#include "proto/wire.h"
#include "server/cli/deposit.h"
#include "server/cli/scan_store.h"
#include "server/store/access.h"
#include "server/store/fleet.h"
#include "server/store/identity.h"

#define KEY(letter) "SHA256:" letter "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define AGENT       "11111111-1111-4111-8111-111111111111"
#define AGENT_2     "22222222-2222-4222-8222-222222222222"

enum { TAKEN = 1800000000 };

struct world {
	char *dir;
	struct scan_store *scans;
	struct store *store; /* beside it, as a server would be */
	GPtrArray *list;     /* of the last look */
};

static void enroll(struct world *world, const char *id)
{
	g_autofree char *token_id = g_strconcat("token-", id, NULL);
	g_autoptr(GError) error = NULL;
	const struct join_token token = {
		.id = token_id, .sha256 = {1}, .created_by = "test", .expires_at_s = 10};
	const struct host_certificate certificate = {.host_id = id,
						     .fingerprint = id,
						     .serial = "1",
						     .not_after_s = 100,
						     .issued_at_s = 5};

	g_assert_true(store_begin(world->store, &error));
	g_assert_true(access_add_join_token(world->store, &token, &error));
	g_assert_true(access_enroll(world->store, token_id, &certificate, &error));
	g_assert_true(store_commit(world->store, &error));
	g_assert_no_error(error);
}

static void world_open(struct world *world)
{
	struct site_options options = {.data = world->dir};
	int done = 0;

	world->scans = scan_store_open("scan", &options, &done);
	g_assert_nonnull(world->scans);
}

static void world_init(struct world *world, const char *extra)
{
	static const char *const names[] = {"localhost", NULL};
	g_autoptr(GError) error = NULL;
	g_autofree char *path = NULL;
	g_autofree char *text = NULL;
	g_autofree char *all = NULL;

	*world = (struct world){.dir = g_dir_make_tmp("plimsoll-scan-XXXXXX", &error)};
	g_assert_no_error(error);
	path = g_build_filename(world->dir, "server.conf", NULL);
	text = config_text(world->dir, "cis-docker-1.6.0", names, "127.0.0.1",
			   (const guint[CONFIG_LISTENERS]){1, 2, 3});
	all = g_strconcat(text, extra, NULL);
	g_assert_true(g_file_set_contents(path, all, -1, &error));
	world_open(world);
	world->store = store_open(world->dir, STORE_WRITE, &error);
	g_assert_no_error(error);
	enroll(world, AGENT);
}

static void world_done(struct world *world)
{
	static const char *const files[] = {"plimsoll.db", "plimsoll.db-wal", "plimsoll.db-shm",
					    "server.conf"};

	g_clear_pointer(&world->list, g_ptr_array_unref);
	scan_store_close(world->scans);
	store_close(world->store);
	for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = g_build_filename(world->dir, files[i], NULL);

		(void)g_unlink(path);
	}
	g_assert_cmpint(g_rmdir(world->dir), ==, 0);
	g_free(world->dir);
}

/* --- what a machine shows --- */

struct look {
	const char *key;
	const char *machine;
	const char *boot;
	int64_t at; /* seconds after TAKEN */
	char **labels;
	bool privileged; /* one container of it */
};

static struct collection *collection_of(const struct look *look)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	gsize size = 0;
	struct collection *collection;
	Plimsoll__Snapshot *snapshot;

	g_assert_true(g_file_get_contents("deploy/sample-fleet/web-1.json", &text, &size, &error));
	collection = facts_json_read(text, size, &error);
	g_assert_no_error(error);
	snapshot = collection->facts->snapshot;
	snapshot->host_id = arena_strdup(collection->arena, look->machine);
	snapshot->boot_id = arena_strdup(collection->arena, look->boot);
	WIRE_SET(collection->envelope, taken_at, TAKEN + look->at);
	WIRE_SET(collection->facts->container[0], privileged, look->privileged);
	return collection;
}

static bool try_scan(struct world *world, const struct look *look, GError **error)
{
	PLIMSOLL_AUTO(collection) *collection = collection_of(look);
	char name[] = "web1";
	const struct ssh_target target = {.name = name, .labels = look->labels};
	const struct sweep_result result = {.target = &target,
					    .collection = collection,
					    .key_type = "ssh-ed25519",
					    .fingerprint = look->key,
					    .transport = "ssh-libssh2",
					    .engine_way = "dial-stdio"};

	return scan_store_put(world->scans, &result, error);
}

static void scan(struct world *world, const struct look *look)
{
	g_autoptr(GError) error = NULL;

	g_assert_true(try_scan(world, look, &error));
	g_assert_no_error(error);
}

/* As the agent's listener would have stored it. */
static char *agent_host(struct store *store, const void *data, GError **error)
{
	(void)store;
	(void)error;
	return g_strdup(data);
}

static void report_as(struct world *world, const char *id, const struct look *look)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = config_find(NULL, world->dir);
	PLIMSOLL_AUTO(config) *config = config_read(path, world->dir, &error);
	PLIMSOLL_AUTO(deposit) *deposit = deposit_new(config, world->store, &error);
	PLIMSOLL_AUTO(collection) *collection = collection_of(look);
	const struct deposit_order order = {collection, "local", agent_host, id};
	struct deposit_receipt receipt;

	g_assert_no_error(error);
	g_assert_true(deposit_put(deposit, &order, &receipt, &error));
	g_assert_no_error(error);
	g_free(receipt.host_id);
}

/* --- what operators do and see --- */

static void look_at(struct world *world)
{
	g_autoptr(GError) error = NULL;

	g_clear_pointer(&world->list, g_ptr_array_unref);
	world->list = fleet_list(world->store, "cis-docker-1.6.0", FLEET_ACTIVE, &error);
	g_assert_no_error(error);
}

static const struct fleet_host *host_at(struct world *world, const char *id)
{
	for (guint i = 0; i < world->list->len; i++) {
		const struct fleet_host *host = g_ptr_array_index(world->list, i);

		if (strcmp(host->id, id) == 0)
			return host;
	}
	g_error("no host %s", id);
}

static guint counted(struct world *world)
{
	guint n = 0;

	look_at(world);
	for (guint i = 0; i < world->list->len; i++) {
		const struct fleet_host *host = g_ptr_array_index(world->list, i);

		n += host->looks_like == NULL;
	}
	return n;
}

static int merge(struct world *world, const char *from, const char *into, char **ret_into)
{
	const struct merge_order order = {from, into, "local:test", 5};
	g_autoptr(GError) error = NULL;
	int code = -1;

	g_assert_true(store_begin(world->store, &error));
	if (!identity_merge(world->store, &order, ret_into, &error))
		code = error->code;
	else
		g_assert_true(store_commit(world->store, NULL));
	store_end(world->store);
	return code;
}

static void split(struct world *world, const char *id)
{
	g_autoptr(GError) error = NULL;

	g_assert_true(store_begin(world->store, &error));
	g_assert_true(identity_split(world->store, id, "local:test", 6, &error));
	g_assert_true(store_commit(world->store, &error));
}

static int64_t reports_of(struct world *world, const char *id)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) engines = fleet_engines(world->store, id, "cis-docker-1.6.0", &error);

	g_assert_no_error(error);
	g_assert_cmpuint(engines->len, <=, 1);
	return engines->len == 0
		       ? 0
		       : ((const struct fleet_engine *)g_ptr_array_index(engines, 0))->taken_at_s -
				 TAKEN;
}

static char *id_of(const char *key)
{
	return deposit_host_id("ssh-host-key", key);
}

/* --- tests --- */

static void test_a_scan_is_a_host(void)
{
	struct world world;
	g_autofree char *id = id_of(KEY("a"));
	g_autoptr(GPtrArray) keys = NULL;
	const struct known_key *key;

	world_init(&world, "");
	scan(&world, &(struct look){KEY("a"), "m", "b", .at = 1});
	scan(&world,
	     &(struct look){KEY("a"), "m", "b", .at = 1}); /* the same machine by another name */
	scan(&world, &(struct look){KEY("a"), "m", "b", .at = 1, .privileged = true});
	scan(&world, &(struct look){KEY("a"), "m", "b", .at = 7});
	g_assert_cmpuint(counted(&world), ==, 2);
	g_assert_cmpint(host_at(&world, id)->source, ==, HOST_AGENTLESS);
	g_assert_cmpstr(host_at(&world, id)->transport, ==, "ssh-libssh2");
	g_assert_cmpuint(host_at(&world, id)->critical, ==, 0);
	g_assert_cmpint(host_at(&world, id)->last_report_s, ==, TAKEN + 7);
	keys = identity_keys(world.store, id, NULL);
	g_assert_cmpuint(keys->len, ==, 1);
	key = g_ptr_array_index(keys, 0);
	g_assert_cmpstr(key->fingerprint, ==, KEY("a"));
	g_assert_cmpstr(key->type, ==, "ssh-ed25519");
	g_assert_cmpstr(key->engine_way, ==, "dial-stdio");
	world_done(&world);
}

static void test_one_key_on_two_machines_is_refused(void)
{
	struct world world;
	g_autoptr(GError) error = NULL;
	g_autofree char *id = id_of(KEY("a"));

	world_init(&world, "");
	scan(&world, &(struct look){KEY("a"), "m", "b1", .at = 1});
	g_assert_false(try_scan(&world, &(struct look){KEY("a"), "m", "b2", .at = 2}, &error));
	g_assert_error(error, STORE_ERROR, STORE_ERROR_DENIED);
	g_assert_nonnull(strstr(error->message, "host key of 'web1'"));
	g_assert_cmpint(reports_of(&world, id), ==, 1);
	/* The next sweep: the machine was booted meanwhile. */
	scan_store_close(world.scans);
	world_open(&world);
	scan(&world, &(struct look){KEY("a"), "m", "b2", .at = 3});
	g_assert_cmpint(reports_of(&world, id), ==, 3);
	world_done(&world);
}

static void test_what_is_not_whole_is_refused(void)
{
	struct world world;
	char word[] = "no label";
	char *labels[] = {word, NULL};
	const struct look looks[] = {
		{NULL, "m", "b", .at = 1},
		{"SHA256:short", "m", "b", .at = 1},
		{KEY("a"), "m", "b", .at = 1, .labels = labels},
	};

	world_init(&world, "");
	for (guint i = 0; i < G_N_ELEMENTS(looks); i++)
		g_assert_false(try_scan(&world, &looks[i], NULL));
	g_assert_cmpuint(counted(&world), ==, 1);
	world_done(&world);
}

/* Labels are there before the first verdict: parameters go by them. */
static void test_labels_of_the_target_hold_at_once(void)
{
	struct world world;
	char web[] = "group=web";
	char db[] = "group=db";
	char all[] = "group=all";
	char *labels[] = {web, NULL};
	char *groups[] = {web, db, all, NULL};
	g_autofree char *id = id_of(KEY("a"));
	g_autoptr(GHashTable) found = NULL;

	world_init(&world, "\n[parameters group=web]\nmin_engine_version = 99.0\n");
	scan(&world, &(struct look){KEY("a"), "m", "b", .at = 1, .labels = labels});
	scan(&world, &(struct look){KEY("b"), "n", "b", .at = 1});
	look_at(&world);
	{
		g_autofree char *other = id_of(KEY("b"));

		g_assert_cmpuint(host_at(&world, id)->failing, ==,
				 host_at(&world, other)->failing + 1);
	}
	labels[0] = db;
	scan(&world, &(struct look){KEY("a"), "m", "b", .at = 2, .labels = labels});
	found = fleet_labels(world.store, id, NULL);
	g_assert_cmpstr(g_hash_table_lookup(found, "group"), ==, "db");
	g_clear_pointer(&found, g_hash_table_unref);
	scan(&world, &(struct look){KEY("a"), "m", "b", .at = 3, .labels = groups});
	found = fleet_labels(world.store, id, NULL);
	g_assert_cmpuint(g_hash_table_size(found), ==, 3);
	for (guint i = 0; i < 3; i++) {
		g_autofree char *key = g_strdelimit(g_strdup(groups[i]), "=", '/');

		g_assert_cmpstr(g_hash_table_lookup(found, key), ==, "yes");
	}
	world_done(&world);
}

static void test_an_agent_and_a_scan_become_one(void)
{
	struct world world;
	g_autofree char *id = id_of(KEY("a"));
	g_autofree char *into = NULL;
	g_autofree char *again = NULL;
	g_autoptr(GPtrArray) relatives = NULL;

	world_init(&world, "");
	report_as(&world, AGENT, &(struct look){NULL, "m", "b", .at = 3});
	scan(&world, &(struct look){KEY("a"), "m", "b", .at = 5, .privileged = true});
	/* Before: both are listed, one is counted, and it is the agent. */
	g_assert_cmpuint(counted(&world), ==, 1);
	g_assert_cmpuint(world.list->len, ==, 2);
	g_assert_true(host_at(&world, id)->looks_like == host_at(&world, AGENT));
	/* The agent's id stays, whichever was named first. */
	g_assert_cmpint(merge(&world, AGENT, id, &into), ==, -1);
	g_assert_cmpstr(into, ==, AGENT);
	g_assert_cmpuint(counted(&world), ==, 1);
	g_assert_cmpuint(world.list->len, ==, 1);
	g_assert_cmpuint(host_at(&world, AGENT)->critical, ==, 0); /* its own report counts */
	g_assert_cmpuint(host_at(&world, AGENT)->engines, ==, 1);
	/* Scans go on beside, and never among the agent's reports. */
	scan(&world, &(struct look){KEY("a"), "m", "b", .at = 9});
	g_assert_cmpint(reports_of(&world, id), ==, 9);
	g_assert_cmpint(reports_of(&world, AGENT), ==, 3);
	relatives = identity_relatives(world.store, AGENT, NULL);
	g_assert_cmpuint(relatives->len, ==, 1);
	g_assert_cmpint(((struct relative *)g_ptr_array_index(relatives, 0))->relation, ==,
			RELATIVE_PART);
	g_assert_cmpint(merge(&world, id, AGENT, &again), ==, STORE_ERROR_DENIED); /* it is part */
	split(&world, id);
	look_at(&world);
	g_assert_cmpuint(world.list->len, ==, 2);
	world_done(&world);
}

/* An agent that never reported: what the scans saw is what is known. */
static void test_a_part_counts_where_the_whole_has_nothing(void)
{
	struct world world;
	g_autofree char *id = id_of(KEY("a"));
	g_autofree char *older = id_of(KEY("b"));
	g_autofree char *into = NULL;

	world_init(&world, "");
	scan(&world, &(struct look){KEY("a"), "m", "b", .at = 5, .privileged = true});
	scan(&world, &(struct look){KEY("b"), "m", "b", .at = 4});
	g_assert_cmpint(merge(&world, id, AGENT, &into), ==, -1);
	g_free(g_steal_pointer(&into));
	g_assert_cmpint(merge(&world, older, AGENT, &into), ==, -1);
	look_at(&world);
	g_assert_cmpuint(world.list->len, ==, 1);
	g_assert_cmpuint(host_at(&world, AGENT)->engines, ==, 1); /* the newer of the two */
	g_assert_cmpuint(host_at(&world, AGENT)->critical, ==, 1);
	g_assert_cmpint(host_at(&world, AGENT)->source, ==, HOST_AGENTLESS);
	g_assert_cmpint(host_at(&world, AGENT)->last_report_s, ==, TAKEN + 5);
	report_as(&world, AGENT, &(struct look){NULL, "m", "b", .at = 3});
	look_at(&world);
	g_assert_cmpuint(host_at(&world, AGENT)->critical, ==, 0);
	g_assert_cmpint(host_at(&world, AGENT)->source, ==, HOST_AGENT);
	world_done(&world);
}

/* The host key was changed: the new one goes on where the old one was. */
static void test_a_new_key_goes_on_in_the_old_history(void)
{
	struct world world;
	g_autofree char *old = id_of(KEY("a"));
	g_autofree char *new = id_of(KEY("b"));
	g_autofree char *into = NULL;
	g_autoptr(GPtrArray) keys = NULL;

	world_init(&world, "");
	scan(&world, &(struct look){KEY("a"), "m", "b", .at = 1});
	scan(&world, &(struct look){KEY("b"), "m", "b", .at = 2});
	g_assert_cmpint(merge(&world, new, old, &into), ==, -1);
	scan(&world, &(struct look){KEY("b"), "m", "b", .at = 3});
	g_assert_cmpint(reports_of(&world, old), ==, 3);
	g_assert_cmpint(reports_of(&world, new), ==, 2);
	keys = identity_keys(world.store, old, NULL);
	g_assert_cmpuint(keys->len, ==, 2);
	split(&world, new);
	scan(&world, &(struct look){KEY("b"), "m", "b", .at = 4});
	g_assert_cmpint(reports_of(&world, old), ==, 3);
	g_assert_cmpint(reports_of(&world, new), ==, 4);
	world_done(&world);
}

static void test_merges_that_are_refused(void)
{
	struct world world;
	static const struct {
		const char *from;
		const char *into;
		int want;
	} cases[] = {
		{AGENT, AGENT_2, STORE_ERROR_DENIED},
		{AGENT, AGENT, STORE_ERROR_DENIED},
		{AGENT, "nobody", STORE_ERROR_NOT_FOUND},
		{"nobody", AGENT, STORE_ERROR_NOT_FOUND},
	};

	world_init(&world, "");
	enroll(&world, AGENT_2);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *into = NULL;

		g_assert_cmpint(merge(&world, cases[i].from, cases[i].into, &into), ==,
				cases[i].want);
		g_assert_null(into);
	}
	world_done(&world);
}

/* A host that is retired or forgotten takes along what was merged into it, keys and all. */
static void test_who_is_shut_out_stays_out_by_every_key(void)
{
	for (int forget = 0; forget < 2; forget++) {
		struct world world;
		g_autofree char *id = id_of(KEY("a"));
		g_autofree char *into = NULL;
		g_autoptr(GError) error = NULL;

		world_init(&world, "");
		report_as(&world, AGENT, &(struct look){NULL, "m", "b", .at = 3});
		scan(&world, &(struct look){KEY("a"), "m", "b", .at = 1});
		g_assert_cmpint(merge(&world, id, AGENT, &into), ==, -1);
		g_assert_true(store_begin(world.store, NULL));
		g_assert_true(forget ? access_forget_host(world.store, AGENT, "t", 5, &error)
				     : access_retire_host(world.store, AGENT, "t", 5, &error));
		g_assert_true(store_commit(world.store, NULL));
		g_assert_cmpuint(counted(&world), ==, 0);
		g_assert_cmpuint(world.list->len, ==, 0);
		g_assert_false(
			try_scan(&world, &(struct look){KEY("a"), "m", "b", .at = 8}, &error));
		g_assert_error(error, STORE_ERROR, STORE_ERROR_DENIED);
		g_assert_cmpuint(counted(&world), ==, 0);
		world_done(&world);
	}
}

/* Whoever claims to be another machine is heard under his own key, and hides but himself. */
static void test_a_claimed_machine_id_takes_nothing_over(void)
{
	struct world world;
	g_autofree char *victim = id_of(KEY("v"));
	g_autofree char *hostile = id_of(KEY("h"));

	world_init(&world, "");
	report_as(&world, AGENT, &(struct look){NULL, "m", "b", .at = 3, .privileged = true});
	scan(&world, &(struct look){KEY("v"), "n", "b", .at = 3, .privileged = true});
	g_assert_cmpuint(counted(&world), ==, 2);
	/* First it claims to be the agent's machine, then the scanned one. */
	for (int i = 0; i < 2; i++) {
		scan(&world, &(struct look){KEY("h"), i == 0 ? "m" : "n", "b", .at = 5 + i});
		g_assert_cmpuint(counted(&world), ==, 2);
		g_assert_cmpuint(world.list->len, ==, 3);
		g_assert_null(host_at(&world, AGENT)->looks_like);
		g_assert_cmpuint(host_at(&world, AGENT)->critical, ==, 1);
		g_assert_cmpuint(host_at(&world, victim)->critical, ==, 1);
		g_assert_cmpuint(host_at(&world, hostile)->critical, ==, 0);
		g_assert_cmpint(reports_of(&world, AGENT), ==, 3);
		g_assert_cmpint(reports_of(&world, victim), ==, 3);
	}
	world_done(&world);
}

static void test_clones_and_the_unknown_are_counted(void)
{
	struct world world;

	world_init(&world, "");
	report_as(&world, AGENT, &(struct look){NULL, "m", "b1", .at = 3});
	scan(&world, &(struct look){KEY("a"), "m", "b2", .at = 3}); /* a clone: another boot */
	scan(&world, &(struct look){KEY("b"), "m", NULL, .at = 3});
	scan(&world, &(struct look){KEY("c"), "m", NULL, .at = 3});
	scan(&world, &(struct look){KEY("d"), "", "b1", .at = 3});
	scan(&world, &(struct look){KEY("e"), "", "b1", .at = 3});
	g_assert_cmpuint(counted(&world), ==, 6);
	/* Two agents were enrolled by somebody, each: they count, whatever they say. */
	enroll(&world, AGENT_2);
	report_as(&world, AGENT_2, &(struct look){NULL, "m", "b1", .at = 3});
	g_assert_cmpuint(counted(&world), ==, 7);
	world_done(&world);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/scan-store/a-host", test_a_scan_is_a_host);
	g_test_add_func("/scan-store/shared-key", test_one_key_on_two_machines_is_refused);
	g_test_add_func("/scan-store/not-whole", test_what_is_not_whole_is_refused);
	g_test_add_func("/scan-store/labels", test_labels_of_the_target_hold_at_once);
	g_test_add_func("/scan-store/agent-and-scan", test_an_agent_and_a_scan_become_one);
	g_test_add_func("/scan-store/part-counts", test_a_part_counts_where_the_whole_has_nothing);
	g_test_add_func("/scan-store/new-key", test_a_new_key_goes_on_in_the_old_history);
	g_test_add_func("/scan-store/refused-merges", test_merges_that_are_refused);
	g_test_add_func("/scan-store/shut-out", test_who_is_shut_out_stays_out_by_every_key);
	g_test_add_func("/scan-store/hostile", test_a_claimed_machine_id_takes_nothing_over);
	g_test_add_func("/scan-store/clones", test_clones_and_the_unknown_are_counted);
	return g_test_run();
}
