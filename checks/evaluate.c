/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs every check over one snapshot. Nothing passes by being absent from a result: the subjects
 * are listed first, each gets at least one item, and what has none is unknown.
 */
#include "checks/evaluate.h"

#include <string.h>

#include "checks/derive/derive.h"
#include "checks/evaluate_internal.h"
#include "checks/reason.h"
#include "proto/limits.h"

G_DEFINE_QUARK(plimsoll - evaluate - error - quark, evaluate_error)

/* ---- the evaluator ---- */

/* Which forms an evaluator is for. */
struct need {
	bool (*needs)(const struct check *check, const struct check_variant *variant, void *data);
	void *data;
};

static bool is_needed(const struct need *need, const struct check *check,
		      const struct check_variant *variant)
{
	return need->needs == NULL || check->custom || need->needs(check, variant, need->data);
}

static bool add_query(struct evaluator *evaluator, const struct need *need,
		      const struct check *check, const struct check_variant *variant,
		      GError **error)
{
	struct query *query = NULL;

	if (!is_needed(need, check, variant))
		return true;
	query = query_new(evaluator->session, check, variant, error);
	if (query != NULL)
		g_ptr_array_add(evaluator->queries, query);
	return query != NULL;
}

/* A check that decides in its variants only has no form of its own. */
static bool has_own_form(const struct check *check)
{
	return check->fail.text != NULL || check->items.text != NULL || check->mode == MODE_MANUAL;
}

static bool add_check(struct evaluator *evaluator, const struct need *need,
		      const struct check *check, GError **error)
{
	if (has_own_form(check) && !add_query(evaluator, need, check, NULL, error))
		return false;
	for (guint i = 0; i < check->n_variants; i++)
		if (!add_query(evaluator, need, check, &check->variants[i], error))
			return false;
	return true;
}

static void free_query(gpointer query)
{
	query_free(query);
}

struct evaluator *evaluator_new_for(const struct catalogue *catalogue,
				    bool (*needs)(const struct check *check,
						  const struct check_variant *variant, void *data),
				    void *data, GError **error)
{
	const struct need need = {needs, data};
	PLIMSOLL_AUTO(evaluator) *evaluator = g_new0(struct evaluator, 1);
	guint n = 0;
	const struct check *checks = catalogue_checks(catalogue, &n);

	evaluator->queries = g_ptr_array_new_with_free_func(free_query);
	evaluator->items = g_array_new(FALSE, FALSE, sizeof(struct item));
	evaluator->scope = g_array_new(FALSE, TRUE, sizeof(guint8));
	evaluator->seen = g_array_new(FALSE, TRUE, sizeof(guint8));
	evaluator->session = sql_session_new(error);
	if (evaluator->session == NULL)
		return NULL;
	for (guint i = 0; i < n; i++)
		if (!add_check(evaluator, &need, &checks[i], error))
			return NULL;
	return g_steal_pointer(&evaluator);
}

struct evaluator *evaluator_new(const struct catalogue *catalogue, GError **error)
{
	return evaluator_new_for(catalogue, NULL, NULL, error);
}

void evaluator_free(struct evaluator *evaluator)
{
	if (evaluator == NULL)
		return;
	g_ptr_array_free(evaluator->queries, TRUE);
	g_array_free(evaluator->items, TRUE);
	g_array_free(evaluator->scope, TRUE);
	g_array_free(evaluator->seen, TRUE);
	sql_session_free(evaluator->session);
	g_free(evaluator);
}

/* ---- one check ---- */

static void set_whole(struct run *run, struct result *result, enum verdict verdict,
		      const char *reason)
{
	result->verdict = verdict;
	result->reason = reason_code(run->arena, reason);
	result->reason_text = reason_text(run->arena, reason);
}

/* Whatever came before the failure says too little. */
static void set_broken(struct items *items, struct result *result, const char *why)
{
	g_array_set_size(items->array, 0);
	memset(items->counts, 0, sizeof(items->counts));
	result->n_items = 0;
	set_whole(items->run, result, VERDICT_UNKNOWN,
		  arena_printf(items->run->arena, "UK|the check failed: %s", why));
}

/* What subjects there are, by ordinal. */
enum scope { SCOPE_OUT, SCOPE_IN, SCOPE_SETTLED };

struct subjects {
	GArray *scope; /* guint8, enum scope */
	GArray *seen;  /* guint8: an item was added */
	guint n;       /* in scope, settled ones included */
};

static guint8 *mark(GArray *marks, int64_t ord)
{
	return &g_array_index(marks, guint8, ord);
}

static void read_row(const struct items *items, int64_t ord, struct facts_row *ret_row)
{
	facts_table_row(items->query->table, &items->run->evaluator->session->facts.data, 0, ord,
			ret_row);
}

/* Who the subject is, as an item that nothing is known about yet. */
static void describe_as(const struct items *items, const struct subject_kind *kind, int64_t ord,
			struct item *item)
{
	struct run *run = items->run;
	struct item **described = &run->described[subject_index(kind)];
	const struct facts_data *data = &run->evaluator->session->facts.data;

	if (*described == NULL)
		*described = arena_calloc(
			run->arena,
			(size_t)facts_table_rows(facts_table_find(kind->table), data, 0),
			sizeof(**described));
	if ((*described)[ord].label == NULL) {
		(*described)[ord].verdict = VERDICT_UNKNOWN;
		subject_describe(kind, run->facts, (size_t)ord, run->arena, &(*described)[ord]);
	}
	*item = (*described)[ord];
}

static void describe(const struct items *items, int64_t ord, struct item *item)
{
	describe_as(items, items->query->kind, ord, item);
}

static void add_unknown(struct items *items, int64_t ord, const char *reason)
{
	struct item item;
	struct facts_row row;

	describe(items, ord, &item);
	if (reason == NULL) {
		read_row(items, ord, &row);
		reason =
			default_reason(items->run, &items->query->reads, items->query->table, &row);
	}
	item.verdict = reason_verdict(reason);
	items_add(items, &item, reason);
}

/* A text that is no reason code becomes one of our own wording. */
static const char *as_reason(struct arena *arena, const char *text)
{
	return text == NULL || reason_is_valid(text) ? text : arena_printf(arena, "UK|%s", text);
}

static const char *decision_text(const struct items *items, int column)
{
	if (!items->query->has_column[column])
		return NULL;
	return items_text(items, items->query->subjects, column);
}

/* 1 fail, 0 pass; NULL is decided by its reason. A text would compare as 0: it is a fault. */
static bool add_decision(struct items *items, int64_t ord)
{
	sqlite3_stmt *statement = items->query->subjects;
	int type = sqlite3_column_type(statement, SUBJECT_FAIL);
	const char *reason = NULL;
	struct facts_row row;
	struct item item;

	describe(items, ord, &item);
	item.observed = decision_text(items, SUBJECT_OBSERVED);
	item.expected = decision_text(items, SUBJECT_EXPECTED);
	items_note(items, &item, decision_text(items, SUBJECT_NOTE));
	item.source = decision_text(items, SUBJECT_SOURCE);
	if (type == SQLITE_INTEGER || type == SQLITE_FLOAT) {
		bool fails = sqlite3_column_double(statement, SUBJECT_FAIL) < 0 ||
			     sqlite3_column_double(statement, SUBJECT_FAIL) > 0;

		item.verdict = fails ? VERDICT_FAIL : VERDICT_PASS;
	} else if (type == SQLITE_NULL) {
		reason = as_reason(items->run->arena, decision_text(items, SUBJECT_REASON));
		if (reason == NULL) {
			read_row(items, ord, &row);
			reason = default_reason(items->run, &items->query->reads,
						items->query->table, &row);
		}
		item.verdict = reason_verdict(reason);
	} else {
		return false;
	}
	items_add(items, &item, reason);
	return true;
}

/* Subjects about which nothing can be trusted are settled here, whatever the check would say. */
static enum scope settle(struct items *items, int64_t ord)
{
	const struct subject_kind *kind = items->query->kind;
	const Plimsoll__Facts *facts = items->run->facts;
	const char *problem = NULL;

	if (subject_is_gone(kind, facts, (size_t)ord) || is_left_out(items->run, kind, ord))
		return SCOPE_OUT;
	if (kind->problem != NULL)
		problem = kind->problem(facts, (size_t)ord, items->query->reads_history,
					items->run->arena);
	if (problem == NULL && sqlite3_column_int(items->query->subjects, SUBJECT_WHERE_UNKNOWN))
		problem = "";
	if (problem == NULL)
		return SCOPE_IN;
	add_unknown(items, ord, problem[0] != '\0' ? problem : NULL);
	return SCOPE_SETTLED;
}

/* gives: why the statement failed; NULL = it did not. */
static const char *list_subjects(struct items *items, struct subjects *subjects)
{
	sqlite3_stmt *statement = items->query->subjects;
	const char *failure = NULL;
	int rc = SQLITE_OK;

	while (failure == NULL && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
		int64_t ord = sqlite3_column_int64(statement, SUBJECT_ORD);
		enum scope scope = settle(items, ord);

		*mark(subjects->scope, ord) = (guint8)scope;
		subjects->n += scope != SCOPE_OUT;
		if (scope == SCOPE_IN && items->query->decides && !add_decision(items, ord))
			failure = "its condition is a text, not true or false";
	}
	if (failure == NULL && rc != SQLITE_DONE)
		failure = arena_strdup(items->run->arena,
				       sql_session_failure(items->run->evaluator->session, rc));
	(void)sqlite3_reset(statement);
	return failure;
}

/* ---- items queries ---- */

static const char *column_text(const struct items *items, enum item_column column)
{
	return items_text(items, items->query->items, items->query->columns[column]);
}

/* NULL, and a kind that is the check's own, mean the check's kind. */
static const struct subject_kind *kind_of_row(const struct items *items, bool *ret_known)
{
	const char *name = column_text(items, ITEM_KIND);
	const struct subject_kind *kind = name != NULL ? subject_find(name) : items->query->kind;

	*ret_known = kind != NULL;
	return kind;
}

/* The ordinal of a row's subject: -1 none was given, -2 it is out of scope. */
static int64_t ord_of_row(const struct items *items, const struct subjects *subjects,
			  const struct subject_kind *kind)
{
	const struct facts_data *data = &items->run->evaluator->session->facts.data;
	bool own = kind == items->query->kind;
	const struct facts_table *table = own ? items->query->table : facts_table_find(kind->table);
	int column = items->query->columns[ITEM_SUBJECT];
	int64_t ord = column >= 0 ? sqlite3_column_int64(items->query->items, column) : 0;

	if (kind->singleton)
		return 0;
	if (column < 0 || sqlite3_column_type(items->query->items, column) != SQLITE_INTEGER ||
	    ord < 0 || ord >= facts_table_rows(table, data, 0))
		return -1;
	if ((own && *mark(subjects->scope, ord) != SCOPE_IN) || is_left_out(items->run, kind, ord))
		return -2;
	return ord;
}

static void fill_from_row(const struct items *items, struct item *item)
{
	const char *label = column_text(items, ITEM_LABEL);
	const char *discriminator = column_text(items, ITEM_DISCRIMINATOR);

	item->label = label != NULL ? label : item->label;
	item->discriminator = discriminator != NULL ? discriminator : item->discriminator;
	item->observed = column_text(items, ITEM_OBSERVED);
	item->expected = column_text(items, ITEM_EXPECTED);
	items_note(items, item, column_text(items, ITEM_NOTE));
	item->source = column_text(items, ITEM_SOURCE);
}

/* An unknown without a reason of its own gets one; a row that states nothing may be told n/a. */
static const char *reason_of_row(const struct items *items, const struct subject_kind *kind,
				 int64_t ord, bool stated, struct item *item)
{
	const char *reason = as_reason(items->run->arena, column_text(items, ITEM_REASON));
	struct facts_row row;
	bool own = ord >= 0 && kind == items->query->kind;

	if (item->verdict == VERDICT_NOT_APPLICABLE)
		return reason != NULL ? reason : "NA";
	if (item->verdict != VERDICT_UNKNOWN)
		return NULL;
	if (own)
		read_row(items, ord, &row);
	if (reason == NULL)
		reason = default_reason(items->run, &items->query->reads, items->query->table,
					own ? &row : NULL);
	if (!stated)
		item->verdict = reason_verdict(reason);
	return reason;
}

/* gives: what is wrong with the row; NULL = nothing. */
static const char *add_row(struct items *items, struct subjects *subjects)
{
	const char *stated = column_text(items, ITEM_VERDICT);
	enum verdict verdict = VERDICT_UNKNOWN;
	bool known = false;
	const struct subject_kind *kind = kind_of_row(items, &known);
	struct item item = {.verdict = VERDICT_UNKNOWN};
	int64_t ord = 0;
	const char *reason = NULL;

	if (!known)
		return "its items name a kind that does not exist";
	if (stated != NULL && !verdict_parse(stated, &verdict))
		return arena_printf(items->run->arena, "'%s' is not a verdict", stated);
	ord = ord_of_row(items, subjects, kind);
	if (ord == -2)
		return NULL;
	if (ord == -1 && verdict == VERDICT_PASS)
		return "a passing item names no subject";
	if (ord >= 0)
		describe_as(items, kind, ord, &item);
	else
		item.subject = item.subject_key = item.label = kind->name;
	item.verdict = verdict;
	fill_from_row(items, &item);
	reason = reason_of_row(items, kind, ord, stated != NULL, &item);
	items_add(items, &item, reason);
	if (ord >= 0 && kind == items->query->kind)
		*mark(subjects->seen, ord) = 1;
	return NULL;
}

static void add_missing(struct items *items, const struct subjects *subjects)
{
	for (guint i = 0; i < subjects->scope->len; i++)
		if (*mark(subjects->scope, i) == SCOPE_IN && *mark(subjects->seen, i) == 0)
			add_unknown(items, i, NULL);
}

/* gives: why the query failed; NULL = it did not. */
static const char *list_items(struct items *items, struct subjects *subjects)
{
	sqlite3_stmt *statement = items->query->items;
	const char *failure = NULL;
	int rc = SQLITE_OK;

	while (failure == NULL && (rc = sqlite3_step(statement)) == SQLITE_ROW)
		failure = add_row(items, subjects);
	if (failure == NULL && rc != SQLITE_DONE)
		failure = arena_strdup(items->run->arena,
				       sql_session_failure(items->run->evaluator->session, rc));
	(void)sqlite3_reset(statement);
	if (failure == NULL)
		add_missing(items, subjects);
	return failure;
}

/* A manual check without evidence of its own: one item. */
static void add_manual(struct items *items, const struct subjects *subjects)
{
	const struct subject_kind *kind = items->query->kind;
	struct item item = {.subject = kind->name, .subject_key = kind->name, .label = kind->name};

	if (kind->singleton)
		describe(items, 0, &item);
	else
		item.observed = arena_printf(items->run->arena, "%u", subjects->n);
	item.verdict = VERDICT_MANUAL;
	items_add(items, &item, NULL);
}

static void add_truncated(struct items *items, const char *reason, const char *group)
{
	struct item item = {
		.verdict = VERDICT_UNKNOWN,
		.subject = items->query->kind->name,
		.subject_key = "truncated",
		.label = group,
		.discriminator = "truncated",
	};

	item.label = arena_strdup(items->run->arena, group);
	items_add(items, &item, reason);
}

/* No subject: what that means for this check, once it is sure that there is none. */
static void finish_empty(struct items *items, struct result *result)
{
	const struct query *query = items->query;
	const char *empty = query->check->empty != NULL ? query->check->empty : query->kind->empty;
	const char *reason = empty_reason(items->run, query->table);
	struct item item = {
		.verdict = VERDICT_PASS,
		.subject = query->kind->name,
		.subject_key = "none",
		.label = "none",
	};

	if (reason != NULL) {
		set_whole(items->run, result, VERDICT_UNKNOWN, reason);
	} else if (items->run->left_out[subject_index(query->kind)] != NULL) {
		set_whole(items->run, result, VERDICT_NOT_APPLICABLE,
			  "NA|none is left by the filter");
	} else if (strcmp(empty, "pass") == 0) {
		items_add(items, &item, NULL);
		items_finish(items, result);
	} else {
		set_whole(items->run, result, reason_verdict(empty), empty);
	}
}

static guint total(const guint counts[VERDICT_COUNT])
{
	guint sum = 0;

	for (int i = 0; i < VERDICT_COUNT; i++)
		sum += counts[i];
	return sum;
}

/* gives: why a statement failed; NULL = none did. */
static const char *collect(struct items *items, struct subjects *subjects)
{
	const struct query *query = items->query;
	const char *failure = list_subjects(items, subjects);

	if (failure == NULL && query->items != NULL)
		failure = list_items(items, subjects);
	if (failure == NULL && query->items == NULL && !query->decides && subjects->n > 0)
		add_manual(items, subjects);
	return failure;
}

static void clear_marks(GArray *marks, guint n)
{
	g_array_set_size(marks, 0);
	g_array_set_size(marks, n); /* what is new is zero */
}

static void judge_subjects(struct items *items, struct result *result)
{
	const struct facts_data *data = &items->run->evaluator->session->facts.data;
	guint rows = (guint)facts_table_rows(items->query->table, data, 0);
	struct evaluator *evaluator = items->run->evaluator;
	struct subjects subjects = {evaluator->scope, evaluator->seen, 0};
	const char *failure = NULL;

	clear_marks(subjects.scope, rows);
	clear_marks(subjects.seen, rows);
	failure = collect(items, &subjects);
	if (failure != NULL) {
		set_broken(items, result, failure);
		return;
	}
	each_truncation(items, add_truncated);
	if (total(items->counts) == 0)
		finish_empty(items, result);
	else
		items_finish(items, result);
}

/* ---- whether a check applies ---- */

static const Derived__Derived *derived_of(const struct run *run)
{
	return (const Derived__Derived *)(const void *)
		run->evaluator->session->facts.data.roots[FACTS_ROOT_DERIVED];
}

/* gives: NULL when the gate is open, else its reason. */
static const char *gate_reason(const struct run *run, const char *name)
{
	const Derived__Derived *derived = derived_of(run);

	if (name == NULL)
		return NULL;
	for (size_t i = 0; derived != NULL && i < derived->n_gate; i++) {
		const Derived__Gate *gate = derived->gate[i];

		if (g_strcmp0(gate->name, name) != 0 || gate->code == NULL)
			continue;
		if (strcmp(gate->code, "ok") == 0)
			return NULL;
		return as_reason(run->arena,
				 arena_printf(run->arena, "%s%s%s", gate->code,
					      gate->detail != NULL ? "|" : "",
					      gate->detail != NULL ? gate->detail : ""));
	}
	return arena_printf(run->arena, "UK|gate '%s' was not derived", name);
}

/* gives: NULL when the check applies, else why not. */
static const char *applies_reason(const struct items *items)
{
	struct run *run = items->run;
	sqlite3_stmt *statement = items->query->applies;
	const char *reason = NULL;
	int rc = SQLITE_OK;
	int type = SQLITE_NULL;

	if (statement == NULL)
		return NULL;
	rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW)
		type = sqlite3_column_type(statement, 0);
	if (rc != SQLITE_ROW)
		reason = arena_printf(run->arena, "UK|the check failed: %s",
				      sql_session_failure(run->evaluator->session, rc));
	else if (type == SQLITE_TEXT)
		reason = as_reason(run->arena, items_text(items, statement, 0));
	else if (type != SQLITE_INTEGER)
		reason = default_reason(run, &items->query->applies_reads, items->query->table,
					NULL);
	else if (sqlite3_column_int64(statement, 0) == 0)
		reason = "NA";
	(void)sqlite3_reset(statement);
	return reason;
}

static bool has_parameter(const struct run *run, const struct check *check)
{
	const struct facts_table *table = facts_table_find("parameter");
	const struct facts_column *column =
		check->parameter != NULL ? facts_table_column(table, check->parameter) : NULL;
	struct facts_row row;
	struct facts_value value;

	if (column == NULL)
		return false;
	facts_table_row(table, &run->evaluator->session->facts.data, 0, 0, &row);
	facts_column_read(column, &row, &value);
	if (value.type == FACTS_VALUE_NULL)
		return false;
	return column->field->type != PROTOBUF_C_TYPE_BOOL || value.integer != 0;
}

/* The evidence of an unknown daemon check is shown; no verdict of it counts. */
static void judge_forced(struct items *items, struct result *result, const char *reason)
{
	items->forced = reason;
	judge_subjects(items, result);
	set_whole(items->run, result, VERDICT_UNKNOWN, reason);
}

static void judge(struct run *run, const struct query *query, struct result *result)
{
	struct items items = {.run = run, .query = query, .array = run->evaluator->items};
	const char *reason = gate_reason(run, query->check->gate);

	g_array_set_size(items.array, 0);
	*result = (struct result){
		.check = query->check,
		.variant = query->variant,
		.has_parameter = has_parameter(run, query->check),
	};
	sql_session_set_deadline(run->evaluator->session, query->check->custom
								  ? LIMIT_CUSTOM_QUERY_MS
								  : LIMIT_BUILTIN_QUERY_MS);
	if (reason != NULL && reason_verdict(reason) == VERDICT_UNKNOWN && query->kind->singleton) {
		judge_forced(&items, result, reason);
		return;
	}
	if (reason == NULL)
		reason = applies_reason(&items);
	if (reason != NULL)
		set_whole(run, result, reason_verdict(reason), reason);
	else
		judge_subjects(&items, result);
}

void evaluator_watch(struct evaluator *evaluator,
		     void (*saw)(const struct facts_read *read, void *data), void *data)
{
	evaluator->session->facts.saw = saw;
	evaluator->session->facts.saw_data = data;
}

/* ---- all checks ---- */

static struct evaluation *run_all(struct evaluator *evaluator, const struct evaluate_input *input,
				  const Derived__Derived *derived, struct arena *arena,
				  bool (*wanted)(const struct check *check, void *data), void *data)
{
	const struct facts_data shown = {{
		[FACTS_ROOT_FACTS] = &input->facts->base,
		[FACTS_ROOT_OBSERVED] = input->observed != NULL ? &input->observed->base : NULL,
		[FACTS_ROOT_DERIVED] = derived != NULL ? &derived->base : NULL,
	}};
	struct run run = {
		.evaluator = evaluator, .input = input, .facts = input->facts, .arena = arena};
	struct result *results =
		arena_calloc(arena, MAX(evaluator->queries->len, 1), sizeof(*results));
	struct evaluation *evaluation = g_new0(struct evaluation, 1);

	for (guint i = 0; i < SUBJECT_KINDS; i++)
		run.left_out[i] = subject_filter_marks(input->filter, i, run.facts, arena);
	facts_vtab_show(&evaluator->session->facts, &shown);
	for (guint i = 0; i < evaluator->queries->len; i++) {
		const struct query *query = g_ptr_array_index(evaluator->queries, i);

		if (wanted == NULL || wanted(query->check, data))
			judge(&run, query, &results[evaluation->n_results++]);
	}
	facts_vtab_show(&evaluator->session->facts, NULL);
	evaluation->results = results;
	evaluation->arena = arena;
	return evaluation;
}

struct evaluation *evaluator_run_derived(struct evaluator *evaluator,
					 const struct evaluate_input *input,
					 const Derived__Derived *derived,
					 bool (*wanted)(const struct check *check, void *data),
					 void *data, GError **error)
{
	(void)error;
	return run_all(evaluator, input, derived, arena_new(SIZE_MAX), wanted, data);
}

struct evaluation *evaluator_run(struct evaluator *evaluator, const struct evaluate_input *input,
				 bool (*wanted)(const struct check *check, void *data), void *data,
				 GError **error)
{
	struct arena *arena = arena_new(SIZE_MAX);

	(void)error;
	return run_all(evaluator, input, derive(input, arena), arena, wanted, data);
}

void evaluation_free(struct evaluation *evaluation)
{
	if (evaluation == NULL)
		return;
	arena_free(evaluation->arena);
	g_free(evaluation);
}

const struct result *evaluation_find(const struct evaluation *evaluation,
				     const struct benchmark_entry *entry)
{
	for (guint i = 0; i < evaluation->n_results; i++)
		if (evaluation->results[i].check == entry->check &&
		    evaluation->results[i].variant == entry->variant)
			return &evaluation->results[i];
	return NULL;
}
