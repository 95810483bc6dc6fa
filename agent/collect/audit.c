/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 1 of the flow: audit rules (FACTS 4.3), loaded ones and those in files, each with what its
 * path is on this host: the real parent, whether it is a folder, whether a link.
 */
#include <string.h>
#include <sys/stat.h>

#include "agent/collect/survey.h"
#include "agent/host/audit_text.h"

enum { MAX_RULE_FILES = 256 };

static const char main_file[] = "/etc/audit/audit.rules";
static const char folder[] = "/etc/audit/rules.d";

struct rule_file {
	const struct host_read *read;
	const struct host_audit_rule *rules;
	guint n_rules;
};

struct audit_survey {
	const struct host_audit *loaded;
	const struct host_list *list;
	GArray *files;     /* struct rule_file, in byte order of names */
	GHashTable *paths; /* path -> struct host_stat* */
};

static void want_rules(struct survey *survey)
{
	struct audit_survey *audit = g_new0(struct audit_survey, 1);
	struct rule_file file = {
		.read = host_want_read(survey->batch, main_file, LIMIT_FILE_BYTES),
	};

	audit->loaded = host_want_audit(survey->batch);
	audit->list = host_want_list(survey->batch, folder, MAX_RULE_FILES);
	audit->files = g_array_new(FALSE, FALSE, sizeof(struct rule_file));
	audit->paths = g_hash_table_new(g_str_hash, g_str_equal);
	g_array_append_val(audit->files, file);
	survey->audit = audit;
}

static void want_path(struct survey *survey, const struct host_audit_rule *rule)
{
	const struct host_stat *stat = NULL;

	if (rule->path == NULL || rule->path[0] != '/' ||
	    g_hash_table_contains(survey->audit->paths, rule->path))
		return;
	stat = host_want_stat(survey->batch, rule->path);
	g_hash_table_insert(survey->audit->paths, (gpointer)(uintptr_t)rule->path,
			    (gpointer)(uintptr_t)stat);
}

static void want_paths_of_files(struct survey *survey, guint first)
{
	const struct audit_survey *audit = survey->audit;

	for (guint i = first; i < audit->files->len; i++) {
		struct rule_file *file = &g_array_index(audit->files, struct rule_file, i);
		bool truncated = false;

		if (file->rules != NULL)
			continue;
		file->rules = audit_text_rules(file->read->data, survey->arena, &file->n_rules,
					       &truncated);
		for (guint k = 0; k < file->n_rules; k++)
			want_path(survey, &file->rules[k]);
	}
}

static void want_files(struct survey *survey)
{
	const struct audit_survey *audit = survey->audit;

	want_paths_of_files(survey, 0);
	for (guint i = 0; i < audit->loaded->n_rules; i++)
		want_path(survey, &audit->loaded->rules[i]);
	for (guint i = 0; i < audit->list->n_names; i++) {
		g_autofree char *path = g_build_filename(folder, audit->list->names[i], NULL);
		struct rule_file file = {0};

		if (!g_str_has_suffix(path, ".rules"))
			continue;
		file.read = host_want_read(survey->batch, path, LIMIT_FILE_BYTES);
		g_array_append_val(audit->files, file);
	}
}

static void want_their_paths(struct survey *survey)
{
	want_paths_of_files(survey, 1);
}

/* ---- the facts ---- */

static void set_path(const struct survey *survey, const struct host_audit_rule *rule,
		     Plimsoll__AuditRule *fact)
{
	const struct host_stat *stat = NULL;

	fact->path = survey_text(survey, rule->path);
	if (rule->path != NULL)
		stat = g_hash_table_lookup(survey->audit->paths, rule->path);
	if (stat == NULL)
		return;
	fact->path_real = survey_text(survey, stat->real_parent);
	if (stat->state.status == PLIMSOLL__FETCH__STATUS__OK)
		WIRE_SET(fact, path_is_dir, S_ISDIR(stat->mode));
	else if (stat->state.status == PLIMSOLL__FETCH__STATUS__ABSENT)
		WIRE_SET(fact, path_is_dir, false);
	if (stat->real_parent != NULL)
		WIRE_SET(fact, path_is_link, stat->is_link);
}

static void set_fields(const struct survey *survey, const struct host_audit_rule *rule,
		       Plimsoll__AuditRule *fact)
{
	g_autoptr(GPtrArray) fields = g_ptr_array_new();

	for (guint i = 0; i < rule->n_fields; i++) {
		Plimsoll__AuditField *field =
			survey_message(survey, &plimsoll__audit_field__descriptor);

		field->name = survey_text(survey, rule->fields[i].name);
		field->op = survey_text(survey, rule->fields[i].op);
		field->value = survey_text(survey, rule->fields[i].value);
		g_ptr_array_add(fields, field);
	}
	fact->field = survey_list(survey, fields, &fact->n_field);
}

/* `-w FOLDER` in a file becomes a dir= rule when it is loaded. */
static void set_dir(const struct host_audit_rule *rule, Plimsoll__AuditRule *fact)
{
	if (rule->path == NULL)
		return;
	if (rule->has_dir)
		WIRE_SET(fact, dir, rule->dir);
	else if (fact->origin == PLIMSOLL__AUDIT_RULE__ORIGIN__FILE && fact->has_path_is_dir)
		WIRE_SET(fact, dir, fact->path_is_dir);
}

static void add_rule(const struct survey *survey, const struct host_audit_rule *rule, guint n,
		     const char *file, GPtrArray *facts)
{
	Plimsoll__AuditRule *fact = survey_message(survey, &plimsoll__audit_rule__descriptor);

	WIRE_SET(fact, n, (int64_t)n);
	WIRE_SET(fact, origin,
		 file == NULL ? PLIMSOLL__AUDIT_RULE__ORIGIN__LOADED
			      : PLIMSOLL__AUDIT_RULE__ORIGIN__FILE);
	fact->file = survey_text(survey, file);
	fact->list = survey_text(survey, rule->list);
	fact->action = survey_text(survey, rule->action);
	set_path(survey, rule, fact);
	set_dir(rule, fact);
	fact->perms = survey_text(survey, rule->perms);
	fact->syscalls = survey_text(survey, rule->syscalls);
	set_fields(survey, rule, fact);
	fact->key = survey_text(survey, rule->key);
	fact->raw = survey_text(survey, rule->raw);
	g_ptr_array_add(facts, fact);
}

static void set_status(struct survey *survey)
{
	const struct host_audit *loaded = survey->audit->loaded;
	Plimsoll__AuditStatus *fact = survey_message(survey, &plimsoll__audit_status__descriptor);

	if (loaded->has_kernel)
		WIRE_SET(fact, kernel, loaded->kernel);
	if (loaded->has_enabled) {
		WIRE_SET(fact, enabled, loaded->enabled);
		WIRE_SET(fact, daemon_pid, loaded->daemon_pid);
	}
	WIRE_SET(fact, source, loaded->source);
	WIRE_SET(fact, status, loaded->state.status);
	fact->detail = survey_text(survey, loaded->state.detail);
	survey->facts->audit_status = fact;
}

static void note_files(struct survey *survey)
{
	const struct audit_survey *audit = survey->audit;

	survey_fetch(survey, "audit", "audit", &audit->loaded->state);
	survey_fetch(survey, "list:/etc/audit/rules.d", "audit", &audit->list->state);
	for (guint i = 0; i < audit->files->len; i++) {
		const struct host_read *read =
			g_array_index(audit->files, struct rule_file, i).read;
		g_autofree char *source = g_strconcat("file:", read->path, NULL);

		survey_fetch(survey, source, "audit", &read->state);
	}
}

static void finish(struct survey *survey)
{
	const struct audit_survey *audit = survey->audit;
	g_autoptr(GPtrArray) facts = g_ptr_array_new();
	guint n = 0;

	for (guint i = 0; i < audit->loaded->n_rules; i++)
		add_rule(survey, &audit->loaded->rules[i], i + 1, NULL, facts);
	for (guint i = 0; i < audit->files->len; i++) {
		const struct rule_file *file = &g_array_index(audit->files, struct rule_file, i);

		for (guint k = 0; k < file->n_rules; k++)
			add_rule(survey, &file->rules[k], ++n, file->read->path, facts);
	}
	survey->facts->audit_rule = survey_list(survey, facts, &survey->facts->n_audit_rule);
	set_status(survey);
	note_files(survey);
}

static void done(struct survey *survey)
{
	if (survey->audit != NULL) {
		g_array_unref(survey->audit->files);
		g_hash_table_unref(survey->audit->paths);
	}
	g_free(survey->audit);
}

const struct collector audit_collector = {
	.name = "audit",
	.want = {want_rules, want_files, want_their_paths},
	.finish = finish,
	.done = done,
};
