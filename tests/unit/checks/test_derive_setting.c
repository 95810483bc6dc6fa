/* SPDX-License-Identifier: Apache-2.0 */
/* EFFECTIVE(option), RULES 0.5. */
#include "tests/unit/checks/derive_fixture.h"

#define RUNNING(options) DERIVE_HOST, DERIVE_ENGINE, DERIVE_DOCKERD(options)

static const struct derive_case values[] = {
	{"without argv and file the default holds",
	 {RUNNING(""), DERIVE_NO_FILE},
	 {{"setting name=icc", "state: ok | value: true | source: default | is_set: false"},
	  {"setting name=log-level", "state: ok | value: info | source: default"},
	  {"setting name=hosts", "state: ok | value: - | items: 0 | source: default"},
	  {"setting name=data-root", "state: ok | value: /var/lib/docker"},
	  {"setting name=ip6tables", "state: ok | value: false"},
	  {"setting name=ip", "state: ok | value: 0.0.0.0"}}},
	{"argv sets scalars, the last one wins",
	 {RUNNING(DERIVE_OPTION("log-level", "debug") "," DERIVE_OPTION("log-level", "warn")),
	  DERIVE_NO_FILE},
	 {{"setting name=log-level", "state: ok | value: warn | source: argv | is_set: true"}}},
	{"booleans accept what pflag accepts",
	 {RUNNING(DERIVE_OPTION("icc", "F") "," DERIVE_OPTION("debug", "1") "," DERIVE_OPTION(
		  "iptables", "FALSE") "," DERIVE_OPTION("tlsverify", "True")),
	  DERIVE_NO_FILE},
	 {{"setting name=icc", "value: false"},
	  {"setting name=debug", "value: true"},
	  {"setting name=iptables", "value: false"},
	  {"setting name=tlsverify", "value: true"}}},
	{"booleans accept nothing else",
	 {RUNNING(DERIVE_OPTION("icc", "no") "," DERIVE_OPTION("debug", "tRUE") "," DERIVE_OPTION(
		  "iptables", "")),
	  DERIVE_NO_FILE},
	 {{"setting name=icc", "state: UK | value: -"},
	  {"setting name=debug", "state: UK | value: -"},
	  {"setting name=iptables", "state: UK | value: -"}}},
	{"names are exact, no prefixes",
	 {RUNNING(DERIVE_OPTION("log", "debug") "," DERIVE_OPTION("log-leve", "debug")),
	  DERIVE_NO_FILE},
	 {{"setting name=log-level", "value: info | source: default"}}},
	{"an empty argument is a value",
	 {RUNNING(DERIVE_OPTION("userns-remap", "")),
	  DERIVE_FILE(DERIVE_JSON("userns-remap", "string", "default"))},
	 {{"setting name=userns-remap", "state: ok | value:  | source: argv | conflict: true"}}},
	{"an argument that does not parse is no value",
	 {RUNNING("{'name': 'icc', 'value': 'false', 'bad': true}"), DERIVE_NO_FILE},
	 {{"setting name=icc", "state: UK | detail: the value of icc does not parse"}}},
	{"an argument whose value was not seen is no value",
	 {RUNNING("{'name': 'no-new-privileges'}"), DERIVE_NO_FILE},
	 {{"setting name=no-new-privileges", "state: UK | value: -"}}},
	{"the file sets what argv does not",
	 {RUNNING(""), DERIVE_FILE(DERIVE_JSON("icc", "bool", "false") "," DERIVE_JSON(
			       "log-level", "string", "warn"))},
	 {{"setting name=icc", "state: ok | value: false | source: daemon.json | is_set: true"},
	  {"setting name=log-level", "value: warn | source: daemon.json"}}},
	{"null and the empty string are unset",
	 {RUNNING(""),
	  DERIVE_FILE(DERIVE_JSON("icc", "null", "") "," DERIVE_JSON("log-level", "string", ""))},
	 {{"setting name=icc", "value: true | source: default | is_set: false"},
	  {"setting name=log-level", "value: info | source: default | is_set: false"}}},
	{"an empty list is unset",
	 {RUNNING(""), DERIVE_FILE(DERIVE_LIST("hosts", ""))},
	 {{"setting name=hosts", "source: default | items: 0 | is_set: false"}}},
	{"a type that dockerd refuses is no value",
	 {RUNNING(""), DERIVE_FILE(DERIVE_JSON("icc", "string", "false"))},
	 {{"setting name=icc", "state: UK | detail: icc has a type that dockerd refuses"}}},
	{"an object is no list",
	 {RUNNING(""),
	  DERIVE_FILE("{'path': '/etc/docker/daemon.json', 'name': 'hosts', 'json_type':"
		      " 'object'}")},
	 {{"setting name=hosts", "state: UK | items: -"}}},
	{"a masked list is no empty one",
	 {RUNNING(""),
	  DERIVE_FILE("{'path': '/etc/docker/daemon.json', 'name': 'hosts', 'json_type':"
		      " 'list', 'masked': true}")},
	 {{"setting name=hosts", "state: UK | items: -"}}},
	{"both set: argv wins, a conflict",
	 {RUNNING(DERIVE_OPTION("icc", "true")), DERIVE_FILE(DERIVE_JSON("icc", "bool", "false"))},
	 {{"setting name=icc", "value: true | source: argv | conflict: true"}}},
	{"options of another file do not count",
	 {RUNNING(""), DERIVE_NO_FILE,
	  "{'config_option': [{'path': '/home/x/daemon.json', 'name': 'icc', 'json_type': 'bool',"
	  " 'value': 'false'}]}"},
	 {{"setting name=icc", "value: true | source: default"}}},
	{"--config-file names the file",
	 {RUNNING(DERIVE_OPTION("config-file", "/srv/d.json")), DERIVE_NO_FILE,
	  "{'config_file': [{'path': '/srv/d.json', 'status': 'ok', 'parse_ok': true, 'mtime': 1,"
	  " 'ctime': 1}], 'config_option': [{'path': '/srv/d.json', 'name': 'icc', 'json_type':"
	  " 'bool', 'value': 'false'}]}"},
	 {{"setting name=icc", "value: false | source: daemon.json"},
	  {"place", "config_path: /srv/d.json"}}},
	{"an empty --config-file: dockerd reads none, not the usual one",
	 {RUNNING(DERIVE_OPTION("config-file", "")),
	  DERIVE_FILE(DERIVE_JSON("no-new-privileges", "bool", "true"))},
	 {{"setting name=no-new-privileges", "value: false | source: default"},
	  {"place", "config_path: "}}},
	{"--graph is the old name of data-root",
	 {RUNNING(DERIVE_OPTION("graph", "/srv/g")), DERIVE_NO_FILE},
	 {{"setting name=data-root", "value: /srv/g | source: argv"}}},
	{"ip6tables is on by default since 27",
	 {RUNNING(""), DERIVE_NO_FILE, "{'engine': {'version': '28.5.2'}}"},
	 {{"setting name=ip6tables", "state: ok | value: true"}}},
};

static const struct derive_case lists[] = {
	{"lists accumulate",
	 {RUNNING(DERIVE_OPTION("insecure-registry", "a:1") "," DERIVE_OPTION("insecure-registry",
									      "b:2")),
	  DERIVE_NO_FILE},
	 {{"setting name=insecure-registries", "items: 2 | value: - | configured: a:1, b:2"},
	  {"setting_item name=insecure-registries value=a:1", "source: argv | key: -"},
	  {"setting_item name=insecure-registries value=b:2", "source: argv"}}},
	{"key=value arguments are split",
	 {RUNNING(DERIVE_OPTION("log-opt", "syslog-address=udp://10.0.0.9:514") "," DERIVE_OPTION(
		  "default-ulimit", "nofile=1024:2048") "," DERIVE_OPTION("storage-opt",
									  "dm.basesize=20G")),
	  DERIVE_NO_FILE},
	 {{"setting_item name=log-opts", "key: syslog-address | value: udp://10.0.0.9:514"},
	  {"setting_item name=default-ulimits", "key: nofile | value: 1024:2048"},
	  {"setting_item name=storage-opts", "key: dm.basesize | value: 20G"}}},
	{"of one key of a map the last value counts, of a list every one",
	 {RUNNING(DERIVE_OPTION("log-opt", "syslog-address=udp://10.0.0.9:514") "," DERIVE_OPTION(
		  "log-opt",
		  "syslog-address=unix:///dev/log") "," DERIVE_OPTION("storage-opt",
								      "dm.basesize=20G") "," DERIVE_OPTION("storage-opt",
													   "dm.basesize=10G")),
	  DERIVE_NO_FILE},
	 {{"setting name=log-opts", "items: 1 | configured: syslog-address=unix:///dev/log"},
	  {"setting name=storage-opts", "items: 2"}}},
	{"key=value members of the file's lists are split, objects are taken as they are",
	 {RUNNING(""),
	  DERIVE_FILE(DERIVE_LIST(
		  "storage-opts",
		  "{'value': 'dm.basesize=20G'}") ","
						  "{'path': '/etc/docker/daemon.json', 'name': "
						  "'log-opts', 'json_type':"
						  " 'object', 'item': [{'key': 'gelf-address', "
						  "'value': 'udp://h:1=2'}]}")},
	 {{"setting_item name=storage-opts", "key: dm.basesize | value: 20G | source: daemon.json"},
	  {"setting_item name=log-opts", "key: gelf-address | value: udp://h:1=2"}}},
	{"a masked value keeps its place",
	 {RUNNING("{'name': 'log-opt', 'masked': true}"), DERIVE_NO_FILE},
	 {{"setting name=log-opts", "state: ok | items: 1 | configured: ..."},
	  {"setting_item name=log-opts", "key: - | value: -"}}},
	{"nothing is listed while the state is not ok",
	 {DERIVE_HOST, DERIVE_ENGINE, DERIVE_FILE(DERIVE_LIST("hosts", "{'value': 'fd://'}"))},
	 {{"setting name=hosts", "state: UK_NO_PROCESS | items: - | configured: fd://"},
	  {"setting_item", "none"}}},
};

static const struct derive_case unresolved[] = {
	{"a process that was not seen has no settings, whatever the file says",
	 {DERIVE_HOST, DERIVE_ENGINE, DERIVE_FILE(DERIVE_JSON("icc", "bool", "false"))},
	 {{"setting name=icc", "state: UK_NO_PROCESS | value: - | is_set: - | configured: false |"
			       " configured_source: daemon.json"}}},
	{"nor when the file does not exist",
	 {DERIVE_HOST, DERIVE_ENGINE, DERIVE_NO_FILE},
	 {{"setting name=icc", "state: UK_NO_PROCESS | value: - | configured: true"}}},
	{"in another pid namespace the process cannot be seen",
	 {DERIVE_HOST, DERIVE_ENGINE, DERIVE_NO_FILE, "{'snapshot': {'agent_in_pidns': true}}"},
	 {{"setting name=icc", "state: UK_USERNS"}}},
	{"nor without the right to read /proc",
	 {DERIVE_HOST, DERIVE_ENGINE, DERIVE_NO_FILE,
	  "{'fetch': [{'source': 'proc', 'status': 'permission'}]}"},
	 {{"setting name=icc", "state: UK_PERM | detail: /proc"}}},
	{"a command line that was not read is no empty one",
	 {DERIVE_HOST, DERIVE_ENGINE, DERIVE_NO_FILE,
	  "{'dockerd': [{'pid': 1, 'role': 'serving', 'start_at': 1000, 'argv_seen': false}]}"},
	 {{"setting name=icc", "state: UK_PERM | detail: the command line of dockerd"}}},
	{"several dockerd that cannot be told apart",
	 {DERIVE_HOST, DERIVE_ENGINE, DERIVE_NO_FILE,
	  "{'dockerd': [{'pid': 1, 'role': 'ambiguous', 'argv_seen': true}, {'pid': 2, 'role':"
	  " 'ambiguous', 'argv_seen': true}]}"},
	 {{"setting name=icc", "state: UK_AMBIGUOUS"}}},
	{"a second dockerd changes nothing",
	 {DERIVE_HOST, DERIVE_ENGINE, DERIVE_NO_FILE,
	  "{'dockerd': [{'pid': 1, 'role': 'other', 'argv_seen': true, 'option': [{'name': 'icc',"
	  " 'value': 'false'}]}]}",
	  DERIVE_DOCKERD("")},
	 {{"setting name=icc", "state: ok | value: true"}, {"place", "serving: 1"}}},
	{"files of another machine say nothing",
	 {RUNNING(""), DERIVE_NO_FILE,
	  "{'snapshot': {'host_matches_engine': false, 'host_mismatch': 'tcp endpoint'}}"},
	 {{"setting name=icc", "state: UK_ELSEWHERE | detail: tcp endpoint"}}},
	{"file unreadable, not set by argv",
	 {RUNNING(DERIVE_OPTION("debug", "true")),
	  "{'config_file': [{'path': '/etc/docker/daemon.json', 'status': 'permission'}]}"},
	 {{"setting name=icc", "state: UK_PERM | detail: /etc/docker/daemon.json | reason:"
			       " UK_PERM|/etc/docker/daemon.json | configured: -"},
	  {"setting name=debug", "state: ok | value: true"}}},
	{"a file that nobody looked at is not absent",
	 {RUNNING("")},
	 {{"setting name=icc", "state: UK | value: - | configured: -"}}},
};

#define CHANGED_FILE(mtime, ctime)                                                                 \
	"{'config_file': [{'path': '/etc/docker/daemon.json', 'status': 'ok', 'parse_ok': true,"   \
	" 'mtime': " mtime ", 'ctime': " ctime                                                     \
	"}], 'config_option': [" DERIVE_JSON("log-level", "string", "warn") "]}"

/* A dockerd by whose pid file it started at another time than by the process table. */
#define STARTED(pid_file_at)                                                                       \
	DERIVE_HOST, DERIVE_ENGINE,                                                                \
		"{'dockerd': [{'pid': 700, 'start_at': 1000, 'uid': 0, 'gid': 0, 'role': "         \
		"'serving',"                                                                       \
		" 'argv_seen': true, 'pid_file_at': " pid_file_at "}]}"
#define MOUNTED(path)                                                                              \
	"{'mount': [{'mount_point': '" path "', 'root': '/srv/x', 'fs_type': 'ext4'}]}"

static const struct derive_case stale[] = {
	{"worked 28: changed after the start, not known without an earlier snapshot",
	 {RUNNING(DERIVE_OPTION("icc", "true")), CHANGED_FILE("5000", "5000")},
	 {{"setting name=log-level", "state: UK_STALE | stale: true | value: - | configured: warn"},
	  {"setting name=userland-proxy", "state: UK_STALE | configured: true"},
	  {"setting name=icc", "state: ok | value: true | source: argv"}}},
	{"two seconds are rounding",
	 {RUNNING(""), CHANGED_FILE("1002", "1002")},
	 {{"setting name=log-level", "state: ok | value: warn"}}},
	{"three are not",
	 {RUNNING(""), CHANGED_FILE("1003", "900")},
	 {{"setting name=log-level", "state: UK_STALE"}}},
	{"a newer ctime alone makes it stale",
	 {RUNNING(""), CHANGED_FILE("900", "1003")},
	 {{"setting name=log-level", "state: UK_STALE"}}},
	{"a mount over the file may be younger than the start, whatever the file's times",
	 {RUNNING(""), CHANGED_FILE("900", "900"), MOUNTED("/etc/docker/daemon.json")},
	 {{"setting name=log-level",
	   "state: UK_STALE | detail: when /etc/docker/daemon.json was mounted is not visible"}}},
	{"over its folder too, also where the file is absent then",
	 {RUNNING(""), DERIVE_NO_FILE, MOUNTED("/etc/docker")},
	 {{"setting name=log-level", "state: UK_STALE | configured: info"}}},
	{"file systems further up are mounted when the machine starts",
	 {RUNNING(""), CHANGED_FILE("900", "900"), MOUNTED("/etc")},
	 {{"setting name=log-level", "state: ok | value: warn"}}},
	{"a pid file of the start, the file older",
	 {STARTED("1001"), CHANGED_FILE("1002", "900")},
	 {{"setting name=log-level", "state: ok | value: warn"}}},
	{"a file that does not parse is not the one that was read",
	 {RUNNING(""), "{'config_file': [{'path': '/etc/docker/daemon.json', 'status': "
		       "'parse_error', 'parse_ok':"
		       " false, 'mtime': 900, 'ctime': 900}]}"},
	 {{"setting name=icc", "state: UK_STALE | stale: true"}}},
	{"dockerd does not start without a file that it was told to read",
	 {RUNNING(DERIVE_OPTION("config-file", "/etc/docker/daemon.json")), DERIVE_NO_FILE},
	 {{"setting name=icc", "state: UK_STALE"}}},
};

/* Not cleared: without the row of a folder nothing says that it is a link, and without its pid file
 * a start is what the process table says. */
static const struct derive_case uncleared[] = {
	{"a clock that was put forward: the pid file tells when the start was by the old one",
	 {STARTED("500"), CHANGED_FILE("900", "900")},
	 {{"setting name=log-level", "state: UK_STALE"}}},
	{"a mount over the folder that the configuration's is a link to",
	 {RUNNING(""), DERIVE_NO_FILE, MOUNTED("/srv/docker"),
	  "{'file': [{'role': 'config_dir', 'path': '/etc/docker', 'real': '/srv/docker', 'status':"
	  " 'ok'}]}"},
	 {{"setting name=log-level", "state: UK_STALE"}}},
};

static void test_values(void)
{
	derive_check(values, G_N_ELEMENTS(values));
}

static void test_lists(void)
{
	derive_check(lists, G_N_ELEMENTS(lists));
}

static void test_unresolved(void)
{
	derive_check(unresolved, G_N_ELEMENTS(unresolved));
}

static void test_stale(void)
{
	derive_check(stale, G_N_ELEMENTS(stale));
	derive_check(uncleared, G_N_ELEMENTS(uncleared));
}

static void test_clearing(void)
{
	derive_check_clearing(values, G_N_ELEMENTS(values));
	derive_check_clearing(lists, G_N_ELEMENTS(lists));
	derive_check_clearing(unresolved, G_N_ELEMENTS(unresolved));
	derive_check_clearing(stale, G_N_ELEMENTS(stale));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/derive/setting/values", test_values);
	g_test_add_func("/derive/setting/lists", test_lists);
	g_test_add_func("/derive/setting/unresolved", test_unresolved);
	g_test_add_func("/derive/setting/stale", test_stale);
	g_test_add_func("/derive/setting/clearing-never-helps", test_clearing);
	return g_test_run();
}
