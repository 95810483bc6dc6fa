/* SPDX-License-Identifier: Apache-2.0 */
/* Handshakes in memory between both ends' contexts: above all, what each of them refuses. */
#include <glib/gstdio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>

#include "proto/tls.h"
#include "tests/unit/support/pki.h"

static char *scratch; /* directory of this run */

static struct {
	struct pki_pair *ca, *other_ca;
} pki;

struct ends {
	SSL *client, *server;
	bool client_done, server_done; /* handshake complete and a byte received */
	long verify_result;            /* of the server's certificate */
};

static void ends_done(struct ends *ends)
{
	SSL_shutdown(ends->client); /* otherwise its session counts as bad */
	SSL_free(ends->client);
	SSL_free(ends->server);
}

/*
 * Runs both ends until neither gets further. With TLS 1.3 a client learns only after its handshake
 * that its certificate was refused, so each end also has to receive a byte.
 */
static void shake_hands(struct ends *ends, SSL_CTX *client, SSL_CTX *server, SSL_SESSION *session)
{
	BIO *left = NULL, *right = NULL;
	char byte = 0;

	*ends = (struct ends){.client = SSL_new(client), .server = SSL_new(server)};
	g_assert_cmpint(BIO_new_bio_pair(&left, 0, &right, 0), ==, 1);
	SSL_set_bio(ends->client, left, left);
	SSL_set_bio(ends->server, right, right);
	SSL_set_connect_state(ends->client);
	SSL_set_accept_state(ends->server);
	if (session != NULL)
		SSL_set_session(ends->client, session);
	for (int i = 0; i < 10; i++) {
		SSL_do_handshake(ends->client);
		SSL_do_handshake(ends->server);
	}
	SSL_write(ends->client, "c", 1);
	SSL_write(ends->server, "s", 1);
	ends->server_done = SSL_read(ends->server, &byte, 1) == 1;
	ends->client_done = SSL_read(ends->client, &byte, 1) == 1;
	ends->verify_result = SSL_get_verify_result(ends->client);
	ERR_clear_error();
}

static SSL_CTX *server_context(enum tls_listener listener, const char *stem, const char *ca_stem)
{
	g_autofree char *certificate = g_strconcat(stem, ".crt", NULL);
	g_autofree char *key = g_strconcat(stem, ".key", NULL);
	g_autofree char *ca = ca_stem == NULL ? NULL : g_strconcat(ca_stem, ".crt", NULL);
	g_autoptr(GError) error = NULL;
	SSL_CTX *context = tls_server_context(listener,
					      &(struct tls_files){.certificate_file = certificate,
								  .key_file = key,
								  .ca_file = ca},
					      &error);

	g_assert_no_error(error);
	return context;
}

static struct tls_client *client_of(const struct tls_client_options *options)
{
	g_autoptr(GError) error = NULL;
	struct tls_client *client = tls_client_new(options, &error);

	g_assert_no_error(error);
	return client;
}

static SSL_CTX *client_context(struct tls_client *client)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	g_autoptr(GError) error = NULL;

	g_assert_true(tls_client_configure(client, context, &error));
	g_assert_no_error(error);
	return context;
}

enum trust { BY_PIN, BY_FILE };
enum shown { WITH_ROOT, WITHOUT_ROOT };
enum signer { OUR_CA, OTHER_CA };

static const struct {
	const char *name;
	struct pki_request certificate;
	enum signer signer;
	enum trust trust;
	enum shown shown;
	const char *host_name;
	long want;
} server_cases[] = {
	{"pinned",
	 {"s", "DNS:audit.example", "serverAuth", 0, 0},
	 OUR_CA,
	 BY_PIN,
	 WITH_ROOT,
	 "audit.example",
	 X509_V_OK},
	{"by file",
	 {"s", "DNS:audit.example", "serverAuth", 0, 0},
	 OUR_CA,
	 BY_FILE,
	 WITHOUT_ROOT,
	 "audit.example",
	 X509_V_OK},
	{"an address",
	 {"s", "DNS:x,IP:192.0.2.7", "serverAuth", 0, 0},
	 OUR_CA,
	 BY_PIN,
	 WITH_ROOT,
	 "192.0.2.7",
	 X509_V_OK},
	{"an IPv6 address",
	 {"s", "IP:2001:db8::1", "serverAuth", 0, 0},
	 OUR_CA,
	 BY_FILE,
	 WITH_ROOT,
	 "2001:db8::1",
	 X509_V_OK},
	{"another CA's chain, by pin",
	 {"s", "DNS:audit.example", "serverAuth", 0, 0},
	 OTHER_CA,
	 BY_PIN,
	 WITH_ROOT,
	 "audit.example",
	 X509_V_ERR_APPLICATION_VERIFICATION},
	{"another CA's chain, by file",
	 {"s", "DNS:audit.example", "serverAuth", 0, 0},
	 OTHER_CA,
	 BY_FILE,
	 WITH_ROOT,
	 "audit.example",
	 X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN},
	{"root not shown, by pin",
	 {"s", "DNS:audit.example", "serverAuth", 0, 0},
	 OUR_CA,
	 BY_PIN,
	 WITHOUT_ROOT,
	 "audit.example",
	 X509_V_ERR_APPLICATION_VERIFICATION},
	{"another name, by pin",
	 {"s", "DNS:audit.example", "serverAuth", 0, 0},
	 OUR_CA,
	 BY_PIN,
	 WITH_ROOT,
	 "other.example",
	 X509_V_ERR_HOSTNAME_MISMATCH},
	{"another name, by file",
	 {"s", "DNS:audit.example", "serverAuth", 0, 0},
	 OUR_CA,
	 BY_FILE,
	 WITH_ROOT,
	 "other.example",
	 X509_V_ERR_HOSTNAME_MISMATCH},
	{"another address",
	 {"s", "IP:192.0.2.7", "serverAuth", 0, 0},
	 OUR_CA,
	 BY_PIN,
	 WITH_ROOT,
	 "192.0.2.8",
	 X509_V_ERR_IP_ADDRESS_MISMATCH},
	{"name only in the subject",
	 {"audit.example", "DNS:x", "serverAuth", 0, 0},
	 OUR_CA,
	 BY_PIN,
	 WITH_ROOT,
	 "audit.example",
	 X509_V_ERR_HOSTNAME_MISMATCH},
	{"expired, by pin",
	 {"s", "DNS:audit.example", "serverAuth", -3, -1},
	 OUR_CA,
	 BY_PIN,
	 WITH_ROOT,
	 "audit.example",
	 X509_V_ERR_CERT_HAS_EXPIRED},
	{"not yet valid, by file",
	 {"s", "DNS:audit.example", "serverAuth", 1, 2},
	 OUR_CA,
	 BY_FILE,
	 WITH_ROOT,
	 "audit.example",
	 X509_V_ERR_CERT_NOT_YET_VALID},
	{"an agent's certificate",
	 {"s", "DNS:audit.example", "clientAuth", 0, 0},
	 OUR_CA,
	 BY_PIN,
	 WITH_ROOT,
	 "audit.example",
	 X509_V_ERR_INVALID_PURPOSE},
};

static void test_client_accepts_only_the_right_server(void)
{
	g_autofree char *ca = pki_write(scratch, "ca", pki.ca, NULL);
	g_autofree char *ca_file = g_strconcat(ca, ".crt", NULL);
	uint8_t pin[TLS_PIN_BYTES];

	tls_pin_of(pki.ca->certificate, pin);
	for (size_t i = 0; i < G_N_ELEMENTS(server_cases); i++) {
		const struct pki_pair *signer =
			server_cases[i].signer == OUR_CA ? pki.ca : pki.other_ca;
		PLIMSOLL_AUTO(pki_pair) *pair =
			pki_signed_new(signer, &server_cases[i].certificate);
		g_autofree char *stem =
			pki_write(scratch, "server", pair,
				  server_cases[i].shown == WITH_ROOT ? signer : NULL);
		bool by_pin = server_cases[i].trust == BY_PIN;
		PLIMSOLL_AUTO(tls_client) *client = client_of(&(struct tls_client_options){
			.host_name = server_cases[i].host_name,
			.ca_pin = by_pin ? pin : NULL,
			.ca_file = by_pin ? NULL : ca_file,
		});
		SSL_CTX *server = server_context(TLS_LISTENER_ENROLMENT, stem, NULL);
		SSL_CTX *context = client_context(client);
		struct ends ends;

		shake_hands(&ends, context, server, NULL);
		g_test_message("%s", server_cases[i].name);
		g_assert_cmpint(ends.verify_result, ==, server_cases[i].want);
		g_assert_cmpint(ends.client_done, ==, server_cases[i].want == X509_V_OK);
		g_assert_cmpint(ends.server_done, ==, server_cases[i].want == X509_V_OK);
		ends_done(&ends);
		SSL_CTX_free(context);
		SSL_CTX_free(server);
	}
}

/* The pinned root beside a leaf that it never signed: a man in the middle knows the root, too. */
static void test_the_pinned_root_must_have_signed_the_leaf(void)
{
	PLIMSOLL_AUTO(pki_pair) *leaf = pki_signed_new(
		pki.other_ca, &(struct pki_request){"s", "DNS:audit.example", "serverAuth", 0, 0});
	g_autofree char *stem = pki_write(scratch, "middle", leaf, pki.ca);
	uint8_t pin[TLS_PIN_BYTES];
	SSL_CTX *server = server_context(TLS_LISTENER_ENROLMENT, stem, NULL);
	SSL_CTX *context = NULL;
	struct ends ends;

	tls_pin_of(pki.ca->certificate, pin);
	PLIMSOLL_AUTO(tls_client) *client = client_of(
		&(struct tls_client_options){.host_name = "audit.example", .ca_pin = pin});
	context = client_context(client);
	shake_hands(&ends, context, server, NULL);
	g_assert_cmpint(ends.verify_result, ==, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
	g_assert_false(ends.server_done);
	ends_done(&ends);
	SSL_CTX_free(context);
	SSL_CTX_free(server);
}

/* A leaf whose own key hash is the pin is no CA. */
static void test_the_pin_of_a_leaf_is_not_enough(void)
{
	PLIMSOLL_AUTO(pki_pair) *leaf = pki_signed_new(
		pki.ca, &(struct pki_request){"s", "DNS:audit.example", "serverAuth", 0, 0});
	g_autofree char *stem = pki_write(scratch, "leaf", leaf, pki.ca);
	uint8_t pin[TLS_PIN_BYTES];
	SSL_CTX *server = server_context(TLS_LISTENER_ENROLMENT, stem, NULL);
	SSL_CTX *context = NULL;
	struct ends ends;

	tls_pin_of(leaf->certificate, pin);
	PLIMSOLL_AUTO(tls_client) *client = client_of(
		&(struct tls_client_options){.host_name = "audit.example", .ca_pin = pin});
	context = client_context(client);
	shake_hands(&ends, context, server, NULL);
	g_assert_cmpint(ends.verify_result, ==, X509_V_ERR_APPLICATION_VERIFICATION);
	g_assert_false(ends.server_done);
	ends_done(&ends);
	SSL_CTX_free(context);
	SSL_CTX_free(server);
}

static const struct {
	const char *name;
	struct pki_request certificate; /* common_name NULL: none */
	enum signer signer;
	bool accepted;
} agent_cases[] = {
	{"enrolled", {"a", "URI:plimsoll:host/1", "clientAuth", 0, 0}, OUR_CA, true},
	{"no certificate", {NULL, NULL, NULL, 0, 0}, OUR_CA, false},
	{"another CA", {"a", "URI:plimsoll:host/1", "clientAuth", 0, 0}, OTHER_CA, false},
	{"expired", {"a", "URI:plimsoll:host/1", "clientAuth", -3, -1}, OUR_CA, false},
	{"a server's certificate", {"a", "DNS:x", "serverAuth", 0, 0}, OUR_CA, false},
};

static void test_server_accepts_only_its_agents(void)
{
	PLIMSOLL_AUTO(pki_pair) *own = pki_signed_new(
		pki.ca, &(struct pki_request){"s", "DNS:audit.example", "serverAuth", 0, 0});
	g_autofree char *stem = pki_write(scratch, "server", own, pki.ca);
	g_autofree char *ca = pki_write(scratch, "ca", pki.ca, NULL);
	g_autofree char *ca_file = g_strconcat(ca, ".crt", NULL);
	SSL_CTX *server = server_context(TLS_LISTENER_AGENTS, stem, ca);

	for (size_t i = 0; i < G_N_ELEMENTS(agent_cases); i++) {
		bool has_one = agent_cases[i].certificate.common_name != NULL;
		PLIMSOLL_AUTO(pki_pair) *pair =
			!has_one ? NULL
				 : pki_signed_new(agent_cases[i].signer == OUR_CA ? pki.ca
										  : pki.other_ca,
						  &agent_cases[i].certificate);
		g_autofree char *agent = has_one ? pki_write(scratch, "agent", pair, NULL) : NULL;
		g_autofree char *certificate = has_one ? g_strconcat(agent, ".crt", NULL) : NULL;
		g_autofree char *key = has_one ? g_strconcat(agent, ".key", NULL) : NULL;
		PLIMSOLL_AUTO(tls_client) *client = client_of(&(struct tls_client_options){
			.host_name = "audit.example",
			.ca_file = ca_file,
			.certificate_file = certificate,
			.key_file = key,
		});
		SSL_CTX *context = client_context(client);
		struct ends ends;

		shake_hands(&ends, context, server, NULL);
		g_test_message("%s", agent_cases[i].name);
		g_assert_cmpint(ends.server_done, ==, agent_cases[i].accepted);
		g_assert_cmpint(ends.client_done, ==, agent_cases[i].accepted);
		ends_done(&ends);
		SSL_CTX_free(context);
	}
	SSL_CTX_free(server);
}

static void test_agents_may_resume_and_enrolment_may_not(void)
{
	static const struct {
		enum tls_listener listener;
		bool resumes;
	} cases[] = {{TLS_LISTENER_AGENTS, true}, {TLS_LISTENER_ENROLMENT, false}};
	PLIMSOLL_AUTO(pki_pair) *pair =
		pki_signed_new(pki.ca, &(struct pki_request){"s", "DNS:audit.example", NULL, 0, 0});
	g_autofree char *stem = pki_write(scratch, "both", pair, pki.ca);
	g_autofree char *certificate = g_strconcat(stem, ".crt", NULL);
	g_autofree char *key = g_strconcat(stem, ".key", NULL);
	g_autofree char *ca = pki_write(scratch, "ca", pki.ca, NULL);
	g_autofree char *ca_file = g_strconcat(ca, ".crt", NULL);
	PLIMSOLL_AUTO(tls_client) *client = client_of(&(struct tls_client_options){
		.host_name = "audit.example",
		.ca_file = ca_file,
		.certificate_file = certificate,
		.key_file = key,
	});

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		SSL_CTX *server = server_context(cases[i].listener, stem, ca);
		SSL_CTX *context = client_context(client);
		SSL_SESSION *session = NULL;
		struct ends ends;

		shake_hands(&ends, context, server, NULL);
		session = SSL_get1_session(ends.client);
		g_assert_cmpint(SSL_SESSION_is_resumable(session), ==, cases[i].resumes);
		ends_done(&ends);
		shake_hands(&ends, context, server, session);
		g_assert_true(ends.client_done && ends.server_done);
		g_assert_cmpint(SSL_session_reused(ends.client), ==, cases[i].resumes);
		ends_done(&ends);
		SSL_SESSION_free(session);
		SSL_CTX_free(context);
		SSL_CTX_free(server);
	}
}

static void test_older_versions_are_refused(void)
{
	PLIMSOLL_AUTO(pki_pair) *pair = pki_signed_new(
		pki.ca, &(struct pki_request){"s", "DNS:audit.example", "serverAuth", 0, 0});
	g_autofree char *stem = pki_write(scratch, "server", pair, pki.ca);

	for (int i = TLS_LISTENER_PEOPLE; i <= (int)TLS_LISTENER_ENROLMENT; i++) {
		SSL_CTX *server = server_context((enum tls_listener)i, stem, NULL);
		SSL_CTX *context = SSL_CTX_new(TLS_client_method());
		struct ends ends;

		SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
		shake_hands(&ends, context, server, NULL);
		g_assert_false(ends.client_done || ends.server_done);
		ends_done(&ends);
		SSL_CTX_free(context);
		SSL_CTX_free(server);
	}
}

static void write_text(const char *path, const char *text)
{
	g_autoptr(GError) error = NULL;

	g_file_set_contents(path, text, -1, &error);
	g_assert_no_error(error);
}

static void test_unusable_files_are_named(void)
{
	PLIMSOLL_AUTO(pki_pair) *pair =
		pki_signed_new(pki.ca, &(struct pki_request){"s", NULL, "serverAuth", 0, 0});
	g_autofree char *stem = pki_write(scratch, "good", pair, NULL);
	g_autofree char *other = pki_write(scratch, "foreign", pki.ca, NULL);
	g_autofree char *certificate = g_strconcat(stem, ".crt", NULL);
	g_autofree char *key = g_strconcat(stem, ".key", NULL);
	g_autofree char *foreign_key = g_strconcat(other, ".key", NULL);
	g_autofree char *locked = g_build_filename(scratch, "locked.key", NULL);
	g_autofree char *missing = g_build_filename(scratch, "missing", NULL);
	g_autofree char *locked_pem = pki_key_pem(pair->key, "secret");
	const struct {
		const char *name;
		struct tls_files files;
		const char *path;
	} cases[] = {
		{"no certificate", {missing, key, NULL}, missing},
		{"no key", {certificate, missing, NULL}, missing},
		{"a key for a certificate", {key, key, NULL}, key},
		{"a key that belongs elsewhere", {certificate, foreign_key, NULL}, foreign_key},
		{"a key with a passphrase", {certificate, locked, NULL}, locked},
		{"no CA", {certificate, key, missing}, missing},
		{"a CA that is none", {certificate, key, key}, key},
	};

	write_text(locked, locked_pem);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		g_test_message("%s", cases[i].name);
		g_assert_null(tls_server_context(TLS_LISTENER_AGENTS, &cases[i].files, &error));
		g_assert_error(error, TLS_ERROR, 0);
		g_assert_nonnull(strstr(error->message, cases[i].path));
		g_clear_error(&error);
		if (cases[i].files.ca_file == NULL)
			continue;
		g_assert_null(tls_client_new(
			&(struct tls_client_options){.host_name = "x",
						     .ca_file = cases[i].files.ca_file},
			&error));
		g_assert_error(error, TLS_ERROR, 0);
	}
}

static void test_pins(void)
{
	uint8_t pin[TLS_PIN_BYTES], again[TLS_PIN_BYTES];
	g_autofree char *lower = g_strnfill(64, 'a');
	g_autofree char *upper = g_strnfill(64, 'A');
	g_autofree char *bad = g_strnfill(64, 'g');

	g_assert_true(tls_pin_parse(lower, pin) && tls_pin_parse(upper, again));
	g_assert_true(memcmp(pin, again, sizeof(pin)) == 0);
	g_assert_cmpint(pin[31], ==, 0xaa);
	g_assert_false(tls_pin_parse(bad, pin));
	g_assert_false(tls_pin_parse(lower + 1, pin));
	g_assert_false(tls_pin_parse("", pin));
}

static void remove_scratch(void)
{
	GDir *dir = g_dir_open(scratch, 0, NULL);
	const char *name = NULL;

	while ((name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *path = g_build_filename(scratch, name, NULL);
		g_assert_cmpint(g_remove(path), ==, 0);
	}
	g_dir_close(dir);
	g_assert_cmpint(g_rmdir(scratch), ==, 0);
	g_free(scratch);
}

int main(int argc, char **argv)
{
	int failed = 0;

	g_test_init(&argc, &argv, NULL);
	scratch = g_dir_make_tmp(NULL, NULL);
	pki.ca = pki_ca_new("Plimsoll CA");
	pki.other_ca = pki_ca_new("Plimsoll CA"); /* the same name, another key */
	g_test_add_func("/tls/client-accepts-only-the-right-server",
			test_client_accepts_only_the_right_server);
	g_test_add_func("/tls/the-pinned-root-must-have-signed-the-leaf",
			test_the_pinned_root_must_have_signed_the_leaf);
	g_test_add_func("/tls/the-pin-of-a-leaf-is-not-enough",
			test_the_pin_of_a_leaf_is_not_enough);
	g_test_add_func("/tls/server-accepts-only-its-agents", test_server_accepts_only_its_agents);
	g_test_add_func("/tls/agents-may-resume-and-enrolment-may-not",
			test_agents_may_resume_and_enrolment_may_not);
	g_test_add_func("/tls/older-versions-are-refused", test_older_versions_are_refused);
	g_test_add_func("/tls/unusable-files-are-named", test_unusable_files_are_named);
	g_test_add_func("/tls/pins", test_pins);
	failed = g_test_run();
	pki_pair_free(pki.ca);
	pki_pair_free(pki.other_ca);
	remove_scratch();
	return failed;
}
