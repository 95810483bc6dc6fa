/* SPDX-License-Identifier: Apache-2.0 */
/* Steps 4 and 6: to look the algorithm up takes OpenSSL longer than a short text, so it stays. */
#include "server/store/sha256.h"

#include <glib.h>
#include <openssl/evp.h>

static void free_context(gpointer context)
{
	EVP_MD_CTX_free(context);
}

static EVP_MD_CTX *context_of_thread(void)
{
	static GPrivate kept = G_PRIVATE_INIT(free_context);
	EVP_MD_CTX *context = g_private_get(&kept);

	if (context != NULL)
		return context;
	context = EVP_MD_CTX_new();
	if (context == NULL || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1)
		g_error("SHA-256 is not available");
	g_private_set(&kept, context);
	return context;
}

void sha256_of(const void *data, size_t size, uint8_t ret_digest[static WIRE_SHA256_BYTES])
{
	EVP_MD_CTX *context = context_of_thread();

	/* NULL: the algorithm that it was made with, from the start */
	if (EVP_DigestInit_ex(context, NULL, NULL) != 1 ||
	    EVP_DigestUpdate(context, data, size) != 1 ||
	    EVP_DigestFinal_ex(context, ret_digest, NULL) != 1)
		g_error("SHA-256 does not work");
}
