/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cut_answers RECORDING: an Engine breaks off, or falls silent, at every PLIMSOLL_CUT_STRIDE-th
 * byte of an answer. Each time the whole flow runs, from the socket to the verdicts: they must be
 * those of a host that does not give this answer at all, and come within the deadlines.
 */
#include <stdio.h>
#include <string.h>

#include "agent/collect.h"
#include "agent/engine_curl.h"
#include "checks/evaluate.h"
#include "tests/unit/agent/tiny_server.h"

enum {
	CALL_MS = 10000,     /* never reached by a daemon that only breaks off */
	SILENCE_MS = 2000,   /* the deadline where it falls silent */
	PATIENCE_MS = 60000, /* of a busy machine; a hang is far above it */
	AS_OF_S = 1700000000,
	DENSE_BYTES = 24,    /* at both ends of an answer every byte is tried */
	SILENCE_EVERY = 100, /* each silence costs a deadline */
};

/* A recorded host whose Engine is asked on a socket. */
struct cut_host {
	struct host host;
	struct host *recorded;
	struct engine_curl *curl;
	GHashTable *bodies; /* path -> body, filled while there is no curl */
};

/* ---------------------------------------------------------------- the host */

static void keep_body(struct host_get *request, void *data)
{
	struct cut_host *cut = data;

	if (request->http_status == 200)
		g_hash_table_replace(cut->bodies, g_strdup(request->path),
				     g_strndup(request->body, request->size));
}

struct relay {
	struct cut_host *cut;
	void (*done)(struct host_get *request, void *data);
	void *data;
};

static void keep_and_hand_on(struct host_get *request, void *data)
{
	const struct relay *relay = data;

	keep_body(request, relay->cut);
	relay->done(request, relay->data);
}

static void get(struct host *host, struct host_get *requests, guint n_requests,
		void (*done)(struct host_get *request, void *data), void *data)
{
	struct cut_host *cut = (struct cut_host *)host;
	struct relay relay = {cut, done, data};

	if (cut->curl != NULL) {
		engine_curl_get(cut->curl, requests, n_requests, done, data);
		return;
	}
	cut->recorded->ops->docker_get(cut->recorded, requests, n_requests, keep_and_hand_on,
				       &relay);
}

static bool run(struct host *host, struct host_batch *batch, GError **error)
{
	const struct cut_host *cut = (struct cut_host *)host;

	return cut->recorded->ops->run(cut->recorded, batch, error);
}

static const struct host_ops ops = {.transport = "test", .run = run, .docker_get = get};

static void cut_host_init(struct cut_host *cut, const char *dir)
{
	g_autoptr(GError) error = NULL;

	*cut = (struct cut_host){.host.ops = &ops};
	cut->recorded = host_recorded_new(dir, &error);
	g_assert_no_error(error);
	cut->host.endpoint = cut->recorded->endpoint;
	cut->host.socket_path = cut->recorded->socket_path;
	cut->bodies = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

static void cut_host_done(struct cut_host *cut)
{
	host_free(cut->recorded);
	g_hash_table_unref(cut->bodies);
}

/* ---------------------------------------------------------------- one run: socket to verdicts */

struct outcome {
	GString *text; /* a line per check and per item */
	guint n_passed;
};

static void outcome_done(struct outcome *outcome)
{
	g_string_free(outcome->text, TRUE);
}

static void write_result(const struct result *result, struct outcome *outcome)
{
	g_string_append_printf(outcome->text, "%s/%s %s\n", result->check->name,
			       result->variant == NULL ? "" : result->variant->name,
			       verdict_text(result->verdict));
	for (guint i = 0; i < result->n_items; i++) {
		const struct item *item = &result->items[i];

		g_string_append_printf(outcome->text, "\t%s %s: %s\n", item->label,
				       item->discriminator == NULL ? "" : item->discriminator,
				       verdict_text(item->verdict));
		outcome->n_passed += item->verdict == VERDICT_PASS;
	}
}

static struct outcome judge(struct cut_host *cut, struct evaluator *evaluator)
{
	struct outcome outcome = {.text = g_string_new(NULL)};
	const struct collect_options options = {.now_s = AS_OF_S};
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(collection) *collection = NULL;
	PLIMSOLL_AUTO(evaluation) *evaluation = NULL;

	cut->host.rounds = 0;
	collection = collect(&cut->host, &options, &error);
	g_assert_no_error(error);
	const struct evaluate_input input = {
		.facts = collection->facts, .observed = collection->observed, .as_of_s = AS_OF_S};
	evaluation = evaluator_run(evaluator, &input, NULL, NULL, &error);
	g_assert_no_error(error);
	for (guint i = 0; i < evaluation->n_results; i++)
		write_result(&evaluation->results[i], &outcome);
	return outcome;
}

/* ---------------------------------------------------------------- answers on the wire */

/* How an answer says where it ends. */
enum framing { FRAMING_LENGTH, FRAMING_CHUNKS, FRAMING_CLOSE, FRAMING_COUNT };

static const char *const framing_names[] = {"Content-Length", "chunks", "until it closes"};

/* The answer, and where in it the body is complete. gives: g_free(). */
static char *frame(const char *body, enum framing framing, size_t *ret_complete)
{
	static const char head[] =
		"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nServer: Docker/20.10.24\r\n";
	static const char type[] = "Content-Type: application/json\r\n";
	GString *text = g_string_new(head);
	size_t size = strlen(body), half = size / 2;

	g_string_append(text, type);
	if (framing == FRAMING_CHUNKS) {
		g_string_append_printf(text, "Transfer-Encoding: chunked\r\n\r\n%zx\r\n%.*s\r\n",
				       half, (int)half, body);
		g_string_append_printf(text, "%zx\r\n%s", size - half, body + half);
	} else if (framing == FRAMING_LENGTH) {
		g_string_append_printf(text, "Content-Length: %zu\r\n\r\n%s", size, body);
	} else {
		g_string_append_printf(text, "Connection: close\r\n\r\n%s", body);
	}
	*ret_complete = text->len;
	while (text->str[*ret_complete - 1] == '\n')
		(*ret_complete)--;
	if (framing == FRAMING_CHUNKS)
		g_string_append(text, "\r\n0\r\n\r\n");
	return g_string_free(text, FALSE);
}

/* What the daemon says to every request. */
struct daemon_script {
	GArray *answers; /* struct tiny_answer, with an end */
	GPtrArray *texts;
};

static void script_init(struct daemon_script *script, GHashTable *bodies)
{
	GHashTableIter iter;
	gpointer path = NULL, body = NULL;

	script->answers = g_array_new(TRUE, TRUE, sizeof(struct tiny_answer));
	script->texts = g_ptr_array_new_with_free_func(g_free);
	g_hash_table_iter_init(&iter, bodies);
	while (g_hash_table_iter_next(&iter, &path, &body)) {
		struct tiny_answer answer = {.path = path, .then = TINY_KEEP};
		size_t complete = 0;
		char *text = frame(body, FRAMING_LENGTH, &complete);

		answer.text = text;
		g_ptr_array_add(script->texts, text);
		g_array_append_val(script->answers, answer);
	}
}

static void script_done(struct daemon_script *script)
{
	g_array_free(script->answers, TRUE);
	g_ptr_array_unref(script->texts);
}

static struct tiny_answer *script_find(const struct daemon_script *script, const char *path)
{
	struct tiny_answer *answer = (struct tiny_answer *)(void *)script->answers->data;

	while (answer->path != NULL && strcmp(answer->path, path) != 0)
		answer++;
	g_assert_nonnull(answer->path);
	return answer;
}

/* ---------------------------------------------------------------- the sweep */

struct sweep {
	struct cut_host host;
	struct evaluator *evaluator;
	struct daemon_script script;
	size_t stride;
	guint n_runs, n_silences;
	int64_t slowest_ms;
};

static struct outcome judge_live(struct sweep *sweep, int64_t call_ms)
{
	const struct engine_curl_limits limits = {call_ms, LIMIT_API_TOTAL_MS, LIMIT_API_BODY_BYTES,
						  0};
	const struct tiny_answer *answers =
		(const struct tiny_answer *)(void *)sweep->script.answers->data;
	PLIMSOLL_AUTO(tiny_server) *server = tiny_server_new(answers);
	int64_t started_us = g_get_monotonic_time(), ms = 0;
	struct outcome outcome;

	sweep->host.curl = engine_curl_new(tiny_server_path(server), &limits);
	outcome = judge(&sweep->host, sweep->evaluator);
	g_clear_pointer(&sweep->host.curl, engine_curl_free);
	ms = (g_get_monotonic_time() - started_us) / 1000;
	sweep->slowest_ms = MAX(sweep->slowest_ms, ms);
	g_assert_cmpint(ms, <, PATIENCE_MS);
	sweep->n_runs++;
	return outcome;
}

/* The answer to path is `text`, then `then`. */
static struct outcome judge_cut(struct sweep *sweep, const char *path, const char *text, int then)
{
	struct tiny_answer *answer = script_find(&sweep->script, path);
	const struct tiny_answer whole = *answer;
	struct outcome outcome;

	answer->text = text;
	answer->then = then == TINY_HANG ? TINY_HANG : TINY_CLOSE;
	outcome = judge_live(sweep, then == TINY_HANG ? SILENCE_MS : CALL_MS);
	*answer = whole;
	return outcome;
}

static void print_difference(const char *want, const char *got)
{
	g_auto(GStrv) wanted = g_strsplit(want, "\n", -1);
	g_auto(GStrv) found = g_strsplit(got, "\n", -1);
	const char *check = "";

	for (guint i = 0; wanted[i] != NULL && found[i] != NULL; i++) {
		if (found[i][0] != '\t')
			check = found[i];
		if (strcmp(wanted[i], found[i]) != 0) {
			printf("in %s\n  without the answer: %s\n  with a part of it:  %s\n", check,
			       wanted[i], found[i]);
			return;
		}
	}
}

/* `whole`: the verdicts when the last bytes only are missing, behind a complete body. */
static void try_cut(struct sweep *sweep, const char *path, const char *text, size_t size,
		    const struct outcome *without, const struct outcome *whole, int then)
{
	g_autofree char *part = g_strndup(text, size);
	struct outcome outcome = judge_cut(sweep, path, part, then);

	if (strcmp(outcome.text->str, without->text->str) != 0 &&
	    (whole == NULL || strcmp(outcome.text->str, whole->text->str) != 0)) {
		printf("GET %s, %s after %zu bytes: %.*s\n", path,
		       then == TINY_HANG ? "silence" : "broken off", size, (int)MIN(size, 60),
		       part + size - MIN(size, 60));
		print_difference(without->text->str, outcome.text->str);
		g_error("other verdicts than without this answer");
	}
	outcome_done(&outcome);
}

static bool is_tried(const struct sweep *sweep, size_t at, size_t size)
{
	return at % sweep->stride == 0 || at < DENSE_BYTES || at + DENSE_BYTES > size;
}

static void sweep_framing(struct sweep *sweep, const char *path, enum framing framing,
			  const struct outcome *without, const struct outcome *whole)
{
	size_t complete = 0;
	g_autofree char *text =
		frame(g_hash_table_lookup(sweep->host.bodies, path), framing, &complete);
	size_t size = strlen(text);
	guint before = sweep->n_runs;

	for (size_t at = 1; at < size; at++) {
		const struct outcome *allowed = at >= complete ? whole : NULL;

		if (!is_tried(sweep, at, size))
			continue;
		try_cut(sweep, path, text, at, without, allowed, TINY_CLOSE);
		if (sweep->n_runs % SILENCE_EVERY != 0)
			continue;
		try_cut(sweep, path, text, at, without, allowed, TINY_HANG);
		sweep->n_silences++;
	}
	printf("GET %.40s, %s: %zu bytes, %u runs\n", path, framing_names[framing], size,
	       sweep->n_runs - before);
}

static void sweep_answer(struct sweep *sweep, const char *path)
{
	struct outcome whole = judge_live(sweep, CALL_MS);
	struct outcome without = judge_cut(sweep, path, NULL, TINY_CLOSE);

	printf("GET %.40s: %u items pass with it, %u without\n", path, whole.n_passed,
	       without.n_passed);
	g_assert_cmpuint(without.n_passed, <, whole.n_passed);
	for (enum framing framing = 0; framing < FRAMING_COUNT; framing++)
		sweep_framing(sweep, path, framing, &without, &whole);
	outcome_done(&whole);
	outcome_done(&without);
}

/* gives: the path of one inspect, whichever; borrowed. */
static const char *any_inspect(GHashTable *bodies)
{
	GHashTableIter iter;
	gpointer path = NULL;

	g_hash_table_iter_init(&iter, bodies);
	while (g_hash_table_iter_next(&iter, &path, NULL))
		if (g_str_has_prefix(path, "/containers/") && g_str_has_suffix(path, "/json"))
			return path;
	g_error("the recording has no container");
	return NULL;
}

static size_t stride_wanted(void)
{
	const char *text = g_getenv("PLIMSOLL_CUT_STRIDE");
	guint64 stride = text == NULL ? 0 : g_ascii_strtoull(text, NULL, 10);

	return stride == 0 ? 17 : stride;
}

int main(int argc, char **argv)
{
	struct sweep sweep = {.stride = stride_wanted()};
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(catalogue) *catalogue = catalogue_new(NULL, &error);
	struct outcome recorded, live;

	g_assert_no_error(error);
	setlinebuf(stdout);
	g_assert_cmpint(argc, ==, 2);
	sweep.evaluator = evaluator_new(catalogue, &error);
	g_assert_no_error(error);
	cut_host_init(&sweep.host, argv[1]);
	recorded = judge(&sweep.host, sweep.evaluator);
	script_init(&sweep.script, sweep.host.bodies);
	live = judge_live(&sweep, CALL_MS);
	g_assert_cmpstr(live.text->str, ==, recorded.text->str);
	sweep_answer(&sweep, "/info");
	sweep_answer(&sweep, "/containers/json?all=1");
	sweep_answer(&sweep, any_inspect(sweep.host.bodies));
	printf("%u runs, %u of them with silence; the slowest took %" G_GINT64_FORMAT " ms\n",
	       sweep.n_runs, sweep.n_silences, sweep.slowest_ms);
	outcome_done(&recorded);
	outcome_done(&live);
	script_done(&sweep.script);
	cut_host_done(&sweep.host);
	evaluator_free(sweep.evaluator);
	return 0;
}
