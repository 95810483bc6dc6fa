/* SPDX-License-Identifier: Apache-2.0 */
/* The texts of /proc are read right, also where names in them try to mislead. */
#include "agent/proc_text.h"

#include <string.h>

#define ID       "5f6a1248185c55e3619db35fa6492578eb3baf0d95f7cc30152db88c1e7863f3"
#define OTHER_ID "b8982154d2d2d83237ffb8e3367d41c24e5db0683c5ea30c4746bdba8ab36f34"

static void test_stat(void)
{
	static const char tail[] = " S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4242 9 9";
	static const struct {
		const char *comm;
	} names[] = {{"sleep"}, {"a) S 9 (b"}, {"(sd-pam)"}, {") R 1 1"}, {""}};
	struct proc_stat stat;

	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *text = g_strdup_printf("77 (%s)%s\n", names[i].comm, tail);

		g_assert_true(proc_stat_parse(text, &stat));
		g_assert_cmpint(stat.pid, ==, 77);
		g_assert_cmpint(stat.ppid, ==, 1);
		g_assert_cmpuint(stat.start_ticks, ==, 4242);
		g_assert_cmpstr(stat.comm, ==, names[i].comm);
		g_assert_false(stat.is_kernel_thread);
	}
	g_assert_true(proc_stat_parse(
		"2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 3", &stat));
	g_assert_true(stat.is_kernel_thread);
	g_assert_false(proc_stat_parse("77 (x) S 1 7", &stat));
	g_assert_false(proc_stat_parse("", &stat));
}

static void test_status(void)
{
	static const char text[] = "Name:\tUid: 5\nUid:\t1000\t1001\t1002\t1003\nNoNewPrivs:\t1\n"
				   "CapEff:\t000001ffffffffff\n";
	uint64_t number = 0;

	g_assert_true(proc_status_number(text, "Uid", 1, 10, &number));
	g_assert_cmpuint(number, ==, 1001);
	g_assert_false(proc_status_number(text, "Uid", 4, 10, &number));
	g_assert_true(proc_status_number(text, "CapEff", 0, 16, &number));
	g_assert_cmphex(number, ==, 0x1ffffffffff);
	g_assert_false(proc_status_number(text, "Seccomp", 0, 10, &number));
}

static void test_limits(void)
{
	static const char text[] =
		"Limit                     Soft Limit           Hard Limit           Units\n"
		"Max processes             unlimited            96365                processes\n"
		"Max open files            1024                 unlimited            files\n";
	int64_t soft = 0;
	int64_t hard = 0;

	g_assert_true(proc_limit(text, "Max open files", &soft, &hard));
	g_assert_cmpint(soft, ==, 1024);
	g_assert_cmpint(hard, ==, -1);
	g_assert_true(proc_limit(text, "Max processes", &soft, &hard));
	g_assert_cmpint(soft, ==, -1);
	g_assert_false(proc_limit(text, "Max stack size", &soft, &hard));
}

static void test_links_and_maps(void)
{
	int64_t inside = -1, outside = 0;

	g_assert_cmpint(proc_link_inode("pid:[4026531836]", "pid"), ==, 4026531836);
	g_assert_cmpint(proc_link_inode("pid:[4026531836]", "net"), ==, -1);
	g_assert_cmpint(proc_link_inode("pid_for_children:[1]", "pid"), ==, -1);
	g_assert_cmpint(proc_link_inode(NULL, "pid"), ==, -1);
	g_assert_true(proc_map_inside("0 100000 1000\n1000 200000 10\n", 200003, &inside));
	g_assert_cmpint(inside, ==, 1003);
	g_assert_false(proc_map_inside("0 100000 1000\n", 101000, &inside));
	g_assert_false(proc_map_inside("0 x\n", 0, &inside));
	g_assert_true(proc_map_outside("0 100000 1000\n1000 200000 10\n", 1003, &outside));
	g_assert_cmpint(outside, ==, 200003);
	g_assert_false(proc_map_outside("0 100000 1000\n", 1000, &outside));
	g_assert_false(proc_map_outside("", 0, &outside));
	g_assert_false(proc_map_outside(NULL, 0, &outside));
}

static const struct {
	const char *claim, *cgroup;
	bool want;
} cgroups[] = {
	{"a component is the id", "4:memory:/docker/" ID "\n", true},
	{"systemd's scope names it", "0::/system.slice/docker-" ID ".scope\n", true},
	{"the second line counts too", "1:x:/\n0::/docker/" ID "\n", true},
	{"an inner container is inside", "0::/docker/" OTHER_ID "/docker/" ID "\n", true},
	{"another id is another container", "0::/docker/" OTHER_ID "\n", false},
	{"a longer word is no id", "0::/docker/" ID "0\n", false},
	{"capitals are no id",
	 "0::/docker/5F6A1248185C55E3619DB35FA6492578EB3BAF0D95F7CC30152DB88C1E7863F3\n", false},
	{"the root has none", "0::/\n", false},
};

static void test_cgroups(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(cgroups); i++) {
		g_test_message("%s", cgroups[i].claim);
		g_assert_cmpint(proc_cgroup_has_id(cgroups[i].cgroup, ID), ==, cgroups[i].want);
	}
	g_assert_false(proc_cgroup_has_id("0::/docker/short", "short"));
	g_assert_true(
		proc_cgroup_has_component("0::/system.slice/docker.service\n", "docker.service"));
	g_assert_false(
		proc_cgroup_has_component("0::/system.slice/docker.service.d\n", "docker.service"));
}

static void test_mountinfo(void)
{
	struct proc_mount mount = {0};

	g_assert_true(proc_mount_parse("36 35 98:0 /mnt1 /a\\040b\\134c rw,noatime master:1 - ext3 "
				       "/dev/root rw,errors=continue",
				       &mount));
	g_assert_cmpstr(mount.mount_point, ==, "/a b\\c");
	g_assert_cmpstr(mount.root, ==, "/mnt1");
	g_assert_cmpstr(mount.fs_type, ==, "ext3");
	g_assert_cmpint(mount.dev_major, ==, 98);
	g_assert_cmpint(mount.id, ==, 36);
	g_assert_cmpint(mount.parent, ==, 35);
	proc_mount_done(&mount);
	g_assert_false(proc_mount_parse("36 35 98:0 /mnt1 /x rw", &mount));
	g_assert_false(proc_mount_parse("36 35 98 /mnt1 /x rw - ext3 d o", &mount));
	g_assert_false(proc_mount_parse("", &mount));
}

static void append_socket(const struct proc_socket *socket, void *data)
{
	g_string_append_printf(data, "%s %d %x %d;", socket->address, (int)socket->port,
			       socket->state, (int)socket->inode);
}

static void test_sockets(void)
{
	static const char v4[] =
		"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid "
		" "
		"timeout inode\n"
		"   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0 "
		"       0 12345 1 0000000000000000 100 0 0 10 0\n"
		"   1: 0B004E0A:0948 0C004E0A:A000 01 00000000:00000000 00:00000000 00000000     0 "
		"       0 777 1\n"
		"garbage\n";
	static const char v6[] = "head\n   0: 00000000000000000000000001000000:0947 "
				 "00000000000000000000000000000000:0000 0A 00000000:00000000 "
				 "00:00000000 00000000 0 0 99 1\n";
	g_autoptr(GString) seen = g_string_new(NULL);

	proc_net_each(v4, false, append_socket, seen);
	g_assert_cmpstr(seen->str, ==, "127.0.0.1 8080 a 12345;10.78.0.11 2376 1 777;");
	g_string_truncate(seen, 0);
	proc_net_each(v6, true, append_socket, seen);
	g_assert_cmpstr(seen->str, ==, "::1 2375 a 99;");
}

static void append_unix(const char *path, uint64_t inode, void *data)
{
	g_string_append_printf(data, "%s %d;", path, (int)inode);
}

static void test_unix_sockets(void)
{
	g_autoptr(GString) seen = g_string_new(NULL);
	static const char text[] =
		"Num       RefCount Protocol Flags    Type St Inode Path\n"
		"0000000000000000: 00000003 00000000 00000000 0001 03 11 /run/docker.sock\n"
		"0000000000000000: 00000002 00000000 00010000 0001 01 12 /run/docker.sock2\n"
		"0000000000000000: 00000002 00000000 00010000 0001 01 13 /run/docker.sock\n";

	g_assert_cmpuint(proc_unix_listener(text, "/run/docker.sock"), ==, 13);
	g_assert_cmpuint(proc_unix_listener(text, "/run/docker"), ==, 0);
	g_assert_cmpuint(proc_unix_listener("", "/run/docker.sock"), ==, 0);
	proc_unix_each(text, append_unix, seen);
	proc_unix_each("0: 2 0 10000 1 1 14 @a b\n0: 2 0 10000 1 1 15\n", append_unix, seen);
	g_assert_cmpstr(seen->str, ==, "/run/docker.sock2 12;/run/docker.sock 13;@a b 14;");
	g_string_truncate(seen, 0);
	proc_unix_each("Num\n0: 2 0 10000 1 1 16 /a\n0: 2 0 10000 1 1\n17 /b\n0: 2\n", append_unix,
		       seen);
	g_assert_cmpstr(seen->str, ==, "/a 16;");
}

static void test_base_names(void)
{
	static const struct {
		const char *path, *want;
	} paths[] = {
		{"/usr/sbin/dockerd", "dockerd"},
		{"/usr/sbin/dockerd (deleted)", "dockerd"},
		{"dockerd", "dockerd"},
		{"/x/", ""},
	};

	for (guint i = 0; i < G_N_ELEMENTS(paths); i++) {
		g_autofree char *base = proc_base_name(paths[i].path);

		g_assert_cmpstr(base, ==, paths[i].want);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/proc-text/stat: a name may hold blanks and brackets", test_stat);
	g_test_add_func("/proc-text/status: numbers of a line", test_status);
	g_test_add_func("/proc-text/limits: unlimited is -1", test_limits);
	g_test_add_func("/proc-text/links and id maps", test_links_and_maps);
	g_test_add_func("/proc-text/cgroup: an id is a whole word", test_cgroups);
	g_test_add_func("/proc-text/mountinfo: escapes are undone", test_mountinfo);
	g_test_add_func("/proc-text/net: addresses, states, inodes", test_sockets);
	g_test_add_func("/proc-text/net/unix: only the listener counts", test_unix_sockets);
	g_test_add_func("/proc-text/base names", test_base_names);
	return g_test_run();
}
