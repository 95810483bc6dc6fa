/* SPDX-License-Identifier: Apache-2.0 */
/*
 * swarm-bound-to-interface: which of the serving dockerd's own sockets are swarm ports, and whether
 * they listen on every address.
 */
#include <stdlib.h>

#include "checks/derive/derive_internal.h"

#define NO_SOCKET "dockerd has no socket on this port"

enum { PORT_CONTROL = 2377, PORT_GOSSIP = 7946 };

static Derived__SwarmPort *new_row(struct derivation *d, const char *verdict)
{
	Derived__SwarmPort *row = derive_new(d, &derived__swarm_port__descriptor);

	row->verdict = derive_constant(verdict);
	row->expected = derive_constant("one address");
	row->source = derive_constant("sockets of dockerd");
	DERIVE_ADD(d, swarm_port, row);
	return row;
}

static void add_unknown(struct derivation *d, int64_t port, const char *proto, struct reason reason)
{
	Derived__SwarmPort *row = new_row(d, "unknown");

	row->reason = derive_reason_text(d, reason);
	if (proto == NULL)
		return;
	WIRE_SET(row, port, port);
	row->proto = derive_constant(proto);
	row->item = derive_text(d, "%" G_GINT64_FORMAT "/%s", port, proto);
}

static bool is_wildcard(const char *address)
{
	return strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0 || *address == '\0';
}

/* "tcp6" is a tcp socket as well: a bind to :: takes IPv4 too. */
static bool is_socket(const Plimsoll__Listen *listen, const char *proto, int64_t port)
{
	size_t length = strlen(proto);

	return listen->port == port && strncmp(listen->proto, proto, length) == 0 &&
	       (listen->proto[length] == '\0' || strcmp(listen->proto + length, "6") == 0);
}

/* One row for a port: all its addresses, fail when one is every address. */
static bool add_port(struct derivation *d, int64_t port, const char *proto)
{
	Derived__SwarmPort *row = NULL;
	g_autoptr(GString) addresses = g_string_new("");

	for (size_t i = 0; i < d->serving->n_listen; i++) {
		const Plimsoll__Listen *listen = d->serving->listen[i];

		if (!is_socket(listen, proto, port))
			continue;
		if (row == NULL)
			row = new_row(d, "pass");
		g_string_append_printf(addresses, "%s%s", addresses->len > 0 ? ", " : "",
				       listen->addr);
		if (is_wildcard(listen->addr))
			row->verdict = derive_constant("fail");
	}
	if (row == NULL)
		return false;
	WIRE_SET(row, port, port);
	row->proto = derive_constant(proto);
	row->item = derive_text(d, "%" G_GINT64_FORMAT "/%s", port, proto);
	row->addresses = arena_strdup(d->arena, addresses->str);
	row->observed = row->addresses;
	if (port == PORT_GOSSIP && strcmp(proto, "udp") == 0)
		row->note = derive_constant("the data path (4789/udp) is a kernel socket on every "
					    "address");
	return true;
}

/* The port of the own entry in RemoteManagers, the usual one without such an entry; -1 = not seen.
 */
static int64_t control_port(const struct derivation *d)
{
	const char *node = d->engine->swarm_node_id;
	bool is_seen = node != NULL;

	for (size_t i = 0; i < d->engine->n_swarm_remote_manager; i++) {
		const Plimsoll__RemoteManager *manager = d->engine->swarm_remote_manager[i];
		const char *colon = manager->addr != NULL ? strrchr(manager->addr, ':') : NULL;
		int64_t port = colon != NULL ? g_ascii_strtoll(colon + 1, NULL, 10) : 0;

		is_seen &= manager->node_id != NULL;
		if (g_strcmp0(manager->node_id, node) == 0)
			return port > 0 && port <= UINT16_MAX ? port : -1;
	}
	return is_seen ? PORT_CONTROL : -1;
}

/* A manager's port for the others; of a worker there is none. */
static void add_control_port(struct derivation *d)
{
	int64_t port = control_port(d);

	if (d->engine->has_swarm_control && !d->engine->swarm_control)
		return;
	if (!d->engine->has_swarm_control || port < 0)
		add_unknown(d, 0, NULL,
			    (struct reason){"UK_API", "GET /info did not show the manager's port"});
	else if (!add_port(d, port, "tcp"))
		add_unknown(d, port, "tcp", (struct reason){"UK", NO_SOCKET});
}

static bool is_complete(const Plimsoll__Dockerd *dockerd)
{
	for (size_t i = 0; i < dockerd->n_listen; i++)
		if (!dockerd->listen[i]->has_port || dockerd->listen[i]->proto == NULL ||
		    dockerd->listen[i]->addr == NULL)
			return false;
	return dockerd->has_listen_seen && dockerd->listen_seen;
}

void derive_swarm_ports(struct derivation *d)
{
	const Derived__Place *place = d->out->place;
	const struct reason none = {"UK", NO_SOCKET};

	if (d->engine == NULL || g_strcmp0(d->engine->swarm_state, "active") != 0)
		return;
	if (d->serving == NULL) {
		add_unknown(d, 0, NULL,
			    (struct reason){place->serving_state, place->serving_detail});
		return;
	}
	if (!is_complete(d->serving)) {
		add_unknown(d, 0, NULL, (struct reason){"UK_PERM", "the sockets of dockerd"});
		return;
	}
	if (!add_port(d, PORT_GOSSIP, "tcp"))
		add_unknown(d, PORT_GOSSIP, "tcp", none);
	if (!add_port(d, PORT_GOSSIP, "udp"))
		add_unknown(d, PORT_GOSSIP, "udp", none);
	add_control_port(d);
}
