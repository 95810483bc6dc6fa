/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What collectors ask a host, and what they get: a batch of wants whose answers stand in place
 * after host_run(). Part of the door that host.h describes.
 */
#ifndef PLIMSOLL_AGENT_HOST_BATCH_H
#define PLIMSOLL_AGENT_HOST_BATCH_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "agent/host_answer.h"
#include "agent/host_audit_answer.h"
#include "proto/arena.h"

struct host_batch;

/* An empty batch; its answers live in the arena (kept as a borrow), also after host_batch_free().
 */
struct host_batch *host_batch_new(struct arena *arena);
void host_batch_free(struct host_batch *batch);
PLIMSOLL_AUTOPTR(host_batch, host_batch_free)

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
const struct host_self *host_want_self(struct host_batch *batch);

/*
 * A device whose file system waits for a program or another machine, which may never answer: what
 * lies there is asked about aside, with a limit of its own.
 */
void host_batch_suspect(struct host_batch *batch, int64_t dev_major, int64_t dev_minor);

/* Overwrites the content of an answer whose secrets have no further use. */
void host_read_wipe(const struct host_read *read);

#endif
