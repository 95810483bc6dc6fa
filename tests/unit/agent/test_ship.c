/* SPDX-License-Identifier: Apache-2.0 */
/* The conversation with the server, played by a script: what is sent, kept, tried again, given up.
 */
#include <string.h>

#include "agent/ship/schedule.h"
#include "agent/ship/ship.h"
#include "proto/wire.h"
#include "tests/unit/support/scratch.h"

/* One answer of the server; the script ends with a row whose status is 0. */
struct answer {
	long status; /* -1: no answer at all */
	bool accepted, need_facts;
	uint32_t retry_after_s;
	uint64_t newest_sequence;
	const char *body; /* instead of a Reply */
};

struct server {
	const struct answer *script;
	GString *log;  /* "hash 7; facts 7;" */
	bool observed; /* whether the last request told what was observed */
	char *last_facts;
};

static Plimsoll__Report *read_request(const struct http_request *request, struct arena *arena)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) plain = NULL;
	const void *data = request->body;
	gsize size = request->size;

	g_assert_cmpstr(request->path, ==, "/v1/report");
	g_assert_cmpstr(request->content_type, ==, "application/x-protobuf");
	g_assert_null(request->bearer);
	if (request->content_encoding != NULL) {
		g_assert_cmpstr(request->content_encoding, ==, "zstd");
		plain = wire_decompress(data, size, 1 << 20, &error);
		g_assert_no_error(error);
		data = g_bytes_get_data(plain, &size);
	}
	Plimsoll__Report *report = wire_unpack_report(data, size, arena, &error);
	g_assert_no_error(error);
	return report;
}

static GBytes *reply_of(const struct answer *answer)
{
	Plimsoll__Reply reply = PLIMSOLL__REPLY__INIT;

	if (answer->body != NULL)
		return g_bytes_new(answer->body, strlen(answer->body));
	WIRE_SET(&reply, accepted, answer->accepted);
	WIRE_SET(&reply, need_facts, answer->need_facts);
	if (answer->retry_after_s > 0)
		WIRE_SET(&reply, retry_after_s, answer->retry_after_s);
	if (answer->newest_sequence > 0)
		WIRE_SET(&reply, newest_sequence, answer->newest_sequence);
	WIRE_SET(&reply, next_in_s, 900);
	return wire_pack(&reply.base);
}

static bool serve(void *data, const struct http_request *request, struct http_answer *ret_answer,
		  GError **error)
{
	struct server *server = data;
	PLIMSOLL_AUTO(arena) *arena = arena_new(SIZE_MAX);
	const Plimsoll__Report *report = read_request(request, arena);
	const struct answer *answer = server->script;

	g_string_append_printf(server->log, "%s %d; ", report->has_facts ? "facts" : "hash",
			       (int)report->envelope->sequence);
	server->observed = report->has_observed;
	g_assert_cmpuint(report->envelope->facts_sha256.len, ==, WIRE_SHA256_BYTES);
	if (report->has_facts) {
		uint8_t digest[WIRE_SHA256_BYTES];
		wire_sha256(report->facts.data, report->facts.len, digest);
		g_assert_true(memcmp(digest, report->envelope->facts_sha256.data, sizeof(digest)) ==
			      0);
		g_free(server->last_facts);
		server->last_facts = wire_hex(digest, sizeof(digest));
	}
	g_assert_cmpint(answer->status, !=, 0);
	server->script++;
	if (answer->status < 0) {
		g_set_error(error, HTTP_ERROR, HTTP_ERROR_TRANSPORT, "cut off");
		return false;
	}
	*ret_answer = (struct http_answer){
		.status = answer->status, .body = reply_of(answer), .retry_after_s = -1};
	return true;
}

struct world {
	char *dir;
	char *engine; /* of what is spooled next; NULL: not said */
	struct spool *spool;
};

static void world_init(struct world *world)
{
	g_autoptr(GError) error = NULL;

	*world = (struct world){.dir = scratch_new()};
	world->spool = spool_open(world->dir, &error);
	g_assert_no_error(error);
}

static void world_done(struct world *world)
{
	spool_free(world->spool);
	scratch_free(world->dir);
}

/* A collection of a host called so; other facts for another name. */
static void spool_observed(struct world *world, uint64_t sequence, const char *hostname,
			   int64_t exec_count, int64_t cost_us)
{
	Plimsoll__Envelope envelope = PLIMSOLL__ENVELOPE__INIT;
	Plimsoll__Facts facts = PLIMSOLL__FACTS__INIT;
	Plimsoll__Observed observed = PLIMSOLL__OBSERVED__INIT;
	Plimsoll__Snapshot snapshot = PLIMSOLL__SNAPSHOT__INIT;
	Plimsoll__ContainerState state = PLIMSOLL__CONTAINER_STATE__INIT, *states = &state;
	Plimsoll__FetchCost cost = PLIMSOLL__FETCH_COST__INIT, *costs = &cost;
	const struct collection collection = {&envelope, &facts, &observed, NULL};
	g_autofree char *host_id = g_strdup("h-1");
	g_autofree char *name = g_strdup(hostname);
	g_autoptr(GError) error = NULL;

	WIRE_SET(&envelope, sequence, sequence);
	envelope.engine_key = world->engine;
	WIRE_SET(&state, exec_count, exec_count);
	WIRE_SET(&cost, us, cost_us);
	observed.n_container = observed.n_fetch = 1;
	observed.container = &states;
	observed.fetch = &costs;
	snapshot.hostname = name;
	facts.snapshot = &snapshot;
	g_assert_true(ship_spool(world->spool, &collection, &(struct identity){.host_id = host_id},
				 &error));
	g_assert_no_error(error);
}

static void spool_host(struct world *world, uint64_t sequence, const char *hostname)
{
	spool_observed(world, sequence, hostname, 0, (int64_t)sequence);
}

/* "delivered/refused/waiting/acknowledged" after a conversation, its requests, and how it ended. */
static void talk(struct world *world, const struct answer *script, const char *requests,
		 const char *counts, int error_code)
{
	struct server server = {.script = script, .log = g_string_new(NULL)};
	const struct ship_transport transport = {serve, &server};
	g_autoptr(GError) error = NULL;
	struct ship_result result;
	struct spool_state state;
	bool delivered = ship_deliver_through(world->spool, &transport, &result, &error);

	g_assert_true(delivered == (error == NULL));
	g_assert_cmpint(error == NULL ? -1 : error->code, ==, error_code);
	g_assert_cmpstr(server.log->str, ==, requests);
	g_assert_cmpint(server.script->status, ==, 0);
	g_assert_true(spool_list(world->spool, &state, NULL));
	g_autoptr(GBytes) acknowledged = spool_acknowledged(world->spool, "rootful", NULL);
	g_autofree char *found = g_strdup_printf(
		"delivered %u, refused %u, waiting %u, acknowledged %d", result.delivered,
		result.refused, state.n_sequences, acknowledged != NULL);
	g_assert_cmpstr(found, ==, counts);
	spool_state_done(&state);
	ship_result_done(&result);
	g_string_free(server.log, TRUE);
	g_free(server.last_facts);
}

#define SCRIPT(...)                                                                                \
	(const struct answer[])                                                                    \
	{                                                                                          \
		__VA_ARGS__,                                                                       \
		{                                                                                  \
			0                                                                          \
		}                                                                                  \
	}
static const struct answer yes = {.status = 200, .accepted = true};
static const struct answer need = {.status = 200, .need_facts = true};

static void test_facts_are_sent_only_when_asked_for(void)
{
	struct world world;

	world_init(&world);
	spool_host(&world, 1, "web");
	talk(&world, SCRIPT(need, yes), "hash 1; facts 1; ",
	     "delivered 1, refused 0, waiting 0, acknowledged 1", -1);
	spool_host(&world, 2, "web");
	talk(&world, SCRIPT(yes), "hash 2; ", "delivered 1, refused 0, waiting 0, acknowledged 1",
	     -1);
	spool_host(&world, 3, "web2");
	talk(&world, SCRIPT(need, yes), "hash 3; facts 3; ",
	     "delivered 1, refused 0, waiting 0, acknowledged 1", -1);
	world_done(&world);
}

/* The report itself was spooled without facts, since they equal the acknowledged ones. */
static void test_the_acknowledged_facts_answer_a_server_that_lost_them(void)
{
	struct world world;

	world_init(&world);
	spool_host(&world, 1, "web");
	talk(&world, SCRIPT(need, yes), "hash 1; facts 1; ",
	     "delivered 1, refused 0, waiting 0, acknowledged 1", -1);
	spool_host(&world, 2, "web");
	talk(&world, SCRIPT(need, yes), "hash 2; facts 2; ",
	     "delivered 1, refused 0, waiting 0, acknowledged 1", -1);
	world_done(&world);
}

/* Each keeps what the server has of it; the other's newer report does not take its place. */
static void test_two_engines_of_a_host_do_not_cost_each_other_their_facts(void)
{
	char rootful[] = "rootful", podman[] = "podman";
	struct world world;

	world_init(&world);
	for (uint64_t sequence = 1; sequence < 6; sequence += 2) {
		world.engine = rootful;
		spool_host(&world, sequence, "web");
		world.engine = podman;
		spool_host(&world, sequence + 1, "pods");
		if (sequence == 1)
			talk(&world, SCRIPT(need, yes, need, yes),
			     "hash 2; facts 2; hash 1; facts 1; ",
			     "delivered 2, refused 0, waiting 0, acknowledged 1", -1);
		else if (sequence == 3)
			talk(&world, SCRIPT(yes, yes), "hash 4; hash 3; ",
			     "delivered 2, refused 0, waiting 0, acknowledged 1", -1);
		else /* the server lost both */
			talk(&world, SCRIPT(need, yes, need, yes),
			     "hash 6; facts 6; hash 5; facts 5; ",
			     "delivered 2, refused 0, waiting 0, acknowledged 1", -1);
	}
	world_done(&world);
}

static void test_facts_that_are_gone_cost_only_that_report(void)
{
	struct world world;

	world_init(&world);
	spool_host(&world, 1, "web");
	talk(&world, SCRIPT(need, yes), "hash 1; facts 1; ",
	     "delivered 1, refused 0, waiting 0, acknowledged 1", -1);
	spool_host(&world, 2, "web");
	spool_host(&world, 3, "web2");
	talk(&world, SCRIPT(need, yes, need), "hash 3; facts 3; hash 2; ",
	     "delivered 1, refused 1, waiting 0, acknowledged 1", -1);
	world_done(&world);
}

/* What asking cost differs every time and is no reason to send it. */
static void test_what_was_observed_is_sent_when_it_changed(void)
{
	static const struct {
		const char *name;
		int64_t exec_count, cost_us;
		struct answer first, second;
		bool observed;
	} cases[] = {
		{"the first time",
		 1,
		 10,
		 {.status = 200, .need_facts = true},
		 {.status = 200, .accepted = true},
		 true},
		{"unchanged", 1, 11, {.status = 200, .accepted = true}, {0}, false},
		{"changed", 2, 12, {.status = 200, .accepted = true}, {0}, true},
		{"changed back", 1, 13, {.status = 200, .accepted = true}, {0}, true},
		{"not delivered", 2, 14, {.status = 503}, {0}, true},
		{"what was not delivered does not count",
		 1,
		 15,
		 {.status = 200, .accepted = true},
		 {.status = 200, .accepted = true},
		 true},
		{"unchanged, but the server lost it",
		 1,
		 16,
		 {.status = 200, .need_facts = true},
		 {.status = 200, .accepted = true},
		 true},
	};
	struct world world;

	world_init(&world);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const struct answer script[] = {cases[i].first, cases[i].second, {0}};
		struct server server = {.script = script, .log = g_string_new(NULL)};
		struct ship_result result;

		g_test_message("%s", cases[i].name);
		spool_observed(&world, i + 1, "web", cases[i].exec_count, cases[i].cost_us);
		ship_deliver_through(world.spool, &(struct ship_transport){serve, &server}, &result,
				     NULL);
		g_assert_cmpint(server.observed, ==, cases[i].observed);
		ship_result_done(&result);
		g_string_free(server.log, TRUE);
		g_free(server.last_facts);
	}
	world_done(&world);
}

static void test_the_newest_goes_first(void)
{
	struct world world;

	world_init(&world);
	spool_host(&world, 1, "a");
	spool_host(&world, 2, "b");
	spool_host(&world, 3, "c");
	talk(&world, SCRIPT(need, yes, need, yes, yes),
	     "hash 3; facts 3; hash 2; facts 2; hash 1; ",
	     "delivered 3, refused 0, waiting 0, acknowledged 1", -1);
	spool_host(&world, 4, "c"); /* what is kept is the newest, not the last delivered */
	talk(&world, SCRIPT(need, yes), "hash 4; facts 4; ",
	     "delivered 1, refused 0, waiting 0, acknowledged 1", -1);
	world_done(&world);
}

static void test_what_fails_for_now_waits(void)
{
	static const struct {
		const char *name;
		struct answer answer;
		int code;
	} cases[] = {
		{"no answer", {.status = -1}, HTTP_ERROR_TRANSPORT},
		{"busy", {.status = 429}, SHIP_ERROR_LATER},
		{"server error", {.status = 503}, SHIP_ERROR_LATER},
		{"timeout", {.status = 408}, SHIP_ERROR_LATER},
		{"asked to wait", {.status = 200, .retry_after_s = 30}, SHIP_ERROR_LATER},
		{"not a reply", {.status = 200, .body = "<html>"}, SHIP_ERROR_LATER},
		{"revoked", {.status = 403}, SHIP_ERROR_FORBIDDEN},
		{"unknown", {.status = 401}, SHIP_ERROR_FORBIDDEN},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct world world;

		g_test_message("%s", cases[i].name);
		world_init(&world);
		spool_host(&world, 1, "web");
		spool_host(&world, 2, "web");
		talk(&world, SCRIPT(cases[i].answer), "hash 2; ",
		     "delivered 0, refused 0, waiting 2, acknowledged 0", cases[i].code);
		talk(&world, SCRIPT(need, cases[i].answer), "hash 2; facts 2; ",
		     "delivered 0, refused 0, waiting 2, acknowledged 0", cases[i].code);
		talk(&world, SCRIPT(need, yes, yes), "hash 2; facts 2; hash 1; ",
		     "delivered 2, refused 0, waiting 0, acknowledged 1", -1);
		world_done(&world);
	}
}

static void test_what_is_refused_does_not_block_the_rest(void)
{
	static const struct answer refusals[] = {
		{.status = 400}, {.status = 413}, {.status = 404}, {.status = 200}};

	for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
		struct world world;

		world_init(&world);
		spool_host(&world, 1, "a");
		spool_host(&world, 2, "b");
		talk(&world, SCRIPT(refusals[i], need, yes), "hash 2; hash 1; facts 1; ",
		     "delivered 1, refused 1, waiting 0, acknowledged 0", -1);
		world_done(&world);
	}
}

static void test_a_server_that_asks_for_ever_is_left(void)
{
	struct world world;

	world_init(&world);
	spool_host(&world, 1, "a");
	talk(&world, SCRIPT(need, need), "hash 1; facts 1; ",
	     "delivered 0, refused 0, waiting 1, acknowledged 0", SHIP_ERROR_LATER);
	world_done(&world);
}

static void test_a_lost_counter_goes_on_above_the_servers(void)
{
	const struct answer answer = {.status = 200, .accepted = true, .newest_sequence = 500};
	g_autoptr(GError) error = NULL;
	struct world world;
	uint64_t sequence = 0;

	world_init(&world);
	g_assert_true(spool_next_sequence(world.spool, &sequence, &error));
	spool_host(&world, sequence, "a");
	talk(&world, SCRIPT(answer), "hash 1; ",
	     "delivered 1, refused 0, waiting 0, acknowledged 1", -1);
	g_assert_true(spool_next_sequence(world.spool, &sequence, &error));
	g_assert_cmpuint(sequence, ==, 501);
	world_done(&world);
}

/* The same number twice: another report is filed under it, ours gets a new one and goes out at
 * once. */
static void test_a_number_that_is_taken_is_given_up(void)
{
	const struct answer taken = {.status = 409, .newest_sequence = 500};
	struct world world;
	uint64_t sequence = 0;

	world_init(&world);
	spool_host(&world, 1, "a");
	talk(&world, SCRIPT(taken, need, yes), "hash 1; hash 501; facts 501; ",
	     "delivered 1, refused 0, waiting 0, acknowledged 1", -1);
	g_assert_true(spool_next_sequence(world.spool, &sequence, NULL));
	spool_host(&world, sequence, "b"); /* a server that always says so is not asked for ever */
	talk(&world, SCRIPT(need, taken, taken), "hash 502; facts 502; hash 503; ",
	     "delivered 0, refused 0, waiting 1, acknowledged 1", -1);
	world_done(&world);
}

static void test_every_host_has_its_own_minute(void)
{
	const int64_t now_s = 1700000000;
	int64_t first = schedule_next_s("host-1", now_s, 3600);

	g_assert_cmpint(first, >=, now_s + 1800);
	g_assert_cmpint(first, <, now_s + 1800 + 3600);
	g_assert_cmpint(schedule_next_s("host-1", first, 3600), ==, first + 3600);
	g_assert_cmpint(schedule_next_s("host-1", first + 59, 3600), ==, first + 3600);
	g_assert_cmpint(schedule_next_s("host-2", now_s, 3600) % 3600, !=, first % 3600);
}

static void test_backoff_grows_to_a_cap(void)
{
	g_assert_cmpint(schedule_backoff_ms(0, UINT32_MAX), ==, 1999);
	g_assert_cmpint(schedule_backoff_ms(3, UINT32_MAX), ==, 15999);
	g_assert_cmpint(schedule_backoff_ms(50, UINT32_MAX), ==, 299999);
	g_assert_cmpint(schedule_backoff_ms(50, 0), ==, 0);
	g_assert_cmpuint(schedule_clamp_period_s(1), ==, SCHEDULE_MIN_PERIOD_S);
	g_assert_cmpuint(schedule_clamp_period_s(INT64_MAX), ==, SCHEDULE_MAX_PERIOD_S);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/ship/facts-are-sent-only-when-asked-for",
			test_facts_are_sent_only_when_asked_for);
	g_test_add_func("/ship/the-acknowledged-facts-answer-a-server-that-lost-them",
			test_the_acknowledged_facts_answer_a_server_that_lost_them);
	g_test_add_func("/ship/two-engines-of-a-host-do-not-cost-each-other-their-facts",
			test_two_engines_of_a_host_do_not_cost_each_other_their_facts);
	g_test_add_func("/ship/facts-that-are-gone-cost-only-that-report",
			test_facts_that_are_gone_cost_only_that_report);
	g_test_add_func("/ship/what-was-observed-is-sent-when-it-changed",
			test_what_was_observed_is_sent_when_it_changed);
	g_test_add_func("/ship/the-newest-goes-first", test_the_newest_goes_first);
	g_test_add_func("/ship/what-fails-for-now-waits", test_what_fails_for_now_waits);
	g_test_add_func("/ship/what-is-refused-does-not-block-the-rest",
			test_what_is_refused_does_not_block_the_rest);
	g_test_add_func("/ship/a-server-that-asks-for-ever-is-left",
			test_a_server_that_asks_for_ever_is_left);
	g_test_add_func("/ship/a-lost-counter-goes-on-above-the-servers",
			test_a_lost_counter_goes_on_above_the_servers);
	g_test_add_func("/ship/a-number-that-is-taken-is-given-up",
			test_a_number_that_is_taken_is_given_up);
	g_test_add_func("/ship/every-host-has-its-own-minute", test_every_host_has_its_own_minute);
	g_test_add_func("/ship/backoff-grows-to-a-cap", test_backoff_grows_to_a_cap);
	return g_test_run();
}
