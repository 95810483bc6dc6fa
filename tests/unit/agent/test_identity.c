/* SPDX-License-Identifier: Apache-2.0 */
/* What a server may hand to a host as its identity, and what stays on disk. */
#include <glib/gstdio.h>
#include <openssl/pem.h>
#include <string.h>

#include "agent/ship/identity.h"
#include "tests/unit/support/pki.h"
#include "tests/unit/support/scratch.h"

#define AGENTS_URL "https://audit.example:8444"

static struct pki_pair *ca, *other_ca;

static struct identity_request *new_request(void)
{
	g_autoptr(GError) error = NULL;
	struct identity_request *request = identity_request_new(&error);

	g_assert_no_error(error);
	return request;
}

/* What a server would answer to a request for this key. */
static struct identity_grant *grant_for(EVP_PKEY *key, const struct pki_pair *signer,
					const struct pki_pair *shown,
					const struct pki_request *wanted, const char *host_id)
{
	struct identity_grant *grant = g_new0(struct identity_grant, 1);
	X509 *certificate = pki_sign(signer, wanted, key);

	grant->host_id = g_strdup(host_id);
	grant->certificate_pem = pki_certificate_pem(certificate);
	grant->ca_pem = pki_certificate_pem(shown->certificate);
	X509_free(certificate);
	return grant;
}

static bool store(const char *dir, const struct identity_request *request,
		  const struct identity_grant *grant, GError **error)
{
	uint8_t pin[TLS_PIN_BYTES];

	tls_pin_of(ca->certificate, pin);
	return identity_store(dir, request, grant, AGENTS_URL, pin, error);
}

static const struct pki_request good = {"agent", "URI:plimsoll:host/h-1", "clientAuth", 0, 30};

static void test_the_request_names_nobody_and_proves_its_key(void)
{
	PLIMSOLL_AUTO(identity_request) *request = new_request();
	BIO *memory = BIO_new_mem_buf(request->pem, -1);
	X509_REQ *parsed = PEM_read_bio_X509_REQ(memory, NULL, NULL, NULL);

	g_assert_nonnull(parsed);
	g_assert_cmpint(X509_NAME_entry_count(X509_REQ_get_subject_name(parsed)), ==, 0);
	g_assert_cmpint(X509_REQ_verify(parsed, request->key), ==, 1);
	g_assert_cmpint(EVP_PKEY_eq(X509_REQ_get0_pubkey(parsed), request->key), ==, 1);
	g_assert_null(strstr(request->pem, "PRIVATE"));
	X509_REQ_free(parsed);
	BIO_free(memory);
}

static void test_a_good_grant_is_stored_and_loaded(void)
{
	char *dir = scratch_new();
	PLIMSOLL_AUTO(identity_request) *request = new_request();
	PLIMSOLL_AUTO(identity_grant) *grant = grant_for(request->key, ca, ca, &good, "h-1");
	g_autofree char *pem = scratch_path(dir, IDENTITY_PEM);
	g_autofree char *own = pki_key_pem(request->key, NULL);
	g_autoptr(GError) error = NULL;
	GStatBuf found;

	g_assert_true(store(dir, request, grant, &error));
	g_assert_no_error(error);
	PLIMSOLL_AUTO(identity) *identity = identity_load(dir, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(identity->host_id, ==, "h-1");
	g_assert_cmpstr(identity->agents_url, ==, AGENTS_URL);
	g_assert_cmpint(identity->valid_until_s - identity->valid_from_s, ==, 30 * 24 * 3600);
	g_assert_cmpint(g_stat(pem, &found), ==, 0);
	g_assert_cmpint(found.st_mode & 07777, ==, 0600);
	g_autofree char *files = scratch_list(dir, ".");
	g_assert_cmpstr(files, ==, IDENTITY_CA_PEM " " IDENTITY_PEM " " IDENTITY_SERVER);
	g_autofree char *text = scratch_read(dir, IDENTITY_PEM);
	g_assert_true(g_str_has_prefix(text, own));

	/* the files do for TLS as they are */
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	PLIMSOLL_AUTO(tls_client) *client =
		tls_client_new(&(struct tls_client_options){.host_name = "audit.example",
							    .ca_file = identity->ca_path,
							    .certificate_file = identity->pem_path,
							    .key_file = identity->pem_path},
			       &error);
	g_assert_no_error(error);
	g_assert_true(tls_client_configure(client, context, &error));
	g_assert_no_error(error);
	SSL_CTX_free(context);
	scratch_free(dir);
}

enum { OURS, THEIRS };

static const struct {
	const char *name;
	struct pki_request certificate;
	int signer, shown, key;
	const char *host_id, *why;
} bad_grants[] = {
	{"another key",
	 {"a", "URI:plimsoll:host/h-1", "clientAuth", 0, 30},
	 OURS,
	 OURS,
	 THEIRS,
	 "h-1",
	 "for another key than ours"},
	{"another CA",
	 {"a", "URI:plimsoll:host/h-1", "clientAuth", 0, 30},
	 THEIRS,
	 THEIRS,
	 OURS,
	 "h-1",
	 "another CA than the pinned one"},
	{"our CA shown, another signed",
	 {"a", "URI:plimsoll:host/h-1", "clientAuth", 0, 30},
	 THEIRS,
	 OURS,
	 OURS,
	 "h-1",
	 "does not verify here"},
	{"another host",
	 {"a", "URI:plimsoll:host/h-2", "clientAuth", 0, 30},
	 OURS,
	 OURS,
	 OURS,
	 "h-1",
	 "does not name the host"},
	{"a longer host",
	 {"a", "URI:plimsoll:host/h-12", "clientAuth", 0, 30},
	 OURS,
	 OURS,
	 OURS,
	 "h-1",
	 "does not name the host"},
	{"two hosts",
	 {"a", "URI:plimsoll:host/h-2,URI:plimsoll:host/h-1", "clientAuth", 0, 30},
	 OURS,
	 OURS,
	 OURS,
	 "h-1",
	 "does not name the host"},
	{"no host",
	 {"a", "DNS:h-1", "clientAuth", 0, 30},
	 OURS,
	 OURS,
	 OURS,
	 "h-1",
	 "does not name the host"},
	{"a server's",
	 {"a", "URI:plimsoll:host/h-1", "serverAuth", 0, 30},
	 OURS,
	 OURS,
	 OURS,
	 "h-1",
	 "unsuitable certificate purpose"},
	{"expired",
	 {"a", "URI:plimsoll:host/h-1", "clientAuth", -30, -1},
	 OURS,
	 OURS,
	 OURS,
	 "h-1",
	 "certificate has expired"},
	{"not yet valid",
	 {"a", "URI:plimsoll:host/h-1", "clientAuth", 1, 30},
	 OURS,
	 OURS,
	 OURS,
	 "h-1",
	 "certificate is not yet valid"},
};

static void test_bad_grants_are_refused_and_nothing_is_written(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(bad_grants); i++) {
		char *dir = scratch_new();
		PLIMSOLL_AUTO(identity_request) *request = new_request();
		PLIMSOLL_AUTO(identity_request) *other = new_request();
		PLIMSOLL_AUTO(identity_grant) *grant =
			grant_for(bad_grants[i].key == OURS ? request->key : other->key,
				  bad_grants[i].signer == OURS ? ca : other_ca,
				  bad_grants[i].shown == OURS ? ca : other_ca,
				  &bad_grants[i].certificate, bad_grants[i].host_id);
		g_autoptr(GError) error = NULL;

		g_test_message("%s", bad_grants[i].name);
		g_assert_false(store(dir, request, grant, &error));
		g_assert_error(error, IDENTITY_ERROR, IDENTITY_ERROR_REFUSED);
		g_assert_nonnull(strstr(error->message, bad_grants[i].why));
		g_autofree char *files = scratch_list(dir, ".");
		g_assert_cmpstr(files, ==, "");
		scratch_free(dir);
	}
}

static void test_answers_are_read_strictly(void)
{
	static const struct {
		const char *text;
		bool accepted;
	} cases[] = {
		{"{\"host_id\":\"h-1\",\"certificate\":\"c\",\"ca\":\"d\",\"agents_url\":\"https://"
		 "a\"}",
		 true},
		{"{\"host_id\":\"h-1\",\"certificate\":\"c\",\"ca\":\"d\"}", true},
		{"{\"host_id\":\"h-1\",\"certificate\":\"c\",\"ca\":\"d\",\"agents_url\":\"http://"
		 "a\"}",
		 false},
		{"{\"host_id\":\"../h\",\"certificate\":\"c\",\"ca\":\"d\"}", false},
		{"{\"host_id\":\"\",\"certificate\":\"c\",\"ca\":\"d\"}", false},
		{"{\"host_id\":\"h\\u0000\",\"certificate\":\"c\",\"ca\":\"d\"}", false},
		{"{\"host_id\":1,\"certificate\":\"c\",\"ca\":\"d\"}", false},
		{"{\"host_id\":\"h\",\"ca\":\"d\"}", false},
		{"{\"host_id\":\"h\",\"certificate\":\"c\"}", false},
		{"<html>", false},
		{"", false},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		PLIMSOLL_AUTO(identity_grant) *grant =
			identity_grant_parse(cases[i].text, strlen(cases[i].text), &error);

		g_test_message("%s", cases[i].text);
		g_assert_cmpint(grant != NULL, ==, cases[i].accepted);
		g_assert_cmpint(error == NULL, ==, cases[i].accepted);
	}
}

static void test_a_host_without_identity_is_told_apart_from_a_broken_one(void)
{
	char *dir = scratch_new();
	PLIMSOLL_AUTO(identity_request) *request = new_request();
	PLIMSOLL_AUTO(identity_grant) *grant = grant_for(request->key, ca, ca, &good, "h-1");
	g_autoptr(GError) error = NULL;

	g_assert_null(identity_load(dir, &error));
	g_assert_error(error, IDENTITY_ERROR, IDENTITY_ERROR_ABSENT);
	g_clear_error(&error);
	g_assert_null(identity_load("/nonexistent", &error));
	g_assert_error(error, IDENTITY_ERROR, IDENTITY_ERROR_ABSENT);
	g_clear_error(&error);

	g_assert_true(store(dir, request, grant, &error));
	scratch_write(dir, IDENTITY_PEM, "cut", -1);
	g_assert_null(identity_load(dir, &error));
	g_assert_error(error, IDENTITY_ERROR, IDENTITY_ERROR_BROKEN);
	g_clear_error(&error);

	g_assert_true(identity_forget(dir, &error));
	g_assert_true(identity_forget(dir, &error)); /* twice is no error */
	g_autofree char *files = scratch_list(dir, ".");
	g_assert_cmpstr(files, ==, "");
	scratch_free(dir);
}

static void test_renewal_is_due_at_two_thirds(void)
{
	const struct identity identity = {.valid_from_s = 1000, .valid_until_s = 4000};

	g_assert_false(identity_is_due(&identity, 0));
	g_assert_false(identity_is_due(&identity, 2999));
	g_assert_true(identity_is_due(&identity, 3000));
	g_assert_true(identity_is_due(&identity, 9000));
}

int main(int argc, char **argv)
{
	int failed = 0;

	g_test_init(&argc, &argv, NULL);
	ca = pki_ca_new("Plimsoll CA");
	other_ca = pki_ca_new("Plimsoll CA");
	g_test_add_func("/identity/the-request-names-nobody-and-proves-its-key",
			test_the_request_names_nobody_and_proves_its_key);
	g_test_add_func("/identity/a-good-grant-is-stored-and-loaded",
			test_a_good_grant_is_stored_and_loaded);
	g_test_add_func("/identity/bad-grants-are-refused-and-nothing-is-written",
			test_bad_grants_are_refused_and_nothing_is_written);
	g_test_add_func("/identity/answers-are-read-strictly", test_answers_are_read_strictly);
	g_test_add_func("/identity/a-host-without-identity-is-told-apart-from-a-broken-one",
			test_a_host_without_identity_is_told_apart_from_a_broken_one);
	g_test_add_func("/identity/renewal-is-due-at-two-thirds",
			test_renewal_is_due_at_two_thirds);
	failed = g_test_run();
	pki_pair_free(ca);
	pki_pair_free(other_ca);
	return failed;
}
