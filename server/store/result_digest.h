/* SPDX-License-Identifier: Apache-2.0 */
/* What a result says, in a few bytes: how the store sees which checks moved since the last report.
 */
#ifndef PLIMSOLL_SERVER_STORE_RESULT_DIGEST_H
#define PLIMSOLL_SERVER_STORE_RESULT_DIGEST_H

#include "checks/evaluate.h"

enum { RESULT_DIGEST_BYTES = 16 };

/*
 * Two results of one check with the same digest leave the same findings open.
 *
 * gives  RESULT_DIGEST_BYTES for each result, in the evaluation's order; free with g_bytes_unref().
 */
GBytes *result_digests(const struct evaluation *evaluation);

#endif
