/* SPDX-License-Identifier: Apache-2.0 */
/* Paths on file systems that may hang: not waited for here, answered by a child, or not in time. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "agent/host.h"
#include "agent/host/local_aside.h"
#include "tests/unit/agent/host_tree.h"
#include "tests/unit/support/scratch.h"

static const char *const paths[] = {"/etc/file", "/etc/link",   "/etc/none", "/etc/dangling",
				    "/etc",      "/etc/file/x", "/"};

static char *make_tree(void)
{
	char *root = scratch_new();

	tree_write(root, "/etc/file", "text");
	tree_link(root, "file", "/etc/link");
	tree_link(root, "/no/such", "/etc/dangling");
	return root;
}

static struct host_device device_of(const char *path)
{
	struct stat info = {0};

	g_assert_cmpint(stat(path, &info), ==, 0);
	return (struct host_device){major(info.st_dev), minor(info.st_dev)};
}

static char *describe(const struct host_stat *stat)
{
	return g_strdup_printf("%s: %d %d %s %s %s %o %d %d %d", stat->path,
			       (int)stat->state.status, stat->state.errno_value, stat->real,
			       stat->real_parent, stat->link_target, stat->mode, (int)stat->size,
			       stat->dangling, stat->inode != 0);
}

/* What a host answers. gives: g_free(). */
static char *ask(const char *root, bool is_suspect)
{
	PLIMSOLL_AUTO(arena) *arena = arena_new(SIZE_MAX);
	PLIMSOLL_AUTO(host_batch) *batch = host_batch_new(arena);
	PLIMSOLL_AUTO(host) *host = host_local_new(root, NULL, NULL);
	struct host_device device = device_of(root);
	const struct host_stat *stats[G_N_ELEMENTS(paths)];
	g_autoptr(GString) text = g_string_new(NULL);

	if (is_suspect)
		host_batch_suspect(batch, device.dev_major, device.dev_minor);
	for (guint i = 0; i < G_N_ELEMENTS(paths); i++)
		stats[i] = host_want_stat(batch, paths[i]);
	g_assert_true(host_run(host, batch, NULL));
	for (guint i = 0; i < G_N_ELEMENTS(paths); i++) {
		g_autofree char *one = describe(stats[i]);

		g_string_append_printf(text, "%s\n", one);
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static void test_child_answers_alike(void)
{
	g_autofree char *root = make_tree();
	g_autofree char *here = ask(root, false);
	g_autofree char *aside = ask(root, true);

	g_assert_cmpstr(here, ==, aside);
	scratch_free(g_steal_pointer(&root));
}

static void test_suspects_are_not_entered(void)
{
	g_autofree char *root = make_tree();
	PLIMSOLL_AUTO_FD root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	g_autoptr(GArray) suspects = g_array_new(FALSE, FALSE, sizeof(struct host_device));
	struct host_device device = device_of(root);
	HOST_PATH_AUTO place = {.fd = -1};

	g_array_append_val(suspects, device);
	host_path_init(&place, root_fd, "/etc/file", suspects);
	g_assert_cmpint(place.errno_value, ==, ETIMEDOUT);
	g_assert_null(place.real);
	scratch_free(g_steal_pointer(&root));
}

static void test_late_answers_are_none(void)
{
	g_autofree char *root = make_tree();
	PLIMSOLL_AUTO_FD root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	PLIMSOLL_AUTO(arena) *arena = arena_new(SIZE_MAX);
	PLIMSOLL_AUTO(host_batch) *batch = host_batch_new(arena);
	struct host_device device = device_of(root);
	struct host_stat *stat = NULL;

	(void)host_want_stat(batch, "/etc/file");
	host_batch_suspect(batch, device.dev_major, device.dev_minor);
	stat = batch->wants[HOST_WANT_STAT]->pdata[0];
	stat->state = host_state_from_errno(ETIMEDOUT);
	local_aside(root_fd, batch, g_get_monotonic_time());
	g_assert_cmpint(stat->state.status, ==, PLIMSOLL__FETCH__STATUS__TIMEOUT);
	g_assert_null(stat->real);
	scratch_free(g_steal_pointer(&root));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/host-aside/a child answers alike", test_child_answers_alike);
	g_test_add_func("/host-aside/suspects are not entered", test_suspects_are_not_entered);
	g_test_add_func("/host-aside/late answers are none", test_late_answers_are_none);
	return g_test_run();
}
