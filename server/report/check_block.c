/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See check_block.h. Failing, unknown and manual items are rows; items that pass are counted, as a
 * page of a busy host would be nothing else.
 */
#include "server/report/check_block.h"

#include "server/format/remedy.h"
#include "server/report/frame.h"
#include "server/report/host_view.h"
#include "server/report/prose.h"

/* "2 of 31 items fail" */
static void write_share(struct html *html, const struct result *result)
{
	guint n = result->counts[result->verdict];

	if (result->verdict == VERDICT_NOT_APPLICABLE || n == 0)
		return;
	h_lit(html, "<span class=\"quiet\">");
	h_num(html, n);
	h_lit(html, " of ");
	frame_count(html, host_view_items(result), "item");
	h_lit(html, "</span>");
}

static void write_summary(struct html *html, const struct check_view *check)
{
	const struct result *result = check->result;

	h_lit(html, "<summary>");
	frame_verdict(html, result->verdict);
	h_lit(html, "<span class=\"number-id\">");
	h_own(html, check->entry->id);
	h_lit(html, "</span><h3>");
	h_own(html, check->entry->title);
	h_lit(html, "</h3><span class=\"severity\">");
	h_own(html, severity_text(result->check->severity));
	h_lit(html, "</span>");
	write_share(html, result);
	h_lit(html, "</summary>\n");
}

/* Why an item was not decided, in words, with what would decide it. */
static void write_reason(struct html *html, const char *reason, const char *reason_text)
{
	const char *remedy = remedy_of(reason);

	if (reason_text == NULL && reason == NULL)
		return;
	h_text(html, reason_text != NULL ? reason_text : reason);
	if (remedy == NULL)
		return;
	h_lit(html, ". <span class=\"quiet\">");
	h_own(html, remedy);
	h_lit(html, "</span>");
}

static void write_item(struct html *html, const struct item *item)
{
	h_lit(html, "<tr><td>");
	frame_verdict(html, item->verdict);
	h_lit(html, "</td><th scope=\"row\">");
	h_text(html, item->label);
	if (host_view_detail(item) != NULL) {
		h_lit(html, " <span class=\"quiet\">");
		h_text(html, host_view_detail(item));
		h_lit(html, "</span>");
	}
	h_lit(html, "</th><td>");
	h_text(html, item->observed);
	h_lit(html, "</td><td>");
	h_text(html, item->expected);
	h_lit(html, "</td><td>");
	h_text(html, item->source);
	h_lit(html, "</td><td>");
	write_reason(html, item->reason, item->reason_text);
	if (item->reason_text != NULL && item->note != NULL)
		h_lit(html, " ");
	h_text(html, item->note);
	h_lit(html, "</td></tr>\n");
}

static bool is_listed(const struct item *item)
{
	return item->verdict != VERDICT_PASS && item->verdict != VERDICT_NOT_APPLICABLE;
}

static guint count_listed(const struct result *result)
{
	return result->counts[VERDICT_FAIL] + result->counts[VERDICT_UNKNOWN] +
	       result->counts[VERDICT_MANUAL];
}

static void write_rest(struct html *html, const struct result *result, guint shown)
{
	guint listed = count_listed(result);

	if (listed > shown) {
		h_lit(html, "<p class=\"quiet\">Showing ");
		h_num(html, shown);
		h_lit(html, " of ");
		h_num(html, listed);
		h_lit(html, ".</p>\n");
	}
	if (result->counts[VERDICT_PASS] > 0) {
		h_lit(html, "<p class=\"quiet\">");
		frame_count(html, result->counts[VERDICT_PASS], "item");
		if (result->counts[VERDICT_PASS] == 1)
			h_lit(html, " passes.</p>\n");
		else
			h_lit(html, " pass.</p>\n");
	}
}

static void write_items(struct html *html, const struct check_view *check)
{
	const struct result *result = check->result;
	guint shown = 0;

	if (count_listed(result) > 0) {
		h_lit(html, "<div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-label=");
		h_attr(html, check->entry->title);
		h_lit(html,
		      "><table><caption>What was found</caption>\n<thead><tr>"
		      "<th scope=\"col\">Verdict</th><th scope=\"col\">Item</th><th scope=\"col\">"
		      "Observed</th><th scope=\"col\">Expected</th><th scope=\"col\">Source</th>"
		      "<th scope=\"col\">Note</th></tr></thead>\n<tbody>\n");
		for (guint i = 0; i < result->n_items && shown < CHECK_BLOCK_ITEMS; i++) {
			if (!is_listed(&result->items[i]))
				continue;
			write_item(html, &result->items[i]);
			shown++;
		}
		h_lit(html, "</tbody></table></div>\n");
	}
	write_rest(html, result, shown);
}

static void write_whole_reason(struct html *html, const struct result *result)
{
	if (result->reason == NULL && result->reason_text == NULL)
		return;
	h_lit(html, "<p>");
	write_reason(html, result->reason, result->reason_text);
	h_lit(html, "</p>\n");
}

/* A macro, since the heading is markup and markup is a literal. */
#define WRITE_PART(html, heading, writer, text)                                                    \
	do {                                                                                       \
		if ((text) != NULL) {                                                              \
			h_lit((html), "<h4>" heading "</h4>\n");                                   \
			writer((html), (text));                                                    \
		}                                                                                  \
	} while (0)

static void write_advice(struct html *html, const struct check_view *view)
{
	const struct result *result = view->result;
	const struct check *check = result->check;

	WRITE_PART(html, "Why it matters", prose_write, check->why);
	if (result->verdict == VERDICT_PASS || result->verdict == VERDICT_NOT_APPLICABLE)
		return;
	WRITE_PART(html, "How to fix it", prose_write_steps, view->fix);
	WRITE_PART(html, "What the fix may break", prose_write, check->impact);
}

static void write_footer(struct html *html, const struct page_frame *frame,
			 const struct check_view *check)
{
	const struct result *result = check->result;

	h_lit(html, "<p class=\"quiet\">");
	if (!score_counts(result))
		h_lit(html, "Outside the score. ");
	h_lit(html, "<a href=\"#");
	h_id(html, result->check->name);
	h_lit(html, "\">Link to this check</a>");
	if (!frame->standalone) {
		h_lit(html, ", <a href=\"/checks/");
		h_id(html, result->check->name);
		h_lit(html, "\">more about it</a>");
	}
	h_lit(html, ", <code>plimsoll explain ");
	h_own(html, result->check->name);
	h_lit(html, "</code></p>\n");
}

void check_block_write(struct html *html, const struct page_frame *frame,
		       const struct check_view *check)
{
	const struct result *result = check->result;

	h_lit(html, "<details class=\"check\" id=\"");
	h_id(html, result->check->name);
	h_lit(html, "\" data-verdict=");
	h_attr(html, verdict_text(result->verdict));
	h_lit(html, " data-severity=");
	h_attr(html, severity_text(result->check->severity));
	if (result->verdict == VERDICT_FAIL && result->check->severity == SEVERITY_CRITICAL)
		h_lit(html, " open");
	h_lit(html, ">\n");
	write_summary(html, check);
	write_whole_reason(html, result);
	write_items(html, check);
	write_advice(html, check);
	write_footer(html, frame, check);
	h_lit(html, "</details>\n");
}
