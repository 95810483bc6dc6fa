/* SPDX-License-Identifier: Apache-2.0 */
/* See loop.h. */
#include "server/http/loop.h"

#include <event2/event.h>
#include <event2/thread.h>

struct call {
	void (*call)(void *data);
	void *data;
};

struct loop {
	char *name;
	struct event_base *base;
	struct event *wake;
	GAsyncQueue *calls;
	GThread *thread;
};

static void run_calls(evutil_socket_t fd, short what, void *data)
{
	struct loop *loop = data;
	struct call *call;

	(void)fd;
	(void)what;
	while ((call = g_async_queue_try_pop(loop->calls)) != NULL) {
		call->call(call->data);
		g_free(call);
	}
}

struct loop *loop_new(const char *name)
{
	struct loop *loop = g_new0(struct loop, 1);

	/* Other threads wake the loop with event_active(). */
	if (evthread_use_pthreads() != 0)
		g_error("libevent knows no threads");
	loop->name = g_strdup(name);
	loop->calls = g_async_queue_new();
	loop->base = event_base_new();
	loop->wake =
		loop->base != NULL ? event_new(loop->base, -1, EV_PERSIST, run_calls, loop) : NULL;
	if (loop->wake == NULL || event_add(loop->wake, NULL) != 0)
		g_error("cannot make an event loop");
	return loop;
}

static gpointer run_loop(gpointer data)
{
	struct loop *loop = data;

	(void)event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY);
	return NULL;
}

void loop_start(struct loop *loop)
{
	loop->thread = g_thread_new(loop->name, run_loop, loop);
}

static void exit_loop(void *data)
{
	struct loop *loop = data;

	(void)event_base_loopexit(loop->base, NULL);
}

void loop_free(struct loop *loop)
{
	if (loop == NULL)
		return;
	if (loop->thread != NULL) {
		loop_call(loop, exit_loop, loop);
		g_thread_join(loop->thread);
	}
	run_calls(-1, 0, loop);
	event_free(loop->wake);
	event_base_free(loop->base);
	g_async_queue_unref(loop->calls);
	g_free(loop->name);
	g_free(loop);
}

struct event_base *loop_base(struct loop *loop)
{
	return loop->base;
}

void loop_call(struct loop *loop, void (*call)(void *data), void *data)
{
	struct call *item = g_new0(struct call, 1);

	item->call = call;
	item->data = data;
	g_async_queue_push(loop->calls, item);
	event_active(loop->wake, EV_READ, 0);
}

struct waiting_call {
	void (*call)(void *data);
	void *data;
	GMutex mutex;
	GCond cond;
	gboolean finished;
};

static void run_waiting(void *data)
{
	struct waiting_call *waiting = data;

	waiting->call(waiting->data);
	g_mutex_lock(&waiting->mutex);
	waiting->finished = TRUE;
	g_cond_signal(&waiting->cond);
	g_mutex_unlock(&waiting->mutex);
}

void loop_call_wait(struct loop *loop, void (*call)(void *data), void *data)
{
	struct waiting_call waiting = {.call = call, .data = data};

	g_mutex_init(&waiting.mutex);
	g_cond_init(&waiting.cond);
	loop_call(loop, run_waiting, &waiting);
	g_mutex_lock(&waiting.mutex);
	while (!waiting.finished)
		g_cond_wait(&waiting.cond, &waiting.mutex);
	g_mutex_unlock(&waiting.mutex);
	g_mutex_clear(&waiting.mutex);
	g_cond_clear(&waiting.cond);
}
