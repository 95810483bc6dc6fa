/* SPDX-License-Identifier: Apache-2.0 */
/* Every failure in here is a broken test, hence assertions. */
#include "tests/unit/support/pki.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

static void add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension = NULL;

	if (value == NULL)
		return;
	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	g_assert_nonnull(extension);
	g_assert_cmpint(X509_add_ext(certificate, extension, -1), ==, 1);
	X509_EXTENSION_free(extension);
}

static X509 *certificate_new(const char *common_name, EVP_PKEY *key, int from_day, int to_day)
{
	X509 *certificate = X509_new();
	static long serial = 1;

	g_assert_cmpint(X509_set_version(certificate, X509_VERSION_3), ==, 1);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
	g_assert_nonnull(X509_time_adj_ex(X509_getm_notBefore(certificate), from_day, 0, NULL));
	g_assert_nonnull(X509_time_adj_ex(X509_getm_notAfter(certificate), to_day, 0, NULL));
	X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
				   (const unsigned char *)common_name, -1, -1, 0);
	g_assert_cmpint(X509_set_pubkey(certificate, key), ==, 1);
	return certificate;
}

struct pki_pair *pki_ca_new(const char *common_name)
{
	struct pki_pair *ca = g_new0(struct pki_pair, 1);

	ca->key = EVP_EC_gen("P-256");
	ca->certificate = certificate_new(common_name, ca->key, -1, 365);
	X509_set_issuer_name(ca->certificate, X509_get_subject_name(ca->certificate));
	add_extension(ca->certificate, ca->certificate, NID_basic_constraints,
		      "critical,CA:TRUE,pathlen:0");
	add_extension(ca->certificate, ca->certificate, NID_key_usage, "critical,keyCertSign");
	add_extension(ca->certificate, ca->certificate, NID_subject_key_identifier, "hash");
	g_assert_cmpint(X509_sign(ca->certificate, ca->key, EVP_sha256()), >, 0);
	return ca;
}

X509 *pki_sign(const struct pki_pair *ca, const struct pki_request *request, EVP_PKEY *key)
{
	bool is_dated = request->from_day != 0 || request->to_day != 0;
	X509 *certificate =
		certificate_new(request->common_name, key, is_dated ? request->from_day : -1,
				is_dated ? request->to_day : 1);

	X509_set_issuer_name(certificate, X509_get_subject_name(ca->certificate));
	add_extension(certificate, ca->certificate, NID_basic_constraints, "critical,CA:FALSE");
	add_extension(certificate, ca->certificate, NID_authority_key_identifier, "keyid");
	add_extension(certificate, ca->certificate, NID_ext_key_usage, request->purpose);
	add_extension(certificate, ca->certificate, NID_subject_alt_name,
		      request->alternative_names);
	g_assert_cmpint(X509_sign(certificate, ca->key, EVP_sha256()), >, 0);
	return certificate;
}

struct pki_pair *pki_signed_new(const struct pki_pair *ca, const struct pki_request *request)
{
	struct pki_pair *pair = g_new0(struct pki_pair, 1);

	pair->key = EVP_EC_gen("P-256");
	pair->certificate = pki_sign(ca, request, pair->key);
	return pair;
}

void pki_pair_free(struct pki_pair *pair)
{
	if (pair == NULL)
		return;
	X509_free(pair->certificate);
	EVP_PKEY_free(pair->key);
	g_free(pair);
}

static char *text_of(BIO *memory)
{
	char *data = NULL;
	long size = BIO_get_mem_data(memory, &data);
	char *text = g_strndup(data, (size_t)size);

	BIO_free(memory);
	return text;
}

char *pki_certificate_pem(const X509 *certificate)
{
	BIO *memory = BIO_new(BIO_s_mem());

	g_assert_cmpint(PEM_write_bio_X509(memory, certificate), ==, 1);
	return text_of(memory);
}

char *pki_key_pem(EVP_PKEY *key, const char *passphrase)
{
	BIO *memory = BIO_new(BIO_s_mem());
	const EVP_CIPHER *cipher = passphrase == NULL ? NULL : EVP_aes_256_cbc();

	g_assert_cmpint(PEM_write_bio_PKCS8PrivateKey(
				memory, key, cipher, passphrase,
				passphrase == NULL ? 0 : (int)strlen(passphrase), NULL, NULL),
			==, 1);
	return text_of(memory);
}

static void write_file(const char *stem, const char *suffix, const char *text)
{
	g_autofree char *path = g_strconcat(stem, suffix, NULL);
	g_autoptr(GError) error = NULL;

	g_file_set_contents(path, text, -1, &error);
	g_assert_no_error(error);
}

char *pki_write(const char *dir, const char *name, const struct pki_pair *pair,
		const struct pki_pair *root)
{
	char *stem = g_build_filename(dir, name, NULL);
	g_autofree char *leaf = pki_certificate_pem(pair->certificate);
	g_autofree char *top = root == NULL ? g_strdup("") : pki_certificate_pem(root->certificate);
	g_autofree char *chain = g_strconcat(leaf, top, NULL);
	g_autofree char *key = pki_key_pem(pair->key, NULL);

	write_file(stem, ".crt", chain);
	write_file(stem, ".key", key);
	return stem;
}
