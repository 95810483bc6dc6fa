/* SPDX-License-Identifier: Apache-2.0 */
/* Which file each host check is about: RULES, section 1. What the checks make of it is in their
 * fixtures. */
#include "tests/unit/checks/derive_fixture.h"

#define RUNNING DERIVE_HOST, DERIVE_ENGINE, DERIVE_DOCKERD(""), DERIVE_NO_FILE
#define REFUSED "{'fetch': [{'source': 'GET /_ping', 'status': 'http_error', 'errno_value': 111}]}"
#define FILE_AT(role, path, real)                                                                  \
	"{'file': [{'role': '" role "', 'path': '" path "', 'real': '" real "', 'status': 'ok'}]}"
#define FILE(role, path) FILE_AT(role, path, path)
#define NO_FILE(role, path)                                                                        \
	"{'file': [{'role': '" role "', 'path': '" path "', 'status': 'absent'}]}"
#define CONTAINERD(address, more)                                                                  \
	"{'containerd': [{'pid': 600, 'exe': '/usr/bin/containerd', 'grpc_address': '" address     \
	"', 'parent_is_dockerd': false, 'root': '/var/lib/containerd'" more "}]}"
#define RUNTIME(path) "{'engine': {'runtime': [{'name': 'r', 'path': '" path "'}]}}"

static const struct derive_case programs[] = {
	{"the dockerd that serves, not one of that name elsewhere",
	 {RUNNING, FILE("binary_dockerd", "/usr/bin/dockerd"),
	  FILE("binary_dockerd", "/usr/sbin/dockerd")},
	 {{"host_file name=dockerd", "file: 1 | path: /usr/sbin/dockerd | reason: -"},
	  {"host_file name=dockerd", "rows: 1"}}},
	{"it was replaced while it ran: what stands there now",
	 {RUNNING, "{'dockerd': [{'exe': '/usr/sbin/dockerd (deleted)'}]}",
	  FILE("binary_dockerd", "/usr/sbin/dockerd")},
	 {{"host_file name=dockerd", "file: 0"}}},
	{"nobody looked at it",
	 {RUNNING},
	 {{"host_file name=dockerd", "file: - | reason: UK|/usr/sbin/dockerd was not looked at"}}},
	{"none is visible",
	 {DERIVE_HOST, DERIVE_ENGINE, FILE("binary_dockerd", "/usr/sbin/dockerd")},
	 {{"host_file name=dockerd", "file: - | reason: UK_NO_PROCESS"}}},
	{"none runs: what the unit starts",
	 {DERIVE_HOST, REFUSED, FILE("binary_dockerd", "/usr/bin/dockerd"),
	  FILE("binary_dockerd", "/opt/dockerd"),
	  "{'unit': [{'name': 'docker.service', 'status': 'ok', 'exec_path': '/opt/dockerd'}]}"},
	 {{"host_file name=dockerd", "path: /opt/dockerd"}, {"host_file name=dockerd", "rows: 1"}}},
	{"none runs, and there is no unit: every copy, once",
	 {DERIVE_HOST, REFUSED, FILE_AT("binary_dockerd", "/bin/dockerd", "/usr/bin/dockerd"),
	  FILE("binary_dockerd", "/usr/bin/dockerd"), FILE("binary_dockerd", "/opt/dockerd"),
	  NO_FILE("binary_dockerd", "/usr/sbin/dockerd")},
	 {{"host_file name=dockerd path=/usr/bin/dockerd", "file: 0"},
	  {"host_file name=dockerd", "rows: 2"}}},
	{"none is installed",
	 {DERIVE_HOST, REFUSED, NO_FILE("binary_dockerd", "/usr/sbin/dockerd")},
	 {{"host_file name=dockerd", "reason: NA_NO_ENGINE"}}},
	{"old names count where they are asked for",
	 {DERIVE_HOST, REFUSED, FILE("binary_containerd", "/usr/bin/docker-containerd"),
	  FILE("binary_runc", "/usr/bin/docker-runc")},
	 {{"host_file name=containerd", "reason: NA_ABSENT|containerd"},
	  {"host_file name=containerd_ever", "path: /usr/bin/docker-containerd"},
	  {"host_file name=runc", "reason: NA_ABSENT|runc"},
	  {"host_file name=runc_ever", "path: /usr/bin/docker-runc"}}},
	{"a runtime by name, one by path, one that is not there",
	 {RUNNING, RUNTIME("runc"), RUNTIME("/opt/crun"), RUNTIME("none"),
	  FILE("binary_runc", "/usr/bin/runc"), FILE("binary_runc", "/opt/crun"),
	  FILE("binary_runc", "/usr/bin/other")},
	 {{"host_file name=runc", "rows: 2"},
	  {"host_file name=runc path=/usr/bin/runc", "file: 0"},
	  {"host_file name=runc path=/opt/crun", "file: 1"}}},
	{"a runtime whose path is not from the root",
	 {RUNNING, RUNTIME("runc"), RUNTIME("bin/crun"), FILE("binary_runc", "/usr/bin/runc"),
	  FILE("binary_runc", "/usr/bin/crun")},
	 {{"host_file name=runc", "rows: 2"},
	  {"host_file name=runc path=/usr/bin/runc", "file: 0"},
	  {"host_file name=runc path=-", "reason: UK|bin/crun was not looked at"}}},
	{"runtimes that were not listed",
	 {RUNNING, FILE("binary_runc", "/usr/bin/runc")},
	 {{"host_file name=runc", "file: - | reason: UK_API|GET /info did not list the runtimes"}}},
};

static const struct derive_case containerds[] = {
	{"the one that owns the engine's socket",
	 {RUNNING, CONTAINERD("/run/k/c.sock", ""),
	  "{'containerd': [{'pid': 601, 'exe': '/opt/containerd', 'parent_is_dockerd': false,"
	  " 'grpc_address': '/run/containerd/containerd.sock', 'config_path': '/opt/c.toml',"
	  " 'root': '/opt/c'}]}",
	  "{'engine': {'containerd_address': '/run/containerd/containerd.sock'}}",
	  FILE("binary_containerd", "/opt/containerd"), FILE("containerd_config", "/opt/c.toml"),
	  FILE("containerd_root", "/opt/c")},
	 {{"host_file name=containerd", "path: /opt/containerd"},
	  {"host_file name=containerd_config", "path: /opt/c.toml"},
	  {"host_file name=containerd_root", "path: /opt/c"}}},
	{"none of those that run does",
	 {RUNNING, CONTAINERD("/run/k/c.sock", ""),
	  "{'engine': {'containerd_address': '/run/containerd/containerd.sock'}}",
	  FILE("binary_containerd", "/usr/bin/containerd")},
	 {{"host_file name=containerd",
	   "file: - | reason: UK|which containerd is the engine's was not seen"},
	  {"host_file name=containerd_root", "file: -"}}},
	{"dockerd's own has no configuration of the site's",
	 {RUNNING,
	  "{'containerd': [{'pid': 600, 'parent_is_dockerd': true, 'config_path': '/run/c.toml',"
	  " 'grpc_address': '/run/docker/containerd/containerd.sock'}],"
	  " 'engine': {'containerd_address': '/run/docker/containerd/containerd.sock'}}",
	  FILE("containerd_config", "/run/c.toml")},
	 {{"host_file name=containerd_config",
	   "file: - | reason: NA_ABSENT|a configuration that dockerd does not write"}}},
	{"processes that were not seen",
	 {RUNNING, "{'host': {'process_table_seen': false}}",
	  FILE("binary_containerd", "/usr/bin/containerd"),
	  FILE("binary_shim_v2", "/usr/bin/containerd-shim-runc-v2")},
	 {{"host_file name=containerd", "reason: UK_PERM|the process table"},
	  {"host_file name=shim_v2", "reason: UK_PERM|the process table"}}},
};

static const struct derive_case places[] = {
	{"worked 6: the data root of userns-remap",
	 {RUNNING, "{'engine': {'userns': true, 'root_dir_real': '/srv/docker/100000.100000'}}",
	  FILE("data_root", "/srv/docker/100000.100000"), FILE("data_root", "/srv/docker")},
	 {{"host_file name=data_root", "file: 1 | path: /srv/docker"}}},
	{"where only its own folder was seen",
	 {RUNNING, "{'engine': {'userns': true, 'root_dir_real': '/srv/docker/100000.100000'}}",
	  FILE("data_root", "/srv/docker/100000.100000")},
	 {{"host_file name=data_root", "file: 0 | path: /srv/docker"}}},
	{"sockets: two names of one are one, an abstract one is no file",
	 {DERIVE_HOST, DERIVE_ENGINE, DERIVE_NO_FILE,
	  DERIVE_DOCKERD("{'name': 'host', 'value': 'unix:///run/docker.sock'},"
			 " {'name': 'host', 'value': 'unix:///var/run/docker.sock'}"),
	  FILE("api_socket", "/run/docker.sock"),
	  FILE_AT("api_socket", "/var/run/docker.sock", "/run/docker.sock")},
	 {{"host_file name=api_socket", "file: 0 | path: /run/docker.sock"},
	  {"host_file name=api_socket", "rows: 1"}}},
	{"Podman's socket is the one that answered",
	 {DERIVE_HOST, DERIVE_ENGINE,
	  "{'engine': {'kind': 'podman'}, 'snapshot': {'endpoint': 'unix:///run/p.sock'}}",
	  FILE("api_socket", "/run/p.sock")},
	 {{"host_file name=api_socket", "file: 0"}}},
	{"a unit and its drop-ins",
	 {RUNNING,
	  "{'unit': [{'name': 'docker.service', 'status': 'ok', 'masked': false,"
	  " 'fragment': '/lib/d.service', 'dropin': ['/etc/d.conf', '/etc/e.conf']}]}",
	  FILE("docker_service", "/lib/d.service"), FILE("docker_service_dropin", "/etc/d.conf")},
	 {{"host_file name=docker_service", "rows: 3"},
	  {"host_file name=docker_service path=/etc/d.conf", "file: 1"},
	  {"host_file name=docker_service file=-", "reason: UK|/etc/e.conf was not looked at"}}},
	{"a name whose file was not looked at says so",
	 {RUNNING},
	 {{"host_file name=default_docker", "file: - | reason: UK|the file was not looked at"},
	  {"host_file name=run_containerd", "rows: 1"},
	  {"host_file name=docker_socket_unit", "reason: UK|docker.socket was not looked at"}}},
};

static void check_programs(void)
{
	derive_check(programs, G_N_ELEMENTS(programs));
}

static void check_containerds(void)
{
	derive_check(containerds, G_N_ELEMENTS(containerds));
}

static void check_places(void)
{
	derive_check(places, G_N_ELEMENTS(places));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/derive/host_file/programs", check_programs);
	g_test_add_func("/derive/host_file/containerds", check_containerds);
	g_test_add_func("/derive/host_file/places", check_places);
	return g_test_run();
}
