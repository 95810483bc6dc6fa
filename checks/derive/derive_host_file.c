/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which files the host checks (RULES, section 1) speak of on this host: the dockerd that runs, not
 * one of that name somewhere; the socket that the engine uses; the runtimes that it starts. Each
 * check has a name here and at least one row: a file, or the reason why there is none.
 */
#include "checks/derive/derive_internal.h"
#include "checks/derive/derive_path.h"

#define ROLE(name)        PLIMSOLL__FILE__ROLE__##name
#define DELETED           " (deleted)"
#define SHIM_V2           "containerd-shim-runc-v2"
#define CONTAINERD_CONFIG "/etc/containerd/config.toml"
#define CONTAINERD_ROOT   "/var/lib/containerd"

/* --- rows --- */

static Derived__HostFile *last_row(struct derivation *d, const char *name)
{
	size_t n = d->out->n_host_file;

	return n > 0 && strcmp(d->out->host_file[n - 1]->name, name) == 0 ? d->out->host_file[n - 1]
									  : NULL;
}

static void add_reason(struct derivation *d, const char *name, struct reason reason)
{
	Derived__HostFile *row = derive_new(d, &derived__host_file__descriptor);

	row->name = derive_constant(name);
	row->reason = derive_reason_text(d, reason);
	DERIVE_ADD(d, host_file, row);
}

static void add_unseen(struct derivation *d, const char *name, const char *path)
{
	add_reason(d, name, (struct reason){"UK", derive_text(d, "%s was not looked at", path)});
}

/* A file that is there under two names is one. */
static bool is_listed(const struct derivation *d, const char *name, const char *path)
{
	for (size_t i = d->out->n_host_file; i > 0; i--) {
		const Derived__HostFile *row = d->out->host_file[i - 1];

		if (strcmp(row->name, name) != 0)
			return false;
		if (g_strcmp0(row->path, path) == 0)
			return true;
	}
	return false;
}

static void add_file(struct derivation *d, const char *name, size_t index)
{
	const Plimsoll__File *file = d->facts->file[index];
	const char *path = derive_path_clean(d, file->real != NULL ? file->real : file->path);
	Derived__HostFile *row;

	if (is_listed(d, name, path))
		return;
	row = derive_new(d, &derived__host_file__descriptor);
	row->name = derive_constant(name);
	row->path = arena_strdup(d->arena, path);
	WIRE_SET(row, file, (int64_t)index);
	DERIVE_ADD(d, host_file, row);
}

/* --- ways to find files --- */

static void add_path(struct derivation *d, const char *name, Plimsoll__File__Role role,
		     const char *path)
{
	int64_t index = derive_file_find(d, role, path);

	if (index >= 0)
		add_file(d, name, (size_t)index);
	else
		add_unseen(d, name, path);
}

/* Whose program was replaced since it started is judged by the file that stands there now. */
static void add_exe(struct derivation *d, const char *name, Plimsoll__File__Role role,
		    const char *exe)
{
	const char *path = exe;

	if (exe == NULL || *exe != '/') {
		add_reason(d, name, (struct reason){"UK_PERM", "/proc/PID/exe"});
		return;
	}
	if (g_str_has_suffix(exe, DELETED))
		path = arena_strndup(d->arena, exe, strlen(exe) - strlen(DELETED));
	add_path(d, name, role, path);
}

static bool is_of_role(const Plimsoll__File *file, Plimsoll__File__Role role)
{
	return file->has_role && file->role == role;
}

static void add_role(struct derivation *d, const char *name, Plimsoll__File__Role role)
{
	for (size_t i = 0; i < d->facts->n_file; i++)
		if (is_of_role(d->facts->file[i], role) && derive_is_own_file(d, d->facts->file[i]))
			add_file(d, name, i);
	if (last_row(d, name) == NULL)
		add_reason(d, name, (struct reason){"UK", "the file was not looked at"});
}

/* A program as the checks name it; before Engine 17.12 some were called docker-NAME. */
struct program {
	Plimsoll__File__Role role;
	const char *name;
	bool has_old_name;
};

static bool is_program(const Plimsoll__File *file, const struct program *program)
{
	const char *slash = file->path != NULL ? strrchr(file->path, '/') : NULL;
	const char *base = slash != NULL ? slash + 1 : "";

	if (!is_of_role(file, program->role))
		return false;
	if (program->has_old_name && g_str_has_prefix(base, "docker-"))
		base += strlen("docker-");
	return strcmp(base, program->name) == 0;
}

static bool is_absent(const Plimsoll__File *file)
{
	return file->has_status && (file->status == PLIMSOLL__FILE__STATUS__ABSENT ||
				    file->status == PLIMSOLL__FILE__STATUS__DANGLING);
}

/* Every file of that name in the folders where programs lie. */
static void add_copies(struct derivation *d, const char *name, const struct program *program)
{
	for (size_t i = 0; i < d->facts->n_file; i++)
		if (is_program(d->facts->file[i], program) && !is_absent(d->facts->file[i]))
			add_file(d, name, i);
}

static bool was_looked_for(const struct derivation *d, Plimsoll__File__Role role)
{
	for (size_t i = 0; i < d->facts->n_file; i++)
		if (is_of_role(d->facts->file[i], role))
			return true;
	return false;
}

/* After add_copies(): the program is nowhere, or nobody looked. */
static void add_missing(struct derivation *d, const char *name, const struct program *program)
{
	if (last_row(d, name) != NULL)
		return;
	if (was_looked_for(d, program->role))
		add_reason(d, name, (struct reason){"NA_ABSENT", program->name});
	else
		add_unseen(d, name, program->name);
}

static bool are_processes_seen(const struct derivation *d)
{
	const Plimsoll__Host *host = d->facts->host;

	return host != NULL && host->has_process_table_seen && host->process_table_seen;
}

/* --- dockerd --- */

/* The unit may start a script that starts dockerd: then both count. */
static void add_startable_dockerd(struct derivation *d, const char *name)
{
	static const struct program dockerd = {ROLE(BINARY_DOCKERD), "dockerd", false};
	const Plimsoll__Unit *unit = derive_unit(d, "docker.service");
	const char *exec_path = unit != NULL ? unit->exec_path : NULL;

	if (exec_path != NULL && *exec_path == '/')
		add_path(d, name, dockerd.role, exec_path);
	if (exec_path == NULL || !g_str_has_suffix(exec_path, "/dockerd"))
		add_copies(d, name, &dockerd);
	if (last_row(d, name) != NULL)
		return;
	if (was_looked_for(d, dockerd.role))
		add_reason(d, name, (struct reason){"NA_NO_ENGINE", NULL});
	else
		add_unseen(d, name, dockerd.name);
}

static void find_dockerd(struct derivation *d, const char *name)
{
	const Derived__Place *place = d->out->place;

	if (d->serving != NULL)
		add_exe(d, name, ROLE(BINARY_DOCKERD), d->serving->exe);
	else if (derive_is_stopped(d))
		add_startable_dockerd(d, name);
	else
		add_reason(d, name, (struct reason){place->serving_state, place->serving_detail});
}

/* --- containerd --- */

/* The containerd that owns the engine's socket. NULL and no reason: none runs. */
static const Plimsoll__Containerd *find_containerd(struct derivation *d, struct reason *ret_reason)
{
	const Derived__Place *place = d->out->place;
	const char *socket = derive_path_real(d, place->containerd_socket);

	*ret_reason = REASON_OK;
	if (!are_processes_seen(d)) {
		*ret_reason = (struct reason){"UK_PERM", "the process table"};
		return NULL;
	}
	for (size_t i = 0; i < d->facts->n_containerd; i++) {
		const Plimsoll__Containerd *containerd = d->facts->containerd[i];
		const char *own = derive_path_real(d, containerd->grpc_address);

		if (strcmp(place->containerd_socket_state, "ok") == 0 && socket != NULL &&
		    g_strcmp0(own, socket) == 0)
			return containerd;
	}
	if (d->facts->n_containerd > 0)
		*ret_reason =
			(struct reason){"UK", "which containerd is the engine's was not seen"};
	return NULL;
}

static void find_containerd_program(struct derivation *d, const char *name, bool has_old_name)
{
	const struct program program = {ROLE(BINARY_CONTAINERD), "containerd", has_old_name};
	struct reason reason;
	const Plimsoll__Containerd *containerd = find_containerd(d, &reason);

	if (containerd != NULL) {
		add_exe(d, name, program.role, containerd->exe);
	} else if (reason.code != NULL) {
		add_reason(d, name, reason);
	} else {
		add_copies(d, name, &program);
		add_missing(d, name, &program);
	}
}

static void find_containerd_now(struct derivation *d, const char *name)
{
	find_containerd_program(d, name, false);
}

static void find_containerd_ever(struct derivation *d, const char *name)
{
	find_containerd_program(d, name, true);
}

/* dockerd writes the configuration of a containerd of its own at every start. */
static void find_containerd_config(struct derivation *d, const char *name)
{
	struct reason reason;
	const Plimsoll__Containerd *containerd = find_containerd(d, &reason);
	const char *path = CONTAINERD_CONFIG;

	if (containerd != NULL && !containerd->has_parent_is_dockerd)
		reason = (struct reason){"UK", "whether dockerd manages containerd was not seen"};
	else if (containerd != NULL && containerd->parent_is_dockerd)
		reason =
			(struct reason){"NA_ABSENT", "a configuration that dockerd does not write"};
	else if (containerd != NULL && containerd->config_path == NULL)
		reason = (struct reason){"UK_PERM", "containerd's command line"};
	else if (containerd != NULL)
		path = containerd->config_path;
	if (reason.code != NULL)
		add_reason(d, name, reason);
	else
		add_path(d, name, ROLE(CONTAINERD_CONFIG), path);
}

static void find_containerd_root(struct derivation *d, const char *name)
{
	struct reason reason;
	const Plimsoll__Containerd *containerd = find_containerd(d, &reason);

	if (containerd != NULL && containerd->root == NULL)
		reason = (struct reason){"UK", "containerd's root was not seen"};
	if (reason.code != NULL)
		add_reason(d, name, reason);
	else
		add_path(d, name, ROLE(CONTAINERD_ROOT),
			 containerd != NULL ? containerd->root : CONTAINERD_ROOT);
}

static void find_containerd_socket(struct derivation *d, const char *name)
{
	const Derived__Place *place = d->out->place;
	const char *state = place->containerd_socket_state;

	if (strcmp(state, "UK") == 0)
		add_reason(
			d, name,
			(struct reason){state, "which socket containerd listens at was not seen"});
	else if (strcmp(state, "ok") != 0)
		add_reason(d, name, (struct reason){state, NULL});
	else if (place->has_containerd_socket_file)
		add_file(d, name, (size_t)place->containerd_socket_file);
	else
		add_unseen(d, name, place->containerd_socket);
}

/* --- shims and runtimes --- */

static void find_shim(struct derivation *d, const char *name)
{
	static const struct program program = {ROLE(BINARY_SHIM), "containerd-shim", false};

	add_copies(d, name, &program);
	add_missing(d, name, &program);
}

static void find_shim_v1(struct derivation *d, const char *name)
{
	static const struct program program = {ROLE(BINARY_SHIM_V1), "containerd-shim-runc-v1",
					       false};

	add_copies(d, name, &program);
	add_missing(d, name, &program);
}

/* Those that run; while none does, those that could. */
static void find_shim_v2(struct derivation *d, const char *name)
{
	static const struct program program = {ROLE(BINARY_SHIM_V2), SHIM_V2, false};

	if (!are_processes_seen(d)) {
		add_reason(d, name, (struct reason){"UK_PERM", "the process table"});
		return;
	}
	for (size_t i = 0; i < d->facts->n_process; i++) {
		const Plimsoll__Process *process = d->facts->process[i];

		if (g_strcmp0(process->exe_base, SHIM_V2) == 0 && process->container_id == NULL)
			add_exe(d, name, program.role, process->exe);
	}
	if (last_row(d, name) != NULL)
		return;
	add_copies(d, name, &program);
	add_missing(d, name, &program);
}

/* A runtime without a path is a shim of its own, and one that is not there runs nothing. A path
 * that begins where dockerd was started leads nobody knows where. */
static void add_runtime(struct derivation *d, const char *name, const char *path)
{
	const struct program program = {ROLE(BINARY_RUNC), path, false};
	int64_t index;

	if (path == NULL || *path == '\0')
		return;
	if (*path != '/' && strchr(path, '/') != NULL) {
		add_unseen(d, name, path);
		return;
	}
	if (*path != '/') {
		add_copies(d, name, &program);
		return;
	}
	index = derive_file_find(d, program.role, path);
	if (index >= 0)
		add_file(d, name, (size_t)index);
}

static void find_runtimes(struct derivation *d, const char *name, bool has_old_name)
{
	const struct program runc = {ROLE(BINARY_RUNC), "runc", has_old_name};

	if (d->engine != NULL && d->engine->n_runtime == 0) {
		add_reason(d, name,
			   (struct reason){"UK_API", "GET /info did not list the runtimes"});
		return;
	}
	for (size_t i = 0; d->engine != NULL && i < d->engine->n_runtime; i++)
		add_runtime(d, name, d->engine->runtime[i]->path);
	if (d->engine == NULL || has_old_name)
		add_copies(d, name, &runc);
	add_missing(d, name, &runc);
}

static void find_runc_now(struct derivation *d, const char *name)
{
	find_runtimes(d, name, false);
}

static void find_runc_ever(struct derivation *d, const char *name)
{
	find_runtimes(d, name, true);
}

/* --- units and sockets --- */

static void add_unit_files(struct derivation *d, const char *name, const Plimsoll__Unit *unit,
			   Plimsoll__File__Role fragment, Plimsoll__File__Role dropin)
{
	if (unit->fragment == NULL)
		add_unseen(d, name, unit->name);
	else
		add_path(d, name, fragment, unit->fragment);
	for (size_t i = 0; i < unit->n_dropin; i++)
		add_path(d, name, dropin, unit->dropin[i]);
}

static void find_unit(struct derivation *d, const char *name, const char *unit_name,
		      Plimsoll__File__Role fragment, Plimsoll__File__Role dropin)
{
	const Plimsoll__Unit *unit = derive_unit(d, unit_name);
	bool is_there =
		unit != NULL && unit->has_status && unit->status == PLIMSOLL__FETCH__STATUS__OK;

	if (unit != NULL && unit->has_status && unit->status == PLIMSOLL__FETCH__STATUS__ABSENT)
		add_reason(d, name, (struct reason){"NA_NO_SYSTEMD", NULL});
	else if (is_there && unit->has_masked && unit->masked)
		add_reason(d, name, (struct reason){"NA_NO_SYSTEMD", NULL});
	else if (is_there && unit->has_masked)
		add_unit_files(d, name, unit, fragment, dropin);
	else if (unit != NULL && unit->has_status &&
		 unit->status == PLIMSOLL__FETCH__STATUS__PERMISSION)
		add_reason(d, name, (struct reason){"UK_PERM", unit_name});
	else
		add_unseen(d, name, unit_name);
}

static void find_docker_service(struct derivation *d, const char *name)
{
	find_unit(d, name, "docker.service", ROLE(DOCKER_SERVICE), ROLE(DOCKER_SERVICE_DROPIN));
}

static void find_docker_socket_unit(struct derivation *d, const char *name)
{
	find_unit(d, name, "docker.socket", ROLE(DOCKER_SOCKET_UNIT),
		  ROLE(DOCKER_SOCKET_UNIT_DROPIN));
}

/* Podman has no list of listeners: its socket is the one that answered. */
static void find_podman_socket(struct derivation *d, const char *name)
{
	static const char scheme[] = "unix://";
	const Plimsoll__Snapshot *snapshot = d->facts->snapshot;
	const char *endpoint = snapshot != NULL ? snapshot->endpoint : NULL;

	if (endpoint != NULL && g_str_has_prefix(endpoint, scheme))
		add_path(d, name, ROLE(API_SOCKET), endpoint + strlen(scheme));
	else
		add_reason(d, name, (struct reason){"NA", "no unix socket"});
}

static void add_listener(struct derivation *d, const char *name, const Derived__Listener *listener)
{
	if (*listener->path == '@')
		add_reason(
			d, name,
			(struct reason){"NA", derive_text(d, "%s is an abstract socket, not a file",
							  listener->path)});
	else if (listener->has_file)
		add_file(d, name, (size_t)listener->file);
	else
		add_unseen(d, name, listener->path);
}

static void find_api_sockets(struct derivation *d, const char *name)
{
	const Derived__ListenerState *state = d->out->listener_state;

	if (g_strcmp0(d->out->place->kind, "podman") == 0) {
		find_podman_socket(d, name);
		return;
	}
	if (strcmp(state->state, "ok") != 0) {
		add_reason(d, name, (struct reason){state->state, state->detail});
		return;
	}
	for (size_t i = 0; i < d->out->n_listener; i++)
		if (strcmp(d->out->listener[i]->kind, "unix") == 0)
			add_listener(d, name, d->out->listener[i]);
	if (last_row(d, name) == NULL)
		add_reason(d, name, (struct reason){"NA", "no unix socket"});
}

/* --- folders and configuration --- */

static void add_data_root(struct derivation *d, const char *name, size_t index)
{
	Derived__HostFile *row = NULL;

	add_file(d, name, index);
	row = last_row(d, name);
	if (row != NULL && g_strcmp0(row->path, d->out->place->data_root_child) == 0)
		row->path = d->out->place->data_root;
}

/* The folder that userns-remap made in the data root stands for it where only that was seen. */
static void find_data_root(struct derivation *d, const char *name)
{
	const Derived__Place *place = d->out->place;
	int64_t index = derive_file_find(d, ROLE(DATA_ROOT), place->data_root);

	if (index < 0)
		index = derive_file_find(d, ROLE(DATA_ROOT), place->data_root_child);
	if (place->data_root == NULL)
		add_reason(d, name,
			   (struct reason){place->data_root_state,
					   strcmp(place->data_root_state, "UK") == 0
						   ? "the data root is not known"
						   : NULL});
	else if (index >= 0)
		add_data_root(d, name, (size_t)index);
	else
		add_unseen(d, name, place->data_root);
}

static void find_config_dirs(struct derivation *d, const char *name)
{
	add_role(d, name, ROLE(CONFIG_DIR));
}

static void find_daemon_json(struct derivation *d, const char *name)
{
	add_role(d, name, ROLE(DAEMON_JSON));
}

static void find_default_docker(struct derivation *d, const char *name)
{
	add_role(d, name, ROLE(DEFAULT_DOCKER));
}

static void find_sysconfig_docker(struct derivation *d, const char *name)
{
	add_role(d, name, ROLE(SYSCONFIG_DOCKER));
}

static void find_run_containerd(struct derivation *d, const char *name)
{
	add_role(d, name, ROLE(RUN_CONTAINERD));
}

static const struct {
	const char *name;
	void (*find)(struct derivation *d, const char *name);
} checks[] = {
	{"dockerd", find_dockerd},
	{"run_containerd", find_run_containerd},
	{"data_root", find_data_root},
	{"config_dir", find_config_dirs},
	{"docker_service", find_docker_service},
	{"containerd_socket", find_containerd_socket},
	{"docker_socket_unit", find_docker_socket_unit},
	{"api_socket", find_api_sockets},
	{"default_docker", find_default_docker},
	{"daemon_json", find_daemon_json},
	{"containerd_config", find_containerd_config},
	{"sysconfig_docker", find_sysconfig_docker},
	{"containerd", find_containerd_now},
	{"containerd_ever", find_containerd_ever},
	{"shim", find_shim},
	{"shim_v1", find_shim_v1},
	{"shim_v2", find_shim_v2},
	{"runc", find_runc_now},
	{"runc_ever", find_runc_ever},
	{"containerd_root", find_containerd_root},
};

void derive_host_files(struct derivation *d)
{
	for (guint i = 0; i < G_N_ELEMENTS(checks); i++)
		checks[i].find(d, checks[i].name);
}
