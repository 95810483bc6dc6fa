/* SPDX-License-Identifier: Apache-2.0 */
/* Why something is unknown when the check itself gives no reason: the state of what it read. */
#include <string.h>

#include "checks/evaluate_internal.h"
#include "checks/reason.h"
#include "proto/schema.h"

enum { NAMED_COLUMNS_MAX = 4 };

static uint32_t schema_of(const struct run *run)
{
	return run->input->schema != 0 ? run->input->schema : SCHEMA_CURRENT;
}

/* ---- what statements read ---- */

void reads_init(struct reads *reads)
{
	*reads = (struct reads){
		.columns = g_array_new(FALSE, FALSE, sizeof(struct sql_read)),
		.groups = g_ptr_array_new(),
		.table_groups = g_ptr_array_new(),
	};
}

void reads_done(struct reads *reads)
{
	g_array_free(reads->columns, TRUE);
	g_ptr_array_free(reads->groups, TRUE);
	g_ptr_array_free(reads->table_groups, TRUE);
}

static const struct schema_field *field_of(const struct sql_read *read)
{
	bool is_field = read->column != NULL && read->column->field != NULL;

	if (read->table->root == FACTS_ROOT_DERIVED)
		return NULL;
	return schema_find(read->table->name, is_field ? read->column->name : NULL);
}

const char *table_group(const struct facts_table *table)
{
	const struct sql_read whole = {table, NULL};
	const struct schema_field *field = field_of(&whole);

	return field != NULL ? field->group : NULL;
}

static void add_group(GPtrArray *groups, const char *group)
{
	if (group == NULL)
		return;
	for (guint i = 0; i < groups->len; i++)
		if (strcmp(g_ptr_array_index(groups, i), group) == 0)
			return;
	g_ptr_array_add(groups, (gpointer)(uintptr_t)group);
}

void reads_complete(struct reads *reads)
{
	const struct facts_table *last = NULL;

	for (guint i = 0; i < reads->columns->len; i++) {
		const struct sql_read *read = &g_array_index(reads->columns, struct sql_read, i);
		const struct schema_field *field = field_of(read);

		if (read->table != last) /* columns of one table mostly come together */
			add_group(reads->table_groups, table_group(read->table));
		last = read->table;
		if (field == NULL)
			continue;
		add_group(reads->groups, field->group);
		if (field->since > reads->since) {
			reads->since = field->since;
			reads->newest = *read;
		}
	}
}

/* ---- reasons ---- */

/* A column that the agent's schema does not have yet. */
static const char *old_agent_reason(const struct run *run, const struct reads *reads)
{
	const struct facts_column *column = reads->newest.column;

	if (reads->since <= schema_of(run))
		return NULL;
	return arena_printf(run->arena, "UK_OLD_AGENT|%s%s%s", reads->newest.table->name,
			    column != NULL ? "." : "", column != NULL ? column->name : "");
}

static bool is_failed(const Plimsoll__Fetch *fetch)
{
	return !fetch->has_status || (fetch->status != PLIMSOLL__FETCH__STATUS__OK &&
				      fetch->status != PLIMSOLL__FETCH__STATUS__ABSENT);
}

static bool is_truncated(const Plimsoll__Fetch *fetch)
{
	return fetch->has_status && fetch->status == PLIMSOLL__FETCH__STATUS__TRUNCATED;
}

/* The first source of a group that ended so, in the order of sources' names. */
static const Plimsoll__Fetch *find_fetch(const struct run *run, const char *group,
					 bool (*ended)(const Plimsoll__Fetch *fetch))
{
	const Plimsoll__Fetch *found = NULL;

	for (size_t i = 0; group != NULL && i < run->facts->n_fetch; i++) {
		const Plimsoll__Fetch *fetch = run->facts->fetch[i];

		if (!ended(fetch) || g_strcmp0(fetch->group, group) != 0)
			continue;
		if (found == NULL || g_strcmp0(fetch->source, found->source) < 0)
			found = fetch;
	}
	return found;
}

static const char *fetch_reason(const struct run *run, const struct reads *reads)
{
	const Plimsoll__Fetch *found = NULL;

	for (guint i = 0; found == NULL && i < reads->groups->len; i++)
		found = find_fetch(run, g_ptr_array_index(reads->groups, i), is_failed);
	return found != NULL ? reason_of_fetch(run->arena, found) : NULL;
}

static bool is_null(const struct facts_column *column, const struct facts_row *row)
{
	struct facts_value value;

	facts_column_read(column, row, &value);
	return value.type == FACTS_VALUE_NULL;
}

static bool is_of_row(const struct sql_read *read, const struct facts_table *table,
		      const struct facts_row *row)
{
	return read->table == table && row != NULL && read->column != NULL &&
	       is_null(read->column, row);
}

static bool is_elsewhere(const struct sql_read *read, const struct facts_table *table,
			 const struct facts_row *row)
{
	(void)row;
	return read->table != table;
}

static bool is_any(const struct sql_read *read, const struct facts_table *table,
		   const struct facts_row *row)
{
	(void)read;
	(void)table;
	(void)row;
	return true;
}

/* The columns of the subject's row that are NULL, else those of other tables, else all. */
static const char *column_reason(const struct run *run, const GArray *reads,
				 const struct facts_table *table, const struct facts_row *row)
{
	static bool (*const kinds[])(const struct sql_read *read, const struct facts_table *table,
				     const struct facts_row *row) = {is_of_row, is_elsewhere,
								     is_any};
	g_autoptr(GString) names = g_string_new(NULL);

	for (size_t k = 0; names->len == 0 && k < G_N_ELEMENTS(kinds); k++) {
		unsigned n = 0;

		for (guint i = 0; n < NAMED_COLUMNS_MAX && i < reads->len; i++) {
			const struct sql_read *read = &g_array_index(reads, struct sql_read, i);

			if ((read->column == NULL || read->column->field != NULL) &&
			    kinds[k](read, table, row))
				g_string_append_printf(
					names, "%s%s%s%s", n++ > 0 ? ", " : "", read->table->name,
					read->column != NULL ? "." : "",
					read->column != NULL ? read->column->name : "");
		}
	}
	return arena_printf(run->arena, "UK|not seen: %s",
			    names->len > 0 ? names->str : table->name);
}

static const char *file_reason(const struct run *run, const struct facts_table *table,
			       const struct facts_row *row)
{
	if (row == NULL || strcmp(table->name, "file") != 0)
		return NULL;
	return subject_file_reason(run->facts->file[row->ord], run->arena);
}

static const char *find_reason(const struct run *run, const struct reads *reads,
			       const struct facts_table *table, const struct facts_row *row)
{
	const char *reason = old_agent_reason(run, reads);

	if (reason == NULL)
		reason = file_reason(run, table, row);
	if (reason == NULL)
		reason = fetch_reason(run, reads);
	return reason != NULL ? reason : column_reason(run, reads->columns, table, row);
}

enum { ABSENT_BITS = 64 };

/* Which of the columns are NULL in the row: all that a reason takes from it. false: too many. */
static bool absent_columns(const struct reads *reads, const struct facts_table *table,
			   const struct facts_row *row, uint64_t *ret_absent)
{
	*ret_absent = 0;
	if (reads->columns->len > ABSENT_BITS || strcmp(table->name, "file") == 0)
		return false;
	for (guint i = 0; i < reads->columns->len; i++)
		if (is_of_row(&g_array_index(reads->columns, struct sql_read, i), table, row))
			*ret_absent |= UINT64_C(1) << i;
	return true;
}

/* A hundred containers of which the same was not seen have one reason, written once. */
const char *default_reason(struct run *run, const struct reads *reads,
			   const struct facts_table *table, const struct facts_row *row)
{
	uint64_t absent = 0;

	if (!absent_columns(reads, table, row, &absent))
		return find_reason(run, reads, table, row);
	if (run->last.reads != reads || run->last.absent != absent) {
		run->last.reads = reads;
		run->last.absent = absent;
		run->last.reason = find_reason(run, reads, table, row);
	}
	return run->last.reason;
}

const char *empty_reason(const struct run *run, const struct facts_table *table)
{
	const char *group = table_group(table);
	const Plimsoll__Fetch *failed = find_fetch(run, group, is_failed);
	const struct facts_data *data = &run->evaluator->session->facts.data;

	if (facts_table_rows(table, data, 0) > 0)
		return NULL;
	if (failed != NULL)
		return reason_of_fetch(run->arena, failed);
	for (size_t i = 0; group != NULL && i < run->facts->n_fetch; i++)
		if (g_strcmp0(run->facts->fetch[i]->group, group) == 0)
			return NULL; /* looked at, and nothing there */
	return arena_printf(run->arena, "UK|%s: not collected", table->name);
}

static void test_group(struct items *items, const char *group,
		       void (*each)(struct items *items, const char *reason, const char *group))
{
	const Plimsoll__Fetch *fetch = find_fetch(items->run, group, is_truncated);

	if (fetch != NULL)
		each(items, reason_of_fetch(items->run->arena, fetch), group);
}

void each_truncation(struct items *items,
		     void (*each)(struct items *items, const char *reason, const char *group))
{
	const struct query *query = items->query;
	const GPtrArray *groups = query->reads.table_groups;

	for (guint i = 0; i < groups->len; i++)
		test_group(items, g_ptr_array_index(groups, i), each);
}
