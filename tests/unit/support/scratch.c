/* SPDX-License-Identifier: Apache-2.0 */
/* The file system side of unit tests: every failure in here is a broken test. */
#include "tests/unit/support/scratch.h"

#include <glib/gstdio.h>
#include <string.h>

char *scratch_new(void)
{
	g_autoptr(GError) error = NULL;
	char *dir = g_dir_make_tmp(NULL, &error);

	g_assert_no_error(error);
	return dir;
}

static void remove_tree(const char *path)
{
	GDir *dir = g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);
	const char *name = NULL;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *below = g_build_filename(path, name, NULL);
		remove_tree(below);
	}
	if (dir != NULL)
		g_dir_close(dir);
	g_assert_cmpint(g_remove(path), ==, 0);
}

void scratch_free(char *dir)
{
	remove_tree(dir);
	g_free(dir);
}

char *scratch_path(const char *dir, const char *name)
{
	return g_build_filename(dir, name, NULL);
}

void scratch_write(const char *dir, const char *name, const char *text, gssize size)
{
	g_autofree char *path = scratch_path(dir, name);
	g_autoptr(GError) error = NULL;

	g_file_set_contents(path, text, size, &error);
	g_assert_no_error(error);
}

char *scratch_read(const char *dir, const char *name)
{
	g_autofree char *path = scratch_path(dir, name);
	g_autoptr(GError) error = NULL;
	char *text = NULL;

	g_file_get_contents(path, &text, NULL, &error);
	g_assert_no_error(error);
	return text;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char *scratch_list(const char *dir, const char *name)
{
	g_autofree char *path = scratch_path(dir, name);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	GDir *opened = g_dir_open(path, 0, NULL);
	const char *found = NULL;

	g_assert_nonnull(opened);
	while ((found = g_dir_read_name(opened)) != NULL)
		g_ptr_array_add(names, g_strdup(found));
	g_dir_close(opened);
	g_ptr_array_sort(names, compare_names);
	g_ptr_array_add(names, NULL);
	return g_strjoinv(" ", (char **)names->pdata);
}
