/* SPDX-License-Identifier: Apache-2.0 */
/* What one check wants, why, how to mend it, and how benchmarks number it. */
#include "server/report/frame.h"
#include "server/report/prose.h"

static void write_section(struct html *html, const char *heading, const char *text)
{
	if (text == NULL)
		return;
	h_lit(html, "<h2>");
	h_own(html, heading);
	h_lit(html, "</h2>\n");
	prose_write_steps(html, text);
}

static void write_number(struct html *html, const struct check_number *number)
{
	h_lit(html, "<tr><th scope=\"row\">");
	h_own(html, number->benchmark_title);
	h_lit(html, "</th><td>");
	h_own(html, number->entry->id);
	h_lit(html, "</td><td>");
	h_own(html, number->entry->title);
	h_lit(html, "</td><td>");
	h_own(html, number->entry->status);
	h_lit(html, "</td></tr>\n");
}

static void write_numbers(struct html *html, const struct check_page *page)
{
	if (page->n_numbers == 0)
		return;
	h_lit(html,
	      "<h2>In benchmarks</h2>\n<div class=\"scroll\" role=\"region\" "
	      "aria-label=\"Benchmarks\" tabindex=\"0\"><table><caption>Numbers of this check"
	      "</caption>\n<thead><tr><th scope=\"col\">Benchmark</th><th scope=\"col\">Id</th>"
	      "<th scope=\"col\">Title there</th><th scope=\"col\">Status</th></tr></thead>\n"
	      "<tbody>\n");
	for (guint i = 0; i < page->n_numbers; i++)
		write_number(html, &page->numbers[i]);
	h_lit(html, "</tbody></table></div>\n");
}

GString *page_check(const struct page_frame *frame, const struct check_page *page)
{
	const struct check *check = page->check;
	struct html html;

	frame_begin(&html, frame, check->title);
	h_lit(&html, "<p class=\"quiet\"><code>");
	h_own(&html, check->name);
	h_lit(&html, "</code>, severity ");
	h_own(&html, severity_text(check->severity));
	h_lit(&html, "</p>\n");
	write_section(&html, "Why it matters", check->why);
	write_section(&html, "How to fix it", check->fix);
	write_section(&html, "On a rootless engine", check->fix_rootless);
	write_section(&html, "What the fix may break", check->impact);
	write_numbers(&html, page);
	return frame_end(&html, frame, false);
}
