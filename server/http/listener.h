/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One TLS listener: everything that happens to a connection before and around its requests. Limits
 * hold from the first byte: connections in total, of one address, of one agent; a deadline for the
 * handshake and one for each request; sizes; no Transfer-Encoding; never plaintext.
 */
#ifndef PLIMSOLL_SERVER_HTTP_LISTENER_H
#define PLIMSOLL_SERVER_HTTP_LISTENER_H

#include <openssl/ssl.h>

#include "server/config.h"
#include "server/http/loop.h"
#include "server/pki.h"

struct listener;
struct evhttp_request;

enum {
	LISTENER_SOURCE_CHARS = 64,
	LISTENER_HEADER_BYTES = 16 << 10,
	LISTENER_BACKLOG = 1024,
};

struct listener_options {
	const char *name; /* for the log */
	const struct config_listen *at;
	const struct config_limits *limits; /* keeps a borrow */
	SSL_CTX *tls;                       /* takes a reference */
	size_t max_body_bytes;
	bool wants_peer; /* agents: the certificate names the host */
	/*
	 * Told in the loop's thread about each whole request that passed the gate. It must be
	 * answered through listener_answered() and evhttp_send_reply() in that thread.
	 */
	void (*on_request)(struct evhttp_request *request, void *data);
	void *data;
};

/* Binds and listens; connections are taken once the loop runs. */
struct listener *listener_new(struct loop *loop, const struct listener_options *options,
			      GError **error);
/* In the loop's thread, or when it has ended. */
void listener_free(struct listener *listener);

guint listener_port(const struct listener *listener);

/* Who sent a request. */
struct listener_peer {
	char source[LISTENER_SOURCE_CHARS];  /* address without port */
	char network[LISTENER_SOURCE_CHARS]; /* what counts as one source: of IPv6, the /64 */
	struct pki_peer agent;               /* of a listener that wants a peer */
};
/* false: the connection is gone, or its certificate names no host. In the loop's thread. */
bool listener_find_peer(struct evhttp_request *request, struct listener_peer *ret_peer);

/* Before a reply is sent: starts its deadline, and asks to close while draining. */
void listener_answered(struct evhttp_request *request);

/* Takes no more connections and ends idle ones. In the loop's thread. */
void listener_drain(struct listener *listener);
guint listener_connections(struct listener *listener);

#endif
