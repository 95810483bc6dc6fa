/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one thread that writes while the server runs. Work of many requests goes into one
 * transaction: one fdatasync for all of them, and each is answered only after it.
 */
#ifndef PLIMSOLL_SERVER_STORE_WRITER_H
#define PLIMSOLL_SERVER_STORE_WRITER_H

#include "server/store/store.h"

enum {
	WRITER_BATCH = 100,      /* commit at this many pieces of work, */
	WRITER_IDLE_US = 2000,   /* or when none came for this long, */
	WRITER_BATCH_US = 50000, /* or when the first waits for this long */
};

struct writer;

/* Opens the store for writing and starts the threads. gives: stop with writer_stop(). */
struct writer *writer_start(const char *data_dir, GError **error);
/* Finishes what was submitted, then ends the threads and closes the store. */
void writer_stop(struct writer *writer);
PLIMSOLL_AUTOPTR(writer, writer_stop)

/* Told in the writer's thread, after the commit or the failure. error NULL: it is on disk. */
typedef void writer_done(void *data, const GError *error);

/* Queues a piece of work; done is called exactly once. */
void writer_submit(struct writer *writer, store_work *work, void *data, writer_done *done);
/* The same, waiting for it. Never from the writer's own thread. */
bool writer_run(struct writer *writer, store_work *work, void *data, GError **error);

guint writer_pending(struct writer *writer);
/* How many transactions were committed so far; for tests and status. */
guint writer_commits(struct writer *writer);

#endif
