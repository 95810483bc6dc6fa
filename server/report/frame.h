/* SPDX-License-Identifier: Apache-2.0 */
/* What surrounds every page: head, navigation, footer, style and script; and words pages share. */
#ifndef PLIMSOLL_SERVER_REPORT_FRAME_H
#define PLIMSOLL_SERVER_REPORT_FRAME_H

#include "server/report/html.h"
#include "server/report/page.h"

/*
 * Writes everything up to the inside of <main>, with the page's one h1.
 *
 * title   ours or foreign; it stands in <title> and in the h1.
 * script  whether the page has something for report.js to enhance.
 */
void frame_begin(struct html *html, const struct page_frame *frame, const char *title);
/* Closes what frame_begin() opened. gives: the page; free with g_string_free(). */
GString *frame_end(struct html *html, const struct page_frame *frame, bool with_script);

/* A hidden input with the form token; every POST form has it. */
void frame_form_token(struct html *html, const struct page_frame *frame);

/* "✗ fail" with its colour; the word is never left to the glyph alone. */
void frame_verdict(struct html *html, enum verdict verdict);
/* "1 host", "2 hosts". plural is singular + "s". */
void frame_count(struct html *html, guint n, const char *singular);

#endif
