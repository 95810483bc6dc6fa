/* SPDX-License-Identifier: Apache-2.0 */
/* Step 3 of the flow: what libcurl is told to do, and above all not to do. */
#include "agent/ship/http.h"

#include <curl/curl.h>
#include <string.h>

#include "proto/limits.h"

enum { CONNECT_TIMEOUT_MS = 10000, CALL_TIMEOUT_MS = 60000 };

struct http_session {
	CURL *curl;
	char *base_url;
	struct tls_client *tls;
	GError *tls_error; /* of the last handshake's set-up */
	char problem[CURL_ERROR_SIZE];
};

GQuark http_error_quark(void)
{
	return g_quark_from_static_string("plimsoll-http-error");
}

static bool refuse(const char *what, GError **error)
{
	g_set_error(error, HTTP_ERROR, HTTP_ERROR_SETUP, "%s", what);
	return false;
}

static CURLcode configure_tls(CURL *curl, void *context, void *data)
{
	struct http_session *session = data;

	(void)curl;
	g_clear_error(&session->tls_error);
	return tls_client_configure(session->tls, context, &session->tls_error)
		       ? CURLE_OK
		       : CURLE_SSL_CERTPROBLEM;
}

/* gives: host of a URL, an IPv6 address without its brackets; NULL: not a URL of ours. */
static char *host_of(const char *url)
{
	CURLU *parts = curl_url();
	char *host = NULL, *copy = NULL;

	if (curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK)
		copy = host[0] == '[' ? g_strndup(host + 1, strlen(host) - 2) : g_strdup(host);
	curl_free(host);
	curl_url_cleanup(parts);
	return copy;
}

/*
 * CAINFO and CAPATH are NULL, so that the system's bundle is never read: tls_client verifies. A
 * libcurl that is not built on OpenSSL has no SSL_CTX_FUNCTION; that is refused, not worked around.
 */
static bool set_up(struct http_session *session, const char *proxy)
{
	CURL *curl = session->curl;

	return curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_PROXY, proxy == NULL ? "" : proxy) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_NOPROXY, proxy == NULL ? "*" : "") == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS) ==
		       CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)CALL_TIMEOUT_MS) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) ==
		       CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_USERAGENT, "plimsoll-agent/" PLIMSOLL_VERSION) ==
		       CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, session->problem) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_3) ==
		       CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_CAINFO, NULL) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_CAPATH, NULL) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_SSL_CTX_FUNCTION, configure_tls) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_SSL_CTX_DATA, session) == CURLE_OK;
}

struct http_session *http_session_new(const struct http_options *options, GError **error)
{
	PLIMSOLL_AUTO(http_session) *session = g_new0(struct http_session, 1);
	g_autofree char *host = NULL;

	curl_global_init(CURL_GLOBAL_DEFAULT);
	host = host_of(options->base_url);
	if (host == NULL) {
		g_set_error(error, HTTP_ERROR, HTTP_ERROR_SETUP, "not a server's address: '%s'",
			    options->base_url);
		return NULL;
	}
	session->base_url = g_strdup(options->base_url);
	session->tls = tls_client_new(
		&(struct tls_client_options){
			.host_name = host,
			.ca_file = options->ca_file,
			.ca_pin = options->ca_pin,
			.certificate_file = options->certificate_file,
			.key_file = options->key_file,
		},
		error);
	if (session->tls == NULL)
		return NULL;
	session->curl = curl_easy_init();
	if (session->curl == NULL || !set_up(session, options->proxy)) {
		refuse("libcurl lacks what the agent needs (OpenSSL as its TLS library?)", error);
		return NULL;
	}
	return g_steal_pointer(&session);
}

void http_session_free(struct http_session *session)
{
	if (session == NULL)
		return;
	curl_easy_cleanup(session->curl);
	tls_client_free(session->tls);
	g_clear_error(&session->tls_error);
	g_free(session->base_url);
	g_free(session);
	curl_global_cleanup();
}

static size_t keep_body(char *data, size_t size, size_t n, void *body)
{
	GByteArray *kept = body;

	if (size * n > LIMIT_REPLY_BYTES - kept->len)
		return 0; /* ends the transfer */
	g_byte_array_append(kept, (const guint8 *)data, (guint)(size * n));
	return size * n;
}

static struct curl_slist *add_header(struct curl_slist *headers, const char *name,
				     const char *value)
{
	g_autofree char *line = value == NULL ? NULL : g_strdup_printf("%s: %s", name, value);
	struct curl_slist *longer = line == NULL ? headers : curl_slist_append(headers, line);

	if (longer == NULL)
		g_error("out of memory: header");
	return longer;
}

static struct curl_slist *headers_of(const struct http_request *request)
{
	g_autofree char *bearer =
		request->bearer == NULL ? NULL : g_strconcat("Bearer ", request->bearer, NULL);
	struct curl_slist *headers = NULL;

	headers = add_header(headers, "Content-Type", request->content_type);
	headers = add_header(headers, "Content-Encoding", request->content_encoding);
	return add_header(headers, "Authorization", bearer);
}

static bool explain(struct http_session *session, CURLcode code, GError **error)
{
	long verified = 0;
	enum http_error kind = HTTP_ERROR_TRANSPORT;

	if (session->tls_error != NULL) {
		g_set_error(error, HTTP_ERROR, HTTP_ERROR_SETUP, "%s", session->tls_error->message);
		return false;
	}
	curl_easy_getinfo(session->curl, CURLINFO_SSL_VERIFYRESULT, &verified);
	if (code == CURLE_PEER_FAILED_VERIFICATION)
		kind = verified == X509_V_ERR_APPLICATION_VERIFICATION ? HTTP_ERROR_PIN
								       : HTTP_ERROR_PEER;
	if (kind == HTTP_ERROR_PIN)
		g_set_error(error, HTTP_ERROR, (int)kind,
			    "'%s' does not show the CA that the join string names",
			    session->base_url);
	else
		g_set_error(error, HTTP_ERROR, (int)kind, "'%s': %s", session->base_url,
			    session->problem[0] != '\0' ? session->problem
							: curl_easy_strerror(code));
	return false;
}

bool http_post(struct http_session *session, const struct http_request *request,
	       struct http_answer *ret_answer, GError **error)
{
	g_autofree char *url = g_strconcat(session->base_url, request->path, NULL);
	struct curl_slist *headers = headers_of(request);
	GByteArray *body = g_byte_array_new();
	curl_off_t retry_after = 0;
	CURL *curl = session->curl;
	CURLcode code = CURLE_OK;

	session->problem[0] = '\0';
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->size);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
	code = curl_easy_perform(curl);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(headers);
	*ret_answer =
		(struct http_answer){.body = g_byte_array_free_to_bytes(body), .retry_after_s = -1};
	if (code != CURLE_OK) {
		http_answer_done(ret_answer);
		return explain(session, code, error);
	}
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &ret_answer->status);
	if (curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &retry_after) == CURLE_OK &&
	    retry_after > 0)
		ret_answer->retry_after_s = retry_after;
	return true;
}

void http_answer_done(struct http_answer *answer)
{
	g_clear_pointer(&answer->body, g_bytes_unref);
}
