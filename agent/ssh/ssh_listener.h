/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Engine of another machine as a unix socket of this one: a private folder (0700), one socket
 * in it, and a thread that gives every connection of this very process (SO_PEERCRED) a stream of
 * its own. libcurl cannot be handed a connected socket (7.88 ignores that it is), so it connects
 * here.
 */
#ifndef PLIMSOLL_AGENT_SSH_LISTENER_H
#define PLIMSOLL_AGENT_SSH_LISTENER_H

#include "agent/ssh/ssh_link.h"

struct ssh_listener;

/* How connections become streams. */
struct ssh_way {
	const char *socket_path; /* over there: ssh_link_reach(); NULL: the command */
	const char *command;     /* "docker system dial-stdio": ssh_link_run() */
};

/* gives: free with ssh_listener_free(), before the link. error  SSH_ERROR_LOCAL. */
struct ssh_listener *ssh_listener_new(struct ssh_link *link, const struct ssh_way *way,
				      GError **error);
void ssh_listener_free(struct ssh_listener *listener);
PLIMSOLL_AUTOPTR(ssh_listener, ssh_listener_free)

/* Opens so many streams before anybody connects, one after the other, until one does not open: each
 * takes a round trip that somebody would wait for. At most once. */
void ssh_listener_open_ahead(struct ssh_listener *listener, guint n_streams);

const char *ssh_listener_path(const struct ssh_listener *listener);
/* Why the latest connection got no stream; NULL: all did. gives: g_free(). */
char *ssh_listener_trouble(struct ssh_listener *listener);

#endif
