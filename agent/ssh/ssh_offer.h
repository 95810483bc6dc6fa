/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a server offers for the key exchange (RFC 4253, sections 4.2, 6 and 7.1), read from the
 * first bytes that it sends in the clear, since libssh2 tells only that nothing was agreed on.
 * Pure.
 */
#ifndef PLIMSOLL_AGENT_SSH_OFFER_H
#define PLIMSOLL_AGENT_SSH_OFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the order of the message. */
enum ssh_offer_list {
	SSH_OFFER_KEX,
	SSH_OFFER_HOST_KEY,
	SSH_OFFER_CIPHER_OUT,
	SSH_OFFER_CIPHER_IN,
	SSH_OFFER_MAC_OUT,
	SSH_OFFER_MAC_IN,
	SSH_OFFER_LISTS
};

/* Names separated by commas. */
struct ssh_offer {
	const char *names[SSH_OFFER_LISTS];
};

/*
 * greeting  the bytes of the server: lines of a banner, its version, its first packet.
 * gives  "the server offers no host key but ssh-rsa; libssh2 can ...", g_free(); NULL: there is
 *        something in common in each list, or the bytes are no such offer.
 */
char *ssh_offer_disagreement(const uint8_t *greeting, size_t size, const struct ssh_offer *ours);

/*
 * Whether a server of this version takes what libssh2 1.10 signs with RSA keys: SHA-1 only.
 *
 * version  "SSH-2.0-OpenSSH_9.2p1 ..."; NULL: not known.
 */
bool ssh_offer_takes_sha1(const char *version);

#endif
