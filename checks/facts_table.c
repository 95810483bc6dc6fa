/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of tables and the reading of their rows, both from the protobuf descriptors. The SQL
 * side of it is facts_vtab.c.
 */
#include "checks/facts_table.h"

#include <string.h>

#include "checks/derived.pb-c.h"
#include "proto/plimsoll.pb-c.h"

/* The tables of the whole process: made once, never freed. */
struct table_list {
	GArray *tables; /* struct facts_table */
	GHashTable *by_name;
};

static const struct {
	const char *name;
	const char *prefix; /* of table names */
	const ProtobufCMessageDescriptor *descriptor;
} roots[FACTS_ROOT_COUNT] = {
	[FACTS_ROOT_FACTS] = {"facts", "", &plimsoll__facts__descriptor},
	[FACTS_ROOT_OBSERVED] = {"observed", "observed_", &plimsoll__observed__descriptor},
	[FACTS_ROOT_DERIVED] = {"derived", "", &derived__derived__descriptor},
};

const char *facts_root_text(enum facts_root root)
{
	return roots[root].name;
}

const ProtobufCMessageDescriptor *facts_root_descriptor(enum facts_root root)
{
	return roots[root].descriptor;
}

/* ---- the list of tables ---- */

static const char *const *lower_case_names(const ProtobufCEnumDescriptor *descriptor)
{
	const char **names = g_new0(const char *, descriptor->n_values + 1);

	for (unsigned i = 0; i < descriptor->n_values; i++)
		names[i] = g_ascii_strdown(descriptor->values[i].name, -1);
	return names;
}

static void add_fixed_column(GArray *columns, const char *name, enum facts_column_kind kind)
{
	struct facts_column column = {.name = name, .kind = kind};

	g_array_append_val(columns, column);
}

static void add_scalar_column(GArray *columns, const char *prefix, const char *name,
			      const ProtobufCFieldDescriptor *field,
			      const struct facts_column *reached)
{
	struct facts_column column = *reached;

	column.name = g_strconcat(prefix, name, NULL);
	column.kind = FACTS_COLUMN_FIELD;
	column.field = field;
	if (field->type == PROTOBUF_C_TYPE_ENUM)
		column.enum_names = lower_case_names(field->descriptor);
	g_array_append_val(columns, column);
}

/* The scalars of a message, and those of its optional messages as NAME_FIELD. */
static void add_columns(GArray *columns, const char *prefix,
			const ProtobufCMessageDescriptor *descriptor,
			const struct facts_column *reached)
{
	for (unsigned i = 0; i < descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &descriptor->fields[i];

		if (field->label == PROTOBUF_C_LABEL_REPEATED)
			continue;
		if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
			g_autofree char *deeper = g_strconcat(prefix, field->name, "_", NULL);
			struct facts_column column = *reached;

			g_assert(column.n_through < FACTS_DEPTH_MAX);
			column.through[column.n_through++] = field;
			add_columns(columns, deeper, field->descriptor, &column);
		} else {
			add_scalar_column(columns, prefix, field->name, field, reached);
		}
	}
}

static void add_table(struct table_list *list, struct facts_table table)
{
	const ProtobufCFieldDescriptor *members = table.child != NULL ? table.child : table.field;
	const struct facts_column none = {0};
	GArray *columns = g_array_new(FALSE, TRUE, sizeof(struct facts_column));

	if (table.child != NULL)
		add_fixed_column(columns, "parent", FACTS_COLUMN_PARENT);
	add_fixed_column(columns, "ord", FACTS_COLUMN_ORD);
	if (members->type == PROTOBUF_C_TYPE_MESSAGE)
		add_columns(columns, "", members->descriptor, &none);
	else
		add_scalar_column(columns, "", "value", members, &none);
	table.n_columns = columns->len;
	table.columns = (const struct facts_column *)(void *)g_array_free(columns, FALSE);
	g_array_append_val(list->tables, table);
}

/* Repeated fields of a table's rows; the parent pointer is filled in once the array is complete. */
static void add_child_tables(struct table_list *list, const struct facts_table *of)
{
	const ProtobufCMessageDescriptor *descriptor = of->field->descriptor;

	if (of->field->type != PROTOBUF_C_TYPE_MESSAGE)
		return;
	for (unsigned i = 0; i < descriptor->n_fields; i++) {
		struct facts_table table = *of;

		if (descriptor->fields[i].label != PROTOBUF_C_LABEL_REPEATED)
			continue;
		table.name = g_strconcat(of->name, "_", descriptor->fields[i].name, NULL);
		table.child = &descriptor->fields[i];
		add_table(list, table);
	}
}

static void add_root(struct table_list *list, enum facts_root root)
{
	const ProtobufCMessageDescriptor *descriptor = roots[root].descriptor;

	for (unsigned i = 0; i < descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
		const struct facts_table table = {
			.name = g_strconcat(roots[root].prefix, field->name, NULL),
			.root = root,
			.field = field,
		};

		add_table(list, table);
		add_child_tables(list, &table);
	}
}

static const struct facts_table *find_parent(const struct table_list *list,
					     const struct facts_table *child)
{
	for (guint i = 0; i < list->tables->len; i++) {
		const struct facts_table *table =
			&g_array_index(list->tables, struct facts_table, i);

		if (table->child == NULL && table->field == child->field)
			return table;
	}
	return NULL;
}

static gpointer make_list(gpointer unused)
{
	struct table_list *list = g_new0(struct table_list, 1);

	(void)unused;
	list->tables = g_array_new(FALSE, TRUE, sizeof(struct facts_table));
	list->by_name = g_hash_table_new(g_str_hash, g_str_equal);
	for (int root = 0; root < FACTS_ROOT_COUNT; root++)
		add_root(list, (enum facts_root)root);
	for (guint i = 0; i < list->tables->len; i++) {
		struct facts_table *table = &g_array_index(list->tables, struct facts_table, i);

		if (table->child != NULL)
			table->parent = find_parent(list, table);
		if (!g_hash_table_insert(list->by_name, g_strdup(table->name), table))
			g_error("two tables of facts are called '%s'", table->name);
	}
	return list;
}

static const struct table_list *all_tables(void)
{
	static GOnce once = G_ONCE_INIT;

	return g_once(&once, make_list, NULL);
}

const struct facts_table *facts_table_all(guint *ret_n)
{
	const struct table_list *list = all_tables();

	*ret_n = list->tables->len;
	return &g_array_index(list->tables, struct facts_table, 0);
}

const struct facts_table *facts_table_find(const char *name)
{
	return g_hash_table_lookup(all_tables()->by_name, name);
}

const struct facts_column *facts_table_column(const struct facts_table *table, const char *name)
{
	for (unsigned i = 0; i < table->n_columns; i++)
		if (strcmp(table->columns[i].name, name) == 0)
			return &table->columns[i];
	return NULL;
}

/* ---- rows ---- */

static const void *member(const ProtobufCMessage *message, unsigned offset)
{
	return (const unsigned char *)message + offset;
}

static size_t count_members(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	size_t count = 0;

	if (message != NULL)
		memcpy(&count, member(message, field->quantifier_offset), sizeof(count));
	return count;
}

static const ProtobufCMessage *optional_message(const ProtobufCMessage *message,
						const ProtobufCFieldDescriptor *field)
{
	const ProtobufCMessage *value = NULL;

	if (message != NULL)
		memcpy(&value, member(message, field->offset), sizeof(value));
	return value;
}

static const ProtobufCMessage *repeated_message(const ProtobufCMessage *message,
						const ProtobufCFieldDescriptor *field, size_t n)
{
	ProtobufCMessage *const *members = NULL;

	memcpy(&members, member(message, field->offset), sizeof(members));
	return members[n];
}

static size_t scalar_size(ProtobufCType type)
{
	if (type == PROTOBUF_C_TYPE_STRING)
		return sizeof(char *);
	if (type == PROTOBUF_C_TYPE_BYTES)
		return sizeof(ProtobufCBinaryData);
	if (type == PROTOBUF_C_TYPE_BOOL)
		return sizeof(protobuf_c_boolean);
	if (type == PROTOBUF_C_TYPE_INT64 || type == PROTOBUF_C_TYPE_UINT64 ||
	    type == PROTOBUF_C_TYPE_SINT64 || type == PROTOBUF_C_TYPE_FIXED64 ||
	    type == PROTOBUF_C_TYPE_SFIXED64 || type == PROTOBUF_C_TYPE_DOUBLE)
		return sizeof(int64_t);
	return sizeof(int32_t);
}

static const void *repeated_scalar(const ProtobufCMessage *message,
				   const ProtobufCFieldDescriptor *field, size_t n)
{
	const unsigned char *members = NULL;

	memcpy(&members, member(message, field->offset), sizeof(members));
	return members + n * scalar_size(field->type);
}

/* The message that holds the repeated field of a table's rows. */
static const ProtobufCMessage *holder(const struct facts_table *table,
				      const struct facts_data *data, int64_t parent)
{
	const ProtobufCMessage *root = data->roots[table->root];

	if (table->child == NULL || root == NULL)
		return root;
	if (table->field->label == PROTOBUF_C_LABEL_REPEATED)
		return repeated_message(root, table->field, (size_t)parent);
	return optional_message(root, table->field);
}

int64_t facts_table_parents(const struct facts_table *table, const struct facts_data *data)
{
	if (table->child == NULL || table->field->label != PROTOBUF_C_LABEL_REPEATED)
		return 1;
	return (int64_t)count_members(data->roots[table->root], table->field);
}

int64_t facts_table_rows(const struct facts_table *table, const struct facts_data *data,
			 int64_t parent)
{
	const ProtobufCFieldDescriptor *field = table->child != NULL ? table->child : table->field;

	if (field->label != PROTOBUF_C_LABEL_REPEATED)
		return 1;
	return (int64_t)count_members(holder(table, data, parent), field);
}

void facts_table_row(const struct facts_table *table, const struct facts_data *data, int64_t parent,
		     int64_t ord, struct facts_row *ret_row)
{
	const ProtobufCFieldDescriptor *field = table->child != NULL ? table->child : table->field;
	const ProtobufCMessage *from = holder(table, data, parent);

	*ret_row = (struct facts_row){.parent = parent, .ord = ord};
	if (field->label != PROTOBUF_C_LABEL_REPEATED)
		ret_row->message = optional_message(from, field);
	else if (field->type == PROTOBUF_C_TYPE_MESSAGE)
		ret_row->message = repeated_message(from, field, (size_t)ord);
	else
		ret_row->scalar = repeated_scalar(from, field, (size_t)ord);
}

/* ---- values ---- */

/* Absent scalars have their presence bit unset; absent strings are NULL pointers. */
static bool is_present(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	protobuf_c_boolean present = false;

	if (field->type == PROTOBUF_C_TYPE_STRING || field->label != PROTOBUF_C_LABEL_OPTIONAL)
		return true;
	memcpy(&present, member(message, field->quantifier_offset), sizeof(present));
	return present;
}

static const void *find_scalar(const struct facts_column *column, const struct facts_row *row)
{
	const ProtobufCMessage *message = row->message;

	if (row->scalar != NULL)
		return row->scalar;
	for (unsigned i = 0; i < column->n_through && message != NULL; i++)
		message = optional_message(message, column->through[i]);
	if (message == NULL || !is_present(message, column->field))
		return NULL;
	return member(message, column->field->offset);
}

static void read_text(const void *scalar, struct facts_value *value)
{
	memcpy(&value->text, scalar, sizeof(value->text));
	if (value->text != NULL)
		value->type = FACTS_VALUE_TEXT;
}

static void read_bytes(const void *scalar, struct facts_value *value)
{
	ProtobufCBinaryData bytes = {0};

	memcpy(&bytes, scalar, sizeof(bytes));
	value->type = FACTS_VALUE_BYTES;
	value->bytes = bytes.data;
	value->size = bytes.len;
}

/* A value that this schema does not know (from a newer agent) is NULL. */
static void read_enum(const struct facts_column *column, const void *scalar,
		      struct facts_value *value)
{
	const ProtobufCEnumDescriptor *descriptor = column->field->descriptor;
	int number = 0;
	const ProtobufCEnumValue *known = NULL;

	memcpy(&number, scalar, sizeof(number));
	known = protobuf_c_enum_descriptor_get_value(descriptor, number);
	if (known == NULL)
		return;
	value->type = FACTS_VALUE_TEXT;
	value->text = column->enum_names[known - descriptor->values];
}

static void read_boolean(const void *scalar, struct facts_value *value)
{
	protobuf_c_boolean boolean = false;

	memcpy(&boolean, scalar, sizeof(boolean));
	value->type = FACTS_VALUE_INTEGER;
	value->integer = boolean ? 1 : 0;
}

static void read_number(ProtobufCType type, const void *scalar, struct facts_value *value)
{
	int32_t narrow = 0;
	uint32_t narrow_unsigned = 0;
	float single = 0;

	value->type = FACTS_VALUE_INTEGER;
	if (type == PROTOBUF_C_TYPE_DOUBLE) {
		value->type = FACTS_VALUE_REAL;
		memcpy(&value->real, scalar, sizeof(value->real));
	} else if (type == PROTOBUF_C_TYPE_FLOAT) {
		value->type = FACTS_VALUE_REAL;
		memcpy(&single, scalar, sizeof(single));
		value->real = (double)single;
	} else if (scalar_size(type) == sizeof(int64_t)) {
		memcpy(&value->integer, scalar, sizeof(value->integer));
	} else if (type == PROTOBUF_C_TYPE_UINT32 || type == PROTOBUF_C_TYPE_FIXED32) {
		memcpy(&narrow_unsigned, scalar, sizeof(narrow_unsigned));
		value->integer = narrow_unsigned;
	} else {
		memcpy(&narrow, scalar, sizeof(narrow));
		value->integer = narrow;
	}
}

void facts_column_read(const struct facts_column *column, const struct facts_row *row,
		       struct facts_value *ret_value)
{
	const void *scalar = NULL;
	ProtobufCType type = PROTOBUF_C_TYPE_INT64;

	*ret_value = (struct facts_value){.type = FACTS_VALUE_NULL};
	if (column->kind != FACTS_COLUMN_FIELD) {
		ret_value->type = FACTS_VALUE_INTEGER;
		ret_value->integer = column->kind == FACTS_COLUMN_PARENT ? row->parent : row->ord;
		return;
	}
	scalar = find_scalar(column, row);
	if (scalar == NULL)
		return;
	type = column->field->type;
	if (type == PROTOBUF_C_TYPE_STRING)
		read_text(scalar, ret_value);
	else if (type == PROTOBUF_C_TYPE_BYTES)
		read_bytes(scalar, ret_value);
	else if (type == PROTOBUF_C_TYPE_ENUM)
		read_enum(column, scalar, ret_value);
	else if (type == PROTOBUF_C_TYPE_BOOL)
		read_boolean(scalar, ret_value);
	else
		read_number(type, scalar, ret_value);
}

protobuf_c_boolean *facts_column_boolean(const struct facts_column *column,
					 const struct facts_row *row)
{
	if (column->kind != FACTS_COLUMN_FIELD || column->field->type != PROTOBUF_C_TYPE_BOOL)
		return NULL;
	return (protobuf_c_boolean *)(uintptr_t)find_scalar(column, row);
}

const char *facts_row_text(const struct facts_table *table, const struct facts_row *row,
			   const char *column)
{
	const struct facts_column *found = facts_table_column(table, column);
	struct facts_value value = {.type = FACTS_VALUE_NULL};

	if (found != NULL)
		facts_column_read(found, row, &value);
	return value.type == FACTS_VALUE_TEXT ? value.text : NULL;
}
