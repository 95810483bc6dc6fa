/* SPDX-License-Identifier: Apache-2.0 */
/* See html.h. One escaper serves text and attributes: both forbid the same five characters. */
#include "server/report/html.h"

#include <stdbool.h>

#include "server/format/text.h"

void h_markup(struct html *html, const char *literal, size_t size)
{
	g_string_append_len(html->out, literal, (gssize)size);
}

static void append_escaped(GString *out, const char *text)
{
	for (const char *at = text; *at != '\0'; at++) {
		switch (*at) {
		case '&':
			g_string_append(out, "&amp;");
			break;
		case '<':
			g_string_append(out, "&lt;");
			break;
		case '>':
			g_string_append(out, "&gt;");
			break;
		case '"':
			g_string_append(out, "&quot;");
			break;
		case '\'':
			g_string_append(out, "&#39;");
			break;
		default:
			g_string_append_c(out, *at);
		}
	}
}

static void append_clean(struct html *html, const char *text)
{
	g_autofree char *clean = text_clean(text);

	append_escaped(html->out, clean);
}

void h_text(struct html *html, const char *text)
{
	if (text == NULL)
		return;
	h_lit(html, "<bdi>");
	append_clean(html, text);
	h_lit(html, "</bdi>");
}

void h_own(struct html *html, const char *text)
{
	g_auto(GStrv) lines = text == NULL ? NULL : g_strsplit(text, "\n", -1);

	for (guint i = 0; lines != NULL && lines[i] != NULL; i++) {
		if (i > 0)
			h_lit(html, "\n");
		append_clean(html, lines[i]);
	}
}

void h_attr(struct html *html, const char *text)
{
	h_lit(html, "\"");
	append_clean(html, text);
	h_lit(html, "\"");
}

void h_id(struct html *html, const char *id)
{
	for (const char *at = id; *at != '\0'; at++) {
		bool plain = g_ascii_islower(*at) || g_ascii_isdigit(*at) || *at == '.';

		g_string_append_c(html->out, plain ? *at : '-');
	}
}

void h_num(struct html *html, int64_t number)
{
	g_string_append_printf(html->out, "%" G_GINT64_FORMAT, number);
}

void h_percent(struct html *html, double percent)
{
	char text[G_ASCII_DTOSTR_BUF_SIZE];

	g_string_append(html->out, g_ascii_formatd(text, sizeof(text), "%.1f", percent));
}

void h_time(struct html *html, int64_t at_s)
{
	g_autoptr(GDateTime) at = at_s == 0 ? NULL : g_date_time_new_from_unix_utc(at_s);
	g_autofree char *machine = at == NULL ? NULL : g_date_time_format(at, "%Y-%m-%dT%H:%M:%SZ");
	g_autofree char *human = at == NULL ? NULL : g_date_time_format(at, "%Y-%m-%d %H:%M UTC");

	if (human == NULL) {
		h_lit(html, "never");
		return;
	}
	h_lit(html, "<time datetime=");
	h_attr(html, machine);
	h_lit(html, ">");
	h_own(html, human);
	h_lit(html, "</time>");
}
