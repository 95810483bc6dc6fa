/* SPDX-License-Identifier: Apache-2.0 */
/* Readers of the texts of /proc (proc(5)). Pure; what does not read as expected is "not there". */
#ifndef PLIMSOLL_AGENT_PROC_TEXT_H
#define PLIMSOLL_AGENT_PROC_TEXT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum { PROC_COMM_BYTES = 64, PROC_CONTAINER_ID_CHARS = 64 };

/* Inodes of the kernel's first namespaces (include/linux/proc_ns.h), fixed since Linux 3.8. */
#define PROC_FIRST_PIDNS  INT64_C(0xEFFFFFFC)
#define PROC_FIRST_USERNS INT64_C(0xEFFFFFFD)

struct proc_stat {
	int64_t pid, ppid;
	uint64_t start_ticks; /* since boot */
	char comm[PROC_COMM_BYTES + 1];
	bool is_kernel_thread;
};
/* /proc/PID/stat; the name of a program may itself hold blanks and parentheses. */
bool proc_stat_parse(const char *text, struct proc_stat *ret_stat);

/* btime of /proc/stat: seconds since 1970. */
bool proc_boot_time(const char *text, int64_t *ret_seconds);

/* The n-th number (from 0) of a line "NAME:\tN N N" of /proc/PID/status; base 10 or 16. */
bool proc_status_number(const char *text, const char *name, guint n, guint base,
			uint64_t *ret_number);

/* A line of /proc/PID/limits, e.g. "Max open files"; -1 = unlimited. */
bool proc_limit(const char *text, const char *name, int64_t *ret_soft, int64_t *ret_hard);

/* The number in "pid:[4026531836]" or "socket:[123]"; -1 = another text. */
int64_t proc_link_inode(const char *target, const char *kind);

/* Maps an id outside through /proc/PID/uid_map to the one inside. */
bool proc_map_inside(const char *uid_map, int64_t outside, int64_t *ret_inside);

/* The other way: an id inside to the one outside. */
bool proc_map_outside(const char *uid_map, int64_t inside, int64_t *ret_outside);

/* Calls back for every 64-hex-digit word of a cgroup path ("docker-ID.scope", "/docker/ID"), from
 * the left, until false comes back. The id is not terminated. */
void proc_cgroup_ids(const char *text, bool (*each)(const char *id, void *data), void *data);
bool proc_cgroup_has_id(const char *text, const char *id);
/* Whether a component of a cgroup path is exactly this name. */
bool proc_cgroup_has_component(const char *text, const char *name);

struct proc_mount {
	char *mount_point, *fs_type, *root; /* octal escapes undone */
	int64_t dev_major, dev_minor;
	int64_t id, parent; /* of the mount, and of the one that it stands on */
};
/* One line of /proc/PID/mountinfo, without its line feed. */
bool proc_mount_parse(const char *line, struct proc_mount *ret_mount);
void proc_mount_done(struct proc_mount *mount);

/*
 * The container that a process runs in, by its own /proc/self/mountinfo: engines mount a file of
 * the container's own folder, which has its id for a name, over /etc/hostname. The cgroup does not
 * show it to a process with a cgroup namespace of its own.
 *
 * gives  PROC_CONTAINER_ID_CHARS digits, g_free(); NULL: none.
 */
char *proc_mounts_container(const char *mountinfo);

struct proc_socket {
	char address[46]; /* as inet_ntop(3) writes it */
	int64_t port;
	uint64_t inode;
	guint state; /* 0x0A = TCP listening, 0x07 = UDP unconnected */
};
/* Calls back for every socket of /proc/PID/net/{tcp,tcp6,udp,udp6}. */
void proc_net_each(const char *text, bool is_v6,
		   void (*each)(const struct proc_socket *socket, void *data), void *data);

/* Calls back for every socket of /proc/PID/net/unix that listens on a path ("@..." where abstract).
 */
void proc_unix_each(const char *text, void (*each)(const char *path, uint64_t inode, void *data),
		    void *data);
/* Inode of the socket that listens on a path, in /proc/PID/net/unix; 0 = none. */
uint64_t proc_unix_listener(const char *text, const char *path);

/* Everything behind the last slash; of a program: without " (deleted)". gives: g_free(). */
char *proc_base_name(const char *path);

#endif
