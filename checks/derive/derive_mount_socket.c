/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container-docker-socket-mounted: which sockets give control over the host, and mounts that are
 * one or hold one. Where file types were not seen, the well-known paths are taken for sockets.
 */
#include "checks/derive/derive_mount.h"
#include "checks/derive/derive_path.h"

static const struct {
	const char *path;
	bool is_docker;
} well_known[] = {
	{"/run/docker.sock", true},
	{"/var/run/docker.sock", true},
	{"/run/containerd/containerd.sock", false},
	{"/var/run/containerd/containerd.sock", false},
	{"/run/docker/containerd/containerd.sock", false},
	{"/run/podman/podman.sock", false},
};

struct mount_sockets {
	struct mount_entry *entries; /* in the order of derived api_socket */
	guint n;
	struct reason unseen; /* there may be sockets that are not listed */
};

/* --- the sockets --- */

static struct mount_entry socket_entry(struct derivation *d, const char *path)
{
	Plimsoll__File__Role role = PLIMSOLL__FILE__ROLE__API_SOCKET;

	if (derive_file_find(d, role, path) < 0)
		role = PLIMSOLL__FILE__ROLE__CONTAINERD_SOCKET;
	return derive_mount_entry(d, role, path);
}

static void add_socket(struct derivation *d, const char *path, const char *kind)
{
	Derived__ApiSocket *row;
	struct mount_entry entry;

	if (path == NULL || *path != '/')
		return;
	entry = socket_entry(d, path);
	for (size_t i = 0; i < d->out->n_api_socket; i++)
		if (strcmp(d->out->api_socket[i]->path, entry.path) == 0)
			return;
	row = derive_new(d, &derived__api_socket__descriptor);
	row->path = arena_strdup(d->arena, entry.path);
	row->real = arena_strdup(d->arena, entry.real);
	row->kind = arena_strdup(d->arena, kind);
	DERIVE_ADD(d, api_socket, row);
}

static const Plimsoll__File *socket_file(struct derivation *d, const char *path)
{
	int64_t index = derive_file_find(d, PLIMSOLL__FILE__ROLE__API_SOCKET, path);

	if (index < 0)
		index = derive_file_find(d, PLIMSOLL__FILE__ROLE__CONTAINERD_SOCKET, path);
	return index >= 0 ? d->facts->file[index] : NULL;
}

/* Whether a well-known path is to be taken for a socket. */
static bool may_be_socket(struct derivation *d, const char *path, bool is_docker)
{
	const Plimsoll__File *file = socket_file(d, path);

	if (derive_host_reason(d).code != NULL)
		return true;
	if (file == NULL)
		return is_docker; /* the others are not looked for where CSOCK is known */
	if (!file->has_status)
		return true;
	if (file->status == PLIMSOLL__FILE__STATUS__ABSENT)
		return false;
	return file->status != PLIMSOLL__FILE__STATUS__OK || !file->has_type ||
	       file->type == PLIMSOLL__FILE__TYPE__SOCKET;
}

static void add_sockets(struct derivation *d)
{
	const Derived__Place *place = d->out->place;
	const Plimsoll__Snapshot *snapshot = d->facts->snapshot;
	bool is_podman = g_strcmp0(place->kind, "podman") == 0;

	for (size_t i = 0; i < d->out->n_listener; i++)
		add_socket(d, d->out->listener[i]->path, "engine");
	if (snapshot != NULL && snapshot->endpoint != NULL &&
	    g_str_has_prefix(snapshot->endpoint, "unix://"))
		add_socket(d, snapshot->endpoint + strlen("unix://"),
			   is_podman ? "podman" : "engine");
	add_socket(d, place->containerd_socket, "containerd");
	for (guint i = 0; i < G_N_ELEMENTS(well_known); i++)
		if (may_be_socket(d, well_known[i].path, well_known[i].is_docker))
			add_socket(d, well_known[i].path, "well-known");
}

/* Podman has no LISTENERS: its socket is the endpoint. */
static struct reason unseen_sockets(struct derivation *d)
{
	const Derived__ListenerState *state = d->out->listener_state;
	const Derived__Place *place = d->out->place;

	const Plimsoll__Snapshot *snapshot = d->facts->snapshot;

	if (g_strcmp0(place->kind, "podman") == 0)
		return snapshot != NULL && snapshot->endpoint != NULL
			       ? REASON_OK
			       : (struct reason){"UK", "Podman's socket was not seen"};
	if (strcmp(state->state, "ok") != 0)
		return (struct reason){state->state, state->detail};
	if (strcmp(place->containerd_socket_state, "ok") != 0)
		return (struct reason){place->containerd_socket_state, NULL};
	return REASON_OK;
}

/* The engine listens there, but something else is there now, or nothing: its socket was renamed or
 * removed, and which of the sources it is now cannot be told. */
static bool is_lost(struct derivation *d, const char *path)
{
	const Plimsoll__File *file = path != NULL ? socket_file(d, path) : NULL;

	if (d->serving == NULL || file == NULL || !file->has_status)
		return false;
	if (file->status == PLIMSOLL__FILE__STATUS__OK)
		return !file->has_type || file->type != PLIMSOLL__FILE__TYPE__SOCKET;
	return file->status == PLIMSOLL__FILE__STATUS__ABSENT ||
	       file->status == PLIMSOLL__FILE__STATUS__DANGLING;
}

static const char *lost_socket(struct derivation *d)
{
	for (size_t i = 0; i < d->out->n_listener; i++)
		if (is_lost(d, d->out->listener[i]->path))
			return d->out->listener[i]->path;
	return is_lost(d, d->out->place->containerd_socket) ? d->out->place->containerd_socket
							    : NULL;
}

struct mount_sockets *derive_mount_sockets_new(struct derivation *d)
{
	const char *lost = lost_socket(d);

	struct mount_sockets *sockets = arena_calloc(d->arena, 1, sizeof(*sockets));

	add_sockets(d);
	sockets->unseen = unseen_sockets(d);
	if (lost != NULL && sockets->unseen.code == NULL)
		sockets->unseen = (struct reason){
			"UK", derive_text(d, "the socket that was made at %s is elsewhere", lost)};
	sockets->n = (guint)d->out->n_api_socket;
	sockets->entries = arena_calloc(d->arena, MAX(sockets->n, 1u), sizeof(*sockets->entries));
	for (guint i = 0; i < sockets->n; i++) {
		sockets->entries[i] = socket_entry(d, d->out->api_socket[i]->path);
		if (sockets->entries[i].real == NULL)
			sockets->unseen = (struct reason){"UK_PERM", sockets->entries[i].path};
	}
	return sockets;
}

/* --- the verdict --- */

void derive_mount_judge_socket(struct derivation *d, const struct mount_sockets *sockets,
			       const struct mount_source *source)
{
	Derived__MountVerdict *row;
	enum path_relation relation = PATH_UNRELATED;
	const struct mount_entry *match = NULL;

	for (guint i = 0; match == NULL && source->lexical != NULL && i < sockets->n; i++) {
		relation = derive_mount_relation(source, &sockets->entries[i]);
		if (relation == PATH_EQUAL || relation == PATH_ABOVE)
			match = &sockets->entries[i];
	}
	row = derive_mount_row(d, source, "socket", match != NULL ? "fail" : "pass");
	row->observed = derive_constant(source->text);
	if (match == NULL)
		derive_mount_unmatched(d, source, sockets->unseen, row);
	else if (relation == PATH_ABOVE)
		row->observed = derive_text(d, "%s contains %s", source->text, match->path);
}
