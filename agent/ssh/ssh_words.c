/* SPDX-License-Identifier: Apache-2.0 */
/* See ssh_words.h. */
#include "agent/ssh/ssh_words.h"

#include "proto/limits.h"

void ssh_words_add(GString *words, const char *text, gsize size)
{
	if (size > LIMIT_SSH_WORDS_BYTES) {
		text += size - LIMIT_SSH_WORDS_BYTES;
		size = LIMIT_SSH_WORDS_BYTES;
	}
	g_string_append_len(words, text, (gssize)size);
	if (words->len > LIMIT_SSH_WORDS_BYTES)
		g_string_erase(words, 0, (gssize)(words->len - LIMIT_SSH_WORDS_BYTES));
}

/* Neither C0 and C1 controls nor characters that turn the direction of a line. */
static gboolean is_shown(gunichar c)
{
	return c == '\n' || (g_unichar_isprint(c) && g_unichar_type(c) != G_UNICODE_FORMAT);
}

char *ssh_words_show(const GString *words)
{
	g_autoptr(GString) shown = g_string_new(NULL);
	g_autofree char *valid = g_utf8_make_valid(words->str, (gssize)words->len);
	char *text = NULL;

	for (const char *c = valid; *c != '\0'; c = g_utf8_find_next_char(c, NULL)) {
		gunichar one = g_utf8_get_char(c);

		if (one == '\t')
			g_string_append_c(shown, ' ');
		else if (one == '\r' && c[1] == '\n')
			continue;
		else if (is_shown(one))
			g_string_append_unichar(shown, one);
		else
			g_string_append_c(shown, '?');
	}
	text = g_string_free(g_steal_pointer(&shown), FALSE);
	return g_strstrip(text);
}
