/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the libssh2 variant share. While a connection is being opened it belongs to
 * the thread that opens it, then to its own (ssh_libssh2_pump.c); only `shared` is for several.
 */
#ifndef PLIMSOLL_AGENT_SSH_LIBSSH2_PRIVATE_H
#define PLIMSOLL_AGENT_SSH_LIBSSH2_PRIVATE_H

#include <libssh2.h>

#include "agent/ssh/ssh_dial.h"
#include "agent/ssh/ssh_key.h"
#include "agent/ssh/ssh_link.h"

/* What a caller waits for: one more stream. */
struct ssh_request {
	bool is_run; /* else reach */
	const char *text;
	bool is_done;
	int fd;
	GError *error;
};

struct ssh_libssh2 {
	struct ssh_link link; /* first */
	LIBSSH2_SESSION *session;
	int fd;
	size_t memory;        /* what libssh2 holds */
	GHashTable *blocks;   /* and where */
	bool has_ended;       /* the socket has no more to read */
	bool was_dismissed;   /* the server took its leave in words */
	bool is_broken;       /* the callbacks answer that the connection is gone */
	GByteArray *outgoing; /* what libssh2 sent and the socket did not take yet */
	guint outgoing_at;    /* of which this much is gone */
	GByteArray *greeting; /* the first bytes of the server; NULL once keys are agreed on */
	gint64 received_at_us;
	guint64 received; /* bytes */
	char *host;       /* as known_hosts knows it */
	guint port;

	int wake_fd; /* eventfd: requests, a cut */
	GThread *thread;
	struct {
		GMutex lock;
		GCond answered;
		GQueue requests; /* of struct ssh_request, borrowed from who waits */
		GString *words;
		char *why_lost; /* NULL: it lives */
		bool is_left;   /* link_free() waits for the thread */
	} shared;

	/* the pump's */
	GPtrArray *streams;
	struct ssh_request *opening; /* the one that libssh2 is at */
	LIBSSH2_CHANNEL *opening_channel;
	gint64 opening_until_us, keepalive_at_us;
	guint unanswered; /* questions whether the server is there */
};

/* ssh_libssh2_session.c: a session whose keys are agreed on; nothing is signed in. */
bool ssh_libssh2_start(struct ssh_libssh2 *self, const char *host_key_types,
		       const struct ssh_wait *wait, GError **error);
/* Memory that libssh2 may free; NULL: the limit of the connection is reached. */
void *ssh_libssh2_memory(struct ssh_libssh2 *self, size_t size);
/* Moves bytes of `outgoing` to the socket. false: the connection is gone. */
bool ssh_libssh2_flush(struct ssh_libssh2 *self);
/* After LIBSSH2_ERROR_EAGAIN: waits until it is worth another call. */
bool ssh_libssh2_wait(struct ssh_libssh2 *self, const struct ssh_wait *wait, GError **error);
/* SSH_ERROR_LOST with what libssh2 or the server said last. */
void ssh_libssh2_set_lost(struct ssh_libssh2 *self, const char *when, GError **error);
/* Frees the session, whatever its state. */
void ssh_libssh2_end(struct ssh_libssh2 *self);

/* ssh_libssh2_hostkey.c */
struct known_hosts;
/* Which types of host keys to ask for, "ssh-ed25519,..."; NULL: SSH_ERROR_NEGOTIATION. */
char *ssh_libssh2_host_key_types(const struct ssh_libssh2 *self, const struct known_hosts *known,
				 GError **error);
bool ssh_libssh2_check_host_key(struct ssh_libssh2 *self, const struct ssh_config *config,
				const struct ssh_options *options, const struct known_hosts *known,
				GError **error);

/* ssh_libssh2_auth.c */
bool ssh_libssh2_sign_in(struct ssh_libssh2 *self, const struct ssh_config *config,
			 const struct ssh_options *options, struct ssh_wait *wait, GError **error);

/* ssh_libssh2_pump.c */
bool ssh_libssh2_pump_start(struct ssh_libssh2 *self, GError **error);
void ssh_libssh2_wake(struct ssh_libssh2 *self);

#endif
