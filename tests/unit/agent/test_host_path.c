/* SPDX-License-Identifier: Apache-2.0 */
/* Paths never lead out of the host's root. */
#include "agent/host/host_path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/unit/agent/host_tree.h"
#include "tests/unit/support/scratch.h"

static const struct {
	const char *claim, *path, *real, *real_parent, *link_target;
	int errno_value;
} cases[] = {
	{"a plain file", "/etc/file", "/etc/file", "/etc/file", NULL, 0},
	{"the root", "/", "/", "/", NULL, 0},
	{"dots are resolved", "/etc/./../etc/file", "/etc/file", "/etc/file", NULL, 0},
	{"nothing is above the root", "/../../../etc/file", "/etc/file", "/etc/file", NULL, 0},
	{"an absolute link counts from the root", "/var/run/sock", "/run/sock", "/run/sock", NULL,
	 0},
	{"a link itself", "/var/run", "/run", "/var/run", "/run", 0},
	{"a relative link", "/etc/link", "/etc/file", "/etc/link", "file", 0},
	{"a link upwards does not escape", "/etc/up", "/run/sock", "/etc/up",
	 "../../../../../../run/sock", 0},
	{"a link to a link", "/etc/twice", "/etc/file", "/etc/twice", "/etc/link", 0},
	{"..  behind a link is the target's parent", "/var/deep/..", "/run", "/run", NULL, 0},
	{"a dangling link", "/etc/dangling", NULL, "/etc/dangling", "/no/such", ENOENT},
	{"an absent file", "/etc/none", NULL, "/etc/none", NULL, ENOENT},
	{"an absent file behind a link", "/var/run/none", NULL, "/run/none", NULL, ENOENT},
	{"an absent folder", "/var/run/none/x/y", NULL, "/run/none/x/y", NULL, ENOENT},
	{"a file is no folder", "/etc/file/x", NULL, "/etc/file/x", NULL, ENOTDIR},
	{"a loop ends", "/etc/loop", NULL, "/etc/loop", "loop", ELOOP},
	{"a loop of two ends", "/etc/ping", NULL, "/etc/ping", "pong", ELOOP},
};

static char *make_tree(void)
{
	char *root = scratch_new();

	tree_write(root, "/etc/file", "x");
	tree_write(root, "/run/sock", "x");
	tree_folder(root, "/run/deep");
	tree_link(root, "/run", "/var/run");
	tree_link(root, "/run/deep", "/var/deep");
	tree_link(root, "file", "/etc/link");
	tree_link(root, "../../../../../../run/sock", "/etc/up");
	tree_link(root, "/etc/link", "/etc/twice");
	tree_link(root, "/no/such", "/etc/dangling");
	tree_link(root, "loop", "/etc/loop");
	tree_link(root, "pong", "/etc/ping");
	tree_link(root, "ping", "/etc/pong");
	return root;
}

static void test_cases(void)
{
	g_autofree char *root = make_tree();
	PLIMSOLL_AUTO_FD root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		HOST_PATH_AUTO place = {.fd = -1};

		g_test_message("%s: %s", cases[i].claim, cases[i].path);
		host_path_init(&place, root_fd, cases[i].path, NULL);
		g_assert_cmpint(place.errno_value, ==, cases[i].errno_value);
		g_assert_cmpstr(place.real, ==, cases[i].real);
		g_assert_cmpstr(place.real_parent, ==, cases[i].real_parent);
		g_assert_cmpstr(place.link_target, ==, cases[i].link_target);
		if (place.link_target != NULL)
			g_assert_cmpint(place.link_ctime_s, >, 0);
		if (g_strcmp0(place.real, cases[i].path) == 0)
			g_assert_cmpint(place.link_ctime_s, ==, 0);
	}
	scratch_free(g_steal_pointer(&root));
}

static const struct {
	const char *path, *end;
} ends[] = {
	{"/var/run/sock", "/run/sock"},
	{"/var/run/none/x", "/run/none"},
	{"/etc/dangling", "/no"},
	{"/etc/file/x", "/etc/file/x"},
	{"/", "/"},
};

static void test_ends(void)
{
	g_autofree char *root = make_tree();
	PLIMSOLL_AUTO_FD root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (guint i = 0; i < G_N_ELEMENTS(ends); i++) {
		HOST_PATH_AUTO place = {.fd = -1};

		host_path_init(&place, root_fd, ends[i].path, NULL);
		g_assert_cmpstr(place.end, ==, ends[i].end);
	}
	scratch_free(g_steal_pointer(&root));
}

/* The kernel's way and the walk lead to the same object. */
static void test_both_ways(void)
{
	g_autofree char *root = make_tree();
	PLIMSOLL_AUTO_FD root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		HOST_PATH_AUTO place = {.fd = -1};
		PLIMSOLL_AUTO_FD fd = host_path_open(root_fd, cases[i].path);
		int error = fd < 0 ? errno : 0;
		struct stat by_kernel = {0};
		struct stat by_walk = {0};

		host_path_init(&place, root_fd, cases[i].path, NULL);
		g_assert_cmpint(error, ==, cases[i].errno_value);
		if (fd < 0)
			continue;
		g_assert_cmpint(fstatat(fd, "", &by_kernel, AT_EMPTY_PATH), ==, 0);
		g_assert_cmpint(fstatat(place.fd, "", &by_walk, AT_EMPTY_PATH), ==, 0);
		g_assert_cmpuint(by_kernel.st_ino, ==, by_walk.st_ino);
	}
	scratch_free(g_steal_pointer(&root));
}

/* A move changes a folder, not its entries. */
static void test_moved_folder(void)
{
	g_autofree char *root = make_tree();
	g_autofree char *folder = g_build_filename(root, "run/deep", NULL);
	PLIMSOLL_AUTO_FD root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	const struct timespec long_ago[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	static const char *const paths[] = {"/run/deep", "/run/deep/none", "/var/deep/file"};

	tree_write(root, "/run/deep/file", "x");
	for (guint moved = 0; moved < 2; moved++) {
		for (guint i = 0; i < G_N_ELEMENTS(paths); i++) {
			HOST_PATH_AUTO place = {.fd = -1};

			host_path_init(&place, root_fd, paths[i], NULL);
			if (moved)
				g_assert_cmpint(place.move_ctime_s, >, 1000);
			else
				g_assert_cmpint(place.move_ctime_s, ==, 0);
		}
		g_assert_cmpint(utimensat(AT_FDCWD, folder, long_ago, 0), ==, 0);
	}
	scratch_free(g_steal_pointer(&root));
}

static void test_relative(void)
{
	PLIMSOLL_AUTO_FD root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	HOST_PATH_AUTO place = {.fd = -1};

	host_path_init(&place, root_fd, "etc", NULL);
	g_assert_cmpint(place.errno_value, ==, EINVAL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/host-path/a moved folder shows", test_moved_folder);
	g_test_add_func("/host-path/links and dots stay inside", test_cases);
	g_test_add_func("/host-path/where the way ends", test_ends);
	g_test_add_func("/host-path/the kernel agrees", test_both_ways);
	g_test_add_func("/host-path/relative paths are refused", test_relative);
	return g_test_run();
}
