/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of derived facts as claims: facts in JSON fragments that are merged in order, then rows of
 * derived tables and what their columns must say.
 */
#ifndef PLIMSOLL_TESTS_DERIVE_FIXTURE_H
#define PLIMSOLL_TESTS_DERIVE_FIXTURE_H

#include "checks/derive/derive.h"

enum { MAX_FRAGMENTS = 12, MAX_CLAIMS = 8 };

/*
 * row   "table", or "table column=value column=value": the first row that matches.
 * want  "column: value | column: value"; "-" = absent; "none" = there is no such row;
 *       "rows: N" = how many match.
 */
struct claim {
	const char *row;
	const char *want;
};

/* Facts are JSON with ' for ". Repeated fields of later fragments are appended, scalars replaced.
 */
struct derive_case {
	const char *name;
	const char *facts[MAX_FRAGMENTS];
	struct claim claims[MAX_CLAIMS];
};

void derive_check(const struct derive_case *cases, gsize n);

/* gives: facts in the arena, merged from fragments up to the first NULL. */
Plimsoll__Facts *derive_facts(const char *const *fragments, struct arena *arena);

/*
 * Clears every optional field of the facts, one at a time, and asserts that nothing that was fail
 * or unknown is pass then: what was not seen never helps.
 */
void derive_check_clearing(const struct derive_case *cases, gsize n);

/* A rootful dockerd 20.10 on this host, all sources seen, nothing configured, nothing running. */
#define DERIVE_HOST                                                                                \
	"{'snapshot': {'endpoint': 'unix:///run/docker.sock', 'host_matches_engine': true,"        \
	" 'agent_in_userns': false, 'agent_in_pidns': false, 'dockerd_installed': true},"          \
	" 'host': {'process_table_seen': true, 'pid1_ns': {'net': 11, 'pid': 12, 'ipc': 13,"       \
	" 'uts': 14, 'user': 15, 'mnt': 16}}}"
#define DERIVE_ENGINE                                                                              \
	"{'engine': {'kind': 'docker', 'rootless': false, 'userns': false, 'os_type': 'linux',"    \
	" 'version': '20.10.24+dfsg1', 'root_dir': '/var/lib/docker',"                             \
	" 'root_dir_real': '/var/lib/docker', 'warn_plain_http': false,"                           \
	" 'swarm_state': 'inactive', 'swarm_control': false},"                                     \
	" 'fetch': [{'source': 'GET /_ping', 'status': 'ok'}, {'source': 'GET /version', 'status'" \
	": 'ok'}, {'source': 'GET /info', 'status': 'ok'}, {'source': 'GET /containers/json?all="  \
	"1', 'status': 'ok'}, {'source': 'GET /images/json', 'status': 'ok'}, {'source': 'GET /"   \
	"networks', 'status': 'ok'}, {'source': 'GET /volumes', 'status': 'ok'}, {'source':"       \
	" 'file:/proc/1/mountinfo', 'status': 'ok'}]}"
#define DERIVE_DOCKERD(options)                                                                    \
	"{'dockerd': [{'pid': 700, 'start_at': 1000, 'exe': '/usr/sbin/dockerd', 'uid': 0,"        \
	" 'gid': 0, 'role': 'serving', 'argv_seen': true, 'env_cert_path': '', 'home': '/root',"   \
	" 'listen_seen': true, 'activated_seen': true, 'ns': {'net': 11, 'pid': 12, 'ipc': 13, "   \
	"'uts': 14, 'user': 15,"                                                                   \
	" 'mnt': 16}, 'option': [" options "]}]}"
#define DERIVE_OPTION(name, value) "{'name': '" name "', 'value': '" value "'}"
#define DERIVE_NO_FILE             "{'config_file': [{'path': '/etc/docker/daemon.json', 'status': 'absent'}]}"
/* The file as it was before dockerd started. */
#define DERIVE_FILE(options)                                                                       \
	"{'config_file': [{'path': '/etc/docker/daemon.json', 'status': 'ok', 'parse_ok': true,"   \
	" 'mtime': 900, 'ctime': 900}], 'config_option': [" options "]}"
#define DERIVE_JSON(name, type, value)                                                             \
	"{'path': '/etc/docker/daemon.json', 'name': '" name "', 'json_type': '" type              \
	"', 'value': '" value "'}"
#define DERIVE_LIST(name, items)                                                                   \
	"{'path': '/etc/docker/daemon.json', 'name': '" name                                       \
	"', 'json_type': 'list', 'item': [" items "]}"

#endif
