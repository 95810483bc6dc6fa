/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 6: what is wrong, since when, and why it came and went. A finding is one item of one check
 * in one scope; its intervals say when it was open, as fail or as unknown. A failure that can no
 * longer be seen turns unknown and stays open: losing sight of it is not fixing it.
 */
#include "server/store/findings.h"

#include <string.h>

#include "proto/wire.h"
#include "server/store/evaluation_blob.h"
#include "server/store/internal.h"

enum { KEY_BYTES = 512 }; /* longer keys of a subject are stored as their hash */

enum {
	OPEN_LIST,
	FINDING_PUT,
	FINDING_OPENED,
	FINDING_LABEL,
	INTERVAL_ADD,
	INTERVAL_UPDATE,
	INTERVAL_CLOSE,
};

static const char *const statements[] = {
	/* NULL = NULL is not true: an absent scope selects nothing. */
	[OPEN_LIST] = "SELECT f.id, f.rule, f.subject_kind, f.subject_key, f.discriminator,"
		      " f.cluster IS NOT NULL, i.id, i.verdict, f.label, i.observed, i.expected,"
		      " i.reason, i.note, i.source"
		      " FROM (SELECT * FROM finding WHERE engine = ?1 AND open_interval IS NOT NULL"
		      "  UNION ALL"
		      "  SELECT * FROM finding WHERE cluster = ?2 AND open_interval IS NOT NULL) f"
		      " JOIN finding_interval i ON i.id = f.open_interval",
	[FINDING_PUT] = "INSERT INTO finding (engine, cluster, rule, subject_kind, subject_key,"
			" discriminator, label, first_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
			" ON CONFLICT (ifnull(engine, 0), ifnull(cluster, 0), rule, subject_kind,"
			"  subject_key, discriminator) DO UPDATE SET label = ?7 RETURNING id",
	[FINDING_OPENED] = "UPDATE finding SET open_interval = ?2 WHERE id = ?1",
	[FINDING_LABEL] = "UPDATE finding SET label = ?2 WHERE id = ?1",
	[INTERVAL_ADD] =
		"INSERT INTO finding_interval (finding, verdict, observed, expected, reason, note,"
		" source, reporter, opened_at, opened_sequence, opened_facts, opened_catalogue,"
		" opened_parameters, opened_changed)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
	[INTERVAL_UPDATE] = "UPDATE finding_interval SET observed = ?2, expected = ?3, reason = ?4,"
			    " note = ?5, source = ?6 WHERE id = ?1",
	[INTERVAL_CLOSE] =
		"UPDATE finding_interval SET closed_as = ?2, closed_at = ?3, closed_sequence = ?4,"
		" closed_facts = ?5, closed_catalogue = ?6, closed_parameters = ?7,"
		" closed_changed = ?8 WHERE id = ?1",
};
const struct statement_table findings_statements = {"findings", statements,
						    G_N_ELEMENTS(statements)};

/* An item of the evaluation under its identity; several items of one identity became the worst. */
struct seen {
	int64_t rule;
	bool of_cluster;
	char *subject_key;
	const struct item *item;
	bool handled;
};

/* What the evaluation says, ready for comparison. */
struct view {
	struct store *store;
	const struct cause *cause;
	int64_t cluster;
	GHashTable *seen;    /* identity -> struct seen */
	GPtrArray *order;    /* the same in the evaluation's order */
	GHashTable *results; /* rule -> const struct result */
};

/* An open interval as the store has it. */
struct open_row {
	int64_t finding;
	int64_t interval;
	int64_t rule;
	enum verdict verdict;
	char *identity;
	char *evidence;
};

static void free_seen(gpointer data)
{
	struct seen *seen = data;

	g_free(seen->subject_key);
	g_free(seen);
}

static void clear_open_row(gpointer data)
{
	struct open_row *row = data;

	g_free(row->identity);
	g_free(row->evidence);
}

static bool is_open(enum verdict verdict)
{
	return verdict == VERDICT_FAIL || verdict == VERDICT_UNKNOWN;
}

static const char *or_empty(const char *text)
{
	return text != NULL ? text : "";
}

/* Lengths stand in it, since foreign text may hold any separator. */
static char *identity_of(int64_t rule, bool of_cluster, const char *kind, const char *key,
			 const char *discriminator)
{
	return g_strdup_printf("%" G_GINT64_FORMAT " %d %zu %zu %s%s%s", rule, of_cluster,
			       strlen(kind), strlen(key), kind, key, discriminator);
}

static char *evidence_of(const char *label, const char *observed, const char *expected,
			 const char *reason, const char *note, const char *source)
{
	return g_strjoin("\n", or_empty(label), or_empty(observed), or_empty(expected),
			 or_empty(reason), or_empty(note), or_empty(source), NULL);
}

static char *subject_key_of(const struct item *item)
{
	const char *key = item->subject_key != NULL ? item->subject_key : item->subject_id;
	uint8_t digest[WIRE_SHA256_BYTES];
	g_autofree char *hex = NULL;

	if (key == NULL || strlen(key) <= KEY_BYTES)
		return g_strdup(or_empty(key));
	wire_sha256(key, strlen(key), digest);
	hex = wire_hex(digest, sizeof digest);
	return g_strconcat("sha256:", hex, NULL);
}

/* Swarm objects are the same whichever manager shows them. */
static bool is_of_cluster(const struct check *check, const struct item *item)
{
	static const char *const kinds[] = {"cluster", "node", "service", NULL};
	const char *kind = or_empty(item->subject);

	return g_strv_contains(kinds, kind) ||
	       (strcmp(kind, "network") == 0 && strcmp(check->section, "swarm") == 0);
}

/* Order in which one identity's items outweigh each other; the enum's order is another one. */
static int weight_of(enum verdict verdict)
{
	static const int weights[VERDICT_COUNT] = {
		[VERDICT_FAIL] = 4, [VERDICT_UNKNOWN] = 3,        [VERDICT_MANUAL] = 2,
		[VERDICT_PASS] = 1, [VERDICT_NOT_APPLICABLE] = 0,
	};
	return weights[verdict];
}

static void see_item(struct view *view, int64_t rule, const struct check *check,
		     const struct item *item)
{
	bool of_cluster = is_of_cluster(check, item);
	g_autofree char *key = subject_key_of(item);
	g_autofree char *identity = NULL;
	struct seen *seen;

	if (of_cluster && view->cluster == 0)
		return;
	identity = identity_of(rule, of_cluster, or_empty(item->subject), key,
			       or_empty(item->discriminator));
	seen = g_hash_table_lookup(view->seen, identity);
	if (seen != NULL) {
		if (weight_of(item->verdict) > weight_of(seen->item->verdict))
			seen->item = item;
		return;
	}
	seen = g_new0(struct seen, 1);
	seen->rule = rule;
	seen->of_cluster = of_cluster;
	seen->subject_key = g_steal_pointer(&key);
	seen->item = item;
	g_hash_table_insert(view->seen, g_steal_pointer(&identity), seen);
	g_ptr_array_add(view->order, seen);
}

static void see_results(struct view *view, const struct evaluation *evaluation,
			const int64_t *rules)
{
	for (guint i = 0; i < evaluation->n_results; i++) {
		const struct result *result = &evaluation->results[i];
		guint n = MIN(result->n_items, (guint)STORE_CHECK_ITEMS);

		g_hash_table_insert(view->results, g_memdup2(&rules[i], sizeof rules[i]),
				    (gpointer)(uintptr_t)result);
		for (guint k = 0; k < n; k++)
			see_item(view, rules[i], result->check, &result->items[k]);
	}
}

static GArray *list_open(const struct view *view, GError **error)
{
	g_autoptr(GArray) list = g_array_new(FALSE, TRUE, sizeof(struct open_row));
	g_autoptr(GError) problem = NULL;
	SQL_ROWS rows = sql_query(view->store->sql, statements[OPEN_LIST],
				  SQL_ARGS(sql_int(view->cause->engine),
					   sql_int_or_null(view->cluster != 0, view->cluster)),
				  &problem);

	g_array_set_clear_func(list, clear_open_row);
	while (rows_next(&rows, &problem)) {
		struct open_row row = {
			.finding = rows_int(&rows, 0),
			.rule = rows_int(&rows, 1),
			.identity = identity_of(rows_int(&rows, 1), rows_int(&rows, 5) != 0,
						rows_text(&rows, 2), rows_text(&rows, 3),
						rows_text(&rows, 4)),
			.interval = rows_int(&rows, 6),
			.verdict = (enum verdict)rows_int(&rows, 7),
			.evidence = evidence_of(rows_text(&rows, 8), rows_text(&rows, 9),
						rows_text(&rows, 10), rows_text(&rows, 11),
						rows_text(&rows, 12), rows_text(&rows, 13)),
		};
		g_array_append_val(list, row);
	}
	if (problem != NULL) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return NULL;
	}
	return g_steal_pointer(&list);
}

static bool open_interval(const struct view *view, int64_t finding, const struct item *item,
			  GError **error)
{
	const struct cause *cause = view->cause;
	struct sql *sql = view->store->sql;

	return sql_run(sql, statements[INTERVAL_ADD],
		       SQL_ARGS(sql_int(finding), sql_int(item->verdict), sql_text(item->observed),
				sql_text(item->expected), sql_text(item->reason_text),
				sql_text(item->note), sql_text(item->source),
				sql_int(cause->engine), sql_int(cause->at_s),
				sql_int(cause->sequence),
				sql_blob(cause->facts_sha256, WIRE_SHA256_BYTES),
				sql_int(cause->catalogue), sql_int(cause->parameters),
				sql_int(cause->changed)),
		       error) &&
	       sql_run(sql, statements[FINDING_OPENED],
		       SQL_ARGS(sql_int(finding), sql_int(sql_last_id(sql))), error);
}

static bool close_interval(const struct view *view, int64_t interval, const char *closed_as,
			   GError **error)
{
	const struct cause *cause = view->cause;

	return sql_run(view->store->sql, statements[INTERVAL_CLOSE],
		       SQL_ARGS(sql_int(interval), sql_text(closed_as), sql_int(cause->at_s),
				sql_int(cause->sequence),
				sql_blob(cause->facts_sha256, WIRE_SHA256_BYTES),
				sql_int(cause->catalogue), sql_int(cause->parameters),
				sql_int(cause->changed)),
		       error);
}

static bool close_finding(const struct view *view, const struct open_row *row,
			  const char *closed_as, GError **error)
{
	return close_interval(view, row->interval, closed_as, error) &&
	       sql_run(view->store->sql, statements[FINDING_OPENED],
		       SQL_ARGS(sql_int(row->finding), sql_null()), error);
}

/* From fail to unknown or back: one interval ends, the next begins, the finding stays open. */
static bool turn_interval(const struct view *view, const struct open_row *row,
			  const struct item *item, GError **error)
{
	return close_interval(view, row->interval, verdict_text(item->verdict), error) &&
	       open_interval(view, row->finding, item, error);
}

static bool update_evidence(const struct view *view, const struct open_row *row,
			    const struct item *item, GError **error)
{
	g_autofree char *evidence = evidence_of(item->label, item->observed, item->expected,
						item->reason_text, item->note, item->source);

	if (strcmp(evidence, row->evidence) == 0)
		return true;
	return sql_run(view->store->sql, statements[FINDING_LABEL],
		       SQL_ARGS(sql_int(row->finding), sql_text(item->label)), error) &&
	       sql_run(view->store->sql, statements[INTERVAL_UPDATE],
		       SQL_ARGS(sql_int(row->interval), sql_text(item->observed),
				sql_text(item->expected), sql_text(item->reason_text),
				sql_text(item->note), sql_text(item->source)),
		       error);
}

/* The evaluation lists no such item any more. */
static bool follow_missing(const struct view *view, const struct open_row *row, GError **error)
{
	const struct result *result = g_hash_table_lookup(view->results, &row->rule);
	guint items = 0;

	if (result == NULL)
		return close_finding(view, row, "not_judged", error);
	if (result->verdict == VERDICT_UNKNOWN && result->reason != NULL) {
		struct item unseen = {.verdict = VERDICT_UNKNOWN,
				      .reason_text = result->reason_text};

		return row->verdict == VERDICT_UNKNOWN || turn_interval(view, row, &unseen, error);
	}
	for (guint v = 0; v < VERDICT_COUNT; v++)
		items += result->counts[v];
	/* A list that was cut says nothing about what is not on it. */
	if (MIN(result->n_items, (guint)STORE_CHECK_ITEMS) < items)
		return true;
	return close_finding(view, row,
			     result->verdict == VERDICT_NOT_APPLICABLE ? "not_applicable" : "gone",
			     error);
}

static bool follow_open(const struct view *view, const struct open_row *row, GError **error)
{
	struct seen *seen = g_hash_table_lookup(view->seen, row->identity);

	if (seen == NULL)
		return follow_missing(view, row, error);
	seen->handled = true;
	if (!is_open(seen->item->verdict))
		return close_finding(view, row, verdict_text(seen->item->verdict), error);
	if (seen->item->verdict != row->verdict)
		return turn_interval(view, row, seen->item, error);
	return update_evidence(view, row, seen->item, error);
}

static bool open_finding(const struct view *view, const struct seen *seen, GError **error)
{
	const struct item *item = seen->item;
	g_autoptr(GError) problem = NULL;
	int64_t finding = 0;
	{
		SQL_ROWS rows =
			sql_query(view->store->sql, statements[FINDING_PUT],
				  SQL_ARGS(sql_int_or_null(!seen->of_cluster, view->cause->engine),
					   sql_int_or_null(seen->of_cluster, view->cluster),
					   sql_int(seen->rule), sql_text(or_empty(item->subject)),
					   sql_text(seen->subject_key),
					   sql_text(or_empty(item->discriminator)),
					   sql_text(item->label), sql_int(view->cause->at_s)),
				  &problem);

		if (rows_next(&rows, &problem))
			finding = rows_int(&rows, 0);
	}
	if (problem != NULL) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	return open_interval(view, finding, item, error);
}

static bool open_new(const struct view *view, GError **error)
{
	for (guint i = 0; i < view->order->len; i++) {
		const struct seen *seen = g_ptr_array_index(view->order, i);

		if (!seen->handled && is_open(seen->item->verdict) &&
		    !open_finding(view, seen, error))
			return false;
	}
	return true;
}

bool findings_apply(struct store *store, const struct evaluation *evaluation, const int64_t *rules,
		    const struct cause *cause, int64_t cluster, GError **error)
{
	g_autoptr(GHashTable) seen =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_seen);
	g_autoptr(GHashTable) results =
		g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	g_autoptr(GPtrArray) order = g_ptr_array_new();
	struct view view = {store, cause, cluster, seen, order, results};
	g_autoptr(GArray) open = NULL;

	see_results(&view, evaluation, rules);
	open = list_open(&view, error);
	if (open == NULL)
		return false;
	for (guint i = 0; i < open->len; i++)
		if (!follow_open(&view, &g_array_index(open, struct open_row, i), error))
			return false;
	return open_new(&view, error);
}
