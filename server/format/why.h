/* SPDX-License-Identifier: Apache-2.0 */
/* The evidence of one verdict, for people and for programs. */
#ifndef PLIMSOLL_SERVER_FORMAT_WHY_H
#define PLIMSOLL_SERVER_FORMAT_WHY_H

#include "checks/evidence.h"

/*
 * entry  of the benchmark; NULL: the check is none of its entries.
 * all    every item and fact; otherwise the first few of each table, and how many there are more.
 */
void why_write_text(GString *out, const struct benchmark *benchmark,
		    const struct benchmark_entry *entry, const struct result *result,
		    const struct evidence *evidence, bool all);
/* {schema_version, check, benchmark, id, title, verdict, reason, items[], facts[], settings[],
 * sources[], expression{}, turns[]}; README tells the members. */
void why_write_json(GString *out, const struct benchmark *benchmark,
		    const struct benchmark_entry *entry, const struct result *result,
		    const struct evidence *evidence);

/* What would turn the verdict, a sentence each. gives: char*, at least one. */
GPtrArray *why_turns(const struct result *result, const struct evidence *evidence);

#endif
