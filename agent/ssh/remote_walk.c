/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 1 of the flow, agentless: resolves a path from what was said of each name on the way. Its
 * answers are those of host_path.c, which opens the names; test_remote_shell.c holds the two
 * together.
 */
#include "agent/ssh/remote_walk.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_LINKS = 40 }; /* as the kernel's own limit */

struct walk {
	remote_look look;
	void *data;
	GString *done;    /* realpath of what has been reached; "" = the root */
	GString *pending; /* what is left to go */
	char *unknown;    /* not NULL: nobody asked about that name yet */
	guint links;
	int64_t link_ctime_s, move_ctime_s;
};

static void go_up(struct walk *walk)
{
	const char *slash = strrchr(walk->done->str, '/');

	g_string_truncate(walk->done, slash == NULL ? 0 : (gsize)(slash - walk->done->str));
}

static int follow_link(struct walk *walk, const char *target)
{
	if (++walk->links > MAX_LINKS)
		return ELOOP;
	g_string_prepend(walk->pending, "/");
	g_string_prepend(walk->pending, target);
	if (target[0] == '/')
		g_string_truncate(walk->done, 0);
	return 0;
}

/* A program that tells whole seconds leaves open what happened within one: a folder counts as moved
 * then. */
static bool is_moved(const struct remote_entry *entry)
{
	if (!S_ISDIR(entry->mode) || entry->ctime_s < entry->mtime_s)
		return false;
	return entry->ctime_s > entry->mtime_s || entry->ctime_ns < 0 || entry->mtime_ns < 0 ||
	       entry->ctime_ns > entry->mtime_ns;
}

static const struct remote_entry *look_at(struct walk *walk, const char *name)
{
	g_autofree char *path = g_strdup_printf("%s/%s", walk->done->str, name);
	const struct remote_entry *entry = walk->look(path, walk->data);

	if (entry == NULL && walk->unknown == NULL)
		walk->unknown = g_steal_pointer(&path);
	return entry;
}

static int enter(struct walk *walk, const char *name)
{
	const struct remote_entry *entry = look_at(walk, name);

	if (entry == NULL)
		return EAGAIN;
	if (S_ISLNK(entry->mode))
		walk->link_ctime_s = MAX(walk->link_ctime_s, entry->ctime_s);
	if (entry->errno_value != 0)
		return entry->errno_value;
	if (S_ISLNK(entry->mode))
		return entry->target == NULL ? EIO : follow_link(walk, entry->target);
	if (is_moved(entry))
		walk->move_ctime_s = MAX(walk->move_ctime_s, entry->ctime_s);
	g_string_append_printf(walk->done, "/%s", name);
	return 0;
}

/* ret_stuck: on an error the component that could not be entered; g_free(). */
static int walk_on(struct walk *walk, char **ret_stuck)
{
	for (;;) {
		g_autofree char *name = host_path_next(walk->pending);
		int error = 0;

		if (name == NULL)
			return 0;
		if (strcmp(name, "..") == 0)
			go_up(walk);
		else if (strcmp(name, ".") != 0)
			error = enter(walk, name);
		if (error != 0) {
			*ret_stuck = g_steal_pointer(&name);
			return error;
		}
	}
}

static int walk_path(struct walk *walk, const char *path, struct host_path *ret_path)
{
	const char *last = strrchr(path, '/') + 1;
	g_autofree char *stuck = NULL;
	int error = 0;

	g_string_append_len(walk->pending, path, last - path);
	error = walk_on(walk, &stuck);
	if (error != 0) {
		ret_path->end = host_path_end(walk->done->str, stuck);
		if (error == ENOENT)
			ret_path->real_parent =
				host_path_below(walk->done->str, stuck, walk->pending->str, last);
		return error;
	}
	if (!host_path_is_dots(last)) {
		const struct remote_entry *entry = look_at(walk, last);

		ret_path->real_parent = g_strdup_printf("%s/%s", walk->done->str, last);
		if (entry != NULL && entry->errno_value == 0)
			ret_path->link_target = g_strdup(entry->target);
	}
	g_string_assign(walk->pending, last);
	error = walk_on(walk, &stuck);
	ret_path->end = host_path_end(walk->done->str, stuck);
	return error;
}

bool remote_walk(const char *path, remote_look look, void *data, struct host_path *ret_path,
		 char **ret_unknown)
{
	struct walk walk = {
		.look = look,
		.data = data,
		.done = g_string_new(NULL),
		.pending = g_string_new(NULL),
	};

	*ret_path = (struct host_path){.fd = -1};
	ret_path->errno_value = path[0] == '/' ? walk_path(&walk, path, ret_path) : EINVAL;
	ret_path->link_ctime_s = walk.link_ctime_s;
	ret_path->move_ctime_s = walk.move_ctime_s;
	if (ret_path->errno_value == 0) {
		ret_path->real = g_strdup(walk.done->len == 0 ? "/" : walk.done->str);
		if (ret_path->real_parent == NULL)
			ret_path->real_parent = g_strdup(ret_path->real);
	}
	g_string_free(walk.done, TRUE);
	g_string_free(walk.pending, TRUE);
	*ret_unknown = walk.unknown;
	return walk.unknown == NULL;
}
