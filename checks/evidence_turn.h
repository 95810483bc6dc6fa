/* SPDX-License-Identifier: Apache-2.0 */
/* Which facts alone would turn a verdict, for evidence.c. */
#ifndef PLIMSOLL_CHECKS_EVIDENCE_TURN_H
#define PLIMSOLL_CHECKS_EVIDENCE_TURN_H

#include "checks/evidence.h"
#include "checks/facts_table.h"
#include "proto/arena.h"

/* A yes or no that was read. */
struct evidence_switch {
	const struct facts_table *table;
	const struct facts_column *column;
	struct facts_row row;
	const char *label; /* of the row; NULL = the table's only row */
};

/*
 * Tries each switch, and each setting of `names` that is true or false.
 *
 * verdict  as things are
 * gives    turns in the arena
 */
struct evidence_turn *evidence_try(struct evaluator *evaluator, const struct evaluate_input *input,
				   const struct check *check, enum verdict verdict,
				   const GArray *switches, const struct evidence_setting *settings,
				   guint n_settings, struct arena *arena, guint *ret_n);

#endif
