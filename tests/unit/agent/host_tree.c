/* SPDX-License-Identifier: Apache-2.0 */
/* See host_tree.h. */
#include "tests/unit/agent/host_tree.h"

#include <string.h>
#include <unistd.h>

#include "agent/collect.h"

static char *place(const char *root, const char *path)
{
	char *full = g_strconcat(root, path, NULL);
	g_autofree char *parent = g_path_get_dirname(full);

	g_assert_cmpint(g_mkdir_with_parents(parent, 0755), ==, 0);
	return full;
}

void tree_write(const char *root, const char *path, const char *text)
{
	g_autofree char *full = place(root, path);
	g_autoptr(GError) error = NULL;

	g_file_set_contents(full, text, -1, &error);
	g_assert_no_error(error);
}

void tree_folder(const char *root, const char *path)
{
	g_autofree char *full = place(root, path);

	g_assert_cmpint(g_mkdir_with_parents(full, 0755), ==, 0);
}

void tree_link(const char *root, const char *target, const char *path)
{
	g_autofree char *full = place(root, path);

	g_assert_cmpint(symlink(target, full), ==, 0);
}

struct collection *tree_collect(const char *root)
{
	struct collect_options options = {.now_s = 1};
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(host) *host = host_local_new(root, NULL, &error);
	struct collection *collection = NULL;

	g_assert_no_error(error);
	collection = collect(host, &options, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(host->rounds, <=, LIMIT_HOST_ROUNDS);
	return collection;
}

const Plimsoll__Unit *find_unit(const struct collection *collection, const char *name)
{
	for (size_t i = 0; i < collection->facts->n_unit; i++) {
		if (strcmp(collection->facts->unit[i]->name, name) == 0)
			return collection->facts->unit[i];
	}
	g_error("no unit %s", name);
}

const Plimsoll__File *find_file(const struct collection *collection, Plimsoll__File__Role role,
				const char *path)
{
	for (size_t i = 0; i < collection->facts->n_file; i++) {
		const Plimsoll__File *file = collection->facts->file[i];

		if (file->role == role && strcmp(file->path, path) == 0)
			return file;
	}
	return NULL;
}

const Plimsoll__Fetch *find_fetch(const struct collection *collection, const char *source)
{
	for (size_t i = 0; i < collection->facts->n_fetch; i++) {
		if (strcmp(collection->facts->fetch[i]->source, source) == 0)
			return collection->facts->fetch[i];
	}
	g_error("no fetch %s", source);
}

const Plimsoll__ConfigOption *find_option(const struct collection *collection, const char *name)
{
	for (size_t i = 0; i < collection->facts->n_config_option; i++) {
		if (strcmp(collection->facts->config_option[i]->name, name) == 0)
			return collection->facts->config_option[i];
	}
	return NULL;
}
