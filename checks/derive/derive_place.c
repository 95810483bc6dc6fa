/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who the engine is and where it keeps things (RULES 0.3, 0.4): kind, the dockerd that serves the
 * API, its user, the configuration file, the data root, containerd's socket. Also while the API is
 * down, as far as processes and configuration tell.
 */
#include <stdlib.h>

#include "checks/derive/derive_internal.h"
#include "checks/derive/derive_path.h"
#include "checks/derive/derive_setting.h"

#define USER_RUNTIME_ENDPOINT "unix:///run/user/"

static bool is_process_seen(const Plimsoll__Facts *facts, const char *exe_base)
{
	for (size_t i = 0; i < facts->n_process; i++)
		if (g_strcmp0(facts->process[i]->exe_base, exe_base) == 0 &&
		    facts->process[i]->container_id == NULL)
			return true;
	return false;
}

bool derive_is_stopped(struct derivation *d)
{
	const Plimsoll__Host *host = d->facts->host;
	struct reason down = derive_daemon_down(d);

	return d->engine == NULL && d->facts->n_dockerd == 0 && host != NULL &&
	       host->has_process_table_seen && host->process_table_seen &&
	       derive_host_reason(d).code == NULL && derive_api_failed(d) &&
	       strcmp(down.code, "UK_DAEMON_DOWN") == 0;
}

/* Nothing of an engine, and everything was looked at: NA_NO_ENGINE must never hide a refusal. */
static bool is_proved_absent(struct derivation *d)
{
	const Plimsoll__Snapshot *snapshot = d->facts->snapshot;

	return snapshot != NULL && snapshot->has_dockerd_installed &&
	       !snapshot->dockerd_installed && derive_is_stopped(d);
}

static bool is_podman_endpoint(const Plimsoll__Snapshot *snapshot)
{
	return snapshot != NULL && snapshot->endpoint != NULL &&
	       g_str_has_suffix(snapshot->endpoint, "/podman.sock");
}

static const char *engine_kind(struct derivation *d)
{
	const Plimsoll__Engine *engine = d->engine;
	const Plimsoll__Snapshot *snapshot = d->facts->snapshot;

	if (engine != NULL && engine->has_kind && engine->kind == PLIMSOLL__ENGINE__KIND__DOCKER)
		return "docker";
	if (engine != NULL && engine->has_kind && engine->kind == PLIMSOLL__ENGINE__KIND__PODMAN)
		return "podman";
	if (engine != NULL) /* it answers, but not who it is: a guess could hide section 2 */
		return d->facts->n_dockerd > 0 && derive_host_reason(d).code == NULL ? "docker"
										     : NULL;
	if (derive_host_reason(d).code != NULL) /* processes here say nothing about it */
		return NULL;
	if (is_podman_endpoint(snapshot))
		return "podman";
	if (d->facts->n_dockerd > 0 ||
	    (snapshot != NULL && snapshot->has_dockerd_installed && snapshot->dockerd_installed))
		return "docker";
	if (is_process_seen(d->facts, "podman"))
		return "podman";
	return is_proved_absent(d) ? "none" : NULL;
}

/* Which dockerd serves the API, or why that is not known. */
static struct reason find_serving(struct derivation *d, size_t *ret_index)
{
	const Plimsoll__Snapshot *snapshot = d->facts->snapshot;
	struct reason elsewhere = derive_host_reason(d);
	bool ambiguous = false;

	if (elsewhere.code != NULL)
		return elsewhere;
	for (size_t i = 0; i < d->facts->n_dockerd; i++) {
		const Plimsoll__Dockerd *dockerd = d->facts->dockerd[i];

		if (!dockerd->has_role)
			continue;
		if (dockerd->role == PLIMSOLL__DOCKERD__ROLE__SERVING) {
			*ret_index = i;
			return REASON_OK;
		}
		ambiguous |= dockerd->role == PLIMSOLL__DOCKERD__ROLE__AMBIGUOUS;
	}
	if (ambiguous)
		return (struct reason){"UK_AMBIGUOUS", NULL};
	if (snapshot->has_agent_in_userns && snapshot->agent_in_userns)
		return (struct reason){"UK_USERNS", NULL};
	if (snapshot->has_agent_in_pidns && snapshot->agent_in_pidns)
		return (struct reason){"UK_USERNS", NULL};
	for (size_t i = 0; i < d->facts->n_fetch; i++)
		if (g_strcmp0(d->facts->fetch[i]->source, "proc") == 0 &&
		    d->facts->fetch[i]->has_status &&
		    d->facts->fetch[i]->status == PLIMSOLL__FETCH__STATUS__PERMISSION)
			return (struct reason){"UK_PERM", "/proc"};
	return (struct reason){"UK_NO_PROCESS", NULL};
}

/* The uid in unix:///run/user/UID/...: with the API down, the only sign of a rootless engine. */
static bool uid_of_endpoint(const Plimsoll__Snapshot *snapshot, int64_t *ret_uid)
{
	const char *digits;
	char *end = NULL;

	if (snapshot == NULL || snapshot->endpoint == NULL ||
	    !g_str_has_prefix(snapshot->endpoint, USER_RUNTIME_ENDPOINT))
		return false;
	digits = snapshot->endpoint + strlen(USER_RUNTIME_ENDPOINT);
	if (!g_ascii_isdigit(*digits))
		return false;
	*ret_uid = g_ascii_strtoll(digits, &end, 10);
	return *end == '/' || *end == '\0';
}

static void find_user(struct derivation *d, Derived__Place *place)
{
	int64_t uid = -1;

	if (d->engine != NULL && d->engine->has_rootless)
		WIRE_SET(place, rootless, d->engine->rootless);
	else if (d->serving != NULL && d->serving->has_uid)
		WIRE_SET(place, rootless, d->serving->uid != 0);
	else if (d->engine == NULL && d->facts->snapshot != NULL &&
		 d->facts->snapshot->endpoint != NULL)
		WIRE_SET(place, rootless, uid_of_endpoint(d->facts->snapshot, &uid));

	if (place->has_rootless && !place->rootless) {
		WIRE_SET(place, engine_uid, 0);
		WIRE_SET(place, engine_gid, 0);
	} else if (place->has_rootless && d->serving != NULL) {
		place->has_engine_uid = d->serving->has_uid;
		place->engine_uid = d->serving->uid;
		place->has_engine_gid = d->serving->has_gid;
		place->engine_gid = d->serving->gid;
		place->has_engine_docker_gid = d->serving->has_docker_gid;
		place->engine_docker_gid = d->serving->docker_gid;
	} else if (place->has_rootless && uid_of_endpoint(d->facts->snapshot, &uid)) {
		WIRE_SET(place, engine_uid, uid);
	}
}

const Plimsoll__Unit *derive_unit(const struct derivation *d, const char *name)
{
	for (size_t i = 0; i < d->facts->n_unit; i++)
		if (g_strcmp0(d->facts->unit[i]->name, name) == 0)
			return d->facts->unit[i];
	return NULL;
}

/* The last one of that name counts; its value is NULL when it was not seen. */
static const Plimsoll__DockerdOption *find_option(Plimsoll__DockerdOption *const *options, size_t n,
						  const char *name)
{
	const Plimsoll__DockerdOption *last = NULL;

	for (size_t i = 0; i < n; i++)
		if (g_strcmp0(options[i]->name, name) == 0)
			last = options[i];
	return last;
}

static const char *user_home(const struct derivation *d)
{
	if (d->serving != NULL && d->serving->home != NULL && *d->serving->home == '/')
		return d->serving->home;
	return NULL;
}

/* "": there is none. */
static char *find_config_path(struct derivation *d, const Derived__Place *place)
{
	const Plimsoll__Unit *unit = derive_unit(d, "docker.service");
	const Plimsoll__DockerdOption *given = NULL;

	if (d->serving != NULL)
		given = find_option(d->serving->option, d->serving->n_option, "config-file");
	else if (unit != NULL)
		given = find_option(unit->option, unit->n_option, "config-file");
	if (given != NULL)
		return arena_strdup(d->arena, given->value);
	if (!place->has_rootless)
		return NULL;
	if (!place->rootless)
		return derive_constant("/etc/docker/daemon.json");
	return user_home(d) == NULL ? NULL
				    : derive_text(d, "%s/.config/docker/daemon.json", user_home(d));
}

bool derive_version_at_least(const char *version, unsigned major, unsigned minor, bool *ret_answer)
{
	char *end = NULL;
	unsigned long seen_major, seen_minor;

	if (version == NULL || !g_ascii_isdigit(*version))
		return false;
	seen_major = strtoul(version, &end, 10);
	if (*end != '.' || !g_ascii_isdigit(end[1]))
		return false;
	seen_minor = strtoul(end + 1, NULL, 10);
	*ret_answer = seen_major > major || (seen_major == major && seen_minor >= minor);
	return true;
}

void derive_place_identity(struct derivation *d)
{
	Derived__Place *place = derive_new(d, &derived__place__descriptor);
	struct reason reason;
	size_t index = 0;
	bool modern = false;

	d->out->place = place;
	WIRE_SET(place, api, d->engine != NULL);
	place->kind = arena_strdup(d->arena, engine_kind(d));
	reason = find_serving(d, &index);
	place->serving_state = arena_strdup(d->arena, reason.code != NULL ? reason.code : "ok");
	place->serving_detail = arena_strdup(d->arena, reason.detail);
	if (reason.code == NULL) {
		d->serving = d->facts->dockerd[index];
		WIRE_SET(place, serving, (int64_t)index);
		place->has_serving_pid = d->serving->has_pid;
		place->serving_pid = d->serving->pid;
	}
	find_user(d, place);
	place->config_path = find_config_path(d, place);
	if (d->engine != NULL && derive_version_at_least(d->engine->version, 20, 10, &modern))
		WIRE_SET(place, engine_at_least_20_10, modern);
}

/* --- after the settings --- */

const char *derive_runtime_dir(struct derivation *d)
{
	const Derived__Place *place = d->out->place;

	if (!place->has_rootless)
		return NULL;
	if (!place->rootless)
		return "/run";
	return place->has_engine_uid
		       ? derive_text(d, "/run/user/%" G_GINT64_FORMAT, place->engine_uid)
		       : NULL;
}

/* "100000.100000": the name that userns-remap gives its own directory below the data root. */
static bool is_remap_name(const char *name)
{
	const char *p = name;

	while (g_ascii_isdigit(*p))
		p++;
	if (p == name || *p != '.' || !g_ascii_isdigit(p[1]))
		return false;
	p++;
	while (g_ascii_isdigit(*p))
		p++;
	return *p == '\0';
}

static void set_data_root(struct derivation *d, const char *path, const char *source)
{
	Derived__Place *place = d->out->place;
	const char *last;

	place->data_root_child = derive_path_clean(d, path);
	if (place->data_root_child == NULL)
		return;
	place->data_root = place->data_root_child;
	place->data_root_source = arena_strdup(d->arena, source);
	last = strrchr(place->data_root, '/');
	if (d->engine != NULL && d->engine->has_userns && d->engine->userns &&
	    last != place->data_root && is_remap_name(last + 1))
		place->data_root = arena_strndup(d->arena, place->data_root,
						 (size_t)(last - place->data_root));
}

static void find_data_root(struct derivation *d)
{
	Derived__Place *place = d->out->place;
	struct option_value configured;
	struct reason reason = REASON_OK;

	if (d->engine != NULL) {
		set_data_root(d,
			      d->engine->root_dir_real != NULL ? d->engine->root_dir_real
							       : d->engine->root_dir,
			      "info");
		reason = derive_fetch_reason(d, "GET /info");
		if (reason.code == NULL)
			reason = (struct reason){"UK", "the engine did not say its data root"};
	} else {
		configured = derive_setting_configured(d, "data-root");
		reason = derive_config_reason(d);
		if (configured.trouble == NULL &&
		    (reason.code == NULL || configured.place == OPTION_ARGV ||
		     configured.place == OPTION_EXECSTART))
			set_data_root(d, configured.text,
				      derive_option_place_text(configured.place));
		if (reason.code == NULL)
			reason = (struct reason){"UK", "the data root is not configured plainly"};
	}
	place->data_root_state =
		arena_strdup(d->arena, place->data_root != NULL ? "ok" : reason.code);
}

static const Plimsoll__Containerd *containerd_process(const struct derivation *d, bool child)
{
	for (size_t i = 0; i < d->facts->n_containerd; i++) {
		const Plimsoll__Containerd *containerd = d->facts->containerd[i];

		if (containerd->has_parent_is_dockerd && containerd->parent_is_dockerd == child)
			return containerd;
	}
	return NULL;
}

/* What containerd's process tells: a child of dockerd has its own socket, a service the usual. */
static const char *containerd_socket_by_process(const struct derivation *d, bool *ret_seen)
{
	const Plimsoll__Containerd *child = containerd_process(d, true);
	const Plimsoll__Containerd *service = containerd_process(d, false);
	const Plimsoll__Containerd *chosen = child != NULL ? child : service;

	if (chosen != NULL && chosen->grpc_address != NULL && *chosen->grpc_address != '\0')
		return chosen->grpc_address;
	*ret_seen = chosen == NULL || child != NULL; /* a service's may be configured away */
	return child != NULL ? "/run/docker/containerd/containerd.sock"
			     : "/run/containerd/containerd.sock";
}

static void find_containerd_socket(struct derivation *d)
{
	Derived__Place *place = d->out->place;
	const Derived__Setting *setting = derive_setting(d, "containerd");
	bool is_seen = true;
	const char *path = containerd_socket_by_process(d, &is_seen);
	const char *state = setting->state;
	int64_t file;

	if (d->engine != NULL && d->engine->containerd_address != NULL &&
	    *d->engine->containerd_address != '\0') {
		path = d->engine->containerd_address;
		state = "ok";
	} else if (setting->configured != NULL && *setting->configured != '\0') {
		path = setting->configured;
	} else if (!is_seen) {
		state = "UK";
	}
	if (derive_is_stopped(d))
		state = "ok"; /* nothing runs: there is only what is configured */
	if (g_str_has_prefix(path, "unix://"))
		path += strlen("unix://");
	place->containerd_socket = arena_strdup(d->arena, path);
	place->containerd_socket_state = arena_strdup(d->arena, state);
	file = derive_file_find(d, PLIMSOLL__FILE__ROLE__CONTAINERD_SOCKET, path);
	if (file >= 0)
		WIRE_SET(place, containerd_socket_file, file);
}

void derive_place_paths(struct derivation *d)
{
	find_data_root(d);
	find_containerd_socket(d);
}
