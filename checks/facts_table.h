/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Facts as SQL tables, made by reflection over the protobuf descriptors: a new field is a new
 * column without code. Rows are read straight from the messages; nothing is copied.
 */
#ifndef PLIMSOLL_CHECKS_FACTS_TABLE_H
#define PLIMSOLL_CHECKS_FACTS_TABLE_H

#include <glib.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>

enum facts_root { FACTS_ROOT_FACTS, FACTS_ROOT_OBSERVED, FACTS_ROOT_DERIVED, FACTS_ROOT_COUNT };

enum facts_column_kind { FACTS_COLUMN_PARENT, FACTS_COLUMN_ORD, FACTS_COLUMN_FIELD };

enum { FACTS_DEPTH_MAX = 4 };

struct facts_column {
	const char *name;
	enum facts_column_kind kind;
	const ProtobufCFieldDescriptor *field; /* NULL for parent and ord */
	/* The optional messages between the row and the field, outermost first (live.ns.net). */
	const ProtobufCFieldDescriptor *through[FACTS_DEPTH_MAX];
	unsigned n_through;
	const char *const *enum_names; /* lower case, in the order of the enum's values */
};

/*
 * A table holds the members of one field of a root message; a child table holds the members of a
 * repeated field of those. A field that is not repeated is a table of exactly one row.
 */
struct facts_table {
	const char *name;
	enum facts_root root;
	const ProtobufCFieldDescriptor *field;
	const ProtobufCFieldDescriptor *child; /* NULL = not a child table */
	const struct facts_table *parent;      /* of a child table */
	const struct facts_column *columns;
	unsigned n_columns;
};

/* Every table; static storage. */
const struct facts_table *facts_table_all(guint *ret_n);
/* NULL: no such table. */
const struct facts_table *facts_table_find(const char *name);
/* NULL: no such column. */
const struct facts_column *facts_table_column(const struct facts_table *table, const char *name);
const char *facts_root_text(enum facts_root root); /* "facts", "observed", "derived" */
const ProtobufCMessageDescriptor *facts_root_descriptor(enum facts_root root);

/* What the tables show; a root that is NULL shows empty tables and rows of NULLs. */
struct facts_data {
	const ProtobufCMessage *roots[FACTS_ROOT_COUNT];
};

/* One row. message is NULL where an optional message is absent, and in tables of scalars. */
struct facts_row {
	const ProtobufCMessage *message;
	const void *scalar;
	int64_t parent;
	int64_t ord;
};

int64_t facts_table_parents(const struct facts_table *table, const struct facts_data *data);
int64_t facts_table_rows(const struct facts_table *table, const struct facts_data *data,
			 int64_t parent);
/* ord below facts_table_rows(). */
void facts_table_row(const struct facts_table *table, const struct facts_data *data, int64_t parent,
		     int64_t ord, struct facts_row *ret_row);

enum facts_value_type {
	FACTS_VALUE_NULL,
	FACTS_VALUE_INTEGER,
	FACTS_VALUE_REAL,
	FACTS_VALUE_TEXT,
	FACTS_VALUE_BYTES
};

struct facts_value {
	enum facts_value_type type;
	int64_t integer;
	double real;
	const char *text;     /* borrowed from the message */
	const uint8_t *bytes; /* borrowed from the message */
	size_t size;
};

void facts_column_read(const struct facts_column *column, const struct facts_row *row,
		       struct facts_value *ret_value);
/* Where a bool stands in the message, for trying what another value would do; NULL: no bool, or
 * absent. */
protobuf_c_boolean *facts_column_boolean(const struct facts_column *column,
					 const struct facts_row *row);
/* Convenience for text and enum columns; NULL when absent. */
const char *facts_row_text(const struct facts_table *table, const struct facts_row *row,
			   const char *column);

#endif
