/* SPDX-License-Identifier: Apache-2.0 */
/* The command lines of the OpenSSH client, for ssh_openssh.c. */
#ifndef PLIMSOLL_AGENT_SSH_OPENSSH_H
#define PLIMSOLL_AGENT_SSH_OPENSSH_H

#include "agent/ssh/ssh_config.h"

/*
 * The child that holds the connection: no session, and nothing of what ssh_config may forward,
 * write or run. gives: g_strfreev().
 */
char **ssh_openssh_master_argv(const struct ssh_config *config, const struct ssh_options *options,
			       const char *control, const char *log_path);

/*
 * A child that goes through the master: runs a command, or asks it to forward ("LOCAL:REMOTE").
 *
 * forward, command  one of them is NULL.
 */
char **ssh_openssh_client_argv(const char *control, const char *forward, const char *command);

#endif
