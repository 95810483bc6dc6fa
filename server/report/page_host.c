/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One host: who it is, how it stands, and every check of the benchmark, failures first and the
 * worst of them open. The page of a server and the file of `plimsoll audit -o html` are this one.
 */
#include "server/report/check_block.h"
#include "server/report/frame.h"

/* The groups in reading order; the ids are anchors of the tiles. */
static const struct group {
	enum verdict verdict;
	const char *id;
	const char *heading;
	const char *tile;
} groups[] = {
	{VERDICT_FAIL, "failing", "Failing", "failing"},
	{VERDICT_UNKNOWN, "unknown", "Could not be checked", "unknown"},
	{VERDICT_MANUAL, "manual", "To be looked at by hand", "manual"},
	{VERDICT_PASS, "passing", "Passing", "passing"},
	{VERDICT_NOT_APPLICABLE, "not-applicable", "Does not apply here", "not applicable"},
};

static void write_identity(struct html *html, const struct host_view *view)
{
	h_lit(html, "<dl class=\"identity\">\n");
	for (guint i = 0; i < view->n_identity; i++) {
		if (view->identity[i].value == NULL)
			continue;
		h_lit(html, "<div><dt>");
		h_own(html, view->identity[i].term);
		h_lit(html, "</dt><dd>");
		h_text(html, view->identity[i].value);
		h_lit(html, "</dd></div>\n");
	}
	h_lit(html, "<div><dt>Facts taken</dt><dd>");
	h_time(html, view->taken_at_s);
	if (view->freshness != FRESHNESS_CURRENT) {
		h_lit(html, " (");
		h_own(html, freshness_text(view->freshness));
		h_lit(html, ")");
	}
	h_lit(html, "</dd></div>\n</dl>\n");
}

static void write_notices(struct html *html, const struct host_view *view)
{
	if (view->n_notices == 0)
		return;
	h_lit(html, "<ul class=\"notices\">\n");
	for (guint i = 0; i < view->n_notices; i++) {
		h_lit(html, "<li>");
		h_text(html, view->notices[i]);
		h_lit(html, "</li>\n");
	}
	h_lit(html, "</ul>\n");
}

/* One machine may be seen in several ways; each has a history of its own. */
static void write_relatives(struct html *html, const struct page_frame *frame,
			    const struct host_view *view)
{
	if (frame->standalone || view->n_relatives == 0)
		return;
	h_lit(html, "<ul class=\"notices\">\n");
	for (guint i = 0; i < view->n_relatives; i++) {
		const struct host_relative *relative = &view->relatives[i];

		h_lit(html, "<li>");
		h_own(html, relative->words);
		h_lit(html, " <a href=\"/hosts/");
		h_id(html, relative->host_id);
		h_lit(html, "\">");
		h_text(html, relative->name);
		h_lit(html, "</a> (");
		h_own(html, relative->way);
		h_lit(html, ").</li>\n");
	}
	h_lit(html, "</ul>\n");
}

static void write_score_tile(struct html *html, const struct host_view *view)
{
	const struct score *score = view->score;

	h_lit(html, "<li><strong>");
	if (score->has_percent) {
		h_percent(html, score->percent);
		h_lit(html, " %</strong> score");
		if (view->filter != NULL)
			h_lit(html, " of this selection");
		h_lit(html, ": ");
		h_num(html, score->numerator);
		h_lit(html, " of ");
		h_num(html, score->denominator);
		h_lit(html, " checks that count pass; ");
		h_percent(html, score->coverage_percent);
		h_lit(html, " % could be decided");
	} else {
		h_lit(html, "none</strong> no score: no check that counts applies");
	}
	h_lit(html, "</li>\n");
}

static void write_group_tile(struct html *html, const struct group *group,
			     const struct score *score)
{
	guint n = score->counts[group->verdict];

	h_lit(html, "<li>");
	if (n > 0) {
		h_lit(html, "<a href=\"#");
		h_id(html, group->id);
		h_lit(html, "\">");
	}
	h_lit(html, "<strong>");
	h_num(html, n);
	h_lit(html, "</strong> ");
	h_own(html, group->tile);
	if (group->verdict == VERDICT_FAIL && n > 0) {
		h_lit(html, ", ");
		h_num(html, score->by_severity[SEVERITY_CRITICAL][VERDICT_FAIL]);
		h_lit(html, " critical");
	}
	if (n > 0)
		h_lit(html, "</a>");
	h_lit(html, "</li>\n");
}

static void write_tiles(struct html *html, const struct host_view *view)
{
	h_lit(html, "<ul class=\"tiles\">\n");
	write_score_tile(html, view);
	for (guint i = 0; i < G_N_ELEMENTS(groups); i++)
		write_group_tile(html, &groups[i], view->score);
	h_lit(html, "</ul>\n");
}

static void write_verdict_choice(struct html *html)
{
	h_lit(html, "<label>Verdict <select id=\"filter-verdict\"><option value=\"\">all</option>");
	for (guint i = 0; i < G_N_ELEMENTS(groups); i++) {
		h_lit(html, "<option value=");
		h_attr(html, verdict_text(groups[i].verdict));
		h_lit(html, ">");
		h_own(html, groups[i].tile);
		h_lit(html, "</option>");
	}
	h_lit(html, "</select></label>\n");
}

static void write_severity_choice(struct html *html)
{
	h_lit(html,
	      "<label>Severity <select id=\"filter-severity\"><option value=\"\">all</option>");
	for (guint i = SEVERITY_COUNT; i-- > 0;) {
		h_lit(html, "<option value=");
		h_attr(html, severity_text((enum severity)i));
		h_lit(html, ">");
		h_own(html, severity_text((enum severity)i));
		h_lit(html, "</option>");
	}
	h_lit(html, "</select></label>\n");
}

/* Hidden until report.js finds it: without a script there is nothing that it could do. */
static void write_filter(struct html *html)
{
	h_lit(html, "<form id=\"filter\" class=\"filter\" hidden aria-label=\"Filter checks\">\n");
	write_verdict_choice(html);
	write_severity_choice(html);
	h_lit(html, "<label>Text <input id=\"filter-text\" type=\"search\" "
		    "autocomplete=\"off\"></label>\n"
		    "<button type=\"reset\">Show all</button>\n"
		    "<button type=\"button\" id=\"filter-open\">Open or close</button>\n"
		    "<output id=\"filter-count\"></output>\n</form>\n");
}

static void write_group(struct html *html, const struct page_frame *frame,
			const struct host_view *view, const struct group *group)
{
	if (view->score->counts[group->verdict] == 0)
		return;
	h_lit(html, "<section class=\"group\" id=\"");
	h_id(html, group->id);
	h_lit(html, "\">\n<h2>");
	h_own(html, group->heading);
	h_lit(html, " (");
	h_num(html, view->score->counts[group->verdict]);
	h_lit(html, ")</h2>\n");
	for (guint severity = SEVERITY_COUNT; severity-- > 0;)
		for (guint i = 0; i < view->n_checks; i++)
			if (view->checks[i].result->verdict == group->verdict &&
			    view->checks[i].result->check->severity == severity)
				check_block_write(html, frame, &view->checks[i]);
	h_lit(html, "</section>\n");
}

/* A host may run several engines; each has its own verdicts. */
static void write_engines(struct html *html, const struct page_frame *frame,
			  const struct host_view *view)
{
	if (frame->standalone || view->n_engines < 2)
		return;
	h_lit(html, "<nav aria-label=\"Engines of this host\"><ul>\n");
	for (guint i = 0; i < view->n_engines; i++) {
		g_autofree char *key = g_uri_escape_string(view->engines[i].key, NULL, false);
		g_autofree char *query = g_strconcat("?engine=", key, NULL);

		h_lit(html, "<li><a href=");
		h_attr(html, query);
		if (view->engines[i].is_current)
			h_lit(html, " aria-current=\"page\"");
		h_lit(html, ">");
		h_text(html, view->engines[i].key);
		h_lit(html, "</a></li>\n");
	}
	h_lit(html, "</ul></nav>\n");
}

/* A part that was asked for never looks like the whole. */
static void write_selection(struct html *html, const struct host_view *view)
{
	if (view->filter == NULL)
		return;
	h_lit(html, "<p><strong>Filtered</strong>: <code>");
	h_text(html, view->filter);
	h_lit(html, "</code>. ");
	h_num(html, view->n_checks);
	h_lit(html, " of ");
	h_num(html, view->n_benchmark);
	h_lit(html,
	      " checks were asked; the score is that of this selection, not of the host.</p>\n");
}

GString *page_host(const struct page_frame *frame, const struct host_view *view)
{
	struct html html;

	frame_begin(&html, frame, view->name);
	h_lit(&html, "<p>");
	h_own(&html, view->benchmark_title);
	h_lit(&html, "</p>\n");
	write_selection(&html, view);
	write_engines(&html, frame, view);
	write_relatives(&html, frame, view);
	write_identity(&html, view);
	write_notices(&html, view);
	write_tiles(&html, view);
	write_filter(&html);
	for (guint i = 0; i < G_N_ELEMENTS(groups); i++)
		write_group(&html, frame, view, &groups[i]);
	return frame_end(&html, frame, true);
}
