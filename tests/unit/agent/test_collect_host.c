/* SPDX-License-Identifier: Apache-2.0 */
/* What is collected from a host: from a tree, from a recording, and as somebody without rights. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/collect.h"
#include "agent/collect/containerd.h"
#include "proto/json.h"
#include "tests/unit/agent/host_tree.h"
#include "tests/unit/support/scratch.h"

/* ---- daemon.json ---- */

static const struct {
	const char *claim, *text; /* NULL: absent */
	Plimsoll__Fetch__Status fetch;
	bool has_parse, parse_ok;
	int line;
} documents[] = {
	{"absent is a value", NULL, PLIMSOLL__FETCH__STATUS__ABSENT, false, false, 0},
	{"an object parses", "{\"icc\": false}", PLIMSOLL__FETCH__STATUS__OK, true, true, 0},
	{"a slip has a place", "{\n \"icc\": fals\n}", PLIMSOLL__FETCH__STATUS__PARSE_ERROR, true,
	 false, 2},
	{"an empty file does not parse", "", PLIMSOLL__FETCH__STATUS__PARSE_ERROR, true, false, 1},
	{"a list is no configuration", "[1]", PLIMSOLL__FETCH__STATUS__PARSE_ERROR, true, false, 0},
};

static void test_config_states(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(documents); i++) {
		char *root = scratch_new();
		PLIMSOLL_AUTO(collection) *collection = NULL;
		const Plimsoll__ConfigFile *file = NULL;

		g_test_message("%s", documents[i].claim);
		tree_folder(root, "/etc/docker");
		if (documents[i].text != NULL)
			tree_write(root, "/etc/docker/daemon.json", documents[i].text);
		collection = tree_collect(root);
		g_assert_cmpuint(collection->facts->n_config_file, ==, 1);
		file = collection->facts->config_file[0];
		g_assert_cmpint(file->has_parse_ok, ==, documents[i].has_parse);
		g_assert_cmpint(file->parse_ok, ==, documents[i].parse_ok);
		g_assert_cmpint(file->error_line, ==, documents[i].line);
		g_assert_cmpint(find_fetch(collection, "file:/etc/docker/daemon.json")->status, ==,
				documents[i].fetch);
		scratch_free(root);
	}
}

static char *describe(const Plimsoll__ConfigOption *option)
{
	g_autoptr(GString) text = g_string_new(NULL);

	if (option == NULL)
		return NULL;
	g_string_append_printf(text, "%d%s", (int)option->json_type,
			       option->masked ? " masked" : "");
	if (option->value != NULL)
		g_string_append_printf(text, " %s", option->value);
	for (size_t i = 0; i < option->n_item; i++)
		g_string_append_printf(
			text, " [%s=%s]", option->item[i]->key == NULL ? "" : option->item[i]->key,
			option->item[i]->value == NULL ? "?" : option->item[i]->value);
	return g_string_free(g_steal_pointer(&text), FALSE);
}

/* the type's number: null 1, bool 2, number 3, string 4, list 5, object 6 */
static const struct {
	const char *name, *json, *want;
} options[] = {
	{"icc", "false", "2 false"},
	{"log-level", "\"warn\"", "4 warn"},
	{"debug", "null", "1"},
	{"tlsverify", "\"true\"", "4 true"},
	{"hosts", "[\"fd://\", \"tcp://0.0.0.0:1\"]", "5 [=fd://] [=tcp://0.0.0.0:1]"},
	{"hosts", "\"fd://\"", "4 fd://"},
	{"insecure-registries", "[]", "5"},
	{"default-ulimits", "{\"nofile\": {\"Name\": \"nofile\", \"Soft\": 1, \"Hard\": 2}}",
	 "6 [nofile=1:2]"},
	{"log-opts", "{\"splunk-token\": \"secret\", \"splunk-url\": \"https://a:b@c:1\"}",
	 "6 [splunk-token=?] [splunk-url=c]"},
	{"exec-opts", "[\"native.cgroupdriver=systemd\", \"secret=1\"]",
	 "5 [=native.cgroupdriver=systemd] [=?]"},
	{"features", "{\"secret\": true, \"containerd-snapshotter\": true}",
	 "6 [containerd-snapshotter=true]"},
	{"proxies", "{\"http-proxy\": \"http://u:secret@p\"}", "6 masked"},
	{"registry-mirrors", "[\"https://u:secret@m\"]", "5 masked"},
	{"secret-key", "\"secret\"", "4 masked"},
	{"mtu", "1400", "3 masked"},
	{"icc", "{\"secret\": 1}", "6 masked"},
};

static void test_config_options(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(options); i++) {
		char *root = scratch_new();
		g_autofree char *json =
			g_strdup_printf("{\"%s\": %s}", options[i].name, options[i].json);
		PLIMSOLL_AUTO(collection) *collection = NULL;
		g_autofree char *seen = NULL;

		g_test_message("%s", json);
		tree_write(root, "/etc/docker/daemon.json", json);
		collection = tree_collect(root);
		seen = describe(find_option(collection, options[i].name));
		g_assert_cmpstr(seen, ==, options[i].want);
		scratch_free(root);
	}
}

static void test_containerd_config(void)
{
	static const struct {
		const char *text, *root, *address;
	} configs[] = {
		{"root = \"/data\"\n[grpc]\n  address = '/run/x.sock'\n", "/data", "/run/x.sock"},
		{"[plugins.\"io\"]\n  root = \"/no\"\n  address = \"/no\"\n", NULL, NULL},
		{"# root = \"/no\"\nversion = 2\n", NULL, NULL},
		{"[ grpc ]\naddress=\"/a\" # why\n[ttrpc]\naddress=\"/b\"\n", NULL, "/a"},
		{"root = 5\n", NULL, NULL},
		{"root = \"/open\n", NULL, NULL},
		{"", NULL, NULL},
	};

	for (guint i = 0; i < G_N_ELEMENTS(configs); i++) {
		struct containerd_config config;

		containerd_config_read(configs[i].text, &config);
		g_assert_cmpstr(config.root, ==, configs[i].root);
		g_assert_cmpstr(config.address, ==, configs[i].address);
		containerd_config_done(&config);
	}
}

/* ---- a mounted tree ---- */

static void test_missing_parts(void)
{
	char *root = scratch_new();
	PLIMSOLL_AUTO(collection) *collection = NULL;

	tree_folder(root, "/usr/bin");
	collection = tree_collect(root);
	g_assert_cmpint(find_fetch(collection, "proc")->status, ==,
			PLIMSOLL__FETCH__STATUS__NOT_TRIED);
	g_assert_cmpint(find_fetch(collection, "audit")->status, ==,
			PLIMSOLL__FETCH__STATUS__NOT_TRIED);
	g_assert_cmpint(find_fetch(collection, "file:/etc/group")->status, ==,
			PLIMSOLL__FETCH__STATUS__NOT_TRIED);
	g_assert_cmpint(find_unit(collection, "docker.service")->status, ==,
			PLIMSOLL__FETCH__STATUS__NOT_TRIED);
	g_assert_cmpint(
		find_file(collection, PLIMSOLL__FILE__ROLE__DAEMON_JSON, "/etc/docker/daemon.json")
			->status,
		==, PLIMSOLL__FILE__STATUS__NOT_TRIED);
	g_assert_false(collection->facts->host->has_apparmor_enabled);
	g_assert_false(collection->facts->host->has_selinuxfs);
	g_assert_false(collection->facts->host->process_table_seen);
	scratch_free(root);
}

static void test_files_of_a_tree(void)
{
	char *root = scratch_new();
	PLIMSOLL_AUTO(collection) *collection = NULL;
	const Plimsoll__File *file = NULL;

	tree_write(root, "/etc/passwd", "root:x:0:0::/root:/bin/sh\nann:x:5:7::/a:/bin/sh\n");
	tree_write(root, "/etc/group", "docker:x:7:eve,ann\nwheel:x:8:bob\n");
	tree_write(root, "/archive/c1.pem", "x");
	tree_link(root, "../../../../archive/c1.pem", "/etc/docker/certs.d/reg:5000/ca.crt");
	tree_write(root, "/etc/docker/certs.d/flat.crt", "x");
	tree_link(root, "/gone", "/etc/docker/key.pem");
	tree_write(root, "/etc/docker/daemon.json",
		   "{\"tlskey\": \"/etc/docker/key.pem\", \"data-root\": \"/srv/docker\"}");
	tree_folder(root, "/srv/docker");
	collection = tree_collect(root);
	file = find_file(collection, PLIMSOLL__FILE__ROLE__CERTS_D,
			 "/etc/docker/certs.d/reg:5000/ca.crt");
	g_assert_nonnull(file);
	g_assert_cmpstr(file->real, ==, "/archive/c1.pem");
	g_assert_cmpint(file->type, ==, PLIMSOLL__FILE__TYPE__FILE);
	g_assert_nonnull(find_file(collection, PLIMSOLL__FILE__ROLE__CERTS_D,
				   "/etc/docker/certs.d/flat.crt"));
	g_assert_null(find_file(collection, PLIMSOLL__FILE__ROLE__CERTS_D,
				"/etc/docker/certs.d/reg:5000"));
	file = find_file(collection, PLIMSOLL__FILE__ROLE__TLS_KEY, "/etc/docker/key.pem");
	g_assert_cmpint(file->status, ==, PLIMSOLL__FILE__STATUS__DANGLING);
	file = find_file(collection, PLIMSOLL__FILE__ROLE__DATA_ROOT, "/srv/docker");
	g_assert_cmpint(file->type, ==, PLIMSOLL__FILE__TYPE__DIR);
	g_assert_cmpint(collection->facts->host->docker_gid, ==, 7);
	g_assert_cmpuint(collection->facts->n_group_member, ==, 3);
	g_assert_cmpstr(collection->facts->group_member[0]->user_name, ==, "ann");
	g_assert_cmpint(collection->facts->group_member[0]->via, ==,
			PLIMSOLL__GROUP_MEMBER__VIA__PRIMARY);
	scratch_free(root);
}

static void test_covered_mounts(void)
{
	char *root = scratch_new();
	PLIMSOLL_AUTO(collection) *collection = NULL;

	tree_folder(root, "/var/lib/docker");
	tree_write(root, "/proc/1/mountinfo",
		   "1 0 8:1 / / rw - ext4 /dev/a rw\n"
		   "2 1 8:2 / /var/lib/docker rw - ext4 /dev/b rw\n"
		   "3 1 8:3 / /var/lib rw - ext4 /dev/c rw\n");
	collection = tree_collect(root);
	g_assert_cmpuint(collection->facts->n_mount, ==, 2);
	g_assert_cmpstr(collection->facts->mount[0]->mount_point, ==, "/");
	g_assert_cmpstr(collection->facts->mount[1]->mount_point, ==, "/var/lib");
	scratch_free(root);
}

static void test_endpoints(void)
{
	static const char *const refused[] = {"ssh://u:secret@h", "tcp://u:secret@h", "x",
					      "unix://x"};

	for (guint i = 0; i < G_N_ELEMENTS(refused); i++) {
		g_autoptr(GError) error = NULL;
		struct host_endpoint *endpoint = host_endpoint_new(refused[i], &error);

		g_assert_null(endpoint);
		g_assert_error(error, HOST_ERROR, HOST_ERROR_ENDPOINT);
		g_assert_null(strstr(error->message, "secret"));
	}
}

/* ---- recordings ---- */

static struct collection *collect_recording(const char *dir)
{
	struct collect_options how = {.now_s = 1};
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(host) *host = host_recorded_new(dir, &error);
	struct collection *collection = NULL;

	g_assert_no_error(error);
	collection = collect(host, &how, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(host->rounds, ==, LIMIT_HOST_ROUNDS);
	return collection;
}

static void test_equal_hosts_give_equal_bytes(void)
{
	PLIMSOLL_AUTO(collection) *first = collect_recording("tests/data/hosts/hardened");
	g_autoptr(GBytes) facts = wire_pack(&first->facts->base);
	uint8_t digest[WIRE_SHA256_BYTES];
	gsize size = 0;
	const void *data = g_bytes_get_data(facts, &size);

	for (guint i = 0; i < 9; i++) {
		PLIMSOLL_AUTO(collection) *next = collect_recording("tests/data/hosts/hardened");
		g_autoptr(GBytes) more = wire_pack(&next->facts->base);

		g_assert_true(g_bytes_equal(facts, more));
	}
	wire_sha256(data, size, digest);
	g_assert_cmpuint(first->envelope->facts_sha256.len, ==, sizeof(digest));
	g_assert_cmpint(memcmp(digest, first->envelope->facts_sha256.data, sizeof(digest)), ==, 0);
}

static void test_default_host(void)
{
	PLIMSOLL_AUTO(collection) *collection = collect_recording("tests/data/hosts/default");
	const Plimsoll__Facts *facts = collection->facts;
	const Plimsoll__Dockerd *dockerd = NULL;

	g_assert_true(facts->snapshot->host_matches_engine);
	g_assert_true(facts->snapshot->dockerd_installed);
	g_assert_cmpuint(facts->n_dockerd, ==, 1);
	dockerd = facts->dockerd[0];
	g_assert_cmpint(dockerd->role, ==, PLIMSOLL__DOCKERD__ROLE__SERVING);
	g_assert_cmpstr(dockerd->found_by, ==, "socket"); /* handed on by systemd */
	g_assert_cmpint(dockerd->docker_proxy_children, ==, 2);
	g_assert_cmpint(dockerd->other_children, ==, 0);
	g_assert_cmpstr(dockerd->env_cert_path, ==, "");
	g_assert_true(facts->host->process_table_seen);
	g_assert_cmpuint(facts->n_container, ==, 3);
	for (size_t i = 0; i < facts->n_container; i++)
		g_assert_cmpint(facts->container[i]->live->seccomp_mode, ==, 2);
	g_assert_cmpuint(facts->n_containerd, ==, 1);
	g_assert_false(facts->containerd[0]->parent_is_dockerd);
	g_assert_cmpstr(facts->engine->root_dir_real, ==, "/var/lib/docker");
	g_assert_cmpstr(collection->envelope->engine_key, ==, "rootful");
}

/* A copy of a recording in which every text is replaced by another. gives: scratch_free(). */
static char *copy_recording(const char *from, const char *text, const char *by)
{
	g_autoptr(GDir) files = g_dir_open(from, 0, NULL);
	char *dir = scratch_new();
	const char *name = NULL;

	while ((name = g_dir_read_name(files)) != NULL) {
		g_autofree char *whole = scratch_read(from, name);
		g_autoptr(GString) changed = g_string_new(whole);

		if (strcmp(name, "host.json") == 0)
			g_assert_cmpuint(g_string_replace(changed, text, by, 0), >, 0);
		scratch_write(dir, name, changed->str, -1);
	}
	return dir;
}

/* The pid of a container that has ended may belong to anybody. */
static void test_used_pid(void)
{
	PLIMSOLL_AUTO(collection) *before = collect_recording("tests/data/hosts/default");
	const char *id = before->facts->container[0]->id;
	g_autofree char *other = g_strnfill(strlen(id), '0');
	char *dir = copy_recording("tests/data/hosts/default", id, other);
	PLIMSOLL_AUTO(collection) *after = collect_recording(dir);

	g_assert_nonnull(before->facts->container[0]->live);
	g_assert_cmpstr(after->facts->container[0]->id, ==, id);
	g_assert_null(after->facts->container[0]->live);
	g_assert_nonnull(after->facts->container[1]->live);
	for (size_t i = 0; i < after->facts->n_process; i++)
		g_assert_cmpstr(after->facts->process[i]->container_id, !=, id);
	scratch_free(dir);
}

static void test_hardened_host(void)
{
	PLIMSOLL_AUTO(collection) *collection = collect_recording("tests/data/hosts/hardened");
	const Plimsoll__Facts *facts = collection->facts;
	const Plimsoll__Dockerd *dockerd = facts->dockerd[0];
	const Plimsoll__File *key = find_file(collection, PLIMSOLL__FILE__ROLE__TLS_KEY,
					      "/etc/docker/certs/server-key.pem");

	g_assert_cmpstr(dockerd->found_by, ==, "peercred");
	g_assert_true(dockerd->listen_seen);
	g_assert_cmpstr(dockerd->listen[0]->addr, ==, "10.78.0.11");
	g_assert_cmpint(dockerd->listen[0]->port, ==, 2376);
	g_assert_cmpint(key->mode, ==, 0400);
	g_assert_cmpint(facts->container[0]->live->euid_in, ==, 1000);
	g_assert_cmpint(facts->container[0]->live->euid, >, 100000);
	g_assert_cmpint(facts->container[0]->live->nnp, ==, 1);
	g_assert_nonnull(find_file(collection, PLIMSOLL__FILE__ROLE__DATA_ROOT, "/var/lib/docker"));
	g_assert_cmpstr(facts->group_member[0]->user_name, ==, "alice");
}

/* ---- secrets ---- */

static const char secretive_host[] =
	"{ \"plimsoll_host\": 1, \"endpoint\": \"unix:///run/docker.sock\","
	" \"peer\": { \"/run/docker.sock\": { \"status\": \"ok\", \"pid\": 70, \"uid\": 0, "
	"\"gid\": 0 } },"
	" \"processes\": { \"status\": \"ok\", \"is_first_pidns\": true, \"pidns\": 4026531836,"
	"  \"process\": [ { \"pid\": 1, \"comm\": \"init\", \"exe\": \"/sbin/init\", \"pidns\": "
	"4026531836 },"
	"   { \"pid\": 70, \"ppid\": 1, \"start_at\": 9, \"comm\": \"dockerd\", \"exe\": "
	"\"/usr/bin/dockerd\","
	"     \"argv0\": \"dockerd\", \"pidns\": 4026531836, \"words\": [ \"dockerd\","
	"     \"--log-opt\", \"splunk-token=CANARY1\", "
	"\"--log-opt=syslog-address=udp://u:CANARY2@h:1/CANARY3\","
	"     \"--label=CANARY4\", \"--exec-opt\", \"CANARY5\", \"--cluster-store-opt=CANARY6\","
	"     \"--http-proxy=http://CANARY7\", \"--registry-mirror=https://CANARY8\", "
	"\"--CANARY9=CANARY10\","
	"     \"-xCANARY11\", \"CANARY12\", \"--icc=false\" ] } ] },"
	" \"read\": { \"/etc/passwd\": { \"status\": \"ok\", \"text\": "
	"\"root:CANARY13:0:0:CANARY14:/root:/CANARY15\\n\" },"
	"  \"/etc/group\": { \"status\": \"ok\", \"text\": \"docker:CANARY16:7:root\\n\" },"
	"  \"/etc/machine-id\": { \"status\": \"ok\", \"text\": \"CANARY17\\n\" },"
	"  \"/proc/70/environ\": { \"status\": \"ok\", \"words\": [ \"A=CANARY18\", "
	"\"DOCKER_CERT_PATH=/certs\","
	"   \"XDOCKER_CERT_PATH=CANARY19\" ] },"
	"  \"/etc/docker/daemon.json\": { \"status\": \"ok\", \"text\": \"{ \\\"CANARYKEY\\\": 1,"
	"   \\\"proxies\\\": { \\\"CANARY20\\\": \\\"CANARY21\\\" }, \\\"labels\\\": [ "
	"\\\"CANARY22\\\" ],"
	"   \\\"log-opts\\\": { \\\"env\\\": \\\"CANARY23\\\" }, \\\"features\\\": { "
	"\\\"CANARY24\\\": true } }\" } } }";

static void test_secrets_stay(void)
{
	char *dir = scratch_new();
	PLIMSOLL_AUTO(collection) *collection = NULL;
	g_autoptr(GBytes) facts = NULL;
	g_autoptr(GBytes) observed = NULL;
	gsize size = 0;
	const char *data = NULL;

	scratch_write(dir, "host.json", secretive_host, -1);
	collection = collect_recording(dir);
	/* the canaries were there to be taken */
	g_assert_cmpuint(collection->facts->n_dockerd, ==, 1);
	g_assert_cmpstr(collection->facts->dockerd[0]->env_cert_path, ==, "/certs");
	g_assert_cmpuint(collection->facts->n_config_option, ==, 5);
	g_assert_cmpstr(collection->facts->dockerd[0]->option[1]->value, ==,
			"syslog-address=udp://h:1");
	facts = wire_pack(&collection->facts->base);
	observed = wire_pack(&collection->observed->base);
	data = g_bytes_get_data(facts, &size);
	for (guint n = 1; n <= 24; n++) {
		g_autofree char *canary = g_strdup_printf("CANARY%u", n);
		gsize observed_size = 0;
		const void *rest = g_bytes_get_data(observed, &observed_size);

		g_test_message("%s", canary);
		g_assert_null(memmem(data, size, canary, strlen(canary)));
		g_assert_null(memmem(rest, observed_size, canary, strlen(canary)));
	}
	g_assert_nonnull(memmem(data, size, "CANARYKEY", 9)); /* names of keys are told */
	scratch_free(dir);
}

/* A rootless engine: its user's configuration, unit, socket and certificates count. */
static const char rootless_host[] =
	"{ \"plimsoll_host\": 1, \"endpoint\": \"unix:///run/user/1500/docker.sock\","
	" \"self\": { \"status\": \"ok\", \"pidns\": 4026531836 },"
	" \"peer\": { \"/run/user/1500/docker.sock\": { \"status\": \"ok\", \"pid\": 80, \"uid\": "
	"1500 } },"
	" \"processes\": { \"status\": \"ok\", \"is_first_pidns\": true, \"pidns\": 4026531836,"
	"  \"process\": [ { \"pid\": 1, \"comm\": \"init\", \"exe\": \"/sbin/init\", \"pidns\": "
	"4026531836 },"
	"   { \"pid\": 70, \"ppid\": 1, \"comm\": \"dockerd\", \"exe\": \"/usr/bin/dockerd\","
	"     \"pidns\": 4026531836, \"words\": [ \"dockerd\" ] },"
	"   { \"pid\": 80, \"ppid\": 1, \"comm\": \"dockerd\", \"exe\": \"/usr/bin/dockerd\","
	"     \"pidns\": 4026531836, \"words\": [ \"dockerd\", \"--rootless\", \"--tls\" ] } ] },"
	" \"stat\": { \"/srv/rl/.config/systemd/user/docker.service\": { \"status\": \"ok\", "
	"\"size\": 9,"
	"   \"real\": \"/srv/rl/.config/systemd/user/docker.service\", \"mode\": 33188 },"
	"  \"/etc/systemd/user/docker.service\": { \"status\": \"absent\" },"
	"  \"/srv/rl/.config/systemd/user.control/docker.service\": { \"status\": \"absent\" },"
	"  \"/run/user/1500/systemd/user.control/docker.service\": { \"status\": \"absent\" },"
	"  \"/run/user/1500/systemd/transient/docker.service\": { \"status\": \"absent\" },"
	"  \"/run/user/1500/systemd/generator.early/docker.service\": { \"status\": \"absent\" },"
	"  \"/srv/rl/.docker/ca.pem\": { \"status\": \"ok\", \"mode\": 33152,"
	"   \"real\": \"/srv/rl/.docker/ca.pem\" } },"
	" \"read\": { \"/etc/passwd\": { \"status\": \"ok\", \"text\": "
	"\"rl:x:1500:1500::/srv/rl:/bin/sh\\n\" },"
	"  \"/proc/80/status\": { \"status\": \"ok\", \"text\": "
	"\"Uid:\\t1500\\t1500\\t1500\\t1500\\n\" },"
	"  \"/proc/80/environ\": { \"status\": \"ok\", \"words\": [ \"A=B\" ] },"
	"  \"/srv/rl/.config/systemd/user/docker.service\": { \"status\": \"ok\","
	"   \"text\": \"[Service]\\nExecStart=/usr/bin/dockerd-rootless.sh\\n\" },"
	"  \"/srv/rl/.config/docker/daemon.json\": { \"status\": \"ok\","
	"   \"text\": \"{ \\\"log-level\\\": \\\"warn\\\" }\" } } }";

static void test_rootless_host(void)
{
	char *dir = scratch_new();
	PLIMSOLL_AUTO(collection) *collection = NULL;
	const Plimsoll__Facts *facts = NULL;

	scratch_write(dir, "host.json", rootless_host, -1);
	collection = collect_recording(dir);
	facts = collection->facts;
	g_assert_cmpstr(collection->envelope->engine_key, ==, "rootless:1500");
	g_assert_cmpuint(facts->n_dockerd, ==, 2);
	g_assert_cmpint(facts->dockerd[0]->role, ==, PLIMSOLL__DOCKERD__ROLE__OTHER);
	g_assert_cmpint(facts->dockerd[1]->role, ==, PLIMSOLL__DOCKERD__ROLE__SERVING);
	g_assert_cmpint(facts->dockerd[1]->uid, ==, 1500);
	g_assert_cmpstr(facts->dockerd[1]->home, ==, "/srv/rl");
	g_assert_cmpstr(find_option(collection, "log-level")->path, ==,
			"/srv/rl/.config/docker/daemon.json");
	g_assert_cmpstr(find_unit(collection, "docker.service")->exec_path, ==,
			"/usr/bin/dockerd-rootless.sh");
	g_assert_cmpint(
		find_file(collection, PLIMSOLL__FILE__ROLE__TLS_CA, "/srv/rl/.docker/ca.pem")
			->status,
		==, PLIMSOLL__FILE__STATUS__OK);
	g_assert_nonnull(
		find_file(collection, PLIMSOLL__FILE__ROLE__CONFIG_DIR, "/srv/rl/.config/docker"));
	scratch_free(dir);
}

static void test_broken_recordings(void)
{
	char *dir = scratch_new();
	g_autoptr(GError) error = NULL;

	scratch_write(dir, "host.json", "{", -1);
	g_assert_null(host_recorded_new(dir, &error));
	g_assert_error(error, HOST_ERROR, HOST_ERROR_RECORDING);
	scratch_free(dir);
}

/* A recording that holds nothing: everything is "not tried", nothing "absent". */
static void test_empty_recording(void)
{
	char *dir = scratch_new();
	PLIMSOLL_AUTO(collection) *collection = collect_recording(dir);

	for (size_t i = 0; i < collection->facts->n_file; i++)
		g_assert_cmpint(collection->facts->file[i]->status, ==,
				PLIMSOLL__FILE__STATUS__NOT_TRIED);
	for (size_t i = 0; i < collection->facts->n_fetch; i++)
		g_assert_cmpint(collection->facts->fetch[i]->status, ==,
				PLIMSOLL__FETCH__STATUS__NOT_TRIED);
	g_assert_false(collection->facts->snapshot->has_dockerd_installed);
	scratch_free(dir);
}

/* ---- somebody without rights ---- */

enum { NOBODY = 65534 };

static int check_as_nobody(const char *root)
{
	struct collect_options how = {.now_s = 1};
	PLIMSOLL_AUTO(host) *host = host_local_new(root, NULL, NULL);
	PLIMSOLL_AUTO(collection) *collection = host == NULL ? NULL : collect(host, &how, NULL);
	const Plimsoll__File *file = NULL;

	if (collection == NULL)
		return 10;
	file = find_file(collection, PLIMSOLL__FILE__ROLE__DAEMON_JSON, "/etc/docker/daemon.json");
	if (file == NULL || file->status != PLIMSOLL__FILE__STATUS__PERMISSION)
		return 11;
	if (find_fetch(collection, "file:/etc/docker/daemon.json")->status !=
	    PLIMSOLL__FETCH__STATUS__PERMISSION)
		return 12;
	if (find_fetch(collection, "list:/etc/docker/certs.d")->status !=
	    PLIMSOLL__FETCH__STATUS__PERMISSION)
		return 13;
	if (find_unit(collection, "docker.service")->status != PLIMSOLL__FETCH__STATUS__PERMISSION)
		return 14;
	return 0;
}

static void test_without_rights(void)
{
	char *root = NULL;
	g_autofree char *closed = NULL;
	g_autofree char *dropins = NULL;
	int status = 0;
	pid_t child = -1;

	if (geteuid() != 0) {
		g_test_skip("only root can become somebody else");
		return;
	}
	root = g_mkdtemp(g_strdup("/tmp/plimsoll-test-XXXXXX")); /* TMPDIR may be root's alone */
	g_assert_cmpint(chmod(root, 0755), ==, 0);
	tree_write(root, "/etc/docker/daemon.json", "{}");
	tree_write(root, "/usr/lib/systemd/system/docker.service", "[Service]\nExecStart=/x\n");
	tree_write(root, "/etc/systemd/system/docker.service.d/a.conf",
		   "[Service]\nExecStart=/y\n");
	tree_folder(root, "/lib");
	tree_folder(root, "/run");
	closed = g_build_filename(root, "etc/docker", NULL);
	dropins = g_build_filename(root, "etc/systemd/system/docker.service.d", NULL);
	g_assert_cmpint(chmod(closed, 0700), ==, 0);
	g_assert_cmpint(chmod(dropins, 0700), ==, 0);
	child = fork();
	g_assert_cmpint(child, >=, 0);
	if (child == 0) {
		bool changed = setgid(NOBODY) == 0 && setuid(NOBODY) == 0;

		_exit(changed ? check_as_nobody(root) : 9);
	}
	g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	g_assert_true(WIFEXITED(status));
	g_assert_cmpint(WEXITSTATUS(status), ==, 0);
	scratch_free(root);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/collect/daemon.json: absent, good, bad", test_config_states);
	g_test_add_func("/collect/daemon.json: values by an allow list", test_config_options);
	g_test_add_func("/collect/containerd: two keys of its configuration",
			test_containerd_config);
	g_test_add_func("/collect/tree: missing parts are not seen, never absent",
			test_missing_parts);
	g_test_add_func("/collect/tree: files, links, members", test_files_of_a_tree);
	g_test_add_func("/collect/endpoint: other kinds are refused", test_endpoints);
	g_test_add_func("/collect/a mount that another covers is no fact", test_covered_mounts);
	g_test_add_func("/collect/recorded: equal hosts give equal bytes",
			test_equal_hosts_give_equal_bytes);
	g_test_add_func("/collect/recorded: a default host", test_default_host);
	g_test_add_func("/collect/recorded: a pid that is used again proves nothing",
			test_used_pid);
	g_test_add_func("/collect/recorded: a hardened host", test_hardened_host);
	g_test_add_func("/collect/recorded: secrets stay on the host", test_secrets_stay);
	g_test_add_func("/collect/recorded: a rootless engine", test_rootless_host);
	g_test_add_func("/collect/recorded: a broken recording is an error",
			test_broken_recordings);
	g_test_add_func("/collect/recorded: nothing recorded is nothing tried",
			test_empty_recording);
	g_test_add_func("/collect/rights: what is refused is a state", test_without_rights);
	return g_test_run();
}
