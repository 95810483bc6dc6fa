/* SPDX-License-Identifier: Apache-2.0 */
/* Which endpoints of an Engine are spoken to. */
#ifndef PLIMSOLL_AGENT_HOST_ENDPOINT_H
#define PLIMSOLL_AGENT_HOST_ENDPOINT_H

#include <glib.h>

/*
 * The path in "unix:///path".
 *
 * gives  free with g_free().
 * error  HOST_ERROR_ENDPOINT for anything else; the message says what to do instead.
 */
char *host_endpoint_socket(const char *endpoint, GError **error);

#endif
