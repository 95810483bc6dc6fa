/* SPDX-License-Identifier: Apache-2.0 */
/* LISTENERS, RULES 0.6. */
#include "tests/unit/checks/derive_fixture.h"

#define RUNNING(options) DERIVE_HOST, DERIVE_ENGINE, DERIVE_DOCKERD(options)
#define HOST(value)      DERIVE_OPTION("host", value)
#define ROOTLESS                                                                                   \
	"{'engine': {'rootless': true}, 'dockerd': [{'pid': 7, 'start_at': 1000, 'uid': 1000,"     \
	" 'gid': 1000, 'role': 'serving', 'argv_seen': true, 'home': '/home/rl', 'option': []}],"  \
	" 'config_file': [{'path': '/home/rl/.config/docker/daemon.json', 'status': 'absent'}]}"
#define STOPPED "{'fetch': [{'source': 'GET /_ping', 'status': 'http_error', 'errno_value': 111}]}"
#define ACTIVATED(host, seen, sockets)                                                             \
	DERIVE_HOST, DERIVE_ENGINE,                                                                \
		"{'dockerd': [{'pid': 700, 'start_at': 1000, 'uid': 0, 'role': 'serving',"         \
		" 'argv_seen': true, 'option': [" HOST(host) "], 'activated_seen': " seen          \
							     ", 'activated': [" sockets "]}]}",    \
		DERIVE_NO_FILE
#define SOCKET_UNIT(listen)                                                                        \
	"{'unit': [{'name': 'docker.socket', 'status': 'ok', 'listen': [" listen "]}]}"

static const struct derive_case cases[] = {
	{"the default is the unix socket",
	 {RUNNING(""), DERIVE_NO_FILE},
	 {{"listener_state", "state: ok | reason: - | configured: false"},
	  {"listener", "kind: unix | url: unix:///var/run/docker.sock | source: default"},
	  {"listener", "rows: 1"}}},
	{"with TLS the default is a TCP port on loopback (20.10.24 does so)",
	 {RUNNING(DERIVE_OPTION("tls", "true")), DERIVE_NO_FILE},
	 {{"listener", "url: tcp://127.0.0.1:2376 | loopback: true | source: default"},
	  {"listener", "rows: 1"}}},
	{"a rootless engine has its own",
	 {DERIVE_HOST, DERIVE_ENGINE, ROOTLESS},
	 {{"listener", "url: unix:///run/user/1000/docker.sock"}}},
	{"argv wins over the file",
	 {RUNNING(HOST("unix:///a.sock")),
	  DERIVE_FILE(DERIVE_LIST("hosts", "{'value': 'tcp://'}"))},
	 {{"listener", "url: unix:///a.sock | source: argv"}, {"listener", "rows: 1"}}},
	{"the file comes second",
	 {RUNNING(""), DERIVE_FILE(DERIVE_LIST("hosts", "{'value': 'unix:///a.sock'}, {'value':"
							" 'tcp://10.77.0.12:2376'}"))},
	 {{"listener kind=unix", "url: unix:///a.sock | source: daemon.json"},
	  {"listener kind=tcp", "addr: 10.77.0.12 | port: 2376 | loopback: false"}}},
	{"bare tcp:// is loopback",
	 {RUNNING(HOST("tcp://")), DERIVE_NO_FILE},
	 {{"listener", "url: tcp://127.0.0.1:2375 | addr: 127.0.0.1 | loopback: true"}}},
	{"tcp://:N is every address",
	 {RUNNING(HOST("tcp://:2375")), DERIVE_NO_FILE},
	 {{"listener", "url: tcp://*:2375 | addr:  | port: 2375 | loopback: false"}}},
	{"a host without a port has the default one",
	 {RUNNING(HOST("tcp://0.0.0.0") "," DERIVE_OPTION("tlsverify", "true")), DERIVE_NO_FILE},
	 {{"listener", "url: tcp://0.0.0.0:2376"}}},
	{"without a scheme it is TCP",
	 {RUNNING(HOST("10.0.0.1:2375")), DERIVE_NO_FILE},
	 {{"listener", "url: tcp://10.0.0.1:2375"}}},
	{"IPv6 stands in brackets",
	 {RUNNING(HOST("tcp://[::1]:2375") "," HOST("tcp://[fd00::1]")), DERIVE_NO_FILE},
	 {{"listener addr=::1", "url: tcp://[::1]:2375 | port: 2375 | loopback: true"},
	  {"listener addr=fd00::1", "url: tcp://[fd00::1]:2375 | loopback: false"}}},
	{"a unix path is relative to /",
	 {RUNNING(HOST("unix://run//d/../docker.sock")), DERIVE_NO_FILE},
	 {{"listener", "path: /run/docker.sock | url: unix:///run/docker.sock"}}},
	{"an empty -H is the default",
	 {RUNNING(HOST("") "," HOST("unix://")), DERIVE_NO_FILE},
	 {{"listener path=/var/run/docker.sock", "rows: 2"}}},
	{"what is not understood makes all unknown",
	 {RUNNING(HOST("unix:///a.sock") "," HOST("quic://x:1")), DERIVE_NO_FILE},
	 {{"listener_state", "state: UK | detail: listener \"quic://x:1\" is not understood"},
	  {"listener", "none"}}},
	{"a port that is none makes all unknown",
	 {RUNNING(HOST("tcp://h:99999") "," HOST("unix:///a.sock")), DERIVE_NO_FILE},
	 {{"listener_state", "state: UK"}, {"listener", "none"}}},
	{"fd:// takes the Listen lines of docker.socket",
	 {RUNNING(HOST("fd://")), DERIVE_NO_FILE,
	  SOCKET_UNIT("'%t/docker.sock', '2375', '10.0.0.1:2376', '[::]:2377', '@docker'")},
	 {{"listener path=/run/docker.sock", "source: docker.socket | kind: unix"},
	  {"listener port=2375", "url: tcp://*:2375 | addr: "},
	  {"listener port=2376", "url: tcp://10.0.0.1:2376"},
	  {"listener port=2377", "url: tcp://[::]:2377 | addr: ::"},
	  {"listener path=@docker", "kind: unix"},
	  {"listener", "rows: 5"}}},
	{"fd:// beside others",
	 {RUNNING(HOST("fd://") "," HOST("tcp://10.0.0.1:2375")), DERIVE_NO_FILE,
	  SOCKET_UNIT("'/run/docker.sock'")},
	 {{"listener kind=unix", "source: docker.socket"}, {"listener kind=tcp", "source: argv"}}},
	{"fd:// with sockets that another socket unit, or an older docker.socket, handed on",
	 {ACTIVATED("fd://", "true",
		    "'/run/ci.sock', '/run/docker.sock', '[::]:2375', '[::]:2377'"),
	  SOCKET_UNIT("'/run/docker.sock', '2377'")},
	 {{"listener path=/run/docker.sock", "source: docker.socket"},
	  {"listener path=/run/ci.sock", "source: socket activation"},
	  {"listener port=2375", "url: tcp://[::]:2375 | source: socket activation"},
	  {"listener port=2377", "source: docker.socket"},
	  {"listener", "rows: 4"}}},
	{"a socket that systemd handed on is no listener without fd://",
	 {ACTIVATED("unix:///run/docker.sock", "true", "'[::]:2375'")},
	 {{"listener", "rows: 1"}}},
	{"fd:// where systemd's sockets were not seen",
	 {ACTIVATED("fd://", "false", ""), SOCKET_UNIT("'/run/docker.sock'")},
	 {{"listener_state", "state: UK_PERM"}, {"listener", "none"}}},
	{"a socket that is none makes all unknown",
	 {ACTIVATED("fd://", "true", "'?'"), SOCKET_UNIT("'/run/docker.sock'")},
	 {{"listener_state", "state: UK"}, {"listener", "none"}}},
	{"a socket by another way is the same socket",
	 {ACTIVATED("fd://", "true", "'/run/docker.sock'"), SOCKET_UNIT("'/var/run/docker.sock'"),
	  "{'file': [{'role': 'api_socket', 'path': '/var/run/docker.sock', 'real':"
	  " '/run/docker.sock', 'status': 'ok'}, {'role': 'api_socket', 'path':"
	  " '/run/docker.sock', 'real': '/run/docker.sock', 'status': 'ok'}]}"},
	 {{"listener", "rows: 1"}}},
	{"fd:// with a socket unit that cannot be read",
	 {RUNNING(HOST("fd://") "," HOST("tcp://10.0.0.1:2375")), DERIVE_NO_FILE,
	  "{'unit': [{'name': 'docker.socket', 'status': 'permission'}]}"},
	 {{"listener_state", "state: UK_PERM | reason: UK_PERM|docker.socket"},
	  {"listener", "none"}}},
	{"fd:// with a socket unit that nobody looked at",
	 {RUNNING(HOST("fd://")), DERIVE_NO_FILE},
	 {{"listener_state", "state: UK"}}},
	{"fd:// with a specifier that is not known here",
	 {RUNNING(HOST("fd://")), DERIVE_NO_FILE, SOCKET_UNIT("'/run/%i.sock'")},
	 {{"listener_state", "state: UK"}}},
	{"a listener whose value was not seen",
	 {RUNNING("{'name': 'host'}"), DERIVE_NO_FILE},
	 {{"listener_state", "state: UK"}}},
	{"a process that was not seen has unknown listeners",
	 {DERIVE_HOST, DERIVE_ENGINE, DERIVE_FILE(DERIVE_LIST("hosts", "{'value': 'tcp://'}"))},
	 {{"listener_state", "state: UK_NO_PROCESS"}, {"listener", "none"}}},
	{"the row of the socket's file is found by path and by realpath",
	 {RUNNING(""), DERIVE_NO_FILE,
	  "{'file': [{'role': 'daemon_json', 'path': '/var/run/docker.sock'}, {'role': "
	  "'api_socket',"
	  " 'path': '/var/run/docker.sock', 'real': '/run/docker.sock', 'status': 'ok'}]}"},
	 {{"listener", "file: 1"}}},
	{"worked 23: a stopped daemon has the listeners that it would start with",
	 {DERIVE_HOST, STOPPED, DERIVE_NO_FILE, SOCKET_UNIT("'/run/docker.sock'"),
	  "{'unit': [{'name': 'docker.service', 'status': 'ok', 'option': [{'name': 'host', "
	  "'value':"
	  " 'fd://'}]}]}"},
	 {{"listener_state", "state: ok | configured: true"},
	  {"listener", "url: unix:///run/docker.sock | source: docker.socket"}}},
	{"an API that refuses this user is not a stopped daemon",
	 {DERIVE_HOST, DERIVE_NO_FILE,
	  "{'fetch': [{'source': 'GET /_ping', 'status': 'permission', 'errno_value': 13}]}"},
	 {{"listener_state", "state: UK_NO_PROCESS | configured: false"}}},
};

static void test_cases(void)
{
	derive_check(cases, G_N_ELEMENTS(cases));
}

static void test_clearing(void)
{
	derive_check_clearing(cases, G_N_ELEMENTS(cases));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/derive/listener/cases", test_cases);
	g_test_add_func("/derive/listener/clearing-never-helps", test_clearing);
	return g_test_run();
}
