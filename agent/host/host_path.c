/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 1 of the flow: resolves paths inside a host's root. The kernel's openat2() does it where
 * only the object is wanted; the walk here does it where the names on the way are facts as well,
 * and where the kernel is older or refuses (/proc/PID/root is a link whose text, not whose object,
 * counts in another root).
 */
#include "agent/host/host_path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum { MAX_LINKS = 40 }; /* as the kernel's own limit */

struct walk {
	int root_fd;
	const GArray *suspects; /* NULL = none */
	int fd;                 /* O_PATH of what has been reached */
	GString *done;          /* its realpath; "" = the root */
	GString *pending;       /* what is left to go */
	guint links;
	int64_t link_ctime_s, move_ctime_s;
};

static void walk_done(struct walk *walk)
{
	plimsoll_auto_close(&walk->fd);
	g_string_free(walk->done, TRUE);
	g_string_free(walk->pending, TRUE);
}

static int open_child(int fd, const char *name)
{
	return openat(fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
}

static int restart_at_root(struct walk *walk)
{
	int fd = open_child(walk->root_fd, ".");

	if (fd < 0)
		return errno;
	plimsoll_auto_close(&walk->fd);
	walk->fd = fd;
	g_string_truncate(walk->done, 0);
	return 0;
}

char *host_path_next(GString *pending)
{
	const char *start = pending->str + strspn(pending->str, "/");
	size_t length = strcspn(start, "/");
	char *name = length == 0 ? NULL : g_strndup(start, length);

	g_string_erase(pending, 0, (gssize)((size_t)(start - pending->str) + length));
	return name;
}

/* What has been reached holds no link, so its parent is found by going down again. */
static int go_up(struct walk *walk)
{
	char *last = strrchr(walk->done->str, '/');
	g_autofree char *parent =
		last == NULL ? g_strdup("")
			     : g_strndup(walk->done->str, (gsize)(last - walk->done->str));
	g_auto(GStrv) names = g_strsplit(parent, "/", -1);
	int error = restart_at_root(walk);

	for (guint i = 0; error == 0 && names[i] != NULL; i++) {
		int fd = names[i][0] == '\0' ? -1 : open_child(walk->fd, names[i]);

		if (names[i][0] == '\0')
			continue;
		if (fd < 0)
			return errno;
		plimsoll_auto_close(&walk->fd);
		walk->fd = fd;
	}
	g_string_assign(walk->done, parent);
	return error;
}

/* gives: text of the link behind an O_PATH descriptor, or NULL and errno. */
static char *link_text(int fd)
{
	char text[PATH_MAX];
	ssize_t length = readlinkat(fd, "", text, sizeof(text));

	if (length < 0)
		return NULL;
	if ((size_t)length == sizeof(text)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	return g_strndup(text, (gsize)length);
}

static int follow_link(struct walk *walk, int link_fd)
{
	g_autofree char *target = link_text(link_fd);

	if (target == NULL)
		return errno;
	if (target[0] == '\0')
		return ENOENT;
	if (++walk->links > MAX_LINKS)
		return ELOOP;
	g_string_prepend(walk->pending, "/");
	g_string_prepend(walk->pending, target);
	return target[0] == '/' ? restart_at_root(walk) : 0;
}

/* A new or lost entry changes both times of a folder; a move, or new rights, only the one. */
static bool is_moved(const struct stat *folder)
{
	const struct timespec *changed = &folder->st_ctim;
	const struct timespec *entries = &folder->st_mtim;

	return S_ISDIR(folder->st_mode) &&
	       (changed->tv_sec > entries->tv_sec ||
		(changed->tv_sec == entries->tv_sec && changed->tv_nsec > entries->tv_nsec));
}

/* Asks for nothing but the device, which the kernel knows by itself. */
static bool is_suspect(const struct walk *walk, int fd)
{
	struct statx info = {0};

	if (walk->suspects == NULL || walk->suspects->len == 0 || fd < 0)
		return false;
	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, 0, &info) < 0)
		return true;
	for (guint i = 0; i < walk->suspects->len; i++) {
		const struct host_device *device =
			&g_array_index(walk->suspects, struct host_device, i);

		if (device->dev_major == info.stx_dev_major &&
		    device->dev_minor == info.stx_dev_minor)
			return true;
	}
	return false;
}

static int enter(struct walk *walk, const char *name)
{
	PLIMSOLL_AUTO_FD child = open_child(walk->fd, name);
	struct stat info;

	if (is_suspect(walk, child))
		return ETIMEDOUT;
	if (child < 0 || fstatat(child, "", &info, AT_EMPTY_PATH) < 0)
		return errno;
	if (S_ISLNK(info.st_mode)) {
		walk->link_ctime_s = MAX(walk->link_ctime_s, info.st_ctim.tv_sec);
		return follow_link(walk, child);
	}
	if (is_moved(&info))
		walk->move_ctime_s = MAX(walk->move_ctime_s, info.st_ctim.tv_sec);
	plimsoll_auto_close(&walk->fd);
	walk->fd = plimsoll_steal_fd(&child);
	g_string_append_printf(walk->done, "/%s", name);
	return 0;
}

/*
 * Goes on until nothing is pending.
 *
 * ret_stuck  on an error: the component that could not be entered, which is no longer pending; free
 *            with g_free().
 */
static int walk_on(struct walk *walk, char **ret_stuck)
{
	for (;;) {
		g_autofree char *name = host_path_next(walk->pending);
		int error = 0;

		if (name == NULL)
			return 0;
		if (strcmp(name, "..") == 0)
			error = go_up(walk);
		else if (strcmp(name, ".") != 0)
			error = enter(walk, name);
		if (error != 0) {
			*ret_stuck = g_steal_pointer(&name);
			return error;
		}
	}
}

static void split_last(const char *path, char **ret_parent, char **ret_last)
{
	const char *slash = strrchr(path, '/');
	const char *last = slash == NULL ? path : slash + 1;

	*ret_parent = g_strndup(path, (gsize)(last - path));
	*ret_last = g_strdup(last);
}

char *host_path_below(const char *done, const char *stuck, const char *pending, const char *last)
{
	g_autofree char *below = g_build_path("/", stuck, pending, last, NULL);
	g_auto(GStrv) names = g_strsplit(below, "/", -1);

	if (g_strv_contains((const char *const *)names, ".."))
		return NULL;
	return g_strdup_printf("%s/%s", done, below);
}

bool host_path_is_dots(const char *name)
{
	return strcmp(name, "") == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

char *host_path_end(const char *done, const char *stuck)
{
	if (stuck != NULL)
		return g_strdup_printf("%s/%s", done, stuck);
	return g_strdup(done[0] == '\0' ? "/" : done);
}

static int walk_path(struct walk *walk, const char *path, struct host_path *ret_path)
{
	g_autofree char *parent = NULL;
	g_autofree char *last = NULL;
	g_autofree char *stuck = NULL;
	int error = restart_at_root(walk);

	split_last(path, &parent, &last);
	g_string_assign(walk->pending, parent);
	if (error == 0)
		error = walk_on(walk, &stuck);
	if (error != 0) {
		ret_path->end = host_path_end(walk->done->str, stuck);
		if (error == ENOENT && stuck != NULL)
			ret_path->real_parent =
				host_path_below(walk->done->str, stuck, walk->pending->str, last);
		return error;
	}
	if (!host_path_is_dots(last)) {
		PLIMSOLL_AUTO_FD child = open_child(walk->fd, last);

		ret_path->real_parent = g_strdup_printf("%s/%s", walk->done->str, last);
		if (child >= 0)
			ret_path->link_target = link_text(child);
	}
	g_string_assign(walk->pending, last);
	error = walk_on(walk, &stuck);
	ret_path->end = host_path_end(walk->done->str, stuck);
	return error;
}

void host_path_init(struct host_path *ret_path, int root_fd, const char *path,
		    const GArray *suspects)
{
	struct walk walk = {
		.root_fd = root_fd,
		.suspects = suspects,
		.fd = -1,
		.done = g_string_new(NULL),
		.pending = g_string_new(NULL),
	};

	*ret_path = (struct host_path){.fd = -1};
	ret_path->errno_value = path[0] == '/' ? walk_path(&walk, path, ret_path) : EINVAL;
	ret_path->link_ctime_s = walk.link_ctime_s;
	ret_path->move_ctime_s = walk.move_ctime_s;
	if (ret_path->errno_value == 0) {
		ret_path->fd = plimsoll_steal_fd(&walk.fd);
		ret_path->real = g_strdup(walk.done->len == 0 ? "/" : walk.done->str);
		if (ret_path->real_parent == NULL)
			ret_path->real_parent = g_strdup(ret_path->real);
	}
	walk_done(&walk);
}

void host_path_done(struct host_path *path)
{
	plimsoll_auto_close(&path->fd);
	g_clear_pointer(&path->real, g_free);
	g_clear_pointer(&path->real_parent, g_free);
	g_clear_pointer(&path->end, g_free);
	g_clear_pointer(&path->link_target, g_free);
}

int host_path_open(int root_fd, const char *path)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
	HOST_PATH_AUTO walked = {.fd = -1};
	long fd = syscall(SYS_openat2, root_fd, path, &how, sizeof(how));

	if (fd >= 0 || errno == ENOENT || errno == EACCES || errno == ENOTDIR)
		return (int)fd;
	/* An older kernel, a filter that hides the call, a link of /proc, a concurrent rename. */
	host_path_init(&walked, root_fd, path, NULL);
	errno = walked.errno_value;
	return plimsoll_steal_fd(&walked.fd);
}

int host_path_reopen(int path_fd, int flags)
{
	g_autofree char *self = g_strdup_printf("/proc/self/fd/%d", path_fd);

	return open(self, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}
