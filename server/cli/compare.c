/* SPDX-License-Identifier: Apache-2.0 */
/* See compare.h. What nobody decided is no difference, however the two call it. */
#include "server/cli/compare.h"

#include <string.h>

#include "server/cli/compare_kind.h"

static void add_pair(struct comparison *comparison, const struct benchmark_entry *entry,
		     const struct peer_result *peer)
{
	const struct difference difference = {
		.entry = entry,
		.result = evaluation_find(comparison->report->evaluation, entry),
		.peer = peer,
	};

	if (compare_kind_of(peer->word, difference.result->verdict) == NULL)
		comparison->same++;
	else
		g_array_append_val(comparison->differences, difference);
}

static const struct compare_kind *kind_of(const struct difference *difference)
{
	return compare_kind_of(difference->peer->word, difference->result->verdict);
}

/* Kinds stand in the order of their table. */
static gint order(gconstpointer a, gconstpointer b)
{
	const struct difference *first = a;
	const struct difference *second = b;
	const struct compare_kind *first_kind = kind_of(first);
	const struct compare_kind *second_kind = kind_of(second);

	if (first_kind != second_kind)
		return first_kind < second_kind ? -1 : 1;
	return first->entry < second->entry ? -1 : first->entry > second->entry;
}

void comparison_init(struct comparison *comparison, const struct peer_log *log,
		     const struct report *report)
{
	g_autoptr(GPtrArray) entries = report_entries(report, &report->benchmarks[0]);
	g_autoptr(GHashTable) met = g_hash_table_new(NULL, NULL);

	*comparison = (struct comparison){
		.log = log,
		.report = report,
		.differences = g_array_new(FALSE, FALSE, sizeof(struct difference)),
		.only_log = g_ptr_array_new(),
		.only_here = g_ptr_array_new(),
	};
	for (guint i = 0; i < entries->len; i++) {
		const struct benchmark_entry *entry = entries->pdata[i];
		const struct peer_result *peer = peer_log_find(log, entry->id);

		if (peer == NULL) {
			g_ptr_array_add(comparison->only_here, entries->pdata[i]);
			continue;
		}
		g_hash_table_add(met, (gpointer)(guintptr)peer);
		add_pair(comparison, entry, peer);
	}
	for (guint i = 0; i < log->results->len; i++)
		if (!g_hash_table_contains(met, log->results->pdata[i]))
			g_ptr_array_add(comparison->only_log, log->results->pdata[i]);
	g_array_sort(comparison->differences, order);
}

void comparison_done(struct comparison *comparison)
{
	g_clear_pointer(&comparison->differences, g_array_unref);
	g_clear_pointer(&comparison->only_log, g_ptr_array_unref);
	g_clear_pointer(&comparison->only_here, g_ptr_array_unref);
}

static guint count_matches(const struct benchmark *benchmark, const struct peer_log *log)
{
	guint n = 0;

	for (guint i = 0; i < benchmark->n_entries; i++) {
		const struct benchmark_entry *entry = &benchmark->entries[i];
		const struct peer_result *peer = peer_log_find(log, entry->id);

		if (peer != NULL && g_ascii_strcasecmp(peer->title, entry->title) == 0)
			n++;
	}
	return n;
}

/* One tag of the script says 1.6.0 and prints the numbers of 1.5.0: titles tell, versions do not.
 * Where several fit alike, the default or else the newest. */
const struct benchmark *compare_benchmark(const struct catalogue *catalogue,
					  const struct peer_log *log)
{
	guint n = 0;
	const struct benchmark *benchmarks = catalogue_benchmarks(catalogue, &n);
	const struct benchmark *best = catalogue_benchmark(catalogue, "cis-docker-1.6.0");
	guint most = best != NULL ? count_matches(best, log) : 0;

	for (guint i = n; i-- > 0;) {
		guint matches = count_matches(&benchmarks[i], log);

		if (matches > most) {
			most = matches;
			best = &benchmarks[i];
		}
	}
	return most > 0 ? best : NULL;
}
