/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates: what the CA signs, what it refuses, and who believes whom. */
#include <glib/gstdio.h>
#include <openssl/pem.h>
#include <openssl/ui.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/stat.h>

#include "server/pki.h"

enum { NOW = 1800000000 };
static const char *const names[] = {"fleet.example", "192.0.2.7", "2001:db8::7", NULL};

struct authority {
	char *dir;
	struct pki *pki;
};

static void authority_init(struct authority *authority)
{
	g_autoptr(GError) error = NULL;

	authority->dir = g_dir_make_tmp("plimsoll-pki-XXXXXX", &error);
	g_assert_no_error(error);
	g_assert_true(pki_setup(authority->dir, names, NOW, &error));
	g_assert_no_error(error);
	authority->pki = pki_open(authority->dir, &error);
	g_assert_no_error(error);
}

static void authority_done(struct authority *authority)
{
	static const char *const files[] = {"ca.key", "ca.crt", "server.key", "server.crt"};

	pki_free(authority->pki);
	for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = g_build_filename(authority->dir, files[i], NULL);

		(void)g_unlink(path);
	}
	(void)g_rmdir(authority->dir);
	g_free(authority->dir);
}

/*
 * A request with a subject and a name of its own choosing, as a hostile agent would make it.
 * swapped: another key, put in after the signature; NULL = none.
 */
static char *make_request(EVP_PKEY *key, EVP_PKEY *swapped)
{
	X509_REQ *request = X509_REQ_new();
	STACK_OF(X509_EXTENSION) *extensions = sk_X509_EXTENSION_new_null();
	BIO *bio = BIO_new(BIO_s_mem());
	char *data = NULL;
	char *text;
	long size;

	X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request), "CN", MBSTRING_ASC,
				   (const unsigned char *)"root-of-all", -1, -1, 0);
	sk_X509_EXTENSION_push(extensions, X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name,
							       "URI:plimsoll:host/victim"));
	sk_X509_EXTENSION_push(extensions, X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints,
							       "critical,CA:TRUE"));
	g_assert_cmpint(X509_REQ_add_extensions(request, extensions), ==, 1);
	g_assert_cmpint(X509_REQ_set_pubkey(request, key), ==, 1);
	g_assert_cmpint(X509_REQ_sign(request, key, EVP_sha256()), >, 0);
	if (swapped != NULL)
		g_assert_cmpint(X509_REQ_set_pubkey(request, swapped), ==, 1);
	g_assert_cmpint(PEM_write_bio_X509_REQ(bio, request), ==, 1);
	size = BIO_get_mem_data(bio, &data);
	text = g_strndup(data, (gsize)size);
	sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
	X509_REQ_free(request);
	BIO_free(bio);
	return text;
}

static X509 *parse_certificate(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);

	BIO_free(bio);
	g_assert_nonnull(certificate);
	return certificate;
}

static X509 *sign(struct authority *authority, const char *host_id)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	g_autofree char *request = make_request(key, NULL);
	struct pki_certificate certificate;
	g_autoptr(GError) error = NULL;
	X509 *parsed;

	g_assert_true(pki_sign_agent(authority->pki, request, strlen(request), host_id, NOW,
				     &certificate, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(strlen(certificate.serial), ==, 32);
	g_assert_cmpint(certificate.not_before_s, ==, NOW - 300);
	g_assert_cmpint(certificate.not_after_s, ==, NOW + PKI_AGENT_DAYS * 86400);
	parsed = parse_certificate(certificate.pem);
	pki_certificate_done(&certificate);
	EVP_PKEY_free(key);
	return parsed;
}

/* 0, or the reason why a chain is not believed at a time and for a purpose. */
static int verify(const struct pki *pki, X509 *certificate, int purpose, time_t when)
{
	X509 *ca = parse_certificate(pki_ca_pem(pki));
	X509_STORE *trusted = X509_STORE_new();
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	int code = X509_V_OK;

	X509_STORE_add_cert(trusted, ca);
	X509_STORE_CTX_init(context, trusted, certificate, NULL);
	X509_STORE_CTX_set_purpose(context, purpose);
	X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context), when);
	if (X509_verify_cert(context) != 1)
		code = X509_STORE_CTX_get_error(context);
	X509_STORE_CTX_free(context);
	X509_STORE_free(trusted);
	X509_free(ca);
	return code;
}

static const struct {
	const char *name;
	bool other_ca;
	int purpose;
	int64_t when_s; /* from NOW */
	int want;
} chains[] = {
	{"good", false, X509_PURPOSE_SSL_CLIENT, 0, X509_V_OK},
	{"good for a clock that is five minutes behind", false, X509_PURPOSE_SSL_CLIENT, -299,
	 X509_V_OK},
	{"not yet valid", false, X509_PURPOSE_SSL_CLIENT, -301, X509_V_ERR_CERT_NOT_YET_VALID},
	{"expired", false, X509_PURPOSE_SSL_CLIENT, 30 * 86400 + 1, X509_V_ERR_CERT_HAS_EXPIRED},
	{"of another CA", true, X509_PURPOSE_SSL_CLIENT, 0,
	 X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY},
	{"an agent cannot serve", false, X509_PURPOSE_SSL_SERVER, 0, X509_V_ERR_INVALID_PURPOSE},
};

static void test_chain(gconstpointer data)
{
	guint i = GPOINTER_TO_UINT(data);
	struct authority own;
	struct authority other;
	X509 *certificate;

	authority_init(&own);
	authority_init(&other);
	certificate = sign(&own, "host-a");
	/* Both CAs have one name; the key identifier tells them apart. */
	int got = verify(chains[i].other_ca ? other.pki : own.pki, certificate, chains[i].purpose,
			 (time_t)(NOW + chains[i].when_s));
	g_assert_cmpstr(X509_verify_cert_error_string(got), ==,
			X509_verify_cert_error_string(chains[i].want));
	X509_free(certificate);
	authority_done(&own);
	authority_done(&other);
}

static void test_identity_is_the_servers_choice(void)
{
	struct authority authority;
	struct pki_peer peer;
	X509 *certificate;
	char subject[256];

	authority_init(&authority);
	certificate = sign(&authority, "0f-host");
	g_assert_true(pki_read_peer(certificate, &peer));
	g_assert_cmpstr(peer.host_id, ==, "0f-host");
	X509_NAME_oneline(X509_get_subject_name(certificate), subject, sizeof subject);
	g_assert_null(strstr(subject, "root-of-all"));
	g_assert_cmpint(X509_check_ca(certificate), ==, 0);
	X509_free(certificate);
	authority_done(&authority);
}

static void test_server_certificate_names_no_host(void)
{
	struct authority authority;
	struct pki_peer peer;
	g_autofree char *path = NULL;
	g_autofree char *pem = NULL;
	X509 *certificate;

	authority_init(&authority);
	path = g_build_filename(authority.dir, "server.crt", NULL);
	g_assert_true(g_file_get_contents(path, &pem, NULL, NULL));
	certificate = parse_certificate(pem);
	g_assert_false(pki_read_peer(certificate, &peer));
	for (guint i = 0; names[i] != NULL; i++)
		g_assert_cmpint(i == 0 ? X509_check_host(certificate, names[i], 0, 0, NULL)
				       : X509_check_ip_asc(certificate, names[i], 0),
				==, 1);
	g_assert_cmpint(verify(authority.pki, certificate, X509_PURPOSE_SSL_SERVER, NOW), ==,
			X509_V_OK);
	/* The root stands in the chain file, for clients that know only its pin. */
	g_assert_nonnull(strstr(pem, pki_ca_pem(authority.pki)));
	X509_free(certificate);
	authority_done(&authority);
}

static void test_bad_requests_are_refused(void)
{
	struct authority authority;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	EVP_PKEY *weak = EVP_RSA_gen(1024);
	g_autofree char *good = make_request(key, NULL);
	g_autofree char *tampered = g_strdup(good);
	g_autofree char *weak_request = make_request(weak, NULL);
	EVP_PKEY *other = EVP_EC_gen("P-256");
	g_autofree char *swapped = make_request(key, other);
	g_autofree char *long_request = g_strnfill(PKI_CSR_BYTES + 1, 'A');
	char *middle = tampered + strlen(tampered) / 2;
	const char *const requests[] = {tampered,     swapped, weak_request,
					long_request, "",      "no request"};
	struct pki_certificate certificate;

	authority_init(&authority);
	*middle = *middle == 'A' ? 'B' : 'A';
	for (guint i = 0; i < G_N_ELEMENTS(requests); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_false(pki_sign_agent(authority.pki, requests[i], strlen(requests[i]), "h",
					      NOW, &certificate, &error));
		g_assert_error(error, PKI_ERROR, PKI_ERROR_REQUEST);
	}
	EVP_PKEY_free(key);
	EVP_PKEY_free(weak);
	EVP_PKEY_free(other);
	authority_done(&authority);
}

static bool was_asked;

static int answer_nothing(UI *ui, UI_STRING *string)
{
	(void)ui;
	was_asked |= UI_get_string_type(string) == UIT_PROMPT;
	return 0;
}

/* On a terminal the worker would wait there for ever. */
static void test_encrypted_request_asks_nobody(void)
{
	static const char request[] = "-----BEGIN CERTIFICATE REQUEST-----\n"
				      "Proc-Type: 4,ENCRYPTED\n"
				      "DEK-Info: AES-256-CBC,00112233445566778899AABBCCDDEEFF\n\n"
				      "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
				      "-----END CERTIFICATE REQUEST-----\n";
	UI_METHOD *terminal = UI_create_method("terminal");
	const UI_METHOD *before = UI_get_default_method();
	g_autoptr(GError) error = NULL;
	struct pki_certificate certificate;
	struct authority authority;

	authority_init(&authority);
	UI_method_set_reader(terminal, answer_nothing);
	UI_set_default_method(terminal);
	g_assert_false(pki_sign_agent(authority.pki, request, strlen(request), "h", NOW,
				      &certificate, &error));
	UI_set_default_method(before);
	UI_destroy_method(terminal);
	g_assert_error(error, PKI_ERROR, PKI_ERROR_REQUEST);
	g_assert_false(was_asked);
	authority_done(&authority);
}

static void test_setup_overwrites_nothing_and_keys_are_private(void)
{
	struct authority authority;
	g_autoptr(GError) error = NULL;
	static const char *const keys[] = {"ca.key", "server.key"};

	authority_init(&authority);
	g_assert_false(pki_setup(authority.dir, names, NOW, &error));
	g_assert_error(error, PKI_ERROR, PKI_ERROR_EXISTS);
	for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
		g_autofree char *path = g_build_filename(authority.dir, keys[i], NULL);
		struct stat status;

		g_assert_cmpint(stat(path, &status), ==, 0);
		g_assert_cmpuint(status.st_mode & 0777, ==, 0600);
	}
	authority_done(&authority);
}

static void test_server_certificate_is_reissued_before_it_ends(void)
{
	struct authority authority;
	bool reissued = true;
	g_autofree char *before = NULL;
	g_autofree char *after = NULL;

	authority_init(&authority);
	before = pki_server_fingerprint(authority.dir, NULL);
	g_assert_true(
		pki_refresh_server(authority.pki, authority.dir, names, NOW, &reissued, NULL));
	g_assert_false(reissued);
	g_assert_true(pki_refresh_server(authority.pki, authority.dir, names,
					 NOW + (int64_t)(PKI_SERVER_DAYS - 80) * 86400, &reissued,
					 NULL));
	g_assert_true(reissued);
	after = pki_server_fingerprint(authority.dir, NULL);
	g_assert_cmpstr(before, !=, after);
	authority_done(&authority);
}

static const struct {
	const char *name;
	bool want;
} server_names[] = {
	{"fleet.example", true}, {"127.0.0.1", true},  {"::1", true},
	{"localhost", true},     {"", false},          {"a b", false},
	{"a,DNS:evil", false},   {"*.example", false}, {"-x", false},
	{"a/b", false},          {"https://a", false},
};

static void test_server_names(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(server_names); i++)
		if (pki_is_server_name(server_names[i].name) != server_names[i].want)
			g_error("'%s'", server_names[i].name);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(chains); i++) {
		g_autofree char *path = g_strdup_printf("/pki/chain/%s", chains[i].name);

		g_test_add_data_func(path, GUINT_TO_POINTER(i), test_chain);
	}
	g_test_add_func("/pki/identity", test_identity_is_the_servers_choice);
	g_test_add_func("/pki/server", test_server_certificate_names_no_host);
	g_test_add_func("/pki/bad-requests", test_bad_requests_are_refused);
	g_test_add_func("/pki/encrypted-request", test_encrypted_request_asks_nobody);
	g_test_add_func("/pki/setup", test_setup_overwrites_nothing_and_keys_are_private);
	g_test_add_func("/pki/reissue", test_server_certificate_is_reissued_before_it_ends);
	g_test_add_func("/pki/server-names", test_server_names);
	return g_test_run();
}
