/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why something is unknown or does not apply, RULES 0.1. A reason travels as "CODE" or
 * "CODE|argument"; "UK|text" and "NA|text" carry a text of their own.
 */
#ifndef PLIMSOLL_CHECKS_REASON_H
#define PLIMSOLL_CHECKS_REASON_H

#include "checks/evaluate.h"

/* Whether reason begins with a code of the table. NULL is not. */
bool reason_is_valid(const char *reason);

/* unknown for UK codes, not_applicable for NA codes; unknown for anything that is no reason. */
enum verdict reason_verdict(const char *reason);

/* gives: in the arena. The code alone: "UK_PERM" of "UK_PERM|/etc/docker". NULL gives NULL. */
const char *reason_code(struct arena *arena, const char *reason);

/* gives: in the arena. "no permission to read /etc/docker". A text that is no reason comes back as
 * it is. */
const char *reason_text(struct arena *arena, const char *reason);

/* The reason behind a fetch row that is neither ok nor absent; NULL for those. gives: in the arena.
 */
const char *reason_of_fetch(struct arena *arena, const Plimsoll__Fetch *fetch);

#endif
