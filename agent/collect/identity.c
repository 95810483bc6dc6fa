/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 1 of the flow: do the host's files and the engine's answers belong together (RULES 0.3)? A
 * forwarded socket or a virtual machine behind one must not be judged by the files around it.
 */
#include "agent/collect/identity.h"

#include <string.h>

#include "agent/collect/containers.h"
#include "agent/collect/dockerd.h"
#include "agent/collect/files.h"
#include "agent/collect/hostinfo.h"
#include "agent/collect/processes.h"
#include "agent/collect/unit.h"
#include "agent/proc_text.h"

static const Plimsoll__Engine *engine_of(const struct survey *survey)
{
	return survey->engine == NULL ? NULL : survey->engine->engine;
}

static bool is_podman(const Plimsoll__Engine *engine)
{
	return engine != NULL && engine->has_kind && engine->kind == PLIMSOLL__ENGINE__KIND__PODMAN;
}

/* The program of a process; who may not see that goes by its name: here the question is only
 * whether the engine is on this machine at all. */
static bool runs(const struct host_process *process, const char *program)
{
	g_autofree char *base = process->exe == NULL ? NULL : proc_base_name(process->exe);

	return strcmp(base != NULL ? base : process->comm, program) == 0;
}

static bool any_runs(const struct survey *survey, const char *program)
{
	const struct host_process_table *table = processes_table(survey);

	for (guint i = 0; i < table->n_processes; i++) {
		bool is_of_host =
			table->processes[i].pidns == table->pidns || table->processes[i].pidns < 0;

		if (is_of_host && runs(&table->processes[i], program))
			return true;
	}
	return false;
}

/* A container that sees the host's /proc, but not who runs what: then the pid file's word must do.
 * A dockerd whose sockets were seen would have been found by them. */
static const struct host_process *find_unproved(const struct survey *survey)
{
	const struct host_process *process = processes_find(survey, dockerd_pid_in_file(survey));

	return process != NULL && process->exe == NULL ? process : NULL;
}

/*
 * Who may not see who holds the socket, which is so over SSH without root, sees at least whether
 * the containers that the engine calls running are processes of this machine.
 */
static bool has_foreign_containers(const struct survey *survey)
{
	const GPtrArray *containers = survey->engine->containers;
	bool runs_any = false;

	for (guint i = 0; i < containers->len; i++) {
		const Plimsoll__Container *container = containers->pdata[i];

		if (!container->has_pid || container->pid <= 0)
			continue;
		if (containers_find_pid(survey, container->pid) != NULL)
			return false;
		runs_any = true;
	}
	return runs_any;
}

/* Why the engine that answered is not the one of this host; NULL: it is. */
static const char *find_mismatch(const struct survey *survey)
{
	const Plimsoll__Engine *engine = engine_of(survey);
	const struct host_self *self = hostinfo_self(survey);
	int64_t pid = dockerd_peer_pid(survey);
	const char *program = is_podman(engine) ? "podman" : "dockerd";
	const struct host_process *process = NULL;

	if (engine != NULL && engine->kernel != NULL && self->kernel != NULL &&
	    strcmp(engine->kernel, self->kernel) != 0)
		return arena_printf(survey->arena, "the engine runs on kernel %.64s, this is %.64s",
				    engine->kernel, self->kernel);
	if (engine != NULL && dockerd_peer_is_hidden(survey) && has_foreign_containers(survey))
		return "none of the engine's running containers is a process of this machine";
	if (dockerd_peer_is_elsewhere(survey))
		return "nobody was seen to listen on the socket that the engine answered on";
	if (dockerd_serving(survey) >= 0)
		return NULL;
	process = processes_find(survey, pid);
	if (process == NULL)
		process = find_unproved(survey);
	if (process == NULL && survey->host->has_root_dir &&
	    processes_table(survey)->state.status == PLIMSOLL__FETCH__STATUS__NOT_TRIED)
		return "the tree given as --root shows no /proc of the host";
	if (process == NULL)
		return "the process behind the socket is not one of this pid namespace";
	if (runs(process, program))
		return NULL;
	if (pid == 1) /* systemd listens and hands the socket on; podman ends when idle */
		return is_podman(engine) || any_runs(survey, program)
			       ? NULL
			       : "systemd holds the socket, but no engine runs here";
	return arena_printf(survey->arena, "the socket is held by %.32s", process->comm);
}

static void set_match(struct survey *survey, Plimsoll__Snapshot *snapshot)
{
	const char *mismatch = NULL;

	if (survey->host->socket_path == NULL)
		mismatch = "it was asked by TCP, which does not tell whose files are its own";
	else if (hostinfo_self(survey)->has_foreign_root)
		mismatch =
			"the agent sees other mounts than the host; --root names the host's tree";
	else if (engine_of(survey) != NULL)
		mismatch = find_mismatch(survey);
	WIRE_SET(snapshot, host_matches_engine, mismatch == NULL);
	snapshot->host_mismatch = survey_text(survey, mismatch);
}

static void set_installed(const struct survey *survey, Plimsoll__Snapshot *snapshot)
{
	bool is_installed = files_first(survey, PLIMSOLL__FILE__ROLE__BINARY_DOCKERD) != NULL ||
			    unit_exists(survey, UNIT_DOCKER_SERVICE) ||
			    unit_exists(survey, UNIT_DOCKER_SOCKET);

	if (is_installed || files_are_all_seen(survey, PLIMSOLL__FILE__ROLE__BINARY_DOCKERD))
		WIRE_SET(snapshot, dockerd_installed, is_installed);
}

/* By TCP the report is about the machine that was asked, not the one that asks. */
static void set_remote_name(const struct survey *survey, Plimsoll__Snapshot *snapshot)
{
	static const char scheme[] = "tcp://";
	const char *endpoint = survey->host->endpoint;
	const char *port = strrchr(endpoint, ':');

	if (survey->host->socket_path == NULL && g_str_has_prefix(endpoint, scheme))
		snapshot->hostname = arena_strndup(survey->arena, endpoint + strlen(scheme),
						   (size_t)(port - endpoint) - strlen(scheme));
}

static void set_caution(const struct survey *survey)
{
	g_autoptr(GPtrArray) texts = g_ptr_array_new();

	if (survey->host->caution == NULL)
		return;
	g_ptr_array_add(texts, arena_strdup(survey->arena, survey->host->caution));
	survey->observed->warning_text =
		(char **)survey_list(survey, texts, &survey->observed->n_warning_text);
}

void identity_set(struct survey *survey)
{
	Plimsoll__Engine *engine = survey->engine == NULL ? NULL : survey->engine->engine;

	set_remote_name(survey, survey->facts->snapshot);
	set_caution(survey);
	set_match(survey, survey->facts->snapshot);
	set_installed(survey, survey->facts->snapshot);
	if (engine != NULL && engine->root_dir != NULL)
		engine->root_dir_real =
			survey_text(survey, files_real(survey, PLIMSOLL__FILE__ROLE__DATA_ROOT,
						       engine->root_dir));
}

const char *identity_engine_key(const struct survey *survey)
{
	const Plimsoll__Engine *engine = engine_of(survey);
	const char *path = survey->host->socket_path == NULL ? "" : survey->host->socket_path;
	bool podman = engine != NULL ? is_podman(engine) : g_str_has_suffix(path, "/podman.sock");
	int64_t user = dockerd_user(survey);
	bool rootless = engine != NULL && engine->has_rootless ? engine->rootless : user > 0;

	if (rootless)
		return arena_printf(survey->arena, "%s:%" G_GINT64_FORMAT,
				    podman ? "podman" : "rootless", user);
	return podman ? "podman" : "rootful";
}
