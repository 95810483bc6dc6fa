/* SPDX-License-Identifier: Apache-2.0 */
/* Step 1 of the flow: names the paths that the checks of files, audit rules and mounts look at. */
#include "agent/collect/places.h"

#include <string.h>

#include "agent/collect/certs.h"
#include "agent/collect/config.h"
#include "agent/collect/containerd.h"
#include "agent/collect/dockerd.h"
#include "agent/collect/files.h"
#include "agent/collect/options.h"
#include "agent/collect/processes.h"
#include "agent/collect/unit.h"
#include "agent/proc_text.h"

#define ROLE(name) PLIMSOLL__FILE__ROLE__##name

static const struct {
	Plimsoll__File__Role role;
	const char *path;
} fixed[] = {
	{ROLE(CONFIG_DIR), "/etc/docker"},
	{ROLE(DAEMON_JSON), "/etc/docker/daemon.json"},
	{ROLE(DEFAULT_DOCKER), "/etc/default/docker"},
	{ROLE(SYSCONFIG_DOCKER), "/etc/sysconfig/docker"},
	{ROLE(API_SOCKET), "/run/docker.sock"},
	{ROLE(API_SOCKET), "/var/run/docker.sock"},
	{ROLE(API_SOCKET), "/run/podman/podman.sock"},
	{ROLE(CONTAINERD_SOCKET), "/run/containerd/containerd.sock"},
	{ROLE(CONTAINERD_SOCKET), "/var/run/containerd/containerd.sock"},
	{ROLE(CONTAINERD_SOCKET), "/run/docker/containerd/containerd.sock"},
	{ROLE(CONTAINERD_CONFIG), "/etc/containerd/config.toml"},
	{ROLE(RUN_CONTAINERD), "/run/containerd"},
	{ROLE(DATA_ROOT), "/var/lib/docker"},
	{ROLE(CONTAINERD_ROOT), "/var/lib/containerd"},
	{ROLE(SENSITIVE), "/"},
	{ROLE(SENSITIVE), "/boot"},
	{ROLE(SENSITIVE), "/dev"},
	{ROLE(SENSITIVE), "/etc"},
	{ROLE(SENSITIVE), "/lib"},
	{ROLE(SENSITIVE), "/lib64"},
	{ROLE(SENSITIVE), "/proc"},
	{ROLE(SENSITIVE), "/sys"},
	{ROLE(SENSITIVE), "/usr"},
	{ROLE(SENSITIVE), "/run"},
	{ROLE(SENSITIVE), "/var"},
	{ROLE(SENSITIVE), "/var/lib"},
	{ROLE(SENSITIVE), "/root"},
	{ROLE(SENSITIVE), "/var/spool/cron"},
	{ROLE(SENSITIVE), "/var/lib/kubelet"},
	{ROLE(SENSITIVE), "/etc/shadow"},
	{ROLE(SENSITIVE), "/etc/gshadow"},
	{ROLE(SENSITIVE), "/etc/ssh"},
	{ROLE(SENSITIVE), "/etc/docker"},
	{ROLE(SENSITIVE), "/etc/sudoers"},
	{ROLE(SENSITIVE), "/etc/sudoers.d"},
	{ROLE(SENSITIVE), "/etc/ssl/private"},
	{ROLE(SENSITIVE), "/etc/kubernetes"},
	{ROLE(SENSITIVE), "/dev/shm"},
	{ROLE(SENSITIVE), "/dev/mqueue"},
	{ROLE(SENSITIVE), "/dev/hugepages"},
	{ROLE(SENSITIVE), "/dev/log"},
};

static const char *const program_folders[] = {
	"/usr/local/sbin",          "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin",
	"/snap/docker/current/bin", "/usr/libexec",
};
/* The docker- names are those of Engine 17.12 and older. */
static const struct {
	Plimsoll__File__Role role;
	const char *name;
} programs[] = {
	{ROLE(BINARY_DOCKERD), "dockerd"},
	{ROLE(BINARY_CONTAINERD), "containerd"},
	{ROLE(BINARY_CONTAINERD), "docker-containerd"},
	{ROLE(BINARY_SHIM), "containerd-shim"},
	{ROLE(BINARY_SHIM), "docker-containerd-shim"},
	{ROLE(BINARY_SHIM_V1), "containerd-shim-runc-v1"},
	{ROLE(BINARY_SHIM_V2), "containerd-shim-runc-v2"},
	{ROLE(BINARY_RUNC), "runc"},
	{ROLE(BINARY_RUNC), "docker-runc"},
};

/* The option of dockerd and of its file for each file of the API's TLS, and its default name. */
static const struct {
	Plimsoll__File__Role role;
	const char *option, *default_name;
} tls_files[] = {
	{ROLE(TLS_CA), "tlscacert", "ca.pem"},
	{ROLE(TLS_CERT), "tlscert", "cert.pem"},
	{ROLE(TLS_KEY), "tlskey", "key.pem"},
};

static void want_configuration(struct survey *survey, const char *config_file)
{
	g_autofree char *folder = g_path_get_dirname(config_file);

	files_want(survey, ROLE(DAEMON_JSON), config_file);
	files_want(survey, ROLE(CONFIG_DIR), folder);
	certs_want_folder(survey, folder);
}

static void want_program(struct survey *survey, Plimsoll__File__Role role, const char *name)
{
	for (guint i = 0; i < G_N_ELEMENTS(program_folders); i++) {
		g_autofree char *path = g_build_filename(program_folders[i], name, NULL);

		files_want(survey, role, path);
	}
}

void places_want_fixed(struct survey *survey)
{
	for (guint i = 0; i < G_N_ELEMENTS(fixed); i++)
		files_want(survey, fixed[i].role, fixed[i].path);
	for (guint i = 0; i < G_N_ELEMENTS(programs); i++)
		want_program(survey, programs[i].role, programs[i].name);
	files_want(survey, ROLE(API_SOCKET), survey->host->socket_path);
	certs_want_folder(survey, "/etc/docker");
}

/* ---- round 2: processes and their command lines ---- */

/* What dockerd's words name, of a process or of ExecStart. */
static void want_from_words(struct survey *survey, const char *const *words)
{
	g_autoptr(GPtrArray) hosts = options_all(pflag_dockerd_options, words, "host");
	g_autofree char *config = options_last(pflag_dockerd_options, words, "config-file");
	g_autofree char *containerd = options_last(pflag_dockerd_options, words, "containerd");
	g_autofree char *data_root = options_last(pflag_dockerd_options, words, "data-root");
	g_autofree char *graph = options_last(pflag_dockerd_options, words, "graph");

	for (guint i = 0; i < hosts->len; i++)
		files_want_address(survey, ROLE(API_SOCKET), hosts->pdata[i]);
	if (config != NULL && config[0] == '/')
		want_configuration(survey, config);
	files_want_address(survey, ROLE(CONTAINERD_SOCKET), containerd);
	files_want(survey, ROLE(DATA_ROOT), data_root);
	files_want(survey, ROLE(DATA_ROOT), graph);
	for (guint i = 0; i < G_N_ELEMENTS(tls_files); i++) {
		g_autofree char *path =
			options_last(pflag_dockerd_options, words, tls_files[i].option);

		files_want(survey, tls_files[i].role, path);
	}
}

/* A running program is looked at where it runs from, unless that file is gone. */
static void want_running_programs(struct survey *survey)
{
	const struct host_process_table *table = processes_table(survey);

	for (guint i = 0; i < table->n_processes; i++) {
		const struct host_process *process = &table->processes[i];
		g_autofree char *base = NULL;

		if (process->exe == NULL || process->pidns != table->pidns ||
		    g_str_has_suffix(process->exe, " (deleted)"))
			continue;
		base = proc_base_name(process->exe);
		for (guint k = 0; k < G_N_ELEMENTS(programs); k++) {
			if (strcmp(programs[k].name, base) == 0)
				files_want(survey, programs[k].role, process->exe);
		}
	}
}

static void want_of_user(struct survey *survey)
{
	const char *home = dockerd_user_home(survey);
	g_autofree char *config = NULL;
	g_autofree char *socket = NULL;
	g_autofree char *data_root = NULL;

	if (home == NULL)
		return;
	config = g_build_filename(home, ".config/docker/daemon.json", NULL);
	data_root = g_build_filename(home, ".local/share/docker", NULL);
	socket =
		g_strdup_printf("/run/user/%" G_GINT64_FORMAT "/docker.sock", dockerd_user(survey));
	want_configuration(survey, config);
	files_want(survey, ROLE(API_SOCKET), socket);
	files_want(survey, ROLE(DATA_ROOT), data_root);
}

void places_want_from_argv(struct survey *survey)
{
	for (guint i = 0; i < dockerd_count(survey); i++)
		want_from_words(survey, dockerd_words(survey, i));
	want_running_programs(survey);
	want_of_user(survey);
	containerd_want_files(survey);
	certs_go_on(survey);
}

/* ---- round 3: what the configuration, the units and the environment name ---- */

static void want_from_configuration(struct survey *survey)
{
	g_autoptr(GPtrArray) hosts = config_texts(survey, "hosts");
	g_autoptr(GPtrArray) data_roots = config_texts(survey, "data-root");
	g_autoptr(GPtrArray) graphs = config_texts(survey, "graph");
	g_autoptr(GPtrArray) containerds = config_texts(survey, "containerd");

	for (guint i = 0; i < hosts->len; i++)
		files_want_address(survey, ROLE(API_SOCKET), hosts->pdata[i]);
	for (guint i = 0; i < containerds->len; i++)
		files_want_address(survey, ROLE(CONTAINERD_SOCKET), containerds->pdata[i]);
	for (guint i = 0; i < data_roots->len; i++)
		files_want(survey, ROLE(DATA_ROOT), data_roots->pdata[i]);
	for (guint i = 0; i < graphs->len; i++)
		files_want(survey, ROLE(DATA_ROOT), graphs->pdata[i]);
	for (guint i = 0; i < G_N_ELEMENTS(tls_files); i++) {
		g_autoptr(GPtrArray) paths = config_texts(survey, tls_files[i].option);

		for (guint k = 0; k < paths->len; k++)
			files_want(survey, tls_files[i].role, paths->pdata[k]);
	}
}

static void want_default_tls_files(struct survey *survey, const char *folder)
{
	for (guint i = 0; i < G_N_ELEMENTS(tls_files); i++) {
		g_autofree char *path = g_build_filename(folder, tls_files[i].default_name, NULL);

		files_want(survey, tls_files[i].role, path);
	}
}

static void want_certificate_folders(struct survey *survey)
{
	for (guint i = 0; i < dockerd_count(survey); i++) {
		const char *given = dockerd_cert_path(survey, i);
		const char *home = dockerd_home(survey, i);
		g_autofree char *usual =
			g_build_filename(home == NULL ? "/" : home, ".docker", NULL);

		if (given != NULL && given[0] != '\0')
			want_default_tls_files(survey, given);
		else if (home != NULL)
			want_default_tls_files(survey, usual);
	}
}

static void want_from_units(struct survey *survey)
{
	const GPtrArray *listens = unit_listens(survey, UNIT_DOCKER_SOCKET);

	for (guint i = 0; i < listens->len; i++)
		files_want_address(survey, ROLE(API_SOCKET), listens->pdata[i]);
	files_want(survey, ROLE(BINARY_DOCKERD), unit_exec_path(survey, UNIT_DOCKER_SERVICE));
	files_want(survey, ROLE(BINARY_CONTAINERD),
		   unit_exec_path(survey, UNIT_CONTAINERD_SERVICE));
	want_from_words(survey, unit_exec_words(survey, UNIT_DOCKER_SERVICE));
}

void places_want_from_files(struct survey *survey)
{
	want_from_configuration(survey);
	want_certificate_folders(survey);
	want_from_units(survey);
	containerd_want_files(survey);
	certs_go_on(survey);
}

/* ---- round 4: what the engine names ---- */

/* userns-remap puts its own directory, named by ids, below the data root: both count. */
static void want_data_root(struct survey *survey, const char *path)
{
	g_autofree char *parent = NULL;

	if (path == NULL || path[0] != '/')
		return;
	parent = g_path_get_dirname(path);
	files_want(survey, ROLE(DATA_ROOT), path);
	if (survey->engine->engine->userns)
		files_want(survey, ROLE(DATA_ROOT), parent);
}

static void want_activated_sockets(struct survey *survey)
{
	for (guint i = 0; i < dockerd_count(survey); i++) {
		g_autoptr(GPtrArray) activated = dockerd_activated(survey, i);

		for (guint k = 0; activated != NULL && k < activated->len; k++)
			files_want_address(survey, ROLE(API_SOCKET), activated->pdata[k]);
	}
}

/* A runtime is a path, or a name that the engine looks up. */
static void want_runtime(struct survey *survey, const char *path)
{
	if (path == NULL || path[0] == '\0')
		return;
	if (path[0] == '/')
		files_want(survey, ROLE(BINARY_RUNC), path);
	else if (strchr(path, '/') == NULL)
		want_program(survey, ROLE(BINARY_RUNC), path);
}

void places_want_from_engine(struct survey *survey)
{
	const Plimsoll__Engine *engine = survey->engine == NULL ? NULL : survey->engine->engine;

	want_activated_sockets(survey);
	want_from_configuration(survey);
	want_from_units(survey);
	containerd_want_files(survey);
	certs_go_on(survey);
	if (engine == NULL)
		return;
	want_data_root(survey, engine->root_dir);
	files_want_address(survey, ROLE(CONTAINERD_SOCKET), engine->containerd_address);
	for (size_t i = 0; i < engine->n_runtime; i++)
		want_runtime(survey, engine->runtime[i]->path);
}
