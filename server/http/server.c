/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 4 as a whole: listeners hand requests to workers by one table of routes each. Agents have a
 * loop and workers of their own, so that a thousand of them do not keep people waiting.
 */
#include "server/http/server.h"

#include <event2/http.h>
#include <string.h>
#include <sys/resource.h>

#include "proto/limits.h"
#include "proto/tls.h"
#include "server/http/ingest.h"
#include "server/http/log.h"
#include "server/http/quota.h"
#include "server/http/rate.h"
#include "server/http/routes.h"
#include "server/join.h"

enum { LOOP_PEOPLE, LOOP_AGENTS, LOOPS };
enum { DRAIN_STEP_US = 20000, PEOPLE_WORKERS = 2 };
/* Descriptors that are no connection's: the store's of each worker, the loops', the listeners'. */
enum { OWN_DESCRIPTORS = 64, WORKER_DESCRIPTORS = 4 };

/* What differs between the three. */
static const struct kind {
	enum tls_listener tls;
	int loop;
	size_t max_body_bytes;
	const struct route *routes;
	void (*refuse)(struct exchange *exchange, guint status, const char *why);
} kinds[CONFIG_LISTENERS] = {
	[CONFIG_PEOPLE] = {TLS_LISTENER_PEOPLE, LOOP_PEOPLE, PEOPLE_BODY_BYTES, people_routes,
			   people_refuse},
	[CONFIG_AGENTS] = {TLS_LISTENER_AGENTS, LOOP_AGENTS, LIMIT_BODY_BYTES, agents_routes,
			   ingest_refuse},
	[CONFIG_ENROLMENT] = {TLS_LISTENER_ENROLMENT, LOOP_PEOPLE, ENROLMENT_BODY_BYTES,
			      enrolment_routes, enrolment_refuse},
};

/* One listener of the server. */
struct door {
	struct server *server;
	enum config_listener which;
	struct listener *listener;
};

struct server {
	const struct config *config;
	struct site site;
	struct config_limits limits; /* the configuration's, as far as this process may go */
	struct pool *pools[LOOPS];
	struct loop *loops[LOOPS];
	struct door doors[CONFIG_LISTENERS];
	struct rate *enrolments;
};

/* --- requests --- */

static bool is_path_of(const struct route *route, const char *path)
{
	size_t size = strlen(route->path);

	return route->path[size - 1] == '/' ? strncmp(path, route->path, size) == 0
					    : strcmp(path, route->path) == 0;
}

static enum method method_of(struct evhttp_request *request)
{
	switch (evhttp_request_get_command(request)) {
	case EVHTTP_REQ_GET:
	case EVHTTP_REQ_HEAD:
		return METHOD_GET;
	case EVHTTP_REQ_POST:
		return METHOD_POST;
	case EVHTTP_REQ_PUT:
	case EVHTTP_REQ_DELETE:
	case EVHTTP_REQ_OPTIONS:
	case EVHTTP_REQ_TRACE:
	case EVHTTP_REQ_CONNECT:
	case EVHTTP_REQ_PATCH:
	default:
		return METHOD_NONE;
	}
}

/* NULL: none; then ret_allowed says which methods the path knows. */
static const struct route *find_route(const struct route *routes, const char *path,
				      enum method method, guint *ret_allowed)
{
	*ret_allowed = 0;
	for (const struct route *route = routes; route->path != NULL; route++) {
		if (!is_path_of(route, path))
			continue;
		if (route->method == method)
			return route;
		*ret_allowed |= route->method;
	}
	return NULL;
}

static void refuse_route(const struct kind *kind, struct exchange *exchange, guint allowed)
{
	if (allowed == 0) {
		kind->refuse(exchange, 404, "There is nothing at this address.");
		return;
	}
	exchange_set_header(exchange, "Allow",
			    allowed == METHOD_POST  ? "POST"
			    : allowed == METHOD_GET ? "GET, HEAD"
						    : "GET, HEAD, POST");
	kind->refuse(exchange, 405, "This address does not know this method.");
}

/* In the loop's thread. true: a worker has it. */
static bool dispatch(struct door *door, struct exchange *exchange, enum method method)
{
	struct server *server = door->server;
	const struct kind *kind = &kinds[door->which];
	guint allowed = 0;

	if (door->which == CONFIG_ENROLMENT &&
	    !rate_allows(server->enrolments, exchange->peer.network, g_get_monotonic_time())) {
		exchange_set_header(exchange, "Retry-After", "60");
		kind->refuse(exchange, 429, "too many tries from this address; wait a minute");
		return false;
	}
	exchange->route = find_route(kind->routes, exchange->path, method, &allowed);
	if (exchange->route == NULL) {
		refuse_route(kind, exchange, allowed);
		return false;
	}
	if (door->which == CONFIG_AGENTS &&
	    !quota_takes(server->site.quota, exchange->peer.agent.host_id,
			 g_bytes_get_size(exchange->body), g_get_monotonic_time())) {
		exchange_set_header(exchange, "Retry-After", "60");
		kind->refuse(exchange, 429, "this host has sent too much in the last hour");
		return false;
	}
	if (pool_submit(server->pools[kind->loop], exchange))
		return true;
	exchange_set_header(exchange, "Retry-After", "30");
	kind->refuse(exchange, 503, "The server is busy; try again.");
	return false;
}

static void on_request(struct evhttp_request *request, void *data)
{
	struct door *door = data;
	struct listener_peer peer;
	struct exchange *exchange;

	memset(&peer, 0, sizeof peer);
	if (!listener_find_peer(request, &peer)) {
		listener_answered(request);
		evhttp_send_reply(request, 403, NULL, NULL);
		return;
	}
	exchange = exchange_new(door->server->loops[kinds[door->which].loop], request,
				config_listener_name(door->which), &peer);
	if (!dispatch(door, exchange, method_of(request)))
		exchange_finish(exchange);
}

/* --- starting --- */

static bool load_site(struct server *server, GError **error)
{
	const struct config *config = server->config;
	struct site *site = &server->site;
	const char *const *names = (const char *const *)config->names;
	bool reissued = false;

	site->config = config;
	if (!intake_rules_load(config, &site->rules, error))
		return false;
	site->pki = pki_open(config->data_dir, error);
	if (site->pki == NULL ||
	    !pki_refresh_server(site->pki, config->data_dir, names,
				g_get_real_time() / G_USEC_PER_SEC, &reissued, error))
		return false;
	if (reissued)
		log_event("certificate", "reissued", config->names[0]);
	site->writer = writer_start(config->data_dir, error);
	return site->writer != NULL;
}

static SSL_CTX *open_tls(const struct config *config, enum tls_listener which, GError **error)
{
	g_autofree char *certificate = g_build_filename(config->data_dir, "server.crt", NULL);
	g_autofree char *key = g_build_filename(config->data_dir, "server.key", NULL);
	g_autofree char *ca = g_build_filename(config->data_dir, "ca.crt", NULL);
	const struct tls_files files = {certificate, key, which == TLS_LISTENER_AGENTS ? ca : NULL};

	return tls_server_context(which, &files, error);
}

static bool open_door(struct server *server, enum config_listener which, GError **error)
{
	const struct kind *kind = &kinds[which];
	struct door *door = &server->doors[which];
	SSL_CTX *tls = open_tls(server->config, kind->tls, error);
	const struct listener_options options = {
		.name = config_listener_name(which),
		.at = &server->config->listen[which],
		.limits = &server->limits,
		.tls = tls,
		.max_body_bytes = kind->max_body_bytes,
		.wants_peer = which == CONFIG_AGENTS,
		.on_request = on_request,
		.data = door,
	};

	if (tls == NULL)
		return false;
	door->server = server;
	door->which = which;
	door->listener = listener_new(server->loops[kind->loop], &options, error);
	SSL_CTX_free(tls);
	return door->listener != NULL;
}

static bool publish_ports(struct server *server, GError **error)
{
	guint ports[CONFIG_LISTENERS];

	for (guint i = 0; i < CONFIG_LISTENERS; i++)
		ports[i] = listener_port(server->doors[i].listener);
	if (!join_write_ports(server->config, ports, error))
		return false;
	server->site.agents_url = join_url(server->config, CONFIG_AGENTS, error);
	return server->site.agents_url != NULL;
}

/*
 * Connections must not use up the descriptors: the store needs some while it runs, and a listener
 * that cannot accept wakes up for the same connection again and again.
 */
static void fit_connections(struct server *server)
{
	guint *connections = &server->limits.connections;
	rlim_t own = OWN_DESCRIPTORS + WORKER_DESCRIPTORS * (rlim_t)server->config->workers;
	rlim_t wanted = own + CONFIG_LISTENERS * (rlim_t)*connections;
	struct rlimit limit;
	g_autofree char *text = NULL;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = MIN(wanted, limit.rlim_max);
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		(void)getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur >= wanted)
		return;
	*connections = limit.rlim_cur > own + CONFIG_LISTENERS
			       ? (guint)((limit.rlim_cur - own) / CONFIG_LISTENERS)
			       : 1;
	text = g_strdup_printf("%u", *connections);
	log_event("limits", "connections", text, "reason", "limit of open files");
}

struct server *server_start(const struct config *config, GError **error)
{
	PLIMSOLL_AUTO(server) *server = g_new0(struct server, 1);

	server->config = config;
	server->limits = config->limits;
	fit_connections(server);
	server->enrolments = rate_new(config->limits.enrolments_per_minute);
	server->site.quota = quota_new(config->limits.host_bytes_per_hour);
	if (!load_site(server, error))
		return NULL;
	server->loops[LOOP_PEOPLE] = loop_new("people");
	server->loops[LOOP_AGENTS] = loop_new("agents");
	for (guint i = 0; i < CONFIG_LISTENERS; i++)
		if (!open_door(server, (enum config_listener)i, error))
			return NULL;
	server->pools[LOOP_PEOPLE] = pool_start(&server->site, PEOPLE_WORKERS, false, error);
	if (server->pools[LOOP_PEOPLE] == NULL)
		return NULL;
	server->pools[LOOP_AGENTS] = pool_start(&server->site, config->workers, true, error);
	if (server->pools[LOOP_AGENTS] == NULL || !publish_ports(server, error))
		return NULL;
	for (guint i = 0; i < LOOPS; i++)
		loop_start(server->loops[i]);
	return g_steal_pointer(&server);
}

guint server_port(const struct server *server, enum config_listener listener)
{
	return listener_port(server->doors[listener].listener);
}

/* --- stopping --- */

static void drain_door(void *data)
{
	struct door *door = data;

	listener_drain(door->listener);
}

struct tally {
	struct door *door;
	guint connections;
};

static void count_door(void *data)
{
	struct tally *tally = data;

	tally->connections = listener_connections(tally->door->listener);
}

static guint count_connections(struct server *server)
{
	guint connections = 0;

	for (guint i = 0; i < CONFIG_LISTENERS; i++) {
		struct tally tally = {&server->doors[i], 0};

		loop_call_wait(server->loops[kinds[i].loop], count_door, &tally);
		connections += tally.connections;
	}
	return connections;
}

static void drain(struct server *server)
{
	gint64 until_us = g_get_monotonic_time() + (gint64)SERVER_DRAIN_MS * 1000;

	for (guint i = 0; i < CONFIG_LISTENERS; i++)
		loop_call_wait(server->loops[kinds[i].loop], drain_door, &server->doors[i]);
	while (count_connections(server) > 0 && g_get_monotonic_time() < until_us)
		g_usleep(DRAIN_STEP_US);
}

static void free_door(void *data)
{
	struct door *door = data;

	g_clear_pointer(&door->listener, listener_free);
}

static void stop_loops(struct server *server, bool started)
{
	for (guint i = 0; i < CONFIG_LISTENERS; i++)
		if (started)
			loop_call_wait(server->loops[kinds[i].loop], free_door, &server->doors[i]);
		else
			free_door(&server->doors[i]);
	for (guint i = 0; i < LOOPS; i++)
		g_clear_pointer(&server->loops[i], loop_free);
}

void server_stop(struct server *server)
{
	bool started;

	if (server == NULL)
		return;
	started = server->site.agents_url != NULL;
	if (started)
		drain(server);
	/* Each finishes its work and hands the answers to the loops, which still run. */
	for (guint i = 0; i < LOOPS; i++)
		g_clear_pointer(&server->pools[i], pool_stop);
	g_clear_pointer(&server->site.writer, writer_stop);
	stop_loops(server, started);
	pki_free(server->site.pki);
	intake_rules_done(&server->site.rules);
	rate_free(server->enrolments);
	quota_free(server->site.quota);
	g_free(server->site.agents_url);
	g_free(server);
}
