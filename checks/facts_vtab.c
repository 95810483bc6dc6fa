/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Facts for SQLite. Equality on `parent` and `ord` is answered without a scan, equality on up to
 * two other columns by an index or at least here: without that, joins of containers with their
 * mounts and with what was derived of them are quadratic, and each row costs byte codes.
 */
#include "checks/facts_vtab.h"

#include <string.h>

#include "checks/facts_index.h"

enum { FILTERS_MAX = 2, SHORT_TEXT_BYTES = 48 };

/* What xBestIndex tells xFilter in idxNum: the keys, and the columns of filters, one byte each. */
enum { PLAN_PARENT = 1, PLAN_ORD = 2, FILTER_SHIFT = 8, FILTER_BITS = 8, FILTER_MASK = 255 };

/* Constant estimates: they are frozen into statements that are prepared before any facts exist. */
enum { ESTIMATED_ROWS = 100, ESTIMATED_CHILDREN = 500, ESTIMATED_CHILDREN_OF_ONE = 5 };

enum { ROWS_PER_CLOCK_LOOK = 4096, ROWS_WORTH_AN_INDEX = 16, ROWID_ORD_BITS = 32 };

struct table {
	sqlite3_vtab base;
	const struct facts_table *table;
	struct facts_vtab *shared;
	struct cursor *spare; /* a closed one for the next scan; NULL = none */
};

struct module {
	const struct facts_table *table;
	struct facts_vtab *shared;
};

struct cursor {
	sqlite3_vtab_cursor base;
	struct facts_row row;
	int64_t parent, parent_end; /* current parent, and where to stop */
	int64_t ord, ord_end;       /* current member of that parent, and where to stop */
	int64_t only_ord;           /* -1 = all */
	struct filter {
		const struct facts_column *column;
		struct facts_value wanted;
		char *text; /* of wanted, when it is longer than: */
		char short_text[SHORT_TEXT_BYTES];
	} filters[FILTERS_MAX];
	unsigned n_filters;
	bool by_index; /* through range, not through parents and members */
	struct facts_range range;
	size_t next_in_range;
	bool at_end;
};

static const struct table *table_of(const struct cursor *cursor)
{
	return (const struct table *)(const void *)cursor->base.pVtab;
}

static const char *declared_type(const struct facts_column *column)
{
	if (column->kind != FACTS_COLUMN_FIELD)
		return "INTEGER";
	if (column->field->type == PROTOBUF_C_TYPE_STRING ||
	    column->field->type == PROTOBUF_C_TYPE_BYTES ||
	    column->field->type == PROTOBUF_C_TYPE_ENUM)
		return "TEXT";
	if (column->field->type == PROTOBUF_C_TYPE_DOUBLE ||
	    column->field->type == PROTOBUF_C_TYPE_FLOAT)
		return "REAL";
	return "INTEGER";
}

static bool is_text(const struct facts_column *column)
{
	return column->field->type == PROTOBUF_C_TYPE_STRING ||
	       column->field->type == PROTOBUF_C_TYPE_ENUM;
}

static int connect_table(sqlite3 *db, void *aux, int argc, const char *const *argv,
			 sqlite3_vtab **ret_vtab, char **ret_error)
{
	const struct module *module = aux;
	g_autoptr(GString) sql = g_string_new("CREATE TABLE t(");
	struct table *table = NULL;
	int rc = SQLITE_OK;

	(void)argc;
	(void)argv;
	(void)ret_error;
	for (unsigned i = 0; i < module->table->n_columns; i++)
		g_string_append_printf(sql, "%s\"%s\" %s", i > 0 ? "," : "",
				       module->table->columns[i].name,
				       declared_type(&module->table->columns[i]));
	g_string_append(sql, ")");
	module->shared->declaring = true;
	rc = sqlite3_declare_vtab(db, sql->str);
	module->shared->declaring = false;
	if (rc != SQLITE_OK)
		return rc;
	table = g_new0(struct table, 1);
	table->table = module->table;
	table->shared = module->shared;
	*ret_vtab = &table->base;
	return SQLITE_OK;
}

static int disconnect_table(sqlite3_vtab *vtab)
{
	struct table *table = (struct table *)(void *)vtab;

	g_free(table->spare);
	g_free(table);
	return SQLITE_OK;
}

/* ---- the plan ---- */

struct plan {
	int parent, ord; /* index of the constraint; -1 = none */
	int filters[FILTERS_MAX];
	unsigned n_filters;
};

/* Texts compare here as bytes, so only where SQLite would do the same. */
static bool can_filter(const struct facts_column *column, sqlite3_index_info *info, int i)
{
	const char *type = declared_type(column);

	if (is_text(column))
		return strcmp(sqlite3_vtab_collation(info, i), "BINARY") == 0;
	return strcmp(type, "INTEGER") == 0;
}

static void consider(struct plan *plan, const struct facts_table *table, sqlite3_index_info *info,
		     int i)
{
	const struct sqlite3_index_constraint *constraint = &info->aConstraint[i];
	const struct facts_column *column = NULL;

	if (!constraint->usable || constraint->op != SQLITE_INDEX_CONSTRAINT_EQ ||
	    constraint->iColumn < 0)
		return;
	column = &table->columns[constraint->iColumn];
	if (column->kind == FACTS_COLUMN_PARENT)
		plan->parent = i;
	else if (column->kind == FACTS_COLUMN_ORD)
		plan->ord = i;
	else if (plan->n_filters < FILTERS_MAX && constraint->iColumn < FILTER_MASK &&
		 can_filter(column, info, i))
		plan->filters[plan->n_filters++] = i;
}

static void estimate(const struct facts_table *table, const struct plan *plan,
		     sqlite3_index_info *info)
{
	bool singleton = table->child == NULL && table->field->label != PROTOBUF_C_LABEL_REPEATED;
	bool keyed = plan->ord >= 0 && (table->child == NULL || plan->parent >= 0);
	sqlite3_int64 rows = table->child != NULL ? ESTIMATED_CHILDREN : ESTIMATED_ROWS;

	if (plan->parent >= 0)
		rows = ESTIMATED_CHILDREN_OF_ONE;
	if (plan->n_filters > 0)
		rows = MIN(rows, ESTIMATED_ROWS / 10);
	if (singleton || keyed) {
		rows = 1;
		info->idxFlags = SQLITE_INDEX_SCAN_UNIQUE;
	}
	info->estimatedCost = (double)rows;
	info->estimatedRows = rows;
}

/* Keys follow the affinity rules in take_keys(), so SQLite need not test them again (omit). */
static void use_key(sqlite3_index_info *info, int constraint, int bit, int *argument)
{
	if (constraint < 0)
		return;
	info->aConstraintUsage[constraint].argvIndex = ++*argument;
	info->aConstraintUsage[constraint].omit = 1;
	info->idxNum |= bit;
}

static int best_index(sqlite3_vtab *vtab, sqlite3_index_info *info)
{
	const struct facts_table *table = ((const struct table *)(const void *)vtab)->table;
	struct plan plan = {.parent = -1, .ord = -1};
	int argument = 0;

	for (int i = 0; i < info->nConstraint; i++)
		consider(&plan, table, info, i);
	use_key(info, plan.parent, PLAN_PARENT, &argument);
	use_key(info, plan.ord, PLAN_ORD, &argument);
	for (unsigned i = 0; i < plan.n_filters; i++) {
		int column = info->aConstraint[plan.filters[i]].iColumn + 1; /* 0 = no filter */

		info->aConstraintUsage[plan.filters[i]].argvIndex = ++argument;
		info->idxNum |= column << (FILTER_SHIFT + (int)i * FILTER_BITS);
	}
	estimate(table, &plan, info);
	return SQLITE_OK;
}

/* ---- the scan ---- */

/* Subqueries open and close one for every row. What it holds is set by filter_rows(). */
static int open_cursor(sqlite3_vtab *vtab, sqlite3_vtab_cursor **ret_cursor)
{
	struct table *table = (struct table *)(void *)vtab;
	struct cursor *cursor = g_steal_pointer(&table->spare);

	if (cursor == NULL)
		cursor = g_new0(struct cursor, 1);
	*ret_cursor = &cursor->base;
	return SQLITE_OK;
}

static void clear_filters(struct cursor *cursor)
{
	for (unsigned i = 0; i < cursor->n_filters; i++)
		g_free(cursor->filters[i].text);
	cursor->n_filters = 0;
	cursor->by_index = false;
}

static int close_cursor(sqlite3_vtab_cursor *base)
{
	struct cursor *cursor = (struct cursor *)(void *)base;
	struct table *table = (struct table *)(void *)base->pVtab;

	clear_filters(cursor);
	if (table->spare == NULL)
		table->spare = cursor;
	else
		g_free(cursor);
	return SQLITE_OK;
}

/* A comparison of an INTEGER column: '7' and 7.0 match 7; 'abc', 7.5, NULL and blobs match nothing.
 */
static bool key_of(sqlite3_value *value, int64_t *ret_key)
{
	int type = sqlite3_value_numeric_type(value);
	double real = 0;

	if (type == SQLITE_INTEGER) {
		*ret_key = sqlite3_value_int64(value);
		return *ret_key >= 0 && *ret_key < INT64_MAX; /* one past it is added */
	}
	if (type != SQLITE_FLOAT)
		return false;
	real = sqlite3_value_double(value);
	if (!(real >= 0 && real < 9e15))
		return false;
	*ret_key = (int64_t)real;
	return (double)*ret_key >= real;
}

/* Sets the range of members of the current parent. */
static void enter_parent(struct cursor *cursor)
{
	const struct table *table = table_of(cursor);
	int64_t rows = 0;

	if (cursor->parent >= cursor->parent_end)
		return;
	rows = facts_table_rows(table->table, &table->shared->data, cursor->parent);
	cursor->ord = cursor->only_ord >= 0 ? cursor->only_ord : 0;
	cursor->ord_end = cursor->only_ord >= 0 ? MIN(rows, cursor->only_ord + 1) : rows;
}

static bool matches(const struct cursor *cursor)
{
	struct facts_value value;

	for (unsigned i = 0; i < cursor->n_filters; i++) {
		facts_column_read(cursor->filters[i].column, &cursor->row, &value);
		if (facts_value_compare(&value, &cursor->filters[i].wanted) != 0)
			return false;
	}
	return true;
}

/* Statements look at the clock between byte codes only; a scan that matches nothing is one of them.
 */
static bool is_late(struct facts_vtab *shared)
{
	return ++shared->rows_read % ROWS_PER_CLOCK_LOOK == 0 && shared->deadline_us != 0 &&
	       g_get_monotonic_time() > shared->deadline_us;
}

static int seek_in_range(struct cursor *cursor)
{
	const struct table *table = table_of(cursor);

	for (; cursor->next_in_range < cursor->range.n; cursor->next_in_range++) {
		if (is_late(table->shared))
			return SQLITE_INTERRUPT;
		facts_table_row(table->table, &table->shared->data, 0,
				cursor->range.ords[cursor->next_in_range], &cursor->row);
		if (matches(cursor))
			return SQLITE_OK;
	}
	cursor->at_end = true;
	return SQLITE_OK;
}

/* From (parent, ord) on, the first row that matches. */
static int seek(struct cursor *cursor)
{
	const struct table *table = table_of(cursor);

	for (; cursor->parent < cursor->parent_end; cursor->parent++, enter_parent(cursor)) {
		if (is_late(table->shared))
			return SQLITE_INTERRUPT;
		for (; cursor->ord < cursor->ord_end; cursor->ord++) {
			if (is_late(table->shared))
				return SQLITE_INTERRUPT;
			facts_table_row(table->table, &table->shared->data, cursor->parent,
					cursor->ord, &cursor->row);
			if (matches(cursor))
				return SQLITE_OK;
		}
	}
	cursor->at_end = true;
	return SQLITE_OK;
}

static bool take_keys(struct cursor *cursor, int plan, sqlite3_value **argv, int *argument)
{
	int64_t key = 0;

	if (plan & PLAN_PARENT) {
		if (!key_of(argv[(*argument)++], &key))
			return false;
		cursor->parent = key;
		cursor->parent_end = MIN(cursor->parent_end, key + 1);
	}
	if (plan & PLAN_ORD) {
		if (!key_of(argv[(*argument)++], &key))
			return false;
		cursor->only_ord = key;
	}
	return true;
}

static void take_text(struct filter *filter, const char *text)
{
	filter->wanted.type = FACTS_VALUE_TEXT;
	if (g_strlcpy(filter->short_text, text, sizeof(filter->short_text)) <
	    sizeof(filter->short_text)) {
		filter->wanted.text = filter->short_text;
		return;
	}
	filter->text = g_strdup(text);
	filter->wanted.text = filter->text;
}

/* Values of another type than the column's are left to SQLite's own test, which converts them. */
static void take_filter(struct cursor *cursor, const struct facts_column *column,
			sqlite3_value *value)
{
	struct filter *filter = &cursor->filters[cursor->n_filters];
	int type = sqlite3_value_type(value);

	if (type != (is_text(column) ? SQLITE_TEXT : SQLITE_INTEGER))
		return;
	filter->column = column;
	filter->text = NULL;
	if (type == SQLITE_TEXT) {
		take_text(filter, (const char *)(const void *)sqlite3_value_text(value));
	} else {
		filter->wanted.type = FACTS_VALUE_INTEGER;
		filter->wanted.integer = sqlite3_value_int64(value);
	}
	cursor->n_filters++;
}

static void take_filters(struct cursor *cursor, int plan, sqlite3_value **argv, int argument)
{
	const struct facts_table *table = table_of(cursor)->table;

	for (int i = 0; i < FILTERS_MAX; i++) {
		int column = plan >> (FILTER_SHIFT + i * FILTER_BITS) & FILTER_MASK;

		if (column != 0)
			take_filter(cursor, &table->columns[column - 1], argv[argument++]);
	}
}

static const struct facts_index *get_index(const struct table *table,
					   const struct facts_column *column)
{
	struct facts_vtab *shared = table->shared;
	struct facts_index *index = NULL;

	for (guint i = 0; i < shared->indexes->len; i++)
		if (facts_index_column(g_ptr_array_index(shared->indexes, i)) == column)
			return g_ptr_array_index(shared->indexes, i);
	index = facts_index_new(table->table, column, &shared->data);
	shared->rows_read += (uint64_t)facts_table_rows(table->table, &shared->data, 0);
	g_ptr_array_add(shared->indexes, index);
	return index;
}

/* Of several filters, the one that leaves the fewest rows. */
static void use_indexes(struct cursor *cursor)
{
	const struct table *table = table_of(cursor);

	if (table->table->child != NULL || cursor->only_ord >= 0 ||
	    facts_table_rows(table->table, &table->shared->data, 0) < ROWS_WORTH_AN_INDEX)
		return;
	for (unsigned i = 0; i < cursor->n_filters; i++) {
		const struct facts_index *index = get_index(table, cursor->filters[i].column);
		struct facts_range range = facts_index_find(index, &cursor->filters[i].wanted);

		if (!cursor->by_index || range.n < cursor->range.n)
			cursor->range = range;
		cursor->by_index = true;
	}
}

static int filter_rows(sqlite3_vtab_cursor *base, int plan, const char *text, int argc,
		       sqlite3_value **argv)
{
	struct cursor *cursor = (struct cursor *)(void *)base;
	const struct table *table = table_of(cursor);
	int argument = 0;

	(void)text;
	(void)argc;
	clear_filters(cursor);
	cursor->at_end = false;
	cursor->only_ord = -1;
	cursor->next_in_range = 0;
	cursor->parent = 0;
	cursor->parent_end = facts_table_parents(table->table, &table->shared->data);
	if (!take_keys(cursor, plan, argv, &argument)) {
		cursor->at_end = true;
		return SQLITE_OK;
	}
	take_filters(cursor, plan, argv, argument);
	use_indexes(cursor);
	if (cursor->by_index)
		return seek_in_range(cursor);
	enter_parent(cursor);
	return seek(cursor);
}

static int next_row(sqlite3_vtab_cursor *base)
{
	struct cursor *cursor = (struct cursor *)(void *)base;

	if (cursor->by_index) {
		cursor->next_in_range++;
		return seek_in_range(cursor);
	}
	cursor->ord++;
	return seek(cursor);
}

static int is_at_end(sqlite3_vtab_cursor *base)
{
	return ((const struct cursor *)(const void *)base)->at_end;
}

static void give_hex(sqlite3_context *context, const struct facts_value *value)
{
	char *text = sqlite3_malloc64(value->size * 2 + 1);

	if (text == NULL) {
		sqlite3_result_error_nomem(context);
		return;
	}
	for (size_t i = 0; i < value->size; i++) {
		text[2 * i] = "0123456789abcdef"[value->bytes[i] >> 4];
		text[2 * i + 1] = "0123456789abcdef"[value->bytes[i] & 15];
	}
	sqlite3_result_text64(context, text, value->size * 2, sqlite3_free, SQLITE_UTF8);
}

static void tell(const struct cursor *cursor, const struct facts_column *column,
		 const struct facts_value *value)
{
	const struct table *table = table_of(cursor);
	const struct facts_read read = {
		.table = table->table,
		.column = column,
		.row = &cursor->row,
		.value = value,
		.data = &table->shared->data,
	};

	table->shared->saw(&read, table->shared->saw_data);
}

/* Text stays in the message: statements are reset before the message goes. */
static int give_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int i)
{
	const struct cursor *cursor = (const struct cursor *)(const void *)base;
	struct facts_value value;

	facts_column_read(&table_of(cursor)->table->columns[i], &cursor->row, &value);
	if (table_of(cursor)->shared->saw != NULL)
		tell(cursor, &table_of(cursor)->table->columns[i], &value);
	if (value.type == FACTS_VALUE_INTEGER)
		sqlite3_result_int64(context, value.integer);
	else if (value.type == FACTS_VALUE_REAL)
		sqlite3_result_double(context, value.real);
	else if (value.type == FACTS_VALUE_TEXT)
		sqlite3_result_text(context, value.text, -1, SQLITE_STATIC);
	else if (value.type == FACTS_VALUE_BYTES)
		give_hex(context, &value);
	else
		sqlite3_result_null(context);
	return SQLITE_OK;
}

/* The same row has the same id in every scan: SQLite joins the branches of an OR by it. */
static int give_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *ret_rowid)
{
	const struct facts_row *row = &((const struct cursor *)(const void *)base)->row;

	*ret_rowid = row->parent << ROWID_ORD_BITS | row->ord;
	return SQLITE_OK;
}

/* No xCreate: eponymous only. No xUpdate: read-only. */
static const sqlite3_module methods = {
	.iVersion = 1,
	.xConnect = connect_table,
	.xBestIndex = best_index,
	.xDisconnect = disconnect_table,
	.xOpen = open_cursor,
	.xClose = close_cursor,
	.xFilter = filter_rows,
	.xNext = next_row,
	.xEof = is_at_end,
	.xColumn = give_column,
	.xRowid = give_rowid,
};

static void free_index(gpointer index)
{
	facts_index_free(index);
}

void facts_vtab_show(struct facts_vtab *vtab, const struct facts_data *data)
{
	static const struct facts_data nothing;

	vtab->data = data != NULL ? *data : nothing;
	g_ptr_array_set_size(vtab->indexes, 0);
}

void facts_vtab_done(struct facts_vtab *vtab)
{
	g_clear_pointer(&vtab->indexes, g_ptr_array_unref);
}

int facts_vtab_register(sqlite3 *db, struct facts_vtab *vtab)
{
	guint n = 0;
	const struct facts_table *tables = facts_table_all(&n);

	vtab->indexes = g_ptr_array_new_with_free_func(free_index);
	for (guint i = 0; i < n; i++) {
		struct module *module = g_new(struct module, 1);
		int rc = SQLITE_OK;

		*module = (struct module){.table = &tables[i], .shared = vtab};
		rc = sqlite3_create_module_v2(db, tables[i].name, &methods, module, g_free);
		if (rc != SQLITE_OK)
			return rc;
	}
	return SQLITE_OK;
}
