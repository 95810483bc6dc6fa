/* SPDX-License-Identifier: Apache-2.0 */
/* The answers of a host, one struct per kind of want. All strings live in the batch's arena. */
#ifndef PLIMSOLL_AGENT_HOST_ANSWER_H
#define PLIMSOLL_AGENT_HOST_ANSWER_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/plimsoll.pb-c.h"

/* Every answer starts with how it went. */
struct host_state {
	Plimsoll__Fetch__Status status;
	int errno_value;    /* 0 = none */
	const char *detail; /* NULL = none; for people, <= LIMIT_DETAIL_BYTES */
};

struct host_stat {
	struct host_state state;
	const char *path;
	const char *real; /* realpath inside the host's root; NULL when it does not resolve */
	const char *real_parent; /* realpath of the parent + last component, also when the object is
				    absent */
	const char *link_target; /* when path itself is a link */
	bool dangling;           /* a link whose target is absent (state.status is then ABSENT) */
	bool is_link;            /* path itself */
	uint32_t mode;           /* st_mode of the realpath, with its type bits */
	int64_t uid, gid, size;
	int64_t mtime_s, ctime_s;
	int64_t link_ctime_s; /* the latest change of a link on the way; 0 = there is none */
	int64_t move_ctime_s; /* the same of a folder that was moved, or given other rights */
	uint64_t inode;
	uint32_t dev_major, dev_minor;
	bool has_acl;
	bool acl_unknown; /* nothing over there tells */
};

struct host_read {
	struct host_state state; /* TRUNCATED: data holds the first max_bytes */
	const char *path;
	size_t max_bytes; /* as wanted; the largest when wanted twice */
	const char *data; /* NUL-terminated; may hold NULs */
	size_t size;
	int64_t mtime_s, ctime_s;
	uint64_t inode;
};

struct host_link {
	struct host_state state;
	const char *path;
	const char *target; /* text of the link, e.g. "pid:[4026531836]" */
};

struct host_list {
	struct host_state state; /* TRUNCATED: names holds max_names of them */
	const char *path;
	guint max_names;
	const char *const *names; /* byte order, without . and .., NULL-terminated; never NULL */
	guint n_names;
};

/* One process of the host's first pid namespace; what could not be read is NULL or -1. */
struct host_process {
	int64_t pid, ppid;
	int64_t start_at; /* s since 1970 */
	const char *comm;
	const char *exe;    /* readlink, " (deleted)" kept */
	const char *argv0;  /* first word of the command line */
	const char *cgroup; /* text of /proc/PID/cgroup */
	int64_t pidns;      /* inode */
	/* NUL-separated; of dockerd and containerd outside containers only, else NULL */
	const char *cmdline;
	size_t cmdline_size;
};

struct host_process_table {
	struct host_state state; /* PERMISSION: walked, but some processes are hidden in part */
	const struct host_process *processes; /* by pid */
	guint n_processes;
	bool is_first_pidns; /* known to be the kernel's first pid namespace */
	int64_t pidns;       /* inode of the one that was walked, -1 = not seen */
	int64_t wall_us;
};

/* Who answers on a unix socket, by SO_PEERCRED. */
struct host_peer {
	struct host_state state;
	const char *path;
	int64_t pid, uid, gid;
};

/* What the collecting process itself is on that machine; what was not seen is NULL or -1. */
struct host_self {
	struct host_state state;
	int64_t uid;
	int64_t caps;               /* effective, as the kernel's bit set */
	bool has_userns, in_userns; /* in_userns: not the kernel's first user namespace */
	int64_t pidns;              /* inode */
	bool has_foreign_root;      /* it sees other mounts than pid 1 */
	const char *kernel;         /* release */
	const char *hostname;       /* NULL also for a mounted tree: its files tell */
	const char *container_id;   /* of the container that it runs in; NULL: none is known */
};

#endif
