/* SPDX-License-Identifier: Apache-2.0 */
/* Which facts alone would turn a verdict: each is put the other way, and the check judged again. */
#include "checks/evidence_turn.h"

#include <string.h>

#include "checks/derive/derive.h"
#include "checks/evaluate_internal.h"

enum { MAX_TRIALS = 500 };

struct trying {
	struct evaluator *evaluator;
	const struct evaluate_input *input;
	const struct check *check;
	enum verdict verdict; /* as things are */
	struct arena *arena;
	GArray *turns; /* struct evidence_turn */
	guint trials;
};

static bool is_wanted(const struct check *check, void *data)
{
	return check == data;
}

/* derived == NULL: made from the facts. */
static enum verdict judge(const struct trying *trying, const Derived__Derived *derived)
{
	void *check = (void *)(uintptr_t)trying->check;
	PLIMSOLL_AUTO(evaluation) *evaluation =
		derived == NULL
			? evaluator_run(trying->evaluator, trying->input, is_wanted, check, NULL)
			: evaluator_run_derived(trying->evaluator, trying->input, derived,
						is_wanted, check, NULL);

	return evaluation == NULL || evaluation->n_results == 0 ? trying->verdict
								: evaluation->results[0].verdict;
}

static void keep(const struct trying *trying, const char *what, bool was, enum verdict verdict)
{
	const struct evidence_turn turn = {
		.what = what,
		.from = was ? "true" : "false",
		.to = was ? "false" : "true",
		.verdict = verdict,
	};

	if (verdict != trying->verdict)
		g_array_append_val(trying->turns, turn);
}

/* One row is enough to show what a column does. */
static bool is_known(const struct trying *trying, const struct evidence_switch *one)
{
	g_autofree char *end = g_strdup_printf(": %s", one->column->name);
	g_autofree char *start = g_strdup_printf("%s", one->table->name);

	for (guint i = 0; i < trying->turns->len; i++) {
		const char *what = g_array_index(trying->turns, struct evidence_turn, i).what;

		if (g_str_has_suffix(what, end) && g_str_has_prefix(what, start))
			return true;
	}
	return false;
}

static void try_switch(struct trying *trying, const struct evidence_switch *one)
{
	protobuf_c_boolean *value = facts_column_boolean(one->column, &one->row);
	enum verdict verdict;
	bool was;

	if (value == NULL || is_known(trying, one) || trying->trials++ >= MAX_TRIALS)
		return;
	was = *value != 0;
	*value = !was;
	verdict = judge(trying, NULL);
	*value = was;
	keep(trying,
	     arena_printf(trying->arena, "%s%s%s: %s", one->table->name,
			  one->label == NULL ? "" : " ", one->label == NULL ? "" : one->label,
			  one->column->name),
	     was, verdict);
}

static void try_setting(struct trying *trying, Derived__Derived *derived, const char *name)
{
	for (size_t i = 0; i < derived->n_setting; i++) {
		Derived__Setting *setting = derived->setting[i];
		char yes[] = "true";
		char no[] = "false";
		char *was = setting->value;
		bool is_true = g_strcmp0(was, yes) == 0;

		if (strcmp(setting->name, name) != 0 || (!is_true && g_strcmp0(was, no) != 0))
			continue;
		setting->value = is_true ? no : yes;
		keep(trying, arena_printf(trying->arena, "setting %s", name), is_true,
		     judge(trying, derived));
		setting->value = was;
	}
}

struct evidence_turn *evidence_try(struct evaluator *evaluator, const struct evaluate_input *input,
				   const struct check *check, enum verdict verdict,
				   const GArray *switches, const struct evidence_setting *settings,
				   guint n_settings, struct arena *arena, guint *ret_n)
{
	g_autoptr(GArray) turns = g_array_new(FALSE, FALSE, sizeof(struct evidence_turn));
	struct trying trying = {evaluator, input, check, verdict, arena, turns, 0};
	PLIMSOLL_AUTO(arena) *own = arena_new(SIZE_MAX);
	Derived__Derived *derived = derive(input, own);
	struct evidence_turn *copy = NULL;

	for (guint i = 0; i < n_settings; i++)
		try_setting(&trying, derived, settings[i].name);
	for (guint i = 0; i < switches->len; i++)
		try_switch(&trying, &g_array_index(switches, struct evidence_switch, i));
	copy = arena_calloc(arena, MAX(turns->len, 1U), sizeof(*copy));
	if (turns->len > 0)
		memcpy(copy, turns->data, turns->len * sizeof(*copy));
	*ret_n = turns->len;
	return copy;
}
