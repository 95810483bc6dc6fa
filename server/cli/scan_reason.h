/* SPDX-License-Identifier: Apache-2.0 */
/* Why a machine was not audited, or not whole: the rows of a sweep's summary. */
#ifndef PLIMSOLL_SERVER_CLI_SCAN_REASON_H
#define PLIMSOLL_SERVER_CLI_SCAN_REASON_H

#include <glib.h>

struct scan_reason {
	const char *id;     /* for programs: "key-changed" */
	const char *words;  /* for people: "host key changed" */
	const char *advice; /* what to do */
};

/* Of the error with which a machine ended: SSH_ERROR or HOST_ERROR. */
const struct scan_reason *scan_reason_of_error(const GError *error);
/* By id; NULL: there is none of that name. */
const struct scan_reason *scan_reason_find(const char *id);
/* The next one in the order of a summary; NULL gives the first, NULL comes after the last. */
const struct scan_reason *scan_reason_next(const struct scan_reason *reason);

#define SCAN_REASON_INTERRUPTED "interrupted"
#define SCAN_REASON_UNJUDGED    "unjudged"
/* Of machines that were audited all the same. */
#define SCAN_REASON_NO_DOCKER "no-docker"
#define SCAN_REASON_ENGINE    "engine-not-asked"
#define SCAN_REASON_CUT_SHORT "cut-short"
#define SCAN_REASON_PARTIAL   "partial"

#endif
