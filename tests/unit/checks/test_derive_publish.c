/* SPDX-License-Identifier: Apache-2.0 */
/* Published ports, sections 5.8, 5.9 and 5.14. */
#include "tests/unit/checks/derive_fixture.h"

#define HOST DERIVE_HOST, DERIVE_ENGINE, DERIVE_DOCKERD(""), DERIVE_NO_FILE
#define CONTAINER(pid, more)                                                                       \
	"{'container': [{'id': 'a', 'inspect_status': 'ok', 'net_mode': 'bridge', 'publish_all':"  \
	" false, 'pid': " pid more "}]}"
#define PORTS(ports)    ", 'port': [" ports "]"
#define NETWORKS(names) ", 'network': [" names "]"
#define PORT(origin, ip, host_port)                                                                \
	"{'origin': '" origin "', 'port': 80, 'proto': 'tcp', 'host_ip': '" ip                     \
	"', 'host_port': '" host_port "'}"
#define SET(ip, host_port)  PORT("configured", ip, host_port)
#define LIVE(ip, host_port) PORT("live", ip, host_port)
#define BRIDGE(id, name, binding)                                                                  \
	"{'id': '" id "', 'name': '" name "', 'driver': 'bridge', 'host_binding_ipv4': '" binding  \
	"'}"

static const struct derive_case containers[] = {
	{"nothing published",
	 {HOST, CONTAINER("5", "")},
	 {{"publish", "container: 0 | port: - | wildcard: false | privileged: false | state: ok"},
	  {"publish", "rows: 1"}}},
	{"live on every address",
	 {HOST, CONTAINER("5", PORTS(SET("", "8080") "," LIVE("0.0.0.0",
							      "8080") "," LIVE("::", "8080")))},
	 {{"publish", "item: 80/tcp | wildcard: true | addresses: 0.0.0.0, [::] | live: true"},
	  {"publish", "host_port: 8080 | privileged: false | bindings: 0.0.0.0:8080, [::]:8080"},
	  {"publish", "rows: 1"}}},
	{"live on one address",
	 {HOST, CONTAINER("5", PORTS(SET("10.0.0.1", "80") "," LIVE("10.0.0.1", "80")))},
	 {{"publish", "wildcard: false | addresses: 10.0.0.1 | host_port: 80 | privileged: true |"
		      " bindings: 10.0.0.1:80"}}},
	{"worked 10: IPv6 only, live",
	 {HOST, CONTAINER("5", PORTS(SET("::", "8082") "," LIVE("::", "8082")))},
	 {{"publish", "wildcard: true | addresses: [::] | privileged: false"}}},
	{"worked 10: IPv6 only, kept but not live",
	 {HOST, CONTAINER("5", PORTS(SET("::", "8082")))},
	 {{"publish", "wildcard: true | addresses: [::] (configured, not live) | live: false |"
		      " privileged: false"}}},
	{"worked 10: IPv6 only below 1024",
	 {HOST, CONTAINER("5", PORTS(SET("::", "80")))},
	 {{"publish", "privileged: true | item: 80/tcp | bindings: [::]:80"}}},
	{"every spelling of every address",
	 {HOST, CONTAINER("5", PORTS(LIVE("0:0:0:0:0:0:0:0", "8080")))},
	 {{"publish", "wildcard: true"}}},
	{"1023 is privileged, 1024 is not",
	 {HOST,
	  CONTAINER("5",
		    PORTS("{'origin': 'live', 'port': 1, 'proto': 'tcp', 'host_ip': '1.2.3.4',"
			  " 'host_port': '1023'}, {'origin': 'live', 'port': 2, 'proto': 'tcp',"
			  " 'host_ip': '1.2.3.4', 'host_port': '1024'}"))},
	 {{"publish item=1/tcp", "privileged: true"}, {"publish item=2/tcp", "privileged: false"}}},
	{"a range counts by its lower bound, wherever it ended up",
	 {HOST, CONTAINER("5", PORTS(SET("10.0.0.1", "1000-2000") "," LIVE("10.0.0.1", "1500")))},
	 {{"publish", "privileged: true | host_port: 1000 | bindings: 10.0.0.1:1500"}}},
	{"the empty port and 0 are the engine's choice",
	 {HOST, CONTAINER("0", PORTS(SET("127.0.0.1", "") "," SET("127.0.0.1", "0")))},
	 {{"publish", "privileged: false | host_port: 0 | wildcard: false"}}},
	{"a port that is none",
	 {HOST, CONTAINER("5", PORTS(LIVE("127.0.0.1", "x")))},
	 {{"publish", "privileged: -"}}},
	{"one item per port and protocol",
	 {HOST,
	  CONTAINER("5", PORTS(LIVE("127.0.0.1", "8080") "," LIVE(
				 "0.0.0.0",
				 "8081") ","
					 "{'origin': 'live', 'port': 80, 'proto': 'udp', 'host_ip':"
					 " '127.0.0.1', 'host_port': '8080'}"))},
	 {{"publish", "rows: 2"},
	  {"publish item=80/tcp", "wildcard: true | addresses: 127.0.0.1, 0.0.0.0"},
	  {"publish item=80/udp", "wildcard: false"}}},
	{"stopped containers keep stale live values",
	 {HOST, CONTAINER("0", PORTS(LIVE("0.0.0.0", "80")))},
	 {{"publish", "port: - | wildcard: false | privileged: false"}}},
	{"a configured binding beside a live one",
	 {HOST, CONTAINER("5", PORTS(SET("127.0.0.1", "8080") "," SET("", "9090") "," LIVE(
				       "127.0.0.1", "8080")))},
	 {{"publish", "wildcard: true | addresses: 0.0.0.0 (configured, not live), 127.0.0.1"}}},
	{"no network of its own, nothing published",
	 {HOST, CONTAINER("5", PORTS(SET("", "80"))),
	  "{'container': [{'id': 'b', 'inspect_status':"
	  " 'ok', 'net_mode': 'host', 'publish_all': true,"
	  " 'pid': 5, 'exposed_port': ['80/tcp']}]}"},
	 {{"publish container=0", "wildcard: true"},
	  {"publish container=1", "port: - | wildcard: false"}}},
	{"a container that could not be inspected",
	 {HOST,
	  "{'container': [{'id': 'a', 'inspect_status': 'timeout', 'inspect_detail': 'late'}]}"},
	 {{"publish", "wildcard: - | privileged: - | reason: UK_API|late"}}},
};

static const struct derive_case resolution[] = {
	{"not live: the bridge's address for \"\"",
	 {HOST,
	  CONTAINER("0", PORTS(SET("", "80")) NETWORKS("{'network_id': 'n1', 'name': 'app'}")),
	  "{'network': [" BRIDGE("n1", "app", "10.1.1.1") "]}"},
	 {{"publish", "wildcard: false | addresses: 10.1.1.1 (configured, not live)"}}},
	{"the first bridge in byte order of names; other drivers do not count",
	 {HOST,
	  CONTAINER("0",
		    PORTS(SET("", "80")) NETWORKS(
			    "{'network_id': 'n2', 'name': 'b'}, {'network_id': 'n1', 'name': 'a'},"
			    " {'network_id': 'n0', 'name': 'Z'}")),
	  "{'network': [{'id': 'n0', 'name': 'Z', 'driver': 'overlay', 'host_binding_ipv4': "
	  "'9.9.9.9'}," BRIDGE("n1", "a", "10.1.1.1") "," BRIDGE("n2", "b", "10.2.2.2") "]}"},
	 {{"publish", "addresses: 10.1.1.1 (configured, not live)"}}},
	{"by name where the id is empty",
	 {HOST, CONTAINER("0", PORTS(SET("", "80")) NETWORKS("{'network_id': '', 'name': 'app'}")),
	  "{'network': [" BRIDGE("n1", "app", "127.0.0.1") "]}"},
	 {{"publish", "wildcard: false"}}},
	{"else the daemon's --ip",
	 {DERIVE_HOST, DERIVE_ENGINE, DERIVE_NO_FILE,
	  DERIVE_DOCKERD(DERIVE_OPTION("ip", "10.3.3.3")),
	  CONTAINER("0", PORTS(SET("", "80")) NETWORKS("{'network_id': 'n1', 'name': 'app'}")),
	  "{'network': [" BRIDGE("n1", "app", "") "]}"},
	 {{"publish", "wildcard: false | addresses: 10.3.3.3 (configured, not live)"}}},
	{"else every address",
	 {HOST, CONTAINER("0", PORTS(SET("", "80")))},
	 {{"publish", "wildcard: true | addresses: 0.0.0.0 (configured, not live)"}}},
	{"an unknown --ip leaves it unknown, and the port known",
	 {DERIVE_HOST, DERIVE_ENGINE, CONTAINER("0", PORTS(SET("", "80")))},
	 {{"publish", "wildcard: - | state: UK_NO_PROCESS | privileged: true"}}},
	{"networks that were not listed leave it unknown",
	 {DERIVE_HOST, DERIVE_DOCKERD(""), DERIVE_NO_FILE,
	  "{'engine': {'kind': 'docker', 'rootless': false}, 'fetch': [{'source': 'GET /networks',"
	  " 'status': 'http_error', 'http_status': 500}]}",
	  CONTAINER("0", PORTS(SET("", "8080")) NETWORKS("{'network_id': 'n1', 'name': 'app'}"))},
	 {{"publish",
	   "wildcard: - | reason: UK_API|GET /networks answered 500 | privileged: false"}}},
	{"a fail stands beside what was not seen",
	 {DERIVE_HOST, DERIVE_ENGINE,
	  CONTAINER("0", PORTS(SET("", "8080") "," SET("0.0.0.0", "8081")))},
	 {{"publish", "wildcard: true | state: UK_NO_PROCESS"}}},
	{"PublishAllPorts of a container that is not live",
	 {HOST,
	  "{'container': [{'id': 'a', 'inspect_status': 'ok', 'net_mode': 'bridge', 'publish_all':"
	  " true, 'pid': 0, 'exposed_port': ['53/udp', '80/tcp']}]}"},
	 {{"publish item=53/udp", "wildcard: true | host_port: 0 | privileged: false"},
	  {"publish item=80/tcp", "addresses: 0.0.0.0 (configured, not live)"},
	  {"publish", "rows: 2"}}},
	{"PublishAllPorts of a live one",
	 {HOST,
	  "{'container': [{'id': 'a', 'inspect_status': 'ok', 'net_mode': 'bridge', 'publish_all':"
	  " true, 'pid': 5, 'exposed_port': ['80/tcp'], 'port': [" LIVE("127.0.0.1",
									"32768") "]}]}"},
	 {{"publish", "wildcard: false | addresses: 127.0.0.1 | host_port: 32768"},
	  {"publish", "rows: 1"}}},
};

static const struct derive_case services[] = {
	{"ingress is open on every node",
	 {HOST,
	  "{'service': [{'id': 's', 'port': [{'target': 80, 'published': 8080, 'proto': 'tcp',"
	  " 'mode': 'ingress'}]}]}"},
	 {{"publish",
	   "service: 0 | container: - | wildcard: true | privileged: false | mode: ingress"},
	  {"publish", "addresses: every node (ingress) | host_port: 8080 | item: 80/tcp"}}},
	{"host mode is judged on the tasks",
	 {HOST, "{'service': [{'id': 's', 'port': [{'target': 80, 'published': 443, 'proto': 'tcp',"
		" 'mode': 'host'}]}]}"},
	 {{"publish", "wildcard: false | privileged: true | mode: host"}}},
	{"nothing published",
	 {HOST, "{'service': [{'id': 's'}]}"},
	 {{"publish", "service: 0 | port: - | wildcard: false"}}},
	{"a published port that was not seen",
	 {HOST, "{'service': [{'id': 's', 'port': [{'target': 80, 'mode': 'ingress'}]}]}"},
	 {{"publish", "wildcard: true | privileged: -"}}},
};

static void test_containers(void)
{
	derive_check(containers, G_N_ELEMENTS(containers));
}

static void test_resolution(void)
{
	derive_check(resolution, G_N_ELEMENTS(resolution));
}

static void test_services(void)
{
	derive_check(services, G_N_ELEMENTS(services));
}

static void test_clearing(void)
{
	derive_check_clearing(containers, G_N_ELEMENTS(containers));
	derive_check_clearing(resolution, G_N_ELEMENTS(resolution));
	derive_check_clearing(services, G_N_ELEMENTS(services));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/derive/publish/containers", test_containers);
	g_test_add_func("/derive/publish/resolution", test_resolution);
	g_test_add_func("/derive/publish/services", test_services);
	g_test_add_func("/derive/publish/clearing-never-helps", test_clearing);
	return g_test_run();
}
