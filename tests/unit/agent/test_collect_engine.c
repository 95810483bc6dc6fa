/* SPDX-License-Identifier: Apache-2.0 */
/* From recorded and made-up answers of an Engine to facts. */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "proto/wire.h"
#include "tests/unit/agent/engine_fixture.h"

#define RECORDINGS "tests/data/recordings/"

/* The facts of one collection, freed at the end of the scope. */
#define COLLECT(name, fixture)                                                                     \
	__attribute__((cleanup(engine_facts_done))) struct engine_facts name;                      \
	collect_engine(&(fixture)->host, NULL, &name)

static const struct {
	const char *name;
	guint containers, images; /* images in scope */
	bool is_manager;
} recordings[] = {
	{"default", 3, 4, false}, {"hardened", 2, 2, false},     {"podman", 4, 2, false},
	{"matrix", 56, 5, false}, {"swarm-manager", 5, 5, true},
};

static void test_goldens(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(recordings); i++) {
		g_autofree char *dir = g_strconcat(RECORDINGS, recordings[i].name, NULL);
		g_autofree char *golden =
			g_strconcat("tests/data/engine/", recordings[i].name, ".json", NULL);
		PLIMSOLL_AUTO(fixture_host) *fixture = fixture_recorded(dir);
		COLLECT(facts, fixture);
		g_autofree char *text = fixture_json(&facts);

		g_test_message("%s", recordings[i].name);
		fixture_assert_golden(golden, text);
	}
}

static void test_number_of_calls(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(recordings); i++) {
		g_autofree char *dir = g_strconcat(RECORDINGS, recordings[i].name, NULL);
		PLIMSOLL_AUTO(fixture_host) *fixture = fixture_recorded(dir);
		COLLECT(facts, fixture);
		guint want = 7 + recordings[i].containers + 2 * recordings[i].images +
			     (recordings[i].is_manager ? 2 : 0);

		g_test_message("%s", recordings[i].name);
		g_assert_cmpuint(fixture->n_requests, ==, want);
		g_assert_cmpint(facts.cost.api_calls, ==, want);
	}
}

static void test_equal_bytes(void)
{
	PLIMSOLL_AUTO(fixture_host) *fixture = fixture_recorded(RECORDINGS "matrix");
	COLLECT(first, fixture);
	COLLECT(second, fixture);
	struct fixture_messages messages;
	g_autoptr(GBytes) first_bytes = NULL, second_bytes = NULL;

	fixture_messages_init(&messages, &first);
	first_bytes = wire_pack(&messages.facts.base);
	fixture_messages_init(&messages, &second);
	second_bytes = wire_pack(&messages.facts.base);
	g_assert_true(g_bytes_equal(first_bytes, second_bytes));
}

/* ---------------------------------------------------------------- image cache */

struct cache_file {
	char *dir, *path;
	struct collect_options options;
};

static void cache_file_init(struct cache_file *file)
{
	file->dir = g_dir_make_tmp("plimsoll-test-XXXXXX", NULL);
	g_assert_nonnull(file->dir);
	file->path = g_build_filename(file->dir, "images", NULL);
	file->options = (struct collect_options){.image_cache_path = file->path};
}

static void cache_file_done(struct cache_file *file)
{
	g_unlink(file->path);
	g_rmdir(file->dir);
	g_free(file->path);
	g_free(file->dir);
}

/* gives: the facts as JSON; ret_images: requests for images. */
static char *collect_with_cache(const char *recording, const struct cache_file *file,
				guint *ret_images, int64_t *ret_hits)
{
	PLIMSOLL_AUTO(fixture_host) *fixture = fixture_recorded(recording);
	struct engine_facts facts;
	char *text = NULL;

	collect_engine(&fixture->host, &file->options, &facts);
	text = fixture_json(&facts);
	*ret_hits = facts.cost.image_cache_hits;
	*ret_images = 0;
	for (guint i = 0; i < fixture->paths->len; i++)
		if (g_str_has_prefix(fixture->paths->pdata[i], "/images/sha256:"))
			(*ret_images)++;
	engine_facts_done(&facts);
	return text;
}

static void test_cache_saves_calls(void)
{
	struct cache_file file;
	guint images = 0;
	int64_t hits = 0;
	struct stat found = {0};
	g_autofree char *first = NULL, *second = NULL;

	cache_file_init(&file);
	first = collect_with_cache(RECORDINGS "default", &file, &images, &hits);
	g_assert_cmpuint(images, ==, 8);
	g_assert_cmpint(hits, ==, 0);
	g_assert_cmpint(g_stat(file.path, &found), ==, 0);
	g_assert_cmpuint(found.st_mode & 07777, ==, 0600);
	second = collect_with_cache(RECORDINGS "default", &file, &images, &hits);
	g_assert_cmpuint(images, ==, 0);
	g_assert_cmpint(hits, ==, 4);
	g_assert_cmpstr(first, ==, second);
	cache_file_done(&file);
}

static void test_cache_forgets_what_is_gone(void)
{
	struct cache_file file;
	guint images = 0;
	int64_t hits = 0;

	cache_file_init(&file);
	g_free(collect_with_cache(RECORDINGS "default", &file, &images, &hits));
	g_free(collect_with_cache(RECORDINGS "podman", &file, &images, &hits));
	g_free(collect_with_cache(RECORDINGS "default", &file, &images, &hits));
	g_assert_cmpuint(images, ==, 8);
	cache_file_done(&file);
}

static void damage_byte(char *data, gsize size)
{
	data[size / 2] = (char)(data[size / 2] + 1);
}

static void damage_line(char *data, gsize size)
{
	g_assert_cmpuint(size, >, 10);
	data[0] = 'x';
}

static void test_damaged_cache_is_rewritten(void)
{
	static void (*const damages[])(char *data, gsize size) = {damage_byte, damage_line};

	for (size_t i = 0; i < G_N_ELEMENTS(damages); i++) {
		struct cache_file file;
		guint images = 0;
		int64_t hits = 0;
		gsize size = 0;
		g_autofree char *data = NULL, *good = NULL, *again = NULL;

		cache_file_init(&file);
		good = collect_with_cache(RECORDINGS "default", &file, &images, &hits);
		g_assert_true(g_file_get_contents(file.path, &data, &size, NULL));
		damages[i](data, size);
		g_assert_true(g_file_set_contents_full(file.path, data, (gssize)size,
						       G_FILE_SET_CONTENTS_NONE, 0600, NULL));
		again = collect_with_cache(RECORDINGS "default", &file, &images, &hits);
		g_assert_cmpuint(images, ==, 8);
		g_assert_cmpstr(good, ==, again);
		g_free(collect_with_cache(RECORDINGS "default", &file, &images, &hits));
		g_assert_cmpuint(images, ==, 0);
		cache_file_done(&file);
	}
}

static void test_cache_of_others_is_not_read(void)
{
	struct cache_file file;
	guint images = 0;
	int64_t hits = 0;

	cache_file_init(&file);
	g_free(collect_with_cache(RECORDINGS "default", &file, &images, &hits));
	g_assert_cmpint(g_chmod(file.path, 0666), ==, 0);
	g_free(collect_with_cache(RECORDINGS "default", &file, &images, &hits));
	g_assert_cmpuint(images, ==, 8);
	cache_file_done(&file);
}

/* ---------------------------------------------------------------- made-up engines */

#define ID   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID2  "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define IMG  "sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define IMG2 "sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"

#define HOST_CONFIG_LISTS                                                                          \
	"\"CapAdd\":null,\"CapDrop\":null,\"SecurityOpt\":null,\"Ulimits\":null,"                  \
	"\"Devices\":null,\"PortBindings\":null"
#define NETWORKS "\"NetworkSettings\":{\"Ports\":null,\"Networks\":{}}"

/* An engine with one container and one image. */
static struct fixture_host *small_engine(void)
{
	struct fixture_host *fixture = fixture_recorded(NULL);

	fixture_set_body(fixture, "/_ping", "OK");
	fixture_set_body(fixture, "/version",
			 "{\"Version\":\"20.10.24\",\"ApiVersion\":\"1.41\",\"Components\":[]}");
	fixture_set_body(fixture, "/info",
			 "{\"SecurityOptions\":[\"name=seccomp,profile=default\"],"
			 "\"Swarm\":{\"ControlAvailable\":false}}");
	fixture_set_body(fixture, "/containers/json?all=1",
			 "[{\"Id\":\"" ID "\",\"Names\":[\"/b/alias\",\"/web\"],"
			 "\"State\":\"running\",\"ImageID\":\"" IMG "\"}]");
	fixture_set_body(fixture, "/containers/" ID "/json",
			 "{\"Id\":\"" ID "\",\"Name\":\"/web\",\"Config\":{\"Labels\":{}},"
			 "\"HostConfig\":{\"Privileged\":false," HOST_CONFIG_LISTS "},"
			 "\"Mounts\":[]," NETWORKS "}");
	fixture_set_body(fixture, "/images/json",
			 "[{\"Id\":\"" IMG "\",\"RepoTags\":[\"web:1\"]}]");
	fixture_set_body(fixture, "/images/" IMG "/json", "{\"Config\":{\"User\":\"app\"}}");
	fixture_set_body(fixture, "/images/" IMG "/history", "[]");
	fixture_set_body(fixture, "/networks", "[]");
	fixture_set_body(fixture, "/volumes", "{\"Volumes\":null}");
	return fixture;
}

static void test_small_engine(void)
{
	PLIMSOLL_AUTO(fixture_host) *fixture = small_engine();
	COLLECT(facts, fixture);
	const Plimsoll__Container *web = fixture_container(&facts, "web");

	g_assert_nonnull(web);
	g_assert_cmpint(web->inspect_status, ==, PLIMSOLL__FETCH__STATUS__OK);
	g_assert_true(web->has_privileged && !web->privileged);
	g_assert_false(web->has_readonly_rootfs);
	g_assert_null(web->user);
	g_assert_cmpstr(web->service_id, ==, "");
	for (guint i = 0; i < facts.fetches->len; i++)
		g_assert_cmpint(((const Plimsoll__Fetch *)facts.fetches->pdata[i])->status, ==,
				PLIMSOLL__FETCH__STATUS__OK);
}

/* Bodies of one inspect, and what becomes of its container. */
static const struct {
	const char *name, *body;
	int want;
} inspects[] = {
	{"garbage", "<html>", PLIMSOLL__FETCH__STATUS__PARSE_ERROR},
	{"nothing", "", PLIMSOLL__FETCH__STATUS__PARSE_ERROR},
	{"not an object", "[]", PLIMSOLL__FETCH__STATUS__PARSE_ERROR},
	{"another container", "{\"Id\":\"" ID2 "\"}", PLIMSOLL__FETCH__STATUS__PARSE_ERROR},
	{"no HostConfig", "{\"Id\":\"" ID "\",\"Mounts\":[]," NETWORKS "}",
	 PLIMSOLL__FETCH__STATUS__PARSE_ERROR},
	{"no Mounts", "{\"Id\":\"" ID "\",\"HostConfig\":{" HOST_CONFIG_LISTS "}," NETWORKS "}",
	 PLIMSOLL__FETCH__STATUS__PARSE_ERROR},
	{"an integer out of range",
	 "{\"Id\":\"" ID "\",\"HostConfig\":{\"Memory\":99999999999999999999," HOST_CONFIG_LISTS
	 "},\"Mounts\":[]," NETWORKS "}",
	 PLIMSOLL__FETCH__STATUS__PARSE_ERROR},
	{"a list that holds a number",
	 "{\"Id\":\"" ID "\",\"HostConfig\":{\"CapAdd\":[7],\"CapDrop\":null,"
	 "\"SecurityOpt\":null,\"Ulimits\":null,\"Devices\":null,\"PortBindings\":null},"
	 "\"Mounts\":[]," NETWORKS "}",
	 PLIMSOLL__FETCH__STATUS__PARSE_ERROR},
	{"a NUL in a label",
	 "{\"Id\":\"" ID "\",\"Config\":{\"Labels\":{\"a\\u0000b\":\"c\\u0000d\"}},"
	 "\"HostConfig\":{" HOST_CONFIG_LISTS "},\"Mounts\":[]," NETWORKS "}",
	 PLIMSOLL__FETCH__STATUS__OK},
	{"404 of something else", "!404 Not Found", PLIMSOLL__FETCH__STATUS__HTTP_ERROR},
	{"500", "!500 {\"message\":\"oops\"}", PLIMSOLL__FETCH__STATUS__HTTP_ERROR},
};

static void test_broken_inspect_keeps_its_container(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(inspects); i++) {
		PLIMSOLL_AUTO(fixture_host) *fixture = small_engine();
		fixture_set_body(fixture, "/containers/" ID "/json", inspects[i].body);
		COLLECT(facts, fixture);
		const Plimsoll__Container *web = fixture_container(&facts, "web");
		const char *source = inspects[i].want == PLIMSOLL__FETCH__STATUS__OK
					     ? "GET /containers/ID/json"
					     : "GET /containers/" ID "/json";

		g_test_message("%s", inspects[i].name);
		g_assert_nonnull(web);
		g_assert_cmpstr(web->id, ==, ID);
		g_assert_cmpstr(web->state, ==, "running");
		g_assert_true(web->has_inspect_status);
		g_assert_cmpint(web->inspect_status, ==, inspects[i].want);
		g_assert_cmpint(fixture_status(&facts, source), ==, inspects[i].want);
		if (inspects[i].want != PLIMSOLL__FETCH__STATUS__OK)
			g_assert_nonnull(web->inspect_detail);
	}
}

static void test_null_and_missing_numbers(void)
{
	PLIMSOLL_AUTO(fixture_host) *fixture = small_engine();
	fixture_set_body(fixture, "/containers/" ID "/json",
			 "{\"Id\":\"" ID "\",\"HostConfig\":{\"PidsLimit\":null,"
			 "\"CpuShares\":\"1024\"," HOST_CONFIG_LISTS "},\"Mounts\":[]," NETWORKS
			 "}");
	COLLECT(facts, fixture);
	const Plimsoll__Container *web = fixture_container(&facts, "web");

	g_assert_true(web->has_pids_limit);
	g_assert_cmpint(web->pids_limit, ==, 0);
	g_assert_false(web->has_memory);
	g_assert_false(web->has_cpu_shares);
}

static const struct {
	const char *name, *path, *body;
	int want;
} broken_lists[] = {
	{"garbage", "/containers/json?all=1", "x", PLIMSOLL__FETCH__STATUS__PARSE_ERROR},
	{"an object", "/containers/json?all=1", "{}", PLIMSOLL__FETCH__STATUS__PARSE_ERROR},
	{"an entry without id", "/containers/json?all=1", "[{}]",
	 PLIMSOLL__FETCH__STATUS__PARSE_ERROR},
	{"null", "/containers/json?all=1", "null", PLIMSOLL__FETCH__STATUS__OK},
	{"404", "/images/json", "!404 page not found", PLIMSOLL__FETCH__STATUS__HTTP_ERROR},
	{"no Volumes", "/volumes", "{}", PLIMSOLL__FETCH__STATUS__PARSE_ERROR},
	{"a network without id", "/networks", "[{\"Name\":\"x\"}]",
	 PLIMSOLL__FETCH__STATUS__PARSE_ERROR},
	{"no object", "/info", "[]", PLIMSOLL__FETCH__STATUS__PARSE_ERROR},
	{"no object", "/version", "1", PLIMSOLL__FETCH__STATUS__PARSE_ERROR},
};

static void test_broken_list_is_noted(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(broken_lists); i++) {
		PLIMSOLL_AUTO(fixture_host) *fixture = small_engine();
		g_autofree char *source = g_strconcat("GET ", broken_lists[i].path, NULL);
		fixture_set_body(fixture, broken_lists[i].path, broken_lists[i].body);
		COLLECT(facts, fixture);

		g_test_message("%s: %s", broken_lists[i].path, broken_lists[i].name);
		g_assert_cmpint(fixture_status(&facts, source), ==, broken_lists[i].want);
		g_assert_nonnull(facts.engine);
	}
}

static void test_container_that_is_being_removed(void)
{
	PLIMSOLL_AUTO(fixture_host) *fixture = small_engine();
	fixture_set_body(fixture, "/containers/json?all=1",
			 "[{\"Id\":\"" ID "\",\"Names\":[\"/web\"],\"State\":\"removing\"}]");
	COLLECT(facts, fixture);

	g_assert_cmpuint(facts.containers->len, ==, 0);
}

static void test_gone_since_the_list(void)
{
	static const char *const answers[] = {
		"!404 {\"message\":\"No such container: x\"}",
		"!404 {\"cause\":\"no such container\",\"message\":\"no container with name or "
		"ID \\\"x\\\" found: no such container\",\"response\":404}",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(answers); i++) {
		PLIMSOLL_AUTO(fixture_host) *fixture = small_engine();
		fixture_set_body(fixture, "/containers/" ID "/json", answers[i]);
		fixture_set_body(fixture, "/images/" IMG "/json",
				 "!404 {\"message\":\"No such image: x\"}");
		COLLECT(facts, fixture);

		g_assert_cmpuint(facts.containers->len, ==, 0);
		g_assert_cmpuint(facts.images->len, ==, 0);
		for (guint row = 0; row < facts.fetches->len; row++)
			g_assert_cmpint(
				((const Plimsoll__Fetch *)facts.fetches->pdata[row])->status, ==,
				PLIMSOLL__FETCH__STATUS__OK);
	}
}

/* gives: an inspect answer of about 2 MB, with a hundred long mounts. */
static char *large_inspect(const char *id)
{
	g_autofree char *source = g_strnfill(20000, 'x');
	GString *text = g_string_new(NULL);

	g_string_printf(text,
			"{\"Id\":\"%s\",\"HostConfig\":{" HOST_CONFIG_LISTS "}," NETWORKS
			",\"Mounts\":[",
			id);
	for (int i = 0; i < 100; i++)
		g_string_append_printf(text, "%s{\"Source\":\"/%s\"}", i == 0 ? "" : ",", source);
	g_string_append(text, "]}");
	return g_string_free(text, FALSE);
}

static void test_memory_is_bounded(void)
{
	PLIMSOLL_AUTO(fixture_host) *fixture = small_engine();
	GString *list = g_string_new("[");
	guint n_truncated = 0;

	for (int i = 0; i < 40; i++) {
		g_autofree char *id = g_strdup_printf("%064d", i);
		g_autofree char *path = g_strdup_printf("/containers/%s/json", id);
		g_autofree char *body = large_inspect(id);

		fixture_set_body(fixture, path, body);
		g_string_append_printf(list, "%s{\"Id\":\"%s\",\"State\":\"running\"}",
				       i == 0 ? "" : ",", id);
	}
	g_string_append_c(list, ']');
	fixture_set_body(fixture, "/containers/json?all=1", list->str);
	COLLECT(facts, fixture);

	g_assert_cmpuint(facts.containers->len, ==, 40);
	for (guint i = 0; i < 40; i++) {
		const Plimsoll__Container *row = facts.containers->pdata[i];

		g_assert_true(row->has_inspect_status);
		if (row->inspect_status == PLIMSOLL__FETCH__STATUS__TRUNCATED)
			n_truncated++;
		else
			g_assert_cmpuint(row->n_mount, ==, 100);
	}
	g_assert_cmpuint(n_truncated, >, 10);
	g_assert_cmpuint(arena_used_bytes(facts.arena), <, LIMIT_ENGINE_FACTS_BYTES + (4u << 20));
	g_string_free(list, TRUE);
}

static void test_image_without_platform(void)
{
	PLIMSOLL_AUTO(fixture_host) *fixture = small_engine();
	fixture_set_body(fixture, "/images/" IMG "/json", "{\"Id\":\"" IMG "\"}");
	COLLECT(facts, fixture);
	const Plimsoll__Image *image = facts.images->pdata[0];

	g_assert_cmpint(image->inspect_status, ==, PLIMSOLL__FETCH__STATUS__ABSENT);
	g_assert_null(image->user);
}

static void test_images_in_scope(void)
{
	PLIMSOLL_AUTO(fixture_host) *fixture = small_engine();
	fixture_set_body(fixture, "/images/json",
			 "[{\"Id\":\"" IMG2 "\",\"RepoTags\":[\"<none>:<none>\"],"
			 "\"RepoDigests\":[\"<none>@<none>\"]}]");
	COLLECT(facts, fixture);
	const Plimsoll__Image *used = facts.images->pdata[0], *unused = facts.images->pdata[1];

	/* The used one is not listed, the listed one is neither named nor used. */
	g_assert_cmpstr(used->id, ==, IMG);
	g_assert_true(used->used && used->has_inspect_status);
	g_assert_cmpstr(unused->id, ==, IMG2);
	g_assert_true(unused->has_used && !unused->used && !unused->has_inspect_status);
}

static void test_plain_http_warning(void)
{
	PLIMSOLL_AUTO(fixture_host) *fixture = small_engine();
	fixture_set_body(fixture, "/info",
			 "{\"Warnings\":[\"WARNING: No swap limit support\",\"something new\","
			 "\"[DEPRECATION NOTICE]: API is accessible on http://0.0.0.0:2375 "
			 "without encryption.\"]}");
	COLLECT(facts, fixture);

	g_assert_true(facts.engine->has_warn_plain_http && facts.engine->warn_plain_http);
	g_assert_cmpuint(facts.engine->n_warning, ==, 3);
	g_assert_cmpint(facts.engine->warning[0], ==, PLIMSOLL__ENGINE__WARNING__OTHER);
	g_assert_cmpint(facts.engine->warning[1], ==, PLIMSOLL__ENGINE__WARNING__PLAIN_HTTP);
	g_assert_false(facts.engine->has_rootless);
	g_assert_cmpint(fixture_status(&facts, "GET /info"), ==,
			PLIMSOLL__FETCH__STATUS__PARSE_ERROR);
	g_assert_cmpint(fixture_status(&facts, "GET /nodes"), ==,
			PLIMSOLL__FETCH__STATUS__NOT_TRIED);
}

static void test_list_limits(void)
{
	PLIMSOLL_AUTO(fixture_host) *fixture = small_engine();
	GString *list = g_string_new("[");

	for (guint i = 0; i <= LIMIT_NETWORKS; i++)
		g_string_append_printf(list, "%s{\"Id\":\"%05u\"}", i == 0 ? "" : ",", i);
	g_string_append_c(list, ']');
	fixture_set_body(fixture, "/networks", list->str);
	COLLECT(facts, fixture);

	g_assert_cmpuint(facts.networks->len, ==, LIMIT_NETWORKS);
	g_assert_cmpint(fixture_status(&facts, "GET /networks"), ==,
			PLIMSOLL__FETCH__STATUS__TRUNCATED);
	g_assert_cmpstr(fixture_fetch(&facts, "GET /networks")->detail, ==, "4096 of 4097 seen");
	g_string_free(list, TRUE);
}

/* Three builders and the same two ports; and something that is no port. */
static void test_exposed_ports_of_builders(void)
{
	static const char *const wanted[] = {"22 80/udp", "22/tcp 80/udp", "22/tcp 80/udp", "_"};
	PLIMSOLL_AUTO(fixture_host) *fixture = small_engine();

	fixture_set_body(fixture, "/images/" IMG "/history",
			 "[{\"CreatedBy\":\"/bin/sh -c #(nop)  EXPOSE 22 80/udp\"},"
			 "{\"CreatedBy\":\"EXPOSE map[22/tcp:{} 80/udp:{}]\"},"
			 "{\"CreatedBy\":\"EXPOSE [22/tcp 80/udp] # buildkit\"},"
			 "{\"CreatedBy\":\"EXPOSE $PORT\"}]");
	COLLECT(facts, fixture);
	g_assert_cmpuint(facts.image_history->len, ==, G_N_ELEMENTS(wanted));
	for (guint i = 0; i < facts.image_history->len; i++) {
		const Plimsoll__ImageHistory *row = facts.image_history->pdata[i];

		g_assert_cmpint((int)row->instruction, ==,
				PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__EXPOSE);
		g_assert_cmpstr(row->text, ==, wanted[i]);
	}
}

/* ---------------------------------------------------------------- canaries */

#define SECRET "CANARY"

static const char canary_inspect[] =
	"{\"Id\":\"" ID "\",\"Name\":\"/web\",\"Path\":\"/CANARY01\",\"Args\":[\"CANARY02\"],"
	"\"State\":{\"Status\":\"running\",\"Error\":\"CANARY03\","
	"\"Health\":{\"Status\":\"healthy\",\"Log\":[{\"Output\":\"CANARY04\"}]}},"
	"\"ResolvConfPath\":\"/CANARY05\",\"LogPath\":\"/CANARY06\","
	"\"Config\":{\"Env\":[\"PASSWORD=CANARY07\",\"PLAIN\"],\"Cmd\":[\"CANARY08\"],"
	"\"Entrypoint\":[\"CANARY09\"],\"Labels\":{\"a\":\"CANARY10\"},"
	"\"Healthcheck\":{\"Test\":[\"CMD-SHELL\",\"CANARY11\"]},\"Hostname\":\"CANARY12\"},"
	"\"HostConfig\":{\"LogConfig\":{\"Type\":\"syslog\",\"Config\":{\"a\":\"CANARY13\"}},"
	"\"SecurityOpt\":[\"seccomp={\\\"defaultAction\\\":\\\"SCMP_ACT_ALLOW\\\","
	"\\\"syscalls\\\":[{\\\"comment\\\":\\\"CANARY14\\\"}]}\",\"credentialspec=CANARY15\"],"
	"\"ExtraHosts\":[\"CANARY16:1.2.3.4\"],\"Sysctls\":{\"a\":\"CANARY17\"},"
	"\"Annotations\":{\"a\":\"CANARY18\"},\"StorageOpt\":{\"a\":\"CANARY19\"},"
	"\"Binds\":[\"/CANARY20:/x\"],\"CapAdd\":[],\"CapDrop\":[],\"Ulimits\":[],"
	"\"Devices\":[],\"DeviceRequests\":[{\"Driver\":\"x\",\"Options\":{\"a\":\"CANARY21\"}}],"
	"\"PortBindings\":{}},\"GraphDriver\":{\"Data\":{\"a\":\"CANARY22\"}},"
	"\"Mounts\":[{\"Type\":\"bind\",\"Source\":\"/srv\",\"Mode\":\"CANARY23\"}],"
	"\"NetworkSettings\":{\"Ports\":{},\"Networks\":{\"n\":{\"Aliases\":[\"CANARY24\"],"
	"\"DriverOpts\":{\"a\":\"CANARY25\"}}}}}";

static const char canary_info[] =
	"{\"HttpProxy\":\"http://"
	"u:CANARY26@p\",\"HttpsProxy\":\"CANARY27\",\"NoProxy\":\"CANARY28\","
	"\"Labels\":[\"a=CANARY29\"],\"SecurityOptions\":[],\"Runtimes\":{\"runc\":{"
	"\"path\":\"runc\",\"status\":{\"a\":\"CANARY30\"}}},\"GenericResources\":[\"CANARY31\"],"
	"\"Warnings\":[\"CANARY32\"],\"Swarm\":{\"ControlAvailable\":true,\"Cluster\":{\"ID\":"
	"\"c\","
	"\"JoinTokens\":{\"Worker\":\"CANARY33\"},\"Spec\":{\"Labels\":{\"a\":\"CANARY34\"},"
	"\"CAConfig\":{\"SigningCAKey\":\"CANARY35\"}},\"TLSInfo\":{\"TrustRoot\":\"CANARY36\"}}}}";

static const char canary_history[] =
	"[{\"CreatedBy\":\"/bin/sh -c #(nop)  ENV PASSWORD=CANARY40 x\"},"
	"{\"CreatedBy\":\"ENV A=b CANARY41=c # buildkit\"},"
	"{\"CreatedBy\":\"|1 TOKEN=CANARY42 /bin/sh -c curl -H CANARY43 https://u:CANARY44@h\"},"
	"{\"CreatedBy\":\"RUN /bin/sh -c echo 'CANARY45' > /CANARY46 # buildkit\"},"
	"{\"CreatedBy\":\"RUN |1 TOKEN=CANARY47 /bin/sh -c CANARY48=1 apt-get update # buildkit\"},"
	"{\"CreatedBy\":\"/bin/sh -c #(nop)  CMD [\\\"CANARY49\\\"]\"},"
	"{\"CreatedBy\":\"ENTRYPOINT [\\\"CANARY50\\\"]\"},"
	"{\"CreatedBy\":\"HEALTHCHECK &{[\\\"CMD\\\" \\\"CANARY51\\\"]}\"},"
	"{\"CreatedBy\":\"LABEL a=CANARY52 CANARY53=x\"},{\"CreatedBy\":\"ARG TOKEN=CANARY54\"},"
	"{\"CreatedBy\":\"ADD https://u:CANARY55@h/x /dst\"},"
	"{\"CreatedBy\":\"/bin/sh -c #(nop) ONBUILD RUN CANARY56\"},"
	"{\"CreatedBy\":\"SHELL [/bin/sh CANARY57]\",\"Comment\":\"CANARY58\"},"
	"{\"CreatedBy\":\"\",\"Comment\":\"Imported from http://u:CANARY59@h\"},"
	"{\"CreatedBy\":\"MAINTAINER CANARY60\"},{\"CreatedBy\":\"# tool CANARY61\"},"
	"{\"CreatedBy\":\"USER $CANARY62\"},"
	"{\"CreatedBy\":\"RUN /bin/sh -c cat <<EOF > /x\\nCANARY63\\nEOF\\n # buildkit\"},"
	"{\"CreatedBy\":\"bazel build CANARY64\"}]";

static struct fixture_host *canary_engine(void)
{
	struct fixture_host *fixture = small_engine();

	fixture_set_body(fixture, "/containers/" ID "/json", canary_inspect);
	fixture_set_body(fixture, "/info", canary_info);
	fixture_set_body(fixture, "/images/" IMG "/history", canary_history);
	fixture_set_body(fixture, "/images/" IMG "/json",
			 "{\"Comment\":\"CANARY70\",\"Author\":\"CANARY71\","
			 "\"ContainerConfig\":{\"Cmd\":[\"CANARY72\"]},\"Config\":{"
			 "\"Env\":[\"PASSWORD=CANARY73\"],\"Cmd\":[\"CANARY74\"],"
			 "\"Labels\":{\"a\":\"CANARY75\"},\"OnBuild\":[\"CANARY76\"],"
			 "\"Healthcheck\":{\"Test\":[\"CANARY77\"]}}}");
	fixture_set_body(fixture, "/networks",
			 "[{\"Id\":\"n\",\"Options\":{\"other\":\"CANARY80\"},"
			 "\"Labels\":{\"a\":\"CANARY81\"}}]");
	fixture_set_body(fixture, "/volumes",
			 "{\"Volumes\":[{\"Name\":\"v\",\"Driver\":\"local\",\"Options\":{"
			 "\"type\":\"cifs\",\"device\":\"//CANARY82\","
			 "\"o\":\"username=CANARY83\"},\"Labels\":{\"a\":\"CANARY84\"}}]}");
	fixture_set_body(fixture, "/nodes",
			 "[{\"ID\":\"x\",\"Spec\":{\"Labels\":{\"a\":\"CANARY85\"}},"
			 "\"Description\":{\"TLSInfo\":{\"TrustRoot\":\"CANARY86\"}}}]");
	fixture_set_body(fixture, "/services",
			 "[{\"ID\":\"s\",\"Spec\":{\"Labels\":{\"a\":\"CANARY87\"},"
			 "\"TaskTemplate\":{\"ContainerSpec\":{\"Env\":[\"T=CANARY88\"],"
			 "\"Args\":[\"CANARY89\"],\"Command\":[\"CANARY90\"],"
			 "\"Secrets\":[{\"SecretName\":\"CANARY91\"}],"
			 "\"Configs\":[{\"ConfigName\":\"CANARY92\"}]}}}}]");
	return fixture;
}

static void test_canaries(void)
{
	PLIMSOLL_AUTO(fixture_host) *fixture = canary_engine();
	COLLECT(facts, fixture);
	struct fixture_messages messages;
	g_autoptr(GBytes) packed = NULL, observed = NULL;
	g_autofree char *text = fixture_json(&facts);
	gsize size = 0;
	const char *found = strstr(text, SECRET);

	if (found != NULL)
		g_error("left the host: %.60s", found - MIN((size_t)(found - text), 30));
	fixture_messages_init(&messages, &facts);
	packed = wire_pack(&messages.facts.base);
	g_assert_null(memmem(g_bytes_get_data(packed, &size), g_bytes_get_size(packed), SECRET,
			     strlen(SECRET)));
	observed = wire_pack(&messages.observed.base);
	g_assert_null(memmem(g_bytes_get_data(observed, &size), g_bytes_get_size(observed), SECRET,
			     strlen(SECRET)));
	/* The test would pass if nothing had been read. */
	g_assert_nonnull(strstr(text, "\"PASSWORD=*\""));
	g_assert_nonnull(strstr(text, "TOKEN=* curl -_ _ _url_with_userinfo_"));
	g_assert_nonnull(strstr(text, "\"secret_refs\": 1"));
	g_assert_nonnull(strstr(text, "SCMP_ACT_ALLOW"));
	g_assert_cmpint(fixture_container(&facts, "web")->inspect_status, ==,
			PLIMSOLL__FETCH__STATUS__OK);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/collect-engine/goldens", test_goldens);
	g_test_add_func("/collect-engine/number-of-calls", test_number_of_calls);
	g_test_add_func("/collect-engine/equal-bytes", test_equal_bytes);
	g_test_add_func("/collect-engine/cache-saves-calls", test_cache_saves_calls);
	g_test_add_func("/collect-engine/cache-forgets-what-is-gone",
			test_cache_forgets_what_is_gone);
	g_test_add_func("/collect-engine/damaged-cache-is-rewritten",
			test_damaged_cache_is_rewritten);
	g_test_add_func("/collect-engine/cache-of-others-is-not-read",
			test_cache_of_others_is_not_read);
	g_test_add_func("/collect-engine/small-engine", test_small_engine);
	g_test_add_func("/collect-engine/broken-inspect-keeps-its-container",
			test_broken_inspect_keeps_its_container);
	g_test_add_func("/collect-engine/null-and-missing-numbers", test_null_and_missing_numbers);
	g_test_add_func("/collect-engine/broken-list-is-noted", test_broken_list_is_noted);
	g_test_add_func("/collect-engine/container-that-is-being-removed",
			test_container_that_is_being_removed);
	g_test_add_func("/collect-engine/gone-since-the-list", test_gone_since_the_list);
	g_test_add_func("/collect-engine/memory-is-bounded", test_memory_is_bounded);
	g_test_add_func("/collect-engine/image-without-platform", test_image_without_platform);
	g_test_add_func("/collect-engine/images-in-scope", test_images_in_scope);
	g_test_add_func("/collect-engine/plain-http-warning", test_plain_http_warning);
	g_test_add_func("/collect-engine/list-limits", test_list_limits);
	g_test_add_func("/collect-engine/exposed-ports-of-builders",
			test_exposed_ports_of_builders);
	g_test_add_func("/collect-engine/canaries", test_canaries);
	return g_test_run();
}
