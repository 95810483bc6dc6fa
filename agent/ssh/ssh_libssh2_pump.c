/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread of a connection: carries bytes between the channels of libssh2 and the sockets that
 * callers hold, opens new ones, keeps the connection alive, and ends every stream with it. Only
 * this thread calls libssh2, which is never made to block.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "agent/ssh/ssh_libssh2_private.h"
#include "agent/ssh/ssh_libssh2_stream.h"
#include "proto/limits.h"

enum { KEEPALIVE_MS = 15000, STREAMS_WITH_ENDING = 64 };

/* ---- opening ---- */

static void answer(struct ssh_libssh2 *self, struct ssh_request *request, int fd)
{
	g_mutex_lock(&self->shared.lock);
	request->fd = fd;
	request->is_done = true;
	g_cond_broadcast(&self->shared.answered);
	g_mutex_unlock(&self->shared.lock);
}

static void refuse(struct ssh_libssh2 *self, const char *what)
{
	struct ssh_request *request = NULL;
	char *said = NULL;

	if (self->has_ended || self->was_dismissed)
		return; /* told by end() */
	request = g_steal_pointer(&self->opening);
	(void)libssh2_session_last_error(self->session, &said, NULL, 0);
	g_set_error(&request->error, SSH_ERROR, SSH_ERROR_SHELL, "%s: %s", what, said);
	answer(self, request, -1);
}

static guint count_live(const struct ssh_libssh2 *self)
{
	guint live = 0;

	for (guint i = 0; i < self->streams->len; i++)
		live += ssh_stream_is_live(g_ptr_array_index(self->streams, i)) ? 1 : 0;
	return live;
}

static bool has_room(const struct ssh_libssh2 *self)
{
	return self->streams->len < STREAMS_WITH_ENDING && count_live(self) < LIMIT_SSH_STREAMS;
}

static void take_request(struct ssh_libssh2 *self)
{
	struct ssh_request *request = NULL;

	if (self->opening != NULL)
		return;
	g_mutex_lock(&self->shared.lock);
	request = g_queue_pop_head(&self->shared.requests);
	g_mutex_unlock(&self->shared.lock);
	if (request == NULL)
		return;
	if (!has_room(self)) {
		g_set_error(&request->error, SSH_ERROR, SSH_ERROR_SHELL,
			    "more than %u streams at a time", LIMIT_SSH_STREAMS);
		answer(self, request, -1);
		return;
	}
	self->opening = request;
	self->opening_until_us = g_get_monotonic_time() + LIMIT_SSH_OPEN_MS * INT64_C(1000);
}

static LIBSSH2_CHANNEL *open_channel(struct ssh_libssh2 *self, const struct ssh_request *request)
{
	static const char type[] = "direct-streamlocal@openssh.com";
	g_autoptr(GString) payload = g_string_new(NULL);
	uint32_t size = 0;

	if (request->is_run)
		return libssh2_channel_open_ex(self->session, "session", sizeof("session") - 1,
					       LIMIT_SSH_WINDOW_BYTES,
					       LIBSSH2_CHANNEL_PACKET_DEFAULT, NULL, 0);
	/* OpenSSH's PROTOCOL, 2.4: string path, string reserved, uint32 reserved */
	size = GUINT32_TO_BE((uint32_t)strlen(request->text));
	g_string_append_len(payload, (const char *)&size, sizeof(size));
	g_string_append(payload, request->text);
	g_string_append_len(payload, "\0\0\0\0\0\0\0\0", 8);
	return libssh2_channel_open_ex(self->session, type, sizeof(type) - 1,
				       LIMIT_SSH_WINDOW_BYTES, LIBSSH2_CHANNEL_PACKET_DEFAULT,
				       payload->str, (unsigned)payload->len);
}

/* The caller's end goes out, ours joins the streams. */
static void finish_opening(struct ssh_libssh2 *self)
{
	struct ssh_request *request = g_steal_pointer(&self->opening);
	LIBSSH2_CHANNEL *channel = g_steal_pointer(&self->opening_channel);
	int ends[2] = {-1, -1};

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
		g_set_error(&request->error, SSH_ERROR, SSH_ERROR_LOCAL, "cannot make a socket: %s",
			    g_strerror(errno));
	g_ptr_array_add(self->streams, ssh_stream_new(self, channel, ends[1]));
	answer(self, request, ends[0]);
}

/* libssh2 keeps a half-opened channel in the session: one at a time, by the same call. */
static void go_on_opening(struct ssh_libssh2 *self)
{
	const struct ssh_request *request = self->opening;
	int code = 0;

	if (self->opening_channel == NULL) {
		self->opening_channel = open_channel(self, request);
		if (self->opening_channel == NULL) {
			if (libssh2_session_last_errno(self->session) != LIBSSH2_ERROR_EAGAIN)
				refuse(self, request->is_run ? "the server opens no session"
							     : "the server does not forward, or "
							       "the socket cannot be opened");
			return;
		}
	}
	if (request->is_run) {
		code = libssh2_channel_process_startup(self->opening_channel, "exec",
						       sizeof("exec") - 1, request->text,
						       (unsigned)strlen(request->text));
		if (code == LIBSSH2_ERROR_EAGAIN)
			return;
	}
	if (code == 0) {
		finish_opening(self);
		return;
	}
	refuse(self, "the server runs no command");
	g_ptr_array_add(self->streams,
			ssh_stream_new(self, g_steal_pointer(&self->opening_channel), -1));
}

static bool serve_requests(struct ssh_libssh2 *self)
{
	bool did = false;

	for (;;) {
		take_request(self);
		if (self->opening == NULL || self->has_ended || self->was_dismissed)
			return did;
		go_on_opening(self);
		if (self->opening != NULL)
			return did;
		did = true;
	}
}

/* ---- the loop ---- */

static void lose(struct ssh_libssh2 *self, const char *why)
{
	char *said = NULL;
	int code = libssh2_session_last_error(self->session, &said, NULL, 0);

	g_mutex_lock(&self->shared.lock);
	if (self->shared.why_lost == NULL && why != NULL)
		self->shared.why_lost = g_strdup(why);
	else if (self->shared.why_lost == NULL)
		self->shared.why_lost = g_strdup_printf(
			"the connection ended%s%s", code != 0 ? ": " : "", code != 0 ? said : "");
	g_mutex_unlock(&self->shared.lock);
}

static bool is_lost(struct ssh_libssh2 *self)
{
	bool lost = false;

	g_mutex_lock(&self->shared.lock);
	lost = self->shared.why_lost != NULL || self->shared.is_left;
	g_mutex_unlock(&self->shared.lock);
	return lost;
}

/* One pass over everything. true: something moved, so another pass may be worth it. */
static bool serve(struct ssh_libssh2 *self)
{
	bool moved = serve_requests(self);

	for (guint i = 0; i < self->streams->len;) {
		struct ssh_stream *stream = g_ptr_array_index(self->streams, i);

		switch (ssh_stream_serve(stream)) {
		case SSH_STREAM_MOVED:
			moved = true;
			i++;
			break;
		case SSH_STREAM_WAITS:
			i++;
			break;
		case SSH_STREAM_OVER:
			moved = true;
			g_ptr_array_remove_index(self->streams, i);
			break;
		case SSH_STREAM_LOST:
			lose(self, NULL);
			return false;
		}
	}
	if (!ssh_libssh2_flush(self) || self->has_ended || self->was_dismissed)
		lose(self, NULL);
	return moved;
}

/*
 * Whether somebody reads from the connection when it has something to read. libssh2 has no call
 * for that alone, so one of a channel's is used; without a channel that still expects something the
 * bytes wait in the kernel, and the end of the connection shows as POLLRDHUP.
 */
static bool has_reader(struct ssh_libssh2 *self)
{
	if (self->opening != NULL)
		return true;
	for (guint i = 0; i < self->streams->len; i++) {
		switch (ssh_stream_receive(g_ptr_array_index(self->streams, i))) {
		case SSH_STREAM_WAITS:
			return true;
		case SSH_STREAM_LOST:
			lose(self, NULL);
			return false;
		case SSH_STREAM_MOVED:
		case SSH_STREAM_OVER:
			break;
		}
	}
	return false;
}

/* libssh2 goes by the wall clock here, so what counts is whether it really asked. */
static void keep_alive(struct ssh_libssh2 *self)
{
	gint64 now_us = g_get_monotonic_time();
	guint queued = self->outgoing->len;
	int ignored = 0;

	if (self->opening != NULL && now_us >= self->opening_until_us)
		lose(self, "the server does not answer: no stream was opened in time");
	if (now_us < self->keepalive_at_us)
		return;
	if (now_us - self->received_at_us < KEEPALIVE_MS * INT64_C(1000))
		self->unanswered = 0;
	if (self->unanswered >= LIMIT_SSH_SILENCE_MS / KEEPALIVE_MS)
		lose(self, "the server does not answer any more");
	(void)libssh2_keepalive_send(self->session, &ignored);
	if (self->outgoing->len > queued)
		self->unanswered++;
	self->keepalive_at_us = now_us + KEEPALIVE_MS * INT64_C(1000);
}

static int wait_ms(const struct ssh_libssh2 *self, bool moved)
{
	gint64 until_us = self->keepalive_at_us;

	if (moved)
		return 0;
	if (self->opening != NULL)
		until_us = MIN(until_us, self->opening_until_us);
	return (int)CLAMP((until_us - g_get_monotonic_time()) / 1000 + 1, 1, KEEPALIVE_MS);
}

static void take_wake(const struct ssh_libssh2 *self)
{
	uint64_t count = 0;

	if (read(self->wake_fd, &count, sizeof(count)) < 0)
		return; /* nobody woke us */
}

/* Whatever reads from the connection may bring bytes for another stream: then nothing waits. */
static void wait_for_events(struct ssh_libssh2 *self, bool moved, guint64 received)
{
	struct pollfd items[2 + STREAMS_WITH_ENDING];
	short events = POLLRDHUP;
	nfds_t used = 2;

	if (has_reader(self))
		events |= POLLIN;
	if (self->outgoing->len > 0)
		events |= POLLOUT;
	items[0] = (struct pollfd){.fd = self->wake_fd, .events = POLLIN};
	items[1] = (struct pollfd){.fd = self->fd, .events = events};
	for (guint i = 0; i < self->streams->len; i++)
		if (ssh_stream_poll(g_ptr_array_index(self->streams, i), &items[used]))
			used++;
	(void)poll(items, used, wait_ms(self, moved || self->received != received));
	take_wake(self);
	if ((events & POLLIN) == 0 && (items[1].revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0)
		lose(self, "the connection ended");
}

static void end(struct ssh_libssh2 *self)
{
	struct ssh_request *request = g_steal_pointer(&self->opening);

	if (self->shared.is_left && libssh2_session_disconnect(self->session, "done") == 0)
		(void)ssh_libssh2_flush(self);
	self->is_broken = true;
	g_ptr_array_set_size(self->streams, 0);
	(void)shutdown(self->fd, SHUT_RDWR);
	g_mutex_lock(&self->shared.lock);
	if (request != NULL)
		g_queue_push_head(&self->shared.requests, request);
	while ((request = g_queue_pop_head(&self->shared.requests)) != NULL) {
		g_set_error(&request->error, SSH_ERROR, SSH_ERROR_LOST, "%s",
			    self->shared.why_lost);
		request->is_done = true;
	}
	g_cond_broadcast(&self->shared.answered);
	g_mutex_unlock(&self->shared.lock);
}

static gpointer pump(gpointer data)
{
	struct ssh_libssh2 *self = data;

	while (!is_lost(self)) {
		guint64 received = self->received;
		bool moved = serve(self);

		keep_alive(self);
		if (!is_lost(self))
			wait_for_events(self, moved, received);
	}
	end(self);
	return NULL;
}

void ssh_libssh2_wake(struct ssh_libssh2 *self)
{
	const uint64_t one = 1;

	if (write(self->wake_fd, &one, sizeof(one)) < 0)
		return; /* the counter is full: it wakes already */
}

bool ssh_libssh2_pump_start(struct ssh_libssh2 *self, GError **error)
{
	self->streams = g_ptr_array_new_with_free_func(ssh_stream_free);
	self->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	self->keepalive_at_us = g_get_monotonic_time() + KEEPALIVE_MS * INT64_C(1000);
	libssh2_keepalive_config(self->session, 1, KEEPALIVE_MS / 1000);
	if (self->wake_fd >= 0)
		self->thread = g_thread_try_new("ssh", pump, self, NULL);
	if (self->thread != NULL)
		return true;
	g_set_error(error, SSH_ERROR, SSH_ERROR_LOCAL, "cannot start a thread: %s",
		    g_strerror(errno));
	return false;
}
