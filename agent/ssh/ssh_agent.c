/* SPDX-License-Identifier: Apache-2.0 */
/* See ssh_agent.h. */
#include "agent/ssh/ssh_agent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "agent/ssh/ssh_wire.h"

enum {
	ASK_KEYS = 11,
	ANSWER_KEYS = 12,
	ASK_SIGNATURE = 13,
	ANSWER_SIGNATURE = 14,
	ANSWER_BYTES = 256 << 10, /* OpenSSH's own limit of a message */
	KEYS = 256,
};

/* A queue of callers that is full makes connect() wait, for as long as SO_SNDTIMEO says. */
int ssh_agent_open(const char *socket_path, const struct ssh_wait *wait)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	gint64 left_us = MAX(wait->until_us - g_get_monotonic_time(), 1);
	const struct timeval limit = {left_us / G_USEC_PER_SEC, left_us % G_USEC_PER_SEC};
	PLIMSOLL_AUTO_FD fd = -1;

	if (strlen(socket_path) >= sizeof(address.sun_path))
		return -1;
	memcpy(address.sun_path, socket_path, strlen(socket_path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) != 0 ||
	    connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
	    fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
		return -1;
	return plimsoll_steal_fd(&fd);
}

/* ---- messages ---- */

static void put_u32(GByteArray *message, size_t number)
{
	const uint8_t bytes[] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16),
				 (uint8_t)(number >> 8), (uint8_t)number};

	g_byte_array_append(message, bytes, sizeof(bytes));
}

static void put_string(GByteArray *message, const uint8_t *bytes, gsize size)
{
	put_u32(message, size);
	g_byte_array_append(message, bytes, (guint)size);
}

static bool send_all(int fd, const struct ssh_wait *wait, const uint8_t *at, gsize left)
{
	while (left > 0) {
		ssize_t sent = send(fd, at, left, MSG_NOSIGNAL);

		if (sent > 0) {
			at += sent;
			left -= (gsize)sent;
		} else if (sent == 0 || (errno != EAGAIN && errno != EINTR) ||
			   !ssh_wait_for(wait, fd, POLLOUT, NULL)) {
			return false;
		}
	}
	return true;
}

static bool receive_all(int fd, const struct ssh_wait *wait, uint8_t *at, gsize left)
{
	while (left > 0) {
		ssize_t got = recv(fd, at, left, 0);

		if (got > 0) {
			at += got;
			left -= (gsize)got;
		} else if (got == 0 || (errno != EAGAIN && errno != EINTR) ||
			   !ssh_wait_for(wait, fd, POLLIN, NULL)) {
			return false;
		}
	}
	return true;
}

/* gives: the answer without its length, g_free(). */
static uint8_t *ask(int fd, const struct ssh_wait *wait, const GByteArray *body, gsize *ret_size)
{
	g_autoptr(GByteArray) message = g_byte_array_new();
	g_autofree uint8_t *answer = NULL;
	uint8_t head[4];
	struct ssh_wire wire = {head, sizeof(head)};
	uint32_t size = 0;

	put_string(message, body->data, body->len);
	if (!send_all(fd, wait, message->data, message->len) ||
	    !receive_all(fd, wait, head, sizeof(head)) || !ssh_wire_u32(&wire, &size) ||
	    size == 0 || size > ANSWER_BYTES)
		return NULL;
	answer = g_malloc(size);
	if (!receive_all(fd, wait, answer, size))
		return NULL;
	*ret_size = size;
	return g_steal_pointer(&answer);
}

static bool take_kind(struct ssh_wire *wire, uint8_t kind)
{
	return wire->left > 0 && wire->at[0] == kind && ssh_wire_skip(wire, 1);
}

/* ---- what is asked ---- */

static void free_key(void *key)
{
	ssh_key_free(key);
}

static char *clean(struct ssh_wire text)
{
	g_autofree char *copy = g_strndup((const char *)text.at, MIN(text.left, (size_t)128));

	for (char *c = copy; *c != '\0'; c++)
		if (!g_ascii_isprint(*c))
			*c = '?';
	return g_steal_pointer(&copy);
}

GPtrArray *ssh_agent_parse_keys(const uint8_t *answer, gsize size)
{
	GPtrArray *keys = g_ptr_array_new_with_free_func(free_key);
	struct ssh_wire wire = {answer, size}, blob = {0}, comment = {0};
	uint32_t count = 0;

	if (!take_kind(&wire, ANSWER_KEYS) || !ssh_wire_u32(&wire, &count))
		return keys;
	for (uint32_t i = 0; i < MIN(count, (uint32_t)KEYS); i++) {
		struct ssh_key *key = NULL;

		if (!ssh_wire_string(&wire, &blob) || !ssh_wire_string(&wire, &comment))
			break;
		key = ssh_key_of_blob(blob.at, blob.left);
		if (key == NULL)
			continue;
		key->comment = clean(comment);
		key->in_agent = true;
		g_ptr_array_add(keys, key);
	}
	return keys;
}

GPtrArray *ssh_agent_keys(int fd, const struct ssh_wait *wait)
{
	const uint8_t kind = ASK_KEYS;
	g_autoptr(GByteArray) body = g_byte_array_new();
	g_autofree uint8_t *answer = NULL;
	gsize size = 0;

	g_byte_array_append(body, &kind, 1);
	answer = ask(fd, wait, body, &size);
	return ssh_agent_parse_keys(answer, size);
}

uint8_t *ssh_agent_sign(int fd, const struct ssh_wait *wait, const struct ssh_key *key,
			const uint8_t *data, gsize data_size, gsize *ret_size)
{
	const uint8_t kind = ASK_SIGNATURE;
	g_autoptr(GByteArray) body = g_byte_array_new();
	g_autofree uint8_t *answer = NULL;
	struct ssh_wire wire = {0}, whole = {0}, name = {0}, signature = {0};
	gsize size = 0;

	g_byte_array_append(body, &kind, 1);
	put_string(body, key->blob, key->blob_size);
	put_string(body, data, data_size);
	put_u32(body, 0); /* flags: none */
	answer = ask(fd, wait, body, &size);
	wire = (struct ssh_wire){answer, size};
	if (!take_kind(&wire, ANSWER_SIGNATURE) || !ssh_wire_string(&wire, &whole) ||
	    !ssh_wire_string(&whole, &name) || !ssh_wire_is(name, key->type) ||
	    !ssh_wire_string(&whole, &signature) || signature.left == 0)
		return NULL;
	*ret_size = signature.left;
	return g_memdup2(signature.at, signature.left);
}
