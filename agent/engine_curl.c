/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 1 of the flow, the wire to the Engine. A curl multi handle keeps a few connections busy; a
 * daemon that refuses, hangs, lies or breaks off costs its request a reason and never more than
 * the deadline.
 */
#include "agent/engine_curl.h"

#include <curl/curl.h>
#include <errno.h>
#include <string.h>

#include "agent/engine/engine_request.h"
#include "agent/engine_tls.h"

enum {
	RECEIVE_BUFFER_BYTES = 16 << 10,
	FIRST_BODY_BYTES = 16 << 10,
	KEPT_BODY_BYTES = 128 << 10, /* a larger buffer is given back after its request */
	HEADER_BYTES = 64 << 10,     /* all headers of one answer */
	HEADER_VALUE_BYTES = 128,
	POLL_MS = 1000,
};

/* One of the few places in which a request is on its way. */
struct transfer {
	struct engine_curl *client;
	CURL *easy;
	struct host_get *request; /* NULL: idle */
	char *body;
	size_t size, capacity;
	size_t header_bytes;
	bool is_too_large;
	char problem[CURL_ERROR_SIZE]; /* libcurl's own words */
	int64_t start_us;
};

struct engine_curl {
	char *socket_path;                    /* NULL: by TCP */
	const struct host_endpoint *endpoint; /* of TCP; borrowed */
	struct engine_curl_limits limits;
	struct engine_dialect dialect;
	int64_t deadline_us; /* 0: nothing was asked yet */
	CURLM *multi;
	guint n_transfers;
	struct transfer transfers[LIMIT_SSH_CONNECTIONS];
	GStringChunk *strings;
};

/* The requests of one call of engine_curl_get(). */
struct round {
	struct engine_curl *client;
	struct host_get *requests;
	guint n_requests, next, n_open;
	void (*done)(struct host_get *request, void *data);
	void *data;
};

static void start_next(struct round *round, struct transfer *transfer);
static void finish(struct round *round, struct transfer *transfer, CURLcode code);

void engine_curl_get(struct engine_curl *client, struct host_get *requests, guint n_requests,
		     void (*done)(struct host_get *request, void *data), void *data)
{
	struct round round = {client, requests, n_requests, 0, 0, done, data};

	if (client->deadline_us == 0)
		client->deadline_us = g_get_monotonic_time() + client->limits.total_ms * 1000;
	for (guint i = 0; i < client->n_transfers; i++)
		start_next(&round, &client->transfers[i]);
	while (round.n_open > 0) {
		int running = 0, pending = 0;
		CURLMsg *message = NULL;

		curl_multi_perform(client->multi, &running);
		while ((message = curl_multi_info_read(client->multi, &pending)) != NULL) {
			struct transfer *transfer = NULL;
			CURLcode code = message->data.result;

			if (message->msg != CURLMSG_DONE)
				continue;
			curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE,
					  (char **)&transfer);
			finish(&round, transfer, code);
			start_next(&round, transfer);
		}
		if (round.n_open > 0)
			curl_multi_poll(client->multi, NULL, 0, POLL_MS, NULL);
	}
}

/* ---------------------------------------------------------------- one request */

static int64_t remaining_ms(const struct engine_curl *client)
{
	return (client->deadline_us - g_get_monotonic_time()) / 1000;
}

/* Answers requests that cannot be sent; gives the next one that can, or NULL. */
static struct host_get *next_to_send(struct round *round)
{
	while (round->next < round->n_requests) {
		struct host_get *request = &round->requests[round->next++];

		if (!engine_path_is_allowed(request->path)) {
			engine_request_refuse(request);
		} else if (remaining_ms(round->client) <= 0) {
			request->state = (struct host_state){
				.status = PLIMSOLL__FETCH__STATUS__TIMEOUT,
				.detail = "not asked: the time for all requests was used up",
			};
		} else {
			return request;
		}
		round->done(request, round->data);
	}
	return NULL;
}

static void start_next(struct round *round, struct transfer *transfer)
{
	struct engine_curl *client = round->client;
	struct host_get *request = next_to_send(round);
	g_autofree char *address = NULL, *url = NULL;

	if (request == NULL)
		return;
	address = engine_dialect_address(&client->dialect, request->path);
	url = g_strconcat(client->endpoint == NULL ? "http://localhost" : client->endpoint->address,
			  address, NULL);
	transfer->request = request;
	transfer->size = 0;
	transfer->header_bytes = 0;
	transfer->is_too_large = false;
	transfer->problem[0] = '\0';
	transfer->start_us = g_get_monotonic_time();
	curl_easy_setopt(transfer->easy, CURLOPT_URL, url);
	curl_easy_setopt(transfer->easy, CURLOPT_TIMEOUT_MS,
			 (long)MAX(1, MIN(client->limits.call_ms, remaining_ms(client))));
	curl_multi_add_handle(client->multi, transfer->easy);
	round->n_open++;
}

static const char *header_value(struct transfer *transfer, const char *name)
{
	struct curl_header *header = NULL;

	if (curl_easy_header(transfer->easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK ||
	    strlen(header->value) > HEADER_VALUE_BYTES)
		return NULL;
	return g_string_chunk_insert_const(transfer->client->strings, header->value);
}

static void take_answer(struct transfer *transfer)
{
	struct host_get *request = transfer->request;
	long http_status = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &http_status);
	request->http_status = (int)http_status;
	request->body = transfer->body == NULL ? "" : transfer->body;
	request->size = transfer->size;
	request->api_version = header_value(transfer, "Api-Version");
	request->libpod_version = header_value(transfer, "Libpod-Api-Version");
	request->server = header_value(transfer, "Server");
	engine_answer_judge(request, transfer->client->strings);
	engine_dialect_learn(&transfer->client->dialect, request);
}

static const char *refusal_text(struct engine_curl *client, int errno_value)
{
	/* Not strerror(): facts must not depend on the agent's locale. */
	const char *cause = errno_value == 0 ? NULL : strerrordesc_np(errno_value);
	g_autofree char *text =
		g_strdup_printf("cannot connect: %s", cause == NULL ? "no reason given" : cause);

	return g_string_chunk_insert_const(client->strings, text);
}

static void judge_refusal(struct transfer *transfer)
{
	struct host_state *state = &transfer->request->state;
	long os_errno = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &os_errno);
	state->errno_value = (int)os_errno;
	state->status = os_errno == EACCES || os_errno == EPERM
				? PLIMSOLL__FETCH__STATUS__PERMISSION
				: PLIMSOLL__FETCH__STATUS__HTTP_ERROR;
	state->detail = refusal_text(transfer->client, state->errno_value);
}

/* Anything but a complete answer. */
static void judge_failure(struct transfer *transfer, CURLcode code)
{
	struct host_state *state = &transfer->request->state;

	const char *tls = engine_tls_trouble(transfer->easy, code, transfer->problem,
					     transfer->client->endpoint);

	*state = (struct host_state){.status = PLIMSOLL__FETCH__STATUS__HTTP_ERROR};
	if (transfer->is_too_large) {
		state->status = PLIMSOLL__FETCH__STATUS__TRUNCATED;
		state->detail = "the answer is larger than the limit";
	} else if (tls != NULL) {
		state->errno_value = ECONNRESET;
		state->detail = tls;
	} else if (code == CURLE_OPERATION_TIMEDOUT) {
		state->status = PLIMSOLL__FETCH__STATUS__TIMEOUT;
		state->detail = "no complete answer within the deadline";
	} else if (code == CURLE_COULDNT_RESOLVE_HOST) {
		state->errno_value = ENOENT;
		state->detail = "cannot connect: the name of the engine's host is not known";
	} else if (code == CURLE_COULDNT_CONNECT) {
		judge_refusal(transfer);
	} else if (code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_WEIRD_SERVER_REPLY) {
		state->status = PLIMSOLL__FETCH__STATUS__PARSE_ERROR;
		state->detail = "the answer is not HTTP";
	} else {
		state->errno_value = ECONNRESET;
		state->detail = transfer->size > 0 ? "the connection ended inside the answer"
						   : "the connection ended without an answer";
	}
}

static void release_body(struct transfer *transfer)
{
	transfer->request->body = NULL;
	transfer->request->size = 0;
	transfer->request = NULL;
	if (transfer->capacity > KEPT_BODY_BYTES) {
		g_clear_pointer(&transfer->body, g_free);
		transfer->capacity = 0;
	}
}

static void finish(struct round *round, struct transfer *transfer, CURLcode code)
{
	struct host_get *request = transfer->request;

	if (code == CURLE_OK)
		take_answer(transfer);
	else
		judge_failure(transfer, code);
	request->us = g_get_monotonic_time() - transfer->start_us;
	curl_multi_remove_handle(round->client->multi, transfer->easy);
	round->n_open--;
	round->done(request, round->data);
	release_body(transfer);
}

/* ---------------------------------------------------------------- curl's callbacks */

/* Takes a piece of the body; any return but its size ends the transfer. */
static size_t take_body(char *piece, size_t size, size_t count, void *data)
{
	struct transfer *transfer = data;
	size_t bytes = size * count;
	size_t need = transfer->size + bytes + 1;

	if (bytes > transfer->client->limits.body_bytes - transfer->size) {
		transfer->is_too_large = true;
		return 0;
	}
	if (need > transfer->capacity) {
		transfer->capacity = MAX(MAX(need, 2 * transfer->capacity), FIRST_BODY_BYTES);
		transfer->body = g_realloc(transfer->body, transfer->capacity);
	}
	memcpy(transfer->body + transfer->size, piece, bytes);
	transfer->size += bytes;
	transfer->body[transfer->size] = '\0';
	return bytes;
}

/* curl keeps every header of an answer, however many come. */
static size_t count_header(char *line, size_t size, size_t count, void *data)
{
	struct transfer *transfer = data;
	size_t bytes = size * count;

	(void)line;
	transfer->header_bytes += bytes;
	transfer->is_too_large = transfer->header_bytes > HEADER_BYTES;
	return transfer->is_too_large ? 0 : bytes;
}

/* ---------------------------------------------------------------- life */

static CURL *new_handle(struct transfer *transfer)
{
	const struct host_endpoint *endpoint = transfer->client->endpoint;
	CURL *easy = curl_easy_init();

	if (easy == NULL)
		g_error("cannot make a curl handle");
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http");
	if (endpoint == NULL)
		curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, transfer->client->socket_path);
	else if (g_str_has_prefix(endpoint->address, "https://"))
		engine_tls_setup(easy, endpoint);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->problem);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)RECEIVE_BUFFER_BYTES);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "plimsoll/" PLIMSOLL_VERSION);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, count_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
	return easy;
}

static struct engine_curl *new_client(const char *socket_path, const struct host_endpoint *endpoint,
				      const struct engine_curl_limits *limits)
{
	static gsize is_ready;
	struct engine_curl *client = g_new0(struct engine_curl, 1);

	if (g_once_init_enter(&is_ready)) {
		curl_global_init(CURL_GLOBAL_NOTHING);
		g_once_init_leave(&is_ready, 1);
	}
	client->socket_path = g_strdup(socket_path);
	client->endpoint = endpoint;
	client->limits =
		limits != NULL ? *limits
			       : (struct engine_curl_limits){LIMIT_API_CALL_MS, LIMIT_API_TOTAL_MS,
							     LIMIT_API_BODY_BYTES, 0};
	client->n_transfers = client->limits.connections > 0
				      ? MIN(client->limits.connections, LIMIT_SSH_CONNECTIONS)
				      : LIMIT_API_CONNECTIONS;
	client->strings = g_string_chunk_new(1024);
	client->multi = curl_multi_init();
	curl_multi_setopt(client->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)client->n_transfers);
	curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)client->n_transfers);
	for (guint i = 0; i < client->n_transfers; i++) {
		client->transfers[i].client = client;
		client->transfers[i].easy = new_handle(&client->transfers[i]);
	}
	return client;
}

struct engine_curl *engine_curl_new(const char *socket_path,
				    const struct engine_curl_limits *limits)
{
	return new_client(socket_path, NULL, limits);
}

struct engine_curl *engine_curl_new_tcp(const struct host_endpoint *endpoint,
					const struct engine_curl_limits *limits)
{
	return new_client(NULL, endpoint, limits);
}

void engine_curl_free(struct engine_curl *client)
{
	if (client == NULL)
		return;
	for (guint i = 0; i < client->n_transfers; i++) {
		curl_easy_cleanup(client->transfers[i].easy);
		g_free(client->transfers[i].body);
	}
	curl_multi_cleanup(client->multi);
	g_string_chunk_free(client->strings);
	g_free(client->socket_path);
	g_free(client);
}
