/* SPDX-License-Identifier: Apache-2.0 */
/* From an evaluated snapshot to the struct that the host page shows. */
#ifndef PLIMSOLL_SERVER_REPORT_HOST_VIEW_H
#define PLIMSOLL_SERVER_REPORT_HOST_VIEW_H

#include "proto/arena.h"
#include "server/report/page.h"

/* What a host view is made from; all borrowed, envelope may be NULL. */
struct host_view_input {
	const Plimsoll__Envelope *envelope;
	const Plimsoll__Facts *facts;
	const struct evaluation *evaluation;
	const struct benchmark *benchmark;
	const struct score *score;
};

/*
 * Fills every member but freshness, filter and notices, which start as current, none and none.
 * What it makes lives in the arena; the rest borrows from the input.
 */
void host_view_init(struct host_view *view, const struct host_view_input *input,
		    struct arena *arena);

/* How a check that does not pass is mended on this engine; NULL = the catalogue does not say. */
const char *host_view_fix(const struct check *check, const Plimsoll__Facts *facts);
/* How many items a check had, listed or not. */
guint host_view_items(const struct result *result);
/* What tells an item from others of its subject, when its label does not say it already; or NULL.
 */
const char *host_view_detail(const struct item *item);
/* The name to show for a snapshot; never NULL. */
const char *host_view_name(const Plimsoll__Envelope *envelope, const Plimsoll__Facts *facts);
/* "Docker 27.1.1, rootless"; NULL when the engine is not known. Lives in the arena. */
const char *host_view_engine(const Plimsoll__Facts *facts, struct arena *arena);

#endif
