/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LISTENERS (RULES 0.6): where the engine takes API calls, by command line, configuration file,
 * default, and for fd:// by the Listen* lines of docker.socket. What cannot be read leaves the
 * listeners unknown as a whole: a list that may lack one is no list.
 */
#include <stdlib.h>

#include "checks/derive/derive_internal.h"
#include "checks/derive/derive_path.h"
#include "checks/derive/derive_setting.h"

enum { PORT_PLAIN = 2375, PORT_TLS = 2376, PORT_LARGEST = 65535 };

static void add_unix(struct derivation *d, const char *path, const char *source)
{
	Derived__Listener *row = derive_new(d, &derived__listener__descriptor);
	int64_t file;

	row->kind = derive_constant("unix");
	row->path = *path == '@' ? arena_strdup(d->arena, path)
				 : derive_path_clean(d, derive_text(d, "/%s", path));
	row->url = derive_text(d, "unix://%s", row->path);
	row->source = arena_strdup(d->arena, source);
	WIRE_SET(row, loopback, false);
	file = derive_file_find(d, PLIMSOLL__FILE__ROLE__API_SOCKET, row->path);
	if (file >= 0)
		WIRE_SET(row, file, file);
	DERIVE_ADD(d, listener, row);
}

static bool is_loopback(const char *address)
{
	return strcmp(address, "localhost") == 0 || g_str_has_prefix(address, "127.") ||
	       strcmp(address, "::1") == 0;
}

/* address "" = all addresses. */
static void add_tcp(struct derivation *d, const char *address, int64_t port, const char *source)
{
	Derived__Listener *row = derive_new(d, &derived__listener__descriptor);
	bool is_ipv6 = strchr(address, ':') != NULL;

	row->kind = derive_constant("tcp");
	row->addr = arena_strdup(d->arena, address);
	row->url = derive_text(d, "tcp://%s%s%s:%" G_GINT64_FORMAT, is_ipv6 ? "[" : "",
			       *address == '\0' ? "*" : address, is_ipv6 ? "]" : "", port);
	row->source = arena_strdup(d->arena, source);
	WIRE_SET(row, port, port);
	WIRE_SET(row, loopback, is_loopback(address));
	DERIVE_ADD(d, listener, row);
}

static bool parse_port(const char *text, int64_t *ret_port)
{
	char *end = NULL;
	long port;

	if (!g_ascii_isdigit(*text))
		return false;
	port = strtol(text, &end, 10);
	if (*end != '\0' || port < 0 || port > PORT_LARGEST)
		return false;
	*ret_port = port;
	return true;
}

/* "A", "A:N", ":N", "[A6]:N", "[A6]"; port stays as it is where none is given. */
static bool split_address(struct derivation *d, const char *text, const char **ret_address,
			  int64_t *ret_port)
{
	const char *colon = strrchr(text, ':');
	const char *bracket = strchr(text, ']');

	if (*text == '[') {
		if (bracket == NULL || (bracket[1] != '\0' && bracket[1] != ':'))
			return false;
		*ret_address = arena_strndup(d->arena, text + 1, (size_t)(bracket - text - 1));
		return bracket[1] == '\0' || bracket[2] == '\0' ||
		       parse_port(bracket + 2, ret_port);
	}
	if (colon == NULL) {
		*ret_address = arena_strdup(d->arena, text);
		return true;
	}
	*ret_address = arena_strndup(d->arena, text, (size_t)(colon - text));
	if (strchr(*ret_address, ':') != NULL) /* an IPv6 address without brackets */
		return false;
	return colon[1] == '\0' || parse_port(colon + 1, ret_port);
}

static struct reason unusable(struct derivation *d, const char *text)
{
	return (struct reason){"UK", derive_text(d, "listener \"%s\" is not understood", text)};
}

/* A path may follow host and port: dockerd takes and ignores it. */
static struct reason add_tcp_url(struct derivation *d, const char *rest, const char *source)
{
	const Derived__Tls *tls = d->out->tls;
	int64_t port = tls->has_enabled && tls->enabled ? PORT_TLS : PORT_PLAIN;
	const char *text = arena_strndup(d->arena, rest, strcspn(rest, "/"));
	const char *address = "";

	if (*text == '\0')
		add_tcp(d, "127.0.0.1", port, source);
	else if (split_address(d, text, &address, &port))
		add_tcp(d, strcmp(address, "*") == 0 ? "" : address, port, source);
	else
		return unusable(d, rest);
	return REASON_OK;
}

/* --- fd:// --- */

/* Systemd's %t, the runtime directory; NULL for any other specifier. */
static const char *expand_path(struct derivation *d, const char *path)
{
	const char *runtime;

	if (!g_str_has_prefix(path, "%t"))
		return strchr(path, '%') == NULL ? path : NULL;
	runtime = derive_runtime_dir(d);
	if (runtime == NULL || strchr(path + 2, '%') != NULL)
		return NULL;
	return derive_text(d, "%s%s", runtime, path + 2);
}

/* A path, "@abstract", a port, or an address with a port. */
static bool add_address(struct derivation *d, const char *text, const char *source)
{
	const char *address = "";
	int64_t port = -1;

	if (*text == '/' || *text == '@')
		add_unix(d, text, source);
	else if (parse_port(text, &port))
		add_tcp(d, "", port, source);
	else if (split_address(d, text, &address, &port) && port >= 0)
		add_tcp(d, address, port, source);
	else
		return false;
	return true;
}

/* One Listen* value. */
static struct reason add_unit_listen(struct derivation *d, const char *value)
{
	const char *text = value != NULL ? expand_path(d, value) : NULL;

	if (text == NULL || !add_address(d, text, "docker.socket"))
		return unusable(d, value != NULL ? value : "");
	return REASON_OK;
}

static struct reason add_unit(struct derivation *d)
{
	const Plimsoll__Unit *unit = derive_unit(d, "docker.socket");
	struct reason reason = REASON_OK;

	if (unit == NULL || !unit->has_status)
		return (struct reason){"UK", "docker.socket was not read"};
	if (unit->status == PLIMSOLL__FETCH__STATUS__PERMISSION)
		return (struct reason){"UK_PERM", "docker.socket"};
	if (unit->status != PLIMSOLL__FETCH__STATUS__OK)
		return (struct reason){"UK", "the unit docker.socket could not be read"};
	if (unit->n_listen == 0)
		return (struct reason){"UK", "docker.socket has no Listen line"};
	for (size_t i = 0; i < unit->n_listen && reason.code == NULL; i++)
		reason = add_unit_listen(d, unit->listen[i]);
	return reason;
}

/* The same socket, or the same port: at which address changes no verdict. */
static bool is_same(struct derivation *d, const Derived__Listener *a, const Derived__Listener *b)
{
	const char *real = derive_path_real(d, a->path);

	if (a->has_port || b->has_port)
		return a->has_port && b->has_port && a->port == b->port;
	return strcmp(a->path, b->path) == 0 ||
	       (real != NULL && g_strcmp0(real, derive_path_real(d, b->path)) == 0);
}

static bool is_listed(struct derivation *d, size_t n, const Derived__Listener *row)
{
	for (size_t i = 0; i < n; i++)
		if (is_same(d, d->out->listener[i], row))
			return true;
	return false;
}

/*
 * What systemd really handed on. Any socket unit may name docker.service as its own, and
 * docker.socket may have been edited since; sockets that the unit does not tell come on top.
 */
static struct reason add_activated(struct derivation *d)
{
	const Plimsoll__Dockerd *serving = d->serving;
	struct reason reason = add_unit(d);

	if (serving != NULL && (!serving->has_activated_seen || !serving->activated_seen))
		return (struct reason){"UK_PERM", "the sockets of systemd"};
	for (size_t i = 0; serving != NULL && i < serving->n_activated; i++) {
		size_t n = d->out->n_listener;

		if (!add_address(d, serving->activated[i], "socket activation"))
			return unusable(d, serving->activated[i]);
		if (is_listed(d, n, d->out->listener[n]))
			d->out->n_listener = n;
	}
	return reason;
}

/* --- one -H --- */

/* The engine's own default: with TLS it is a TCP port (seen on 20.10.24), else the socket. */
static struct reason add_default(struct derivation *d, const char *source)
{
	const Derived__Tls *tls = d->out->tls;
	const char *runtime = derive_runtime_dir(d);

	if (!tls->has_enabled && d->serving != NULL)
		return (struct reason){tls->state, tls->detail};
	if (tls->has_enabled && tls->enabled)
		add_tcp(d, "127.0.0.1", PORT_TLS, source);
	else if (runtime == NULL)
		return (struct reason){"UK", "the default socket depends on the engine's user"};
	else if (strcmp(runtime, "/run") == 0)
		add_unix(d, "/var/run/docker.sock", source);
	else
		add_unix(d, derive_text(d, "%s/docker.sock", runtime), source);
	return REASON_OK;
}

static struct reason add_host(struct derivation *d, const char *given, const char *source)
{
	const char *scheme_end;
	g_autofree char *host = given != NULL ? g_strstrip(g_strdup(given)) : NULL;

	if (host == NULL)
		return (struct reason){"UK", "the value of a listener was not seen"};
	if (*host == '\0')
		return add_default(d, source);
	scheme_end = strstr(host, "://");
	if (scheme_end == NULL)
		return add_tcp_url(d, host, source);
	if (g_str_has_prefix(host, "unix://")) {
		if (host[strlen("unix://")] == '\0')
			return add_default(d, source);
		add_unix(d, host + strlen("unix://"), source);
		return REASON_OK;
	}
	if (g_str_has_prefix(host, "tcp://"))
		return add_tcp_url(d, host + strlen("tcp://"), source);
	if (g_str_has_prefix(host, "fd://"))
		return add_activated(d);
	return unusable(d, host);
}

/* --- all of them --- */

static struct reason add_all(struct derivation *d, const struct option_pair *pairs, guint n,
			     const char *source)
{
	struct reason reason = REASON_OK;

	if (n == 0)
		return add_default(d, "default");
	for (guint i = 0; i < n && reason.code == NULL; i++)
		reason = add_host(d, pairs[i].value, source);
	return reason;
}

static struct reason add_effective(struct derivation *d, const Derived__Setting *hosts)
{
	struct option_value value;

	if (strcmp(hosts->state, "ok") != 0)
		return (struct reason){hosts->state, hosts->detail};
	value = derive_setting_configured(d, "hosts");
	return add_all(d, value.pairs, value.n_pairs, hosts->source);
}

static struct reason add_configured(struct derivation *d)
{
	struct option_value value = derive_setting_configured(d, "hosts");
	struct reason reason = derive_config_reason(d);

	if (value.trouble != NULL)
		return (struct reason){"UK", value.trouble};
	if (value.place != OPTION_EXECSTART && reason.code != NULL)
		return reason;
	return add_all(d, value.pairs, value.n_pairs, derive_option_place_text(value.place));
}

void derive_listeners(struct derivation *d)
{
	Derived__ListenerState *state = derive_new(d, &derived__listener_state__descriptor);
	const Derived__Setting *hosts = derive_setting(d, "hosts");
	struct reason reason;

	WIRE_SET(state, configured, derive_is_stopped(d));
	reason = state->configured ? add_configured(d) : add_effective(d, hosts);
	if (reason.code != NULL)
		d->out->n_listener = 0;
	derive_set_state(d, reason, &state->state, &state->detail, &state->reason);
	d->out->listener_state = state;
}
