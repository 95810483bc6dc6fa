/* SPDX-License-Identifier: Apache-2.0 */
/* How the last round went, kept in STATE/last-run.json for `plimsoll-agent status`. */
#ifndef PLIMSOLL_AGENT_SHIP_LAST_RUN_H
#define PLIMSOLL_AGENT_SHIP_LAST_RUN_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/base.h"

struct last_run {
	int64_t attempted_at_s, delivered_at_s; /* 0 = never */
	char *error;                            /* of the last attempt; NULL = none */
};

/* Never fails: an absent or unreadable file is a host that has not run yet. Release with
 * last_run_done(). */
void last_run_read(const char *state_dir, struct last_run *ret_run);
bool last_run_write(const char *state_dir, const struct last_run *run, GError **error);
void last_run_done(struct last_run *run);

#endif
