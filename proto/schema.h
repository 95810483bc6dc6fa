/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which schema number brought which field, and which source fills which table of Facts. An old
 * agent's missing field is then "unknown, this agent does not collect it", never a wrong pass.
 */
#ifndef PLIMSOLL_PROTO_SCHEMA_H
#define PLIMSOLL_PROTO_SCHEMA_H

#include <glib.h>

#define SCHEMA_CURRENT 1u

struct schema_field {
	const char *table;  /* SQL table: "container", "container_mount" */
	const char *column; /* NULL: the table as a whole, unless a row for the column follows */
	unsigned since;     /* first schema number that has it */
	const char
		*group; /* Fetch.group of the sources that fill it; NULL: the agent's own words */
};

/* Looks a column up; falls back to its table. NULL: no such table. Static storage. */
const struct schema_field *schema_find(const char *table, const char *column);

/* All rows, for the completeness test and the documentation; terminated by table == NULL. */
const struct schema_field *schema_all(void);

#endif
