/* SPDX-License-Identifier: Apache-2.0 */
/* How often one source may try something, by the minute. Used by one thread. */
#ifndef PLIMSOLL_SERVER_HTTP_RATE_H
#define PLIMSOLL_SERVER_HTTP_RATE_H

#include "proto/base.h"

#include <stdbool.h>
#include <stdint.h>

enum { RATE_SOURCES = 65536 }; /* remembered at most; beyond it everybody new is refused */

struct rate;

struct rate *rate_new(guint per_minute);
void rate_free(struct rate *rate);
PLIMSOLL_AUTOPTR(rate, rate_free)

/* Counts a try of a source at a monotonic time; false: one too many in this minute. */
bool rate_allows(struct rate *rate, const char *source, int64_t now_us);

#endif
