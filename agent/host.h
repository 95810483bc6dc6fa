/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The door to a machine. Collectors state what they want to know as a batch; the host answers the
 * whole batch at once, so that over SSH a batch is one round trip. No collector opens a file, reads
 * a link or asks the kernel by itself. Variants, one file each: local (host_local.c), recorded
 * (host_recorded.c); SSH comes behind the same table.
 */
#ifndef PLIMSOLL_AGENT_HOST_H
#define PLIMSOLL_AGENT_HOST_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/arena.h"
#include "proto/limits.h"
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
	uint64_t inode;
	uint32_t dev_major, dev_minor;
	bool has_acl;
};

struct host_read {
	struct host_state state; /* TRUNCATED: data holds the first max_bytes */
	const char *path;
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
	struct host_state state;
	const char *path;
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
};

struct host_process_table {
	struct host_state state;
	const struct host_process *processes; /* by pid */
	guint n_processes;
	bool is_first_pidns; /* the walk saw the host's first pid namespace */
	int64_t wall_us;
};

struct host_audit_rule {
	const char *list, *action;
	const char *path;     /* NULL: no path, dir or -w */
	bool dir, has_dir;    /* has_dir false: the source does not tell path= from dir= */
	const char *perms;    /* NULL: none */
	const char *syscalls; /* NULL: a watch */
	const char *key;
	const char *raw;
	const struct host_audit_field {
		const char *name, *op, *value;
	} * fields;
	guint n_fields;
};

struct host_audit {
	struct host_state state;
	Plimsoll__AuditStatus__Source source;
	bool has_kernel, kernel; /* kernel false: no audit support */
	bool has_enabled;
	int64_t enabled, daemon_pid;
	const struct host_audit_rule *rules; /* kernel order */
	guint n_rules;
};

/* Who answers on a unix socket, by SO_PEERCRED. */
struct host_peer {
	struct host_state state;
	int64_t pid, uid, gid;
};

struct host_batch;

/* An empty batch; its answers live in the arena (kept as a borrow). free: with the arena. */
struct host_batch *host_batch_new(struct arena *arena);

/*
 * The wants. Each returns the place where the answer will stand after host_run(); the same want
 * twice gives the same place. Paths are absolute in the host's tree and are copied.
 */
const struct host_stat *host_want_stat(struct host_batch *batch, const char *path);
const struct host_read *host_want_read(struct host_batch *batch, const char *path,
				       size_t max_bytes);
const struct host_link *host_want_link(struct host_batch *batch, const char *path);
const struct host_list *host_want_list(struct host_batch *batch, const char *path, guint max_names);
const struct host_process_table *host_want_processes(struct host_batch *batch);
const struct host_audit *host_want_audit(struct host_batch *batch);
const struct host_peer *host_want_peer(struct host_batch *batch, const char *socket_path);

/* One GET to the Engine. */
struct host_get {
	const char *path;        /* "/info", without version prefix */
	struct host_state state; /* OK: 200 */
	int http_status;         /* 0 = no answer */
	const char *body;        /* NUL-terminated; of any status */
	size_t size;
	const char *api_version;    /* header Api-Version, or NULL */
	const char *libpod_version; /* header Libpod-Api-Version, or NULL */
	const char *server;         /* header Server, or NULL */
	int64_t us;
};

struct host;

struct host_ops {
	const char *transport; /* Envelope.transport */
	/* Answers every want; false only when the host as a whole is out of reach (every state is
	 * then NOT_TRIED). */
	bool (*run)(struct host *host, struct host_batch *batch, GError **error);
	/*
	 * Asks the Engine, LIMIT_API_CONNECTIONS at a time; `done` is called once per request, in
	 * any order, while its body is still in memory, so that a thousand inspects never stand in
	 * memory together. May run in another thread than run().
	 */
	void (*docker_get)(struct host *host, struct host_get *requests, guint n_requests,
			   void (*done)(struct host_get *request, void *data), void *data);
	void (*free)(struct host *host);
};

struct host {
	const struct host_ops *ops;
	guint rounds;      /* batches run so far */
	char *endpoint;    /* unix:///run/docker.sock; no credentials */
	char *socket_path; /* of a unix endpoint, in the host's tree; NULL otherwise */
	bool has_root_dir; /* --root: facts of a mounted tree */
};

/* Counts the round and runs the batch; asserts LIMIT_HOST_ROUNDS. */
bool host_run(struct host *host, struct host_batch *batch, GError **error);
void host_free(struct host *host);
PLIMSOLL_AUTOPTR(host, host_free)

/*
 * This machine, or the tree below root_dir (NULL = "/"; "/host" in a container). Links are resolved
 * inside the tree.
 *
 * endpoint  "unix:///path" or NULL for the default.
 * error     HOST_ERROR_ENDPOINT for an endpoint of another kind; the message says what to do.
 */
struct host *host_local_new(const char *root_dir, const char *endpoint, GError **error);

/*
 * A recorded host: DIR/host.json (answers by want, see host_recorded.c) and DIR/index.json with
 * Engine answers as the recorder writes them. Either may be missing: those wants then answer
 * NOT_TRIED. Anything not recorded is NOT_TRIED as well, never ABSENT.
 */
struct host *host_recorded_new(const char *dir, GError **error);

enum host_error { HOST_ERROR_ENDPOINT, HOST_ERROR_RECORDING, HOST_ERROR_UNREACHABLE };
#define HOST_ERROR (host_error_quark())
GQuark host_error_quark(void);

#endif
