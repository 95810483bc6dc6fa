/* SPDX-License-Identifier: Apache-2.0 */
/* See worker.h. */
#include "server/http/worker.h"

struct pool {
	const struct site *site;
	GAsyncQueue *queue; /* struct exchange, or the pool itself as the sign to end */
	GPtrArray *threads;
};

/* One per thread; freed by it. */
struct seat {
	struct pool *pool;
	struct worker worker;
};

static void free_seat(struct seat *seat)
{
	evaluator_free(seat->worker.evaluator);
	store_close(seat->worker.reader);
	g_free(seat);
}

static gpointer work(gpointer data)
{
	struct seat *seat = data;
	struct pool *pool = seat->pool;
	gpointer item;

	while ((item = g_async_queue_pop(pool->queue)) != pool) {
		struct exchange *exchange = item;

		exchange->route->handle(exchange, &seat->worker);
	}
	free_seat(seat);
	return NULL;
}

static struct seat *new_seat(struct pool *pool, bool judges, GError **error)
{
	struct seat *seat = g_new0(struct seat, 1);

	seat->pool = pool;
	seat->worker.site = pool->site;
	seat->worker.reader = store_open(pool->site->config->data_dir, STORE_READ, error);
	if (seat->worker.reader != NULL && judges)
		seat->worker.evaluator = intake_evaluator_new(&pool->site->rules, error);
	if (judges ? seat->worker.evaluator != NULL : seat->worker.reader != NULL)
		return seat;
	free_seat(seat);
	return NULL;
}

struct pool *pool_start(const struct site *site, guint n_workers, bool judges, GError **error)
{
	PLIMSOLL_AUTO(pool) *pool = g_new0(struct pool, 1);

	pool->site = site;
	pool->queue = g_async_queue_new();
	pool->threads = g_ptr_array_new();
	for (guint i = 0; i < n_workers; i++) {
		struct seat *seat = new_seat(pool, judges, error);

		if (seat == NULL)
			return NULL;
		g_ptr_array_add(pool->threads, g_thread_new("worker", work, seat));
	}
	return g_steal_pointer(&pool);
}

void pool_stop(struct pool *pool)
{
	if (pool == NULL)
		return;
	for (guint i = 0; i < pool->threads->len; i++)
		g_async_queue_push(pool->queue, pool);
	for (guint i = 0; i < pool->threads->len; i++)
		g_thread_join(g_ptr_array_index(pool->threads, i));
	g_ptr_array_unref(pool->threads);
	g_async_queue_unref(pool->queue);
	g_free(pool);
}

bool pool_submit(struct pool *pool, struct exchange *exchange)
{
	if (g_async_queue_length(pool->queue) >= (gint)pool->site->config->limits.queue)
		return false;
	g_async_queue_push(pool->queue, exchange);
	return true;
}
