/* SPDX-License-Identifier: Apache-2.0 */
/* Notes what the statements of one check read while it is judged, and where that came from. */
#include "checks/evidence.h"

#include <string.h>

#include "checks/evaluate_internal.h"
#include "checks/evidence_turn.h"
#include "checks/facts_vtab.h"
#include "checks/reason.h"
#include "proto/arena.h"
#include "proto/schema.h"

struct noting {
	struct arena *arena;
	const struct evaluate_input *input;
	GHashTable *seen;   /* "table parent ord column" */
	GArray *facts;      /* struct noted */
	GArray *settings;   /* struct evidence_setting */
	GArray *switches;   /* struct evidence_switch */
	GHashTable *groups; /* Fetch.group of what was read; borrowed */
};

struct noted {
	struct evidence_fact fact;
	int64_t parent;
};

/* ---- facts ---- */

/* What people know a row by; the first of these columns that it has. */
static const char *row_name(const struct facts_table *table, const struct facts_row *row)
{
	static const char *const columns[] = {"name", "label",       "path", "url",
					      "role", "destination", "key",  "id"};

	for (guint i = 0; i < G_N_ELEMENTS(columns); i++) {
		const char *text = facts_table_column(table, columns[i]) == NULL
					   ? NULL
					   : facts_row_text(table, row, columns[i]);

		if (text != NULL && text[0] != '\0')
			return text;
	}
	return NULL;
}

static bool is_single(const struct facts_table *table)
{
	return table->child == NULL && table->field->label != PROTOBUF_C_LABEL_REPEATED;
}

/* gives: in the arena; NULL for the table's only row. */
static const char *row_label(const struct noting *noting, const struct facts_read *read)
{
	const char *own = row_name(read->table, read->row);
	const char *parent = NULL;
	struct facts_row row;

	if (is_single(read->table))
		return NULL;
	if (read->table->parent != NULL) {
		facts_table_row(read->table->parent, read->data, 0, read->row->parent, &row);
		parent = row_name(read->table->parent, &row);
	}
	if (own == NULL)
		own = arena_printf(noting->arena, "#%" G_GINT64_FORMAT, read->row->ord);
	return parent == NULL ? arena_strdup(noting->arena, own)
			      : arena_printf(noting->arena, "%s %s", parent, own);
}

/* gives: in the arena; NULL = not seen. */
static const char *value_text(const struct noting *noting, const struct facts_read *read)
{
	const struct facts_value *value = read->value;
	const ProtobufCFieldDescriptor *field = read->column->field;

	if (field != NULL && field->type == PROTOBUF_C_TYPE_BOOL &&
	    value->type == FACTS_VALUE_INTEGER)
		return value->integer != 0 ? "true" : "false";
	switch (value->type) {
	case FACTS_VALUE_INTEGER:
		return arena_printf(noting->arena, "%" G_GINT64_FORMAT, value->integer);
	case FACTS_VALUE_REAL:
		return arena_printf(noting->arena, "%g", value->real);
	case FACTS_VALUE_TEXT:
		return arena_strdup(noting->arena, value->text);
	case FACTS_VALUE_BYTES:
		return arena_printf(noting->arena, "%zu bytes", value->size);
	case FACTS_VALUE_NULL:
		break;
	}
	return NULL;
}

static void note_group(const struct noting *noting, const struct facts_read *read)
{
	const struct schema_field *field = NULL;

	if (read->table->root != FACTS_ROOT_FACTS)
		return;
	field = schema_find(read->table->name, read->column->name);
	if (field != NULL && field->group != NULL)
		g_hash_table_add(noting->groups, (gpointer)(uintptr_t)field->group);
}

/* ---- settings ---- */

static const char *line_of(const struct noting *noting, const char *name)
{
	const Plimsoll__Facts *facts = noting->input->facts;

	for (size_t i = 0; i < facts->n_config_option; i++) {
		const Plimsoll__ConfigOption *option = facts->config_option[i];

		if (g_strcmp0(option->name, name) != 0)
			continue;
		if (!option->has_line)
			return arena_strdup(noting->arena, option->path);
		return arena_printf(noting->arena, "%s line %" G_GINT64_FORMAT, option->path,
				    option->line);
	}
	return NULL;
}

/* The command line of dockerd mostly stands in a unit. */
static const char *unit_of(const struct noting *noting, const char *name)
{
	const Plimsoll__Facts *facts = noting->input->facts;

	for (size_t i = 0; i < facts->n_unit; i++) {
		const Plimsoll__Unit *unit = facts->unit[i];

		for (size_t k = 0; unit->exec_file != NULL && k < unit->n_option; k++) {
			if (g_strcmp0(unit->option[k]->name, name) == 0)
				return arena_printf(noting->arena, "ExecStart in %s",
						    unit->exec_file);
		}
	}
	return NULL;
}

static const char *place_of(const struct noting *noting, const char *name, const char *origin)
{
	if (g_strcmp0(origin, "argv") == 0)
		return unit_of(noting, name);
	return g_strcmp0(origin, "daemon.json") == 0 ? line_of(noting, name) : NULL;
}

static const char *kept(const struct noting *noting, const struct facts_read *read,
			const char *column)
{
	return arena_strdup(noting->arena, facts_row_text(read->table, read->row, column));
}

static void note_setting(const struct noting *noting, const struct facts_read *read)
{
	const char *name = facts_row_text(read->table, read->row, "name");
	struct evidence_setting setting = {0};

	if (name == NULL || strcmp(read->table->name, "setting") != 0)
		return;
	for (guint i = 0; i < noting->settings->len; i++) {
		if (strcmp(g_array_index(noting->settings, struct evidence_setting, i).name,
			   name) == 0)
			return;
	}
	setting = (struct evidence_setting){
		.name = kept(noting, read, "name"),
		.value = kept(noting, read, "value"),
		.origin = kept(noting, read, "source"),
		.configured = kept(noting, read, "configured"),
		.reason_text = reason_text(noting->arena, kept(noting, read, "reason")),
	};
	setting.place = place_of(noting, name, setting.origin);
	if (setting.value == NULL && setting.reason_text == NULL) /* a list */
		setting.value = g_steal_pointer(&setting.configured);
	if (g_strcmp0(setting.value, setting.configured) == 0)
		setting.configured = NULL;
	g_array_append_val(noting->settings, setting);
}

/* ---- what is read ---- */

static void note_switch(const struct noting *noting, const struct facts_read *read,
			const char *label)
{
	const struct evidence_switch one = {read->table, read->column, *read->row, label};

	if (read->table->root == FACTS_ROOT_FACTS &&
	    facts_column_boolean(read->column, read->row) != NULL)
		g_array_append_val(noting->switches, one);
}

static void note(const struct facts_read *read, void *data)
{
	const struct noting *noting = data;
	struct noted noted = {.parent = read->row->parent};
	char *key = NULL;

	note_group(noting, read);
	note_setting(noting, read);
	if (read->column->kind != FACTS_COLUMN_FIELD)
		return;
	key = arena_printf(noting->arena, "%s %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %s",
			   read->table->name, read->row->parent, read->row->ord,
			   read->column->name);
	if (!g_hash_table_add(noting->seen, key))
		return;
	noted.fact = (struct evidence_fact){
		.table = read->table->name,
		.row = row_label(noting, read),
		.ord = read->row->ord,
		.column = read->column->name,
		.value = value_text(noting, read),
	};
	g_array_append_val(noting->facts, noted);
	note_switch(noting, read, noted.fact.row);
}

static gint compare_facts(gconstpointer a, gconstpointer b)
{
	const struct noted *left = a;
	const struct noted *right = b;
	int order = strcmp(left->fact.table, right->fact.table);

	if (order != 0)
		return order;
	if (left->parent != right->parent)
		return left->parent < right->parent ? -1 : 1;
	if (left->fact.ord != right->fact.ord)
		return left->fact.ord < right->fact.ord ? -1 : 1;
	return strcmp(left->fact.column, right->fact.column);
}

static gint compare_settings(gconstpointer a, gconstpointer b)
{
	return strcmp(((const struct evidence_setting *)a)->name,
		      ((const struct evidence_setting *)b)->name);
}

/* ---- the result ---- */

static void keep_facts(const struct noting *noting, struct evidence *evidence)
{
	struct evidence_fact *facts =
		arena_calloc(noting->arena, MAX(noting->facts->len, 1U), sizeof(*facts));

	g_array_sort(noting->facts, compare_facts);
	for (guint i = 0; i < noting->facts->len; i++)
		facts[i] = g_array_index(noting->facts, struct noted, i).fact;
	evidence->facts = facts;
	evidence->n_facts = noting->facts->len;
}

static void keep_settings(const struct noting *noting, struct evidence *evidence)
{
	size_t size = noting->settings->len * sizeof(struct evidence_setting);
	void *settings = arena_calloc(noting->arena, 1, MAX(size, (size_t)1));

	g_array_sort(noting->settings, compare_settings);
	if (size > 0)
		memcpy(settings, noting->settings->data, size);
	evidence->settings = settings;
	evidence->n_settings = noting->settings->len;
}

static const char *status_text(const struct noting *noting, const Plimsoll__Fetch *fetch)
{
	const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(
		&plimsoll__fetch__status__descriptor, (int)fetch->status);
	g_autofree char *lower = value == NULL ? NULL : g_ascii_strdown(value->name, -1);

	return lower == NULL ? "unknown" : arena_strdup(noting->arena, lower);
}

/* A setting rests on the command line and the file, whatever statement read it. */
static void add_groups_of_settings(const struct noting *noting)
{
	static const char *const groups[] = {"dockerd", "config"};

	for (guint i = 0; noting->settings->len > 0 && i < G_N_ELEMENTS(groups); i++)
		g_hash_table_add(noting->groups, (gpointer)(uintptr_t)groups[i]);
}

static bool is_used(const struct noting *noting, const Plimsoll__Fetch *fetch)
{
	GHashTableIter iter;
	gpointer group = NULL;

	g_hash_table_iter_init(&iter, noting->groups);
	while (g_hash_table_iter_next(&iter, &group, NULL)) {
		if (g_strcmp0(fetch->group, group) == 0)
			return true;
	}
	return false;
}

static void keep_sources(const struct noting *noting, struct evidence *evidence)
{
	const Plimsoll__Facts *facts = noting->input->facts;
	struct evidence_source *sources =
		arena_calloc(noting->arena, MAX(facts->n_fetch, (size_t)1), sizeof(*sources));

	add_groups_of_settings(noting);
	for (size_t i = 0; i < facts->n_fetch; i++) {
		const Plimsoll__Fetch *fetch = facts->fetch[i];

		if (!is_used(noting, fetch))
			continue;
		sources[evidence->n_sources++] = (struct evidence_source){
			.source = arena_strdup(noting->arena, fetch->source),
			.status = status_text(noting, fetch),
			.detail = arena_strdup(noting->arena, fetch->detail),
		};
	}
	evidence->sources = sources;
}

static bool is_wanted(const struct check *check, void *data)
{
	return check == data;
}

struct evidence *evidence_new(struct evaluator *evaluator, const struct evaluate_input *input,
			      const struct check *check, GError **error)
{
	PLIMSOLL_AUTO(evidence) *evidence = g_new0(struct evidence, 1);
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GHashTable) groups = g_hash_table_new(g_direct_hash, g_direct_equal);
	g_autoptr(GArray) facts = g_array_new(FALSE, FALSE, sizeof(struct noted));
	g_autoptr(GArray) settings = g_array_new(FALSE, FALSE, sizeof(struct evidence_setting));
	g_autoptr(GArray) switches = g_array_new(FALSE, FALSE, sizeof(struct evidence_switch));
	struct noting noting = {.input = input,
				.switches = switches,
				.seen = seen,
				.facts = facts,
				.settings = settings,
				.groups = groups};

	noting.arena = evidence->arena = arena_new(SIZE_MAX);
	evaluator_watch(evaluator, note, &noting);
	evidence->evaluation =
		evaluator_run(evaluator, input, is_wanted, (gpointer)(uintptr_t)check, error);
	evaluator_watch(evaluator, NULL, NULL);
	if (evidence->evaluation == NULL)
		return NULL;
	g_assert(evidence->evaluation->n_results == 1);
	keep_facts(&noting, evidence);
	keep_settings(&noting, evidence);
	keep_sources(&noting, evidence);
	evidence->turns = evidence_try(
		evaluator, input, check, evidence->evaluation->results[0].verdict, switches,
		evidence->settings, evidence->n_settings, evidence->arena, &evidence->n_turns);
	return g_steal_pointer(&evidence);
}

void evidence_free(struct evidence *evidence)
{
	if (evidence == NULL)
		return;
	evaluation_free(evidence->evaluation);
	arena_free(evidence->arena);
	g_free(evidence);
}
