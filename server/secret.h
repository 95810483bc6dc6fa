/* SPDX-License-Identifier: Apache-2.0 */
/* Random secrets, and how they are compared and kept: as SHA-256 only. */
#ifndef PLIMSOLL_SERVER_SECRET_H
#define PLIMSOLL_SERVER_SECRET_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum { SECRET_SHA256_BYTES = 32 };

/* 256 random bits as 43 characters of base64url. gives: free with g_free(). */
char *secret_new(void);
/* A short random name, 48 bits in lower-case hex; not a secret. gives: free with g_free(). */
char *secret_new_id(void);
/* A random UUID (version 4). gives: free with g_free(). */
char *secret_new_uuid(void);
/* Bytes as base64url without padding. gives: free with g_free(). */
char *secret_base64url(const void *data, size_t size);

void secret_sha256(const char *secret, uint8_t ret_sha256[static SECRET_SHA256_BYTES]);
/* Takes equally long whether or not, and wherever, they differ. */
bool secret_equal(const uint8_t left[static SECRET_SHA256_BYTES],
		  const uint8_t right[static SECRET_SHA256_BYTES]);

#endif
