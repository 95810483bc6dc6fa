/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What known_hosts says of a host key: plain and hashed names, patterns with negation,
 * "[host]:port",
 * @revoked and @cert-authority. libssh2's own reader does without patterns and does not heed
 * @revoked. Pure but for reading and appending to the files.
 */
#ifndef PLIMSOLL_AGENT_KNOWN_HOSTS_H
#define PLIMSOLL_AGENT_KNOWN_HOSTS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/base.h"

struct known_hosts;

enum known_hosts_verdict {
	KNOWN_HOSTS_MATCH,
	KNOWN_HOSTS_UNKNOWN,    /* no line of this host */
	KNOWN_HOSTS_CHANGED,    /* lines of this host and this key type, with other keys */
	KNOWN_HOSTS_OTHER_TYPE, /* lines of this host, with other key types only */
	KNOWN_HOSTS_REVOKED,
};

/*
 * Reads files; one that is absent counts as empty. A line that cannot be read is skipped, as ssh
 * does; one that begins with @revoked and cannot be read is an error.
 *
 * error  G_FILE_ERROR or SSH_ERROR_CONFIG with FILE:LINE.
 */
struct known_hosts *known_hosts_read(const char *const *files, GError **error);
void known_hosts_free(struct known_hosts *known);
PLIMSOLL_AUTOPTR(known_hosts, known_hosts_free)

/* The key types that lines of this host have, in the order of the files; NULL-terminated, g_free()
 * the array only. ret_has_authority: a @cert-authority line names the host. */
const char **known_hosts_types(const struct known_hosts *known, const char *host, guint port,
			       bool *ret_has_authority);

/*
 * key   the public key as it goes over the wire.
 * ret_place  "FILE:LINE" of the line that decided, or NULL; g_free().
 * ret_known  SHA256:... of the key that stands there (CHANGED, OTHER_TYPE), or NULL; g_free().
 */
enum known_hosts_verdict known_hosts_check(const struct known_hosts *known, const char *host,
					   guint port, const uint8_t *key, size_t key_size,
					   char **ret_place, char **ret_known);

/*
 * Appends a line under a lock of the file, which is made 0600 where it is not there. A key that
 * somebody else added meanwhile stays: the same one is enough, another one is
 * SSH_ERROR_KEY_CHANGED.
 */
bool known_hosts_add(const char *file, bool hashed, const char *host, guint port,
		     const uint8_t *key, size_t key_size, GError **error);

/* "SHA256:..." of a key as it goes over the wire. gives: g_free(). */
char *known_hosts_fingerprint(const uint8_t *key, size_t key_size);

#endif
