/* SPDX-License-Identifier: Apache-2.0 */
/* -o html: the host page as a file of its own. */
#include "server/format/format.h"
#include "server/report/host_view.h"

void format_html_write(GString *out, const struct report *report, const struct format_style *style)
{
	PLIMSOLL_AUTO(arena) *arena = arena_new(SIZE_MAX);
	const struct host_view_input input = {
		.envelope = report->envelope,
		.facts = report->facts,
		.evaluation = report->evaluation,
		.benchmark = report->benchmarks[0].benchmark,
		.score = &report->benchmarks[0].score,
	};
	const struct page_frame frame = {
		.standalone = true,
		.generated_at_s = report->generated_at_s,
	};
	g_autofree char *filter = report_filter_text(report);
	g_autoptr(GString) page = NULL;
	struct host_view view;

	(void)style;
	host_view_init(&view, &input, arena);
	view.filter = filter;
	view.notices = report->notices;
	view.n_notices = report->n_notices;
	page = page_host(&frame, &view);
	g_string_append_len(out, page->str, (gssize)page->len);
}
