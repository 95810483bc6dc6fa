/* SPDX-License-Identifier: Apache-2.0 */
/* The client of the Engine against daemons that refuse, hang, lie and break off. */
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "agent/engine/engine_request.h"
#include "tests/unit/agent/engine_fixture.h"
#include "tests/unit/agent/tiny_server.h"

/* Short enough for a test, long enough for a busy machine to answer what is answered. */
static const struct engine_curl_limits short_limits = {400, 1500, 64 << 10, 0};
static const struct engine_curl_limits patient_limits = {20000, 60000, 64 << 10, 0};

/* What was true while the body was in memory. */
struct seen {
	guint n_done;
	char *body;
};

static void note_answer(struct host_get *request, void *data)
{
	struct seen *seen = data;

	seen->n_done++;
	g_free(seen->body);
	seen->body = g_strndup(request->body == NULL ? "" : request->body, request->size);
}

static const struct {
	const char *name;
	struct tiny_answer answer;
	int status, http_status, errno_value;
	const char *detail;
} cases[] = {
	{"a good answer",
	 {"/info", TINY_OK("2", "{}"), NULL, TINY_KEEP},
	 PLIMSOLL__FETCH__STATUS__OK,
	 200,
	 0,
	 NULL},
	{"no answer",
	 {"/info", NULL, NULL, TINY_HANG},
	 PLIMSOLL__FETCH__STATUS__TIMEOUT,
	 0,
	 0,
	 "no complete answer within the deadline"},
	{"a body that stops coming",
	 {"/info", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", NULL, TINY_HANG},
	 PLIMSOLL__FETCH__STATUS__TIMEOUT,
	 0,
	 0,
	 "no complete answer within the deadline"},
	{"an end inside the body",
	 {"/info", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", NULL, TINY_CLOSE},
	 PLIMSOLL__FETCH__STATUS__HTTP_ERROR,
	 0,
	 ECONNRESET,
	 "the connection ended inside the answer"},
	{"an end inside a chunked body",
	 {"/info", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{", NULL, TINY_CLOSE},
	 PLIMSOLL__FETCH__STATUS__HTTP_ERROR,
	 0,
	 ECONNRESET,
	 "the connection ended inside the answer"},
	{"an end without an answer",
	 {"/info", NULL, NULL, TINY_CLOSE},
	 PLIMSOLL__FETCH__STATUS__HTTP_ERROR,
	 0,
	 ECONNRESET,
	 "the connection ended without an answer"},
	{"no HTTP",
	 {"/info", "hello, this is ssh or whatever\r\n", NULL, TINY_CLOSE},
	 PLIMSOLL__FETCH__STATUS__PARSE_ERROR,
	 0,
	 0,
	 "the answer is not HTTP"},
	{"a body without end",
	 {"/info", "HTTP/1.1 200 OK\r\n\r\n", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", TINY_CLOSE},
	 PLIMSOLL__FETCH__STATUS__TRUNCATED,
	 0,
	 0,
	 "the answer is larger than the limit"},
	{"headers without end",
	 {"/info", "HTTP/1.1 200 OK\r\n", "X-A: bbbbbbbbbb\r\n", TINY_CLOSE},
	 PLIMSOLL__FETCH__STATUS__TRUNCATED,
	 0,
	 0,
	 "the answer is larger than the limit"},
	{"500 with a message",
	 {"/info", "HTTP/1.1 500 X\r\nContent-Length: 28\r\n\r\n{\"message\":\"no\\nroom\\u0007\"}",
	  NULL, TINY_KEEP},
	 PLIMSOLL__FETCH__STATUS__HTTP_ERROR,
	 500,
	 0,
	 "no room"},
	{"404 in plain text",
	 {"/info", "HTTP/1.1 404 X\r\nContent-Length: 10\r\n\r\nNot Found\n", NULL, TINY_KEEP},
	 PLIMSOLL__FETCH__STATUS__HTTP_ERROR,
	 404,
	 0,
	 "Not Found"},
	{"a redirection",
	 {"/info",
	  "HTTP/1.1 301 X\r\nLocation: http://localhost/containers\r\nContent-Length: 0\r\n\r\n",
	  NULL, TINY_KEEP},
	 PLIMSOLL__FETCH__STATUS__HTTP_ERROR,
	 301,
	 0,
	 NULL},
};

static void test_answers(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct tiny_answer answers[] = {cases[i].answer, {0}};
		PLIMSOLL_AUTO(tiny_server) *server = tiny_server_new(answers);
		bool must_wait = cases[i].status == PLIMSOLL__FETCH__STATUS__TIMEOUT;
		PLIMSOLL_AUTO(engine_curl) *client = engine_curl_new(
			tiny_server_path(server), must_wait ? &short_limits : &patient_limits);
		struct host_get request = {.path = "/info"};
		struct seen seen = {0, NULL};

		g_test_message("%s", cases[i].name);
		engine_curl_get(client, &request, 1, note_answer, &seen);
		g_assert_cmpuint(seen.n_done, ==, 1);
		g_assert_cmpint(request.state.status, ==, cases[i].status);
		g_assert_cmpint(request.http_status, ==, cases[i].http_status);
		g_assert_cmpint(request.state.errno_value, ==, cases[i].errno_value);
		g_assert_cmpstr(request.state.detail, ==, cases[i].detail);
		if (cases[i].status == PLIMSOLL__FETCH__STATUS__OK)
			g_assert_cmpstr(seen.body, ==, "{}");
		g_assert_null(request.body);
		g_free(seen.body);
	}
}

static void test_no_daemon(void)
{
	static const struct tiny_answer none[] = {{0}};
	PLIMSOLL_AUTO(tiny_server) *server = tiny_server_new(none);
	g_autofree char *absent = g_strconcat(tiny_server_path(server), "-not", NULL);
	PLIMSOLL_AUTO(engine_curl) *client = engine_curl_new(absent, NULL);
	struct host_get request = {.path = "/_ping"};
	struct seen seen = {0, NULL};

	engine_curl_get(client, &request, 1, note_answer, &seen);
	g_assert_cmpint(request.state.status, ==, PLIMSOLL__FETCH__STATUS__HTTP_ERROR);
	g_assert_cmpint(request.state.errno_value, ==, ENOENT);
	g_assert_cmpstr(request.state.detail, ==, "cannot connect: No such file or directory");
	g_assert_cmpint(request.http_status, ==, 0);
	g_free(seen.body);
}

/* gives: path of a socket of a daemon that ended, g_free(). */
static char *dead_socket(void)
{
	static const struct tiny_answer none[] = {{0}};
	PLIMSOLL_AUTO(tiny_server) *server = tiny_server_new(none);

	return g_strdup(tiny_server_path(server));
}

static void test_path_that_is_too_long(void)
{
	g_autofree char *gone = dead_socket();
	g_autofree char *dots = g_strnfill(200, 'a');
	g_autofree char *path = g_strconcat(gone, dots, NULL);
	PLIMSOLL_AUTO(engine_curl) *client = engine_curl_new(path, NULL);
	struct host_get request = {.path = "/_ping"};
	struct seen seen = {0, NULL};

	engine_curl_get(client, &request, 1, note_answer, &seen);
	g_assert_cmpint(request.state.status, ==, PLIMSOLL__FETCH__STATUS__HTTP_ERROR);
	g_assert_nonnull(request.state.detail);
	g_free(seen.body);
}

/* The socket's file outlives its daemon. */
static void test_stopped_daemon(void)
{
	g_autofree char *dir = g_mkdtemp(g_strdup("/tmp/plimsoll-test-XXXXXX"));
	g_autofree char *path = g_build_filename(dir, "sock", NULL);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	PLIMSOLL_AUTO(engine_curl) *client = engine_curl_new(path, NULL);
	struct host_get request = {.path = "/_ping"};
	struct seen seen = {0, NULL};

	g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
	close(fd);
	engine_curl_get(client, &request, 1, note_answer, &seen);
	g_assert_cmpint(request.state.status, ==, PLIMSOLL__FETCH__STATUS__HTTP_ERROR);
	g_assert_cmpint(request.state.errno_value, ==, ECONNREFUSED);
	g_assert_cmpstr(request.state.detail, ==, "cannot connect: Connection refused");
	g_free(seen.body);
	g_unlink(path);
	g_rmdir(dir);
}

static void test_deadline_of_all(void)
{
	static const struct tiny_answer none[] = {{0}};
	static const struct engine_curl_limits limits = {200, 500, 1 << 10, 0};
	PLIMSOLL_AUTO(tiny_server) *server = tiny_server_new(none);
	PLIMSOLL_AUTO(engine_curl) *client = engine_curl_new(tiny_server_path(server), &limits);
	struct host_get requests[40];
	struct seen seen = {0, NULL};
	int64_t start_us = g_get_monotonic_time();

	for (size_t i = 0; i < G_N_ELEMENTS(requests); i++)
		requests[i] = (struct host_get){.path = "/info"};
	engine_curl_get(client, requests, G_N_ELEMENTS(requests), note_answer, &seen);
	g_assert_cmpuint(seen.n_done, ==, G_N_ELEMENTS(requests));
	for (size_t i = 0; i < G_N_ELEMENTS(requests); i++)
		g_assert_cmpint(requests[i].state.status, ==, PLIMSOLL__FETCH__STATUS__TIMEOUT);
	g_assert_cmpstr(requests[39].state.detail, ==,
			"not asked: the time for all requests was used up");
	/* 40 requests, 4 at a time, 200 ms each: 2 s without the deadline of all. */
	g_assert_cmpint(g_get_monotonic_time() - start_us, <, 1900000);
	g_free(seen.body);
}

static void test_connections_are_few_and_kept(void)
{
	static const struct tiny_answer answers[] = {{"/info", TINY_OK("2", "{}"), NULL, TINY_KEEP},
						     {0}};
	PLIMSOLL_AUTO(tiny_server) *server = tiny_server_new(answers);
	PLIMSOLL_AUTO(engine_curl) *client = engine_curl_new(tiny_server_path(server), NULL);
	struct host_get requests[100];
	struct seen seen = {0, NULL};

	for (size_t i = 0; i < G_N_ELEMENTS(requests); i++)
		requests[i] = (struct host_get){.path = "/info"};
	engine_curl_get(client, requests, 50, note_answer, &seen);
	engine_curl_get(client, requests + 50, 50, note_answer, &seen);
	g_assert_cmpuint(seen.n_done, ==, G_N_ELEMENTS(requests));
	for (size_t i = 0; i < G_N_ELEMENTS(requests); i++)
		g_assert_cmpint(requests[i].state.status, ==, PLIMSOLL__FETCH__STATUS__OK);
	g_assert_cmpuint(tiny_server_most_connections(server), <=, LIMIT_API_CONNECTIONS);
	g_assert_cmpuint(tiny_server_connections(server), <=, LIMIT_API_CONNECTIONS);
	g_free(seen.body);
}

/* ---------------------------------------------------------------- what may be asked */

#define ID  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define IMG "sha256:" ID

static const char *const allowed[] = {
	"/_ping",
	"/version",
	"/info",
	"/containers/json?all=1",
	"/containers/" ID "/json",
	"/images/json",
	"/images/" IMG "/json",
	"/images/" IMG "/history",
	"/networks",
	"/volumes",
	"/nodes",
	"/services",
};
static const char *const refused[] = {
	"",
	"/",
	"/swarm",
	"/swarm/unlockkey",
	"/secrets",
	"/configs",
	"/tasks",
	"/system/df",
	"/info?x",
	"/info/",
	"/v1.41/info",
	"/containers/json",
	"/containers/json?all=1&size=1",
	"/containers/" ID "/top",
	"/containers/" ID "/json?size=1",
	"/containers/" ID "/logs",
	"/containers/../swarm/json",
	"/containers/web/json",
	"/containers//json",
	"/containers/" ID "%2f/json",
	"/images/web:1/json",
	"/images/sha256:/json",
	"/images/" IMG "/history?x",
	"/images/" IMG "/../../swarm",
	"/images/json?all=1",
	"/events",
	"http://x/info",
};

static void test_allowed_paths(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(allowed); i++) {
		g_test_message("%s", allowed[i]);
		g_assert_true(engine_path_is_allowed(allowed[i]));
	}
	for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
		g_test_message("%s", refused[i]);
		g_assert_false(engine_path_is_allowed(refused[i]));
	}
}

static void test_refused_paths_are_never_sent(void)
{
	static const struct tiny_answer answers[] = {{"/info", TINY_OK("2", "{}"), NULL, TINY_KEEP},
						     {0}};
	PLIMSOLL_AUTO(tiny_server) *server = tiny_server_new(answers);
	PLIMSOLL_AUTO(engine_curl) *client = engine_curl_new(tiny_server_path(server), NULL);
	struct host_get requests[G_N_ELEMENTS(refused) + 1];
	struct seen seen = {0, NULL};
	g_autofree char *sent = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(refused); i++)
		requests[i] = (struct host_get){.path = refused[i]};
	requests[G_N_ELEMENTS(refused)] = (struct host_get){.path = "/info"};
	engine_curl_get(client, requests, G_N_ELEMENTS(requests), note_answer, &seen);
	g_assert_cmpuint(seen.n_done, ==, G_N_ELEMENTS(requests));
	for (size_t i = 0; i < G_N_ELEMENTS(refused); i++)
		g_assert_cmpint(requests[i].state.status, ==, PLIMSOLL__FETCH__STATUS__NOT_TRIED);
	sent = tiny_server_requests(server);
	g_assert_cmpstr(sent, ==, "GET /info HTTP/1.1\n");
	g_free(seen.body);
}

static void test_environment_does_not_redirect(void)
{
	static const struct tiny_answer answers[] = {{"/info", TINY_OK("2", "{}"), NULL, TINY_KEEP},
						     {0}};
	PLIMSOLL_AUTO(tiny_server) *server = tiny_server_new(answers);
	PLIMSOLL_AUTO(engine_curl) *client = engine_curl_new(tiny_server_path(server), NULL);
	struct host_get request = {.path = "/info"};
	struct seen seen = {0, NULL};
	g_autofree char *sent = NULL;

	g_assert_nonnull(g_getenv("http_proxy"));
	engine_curl_get(client, &request, 1, note_answer, &seen);
	g_assert_cmpint(request.state.status, ==, PLIMSOLL__FETCH__STATUS__OK);
	sent = tiny_server_requests(server);
	g_assert_cmpstr(sent, ==, "GET /info HTTP/1.1\n");
	g_free(seen.body);
}

/* ---------------------------------------------------------------- API version */

static const struct {
	const char *offered, *minimum, *want;
} versions[] = {
	{"1.41", "1.12", "/v1.41/info"},
	{"1.51", "1.24", "/v1.51/info"},
	{"1.52", "1.44", "/v1.51/info"},
	{"1.60", "1.55", "/v1.55/info"},
	{"1.60", NULL, "/v1.51/info"},
	{NULL, NULL, "/info"},
	{"x", "y", "/info"},
	{"2.0", "1.44", "/v1.51/info"},
	{"1.9", NULL, "/v1.9/info"},
};

static void test_versions(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(versions); i++) {
		struct engine_dialect dialect = {0};
		g_autofree char *body = versions[i].minimum == NULL
						? g_strdup("{}")
						: g_strdup_printf("{\"MinAPIVersion\":\"%s\"}",
								  versions[i].minimum);
		struct host_get ping = {
			.path = "/_ping", .http_status = 200, .api_version = versions[i].offered};
		struct host_get version = {
			.path = "/version", .http_status = 200, .body = body, .size = strlen(body)};
		g_autofree char *got = NULL;

		engine_dialect_learn(&dialect, &ping);
		engine_dialect_learn(&dialect, &version);
		got = engine_dialect_address(&dialect, "/info");
		g_assert_cmpstr(got, ==, versions[i].want);
	}
}

static void test_prefix_is_sent(void)
{
	static const struct tiny_answer answers[] = {
		{"/_ping", TINY_OK("2", "OK"), NULL, TINY_KEEP},
		{"/info", TINY_OK("2", "{}"), NULL, TINY_KEEP},
		{"/version", TINY_OK("2", "{}"), NULL, TINY_KEEP},
		{0}};
	PLIMSOLL_AUTO(tiny_server) *server = tiny_server_new(answers);
	PLIMSOLL_AUTO(engine_curl) *client = engine_curl_new(tiny_server_path(server), NULL);
	static const char *const paths[] = {"/_ping", "/version", "/info"};
	g_autofree char *sent = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
		struct host_get request = {.path = paths[i]};
		struct seen seen = {0, NULL};

		engine_curl_get(client, &request, 1, note_answer, &seen);
		g_assert_cmpstr(request.api_version, ==, "1.41");
		g_free(seen.body);
	}
	sent = tiny_server_requests(server);
	g_assert_cmpstr(sent, ==,
			"GET /_ping HTTP/1.1\nGET /version HTTP/1.1\nGET /v1.41/info HTTP/1.1\n");
}

/* ---------------------------------------------------------------- a whole collection */

static void test_collection_without_daemon(void)
{
	g_autofree char *path = dead_socket();
	PLIMSOLL_AUTO(fixture_host) *fixture = fixture_live(path, NULL);
	struct engine_facts facts;

	collect_engine(&fixture->host, NULL, &facts);
	g_assert_null(facts.engine);
	g_assert_cmpuint(fixture->n_requests, ==, 1);
	g_assert_cmpint(fixture_status(&facts, "GET /_ping"), ==,
			PLIMSOLL__FETCH__STATUS__HTTP_ERROR);
	g_assert_cmpint(fixture_fetch(&facts, "GET /_ping")->errno_value, ==, ENOENT);
	g_assert_false(fixture_fetch(&facts, "GET /_ping")->has_http_status);
	g_assert_cmpint(fixture_status(&facts, "GET /containers/json?all=1"), ==,
			PLIMSOLL__FETCH__STATUS__NOT_TRIED);
	engine_facts_done(&facts);
}

static void test_collection_from_a_daemon_that_hangs(void)
{
	static const struct tiny_answer answers[] = {
		{"/_ping", TINY_OK("2", "OK"), NULL, TINY_KEEP}, {0}};
	PLIMSOLL_AUTO(tiny_server) *server = tiny_server_new(answers);
	PLIMSOLL_AUTO(fixture_host) *fixture =
		fixture_live(tiny_server_path(server), &short_limits);
	struct engine_facts facts;
	int64_t start_us = g_get_monotonic_time();

	collect_engine(&fixture->host, NULL, &facts);
	g_assert_cmpint(g_get_monotonic_time() - start_us, <, 10000000);
	g_assert_nonnull(facts.engine);
	g_assert_cmpint(fixture_status(&facts, "GET /info"), ==, PLIMSOLL__FETCH__STATUS__TIMEOUT);
	g_assert_cmpint(fixture_status(&facts, "GET /images/json"), ==,
			PLIMSOLL__FETCH__STATUS__TIMEOUT);
	g_assert_cmpint(fixture_status(&facts, "GET /services"), ==,
			PLIMSOLL__FETCH__STATUS__NOT_TRIED);
	engine_facts_done(&facts);
}

static void test_collection_from_a_daemon_that_fails(void)
{
#define FAILURE(path)                                                                              \
	{                                                                                          \
		path, "HTTP/1.1 500 X\r\nContent-Length: 4\r\n\r\noops", NULL, TINY_KEEP           \
	}
	static const struct tiny_answer answers[] = {
		FAILURE("/_ping"),       FAILURE("/version"),
		FAILURE("/info"),        FAILURE("/containers/json?all=1"),
		FAILURE("/images/json"), FAILURE("/networks"),
		FAILURE("/volumes"),     {0}};
	PLIMSOLL_AUTO(tiny_server) *server = tiny_server_new(answers);
	PLIMSOLL_AUTO(fixture_host) *fixture = fixture_live(tiny_server_path(server), NULL);
	struct engine_facts facts;

	collect_engine(&fixture->host, NULL, &facts);
	g_assert_null(facts.engine);
	for (const struct tiny_answer *answer = answers; answer->path != NULL; answer++) {
		g_autofree char *source = g_strconcat("GET ", answer->path, NULL);
		const Plimsoll__Fetch *row = fixture_fetch(&facts, source);

		g_assert_cmpint(row->status, ==, PLIMSOLL__FETCH__STATUS__HTTP_ERROR);
		g_assert_cmpint(row->http_status, ==, 500);
		g_assert_cmpstr(row->detail, ==, "oops");
	}
	engine_facts_done(&facts);
}

/* ---------------------------------------------------------------- texts of a peer */

static void test_detail_text(void)
{
	g_autofree char *longest = g_strnfill(1000, 'x');
	static const char *const texts[][2] = {
		{"plain", "plain"},
		{"{\"message\":\"a message\"}", "a message"},
		{"{\"other\":1}", "{\"other\":1}"},
		{"two\nlines\t\x1b[31m red", "two lines [31m red"},
		{"\xff\xfe", "\xef\xbf\xbd\xef\xbf\xbd"},
		{"", ""},
	};
	g_autofree char *cut = engine_detail_text(longest, strlen(longest));

	g_assert_cmpuint(strlen(cut), ==, LIMIT_DETAIL_BYTES);
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autofree char *got = engine_detail_text(texts[i][0], strlen(texts[i][0]));
		g_assert_cmpstr(got, ==, texts[i][1]);
	}
}

int main(int argc, char **argv)
{
	g_setenv("http_proxy", "http://127.0.0.1:1", TRUE);
	g_setenv("ALL_PROXY", "socks5://127.0.0.1:1", TRUE);
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/engine-curl/answers", test_answers);
	g_test_add_func("/engine-curl/no-daemon", test_no_daemon);
	g_test_add_func("/engine-curl/stopped-daemon", test_stopped_daemon);
	g_test_add_func("/engine-curl/path-that-is-too-long", test_path_that_is_too_long);
	g_test_add_func("/engine-curl/deadline-of-all", test_deadline_of_all);
	g_test_add_func("/engine-curl/connections-are-few-and-kept",
			test_connections_are_few_and_kept);
	g_test_add_func("/engine-curl/allowed-paths", test_allowed_paths);
	g_test_add_func("/engine-curl/refused-paths-are-never-sent",
			test_refused_paths_are_never_sent);
	g_test_add_func("/engine-curl/environment-does-not-redirect",
			test_environment_does_not_redirect);
	g_test_add_func("/engine-curl/versions", test_versions);
	g_test_add_func("/engine-curl/prefix-is-sent", test_prefix_is_sent);
	g_test_add_func("/engine-curl/collection-without-daemon", test_collection_without_daemon);
	g_test_add_func("/engine-curl/collection-from-a-daemon-that-hangs",
			test_collection_from_a_daemon_that_hangs);
	g_test_add_func("/engine-curl/collection-from-a-daemon-that-fails",
			test_collection_from_a_daemon_that_fails);
	g_test_add_func("/engine-curl/detail-text", test_detail_text);
	return g_test_run();
}
