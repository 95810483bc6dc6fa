/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Agentless, the way of the Engine's client to the other machine: one thread accepts, one thread
 * per connection opens its stream and copies bytes both ways. Opening takes a round trip and must
 * not hold up what already runs.
 */
#include "agent/ssh/ssh_listener.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "agent/ssh/ssh_folder.h"
#include "proto/limits.h"

enum { BUFFER_BYTES = 32 << 10 };

static const char no_thread[] = "no thread can be started";

struct ssh_listener {
	struct ssh_link *link;
	char *socket_path, *command; /* the way; one of them is NULL */
	char *folder, *path;
	int fd, stop_fd; /* stop_fd: readable once all must end */
	GThread *thread;
	GPtrArray *streams; /* GThread, of the accepting thread only, until it ended */
	GThread *ahead;     /* NULL: no stream is opened ahead */
	guint n_ahead;
	GMutex lock; /* of all that follows */
	GCond has_changed;
	guint n_open;
	char *trouble;
	GQueue ready; /* descriptors of streams that were opened ahead, each + 1 */
	bool is_opening, is_stopping;
};

/* One connection, on its way through its thread. */
struct stream {
	struct ssh_listener *listener;
	int fd;
};

static void set_trouble(struct ssh_listener *listener, const char *trouble)
{
	g_mutex_lock(&listener->lock);
	g_free(listener->trouble);
	listener->trouble = g_strdup(trouble);
	g_mutex_unlock(&listener->lock);
}

/* ---------------------------------------------------------------- copying */

/* One direction. */
struct half {
	int from, to;
	size_t start, end;           /* of what waits in buffer */
	bool has_ended;              /* nothing more comes */
	bool is_shut;                /* and the other side was told */
	bool has_carried;            /* at least one byte */
	struct ssh_listener *blames; /* when it ends without one; NULL: nobody */
	char buffer[BUFFER_BYTES];
};

static bool is_passing(ssize_t result)
{
	return result < 0 && (errno == EAGAIN || errno == EINTR);
}

static void fill(struct half *half)
{
	ssize_t got = recv(half->from, half->buffer, sizeof(half->buffer), MSG_DONTWAIT);

	if (is_passing(got))
		return;
	half->start = 0;
	half->end = got > 0 ? (size_t)got : 0;
	half->has_ended = got <= 0;
	half->has_carried = half->has_carried || got > 0;
}

/* false: nobody takes it any more. */
static bool drain(struct half *half)
{
	ssize_t sent = 0;

	while (half->start < half->end) {
		sent = send(half->to, half->buffer + half->start, half->end - half->start,
			    MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent < 0)
			return is_passing(sent);
		half->start += (size_t)sent;
	}
	if (half->has_ended && !half->is_shut) {
		/* Before the other side can know, since it will ask. */
		if (half->blames != NULL && !half->has_carried)
			set_trouble(half->blames, "the stream ended without an answer");
		(void)shutdown(half->to, SHUT_WR);
		half->is_shut = true;
	}
	return true;
}

static short wanted_events(const struct half *reads, const struct half *writes)
{
	short events = 0;

	if (!reads->has_ended && reads->start == reads->end)
		events |= POLLIN;
	if (writes->start < writes->end)
		events |= POLLOUT;
	return events;
}

/* false: the stream is over. */
static bool copy_some(struct half *there, struct half *back, int stop_fd)
{
	struct pollfd waiting[] = {
		{.fd = there->from, .events = wanted_events(there, back)},
		{.fd = back->from, .events = wanted_events(back, there)},
		{.fd = stop_fd, .events = POLLIN},
	};

	if (poll(waiting, G_N_ELEMENTS(waiting), -1) < 0)
		return errno == EINTR;
	/* A side that hung up is said so for ever, wanted or not: it is over once it was read. */
	if (waiting[2].revents != 0 || ((waiting[0].revents & POLLHUP) != 0 && there->has_ended) ||
	    ((waiting[1].revents & POLLHUP) != 0 && back->has_ended))
		return false;
	if ((waiting[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && there->start == there->end)
		fill(there);
	if ((waiting[1].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && back->start == back->end)
		fill(back);
	return drain(there) && drain(back) && !(there->is_shut && back->is_shut);
}

static void copy(struct ssh_listener *listener, int near_fd, int far_fd)
{
	g_autofree struct half *there = g_new0(struct half, 1);
	g_autofree struct half *back = g_new0(struct half, 1);

	there->from = back->to = near_fd;
	there->to = back->from = far_fd;
	back->blames = listener;
	while (copy_some(there, back, listener->stop_fd))
		;
}

/* ---------------------------------------------------------------- connections */

static int open_stream(const struct ssh_listener *listener, GError **error)
{
	return listener->command != NULL
		       ? ssh_link_run(listener->link, listener->command, error)
		       : ssh_link_reach(listener->link, listener->socket_path, error);
}

static gpointer open_ahead(gpointer data)
{
	struct ssh_listener *listener = data;
	g_autoptr(GError) error = NULL;

	g_mutex_lock(&listener->lock);
	for (guint i = 0; i < listener->n_ahead && !listener->is_stopping && error == NULL; i++) {
		int fd = -1;

		g_mutex_unlock(&listener->lock);
		fd = open_stream(listener, &error);
		if (fd < 0)
			set_trouble(listener, error->message);
		g_mutex_lock(&listener->lock);
		if (fd >= 0)
			g_queue_push_tail(&listener->ready, GINT_TO_POINTER(fd + 1));
		g_cond_signal(&listener->has_changed);
	}
	listener->is_opening = false;
	g_cond_broadcast(&listener->has_changed);
	g_mutex_unlock(&listener->lock);
	return NULL;
}

void ssh_listener_open_ahead(struct ssh_listener *listener, guint n_streams)
{
	listener->n_ahead = n_streams;
	listener->is_opening = true;
	listener->ahead = g_thread_try_new("ssh-ahead", open_ahead, listener, NULL);
	if (listener->ahead == NULL)
		listener->is_opening = false;
}

/* A stream that was opened ahead, or is about to be; -1: there is none. */
static int take_ready(struct ssh_listener *listener)
{
	int fd = -1;

	g_mutex_lock(&listener->lock);
	while (listener->is_opening && g_queue_is_empty(&listener->ready))
		g_cond_wait(&listener->has_changed, &listener->lock);
	if (!g_queue_is_empty(&listener->ready))
		fd = GPOINTER_TO_INT(g_queue_pop_head(&listener->ready)) - 1;
	g_mutex_unlock(&listener->lock);
	return fd;
}

static void give_place_back(struct ssh_listener *listener)
{
	g_mutex_lock(&listener->lock);
	listener->n_open--;
	g_mutex_unlock(&listener->lock);
}

static gpointer carry(gpointer data)
{
	struct stream *stream = data;
	struct ssh_listener *listener = stream->listener;
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO_FD near_fd = stream->fd;
	PLIMSOLL_AUTO_FD far_fd = take_ready(listener);

	g_free(stream);
	if (far_fd < 0)
		far_fd = open_stream(listener, &error);
	if (far_fd < 0)
		set_trouble(listener, error->message);
	else
		copy(listener, near_fd, far_fd);
	give_place_back(listener);
	return NULL;
}

/* Nobody but this very process: not even another one of the same user. */
static bool is_own(int fd)
{
	struct ucred peer = {0};
	socklen_t size = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.pid == getpid();
}

static bool take_place(struct ssh_listener *listener)
{
	bool is_free = false;

	g_mutex_lock(&listener->lock);
	is_free = listener->n_open < LIMIT_SSH_STREAMS;
	if (is_free)
		listener->n_open++;
	g_mutex_unlock(&listener->lock);
	return is_free;
}

static void accept_one(struct ssh_listener *listener)
{
	PLIMSOLL_AUTO_FD fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct stream *stream = NULL;
	GThread *thread = NULL;

	if (fd < 0 || !is_own(fd) || !take_place(listener))
		return;
	stream = g_new0(struct stream, 1);
	*stream = (struct stream){listener, fd};
	thread = g_thread_try_new("ssh-stream", carry, stream, NULL);
	if (thread != NULL) { /* now the descriptor is its own */
		(void)plimsoll_steal_fd(&fd);
		g_ptr_array_add(listener->streams, thread);
		return;
	}
	g_free(stream);
	set_trouble(listener, no_thread);
	give_place_back(listener);
}

static gpointer accept_all(gpointer data)
{
	struct ssh_listener *listener = data;

	for (;;) {
		struct pollfd waiting[] = {{.fd = listener->fd, .events = POLLIN},
					   {.fd = listener->stop_fd, .events = POLLIN}};

		if (poll(waiting, G_N_ELEMENTS(waiting), -1) < 0 && errno != EINTR)
			return NULL;
		if (waiting[1].revents != 0)
			return NULL;
		if (waiting[0].revents != 0)
			accept_one(listener);
	}
}

/* ---------------------------------------------------------------- life */

struct ssh_listener *ssh_listener_new(struct ssh_link *link, const struct ssh_way *way,
				      GError **error)
{
	PLIMSOLL_AUTO(ssh_listener) *listener = g_new0(struct ssh_listener, 1);

	g_mutex_init(&listener->lock);
	g_cond_init(&listener->has_changed);
	g_queue_init(&listener->ready);
	listener->fd = listener->stop_fd = -1;
	listener->link = link;
	listener->socket_path = g_strdup(way->socket_path);
	listener->command = g_strdup(way->command);
	listener->streams = g_ptr_array_new();
	listener->folder = ssh_folder_new(error);
	if (listener->folder == NULL)
		return NULL;
	listener->path = g_build_filename(listener->folder, "s", NULL);
	listener->fd = ssh_folder_listen(listener->path);
	listener->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (listener->fd < 0 || listener->stop_fd < 0 ||
	    fcntl(listener->fd, F_SETFL, O_NONBLOCK) < 0) {
		g_set_error(error, SSH_ERROR, SSH_ERROR_LOCAL, "cannot listen at \"%s\": %s",
			    listener->path, g_strerror(errno));
		return NULL;
	}
	listener->thread = g_thread_try_new("ssh-listener", accept_all, listener, NULL);
	if (listener->thread == NULL) {
		g_set_error_literal(error, SSH_ERROR, SSH_ERROR_LOCAL, no_thread);
		return NULL;
	}
	return g_steal_pointer(&listener);
}

void ssh_listener_free(struct ssh_listener *listener)
{
	if (listener == NULL)
		return;
	if (listener->thread != NULL) {
		(void)eventfd_write(listener->stop_fd, 1);
		g_thread_join(listener->thread);
	}
	if (listener->ahead != NULL) {
		g_mutex_lock(&listener->lock);
		listener->is_stopping = true;
		g_mutex_unlock(&listener->lock);
		g_thread_join(listener->ahead);
	}
	for (guint i = 0; i < listener->streams->len; i++)
		g_thread_join(listener->streams->pdata[i]);
	while (!g_queue_is_empty(&listener->ready))
		(void)close(GPOINTER_TO_INT(g_queue_pop_head(&listener->ready)) - 1);
	g_ptr_array_unref(listener->streams);
	plimsoll_auto_close(&listener->fd);
	plimsoll_auto_close(&listener->stop_fd);
	ssh_folder_free(listener->folder);
	g_mutex_clear(&listener->lock);
	g_cond_clear(&listener->has_changed);
	g_free(listener->socket_path);
	g_free(listener->command);
	g_free(listener->path);
	g_free(listener->trouble);
	g_free(listener);
}

const char *ssh_listener_path(const struct ssh_listener *listener)
{
	return listener->path;
}

char *ssh_listener_trouble(struct ssh_listener *listener)
{
	char *trouble = NULL;

	g_mutex_lock(&listener->lock);
	trouble = g_strdup(listener->trouble);
	g_mutex_unlock(&listener->lock);
	return trouble;
}
