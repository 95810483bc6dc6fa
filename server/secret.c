/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's randomness as text: tokens, sign-in links, sessions, host ids. */
#include "server/secret.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/random.h>

#include "proto/wire.h"

/* Up to 256 bytes come whole or not at all (getrandom(2)); without them nothing may go on. */
static void fill_random(uint8_t *bytes, size_t size)
{
	g_assert(size <= 256);
	while (getrandom(bytes, size, 0) != (ssize_t)size)
		if (errno != EINTR)
			g_error("getrandom: %s", g_strerror(errno));
}

char *secret_base64url(const void *data, size_t size)
{
	char *text = g_base64_encode(data, size);

	g_strdelimit(text, "+", '-');
	g_strdelimit(text, "/", '_');
	text[strcspn(text, "=")] = '\0';
	return text;
}

char *secret_new(void)
{
	uint8_t bytes[32];
	char *text;

	fill_random(bytes, sizeof bytes);
	text = secret_base64url(bytes, sizeof bytes);
	OPENSSL_cleanse(bytes, sizeof bytes);
	return text;
}

char *secret_new_id(void)
{
	uint8_t bytes[6];

	fill_random(bytes, sizeof bytes);
	return wire_hex(bytes, sizeof bytes);
}

char *secret_new_uuid(void)
{
	uint8_t bytes[16];
	g_autofree char *hex = NULL;

	fill_random(bytes, sizeof bytes);
	bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40);
	bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
	hex = wire_hex(bytes, sizeof bytes);
	return g_strdup_printf("%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
			       hex + 20);
}

void secret_sha256(const char *secret, uint8_t ret_sha256[static SECRET_SHA256_BYTES])
{
	wire_sha256(secret, strlen(secret), ret_sha256);
}

bool secret_equal(const uint8_t left[static SECRET_SHA256_BYTES],
		  const uint8_t right[static SECRET_SHA256_BYTES])
{
	return CRYPTO_memcmp(left, right, SECRET_SHA256_BYTES) == 0;
}
