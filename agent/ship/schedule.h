/* SPDX-License-Identifier: Apache-2.0 */
/* When to collect and when to try again; pure arithmetic, the caller brings clock and chance. */
#ifndef PLIMSOLL_AGENT_SHIP_SCHEDULE_H
#define PLIMSOLL_AGENT_SHIP_SCHEDULE_H

#include <glib.h>
#include <stdint.h>

enum {
	SCHEDULE_DEFAULT_PERIOD_S = 3600,
	SCHEDULE_MIN_PERIOD_S = 60,
	SCHEDULE_MAX_PERIOD_S = 24 * 3600,
};

/*
 * The next time for host_id: every host has its own place within the period, so that a fleet's
 * reports do not come at once. At least half a period from now.
 */
int64_t schedule_next_s(const char *host_id, int64_t now_s, guint period_s);

/* Full jitter: anything up to twice as much after each failure, from 2 s to 5 min. chance: 0 to
 * 2^32 - 1. */
int64_t schedule_backoff_ms(guint failures, uint32_t chance);

/* What a server may ask for. */
guint schedule_clamp_period_s(int64_t period_s);

#endif
