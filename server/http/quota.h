/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much one host may send: an hour's share at once, then as fast as it comes back. A host that
 * was taken over must not fill the disk that all others need, nor keep the workers. For any thread.
 */
#ifndef PLIMSOLL_SERVER_HTTP_QUOTA_H
#define PLIMSOLL_SERVER_HTTP_QUOTA_H

#include "proto/base.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	QUOTA_REQUEST_BYTES = 1024,    /* what a request costs at least */
	QUOTA_FREE_US = 20000,         /* work that is part of a request's price */
	QUOTA_BYTES_PER_MS = 4 * 1024, /* price of more: a hash of 32 bytes can ask for seconds */
};

struct quota;

struct quota *quota_new(guint bytes_per_hour);
void quota_free(struct quota *quota);
PLIMSOLL_AUTOPTR(quota, quota_free)

/* Takes a request's bytes from the host's share at a monotonic time; false: it has not got as many,
 * and nothing is taken. */
bool quota_takes(struct quota *quota, const char *host_id, size_t bytes, int64_t now_us);

/* Takes the price of work, in microseconds of CPU, even if the share goes below nothing. */
void quota_charge(struct quota *quota, const char *host_id, int64_t cpu_us, int64_t now_us);

#endif
