/* SPDX-License-Identifier: Apache-2.0 */
/* See rate.h: a count by source that is forgotten every minute. */
#include "server/http/rate.h"

static const int64_t window_us = (int64_t)60 * G_USEC_PER_SEC;

struct rate {
	guint per_minute;
	int64_t window; /* number of the minute that is counted */
	GHashTable *tries;
};

struct rate *rate_new(guint per_minute)
{
	struct rate *rate = g_new0(struct rate, 1);

	rate->per_minute = per_minute;
	rate->tries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	return rate;
}

void rate_free(struct rate *rate)
{
	if (rate == NULL)
		return;
	g_hash_table_unref(rate->tries);
	g_free(rate);
}

bool rate_allows(struct rate *rate, const char *source, int64_t now_us)
{
	guint tries;

	if (now_us / window_us != rate->window) {
		rate->window = now_us / window_us;
		g_hash_table_remove_all(rate->tries);
	}
	tries = GPOINTER_TO_UINT(g_hash_table_lookup(rate->tries, source));
	if (tries >= rate->per_minute ||
	    (tries == 0 && g_hash_table_size(rate->tries) >= RATE_SOURCES))
		return false;
	g_hash_table_insert(rate->tries, g_strdup(source), GUINT_TO_POINTER(tries + 1));
	return true;
}
