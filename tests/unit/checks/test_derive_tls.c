/* SPDX-License-Identifier: Apache-2.0 */
/* The TLS pair of RULES 0.5 and the items of daemon-tcp-tls-verify. */
#include "tests/unit/checks/derive_fixture.h"

#define RUNNING(options) DERIVE_HOST, DERIVE_ENGINE, DERIVE_DOCKERD(options)
#define REMOTE           DERIVE_OPTION("host", "tcp://10.0.0.5:2376")
#define CERT             DERIVE_OPTION("tlscert", "/k/c.pem") "," DERIVE_OPTION("tlskey", "/k/k.pem")
#define FILES            DERIVE_OPTION("tlscacert", "/k/ca.pem") "," CERT
#define TLS_FILES                                                                                  \
	"{'file': [{'role': 'tls_ca', 'path': '/k/ca.pem', 'status': 'ok'}, {'role': 'tls_cert',"  \
	" 'path': '/k/c.pem', 'status': 'ok'}, {'role': 'tls_key', 'path': '/k/k.pem', 'status':"  \
	" 'ok'}]}"
#define DEFAULT_CA(status)                                                                         \
	"{'file': [{'role': 'tls_ca', 'path': '/root/.docker/ca.pem', 'status': '" status "'}]}"

static const struct derive_case pair[] = {
	{"nothing set: off",
	 {RUNNING(""), DERIVE_NO_FILE},
	 {{"tls", "state: ok | enabled: false | verify: false | default_files: false"}}},
	{"tlsverify turns tls on",
	 {RUNNING(DERIVE_OPTION("tlsverify", "true")), DERIVE_NO_FILE},
	 {{"tls", "enabled: true | verify: true | implied: false | default_files: true"}}},
	{"even when it is false",
	 {RUNNING(DERIVE_OPTION("tlsverify", "false")), DERIVE_NO_FILE},
	 {{"tls", "enabled: true | verify: false"}}},
	{"tls alone means verification since 20.10",
	 {RUNNING(DERIVE_OPTION("tls", "true")), DERIVE_NO_FILE},
	 {{"tls", "enabled: true | verify: true | implied: true | default_files: true"}}},
	{"and did not before",
	 {RUNNING(DERIVE_OPTION("tls", "true")), DERIVE_NO_FILE,
	  "{'engine': {'version': '19.03.15'}}"},
	 {{"tls", "enabled: true | verify: false | implied: false"}}},
	{"an unknown release decides nothing",
	 {RUNNING(DERIVE_OPTION("tls", "true")), DERIVE_NO_FILE, "{'engine': {'version': 'dev'}}"},
	 {{"tls", "state: UK | enabled: true | verify: -"}}},
	{"tls and tlsverify=false: off must be written",
	 {RUNNING(DERIVE_OPTION("tls", "true") "," DERIVE_OPTION("tlsverify", "false")),
	  DERIVE_NO_FILE},
	 {{"tls", "enabled: true | verify: false"}}},
	{"tls=false does not make default files count",
	 {RUNNING(DERIVE_OPTION("tls", "false")), DERIVE_NO_FILE},
	 {{"tls", "enabled: false | default_files: false"}}},
	{"from the file, default files do not count",
	 {RUNNING(""), DERIVE_FILE(DERIVE_JSON("tlsverify", "bool", "true"))},
	 {{"tls",
	   "enabled: true | verify: true | default_files: false | cert_dir: /root/.docker"}}},
	{"DOCKER_CERT_PATH of dockerd names the directory",
	 {DERIVE_HOST, DERIVE_ENGINE, DERIVE_NO_FILE,
	  "{'dockerd': [{'role': 'serving', 'start_at': 1000, 'argv_seen': true, 'env_cert_path':"
	  " '/certs', 'home': '/root'}]}"},
	 {{"tls", "cert_dir: /certs"}}},
	{"a stale file leaves the pair unknown",
	 {RUNNING(""),
	  "{'config_file': [{'path': '/etc/docker/daemon.json', 'status': 'ok', 'parse_ok': true,"
	  " 'mtime': 9000, 'ctime': 9000}]}"},
	 {{"tls", "state: UK_STALE | enabled: - | verify: -"},
	  {"tls_file role=tls_ca", "state: UK_STALE"}}},
};

static const struct derive_case listeners[] = {
	{"worked 3: TLS in the file",
	 {RUNNING(""), TLS_FILES,
	  DERIVE_FILE(DERIVE_LIST(
		  "hosts",
		  "{'value': 'unix:///run/docker.sock'}, {'value':"
		  " 'tcp://10.77.0.12:2376'}") "," DERIVE_JSON("tlsverify", "bool",
							       "true") "," DERIVE_JSON("tlscacert",
										       "string",
										       "/k/ca.pem") "," DERIVE_JSON("tlscert",
														    "string",
														    "/k/c.pem") "," DERIVE_JSON("tlskey",
																		"string",
																		"/k/k.pem"))},
	 {{"tls_listener", "rows: 1"},
	  {"tls_listener", "url: tcp://10.77.0.12:2376 | verdict: pass | source: daemon.json"},
	  {"gate name=tcp", "code: ok"}}},
	{"worked 3: listener in argv, the rest in the file",
	 {RUNNING(REMOTE), TLS_FILES,
	  DERIVE_FILE(DERIVE_JSON("tlsverify", "bool", "true") "," DERIVE_JSON(
		  "tlscacert", "string",
		  "/k/ca.pem") "," DERIVE_JSON("tlscert", "string",
					       "/k/c.pem") "," DERIVE_JSON("tlskey", "string",
									   "/k/k.pem"))},
	 {{"tls_listener", "verdict: pass | source: argv | note: -"}}},
	{"worked 4: plain TCP in argv",
	 {RUNNING(DERIVE_OPTION("host", "unix:///var/run/docker.sock") "," DERIVE_OPTION(
		  "host", "tcp://0.0.0.0:2375")),
	  DERIVE_NO_FILE, "{'engine': {'warn_plain_http': true}}"},
	 {{"tls_listener", "verdict: fail | observed: tcp://0.0.0.0:2375 plain | source: argv,"
			   " /info warning"}}},
	{"loopback is not excused",
	 {RUNNING(DERIVE_OPTION("host", "tcp://127.0.0.1:2375")), DERIVE_NO_FILE},
	 {{"tls_listener", "verdict: fail | observed: tcp://127.0.0.1:2375 plain"}}},
	{"worked 5: tlsverify without CA",
	 {RUNNING(REMOTE "," DERIVE_OPTION("tlsverify", "true") "," CERT), DERIVE_NO_FILE,
	  DEFAULT_CA("absent")},
	 {{"tls_listener", "verdict: fail | observed: no CA: any public CA is accepted"},
	  {"tls_file role=tls_ca", "state: NA | reason: NA|no TLS certificate configured"}}},
	{"a default CA counts",
	 {RUNNING(REMOTE "," DERIVE_OPTION("tlsverify", "true") "," CERT), DERIVE_NO_FILE,
	  DEFAULT_CA("ok")},
	 {{"tls_listener", "verdict: pass"},
	  {"tls_file role=tls_ca", "state: ok | path: /root/.docker/ca.pem | configured: false | "
				   "file: 0 | source: default"}}},
	{"a default CA that may not be looked for is unknown",
	 {RUNNING(REMOTE "," DERIVE_OPTION("tlsverify", "true") "," CERT), DERIVE_NO_FILE,
	  DEFAULT_CA("permission")},
	 {{"tls_listener", "verdict: unknown | reason: UK_PERM|/root/.docker/ca.pem"}}},
	{"nor one that nobody looked for",
	 {RUNNING(REMOTE "," DERIVE_OPTION("tlsverify", "true") "," CERT), DERIVE_NO_FILE},
	 {{"tls_listener", "verdict: unknown"}}},
	{"a default CA does not count when tlsverify stands in the file",
	 {RUNNING(REMOTE "," CERT), DEFAULT_CA("ok"),
	  DERIVE_FILE(DERIVE_JSON("tlsverify", "bool", "true"))},
	 {{"tls_listener", "verdict: fail | observed: no CA: any public CA is accepted"}}},
	{"nothing at all",
	 {RUNNING(REMOTE "," DERIVE_OPTION("tlsverify", "true")), DERIVE_NO_FILE,
	  "{'file': [{'role': 'tls_ca', 'path': '/root/.docker/ca.pem', 'status': 'absent'},"
	  " {'role': 'tls_cert', 'path': '/root/.docker/cert.pem', 'status': 'absent'},"
	  " {'role': 'tls_key', 'path': '/root/.docker/key.pem', 'status': 'absent'}]}"},
	 {{"tls_listener", "observed: no CA: any public CA is accepted; no certificate; no key"}}},
	{"worked 5b: --tls alone",
	 {RUNNING(REMOTE "," DERIVE_OPTION("tls", "true") "," FILES), DERIVE_NO_FILE, TLS_FILES,
	  "{'engine': {'version': '26.1.5'}}"},
	 {{"tls_listener", "verdict: pass | note: verification implied by tls"}}},
	{"worked 5b: with --tlsverify=false added",
	 {RUNNING(REMOTE "," DERIVE_OPTION("tls", "true") "," DERIVE_OPTION("tlsverify",
									    "false") "," FILES),
	  DERIVE_NO_FILE, TLS_FILES},
	 {{"tls_listener", "verdict: fail | observed: TLS without client verification"}}},
	{"worked 5b: --tls alone on 19.03",
	 {RUNNING(REMOTE "," DERIVE_OPTION("tls", "true") "," FILES), DERIVE_NO_FILE, TLS_FILES,
	  "{'engine': {'version': '19.03.15'}}"},
	 {{"tls_listener", "verdict: fail | observed: TLS without client verification"}}},
	{"Docker's own warning beats the configuration",
	 {RUNNING(REMOTE "," DERIVE_OPTION("tlsverify", "true") "," FILES), DERIVE_NO_FILE,
	  TLS_FILES, "{'engine': {'warn_plain_http': true}}"},
	 {{"tls_listener", "verdict: fail | observed: tcp://10.0.0.5:2376 plain"}}},
	{"also where no listener is known",
	 {DERIVE_HOST, DERIVE_ENGINE, DERIVE_NO_FILE, "{'engine': {'warning': ['plain_http']}}"},
	 {{"tls_listener", "verdict: fail | observed: API is accessible on http:// | url: -"},
	  {"gate name=tcp", "code: ok"}}},
	{"warnings that were not seen cannot confirm a pass",
	 {DERIVE_HOST, DERIVE_DOCKERD(REMOTE "," DERIVE_OPTION("tlsverify", "true") "," FILES),
	  DERIVE_NO_FILE, TLS_FILES, "{'engine': {'kind': 'docker', 'rootless': false}}"},
	 {{"tls_listener", "verdict: unknown"}}},
	{"only a unix socket",
	 {RUNNING(""), DERIVE_NO_FILE},
	 {{"gate name=tcp", "code: NA_NO_TCP"}, {"tls_listener", "none"}}},
	{"stale TLS options of a listener in argv",
	 {RUNNING(REMOTE),
	  "{'config_file': [{'path': '/etc/docker/daemon.json', 'status': 'ok', 'parse_ok': true,"
	  " 'mtime': 9000, 'ctime': 9000}]}"},
	 {{"tls_listener", "verdict: unknown | reason: UK_STALE|/etc/docker/daemon.json"}}},
};

static const struct derive_case files[] = {
	{"a configured file is judged where it is",
	 {RUNNING(FILES), DERIVE_NO_FILE, TLS_FILES},
	 {{"tls_file role=tls_ca", "state: ok | path: /k/ca.pem | configured: true | file: 0"},
	  {"tls_file role=tls_cert", "file: 1 | source: argv"},
	  {"tls_file role=tls_key", "file: 2"},
	  {"tls_file", "rows: 3"}}},
	{"configured but missing",
	 {RUNNING(FILES), DERIVE_NO_FILE,
	  "{'file': [{'role': 'tls_ca', 'path': '/k/ca.pem', 'status': 'absent'}, {'role':"
	  " 'tls_cert', 'path': '/k/c.pem', 'status': 'dangling'}, {'role': 'tls_key', 'path':"
	  " '/k/k.pem', 'status': 'permission'}]}"},
	 {{"tls_file role=tls_ca", "state: UK | detail: configured file is missing"},
	  {"tls_file role=tls_cert", "state: UK | detail: configured file is missing"},
	  {"tls_file role=tls_key", "state: UK_PERM | detail: /k/k.pem"}}},
	{"nothing configured and tls off",
	 {RUNNING(""), DERIVE_NO_FILE},
	 {{"tls_file role=tls_key", "state: NA | reason: NA|no TLS certificate configured"}}},
	{"tlsverify=false still turns tls on: the default file is in use",
	 {RUNNING(DERIVE_OPTION("tlsverify", "false")), DERIVE_NO_FILE,
	  "{'file': [{'role': 'tls_key', 'path': '/root/.docker/key.pem', 'status': 'ok'}]}"},
	 {{"tls_file role=tls_key", "state: ok | file: 0"}}},
};

static void test_pair(void)
{
	derive_check(pair, G_N_ELEMENTS(pair));
}

static void test_listeners(void)
{
	derive_check(listeners, G_N_ELEMENTS(listeners));
}

static void test_files(void)
{
	derive_check(files, G_N_ELEMENTS(files));
}

static void test_clearing(void)
{
	derive_check_clearing(pair, G_N_ELEMENTS(pair));
	derive_check_clearing(listeners, G_N_ELEMENTS(listeners));
	derive_check_clearing(files, G_N_ELEMENTS(files));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/derive/tls/pair", test_pair);
	g_test_add_func("/derive/tls/listeners", test_listeners);
	g_test_add_func("/derive/tls/files", test_files);
	g_test_add_func("/derive/tls/clearing-never-helps", test_clearing);
	return g_test_run();
}
