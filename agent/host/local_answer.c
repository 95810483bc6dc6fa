/* SPDX-License-Identifier: Apache-2.0 */
/* Step 1 of the flow: what one path of the host's tree shows. */
#include "agent/host/local_answer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "agent/host/batch_private.h"
#include "agent/host/host_path.h"
#include "agent/host/host_process.h"

enum { MAX_DIRECTORY_ENTRIES = 100000 };

/* The attribute is there only when the list says more than the mode does. */
static bool has_acl(int path_fd)
{
	g_autofree char *self = g_strdup_printf("/proc/self/fd/%d", path_fd);

	return getxattr(self, "system.posix_acl_access", NULL, 0) > 0;
}

void local_answer_stat(int root_fd, const GArray *suspects, struct arena *arena,
		       struct host_stat *answer)
{
	HOST_PATH_AUTO place = {.fd = -1};
	struct stat info = {0};

	host_path_init(&place, root_fd, answer->path, suspects);
	answer->real_parent = arena_strdup(arena, place.real_parent);
	answer->link_target = arena_strdup(arena, place.link_target);
	answer->is_link = place.link_target != NULL;
	answer->link_ctime_s = place.link_ctime_s;
	answer->move_ctime_s = place.move_ctime_s;
	answer->state = host_state_from_errno(place.errno_value);
	if (place.errno_value != 0) {
		answer->dangling = answer->is_link && place.errno_value == ENOENT;
		return;
	}
	if (fstatat(place.fd, "", &info, AT_EMPTY_PATH) < 0) {
		answer->state = host_state_from_errno(errno);
		return;
	}
	answer->real = arena_strdup(arena, place.real);
	answer->mode = info.st_mode;
	answer->uid = info.st_uid;
	answer->gid = info.st_gid;
	answer->size = info.st_size;
	answer->mtime_s = info.st_mtim.tv_sec;
	answer->ctime_s = info.st_ctim.tv_sec;
	answer->inode = info.st_ino;
	answer->dev_major = major(info.st_dev);
	answer->dev_minor = minor(info.st_dev);
	answer->has_acl = has_acl(place.fd);
}

/* Opens a path for reading when it is of the right type. gives: a descriptor, or -1 and errno. */
static int open_for_reading(int root_fd, const char *path, mode_t type, struct stat *ret_info)
{
	PLIMSOLL_AUTO_FD place = host_path_open(root_fd, path);

	if (place < 0 || fstatat(place, "", ret_info, AT_EMPTY_PATH) < 0)
		return -1;
	if ((ret_info->st_mode & S_IFMT) != type) {
		errno = type == S_IFDIR ? ENOTDIR : EINVAL;
		return -1;
	}
	return host_path_reopen(place, O_RDONLY | (type == S_IFDIR ? O_DIRECTORY : 0));
}

void local_folder_done(struct local_folder *folder)
{
	if (folder->path != NULL)
		plimsoll_auto_close(&folder->fd);
	g_clear_pointer(&folder->path, g_free);
}

static bool is_proc(int fd)
{
	struct statfs info = {0};

	return fstatfs(fd, &info) == 0 && info.f_type == PROC_SUPER_MAGIC;
}

/* gives: a descriptor that stays the folder's, or -1 and errno. */
static int open_folder(int root_fd, struct local_folder *folder, const char *path)
{
	int fd = -1;

	if (g_strcmp0(folder->path, path) == 0)
		return folder->fd;
	local_folder_done(folder);
	fd = host_path_open(root_fd, path);
	if (fd >= 0)
		*folder = (struct local_folder){g_strdup(path), fd, is_proc(fd)};
	return fd;
}

/* A file of the kernel's own file system takes one call; no device or pipe waits there. Links are
 * left to the careful way. gives: a descriptor, or -1. */
static int open_in_proc(int root_fd, struct local_folder *folder, const char *path)
{
	g_autofree char *parent = NULL;
	const char *slash = strrchr(path, '/');

	if (!g_str_has_prefix(path, "/proc/"))
		return -1;
	parent = g_strndup(path, (gsize)(slash - path));
	if (open_folder(root_fd, folder, parent) < 0 || !folder->is_proc)
		return -1;
	return openat(folder->fd, slash + 1,
		      O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/*
 * The kernel hands a table of sockets out by the page, and walks all connections again for the read
 * that would only tell the end: a page with room for one more row was the last one.
 */
static bool read_small_table(int fd, struct arena *arena, struct host_read *answer)
{
	enum { PAGE_BYTES = 4096, LONGEST_ROW = 256 };
	char page[PAGE_BYTES];
	ssize_t size = pread(fd, page, sizeof(page), 0);

	if (size <= 0 || size > PAGE_BYTES - LONGEST_ROW || (size_t)size > answer->max_bytes)
		return false;
	answer->state = host_state_from_errno(0);
	answer->data = arena_strndup(arena, page, (size_t)size);
	answer->size = (size_t)size;
	return true;
}

static bool is_socket_table(const char *path)
{
	const char *name = strrchr(path, '/') + 1;

	return g_str_has_prefix(path, "/proc/") &&
	       (g_str_has_prefix(name, "tcp") || g_str_has_prefix(name, "udp"));
}

void local_answer_read(int root_fd, struct local_folder *folder, struct arena *arena,
		       struct host_read *answer)
{
	struct stat info = {0}; /* times of what the kernel makes up say nothing */
	PLIMSOLL_AUTO_FD fd = open_in_proc(root_fd, folder, answer->path);
	const char *data = NULL;
	bool truncated = false;
	size_t size = 0;

	if (fd >= 0 && is_socket_table(answer->path) && read_small_table(fd, arena, answer))
		return;
	if (fd < 0)
		fd = open_for_reading(root_fd, answer->path, S_IFREG, &info);
	if (fd >= 0)
		data = host_read_all(fd, answer->max_bytes, arena, &size, &truncated);
	if (data == NULL) {
		answer->state = host_state_from_errno(errno);
		return;
	}
	answer->state = host_state_from_errno(0);
	if (truncated) {
		answer->state.status = PLIMSOLL__FETCH__STATUS__TRUNCATED;
		answer->state.detail =
			arena_printf(arena, "only the first %zu bytes were read", size);
	}
	answer->data = data;
	answer->size = size;
	answer->mtime_s = info.st_mtim.tv_sec;
	answer->ctime_s = info.st_ctim.tv_sec;
	answer->inode = info.st_ino;
}

void local_answer_link(int root_fd, struct local_folder *folder, struct arena *arena,
		       struct host_link *answer)
{
	g_autofree char *parent = g_path_get_dirname(answer->path);
	g_autofree char *last = g_path_get_basename(answer->path);
	int place = open_folder(root_fd, folder, parent);
	char target[PATH_MAX];
	ssize_t length = place < 0 ? -1 : readlinkat(place, last, target, sizeof(target));

	answer->state = host_state_from_errno(length < 0 ? errno : 0);
	if (length >= 0)
		answer->target = arena_strndup(arena, target, (size_t)length);
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* gives: names in byte order; NULL and errno on failure. */
static GPtrArray *read_names(int fd, bool *ret_complete)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	DIR *directory = fdopendir(fd);
	const struct dirent *entry = NULL;

	if (directory == NULL) {
		plimsoll_auto_close(&fd);
		return NULL;
	}
	errno = 0;
	while (names->len < MAX_DIRECTORY_ENTRIES && (entry = readdir(directory)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			g_ptr_array_add(names, g_strdup(entry->d_name));
	}
	*ret_complete = entry == NULL;
	if (entry == NULL && errno != 0) {
		int saved = errno;

		(void)closedir(directory);
		errno = saved;
		return NULL;
	}
	(void)closedir(directory);
	g_ptr_array_sort(names, compare_names);
	return g_steal_pointer(&names);
}

void local_answer_list(int root_fd, struct arena *arena, struct host_list *answer)
{
	struct stat info = {0};
	int fd = open_for_reading(root_fd, answer->path, S_IFDIR, &info);
	bool is_complete = true;
	g_autoptr(GPtrArray) names = fd < 0 ? NULL : read_names(fd, &is_complete);
	const char **copies = NULL;
	guint n = 0;

	if (names == NULL) {
		answer->state = host_state_from_errno(errno);
		return;
	}
	n = MIN(names->len, answer->max_names);
	copies = arena_calloc(arena, (size_t)n + 1, sizeof(*copies));
	for (guint i = 0; i < n; i++)
		copies[i] = arena_strdup(arena, names->pdata[i]);
	answer->names = copies;
	answer->n_names = n;
	answer->state = host_state_from_errno(0);
	if (n < names->len || !is_complete) {
		answer->state.status = PLIMSOLL__FETCH__STATUS__TRUNCATED;
		answer->state.detail = arena_printf(arena, "%u of %s%u names", n,
						    is_complete ? "" : "more than ", names->len);
	}
}

/* Connects and hangs up without a word: the kernel says who holds the other end. */
static int ask_peer(int path_fd, struct ucred *ret_peer)
{
	PLIMSOLL_AUTO_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t size = sizeof(*ret_peer);

	/* Through the descriptor: a socket's address takes 107 bytes, a path may be longer. */
	(void)g_snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d", path_fd);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, ret_peer, &size) < 0)
		return errno;
	return 0;
}

void local_answer_peer(int root_fd, struct host_peer *answer)
{
	PLIMSOLL_AUTO_FD place = host_path_open(root_fd, answer->path);
	struct ucred peer = {0};
	int error = place < 0 ? errno : ask_peer(place, &peer);

	answer->state = host_state_from_errno(error == EAGAIN ? ETIMEDOUT : error);
	if (error != 0)
		return;
	answer->pid = peer.pid;
	answer->uid = (int64_t)peer.uid;
	answer->gid = (int64_t)peer.gid;
}
