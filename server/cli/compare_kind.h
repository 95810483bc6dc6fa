/* SPDX-License-Identifier: Apache-2.0 */
/* The ways in which docker-bench-security and we can differ about a check, worst first. */
#ifndef PLIMSOLL_SERVER_CLI_COMPARE_KIND_H
#define PLIMSOLL_SERVER_CLI_COMPARE_KIND_H

#include "checks/evaluate.h"
#include "server/cli/peer_log.h"

struct compare_kind {
	const char *name; /* for programs: "missed" */
	const char *text; /* "PASS there, fails here" */
};

extern const struct compare_kind compare_kinds[];
extern const guint compare_n_kinds;

/* A member of compare_kinds; NULL = both say the same, or neither decides. */
const struct compare_kind *compare_kind_of(enum peer_word word, enum verdict verdict);

#endif
