/* SPDX-License-Identifier: Apache-2.0 */
/* What a reader must know before the verdicts: what could not be asked, and Docker's own warnings.
 */
#ifndef PLIMSOLL_SERVER_FORMAT_NOTICES_H
#define PLIMSOLL_SERVER_FORMAT_NOTICES_H

#include "checks/evaluate.h"
#include "proto/arena.h"

/*
 * Sentences in order of weight. They may quote the host's words, so they count as foreign.
 *
 * observed  may be NULL.
 * gives     strings and the array live in the arena.
 */
const char *const *notices_of(const Plimsoll__Facts *facts, const Plimsoll__Observed *observed,
			      const struct evaluation *evaluation, struct arena *arena,
			      guint *ret_n);

/* Whether the Engine API answered at all. */
bool notices_engine_answered(const Plimsoll__Facts *facts);

#endif
