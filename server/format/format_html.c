/* SPDX-License-Identifier: Apache-2.0 */
/* -o html: the host page as a file of its own. */
#include "server/format/changes.h"
#include "server/report/host_view.h"

/* What changed since the baseline stands among the notices, behind what makes it doubtful. */
static const char *const *with_changes(const struct report *report, struct arena *arena,
				       guint *ret_n)
{
	const struct changes *changes = report->changes;
	guint n_notes = changes != NULL ? changes->n_notes : 0;
	const char **notices =
		arena_calloc(arena, report->n_notices + n_notes + 1, sizeof(*notices));
	g_autofree char *summary = changes != NULL ? changes_summary(changes, ", ") : NULL;
	guint n = 0;

	for (guint i = 0; i < report->n_notices; i++)
		notices[n++] = report->notices[i];
	for (guint i = 0; i < n_notes; i++)
		notices[n++] = changes->notes[i];
	if (changes != NULL)
		notices[n++] = arena_printf(arena, "Since the baseline of %s: %s.",
					    changes->collected_at != NULL ? changes->collected_at
									  : "an unknown time",
					    summary);
	*ret_n = n;
	return notices;
}

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
	view.notices = with_changes(report, arena, &view.n_notices);
	page = page_host(&frame, &view);
	g_string_append_len(out, page->str, (gssize)page->len);
}
