/* SPDX-License-Identifier: Apache-2.0 */
/* See ssh_folder.h. Unix sockets have no access rights of their own everywhere; folders do. */
#include "agent/ssh/ssh_folder.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "agent/ssh_target.h"
#include "proto/base.h"

enum {
	BASE_BYTES = 64, /* the longest folder: the client adds a name and 17 letters of its own */
	BACKLOG = 16,
};

bool ssh_folder_is_plain(const char *text)
{
	return text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				 "/._-")] == '\0';
}

/* gives: the folder, or NULL with errno. */
static char *make_below(const char *base)
{
	g_autofree char *folder = NULL;

	if (base == NULL || base[0] != '/' || strlen(base) > BASE_BYTES ||
	    !ssh_folder_is_plain(base)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	folder = g_build_filename(base, "plimsoll-XXXXXX", NULL);
	return g_mkdtemp_full(folder, 0700) == NULL ? NULL : g_steal_pointer(&folder);
}

char *ssh_folder_new(GError **error)
{
	const char *const bases[] = {g_getenv("XDG_RUNTIME_DIR"), g_getenv("TMPDIR"), "/tmp"};

	for (guint i = 0; i < G_N_ELEMENTS(bases); i++) {
		char *folder = make_below(bases[i]);

		if (folder != NULL)
			return folder;
	}
	g_set_error(error, SSH_ERROR, SSH_ERROR_LOCAL, "cannot make a private folder in /tmp: %s",
		    g_strerror(errno));
	return NULL;
}

void ssh_folder_free(char *folder)
{
	g_autoptr(GDir) entries = folder == NULL ? NULL : g_dir_open(folder, 0, NULL);
	const char *name = NULL;

	while (entries != NULL && (name = g_dir_read_name(entries)) != NULL) {
		g_autofree char *path = g_build_filename(folder, name, NULL);

		(void)g_unlink(path);
	}
	if (folder != NULL)
		(void)g_rmdir(folder);
	g_free(folder);
}

/* gives: a socket on which action was done with the address of path. */
static int open_socket(const char *path,
		       int (*action)(int fd, const struct sockaddr *address, socklen_t size))
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	PLIMSOLL_AUTO_FD fd = -1;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || action(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -1;
	return plimsoll_steal_fd(&fd);
}

static int do_bind(int fd, const struct sockaddr *address, socklen_t size)
{
	return bind(fd, address, size) < 0 || listen(fd, BACKLOG) < 0 ? -1 : 0;
}

static int do_connect(int fd, const struct sockaddr *address, socklen_t size)
{
	return connect(fd, address, size);
}

int ssh_folder_listen(const char *path)
{
	return open_socket(path, do_bind);
}

int ssh_folder_connect(const char *path)
{
	return open_socket(path, do_connect);
}
