/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificate authority of one installation: itself, the server's certificate, and the short-
 * lived certificates of agents. Identity stands in a URI, plimsoll:host/ID, never in a subject.
 */
#ifndef PLIMSOLL_SERVER_PKI_H
#define PLIMSOLL_SERVER_PKI_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/base.h"

enum {
	PKI_CA_DAYS = 3652,
	PKI_SERVER_DAYS = 825,
	PKI_AGENT_DAYS = 30,
	PKI_SERVER_RENEW_DAYS = 90, /* reissued at start when less is left */
	PKI_CSR_BYTES = 16 << 10,
	PKI_HOST_ID_BYTES = 64,
};

struct pki;

#define PKI_ERROR (pki_error_quark())
GQuark pki_error_quark(void);
enum pki_error {
	PKI_ERROR_EXISTS,  /* set-up would overwrite */
	PKI_ERROR_FILE,    /* cannot be read or written */
	PKI_ERROR_REQUEST, /* the peer's signing request is no good */
	PKI_ERROR_CRYPTO,
};

/*
 * Makes CA, server key and server certificate in a data directory: ca.key, ca.crt, server.key,
 * server.crt (leaf, then root, so that a client that knows only the CA's pin can check it).
 *
 * names  DNS names and addresses of the server; the first one goes into its subject.
 * error  PKI_ERROR_EXISTS when one of the files is there: nothing was changed then.
 */
bool pki_setup(const char *data_dir, const char *const *names, int64_t now_s, GError **error);
/* Whether a text can stand in a certificate as a server's name: a DNS name or an address. */
bool pki_is_server_name(const char *name);

/* Loads the CA. gives: free with pki_free(). Used by several threads at once. */
struct pki *pki_open(const char *data_dir, GError **error);
void pki_free(struct pki *pki);
PLIMSOLL_AUTOPTR(pki, pki_free)

/* Reissues server.crt for the same key when it ends soon. */
bool pki_refresh_server(struct pki *pki, const char *data_dir, const char *const *names,
			int64_t now_s, bool *ret_reissued, GError **error);

const char *pki_ca_pem(const struct pki *pki);
/* SHA-256 over the CA's SubjectPublicKeyInfo, lower-case hex: what a join string pins. */
const char *pki_pin(const struct pki *pki);
/* SHA-256 of the server's certificate as browsers show it, "AB:CD:...". gives: free with g_free().
 */
char *pki_server_fingerprint(const char *data_dir, GError **error);

struct pki_certificate {
	char *pem;
	char *fingerprint; /* SHA-256 of the DER, lower-case hex */
	char *serial;      /* hex */
	int64_t not_before_s;
	int64_t not_after_s;
};
void pki_certificate_done(struct pki_certificate *certificate);

/*
 * Signs an agent's key. Of the request only the public key is taken.
 *
 * csr    PEM, at most PKI_CSR_BYTES.
 * error  PKI_ERROR_REQUEST for a request that is malformed, weak, or not signed by its key.
 */
bool pki_sign_agent(struct pki *pki, const void *csr, size_t size, const char *host_id,
		    int64_t now_s, struct pki_certificate *ret_certificate, GError **error);

/* Who a verified agent certificate speaks for. */
struct pki_peer {
	char host_id[PKI_HOST_ID_BYTES];
	char fingerprint[65];
};
struct x509_st;
/* false: the certificate names no host, or more than one. */
bool pki_read_peer(const struct x509_st *certificate, struct pki_peer *ret_peer);

#endif
