/* SPDX-License-Identifier: Apache-2.0 */
/* The things that checks judge: which table they stand in, and how they are called, RULES 0.2. */
#ifndef PLIMSOLL_CHECKS_SUBJECT_H
#define PLIMSOLL_CHECKS_SUBJECT_H

#include "checks/evaluate.h"
#include "proto/arena.h"

struct subject_kind {
	const char *name;  /* "container" */
	const char *table; /* "container" */
	bool singleton;    /* exactly one, always: daemon, host, cluster */
	const char *empty; /* reason when there is none at all */
	void (*describe)(const Plimsoll__Facts *facts, size_t ord, struct arena *arena,
			 struct item *item);
	/* Why nothing about this one can be trusted; NULL = nothing wrong, or no such notion. */
	const char *(*problem)(const Plimsoll__Facts *facts, size_t ord, bool reads_history,
			       struct arena *arena);
};

/* NULL: no such kind. */
const struct subject_kind *subject_find(const char *name);

/* Numbers the kinds, below SUBJECT_KINDS. */
enum { SUBJECT_KINDS = 9 };
unsigned subject_index(const struct subject_kind *kind);

/* Fills subject, subject_id, subject_key, label and, where one subject key may stand for several
 * subjects, discriminator. */
void subject_describe(const struct subject_kind *kind, const Plimsoll__Facts *facts, size_t ord,
		      struct arena *arena, struct item *item);

/* Gone between list and inspect: no item. */
bool subject_is_gone(const struct subject_kind *kind, const Plimsoll__Facts *facts, size_t ord);

/* What the state of a file says about a fact of it that is missing; NULL = nothing. */
const char *subject_file_reason(const Plimsoll__File *file, struct arena *arena);

#endif
