/* SPDX-License-Identifier: Apache-2.0 */
/* Effective capabilities, RULES 0.10. */
#include "tests/unit/checks/derive_fixture.h"

#define HOST DERIVE_HOST, DERIVE_ENGINE
#define CONTAINER(privileged, add, drop)                                                           \
	"{'container': [{'id': 'a', 'inspect_status': 'ok', 'privileged': " privileged             \
	", 'cap_add': [" add "], 'cap_drop': [" drop "]}]}"
#define DEFAULT14                                                                                  \
	"AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE NET_RAW SETFCAP" \
	" SETGID SETPCAP SETUID SYS_CHROOT"

static const struct derive_case cases[] = {
	{"nothing said: the engine's fourteen",
	 {HOST, CONTAINER("false", "", "")},
	 {{"capability", "effective: " DEFAULT14 " | surplus:  | net_raw: true | all: false"},
	  {"capability", "sys_admin: false | sys_module: false | sys_ptrace: false"}}},
	{"privileged is all",
	 {HOST, CONTAINER("true", "", "'CHOWN'")},
	 {{"capability", "effective: ALL | surplus: ALL | all: true | sys_admin: true"}}},
	{"both spellings, any case",
	 {HOST, CONTAINER("false", "'CAP_SYS_ADMIN', 'net_admin'", "'cap_net_raw', 'KILL'")},
	 {{"capability", "surplus: NET_ADMIN SYS_ADMIN | net_raw: false | sys_admin: true"}}},
	{"adding a default one is no surplus",
	 {HOST, CONTAINER("false", "'CAP_CHOWN'", "")},
	 {{"capability", "surplus: "}}},
	{"ALL added, then some dropped",
	 {HOST, CONTAINER("false", "'ALL'", "'SYS_ADMIN', 'CAP_NET_RAW'")},
	 {{"capability", "effective: ALL -NET_RAW -SYS_ADMIN | all: false | sys_admin: false"},
	  {"capability", "net_raw: false | sys_module: true | dac_read_search: true"}}},
	{"ALL dropped removes nothing from ALL added",
	 {HOST, CONTAINER("false", "'ALL'", "'ALL'")},
	 {{"capability", "effective: ALL | all: true"}}},
	{"ALL dropped leaves what is added",
	 {HOST, CONTAINER("false", "'NET_BIND_SERVICE', 'SYS_PTRACE'", "'ALL'")},
	 {{"capability",
	   "effective: NET_BIND_SERVICE SYS_PTRACE | surplus: SYS_PTRACE | all: false"},
	  {"capability", "sys_ptrace: true | net_raw: false"}}},
	{"added wins over dropped",
	 {HOST, CONTAINER("false", "'NET_RAW'", "'NET_RAW'")},
	 {{"capability", "net_raw: true"}}},
	{"a name that nobody knows yet still shows",
	 {HOST, CONTAINER("false", "'CAP_FUTURE'", "")},
	 {{"capability", "surplus: FUTURE"}}},
	{"worked 24: Podman's default set is smaller",
	 {HOST, CONTAINER("false", "", "'AUDIT_WRITE', 'MKNOD', 'NET_RAW'"),
	  "{'engine': {'kind': 'podman'}}"},
	 {{"capability", "surplus:  | net_raw: false | effective: CHOWN DAC_OVERRIDE FOWNER FSETID"
			 " KILL NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT"}}},
	{"a container that could not be inspected has no known set",
	 {HOST, "{'container': [{'id': 'a', 'inspect_status': 'http_error'}]}"},
	 {{"capability", "container: 0 | effective: - | surplus: - | all: - | sys_admin: -"}}},
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
	g_test_add_func("/derive/capability/cases", test_cases);
	g_test_add_func("/derive/capability/clearing-never-helps", test_clearing);
	return g_test_run();
}
