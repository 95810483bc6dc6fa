/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Completeness of "since schema n, field -> group": every column that exists is covered, every row
 * stands for one that exists. tests/data/schema/N.txt lists the columns of schema N and never
 * changes again; with PLIMSOLL_BLESS set, the test writes the file of the current schema.
 */
#include <string.h>

#include "proto/plimsoll.pb-c.h"
#include "proto/schema.h"

static const char *const groups[] = {
	"engine", "dockerd", "config",  "unit", "containerd",   "file",
	"mount",  "audit",   "process", "host", "group_member", "container",
	"image",  "network", "volume",  "node", "service",      NULL,
};

static void add_columns(GHashTable *columns, const char *table, const char *prefix,
			const ProtobufCMessageDescriptor *descriptor);

/* A list is a table of its own: of its message's fields, or with the one column "value". */
static void add_table(GHashTable *columns, const char *table, const ProtobufCFieldDescriptor *field)
{
	if (field->type == PROTOBUF_C_TYPE_MESSAGE)
		add_columns(columns, table, "", field->descriptor);
	else
		g_hash_table_add(columns, g_strdup_printf("%s.value", table));
}

static void add_columns(GHashTable *columns, const char *table, const char *prefix,
			const ProtobufCMessageDescriptor *descriptor)
{
	for (unsigned i = 0; i < descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
		g_autofree char *name = g_strdup_printf("%s%s", prefix, field->name);
		g_autofree char *child = g_strdup_printf("%s_%s", table, name);
		g_autofree char *deeper = g_strdup_printf("%s_", name);

		if (field->label == PROTOBUF_C_LABEL_REPEATED)
			add_table(columns, child, field);
		else if (field->type == PROTOBUF_C_TYPE_MESSAGE)
			add_columns(columns, table, deeper, field->descriptor);
		else
			g_hash_table_add(columns, g_strdup_printf("%s.%s", table, name));
	}
}

/* "table.column" of everything that a check can read. */
static GHashTable *all_columns(void)
{
	GHashTable *columns = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	static const ProtobufCMessageDescriptor *const roots[] = {&plimsoll__facts__descriptor,
								  &plimsoll__observed__descriptor};

	for (size_t r = 0; r < G_N_ELEMENTS(roots); r++) {
		for (unsigned i = 0; i < roots[r]->n_fields; i++) {
			g_autofree char *table = g_strconcat(r == 0 ? "" : "observed_",
							     roots[r]->fields[i].name, NULL);
			add_table(columns, table, &roots[r]->fields[i]);
		}
	}
	return columns;
}

static char *schema_path(unsigned schema)
{
	return g_strdup_printf("tests/data/schema/%u.txt", schema);
}

/* Columns of that schema and of all before it. */
static GHashTable *columns_until(unsigned schema)
{
	GHashTable *columns = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (unsigned n = 1; n <= schema; n++) {
		g_autofree char *path = schema_path(n);
		g_autofree char *text = NULL;
		g_autoptr(GError) error = NULL;
		g_auto(GStrv) lines = NULL;

		g_file_get_contents(path, &text, NULL, &error);
		g_assert_no_error(error);
		lines = g_strsplit(text, "\n", -1);
		for (size_t i = 0; lines[i] != NULL; i++)
			if (lines[i][0] != '\0')
				g_hash_table_add(columns, g_strdup(lines[i]));
	}
	return columns;
}

static GList *sorted_keys(GHashTable *columns)
{
	return g_list_sort(g_hash_table_get_keys(columns), (GCompareFunc)strcmp);
}

/* Writes what the current schema adds to those before it. */
static void bless(GHashTable *columns)
{
	g_autoptr(GHashTable) before = columns_until(SCHEMA_CURRENT - 1);
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	g_autofree char *path = schema_path(SCHEMA_CURRENT);
	g_autoptr(GList) keys = sorted_keys(columns);

	for (GList *key = keys; key != NULL; key = key->next)
		if (!g_hash_table_contains(before, key->data))
			g_string_append_printf(text, "%s\n", (const char *)key->data);
	g_file_set_contents(path, text->str, -1, &error);
	g_assert_no_error(error);
}

/* 0: listed nowhere */
static unsigned first_schema_of(const char *column)
{
	for (unsigned n = 1; n <= SCHEMA_CURRENT; n++) {
		g_autoptr(GHashTable) columns = columns_until(n);
		if (g_hash_table_contains(columns, column))
			return n;
	}
	return 0;
}

static void test_every_column_is_dated_and_sourced(void)
{
	g_autoptr(GHashTable) columns = all_columns();
	g_autoptr(GList) keys = sorted_keys(columns);

	if (g_getenv("PLIMSOLL_BLESS") != NULL)
		bless(columns);
	for (GList *key = keys; key != NULL; key = key->next) {
		g_auto(GStrv) parts = g_strsplit(key->data, ".", 2);
		const struct schema_field *field = schema_find(parts[0], parts[1]);

		if (field == NULL)
			g_error("%s: no row in proto/schema.c", (const char *)key->data);
		g_assert_cmpuint(field->since, >=, 1);
		g_assert_cmpuint(field->since, <=, SCHEMA_CURRENT);
		if (first_schema_of(key->data) != field->since)
			g_error("%s: schema %u by proto/schema.c, %u by tests/data/schema (a field "
				"of the schema in the making: run this test with PLIMSOLL_BLESS=1)",
				(const char *)key->data, field->since, first_schema_of(key->data));
		g_assert_true(field->group == NULL || g_strv_contains(groups, field->group));
	}
}

static void test_every_row_stands_for_a_column(void)
{
	g_autoptr(GHashTable) columns = all_columns();
	g_autoptr(GList) keys = sorted_keys(columns);

	for (const struct schema_field *row = schema_all(); row->table != NULL; row++) {
		g_autofree char *start = g_strdup_printf("%s.%s", row->table,
							 row->column == NULL ? "" : row->column);
		gboolean found = FALSE;

		for (GList *key = keys; key != NULL && !found; key = key->next)
			found = row->column == NULL ? g_str_has_prefix(key->data, start)
						    : g_str_equal(key->data, start);
		g_test_message("%s", start);
		g_assert_true(found);
		g_assert_true(schema_find(row->table, row->column) == row);
	}
}

static void test_columns_of_old_schemas_still_exist(void)
{
	g_autoptr(GHashTable) columns = all_columns();
	g_autoptr(GHashTable) listed = columns_until(SCHEMA_CURRENT);
	g_autoptr(GList) keys = sorted_keys(listed);

	for (GList *key = keys; key != NULL; key = key->next) {
		g_test_message("%s", (const char *)key->data);
		g_assert_true(g_hash_table_contains(columns, key->data));
	}
}

static void test_rows_of_a_table_stand_together(void)
{
	g_autoptr(GHashTable) begun = g_hash_table_new(g_str_hash, g_str_equal);
	const char *table = "";

	for (const struct schema_field *field = schema_all(); field->table != NULL; field++) {
		g_test_message("%s.%s", field->table, field->column != NULL ? field->column : "*");
		if (strcmp(field->table, table) == 0) {
			g_assert_nonnull(field->column);
			continue;
		}
		g_assert_null(field->column);
		table = field->table;
		g_assert_true(g_hash_table_add(begun, (gpointer)(uintptr_t)table));
	}
}

static void test_look_ups(void)
{
	g_assert_null(schema_find("no_such_table", NULL));
	g_assert_cmpstr(schema_find("container", "memory")->group, ==, "container");
	g_assert_cmpstr(schema_find("container", "live_euid")->group, ==, "process");
	g_assert_cmpstr(schema_find("container_mount", "source_real")->group, ==, "file");
	g_assert_null(schema_find("container_mount", "source")->column);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/schema/every-column-is-dated-and-sourced",
			test_every_column_is_dated_and_sourced);
	g_test_add_func("/schema/rows-stand-together", test_rows_of_a_table_stand_together);
	g_test_add_func("/schema/every-row-stands-for-a-column",
			test_every_row_stands_for_a_column);
	g_test_add_func("/schema/columns-of-old-schemas-still-exist",
			test_columns_of_old_schemas_still_exist);
	g_test_add_func("/schema/look-ups", test_look_ups);
	return g_test_run();
}
