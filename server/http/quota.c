/* SPDX-License-Identifier: Apache-2.0 */
/* See quota.h: a bucket for each host, which fills up evenly. There are as many as were enrolled.
 */
#include "server/http/quota.h"

static const int64_t hour_us = (int64_t)3600 * G_USEC_PER_SEC;

struct bucket {
	int64_t bytes; /* left */
	int64_t at_us; /* when it was filled up last */
};

struct quota {
	int64_t bytes_per_hour;
	GMutex mutex;
	GHashTable *buckets; /* host id -> struct bucket */
};

struct quota *quota_new(guint bytes_per_hour)
{
	struct quota *quota = g_new0(struct quota, 1);

	g_mutex_init(&quota->mutex);
	quota->bytes_per_hour = bytes_per_hour;
	quota->buckets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return quota;
}

void quota_free(struct quota *quota)
{
	if (quota == NULL)
		return;
	g_hash_table_unref(quota->buckets);
	g_mutex_clear(&quota->mutex);
	g_free(quota);
}

static struct bucket *find_bucket(struct quota *quota, const char *host_id, int64_t now_us)
{
	struct bucket *bucket = g_hash_table_lookup(quota->buckets, host_id);

	if (bucket != NULL)
		return bucket;
	bucket = g_new0(struct bucket, 1);
	*bucket = (struct bucket){quota->bytes_per_hour, now_us};
	g_hash_table_insert(quota->buckets, g_strdup(host_id), bucket);
	return bucket;
}

/* At most an hour counts, which bounds the products. The clock goes on by what whole bytes took, so
 * that many looks lose nothing. */
static void fill(const struct quota *quota, struct bucket *bucket, int64_t now_us)
{
	int64_t passed_us = CLAMP(now_us - bucket->at_us, 0, hour_us);
	int64_t bytes = quota->bytes_per_hour * (passed_us / 1000) / (hour_us / 1000);

	if (passed_us == hour_us)
		bucket->at_us = now_us;
	else
		bucket->at_us += bytes * hour_us / quota->bytes_per_hour;
	bucket->bytes = MIN(bucket->bytes + bytes, quota->bytes_per_hour);
}

bool quota_takes(struct quota *quota, const char *host_id, size_t bytes, int64_t now_us)
{
	int64_t cost = MAX((int64_t)bytes, (int64_t)QUOTA_REQUEST_BYTES);
	struct bucket *bucket;
	bool has_enough;

	g_mutex_lock(&quota->mutex);
	bucket = find_bucket(quota, host_id, now_us);
	fill(quota, bucket, now_us);
	has_enough = cost <= bucket->bytes;
	if (has_enough)
		bucket->bytes -= cost;
	g_mutex_unlock(&quota->mutex);
	return has_enough;
}

void quota_charge(struct quota *quota, const char *host_id, int64_t cpu_us, int64_t now_us)
{
	if (cpu_us <= QUOTA_FREE_US)
		return;
	g_mutex_lock(&quota->mutex);
	find_bucket(quota, host_id, now_us)->bytes -=
		(cpu_us - QUOTA_FREE_US) / 1000 * QUOTA_BYTES_PER_MS;
	g_mutex_unlock(&quota->mutex);
}
