/* SPDX-License-Identifier: Apache-2.0 */
/* Which dockerd serves the API, and whether the host is the engine's at all (RULES 0.3, 0.4). */
#include <string.h>

#include "agent/collect.h"
#include "proto/json.h"
#include "tests/unit/support/scratch.h"

enum { HOST_NS = 7000, OTHER_NS = 7001, PID_FILE_AT = 5000 };

#define ID "5f6a1248185c55e3619db35fa6492578eb3baf0d95f7cc30152db88c1e7863f3"

/* A process of the made-up host. exe NULL: not readable. */
struct made_process {
	int pid;
	const char *exe, *comm, *cgroup;
	int pidns;
	bool holds_socket;
};

struct made_host {
	const char *claim;
	int own_ns;   /* pid namespace of the collecting process */
	int peer_pid; /* 0: of a namespace that is not ours; -1: no answer from the socket */
	const char *pid_file;
	struct made_process processes[4];
	const char *want; /* "PID role found_by;..." */
	bool matches;     /* with an engine that answers from the same kernel */
};

#define DOCKERD(number)                                                                            \
	{                                                                                          \
		number, "/usr/bin/dockerd", "dockerd", "0::/x\n", HOST_NS, false                   \
	}

static const struct made_host hosts[] = {
	{"the peer is dockerd", HOST_NS, 70, NULL, {DOCKERD(70)}, "70 serving peercred;", true},
	{"the peer tells two apart",
	 HOST_NS,
	 71,
	 NULL,
	 {DOCKERD(70), DOCKERD(71)},
	 "70 other -;71 serving peercred;",
	 true},
	{"a name is not a program",
	 HOST_NS,
	 70,
	 NULL,
	 {{70, "/usr/bin/socat", "dockerd", "0::/x\n", HOST_NS, false}},
	 "",
	 false},
	{"systemd hands the socket on to who holds it",
	 HOST_NS,
	 1,
	 NULL,
	 {DOCKERD(70), {71, "/usr/bin/dockerd", "dockerd", "0::/x\n", HOST_NS, true}},
	 "70 other -;71 serving socket;",
	 true},
	{"with the engine down a dockerd that merely runs is another one",
	 HOST_NS,
	 -1,
	 NULL,
	 {DOCKERD(70)},
	 "70 other -;",
	 false},
	{"with the engine down the pid file tells",
	 HOST_NS,
	 -1,
	 "70\n",
	 {DOCKERD(70)},
	 "70 serving pidfile;",
	 true},
	{"the pid file tells",
	 HOST_NS,
	 1,
	 "71\n",
	 {DOCKERD(70), DOCKERD(71)},
	 "70 other -;71 serving pidfile;",
	 true},
	{"a pid file of another program tells nothing",
	 HOST_NS,
	 1,
	 "1\n",
	 {DOCKERD(70), DOCKERD(71)},
	 "70 ambiguous -;71 ambiguous -;",
	 true},
	{"the service's cgroup tells",
	 HOST_NS,
	 1,
	 NULL,
	 {DOCKERD(70),
	  {71, "/usr/bin/dockerd", "dockerd", "0::/system.slice/docker.service\n", HOST_NS, false}},
	 "70 other -;71 serving unit;",
	 true},
	{"the only one is it", HOST_NS, 1, NULL, {DOCKERD(70)}, "70 serving process;", true},
	{"several and no sign are ambiguous",
	 HOST_NS,
	 1,
	 NULL,
	 {DOCKERD(70), DOCKERD(71)},
	 "70 ambiguous -;71 ambiguous -;",
	 true},
	{"a forwarder is no engine",
	 HOST_NS,
	 80,
	 NULL,
	 {DOCKERD(70), {80, "/usr/bin/socat", "socat", "0::/x\n", HOST_NS, false}},
	 "70 other -;",
	 false},
	{"a dockerd inside a container is not the host's",
	 HOST_NS,
	 1,
	 NULL,
	 {DOCKERD(70), {90, "/usr/bin/dockerd", "dockerd", "0::/docker/" ID "\n", OTHER_NS, false}},
	 "70 serving process;",
	 true},
	{"a peer in another pid namespace is not ours",
	 HOST_NS,
	 0,
	 "70\n",
	 {DOCKERD(70)},
	 "70 other -;",
	 false},
	{"a pid file and a name at least say where",
	 HOST_NS,
	 0,
	 "70\n",
	 {{70, NULL, "dockerd", "0::/x\n", -1, false}},
	 "",
	 true},
	{"a pid file of another program does not",
	 HOST_NS,
	 0,
	 "70\n",
	 {{70, NULL, "sleep", "0::/x\n", -1, false}},
	 "",
	 false},
	{"unless ours holds the socket",
	 HOST_NS,
	 0,
	 NULL,
	 {{70, "/usr/bin/dockerd", "dockerd", "0::/x\n", HOST_NS, true}},
	 "70 serving socket;",
	 true},
	{"numbers of another namespace mean nothing",
	 OTHER_NS,
	 70,
	 NULL,
	 {DOCKERD(70)},
	 "70 other -;",
	 false},
	{"a program that was replaced still runs",
	 HOST_NS,
	 70,
	 NULL,
	 {{70, "/usr/bin/dockerd (deleted)", "dockerd", "0::/x\n", HOST_NS, false}},
	 "70 serving peercred;",
	 true},
	{"without rights the name at least says where",
	 HOST_NS,
	 70,
	 NULL,
	 {{70, NULL, "dockerd", "0::/x\n", -1, false}},
	 "",
	 true},
	{"systemd alone is no engine", HOST_NS, 1, NULL, {{0}}, "", false},
};

static struct json *add_process(struct json *list, int pid, const char *exe, const char *comm)
{
	struct json *process = json_append(list, json_object_new());

	json_set(process, "pid", json_new_integer(pid));
	json_set(process, "ppid", json_new_integer(1));
	json_set(process, "comm", json_new_string(comm));
	if (exe != NULL)
		json_set(process, "exe", json_new_string(exe));
	return process;
}

static struct json *answer(struct json *kind, const char *path)
{
	struct json *object = json_set(kind, path, json_object_new());

	json_set(object, "status", json_new_string("ok"));
	return object;
}

static void add_socket(struct json *root, const struct made_process *made)
{
	static const char table[] = "Num RefCount Protocol Flags Type St Inode Path\n"
				    "0: 00000002 00000000 00010000 0001 01 55 /run/docker.sock\n";
	g_autofree char *fds = g_strdup_printf("/proc/%d/fd", made->pid);
	g_autofree char *fd = g_strdup_printf("/proc/%d/fd/3", made->pid);
	g_autofree char *sockets = g_strdup_printf("/proc/%d/net/unix", made->pid);
	struct json *lists = json_set(root, "list", json_object_new());
	struct json *links = json_set(root, "link", json_object_new());
	struct json *reads = json_set(root, "read", json_object_new());
	struct json *names = json_set(answer(lists, fds), "names", json_array_new());

	json_append(names, json_new_string("3"));
	json_set(answer(links, fd), "target", json_new_string("socket:[55]"));
	json_set(answer(reads, sockets), "text", json_new_string(table));
}

static void add_processes(struct json *root, const struct made_host *made)
{
	struct json *table = json_set(root, "processes", json_object_new());
	struct json *list = NULL;

	json_set(table, "status", json_new_string("ok"));
	json_set(table, "pidns", json_new_integer(HOST_NS));
	list = json_set(table, "process", json_array_new());
	json_set(add_process(list, 1, "/usr/lib/systemd/systemd", "systemd"), "pidns",
		 json_new_integer(HOST_NS));
	for (guint i = 0; i < G_N_ELEMENTS(made->processes); i++) {
		const struct made_process *one = &made->processes[i];
		struct json *process = NULL;

		if (one->pid == 0)
			continue;
		process = add_process(list, one->pid, one->exe, one->comm);
		json_set(process, "pidns", json_new_integer(one->pidns));
		json_set(process, "cgroup", json_new_string(one->cgroup));
		if (one->exe != NULL && strstr(one->cgroup, ID) == NULL)
			json_append(json_set(process, "words", json_array_new()),
				    json_new_string(one->comm));
		if (one->holds_socket)
			add_socket(root, one);
	}
}

static char *write_host(const struct made_host *made)
{
	PLIMSOLL_AUTO(json) *root = json_object_new();
	struct json *peers = json_set(root, "peer", json_object_new());
	struct json *self = json_set(root, "self", json_object_new());
	struct json *peer = NULL;
	g_autofree char *text = NULL;
	char *dir = scratch_new();

	json_set(self, "status", json_new_string("ok"));
	json_set(self, "pidns", json_new_integer(made->own_ns));
	json_set(self, "kernel", json_new_string("6.1"));
	peer = answer(peers, "/run/docker.sock");
	json_set(peer, "pid", json_new_integer(made->peer_pid));
	if (made->peer_pid < 0)
		json_set(peer, "status", json_new_string("absent"));
	add_processes(root, made);
	if (made->pid_file != NULL) {
		struct json *reads = json_set(root, "read", json_object_new());

		struct json *read = answer(reads, "/run/docker.pid");

		json_set(read, "text", json_new_string(made->pid_file));
		json_set(read, "mtime_s", json_new_integer(PID_FILE_AT));
	}
	text = json_text(root, true);
	scratch_write(dir, "host.json", text, -1);
	scratch_write(dir, "index.json",
		      "{\"/_ping\": {\"status\": 200, \"file\": \"ping\", \"headers\": "
		      "{\"Api-Version\": \"1.41\"}}, \"/info\": {\"status\": 200, \"file\": "
		      "\"info\"}, \"/version\": {\"status\": 200, \"file\": \"version\"}}",
		      -1);
	scratch_write(dir, "ping", "OK", -1);
	scratch_write(dir, "info", "{\"KernelVersion\": \"6.1\", \"OSType\": \"linux\"}", -1);
	scratch_write(dir, "version",
		      "{\"Version\": \"24.0.0\", \"ApiVersion\": \"1.41\", \"Components\": "
		      "[{\"Name\": \"Engine\", \"Version\": \"24.0.0\"}]}",
		      -1);
	return dir;
}

static char *describe(const Plimsoll__Facts *facts)
{
	static const char *const roles[] = {
		[PLIMSOLL__DOCKERD__ROLE__SERVING] = "serving",
		[PLIMSOLL__DOCKERD__ROLE__OTHER] = "other",
		[PLIMSOLL__DOCKERD__ROLE__AMBIGUOUS] = "ambiguous",
	};
	g_autoptr(GString) text = g_string_new(NULL);

	for (size_t i = 0; i < facts->n_dockerd; i++)
		g_string_append_printf(
			text, "%d %s %s;", (int)facts->dockerd[i]->pid,
			roles[facts->dockerd[i]->role],
			facts->dockerd[i]->found_by == NULL ? "-" : facts->dockerd[i]->found_by);
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static void test_hosts(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(hosts); i++) {
		struct collect_options how = {.now_s = 1};
		char *dir = write_host(&hosts[i]);
		PLIMSOLL_AUTO(host) *host = host_recorded_new(dir, NULL);
		PLIMSOLL_AUTO(collection) *collection = collect(host, &how, NULL);
		g_autofree char *seen = describe(collection->facts);

		g_test_message("%s (%s)", hosts[i].claim,
			       collection->facts->snapshot->host_mismatch);
		g_assert_nonnull(collection->facts->engine);
		g_assert_cmpstr(seen, ==, hosts[i].want);
		g_assert_cmpint(collection->facts->snapshot->host_matches_engine, ==,
				hosts[i].matches);
		scratch_free(dir);
	}
}

/* The start counts from the boot; the pid file keeps the clock's time of then. */
static void test_pid_file_time(void)
{
	static const struct {
		const char *claim, *text;
		bool has_time;
	} files[] = {
		{"of this process", "70\n", true},
		{"of another one", "71\n", false},
		{"empty", "", false},
		{"none", NULL, false},
	};

	for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
		const struct made_host made = {.own_ns = HOST_NS,
					       .peer_pid = 70,
					       .pid_file = files[i].text,
					       .processes = {DOCKERD(70)}};
		struct collect_options how = {.now_s = 1};
		char *dir = write_host(&made);
		PLIMSOLL_AUTO(host) *host = host_recorded_new(dir, NULL);
		PLIMSOLL_AUTO(collection) *collection = collect(host, &how, NULL);
		const Plimsoll__Dockerd *dockerd = collection->facts->dockerd[0];

		g_test_message("%s", files[i].claim);
		g_assert_cmpint(dockerd->has_pid_file_at, ==, files[i].has_time);
		if (files[i].has_time)
			g_assert_cmpint(dockerd->pid_file_at, ==, PID_FILE_AT);
		scratch_free(dir);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/dockerd/the one that serves is told by proof", test_hosts);
	g_test_add_func("/dockerd/the pid file's time", test_pid_file_time);
	return g_test_run();
}
