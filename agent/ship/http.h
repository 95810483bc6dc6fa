/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to the server: POST over TLS 1.3, one connection kept for a session, every call with a
 * deadline, every answer with a cap. The system's proxies and trust store play no part.
 */
#ifndef PLIMSOLL_AGENT_SHIP_HTTP_H
#define PLIMSOLL_AGENT_SHIP_HTTP_H

#include <glib.h>

#include "proto/tls.h"

enum http_error {
	HTTP_ERROR_TRANSPORT, /* no connection, timeout, cut off: worth another try */
	HTTP_ERROR_PIN,       /* the server's chain holds no CA with the pin */
	HTTP_ERROR_PEER,      /* the server's certificate is not accepted */
	HTTP_ERROR_SETUP,     /* our own files or settings */
};
#define HTTP_ERROR (http_error_quark())
GQuark http_error_quark(void);

struct http_session;

struct http_options {
	const char *base_url; /* https://NAME:PORT */
	const char *proxy;    /* "http://proxy:3128"; NULL: none, whatever the environment says */
	const char *ca_file;  /* one of ca_file and ca_pin, as struct tls_client_options */
	const uint8_t *ca_pin;
	const char *certificate_file; /* NULL: none */
	const char *key_file;
};

/* gives: free with http_session_free(). */
struct http_session *http_session_new(const struct http_options *options, GError **error);
void http_session_free(struct http_session *session);
PLIMSOLL_AUTOPTR(http_session, http_session_free)

struct http_request {
	const char *path; /* "/v1/report" */
	const char *content_type;
	const char *content_encoding; /* NULL: none */
	const char *bearer;           /* NULL: none */
	const void *body;
	gsize size;
};

struct http_answer {
	long status;
	GBytes *body;         /* at most LIMIT_REPLY_BYTES */
	gint64 retry_after_s; /* of the header in seconds; -1: none */
};

/* error: HTTP_ERROR; an answer of any status is no error. */
bool http_post(struct http_session *session, const struct http_request *request,
	       struct http_answer *ret_answer, GError **error);
void http_answer_done(struct http_answer *answer);

#endif
