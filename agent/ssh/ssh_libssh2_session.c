/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session of libssh2 from its first byte to agreed keys, and what stands between it and the
 * socket. What it sends is queued here, so that a send never ends half-way: libssh2 would otherwise
 * demand that the very same call be repeated before any other (LIBSSH2_ERROR_BAD_USE).
 */
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/ssh/ssh_libssh2_private.h"
#include "agent/ssh/ssh_offer.h"
#include "agent/ssh/ssh_words.h"
#include "proto/limits.h"

enum { OUTGOING_BYTES = 4 << 20, GREETING_BYTES = 64 << 10, ENDING_CALLS = 1000 };

/* What OpenSSH's client offers by default and libssh2 1.10 has; weaker methods are left out. */
static const struct {
	int method;
	const char *names;
} methods[] = {
	{LIBSSH2_METHOD_KEX,
	 "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,"
	 "ecdh-sha2-nistp521,diffie-hellman-group-exchange-sha256,diffie-hellman-group16-sha512,"
	 "diffie-hellman-group18-sha512,diffie-hellman-group14-sha256"},
	{LIBSSH2_METHOD_CRYPT_CS, "aes128-ctr,aes192-ctr,aes256-ctr"},
	{LIBSSH2_METHOD_CRYPT_SC, "aes128-ctr,aes192-ctr,aes256-ctr"},
	{LIBSSH2_METHOD_MAC_CS, "hmac-sha2-256,hmac-sha2-512,hmac-sha1"},
	{LIBSSH2_METHOD_MAC_SC, "hmac-sha2-256,hmac-sha2-512,hmac-sha1"},
};

/* ---- what libssh2 calls ---- */

static void release_memory(struct ssh_libssh2 *self, void *memory)
{
	if (memory == NULL)
		return;
	self->memory -= malloc_usable_size(memory);
	g_hash_table_remove(self->blocks, memory);
}

/*
 * A server that makes libssh2 hoard packets runs into the limit, not this machine. Every block is
 * noted, since libssh2 1.10 forgets some: the old host key at each change of keys.
 */
static void *resize_memory(struct ssh_libssh2 *self, void *old, size_t size)
{
	size_t old_size = old == NULL ? 0 : malloc_usable_size(old);
	void *memory = NULL;

	if (size > LIMIT_SSH_CLIENT_BYTES ||
	    self->memory - old_size > LIMIT_SSH_CLIENT_BYTES - size)
		return NULL;
	memory = malloc(MAX(size, (size_t)1));
	if (memory == NULL)
		return NULL;
	if (old != NULL)
		memcpy(memory, old, MIN(old_size, size));
	release_memory(self, old);
	self->memory += malloc_usable_size(memory);
	g_hash_table_add(self->blocks, memory);
	return memory;
}

void *ssh_libssh2_memory(struct ssh_libssh2 *self, size_t size)
{
	return resize_memory(self, NULL, size);
}

static LIBSSH2_ALLOC_FUNC(take_memory)
{
	return resize_memory(*abstract, NULL, count);
}

static LIBSSH2_REALLOC_FUNC(change_memory)
{
	return resize_memory(*abstract, ptr, count);
}

static LIBSSH2_FREE_FUNC(give_memory)
{
	release_memory(*abstract, ptr);
}

static LIBSSH2_SEND_FUNC(queue_bytes)
{
	struct ssh_libssh2 *self = *abstract;

	(void)socket, (void)flags;
	if (self->is_broken || length > OUTGOING_BYTES - (self->outgoing->len - self->outgoing_at))
		return -EPIPE;
	g_byte_array_append(self->outgoing, buffer, (guint)length);
	return (ssize_t)length;
}

static LIBSSH2_RECV_FUNC(take_bytes)
{
	struct ssh_libssh2 *self = *abstract;
	ssize_t got = 0;

	(void)socket, (void)flags;
	if (self->is_broken)
		return -ECONNRESET;
	do
		got = recv(self->fd, buffer, length, 0);
	while (got < 0 && errno == EINTR);
	if (got < 0 && errno == EAGAIN)
		return -EAGAIN;
	if (got <= 0) {
		self->has_ended = true;
		return got < 0 ? -errno : -ECONNRESET;
	}
	self->received_at_us = g_get_monotonic_time();
	self->received += (guint64)got;
	if (self->greeting != NULL && self->greeting->len < GREETING_BYTES)
		g_byte_array_append(self->greeting, buffer, (guint)got);
	return got;
}

static LIBSSH2_DISCONNECT_FUNC(note_disconnect)
{
	struct ssh_libssh2 *self = *abstract;

	(void)session, (void)reason, (void)language, (void)language_len;
	self->was_dismissed = true;
	if (message_len > 0) {
		g_mutex_lock(&self->shared.lock);
		ssh_words_add(self->shared.words, message, (size_t)message_len);
		g_mutex_unlock(&self->shared.lock);
	}
}

/* ISO C has no conversion from a function's pointer to void *. */
#define CALLBACK(function) ((void *)(uintptr_t)(function))

/* ---- the socket ---- */

bool ssh_libssh2_flush(struct ssh_libssh2 *self)
{
	while (self->outgoing_at < self->outgoing->len) {
		ssize_t sent = send(self->fd, self->outgoing->data + self->outgoing_at,
				    self->outgoing->len - self->outgoing_at, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return errno == EAGAIN;
		self->outgoing_at += (guint)sent;
	}
	g_byte_array_set_size(self->outgoing, 0);
	self->outgoing_at = 0;
	return true;
}

bool ssh_libssh2_wait(struct ssh_libssh2 *self, const struct ssh_wait *wait, GError **error)
{
	short events = POLLIN;

	if (!ssh_libssh2_flush(self))
		return true; /* the next call of libssh2 finds out */
	if (self->outgoing->len > 0)
		events |= POLLOUT;
	return ssh_wait_for(wait, self->fd, events, error);
}

void ssh_libssh2_set_lost(struct ssh_libssh2 *self, const char *when, GError **error)
{
	char *said = NULL;
	g_autofree char *words = ssh_link_last_words(&self->link);

	(void)libssh2_session_last_error(self->session, &said, NULL, 0);
	g_strdelimit(words, "\n", ' ');
	g_set_error(error, SSH_ERROR, SSH_ERROR_LOST, "the connection ended %s: %s", when,
		    words[0] != '\0' ? words : said);
}

/* ---- agreeing on keys ---- */

static void init_library(void)
{
	static gsize is_done;

	if (g_once_init_enter(&is_done)) {
		(void)libssh2_init(0);
		g_once_init_leave(&is_done, 1);
	}
}

static bool set_methods(struct ssh_libssh2 *self, const char *host_key_types)
{
	for (size_t i = 0; i < G_N_ELEMENTS(methods); i++)
		if (libssh2_session_method_pref(self->session, methods[i].method,
						methods[i].names) != 0)
			return false;
	return libssh2_session_method_pref(self->session, LIBSSH2_METHOD_HOSTKEY, host_key_types) ==
	       0;
}

static bool open_session(struct ssh_libssh2 *self, const char *host_key_types, GError **error)
{
	init_library();
	self->blocks = g_hash_table_new_full(NULL, NULL, free, NULL);
	self->session = libssh2_session_init_ex(take_memory, give_memory, change_memory, self);
	if (self->session != NULL) {
		libssh2_session_callback_set(self->session, LIBSSH2_CALLBACK_SEND,
					     CALLBACK(queue_bytes));
		libssh2_session_callback_set(self->session, LIBSSH2_CALLBACK_RECV,
					     CALLBACK(take_bytes));
		libssh2_session_callback_set(self->session, LIBSSH2_CALLBACK_DISCONNECT,
					     CALLBACK(note_disconnect));
		libssh2_session_set_blocking(self->session, 0);
		if (set_methods(self, host_key_types))
			return true;
	}
	g_set_error_literal(error, SSH_ERROR, SSH_ERROR_LOCAL, "libssh2 does not start");
	return false;
}

static bool is_about_methods(int code)
{
	return code == LIBSSH2_ERROR_KEX_FAILURE || code == LIBSSH2_ERROR_KEY_EXCHANGE_FAILURE ||
	       code == LIBSSH2_ERROR_HOSTKEY_INIT || code == LIBSSH2_ERROR_METHOD_NONE;
}

/* What could not be agreed on, from what the server offered in the clear. */
static void explain(struct ssh_libssh2 *self, int code, const char *host_key_types, GError **error)
{
	const struct ssh_offer ours = {.names = {
					       [SSH_OFFER_KEX] = methods[0].names,
					       [SSH_OFFER_HOST_KEY] = host_key_types,
					       [SSH_OFFER_CIPHER_OUT] = methods[1].names,
					       [SSH_OFFER_CIPHER_IN] = methods[2].names,
					       [SSH_OFFER_MAC_OUT] = methods[3].names,
					       [SSH_OFFER_MAC_IN] = methods[4].names,
				       }};
	g_autofree char *why =
		ssh_offer_disagreement(self->greeting->data, self->greeting->len, &ours);
	char *said = NULL;

	(void)libssh2_session_last_error(self->session, &said, NULL, 0);
	if (why != NULL)
		g_set_error(error, SSH_ERROR, SSH_ERROR_NEGOTIATION, "%s", why);
	else if (self->has_ended || self->was_dismissed || !is_about_methods(code))
		ssh_libssh2_set_lost(self, "before keys were agreed on", error);
	else
		g_set_error(error, SSH_ERROR, SSH_ERROR_NEGOTIATION, "no keys were agreed on: %s",
			    said);
}

bool ssh_libssh2_start(struct ssh_libssh2 *self, const char *host_key_types,
		       const struct ssh_wait *wait, GError **error)
{
	int code = 0;

	if (!open_session(self, host_key_types, error))
		return false;
	self->greeting = g_byte_array_new();
	while ((code = libssh2_session_handshake(self->session, self->fd)) == LIBSSH2_ERROR_EAGAIN)
		if (!ssh_libssh2_wait(self, wait, error)) {
			g_prefix_error(error, "key exchange: ");
			return false;
		}
	if (code != 0)
		explain(self, code, host_key_types, error);
	g_clear_pointer(&self->greeting, g_byte_array_unref);
	return code == 0;
}

void ssh_libssh2_end(struct ssh_libssh2 *self)
{
	self->is_broken = true;
	for (int i = 0; self->session != NULL && i < ENDING_CALLS; i++)
		if (libssh2_session_free(self->session) != LIBSSH2_ERROR_EAGAIN)
			break;
	self->session = NULL;
	g_clear_pointer(&self->blocks, g_hash_table_unref);
}
