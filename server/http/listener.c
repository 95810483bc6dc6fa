/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evhttp has no limit on connections, only an inactivity timeout (one byte a second holds a
 * connection for ever), and serves plaintext when its bufferevent callback answers NULL; hence the
 * connection struct here. It hangs on the SSL object and dies with it.
 */
#include "server/http/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "server/http/log.h"

struct listener {
	struct loop *loop;
	struct listener_options options;
	struct evhttp *http;
	struct evhttp_bound_socket *socket;
	guint port;
	guint connections;
	GHashTable *per_key; /* "address" or "host/ID" -> number of connections */
	GList *list;         /* struct conn */
	struct event *retry; /* takes connections again after accept() failed */
	bool paused;         /* the total is reached */
	bool draining;
};

struct conn {
	struct listener *listener;
	struct bufferevent *bev;
	GList link;
	struct event *deadline;
	struct event *settle; /* soon after accept, and after the handshake */
	bool shaken;
	bool busy; /* a request is with us: the clock does not run against the client */
	char *counted_source;
	char *counted_host;
	struct pki_peer agent;
};

enum { HTTP_FORBIDDEN = 403 };

static int conn_index = -1; /* of SSL_set_ex_data */

/* --- counting --- */

static bool count_up(GHashTable *counts, const char *key, guint most)
{
	guint now = GPOINTER_TO_UINT(g_hash_table_lookup(counts, key));

	if (now >= most)
		return false;
	g_hash_table_insert(counts, g_strdup(key), GUINT_TO_POINTER(now + 1));
	return true;
}

static void count_down(GHashTable *counts, char **key)
{
	guint now;

	if (*key == NULL)
		return;
	now = GPOINTER_TO_UINT(g_hash_table_lookup(counts, *key));
	if (now <= 1)
		g_hash_table_remove(counts, *key);
	else
		g_hash_table_insert(counts, g_strdup(*key), GUINT_TO_POINTER(now - 1));
	g_clear_pointer(key, g_free);
}

/* An IPv6 client owns a whole /64, so that is what counts as one source. */
static bool find_source(int fd, char ret_source[static LISTENER_SOURCE_CHARS], bool by_network)
{
	struct sockaddr_storage address = {0};
	socklen_t size = sizeof address;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (getpeername(fd, (struct sockaddr *)&address, &size) != 0)
		return false;
	if (address.ss_family == AF_INET) {
		memcpy(&v4, &address, sizeof v4);
		return inet_ntop(AF_INET, &v4.sin_addr, ret_source, LISTENER_SOURCE_CHARS) != NULL;
	}
	memcpy(&v6, &address, sizeof v6);
	if (by_network && !IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr))
		memset(v6.sin6_addr.s6_addr + 8, 0, 8);
	return address.ss_family == AF_INET6 &&
	       inet_ntop(AF_INET6, &v6.sin6_addr, ret_source, LISTENER_SOURCE_CHARS) != NULL;
}

/* --- the connection --- */

static void set_deadline(struct conn *conn, guint deadline_ms)
{
	const struct timeval when = {deadline_ms / 1000, (suseconds_t)(deadline_ms % 1000) * 1000};

	(void)evtimer_add(conn->deadline, &when);
}

/* evhttp owns the connection: it sees the end of the stream and frees everything. */
static void cut(struct conn *conn, const char *why)
{
	char source[LISTENER_SOURCE_CHARS] = "";
	int fd = bufferevent_getfd(conn->bev);

	(void)evtimer_del(conn->deadline);
	if (fd < 0)
		return;
	if (why != NULL) {
		(void)find_source(fd, source, false);
		log_event("cut", "listener", conn->listener->options.name, "source", source,
			  "reason", why);
	}
	(void)shutdown(fd, SHUT_RDWR);
}

static void on_deadline(evutil_socket_t fd, short what, void *data)
{
	struct conn *conn = data;

	(void)fd;
	(void)what;
	cut(conn, conn->shaken ? "request deadline" : "handshake deadline");
}

static bool admit_source(struct conn *conn)
{
	struct listener *listener = conn->listener;
	char source[LISTENER_SOURCE_CHARS];
	int fd = bufferevent_getfd(conn->bev);
	int on = 1;

	if (!find_source(fd, source, true))
		return false;
	/* An answer leaves as two records; Nagle would hold the second for the client's delayed
	 * ACK: 40 ms. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (!count_up(listener->per_key, source, listener->options.limits->connections_per_address))
		return false;
	conn->counted_source = g_strdup(source);
	return true;
}

static bool admit_agent(struct conn *conn)
{
	struct listener *listener = conn->listener;
	const X509 *certificate = SSL_get0_peer_certificate(bufferevent_openssl_get_ssl(conn->bev));
	g_autofree char *key = NULL;

	if (certificate == NULL || !pki_read_peer(certificate, &conn->agent))
		return false;
	key = g_strconcat("host/", conn->agent.host_id, NULL);
	if (!count_up(listener->per_key, key, listener->options.limits->connections_per_host))
		return false;
	conn->counted_host = g_steal_pointer(&key);
	return true;
}

/* Whether the connection may stay; counts it once. */
static bool settle(struct conn *conn, const char **ret_why)
{
	*ret_why = "too many connections of one address";
	if (conn->counted_source == NULL && !admit_source(conn))
		return false;
	*ret_why = "no host in the certificate, or too many connections of it";
	return !conn->shaken || !conn->listener->options.wants_peer || conn->counted_host != NULL ||
	       admit_agent(conn);
}

/* What cannot be done inside evhttp's or OpenSSL's callbacks. */
static void on_settle(evutil_socket_t fd, short what, void *data)
{
	struct conn *conn = data;
	const char *why = NULL;

	(void)fd;
	(void)what;
	if (!settle(conn, &why))
		cut(conn, why);
}

static void on_tls_state(const SSL *ssl, int where, int code)
{
	struct conn *conn = SSL_get_ex_data(ssl, conn_index);

	(void)code;
	if ((where & SSL_CB_HANDSHAKE_DONE) == 0 || conn == NULL || conn->shaken)
		return;
	conn->shaken = true;
	set_deadline(conn, conn->listener->options.limits->request_deadline_ms);
	event_active(conn->settle, EV_TIMEOUT, 0);
}

static struct evconnlistener *bound_listener(struct listener *listener)
{
	return evhttp_bound_socket_get_listener(listener->socket);
}

static void free_conn(void *parent, void *data, CRYPTO_EX_DATA *ex, int index, long argl,
		      void *argp)
{
	struct conn *conn = data;
	struct listener *listener;

	(void)parent;
	(void)ex;
	(void)index;
	(void)argl;
	(void)argp;
	if (conn == NULL)
		return;
	listener = conn->listener;
	event_free(conn->deadline);
	event_free(conn->settle);
	count_down(listener->per_key, &conn->counted_source);
	count_down(listener->per_key, &conn->counted_host);
	listener->list = g_list_remove_link(listener->list, &conn->link);
	listener->connections--;
	if (listener->paused && !listener->draining) {
		listener->paused = false;
		(void)evconnlistener_enable(bound_listener(listener));
	}
	g_free(conn);
}

/* Must never answer NULL: evhttp would go on in plaintext. GLib, too, ends a program without
 * memory. */
static struct bufferevent *new_connection(struct event_base *base, void *data)
{
	struct listener *listener = data;
	struct conn *conn = g_new0(struct conn, 1);
	SSL *ssl = SSL_new(listener->options.tls);

	conn->listener = listener;
	conn->link.data = conn;
	conn->deadline = evtimer_new(base, on_deadline, conn);
	conn->settle = evtimer_new(base, on_settle, conn);
	if (ssl == NULL || conn->deadline == NULL || conn->settle == NULL ||
	    SSL_set_ex_data(ssl, conn_index, conn) != 1)
		g_error("out of memory for a connection");
	SSL_set_info_callback(ssl, on_tls_state);
	conn->bev = bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING,
						   BEV_OPT_CLOSE_ON_FREE);
	if (conn->bev == NULL)
		g_error("out of memory for a connection");
	/* Peers that close without close_notify are no error of ours. */
	bufferevent_openssl_set_allow_dirty_shutdown(conn->bev, 1);
	listener->list = g_list_concat(&conn->link, listener->list);
	if (++listener->connections >= listener->options.limits->connections) {
		listener->paused = true;
		(void)evconnlistener_disable(bound_listener(listener));
	}
	set_deadline(conn, listener->options.limits->handshake_deadline_ms);
	/* The socket is known only after this returns. */
	event_active(conn->settle, EV_TIMEOUT, 0);
	return conn->bev;
}

/* The kernel lacks what a connection takes; libevent would ask again at once, and for ever. */
static void on_accept_error(struct evconnlistener *socket, void *http)
{
	(void)http;
	log_event("accept", "error", g_strerror(EVUTIL_SOCKET_ERROR()));
	(void)evconnlistener_disable(socket);
}

static void on_retry(evutil_socket_t fd, short what, void *data)
{
	struct listener *listener = data;

	(void)fd;
	(void)what;
	if (!listener->paused && !listener->draining)
		(void)evconnlistener_enable(bound_listener(listener));
}

/* --- requests --- */

static struct conn *conn_of(struct evhttp_request *request)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(request);
	struct bufferevent *bev =
		connection != NULL ? evhttp_connection_get_bufferevent(connection) : NULL;
	SSL *ssl = bev != NULL ? bufferevent_openssl_get_ssl(bev) : NULL;

	return ssl != NULL ? SSL_get_ex_data(ssl, conn_index) : NULL;
}

static void refuse(struct evhttp_request *request, int status)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);

	evhttp_add_header(headers, "Connection", "close");
	evhttp_add_header(headers, "Content-Type", "text/plain; charset=utf-8");
	listener_answered(request);
	evhttp_send_reply(request, status, NULL, NULL);
}

/* evhttp sees only the first of several equal headers, proxies perhaps the last: refuse both. It
 * takes "+5" for a length, too. */
static bool is_ambiguous(struct evkeyvalq *headers)
{
	guint lengths = 0;
	struct evkeyval *header;

	for (header = headers->tqh_first; header != NULL; header = header->next.tqe_next) {
		/* "Name : value" (RFC 9112 section 5.1), which evhttp takes for another name */
		if (strpbrk(header->key, " \t") != NULL ||
		    evutil_ascii_strcasecmp(header->key, "Transfer-Encoding") == 0)
			return true;
		if (evutil_ascii_strcasecmp(header->key, "Content-Length") != 0)
			continue;
		if (++lengths > 1 || header->value[strspn(header->value, "0123456789")] != '\0')
			return true;
	}
	return false;
}

static void gate_request(struct evhttp_request *request, void *data)
{
	struct listener *listener = data;
	struct conn *conn = conn_of(request);
	const char *why = NULL;

	if (conn == NULL) {
		/* Not over TLS. new_connection() makes that impossible; if it were not: no answer.
		 */
		struct evhttp_connection *connection = evhttp_request_get_connection(request);

		if (connection != NULL)
			(void)shutdown(
				bufferevent_getfd(evhttp_connection_get_bufferevent(connection)),
				SHUT_RDWR);
		evhttp_send_reply(request, HTTP_BADREQUEST, NULL, NULL);
		return;
	}
	/* The request can come in the same breath as the end of the handshake. */
	if (!settle(conn, &why)) {
		refuse(request, HTTP_FORBIDDEN);
		return;
	}
	if (is_ambiguous(evhttp_request_get_input_headers(request))) {
		refuse(request, HTTP_BADREQUEST);
		return;
	}
	if (listener->draining) {
		refuse(request, HTTP_SERVUNAVAIL);
		return;
	}
	conn->busy = true;
	(void)evtimer_del(conn->deadline);
	listener->options.on_request(request, listener->options.data);
}

bool listener_find_peer(struct evhttp_request *request, struct listener_peer *ret_peer)
{
	struct conn *conn = conn_of(request);

	if (conn == NULL || !find_source(bufferevent_getfd(conn->bev), ret_peer->source, false) ||
	    !find_source(bufferevent_getfd(conn->bev), ret_peer->network, true))
		return false;
	ret_peer->agent = conn->agent;
	return !conn->listener->options.wants_peer || conn->counted_host != NULL;
}

void listener_answered(struct evhttp_request *request)
{
	struct conn *conn = conn_of(request);

	if (conn == NULL)
		return;
	conn->busy = false;
	set_deadline(conn, conn->listener->options.limits->request_deadline_ms);
	if (conn->listener->draining)
		evhttp_add_header(evhttp_request_get_output_headers(request), "Connection",
				  "close");
}

/* --- starting and stopping --- */

static int open_socket(const struct config_listen *at, guint *ret_port, GError **error)
{
	struct sockaddr_storage address = {0};
	struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)&address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)&address;
	socklen_t size = sizeof *v6;
	PLIMSOLL_AUTO_FD fd = -1;
	int on = 1;

	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons((uint16_t)at->port);
	if (inet_pton(AF_INET6, at->address, &v6->sin6_addr) != 1) {
		memset(&address, 0, sizeof address);
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)at->port);
		size = sizeof *v4;
		(void)inet_pton(AF_INET, at->address, &v4->sin_addr);
	}
	fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
	    bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, LISTENER_BACKLOG) != 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
		g_set_error(error, CONFIG_ERROR, 0, "cannot listen at %s port %u: %s", at->address,
			    at->port, g_strerror(errno));
		return -1;
	}
	*ret_port = ntohs(address.ss_family == AF_INET6 ? v6->sin6_port : v4->sin_port);
	return plimsoll_steal_fd(&fd);
}

static void set_limits(struct listener *listener)
{
	const struct config_limits *limits = listener->options.limits;
	const struct timeval idle = {limits->request_deadline_ms / 1000 + 1, 0};

	/* Methods are judged by the routes; what evhttp does not know it refuses itself. */
	evhttp_set_allowed_methods(listener->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST |
							   EVHTTP_REQ_HEAD | EVHTTP_REQ_PUT |
							   EVHTTP_REQ_DELETE | EVHTTP_REQ_PATCH |
							   EVHTTP_REQ_OPTIONS);
	evhttp_set_max_headers_size(listener->http, LISTENER_HEADER_BYTES);
	evhttp_set_max_body_size(listener->http, (ev_ssize_t)listener->options.max_body_bytes);
	evhttp_set_timeout_tv(listener->http, &idle);
	evhttp_set_default_content_type(listener->http, NULL);
}

struct listener *listener_new(struct loop *loop, const struct listener_options *options,
			      GError **error)
{
	static const struct timeval retry_after = {1, 0};
	struct listener *listener;
	guint port = 0;
	PLIMSOLL_AUTO_FD fd = open_socket(options->at, &port, error);

	if (fd < 0)
		return NULL;
	if (conn_index < 0)
		conn_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, free_conn);
	listener = g_new0(struct listener, 1);
	listener->loop = loop;
	listener->options = *options;
	SSL_CTX_up_ref(options->tls);
	listener->port = port;
	listener->per_key = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	listener->http = evhttp_new(loop_base(loop));
	if (listener->http == NULL)
		g_error("out of memory for a listener");
	set_limits(listener);
	evhttp_set_bevcb(listener->http, new_connection, listener);
	evhttp_set_gencb(listener->http, gate_request, listener);
	listener->socket = evhttp_accept_socket_with_handle(listener->http, fd);
	listener->retry = event_new(loop_base(loop), -1, EV_PERSIST, on_retry, listener);
	if (listener->socket == NULL || listener->retry == NULL ||
	    event_add(listener->retry, &retry_after) != 0)
		g_error("out of memory for a listener");
	evconnlistener_set_error_cb(bound_listener(listener), on_accept_error);
	(void)plimsoll_steal_fd(&fd); /* evhttp closes it */
	return listener;
}

void listener_free(struct listener *listener)
{
	if (listener == NULL)
		return;
	listener->draining = true;
	event_free(listener->retry);
	evhttp_free(listener->http);
	SSL_CTX_free(listener->options.tls);
	g_hash_table_unref(listener->per_key);
	g_free(listener);
}

guint listener_port(const struct listener *listener)
{
	return listener->port;
}

void listener_drain(struct listener *listener)
{
	listener->draining = true;
	(void)evconnlistener_disable(bound_listener(listener));
	for (GList *link = listener->list; link != NULL; link = link->next) {
		struct conn *conn = link->data;

		if (!conn->busy)
			cut(conn, NULL);
	}
}

guint listener_connections(struct listener *listener)
{
	return listener->connections;
}
