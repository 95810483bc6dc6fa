/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection to one machine whose host key was checked and where this user is signed in. What
 * runs over it are streams: each is a connected, non-blocking, close-on-exec unix socket of this
 * process, so that nobody above knows which client is below. Variants, one file each: libssh2
 * (ssh_libssh2.c), the OpenSSH client as a child (ssh_openssh.c); ssh_link_open() chooses.
 */
#ifndef PLIMSOLL_AGENT_SSH_LINK_H
#define PLIMSOLL_AGENT_SSH_LINK_H

#include "agent/ssh/ssh_config.h"

struct ssh_link;

struct ssh_link_ops {
	const char *transport; /* Envelope.transport: "ssh-libssh2", "ssh-openssh" */
	int (*run)(struct ssh_link *link, const char *command, GError **error);
	int (*reach)(struct ssh_link *link, const char *socket_path, GError **error);
	void (*cut)(struct ssh_link *link);
	char *(*last_words)(struct ssh_link *link);
	void (*free)(struct ssh_link *link);
};

struct ssh_link {
	const struct ssh_link_ops *ops;
	char *host_key_type;        /* "ssh-ed25519" */
	char *host_key_fingerprint; /* "SHA256:...", as ssh-keygen -l prints it */
	char *why; /* why this transport and not the first choice; NULL: it is it */
};

/*
 * Connects, checks the host key before anything else is sent, signs in. With
 * SSH_TRANSPORT_AUTO: libssh2, and the OpenSSH client where config->why_openssh says so or libssh2
 * ended with SSH_ERROR_NEGOTIATION; never after another error.
 *
 * cancelled  NULL, or a flag (g_atomic_int) that ends the waiting; looked at every 250 ms.
 * gives    free with ssh_link_free(). error  SSH_ERROR.
 */
struct ssh_link *ssh_link_open(const struct ssh_config *config, const struct ssh_options *options,
			       const gint *cancelled, GError **error);
void ssh_link_free(struct ssh_link *link);
PLIMSOLL_AUTOPTR(ssh_link, ssh_link_free)

/*
 * Runs a command by the login shell over there. Writing is its stdin (shutdown(SHUT_WR) ends it),
 * reading its stdout until it ends; its stderr goes to ssh_link_last_words().
 *
 * The end of the connection reads like the end of the output: what must be whole says so itself.
 * Write with MSG_NOSIGNAL: a command that ended takes no more.
 *
 * gives  a descriptor, to be closed by the caller; -1 and SSH_ERROR_LOST, SSH_ERROR_SHELL.
 */
int ssh_link_run(struct ssh_link *link, const char *command, GError **error);

/*
 * A stream to a unix socket over there, opened by the server as the user who signed in.
 *
 * gives  a descriptor; -1 and SSH_ERROR_SHELL where the server does not forward or the socket
 * cannot be opened (it does not tell which), SSH_ERROR_LOST when the connection is gone. The
 * OpenSSH client does not tell the first: its stream then ends at once.
 */
int ssh_link_reach(struct ssh_link *link, const char *socket_path, GError **error);

/* Ends the connection now; every stream then reads its end. Callable from any thread, also twice.
 */
void ssh_link_cut(struct ssh_link *link);

/* What the commands and the client wrote to stderr, the last LIMIT_SSH_WORDS_BYTES of it, with
 * control characters replaced. gives: g_free(); "" = nothing. */
char *ssh_link_last_words(struct ssh_link *link);

/* The two variants, for ssh_link.c only. The children of the OpenSSH client end with the thread
 * that opened the connection, those of a stream with the thread that opened it. */
struct ssh_link *ssh_libssh2_open(const struct ssh_config *config,
				  const struct ssh_options *options, const gint *cancelled,
				  GError **error);
struct ssh_link *ssh_openssh_open(const struct ssh_config *config,
				  const struct ssh_options *options, const gint *cancelled,
				  GError **error);

#endif
