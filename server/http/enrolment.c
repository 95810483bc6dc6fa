/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a host gets its certificate: the first one for a join token, the next ones over the old one.
 * The token is used up in the transaction that records the certificate.
 */
#include <string.h>

#include "proto/json.h"
#include "server/http/ingest.h"
#include "server/http/log.h"
#include "server/http/routes.h"
#include "server/secret.h"
#include "server/store/access.h"

static const char json_type_name[] = "application/json";

/* A certificate that is signed and not yet recorded. */
struct issue {
	struct exchange *exchange;
	const struct site *site;
	char *token_id; /* NULL: a renewal */
	char *host_id;
	struct pki_certificate certificate;
	struct host_certificate row;
};

static void issue_free(struct issue *issue)
{
	g_free(issue->token_id);
	g_free(issue->host_id);
	pki_certificate_done(&issue->certificate);
	g_free(issue);
}
PLIMSOLL_AUTOPTR(issue, issue_free)

static void set_json(struct exchange *exchange, guint status, const struct json *object)
{
	char *text = json_text(object, false);

	exchange_set_answer(exchange, status, json_type_name, g_bytes_new_take(text, strlen(text)));
}

void enrolment_refuse(struct exchange *exchange, guint status, const char *why)
{
	PLIMSOLL_AUTO(json) *object = json_object_new();

	json_set(object, "error", json_new_string(why));
	set_json(exchange, status, object);
	g_free(exchange->note);
	exchange->note = g_strdup(why);
}

/* --- the token --- */

/* "Bearer ID.SECRET". */
static bool read_bearer(const struct exchange *exchange, char **ret_id, char **ret_secret)
{
	const char *header = exchange_header(exchange, "authorization");
	const char *dot;

	if (header == NULL || g_ascii_strncasecmp(header, "Bearer ", 7) != 0)
		return false;
	header += strspn(header + 7, " ") + 7;
	dot = strchr(header, '.');
	if (dot == NULL || dot == header || dot[1] == '\0')
		return false;
	*ret_id = g_strndup(header, (gsize)(dot - header));
	*ret_secret = g_strdup(dot + 1);
	return true;
}

/* Takes as long for a token that is not there. */
static bool check_token(struct worker *worker, const char *id, const char *secret, bool *ret_good,
			GError **error)
{
	uint8_t given[SECRET_SHA256_BYTES];
	uint8_t stored[SECRET_SHA256_BYTES] = {0};
	bool found = false;

	secret_sha256(secret, given);
	if (!access_find_join_token(worker->reader, id, g_get_real_time() / G_USEC_PER_SEC, &found,
				    stored, error))
		return false;
	*ret_good = secret_equal(given, stored) && found;
	return true;
}

/* --- recording --- */

static bool record(struct store *store, void *data, GError **error)
{
	struct issue *issue = data;

	return issue->token_id != NULL ? access_enroll(store, issue->token_id, &issue->row, error)
				       : access_renew(store, &issue->row, error);
}

static void answer_issued(struct issue *issue)
{
	PLIMSOLL_AUTO(json) *object = json_object_new();

	json_set(object, "host_id", json_new_string(issue->host_id));
	json_set(object, "certificate", json_new_string(issue->certificate.pem));
	json_set(object, "ca", json_new_string(pki_ca_pem(issue->site->pki)));
	json_set(object, "agents_url", json_new_string(issue->site->agents_url));
	set_json(issue->exchange, 200, object);
	log_event(issue->token_id != NULL ? "enrolled" : "renewed", "host", issue->host_id, "token",
		  issue->token_id, "source", issue->exchange->peer.source, "serial",
		  issue->certificate.serial);
}

static void finish_issue(void *data, const GError *error)
{
	PLIMSOLL_AUTO(issue) *issue = data;
	struct exchange *exchange = issue->exchange;

	if (error == NULL) {
		answer_issued(issue);
	} else if (g_error_matches(error, STORE_ERROR, STORE_ERROR_USED)) {
		enrolment_refuse(exchange, 401, "the token was used, has expired, or never was");
	} else if (g_error_matches(error, STORE_ERROR, STORE_ERROR_DENIED)) {
		enrolment_refuse(exchange, 403, error->message);
	} else {
		log_event("store", "error", error->message);
		enrolment_refuse(exchange, 503, "the store is busy; try again");
	}
	exchange_finish(exchange);
}

/* Signs and hands the rest to the writer. Takes host_id and token_id. */
static void issue_certificate(struct exchange *exchange, struct worker *worker, char *host_id,
			      char *token_id)
{
	PLIMSOLL_AUTO(issue) *issue = g_new0(struct issue, 1);
	g_autoptr(GError) error = NULL;
	int64_t now_s = g_get_real_time() / G_USEC_PER_SEC;

	issue->exchange = exchange;
	issue->site = worker->site;
	issue->host_id = host_id;
	issue->token_id = token_id;
	if (!pki_sign_agent(worker->site->pki, g_bytes_get_data(exchange->body, NULL),
			    g_bytes_get_size(exchange->body), host_id, now_s, &issue->certificate,
			    &error)) {
		enrolment_refuse(exchange,
				 g_error_matches(error, PKI_ERROR, PKI_ERROR_REQUEST) ? 400 : 500,
				 error->message);
		exchange_finish(exchange);
		return;
	}
	issue->row = (struct host_certificate){
		.host_id = issue->host_id,
		.fingerprint = issue->certificate.fingerprint,
		.serial = issue->certificate.serial,
		.not_before_s = issue->certificate.not_before_s,
		.not_after_s = issue->certificate.not_after_s,
		.issued_at_s = now_s,
		.address = exchange->peer.source,
	};
	writer_submit(worker->site->writer, record, g_steal_pointer(&issue), finish_issue);
}

static void handle_enroll(struct exchange *exchange, struct worker *worker)
{
	g_autofree char *id = NULL;
	g_autofree char *secret = NULL;
	g_autoptr(GError) error = NULL;
	bool good = false;

	if (!read_bearer(exchange, &id, &secret)) {
		enrolment_refuse(exchange, 401, "no token: Authorization: Bearer ID.SECRET");
	} else if (!check_token(worker, id, secret, &good, &error)) {
		log_event("store", "error", error->message);
		enrolment_refuse(exchange, 503, "the store is busy; try again");
	} else if (!good) {
		enrolment_refuse(exchange, 401, "the token was used, has expired, or never was");
	} else {
		issue_certificate(exchange, worker, secret_new_uuid(), g_steal_pointer(&id));
		return;
	}
	exchange_finish(exchange);
}

static void handle_renew(struct exchange *exchange, struct worker *worker)
{
	const struct pki_peer *agent = &exchange->peer.agent;
	g_autoptr(GError) error = NULL;
	bool admitted = false;

	if (!access_admits(worker->reader, agent->host_id, agent->fingerprint,
			   g_get_real_time() / G_USEC_PER_SEC, &admitted, &error)) {
		log_event("store", "error", error->message);
		enrolment_refuse(exchange, 503, "the store is busy; try again");
	} else if (!admitted) {
		enrolment_refuse(exchange, 403,
				 "this host or its certificate is not admitted here");
	} else {
		issue_certificate(exchange, worker, g_strdup(agent->host_id), NULL);
		return;
	}
	exchange_finish(exchange);
}

const struct route enrolment_routes[] = {
	{METHOD_POST, "/v1/enroll", handle_enroll, false},
	{METHOD_NONE, NULL, NULL, false},
};

const struct route agents_routes[] = {
	{METHOD_POST, "/v1/report", ingest_report, true},
	{METHOD_POST, "/v1/renew", handle_renew, false},
	{METHOD_NONE, NULL, NULL, false},
};
