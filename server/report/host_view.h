/* SPDX-License-Identifier: Apache-2.0 */
/* From an evaluated snapshot to the struct that the host page shows. */
#ifndef PLIMSOLL_SERVER_REPORT_HOST_VIEW_H
#define PLIMSOLL_SERVER_REPORT_HOST_VIEW_H

#include "proto/arena.h"
#include "server/report/page.h"

/* How facts came to a server; what is NULL is left out. */
struct host_origin {
	const char *by;         /* "agent", ... (ours) */
	const char *target;     /* of a scan, as are these */
	const char *host_key;   /* its type and fingerprint */
	const char *engine_way; /* "dial-stdio", ... */
	const char *why;        /* this transport and not the first choice */
};

/* What a host view is made from; all borrowed, envelope and origin may be NULL. */
struct host_view_input {
	const struct host_origin *origin;
	const Plimsoll__Envelope *envelope;
	const Plimsoll__Facts *facts;
	const struct evaluation *evaluation;
	const struct benchmark *benchmark;
	const struct score *score;
};

/*
 * Fills every member but freshness, filter, notices and relatives, which start as current and none.
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
