/* SPDX-License-Identifier: Apache-2.0 */
/* The first page: all hosts, how old their reports are, and who is below the line. */
#include "server/report/frame.h"

static const char *const freshness_names[] = {
	[FRESHNESS_CURRENT] = "current",   [FRESHNESS_LATE] = "late",
	[FRESHNESS_SILENT] = "silent",     [FRESHNESS_WAITING] = "waiting",
	[FRESHNESS_SCANNED] = "scanned",   [FRESHNESS_STALE] = "stale",
	[FRESHNESS_RECORDED] = "recorded",
};

const char *freshness_text(enum freshness freshness)
{
	return freshness_names[freshness];
}

/* A count, and the way to exactly the hosts that it counts. */
struct tile {
	guint number;
	const char *words;
	const char *show; /* NULL = all hosts */
};

static void write_tile_link(struct html *html, const struct tile *tile, const char *shown)
{
	h_lit(html, "<a href=\"/");
	if (tile->show != NULL) {
		h_lit(html, "?show=");
		h_id(html, tile->show);
	}
	h_lit(html, "\"");
	if (g_strcmp0(tile->show, shown) == 0)
		h_lit(html, " aria-current=\"page\"");
	h_lit(html, ">");
}

static void write_tile(struct html *html, const struct fleet_view *view, const struct tile *tile,
		       bool is_live)
{
	const bool is_link = is_live && tile->number > 0;

	h_lit(html, "<li>");
	if (is_link)
		write_tile_link(html, tile, view->show);
	h_lit(html, "<strong>");
	h_num(html, tile->number);
	h_lit(html, "</strong> ");
	h_own(html, tile->words);
	if (is_link)
		h_lit(html, "</a>");
	h_lit(html, "</li>\n");
}

static void write_tiles(struct html *html, const struct fleet_view *view, bool is_live)
{
	static const char *const words[FRESHNESSES] = {
		[FRESHNESS_CURRENT] = "reporting",
		[FRESHNESS_LATE] = "late",
		[FRESHNESS_SILENT] = "silent",
		[FRESHNESS_WAITING] = "waiting for a first report",
		[FRESHNESS_SCANNED] = "scanned over SSH",
		[FRESHNESS_STALE] = "with a stale scan",
		[FRESHNESS_RECORDED] = "recorded",
	};
	const struct tile all = {view->hosts, view->hosts == 1 ? "host" : "hosts", NULL};
	const struct tile critical = {view->with_critical, "with a critical failure",
				      PAGE_SHOW_CRITICAL};

	h_lit(html, "<ul class=\"tiles\">\n");
	write_tile(html, view, &all, is_live);
	write_tile(html, view, &critical, is_live);
	for (guint i = 0; i < FRESHNESSES; i++) {
		const struct tile tile = {view->by_freshness[i], words[i],
					  freshness_text((enum freshness)i)};

		if (i < FRESHNESS_SCANNED || tile.number > 0)
			write_tile(html, view, &tile, is_live);
	}
	h_lit(html, "</ul>\n");
}

static void write_lookalikes(struct html *html, const struct fleet_view *view)
{
	if (view->lookalikes == 0)
		return;
	h_lit(html, "<p class=\"quiet\">");
	frame_count(html, view->lookalikes, "row");
	h_lit(html, " below may be a machine that has another row, too; it is not counted above. "
		    "<code>plimsoll hosts list</code> names them, and the command that makes one "
		    "of two.</p>\n");
}

static void write_search(struct html *html, const struct fleet_view *view)
{
	if (!view->has_search)
		return;
	h_lit(html, "<form class=\"filter\" method=\"get\" action=\"/\" role=\"search\">"
		    "<label>Find a host <input name=\"q\" type=\"search\" value=");
	h_attr(html, view->query);
	h_lit(html, "></label> ");
	if (view->show != NULL) {
		h_lit(html, "<input type=\"hidden\" name=\"show\" value=\"");
		h_id(html, view->show);
		h_lit(html, "\">");
	}
	h_lit(html, "<button>Find</button>");
	if (view->query != NULL || view->show != NULL)
		h_lit(html, " <a href=\"/\">All hosts</a>");
	h_lit(html, "</form>\n");
}

static void write_score(struct html *html, const struct fleet_row *row)
{
	if (!row->has_percent) {
		h_lit(html, "<td class=\"number\">none</td><td class=\"number\">none</td>");
		return;
	}
	h_lit(html, "<td class=\"number\">");
	h_percent(html, row->percent);
	h_lit(html, " %</td><td class=\"number\">");
	h_percent(html, row->coverage_percent);
	h_lit(html, " %</td>");
}

/* group  of the host's page, where exactly these checks stand; NULL = no link. */
static void write_number_cell(struct html *html, const struct fleet_row *row, guint number,
			      const char *group)
{
	const bool is_link = group != NULL && number > 0;

	h_lit(html, "<td class=\"number\">");
	if (is_link) {
		h_lit(html, "<a href=\"/hosts/");
		h_id(html, row->host_id);
		h_lit(html, "#");
		h_id(html, group);
		h_lit(html, "\">");
	}
	h_num(html, number);
	if (is_link)
		h_lit(html, "</a>");
	h_lit(html, "</td>");
}

static void write_freshness(struct html *html, enum freshness freshness)
{
	h_lit(html, "<td><span class=\"state ");
	h_id(html, freshness_text(freshness));
	h_lit(html, "\">");
	h_own(html, freshness_text(freshness));
	h_lit(html, "</span></td>");
}

/* A host without a report has no counts: a 0 would read as "nothing fails". */
static void write_counts(struct html *html, const struct page_frame *frame,
			 const struct fleet_row *row)
{
	if (row->freshness == FRESHNESS_WAITING) {
		h_lit(html, "<td class=\"number\" colspan=\"5\">waiting for the first report</td>");
		return;
	}
	write_score(html, row);
	write_number_cell(html, row, row->critical, NULL);
	write_number_cell(html, row, row->failing, frame->standalone ? NULL : "failing");
	write_number_cell(html, row, row->unknown, frame->standalone ? NULL : "unknown");
}

static void write_host_link(struct html *html, const struct page_frame *frame,
			    const struct fleet_row *row)
{
	if (frame->standalone) {
		h_text(html, row->name);
		return;
	}
	h_lit(html, "<a href=\"/hosts/");
	h_id(html, row->host_id);
	h_lit(html, "\">");
	h_text(html, row->name);
	h_lit(html, "</a>");
}

static void write_lookalike(struct html *html, const struct page_frame *frame,
			    const struct fleet_row *row)
{
	if (row->looks_like_id == NULL)
		return;
	h_lit(html, "<div class=\"quiet\">may be the machine of ");
	if (!frame->standalone) {
		h_lit(html, "<a href=\"/hosts/");
		h_id(html, row->looks_like_id);
		h_lit(html, "\">");
	}
	h_text(html, row->looks_like);
	if (!frame->standalone)
		h_lit(html, "</a>");
	h_lit(html, "; not counted</div>");
}

static void write_row(struct html *html, const struct page_frame *frame,
		      const struct fleet_row *row)
{
	h_lit(html, "<tr><th scope=\"row\">");
	write_host_link(html, frame, row);
	write_lookalike(html, frame, row);
	h_lit(html, "</th>");
	write_freshness(html, row->freshness);
	write_counts(html, frame, row);
	h_lit(html, "<td>");
	h_text(html, row->docker_version);
	h_lit(html, "</td><td>");
	h_own(html, row->way);
	h_lit(html, "</td><td>");
	h_time(html, row->last_report_s);
	h_lit(html, "</td></tr>\n");
}

static void write_page_link(struct html *html, const struct fleet_view *view, guint page,
			    const char *words)
{
	g_autofree char *query =
		g_uri_escape_string(view->query != NULL ? view->query : "", NULL, false);
	g_autofree char *address = g_strdup_printf("/?q=%s&show=%s&page=%u", query,
						   view->show != NULL ? view->show : "", page);

	h_lit(html, "<a href=");
	h_attr(html, address);
	h_lit(html, ">");
	h_own(html, words);
	h_lit(html, "</a>\n");
}

static void write_pager(struct html *html, const struct page_frame *frame,
			const struct fleet_view *view)
{
	guint page = view->first / FLEET_PAGE_ROWS + 1;

	if (frame->standalone || view->matching <= FLEET_PAGE_ROWS)
		return;
	h_lit(html, "<nav class=\"pager\" aria-label=\"Pages\">\n");
	if (page > 1)
		write_page_link(html, view, page - 1, "Previous page");
	h_lit(html, "<span>Page ");
	h_num(html, page);
	h_lit(html, " of ");
	h_num(html, (view->matching + FLEET_PAGE_ROWS - 1) / FLEET_PAGE_ROWS);
	h_lit(html, "</span>\n");
	if (view->first + view->n_rows < view->matching)
		write_page_link(html, view, page + 1, "Next page");
	h_lit(html, "</nav>\n");
}

static void write_table(struct html *html, const struct page_frame *frame,
			const struct fleet_view *view)
{
	h_lit(html, "<div class=\"scroll\" role=\"region\" aria-label=\"Hosts\" tabindex=\"0\">"
		    "<table><caption>");
	if (view->n_rows > 0) {
		h_num(html, view->first + 1);
		h_lit(html, " to ");
		h_num(html, view->first + view->n_rows);
		h_lit(html, " of ");
	}
	frame_count(html, view->matching, "host");
	h_lit(html, "; percent and coverage: ");
	h_own(html, view->benchmark_title);
	h_lit(html,
	      "</caption>\n<thead><tr><th scope=\"col\">Host</th><th scope=\"col\">Report</th>"
	      "<th scope=\"col\" class=\"number\">Score</th><th scope=\"col\" "
	      "class=\"number\">Coverage</th><th scope=\"col\" class=\"number\">Critical</th>"
	      "<th scope=\"col\" class=\"number\">Failing</th><th scope=\"col\" "
	      "class=\"number\">Unknown</th><th scope=\"col\">Docker</th><th scope=\"col\">By</th>"
	      "<th scope=\"col\">Last report</th></tr></thead>\n<tbody>\n");
	for (guint i = 0; i < view->n_rows; i++)
		write_row(html, frame, &view->rows[i]);
	h_lit(html, "</tbody></table></div>\n");
}

static void write_empty(struct html *html, const struct fleet_view *view)
{
	h_lit(html, "<p>No host reports here yet.</p>\n");
	if (view->enroll_command == NULL)
		return;
	h_lit(html, "<p>To add one, make a join string here and hand it to the agent on the "
		    "host:</p>\n<pre>");
	h_own(html, view->enroll_command);
	h_lit(html, "</pre>\n");
}

GString *page_fleet(const struct page_frame *frame, const struct fleet_view *view)
{
	struct html html;

	frame_begin(&html, frame, "Hosts");
	if (view->hosts == 0) {
		write_empty(&html, view);
		return frame_end(&html, frame, false);
	}
	h_lit(&html, "<p class=\"quiet\">Data as of ");
	h_time(&html, view->as_of_s);
	h_lit(&html, "</p>\n");
	write_tiles(&html, view, view->has_search && !frame->standalone);
	write_lookalikes(&html, view);
	write_search(&html, view);
	write_table(&html, frame, view);
	write_pager(&html, frame, view);
	return frame_end(&html, frame, false);
}
