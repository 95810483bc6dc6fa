/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The user's ssh-agent: which keys it has, and signatures by them (draft-miller-ssh-agent).
 * libssh2's own client waits without limit and leaves its socket to child processes.
 */
#ifndef PLIMSOLL_AGENT_SSH_AGENT_H
#define PLIMSOLL_AGENT_SSH_AGENT_H

#include "agent/ssh/ssh_dial.h"
#include "agent/ssh/ssh_key.h"

/*
 * gives  a connected socket; -1: nobody answers there, which counts as an agent without keys.
 */
int ssh_agent_open(const char *socket_path, const struct ssh_wait *wait);

/* gives: of struct ssh_key (in_agent), which it frees; empty where the agent cannot tell. */
GPtrArray *ssh_agent_keys(int fd, const struct ssh_wait *wait);

/* gives: the signature without the name of its algorithm, g_free(); NULL: none was made. */
uint8_t *ssh_agent_sign(int fd, const struct ssh_wait *wait, const struct ssh_key *key,
			const uint8_t *data, gsize data_size, gsize *ret_size);

/* The answer to the question for keys. Pure. gives: as ssh_agent_keys(). */
GPtrArray *ssh_agent_parse_keys(const uint8_t *answer, gsize size);

#endif
