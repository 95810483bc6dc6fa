/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths inside a host's root: links, absolute ones and ".." included, never lead out of it. The
 * walk is a component at a time with O_NOFOLLOW, so that a tree which changes meanwhile cannot lead
 * out either.
 */
#ifndef PLIMSOLL_AGENT_HOST_PATH_H
#define PLIMSOLL_AGENT_HOST_PATH_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/base.h"

/* Where a path leads. */
struct host_path {
	int fd;            /* O_PATH; -1: errno_value says why */
	int errno_value;   /* 0 = none */
	char *real;        /* realpath inside the root; NULL without fd */
	char *real_parent; /* realpath of the parent + last component; where the parent is absent,
			      of the nearest ancestor that exists; NULL = not known */
	char *end;         /* real, or the component that could not be entered; NULL = not known */
	char *link_target; /* NULL: the path itself is no link */
	int64_t link_ctime_s; /* the latest change of a link on the way; 0 = there was none */
	int64_t move_ctime_s; /* the latest time that a folder on the way was moved, or its rights
				 were changed, since its entries were; 0 = none was */
};

struct host_device {
	uint32_t dev_major, dev_minor;
};

/* suspects: an array of struct host_device that are not to be waited for; a path that leads to one
 * ends with ETIMEDOUT. NULL = none. */
void host_path_init(struct host_path *ret_path, int root_fd, const char *path,
		    const GArray *suspects);
void host_path_done(struct host_path *path);
#define HOST_PATH_AUTO __attribute__((cleanup(host_path_done))) struct host_path

/* --- the text of a walk, for those that walk: here, and over what another machine said --- */

/* Takes the next component off pending; NULL: none left. g_free(). */
char *host_path_next(GString *pending);
/* The parent does not exist: its nearest ancestor that does (done), and the names below it as
 * given. NULL: these go up again. g_free(). */
char *host_path_below(const char *done, const char *stuck, const char *pending, const char *last);
bool host_path_is_dots(const char *name);
/* stuck: the component that could not be entered; NULL: all could. g_free(). */
char *host_path_end(const char *done, const char *stuck);

/* The object alone, by one call where the kernel can. gives: an O_PATH descriptor, or -1 and errno.
 */
int host_path_open(int root_fd, const char *path);

/* A descriptor for reading from an O_PATH one; never blocks, never becomes a controlling terminal.
 */
int host_path_reopen(int path_fd, int flags);

#endif
