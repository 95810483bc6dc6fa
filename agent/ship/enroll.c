/* SPDX-License-Identifier: Apache-2.0 */
/* See enroll.h; the server's side is POST /v1/enroll and POST /v1/renew. */
#include "agent/ship/enroll.h"

#include <fcntl.h>
#include <openssl/pem.h>
#include <string.h>

#include "agent/ship/disk.h"
#include "agent/ship/http.h"
#include "proto/json.h"
#include "proto/tls.h"

enum { HTTP_OK = 200 };

GQuark enroll_error_quark(void)
{
	return g_quark_from_static_string("plimsoll-enroll-error");
}

/* {"error": "..."} of a refusal; the words are an authenticated server's. */
static bool refuse_by(const struct http_answer *answer, GError **error)
{
	PLIMSOLL_AUTO(json) *document = json_parse(g_bytes_get_data(answer->body, NULL),
						   g_bytes_get_size(answer->body), NULL, NULL);
	const char *words = json_as_string(json_get(document, "error"), NULL);

	g_set_error(error, ENROLL_ERROR, ENROLL_ERROR_REFUSED, "the server refuses (%ld): %s",
		    answer->status, words == NULL ? "it gives no reason" : words);
	return false;
}

static struct identity_grant *ask(struct http_session *session, const char *path,
				  const char *request_pem, const char *token, GError **error)
{
	const struct http_request request = {
		.path = path,
		.content_type = "application/pkcs10",
		.bearer = token,
		.body = request_pem,
		.size = strlen(request_pem),
	};
	struct identity_grant *grant = NULL;
	struct http_answer answer;

	if (!http_post(session, &request, &answer, error))
		return NULL;
	if (answer.status != HTTP_OK)
		refuse_by(&answer, error);
	else
		grant = identity_grant_parse(g_bytes_get_data(answer.body, NULL),
					     g_bytes_get_size(answer.body), error);
	http_answer_done(&answer);
	return grant;
}

static bool is_enrolled(const char *state_dir)
{
	PLIMSOLL_AUTO(identity) *identity = identity_load(state_dir, NULL);

	return identity != NULL;
}

bool enroll(const char *state_dir, const struct join *join, const char *proxy, GError **error)
{
	PLIMSOLL_AUTO(http_session) *session = NULL;
	PLIMSOLL_AUTO(identity_request) *request = NULL;
	PLIMSOLL_AUTO(identity_grant) *grant = NULL;
	PLIMSOLL_AUTO_FD dir_fd = -1;

	if (is_enrolled(state_dir)) {
		g_set_error(error, ENROLL_ERROR, ENROLL_ERROR_ENROLLED,
			    "'%s' holds an identity already; 'plimsoll-agent leave' gives it up",
			    state_dir);
		return false;
	}
	dir_fd = disk_open_dir(state_dir, error); /* before the token is spent */
	if (dir_fd < 0)
		return false;
	session = http_session_new(&(struct http_options){.base_url = join->enroll_url,
							  .proxy = proxy,
							  .ca_pin = join->pin},
				   error);
	request = session == NULL ? NULL : identity_request_new(error);
	if (request != NULL)
		grant = ask(session, "/v1/enroll", request->pem, join->token, error);
	return grant != NULL &&
	       identity_store(state_dir, request, grant,
			      grant->agents_url != NULL ? grant->agents_url : join->agents_url,
			      join->pin, error);
}

static bool pin_of_file(const char *path, uint8_t ret_pin[static TLS_PIN_BYTES], GError **error)
{
	BIO *file = BIO_new_file(path, "re");
	X509 *ca = file == NULL ? NULL : PEM_read_bio_X509(file, NULL, tls_no_passphrase, NULL);

	BIO_free(file);
	if (ca == NULL) {
		g_set_error(error, IDENTITY_ERROR, IDENTITY_ERROR_BROKEN,
			    "'%s' holds no certificate", path);
		return false;
	}
	tls_pin_of(ca, ret_pin);
	X509_free(ca);
	return true;
}

bool enroll_renew(const char *state_dir, const struct identity *identity, const char *proxy,
		  GError **error)
{
	PLIMSOLL_AUTO(http_session) *session = NULL;
	PLIMSOLL_AUTO(identity_request) *request = NULL;
	PLIMSOLL_AUTO(identity_grant) *grant = NULL;
	uint8_t pin[TLS_PIN_BYTES];

	if (!pin_of_file(identity->ca_path, pin, error))
		return false;
	session = http_session_new(&(struct http_options){.base_url = identity->agents_url,
							  .proxy = proxy,
							  .ca_file = identity->ca_path,
							  .certificate_file = identity->pem_path,
							  .key_file = identity->pem_path},
				   error);
	request = session == NULL ? NULL : identity_request_new(error);
	if (request != NULL)
		grant = ask(session, "/v1/renew", request->pem, NULL, error);
	if (grant == NULL)
		return false;
	if (strcmp(grant->host_id, identity->host_id) != 0) {
		g_set_error(error, IDENTITY_ERROR, IDENTITY_ERROR_REFUSED,
			    "the server renews for another host than this one");
		return false;
	}
	return identity_store(state_dir, request, grant,
			      grant->agents_url != NULL ? grant->agents_url : identity->agents_url,
			      pin, error);
}
