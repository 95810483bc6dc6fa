/* SPDX-License-Identifier: Apache-2.0 */
/* See baseline.h. What this audit did not see is never gone. */
#include "server/diff/baseline.h"

#include <string.h>

#include "proto/json.h"
#include "server/report/host_view.h"

G_DEFINE_QUARK(plimsoll - baseline - error - quark, baseline_error)

enum { SCHEMA_VERSION = 1 }; /* the newest report that is understood */

struct baseline {
	struct json *root; /* every text below is borrowed from it */
	const char *host;
	const char *engine_key;
	const char *collected_at;
	bool filtered;
	GPtrArray *benchmarks; /* const char *: names */
	GHashTable *checks;    /* const char *: names of all that were asked */
	GHashTable *findings;  /* identity -> struct changed_finding */
	GPtrArray *order;      /* the same in the report's order */
};

void baseline_free(struct baseline *baseline)
{
	if (baseline == NULL)
		return;
	g_ptr_array_unref(baseline->order);
	g_hash_table_unref(baseline->findings);
	g_hash_table_unref(baseline->checks);
	g_ptr_array_unref(baseline->benchmarks);
	json_free(baseline->root);
	g_free(baseline);
}

/* --- which finding --- */

static void add_part(GString *identity, const char *text)
{
	g_autofree char *valid = text != NULL ? g_utf8_make_valid(text, -1) : NULL;

	/* With its length: a name may hold any separator. */
	g_string_append_printf(identity, "%zu:%s", valid != NULL ? strlen(valid) : 0,
			       valid != NULL ? valid : "");
}

/* Without a key the name tells, discriminator included. */
static char *identity_of(const struct changed_finding *finding)
{
	GString *identity = g_string_new(finding->key != NULL ? "key " : "name ");

	add_part(identity, finding->check);
	add_part(identity, finding->subject);
	add_part(identity, finding->key != NULL ? finding->key : finding->item);
	add_part(identity, finding->key != NULL ? finding->discriminator : NULL);
	return g_string_free(identity, FALSE);
}

/* --- reading --- */

static const char *text_at(const struct json *object, const char *key)
{
	return json_as_string(json_get(object, key), NULL);
}

static bool fault(GError **error, const char *place, const char *what)
{
	g_set_error(error, BASELINE_ERROR, 0, "%s: %s", place, what);
	return false;
}

static bool read_item(struct baseline *baseline, const char *check, const struct json *item,
		      const char *place, GError **error)
{
	const char *text = text_at(item, "verdict");
	enum verdict verdict = VERDICT_PASS;
	struct changed_finding *finding = NULL;
	g_autofree char *identity = NULL;

	if (text == NULL || !verdict_parse(text, &verdict))
		return fault(error, place, "an item without a verdict");
	if (verdict != VERDICT_FAIL)
		return true;
	finding = g_new0(struct changed_finding, 1);
	*finding = (struct changed_finding){
		.change = CHANGE_GONE,
		.check = check,
		.subject = text_at(item, "subject"),
		.item = text_at(item, "item"),
		.key = text_at(item, "key"),
		.discriminator = text_at(item, "discriminator"),
	};
	identity = identity_of(finding);
	if (g_hash_table_contains(baseline->findings, identity)) {
		g_free(finding);
		return true;
	}
	g_ptr_array_add(baseline->order, finding);
	g_hash_table_insert(baseline->findings, g_steal_pointer(&identity), finding);
	return true;
}

static bool read_check(struct baseline *baseline, const struct json *check, const char *place,
		       GError **error)
{
	const char *name = text_at(check, "check");
	const struct json *items = json_get(check, "items");

	if (name == NULL || !json_is(items, JSON_KIND_ARRAY))
		return fault(error, place, "no check with its items");
	g_hash_table_add(baseline->checks, (gpointer)(guintptr)name);
	for (size_t i = 0; i < json_length(items); i++)
		if (!read_item(baseline, name, json_at(items, i), place, error))
			return false;
	return true;
}

static bool read_benchmark(struct baseline *baseline, const struct json *benchmark, size_t index,
			   GError **error)
{
	const char *name = text_at(benchmark, "name");
	const struct json *checks = json_get(benchmark, "checks");
	g_autofree char *place = g_strdup_printf("benchmarks[%zu]", index);
	bool filtered = false;

	if (name == NULL || !json_is(checks, JSON_KIND_ARRAY))
		return fault(error, place, "no benchmark with its checks");
	g_ptr_array_add(baseline->benchmarks, (gpointer)(guintptr)name);
	if (json_as_boolean(json_get(benchmark, "filtered"), &filtered) && filtered)
		baseline->filtered = true;
	for (size_t i = 0; i < json_length(checks); i++) {
		g_autofree char *inner = g_strdup_printf("%s.checks[%zu]", place, i);

		if (!read_check(baseline, json_at(checks, i), inner, error))
			return false;
	}
	return true;
}

static bool read_report(struct baseline *baseline, GError **error)
{
	const struct json *benchmarks = json_get(baseline->root, "benchmarks");
	int64_t version = 0;

	if (!json_as_integer(json_get(baseline->root, "schema_version"), &version) ||
	    json_length(benchmarks) == 0 || !json_is(benchmarks, JSON_KIND_ARRAY))
		return fault(error, "top level", "no report of 'plimsoll audit -o json'");
	if (version > SCHEMA_VERSION)
		return fault(error, "schema_version", "written by a newer release of plimsoll");
	baseline->host = json_as_string(json_path(baseline->root, "host.name"), NULL);
	baseline->engine_key = json_as_string(json_path(baseline->root, "host.engine_key"), NULL);
	baseline->collected_at = text_at(baseline->root, "collected_at");
	for (size_t i = 0; i < json_length(benchmarks); i++)
		if (!read_benchmark(baseline, json_at(benchmarks, i), i, error))
			return false;
	return true;
}

struct baseline *baseline_read(const char *text, size_t size, GError **error)
{
	PLIMSOLL_AUTO(baseline) *baseline = g_new0(struct baseline, 1);

	baseline->benchmarks = g_ptr_array_new();
	baseline->checks = g_hash_table_new(g_str_hash, g_str_equal);
	baseline->findings = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	baseline->order = g_ptr_array_new();
	baseline->root = json_parse(text, size, NULL, error);
	if (baseline->root == NULL || !read_report(baseline, error))
		return NULL;
	return g_steal_pointer(&baseline);
}

/* --- comparing --- */

struct comparison {
	const struct baseline *baseline;
	const struct report *report;
	struct arena *arena;
	GHashTable *changes; /* const struct changed_finding * of the baseline -> enum change + 1 */
	GHashTable *fresh;   /* identities of new findings */
	GPtrArray *new;      /* struct changed_finding *: of the arena */
	GHashTable *new_checks;
	GHashTable *asked;  /* const char *: names of checks */
	GHashTable *unseen; /* const char *: checks of which something was not listed */
	guint unlisted;
};

static struct changed_finding finding_of(const struct comparison *comparison,
					 const struct check *check, const struct item *item)
{
	const char *detail = host_view_detail(item);
	const char *name = item->label != NULL ? item->label : detail;

	if (item->label != NULL && detail != NULL)
		name = arena_printf(comparison->arena, "%s %s", item->label, detail);
	return (struct changed_finding){
		.check = check->name,
		.subject = item->subject,
		.item = name,
		.key = item->subject_key != NULL ? item->subject_key : item->subject_id,
		.discriminator = item->discriminator,
	};
}

/* By its key, else as a report names it that has no keys. */
static const struct changed_finding *find_old(const struct comparison *comparison,
					      const struct changed_finding *now,
					      const char *identity)
{
	GHashTable *findings = comparison->baseline->findings;
	const struct changed_finding *old = g_hash_table_lookup(findings, identity);
	struct changed_finding unkeyed = *now;
	g_autofree char *name = NULL;

	if (old != NULL)
		return old;
	unkeyed.key = NULL;
	name = identity_of(&unkeyed);
	return g_hash_table_lookup(findings, name);
}

/* Of several items of one finding the one that fails outweighs. */
static void mark_old(const struct comparison *comparison, const struct changed_finding *old,
		     enum verdict verdict)
{
	gpointer key = (gpointer)(guintptr)old;
	int known = GPOINTER_TO_INT(g_hash_table_lookup(comparison->changes, key)) - 1;

	if (verdict == VERDICT_FAIL)
		g_hash_table_insert(comparison->changes, key, GINT_TO_POINTER(CHANGE_STILL + 1));
	else if (known != CHANGE_STILL)
		g_hash_table_insert(comparison->changes, key, GINT_TO_POINTER(CHANGE_UNSEEN + 1));
}

static void compare_item(struct comparison *comparison, const struct check *check,
			 const struct item *item)
{
	struct changed_finding now = finding_of(comparison, check, item);
	g_autofree char *identity = identity_of(&now);
	const struct changed_finding *old = find_old(comparison, &now, identity);
	struct changed_finding *copy = NULL;

	if (old != NULL) {
		mark_old(comparison, old, item->verdict);
		return;
	}
	if (item->verdict != VERDICT_FAIL)
		return;
	g_hash_table_add(comparison->new_checks, (gpointer)(guintptr)check);
	if (!g_hash_table_add(comparison->fresh, g_steal_pointer(&identity)))
		return;
	copy = arena_calloc(comparison->arena, 1, sizeof(*copy));
	*copy = now;
	copy->change = CHANGE_NEW;
	g_ptr_array_add(comparison->new, copy);
}

static void compare_result(struct comparison *comparison, const struct result *result)
{
	guint listed[VERDICT_COUNT] = {0};
	gpointer name = (gpointer)(guintptr)result->check->name;

	g_hash_table_add(comparison->asked, name);
	for (guint i = 0; i < result->n_items; i++) {
		const struct item *item = &result->items[i];

		listed[item->verdict]++;
		if (item->verdict == VERDICT_FAIL || item->verdict == VERDICT_UNKNOWN)
			compare_item(comparison, result->check, item);
	}
	/* A list that was cut, or a check that was not judged item by item, tells nothing of what
	 * it leaves out: it may be new, and it is not gone. */
	if (listed[VERDICT_FAIL] < result->counts[VERDICT_FAIL]) {
		comparison->unlisted += result->counts[VERDICT_FAIL] - listed[VERDICT_FAIL];
		g_hash_table_add(comparison->new_checks, (gpointer)(guintptr)result->check);
		g_hash_table_add(comparison->unseen, name);
	}
	if (listed[VERDICT_UNKNOWN] < result->counts[VERDICT_UNKNOWN] ||
	    (result->verdict == VERDICT_UNKNOWN && result->reason != NULL))
		g_hash_table_add(comparison->unseen, name);
}

static void compare_results(struct comparison *comparison)
{
	const struct report *report = comparison->report;
	g_autoptr(GHashTable) done = g_hash_table_new(NULL, NULL);

	for (guint b = 0; b < report->n_benchmarks; b++) {
		g_autoptr(GPtrArray) entries = report_entries(report, &report->benchmarks[b]);

		for (guint i = 0; i < entries->len; i++) {
			const struct result *result =
				evaluation_find(report->evaluation, entries->pdata[i]);

			if (g_hash_table_add(done, (gpointer)(guintptr)result))
				compare_result(comparison, result);
		}
	}
}

static enum change change_of(const struct comparison *comparison, const struct changed_finding *old)
{
	int marked = GPOINTER_TO_INT(g_hash_table_lookup(comparison->changes, old));

	if (marked != 0)
		return (enum change)(marked - 1);
	if (!g_hash_table_contains(comparison->asked, old->check))
		return CHANGE_UNASKED;
	return g_hash_table_contains(comparison->unseen, old->check) ? CHANGE_UNSEEN : CHANGE_GONE;
}

/* The new ones, then the old ones by what became of them. */
static void list_findings(const struct comparison *comparison, struct changes *changes)
{
	const GPtrArray *order = comparison->baseline->order;
	guint n = 0;
	struct changed_finding *list = arena_calloc(
		comparison->arena, comparison->new->len + order->len + 1, sizeof(*list));

	for (guint i = 0; i < comparison->new->len; i++)
		list[n++] = *(const struct changed_finding *)comparison->new->pdata[i];
	for (guint change = CHANGE_GONE; change < CHANGE_COUNT; change++) {
		for (guint i = 0; i < order->len; i++) {
			const struct changed_finding *old = order->pdata[i];

			if (change_of(comparison, old) != change)
				continue;
			list[n] = *old;
			list[n++].change = (enum change)change;
		}
	}
	for (guint i = 0; i < n; i++)
		changes->counts[list[i].change]++;
	changes->counts[CHANGE_NEW] += comparison->unlisted;
	changes->unlisted = comparison->unlisted;
	changes->findings = list;
	changes->n_findings = n;
}

/* --- whether the two compare at all --- */

static bool has_benchmark(const struct comparison *comparison, const char *name)
{
	return g_ptr_array_find_with_equal_func(comparison->baseline->benchmarks, name, g_str_equal,
						NULL);
}

static guint count_never_asked(const struct comparison *comparison)
{
	GHashTableIter iterator;
	gpointer name;
	guint n = 0;

	g_hash_table_iter_init(&iterator, comparison->asked);
	while (g_hash_table_iter_next(&iterator, &name, NULL))
		n += g_hash_table_contains(comparison->baseline->checks, name) ? 0 : 1;
	return n;
}

static void note_host(const struct comparison *comparison, GPtrArray *notes)
{
	const struct baseline *baseline = comparison->baseline;
	const Plimsoll__Envelope *envelope = comparison->report->envelope;
	const char *name = host_view_name(envelope, comparison->report->facts);
	const char *engine = envelope != NULL ? envelope->engine_key : NULL;
	/* As JSON wrote the baseline's. */
	g_autofree char *valid = g_utf8_make_valid(name, -1);

	if (g_strcmp0(baseline->host, valid) != 0)
		g_ptr_array_add(notes,
				arena_printf(comparison->arena,
					     "The baseline is of another host: %s, this is %s.",
					     baseline->host != NULL ? baseline->host : "unnamed",
					     name));
	else if (baseline->engine_key != NULL && g_strcmp0(baseline->engine_key, engine) != 0)
		g_ptr_array_add(notes, arena_printf(comparison->arena,
						    "The baseline is of another engine of this "
						    "host: %s, this is %s.",
						    baseline->engine_key,
						    engine != NULL ? engine : "unnamed"));
}

static void note_benchmarks(const struct comparison *comparison, GPtrArray *notes)
{
	const struct report *report = comparison->report;

	for (guint i = 0; i < report->n_benchmarks; i++) {
		const char *name = report->benchmarks[i].benchmark->name;

		if (!has_benchmark(comparison, name))
			g_ptr_array_add(
				notes,
				arena_printf(
					comparison->arena,
					"The baseline was not judged by %s but by %s: "
					"some checks have another form there.",
					name,
					(const char *)comparison->baseline->benchmarks->pdata[0]));
	}
}

static void list_notes(const struct comparison *comparison, struct changes *changes)
{
	g_autoptr(GPtrArray) notes = g_ptr_array_new();
	guint never_asked = count_never_asked(comparison);
	const char **copy = NULL;

	note_host(comparison, notes);
	note_benchmarks(comparison, notes);
	if (comparison->baseline->filtered)
		g_ptr_array_add(notes, arena_printf(comparison->arena,
						    "The baseline is itself of a selection."));
	if (never_asked > 0)
		g_ptr_array_add(notes, arena_printf(comparison->arena,
						    "The baseline did not ask %u of these checks: "
						    "everything that fails there is new.",
						    never_asked));
	copy = arena_calloc(comparison->arena, notes->len + 1, sizeof(*copy));
	for (guint i = 0; i < notes->len; i++)
		copy[i] = notes->pdata[i];
	changes->notes = copy;
	changes->n_notes = notes->len;
}

const struct changes *baseline_compare(const struct baseline *baseline, const struct report *report,
				       struct arena *arena, GHashTable **ret_new_checks)
{
	g_autoptr(GHashTable) changes_of = g_hash_table_new(NULL, NULL);
	g_autoptr(GHashTable) fresh = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GHashTable) asked = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GHashTable) unseen = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GPtrArray) new = g_ptr_array_new();
	struct comparison comparison = {
		.baseline = baseline,
		.report = report,
		.arena = arena,
		.changes = changes_of,
		.fresh = fresh,
		.new = new,
		.new_checks = g_hash_table_new(NULL, NULL),
		.asked = asked,
		.unseen = unseen,
	};
	struct changes *changes = arena_calloc(arena, 1, sizeof(*changes));

	changes->host = baseline->host;
	changes->collected_at = baseline->collected_at;
	compare_results(&comparison);
	list_findings(&comparison, changes);
	list_notes(&comparison, changes);
	*ret_new_checks = comparison.new_checks;
	return changes;
}
