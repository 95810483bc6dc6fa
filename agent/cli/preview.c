/* SPDX-License-Identifier: Apache-2.0 */
/* See preview.h. Works by reflection, so that a new field cannot be forgotten here. */
#include "agent/cli/preview.h"

#include <string.h>

enum { SHOWN_VALUES = 4, SHOWN_BYTES = 60 };

/* The texts of one column, first come first shown. */
struct column {
	char *name;
	GPtrArray *values; /* distinct, SHOWN_VALUES at most */
	guint n;           /* all, with repetitions */
};

struct table {
	GPtrArray *columns; /* struct column*, in order of appearance */
};

static void free_column(gpointer data)
{
	struct column *column = data;

	g_free(column->name);
	g_ptr_array_unref(column->values);
	g_free(column);
}

static struct column *find_column(struct table *table, const char *name)
{
	struct column *column = NULL;

	for (guint i = 0; i < table->columns->len; i++) {
		column = table->columns->pdata[i];
		if (strcmp(column->name, name) == 0)
			return column;
	}
	column = g_new0(struct column, 1);
	column->name = g_strdup(name);
	column->values = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(table->columns, column);
	return column;
}

static void note_text(struct table *table, const char *name, const char *text)
{
	struct column *column = find_column(table, name);
	g_autofree char *cut = g_strndup(text, SHOWN_BYTES);
	g_autofree char *plain = g_strescape(cut, NULL);

	column->n++;
	if (column->values->len < SHOWN_VALUES &&
	    !g_ptr_array_find_with_equal_func(column->values, plain, g_str_equal, NULL))
		g_ptr_array_add(column->values, g_steal_pointer(&plain));
}

static const void *member_at(const ProtobufCMessage *message, unsigned offset)
{
	return (const char *)message + offset;
}

static size_t count_members(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return *(const size_t *)member_at(message, field->quantifier_offset);
	return *(const void *const *)member_at(message, field->offset) != NULL;
}

static const void *member_pointer(const ProtobufCMessage *message,
				  const ProtobufCFieldDescriptor *field, size_t i)
{
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return (*(const void *const *const *)member_at(message, field->offset))[i];
	return *(const void *const *)member_at(message, field->offset);
}

static void note_message(struct table *table, const char *prefix, const ProtobufCMessage *message)
{
	for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
		g_autofree char *name = g_strconcat(prefix, field->name, NULL);
		g_autofree char *below = g_strconcat(name, ".", NULL);

		if (field->type != PROTOBUF_C_TYPE_STRING && field->type != PROTOBUF_C_TYPE_MESSAGE)
			continue;
		for (size_t k = 0; k < count_members(message, field); k++) {
			const void *member = member_pointer(message, field, k);

			if (field->type == PROTOBUF_C_TYPE_STRING)
				note_text(table, name, member);
			else
				note_message(table, below, member);
		}
	}
}

static void write_columns(GString *text, const struct table *table)
{
	for (guint i = 0; i < table->columns->len; i++) {
		const struct column *column = table->columns->pdata[i];

		g_string_append_printf(text, "    %s:", column->name);
		for (guint k = 0; k < column->values->len; k++)
			g_string_append_printf(text, "%s \"%s\"", k == 0 ? "" : ",",
					       (const char *)column->values->pdata[k]);
		if (column->n > column->values->len)
			g_string_append_printf(text, "  (%u values)", column->n);
		g_string_append_c(text, '\n');
	}
}

static void write_table(GString *text, const ProtobufCMessage *root,
			const ProtobufCFieldDescriptor *field)
{
	struct table table = {.columns = g_ptr_array_new_with_free_func(free_column)};
	size_t n = field->type == PROTOBUF_C_TYPE_MESSAGE || field->type == PROTOBUF_C_TYPE_STRING
			   ? count_members(root, field)
			   : 0;
	size_t bytes = 0;

	for (size_t i = 0; i < n; i++) {
		const void *member = member_pointer(root, field, i);

		if (field->type == PROTOBUF_C_TYPE_STRING) {
			note_text(&table, "value", member);
			bytes += strlen(member);
			continue;
		}
		note_message(&table, "", member);
		bytes += protobuf_c_message_get_packed_size(member);
	}
	if (n > 0) {
		g_string_append_printf(text, "  %s: %zu row%s, %zu bytes\n", field->name, n,
				       n == 1 ? "" : "s", bytes);
		write_columns(text, &table);
	}
	g_ptr_array_unref(table.columns);
}

static void write_root(GString *text, const char *title, const ProtobufCMessage *root)
{
	g_string_append_printf(text, "\n%s: %zu bytes\n", title,
			       protobuf_c_message_get_packed_size(root));
	for (unsigned i = 0; i < root->descriptor->n_fields; i++)
		write_table(text, root, &root->descriptor->fields[i]);
}

char *preview_write(const struct collection *collection)
{
	g_autoptr(GString) text = g_string_new("What a report of this host would hold. Numbers and "
					       "switches are counted, not listed;\n--json shows "
					       "everything.\n");
	struct table envelope = {.columns = g_ptr_array_new_with_free_func(free_column)};

	note_message(&envelope, "", &collection->envelope->base);
	g_string_append(text, "\nEnvelope\n");
	write_columns(text, &envelope);
	g_ptr_array_unref(envelope.columns);
	write_root(text, "Facts, which decide the verdicts", &collection->facts->base);
	write_root(text, "Observed, which pages show besides", &collection->observed->base);
	return g_string_free(g_steal_pointer(&text), FALSE);
}
