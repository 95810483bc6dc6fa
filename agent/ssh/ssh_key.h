/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key to sign in with, as far as it can be known before it is used: whose type it is, whether
 * the agent has it, and whether its file wants a passphrase. The public half of a file in
 * OpenSSH's format is readable without one. Pure but for ssh_key_load().
 */
#ifndef PLIMSOLL_AGENT_SSH_KEY_H
#define PLIMSOLL_AGENT_SSH_KEY_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/base.h"

struct ssh_key {
	char *type;    /* "ssh-ed25519"; "" where the file does not tell */
	uint8_t *blob; /* the public half as it goes over the wire; NULL: not told */
	gsize blob_size;
	char *file;    /* NULL: the agent's only */
	char *comment; /* the agent's, for people, without control characters; NULL: none */
	bool in_agent;
	bool is_encrypted;
	bool is_public; /* the file has no private half: the agent must have it */
};

void ssh_key_free(struct ssh_key *key);
PLIMSOLL_AUTOPTR(ssh_key, ssh_key_free)

/* What the text of a key file is. NULL: nothing that is known. gives: without file and comment. */
struct ssh_key *ssh_key_parse(const char *text, gsize size);

/* Of a public half; NULL: it names no type. Copies it. */
struct ssh_key *ssh_key_of_blob(const uint8_t *blob, gsize size);

/* As ssh_key_parse() of a file of at most LIMIT_SSH_KEY_BYTES; the text is wiped. */
struct ssh_key *ssh_key_load(const char *file);

/* gives: the text, g_free() after explicit_bzero(); NULL: it cannot be read. */
char *ssh_key_read_file(const char *file, gsize *ret_size);

/*
 * The keys in the order in which ssh tries them: those of the agent that files name, the agent's
 * others (not with identities_only), then files whose key the agent does not have.
 *
 * agent_keys  of struct ssh_key; moved out of it.
 * gives  of struct ssh_key, which it frees.
 */
GPtrArray *ssh_key_order(GPtrArray *agent_keys, const char *const *files, bool identities_only);

/* How people know it: the file, or the agent's comment. gives: g_free(). */
char *ssh_key_label(const struct ssh_key *key);

#endif
