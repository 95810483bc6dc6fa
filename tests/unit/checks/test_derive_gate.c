/* SPDX-License-Identifier: Apache-2.0 */
/* Gates and places: RULES 0.3, 0.4 and the headers of the sections. */
#include "tests/unit/checks/derive_fixture.h"

#define RUNNING DERIVE_HOST, DERIVE_ENGINE, DERIVE_DOCKERD(""), DERIVE_NO_FILE
#define REFUSED "{'fetch': [{'source': 'GET /_ping', 'status': 'http_error', 'errno_value': 111}]}"

static const struct derive_case place[] = {
	{"a rootful Docker",
	 {RUNNING},
	 {{"place",
	   "kind: docker | serving_state: ok | serving: 0 | serving_pid: 700 | rootless: false"},
	  {"place", "engine_uid: 0 | engine_gid: 0 | config_path: /etc/docker/daemon.json"},
	  {"place", "data_root: /var/lib/docker | data_root_state: ok | data_root_source: info"},
	  {"place", "engine_at_least_20_10: true | api: true"}}},
	{"worked 6: userns-remap has its own directory below the data root",
	 {RUNNING, "{'engine': {'userns': true, 'root_dir': '/srv/docker/100000.100000',"
		   " 'root_dir_real': '/srv/docker/100000.100000'}}"},
	 {{"place", "data_root: /srv/docker | data_root_child: /srv/docker/100000.100000"}}},
	{"without it the same name is nothing special",
	 {RUNNING, "{'engine': {'root_dir_real': '/srv/docker/100000.100000'}}"},
	 {{"place", "data_root: /srv/docker/100000.100000"}}},
	{"with it another name is nothing special",
	 {RUNNING, "{'engine': {'userns': true, 'root_dir_real': '/srv/docker/100000.x'}}"},
	 {{"place", "data_root: /srv/docker/100000.x"}}},
	{"worked 20: a rootless Docker has its own user and paths",
	 {DERIVE_HOST, DERIVE_ENGINE,
	  "{'engine': {'rootless': true}, 'dockerd': [{'role': 'serving',"
	  " 'uid': 1000, 'gid': 1001, 'home': '/home/rl'}]}"},
	 {{"place", "rootless: true | engine_uid: 1000 | engine_gid: 1001 | config_path:"
		    " /home/rl/.config/docker/daemon.json"}}},
	{"worked 24: Podman",
	 {DERIVE_HOST, DERIVE_ENGINE, "{'engine': {'kind': 'podman'}}"},
	 {{"place", "kind: podman"}}},
	{"API down: the kind comes from the process",
	 {DERIVE_HOST, REFUSED, DERIVE_DOCKERD("")},
	 {{"place", "kind: docker | api: false | serving_state: ok"}}},
	{"API down: Podman's process",
	 {DERIVE_HOST, REFUSED,
	  "{'snapshot': {'dockerd_installed': false}, 'process': [{'pid': 5,"
	  " 'exe_base': 'podman'}]}"},
	 {{"place", "kind: podman"}}},
	{"worked 23: dockerd installed, but down; the data root is the configured one",
	 {DERIVE_HOST, REFUSED,
	  "{'unit': [{'name': 'docker.service', 'status': 'ok', 'option': [{'name': 'data-root',"
	  " 'value': '/srv/d/'}]}]}"},
	 {{"place", "kind: docker | data_root: /srv/d | data_root_source: ExecStart"},
	  {"place", "serving_state: UK_NO_PROCESS"}}},
	{"the file's data root, and the default",
	 {DERIVE_HOST, REFUSED, DERIVE_FILE(DERIVE_JSON("data-root", "string", "/srv/f"))},
	 {{"place", "data_root: /srv/f | data_root_source: daemon.json"}}},
	{"the default data root",
	 {DERIVE_HOST, REFUSED, DERIVE_NO_FILE},
	 {{"place", "data_root: /var/lib/docker | data_root_source: default"}}},
	{"an unreadable file leaves the data root unknown",
	 {DERIVE_HOST, REFUSED,
	  "{'config_file': [{'path': '/etc/docker/daemon.json', 'status': 'permission'}]}"},
	 {{"place", "data_root: - | data_root_state: UK_PERM"}}},
	{"no API, no process, no binary, no unit",
	 {DERIVE_HOST, REFUSED, "{'snapshot': {'dockerd_installed': false}}"},
	 {{"place", "kind: none"}}},
	{"unless processes were not seen",
	 {DERIVE_HOST, REFUSED,
	  "{'snapshot': {'dockerd_installed': false}, 'host': {'process_table_seen': false}}"},
	 {{"place", "kind: -"}, {"gate name=daemon", "code: UK_DAEMON_DOWN"}}},
	{"or the socket refused this user",
	 {DERIVE_HOST,
	  "{'snapshot': {'dockerd_installed': false}, 'fetch': [{'source': 'GET /_ping',"
	  " 'status': 'permission'}]}"},
	 {{"place", "kind: -"},
	  {"gate name=daemon", "code: UK_PERM | detail: unix:///run/docker.sock"}}},
	{"releases with suffixes compare by number",
	 {RUNNING, "{'engine': {'version': '9.0.1-ce'}}"},
	 {{"place", "engine_at_least_20_10: false"}}},
};

static const struct derive_case containerd[] = {
	{"the engine says its containerd",
	 {RUNNING, "{'engine': {'containerd_address': '/run/x/c.sock'}, 'file': [{'role':"
		   " 'containerd_socket', 'path': '/run/x/c.sock', 'status': 'ok'}]}"},
	 {{"place", "containerd_socket: /run/x/c.sock | containerd_socket_state: ok |"
		    " containerd_socket_file: 0"}}},
	{"else argv",
	 {DERIVE_HOST, DERIVE_ENGINE, DERIVE_NO_FILE,
	  DERIVE_DOCKERD(DERIVE_OPTION("containerd", "/run/y/c.sock"))},
	 {{"place", "containerd_socket: /run/y/c.sock | containerd_socket_state: ok"}}},
	{"else the address in containerd's configuration",
	 {RUNNING, "{'containerd': [{'pid': 9, 'parent_is_dockerd': false, 'grpc_address':"
		   " '/run/z/c.sock'}]}"},
	 {{"place", "containerd_socket: /run/z/c.sock"}}},
	{"a child of dockerd has its socket below docker's",
	 {RUNNING, "{'containerd': [{'pid': 9, 'parent_is_dockerd': true}]}"},
	 {{"place", "containerd_socket: /run/docker/containerd/containerd.sock"}}},
	{"else the usual one",
	 {RUNNING},
	 {{"place", "containerd_socket: /run/containerd/containerd.sock |"
		    " containerd_socket_state: ok"}}},
	{"not known where the command line was not seen",
	 {DERIVE_HOST, DERIVE_ENGINE, DERIVE_NO_FILE},
	 {{"place", "containerd_socket_state: UK_NO_PROCESS"}}},
};

static const struct derive_case gates[] = {
	{"all well",
	 {RUNNING, "{'container': [{'id': 'a', 'pid': 5}], 'image': [{'id': 'i', 'used': true}]}"},
	 {{"gate code=ok", "rows: 13"},
	  {"gate name=swarm", "code: NA_NO_SWARM"},
	  {"gate name=live", "code: ok"},
	  {"gate name=tcp", "code: NA_NO_TCP"},
	  {"gate", "rows: 18"}}},
	{"no containers, no images",
	 {RUNNING},
	 {{"gate name=containers", "code: NA_NO_CONTAINERS | reason: NA_NO_CONTAINERS"},
	  {"gate name=images", "code: NA_NO_IMAGES"},
	  {"gate name=live", "code: NA_NO_CONTAINERS"}}},
	{"no running container",
	 {RUNNING, "{'container': [{'id': 'a', 'pid': 0}]}"},
	 {{"gate name=live", "code: NA_NO_RUNNING"}, {"gate name=containers", "code: ok"}}},
	{"a pid that was not seen may be a running one",
	 {RUNNING, "{'container': [{'id': 'a'}]}"},
	 {{"gate name=live", "code: ok"}}},
	{"images that nobody uses and nobody named are out of scope",
	 {RUNNING, "{'image': [{'id': 'i', 'used': false}]}"},
	 {{"gate name=images", "code: NA_NO_IMAGES"}}},
	{"the list failed",
	 {DERIVE_HOST,
	  "{'engine': {'kind': 'docker', 'os_type': 'linux'}, 'fetch': [{'source': 'GET"
	  " /containers/json?all=1', 'status': 'http_error', 'http_status': 500},"
	  " {'source': 'GET /images/json', 'status': 'timeout'}]}"},
	 {{"gate name=containers",
	   "code: UK_API | reason: UK_API|GET /containers/json answered 500"},
	  {"gate name=images", "reason: UK_TIMEOUT|GET /images/json"},
	  {"gate name=networks", "reason: UK_API|GET /networks was not asked"}}},
	{"a list too large to read is not an empty one",
	 {DERIVE_HOST,
	  "{'engine': {'kind': 'docker', 'os_type': 'linux'}, 'fetch': [{'source': 'GET"
	  " /containers/json?all=1', 'status': 'truncated', 'detail': 'too large'}]}"},
	 {{"gate name=containers", "reason: UK_TRUNCATED|too large"}}},
	{"worked 23: daemon down",
	 {DERIVE_HOST, REFUSED, DERIVE_NO_FILE},
	 {{"gate name=daemon", "reason: UK_DAEMON_DOWN|Connection refused"},
	  {"gate name=containers", "code: UK_DAEMON_DOWN"},
	  {"gate name=swarm", "code: UK_DAEMON_DOWN"},
	  {"gate name=images", "code: UK_DAEMON_DOWN"},
	  {"gate name=files", "code: ok"},
	  {"gate name=audit", "code: ok"},
	  {"gate name=host", "code: ok"},
	  {"gate name=api_sockets", "code: ok"}}},
	{"the collector's own words for a silent API",
	 {DERIVE_HOST, "{'fetch': [{'source': 'GET /_ping', 'status': 'timeout', 'detail':"
		       " 'no answer within 10 s'}]}"},
	 {{"gate name=engine", "reason: UK_DAEMON_DOWN|no answer within 10 s"}}},
	{"worked 23: no engine at all",
	 {DERIVE_HOST, REFUSED, "{'snapshot': {'dockerd_installed': false}}"},
	 {{"gate code=NA_NO_ENGINE", "rows: 18"}}},
	{"not linux",
	 {RUNNING, "{'engine': {'os_type': 'windows'}}"},
	 {{"gate code=NA_OS", "rows: 18"}}},
	{"worked 24: Podman",
	 {RUNNING, "{'engine': {'kind': 'podman'}, 'container': [{'id': 'a', 'pid': 5}]}"},
	 {{"gate name=daemon", "code: NA_PODMAN"},
	  {"gate name=files", "code: NA_PODMAN"},
	  {"gate name=audit", "code: NA_PODMAN"},
	  {"gate name=swarm_manager", "code: NA_PODMAN"},
	  {"gate name=containers_docker", "code: NA_PODMAN"},
	  {"gate name=containers", "code: ok"},
	  {"gate name=host", "code: ok"}}},
	{"host and engine are two machines",
	 {RUNNING, "{'snapshot': {'host_matches_engine': false, 'host_mismatch': 'kernel differs'},"
		   " 'container': [{'id': 'a', 'pid': 5}]}"},
	 {{"gate name=files", "reason: UK_ELSEWHERE|kernel differs"},
	  {"gate name=host", "code: UK_ELSEWHERE"},
	  {"gate name=live", "code: UK_ELSEWHERE"},
	  {"gate name=containers", "code: ok"},
	  {"gate name=daemon", "code: ok"}}},
	{"owners and processes are not seen from inside a namespace",
	 {RUNNING, "{'snapshot': {'agent_in_userns': true, 'agent_in_pidns': true}, 'container':"
		   " [{'id': 'a', 'pid': 5}]}"},
	 {{"gate name=files", "code: UK_USERNS"},
	  {"gate name=live", "code: UK_USERNS"},
	  {"gate name=audit", "code: ok"}}},
	{"only TCP",
	 {DERIVE_HOST, DERIVE_ENGINE, DERIVE_NO_FILE,
	  DERIVE_DOCKERD(DERIVE_OPTION("host", "tcp://h:2375"))},
	 {{"gate name=api_sockets", "reason: NA|no unix socket"}}},
};

static const struct derive_case swarm[] = {
	{"worked 21: a worker",
	 {RUNNING, "{'engine': {'swarm_state': 'active', 'swarm_control': false}}"},
	 {{"gate name=swarm", "code: ok"},
	  {"gate name=swarm_manager", "code: NA_WORKER"},
	  {"gate name=swarm_cluster", "code: NA_WORKER"},
	  {"gate name=swarm_autolock", "code: NA_WORKER"}}},
	{"a manager",
	 {RUNNING,
	  "{'engine': {'swarm_state': 'active', 'swarm_control': true, 'cluster_id': 'c'}}"},
	 {{"gate name=swarm_manager", "code: ok"},
	  {"gate name=swarm_cluster", "code: ok"},
	  {"gate name=swarm_autolock", "code: ok"}}},
	{"worked 21b: a locked manager",
	 {RUNNING, "{'engine': {'swarm_state': 'locked', 'swarm_control': false}}"},
	 {{"gate name=swarm", "code: UK_LOCKED"},
	  {"gate name=swarm_manager", "code: UK_LOCKED"},
	  {"gate name=swarm_cluster", "code: UK_LOCKED"},
	  {"gate name=swarm_autolock", "code: ok"}}},
	{"pending and error say why",
	 {RUNNING, "{'engine': {'swarm_state': 'error', 'swarm_error': 'no route to host'}}"},
	 {{"gate name=swarm", "reason: UK|swarm is error: no route to host"},
	  {"gate name=swarm_autolock", "code: UK"}}},
	{"not shown",
	 {DERIVE_HOST, "{'engine': {'kind': 'docker'}, 'fetch': [{'source': 'GET /info',"
		       " 'status': 'http_error', 'http_status': 500}]}"},
	 {{"gate name=swarm", "reason: UK_API|GET /info answered 500"}}},
};

static void test_place(void)
{
	derive_check(place, G_N_ELEMENTS(place));
	derive_check(containerd, G_N_ELEMENTS(containerd));
}

static void test_gates(void)
{
	derive_check(gates, G_N_ELEMENTS(gates));
}

static void test_swarm(void)
{
	derive_check(swarm, G_N_ELEMENTS(swarm));
}

static void test_clearing(void)
{
	derive_check_clearing(place, G_N_ELEMENTS(place));
	derive_check_clearing(containerd, G_N_ELEMENTS(containerd));
	derive_check_clearing(gates, G_N_ELEMENTS(gates));
	derive_check_clearing(swarm, G_N_ELEMENTS(swarm));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/derive/place", test_place);
	g_test_add_func("/derive/gate/gates", test_gates);
	g_test_add_func("/derive/gate/swarm", test_swarm);
	g_test_add_func("/derive/gate/clearing-never-helps", test_clearing);
	return g_test_run();
}
