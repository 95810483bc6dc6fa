/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the OpenSSH client logs (-E, LogLevel DEBUG1): the server's host key, and why it gave up;
 * its exit status is 255 for everything. Only the client itself writes into that log; what servers
 * and jump hosts say stands apart and decides nothing but the class of an error.
 */
#ifndef PLIMSOLL_AGENT_SSH_CLIENT_LOG_H
#define PLIMSOLL_AGENT_SSH_CLIENT_LOG_H

#include <glib.h>
#include <stdbool.h>

struct ssh_client_log {
	GString *rest;                /* a line whose end has not come */
	GString *text;                /* lines but those of debugging, bounded */
	char *key_type, *fingerprint; /* NULL: not yet */
	bool is_contradictory;        /* several keys: the server, whose texts may have line
					 feeds, wrote one of those lines */
	char *offending;              /* "FILE:LINE" of the key that is another; NULL: none */
};

void ssh_client_log_init(struct ssh_client_log *log);
void ssh_client_log_done(struct ssh_client_log *log);
void ssh_client_log_add(struct ssh_client_log *log, const char *bytes, gsize size);

/*
 * Why the client ended.
 *
 * host   as ssh was told; for the message.
 * words  what stood on its stderr: of the server, or of a client of a jump host.
 * gives  SSH_ERROR; g_error_free().
 */
GError *ssh_client_log_error(const struct ssh_client_log *log, const char *host, const char *words);

#endif
