/* SPDX-License-Identifier: Apache-2.0 */
/* Step 1 of the flow: containerd (FACTS 3.4), as a service of its own or as a child of dockerd. */
#include "agent/collect/containerd.h"

#include <string.h>

#include "agent/collect/files.h"
#include "agent/collect/options.h"
#include "agent/collect/processes.h"
#include "agent/proc_text.h"

enum { MAX_DAEMONS = 16 };

static const char default_config[] = "/etc/containerd/config.toml";

struct daemon {
	const struct host_process *process;
	char **words;
	char *config_path;
	const struct host_read *read;
	struct containerd_config config;
	bool is_read;
};

struct containerd_survey {
	struct daemon daemons[MAX_DAEMONS];
	guint n_daemons;
	const struct host_read *default_read;
};

static void want_default(struct survey *survey)
{
	survey->containerd = g_new0(struct containerd_survey, 1);
	survey->containerd->default_read =
		host_want_read(survey->batch, default_config, LIMIT_FILE_BYTES);
}

static bool is_containerd(const struct host_process_table *table,
			  const struct host_process *process)
{
	g_autofree char *base = process->exe == NULL ? NULL : proc_base_name(process->exe);

	return base != NULL && strcmp(base, "containerd") == 0 && table->pidns >= 0 &&
	       process->pidns == table->pidns && process->cmdline != NULL;
}

static void want_config(struct survey *survey, struct daemon *daemon)
{
	g_autofree char *given = NULL;

	daemon->words = options_words(daemon->process->cmdline, daemon->process->cmdline_size);
	given = options_last(pflag_containerd_options, (const char *const *)daemon->words,
			     "config");
	daemon->config_path = g_strdup(given == NULL ? default_config : given);
	if (daemon->config_path[0] == '/')
		daemon->read = host_want_read(survey->batch, daemon->config_path, LIMIT_FILE_BYTES);
}

static void want_from_processes(struct survey *survey)
{
	struct containerd_survey *containerd = survey->containerd;
	const struct host_process_table *table = processes_table(survey);

	for (guint i = 0; i < table->n_processes && containerd->n_daemons < MAX_DAEMONS; i++) {
		struct daemon *daemon = &containerd->daemons[containerd->n_daemons];

		if (!is_containerd(table, &table->processes[i]))
			continue;
		daemon->process = &table->processes[i];
		want_config(survey, daemon);
		containerd->n_daemons++;
	}
}

/* ---- config.toml ---- */

/* The text of a basic or literal string on one line; NULL: something else. gives: g_free(). */
static char *toml_string(const char *value)
{
	char quote = value[0];
	const char *end = NULL;

	if (quote != '"' && quote != '\'')
		return NULL;
	end = strchr(value + 1, quote);
	if (end == NULL || memchr(value, '\\', (size_t)(end - value)) != NULL)
		return NULL;
	return g_strndup(value + 1, (gsize)(end - value - 1));
}

/* "[grpc]", "[ grpc ]", "[[x]]": the name between the brackets. gives: g_free(). */
static char *toml_table(const char *line)
{
	size_t open = strspn(line, "[");
	g_autofree char *name = g_strndup(line + open, strcspn(line + open, "]#"));

	return g_strdup(g_strstrip(name));
}

static void take_value(struct containerd_config *config, const char *table, const char *line)
{
	const char *equals = strchr(line, '=');
	g_autofree char *key = NULL;
	char **place = NULL;

	if (equals == NULL)
		return;
	key = g_strstrip(g_strndup(line, (gsize)(equals - line)));
	if (table == NULL && strcmp(key, "root") == 0)
		place = &config->root;
	else if ((g_strcmp0(table, "grpc") == 0 && strcmp(key, "address") == 0) ||
		 (table == NULL && strcmp(key, "grpc.address") == 0))
		place = &config->address;
	else
		return;
	equals++;
	g_free(*place);
	*place = toml_string(equals + strspn(equals, " \t"));
}

void containerd_config_read(const char *text, struct containerd_config *ret_config)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autofree char *table = NULL;

	*ret_config = (struct containerd_config){0};
	for (guint i = 0; lines[i] != NULL; i++) {
		const char *line = g_strstrip(lines[i]);

		if (line[0] == '[') {
			g_free(table);
			table = toml_table(line);
		} else if (line[0] != '#') {
			take_value(ret_config, table, line);
		}
	}
}

void containerd_config_done(struct containerd_config *config)
{
	g_clear_pointer(&config->root, g_free);
	g_clear_pointer(&config->address, g_free);
}

/* ---- what it says ---- */

static void read_config(struct daemon *daemon)
{
	const char *const *words = (const char *const *)daemon->words;
	char *root = NULL;
	char *address = NULL;

	if (daemon->is_read || daemon->read == NULL ||
	    daemon->read->state.status == PLIMSOLL__FETCH__STATUS__NOT_TRIED)
		return;
	daemon->is_read = true;
	containerd_config_read(daemon->read->data, &daemon->config);
	root = options_last(pflag_containerd_options, words, "root");
	address = options_last(pflag_containerd_options, words, "address");
	if (root != NULL) {
		g_free(daemon->config.root);
		daemon->config.root = root;
	}
	if (address != NULL) {
		g_free(daemon->config.address);
		daemon->config.address = address;
	}
}

static void want_files_of(struct survey *survey, const struct daemon *daemon)
{
	files_want(survey, PLIMSOLL__FILE__ROLE__CONTAINERD_CONFIG, daemon->config_path);
	files_want(survey, PLIMSOLL__FILE__ROLE__CONTAINERD_ROOT, daemon->config.root);
	files_want_address(survey, PLIMSOLL__FILE__ROLE__CONTAINERD_SOCKET, daemon->config.address);
}

void containerd_want_files(struct survey *survey)
{
	struct containerd_survey *containerd = survey->containerd;
	struct containerd_config usual = {0};

	for (guint i = 0; i < containerd->n_daemons; i++) {
		read_config(&containerd->daemons[i]);
		want_files_of(survey, &containerd->daemons[i]);
	}
	containerd_config_read(containerd->default_read->data, &usual);
	files_want(survey, PLIMSOLL__FILE__ROLE__CONTAINERD_ROOT, usual.root);
	files_want_address(survey, PLIMSOLL__FILE__ROLE__CONTAINERD_SOCKET, usual.address);
	containerd_config_done(&usual);
}

static Plimsoll__Containerd *make_fact(const struct survey *survey, const struct daemon *daemon)
{
	Plimsoll__Containerd *fact = survey_message(survey, &plimsoll__containerd__descriptor);
	const struct host_process *parent = processes_find(survey, daemon->process->ppid);
	g_autofree char *base =
		parent == NULL || parent->exe == NULL ? NULL : proc_base_name(parent->exe);
	bool is_config_known =
		daemon->is_read && (daemon->read->state.status == PLIMSOLL__FETCH__STATUS__OK ||
				    daemon->read->state.status == PLIMSOLL__FETCH__STATUS__ABSENT);

	WIRE_SET(fact, pid, daemon->process->pid);
	WIRE_SET(fact, start_at, daemon->process->start_at);
	fact->exe = survey_text(survey, daemon->process->exe);
	if (daemon->process->ppid <= 1)
		WIRE_SET(fact, parent_is_dockerd, false);
	else if (base != NULL)
		WIRE_SET(fact, parent_is_dockerd, strcmp(base, "dockerd") == 0);
	fact->config_path = survey_text(survey, daemon->config_path);
	fact->grpc_address = survey_text(survey, daemon->config.address);
	fact->root = survey_text(survey, daemon->config.root);
	if (fact->root == NULL && is_config_known)
		fact->root = survey_text(survey, "/var/lib/containerd");
	if (fact->grpc_address == NULL && is_config_known)
		fact->grpc_address = survey_text(survey, "/run/containerd/containerd.sock");
	return fact;
}

static void finish(struct survey *survey)
{
	const struct containerd_survey *containerd = survey->containerd;
	g_autoptr(GPtrArray) facts = g_ptr_array_new();

	for (guint i = 0; i < containerd->n_daemons; i++)
		g_ptr_array_add(facts, make_fact(survey, &containerd->daemons[i]));
	survey->facts->containerd = survey_list(survey, facts, &survey->facts->n_containerd);
	survey_fetch(survey, "file:/etc/containerd/config.toml", "containerd",
		     &containerd->default_read->state);
	for (guint i = 0; i < containerd->n_daemons; i++) {
		const struct daemon *daemon = &containerd->daemons[i];
		g_autofree char *source = g_strconcat("file:", daemon->config_path, NULL);

		if (daemon->read != NULL && strcmp(daemon->config_path, default_config) != 0)
			survey_fetch(survey, source, "containerd", &daemon->read->state);
	}
}

static void done(struct survey *survey)
{
	for (guint i = 0; survey->containerd != NULL && i < survey->containerd->n_daemons; i++) {
		g_strfreev(survey->containerd->daemons[i].words);
		g_free(survey->containerd->daemons[i].config_path);
		containerd_config_done(&survey->containerd->daemons[i].config);
	}
	g_free(survey->containerd);
}

const struct collector containerd_collector = {
	.name = "containerd",
	.want = {want_default, want_from_processes},
	.finish = finish,
	.done = done,
};
