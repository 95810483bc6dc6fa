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

#include "agent/host_batch.h"
#include "agent/host_endpoint.h"
#include "proto/limits.h"

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
	guint rounds;        /* batches run so far */
	char *endpoint;      /* unix:///run/docker.sock, tcp://h:2376; no credentials */
	const char *caution; /* what a reader must know of that endpoint; NULL: nothing */
	char *socket_path;   /* of a unix endpoint, in the host's tree; NULL otherwise */
	bool has_root_dir;   /* --root: facts of a mounted tree */
};

/* Counts the round and runs the batch; asserts LIMIT_HOST_ROUNDS. */
bool host_run(struct host *host, struct host_batch *batch, GError **error);
void host_free(struct host *host);
PLIMSOLL_AUTOPTR(host, host_free)

/*
 * This machine, or the tree below root_dir ("/host" in a container). Links are resolved inside the
 * tree.
 *
 * root_dir  NULL: what PLIMSOLL_ROOT of the environment says, which the container image sets; else
 *           "/".
 * endpoint  kept as a borrow; NULL: the default.
 */
struct host *host_local_new(const char *root_dir, const struct host_endpoint *endpoint,
			    GError **error);

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
