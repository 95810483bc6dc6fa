/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a machine can tell about a catalogue: rules that every check must keep whatever it judges.
 * Used by tests; not part of the programs.
 */
#ifndef PLIMSOLL_CHECKS_LINT_H
#define PLIMSOLL_CHECKS_LINT_H

#include "checks/evaluate.h"

/* All functions append texts, "FILE:LINE:COLUMN: check NAME: what is wrong"; free with g_free(). */

/* NOT IN (SELECT ...) with one NULL in the list is never true: a silent pass. */
void lint_text(const struct catalogue *catalogue, GPtrArray *faults);

/*
 * Sets every column that a check decides by to NULL, one column at a time in all rows; no subject
 * may pass then, unless decides_without names the column. Columns of the subject's own table must
 * leave no passing item, those of other tables no passing check.
 *
 * input  its facts are changed and put back.
 * error  EVALUATE_ERROR when the catalogue does not prepare.
 */
bool lint_nulls(const struct catalogue *catalogue, const struct evaluate_input *input,
		GPtrArray *faults, GError **error);

/* Reverses the lists of the facts whose order means nothing; results must stay the same. The facts
 * stay reversed. error: as lint_nulls(). */
bool lint_order(const struct catalogue *catalogue, const struct evaluate_input *input,
		GPtrArray *faults, GError **error);

#endif
