/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one place that decides about TLS, for both ends: TLS 1.3 only, and never the system's trust
 * store. Whoever needs an SSL_CTX gets it from here, or hands his own (libcurl's) to
 * tls_client_configure().
 */
#ifndef PLIMSOLL_PROTO_TLS_H
#define PLIMSOLL_PROTO_TLS_H

#include <glib.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/base.h"

enum { TLS_PIN_BYTES = 32 };

#define TLS_ERROR (tls_error_quark())
GQuark tls_error_quark(void);

/* ---------------------------------------------------------------- servers */

enum tls_listener {
	TLS_LISTENER_PEOPLE,    /* asks for no certificate */
	TLS_LISTENER_ENROLMENT, /* asks for no certificate, resumes nothing */
	TLS_LISTENER_AGENTS,    /* demands a certificate that ca_file has signed */
};

struct tls_files {
	const char *certificate_file; /* PEM: leaf, then its chain up to and with the root */
	const char *key_file;         /* PEM, without passphrase */
	const char *ca_file;          /* PEM: who signs the other side; NULL where nobody does */
};

/*
 * A context for one listener. A resumed session skips verification: whoever keeps a list of revoked
 * agents asks it in every request.
 *
 * gives  free with SSL_CTX_free().
 */
SSL_CTX *tls_server_context(enum tls_listener listener, const struct tls_files *files,
			    GError **error);

/* ---------------------------------------------------------------- clients */

struct tls_client;

struct tls_client_options {
	const char *host_name; /* of the server, or its address; must stand in its certificate */
	const char *ca_file;   /* PEM: trust these only; or NULL with: */
	const uint8_t *ca_pin; /* TLS_PIN_BYTES: trust the CA in the server's chain with this pin */
	const char *certificate_file; /* PEM; NULL: none of our own */
	const char *key_file;
};

/* Reads ca_file now; the certificate and key with each context. gives: free with tls_client_free().
 */
struct tls_client *tls_client_new(const struct tls_client_options *options, GError **error);
void tls_client_free(struct tls_client *client);
PLIMSOLL_AUTOPTR(tls_client, tls_client_free)

/*
 * Sets up a context that somebody else made. Verification then goes by client alone, whatever
 * certificates the context holds. A server without the pinned CA fails with
 * X509_V_ERR_APPLICATION_VERIFICATION.
 *
 * client  keeps a borrow until the context is freed.
 */
bool tls_client_configure(struct tls_client *client, SSL_CTX *context, GError **error);

/* ---------------------------------------------------------------- pins */

/* SHA-256 of the certificate's SubjectPublicKeyInfo: stays the same when a CA is renewed with its
 * key. */
void tls_pin_of(const X509 *certificate, uint8_t ret_pin[static TLS_PIN_BYTES]);

/* Text of 64 lower-case or upper-case hex digits. */
bool tls_pin_parse(const char *text, uint8_t ret_pin[static TLS_PIN_BYTES]);

/* ---------------------------------------------------------------- PEM */

/*
 * The pem_password_cb of whoever reads PEM: a passphrase is an error. OpenSSL's own would ask for
 * it on the terminal and wait, for as long as nobody answers, wherever the text came from.
 */
int tls_no_passphrase(char *buffer, int size, int writing, void *data);

#endif
