/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See ssh_libssh2_stream.h. Each direction holds at most one buffer that the other side did not
 * take yet, and reads no more until it is gone; that and the channel's window, which libssh2 widens
 * by what was read from it, is all that is ever kept of a stream.
 */
#include "agent/ssh/ssh_libssh2_stream.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/ssh/ssh_words.h"
#include "proto/limits.h"

enum { BUFFER_BYTES = 32 << 10, OUTGOING_ENOUGH_BYTES = 256 << 10 };

/* What was read on one side and not yet written on the other. */
struct buffer {
	size_t start, end;
	char bytes[BUFFER_BYTES];
};

struct ssh_stream {
	struct ssh_libssh2 *owner;
	LIBSSH2_CHANNEL *channel;
	int fd; /* -1: closed, the channel is being closed */
	struct buffer in, out;
	bool in_ended;  /* the channel's end was passed on */
	bool is_deaf;   /* nobody reads the socket any more: what comes in is dropped */
	bool out_ended; /* the socket's end was read */
	bool eof_sent;  /* and passed on */
};

struct ssh_stream *ssh_stream_new(struct ssh_libssh2 *owner, LIBSSH2_CHANNEL *channel, int fd)
{
	struct ssh_stream *stream = g_new0(struct ssh_stream, 1);

	stream->owner = owner;
	stream->channel = channel;
	stream->fd = fd;
	return stream;
}

void ssh_stream_free(void *data)
{
	struct ssh_stream *stream = data;

	if (stream->fd >= 0)
		(void)close(stream->fd);
	g_free(stream);
}

bool ssh_stream_is_live(const struct ssh_stream *stream)
{
	return stream->fd >= 0;
}

static bool is_empty(const struct buffer *buffer)
{
	return buffer->start == buffer->end;
}

static void fill(struct buffer *buffer, size_t size)
{
	buffer->start = 0;
	buffer->end = size;
}

/* ---- from the channel to the socket ---- */

static bool deliver(struct ssh_stream *stream)
{
	ssize_t sent = send(stream->fd, stream->in.bytes + stream->in.start,
			    stream->in.end - stream->in.start, MSG_NOSIGNAL);

	if (sent > 0) {
		stream->in.start += (size_t)sent;
		return true;
	}
	if (errno == EAGAIN || errno == EINTR)
		return false;
	stream->is_deaf = true;
	fill(&stream->in, 0);
	return true;
}

static ssize_t read_channel(struct ssh_stream *stream, int which)
{
	ssize_t got = libssh2_channel_read_ex(stream->channel, which, stream->in.bytes,
					      sizeof(stream->in.bytes));

	return got == LIBSSH2_ERROR_EAGAIN ? 0 : got;
}

/* stderr, all of it: it has no reader to wait for. */
static enum ssh_stream_state take_words(struct ssh_stream *stream)
{
	enum ssh_stream_state state = SSH_STREAM_WAITS;
	ssize_t got = 0;

	while ((got = read_channel(stream, SSH_EXTENDED_DATA_STDERR)) > 0) {
		g_mutex_lock(&stream->owner->shared.lock);
		ssh_words_add(stream->owner->shared.words, stream->in.bytes, (size_t)got);
		g_mutex_unlock(&stream->owner->shared.lock);
		state = SSH_STREAM_MOVED;
	}
	return got < 0 ? SSH_STREAM_LOST : state;
}

static enum ssh_stream_state serve_in(struct ssh_stream *stream)
{
	enum ssh_stream_state state = SSH_STREAM_WAITS;
	ssize_t got = 0;

	if (!is_empty(&stream->in))
		return deliver(stream) ? SSH_STREAM_MOVED : SSH_STREAM_WAITS;
	if (stream->in_ended)
		return SSH_STREAM_WAITS;
	state = take_words(stream);
	if (state == SSH_STREAM_LOST)
		return state;
	got = read_channel(stream, 0);
	if (got < 0)
		return SSH_STREAM_LOST;
	if (got > 0) {
		fill(&stream->in, stream->is_deaf ? 0 : (size_t)got);
		if (!stream->is_deaf)
			(void)deliver(stream);
		return SSH_STREAM_MOVED;
	}
	if (state == SSH_STREAM_WAITS && libssh2_channel_eof(stream->channel) == 1) {
		stream->in_ended = true;
		(void)shutdown(stream->fd, SHUT_WR);
		return SSH_STREAM_MOVED;
	}
	return state;
}

/* ---- from the socket to the channel ---- */

static bool take(struct ssh_stream *stream)
{
	ssize_t got = recv(stream->fd, stream->out.bytes, sizeof(stream->out.bytes), 0);

	if (got > 0)
		fill(&stream->out, (size_t)got);
	else if (got == 0 || (errno != EAGAIN && errno != EINTR))
		stream->out_ended = true;
	return got > 0 || stream->out_ended;
}

static enum ssh_stream_state pass_on(struct ssh_stream *stream)
{
	ssize_t sent = 0;

	if (stream->owner->outgoing->len > OUTGOING_ENOUGH_BYTES)
		return SSH_STREAM_WAITS;
	sent = libssh2_channel_write_ex(stream->channel, 0, stream->out.bytes + stream->out.start,
					stream->out.end - stream->out.start);
	if (sent == LIBSSH2_ERROR_EAGAIN || sent == 0)
		return SSH_STREAM_WAITS;
	if (sent < 0)
		return SSH_STREAM_LOST;
	stream->out.start += (size_t)sent;
	return SSH_STREAM_MOVED;
}

static enum ssh_stream_state serve_out(struct ssh_stream *stream)
{
	enum ssh_stream_state state = SSH_STREAM_WAITS;
	int code = 0;

	if (is_empty(&stream->out) && !stream->out_ended && take(stream))
		state = SSH_STREAM_MOVED;
	if (!is_empty(&stream->out)) {
		enum ssh_stream_state passed = pass_on(stream);
		return passed == SSH_STREAM_WAITS ? state : passed;
	}
	if (!stream->out_ended || stream->eof_sent)
		return state;
	code = libssh2_channel_send_eof(stream->channel);
	if (code == LIBSSH2_ERROR_EAGAIN)
		return state;
	stream->eof_sent = true;
	return code == 0 ? SSH_STREAM_MOVED : SSH_STREAM_LOST;
}

/* ---- ends ---- */

/* Both ends of the caller's socket are closed, not only the one that writes. */
static bool is_left(const struct ssh_stream *stream)
{
	struct pollfd item = {.fd = stream->fd, .events = 0};

	return poll(&item, 1, 0) > 0 && (item.revents & (POLLHUP | POLLERR)) != 0;
}

/* The server closed the channel: nobody takes what is written, so the caller is to know. */
static bool is_closed_there(struct ssh_stream *stream)
{
	return stream->in_ended && libssh2_channel_wait_closed(stream->channel) == 0;
}

static bool is_finished(struct ssh_stream *stream)
{
	if (!is_empty(&stream->in))
		return false;
	if (stream->in_ended && stream->eof_sent)
		return true;
	return is_closed_there(stream) || (stream->eof_sent && is_left(stream));
}

static enum ssh_stream_state serve_end(struct ssh_stream *stream)
{
	int code = libssh2_channel_free(stream->channel);

	if (code == LIBSSH2_ERROR_EAGAIN)
		return SSH_STREAM_WAITS;
	return code == 0 ? SSH_STREAM_OVER : SSH_STREAM_LOST;
}

enum ssh_stream_state ssh_stream_serve(struct ssh_stream *stream)
{
	enum ssh_stream_state in = SSH_STREAM_WAITS, out = SSH_STREAM_WAITS;

	if (stream->fd < 0)
		return serve_end(stream);
	in = serve_in(stream);
	if (in == SSH_STREAM_LOST)
		return in;
	out = serve_out(stream);
	if (out == SSH_STREAM_LOST)
		return out;
	if (!is_finished(stream))
		return in == SSH_STREAM_MOVED ? in : out;
	(void)close(stream->fd);
	stream->fd = -1;
	return SSH_STREAM_MOVED;
}

enum ssh_stream_state ssh_stream_receive(struct ssh_stream *stream)
{
	int code = libssh2_channel_eof(stream->channel) == 1
			   ? libssh2_channel_wait_closed(stream->channel)
			   : libssh2_channel_wait_eof(stream->channel);

	if (code == LIBSSH2_ERROR_EAGAIN)
		return SSH_STREAM_WAITS;
	return code == 0 ? SSH_STREAM_MOVED : SSH_STREAM_LOST;
}

bool ssh_stream_poll(const struct ssh_stream *stream, struct pollfd *ret)
{
	short events = 0;

	if (stream->fd < 0)
		return false;
	if (!is_empty(&stream->in))
		events |= POLLOUT;
	if (is_empty(&stream->out) && !stream->out_ended)
		events |= POLLIN;
	*ret = (struct pollfd){.fd = stream->fd, .events = events};
	return events != 0 || (stream->out_ended && is_empty(&stream->out));
}
