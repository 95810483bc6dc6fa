/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's own reading of the catalogue: NULL must not pass, order must not matter. */
#include "checks/lint.h"

#include <string.h>

#include "checks/derive/derive.h"
#include "checks/evaluate_internal.h"

static void add_fault(GPtrArray *faults, const struct check *check, const struct sourced *place,
		      const char *variant, const char *text)
{
	g_ptr_array_add(faults, g_strdup_printf("%s:%u:%u: check %s%s%s: %s",
						place != NULL ? place->file : check->file,
						place != NULL ? place->line : check->line,
						place != NULL ? place->column : 1, check->name,
						variant != NULL ? "/" : "",
						variant != NULL ? variant : "", text));
}

/* ---- texts ---- */

static void look_at(const struct check *check, const struct sourced *sql, GPtrArray *faults)
{
	static const char pattern[] =
		"\\bnot\\s+in\\s*\\(\\s*(--[^\\n]*\\n\\s*)*(select|values|with)\\b";

	if (sql->text != NULL && g_regex_match_simple(pattern, sql->text, G_REGEX_CASELESS, 0))
		add_fault(faults, check, sql, NULL,
			  "NOT IN (SELECT ...) passes silently on a NULL; use NOT EXISTS");
}

void lint_text(const struct catalogue *catalogue, GPtrArray *faults)
{
	guint n = 0;
	const struct check *checks = catalogue_checks(catalogue, &n);

	for (guint i = 0; i < n; i++) {
		const struct check *check = &checks[i];
		const struct sourced *all[] = {
			&check->applies, &check->where,    &check->fail,
			&check->items,   &check->observed, &check->expected,
			&check->reason,  &check->note,     &check->source,
		};

		for (size_t k = 0; k < G_N_ELEMENTS(all); k++)
			look_at(check, all[k], faults);
		for (guint k = 0; k < check->n_variants; k++) {
			look_at(check, &check->variants[k].applies, faults);
			look_at(check, &check->variants[k].fail, faults);
			look_at(check, &check->variants[k].items, faults);
		}
	}
}

/* ---- NULLs ---- */

/* A value that was taken out of a message. */
struct taken {
	unsigned char *place; /* of the pointer or of the presence bit */
	void *pointer;        /* of texts */
	bool is_text;
};

static unsigned char *member(const ProtobufCMessage *message, unsigned offset)
{
	return (unsigned char *)(uintptr_t)message + offset;
}

static const ProtobufCMessage *find_message(const struct facts_column *column,
					    const struct facts_row *row)
{
	const ProtobufCMessage *message = row->message;

	for (unsigned i = 0; i < column->n_through && message != NULL; i++)
		memcpy(&message, member(message, column->through[i]->offset), sizeof(void *));
	return message;
}

static void take_out(const struct facts_column *column, const struct facts_row *row, GArray *taken)
{
	const ProtobufCMessage *message = find_message(column, row);
	struct taken one = {0};
	const protobuf_c_boolean absent = false;
	struct facts_value value;

	facts_column_read(column, row, &value);
	if (message == NULL || value.type == FACTS_VALUE_NULL)
		return;
	one.is_text = column->field->type == PROTOBUF_C_TYPE_STRING;
	one.place = member(message,
			   one.is_text ? column->field->offset : column->field->quantifier_offset);
	if (one.is_text) {
		memcpy(&one.pointer, one.place, sizeof(one.pointer));
		memset(one.place, 0, sizeof(one.pointer));
	} else {
		memcpy(one.place, &absent, sizeof(absent));
	}
	g_array_append_val(taken, one);
}

static void put_back(GArray *taken)
{
	const protobuf_c_boolean present = true;

	for (guint i = 0; i < taken->len; i++) {
		const struct taken *one = &g_array_index(taken, struct taken, i);

		if (one->is_text)
			memcpy(one->place, &one->pointer, sizeof(one->pointer));
		else
			memcpy(one->place, &present, sizeof(present));
	}
	g_array_set_size(taken, 0);
}

static void take_out_all(const struct sql_read *read, const struct facts_data *data, GArray *taken)
{
	int64_t parents = facts_table_parents(read->table, data);
	struct facts_row row;

	for (int64_t parent = 0; parent < parents; parent++)
		for (int64_t ord = 0; ord < facts_table_rows(read->table, data, parent); ord++) {
			facts_table_row(read->table, data, parent, ord, &row);
			take_out(read->column, &row, taken);
		}
}

/* What one check reads is learnt from a session of its own. */
struct nulling {
	struct evaluator *evaluator;
	struct sql_session *session;
	const struct evaluate_input *input;
	const Derived__Derived *derived;
	struct facts_data data;
	GPtrArray *faults;
};

static bool is_check(const struct check *check, void *data)
{
	return check == data;
}

static const struct result *find_form(const struct evaluation *evaluation,
				      const struct check_variant *variant)
{
	for (guint i = 0; i < evaluation->n_results; i++)
		if (evaluation->results[i].variant == variant)
			return &evaluation->results[i];
	return NULL;
}

static bool passes(const struct result *result, bool any_item)
{
	return any_item ? result->counts[VERDICT_PASS] > 0 : result->verdict == VERDICT_PASS;
}

/* Derived tables carry texts beside their verdicts, for an items query to pass on. */
static bool is_text_beside(const struct sql_read *read)
{
	static const char *const names[] = {"observed", "expected", "reason", "note",
					    "source",   "item",     "detail", NULL};

	return read->table->root == FACTS_ROOT_DERIVED &&
	       g_strv_contains(names, read->column->name);
}

static bool is_listed(const struct check *check, const struct sql_read *read)
{
	g_autofree char *name = g_strdup_printf("%s.%s", read->table->name, read->column->name);

	return g_strv_contains(check->decides_without, name);
}

/* gives: whether the form passes without the column; false when the column is NULL anyway. */
static bool passes_without(struct nulling *nulling, const struct check *check,
			   const struct check_variant *variant, const struct sql_read *read)
{
	g_autoptr(GArray) taken = g_array_new(FALSE, FALSE, sizeof(struct taken));
	PLIMSOLL_AUTO(evaluation) *evaluation = NULL;
	bool own = strcmp(read->table->name, subject_find(check->subject)->table) == 0;

	take_out_all(read, &nulling->data, taken);
	if (taken->len == 0)
		return false;
	evaluation = evaluator_run_derived(nulling->evaluator, nulling->input, nulling->derived,
					   is_check, (void *)(uintptr_t)check, NULL);
	put_back(taken);
	return passes(find_form(evaluation, variant), own);
}

/* Without the columns that only texts read. */
static struct check decision_of(const struct check *check)
{
	struct check bare = *check;
	const struct sourced none = {0};

	bare.observed = bare.expected = bare.reason = bare.note = bare.source = none;
	return bare;
}

static bool null_form(struct nulling *nulling, const struct check *check,
		      const struct check_variant *variant, GError **error)
{
	const struct check bare = decision_of(check);
	struct check_variant bare_variant = {0};
	struct query *query = NULL;
	GArray *columns = NULL;

	if (variant != NULL) {
		bare_variant = *variant;
		bare_variant.observed = bare_variant.expected = (struct sourced){0};
	}
	query = query_new(nulling->session, &bare, variant != NULL ? &bare_variant : NULL, error);
	if (query == NULL)
		return false;
	columns = query->reads.columns;
	g_array_append_vals(columns, query->applies_reads.columns->data,
			    query->applies_reads.columns->len);
	for (guint i = 0; i < columns->len; i++) {
		const struct sql_read *read = &g_array_index(columns, struct sql_read, i);
		g_autofree char *text = NULL;

		if (read->column == NULL || read->column->field == NULL || is_text_beside(read) ||
		    is_listed(check, read) || !passes_without(nulling, check, variant, read))
			continue;
		text = g_strdup_printf("passes while %s.%s is NULL", read->table->name,
				       read->column->name);
		add_fault(nulling->faults, check, NULL, variant != NULL ? variant->name : NULL,
			  text);
	}
	query_free(query);
	return true;
}

static bool null_check(struct nulling *nulling, const struct check *check, GError **error)
{
	if (check->mode == MODE_MANUAL)
		return true;
	if ((check->fail.text != NULL || check->items.text != NULL) &&
	    !null_form(nulling, check, NULL, error))
		return false;
	for (guint i = 0; i < check->n_variants; i++)
		if (!null_form(nulling, check, &check->variants[i], error))
			return false;
	return true;
}

bool lint_nulls(const struct catalogue *catalogue, const struct evaluate_input *input,
		GPtrArray *faults, GError **error)
{
	PLIMSOLL_AUTO(evaluator) *evaluator = evaluator_new(catalogue, error);
	PLIMSOLL_AUTO(sql_session) *session = sql_session_new(error);
	PLIMSOLL_AUTO(arena) *arena = arena_new(SIZE_MAX);
	struct nulling nulling = {evaluator, session, input, NULL, {{NULL}}, faults};
	guint n = 0;
	const struct check *checks = catalogue_checks(catalogue, &n);

	if (evaluator == NULL || session == NULL)
		return false;
	nulling.derived = derive(input, arena);
	nulling.data.roots[FACTS_ROOT_FACTS] = &input->facts->base;
	nulling.data.roots[FACTS_ROOT_OBSERVED] =
		input->observed != NULL ? &input->observed->base : NULL;
	nulling.data.roots[FACTS_ROOT_DERIVED] = &nulling.derived->base;
	for (guint i = 0; i < n; i++)
		if (!null_check(&nulling, &checks[i], error))
			return false;
	return true;
}

/* ---- order ---- */

/* Order means something in these: the kernel's order of rules and mounts, argv, drop-ins; the first
 * failed source, in byte order, names the reason. */
static const char *const ordered[] = {"fetch", "audit_rule",    "mount",         "dockerd",
				      "unit",  "config_option", "image_history", NULL};

static void reverse_list(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	size_t n = 0;
	void **list = NULL;

	if (field->type != PROTOBUF_C_TYPE_MESSAGE && field->type != PROTOBUF_C_TYPE_STRING)
		return;
	memcpy(&n, member(message, field->quantifier_offset), sizeof(n));
	memcpy(&list, member(message, field->offset), sizeof(list));
	for (size_t i = 0; i < n / 2; i++) {
		void *swapped = list[i];

		list[i] = list[n - 1 - i];
		list[n - 1 - i] = swapped;
	}
}

static void reverse_table(const struct facts_table *table, const struct facts_data *data)
{
	int64_t parents = facts_table_parents(table, data);
	struct facts_row row;

	if (table->child == NULL) {
		if (table->field->label == PROTOBUF_C_LABEL_REPEATED)
			reverse_list(data->roots[table->root], table->field);
		return;
	}
	for (int64_t parent = 0; parent < parents; parent++) {
		facts_table_row(table->parent, data, 0, parent, &row);
		if (row.message != NULL)
			reverse_list(row.message, table->child);
	}
}

static void reverse_all(const struct facts_data *data)
{
	guint n = 0;
	const struct facts_table *tables = facts_table_all(&n);

	for (guint i = 0; i < n; i++)
		if (tables[i].root == FACTS_ROOT_FACTS &&
		    !g_strv_contains(ordered, tables[i].field->name))
			reverse_table(&tables[i], data);
}

/* Everything that a person would see of a result. */
static char *print_result(const struct result *result)
{
	GString *text = g_string_new(NULL);

	g_string_append_printf(text, "%s %s", verdict_text(result->verdict), result->reason_text);
	for (guint i = 0; i < result->n_items; i++) {
		const struct item *item = &result->items[i];
		const char *const parts[] = {
			item->label,         item->subject_id, item->subject_key,
			item->discriminator, item->observed,   item->expected,
			item->reason_text,   item->note,       item->source,
		};

		g_string_append_printf(text, "; %s", verdict_text(item->verdict));
		for (size_t k = 0; k < G_N_ELEMENTS(parts); k++)
			g_string_append_printf(text, " | %s", parts[k] != NULL ? parts[k] : "-");
	}
	return g_string_free(text, FALSE);
}

static void compare_results(const struct result *before, const struct result *after,
			    GPtrArray *faults)
{
	g_autofree char *first = print_result(before);
	g_autofree char *second = print_result(after);
	g_autofree char *text = NULL;

	if (strcmp(first, second) == 0)
		return;
	text = g_strdup_printf("depends on the order of rows:\n  %s\n  %s", first, second);
	add_fault(faults, before->check, NULL,
		  before->variant != NULL ? before->variant->name : NULL, text);
}

bool lint_order(const struct catalogue *catalogue, const struct evaluate_input *input,
		GPtrArray *faults, GError **error)
{
	PLIMSOLL_AUTO(evaluator) *evaluator = evaluator_new(catalogue, error);
	PLIMSOLL_AUTO(evaluation) *before = NULL;
	PLIMSOLL_AUTO(evaluation) *after = NULL;
	const struct facts_data data = {{&input->facts->base, NULL, NULL}};

	if (evaluator == NULL)
		return false;
	before = evaluator_run(evaluator, input, NULL, NULL, error);
	reverse_all(&data);
	after = evaluator_run(evaluator, input, NULL, NULL, error);
	for (guint i = 0; i < before->n_results; i++)
		compare_results(&before->results[i], &after->results[i], faults);
	return true;
}
