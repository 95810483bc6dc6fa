/* SPDX-License-Identifier: Apache-2.0 */
/* A build step of any text: what comes out consists of known words and signs, nothing else. */
#include <string.h>

#include "agent/mask.h"
#include "agent/mask_words.h"
#include "tests/fuzz/fuzz.h"

static bool is_sign(const char *token)
{
	static const char *const signs[] = {
		"_", "-_", "_=*", "_url_with_userinfo_", "&&", "||", "|&", ";;", ";", "|",
		"&", "(",  ")"};

	for (size_t i = 0; i < G_N_ELEMENTS(signs); i++)
		if (strcmp(token, signs[i]) == 0)
			return true;
	return token[0] == '_' && mask_find_telling(token) != NULL &&
	       strcmp(token + 1, mask_find_telling(token)) == 0;
}

static bool is_mode(const char *token)
{
	return token[strspn(token, "01234567ugoarwxXst+-=,")] == '\0';
}

static bool is_known(const char *token)
{
	return is_sign(token) || mask_is_word(token) || mask_is_option(token) ||
	       mask_is_keyword(token) || mask_is_prefix(token);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *script = g_strndup((const char *)data, size);
	g_autofree char *masked = mask_script(script);
	g_auto(GStrv) tokens = g_strsplit(masked, " ", -1);
	g_autofree char *destination = mask_destination(script);
	g_autofree char *assignments = mask_assignments(script, NULL);

	for (guint i = 0; tokens[i] != NULL; i++) {
		bool after_chmod = i > 0 && g_strv_contains((const char *const *)tokens, "chmod");

		if (masked[0] != '\0' && !is_known(tokens[i]) &&
		    !(after_chmod && is_mode(tokens[i])))
			g_error("let through \"%s\" of \"%s\"", tokens[i], script);
	}
	g_assert_true(assignments[0] == '\0' || strcmp(assignments, "_=*") == 0);
	g_assert_null(strstr(destination, "://"));
	return 0;
}
