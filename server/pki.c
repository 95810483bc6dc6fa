/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates: the CA, the server's, the agents'. Functions of OpenSSL that check answer 1, 0 or
 * -1: only 1 is yes. */
#include "server/pki.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "proto/tls.h"
#include "proto/wire.h"

enum {
	SKEW_S = 300, /* notBefore lies this far back, for clocks that are behind */
	SERIAL_BYTES = 16,
	SECURITY_BITS = 112,
	COMMON_NAME_CHARS = 64, /* RFC 5280, ub-common-name */
};
static const char uri_prefix[] = "plimsoll:host/";

GQuark pki_error_quark(void)
{
	return g_quark_from_static_string("plimsoll-pki-error-quark");
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509, X509_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_REQ, X509_REQ_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free_all)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GENERAL_NAMES, GENERAL_NAMES_free)

struct pki {
	X509 *ca;
	EVP_PKEY *key;
	char *ca_pem;
	char pin[2 * TLS_PIN_BYTES + 1];
};

static bool set_crypto_error(const char *what, GError **error)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	g_set_error(error, PKI_ERROR, PKI_ERROR_CRYPTO, "%s: %s", what,
		    reason != NULL ? reason : "not possible");
	ERR_clear_error();
	return false;
}

/* --- files --- */

static char *bio_text(BIO *bio)
{
	char *data = NULL;
	long size = BIO_get_mem_data(bio, &data);

	return g_strndup(data, size > 0 ? (gsize)size : 0);
}

static char *key_pem(EVP_PKEY *key)
{
	g_autoptr(BIO) bio = BIO_new(BIO_s_secmem());

	return bio != NULL && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) ==
				       1
		       ? bio_text(bio)
		       : NULL;
}

static char *certificate_pem(X509 *certificate)
{
	g_autoptr(BIO) bio = BIO_new(BIO_s_mem());

	return bio != NULL && PEM_write_bio_X509(bio, certificate) == 1 ? bio_text(bio) : NULL;
}

static bool write_all(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		ssize_t written = write(fd, text, left);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		text += written;
		left -= (size_t)written;
	}
	return fsync(fd) == 0;
}

static bool write_new_file(const char *dir, const char *name, const char *text, mode_t mode,
			   GError **error)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);
	PLIMSOLL_AUTO_FD fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	if (fd >= 0 && write_all(fd, text))
		return true;
	g_set_error(error, PKI_ERROR, errno == EEXIST ? PKI_ERROR_EXISTS : PKI_ERROR_FILE,
		    "cannot write '%s': %s", path, g_strerror(errno));
	return false;
}

static BIO *open_file(const char *dir, const char *name, GError **error)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);
	BIO *bio = BIO_new_file(path, "re");

	if (bio == NULL) {
		g_set_error(error, PKI_ERROR, PKI_ERROR_FILE, "cannot read '%s': %s", path,
			    g_strerror(errno));
		ERR_clear_error();
	}
	return bio;
}

static EVP_PKEY *read_key(const char *dir, const char *name, GError **error)
{
	g_autoptr(BIO) bio = open_file(dir, name, error);
	EVP_PKEY *key =
		bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, tls_no_passphrase, NULL) : NULL;

	if (bio != NULL && key == NULL)
		set_crypto_error(name, error);
	return key;
}

static X509 *read_certificate(const char *dir, const char *name, GError **error)
{
	g_autoptr(BIO) bio = open_file(dir, name, error);
	X509 *certificate =
		bio != NULL ? PEM_read_bio_X509(bio, NULL, tls_no_passphrase, NULL) : NULL;

	if (bio != NULL && certificate == NULL)
		set_crypto_error(name, error);
	return certificate;
}

/* --- certificates --- */

/* What differs between the three kinds. */
struct form {
	const char *common_name; /* NULL: none */
	int days;
	const char *basic_constraints;
	const char *key_usage;
	const char *extended_key_usage; /* NULL: none */
};

static const struct form ca_form = {"Plimsoll CA", PKI_CA_DAYS, "critical,CA:TRUE,pathlen:0",
				    "critical,keyCertSign,cRLSign", NULL};
static const struct form agent_form = {NULL, PKI_AGENT_DAYS, "critical,CA:FALSE",
				       "critical,digitalSignature", "clientAuth"};
static const struct form server_form = {NULL, PKI_SERVER_DAYS, "critical,CA:FALSE",
					"critical,digitalSignature", "serverAuth"};

static bool set_serial(X509 *certificate)
{
	unsigned char bytes[SERIAL_BYTES];
	BIGNUM *number;
	bool done;

	if (RAND_bytes(bytes, sizeof bytes) != 1)
		return false;
	bytes[0] = (unsigned char)((bytes[0] & 0x7f) | 0x40); /* positive, and of full length */
	number = BN_bin2bn(bytes, sizeof bytes, NULL);
	done = number != NULL &&
	       BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
	BN_free(number);
	return done;
}

static bool set_validity(X509 *certificate, int64_t now_s, int days)
{
	time_t now = (time_t)now_s;

	return X509_time_adj_ex(X509_getm_notBefore(certificate), 0, -SKEW_S, &now) != NULL &&
	       X509_time_adj_ex(X509_getm_notAfter(certificate), days, 0, &now) != NULL;
}

static bool set_subject(X509 *certificate, const char *common_name)
{
	X509_NAME *name = X509_get_subject_name(certificate);

	if (X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const unsigned char *)"Plimsoll",
				       -1, -1, 0) != 1)
		return false;
	return common_name == NULL || strlen(common_name) > COMMON_NAME_CHARS ||
	       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
					  (const unsigned char *)common_name, -1, -1, 0) == 1;
}

/* text is ours alone: this syntax must never see a foreign string. */
static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *text)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;
	bool done;

	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, text);
	done = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return done;
}

/* Fills a certificate of a form; all but the names and the signature. */
static X509 *make_certificate(const struct form *form, const char *common_name, EVP_PKEY *key,
			      X509 *issuer, int64_t now_s)
{
	g_autoptr(X509) certificate = X509_new();
	X509 *signer = issuer != NULL ? issuer : certificate;

	if (certificate == NULL || X509_set_version(certificate, X509_VERSION_3) != 1 ||
	    !set_serial(certificate) || !set_validity(certificate, now_s, form->days) ||
	    !set_subject(certificate, common_name) ||
	    X509_set_issuer_name(certificate, X509_get_subject_name(signer)) != 1 ||
	    X509_set_pubkey(certificate, key) != 1 ||
	    !add_extension(certificate, signer, NID_basic_constraints, form->basic_constraints) ||
	    !add_extension(certificate, signer, NID_key_usage, form->key_usage) ||
	    !add_extension(certificate, signer, NID_subject_key_identifier, "hash") ||
	    !add_extension(certificate, signer, NID_authority_key_identifier, "keyid:always"))
		return NULL;
	if (form->extended_key_usage != NULL &&
	    !add_extension(certificate, signer, NID_ext_key_usage, form->extended_key_usage))
		return NULL;
	return g_steal_pointer(&certificate);
}

static bool add_name(GENERAL_NAMES *names, int type, const void *data, size_t size)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_STRING *value = type == GEN_IPADD ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();

	if (name == NULL || value == NULL || ASN1_STRING_set(value, data, (int)size) != 1) {
		GENERAL_NAME_free(name);
		ASN1_STRING_free(value);
		return false;
	}
	GENERAL_NAME_set0_value(name, type, value);
	if (sk_GENERAL_NAME_push(names, name) > 0)
		return true;
	GENERAL_NAME_free(name);
	return false;
}

static bool add_server_name(GENERAL_NAMES *names, const char *name)
{
	ASN1_OCTET_STRING *address = a2i_IPADDRESS(name);
	bool done;

	if (address == NULL) {
		ERR_clear_error();
		return add_name(names, GEN_DNS, name, strlen(name));
	}
	done = add_name(names, GEN_IPADD, ASN1_STRING_get0_data(address),
			(size_t)ASN1_STRING_length(address));
	ASN1_OCTET_STRING_free(address);
	return done;
}

static bool add_names(X509 *certificate, GENERAL_NAMES *names)
{
	return X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) ==
	       1;
}

bool pki_is_server_name(const char *name)
{
	ASN1_OCTET_STRING *address = a2i_IPADDRESS(name);

	ERR_clear_error();
	if (address != NULL) {
		ASN1_OCTET_STRING_free(address);
		return true;
	}
	if (*name == '\0' || *name == '-' || *name == '.' || strlen(name) > 253)
		return false;
	return name[strspn(name,
			   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.")] ==
	       '\0';
}

static X509 *make_server_certificate(EVP_PKEY *key, const char *const *names, X509 *ca,
				     EVP_PKEY *ca_key, int64_t now_s)
{
	g_autoptr(X509) certificate = make_certificate(&server_form, names[0], key, ca, now_s);
	g_autoptr(GENERAL_NAMES) list = GENERAL_NAMES_new();

	if (certificate == NULL || list == NULL)
		return NULL;
	for (const char *const *name = names; *name != NULL; name++)
		if (!add_server_name(list, *name))
			return NULL;
	if (!add_names(certificate, list) || X509_sign(certificate, ca_key, EVP_sha256()) <= 0)
		return NULL;
	return g_steal_pointer(&certificate);
}

/* --- set-up --- */

static bool refuse_existing(const char *data_dir, GError **error)
{
	static const char *const names[] = {"ca.key", "ca.crt", "server.key", "server.crt"};

	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_build_filename(data_dir, names[i], NULL);

		if (!g_file_test(path, G_FILE_TEST_EXISTS))
			continue;
		g_set_error(error, PKI_ERROR, PKI_ERROR_EXISTS, "'%s' exists already", path);
		return false;
	}
	return true;
}

static bool write_pair(const char *dir, const char *key_name, EVP_PKEY *key,
		       const char *certificate_name, const char *chain, GError **error)
{
	char *pem = key_pem(key);
	bool done;

	if (pem == NULL)
		return set_crypto_error("cannot encode a key", error);
	done = write_new_file(dir, key_name, pem, 0600, error) &&
	       write_new_file(dir, certificate_name, chain, 0644, error);
	OPENSSL_cleanse(pem, strlen(pem));
	g_free(pem);
	return done;
}

bool pki_setup(const char *data_dir, const char *const *names, int64_t now_s, GError **error)
{
	g_autoptr(EVP_PKEY) ca_key = EVP_EC_gen("P-256");
	g_autoptr(EVP_PKEY) server_key = EVP_EC_gen("P-256");
	g_autoptr(X509) ca = NULL;
	g_autoptr(X509) server = NULL;
	g_autofree char *ca_text = NULL;
	g_autofree char *server_text = NULL;
	g_autofree char *chain = NULL;

	if (!refuse_existing(data_dir, error))
		return false;
	if (ca_key == NULL || server_key == NULL)
		return set_crypto_error("cannot make a key", error);
	ca = make_certificate(&ca_form, ca_form.common_name, ca_key, NULL, now_s);
	if (ca == NULL || X509_sign(ca, ca_key, EVP_sha256()) <= 0)
		return set_crypto_error("cannot make the CA", error);
	server = make_server_certificate(server_key, names, ca, ca_key, now_s);
	if (server == NULL)
		return set_crypto_error("cannot make the server's certificate", error);
	ca_text = certificate_pem(ca);
	server_text = certificate_pem(server);
	chain = g_strconcat(server_text, ca_text, NULL);
	return write_pair(data_dir, "ca.key", ca_key, "ca.crt", ca_text, error) &&
	       write_pair(data_dir, "server.key", server_key, "server.crt", chain, error);
}

/* --- loading --- */

struct pki *pki_open(const char *data_dir, GError **error)
{
	PLIMSOLL_AUTO(pki) *pki = g_new0(struct pki, 1);
	uint8_t pin[TLS_PIN_BYTES];
	g_autofree char *hex = NULL;

	pki->ca = read_certificate(data_dir, "ca.crt", error);
	if (pki->ca == NULL)
		return NULL;
	pki->key = read_key(data_dir, "ca.key", error);
	if (pki->key == NULL)
		return NULL;
	if (X509_check_private_key(pki->ca, pki->key) != 1) {
		set_crypto_error("ca.key does not belong to ca.crt", error);
		return NULL;
	}
	pki->ca_pem = certificate_pem(pki->ca);
	tls_pin_of(pki->ca, pin);
	hex = wire_hex(pin, sizeof pin);
	g_strlcpy(pki->pin, hex, sizeof pki->pin);
	return g_steal_pointer(&pki);
}

void pki_free(struct pki *pki)
{
	if (pki == NULL)
		return;
	X509_free(pki->ca);
	EVP_PKEY_free(pki->key);
	g_free(pki->ca_pem);
	g_free(pki);
}

const char *pki_ca_pem(const struct pki *pki)
{
	return pki->ca_pem;
}

const char *pki_pin(const struct pki *pki)
{
	return pki->pin;
}

bool pki_refresh_server(struct pki *pki, const char *data_dir, const char *const *names,
			int64_t now_s, bool *ret_reissued, GError **error)
{
	g_autoptr(X509) old = read_certificate(data_dir, "server.crt", error);
	g_autoptr(EVP_PKEY) key = old != NULL ? read_key(data_dir, "server.key", error) : NULL;
	time_t limit = (time_t)(now_s + (int64_t)PKI_SERVER_RENEW_DAYS * 86400);
	g_autoptr(X509) fresh = NULL;
	g_autofree char *leaf = NULL;
	g_autofree char *chain = NULL;
	g_autofree char *path = g_build_filename(data_dir, "server.crt", NULL);

	if (key == NULL)
		return false;
	*ret_reissued = X509_cmp_time(X509_get0_notAfter(old), &limit) != 1;
	if (!*ret_reissued)
		return true;
	fresh = make_server_certificate(key, names, pki->ca, pki->key, now_s);
	leaf = fresh != NULL ? certificate_pem(fresh) : NULL;
	if (leaf == NULL)
		return set_crypto_error("cannot reissue the server's certificate", error);
	chain = g_strconcat(leaf, pki->ca_pem, NULL);
	return g_file_set_contents_full(path, chain, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0644,
					error);
}

static char *fingerprint_of(const X509 *certificate)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned size = 0;

	if (X509_digest(certificate, EVP_sha256(), digest, &size) != 1)
		return NULL;
	return wire_hex(digest, size);
}

char *pki_server_fingerprint(const char *data_dir, GError **error)
{
	g_autoptr(X509) certificate = read_certificate(data_dir, "server.crt", error);
	g_autofree char *hex = certificate != NULL ? fingerprint_of(certificate) : NULL;
	GString *text;

	if (hex == NULL)
		return NULL;
	text = g_string_new(NULL);
	for (guint i = 0; hex[i] != '\0'; i += 2)
		g_string_append_printf(text, "%s%c%c", i > 0 ? ":" : "", g_ascii_toupper(hex[i]),
				       g_ascii_toupper(hex[i + 1]));
	return g_string_free(text, FALSE);
}

/* --- agents --- */

static bool refuse_request(const char *why, GError **error)
{
	ERR_clear_error();
	g_set_error(error, PKI_ERROR, PKI_ERROR_REQUEST, "signing request: %s", why);
	return false;
}

static bool read_request(const void *csr, size_t size, X509_REQ **ret_request, EVP_PKEY **ret_key,
			 GError **error)
{
	g_autoptr(BIO) bio = size <= PKI_CSR_BYTES ? BIO_new_mem_buf(csr, (int)size) : NULL;
	g_autoptr(X509_REQ) request = NULL;
	EVP_PKEY *key;

	if (bio == NULL)
		return refuse_request("too long", error);
	request = PEM_read_bio_X509_REQ(bio, NULL, tls_no_passphrase, NULL);
	key = request != NULL ? X509_REQ_get0_pubkey(request) : NULL;
	if (key == NULL)
		return refuse_request("not a PEM request with a key", error);
	if (EVP_PKEY_get_security_bits(key) < SECURITY_BITS)
		return refuse_request("the key is too weak", error);
	if (X509_REQ_verify(request, key) != 1)
		return refuse_request("not signed by its own key", error);
	*ret_key = key;
	*ret_request = g_steal_pointer(&request);
	return true;
}

static int64_t time_of(const ASN1_TIME *time)
{
	struct tm broken = {0};

	return ASN1_TIME_to_tm(time, &broken) == 1 ? (int64_t)timegm(&broken) : 0;
}

static char *serial_of(const X509 *certificate)
{
	BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
	char *hex = number != NULL ? BN_bn2hex(number) : NULL;
	char *text = g_ascii_strdown(hex != NULL ? hex : "", -1);

	OPENSSL_free(hex);
	BN_free(number);
	return text;
}

bool pki_sign_agent(struct pki *pki, const void *csr, size_t size, const char *host_id,
		    int64_t now_s, struct pki_certificate *ret_certificate, GError **error)
{
	g_autoptr(X509_REQ) request = NULL;
	EVP_PKEY *key = NULL;
	g_autoptr(X509) certificate = NULL;
	g_autoptr(GENERAL_NAMES) names = GENERAL_NAMES_new();
	g_autofree char *uri = g_strconcat(uri_prefix, host_id, NULL);

	if (!read_request(csr, size, &request, &key, error))
		return false;
	certificate = make_certificate(&agent_form, NULL, key, pki->ca, now_s);
	if (certificate == NULL || names == NULL || !add_name(names, GEN_URI, uri, strlen(uri)) ||
	    !add_names(certificate, names) || X509_sign(certificate, pki->key, EVP_sha256()) <= 0)
		return set_crypto_error("cannot sign a certificate", error);
	*ret_certificate = (struct pki_certificate){
		.pem = certificate_pem(certificate),
		.fingerprint = fingerprint_of(certificate),
		.serial = serial_of(certificate),
		.not_before_s = time_of(X509_get0_notBefore(certificate)),
		.not_after_s = time_of(X509_get0_notAfter(certificate)),
	};
	return true;
}

void pki_certificate_done(struct pki_certificate *certificate)
{
	g_clear_pointer(&certificate->pem, g_free);
	g_clear_pointer(&certificate->fingerprint, g_free);
	g_clear_pointer(&certificate->serial, g_free);
}

static bool is_host_id(const char *text, size_t size)
{
	if (size == 0 || size >= PKI_HOST_ID_BYTES)
		return false;
	for (size_t i = 0; i < size; i++)
		if (!g_ascii_isdigit(text[i]) && !g_ascii_islower(text[i]) && text[i] != '-')
			return false;
	return true;
}

/* ASN.1 strings have a length and no NUL at the end. */
static bool read_uri(const GENERAL_NAME *name, char ret_host_id[static PKI_HOST_ID_BYTES])
{
	int type = 0;
	const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);
	const size_t prefix = sizeof uri_prefix - 1;
	const char *text;
	size_t size;

	if (type != GEN_URI || value == NULL)
		return false;
	text = (const char *)ASN1_STRING_get0_data(value);
	size = (size_t)ASN1_STRING_length(value);
	if (size <= prefix || memcmp(text, uri_prefix, prefix) != 0 ||
	    !is_host_id(text + prefix, size - prefix))
		return false;
	memcpy(ret_host_id, text + prefix, size - prefix);
	ret_host_id[size - prefix] = '\0';
	return true;
}

bool pki_read_peer(const struct x509_st *certificate, struct pki_peer *ret_peer)
{
	g_autoptr(GENERAL_NAMES) names =
		X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	g_autofree char *fingerprint = fingerprint_of(certificate);

	if (names == NULL || fingerprint == NULL || sk_GENERAL_NAME_num(names) != 1 ||
	    !read_uri(sk_GENERAL_NAME_value(names, 0), ret_peer->host_id))
		return false;
	g_strlcpy(ret_peer->fingerprint, fingerprint, sizeof ret_peer->fingerprint);
	return true;
}
