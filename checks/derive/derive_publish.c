/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Published ports of containers and services (container-bind-interface, container-privileged-ports,
 * container-only-needed-ports): live bindings as they are, configured ones that are not live with
 * the address that the engine would give them.
 */
#include <arpa/inet.h>
#include <stdlib.h>

#include "checks/derive/derive_internal.h"
#include "checks/derive/derive_setting.h"

enum { PORT_FIRST_UNPRIVILEGED = 1024 };

/* One binding of one container. */
struct binding {
	int64_t port;
	const char *proto;
	const char *ip;        /* NULL: not seen */
	const char *host_port; /* NULL: not seen */
	bool live;
};

/* All bindings of one container, by port and protocol. */
struct bindings {
	struct binding *items;
	guint n;
	struct reason reason; /* some were not seen */
};

static int compare_bindings(const void *a, const void *b)
{
	const struct binding *x = a, *y = b;

	if (x->port != y->port)
		return x->port < y->port ? -1 : 1;
	return strcmp(x->proto, y->proto);
}

static bool is_same_port(const struct binding *a, const struct binding *b)
{
	return compare_bindings(a, b) == 0;
}

/* --- what is bound --- */

static bool publishes_nothing(const Plimsoll__Container *container)
{
	const char *mode = container->net_mode;

	return mode != NULL && (strcmp(mode, "host") == 0 || strcmp(mode, "none") == 0 ||
				g_str_has_prefix(mode, "container:"));
}

static void add_rows(const Plimsoll__Container *container, struct bindings *bindings)
{
	bool is_live = container->pid > 0;

	for (size_t i = 0; i < container->n_port; i++) {
		const Plimsoll__ContainerPort *port = container->port[i];
		bool live =
			port->has_origin && port->origin == PLIMSOLL__CONTAINER_PORT__ORIGIN__LIVE;

		if (!port->has_port || port->proto == NULL || !port->has_origin) {
			bindings->reason = (struct reason){"UK", "a port was not seen whole"};
			continue;
		}
		if (live && !is_live) /* stopped containers can keep stale values */
			continue;
		bindings->items[bindings->n++] = (struct binding){
			port->port, port->proto, port->host_ip, port->host_port, live};
	}
}

static bool is_bound(const struct bindings *bindings, const struct binding *wanted)
{
	for (size_t i = 0; i < bindings->n; i++)
		if (bindings->items[i].port == wanted->port &&
		    strcmp(bindings->items[i].proto, wanted->proto) == 0)
			return true;
	return false;
}

/* PublishAllPorts: the engine picks a port for every exposed one that has no binding of its own. */
static void add_exposed(const Plimsoll__Container *container, struct bindings *bindings)
{
	for (size_t i = 0; i < container->n_exposed_port; i++) {
		const char *slash = strchr(container->exposed_port[i], '/');
		struct binding binding = {
			.port = g_ascii_strtoll(container->exposed_port[i], NULL, 10),
			.proto = slash != NULL ? slash + 1 : "tcp",
			.ip = "",
			.host_port = "",
		};

		if (!is_bound(bindings, &binding))
			bindings->items[bindings->n++] = binding;
	}
}

static struct bindings bindings_of(struct derivation *d, const Plimsoll__Container *container)
{
	struct bindings bindings = {.reason = REASON_OK};

	bindings.items = arena_calloc(d->arena, container->n_port + container->n_exposed_port + 1,
				      sizeof(*bindings.items));
	if (!container->has_inspect_status ||
	    container->inspect_status != PLIMSOLL__FETCH__STATUS__OK || !container->has_pid ||
	    !container->has_publish_all) {
		bindings.reason = (struct reason){"UK_API", container->inspect_detail};
		return bindings;
	}
	if (publishes_nothing(container))
		return bindings;
	add_rows(container, &bindings);
	if (container->publish_all)
		add_exposed(container, &bindings);
	qsort(bindings.items, bindings.n, sizeof(*bindings.items), compare_bindings);
	return bindings;
}

/* --- the address that "" stands for --- */

static int compare_networks(const void *a, const void *b)
{
	const Plimsoll__ContainerNetwork *x = *(Plimsoll__ContainerNetwork *const *)a;
	const Plimsoll__ContainerNetwork *y = *(Plimsoll__ContainerNetwork *const *)b;

	return g_strcmp0(x->name, y->name);
}

static const Plimsoll__Network *find_network(const struct derivation *d,
					     const Plimsoll__ContainerNetwork *of)
{
	for (size_t i = 0; of->network_id != NULL && i < d->facts->n_network; i++)
		if (g_strcmp0(d->facts->network[i]->id, of->network_id) == 0)
			return d->facts->network[i];
	for (size_t i = 0; of->name != NULL && i < d->facts->n_network; i++)
		if (g_strcmp0(d->facts->network[i]->name, of->name) == 0)
			return d->facts->network[i];
	return NULL;
}

/* host_binding_ipv4 of the first bridge in byte order of names: "" = none has it. */
static struct reason bridge_address(struct derivation *d, const Plimsoll__Container *container,
				    const char **ret_address)
{
	Plimsoll__ContainerNetwork **sorted =
		arena_calloc(d->arena, container->n_network + 1, sizeof(*sorted));
	struct reason networks = derive_fetch_reason(d, "GET /networks");

	*ret_address = "";
	for (size_t i = 0; i < container->n_network; i++)
		sorted[i] = container->network[i];
	qsort(sorted, container->n_network, sizeof(*sorted), compare_networks);
	for (size_t i = 0; i < container->n_network; i++) {
		const Plimsoll__Network *network = find_network(d, sorted[i]);

		if (network == NULL && networks.code != NULL)
			return networks;
		if (sorted[i]->name == NULL || (network != NULL && network->driver == NULL))
			return (struct reason){"UK", "a network was not seen whole"};
		if (network == NULL || strcmp(network->driver, "bridge") != 0)
			continue;
		*ret_address = network->host_binding_ipv4;
		return network->host_binding_ipv4 != NULL
			       ? REASON_OK
			       : (struct reason){"UK", "options of a network were not seen"};
	}
	return REASON_OK;
}

/* What "" means for a binding that is not live. */
struct fallback {
	const char *ip;
	struct reason reason;
};

static struct fallback fallback_of(struct derivation *d, const Plimsoll__Container *container)
{
	const Derived__Setting *ip = derive_setting(d, "ip");
	struct fallback fallback = {"", REASON_OK};

	fallback.reason = bridge_address(d, container, &fallback.ip);
	if (fallback.reason.code != NULL || *fallback.ip != '\0')
		return fallback;
	if (strcmp(ip->state, "ok") != 0)
		fallback.reason = (struct reason){ip->state, ip->detail};
	else
		fallback.ip = *ip->value != '\0' ? ip->value : "0.0.0.0";
	return fallback;
}

/* --- which configured bindings are live --- */

struct live_set {
	GHashTable *ips;        /* of live bindings */
	GHashTable *host_ports; /* of live bindings at an address that nobody configured */
};

/* A running container's bindings all are: nothing has to be compared. */
static bool are_live(const struct binding *items, guint n)
{
	for (guint i = 0; i < n; i++)
		if (!items[i].live)
			return false;
	return true;
}

static void live_set_init(const struct binding *items, guint n, struct live_set *set)
{
	g_autoptr(GHashTable) configured = g_hash_table_new(g_str_hash, g_str_equal);

	set->ips = g_hash_table_new(g_str_hash, g_str_equal);
	set->host_ports = g_hash_table_new(g_str_hash, g_str_equal);
	for (guint i = 0; i < n; i++)
		if (!items[i].live && items[i].ip != NULL && *items[i].ip != '\0')
			g_hash_table_add(configured, derive_constant(items[i].ip));
	for (guint i = 0; i < n; i++) {
		if (!items[i].live || items[i].ip == NULL)
			continue;
		g_hash_table_add(set->ips, derive_constant(items[i].ip));
		if (items[i].host_port != NULL && !g_hash_table_contains(configured, items[i].ip))
			g_hash_table_add(set->host_ports, derive_constant(items[i].host_port));
	}
}

static void live_set_done(struct live_set *set)
{
	g_clear_pointer(&set->ips, g_hash_table_unref);
	g_clear_pointer(&set->host_ports, g_hash_table_unref);
}

static bool is_fixed(const char *host_port)
{
	return *host_port != '\0' && strcmp(host_port, "0") != 0 && strchr(host_port, '-') == NULL;
}

static bool is_now_live(const struct live_set *set, const struct binding *binding)
{
	if (binding->ip == NULL || binding->host_port == NULL)
		return false;
	if (*binding->ip != '\0')
		return g_hash_table_contains(set->ips, binding->ip);
	if (is_fixed(binding->host_port))
		return g_hash_table_contains(set->host_ports, binding->host_port);
	return g_hash_table_size(set->host_ports) > 0;
}

/* --- rows --- */

/* A row while bindings are added to it. */
struct row {
	Derived__Publish *facts;
	GString *addresses, *bindings;
	GHashTable *shown; /* addresses already listed, in the arena */
	bool is_wildcard, is_wildcard_unseen;
	bool is_privileged, is_privileged_unseen;
	struct reason reason;
};

/* Any spelling of "every address". */
static bool is_every_address(const char *ip)
{
	static const unsigned char zero[sizeof(struct in6_addr)];
	struct in6_addr v6;
	struct in_addr v4;

	if (*ip == '\0')
		return true;
	if (inet_pton(AF_INET, ip, &v4) == 1)
		return v4.s_addr == INADDR_ANY;
	if (inet_pton(AF_INET6, ip, &v6) != 1)
		return false;
	return memcmp(&v6, zero, sizeof(v6)) == 0 ||
	       (IN6_IS_ADDR_V4MAPPED(&v6) && memcmp(v6.s6_addr + 12, zero, 4) == 0);
}

/* The lower bound of "80" or "80-90"; 0 = the engine picks; -1 = not a port. */
static int64_t lower_port(const char *host_port)
{
	char *end = NULL;
	int64_t port;

	if (host_port == NULL || (*host_port != '\0' && !g_ascii_isdigit(*host_port)))
		return -1;
	port = g_ascii_strtoll(host_port, &end, 10);
	return port <= UINT16_MAX && (*end == '\0' || *end == '-') ? port : -1;
}

static void append(GString *list, const char *text)
{
	if (list->len > 0)
		g_string_append(list, ", ");
	g_string_append(list, text);
}

static void add_address(struct derivation *d, struct row *row, const char *ip, bool live)
{
	bool is_ipv6 = strchr(ip, ':') != NULL;
	char *text = derive_text(d, "%s%s%s%s", is_ipv6 ? "[" : "", ip, is_ipv6 ? "]" : "",
				 live ? "" : " (configured, not live)");

	if (g_hash_table_add(row->shown, text))
		append(row->addresses, text);
}

static void judge_port(struct row *row, const char *host_port)
{
	int64_t port = lower_port(host_port);

	if (port < 0)
		row->is_privileged_unseen = true;
	else if (port > 0 && port < PORT_FIRST_UNPRIVILEGED)
		row->is_privileged = true;
	if (port > 0 && (row->facts->host_port == 0 || port < row->facts->host_port))
		row->facts->host_port = port;
}

static void show_binding(struct derivation *d, struct row *row, const char *ip,
			 const char *host_port)
{
	bool is_ipv6 = ip != NULL && strchr(ip, ':') != NULL;
	const char *shown = host_port;

	if (host_port == NULL)
		shown = "?";
	else if (*host_port == '\0')
		shown = "0";
	append(row->bindings, derive_text(d, "%s%s%s:%s", is_ipv6 ? "[" : "", ip != NULL ? ip : "?",
					  is_ipv6 ? "]" : "", shown));
}

static void add_binding(struct derivation *d, const struct binding *binding,
			const struct fallback *fallback, struct row *row)
{
	struct reason reason = REASON_OK;
	const char *ip = binding->ip;

	if (ip == NULL) {
		reason = (struct reason){"UK", "the address of a port was not seen"};
	} else if (*ip == '\0' && !binding->live) {
		reason = fallback->reason;
		ip = fallback->ip;
	} else if (*ip == '\0') { /* how Podman writes every address */
		ip = "0.0.0.0";
	}
	if (reason.code != NULL) {
		row->is_wildcard_unseen = true;
		row->reason = reason;
		ip = NULL;
	} else {
		row->is_wildcard |= is_every_address(ip);
		add_address(d, row, ip, binding->live);
	}
	show_binding(d, row, ip, binding->host_port);
	row->facts->live |= binding->live;
}

static void row_init(struct derivation *d, struct row *row)
{
	*row = (struct row){
		.facts = derive_new(d, &derived__publish__descriptor),
		.addresses = g_string_new(""),
		.bindings = g_string_new(""),
		.shown = g_hash_table_new(g_str_hash, g_str_equal),
	};
	row->facts->source = derive_constant("inspect");
}

/* Writes the row. A known fail stands whatever else was not seen. */
static void row_finish(struct derivation *d, struct row *row)
{
	Derived__Publish *facts = row->facts;

	if (row->is_wildcard || !row->is_wildcard_unseen)
		WIRE_SET(facts, wildcard, row->is_wildcard);
	if (row->is_privileged || !row->is_privileged_unseen)
		WIRE_SET(facts, privileged, row->is_privileged);
	facts->addresses = arena_strdup(d->arena, row->addresses->str);
	facts->bindings = arena_strdup(d->arena, row->bindings->str);
	derive_set_state(d, row->reason, &facts->state, &facts->detail, &facts->reason);
	DERIVE_ADD(d, publish, facts);
	g_string_free(row->addresses, TRUE);
	g_string_free(row->bindings, TRUE);
	g_hash_table_unref(row->shown);
}

static void set_port(struct derivation *d, Derived__Publish *facts, int64_t port, const char *proto)
{
	WIRE_SET(facts, port, port);
	facts->proto = arena_strdup(d->arena, proto);
	facts->item = derive_text(d, "%" G_GINT64_FORMAT "/%s", port, proto);
	facts->has_host_port = true;
	facts->has_live = true;
}

/* items: all bindings of one port and protocol. */
static void add_container_row(struct derivation *d, size_t index, const struct fallback *fallback,
			      const struct binding *items, guint n)
{
	struct row row;
	struct live_set set = {NULL, NULL};

	row_init(d, &row);
	if (!are_live(items, n))
		live_set_init(items, n, &set);
	WIRE_SET(row.facts, container, (int64_t)index);
	set_port(d, row.facts, items[0].port, items[0].proto);
	for (guint i = 0; i < n; i++) {
		judge_port(&row, items[i].host_port);
		if (items[i].live || !is_now_live(&set, &items[i]))
			add_binding(d, &items[i], fallback, &row);
	}
	live_set_done(&set);
	row_finish(d, &row);
}

/* Nothing published, or (with a reason) ports that were not seen. */
static void add_bare_row(struct derivation *d, const size_t *container, const size_t *service,
			 struct reason reason)
{
	struct row row;

	row_init(d, &row);
	if (container != NULL)
		WIRE_SET(row.facts, container, (int64_t)*container);
	if (service != NULL)
		WIRE_SET(row.facts, service, (int64_t)*service);
	row.reason = reason;
	row.is_wildcard_unseen = row.is_privileged_unseen = reason.code != NULL;
	row_finish(d, &row);
}

static void publish_container(struct derivation *d, size_t index)
{
	struct bindings bindings = bindings_of(d, d->facts->container[index]);
	struct fallback fallback = {"", REASON_OK};
	guint end;

	if (bindings.n > 0)
		fallback = fallback_of(d, d->facts->container[index]);
	for (guint start = 0; start < bindings.n; start = end) {
		for (end = start + 1; end < bindings.n; end++)
			if (!is_same_port(&bindings.items[start], &bindings.items[end]))
				break;
		add_container_row(d, index, &fallback, bindings.items + start, end - start);
	}
	if (bindings.n == 0 || bindings.reason.code != NULL)
		add_bare_row(d, &index, NULL, bindings.reason);
}

/* Ingress ports are open on every node, at every address; nothing else can be given. */
static void add_service_row(struct derivation *d, size_t index, const Plimsoll__ServicePort *port)
{
	struct row row;
	g_autofree char *published =
		port->has_published ? g_strdup_printf("%" G_GINT64_FORMAT, port->published) : NULL;

	row_init(d, &row);
	WIRE_SET(row.facts, service, (int64_t)index);
	set_port(d, row.facts, port->target, port->proto != NULL ? port->proto : "tcp");
	row.facts->source = derive_constant("/services");
	row.facts->mode = arena_strdup(d->arena, port->mode);
	if (port->mode == NULL) {
		row.is_wildcard_unseen = true;
		row.reason = (struct reason){"UK", "the mode of a port was not seen"};
	} else if (strcmp(port->mode, "host") != 0) { /* host: judged on the tasks' containers */
		row.is_wildcard = true;
		g_string_append(row.addresses, "every node (ingress)");
	}
	judge_port(&row, published);
	show_binding(d, &row, "", published);
	row_finish(d, &row);
}

static void publish_service(struct derivation *d, size_t index)
{
	const Plimsoll__Service *service = d->facts->service[index];

	for (size_t i = 0; i < service->n_port; i++)
		add_service_row(d, index, service->port[i]);
	if (service->n_port == 0)
		add_bare_row(d, NULL, &index, REASON_OK);
}

void derive_publish(struct derivation *d)
{
	for (size_t i = 0; i < d->facts->n_container; i++)
		publish_container(d, i);
	for (size_t i = 0; i < d->facts->n_service; i++)
		publish_service(d, i);
}
