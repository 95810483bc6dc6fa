/* SPDX-License-Identifier: Apache-2.0 */
/* See identity.h. Nothing of a grant is written before all of it has been checked. */
#include "agent/ship/identity.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "agent/ship/disk.h"
#include "proto/json.h"
#include "proto/limits.h"
#include "proto/tls.h"

#define HOST_URI "plimsoll:host/"

enum { LONGEST_HOST_ID = 128 };

GQuark identity_error_quark(void)
{
	return g_quark_from_static_string("plimsoll-identity-error");
}

static void *fail(enum identity_error code, const char *what, GError **error)
{
	g_set_error(error, IDENTITY_ERROR, (int)code, "%s", what);
	return NULL;
}

static bool refuse(const char *what, GError **error)
{
	return fail(IDENTITY_ERROR_REFUSED, what, error) != NULL;
}

/* ---------------------------------------------------------------- reading certificates */

static X509 *certificate_of(const char *pem)
{
	BIO *memory = BIO_new_mem_buf(pem, -1);
	X509 *certificate = PEM_read_bio_X509(memory, NULL, tls_no_passphrase, NULL);

	BIO_free(memory);
	return certificate;
}

static gint64 seconds_of(const ASN1_TIME *moment)
{
	struct tm parts = {0};

	return ASN1_TIME_to_tm(moment, &parts) == 1 ? (gint64)timegm(&parts) : 0;
}

static bool is_host_id(const char *text, gsize size)
{
	return text != NULL && size > 0 && size <= LONGEST_HOST_ID &&
	       strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") ==
		       size;
}

/* Whether the certificate's only URI is this host's. ASN.1 strings have a length and no NUL. */
static bool names_host(const X509 *certificate, const char *host_id)
{
	g_autofree char *wanted = g_strconcat(HOST_URI, host_id, NULL);
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	int uris = 0;
	bool is_same = false;

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		if (name->type != GEN_URI)
			continue;
		const ASN1_IA5STRING *uri = name->d.uniformResourceIdentifier;
		uris++;
		is_same = (gsize)ASN1_STRING_length(uri) == strlen(wanted) &&
			  memcmp(ASN1_STRING_get0_data(uri), wanted, strlen(wanted)) == 0;
	}
	GENERAL_NAMES_free(names);
	return uris == 1 && is_same;
}

/* gives: NULL when it verifies, else OpenSSL's reason; static. */
static const char *why_not_signed_by(X509 *certificate, X509 *ca)
{
	X509_STORE *trusted = X509_STORE_new();
	X509_STORE_CTX *verification = X509_STORE_CTX_new();
	const char *why = "out of memory";

	if (X509_STORE_add_cert(trusted, ca) == 1 &&
	    X509_STORE_CTX_init(verification, trusted, certificate, NULL) == 1 &&
	    X509_STORE_CTX_set_purpose(verification, X509_PURPOSE_SSL_CLIENT) == 1)
		why = X509_verify_cert(verification) == 1
			      ? NULL
			      : X509_verify_cert_error_string(
					X509_STORE_CTX_get_error(verification));
	X509_STORE_CTX_free(verification);
	X509_STORE_free(trusted);
	return why;
}

/* ---------------------------------------------------------------- loading */

static bool read_server(int dir_fd, struct identity *identity, GError **error)
{
	g_autoptr(GBytes) bytes = disk_read(dir_fd, IDENTITY_SERVER, LIMIT_REPLY_BYTES, error);
	PLIMSOLL_AUTO(json) *document = NULL;
	const char *host_id = NULL;
	gsize size = 0;

	if (bytes == NULL)
		return false;
	document = json_parse(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), NULL, error);
	if (document == NULL)
		return false;
	host_id = json_as_string(json_get(document, "host_id"), &size);
	identity->agents_url = g_strdup(json_as_string(json_get(document, "agents_url"), NULL));
	if (!is_host_id(host_id, size) || identity->agents_url == NULL)
		return fail(IDENTITY_ERROR_BROKEN, IDENTITY_SERVER " does not say what it must",
			    error) != NULL;
	identity->host_id = g_strdup(host_id);
	return true;
}

static bool read_certificate(int dir_fd, struct identity *identity, GError **error)
{
	g_autoptr(GBytes) bytes = disk_read(dir_fd, IDENTITY_PEM, LIMIT_REPLY_BYTES, error);
	g_autofree char *pem = NULL;
	X509 *certificate = NULL;

	if (bytes == NULL)
		return false;
	pem = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	certificate = certificate_of(pem);
	explicit_bzero(pem, strlen(pem));
	if (certificate == NULL)
		return fail(IDENTITY_ERROR_BROKEN, IDENTITY_PEM " holds no certificate", error) !=
		       NULL;
	identity->valid_from_s = seconds_of(X509_get0_notBefore(certificate));
	identity->valid_until_s = seconds_of(X509_get0_notAfter(certificate));
	X509_free(certificate);
	return true;
}

struct identity *identity_load(const char *state_dir, GError **error)
{
	PLIMSOLL_AUTO(identity) *identity = g_new0(struct identity, 1);
	PLIMSOLL_AUTO_FD dir_fd = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	g_autoptr(GError) cause = NULL;

	identity->pem_path = g_build_filename(state_dir, IDENTITY_PEM, NULL);
	identity->ca_path = g_build_filename(state_dir, IDENTITY_CA_PEM, NULL);
	if (dir_fd >= 0 && read_certificate(dir_fd, identity, &cause) &&
	    read_server(dir_fd, identity, &cause))
		return g_steal_pointer(&identity);
	if (dir_fd < 0 || g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_NOENT))
		g_set_error(error, IDENTITY_ERROR, IDENTITY_ERROR_ABSENT,
			    "this host is not enrolled (nothing in '%s'); see 'plimsoll-agent "
			    "enroll --help'",
			    state_dir);
	else
		g_propagate_prefixed_error(error, g_steal_pointer(&cause), "'%s': ", state_dir);
	return NULL;
}

void identity_free(struct identity *identity)
{
	if (identity == NULL)
		return;
	g_free(identity->host_id);
	g_free(identity->agents_url);
	g_free(identity->pem_path);
	g_free(identity->ca_path);
	g_free(identity);
}

bool identity_is_due(const struct identity *identity, gint64 now_s)
{
	gint64 life = identity->valid_until_s - identity->valid_from_s;

	return now_s >= identity->valid_from_s + life / 3 * 2;
}

/* ---------------------------------------------------------------- asking for a certificate */

static char *request_pem(EVP_PKEY *key)
{
	X509_REQ *request = X509_REQ_new();
	BIO *memory = BIO_new(BIO_s_mem());
	char *data = NULL, *pem = NULL;

	if (X509_REQ_set_version(request, X509_REQ_VERSION_1) == 1 &&
	    X509_REQ_set_pubkey(request, key) == 1 &&
	    X509_REQ_sign(request, key, EVP_sha256()) > 0 &&
	    PEM_write_bio_X509_REQ(memory, request) == 1) {
		long size = BIO_get_mem_data(memory, &data);
		pem = g_strndup(data, (gsize)size);
	}
	BIO_free(memory);
	X509_REQ_free(request);
	return pem;
}

struct identity_request *identity_request_new(GError **error)
{
	PLIMSOLL_AUTO(identity_request) *request = g_new0(struct identity_request, 1);

	request->key = EVP_EC_gen("P-256");
	request->pem = request->key == NULL ? NULL : request_pem(request->key);
	if (request->pem == NULL)
		return fail(IDENTITY_ERROR_BROKEN, "OpenSSL cannot make a P-256 key", error);
	return g_steal_pointer(&request);
}

void identity_request_free(struct identity_request *request)
{
	if (request == NULL)
		return;
	EVP_PKEY_free(request->key);
	g_free(request->pem);
	g_free(request);
}

struct identity_grant *identity_grant_parse(const char *text, gsize size, GError **error)
{
	PLIMSOLL_AUTO(identity_grant) *grant = g_new0(struct identity_grant, 1);
	PLIMSOLL_AUTO(json) *document = json_parse(text, size, NULL, NULL);
	const char *host_id = NULL;
	gsize host_id_size = 0;

	if (document == NULL)
		return fail(IDENTITY_ERROR_REFUSED, "the server's answer is not JSON", error);
	host_id = json_as_string(json_get(document, "host_id"), &host_id_size);
	grant->certificate_pem = g_strdup(json_as_string(json_get(document, "certificate"), NULL));
	grant->ca_pem = g_strdup(json_as_string(json_get(document, "ca"), NULL));
	grant->agents_url = g_strdup(json_as_string(json_get(document, "agents_url"), NULL));
	if (!is_host_id(host_id, host_id_size) || grant->certificate_pem == NULL ||
	    grant->ca_pem == NULL ||
	    (grant->agents_url != NULL && !g_str_has_prefix(grant->agents_url, "https://")))
		return fail(IDENTITY_ERROR_REFUSED, "the server's answer lacks what it must hold",
			    error);
	grant->host_id = g_strdup(host_id);
	return g_steal_pointer(&grant);
}

void identity_grant_free(struct identity_grant *grant)
{
	if (grant == NULL)
		return;
	g_free(grant->host_id);
	g_free(grant->certificate_pem);
	g_free(grant->ca_pem);
	g_free(grant->agents_url);
	g_free(grant);
}

/* ---------------------------------------------------------------- storing */

static bool check_certificate(X509 *certificate, X509 *ca, EVP_PKEY *key, const char *host_id,
			      const uint8_t pin[static TLS_PIN_BYTES], GError **error)
{
	uint8_t ca_pin[TLS_PIN_BYTES];
	const char *why = NULL;

	if (certificate == NULL || ca == NULL)
		return refuse("the server's answer holds no certificate", error);
	tls_pin_of(ca, ca_pin);
	if (memcmp(ca_pin, pin, TLS_PIN_BYTES) != 0)
		return refuse("the server's answer holds another CA than the pinned one", error);
	if (X509_check_private_key(certificate, key) != 1)
		return refuse("the certificate is for another key than ours", error);
	if (!names_host(certificate, host_id))
		return refuse("the certificate does not name the host that the answer names",
			      error);
	why = why_not_signed_by(certificate, ca);
	if (why != NULL) {
		g_set_error(
			error, IDENTITY_ERROR, IDENTITY_ERROR_REFUSED,
			"the certificate does not verify here: %s (is this host's clock right?)",
			why);
		return false;
	}
	return true;
}

static bool check_grant(const struct identity_request *request, const struct identity_grant *grant,
			const uint8_t pin[static TLS_PIN_BYTES], GError **error)
{
	X509 *certificate = certificate_of(grant->certificate_pem);
	X509 *ca = certificate_of(grant->ca_pem);
	bool is_good = check_certificate(certificate, ca, request->key, grant->host_id, pin, error);

	X509_free(certificate);
	X509_free(ca);
	return is_good;
}

static char *server_json(const char *host_id, const char *agents_url)
{
	PLIMSOLL_AUTO(json) *document = json_object_new();

	json_set(document, "host_id", json_new_string(host_id));
	json_set(document, "agents_url", json_new_string(agents_url));
	return json_text(document, true);
}

/* Key, then certificate. OpenSSL wipes the memory of the key's text when the BIO goes. */
static bool write_identity(int dir_fd, EVP_PKEY *key, const char *certificate_pem, GError **error)
{
	BIO *memory = BIO_new(BIO_s_secmem());
	char *data = NULL;
	long size = 0;
	bool written = false;

	if (PEM_write_bio_PKCS8PrivateKey(memory, key, NULL, NULL, 0, NULL, NULL) == 1 &&
	    BIO_puts(memory, certificate_pem) > 0) {
		size = BIO_get_mem_data(memory, &data);
		written = disk_write(dir_fd, IDENTITY_PEM, data, (gsize)size, error);
	} else {
		fail(IDENTITY_ERROR_BROKEN, "OpenSSL cannot write the key", error);
	}
	BIO_free(memory);
	return written;
}

bool identity_store(const char *state_dir, const struct identity_request *request,
		    const struct identity_grant *grant, const char *agents_url,
		    const uint8_t pin[static TLS_PIN_BYTES], GError **error)
{
	PLIMSOLL_AUTO_FD dir_fd = -1;
	g_autofree char *server = server_json(grant->host_id, agents_url);

	if (!check_grant(request, grant, pin, error))
		return false;
	dir_fd = disk_open_dir(state_dir, error);
	return dir_fd >= 0 &&
	       disk_write(dir_fd, IDENTITY_CA_PEM, grant->ca_pem, strlen(grant->ca_pem), error) &&
	       disk_write(dir_fd, IDENTITY_SERVER, server, strlen(server), error) &&
	       write_identity(dir_fd, request->key, grant->certificate_pem, error);
}

bool identity_forget(const char *state_dir, GError **error)
{
	PLIMSOLL_AUTO_FD dir_fd = disk_open_dir(state_dir, error);

	return dir_fd >= 0 && disk_move(dir_fd, IDENTITY_PEM, NULL, error) &&
	       disk_move(dir_fd, IDENTITY_SERVER, NULL, error) &&
	       disk_move(dir_fd, IDENTITY_CA_PEM, NULL, error);
}
