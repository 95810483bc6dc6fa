/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 6: the digests are made where the report is judged, by many threads; the one writer then
 * reads and compares the findings of those checks only whose digest is another one than before.
 */
#include "server/store/result_digest.h"

#include <string.h>

#include "server/store/evaluation_blob.h"
#include "server/store/sha256.h"

/* Another number makes every stored digest differ: when findings.c comes to read more of an item.
 */
enum { FORM = 1 };

/* A GByteArray that grows ahead: every text of every item comes through here. */
static void append(GByteArray *out, const void *data, gsize size)
{
	guint at = out->len;

	g_byte_array_set_size(out, at + (guint)size);
	memcpy(out->data + at, data, size);
}

static void append_number(GByteArray *out, guint32 number)
{
	append(out, &number, sizeof number);
}

/* The NUL ends it; findings.c does not tell an absent text from an empty one either. */
static void append_text(GByteArray *out, const char *text)
{
	const char *given = text != NULL ? text : "";

	append(out, given, strlen(given) + 1);
}

/* An item that is not open counts by being there; what it observed is in no finding. */
static void append_item(GByteArray *out, const struct item *item)
{
	append_number(out, item->verdict);
	append_text(out, item->subject);
	append_text(out, item->subject_key != NULL ? item->subject_key : item->subject_id);
	append_text(out, item->discriminator);
	if (item->verdict != VERDICT_FAIL && item->verdict != VERDICT_UNKNOWN)
		return;
	append_text(out, item->label);
	append_text(out, item->observed);
	append_text(out, item->expected);
	append_text(out, item->reason_text);
	append_text(out, item->note);
	append_text(out, item->source);
}

static void append_result(GByteArray *out, const struct result *result)
{
	append_number(out, FORM);
	append_number(out, result->verdict);
	append_number(out, result->reason != NULL);
	append_text(out, result->reason_text);
	for (guint v = 0; v < VERDICT_COUNT; v++)
		append_number(out, result->counts[v]);
	append_number(out, result->n_items);
	for (guint i = 0; i < MIN(result->n_items, (guint)STORE_CHECK_ITEMS); i++)
		append_item(out, &result->items[i]);
}

GBytes *result_digests(const struct evaluation *evaluation)
{
	g_autoptr(GByteArray) text = g_byte_array_new();
	GByteArray *digests = g_byte_array_new();

	for (guint i = 0; i < evaluation->n_results; i++) {
		uint8_t digest[WIRE_SHA256_BYTES];

		g_byte_array_set_size(text, 0);
		append_result(text, &evaluation->results[i]);
		sha256_of(text->data, text->len, digest);
		g_byte_array_append(digests, digest, RESULT_DIGEST_BYTES);
	}
	return g_byte_array_free_to_bytes(digests);
}
