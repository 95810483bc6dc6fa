/* SPDX-License-Identifier: Apache-2.0 */
/* See disk.h. Everything goes by the directory's descriptor, so that nobody can swap it in between.
 */
#include "agent/ship/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static bool fail(const char *what, const char *name, GError **error)
{
	int saved = errno;

	g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(saved), "cannot %s '%s': %s",
		    what, name, g_strerror(saved));
	return false;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char **disk_list(int dir_fd, GError **error)
{
	PLIMSOLL_AUTO_FD own = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = own < 0 ? NULL : fdopendir(own);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	const struct dirent *entry = NULL;

	if (dir == NULL) {
		fail("list", "directory", error);
		return NULL;
	}
	plimsoll_steal_fd(&own);
	while ((entry = readdir(dir)) != NULL) {
		struct stat found;
		if (fstatat(dir_fd, entry->d_name, &found, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(found.st_mode))
			g_ptr_array_add(names, g_strdup(entry->d_name));
	}
	closedir(dir);
	g_ptr_array_sort(names, compare_names);
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}

static bool remove_temporaries(int dir_fd, GError **error)
{
	g_auto(GStrv) names = disk_list(dir_fd, error);

	for (size_t i = 0; names != NULL && names[i] != NULL; i++)
		if (g_str_has_prefix(names[i], DISK_TEMPORARY_PREFIX))
			(void)unlinkat(dir_fd, names[i], 0);
	return names != NULL;
}

int disk_open_dir(const char *path, GError **error)
{
	PLIMSOLL_AUTO_FD fd = -1;

	if (mkdir(path, 0700) != 0 && errno != EEXIST) {
		fail("make directory", path, error);
		return -1;
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		fail("open directory", path, error);
		return -1;
	}
	return remove_temporaries(fd, error) ? plimsoll_steal_fd(&fd) : -1;
}

static bool write_all(int fd, const char *data, gsize size)
{
	while (size > 0) {
		ssize_t written = write(fd, data, size);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		data += written;
		size -= (gsize)written;
	}
	return true;
}

bool disk_write(int dir_fd, const char *name, const void *data, gsize size, GError **error)
{
	g_autofree char *temporary =
		g_strdup_printf("%s%d-%s", DISK_TEMPORARY_PREFIX, (int)getpid(), name);
	PLIMSOLL_AUTO_FD fd = openat(dir_fd, temporary,
				     O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return fail("create", temporary, error);
	if (!write_all(fd, data, size) || fdatasync(fd) != 0 ||
	    renameat(dir_fd, temporary, dir_fd, name) != 0) {
		fail("write", name, error);
		(void)unlinkat(dir_fd, temporary, 0);
		return false;
	}
	return fsync(dir_fd) == 0 || fail("sync directory of", name, error);
}

GBytes *disk_read(int dir_fd, const char *name, gsize max_bytes, GError **error)
{
	PLIMSOLL_AUTO_FD fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	g_autofree char *data = NULL;
	struct stat found;
	gsize size = 0;

	if (fd < 0 || fstat(fd, &found) != 0) {
		fail("read", name, error);
		return NULL;
	}
	if (!S_ISREG(found.st_mode) || found.st_size < 0 || (gsize)found.st_size > max_bytes) {
		errno = S_ISREG(found.st_mode) ? EFBIG : EINVAL;
		fail("read", name, error);
		return NULL;
	}
	data = g_malloc((gsize)found.st_size + 1);
	while (size < (gsize)found.st_size) {
		ssize_t got = read(fd, data + size, (gsize)found.st_size - size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			fail("read", name, error);
			return NULL;
		}
		if (got == 0)
			break;
		size += (gsize)got;
	}
	return g_bytes_new_take(g_steal_pointer(&data), size);
}

bool disk_move(int dir_fd, const char *from, const char *to, GError **error)
{
	if (to == NULL && unlinkat(dir_fd, from, 0) != 0 && errno != ENOENT)
		return fail("remove", from, error);
	if (to != NULL && renameat(dir_fd, from, dir_fd, to) != 0)
		return fail("rename", from, error);
	return fsync(dir_fd) == 0 || fail("sync directory of", from, error);
}
