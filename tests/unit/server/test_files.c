/* SPDX-License-Identifier: Apache-2.0 */
/* Files an operator names: private ones are private from their first byte, and links are refused.
 */
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "server/cli/files.h"

struct scratch {
	char *dir;
	char *path;
	char *other;
};

static void set_up(struct scratch *scratch, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	(void)data;
	scratch->dir = g_dir_make_tmp("plimsoll-XXXXXX", &error);
	g_assert_no_error(error);
	scratch->path = g_build_filename(scratch->dir, "facts.json", NULL);
	scratch->other = g_build_filename(scratch->dir, "other", NULL);
}

static void tear_down(struct scratch *scratch, gconstpointer data)
{
	(void)data;
	(void)g_unlink(scratch->path);
	(void)g_unlink(scratch->other);
	g_assert_cmpint(g_rmdir(scratch->dir), ==, 0);
	g_free(scratch->dir);
	g_free(scratch->path);
	g_free(scratch->other);
}

static void assert_content(const char *path, const char *want)
{
	g_autofree char *text = NULL;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	g_assert_cmpstr(text, ==, want);
}

static void test_private_mode(struct scratch *scratch, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	struct stat now;
	mode_t before = umask(0);

	(void)data;
	g_assert_true(files_write_private(scratch->path, "facts", 5, &error));
	umask(before);
	g_assert_no_error(error);
	g_assert_cmpint(stat(scratch->path, &now), ==, 0);
	g_assert_cmpuint(now.st_mode & 07777, ==, 0600);
	assert_content(scratch->path, "facts");
}

/* A file laid out beforehand, open to its maker, is not written into. */
static void test_private_replaces(struct scratch *scratch, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	struct stat before;
	struct stat now;

	(void)data;
	g_assert_true(g_file_set_contents(scratch->path, "old", -1, NULL));
	g_assert_cmpint(g_chmod(scratch->path, 0666), ==, 0);
	g_assert_cmpint(stat(scratch->path, &before), ==, 0);
	g_assert_true(files_write_private(scratch->path, "new", 3, &error));
	g_assert_cmpint(stat(scratch->path, &now), ==, 0);
	g_assert_cmpuint(now.st_ino, !=, before.st_ino);
	g_assert_cmpuint(now.st_mode & 07777, ==, 0600);
}

static void test_private_link(struct scratch *scratch, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	(void)data;
	g_assert_true(g_file_set_contents(scratch->other, "victim", -1, NULL));
	g_assert_cmpint(symlink(scratch->other, scratch->path), ==, 0);
	g_assert_false(files_write_private(scratch->path, "facts", 5, &error));
	g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_LOOP);
	assert_content(scratch->other, "victim");
}

static void test_private_device(struct scratch *scratch, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	(void)data;
	g_assert_cmpint(mkfifo(scratch->path, 0600), ==, 0);
	g_assert_false(files_write_private(scratch->path, "facts", 5, &error));
	g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_EXIST);
}

static void test_no_folder(struct scratch *scratch, gconstpointer data)
{
	g_autofree char *path = g_build_filename(scratch->dir, "none", "facts.json", NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(GError) plain_error = NULL;

	(void)data;
	g_assert_false(files_write_private(path, "facts", 5, &error));
	g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
	g_assert_false(files_write(path, "facts", 5, &plain_error));
	g_assert_error(plain_error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
}

static void test_full_device(struct scratch *scratch, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	(void)scratch;
	(void)data;
	g_assert_false(files_write("/dev/full", "facts", 5, &error));
	g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSPC);
}

static void test_read(struct scratch *scratch, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GError) size_error = NULL;
	g_autoptr(GError) folder_error = NULL;
	g_autofree char *text = NULL;
	size_t size = 0;

	(void)data;
	g_assert_true(g_file_set_contents(scratch->path, "a\0b", 3, NULL));
	text = files_read(scratch->path, 3, &size, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(size, ==, 3);
	g_assert_cmpint(memcmp(text, "a\0b", 4), ==, 0);
	g_assert_null(files_read(scratch->path, 2, &size, &size_error));
	g_assert_nonnull(strstr(size_error->message, "too large"));
	g_assert_null(files_read(scratch->dir, 2, &size, &folder_error));
	g_assert_error(folder_error, G_FILE_ERROR, G_FILE_ERROR_ISDIR);
}

#define ADD(name, test) g_test_add(name, struct scratch, NULL, set_up, test, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("/files/private ones are 0600 whatever the umask", test_private_mode);
	ADD("/files/private ones replace what stood there", test_private_replaces);
	ADD("/files/private ones never go through a link", test_private_link);
	ADD("/files/private ones never go into a pipe or device", test_private_device);
	ADD("/files/a missing folder is an error", test_no_folder);
	ADD("/files/a full device is an error", test_full_device);
	ADD("/files/reading stops at its limit", test_read);
	return g_test_run();
}
