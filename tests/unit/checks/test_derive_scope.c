/* SPDX-License-Identifier: Apache-2.0 */
/* Which configuration files are this engine's, RULES 0.3. */
#include "tests/unit/checks/derive_fixture.h"

#define FILES                                                                                      \
	"{'file': [{'role': 'config_dir', 'path': '/etc/docker', 'status': 'ok'}, {'role':"        \
	" 'config_dir', 'path': '/srv/b', 'status': 'ok'}, {'role': 'daemon_json', 'path':"        \
	" '/etc/docker/daemon.json', 'status': 'absent'}, {'role': 'daemon_json', 'path':"         \
	" '/srv/b/daemon.json', 'status': 'ok', 'real': '/srv/b/daemon.json'}, {'role':"           \
	" 'certs_d', 'path': '/etc/docker/certs.d/h/ca.crt'}, {'role': 'certs_d', 'path':"         \
	" '/srv/b/certs.d/h/ca.crt'}, {'role': 'default_docker', 'path': '/etc/default/docker'}]}"

static const struct derive_case cases[] = {
	{"the system's own, not those of another dockerd",
	 {DERIVE_HOST, DERIVE_ENGINE, DERIVE_DOCKERD(""), FILES},
	 {{"engine_file", "rows: 3"},
	  {"engine_file file=0", "rows: 1"},
	  {"engine_file file=2", "rows: 1"},
	  {"engine_file file=4", "rows: 1"},
	  {"audit_coverage role=daemon_json", "rows: 1"},
	  {"audit_coverage role=daemon_json", "verdict: not_applicable"}}},
	{"--config-file: its folder beside the system's",
	 {DERIVE_HOST, DERIVE_ENGINE,
	  DERIVE_DOCKERD(DERIVE_OPTION("config-file", "/srv/b/daemon.json")), FILES},
	 {{"engine_file", "rows: 5"},
	  {"engine_file file=2", "rows: 0"},
	  {"engine_file file=3", "rows: 1"},
	  {"audit_coverage role=config_dir", "rows: 2"}}},
	{"a rootless engine has its user's only",
	 {DERIVE_HOST, DERIVE_ENGINE,
	  "{'engine': {'rootless': true}, 'dockerd': [{'role': 'serving',"
	  " 'uid': 1000, 'option': [{'name': 'config-file', 'value':"
	  " '/srv/b/daemon.json'}]}]}",
	  FILES},
	 {{"engine_file", "rows: 3"},
	  {"engine_file file=0", "rows: 0"},
	  {"engine_file file=5", "rows: 1"}}},
	{"all of them while the configuration's place is not known",
	 {DERIVE_HOST, "{'engine': {'kind': 'docker'}}", FILES},
	 {{"place", "config_path: -"}, {"engine_file", "rows: 6"}}},
};

static void test_cases(void)
{
	derive_check(cases, G_N_ELEMENTS(cases));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/derive/scope/cases", test_cases);
	return g_test_run();
}
