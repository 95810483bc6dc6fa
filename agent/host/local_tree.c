/* SPDX-License-Identifier: Apache-2.0 */
/* Step 1 of the flow: see local_tree.h. Two mount tables name one place by device and path. */
#include "agent/host/local_tree.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>

#include "agent/host/host_path.h"
#include "agent/mount_table.h"
#include "agent/proc_text.h"

struct local_tree {
	char *path; /* of the tree, as this process names it; "" = its root */
	struct mount_table *own, *of_host;
};

/* gives: free with mount_table_free(); NULL: not a kernel's, or not to be read. */
static struct mount_table *read_host_table(int root_fd)
{
	PLIMSOLL_AUTO_FD place = host_path_open(root_fd, "/proc/1/mountinfo");
	g_autofree char *self = g_strdup_printf("/proc/self/fd/%d", place);
	g_autofree char *text = NULL;
	struct statfs info = {0};

	if (place < 0 || fstatfs(place, &info) < 0 || info.f_type != PROC_SUPER_MAGIC ||
	    !g_file_get_contents(self, &text, NULL, NULL))
		return NULL;
	return mount_table_new(text);
}

/* gives: free with mount_table_free(). */
static struct mount_table *read_own_table(void)
{
	g_autofree char *text = NULL;

	return g_file_get_contents("/proc/self/mountinfo", &text, NULL, NULL)
		       ? mount_table_new(text)
		       : NULL;
}

static bool stands_on(const struct mount_table *table, int fd)
{
	g_autofree char *path = g_strdup_printf("/proc/self/fdinfo/%d", fd);
	g_autofree char *text = NULL;
	uint64_t id = 0;

	if (!g_file_get_contents(path, &text, NULL, NULL) ||
	    !proc_status_number(text, "mnt_id", 0, 10, &id))
		return false;
	for (guint i = 0; i < mount_table_size(table); i++)
		if (mount_table_at(table, i)->id == (int64_t)id)
			return true;
	return false;
}

struct local_tree *local_tree_new(int root_fd)
{
	PLIMSOLL_AUTO(local_tree) *tree = g_new0(struct local_tree, 1);
	g_autofree char *self = g_strdup_printf("/proc/self/fd/%d", root_fd);

	tree->path = g_file_read_link(self, NULL);
	tree->own = read_own_table();
	tree->of_host = read_host_table(root_fd);
	if (tree->path == NULL || tree->own == NULL || tree->of_host == NULL ||
	    !stands_on(tree->own, root_fd))
		return NULL;
	if (strcmp(tree->path, "/") == 0)
		tree->path[0] = '\0';
	return g_steal_pointer(&tree);
}

void local_tree_free(struct local_tree *tree)
{
	if (tree == NULL)
		return;
	mount_table_free(tree->own);
	mount_table_free(tree->of_host);
	g_free(tree->path);
	g_free(tree);
}

bool local_tree_shows(const struct local_tree *tree, const char *path)
{
	g_autofree char *here = g_strconcat(tree->path, path, NULL);
	g_autofree char *shown = mount_table_place(tree->own, here);
	g_autofree char *wanted = mount_table_place(tree->of_host, path);

	return shown != NULL && wanted != NULL && strcmp(shown, wanted) == 0;
}
