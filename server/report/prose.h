/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue's prose as HTML: numbered steps become a list, indented lines become commands. */
#ifndef PLIMSOLL_SERVER_REPORT_PROSE_H
#define PLIMSOLL_SERVER_REPORT_PROSE_H

#include "server/report/html.h"

/* Paragraphs; `words` between backticks become code. NULL writes nothing. */
void prose_write(struct html *html, const char *text);

/*
 * Steps: a line "1. ..." starts an item of a list; lines indented by four or more are a command of
 * the item above; all else is prose. NULL writes nothing.
 */
void prose_write_steps(struct html *html, const char *text);

#endif
