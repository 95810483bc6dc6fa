/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates for tests, made in memory: a CA, what it signs, and their files. */
#ifndef PLIMSOLL_TESTS_UNIT_SUPPORT_PKI_H
#define PLIMSOLL_TESTS_UNIT_SUPPORT_PKI_H

#include <openssl/x509.h>
#include <stdbool.h>

#include "proto/base.h"

struct pki_pair {
	X509 *certificate;
	EVP_PKEY *key;
};

struct pki_request {
	const char *common_name;
	const char *alternative_names; /* "DNS:a,IP:127.0.0.1"; NULL: none */
	const char *purpose;           /* "serverAuth", "clientAuth"; NULL: any */
	int from_day, to_day;          /* of today; both 0: yesterday until tomorrow */
};

struct pki_pair *pki_ca_new(const char *common_name);
struct pki_pair *pki_signed_new(const struct pki_pair *ca, const struct pki_request *request);
/* A certificate for a key that somebody else made. gives: free with X509_free(). */
X509 *pki_sign(const struct pki_pair *ca, const struct pki_request *request, EVP_PKEY *key);
void pki_pair_free(struct pki_pair *pair);
PLIMSOLL_AUTOPTR(pki_pair, pki_pair_free)

/* gives: text, free with g_free(). */
char *pki_certificate_pem(const X509 *certificate);
char *pki_key_pem(EVP_PKEY *key, const char *passphrase);

/* Write DIR/NAME.crt (the certificate, then root if not NULL) and DIR/NAME.key. gives: the path
 * without suffix. */
char *pki_write(const char *dir, const char *name, const struct pki_pair *pair,
		const struct pki_pair *root);

#endif
