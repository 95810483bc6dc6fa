/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which containers and images an audit is about. What a filter leaves out is out of every check's
 * scope, but stays in the facts: who joins whose namespace, and which image is used, is judged as
 * it is. In doubt a subject stays: a filter never hides what it could not see.
 */
#ifndef PLIMSOLL_CHECKS_SUBJECT_FILTER_H
#define PLIMSOLL_CHECKS_SUBJECT_FILTER_H

#include <glib.h>
#include <stdbool.h>

#include "proto/arena.h"
#include "proto/plimsoll.pb-c.h"

/*
 * What was asked for. Patterns are matched against a container's name, and an image's references
 * (with and without tag) and id. Every list is NULL-terminated; NULL and empty = not asked for.
 */
struct subject_rule {
	const char *const *include; /* one of these matches */
	const char *const *exclude; /* none of these matches, also among what is included */
	const char *const *labels;  /* all of these are there */
	bool regex; /* patterns are regular expressions that match anywhere, not globs */
};

struct subject_filter;

/*
 * gives  a filter, or NULL without error when the rule asks for nothing.
 * error  SUBJECT_FILTER_ERROR: a pattern that cannot be read; a label with a value, since the
 * values of labels are not among the facts (those of Compose's project and service are).
 */
struct subject_filter *subject_filter_new(const struct subject_rule *rule, GError **error);
void subject_filter_free(struct subject_filter *filter);
PLIMSOLL_AUTOPTR(subject_filter, subject_filter_free)

/*
 * Who is left out of a kind, 1 by ordinal, in the arena; NULL when nobody is, as of every kind but
 * containers and images. kind is that of subject_index(); filter may be NULL.
 */
const guint8 *subject_filter_marks(const struct subject_filter *filter, unsigned kind,
				   const Plimsoll__Facts *facts, struct arena *arena);
/* How many are left out. */
guint subject_filter_containers(const struct subject_filter *filter, const Plimsoll__Facts *facts);
guint subject_filter_images(const struct subject_filter *filter, const Plimsoll__Facts *facts);

#define SUBJECT_FILTER_ERROR (subject_filter_error_quark())
GQuark subject_filter_error_quark(void);

#endif
