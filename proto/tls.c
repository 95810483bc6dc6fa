/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS settings of both ends. Clients verify through a callback with a trust list of their own: the
 * store of a context made by libcurl is filled behind its back, and a pinned CA is known only once
 * the server has shown it.
 */
#include "proto/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "proto/wire.h"

enum {
	SECURITY_LEVEL = 2,
	LONGEST_CHAIN = 3, /* leaf, perhaps an intermediate, root */
	SESSION_LIFE_S = 600,
};

struct tls_client {
	char *host_name, *certificate_file, *key_file;
	STACK_OF(X509) * trusted; /* NULL: by pin */
	uint8_t pin[TLS_PIN_BYTES];
};

GQuark tls_error_quark(void)
{
	return g_quark_from_static_string("plimsoll-tls-error");
}

/* OpenSSL's reason is its own text, never the peer's. */
static bool refuse(const char *what, const char *path, GError **error)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = ERR_reason_error_string(code);

	if (ERR_SYSTEM_ERROR(code))
		reason = g_strerror(ERR_GET_REASON(code));
	g_set_error(error, TLS_ERROR, 0, "%s%s%s%s: %s", what, path == NULL ? "" : " '",
		    path == NULL ? "" : path, path == NULL ? "" : "'",
		    reason == NULL ? "not usable" : reason);
	ERR_clear_error();
	return false;
}

int tls_no_passphrase(char *buffer, int size, int writing, void *data)
{
	(void)buffer;
	(void)size;
	(void)writing;
	(void)data;
	return -1;
}

static bool use_own_certificate(SSL_CTX *context, const char *certificate_file,
				const char *key_file, GError **error)
{
	ERR_clear_error();
	SSL_CTX_set_default_passwd_cb(context, tls_no_passphrase);
	if (SSL_CTX_use_certificate_chain_file(context, certificate_file) != 1)
		return refuse("cannot read certificate", certificate_file, error);
	if (SSL_CTX_use_PrivateKey_file(context, key_file, SSL_FILETYPE_PEM) != 1)
		return refuse("cannot read key", key_file, error);
	if (SSL_CTX_check_private_key(context) != 1)
		return refuse("certificate and key do not belong together:", key_file, error);
	return true;
}

static bool allow_tls13_only(SSL_CTX *context, GError **error)
{
	SSL_CTX_set_security_level(context, SECURITY_LEVEL);
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
	if (SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) != 1)
		return refuse("TLS 1.3 is not available", NULL, error);
	return true;
}

/* ---------------------------------------------------------------- servers */

static bool demand_certificates(SSL_CTX *context, const char *ca_file, GError **error)
{
	STACK_OF(X509_NAME) *names = NULL;

	if (ca_file == NULL || SSL_CTX_load_verify_file(context, ca_file) != 1)
		return refuse("cannot read CA", ca_file, error);
	names = SSL_load_client_CA_file(ca_file);
	if (names == NULL)
		return refuse("cannot read CA", ca_file, error);
	SSL_CTX_set_client_CA_list(context, names);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_verify_depth(context, LONGEST_CHAIN - 1);
	return true;
}

/* Tickets resume on every thread that shares the context; one is enough, each costs 0.1 ms. */
static bool limit_sessions(SSL_CTX *context, enum tls_listener listener, GError **error)
{
	const unsigned char id = (unsigned char)listener;

	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_timeout(context, SESSION_LIFE_S);
	if (SSL_CTX_set_num_tickets(context, listener == TLS_LISTENER_ENROLMENT ? 0 : 1) != 1 ||
	    SSL_CTX_set_session_id_context(context, &id, sizeof(id)) != 1)
		return refuse("cannot limit sessions", NULL, error);
	return true;
}

SSL_CTX *tls_server_context(enum tls_listener listener, const struct tls_files *files,
			    GError **error)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	if (context == NULL) {
		refuse("cannot make a TLS context", NULL, error);
		return NULL;
	}
	if (!allow_tls13_only(context, error) ||
	    !use_own_certificate(context, files->certificate_file, files->key_file, error) ||
	    !limit_sessions(context, listener, error) ||
	    (listener == TLS_LISTENER_AGENTS &&
	     !demand_certificates(context, files->ca_file, error)))
		g_clear_pointer(&context, SSL_CTX_free);
	return context;
}

/* ---------------------------------------------------------------- clients */

static STACK_OF(X509) * read_certificates(const char *path, GError **error)
{
	STACK_OF(X509) *certificates = sk_X509_new_null();
	BIO *file = BIO_new_file(path, "re");
	X509 *certificate = NULL;

	ERR_clear_error();
	while (file != NULL &&
	       (certificate = PEM_read_bio_X509(file, NULL, tls_no_passphrase, NULL)) != NULL)
		sk_X509_push(certificates, certificate);
	BIO_free(file);
	if (sk_X509_num(certificates) > 0) {
		ERR_clear_error(); /* the end of the file */
		return certificates;
	}
	sk_X509_free(certificates);
	refuse("cannot read CA", path, error);
	return NULL;
}

struct tls_client *tls_client_new(const struct tls_client_options *options, GError **error)
{
	PLIMSOLL_AUTO(tls_client) *client = g_new0(struct tls_client, 1);

	g_assert(options->host_name != NULL);
	g_assert((options->ca_file == NULL) != (options->ca_pin == NULL));
	client->host_name = g_strdup(options->host_name);
	client->certificate_file = g_strdup(options->certificate_file);
	client->key_file = g_strdup(options->key_file);
	if (options->ca_pin != NULL)
		memcpy(client->pin, options->ca_pin, TLS_PIN_BYTES);
	else
		client->trusted = read_certificates(options->ca_file, error);
	if (options->ca_pin == NULL && client->trusted == NULL)
		return NULL;
	return g_steal_pointer(&client);
}

void tls_client_free(struct tls_client *client)
{
	if (client == NULL)
		return;
	g_free(client->host_name);
	g_free(client->certificate_file);
	g_free(client->key_file);
	sk_X509_pop_free(client->trusted, X509_free);
	g_free(client);
}

/* The CA with our pin among the certificates that the server has sent; borrowed. */
static X509 *find_pinned(const STACK_OF(X509) * chain, const uint8_t pin[static TLS_PIN_BYTES])
{
	for (int i = 0; i < sk_X509_num(chain); i++) {
		X509 *candidate = sk_X509_value(chain, i);
		uint8_t found[TLS_PIN_BYTES];

		tls_pin_of(candidate, found);
		if (X509_check_ca(candidate) == 1 && memcmp(found, pin, TLS_PIN_BYTES) == 0)
			return candidate;
	}
	return NULL;
}

static bool expect_name(X509_STORE_CTX *verification, const char *host_name)
{
	X509_VERIFY_PARAM *parameters = X509_STORE_CTX_get0_param(verification);

	X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return g_hostname_is_ip_address(host_name)
		       ? X509_VERIFY_PARAM_set1_ip_asc(parameters, host_name) == 1
		       : X509_VERIFY_PARAM_set1_host(parameters, host_name, 0) == 1;
}

/* Replaces OpenSSL's verification as a whole: chain, times, purpose and name, with our trust only.
 */
static int verify_server(X509_STORE_CTX *verification, void *data)
{
	const struct tls_client *client = data;
	STACK_OF(X509) *trusted =
		client->trusted == NULL ? sk_X509_new_null() : sk_X509_dup(client->trusted);
	X509 *pinned =
		client->trusted != NULL
			? NULL
			: find_pinned(X509_STORE_CTX_get0_untrusted(verification), client->pin);
	bool verified = false;

	if (trusted == NULL || (client->trusted == NULL && pinned == NULL) ||
	    (pinned != NULL && sk_X509_push(trusted, pinned) <= 0) ||
	    !expect_name(verification, client->host_name)) {
		X509_STORE_CTX_set_error(verification, X509_V_ERR_APPLICATION_VERIFICATION);
	} else {
		X509_STORE_CTX_set0_trusted_stack(verification, trusted);
		verified = X509_verify_cert(verification) == 1;
	}
	sk_X509_free(trusted);
	return verified;
}

bool tls_client_configure(struct tls_client *client, SSL_CTX *context, GError **error)
{
	if (!allow_tls13_only(context, error))
		return false;
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_verify_depth(context, LONGEST_CHAIN - 1);
	SSL_CTX_set_cert_verify_callback(context, verify_server, client);
	return client->certificate_file == NULL ||
	       use_own_certificate(context, client->certificate_file, client->key_file, error);
}

/* ---------------------------------------------------------------- pins */

void tls_pin_of(const X509 *certificate, uint8_t ret_pin[static TLS_PIN_BYTES])
{
	unsigned char *der = NULL;
	int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);

	if (size <= 0)
		g_error("out of memory: public key");
	wire_sha256(der, (size_t)size, ret_pin);
	OPENSSL_free(der);
}

bool tls_pin_parse(const char *text, uint8_t ret_pin[static TLS_PIN_BYTES])
{
	if (strlen(text) != (size_t)2 * TLS_PIN_BYTES ||
	    strspn(text, "0123456789abcdefABCDEF") != (size_t)2 * TLS_PIN_BYTES)
		return false;
	for (size_t i = 0; i < TLS_PIN_BYTES; i++)
		ret_pin[i] = (uint8_t)(g_ascii_xdigit_value(text[2 * i]) << 4 |
				       g_ascii_xdigit_value(text[2 * i + 1]));
	return true;
}
