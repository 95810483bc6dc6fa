/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text for a terminal: foreign words cleaned and cut to columns, colours that need not exist,
 * glyphs with an ASCII form.
 */
#ifndef PLIMSOLL_SERVER_FORMAT_SCREEN_H
#define PLIMSOLL_SERVER_FORMAT_SCREEN_H

#include "checks/evaluate.h"
#include "server/format/format.h"

enum paint { PAINT_NONE, PAINT_BOLD, PAINT_RED, PAINT_GREEN, PAINT_YELLOW, PAINT_CYAN, PAINT_DIM };

struct screen {
	GString *out;
	const struct format_style *style;
};

/*
 * Foreign text made harmless, at most max_columns wide (0 = as long as it is); what is cut ends in
 * an ellipsis. gives: free with g_free().
 */
char *screen_clean(const struct screen *screen, const char *raw, guint max_columns);

/* Our own or cleaned text, painted, then blanks up to min_columns. */
void screen_put(const struct screen *screen, enum paint paint, const char *clean,
		guint min_columns);
void screen_line_end(const struct screen *screen);

/* "✗" or "[FAIL]", padded to the width that all of them share. */
void screen_glyph(const struct screen *screen, enum verdict verdict);
/* Between parts of a line: " · " or " - ". */
const char *screen_dot(const struct screen *screen);

/* Columns left for the last part of a line that has used `used`; 0 = no limit. */
guint screen_rest(const struct screen *screen, guint used);

#endif
