/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 6: what is wrong, since when, and why it came and went. A finding is one item of one check
 * in one scope; its intervals say when it was open, as fail or as unknown. A failure that can no
 * longer be seen turns unknown and stays open: losing sight of it is not fixing it.
 */
#include "server/store/findings.h"

#include <string.h>

#include "proto/arena.h"
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
	[OPEN_LIST] = "SELECT f.id, i.id, f.subject_kind, f.subject_key, f.discriminator,"
		      " f.cluster IS NOT NULL, i.verdict, f.label, i.observed, i.expected,"
		      " i.reason, i.note, i.source"
		      " FROM (SELECT * FROM finding WHERE engine = ?1 AND rule = ?3"
		      "   AND open_interval IS NOT NULL"
		      "  UNION ALL"
		      "  SELECT * FROM finding WHERE cluster = ?2 AND rule = ?3"
		      "   AND open_interval IS NOT NULL) f"
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

/* Which finding of a rule and scope; the texts are borrowed, foreign, and may hold any separator.
 */
struct identity {
	bool of_cluster;
	const char *kind;
	const char *key;
	const char *discriminator;
};

/* An item of the evaluation under its identity; several items of one identity became the worst. */
struct seen {
	struct identity identity;
	const struct item *item;
	bool handled;
};

/* What the evaluation says about one rule, ready for comparison. */
struct view {
	struct store *store;
	const struct cause *cause;
	int64_t cluster;
	struct arena *arena; /* of what was seen */
	int64_t rule;
	const struct result *result; /* NULL: the rule is no longer judged */
	GHashTable *seen;            /* struct identity -> struct seen */
	GPtrArray *order;            /* the same in the evaluation's order */
	bool has_all;                /* not only what is open now */
};

/* An open interval as the store has it, which the evaluation does not repeat word by word. */
struct open_row {
	int64_t finding;
	int64_t interval;
	enum verdict verdict;
	struct seen *seen; /* NULL: the evaluation lists no such item */
};

static bool is_open(enum verdict verdict)
{
	return verdict == VERDICT_FAIL || verdict == VERDICT_UNKNOWN;
}

static const char *or_empty(const char *text)
{
	return text != NULL ? text : "";
}

static guint hash_identity(gconstpointer data)
{
	const struct identity *identity = data;

	return g_str_hash(identity->key) * 31 + g_str_hash(identity->discriminator);
}

static gboolean equal_identities(gconstpointer left, gconstpointer right)
{
	const struct identity *a = left;
	const struct identity *b = right;

	return a->of_cluster == b->of_cluster && strcmp(a->kind, b->kind) == 0 &&
	       strcmp(a->key, b->key) == 0 && strcmp(a->discriminator, b->discriminator) == 0;
}

static const char *subject_key_of(const struct item *item, struct arena *arena)
{
	const char *key = item->subject_key != NULL ? item->subject_key : item->subject_id;
	uint8_t digest[WIRE_SHA256_BYTES];
	g_autofree char *hex = NULL;

	if (key == NULL || strlen(key) <= KEY_BYTES)
		return or_empty(key);
	wire_sha256(key, strlen(key), digest);
	hex = wire_hex(digest, sizeof digest);
	return arena_printf(arena, "sha256:%s", hex);
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

static void see_item(struct view *view, const struct item *item)
{
	const struct identity identity = {
		.of_cluster = is_of_cluster(view->result->check, item),
		.kind = or_empty(item->subject),
		.key = subject_key_of(item, view->arena),
		.discriminator = or_empty(item->discriminator),
	};
	struct seen *seen;

	if (identity.of_cluster && view->cluster == 0)
		return;
	seen = g_hash_table_lookup(view->seen, &identity);
	if (seen != NULL) {
		if (weight_of(item->verdict) > weight_of(seen->item->verdict))
			seen->item = item;
		return;
	}
	seen = arena_calloc(view->arena, 1, sizeof(*seen));
	*seen = (struct seen){.identity = identity, .item = item};
	g_hash_table_insert(view->seen, &seen->identity, seen);
	g_ptr_array_add(view->order, seen);
}

static void see_items(struct view *view, bool that_are_open)
{
	const struct result *result = view->result;
	guint n = result != NULL ? MIN(result->n_items, (guint)STORE_CHECK_ITEMS) : 0;

	for (guint i = 0; i < n; i++)
		if (is_open(result->items[i].verdict) == that_are_open)
			see_item(view, &result->items[i]);
}

/* Most items pass and were never open: they are looked at once something is missed. */
static struct seen *find_seen(struct view *view, const struct identity *identity)
{
	struct seen *seen = g_hash_table_lookup(view->seen, identity);

	if (seen != NULL || view->has_all)
		return seen;
	see_items(view, false);
	view->has_all = true;
	return g_hash_table_lookup(view->seen, identity);
}

static bool same_text(struct rows *rows, int column, const char *text)
{
	return strcmp(or_empty(rows_text(rows, column)), or_empty(text)) == 0;
}

static bool same_evidence(struct rows *rows, const struct item *item)
{
	return same_text(rows, 7, item->label) && same_text(rows, 8, item->observed) &&
	       same_text(rows, 9, item->expected) && same_text(rows, 10, item->reason_text) &&
	       same_text(rows, 11, item->note) && same_text(rows, 12, item->source);
}

/* A row of the query; false: nothing about it changed. */
static bool read_open(struct view *view, struct rows *rows, struct open_row *ret_row)
{
	const struct identity identity = {
		.of_cluster = rows_int(rows, 5) != 0,
		.kind = or_empty(rows_text(rows, 2)),
		.key = or_empty(rows_text(rows, 3)),
		.discriminator = or_empty(rows_text(rows, 4)),
	};
	struct seen *seen = find_seen(view, &identity);

	*ret_row = (struct open_row){
		.finding = rows_int(rows, 0),
		.interval = rows_int(rows, 1),
		.verdict = (enum verdict)rows_int(rows, 6),
		.seen = seen,
	};
	if (seen == NULL)
		return true;
	seen->handled = true;
	return seen->item->verdict != ret_row->verdict || !same_evidence(rows, seen->item);
}

static GArray *list_changed(struct view *view, GError **error)
{
	g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(struct open_row));
	g_autoptr(GError) problem = NULL;
	SQL_ROWS rows = sql_query(view->store->sql, statements[OPEN_LIST],
				  SQL_ARGS(sql_int(view->cause->engine),
					   sql_int_or_null(view->cluster != 0, view->cluster),
					   sql_int(view->rule)),
				  &problem);
	struct open_row row;

	while (rows_next(&rows, &problem))
		if (read_open(view, &rows, &row))
			g_array_append_val(list, row);
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
	return sql_run(view->store->sql, statements[FINDING_LABEL],
		       SQL_ARGS(sql_int(row->finding), sql_text(item->label)), error) &&
	       sql_run(view->store->sql, statements[INTERVAL_UPDATE],
		       SQL_ARGS(sql_int(row->interval), sql_text(item->observed),
				sql_text(item->expected), sql_text(item->reason_text),
				sql_text(item->note), sql_text(item->source)),
		       error);
}

/*
 * Whether items that could be open are missing from a result's list. What does not apply is left
 * out of it beside other items (evaluate_item.c), and is no gap.
 */
static bool was_cut(const struct result *result)
{
	guint items = 0;

	for (guint v = 0; v < VERDICT_COUNT; v++)
		if (v != VERDICT_NOT_APPLICABLE || result->verdict == VERDICT_NOT_APPLICABLE)
			items += result->counts[v];
	return MIN(result->n_items, (guint)STORE_CHECK_ITEMS) < items;
}

/* The evaluation lists no such item any more. */
static bool follow_missing(const struct view *view, const struct open_row *row, GError **error)
{
	const struct result *result = view->result;

	if (result == NULL)
		return close_finding(view, row, "not_judged", error);
	if (result->verdict == VERDICT_UNKNOWN && result->reason != NULL) {
		struct item unseen = {.verdict = VERDICT_UNKNOWN,
				      .reason_text = result->reason_text};

		return row->verdict == VERDICT_UNKNOWN || turn_interval(view, row, &unseen, error);
	}
	/* A list that was cut says nothing about what is not on it. */
	if (was_cut(result))
		return true;
	return close_finding(view, row,
			     result->verdict == VERDICT_NOT_APPLICABLE ? "not_applicable" : "gone",
			     error);
}

static bool follow_open(const struct view *view, const struct open_row *row, GError **error)
{
	const struct item *item = row->seen != NULL ? row->seen->item : NULL;

	if (item == NULL)
		return follow_missing(view, row, error);
	if (!is_open(item->verdict))
		return close_finding(view, row, verdict_text(item->verdict), error);
	if (item->verdict != row->verdict)
		return turn_interval(view, row, item, error);
	return update_evidence(view, row, item, error);
}

static bool open_finding(const struct view *view, const struct seen *seen, GError **error)
{
	const struct item *item = seen->item;
	g_autoptr(GError) problem = NULL;
	int64_t finding = 0;
	{
		SQL_ROWS rows = sql_query(
			view->store->sql, statements[FINDING_PUT],
			SQL_ARGS(sql_int_or_null(!seen->identity.of_cluster, view->cause->engine),
				 sql_int_or_null(seen->identity.of_cluster, view->cluster),
				 sql_int(view->rule), sql_text(seen->identity.kind),
				 sql_text(seen->identity.key),
				 sql_text(seen->identity.discriminator), sql_text(item->label),
				 sql_int(view->cause->at_s)),
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

static bool follow_rule(struct view *view, GError **error)
{
	g_autoptr(GArray) changed = NULL;

	g_hash_table_remove_all(view->seen);
	g_ptr_array_set_size(view->order, 0);
	view->has_all = false;
	see_items(view, true);
	changed = list_changed(view, error);
	if (changed == NULL)
		return false;
	for (guint i = 0; i < changed->len; i++)
		if (!follow_open(view, &g_array_index(changed, struct open_row, i), error))
			return false;
	return open_new(view, error);
}

/* Of two managers of one swarm, the one that speaks may have judged the same for long. */
static bool is_to_follow(const struct view *view, const GArray *moved, int64_t rule)
{
	for (guint i = 0; i < moved->len; i++)
		if (g_array_index(moved, int64_t, i) == rule)
			return true;
	return view->cluster != 0;
}

static bool is_judged(const struct evaluation *evaluation, const int64_t *rules, int64_t rule)
{
	for (guint i = 0; i < evaluation->n_results; i++)
		if (rules[i] == rule)
			return true;
	return false;
}

static bool follow_all(struct view *view, const struct evaluation *evaluation, const int64_t *rules,
		       const GArray *moved, GError **error)
{
	for (guint i = 0; i < evaluation->n_results; i++) {
		view->rule = rules[i];
		view->result = &evaluation->results[i];
		if (is_to_follow(view, moved, rules[i]) && !follow_rule(view, error))
			return false;
	}
	view->result = NULL;
	for (guint i = 0; i < moved->len; i++) {
		view->rule = g_array_index(moved, int64_t, i);
		if (!is_judged(evaluation, rules, view->rule) && !follow_rule(view, error))
			return false;
	}
	return true;
}

bool findings_apply(struct store *store, const struct evaluation *evaluation, const int64_t *rules,
		    const GArray *moved, const struct cause *cause, int64_t cluster, GError **error)
{
	PLIMSOLL_AUTO(arena) *arena = arena_new(SIZE_MAX);
	g_autoptr(GHashTable) seen = g_hash_table_new(hash_identity, equal_identities);
	g_autoptr(GPtrArray) order = g_ptr_array_new();
	struct view view = {.store = store,
			    .cause = cause,
			    .cluster = cluster,
			    .arena = arena,
			    .seen = seen,
			    .order = order};

	return follow_all(&view, evaluation, rules, moved, error);
}
