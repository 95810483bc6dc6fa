/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 1 of the flow: the last round, when the engine has said which containers and volumes there
 * are: live facts of first processes (FACTS 5), realpaths of what is mounted. A live fact counts
 * only when the process is proved to be the container's: pids are used again.
 */
#include "agent/collect/containers.h"

#include <string.h>

#include "agent/collect/files.h"
#include "agent/collect/hostinfo.h"
#include "agent/collect/processes.h"
#include "agent/proc_text.h"

enum { START_TOLERANCE_S = 2 };

/* The first process of one container. */
struct live {
	Plimsoll__Container *container;
	const struct host_read *cgroup, *status, *uid_map;
	const struct host_read *stat;             /* NULL: its cgroup proves what it is */
	const struct host_read *apparmor, *label; /* NULL: the kernel has no AppArmor */
	struct namespace_links ns;
	bool is_proved;
	int64_t pidns; /* -1: not seen */
};

struct mount_place {
	Plimsoll__ContainerMount *mount;
	const struct host_stat *stat;
};

struct volume_place {
	Plimsoll__Volume *volume;
	const struct host_stat *stat;
};

struct container_survey {
	GArray *live;                  /* struct live */
	GArray *mounts;                /* struct mount_place */
	GArray *volumes;               /* struct volume_place */
	GHashTable *by_id;             /* id -> Plimsoll__Container* */
	GHashTable *by_pid, *by_pidns; /* int64_t* -> id, of proved processes */
	bool have_cgroups;
};

static const struct host_read *want_proc(struct survey *survey, const char *pid, const char *name)
{
	g_autofree char *path = g_build_filename("/proc", pid, name, NULL);

	return host_want_read(survey->batch, path, LIMIT_PROC_FILE_BYTES);
}

/* As the process table had it in the first round. */
static bool has_cgroup(const struct survey *survey, const Plimsoll__Container *container)
{
	const struct host_process *process = processes_find(survey, container->pid);

	return process != NULL && process->cgroup != NULL &&
	       proc_cgroup_has_id(process->cgroup, container->id);
}

static void want_live(struct survey *survey, Plimsoll__Container *container)
{
	g_autofree char *pid = g_strdup_printf("%" G_GINT64_FORMAT, container->pid);
	struct live live = {.container = container, .pidns = -1};

	if (!has_cgroup(survey, container))
		live.stat = want_proc(survey, pid, "stat");
	live.cgroup = want_proc(survey, pid, "cgroup");
	live.status = want_proc(survey, pid, "status");
	live.uid_map = want_proc(survey, pid, "uid_map");
	if (hostinfo_has_apparmor(survey)) {
		live.apparmor = want_proc(survey, pid, "attr/apparmor/current");
		live.label = want_proc(survey, pid, "attr/current");
	}
	namespaces_want(survey, pid, &live.ns);
	g_array_append_val(survey->containers->live, live);
}

static void want_container(struct survey *survey, Plimsoll__Container *container)
{
	g_hash_table_insert(survey->containers->by_id, container->id, container);
	if (container->has_pid && container->pid > 0)
		want_live(survey, container);
	for (size_t i = 0; i < container->n_mount; i++) {
		struct mount_place place = {.mount = container->mount[i]};

		if (g_strcmp0(place.mount->type, "bind") != 0 || place.mount->source == NULL ||
		    place.mount->source[0] != '/')
			continue;
		place.stat = host_want_stat(survey->batch, place.mount->source);
		g_array_append_val(survey->containers->mounts, place);
	}
}

static void want_volume(struct survey *survey, Plimsoll__Volume *volume)
{
	struct volume_place place = {.volume = volume};

	if (volume->bind_device == NULL || volume->bind_device[0] != '/')
		return;
	place.stat = host_want_stat(survey->batch, volume->bind_device);
	g_array_append_val(survey->containers->volumes, place);
}

static void want_all(struct survey *survey)
{
	struct container_survey *containers = g_new0(struct container_survey, 1);

	containers->live = g_array_new(FALSE, FALSE, sizeof(struct live));
	containers->mounts = g_array_new(FALSE, FALSE, sizeof(struct mount_place));
	containers->volumes = g_array_new(FALSE, FALSE, sizeof(struct volume_place));
	containers->by_id = g_hash_table_new(g_str_hash, g_str_equal);
	containers->by_pid = g_hash_table_new(g_int64_hash, g_int64_equal);
	containers->by_pidns = g_hash_table_new(g_int64_hash, g_int64_equal);
	survey->containers = containers;
	for (guint i = 0; survey->engine != NULL && i < survey->engine->containers->len; i++)
		want_container(survey, survey->engine->containers->pdata[i]);
	for (guint i = 0; survey->engine != NULL && i < survey->engine->volumes->len; i++)
		want_volume(survey, survey->engine->volumes->pdata[i]);
}

void containers_each_source(const struct survey *survey,
			    void (*each)(const char *source, const struct host_stat *stat,
					 void *data),
			    void *data)
{
	const struct container_survey *containers = survey->containers;

	for (guint i = 0; i < containers->mounts->len; i++) {
		const struct mount_place *place =
			&g_array_index(containers->mounts, struct mount_place, i);

		each(place->mount->source, place->stat, data);
	}
	for (guint i = 0; i < containers->volumes->len; i++) {
		const struct volume_place *place =
			&g_array_index(containers->volumes, struct volume_place, i);

		each(place->volume->bind_device, place->stat, data);
	}
}

/* ---- is it the container's process? ---- */

static bool is_ok(const struct host_read *read)
{
	return read != NULL && read->state.status == PLIMSOLL__FETCH__STATUS__OK;
}

static bool names_itself(const struct live *live)
{
	return is_ok(live->cgroup) && proc_cgroup_has_id(live->cgroup->data, live->container->id);
}

static int64_t started_at(const struct survey *survey, const char *id)
{
	for (guint i = 0; i < survey->engine->container_states->len; i++) {
		const Plimsoll__ContainerState *state = survey->engine->container_states->pdata[i];

		if (g_strcmp0(state->id, id) == 0)
			return state->has_started_at ? state->started_at : -1;
	}
	return -1;
}

/* For engines without cgroups: the process of the table, still the same one, started when the
 * engine started the container. */
static bool started_in_time(const struct survey *survey, const struct live *live)
{
	const struct host_process *process = processes_find(survey, live->container->pid);
	int64_t container_start = started_at(survey, live->container->id);
	struct proc_stat stat;

	return process != NULL && container_start >= 0 && is_ok(live->stat) &&
	       proc_stat_parse(live->stat->data, &stat) && stat.ppid == process->ppid &&
	       ABS(process->start_at - container_start) <= START_TOLERANCE_S;
}

static void prove(struct survey *survey)
{
	struct container_survey *containers = survey->containers;

	for (guint i = 0; i < containers->live->len; i++)
		containers->have_cgroups |=
			names_itself(&g_array_index(containers->live, struct live, i));
	for (guint i = 0; i < containers->live->len; i++) {
		struct live *live = &g_array_index(containers->live, struct live, i);

		live->is_proved = containers->have_cgroups ? names_itself(live)
							   : started_in_time(survey, live);
		live->pidns = proc_link_inode(live->ns.links[1]->target, "pid");
		if (!live->is_proved)
			continue;
		g_hash_table_insert(containers->by_pid, &live->container->pid, live->container->id);
		if (live->pidns >= 0 && live->pidns != processes_table(survey)->pidns)
			g_hash_table_insert(containers->by_pidns, &live->pidns,
					    live->container->id);
	}
}

const char *containers_find_id(const struct survey *survey, const char *id)
{
	char key[PROC_CONTAINER_ID_CHARS + 1];
	const Plimsoll__Container *container = NULL;

	(void)g_strlcpy(key, id, sizeof(key));
	container = g_hash_table_lookup(survey->containers->by_id, key);
	return container == NULL ? NULL : container->id;
}

const char *containers_find_pid(const struct survey *survey, int64_t pid)
{
	return g_hash_table_lookup(survey->containers->by_pid, &pid);
}

const char *containers_find_pidns(const struct survey *survey, int64_t pidns)
{
	return g_hash_table_lookup(survey->containers->by_pidns, &pidns);
}

bool containers_have_cgroups(const struct survey *survey)
{
	return survey->containers->have_cgroups;
}

/* ---- the facts ---- */

static void set_apparmor(const struct survey *survey, const struct live *live, Plimsoll__Live *fact)
{
	const struct host_read *read = NULL;
	g_autofree char *text = NULL;

	/* With another security module in charge attr/current holds that one's label. */
	if (live->apparmor == NULL)
		return;
	read = is_ok(live->apparmor) ? live->apparmor : live->label;
	if (!is_ok(read))
		return;
	text = g_strchomp(g_strdup(read->data));
	fact->apparmor_current = survey_text(survey, text);
}

static void set_live(const struct survey *survey, const struct live *live)
{
	Plimsoll__Live *fact = survey_message(survey, &plimsoll__live__descriptor);
	uint64_t number = 0;
	int64_t inside = 0;

	if (is_ok(live->status)) {
		const char *text = live->status->data;

		if (proc_status_number(text, "Uid", 1, 10, &number))
			WIRE_SET(fact, euid, (int64_t)number);
		if (proc_status_number(text, "NoNewPrivs", 0, 10, &number))
			WIRE_SET(fact, nnp, (int64_t)number);
		if (proc_status_number(text, "Seccomp", 0, 10, &number))
			WIRE_SET(fact, seccomp_mode, (int64_t)number);
	}
	if (fact->has_euid && is_ok(live->uid_map) &&
	    proc_map_inside(live->uid_map->data, fact->euid, &inside))
		WIRE_SET(fact, euid_in, inside);
	set_apparmor(survey, live, fact);
	fact->ns = namespaces_read(survey, &live->ns);
	live->container->live = fact;
}

static const struct host_state *worst_of(const struct host_state *a, const struct host_state *b)
{
	return a == NULL || a->status == PLIMSOLL__FETCH__STATUS__OK ? b : a;
}

/* One row for all containers: each ends and starts, the permission to look is what stays. */
static void note_live(struct survey *survey)
{
	const struct container_survey *containers = survey->containers;
	const struct host_state *state = NULL;

	for (guint i = 0; i < containers->live->len; i++) {
		const struct live *live = &g_array_index(containers->live, struct live, i);

		if (!live->is_proved &&
		    live->cgroup->state.status == PLIMSOLL__FETCH__STATUS__ABSENT)
			continue; /* ended meanwhile */
		state = worst_of(state, &live->cgroup->state);
		state = worst_of(state, &live->ns.links[0]->state);
	}
	if (state != NULL)
		survey_fetch(survey, "proc:containers", "process", state);
}

/* The container that this very agent runs in, when the engine knows it. */
static void mark_own(const struct survey *survey)
{
	const char *id = hostinfo_self(survey)->container_id;
	Plimsoll__Container *own =
		id == NULL ? NULL : g_hash_table_lookup(survey->containers->by_id, id);

	if (own != NULL)
		WIRE_SET(own, is_agent, true);
}

static void finish(struct survey *survey)
{
	const struct container_survey *containers = survey->containers;

	for (guint i = 0; i < containers->live->len; i++) {
		const struct live *live = &g_array_index(containers->live, struct live, i);

		if (live->is_proved && processes_are_of_host(survey))
			set_live(survey, live);
	}
	for (guint i = 0; i < containers->mounts->len; i++) {
		const struct mount_place *place =
			&g_array_index(containers->mounts, struct mount_place, i);

		place->mount->source_real =
			survey_text(survey, files_object_real(survey, place->stat));
		WIRE_SET(place->mount, source_status, files_status(place->stat));
	}
	for (guint i = 0; i < containers->volumes->len; i++) {
		const struct volume_place *place =
			&g_array_index(containers->volumes, struct volume_place, i);

		place->volume->bind_real =
			survey_text(survey, files_object_real(survey, place->stat));
		WIRE_SET(place->volume, bind_status, files_status(place->stat));
	}
	mark_own(survey);
	note_live(survey);
}

static void done(struct survey *survey)
{
	struct container_survey *containers = survey->containers;

	if (containers == NULL)
		return;
	g_array_unref(containers->live);
	g_array_unref(containers->mounts);
	g_array_unref(containers->volumes);
	g_hash_table_unref(containers->by_id);
	g_hash_table_unref(containers->by_pid);
	g_hash_table_unref(containers->by_pidns);
	g_free(containers);
}

const struct collector containers_collector = {
	.name = "containers",
	.want = {NULL, NULL, NULL, want_all},
	.settle = prove,
	.finish = finish,
	.done = done,
};
