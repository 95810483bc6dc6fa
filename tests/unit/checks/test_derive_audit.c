/* SPDX-License-Identifier: Apache-2.0 */
/* AUDIT(target), RULES 0.7. */
#include "tests/unit/checks/derive_fixture.h"

#define STATUS(source)                                                                             \
	"{'audit_status': {'kernel': true, 'enabled': 1, 'source': '" source "', 'status': 'ok'}," \
	" 'mount': [{'mount_point': '/'}, {'mount_point': '/proc'}]}"
#define NETLINK          DERIVE_HOST, STATUS("netlink")
#define AUDITCTL         DERIVE_HOST, STATUS("auditctl")
#define FILE(role, path) FILE_AS(role, path, path, "file")
#define FILE_AS(role, path, real, type)                                                            \
	"{'file': [{'role': '" role "', 'path': '" path "', 'real': '" real "', 'type': '" type    \
	"', 'status': 'ok'}]}"
#define JSON         FILE("daemon_json", "/etc/docker/daemon.json")
#define DOCKERD      FILE("binary_dockerd", "/usr/sbin/dockerd")
#define RULES(rules) "{'audit_rule': [" rules "]}"
#define RULE(origin, action, path, more)                                                           \
	"{'origin': '" origin "', 'list': 'exit', 'action': '" action "', 'path': '" path          \
	"', 'path_real': '" path "', 'raw': '" action " " path "'" more "}"
/* What the kernel says of a watch: "-w path" and "-w directory". */
#define WATCH(path, perms) RULE("loaded", "always", path, ", 'dir': false, 'perms': '" perms "'")
#define TREE(path, perms)  RULE("loaded", "always", path, ", 'dir': true, 'perms': '" perms "'")
#define NEVER(path, more)  RULE("loaded", "never", path, ", 'dir': true, 'syscalls': 'all'" more)
/* What auditctl's text says of the same. */
#define TEXT(path, is_dir)                                                                         \
	RULE("loaded", "always", path, ", 'perms': 'rwxa', 'path_is_dir': " is_dir)
#define ON_DISK(path)                                                                              \
	RULE("file", "always", path,                                                               \
	     ", 'dir': true, 'perms': 'wa', 'file': '/etc/audit/rules.d/docker.rules'")
#define FIELD(name, op, value)                                                                     \
	", 'field': [{'name': '" name "', 'op': '" op "', 'value': '" value "'}]"
#define ROW(want)                                                                                  \
	{                                                                                          \
		"audit_coverage", want                                                             \
	}

static const struct derive_case covers[] = {
	{"no rule",
	 {NETLINK, JSON},
	 {ROW("verdict: fail | observed: no rule | expected: -w /etc/docker/daemon.json -p wa |"
	      " source: netlink | path: /etc/docker/daemon.json | file: 0 | role: daemon_json")}},
	{"a watch on the file",
	 {NETLINK, JSON, RULES(WATCH("/etc/docker/daemon.json", "wa"))},
	 {ROW("verdict: pass | observed: always /etc/docker/daemon.json")}},
	{"read and execute are not required, nor do they harm",
	 {NETLINK, JSON, RULES(WATCH("/etc/docker/daemon.json", "rwxa"))},
	 {ROW("verdict: pass | note: not persistent")}},
	{"worked 14: a directory rule above",
	 {NETLINK, JSON, FILE_AS("config_dir", "/etc/docker", "/etc/docker", "dir"),
	  RULES(TREE("/etc/docker", "wa"))},
	 {{"audit_coverage role=daemon_json", "verdict: pass | note: not persistent"},
	  {"audit_coverage role=config_dir", "verdict: pass | note: not persistent"}}},
	{"worked 14: a rule below does not cover the directory",
	 {NETLINK, FILE_AS("config_dir", "/etc/docker", "/etc/docker", "dir"),
	  RULES(WATCH("/etc/docker/daemon.json", "wa"))},
	 {ROW("verdict: fail | observed: no rule")}},
	{"worked 14: from auditctl's text alone the rule above is unknown, the directory's own is "
	 "not",
	 {AUDITCTL, JSON, FILE_AS("config_dir", "/etc/docker", "/etc/docker", "dir"),
	  RULES(TEXT("/etc/docker", "true"))},
	 {{"audit_coverage role=daemon_json",
	   "verdict: unknown | reason: UK|auditctl does not tell dir= from path= | observed: always"
	   " /etc/docker | source: auditctl"},
	  {"audit_coverage role=config_dir", "verdict: pass"}}},
	{"from the text, a watch on a file covers nothing below its name",
	 {AUDITCTL, JSON, RULES(TEXT("/etc/docker", "false"))},
	 {ROW("verdict: fail")}},
	{"path= on a directory above covers nothing below",
	 {NETLINK, JSON, RULES(WATCH("/etc/docker", "wa"))},
	 {ROW("verdict: fail | observed: no rule")}},
	{"path= on the directory itself is accepted, with a note",
	 {NETLINK, FILE_AS("config_dir", "/etc/docker", "/etc/docker", "dir"),
	  RULES(WATCH("/etc/docker", "wa") "," ON_DISK("/etc/docker"))},
	 {ROW("verdict: pass | note: watches the directory entry, not its subtree; use dir=")}},
	{"names that only begin alike",
	 {NETLINK, JSON, RULES(TREE("/etc/dock", "wa"))},
	 {ROW("verdict: fail")}},
	{"the root covers everything",
	 {NETLINK, JSON, RULES(TREE("/", "wa"))},
	 {ROW("verdict: pass")}},
	{"the target is the realpath",
	 {NETLINK, FILE_AS("daemon_json", "/etc/docker/daemon.json", "/srv/d.json", "file"),
	  RULES(WATCH("/srv/d.json", "wa"))},
	 {ROW("verdict: pass | expected: -w /srv/d.json -p wa | path: /srv/d.json")}},
	{"a watch on the link does not cover what it points to",
	 {NETLINK, FILE_AS("daemon_json", "/etc/docker/daemon.json", "/srv/d.json", "file"),
	  RULES(RULE("loaded", "always", "/etc/docker/daemon.json",
		     ", 'dir': false, 'perms': 'wa', 'path_is_link': true"))},
	 {ROW("verdict: fail | observed: no rule | note: rule watches the link")}},
	{"worked 16: dockerd elsewhere",
	 {NETLINK, DOCKERD, RULES(WATCH("/usr/bin/dockerd", "rwxa"))},
	 {ROW("verdict: fail | expected: -w /usr/sbin/dockerd -p wa | note: -")}},
	{"worked 16: the rule's path is a link to it",
	 {NETLINK, DOCKERD,
	  RULES(RULE("loaded", "always", "/usr/bin/dockerd",
		     ", 'dir': false, 'perms': 'rwxa', 'path_is_link': true"))},
	 {ROW("verdict: fail | note: rule watches the link")}},
	{"a rule whose parent is a link is compared by its realpath",
	 {NETLINK, FILE("api_socket", "/run/docker.sock"),
	  RULES("{'origin': 'loaded', 'list': 'exit', 'action': 'always', 'path':"
		" '/var/run/docker.sock', 'path_real': '/run/docker.sock', 'dir': false, 'perms': "
		"'wa',"
		" 'raw': '-w /var/run/docker.sock -p wa'}")},
	 {ROW("verdict: pass | observed: -w /var/run/docker.sock -p wa")}},
	{"worked 6: the data root, not the directory of userns-remap in it",
	 {DERIVE_HOST, STATUS("netlink"), DERIVE_ENGINE,
	  "{'engine': {'userns': true, 'root_dir_real': '/srv/docker/100000.100000'}}",
	  FILE_AS("data_root", "/srv/docker/100000.100000", "/srv/docker/100000.100000", "dir"),
	  RULES(TREE("/srv/docker", "wa"))},
	 {ROW("verdict: pass | path: /srv/docker")}},
	{"x missing on a program is a note",
	 {NETLINK, DOCKERD,
	  RULES(WATCH("/usr/sbin/dockerd", "wa") "," ON_DISK("/usr/sbin/dockerd"))},
	 {ROW("verdict: pass | note: running it (x) is not watched")}},
};

static const struct derive_case mounts[] = {
	{"a mount point between rule and target",
	 {NETLINK, JSON, "{'mount': [{'mount_point': '/etc/docker'}]}", RULES(TREE("/etc", "wa"))},
	 {ROW("verdict: unknown | reason: UK|rule on /etc may stop at mount /etc/docker")}},
	{"a mount point at the target",
	 {NETLINK, JSON, "{'mount': [{'mount_point': '/etc/docker/daemon.json'}]}",
	  RULES(TREE("/etc/docker", "wa"))},
	 {ROW("verdict: unknown")}},
	{"a mount point at the rule's directory or elsewhere does not matter",
	 {NETLINK, JSON,
	  "{'mount': [{'mount_point': '/etc'}, {'mount_point': '/etc/docker/certs.d'},"
	  " {'mount_point': '/et'}]}",
	  RULES(TREE("/etc", "wa"))},
	 {ROW("verdict: pass")}},
	{"unless another rule covers without crossing",
	 {NETLINK, JSON, "{'mount': [{'mount_point': '/etc/docker'}]}",
	  RULES(TREE("/etc", "wa") "," TREE("/etc/docker", "wa"))},
	 {ROW("verdict: pass")}},
	{"mounts that were not seen",
	 {DERIVE_HOST,
	  "{'audit_status': {'kernel': true, 'enabled': 1, 'source': 'netlink', 'status':"
	  " 'ok'}}",
	  JSON, RULES(TREE("/etc", "wa"))},
	 {ROW("verdict: unknown")}},
	{"an exclusion that may stop at a mount",
	 {NETLINK, JSON, "{'mount': [{'mount_point': '/etc/docker'}]}",
	  RULES(NEVER("/etc", "") "," WATCH("/etc/docker/daemon.json", "wa"))},
	 {ROW("verdict: unknown | reason: UK|rule on /etc may stop at mount /etc/docker")}},
	{"an exclusion after a rule that may cover",
	 {NETLINK, JSON, "{'mount': [{'mount_point': '/etc/docker'}]}",
	  RULES(TREE("/etc", "wa") "," NEVER("/etc/docker", ""))},
	 {ROW("verdict: unknown")}},
};

#define DATA_ROOT FILE_AS("data_root", "/var/lib/docker", "/var/lib/docker", "dir")

static const struct derive_case order[] = {
	{"worked 15a: execution only",
	 {NETLINK, DOCKERD, RULES(WATCH("/usr/sbin/dockerd", "x"))},
	 {ROW("verdict: fail | observed: perm=x")}},
	{"attribute changes only",
	 {NETLINK, JSON, RULES(WATCH("/etc/docker/daemon.json", "a"))},
	 {ROW("verdict: fail | observed: perm=a")}},
	{"writes only",
	 {NETLINK, JSON, RULES(WATCH("/etc/docker/daemon.json", "w"))},
	 {ROW("verdict: fail | observed: perm=w")}},
	{"perms of several rules add up",
	 {NETLINK, JSON,
	  RULES(WATCH("/etc/docker/daemon.json", "w") "," TREE("/etc/docker", "ra"))},
	 {ROW("verdict: pass")}},
	{"but not with a narrowed one",
	 {NETLINK, JSON,
	  RULES(WATCH("/etc/docker/daemon.json",
		      "w") "," RULE("loaded", "always", "/etc/docker/daemon.json",
				    ", 'dir': false, 'perms': 'a'" FIELD("uid", "=", "0")))},
	 {ROW("verdict: manual | observed: only for uid=0")}},
	{"worked 15b: excluded before",
	 {NETLINK, DATA_ROOT,
	  RULES(NEVER("/var/lib/docker", "") "," TREE("/var/lib/docker", "wa"))},
	 {ROW("verdict: fail | observed: excluded by rule 1")}},
	{"worked 15b: excluded after",
	 {NETLINK, DATA_ROOT,
	  RULES(TREE("/var/lib/docker", "wa") "," NEVER("/var/lib/docker", ""))},
	 {ROW("verdict: pass")}},
	{"excluded above",
	 {NETLINK, JSON,
	  RULES(NEVER("/etc", ", 'perms': 'wa'") "," WATCH("/etc/docker/daemon.json", "wa"))},
	 {ROW("verdict: fail | observed: excluded by rule 1")}},
	{"excluded below does not matter",
	 {NETLINK, FILE_AS("config_dir", "/etc/docker", "/etc/docker", "dir"),
	  RULES(NEVER("/etc/docker/certs.d", "") "," TREE("/etc/docker", "wa"))},
	 {ROW("verdict: pass")}},
	{"worked 15c: partly excluded",
	 {NETLINK, DATA_ROOT,
	  RULES(NEVER("/var/lib/docker",
		      FIELD("exe", "=", "/usr/bin/du")) "," TREE("/var/lib/docker", "wa"))},
	 {ROW("verdict: manual | observed: partly excluded")}},
	{"an exclusion of reads takes part of the writes (open for both)",
	 {NETLINK, DATA_ROOT,
	  RULES(NEVER("/var/lib/docker", ", 'perms': 'r'") "," TREE("/var/lib/docker", "wa"))},
	 {ROW("verdict: manual | observed: partly excluded")}},
	{"partly excluded and nothing covers",
	 {NETLINK, DATA_ROOT, RULES(NEVER("/var/lib/docker", FIELD("exe", "=", "/usr/bin/du")))},
	 {ROW("verdict: fail | observed: no rule")}},
	{"worked 15d: the task list",
	 {NETLINK, DOCKERD,
	  RULES(WATCH("/usr/sbin/dockerd",
		      "wa") ","
			    "{'origin': 'loaded', 'list': 'task', 'action': 'never', 'raw': '-a"
			    " never,task'}")},
	 {ROW("verdict: fail | observed: syscall auditing off: -a never,task")}},
	{"the task list with fields is a note",
	 {NETLINK, DOCKERD,
	  RULES(WATCH("/usr/sbin/dockerd", "rwxa") "," ON_DISK(
		  "/usr/sbin") ","
			       "{'origin': 'loaded', 'list': 'task', 'action': 'never'" FIELD(
				       "uid", "=", "33") "}")},
	 {ROW("verdict: pass | note: some processes are excluded: never,task with fields")}},
	{"worked 15e: only for some",
	 {NETLINK, DOCKERD,
	  RULES(RULE(
		  "loaded", "always", "/usr/sbin/dockerd",
		  ", 'dir': false, 'syscalls': 'all', 'perms': 'wa'" FIELD("auid", ">=", "1000")))},
	 {ROW("verdict: manual | observed: only for auid>=1000")}},
	{"everything excluded",
	 {NETLINK, JSON,
	  RULES("{'origin': 'loaded', 'list': 'exit', 'action': 'never', 'syscalls':"
		" 'all'}," WATCH("/etc/docker/daemon.json", "wa"))},
	 {ROW("verdict: fail | observed: everything excluded by rule 1")}},
	{"everything excluded, after the rule",
	 {NETLINK, JSON,
	  RULES(WATCH("/etc/docker/daemon.json", "wa") ","
						       "{'origin': 'loaded', 'list': 'exit', "
						       "'action': 'never', 'syscalls': 'all'}")},
	 {ROW("verdict: pass")}},
	{"an exclusion without a path but with fields changes nothing",
	 {NETLINK, JSON,
	  RULES("{'origin': 'loaded', 'list': 'exit', 'action': 'never', 'syscalls':"
		" 'all'" FIELD("msgtype", "=", "CWD") "}," WATCH("/etc/docker/daemon.json", "wa"))},
	 {ROW("verdict: pass | note: a never rule without a path takes other events out; not"
	      " persistent")}},
	{"other lists change nothing",
	 {NETLINK, JSON,
	  RULES("{'origin': 'loaded', 'list': 'user', 'action': 'never'}, {'origin':"
		" 'loaded', 'list': 'exclude', 'action': 'always'}," WATCH(
			"/etc/docker/daemon.json", "wa"))},
	 {ROW("verdict: pass")}},
	{"system calls without perm are not enough",
	 {NETLINK, JSON,
	  RULES(RULE("loaded", "always", "/etc/docker/daemon.json",
		     ", 'dir': false, 'syscalls': 'openat,unlink'"))},
	 {ROW("verdict: fail | observed: system calls only, no perm")}},
	{"all system calls without perm are all changes",
	 {NETLINK, JSON,
	  RULES(RULE("loaded", "always", "/etc/docker/daemon.json",
		     ", 'dir': false, 'syscalls': 'all'"))},
	 {ROW("verdict: pass")}},
	{"a rule of which the list was not seen could be any",
	 {NETLINK, JSON,
	  RULES(WATCH("/etc/docker/daemon.json", "wa") ","
						       "{'origin': 'loaded', 'action': 'never'}")},
	 {ROW("verdict: unknown")}},
};

static const struct derive_case files[] = {
	{"on disk, not loaded",
	 {NETLINK, JSON, RULES(ON_DISK("/etc/docker"))},
	 {ROW("verdict: fail | observed: no rule | note: rule is on disk, not loaded")}},
	{"loaded and on disk",
	 {NETLINK, JSON, RULES(WATCH("/etc/docker/daemon.json", "wa") "," ON_DISK("/etc/docker"))},
	 {ROW("verdict: pass | note: -")}},
	{"loaded, files not readable: nobody knows whether it persists",
	 {NETLINK, JSON, RULES(WATCH("/etc/docker/daemon.json", "wa")),
	  "{'fetch': [{'source': 'file:/etc/audit/rules.d', 'status': 'permission'}]}"},
	 {ROW("verdict: pass | note: -")}},
	{"worked 17: rules unreadable, files are evidence only",
	 {DERIVE_HOST, "{'audit_status': {'source': 'none', 'status': 'permission'}}", DOCKERD,
	  RULES(ON_DISK("/usr/sbin/dockerd"))},
	 {ROW("verdict: unknown | reason: UK_PERM|the audit rules | observed: "
	      "rules.d/docker.rules:1"
	      " would cover | source: files")}},
	{"worked 17: an absent file does not apply even then",
	 {DERIVE_HOST, "{'audit_status': {'source': 'none', 'status': 'permission'}}",
	  "{'file': [{'role': 'docker_service', 'path': '/lib/systemd/system/docker.service',"
	  " 'status': 'absent'}]}"},
	 {ROW("verdict: not_applicable | reason: NA_ABSENT|/lib/systemd/system/docker.service")}},
	{"no tool at all",
	 {DERIVE_HOST, "{'audit_status': {'source': 'none', 'status': 'absent'}}", JSON},
	 {ROW("verdict: unknown | reason: UK_TOOL | observed: no rule on disk would cover")}},
	{"nothing was asked", {DERIVE_HOST, JSON}, {ROW("verdict: unknown | reason: UK_TOOL")}},
	{"not all rules were seen",
	 {DERIVE_HOST,
	  "{'audit_status': {'source': 'netlink', 'enabled': 1, 'status': 'truncated',"
	  " 'detail': '8192 of 9000'}}",
	  JSON, RULES(WATCH("/etc/docker/daemon.json", "wa"))},
	 {ROW("verdict: unknown | reason: UK_TRUNCATED|8192 of 9000")}},
	{"a kernel without audit",
	 {DERIVE_HOST, "{'audit_status': {'kernel': false, 'source': 'none', 'status': 'absent'}}",
	  JSON},
	 {ROW("verdict: fail | observed: kernel has no audit")}},
	{"auditing switched off",
	 {NETLINK, "{'audit_status': {'enabled': 0}}", JSON,
	  RULES(WATCH("/etc/docker/daemon.json", "wa"))},
	 {ROW("verdict: fail | observed: auditing is switched off")}},
	{"a parent that may not be searched",
	 {NETLINK,
	  "{'file': [{'role': 'daemon_json', 'path': '/etc/docker/daemon.json', 'status':"
	  " 'permission'}]}",
	  RULES(TREE("/etc", "wa"))},
	 {ROW("verdict: unknown | reason: UK_PERM|/etc/docker/daemon.json")}},
	{"files of another machine",
	 {NETLINK, DERIVE_ENGINE, "{'snapshot': {'host_matches_engine': false}}", JSON,
	  RULES(WATCH("/etc/docker/daemon.json", "wa"))},
	 {ROW("verdict: unknown | reason: UK_ELSEWHERE")}},
	{"roles that no check audits have no row",
	 {NETLINK, FILE("tls_key", "/k.pem")},
	 {ROW("none")}},
};

static void test_covers(void)
{
	derive_check(covers, G_N_ELEMENTS(covers));
}

static void test_mounts(void)
{
	derive_check(mounts, G_N_ELEMENTS(mounts));
}

static void test_order(void)
{
	derive_check(order, G_N_ELEMENTS(order));
}

static void test_files(void)
{
	derive_check(files, G_N_ELEMENTS(files));
}

static void test_clearing(void)
{
	derive_check_clearing(covers, G_N_ELEMENTS(covers));
	derive_check_clearing(mounts, G_N_ELEMENTS(mounts));
	derive_check_clearing(order, G_N_ELEMENTS(order));
	derive_check_clearing(files, G_N_ELEMENTS(files));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/derive/audit/covers", test_covers);
	g_test_add_func("/derive/audit/mounts", test_mounts);
	g_test_add_func("/derive/audit/order", test_order);
	g_test_add_func("/derive/audit/files", test_files);
	g_test_add_func("/derive/audit/clearing-never-helps", test_clearing);
	return g_test_run();
}
