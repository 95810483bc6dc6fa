/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting that ends, and a TCP connection by it: what a connection to a machine begins with,
 * before any SSH.
 */
#ifndef PLIMSOLL_AGENT_SSH_DIAL_H
#define PLIMSOLL_AGENT_SSH_DIAL_H

#include <glib.h>
#include <stdbool.h>

/* Until when somebody waits, and the flag that ends it before. */
struct ssh_wait {
	gint64 until_us;       /* g_get_monotonic_time() */
	const gint *cancelled; /* NULL: none; looked at every 250 ms */
};

/* false: SSH_ERROR_TIMEOUT or SSH_ERROR_CANCELLED. */
bool ssh_wait_goes_on(const struct ssh_wait *wait, GError **error);
/* Waits for events of poll(2). false: as above. */
bool ssh_wait_for(const struct ssh_wait *wait, int fd, short events, GError **error);

/*
 * Connects to a name or an address, each of its addresses in turn. The name is looked up in a
 * thread of its own, since getaddrinfo() knows no time limit; one that is given up ends by itself
 * when the resolver does.
 *
 * gives  a connected, non-blocking, close-on-exec socket with TCP_NODELAY and keepalive; -1 and
 *        SSH_ERROR_RESOLVE, _REFUSED, _TIMEOUT, _CANCELLED, _LOCAL.
 */
int ssh_dial(const char *host, guint port, const struct ssh_wait *wait, GError **error);

#endif
