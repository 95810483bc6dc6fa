/* SPDX-License-Identifier: Apache-2.0 */
/* See schedule.h. */
#include "agent/ship/schedule.h"

#include <string.h>

#include "proto/wire.h"

enum { BACKOFF_BASE_MS = 2000, BACKOFF_CAP_MS = 300000, BACKOFF_MOST_DOUBLINGS = 16 };

static int64_t offset_of(const char *host_id, guint period_s)
{
	uint8_t digest[WIRE_SHA256_BYTES];
	uint32_t number = 0;

	wire_sha256(host_id, strlen(host_id), digest);
	memcpy(&number, digest, sizeof(number));
	return number % period_s;
}

int64_t schedule_next_s(const char *host_id, int64_t now_s, guint period_s)
{
	int64_t earliest = now_s + period_s / 2;
	int64_t slot = earliest - earliest % period_s + offset_of(host_id, period_s);

	return slot < earliest ? slot + period_s : slot;
}

int64_t schedule_backoff_ms(guint failures, uint32_t chance)
{
	guint doublings = MIN(failures, (guint)BACKOFF_MOST_DOUBLINGS);
	int64_t most = MIN((int64_t)BACKOFF_BASE_MS << doublings, (int64_t)BACKOFF_CAP_MS);

	return (int64_t)(((uint64_t)most * chance) >> 32);
}

guint schedule_clamp_period_s(int64_t period_s)
{
	return (guint)CLAMP(period_s, (int64_t)SCHEDULE_MIN_PERIOD_S,
			    (int64_t)SCHEDULE_MAX_PERIOD_S);
}
