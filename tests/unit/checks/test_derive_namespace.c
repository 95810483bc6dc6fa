/* SPDX-License-Identifier: Apache-2.0 */
/* NAMESPACE(kind, container), RULES 0.11. */
#include "tests/unit/checks/derive_fixture.h"

#define HOST DERIVE_HOST, DERIVE_ENGINE, DERIVE_DOCKERD(""), DERIVE_NO_FILE
/* The engine runs in a network namespace of its own (RootlessKit, docker in docker). */
#define ELSEWHERE                                                                                  \
	DERIVE_HOST, DERIVE_ENGINE,                                                                \
		"{'engine': {'rootless': true}, 'dockerd': [{'role': 'serving', 'uid': 1000, "     \
		"'ns':"                                                                            \
		" {'net': 99}}]}"
#define NET(id, name, mode)                                                                        \
	"{'id': '" id "', 'name': '" name "', 'net_mode': '" mode "', 'pid_mode': '', 'ipc_mode':" \
	" 'private', 'uts_mode': ''}"
#define LIVE(id, name, mode, inode)                                                                \
	"{'id': '" id "', 'name': '" name "', 'net_mode': '" mode                                  \
	"', 'live': {'ns': {'net': " inode "}}}"
#define ALL(containers) "{'container': [" containers "]}"

/* A chain of containers: c01 joins c00, which is on the host's network, and so on. */
#define JOIN(id, of)          NET("c" id, "n" id, "container:c" of)
#define JOIN4(a, b, c, d, of) JOIN(a, of) "," JOIN(b, a) "," JOIN(c, b) "," JOIN(d, c)
#define STEPS_1_TO_8          JOIN4("01", "02", "03", "04", "00") "," JOIN4("05", "06", "07", "08", "04")
#define STEPS_9_TO_16         JOIN4("09", "10", "11", "12", "08") "," JOIN4("13", "14", "15", "16", "12")
#define SIXTEEN               NET("c00", "n00", "host") "," STEPS_1_TO_8 "," STEPS_9_TO_16

static const struct derive_case cases[] = {
	{"a network of its own",
	 {HOST, ALL(NET("a", "web", "bridge"))},
	 {{"namespace kind=net", "container: 0 | verdict: pass | observed: own | source: inspect"},
	  {"namespace kind=pid", "verdict: pass"},
	  {"namespace kind=ipc", "verdict: pass"},
	  {"namespace kind=uts", "verdict: pass"},
	  {"namespace", "rows: 4"}}},
	{"the host's",
	 {HOST, ALL(NET("a", "web", "host"))},
	 {{"namespace kind=net", "verdict: fail | observed: host"},
	  {"namespace kind=uts", "verdict: pass"}}},
	{"every kind by its own option",
	 {HOST, ALL("{'id': 'a', 'net_mode': 'none', 'pid_mode': 'host', 'ipc_mode': 'host',"
		    " 'uts_mode': 'host'}")},
	 {{"namespace kind=net", "verdict: pass"},
	  {"namespace kind=pid", "verdict: fail"},
	  {"namespace kind=ipc", "verdict: fail"},
	  {"namespace kind=uts", "verdict: fail"}}},
	{"worked 24: Podman says private",
	 {HOST, ALL("{'id': 'a', 'pid_mode': 'private', 'uts_mode': 'private'}")},
	 {{"namespace kind=pid", "verdict: pass"}, {"namespace kind=uts", "verdict: pass"}}},
	{"worked 11: joining a container on the host's network",
	 {HOST, ALL(NET("aaaa1", "web", "host") "," NET("bbbb2", "side", "container:aaaa1"))},
	 {{"namespace container=0 kind=net", "verdict: fail | observed: host"},
	  {"namespace container=1 kind=net",
	   "verdict: fail | observed: joins web, which uses host"}}},
	{"worked 11: with the kernel's view",
	 {HOST, ALL(LIVE("aaaa1", "web", "host", "11") "," LIVE("bbbb2", "side", "container:aaaa1",
								"11"))},
	 {{"namespace container=1 kind=net", "verdict: fail | observed: joins web, which uses host "
					     "| source: inspect, /proc/PID/ns"}}},
	{"worked 11: the peer is gone",
	 {HOST, ALL(NET("bbbb2", "side", "container:aaaa1"))},
	 {{"namespace kind=net", "verdict: unknown | reason: UK_GONE_PEER|aaaa1 | observed: -"}}},
	{"joining a container with a network of its own",
	 {HOST, ALL(NET("aaaa1", "web", "bridge") "," NET("bbbb2", "side", "container:aaaa1"))},
	 {{"namespace container=1 kind=net",
	   "verdict: pass | observed: joins web, which uses its own"}}},
	{"by name",
	 {HOST, ALL(NET("aaaa1", "web", "host") "," NET("bbbb2", "side", "container:web"))},
	 {{"namespace container=1 kind=net", "verdict: fail"}}},
	{"by a unique prefix of the id",
	 {HOST, ALL(NET("aaaa1", "web", "host") "," NET("bbbb2", "side", "container:aa"))},
	 {{"namespace container=1 kind=net", "verdict: fail"}}},
	{"a prefix of two ids is none",
	 {HOST, ALL(NET("aaaa1", "web", "host") "," NET("aaaa2", "app", "bridge") "," NET(
			"bbbb2", "side", "container:aaaa"))},
	 {{"namespace container=2 kind=net", "verdict: unknown | reason: UK_GONE_PEER|aaaa"}}},
	{"a whole id wins over a name that looks like it",
	 {HOST, ALL(NET("aaaa1", "web", "host") "," NET("cccc3", "aaaa1", "bridge") "," NET(
			"bbbb2", "side", "container:aaaa1"))},
	 {{"namespace container=2 kind=net", "verdict: fail"}}},
	{"a chain is followed",
	 {HOST, ALL(NET("a1", "web", "host") "," NET("b2", "mid", "container:a1") "," NET(
			"c3", "end", "container:b2"))},
	 {{"namespace container=2 kind=net",
	   "verdict: fail | observed: joins mid, which uses host"}}},
	{"sixteen steps are followed",
	 {HOST, ALL(SIXTEEN)},
	 {{"namespace container=16 kind=net",
	   "verdict: fail | observed: joins n15, which uses host"}}},
	{"seventeen are not",
	 {HOST, ALL(SIXTEEN "," NET("c17", "n17", "container:c16"))},
	 {{"namespace container=17 kind=net", "verdict: unknown | reason: UK_GONE_PEER|c00"}}},
	{"a loop ends",
	 {HOST, ALL(NET("a1", "x", "container:b2") "," NET("b2", "y", "container:a1"))},
	 {{"namespace container=0 kind=net", "verdict: unknown | reason: UK_GONE_PEER|b2"}}},
	{"a container that joins itself",
	 {HOST, ALL(NET("a1", "x", "container:a1"))},
	 {{"namespace kind=net", "verdict: unknown"}}},
	{"the kernel knows better where the peer is gone",
	 {HOST, ALL(LIVE("bbbb2", "side", "container:aaaa1", "77"))},
	 {{"namespace kind=net", "verdict: pass | observed: not the host's (live)"}}},
	{"a mode that was not seen",
	 {HOST, "{'container': [{'id': 'a', 'inspect_status': 'http_error', 'inspect_detail': 'GET"
		" /containers/a/json answered 500'}]}"},
	 {{"namespace kind=net",
	   "verdict: unknown | reason: UK_API|GET /containers/a/json answered 500"}}},
	{"dockerd's namespace was not seen: a rootful engine's is the host's",
	 {DERIVE_HOST, DERIVE_ENGINE, ALL(NET("a", "web", "host"))},
	 {{"namespace kind=net", "verdict: fail"}}},
	{"worked 20: a rootless engine has its own",
	 {ELSEWHERE, ALL(NET("a", "r4", "host"))},
	 {{"namespace kind=net", "verdict: pass | observed: host | note: shares the engine's "
				 "namespace, not the host's"}}},
	{"a rootless engine whose namespace was not seen",
	 {DERIVE_HOST, DERIVE_ENGINE, "{'engine': {'rootless': true}}",
	  ALL(NET("a", "r4", "host"))},
	 {{"namespace kind=net", "verdict: unknown | reason: UK_NO_PROCESS"}}},
	{"which a live container settles",
	 {DERIVE_HOST, DERIVE_ENGINE, "{'engine': {'rootless': true}}",
	  ALL(LIVE("a", "r4", "host", "99"))},
	 {{"namespace kind=net", "verdict: pass"}}},
	{"another machine's pid 1 compares with nothing",
	 {DERIVE_HOST, DERIVE_ENGINE, "{'snapshot': {'host_matches_engine': false}}",
	  ALL(LIVE("a", "web", "bridge", "11"))},
	 {{"namespace kind=net", "verdict: pass | source: inspect"}}},
};

/* Here the live fact is the only one that tells, and without it the mode alone decides. */
static const struct derive_case live_only[] = {
	{"the kernel says host although the mode does not",
	 {HOST, ALL(LIVE("a", "web", "bridge", "11"))},
	 {{"namespace kind=net", "verdict: fail | observed: host (live)"}}},
};

static void test_cases(void)
{
	derive_check(cases, G_N_ELEMENTS(cases));
	derive_check(live_only, G_N_ELEMENTS(live_only));
}

static void test_clearing(void)
{
	derive_check_clearing(cases, G_N_ELEMENTS(cases));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/derive/namespace/cases", test_cases);
	g_test_add_func("/derive/namespace/clearing-never-helps", test_clearing);
	return g_test_run();
}
