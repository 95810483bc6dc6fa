/* SPDX-License-Identifier: Apache-2.0 */
/* See exchange.h. */
#include "server/http/exchange.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <string.h>

#include "server/http/log.h"
#include "server/secret.h"

static GHashTable *copy_headers(struct evkeyvalq *headers)
{
	GHashTable *copy = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

	for (struct evkeyval *row = headers->tqh_first; row != NULL; row = row->next.tqe_next) {
		g_autofree char *name = g_ascii_strdown(row->key, -1);

		if (!g_hash_table_contains(copy, name))
			g_hash_table_insert(copy, g_steal_pointer(&name), g_strdup(row->value));
	}
	return copy;
}

static GBytes *copy_body(struct evbuffer *buffer)
{
	size_t size = evbuffer_get_length(buffer);
	g_autofree char *data = g_malloc(size + 1);

	if (evbuffer_remove(buffer, data, size) != (int)size)
		size = 0;
	data[size] = '\0';
	return g_bytes_new_take(g_steal_pointer(&data), size);
}

struct exchange *exchange_new(struct loop *loop, struct evhttp_request *request,
			      const char *listener, const struct listener_peer *peer)
{
	struct exchange *exchange = g_new0(struct exchange, 1);
	const char *uri = evhttp_request_get_uri(request);
	const char *query = strchr(uri, '?');
	g_autofree char *id = secret_new_id();

	exchange->loop = loop;
	exchange->request = request;
	exchange->listener = listener;
	exchange->peer = *peer;
	exchange->is_post = evhttp_request_get_command(request) == EVHTTP_REQ_POST;
	exchange->path = query != NULL ? g_strndup(uri, (gsize)(query - uri)) : g_strdup(uri);
	exchange->query = query != NULL ? g_strdup(query + 1) : NULL;
	exchange->headers = copy_headers(evhttp_request_get_input_headers(request));
	exchange->body = copy_body(evhttp_request_get_input_buffer(request));
	exchange->answer_headers = g_ptr_array_new_with_free_func(g_free);
	exchange->started_us = g_get_monotonic_time();
	g_strlcpy(exchange->id, id, sizeof exchange->id);
	return exchange;
}

static void exchange_free(struct exchange *exchange)
{
	g_free(exchange->path);
	g_free(exchange->query);
	g_free(exchange->note);
	g_hash_table_unref(exchange->headers);
	g_bytes_unref(exchange->body);
	g_clear_pointer(&exchange->answer, g_bytes_unref);
	g_ptr_array_unref(exchange->answer_headers);
	g_free(exchange);
}

const char *exchange_header(const struct exchange *exchange, const char *name)
{
	return g_hash_table_lookup(exchange->headers, name);
}

/* "a=1&b=2"; evhttp decodes, and the copy of a value that holds a NUL ends there. */
static char *find_field(const char *text, const char *field)
{
	struct evkeyvalq fields = {NULL, NULL};
	const char *value;
	char *copy;

	if (text == NULL || evhttp_parse_query_str(text, &fields) != 0)
		return NULL;
	value = evhttp_find_header(&fields, field);
	copy = g_strdup(value);
	evhttp_clear_headers(&fields);
	return copy;
}

char *exchange_query(const struct exchange *exchange, const char *field)
{
	return find_field(exchange->query, field);
}

char *exchange_form(const struct exchange *exchange, const char *field)
{
	const char *type = exchange_header(exchange, "content-type");

	if (type == NULL || g_ascii_strncasecmp(type, "application/x-www-form-urlencoded", 33) != 0)
		return NULL;
	/* copy_body() put a NUL behind it */
	return find_field(g_bytes_get_data(exchange->body, NULL), field);
}

char *exchange_cookie(const struct exchange *exchange, const char *name)
{
	const char *header = exchange_header(exchange, "cookie");
	g_auto(GStrv) pairs = header != NULL ? g_strsplit(header, ";", 64) : NULL;
	size_t size = strlen(name);

	for (guint i = 0; pairs != NULL && pairs[i] != NULL; i++) {
		const char *pair = g_strstrip(pairs[i]);

		if (strncmp(pair, name, size) == 0 && pair[size] == '=')
			return g_strdup(pair + size + 1);
	}
	return NULL;
}

void exchange_set_header(struct exchange *exchange, const char *name, const char *value)
{
	g_ptr_array_add(exchange->answer_headers, g_strdup(name));
	g_ptr_array_add(exchange->answer_headers, g_strdup(value));
}

void exchange_set_answer(struct exchange *exchange, guint status, const char *content_type,
			 GBytes *answer)
{
	exchange->status = status;
	exchange->content_type = content_type;
	g_clear_pointer(&exchange->answer, g_bytes_unref);
	exchange->answer = answer;
}

void exchange_set_text(struct exchange *exchange, guint status, const char *text)
{
	exchange_set_answer(exchange, status, "text/plain; charset=utf-8",
			    g_bytes_new(text, strlen(text)));
}

static void log_exchange(const struct exchange *exchange)
{
	g_autofree char *status = g_strdup_printf("%u", exchange->status);
	g_autofree char *ms = g_strdup_printf(
		"%.1f", (double)(g_get_monotonic_time() - exchange->started_us) / 1000.0);
	const char *host = exchange->peer.agent.host_id;

	if (exchange->route != NULL && exchange->route->logs_errors_only && exchange->status < 400)
		return;
	log_event("request", "id", exchange->id, "listener", exchange->listener, "source",
		  exchange->peer.source, "host", *host != '\0' ? host : NULL, "method",
		  exchange->is_post ? "POST" : "GET", "path", exchange->path, "status", status,
		  "ms", ms, "note", exchange->note);
}

static void send_answer(void *data)
{
	struct exchange *exchange = data;
	struct evkeyvalq *headers = evhttp_request_get_output_headers(exchange->request);
	struct evbuffer *buffer = evbuffer_new();
	size_t size = 0;
	const void *bytes =
		exchange->answer != NULL ? g_bytes_get_data(exchange->answer, &size) : NULL;

	if (buffer == NULL || (size > 0 && evbuffer_add(buffer, bytes, size) != 0))
		g_error("out of memory for an answer");
	if (exchange->content_type != NULL)
		evhttp_add_header(headers, "Content-Type", exchange->content_type);
	for (guint i = 0; i + 1 < exchange->answer_headers->len; i += 2)
		/* refuses line breaks in values */
		evhttp_add_header(headers, g_ptr_array_index(exchange->answer_headers, i),
				  g_ptr_array_index(exchange->answer_headers, i + 1));
	log_exchange(exchange);
	listener_answered(exchange->request);
	evhttp_send_reply(exchange->request, (int)exchange->status, NULL, buffer);
	evbuffer_free(buffer);
	exchange_free(exchange);
}

void exchange_finish(struct exchange *exchange)
{
	loop_call(exchange->loop, send_answer, exchange);
}
