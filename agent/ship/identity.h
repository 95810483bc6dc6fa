/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who this host is to its server: key and certificate, the server's CA, its address. They live in
 * the agent's state directory: identity.pem (0600, key and certificate in one file, so that a
 * renewal replaces both at once or neither), ca.pem and server.json.
 */
#ifndef PLIMSOLL_AGENT_SHIP_IDENTITY_H
#define PLIMSOLL_AGENT_SHIP_IDENTITY_H

#include <glib.h>
#include <openssl/x509.h>

#include "proto/tls.h"

#define IDENTITY_PEM    "identity.pem"
#define IDENTITY_CA_PEM "ca.pem"
#define IDENTITY_SERVER "server.json"

enum identity_error {
	IDENTITY_ERROR_ABSENT,  /* this host is not enrolled */
	IDENTITY_ERROR_BROKEN,  /* its files do not fit together */
	IDENTITY_ERROR_REFUSED, /* the server's answer is not acceptable */
};
#define IDENTITY_ERROR (identity_error_quark())
GQuark identity_error_quark(void);

struct identity {
	char *host_id;
	char *agents_url;
	char *pem_path, *ca_path;
	gint64 valid_from_s, valid_until_s;
};

/* gives: free with identity_free(). */
struct identity *identity_load(const char *state_dir, GError **error);
void identity_free(struct identity *identity);
PLIMSOLL_AUTOPTR(identity, identity_free)

/* From two thirds of the certificate's life on. */
bool identity_is_due(const struct identity *identity, gint64 now_s);

/* A new P-256 key and a request for it; whom the certificate names is the server's choice. */
struct identity_request {
	EVP_PKEY *key;
	char *pem; /* PKCS #10 */
};
struct identity_request *identity_request_new(GError **error);
void identity_request_free(struct identity_request *request);
PLIMSOLL_AUTOPTR(identity_request, identity_request_free)

/* What the server answers to a request. */
struct identity_grant {
	char *host_id, *certificate_pem, *ca_pem;
	char *agents_url; /* NULL: not said */
};
struct identity_grant *identity_grant_parse(const char *text, gsize size, GError **error);
void identity_grant_free(struct identity_grant *grant);
PLIMSOLL_AUTOPTR(identity_grant, identity_grant_free)

/*
 * Checks the grant (the certificate is for our key, for a client, for that host id, signed by the
 * CA, and the CA has the pin) and writes the files, identity.pem last.
 */
bool identity_store(const char *state_dir, const struct identity_request *request,
		    const struct identity_grant *grant, const char *agents_url,
		    const uint8_t pin[static TLS_PIN_BYTES], GError **error);

/* Removes what identity_store() has written. */
bool identity_forget(const char *state_dir, GError **error);

#endif
