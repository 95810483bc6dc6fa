/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only way to HTML. Each function knows its context: markup comes from string literals alone,
 * everything else is escaped, and what a host wrote is normalised (server/format/text.h) and
 * isolated in <bdi>, so that no name can become a tag, an attribute, a script or a direction.
 */
#ifndef PLIMSOLL_SERVER_REPORT_HTML_H
#define PLIMSOLL_SERVER_REPORT_HTML_H

#include <glib.h>
#include <stdint.h>

struct html {
	GString *out; /* touched by html.c only */
};

/* Markup. Compiles for string literals only. */
#define h_lit(html, literal) h_markup((html), "" literal "", sizeof(literal) - 1)
void h_markup(struct html *html, const char *literal, size_t size);

/* Foreign text between tags, in <bdi>; NULL writes nothing. */
void h_text(struct html *html, const char *text);
/* Our own words between tags, such as a title of the catalogue: escaped, lines kept, no <bdi>. */
void h_own(struct html *html, const char *text);
/* Foreign or own text as an attribute's value: h_lit(" value="), h_attr(...). Writes the quotes. */
void h_attr(struct html *html, const char *text);
/* An id, class part or path part made by us; whatever is not [a-z0-9.-] becomes '-'. No quotes. */
void h_id(struct html *html, const char *id);

void h_num(struct html *html, int64_t number);
void h_percent(struct html *html, double percent); /* "71.2" */
void h_time(struct html *html, int64_t at_s);      /* <time>; 0 writes "never" */

#endif
