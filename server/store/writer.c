/* SPDX-License-Identifier: Apache-2.0 */
/* Step 6: group commit, and checkpoints and retention beside it. */
#include "server/store/writer.h"

#include <sqlite3.h>

#include "server/store/internal.h"

enum {
	CHECKPOINT_PAGES = 1000, /* of the write-ahead log */
	RESTART_PAGES = 32000,   /* 128 MB: the log grew faster than it was copied */
	PURGE_EVERY_S = 86400,
	WAKE_EVERY_S = 3600,
};

struct work_item {
	store_work *work;
	void *data;
	writer_done *done;
	GError *error; /* of this piece alone */
};

struct writer {
	struct store *store;
	struct store *checkpointer; /* a connection of its own */
	GAsyncQueue *queue;         /* struct work_item */
	GThread *thread;
	gint commits;
	int log_pages;         /* after the last commit */
	struct work_item stop; /* its address in the queue ends the thread */

	GThread *keeper; /* checkpoints and retention */
	GMutex mutex;
	GCond wake;
	bool wants_checkpoint;
	bool stopping;
};

static int after_commit(void *data, sqlite3 *db, const char *name, int pages)
{
	struct writer *writer = data;

	(void)db;
	(void)name;
	writer->log_pages = pages;
	if (pages < CHECKPOINT_PAGES)
		return SQLITE_OK;
	g_mutex_lock(&writer->mutex);
	writer->wants_checkpoint = true;
	g_cond_signal(&writer->wake);
	g_mutex_unlock(&writer->mutex);
	return SQLITE_OK;
}

/* --- the writer's thread --- */

static void finish_batch(GPtrArray *batch, const GError *problem)
{
	for (guint i = 0; i < batch->len; i++) {
		struct work_item *item = g_ptr_array_index(batch, i);

		item->done(item->data, item->error != NULL ? item->error : problem);
		g_clear_error(&item->error);
		g_free(item);
	}
	g_ptr_array_set_size(batch, 0);
}

/* Waits for more work while the batch may still grow. NULL: commit now. */
static struct work_item *next_item(struct writer *writer, guint n_batch, gint64 started_us)
{
	struct work_item *item;

	if (n_batch >= WRITER_BATCH || g_get_monotonic_time() - started_us >= WRITER_BATCH_US)
		return NULL;
	item = g_async_queue_timeout_pop(writer->queue, WRITER_IDLE_US);
	if (item == &writer->stop) {
		g_async_queue_push_front(writer->queue, item);
		return NULL;
	}
	return item;
}

static void write_batch(struct writer *writer, struct work_item *first, GPtrArray *batch)
{
	g_autoptr(GError) error = NULL;
	gint64 started_us = g_get_monotonic_time();

	g_ptr_array_add(batch, first);
	if (!store_begin(writer->store, &error)) {
		finish_batch(batch, error);
		return;
	}
	for (struct work_item *item = first; item != NULL;
	     item = next_item(writer, batch->len, started_us)) {
		if (item != first)
			g_ptr_array_add(batch, item);
		/* false with no error would pass for a success */
		if (!store_try(writer->store, item->work, item->data, &item->error))
			g_assert(item->error != NULL);
	}
	if (store_commit(writer->store, &error))
		g_atomic_int_inc(&writer->commits);
	else
		store_end(writer->store);
	finish_batch(batch, error);
	/* While writes never pause, the other thread never reaches the end of the log. */
	if (writer->log_pages >= RESTART_PAGES) {
		writer->log_pages = 0;
		(void)store_checkpoint(writer->store, true, NULL);
	}
}

static gpointer write_all(gpointer data)
{
	struct writer *writer = data;
	g_autoptr(GPtrArray) batch = g_ptr_array_new();

	for (;;) {
		struct work_item *item = g_async_queue_pop(writer->queue);

		if (item == &writer->stop)
			return NULL;
		write_batch(writer, item, batch);
	}
}

/* --- the keeper's thread --- */

static void keep_house(struct writer *writer, gint64 *purged_us)
{
	/* Neither can harm what is stored; both are tried again. */
	(void)store_checkpoint(writer->checkpointer, false, NULL);
	if (*purged_us != 0 &&
	    g_get_monotonic_time() - *purged_us < (gint64)PURGE_EVERY_S * G_USEC_PER_SEC)
		return;
	*purged_us = g_get_monotonic_time();
	(void)store_purge(writer->checkpointer, g_get_real_time() / G_USEC_PER_SEC, NULL);
}

static gpointer keep_all(gpointer data)
{
	struct writer *writer = data;
	gint64 purged_us = 0;
	bool stopping = false;

	while (!stopping) {
		gint64 until_us = g_get_monotonic_time() + (gint64)WAKE_EVERY_S * G_USEC_PER_SEC;

		keep_house(writer, &purged_us);
		g_mutex_lock(&writer->mutex);
		while (!writer->stopping && !writer->wants_checkpoint)
			if (!g_cond_wait_until(&writer->wake, &writer->mutex, until_us))
				break;
		writer->wants_checkpoint = false;
		stopping = writer->stopping;
		g_mutex_unlock(&writer->mutex);
	}
	return NULL;
}

/* --- starting and stopping --- */

static struct writer *writer_new(void)
{
	struct writer *writer = g_new0(struct writer, 1);

	g_mutex_init(&writer->mutex);
	g_cond_init(&writer->wake);
	writer->queue = g_async_queue_new();
	return writer;
}

struct writer *writer_start(const char *data_dir, GError **error)
{
	PLIMSOLL_AUTO(writer) *writer = writer_new();

	writer->store = store_open(data_dir, STORE_WRITE, error);
	if (writer->store == NULL)
		return NULL;
	writer->checkpointer = store_open(data_dir, STORE_WRITE, error);
	if (writer->checkpointer == NULL)
		return NULL;
	sqlite3_wal_hook(sql_handle(writer->store->sql), after_commit, writer);
	writer->thread = g_thread_new("writer", write_all, writer);
	writer->keeper = g_thread_new("keeper", keep_all, writer);
	return g_steal_pointer(&writer);
}

void writer_stop(struct writer *writer)
{
	if (writer == NULL)
		return;
	if (writer->thread != NULL) {
		g_async_queue_push(writer->queue, &writer->stop);
		g_thread_join(writer->thread);
	}
	if (writer->keeper != NULL) {
		g_mutex_lock(&writer->mutex);
		writer->stopping = true;
		g_cond_signal(&writer->wake);
		g_mutex_unlock(&writer->mutex);
		g_thread_join(writer->keeper);
	}
	store_close(writer->checkpointer);
	store_close(writer->store);
	g_async_queue_unref(writer->queue);
	g_mutex_clear(&writer->mutex);
	g_cond_clear(&writer->wake);
	g_free(writer);
}

void writer_submit(struct writer *writer, store_work *work, void *data, writer_done *done)
{
	const struct work_item item = {.work = work, .data = data, .done = done};

	g_async_queue_push(writer->queue, g_memdup2(&item, sizeof item));
}

struct waiter {
	store_work *work;
	void *data;
	GError *error;
	GMutex mutex;
	GCond cond;
	bool finished;
};

static bool run_waiter(struct store *store, void *data, GError **error)
{
	struct waiter *waiter = data;

	return waiter->work(store, waiter->data, error);
}

static void wake_waiter(void *data, const GError *error)
{
	struct waiter *waiter = data;

	g_mutex_lock(&waiter->mutex);
	waiter->error = error != NULL ? g_error_copy(error) : NULL;
	waiter->finished = true;
	g_cond_signal(&waiter->cond);
	g_mutex_unlock(&waiter->mutex);
}

bool writer_run(struct writer *writer, store_work *work, void *data, GError **error)
{
	struct waiter waiter = {.work = work, .data = data};
	bool done;

	g_mutex_init(&waiter.mutex);
	g_cond_init(&waiter.cond);
	writer_submit(writer, run_waiter, &waiter, wake_waiter);
	g_mutex_lock(&waiter.mutex);
	while (!waiter.finished)
		g_cond_wait(&waiter.cond, &waiter.mutex);
	g_mutex_unlock(&waiter.mutex);
	g_mutex_clear(&waiter.mutex);
	g_cond_clear(&waiter.cond);
	done = waiter.error == NULL;
	if (!done)
		g_propagate_error(error, waiter.error);
	return done;
}

guint writer_pending(struct writer *writer)
{
	gint length = g_async_queue_length(writer->queue);

	return length > 0 ? (guint)length : 0;
}

guint writer_commits(struct writer *writer)
{
	return (guint)g_atomic_int_get(&writer->commits);
}
