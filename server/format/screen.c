/* SPDX-License-Identifier: Apache-2.0 */
/* See screen.h. The sixteen colours of the terminal's own theme, nothing else. */
#include "server/format/screen.h"

#include <string.h>

#include "server/format/text.h"

enum { MIN_REST = 12 /* a narrower rest is not worth cutting for */ };

static const char *const paints[] = {
	[PAINT_NONE] = "",          [PAINT_BOLD] = "\033[1m",    [PAINT_RED] = "\033[1;31m",
	[PAINT_GREEN] = "\033[32m", [PAINT_YELLOW] = "\033[33m", [PAINT_CYAN] = "\033[36m",
	[PAINT_DIM] = "\033[2m",
};

static const struct glyph {
	const char *utf8;
	const char *ascii;
	enum paint paint;
} glyphs[VERDICT_COUNT] = {
	[VERDICT_PASS] = {"\xE2\x9C\x93", "[PASS]", PAINT_GREEN},
	[VERDICT_FAIL] = {"\xE2\x9C\x97", "[FAIL]", PAINT_RED},
	[VERDICT_UNKNOWN] = {"?", "[????]", PAINT_YELLOW},
	[VERDICT_MANUAL] = {"\xE2\x9C\x8E", "[HAND]", PAINT_CYAN},
	[VERDICT_NOT_APPLICABLE] = {"\xE2\x80\x93", "[N/A ]", PAINT_DIM},
};

/* Byte length of the first max_columns columns. */
static size_t prefix_of(const char *clean, guint max_columns)
{
	const char *at = clean;
	guint columns = 0;

	while (*at != '\0') {
		gunichar c = g_utf8_get_char(at);

		columns += g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
		if (columns > max_columns)
			break;
		at = text_next(at);
	}
	return (size_t)(at - clean);
}

char *screen_clean(const struct screen *screen, const char *raw, guint max_columns)
{
	const char *ellipsis = screen->style->ascii ? "..." : "\xE2\x80\xA6";
	GString *text = g_string_new(NULL);

	text_append(text, raw, TEXT_MAX_CHARS, screen->style->ascii);
	if (max_columns > 0 && text_columns(text->str) > max_columns) {
		guint room = max_columns - MIN(max_columns, text_columns(ellipsis));

		g_string_truncate(text, prefix_of(text->str, room));
		g_string_append(text, ellipsis);
	}
	return g_string_free(text, FALSE);
}

void screen_put(const struct screen *screen, enum paint paint, const char *clean, guint min_columns)
{
	bool painted = screen->style->color && paint != PAINT_NONE && *clean != '\0';

	if (painted)
		g_string_append(screen->out, paints[paint]);
	g_string_append(screen->out, clean);
	if (painted)
		g_string_append(screen->out, "\033[0m");
	for (guint used = text_columns(clean); used < min_columns; used++)
		g_string_append_c(screen->out, ' ');
}

void screen_line_end(const struct screen *screen)
{
	while (screen->out->len > 0 && screen->out->str[screen->out->len - 1] == ' ')
		g_string_truncate(screen->out, screen->out->len - 1);
	g_string_append_c(screen->out, '\n');
}

void screen_glyph(const struct screen *screen, enum verdict verdict)
{
	const struct glyph *glyph = &glyphs[verdict];

	screen_put(screen, glyph->paint, screen->style->ascii ? glyph->ascii : glyph->utf8,
		   screen->style->ascii ? 7 : 2);
}

const char *screen_dot(const struct screen *screen)
{
	return screen->style->ascii ? " - " : " \xC2\xB7 ";
}

guint screen_rest(const struct screen *screen, guint used)
{
	if (screen->style->columns == 0)
		return 0;
	return MAX(screen->style->columns, used + MIN_REST) - used;
}
