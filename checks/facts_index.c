/* SPDX-License-Identifier: Apache-2.0 */
/* A sorted copy of one column. */
#include "checks/facts_index.h"

#include <stdlib.h>
#include <string.h>

struct entry {
	struct facts_value value;
	int64_t ord;
};

struct facts_index {
	const struct facts_column *column;
	struct entry *entries; /* by value, then ord; rows with NULL are not there */
	int64_t *ords;         /* of entries, in the same order */
	size_t n;
};

int facts_value_compare(const struct facts_value *a, const struct facts_value *b)
{
	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	if (a->type == FACTS_VALUE_TEXT) /* derived rows share their constants */
		return a->text == b->text ? 0 : strcmp(a->text, b->text);
	return (a->integer > b->integer) - (a->integer < b->integer);
}

static int compare_entries(const void *a, const void *b)
{
	const struct entry *first = a;
	const struct entry *second = b;
	int order = facts_value_compare(&first->value, &second->value);

	return order != 0 ? order : (first->ord > second->ord) - (first->ord < second->ord);
}

struct facts_index *facts_index_new(const struct facts_table *table,
				    const struct facts_column *column,
				    const struct facts_data *data)
{
	struct facts_index *index = g_new0(struct facts_index, 1);
	int64_t rows = facts_table_rows(table, data, 0);

	index->column = column;
	index->entries = g_new(struct entry, (gsize)rows + 1);
	index->ords = g_new(int64_t, (gsize)rows + 1);
	for (int64_t ord = 0; ord < rows; ord++) {
		struct entry *entry = &index->entries[index->n];
		struct facts_row row;

		facts_table_row(table, data, 0, ord, &row);
		facts_column_read(column, &row, &entry->value);
		entry->ord = ord;
		index->n += entry->value.type != FACTS_VALUE_NULL;
	}
	qsort(index->entries, index->n, sizeof(*index->entries), compare_entries);
	for (size_t i = 0; i < index->n; i++)
		index->ords[i] = index->entries[i].ord;
	return index;
}

void facts_index_free(struct facts_index *index)
{
	if (index == NULL)
		return;
	g_free(index->entries);
	g_free(index->ords);
	g_free(index);
}

const struct facts_column *facts_index_column(const struct facts_index *index)
{
	return index->column;
}

/* The first entry that is greater than value, or, with equal, not less. */
static size_t bound(const struct facts_index *index, const struct facts_value *value, bool equal)
{
	size_t low = 0;
	size_t high = index->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = facts_value_compare(&index->entries[middle].value, value);

		if (order < 0 || (order == 0 && !equal))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct facts_range facts_index_find(const struct facts_index *index,
				    const struct facts_value *value)
{
	size_t from = bound(index, value, true);

	return (struct facts_range){index->ords + from, bound(index, value, false) - from};
}
