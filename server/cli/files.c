/* SPDX-License-Identifier: Apache-2.0 */
/* See files.h. Saved facts describe a host's weak points, so they are written like a key. */
#include "server/cli/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/base.h"

static bool fail(GError **error, const char *what, const char *path, int code)
{
	g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(code), "cannot %s '%s': %s",
		    what, path, g_strerror(code));
	return false;
}

static bool read_all(int fd, const char *path, size_t max_bytes, GByteArray *data, GError **error)
{
	guint8 chunk[8192];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail(error, "read", path, errno);
		if (data->len + (size_t)n > max_bytes)
			return fail(error, "read", path, EFBIG);
		g_byte_array_append(data, chunk, (guint)n);
	}
	return true;
}

char *files_read(const char *path, size_t max_bytes, size_t *ret_size, GError **error)
{
	g_autoptr(GByteArray) data = g_byte_array_new();
	PLIMSOLL_AUTO_FD fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO)
						     : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0) {
		fail(error, "open", path, errno);
		return NULL;
	}
	if (!read_all(fd, path, max_bytes, data, error))
		return NULL;
	*ret_size = data->len;
	g_byte_array_append(data, (const guint8 *)"", 1);
	return (char *)g_byte_array_free(g_steal_pointer(&data), FALSE);
}

static bool write_all(int fd, const char *path, const char *text, size_t size, GError **error)
{
	while (size > 0) {
		ssize_t n = write(fd, text, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail(error, "write", path, errno);
		text += n;
		size -= (size_t)n;
	}
	return true;
}

/* close() is where a network file system confesses. */
static bool close_checked(int *fd, const char *path, GError **error)
{
	return close(plimsoll_steal_fd(fd)) == 0 || fail(error, "write", path, errno);
}

bool files_write(const char *path, const char *text, size_t size, GError **error)
{
	PLIMSOLL_AUTO_FD fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);

	if (fd < 0)
		return fail(error, "open", path, errno);
	return write_all(fd, path, text, size, error) && close_checked(&fd, path, error);
}

bool files_write_log(const char *path, const char *text, size_t size, enum files_mode mode,
		     GError **error)
{
	int flags = mode == FILES_APPEND ? O_APPEND : O_TRUNC;
	PLIMSOLL_AUTO_FD fd =
		open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | flags, 0666);

	if (fd < 0)
		return fail(error, "open", path, errno);
	return write_all(fd, path, text, size, error) && close_checked(&fd, path, error);
}

/* What stands under the name now must be nothing, or a plain file that the rename may replace. */
static bool may_replace(const char *path, GError **error)
{
	struct stat now;

	if (lstat(path, &now) != 0)
		return errno == ENOENT || fail(error, "write", path, errno);
	if (S_ISLNK(now.st_mode)) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_LOOP,
			    "cannot write '%s': it is a link, and links are not followed", path);
		return false;
	}
	if (!S_ISREG(now.st_mode)) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_EXIST,
			    "cannot write '%s': it is no plain file", path);
		return false;
	}
	return true;
}

/* A new file of ours; a name that is taken is refused by O_EXCL inside mkostemp(). */
static bool write_beside(char *temporary, const char *path, const char *text, size_t size,
			 GError **error)
{
	PLIMSOLL_AUTO_FD fd = g_mkstemp_full(temporary, O_WRONLY | O_CLOEXEC, 0600);

	if (fd < 0)
		return fail(error, "write", path, errno);
	if (write_all(fd, path, text, size, error) && close_checked(&fd, path, error))
		return true;
	(void)unlink(temporary);
	return false;
}

bool files_write_private(const char *path, const char *text, size_t size, GError **error)
{
	g_autofree char *temporary = g_strconcat(path, ".XXXXXX", NULL);

	if (!may_replace(path, error) || !write_beside(temporary, path, text, size, error))
		return false;
	if (rename(temporary, path) == 0)
		return true;
	fail(error, "write", path, errno);
	(void)unlink(temporary);
	return false;
}
