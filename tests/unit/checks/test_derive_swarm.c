/* SPDX-License-Identifier: Apache-2.0 */
/* Swarm ports of dockerd, section 7.2. */
#include "tests/unit/checks/derive_fixture.h"

#define HOST(listen)                                                                               \
	DERIVE_HOST, DERIVE_ENGINE,                                                                \
		"{'dockerd': [{'role': 'serving', 'argv_seen': true,"                              \
		" 'listen_seen': true, 'listen': [" listen "]}]}"
#define SOCKET(proto, addr, port)                                                                  \
	"{'proto': '" proto "', 'addr': '" addr "', 'port': " port ", 'local': false}"
#define GOSSIP(addr) SOCKET("tcp", addr, "7946") "," SOCKET("udp", addr, "7946")
#define WORKER       "{'engine': {'swarm_state': 'active', 'swarm_control': false}}"
#define MANAGER                                                                                    \
	"{'engine': {'swarm_state': 'active', 'swarm_control': true, 'swarm_node_id': 'n1',"       \
	" 'swarm_remote_manager': [{'node_id': 'n2', 'addr': '10.0.0.2:2377'}, {'node_id': 'n1',"  \
	" 'addr': '10.0.0.1:4242'}]}}"

static const struct derive_case cases[] = {
	{"not in a swarm", {HOST(GOSSIP("0.0.0.0"))}, {{"swarm_port", "none"}}},
	{"worked 21: a worker, judged on 7946",
	 {HOST(GOSSIP("10.0.0.1")), WORKER},
	 {{"swarm_port item=7946/tcp", "verdict: pass | observed: 10.0.0.1"},
	  {"swarm_port item=7946/udp", "verdict: pass"},
	  {"swarm_port", "rows: 2"}}},
	{"every address",
	 {HOST(GOSSIP("0.0.0.0")), WORKER},
	 {{"swarm_port item=7946/tcp", "verdict: fail | observed: 0.0.0.0"}}},
	{"every address of IPv6, one of several",
	 {HOST(GOSSIP("10.0.0.1") "," SOCKET("tcp6", "::", "7946")), WORKER},
	 {{"swarm_port item=7946/tcp", "verdict: fail | observed: 10.0.0.1, ::"},
	  {"swarm_port item=7946/udp", "verdict: pass"}}},
	{"a manager's port is that of its own entry",
	 {HOST(GOSSIP("10.0.0.1") "," SOCKET("tcp6", "::", "4242") "," SOCKET("tcp", "10.0.0.1",
									      "2377")),
	  MANAGER},
	 {{"swarm_port item=4242/tcp", "verdict: fail"}, {"swarm_port", "rows: 3"}}},
	{"else the usual one",
	 {HOST(GOSSIP("10.0.0.1") "," SOCKET("tcp", "10.0.0.1", "2377")),
	  "{'engine': {'swarm_state': 'active', 'swarm_control': true, 'swarm_node_id': 'n1'}}"},
	 {{"swarm_port item=2377/tcp", "verdict: pass"}}},
	{"a port without a socket",
	 {HOST(SOCKET("tcp", "10.0.0.1", "7946")), WORKER},
	 {{"swarm_port item=7946/tcp", "verdict: pass"},
	  {"swarm_port item=7946/udp", "verdict: unknown"}}},
	{"sockets that could not be read",
	 {DERIVE_HOST, DERIVE_ENGINE, WORKER,
	  "{'dockerd': [{'role': 'serving', 'listen_seen': false}]}"},
	 {{"swarm_port", "verdict: unknown | reason: UK_PERM|the sockets of dockerd | port: -"}}},
	{"no process",
	 {DERIVE_HOST, DERIVE_ENGINE, WORKER},
	 {{"swarm_port", "verdict: unknown | reason: UK_NO_PROCESS"}}},
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
	g_test_add_func("/derive/swarm/cases", test_cases);
	g_test_add_func("/derive/swarm/clearing-never-helps", test_clearing);
	return g_test_run();
}
