/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom an agentless collection goes to, and by which rules: one machine as people, inventories and
 * docker contexts name it, before anything of ssh_config has been looked at. Part of the door that
 * sweep.h describes.
 */
#ifndef PLIMSOLL_AGENT_SSH_TARGET_H
#define PLIMSOLL_AGENT_SSH_TARGET_H

#include <glib.h>
#include <stdbool.h>

#include "proto/base.h"

enum ssh_transport { SSH_TRANSPORT_AUTO, SSH_TRANSPORT_LIBSSH2, SSH_TRANSPORT_OPENSSH };
enum ssh_host_key_policy { SSH_HOST_KEY_STRICT, SSH_HOST_KEY_ACCEPT_NEW };

/* One machine. What is NULL or 0 is left to ssh_config and the defaults of ssh. */
struct ssh_target {
	char *name;    /* as it was given: for people, for --resume, unique in one sweep */
	char *host;    /* what ssh is told: an alias of ssh_config, a name or an address */
	char *user;    /* NULL: not said */
	guint port;    /* 0: not said */
	char *key;     /* file of a private key; NULL: not said */
	char *socket;  /* path of the Engine's socket over there; NULL: /run/docker.sock */
	bool has_sudo; /* sudo: said for this one machine */
	bool sudo;
	char **labels; /* "name=value", NULL-terminated; groups of an inventory; NULL: none */
};

/*
 * Reads "[ssh://][user@]host[:port][/path/of/docker.sock]"; IPv6 in brackets. A password in it, a
 * host or user that starts with "-", blanks and control characters are refused.
 *
 * gives  free with ssh_target_free(); NULL: the message says what is wrong where.
 */
struct ssh_target *ssh_target_parse(const char *text, GError **error);
void ssh_target_free(struct ssh_target *target);
PLIMSOLL_AUTOPTR(ssh_target, ssh_target_free)

/*
 * Whom docker would ask: the ssh:// endpoint of a context, or without a name that of DOCKER_HOST,
 * else of the current context. Its name is "context:NAME", or the URL. As ssh_target_parse().
 */
struct ssh_target *ssh_target_of_context(const char *name, GError **error);
struct ssh_target *ssh_target_of_environment(GError **error);

/* How all machines of one sweep are spoken to. */
struct ssh_options {
	enum ssh_transport transport;
	enum ssh_host_key_policy host_key_policy;
	const char *config_file;      /* ssh's own -F; NULL: its defaults */
	const char *known_hosts_file; /* NULL: those of ssh_config */
	const char *const *keys;      /* files of private keys; NULL: those of ssh_config */
	const char *user;             /* for targets that name none; NULL: ssh_config's */
	bool sudo;                    /* for targets that do not say */
	bool ask_passphrase;          /* SSH_ASKPASS or the terminal may be asked */
	gint64 connect_ms;            /* TCP, key exchange and authentication; 0: the default */
	gint64 total_ms;              /* one host, from connect to the last answer; 0: default */
};

/* Why a machine could not be collected from; each is a row of a sweep's summary. */
enum ssh_error {
	SSH_ERROR_CONFIG,      /* the target or ssh_config: nothing was tried */
	SSH_ERROR_RESOLVE,     /* no address */
	SSH_ERROR_REFUSED,     /* nobody listens, no route */
	SSH_ERROR_TIMEOUT,     /* of connect_ms or total_ms */
	SSH_ERROR_NEGOTIATION, /* no method, key type or file that this transport can do */
	SSH_ERROR_KEY_UNKNOWN, /* host key: not in known_hosts */
	SSH_ERROR_KEY_CHANGED, /* host key: another one than known_hosts has; both fingerprints */
	SSH_ERROR_KEY_REVOKED, /* host key: marked @revoked */
	SSH_ERROR_AUTH,        /* authentication failed */
	SSH_ERROR_SHELL,       /* signed in, but no usable POSIX shell: ForceCommand, nologin */
	SSH_ERROR_SUDO,        /* sudo -n refused */
	SSH_ERROR_LOST,        /* the connection ended while it was used */
	SSH_ERROR_CANCELLED,
	SSH_ERROR_LOCAL, /* this machine: no client program, no descriptors, no folder */
};
#define SSH_ERROR (ssh_error_quark())
GQuark ssh_error_quark(void);

#endif
