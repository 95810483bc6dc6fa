/* SPDX-License-Identifier: Apache-2.0 */
/* A comparison for people and for programs. */
#include <string.h>

#include "proto/json.h"
#include "server/cli/compare.h"
#include "server/cli/compare_kind.h"
#include "server/format/docker_bench.h"
#include "server/format/screen.h"
#include "server/format/text.h"
#include "server/report/host_view.h"

enum { INDENT = 10, ITEMS_SHOWN = 5, WIDTH = 100, MIN_WIDTH = 40 };

static const struct difference *difference_at(const struct comparison *comparison, guint i)
{
	return &g_array_index(comparison->differences, struct difference, i);
}

static const struct compare_kind *kind_of(const struct difference *difference)
{
	return compare_kind_of(difference->peer->word, difference->result->verdict);
}

/* gives: free with g_free(); NULL = the catalogue does not say. */
static char *why_text(const struct difference *difference)
{
	const char *differs = difference->result->check->differs;
	bool unseen = difference->result->verdict == VERDICT_UNKNOWN;

	if (differs == NULL)
		return NULL;
	return g_strconcat(unseen ? "What could not be seen is never decided here. " : "", differs,
			   NULL);
}

static guint count_kind(const struct comparison *comparison, const struct compare_kind *kind)
{
	guint n = 0;

	for (guint i = 0; i < comparison->differences->len; i++)
		n += kind_of(difference_at(comparison, i)) == kind ? 1 : 0;
	return n;
}

/* --- the table --- */

/* Words, never cut, on lines of the screen's width behind a margin. */
static void put_prose(const struct screen *screen, const char *text, guint used)
{
	g_autofree char *clean = screen_clean(screen, text, 0);
	g_auto(GStrv) words = g_strsplit(clean, " ", -1);
	guint width = screen->style->columns == 0 ? WIDTH : MAX(screen->style->columns, MIN_WIDTH);
	guint column = used;

	for (guint i = 0; words[i] != NULL; i++) {
		guint columns = text_columns(words[i]);

		if (columns == 0)
			continue;
		if (i > 0 && column + 1 + columns > width) {
			g_string_append_c(screen->out, '\n');
			screen_put(screen, PAINT_NONE, "", INDENT);
			column = INDENT;
		} else if (i > 0) {
			g_string_append_c(screen->out, ' ');
			column++;
		}
		g_string_append(screen->out, words[i]);
		column += columns;
	}
	g_string_append_c(screen->out, '\n');
}

static void put_row(const struct screen *screen, const char *name, const char *text)
{
	screen_put(screen, PAINT_NONE, "  ", 0);
	screen_put(screen, PAINT_DIM, name, INDENT - 2);
	put_prose(screen, text, INDENT);
}

static void write_evidence(const struct screen *screen, const struct difference *difference)
{
	struct docker_bench_evidence evidence;
	guint shown = 0;

	docker_bench_evidence_init(&evidence, difference->result);
	shown = screen->style->show_all ? evidence.lines->len
					: MIN(evidence.lines->len, ITEMS_SHOWN);
	for (guint i = 0; i < shown; i++)
		put_row(screen, "", evidence.lines->pdata[i]);
	if (shown < evidence.lines->len) {
		g_autofree char *more =
			g_strdup_printf("+%u more (-a)", evidence.lines->len - shown);

		put_row(screen, "", more);
	}
	docker_bench_evidence_done(&evidence);
}

static void write_difference(const struct screen *screen, const struct difference *difference)
{
	const struct peer_result *peer = difference->peer;
	g_autofree char *there = g_strdup_printf("%s%s%s", peer_word_text(peer->word),
						 peer->details != NULL ? "  " : "",
						 peer->details != NULL ? peer->details : "");
	g_autofree char *why = why_text(difference);

	screen_put(screen, PAINT_BOLD, difference->entry->id, INDENT);
	put_prose(screen, difference->entry->title, INDENT);
	put_row(screen, "there", there);
	put_row(screen, "here", verdict_text(difference->result->verdict));
	write_evidence(screen, difference);
	put_row(screen, "why", why != NULL ? why : "not documented: please report it");
	g_string_append_c(screen->out, '\n');
}

static void write_kind(const struct screen *screen, const struct comparison *comparison,
		       const struct compare_kind *kind)
{
	guint n = count_kind(comparison, kind);
	g_autofree char *title = g_strdup_printf("%s (%u)", kind->text, n);

	if (n == 0)
		return;
	screen_put(screen, PAINT_BOLD, title, 0);
	g_string_append(screen->out, "\n\n");
	for (guint i = 0; i < comparison->differences->len; i++)
		if (kind_of(difference_at(comparison, i)) == kind)
			write_difference(screen, difference_at(comparison, i));
}

static char *date_text(int64_t at_s)
{
	g_autoptr(GDateTime) at = at_s == 0 ? NULL : g_date_time_new_from_unix_utc(at_s);

	return at == NULL ? g_strdup("time not known")
			  : g_date_time_format(at, "%Y-%m-%d %H:%M UTC");
}

static void write_head(const struct screen *screen, const struct comparison *comparison)
{
	const struct report *report = comparison->report;
	const struct peer_log *log = comparison->log;
	g_autofree char *log_date = date_text(log->start_s);
	g_autofree char *date = date_text(docker_bench_time(report));
	g_autofree char *text =
		g_strdup_printf("docker-bench-security %s (%s) beside plimsoll on %s (%s), %s",
				log->version != NULL ? log->version : "", log_date,
				host_view_name(report->envelope, report->facts), date,
				report->benchmarks[0].benchmark->title);
	g_autofree char *clean = screen_clean(screen, text, 0);

	screen_put(screen, PAINT_BOLD, clean, 0);
	g_string_append_c(screen->out, '\n');
	for (guint i = 0; i < report->n_notices; i++) {
		g_autofree char *notice = screen_clean(screen, report->notices[i], 0);

		g_string_append_printf(screen->out, "! %s\n", notice);
	}
}

static void write_summary(const struct screen *screen, const struct comparison *comparison)
{
	const struct score *score = &comparison->report->benchmarks[0].score;
	GString *out = screen->out;

	g_string_append_printf(out, "\n%u checks in the log: %u the same, %u different, ",
			       comparison->log->results->len, comparison->same,
			       comparison->differences->len);
	g_string_append_printf(out, "%u not judged here; %u judged here only\n",
			       comparison->only_log->len, comparison->only_here->len);
	for (guint i = 0; i < compare_n_kinds; i++) {
		guint n = count_kind(comparison, &compare_kinds[i]);

		if (n > 0)
			g_string_append_printf(out, "%5u  %s\n", n, compare_kinds[i].text);
	}
	if (comparison->log->has_score && score->has_docker_bench)
		g_string_append_printf(out,
				       "Score by its arithmetic: %" G_GINT64_FORMAT
				       " there, %d here; %u is the most on this host\n",
				       comparison->log->score, score->docker_bench_score,
				       score->docker_bench_max);
	g_string_append_c(out, '\n');
}

void compare_write_table(GString *out, const struct comparison *comparison,
			 const struct format_style *style)
{
	const struct screen screen = {.out = out, .style = style};

	write_head(&screen, comparison);
	write_summary(&screen, comparison);
	for (guint i = 0; i < compare_n_kinds; i++)
		write_kind(&screen, comparison, &compare_kinds[i]);
}

/* --- JSON --- */

static struct json *new_items(const struct result *result)
{
	struct docker_bench_evidence evidence;
	struct json *items = json_array_new();

	docker_bench_evidence_init(&evidence, result);
	for (guint i = 0; i < evidence.lines->len; i++)
		json_append(items, json_new_string(evidence.lines->pdata[i]));
	docker_bench_evidence_done(&evidence);
	return items;
}

static struct json *new_difference(const struct difference *difference)
{
	struct json *value = json_object_new();
	g_autofree char *why = why_text(difference);
	struct json *there;
	struct json *here;

	json_set(value, "id", json_new_string(difference->entry->id));
	json_set(value, "check", json_new_string(difference->result->check->name));
	json_set(value, "title", json_new_string(difference->entry->title));
	json_set(value, "kind", json_new_string(kind_of(difference)->name));
	there = json_set(value, "docker_bench", json_object_new());
	json_set(there, "result", json_new_string(peer_word_text(difference->peer->word)));
	json_set(there, "details", json_new_string(difference->peer->details));
	here = json_set(value, "plimsoll", json_object_new());
	json_set(here, "verdict", json_new_string(verdict_text(difference->result->verdict)));
	json_set(here, "evidence", new_items(difference->result));
	json_set(value, "why", json_new_string(why));
	return value;
}

static struct json *new_kinds(const struct comparison *comparison)
{
	struct json *kinds = json_object_new();

	for (guint i = 0; i < compare_n_kinds; i++)
		json_set(kinds, compare_kinds[i].name,
			 json_new_integer(count_kind(comparison, &compare_kinds[i])));
	return kinds;
}

static struct json *new_only(const struct comparison *comparison, bool in_log)
{
	const GPtrArray *all = in_log ? comparison->only_log : comparison->only_here;
	struct json *ids = json_array_new();

	for (guint i = 0; i < all->len; i++) {
		const struct peer_result *peer = all->pdata[i];
		const struct benchmark_entry *entry = all->pdata[i];

		json_append(ids, json_new_string(in_log ? peer->id : entry->id));
	}
	return ids;
}

static struct json *new_score(const struct comparison *comparison)
{
	const struct score *score = &comparison->report->benchmarks[0].score;
	struct json *value = json_object_new();

	json_set(value, "docker_bench",
		 comparison->log->has_score ? json_new_integer(comparison->log->score)
					    : json_new_null());
	json_set(value, "plimsoll",
		 score->has_docker_bench ? json_new_integer(score->docker_bench_score)
					 : json_new_null());
	json_set(value, "max",
		 score->has_docker_bench ? json_new_integer(score->docker_bench_max)
					 : json_new_null());
	return value;
}

void compare_write_json(GString *out, const struct comparison *comparison)
{
	PLIMSOLL_AUTO(json) *root = json_object_new();
	const struct report *report = comparison->report;
	struct json *list;
	g_autofree char *text = NULL;

	json_set(root, "schema_version", json_new_integer(1));
	json_set(root, "docker_bench_version", json_new_string(comparison->log->version));
	json_set(root, "host", json_new_string(host_view_name(report->envelope, report->facts)));
	json_set(root, "benchmark", json_new_string(report->benchmarks[0].benchmark->name));
	json_set(root, "checks_in_log", json_new_integer(comparison->log->results->len));
	json_set(root, "same", json_new_integer(comparison->same));
	json_set(root, "different", json_new_integer(comparison->differences->len));
	json_set(root, "kinds", new_kinds(comparison));
	json_set(root, "score", new_score(comparison));
	list = json_set(root, "differences", json_array_new());
	for (guint i = 0; i < comparison->differences->len; i++)
		json_append(list, new_difference(difference_at(comparison, i)));
	json_set(root, "only_in_log", new_only(comparison, true));
	json_set(root, "only_here", new_only(comparison, false));
	text = json_text(root, true);
	g_string_append_printf(out, "%s\n", text);
}
