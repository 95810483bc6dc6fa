/* SPDX-License-Identifier: Apache-2.0 */
/* One event loop in one thread. Everything of libevent happens in its thread; others call in. */
#ifndef PLIMSOLL_SERVER_HTTP_LOOP_H
#define PLIMSOLL_SERVER_HTTP_LOOP_H

#include "proto/base.h"

struct event_base;
struct loop;

/* Makes a loop; it starts with loop_start(). gives: free with loop_free(), which ends it. */
struct loop *loop_new(const char *name);
void loop_start(struct loop *loop);
void loop_free(struct loop *loop);
PLIMSOLL_AUTOPTR(loop, loop_free)

struct event_base *loop_base(struct loop *loop);

/* Runs call(data) in the loop's thread, soon and in order. From any thread. */
void loop_call(struct loop *loop, void (*call)(void *data), void *data);
/* The same, and waits until it ran. Never from the loop's own thread. */
void loop_call_wait(struct loop *loop, void (*call)(void *data), void *data);

#endif
