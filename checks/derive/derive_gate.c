/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gates: whether a group of checks applies to this snapshot at all, or why that is not known (the
 * section headers of RULES). Each gate is a list of conditions; the first that objects decides.
 */
#include "checks/derive/derive_internal.h"

static bool is_kind(const struct derivation *d, const char *kind)
{
	return g_strcmp0(d->out->place->kind, kind) == 0;
}

static struct reason engine_exists(struct derivation *d)
{
	if (is_kind(d, "none"))
		return (struct reason){"NA_NO_ENGINE", NULL};
	if (d->engine != NULL && d->engine->os_type != NULL &&
	    strcmp(d->engine->os_type, "linux") != 0)
		return (struct reason){"NA_OS", NULL};
	return REASON_OK;
}

static struct reason api_answers(struct derivation *d)
{
	return d->engine == NULL ? derive_daemon_down(d) : REASON_OK;
}

static struct reason is_docker(struct derivation *d)
{
	if (is_kind(d, "podman"))
		return (struct reason){"NA_PODMAN", NULL};
	if (d->out->place->kind == NULL && d->engine != NULL)
		return (struct reason){"UK", "the engine did not say whether it is Docker"};
	return REASON_OK;
}

static struct reason host_belongs(struct derivation *d)
{
	return derive_host_reason(d);
}

static struct reason owners_are_seen(struct derivation *d)
{
	const Plimsoll__Snapshot *snapshot = d->facts->snapshot;

	if (snapshot == NULL || !snapshot->has_agent_in_userns || snapshot->agent_in_userns)
		return (struct reason){"UK_USERNS", NULL};
	return REASON_OK;
}

static struct reason has_unix_socket(struct derivation *d)
{
	const Derived__ListenerState *state = d->out->listener_state;

	if (strcmp(state->state, "ok") != 0)
		return (struct reason){state->state, state->detail};
	for (size_t i = 0; i < d->out->n_listener; i++)
		if (strcmp(d->out->listener[i]->kind, "unix") == 0)
			return REASON_OK;
	return (struct reason){"NA", "no unix socket"};
}

static struct reason has_tcp_listener(struct derivation *d)
{
	const Derived__ListenerState *state = d->out->listener_state;

	if (d->out->n_tls_listener > 0)
		return REASON_OK;
	if (strcmp(state->state, "ok") != 0)
		return (struct reason){state->state, state->detail};
	if (!d->engine->has_warn_plain_http)
		return (struct reason){"UK_API", "GET /info did not show its warnings"};
	return (struct reason){"NA_NO_TCP", NULL};
}

/* --- lists of the engine: rows prove an answer, none needs a good row of Fetch --- */

static struct reason list_answered(struct derivation *d, const char *source, size_t n)
{
	const Plimsoll__Fetch *fetch = derive_fetch(d, source);

	if (n > 0 && (fetch == NULL || !fetch->has_status))
		return REASON_OK;
	/* An answer too large to read leaves no row; that is not an empty list. */
	if (n == 0 && fetch != NULL && fetch->status == PLIMSOLL__FETCH__STATUS__TRUNCATED)
		return (struct reason){"UK_TRUNCATED", fetch->detail};
	return derive_fetch_reason(d, source);
}

static struct reason has_containers(struct derivation *d)
{
	struct reason reason = list_answered(d, "GET /containers/json", d->facts->n_container);

	if (reason.code == NULL && d->facts->n_container == 0)
		return (struct reason){"NA_NO_CONTAINERS", NULL};
	return reason;
}

static struct reason has_live_containers(struct derivation *d)
{
	for (size_t i = 0; i < d->facts->n_container; i++)
		if (!d->facts->container[i]->has_pid || d->facts->container[i]->pid > 0)
			return REASON_OK;
	return (struct reason){"NA_NO_RUNNING", NULL};
}

static struct reason processes_are_seen(struct derivation *d)
{
	const Plimsoll__Snapshot *snapshot = d->facts->snapshot;
	const Plimsoll__Host *host = d->facts->host;

	if (snapshot != NULL && snapshot->has_agent_in_pidns && snapshot->agent_in_pidns)
		return (struct reason){"UK_USERNS", NULL};
	/* Whoever may not read process 1's namespace cannot tell whose processes these are. */
	if (snapshot == NULL || !snapshot->has_agent_in_pidns || host == NULL ||
	    !host->has_process_table_seen || !host->process_table_seen)
		return (struct reason){"UK_PERM", "the process table"};
	return REASON_OK;
}

static bool is_image_in_scope(const Plimsoll__Image *image)
{
	return image->n_repo_tag > 0 || image->n_repo_digest > 0 || !image->has_used || image->used;
}

static struct reason has_images(struct derivation *d)
{
	struct reason reason = list_answered(d, "GET /images/json", d->facts->n_image);

	if (reason.code != NULL)
		return reason;
	for (size_t i = 0; i < d->facts->n_image; i++)
		if (is_image_in_scope(d->facts->image[i]))
			return REASON_OK;
	return (struct reason){"NA_NO_IMAGES", NULL};
}

static struct reason networks_answered(struct derivation *d)
{
	return list_answered(d, "GET /networks", d->facts->n_network);
}

static struct reason volumes_answered(struct derivation *d)
{
	return list_answered(d, "GET /volumes", d->facts->n_volume);
}

/* --- swarm --- */

static bool is_swarm_state(const struct derivation *d, const char *state)
{
	return d->engine != NULL && g_strcmp0(d->engine->swarm_state, state) == 0;
}

static struct reason is_member(struct derivation *d)
{
	struct reason reason = derive_fetch_reason(d, "GET /info");
	const char *state = d->engine->swarm_state;
	const char *error = d->engine->swarm_error;

	if (state == NULL)
		return reason.code != NULL
			       ? reason
			       : (struct reason){"UK_API", "GET /info did not show the swarm"};
	if (*state == '\0' || strcmp(state, "inactive") == 0)
		return (struct reason){"NA_NO_SWARM", NULL};
	if (strcmp(state, "active") == 0 || strcmp(state, "locked") == 0)
		return REASON_OK;
	return (struct reason){"UK", derive_text(d, "swarm is %s%s%s", state,
						 error != NULL && *error != '\0' ? ": " : "",
						 error != NULL ? error : "")};
}

static struct reason is_unlocked(struct derivation *d)
{
	return is_swarm_state(d, "locked") ? (struct reason){"UK_LOCKED", NULL} : REASON_OK;
}

static struct reason is_manager(struct derivation *d)
{
	if (is_swarm_state(d, "locked")) /* locked nodes are managers without control */
		return REASON_OK;
	if (!d->engine->has_swarm_control)
		return (struct reason){"UK_API", "GET /info did not show Swarm.ControlAvailable"};
	return d->engine->swarm_control ? REASON_OK : (struct reason){"NA_WORKER", NULL};
}

static struct reason shows_cluster(struct derivation *d)
{
	if (is_swarm_state(d, "locked") || d->engine->cluster_id != NULL)
		return REASON_OK;
	return (struct reason){"UK_API", "GET /info did not show Swarm.Cluster"};
}

#define ENGINE engine_exists, api_answers
#define DAEMON engine_exists, is_docker, api_answers
#define AUDIT  engine_exists, is_docker, host_belongs

enum { MAX_CONDITIONS = 8 };

static const struct gate {
	const char *name;
	struct reason (*conditions[MAX_CONDITIONS])(struct derivation *d); /* NULL-terminated */
} gates[] = {
	{"installed", {engine_exists}},
	{"engine", {ENGINE}},
	{"daemon", {DAEMON}},
	{"host", {engine_exists, host_belongs}},
	{"audit", {AUDIT}},
	{"files", {AUDIT, owners_are_seen}},
	{"api_sockets", {AUDIT, owners_are_seen, has_unix_socket}},
	{"containers", {ENGINE, has_containers}},
	{"containers_docker", {DAEMON, has_containers}},
	{"live", {ENGINE, has_containers, has_live_containers, host_belongs, processes_are_seen}},
	{"images", {ENGINE, has_images}},
	{"networks", {ENGINE, networks_answered}},
	{"volumes", {ENGINE, volumes_answered}},
	{"tcp", {DAEMON, has_tcp_listener}},
	{"swarm", {DAEMON, is_member, is_unlocked}},
	{"swarm_manager", {DAEMON, is_member, is_unlocked, is_manager}},
	{"swarm_cluster", {DAEMON, is_member, is_unlocked, is_manager, shows_cluster}},
	{"swarm_autolock", {DAEMON, is_member, is_manager, shows_cluster}},
};

void derive_gates(struct derivation *d)
{
	for (guint i = 0; i < G_N_ELEMENTS(gates); i++) {
		Derived__Gate *row = derive_new(d, &derived__gate__descriptor);
		struct reason reason = REASON_OK;

		row->name = arena_strdup(d->arena, gates[i].name);
		for (guint c = 0; reason.code == NULL && gates[i].conditions[c] != NULL; c++)
			reason = gates[i].conditions[c](d);
		derive_set_state(d, reason, &row->code, &row->detail, &row->reason);
		DERIVE_ADD(d, gate, row);
	}
}
