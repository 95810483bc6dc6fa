/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 1 of the flow: processes as facts (FACTS 4.4): the engine's daemons, the first process of
 * each container, and SSH servers inside containers. Everything else stays on the host.
 */
#include "agent/collect/processes.h"

#include <string.h>

#include "agent/collect/containers.h"
#include "agent/collect/dockerd.h"
#include "agent/collect/hostinfo.h"
#include "agent/proc_text.h"

enum { MAX_DESCENT = 64 };

static const char *const engine_programs[] = {
	"dockerd",
	"containerd",
	"containerd-shim",
	"containerd-shim-runc-v1",
	"containerd-shim-runc-v2",
	"docker-containerd",
	"docker-containerd-shim",
	"docker-proxy",
	"podman",
	NULL,
};
/* Of these the program's path is a fact as well. */
static const char *const shown_programs[] = {
	"dockerd",
	"containerd",
	"containerd-shim",
	"containerd-shim-runc-v1",
	"containerd-shim-runc-v2",
	"docker-containerd",
	"docker-containerd-shim",
	NULL,
};
static const char *const watched_programs[] = {"sshd", "sshd-session", "dropbear", "tinysshd",
					       NULL};

struct process_survey {
	const struct host_process_table *table;
};

/* What a process is, on the way to becoming a fact. */
struct sorted_process {
	const struct host_process *process;
	char *exe_base, *argv0_base; /* NULL: not seen */
	const char *container_id;    /* NULL: of no container */
};

static void want(struct survey *survey)
{
	survey->processes = g_new0(struct process_survey, 1);
	survey->processes->table = host_want_processes(survey->batch);
}

const struct host_process_table *processes_table(const struct survey *survey)
{
	return survey->processes->table;
}

const struct host_process *processes_find(const struct survey *survey, int64_t pid)
{
	const struct host_process_table *table = survey->processes->table;
	guint low = 0;
	guint high = table->n_processes;

	while (low < high) {
		guint middle = low + (high - low) / 2;

		if (table->processes[middle].pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low < table->n_processes && table->processes[low].pid == pid ? &table->processes[low]
									    : NULL;
}

bool processes_are_of_host(const struct survey *survey)
{
	const struct host_process_table *table = survey->processes->table;
	const struct host_process *peer = processes_find(survey, dockerd_peer_pid(survey));

	if (table->is_first_pidns || dockerd_serving(survey) >= 0)
		return true;
	return peer != NULL && table->pidns >= 0 && peer->pidns == table->pidns;
}

bool processes_are_complete(const struct survey *survey)
{
	return survey->processes->table->state.status == PLIMSOLL__FETCH__STATUS__OK &&
	       processes_are_of_host(survey);
}

/* ---- which container a process belongs to ---- */

struct owner_search {
	const struct survey *survey;
	const char *found;
};

static bool take_known_id(const char *id, void *data)
{
	struct owner_search *search = data;

	search->found = containers_find_id(search->survey, id);
	return search->found == NULL;
}

static const char *owner_by_cgroup(const struct survey *survey, const struct host_process *process)
{
	struct owner_search search = {.survey = survey};

	if (process->cgroup != NULL)
		proc_cgroup_ids(process->cgroup, take_known_id, &search);
	return search.found;
}

/* An engine without cgroups: the pid namespace of the container's first process, when that is not
 * the host's; else descent from it. */
static const char *owner_by_descent(const struct survey *survey, const struct host_process *process)
{
	const char *id = containers_find_pidns(survey, process->pidns);

	for (guint i = 0; id == NULL && process != NULL && i < MAX_DESCENT; i++) {
		id = containers_find_pid(survey, process->pid);
		process = processes_find(survey, process->ppid);
	}
	return id;
}

static const char *owner_of(const struct survey *survey, const struct host_process *process)
{
	return containers_have_cgroups(survey) ? owner_by_cgroup(survey, process)
					       : owner_by_descent(survey, process);
}

/* ---- which processes are facts ---- */

static bool is_one_of(const char *const *names, const char *name)
{
	return name != NULL && g_strv_contains(names, name);
}

static bool is_watched(const struct sorted_process *sorted)
{
	return is_one_of(watched_programs, sorted->exe_base) ||
	       is_one_of(watched_programs, sorted->argv0_base);
}

static char *argv0_base(const struct host_process *process)
{
	char *base = process->argv0 == NULL ? NULL : proc_base_name(process->argv0);

	/* "sshd:" and "-sh": titles and login shells */
	if (base != NULL && g_str_has_suffix(base, ":"))
		base[strlen(base) - 1] = '\0';
	if (base != NULL && base[0] == '-')
		memmove(base, base + 1, strlen(base));
	return base;
}

static void sort_process(const struct survey *survey, const struct host_process *process,
			 struct sorted_process *ret_sorted)
{
	*ret_sorted = (struct sorted_process){
		.process = process,
		.exe_base = process->exe == NULL ? NULL : proc_base_name(process->exe),
		.argv0_base = argv0_base(process),
		.container_id = owner_of(survey, process),
	};
}

static void sorted_process_done(struct sorted_process *sorted)
{
	g_free(sorted->exe_base);
	g_free(sorted->argv0_base);
}

static Plimsoll__Process *make_fact(const struct survey *survey,
				    const struct sorted_process *sorted)
{
	const struct host_process *process = sorted->process;
	Plimsoll__Process *fact = survey_message(survey, &plimsoll__process__descriptor);

	WIRE_SET(fact, pid, process->pid);
	WIRE_SET(fact, ppid, process->ppid);
	WIRE_SET(fact, start_at, process->start_at);
	if (process->pidns >= 0)
		WIRE_SET(fact, pidns, process->pidns);
	fact->comm = survey_text(survey, process->comm);
	fact->exe_base = survey_text(survey, sorted->exe_base);
	fact->argv0_base = survey_text(survey, sorted->argv0_base);
	fact->container_id = survey_text(survey, sorted->container_id);
	if (sorted->container_id == NULL && is_one_of(shown_programs, sorted->exe_base))
		fact->exe = survey_text(survey, process->exe);
	return fact;
}

/* One row per container and program: sessions come and go, the server stays. */
static bool is_first_of_its_kind(GHashTable *seen, const struct sorted_process *sorted)
{
	char *key = g_strdup_printf(
		"%s %s %s", sorted->container_id, sorted->exe_base == NULL ? "" : sorted->exe_base,
		is_one_of(watched_programs, sorted->argv0_base) ? sorted->argv0_base : "");

	return g_hash_table_add(seen, key);
}

static bool is_fact(const struct survey *survey, GHashTable *seen,
		    const struct sorted_process *sorted)
{
	if (sorted->container_id == NULL) /* below other namespaces are other engines' */
		return is_one_of(engine_programs, sorted->exe_base) &&
		       sorted->process->pidns == survey->processes->table->pidns;
	if (containers_find_pid(survey, sorted->process->pid) != NULL) {
		(void)(is_watched(sorted) && is_first_of_its_kind(seen, sorted));
		return true;
	}
	return is_watched(sorted) && is_first_of_its_kind(seen, sorted);
}

static void add_processes(const struct survey *survey, GPtrArray *facts)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	const struct host_process_table *table = survey->processes->table;

	for (guint i = 0; i < table->n_processes; i++) {
		struct sorted_process sorted;

		sort_process(survey, &table->processes[i], &sorted);
		if (is_fact(survey, seen, &sorted))
			g_ptr_array_add(facts, make_fact(survey, &sorted));
		sorted_process_done(&sorted);
	}
}

/* Without the right to read pid 1's namespace nobody can tell, unless ours is the kernel's first.
 */
static void add_own_namespace(struct survey *survey)
{
	const struct host_process_table *table = survey->processes->table;

	if (hostinfo_self(survey)->pidns == PROC_FIRST_PIDNS)
		WIRE_SET(survey->facts->snapshot, agent_in_pidns, false);
	else if (table->pidns >= 0 && table->state.status != PLIMSOLL__FETCH__STATUS__PERMISSION)
		WIRE_SET(survey->facts->snapshot, agent_in_pidns, !processes_are_of_host(survey));
}

static void finish(struct survey *survey)
{
	const struct host_process_table *table = survey->processes->table;
	g_autoptr(GPtrArray) facts = g_ptr_array_new();

	add_processes(survey, facts);
	survey->facts->process = survey_list(survey, facts, &survey->facts->n_process);
	WIRE_SET(survey->facts->host, process_table_seen, processes_are_complete(survey));
	add_own_namespace(survey);
	survey_fetch(survey, "proc", "process", &table->state);
}

static void done(struct survey *survey)
{
	g_free(survey->processes);
}

const struct collector processes_collector = {
	.name = "processes",
	.want = {want},
	.finish = finish,
	.done = done,
};
