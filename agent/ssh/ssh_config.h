/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ssh_config makes of a target. The OpenSSH client reads it (`ssh -G`), so that aliases,
 * patterns, Include and Match mean what they mean there; without that program the target stands as
 * it was given.
 */
#ifndef PLIMSOLL_AGENT_SSH_CONFIG_H
#define PLIMSOLL_AGENT_SSH_CONFIG_H

#include "agent/ssh_target.h"

struct ssh_config {
	char *alias;             /* what ssh was told; for messages */
	char *host;              /* HostName: a name or an address */
	guint port;              /* never 0 */
	char *user;              /* never NULL */
	char *host_key_alias;    /* NULL: none; what known_hosts is searched for instead */
	char **identity_files;   /* existing files, ~ and %-tokens resolved; never NULL */
	char **known_hosts;      /* files, the user's before the system's; never NULL */
	char *agent_socket;      /* of IdentityAgent or SSH_AUTH_SOCK; NULL: none */
	bool identities_only;    /* the agent's keys count only when named */
	bool hash_known_hosts;   /* accept-new writes hashed names */
	bool goes_to_background; /* ForkAfterAuthentication */
	char *why_openssh;       /* what only the OpenSSH client can do, for people, e.g.
				    "ProxyJump is set"; NULL: nothing */
	bool has_client;         /* the program ssh was there to read it */
};

/*
 * options->user, ->keys, ->known_hosts_file and what the target says come before ssh_config.
 *
 * gives  free with ssh_config_free(). error  SSH_ERROR_CONFIG with what ssh said.
 */
struct ssh_config *ssh_config_read(const struct ssh_target *target,
				   const struct ssh_options *options, GError **error);
void ssh_config_free(struct ssh_config *config);
PLIMSOLL_AUTOPTR(ssh_config, ssh_config_free)

#endif
