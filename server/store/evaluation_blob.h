/* SPDX-License-Identifier: Apache-2.0 */
/* An evaluation as bytes and back (stored.proto). */
#ifndef PLIMSOLL_SERVER_STORE_EVALUATION_BLOB_H
#define PLIMSOLL_SERVER_STORE_EVALUATION_BLOB_H

#include "checks/evaluate.h"

enum {
	STORE_CHECK_ITEMS = 1000,         /* items that are kept of one check */
	STORE_CHECK_TEXT_BYTES = 64 << 10 /* text of them */
};

/* gives: compressed bytes, free with g_bytes_unref(). */
GBytes *evaluation_blob_write(const struct evaluation *evaluation);

/*
 * Reads what evaluation_blob_write() gave.
 *
 * catalogue  keeps a borrow until evaluation_free(). Checks that it no longer has are left
 * out. gives      free with evaluation_free().
 */
struct evaluation *evaluation_blob_read(GBytes *blob, const struct catalogue *catalogue,
					GError **error);

#endif
