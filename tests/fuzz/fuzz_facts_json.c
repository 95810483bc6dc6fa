/* SPDX-License-Identifier: Apache-2.0 */
/* A file that somebody hands to --facts. What reads must write to something that reads the same. */
#include <string.h>

#include "proto/facts_json.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(collection) *collection = facts_json_read((const char *)data, size, &error);

	g_assert_true((collection == NULL) == (error != NULL));
	if (collection == NULL)
		return 0;
	g_autofree char *text = facts_json_write(collection);
	PLIMSOLL_AUTO(collection) *again = facts_json_read(text, strlen(text), &error);
	g_assert_no_error(error);
	g_autofree char *text_again = facts_json_write(again);
	g_assert_cmpstr(text, ==, text_again);
	return 0;
}
