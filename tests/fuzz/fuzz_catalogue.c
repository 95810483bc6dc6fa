/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a file of checks.d: an error with a place, or checks whose SQL is prepared or
 * refused. */
#include <string.h>

#include "checks/catalogue_file.h"
#include "checks/evaluate.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)(const void *)data, size);
	const struct catalogue_source source = {.file = {"fuzz.yaml", text, strlen(text)},
						.custom = true};
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(catalogue) *catalogue = catalogue_new_from(&source, 1, &error);
	PLIMSOLL_AUTO(evaluator) *evaluator = NULL;

	if (catalogue != NULL) {
		evaluator = evaluator_new(catalogue, &error);
		(void)catalogue_suggest(catalogue, "container-privileged");
	}
	if (evaluator == NULL)
		g_assert_true(g_str_has_prefix(error->message, "fuzz.yaml:"));
	return 0;
}
