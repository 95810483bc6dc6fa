/* SPDX-License-Identifier: Apache-2.0 */
/* One channel of libssh2 and the socket of this process that stands for it. For the pump only. */
#ifndef PLIMSOLL_AGENT_SSH_LIBSSH2_STREAM_H
#define PLIMSOLL_AGENT_SSH_LIBSSH2_STREAM_H

#include <poll.h>

#include "agent/ssh/ssh_libssh2_private.h"

enum ssh_stream_state { SSH_STREAM_WAITS, SSH_STREAM_MOVED, SSH_STREAM_OVER, SSH_STREAM_LOST };

struct ssh_stream;

/* takes the channel and fd; -1: nobody holds the other end, the channel is closed. */
struct ssh_stream *ssh_stream_new(struct ssh_libssh2 *owner, LIBSSH2_CHANNEL *channel, int fd);
/* Closes the socket; the channel is libssh2's to free, unless the stream was OVER. */
void ssh_stream_free(void *stream);

/* Carries what can be carried now. OVER: the channel is gone; free it. LOST: the connection is. */
enum ssh_stream_state ssh_stream_serve(struct ssh_stream *stream);

/*
 * Reads from the connection for whoever it may concern. WAITS: all that was there was read;
 * MOVED: nothing was read, since this channel expects nothing more.
 */
enum ssh_stream_state ssh_stream_receive(struct ssh_stream *stream);

/* What it waits for at its socket. false: nothing. */
bool ssh_stream_poll(const struct ssh_stream *stream, struct pollfd *ret);

/* Whether its socket is still open. */
bool ssh_stream_is_live(const struct ssh_stream *stream);

#endif
