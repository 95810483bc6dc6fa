/* SPDX-License-Identifier: Apache-2.0 */
/* The running server: three listeners, workers, the writer. */
#ifndef PLIMSOLL_SERVER_HTTP_SERVER_H
#define PLIMSOLL_SERVER_HTTP_SERVER_H

#include "server/config.h"

enum { SERVER_DRAIN_MS = 10000 };

struct server;

/*
 * Starts everything; writes DATA/ports.json once all listeners are open.
 *
 * config  keeps a borrow until server_stop().
 * gives   stop with server_stop().
 */
struct server *server_start(const struct config *config, GError **error);

/* Takes no more connections, answers what is under way (for SERVER_DRAIN_MS at most), ends. */
void server_stop(struct server *server);
PLIMSOLL_AUTOPTR(server, server_stop)

guint server_port(const struct server *server, enum config_listener listener);

#endif
