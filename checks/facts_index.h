/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of a table by the value of one column, made when a statement first asks for it. Without it,
 * joining containers and what was derived of them is quadratic.
 */
#ifndef PLIMSOLL_CHECKS_FACTS_INDEX_H
#define PLIMSOLL_CHECKS_FACTS_INDEX_H

#include "checks/facts_table.h"

struct facts_index;

/* Ordinals of rows, ascending. */
struct facts_range {
	const int64_t *ords;
	size_t n;
};

/* table: not a child table. keeps a borrow of the texts in data. gives: free with
 * facts_index_free(). */
struct facts_index *facts_index_new(const struct facts_table *table,
				    const struct facts_column *column,
				    const struct facts_data *data);
void facts_index_free(struct facts_index *index);
const struct facts_column *facts_index_column(const struct facts_index *index);

/* The rows whose column equals an integer or text value. */
struct facts_range facts_index_find(const struct facts_index *index,
				    const struct facts_value *value);

/* Order of values of one type. */
int facts_value_compare(const struct facts_value *a, const struct facts_value *b);

#endif
