/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 1 of the flow: the engine's own process (FACTS 3.1, RULES 0.4). It is told by the program it
 * runs and by who holds the API's socket, never by the text of a command line: anybody can write
 * "dockerd" into that.
 */
#include "agent/collect/dockerd.h"

#include <errno.h>
#include <string.h>

#include "agent/collect/accounts.h"
#include "agent/collect/config.h"
#include "agent/collect/dockerd_listen.h"
#include "agent/collect/hostinfo.h"
#include "agent/collect/options.h"
#include "agent/collect/processes.h"
#include "agent/collect/unit.h"
#include "agent/proc_text.h"

enum { MAX_CANDIDATES = 16, ENVIRONMENT_BYTES = 1 << 20, PID_FILE_BYTES = 64 };

struct candidate {
	const struct host_process *process;
	char **words;
	const struct host_read *status, *limits, *environment, *gid_map;
	const struct host_read *pid_file; /* NULL: it writes none */
	struct dockerd_sockets sockets;
	struct namespace_links ns;
	char *cert_path; /* NULL: not seen */
};

struct dockerd_survey {
	const struct host_peer *peer; /* NULL: no unix endpoint */
	const struct host_read *pid_file;
	struct descriptors init; /* of process 1 */
	struct candidate candidates[MAX_CANDIDATES];
	guint n_candidates;
	int64_t user;
	int serving;          /* -1: none */
	const char *found_by; /* NULL: none */
	bool is_ambiguous;
};

static void want_peer(struct survey *survey)
{
	struct dockerd_survey *dockerd = g_new0(struct dockerd_survey, 1);

	if (survey->host->socket_path != NULL)
		dockerd->peer = host_want_peer(survey->batch, survey->host->socket_path);
	dockerd->pid_file = host_want_read(survey->batch, "/run/docker.pid", PID_FILE_BYTES);
	dockerd->serving = -1;
	survey->dockerd = dockerd;
}

/* The user in unix:///run/user/UID/docker.sock; 0: none. */
static int64_t user_of_endpoint(const struct survey *survey)
{
	static const char prefix[] = "/run/user/";
	const char *path = survey->host->socket_path;

	if (path == NULL || !g_str_has_prefix(path, prefix))
		return 0;
	return g_ascii_strtoll(path + strlen(prefix), NULL, 10);
}

static void want_pid_file(struct survey *survey, struct candidate *candidate)
{
	g_autofree char *given = options_last(pflag_dockerd_options,
					      (const char *const *)candidate->words, "pidfile");
	g_autofree char *of_user =
		g_strdup_printf("/run/user/%" G_GINT64_FORMAT "/docker.pid", survey->dockerd->user);
	const char *usual = survey->dockerd->user > 0 ? of_user : "/run/docker.pid";
	const char *path = given == NULL ? usual : given;

	if (path[0] == '/')
		candidate->pid_file = host_want_read(survey->batch, path, PID_FILE_BYTES);
}

static void want_process(struct survey *survey, struct candidate *candidate)
{
	g_autofree char *pid = g_strdup_printf("%" G_GINT64_FORMAT, candidate->process->pid);
	g_autofree char *folder = g_build_filename("/proc", pid, NULL);
	g_autofree char *status = g_build_filename(folder, "status", NULL);
	g_autofree char *limits = g_build_filename(folder, "limits", NULL);
	g_autofree char *environment = g_build_filename(folder, "environ", NULL);
	g_autofree char *gid_map = g_build_filename(folder, "gid_map", NULL);

	candidate->words =
		options_words(candidate->process->cmdline, candidate->process->cmdline_size);
	candidate->status = host_want_read(survey->batch, status, LIMIT_PROC_FILE_BYTES);
	candidate->limits = host_want_read(survey->batch, limits, LIMIT_PROC_FILE_BYTES);
	candidate->environment = host_want_read(survey->batch, environment, ENVIRONMENT_BYTES);
	candidate->gid_map = host_want_read(survey->batch, gid_map, LIMIT_PROC_FILE_BYTES);
	namespaces_want(survey, pid, &candidate->ns);
	want_pid_file(survey, candidate);
	dockerd_sockets_want(survey, folder, &candidate->sockets);
}

/* A dockerd inside a container runs in a pid namespace of its own, or its cgroup says so. */
static bool is_candidate(const struct host_process_table *table, const struct host_process *process)
{
	g_autofree char *base = process->exe == NULL ? NULL : proc_base_name(process->exe);

	return base != NULL && strcmp(base, "dockerd") == 0 && table->pidns >= 0 &&
	       process->pidns == table->pidns && process->cmdline != NULL;
}

static void want_candidates(struct survey *survey)
{
	struct dockerd_survey *dockerd = survey->dockerd;
	const struct host_process_table *table = processes_table(survey);

	dockerd->user = user_of_endpoint(survey);
	for (guint i = 0; i < table->n_processes && dockerd->n_candidates < MAX_CANDIDATES; i++) {
		struct candidate *candidate = &dockerd->candidates[dockerd->n_candidates];

		if (!is_candidate(table, &table->processes[i]))
			continue;
		candidate->process = &table->processes[i];
		want_process(survey, candidate);
		if (dockerd_peer_pid(survey) == candidate->process->pid)
			dockerd->user = dockerd->peer->uid;
		dockerd->n_candidates++;
	}
	if (dockerd->n_candidates > 0)
		descriptors_want(survey, "/proc/1", &dockerd->init);
}

guint dockerd_count(const struct survey *survey)
{
	return survey->dockerd->n_candidates;
}

const struct host_process *dockerd_process(const struct survey *survey, guint i)
{
	return survey->dockerd->candidates[i].process;
}

const char *const *dockerd_words(const struct survey *survey, guint i)
{
	return (const char *const *)survey->dockerd->candidates[i].words;
}

int64_t dockerd_user(const struct survey *survey)
{
	return survey->dockerd->user;
}

const char *dockerd_user_home(const struct survey *survey)
{
	return survey->dockerd->user <= 0 ? NULL : accounts_home(survey, survey->dockerd->user);
}

/* The kernel gives the number that the peer has in our own pid namespace. */
int64_t dockerd_peer_pid(const struct survey *survey)
{
	const struct host_peer *peer = survey->dockerd->peer;

	if (peer == NULL || peer->state.status != PLIMSOLL__FETCH__STATUS__OK ||
	    hostinfo_self(survey)->pidns != processes_table(survey)->pidns)
		return 0;
	return peer->pid;
}

bool dockerd_peer_is_hidden(const struct survey *survey)
{
	const struct host_peer *peer = survey->dockerd->peer;

	return peer != NULL && peer->state.status == PLIMSOLL__FETCH__STATUS__PERMISSION;
}

bool dockerd_peer_is_elsewhere(const struct survey *survey)
{
	const struct dockerd_survey *dockerd = survey->dockerd;

	return dockerd->peer != NULL && dockerd->peer->state.errno_value == ECONNREFUSED &&
	       g_strcmp0(dockerd->found_by, "socket") != 0;
}

const char *dockerd_cert_path(const struct survey *survey, guint i)
{
	return survey->dockerd->candidates[i].cert_path;
}

int dockerd_serving(const struct survey *survey)
{
	return survey->dockerd->serving;
}

static int64_t user_of(const struct candidate *candidate)
{
	uint64_t uid = 0;

	if (!proc_status_number(candidate->status->data, "Uid", 1, 10, &uid))
		return -1;
	return (int64_t)uid;
}

const char *dockerd_home(const struct survey *survey, guint i)
{
	return accounts_home(survey, user_of(&survey->dockerd->candidates[i]));
}

/* Takes the one variable out of the environment and wipes the rest. */
static void read_environment(struct candidate *candidate)
{
	static const char name[] = "DOCKER_CERT_PATH=";
	const struct host_read *read = candidate->environment;

	if (read->state.status != PLIMSOLL__FETCH__STATUS__OK)
		return;
	candidate->cert_path = g_strdup("");
	for (size_t at = 0; at < read->size; at += strlen(read->data + at) + 1) {
		if (!g_str_has_prefix(read->data + at, name))
			continue;
		g_free(candidate->cert_path);
		candidate->cert_path = g_strdup(read->data + at + strlen(name));
		break;
	}
	host_read_wipe(read);
}

static bool has_activated(const GPtrArray *hosts)
{
	for (guint i = 0; i < hosts->len; i++) {
		if (g_str_has_prefix(hosts->pdata[i], "fd://"))
			return true;
	}
	return false;
}

/* Whether a dockerd takes its sockets from systemd. */
static bool uses_activation(const struct survey *survey)
{
	g_autoptr(GPtrArray) configured = config_texts(survey, "hosts");
	bool is_used = has_activated(configured);

	for (guint i = 0; !is_used && i < survey->dockerd->n_candidates; i++) {
		g_autoptr(GPtrArray) given =
			options_all(pflag_dockerd_options, dockerd_words(survey, i), "host");

		is_used = has_activated(given);
	}
	return is_used;
}

static void want_sockets(struct survey *survey)
{
	for (guint i = 0; i < survey->dockerd->n_candidates; i++) {
		struct candidate *candidate = &survey->dockerd->candidates[i];

		read_environment(candidate);
		descriptors_want_links(survey, &candidate->sockets.fds);
	}
	if (survey->dockerd->n_candidates > 0 && uses_activation(survey))
		descriptors_want_links(survey, &survey->dockerd->init);
}

const struct host_read *dockerd_init_table(const struct survey *survey, const char *proto)
{
	int64_t init = hostinfo_init_namespace(survey, "net");

	for (guint i = 0; init >= 0 && i < survey->dockerd->n_candidates; i++) {
		const struct candidate *candidate = &survey->dockerd->candidates[i];
		const struct host_read *table = dockerd_sockets_table(&candidate->sockets, proto);

		if (namespaces_inode(&candidate->ns, "net") == init &&
		    table->state.status == PLIMSOLL__FETCH__STATUS__OK)
			return table;
	}
	return NULL;
}

GPtrArray *dockerd_activated(const struct survey *survey, guint i)
{
	const struct dockerd_survey *dockerd = survey->dockerd;

	return dockerd_sockets_activated(&dockerd->candidates[i].sockets, &dockerd->init);
}

/* ---- which one serves the API ---- */

static int find_pid(const struct dockerd_survey *dockerd, int64_t pid)
{
	for (guint i = 0; i < dockerd->n_candidates; i++) {
		if (dockerd->candidates[i].process->pid == pid)
			return (int)i;
	}
	return -1;
}

/* The only one of the candidates for which the question is answered with yes; -1: none, several. */
static int find_only(const struct survey *survey,
		     bool (*is_it)(const struct survey *survey, const struct candidate *candidate))
{
	int found = -1;

	for (guint i = 0; i < survey->dockerd->n_candidates; i++) {
		if (!is_it(survey, &survey->dockerd->candidates[i]))
			continue;
		if (found >= 0)
			return -1;
		found = (int)i;
	}
	return found;
}

static bool holds_endpoint(const struct survey *survey, const struct candidate *candidate)
{
	return dockerd_sockets_hold(&candidate->sockets, survey->host->socket_path);
}

static bool is_of_unit(const struct survey *survey, const struct candidate *candidate)
{
	(void)survey;
	return proc_cgroup_has_component(candidate->process->cgroup, "docker.service");
}

static bool is_of_user(const struct survey *survey, const struct candidate *candidate)
{
	return user_of(candidate) < 0 || user_of(candidate) == survey->dockerd->user;
}

/* The pid file and docker.service belong to the engine at the usual place only. */
static bool is_usual_endpoint(const struct survey *survey)
{
	const char *path = survey->host->socket_path;

	return strcmp(path, "/run/docker.sock") == 0 || strcmp(path, "/var/run/docker.sock") == 0;
}

int64_t dockerd_pid_in_file(const struct survey *survey)
{
	const struct host_read *file = survey->dockerd->pid_file;

	if (!is_usual_endpoint(survey) || file->state.status != PLIMSOLL__FETCH__STATUS__OK)
		return 0;
	return g_ascii_strtoll(file->data, NULL, 10);
}

static int find_by_pid_file(const struct survey *survey)
{
	return find_pid(survey->dockerd, dockerd_pid_in_file(survey));
}

static int find_by_unit(const struct survey *survey)
{
	return is_usual_endpoint(survey) ? find_only(survey, is_of_unit) : -1;
}

static int find_by_sockets(const struct survey *survey)
{
	return find_only(survey, holds_endpoint);
}

static int find_single(const struct survey *survey)
{
	return find_only(survey, is_of_user);
}

static int find_by_peer(const struct survey *survey)
{
	return find_pid(survey->dockerd, dockerd_peer_pid(survey));
}

struct step {
	const char *name;
	int (*find)(const struct survey *survey);
};

static const struct step steps[] = {
	{"socket", find_by_sockets},
	{"pidfile", find_by_pid_file},
	{"unit", find_by_unit},
	{"process", find_single},
};

/* No socket, or one that nobody listens on. */
static bool is_dead(const struct host_peer *peer)
{
	return peer->state.status == PLIMSOLL__FETCH__STATUS__ABSENT ||
	       peer->state.errno_value == ECONNREFUSED;
}

/*
 * How many of the steps may decide. Under socket activation the kernel names systemd (pid 1) as the
 * peer, and where asking is refused nobody: then all. With the engine down a dockerd that merely
 * runs is another one: all but that. A peer in a pid namespace that is not shown: only who holds
 * the socket itself. Any other peer is something else than a dockerd: none.
 */
static guint count_steps(const struct survey *survey)
{
	const struct host_peer *peer = survey->dockerd->peer;

	if (is_dead(peer))
		return G_N_ELEMENTS(steps) - 1;
	if (peer->state.status != PLIMSOLL__FETCH__STATUS__OK || dockerd_peer_pid(survey) == 1)
		return G_N_ELEMENTS(steps);
	return dockerd_peer_pid(survey) == 0 ? 1 : 0;
}

static void find_serving(struct survey *survey)
{
	struct dockerd_survey *dockerd = survey->dockerd;
	guint n_steps = 0;

	if (dockerd->peer == NULL)
		return;
	dockerd->serving = find_by_peer(survey);
	dockerd->found_by = dockerd->serving >= 0 ? "peercred" : NULL;
	if (dockerd->serving >= 0)
		return;
	n_steps = count_steps(survey);
	for (guint i = 0; i < n_steps && dockerd->serving < 0; i++) {
		dockerd->serving = steps[i].find(survey);
		dockerd->found_by = dockerd->serving >= 0 ? steps[i].name : NULL;
	}
	dockerd->is_ambiguous = dockerd->serving < 0 && n_steps > 0 && dockerd->n_candidates > 1;
}

/* ---- the facts ---- */

static void set_limits(const struct candidate *candidate, Plimsoll__Dockerd *fact)
{
	const char *text = candidate->limits->data;

	fact->has_nofile_soft = fact->has_nofile_hard =
		proc_limit(text, "Max open files", &fact->nofile_soft, &fact->nofile_hard);
	fact->has_nproc_soft = fact->has_nproc_hard =
		proc_limit(text, "Max processes", &fact->nproc_soft, &fact->nproc_hard);
}

/* Inside a rootless engine's user namespace group docker is another one than outside. */
static void set_docker_group(const struct survey *survey, const struct candidate *candidate,
			     Plimsoll__Dockerd *fact)
{
	int64_t gid = -1, mapped = -1;

	if (candidate->gid_map->state.status != PLIMSOLL__FETCH__STATUS__OK ||
	    !accounts_find_group(survey, "docker", &gid))
		return;
	if (gid >= 0)
		(void)proc_map_outside(candidate->gid_map->data, gid, &mapped);
	WIRE_SET(fact, docker_gid, mapped);
}

static void set_user(const struct survey *survey, const struct candidate *candidate,
		     Plimsoll__Dockerd *fact)
{
	uint64_t gid = 0;
	int64_t uid = user_of(candidate);

	if (uid < 0)
		return;
	WIRE_SET(fact, uid, uid);
	if (proc_status_number(candidate->status->data, "Gid", 1, 10, &gid))
		WIRE_SET(fact, gid, (int64_t)gid);
	set_docker_group(survey, candidate, fact);
	fact->home = survey_text(survey, accounts_home(survey, uid));
}

/* One that nobody waited for yet has neither a program nor words; who may not see the program of
 * another still sees its words. */
static bool has_ended(const struct host_process *process)
{
	return process->exe == NULL && process->argv0 == NULL;
}

/*
 * Helpers of published ports; what else a dockerd starts might be one by another name. Of its
 * runtime and its init it asks the version for every GET /info, so these come and go while it is
 * asked.
 */
static void set_children(const struct survey *survey, Plimsoll__Dockerd *fact)
{
	static const char *const known[] = {"containerd", "docker-containerd", "dockerd",
					    "runc",       "docker-runc",       "docker-init",
					    "tini",       "tini-static",       NULL};
	const struct host_process_table *table = processes_table(survey);
	int64_t n_proxies = 0, n_others = 0;

	for (guint i = 0; i < table->n_processes; i++) {
		const struct host_process *process = &table->processes[i];
		g_autofree char *base = process->exe == NULL ? NULL : proc_base_name(process->exe);

		if (process->ppid != fact->pid || has_ended(process))
			continue;
		if (g_strcmp0(base, "docker-proxy") == 0)
			n_proxies++;
		else if (base == NULL || !g_strv_contains(known, base))
			n_others++;
	}
	WIRE_SET(fact, docker_proxy_children, n_proxies);
	WIRE_SET(fact, other_children, n_others);
}

/* The start as a clock showed it that was set since: the process table counts from the boot. */
static void set_pid_file_time(const struct candidate *candidate, Plimsoll__Dockerd *fact)
{
	const struct host_read *file = candidate->pid_file;

	if (file != NULL && file->state.status == PLIMSOLL__FETCH__STATUS__OK &&
	    g_ascii_strtoll(file->data, NULL, 10) == fact->pid)
		WIRE_SET(fact, pid_file_at, file->mtime_s);
}

static Plimsoll__Dockerd__Role role_of(const struct dockerd_survey *dockerd, guint i)
{
	if (dockerd->is_ambiguous)
		return PLIMSOLL__DOCKERD__ROLE__AMBIGUOUS;
	return dockerd->serving == (int)i ? PLIMSOLL__DOCKERD__ROLE__SERVING
					  : PLIMSOLL__DOCKERD__ROLE__OTHER;
}

static void set_activated(const struct survey *survey, guint i, Plimsoll__Dockerd *fact)
{
	g_autoptr(GPtrArray) activated = dockerd_activated(survey, i);
	g_autoptr(GPtrArray) texts = g_ptr_array_new();

	WIRE_SET(fact, activated_seen, activated != NULL);
	for (guint k = 0; activated != NULL && k < activated->len; k++)
		g_ptr_array_add(texts, survey_text(survey, activated->pdata[k]));
	fact->activated = survey_list(survey, texts, &fact->n_activated);
}

static Plimsoll__Dockerd *make_fact(const struct survey *survey, guint i)
{
	const struct dockerd_survey *dockerd = survey->dockerd;
	const struct candidate *candidate = &dockerd->candidates[i];
	Plimsoll__Dockerd *fact = survey_message(survey, &plimsoll__dockerd__descriptor);

	WIRE_SET(fact, pid, candidate->process->pid);
	WIRE_SET(fact, start_at, candidate->process->start_at);
	fact->exe = survey_text(survey, candidate->process->exe);
	set_user(survey, candidate, fact);
	fact->ns = namespaces_read(survey, &candidate->ns);
	WIRE_SET(fact, role, role_of(dockerd, i));
	WIRE_SET(fact, argv_seen, candidate->process->cmdline_size > 0);
	fact->option =
		options_of_dockerd(survey, (const char *const *)candidate->words, &fact->n_option);
	set_limits(candidate, fact);
	fact->env_cert_path = survey_text(survey, candidate->cert_path);
	dockerd_sockets_set(survey, &candidate->sockets, fact);
	set_activated(survey, i, fact);
	if (processes_are_complete(survey))
		set_children(survey, fact);
	set_pid_file_time(candidate, fact);
	if (dockerd->serving == (int)i)
		fact->found_by = survey_text(survey, dockerd->found_by);
	return fact;
}

static void finish(struct survey *survey)
{
	const struct dockerd_survey *dockerd = survey->dockerd;
	g_autoptr(GPtrArray) facts = g_ptr_array_new();

	for (guint i = 0; i < dockerd->n_candidates; i++) {
		g_ptr_array_add(facts, make_fact(survey, i));
		survey_fetch(survey, "file:/proc/DOCKERD/fd", "dockerd",
			     &dockerd->candidates[i].sockets.fds.list->state);
		survey_fetch(survey, "file:/proc/DOCKERD/environ", "dockerd",
			     &dockerd->candidates[i].environment->state);
	}
	if (dockerd->peer != NULL)
		survey_fetch(survey, "peer", "dockerd", &dockerd->peer->state);
	survey->facts->dockerd = survey_list(survey, facts, &survey->facts->n_dockerd);
}

static void done(struct survey *survey)
{
	if (survey->dockerd == NULL)
		return;
	for (guint i = 0; i < survey->dockerd->n_candidates; i++) {
		g_strfreev(survey->dockerd->candidates[i].words);
		g_free(survey->dockerd->candidates[i].cert_path);
		descriptors_done(&survey->dockerd->candidates[i].sockets.fds);
	}
	descriptors_done(&survey->dockerd->init);
	g_free(survey->dockerd);
}

const struct collector dockerd_collector = {
	.name = "dockerd",
	.want = {want_peer, want_candidates, want_sockets, find_serving},
	.finish = finish,
	.done = done,
};
