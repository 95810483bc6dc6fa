/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A strict reader of the little HTML that our pages are made of. Anything a browser would have to
 * repair fails the test: a stray '<', an unquoted attribute, an element closed in the wrong place.
 */
#ifndef PLIMSOLL_TESTS_UNIT_SERVER_HTML_SHAPE_H
#define PLIMSOLL_TESTS_UNIT_SERVER_HTML_SHAPE_H

#include <glib.h>

struct html_shape {
	GString *tags;     /* "<a href>" and "</a>" in order, one a line, without any value */
	GPtrArray *ids;    /* values of id, in order */
	GPtrArray *hashes; /* values of href that begin with '#', without it */
	guint h1;
};

/* free: html_shape_done(). */
void html_shape_read(const char *page, struct html_shape *ret_shape);
void html_shape_done(struct html_shape *shape);

/* One h1, every id once, every link inside the page leads somewhere. */
void html_shape_assert_sound(const struct html_shape *shape);

#endif
