/* SPDX-License-Identifier: Apache-2.0 */
/* See text.h. Categories come from GLib's Unicode tables, so no locale changes what is harmless. */
#include "server/format/text.h"

#include <string.h>

enum { REPLACEMENT = 0xFFFD };

/* Controls steer terminals and split lines; format characters reorder or hide text. */
static bool must_be_shown(gunichar c)
{
	switch ((int)g_unichar_type(c)) {
	case G_UNICODE_CONTROL:
	case G_UNICODE_FORMAT:
	case G_UNICODE_LINE_SEPARATOR:
	case G_UNICODE_PARAGRAPH_SEPARATOR:
	case G_UNICODE_SURROGATE:
		return true;
	default:
		return false;
	}
}

static void append_char(GString *out, gunichar c, bool ascii)
{
	if (ascii && (c > 0x7E || must_be_shown(c)))
		g_string_append_printf(out, "<U+%04X>", c);
	else if (must_be_shown(c))
		g_string_append_printf(out, "\xE2\x9F\xA8U+%04X\xE2\x9F\xA9", c);
	else
		g_string_append_unichar(out, c);
}

/* Takes one character, or one byte that is none. */
static gunichar next_char(const char **at, const char *end)
{
	gunichar c = g_utf8_get_char_validated(*at, end - *at);

	if (c == (gunichar)-1 || c == (gunichar)-2) {
		(*at)++;
		return REPLACEMENT;
	}
	*at = text_next(*at);
	return c;
}

void text_append(GString *out, const char *raw, size_t max_chars, bool ascii)
{
	const char *at = raw;
	const char *end = raw == NULL ? NULL : raw + strlen(raw);

	for (size_t n = 0; at != end; n++) {
		if (n == max_chars) {
			g_string_append(out, ascii ? "..." : "\xE2\x80\xA6");
			return;
		}
		append_char(out, next_char(&at, end), ascii);
	}
}

char *text_clean(const char *raw)
{
	GString *out = g_string_new(NULL);

	text_append(out, raw, TEXT_MAX_CHARS, false);
	return g_string_free(out, FALSE);
}

guint text_columns(const char *clean)
{
	guint columns = 0;

	for (const char *at = clean; *at != '\0'; at = text_next(at)) {
		gunichar c = g_utf8_get_char(at);

		if (!g_unichar_iszerowidth(c))
			columns += g_unichar_iswide(c) ? 2 : 1;
	}
	return columns;
}
