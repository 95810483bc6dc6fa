/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts against the lists of the mount checks, RULES 0.9 and sections 5.6, 5.18, 5.32. */
#include "tests/unit/checks/derive_fixture.h"

#define DIRECTORIES                                                                                \
	"{'file': [{'role': 'sensitive', 'path': '/etc', 'real': '/etc', 'status': 'ok'},"         \
	" {'role': 'sensitive', 'path': '/lib', 'real': '/usr/lib', 'status': 'ok'},"              \
	" {'role': 'sensitive', 'path': '/lib64', 'real': '/usr/lib64', 'status': 'ok'},"          \
	" {'role': 'sensitive', 'path': '/etc/kubernetes', 'status': 'absent'},"                   \
	" {'role': 'api_socket', 'path': '/run/docker.sock', 'real': '/run/docker.sock', 'type':"  \
	" 'socket', 'status': 'ok'}]}"
#define HOST(files)                                                                                \
	DERIVE_HOST, DERIVE_ENGINE,                                                                \
		DERIVE_DOCKERD(DERIVE_OPTION("host", "unix:///run/docker.sock")), DERIVE_NO_FILE,  \
		files
#define BIND(source, real, destination, rw)                                                        \
	"{'type': 'bind', 'source': '" source "', 'source_real': '" real                           \
	"', 'source_status': 'ok', 'destination': '" destination "', 'rw': " rw "}"
#define PLAIN(source, rw)  BIND(source, source, "/x", rw)
#define ALIAS(path, alias) "{'path_alias': [{'path': '" path "', 'alias': '" alias "'}]}"
#define MOUNTS(mounts)     "{'container': [{'id': 'a', 'inspect_status': 'ok', 'mount': [" mounts "]}]}"
#define L8(want)                                                                                   \
	{                                                                                          \
		"mount_verdict list=l8", want                                                      \
	}
#define SOCKET(want)                                                                               \
	{                                                                                          \
		"mount_verdict list=socket", want                                                  \
	}

static const struct derive_case sensitive[] = {
	{"no mounts",
	 {HOST(DIRECTORIES), MOUNTS("")},
	 {L8("verdict: pass | mount: - | observed: no mounts"),
	  SOCKET("verdict: pass"),
	  {"mount_verdict", "rows: 3"}}},
	{"a container that could not be inspected",
	 {HOST(DIRECTORIES),
	  "{'container': [{'id': 'a', 'inspect_status': 'http_error', 'inspect_detail': 'GET"
	  " /containers/a/json answered 500'}]}"},
	 {L8("verdict: unknown | reason: UK_API|GET /containers/a/json answered 500"),
	  SOCKET("verdict: unknown")}},
	{"worked 13: below /etc and read-only",
	 {HOST(DIRECTORIES),
	  MOUNTS(BIND("/etc/localtime", "/usr/share/zoneinfo/UTC", "/etc/localtime", "false"))},
	 {L8("verdict: pass | note: below /usr, read-only | observed: /etc/localtime ->"
	     " /etc/localtime ro | expected: not mounted")}},
	{"worked 13: /etc itself, read-only",
	 {HOST(DIRECTORIES), MOUNTS(BIND("/etc", "/etc", "/hetc", "false"))},
	 {L8("verdict: fail | observed: /etc -> /hetc ro | item: /etc -> /hetc")}},
	{"worked 13: below /etc, writable",
	 {HOST(DIRECTORIES), MOUNTS(PLAIN("/etc/nginx", "true"))},
	 {L8("verdict: fail | observed: /etc/nginx -> /x rw")}},
	{"worked 13: secrets below /etc, read-only",
	 {HOST(DIRECTORIES), MOUNTS(PLAIN("/etc/ssh", "false"))},
	 {L8("verdict: fail")}},
	{"and below them",
	 {HOST(DIRECTORIES), MOUNTS(PLAIN("/etc/ssl/private/a.key", "false"))},
	 {L8("verdict: fail")}},
	{"a directory whose name only begins alike",
	 {HOST(DIRECTORIES), MOUNTS(PLAIN("/etc/sshd", "false"))},
	 {L8("verdict: pass | note: below /etc, read-only")}},
	{"worked 13: a volume is no bind, whatever its destination",
	 {
		 HOST(DIRECTORIES),
		 MOUNTS("{'type': 'volume', 'name': 'vol1', 'source':"
			" '/var/lib/docker/volumes/vol1/_data', 'destination': '/etc/app', 'rw': "
			"true}"),
		 "{'volume': [{'name': 'vol1', 'driver': 'local', 'bind_device': ''}]}",
	 },
	 {L8("verdict: pass | note: -")}},
	{"a volume that the list does not know",
	 {HOST(DIRECTORIES), MOUNTS("{'type': 'volume', 'name': 'vol1', 'rw': true}")},
	 {L8("verdict: unknown | reason: UK|volume vol1 is not in the snapshot")}},
	{"below /usr, writable",
	 {HOST(DIRECTORIES), MOUNTS(PLAIN("/usr/local/share", "true"))},
	 {L8("verdict: fail")}},
	{"below /dev, /boot and /proc, read-only",
	 {HOST(DIRECTORIES), MOUNTS(PLAIN("/dev/sda", "false") "," PLAIN(
				     "/boot/grub", "false") "," PLAIN("/proc/1", "false"))},
	 {{"mount_verdict list=l8 verdict=fail", "rows: 3"}}},
	{"below /sys, read-only",
	 {HOST(DIRECTORIES), MOUNTS(PLAIN("/sys/fs/cgroup", "false"))},
	 {L8("verdict: pass | note: below /sys, read-only")}},
	{"harmless things below /dev",
	 {HOST(DIRECTORIES),
	  MOUNTS(PLAIN("/dev/shm", "true") "," PLAIN("/dev/mqueue", "true") "," PLAIN(
		  "/dev/hugepages", "true") "," PLAIN("/dev/log", "true"))},
	 {{"mount_verdict list=l8 verdict=pass", "rows: 4"}}},
	{"a link below them that leads elsewhere",
	 {HOST(DIRECTORIES), MOUNTS(BIND("/dev/shm/x", "/dev/sda", "/x", "false"))},
	 {L8("verdict: fail")}},
	{"everything", {HOST(DIRECTORIES), MOUNTS(PLAIN("/", "false"))}, {L8("verdict: fail")}},
	{"below nothing but /",
	 {HOST(DIRECTORIES), MOUNTS(PLAIN("/srv/data", "true"))},
	 {L8("verdict: pass | note: - | reason: -")}},
	{"usrmerge: /usr/lib is /lib",
	 {HOST(DIRECTORIES), MOUNTS(PLAIN("/usr/lib", "false"))},
	 {L8("verdict: fail")}},
	{"/lib64 is on the newer list only",
	 {HOST(DIRECTORIES), MOUNTS(PLAIN("/usr/lib64", "false"))},
	 {L8("verdict: pass | note: below /usr, read-only"),
	  {"mount_verdict list=l9", "verdict: fail"}}},
	{"a link to a listed directory",
	 {HOST(DIRECTORIES), MOUNTS(BIND("/srv/link", "/etc", "/x", "false"))},
	 {L8("verdict: fail")}},
	{"a path that is not clean",
	 {HOST(DIRECTORIES), MOUNTS(BIND("/srv/..//etc/", "/etc", "/x", "false"))},
	 {L8("verdict: fail | observed: /etc -> /x ro")}},
	{"the X list, writable and read-only",
	 {HOST(DIRECTORIES), MOUNTS(PLAIN("/var/lib", "true") "," PLAIN("/root", "false"))},
	 {{"mount_verdict list=l8 mount=0", "verdict: fail"},
	  {"mount_verdict list=l8 mount=1", "verdict: pass | note: /root, read-only"}}},
	{"below the X list",
	 {HOST(DIRECTORIES), MOUNTS(PLAIN("/var/lib/app", "true"))},
	 {L8("verdict: pass")}},
	{"the data root",
	 {HOST(DIRECTORIES), MOUNTS(PLAIN("/var/lib/docker", "true"))},
	 {L8("verdict: fail")}},
	{"a volume's directory by path",
	 {HOST(DIRECTORIES), MOUNTS(PLAIN("/var/lib/docker/volumes/a/_data", "true"))},
	 {L8("verdict: pass")}},
	{"a bind mount of a folder below a listed one",
	 {HOST(DIRECTORIES), MOUNTS(PLAIN("/srv/x", "false")), ALIAS("/srv/x", "/etc/docker")},
	 {L8("verdict: fail | observed: /srv/x -> /x ro | note: shows /etc/docker"),
	  SOCKET("verdict: pass | note: -")}},
	{"one of a harmless folder",
	 {HOST(DIRECTORIES), MOUNTS(PLAIN("/srv/x", "false")), ALIAS("/srv/x", "/etc/nginx")},
	 {L8("verdict: pass | note: below /etc, read-only")}},
	{"one of several",
	 {HOST(DIRECTORIES), MOUNTS(PLAIN("/srv/x", "true")), ALIAS("/srv/x", "/srv/y"),
	  ALIAS("/srv/x", "/usr/bin"), ALIAS("/srv/z", "/etc")},
	 {L8("verdict: fail | note: shows /usr/bin")}},
	{"the other name of a parent of the socket",
	 {HOST(DIRECTORIES), MOUNTS(PLAIN("/srv/x", "false")), ALIAS("/srv/x", "/run")},
	 {SOCKET("verdict: fail | observed: /srv/x -> /x contains /run/docker.sock")}},
	{"a device by another name",
	 {HOST(DIRECTORIES), MOUNTS(PLAIN("/srv/x", "false")), ALIAS("/srv/x", "/dev/sda")},
	 {{"mount_verdict list=device", "verdict: manual"}}},
	{"containerd's root",
	 {HOST(DIRECTORIES),
	  "{'containerd': [{'pid': 3, 'root': '/srv/containerd', 'grpc_address':"
	  " '/run/containerd/containerd.sock', 'parent_is_dockerd': false}], 'container': [{'id':"
	  " 'a', 'inspect_status': 'ok', 'mount': [" PLAIN("/srv/containerd", "true") "]}]}"},
	 {L8("verdict: fail")}},
};

#define VOLUMES                                                                                    \
	"{'file': [{'role': 'api_socket', 'path': '/run/docker.sock', 'real': '/run/docker.sock'," \
	" 'type': 'socket', 'status': 'ok'}], 'volume': [{'name': 'plain', 'driver': 'local',"     \
	" 'bind_device': ''}, {'name': 'bound', 'driver': 'local', 'bind_device': '/etc/',"        \
	" 'bind_real': '/etc', 'bind_status': 'ok'}, {'name': 'strange', 'driver': 'x'}]}"
#define VOLUME(volume)                                                                             \
	"{'type': 'volume', 'name': '" volume "', 'source': '/var/lib/docker/volumes/v/_data',"    \
	" 'destination': '/x', 'rw': true}"

static const struct derive_case volumes[] = {
	{"a volume without a bind",
	 {HOST(VOLUMES), MOUNTS(VOLUME("plain"))},
	 {L8("verdict: pass | item: volume plain -> /x"), SOCKET("verdict: pass")}},
	{"a volume with a bind is judged by its device",
	 {HOST(VOLUMES), MOUNTS(VOLUME("bound"))},
	 {L8("verdict: fail | observed: /etc -> /x rw")}},
	{"a volume whose options were not seen",
	 {HOST(VOLUMES), MOUNTS(VOLUME("strange"))},
	 {L8("verdict: unknown")}},
	{"the list of volumes failed",
	 {DERIVE_HOST,
	  "{'engine': {'kind': 'docker', 'root_dir_real': '/d'}, 'fetch': [{'source': 'GET"
	  " /volumes', 'status': 'http_error', 'http_status': 500}]}",
	  MOUNTS(VOLUME("plain"))},
	 {L8("verdict: unknown | reason: UK_API|GET /volumes answered 500")}},
	{"tmpfs has no source",
	 {HOST(VOLUMES),
	  MOUNTS("{'type': 'tmpfs', 'source': '', 'destination': '/etc', 'rw': true}")},
	 {L8("verdict: pass | observed: tmpfs -> /etc rw")}},
	{"a type that was not seen",
	 {HOST(VOLUMES), MOUNTS("{'source': '/srv', 'destination': '/x', 'rw': true}")},
	 {L8("verdict: unknown")}},
};

#define UNSEEN(source, status)                                                                     \
	"{'type': 'bind', 'source': '" source "', 'source_status': '" status                       \
	"', 'destination': '/x', 'rw': false}"

static const struct derive_case unseen[] = {
	{"dangling: the path alone decides, and passes",
	 {HOST(VOLUMES), MOUNTS(UNSEEN("/srv/gone", "dangling"))},
	 {L8("verdict: pass | note: the source does not exist"), SOCKET("verdict: pass")}},
	{"dangling: or fails",
	 {HOST(VOLUMES), MOUNTS(UNSEEN("/etc/ssh", "absent"))},
	 {L8("verdict: fail")}},
	{"not permitted: the path alone may fail",
	 {HOST(VOLUMES), MOUNTS(UNSEEN("/etc/ssh", "permission"))},
	 {L8("verdict: fail | source: inspect")}},
	{"not permitted: never pass, the noted ones included",
	 {HOST(VOLUMES), MOUNTS(UNSEEN("/etc/localtime", "permission"))},
	 {L8("verdict: unknown | reason: UK_PERM|/etc/localtime"),
	  SOCKET("verdict: unknown | reason: UK_PERM|/etc/localtime")}},
	{"API only: a match fails, all else is unknown",
	 {DERIVE_HOST, DERIVE_ENGINE,
	  "{'snapshot': {'host_matches_engine': false, 'host_mismatch': 'tcp'}}",
	  MOUNTS("{'type': 'bind', 'source': '/srv', 'destination': '/s', 'rw': true}, {'type': "
		 "'bind',"
		 " 'source': '/var/run', 'destination': '/r', 'rw': false}")},
	 {{"mount_verdict list=l8 mount=0", "verdict: unknown | reason: UK_ELSEWHERE|tcp"},
	  {"mount_verdict list=socket mount=0", "verdict: unknown"},
	  {"mount_verdict list=socket mount=1",
	   "verdict: fail | observed: /var/run -> /r contains /var/run/docker.sock"}}},
	{"read-only or not was not seen, and decides",
	 {HOST(VOLUMES),
	  MOUNTS("{'type': 'bind', 'source': '/etc/nginx', 'source_real': '/etc/nginx',"
		 " 'source_status': 'ok', 'destination': '/x'}")},
	 {L8("verdict: unknown | reason: UK|whether it is read-only was not seen")}},
	{"read-only or not was not seen, and does not matter",
	 {HOST(VOLUMES),
	  MOUNTS("{'type': 'bind', 'source': '/srv', 'source_real': '/srv', 'source_status':"
		 " 'ok', 'destination': '/x'}, {'type': 'bind', 'source': '/etc', 'source_real':"
		 " '/etc', 'source_status': 'ok', 'destination': '/y'}")},
	 {{"mount_verdict list=l8 mount=0", "verdict: pass"},
	  {"mount_verdict list=l8 mount=1", "verdict: fail"}}},
	{"the mount table was not read: another name of it may be listed",
	 {DERIVE_HOST, "{'fetch': [{'source': 'file:/proc/1/mountinfo', 'status': 'permission'}]}",
	  "{'engine': {'kind': 'docker', 'root_dir_real': '/d'}}",
	  MOUNTS(PLAIN("/srv", "true") "," PLAIN("/etc", "true") "," UNSEEN("/a", "dangling"))},
	 {{"mount_verdict list=l8 mount=0", "verdict: unknown | reason: UK_PERM|the mount table"},
	  {"mount_verdict list=l8 mount=1", "verdict: fail"},
	  {"mount_verdict list=l8 mount=2", "verdict: pass"}}},
	{"a listed directory whose realpath was not seen",
	 {HOST(VOLUMES),
	  "{'file': [{'role': 'sensitive', 'path': '/boot', 'status': 'permission'}]}",
	  MOUNTS(PLAIN("/srv", "true") "," PLAIN("/boot", "true"))},
	 {{"mount_verdict list=l8 mount=0", "verdict: unknown | reason: UK_PERM|/boot"},
	  {"mount_verdict list=l8 mount=1", "verdict: fail"}}},
};

#define SOCKETS                                                                                    \
	"{'file': [{'role': 'api_socket', 'path': '/run/docker.sock', 'real': '/run/docker.sock'," \
	" 'type': 'socket', 'status': 'ok'}, {'role': 'api_socket', 'path': "                      \
	"'/var/run/docker.sock',"                                                                  \
	" 'real': '/run/docker.sock', 'type': 'socket', 'status': 'ok'}, {'role':"                 \
	" 'containerd_socket', 'path': '/run/containerd/containerd.sock', 'real':"                 \
	" '/run/containerd/containerd.sock', 'type': 'socket', 'status': 'ok'}]}"

#define LOST(state) "{'file': [{'role': 'api_socket', 'path': '/run/docker.sock', " state "}]}"

static const struct derive_case sockets[] = {
	{"worked 12: the directory of the socket, through a link",
	 {HOST(SOCKETS), MOUNTS(BIND("/var/run", "/run", "/hrun", "true"))},
	 {SOCKET("verdict: fail | observed: /var/run -> /hrun contains /run/docker.sock"),
	  L8("verdict: fail")}},
	{"worked 12: the socket, read-only",
	 {HOST(SOCKETS), MOUNTS(BIND("/run/docker.sock", "/run/docker.sock", "/d.sock", "false"))},
	 {SOCKET("verdict: fail | observed: /run/docker.sock -> /d.sock")}},
	{"worked 12: containerd's socket",
	 {HOST(SOCKETS), MOUNTS(BIND("/run/containerd/containerd.sock",
				     "/run/containerd/containerd.sock", "/c.sock", "true"))},
	 {SOCKET("verdict: fail")}},
	{"the other spelling",
	 {HOST(SOCKETS), MOUNTS(BIND("/var/run/docker.sock", "/run/docker.sock", "/x", "true"))},
	 {SOCKET("verdict: fail | observed: /var/run/docker.sock -> /x")}},
	{"the root", {HOST(SOCKETS), MOUNTS(PLAIN("/", "false"))}, {SOCKET("verdict: fail")}},
	{"a name that only looks like it",
	 {HOST(SOCKETS), MOUNTS(PLAIN("/srv/docker.sock", "true"))},
	 {SOCKET("verdict: pass")}},
	{"a listener of its own",
	 {DERIVE_HOST, DERIVE_ENGINE, DERIVE_NO_FILE,
	  DERIVE_DOCKERD(DERIVE_OPTION("host", "unix:///srv/api/d.sock")),
	  MOUNTS(PLAIN("/srv/api", "false")),
	  "{'file': [{'role': 'api_socket', 'path': '/srv/api/d.sock', 'real': '/srv/api/d.sock',"
	  " 'type': 'socket', 'status': 'ok'}]}"},
	 {SOCKET("verdict: fail | observed: /srv/api -> /x contains /srv/api/d.sock"),
	  {"api_socket path=/srv/api/d.sock", "kind: engine"}}},
	{"LISTENERS unknown: nothing passes",
	 {DERIVE_HOST, DERIVE_ENGINE, MOUNTS(PLAIN("/srv/a", "true") "," PLAIN("/run", "false"))},
	 {{"mount_verdict list=socket mount=0", "verdict: unknown | reason: UK_NO_PROCESS"},
	  {"mount_verdict list=socket mount=1", "verdict: fail"}}},
	{"the socket was renamed after dockerd made it: any source may be it",
	 {HOST(LOST("'status': 'absent'")), MOUNTS(PLAIN("/srv/a", "true") "," PLAIN("/", "true"))},
	 {{"mount_verdict list=socket mount=0", "verdict: unknown | reason: UK|the socket that was "
						"made at /run/docker.sock is elsewhere"},
	  {"mount_verdict list=socket mount=1", "verdict: fail"},
	  {"mount_verdict list=l8 mount=0", "verdict: pass"}}},
	{"or something else was put there",
	 {HOST(LOST("'status': 'ok', 'real': '/run/docker.sock', 'type': 'file'")),
	  MOUNTS(PLAIN("/srv/a", "true"))},
	 {SOCKET("verdict: unknown")}},
	{"containerd's socket was renamed",
	 {HOST(LOST("'status': 'ok', 'real': '/run/docker.sock', 'type': 'socket'")),
	  "{'engine': {'containerd_address': '/run/containerd/containerd.sock'}, 'file': [{'role':"
	  " 'containerd_socket', 'path': '/run/containerd/containerd.sock', 'status': 'absent'}]}",
	  MOUNTS(PLAIN("/srv/a", "true"))},
	 {SOCKET("verdict: unknown | reason: UK|the socket that was made at"
		 " /run/containerd/containerd.sock is elsewhere")}},
	{"Podman's own socket",
	 {DERIVE_HOST, DERIVE_ENGINE,
	  "{'engine': {'kind': 'podman'}, 'snapshot': {'endpoint':"
	  " 'unix:///run/podman/podman.sock'}}",
	  MOUNTS(PLAIN("/run/podman", "true") "," PLAIN("/srv", "true"))},
	 {{"mount_verdict list=socket mount=0", "verdict: fail"},
	  {"mount_verdict list=socket mount=1", "verdict: pass"}}},
};

static const struct derive_case devices[] = {
	{"at, below and above /dev",
	 {HOST(SOCKETS), MOUNTS(PLAIN("/dev", "true") "," PLAIN("/dev/kvm", "false") "," PLAIN(
				 "/", "false") "," PLAIN("/srv", "true"))},
	 {{"mount_verdict list=device", "rows: 3"},
	  {"mount_verdict list=device mount=1", "verdict: manual | observed: /dev/kvm -> /x ro"}}},
	{"by realpath",
	 {HOST(SOCKETS), MOUNTS(BIND("/srv/disk", "/dev/sda", "/x", "true"))},
	 {{"mount_verdict list=device", "verdict: manual"}}},
	{"by path alone where the realpath was not seen",
	 {HOST(SOCKETS), MOUNTS(UNSEEN("/dev/kvm", "permission") "," UNSEEN("/srv", "permission"))},
	 {{"mount_verdict list=device", "rows: 1"}}},
};

static void test_sensitive(void)
{
	derive_check(sensitive, G_N_ELEMENTS(sensitive));
}

static void test_volumes(void)
{
	derive_check(volumes, G_N_ELEMENTS(volumes));
}

static void test_unseen(void)
{
	derive_check(unseen, G_N_ELEMENTS(unseen));
}

static void test_sockets(void)
{
	derive_check(sockets, G_N_ELEMENTS(sockets));
}

static void test_devices(void)
{
	derive_check(devices, G_N_ELEMENTS(devices));
}

static void test_clearing(void)
{
	derive_check_clearing(sensitive, G_N_ELEMENTS(sensitive));
	derive_check_clearing(volumes, G_N_ELEMENTS(volumes));
	derive_check_clearing(unseen, G_N_ELEMENTS(unseen));
	derive_check_clearing(sockets, G_N_ELEMENTS(sockets));
	derive_check_clearing(devices, G_N_ELEMENTS(devices));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/derive/mount/sensitive", test_sensitive);
	g_test_add_func("/derive/mount/volumes", test_volumes);
	g_test_add_func("/derive/mount/unseen", test_unseen);
	g_test_add_func("/derive/mount/sockets", test_sockets);
	g_test_add_func("/derive/mount/devices", test_devices);
	g_test_add_func("/derive/mount/clearing-never-helps", test_clearing);
	return g_test_run();
}
