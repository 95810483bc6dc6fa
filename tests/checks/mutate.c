/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mutate_checks [-v] [CHECK...]: breaks each check in every way that sql_mutants.c and the list
 * below know, one at a time, and runs its fixtures: some case must notice.
 *
 * Fails when a check may be turned round, emptied or freed of its gate unnoticed, or when fewer
 * than WANTED_PERCENT of all mutants are noticed. Some cannot be: they mean the same.
 */
#include <stdio.h>
#include <string.h>

#include "checks/derive/derive.h"
#include "tests/checks/sql_mutants.h"
#include "tests/unit/checks/fixture_case.h"

enum { WANTED_PERCENT = 95 };

/* A case with its facts, read once. */
struct prepared {
	const struct fixture_case *one;
	struct fixture *fixture;
	const Derived__Derived *derived;
};

struct tally {
	guint mutants, noticed, whole_survivors;
};

static bool verbose;

static GArray *prepare_cases(GPtrArray *cases, const char *check, const char *variant)
{
	GArray *prepared = g_array_new(FALSE, FALSE, sizeof(struct prepared));

	for (guint i = 0; i < cases->len; i++) {
		const struct fixture_case *one = g_ptr_array_index(cases, i);
		g_autoptr(GError) error = NULL;
		struct prepared row = {.one = one};

		if (strcmp(one->check, check) != 0 || g_strcmp0(one->variant, variant) != 0)
			continue;
		row.fixture = fixture_case_facts(one, &error);
		if (row.fixture == NULL)
			g_error("%s: %s: %s", one->file, one->name, error->message);
		row.derived = derive(&row.fixture->input, row.fixture->arena);
		g_array_append_val(prepared, row);
	}
	return prepared;
}

static void free_cases(GArray *prepared)
{
	for (guint i = 0; i < prepared->len; i++)
		fixture_free(g_array_index(prepared, struct prepared, i).fixture);
	g_array_free(prepared, TRUE);
}

/* Whether a case notices: its want no longer holds. */
static bool case_notices(struct evaluator *evaluator, const struct prepared *row)
{
	g_autoptr(GString) report = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(evaluation) *evaluation = evaluator_run_derived(
		evaluator, &row->fixture->input, row->derived, NULL, NULL, &error);

	return evaluation == NULL ||
	       !fixture_case_holds(row->one, &evaluation->results[0], row->fixture->arena, report);
}

/* -1: does not prepare, so it is no mutant. */
static int notices(struct sql_session *session, const struct check *check,
		   const struct check_variant *variant, const GArray *prepared)
{
	g_autoptr(GError) error = NULL;
	struct query *query = query_new(session, check, variant, &error);
	g_autoptr(GArray) items = g_array_new(FALSE, FALSE, sizeof(struct item));
	g_autoptr(GArray) scope = g_array_new(FALSE, TRUE, sizeof(guint8));
	g_autoptr(GArray) seen = g_array_new(FALSE, TRUE, sizeof(guint8));
	struct evaluator evaluator = {
		.session = session, .items = items, .scope = scope, .seen = seen};
	int found = 0;

	if (query == NULL)
		return -1;
	evaluator.queries = g_ptr_array_new();
	g_ptr_array_add(evaluator.queries, query);
	for (guint i = 0; found == 0 && i < prepared->len; i++)
		found = case_notices(&evaluator, &g_array_index(prepared, struct prepared, i));
	g_ptr_array_free(evaluator.queries, TRUE);
	query_free(query);
	return found;
}

/* One form of a check under test. */
struct form {
	struct sql_session *session;
	const struct check *check;
	const struct check_variant *variant;
	const GArray *prepared;
	struct tally *tally;
};

static void try(const struct form *form, const struct check *check,
		const struct check_variant *variant, const char *key, const char *what, bool whole)
{
	int found = notices(form->session, check, variant, form->prepared);

	if (found < 0)
		return;
	form->tally->mutants++;
	form->tally->noticed += found == 1;
	form->tally->whole_survivors += whole && found == 0;
	if (found == 0 && (verbose || whole))
		printf("%s %s%s%s: %s: %s\n", whole ? "UNNOTICED" : "unnoticed", check->name,
		       variant != NULL ? "/" : "", variant != NULL ? variant->name : "", key, what);
}

/* The keys of a check, and whether losing the whole key must be noticed. */
static const struct {
	const char *name;
	size_t offset;
	bool must;
} keys[] = {
	{"applies", offsetof(struct check, applies), true},
	{"where", offsetof(struct check, where), true},
	{"fail", offsetof(struct check, fail), true},
	{"items", offsetof(struct check, items), true},
	{"observed", offsetof(struct check, observed), true},
	{"expected", offsetof(struct check, expected), true},
	{"reason", offsetof(struct check, reason), false},
	{"note", offsetof(struct check, note), true},
	{"source", offsetof(struct check, source), false},
};

static struct sourced *key_of(struct check *check, size_t k)
{
	return (struct sourced *)(void *)((unsigned char *)check + keys[k].offset);
}

static void try_key(const struct form *form, size_t k)
{
	struct check changed = *form->check;
	struct sourced *key = key_of(&changed, k);
	const char *text = key->text;
	g_autoptr(GPtrArray) mutants = NULL;

	if (text == NULL)
		return;
	mutants = sql_mutants(text);
	for (guint i = 0; i < mutants->len; i++) {
		const struct mutant *mutant = g_ptr_array_index(mutants, i);

		key->text = mutant->sql;
		try(form, &changed, form->variant, keys[k].name, mutant->what, false);
	}
	key->text = NULL;
	if (strcmp(keys[k].name, "fail") != 0 && strcmp(keys[k].name, "items") != 0)
		try(form, &changed, form->variant, keys[k].name, "all of it", keys[k].must);
}

/* One key of a form with a mutant in it: the variant's own, else the check's. */
struct change {
	struct check check;
	struct check_variant variant;
	struct sourced *key;
};

static void change_init(struct change *change, const struct form *form, size_t offset_in_check,
			size_t offset_in_variant)
{
	struct sourced *own =
		(struct sourced *)(void *)((unsigned char *)&change->variant + offset_in_variant);

	change->check = *form->check;
	if (form->variant != NULL)
		change->variant = *form->variant;
	change->key = form->variant != NULL && own->text != NULL
			      ? own
			      : (struct sourced *)(void *)((unsigned char *)&change->check +
							   offset_in_check);
}

static void try_change(const struct form *form, const struct change *change, const char *key,
		       const char *what, bool whole)
{
	try(form, &change->check, form->variant != NULL ? &change->variant : NULL, key, what,
	    whole);
}

static void try_fail(const struct form *form)
{
	struct change change = {0};
	g_autofree char *negated = NULL;
	const char *const constants[] = {"0", "1", "NULL"};

	change_init(&change, form, offsetof(struct check, fail),
		    offsetof(struct check_variant, fail));
	if (change.key->text == NULL)
		return;
	negated = g_strdup_printf("NOT (%s\n)", change.key->text);
	for (size_t i = 0; i < G_N_ELEMENTS(constants); i++) {
		change.key->text = constants[i];
		try_change(form, &change, "fail", constants[i], true);
	}
	change.key->text = negated;
	try_change(form, &change, "fail", "negated", true);
}

/* What a variant says for itself, besides a query, whose verdicts try_verdicts() swaps. */
static void try_own_key(const struct form *form, const char *name, size_t offset_in_check,
			size_t offset_in_variant)
{
	struct change change = {0};
	g_autoptr(GPtrArray) mutants = NULL;

	change_init(&change, form, offset_in_check, offset_in_variant);
	if (form->variant == NULL || change.key->text == NULL ||
	    (unsigned char *)change.key < (unsigned char *)&change.variant)
		return;
	mutants = sql_mutants(change.key->text);
	for (guint i = 0; i < mutants->len; i++) {
		const struct mutant *mutant = g_ptr_array_index(mutants, i);

		change.key->text = mutant->sql;
		try_change(form, &change, name, mutant->what, false);
	}
}

/* Each verdict that an items query can give, as another one, everywhere. */
static void try_verdicts(const struct form *form)
{
	static const struct {
		const char *verdict, *other;
	} swaps[] = {{"fail", "pass"},
		     {"pass", "fail"},
		     {"manual", "pass"},
		     {"pass", "manual"},
		     {"unknown", "pass"}};
	struct check changed = *form->check;
	struct check_variant variant = {0};
	struct sourced *key = &changed.items;
	const char *items = NULL;

	if (form->variant != NULL) {
		variant = *form->variant;
		key = &variant.items;
	}
	items = key->text;
	for (size_t i = 0; items != NULL && i < G_N_ELEMENTS(swaps); i++) {
		g_autoptr(GString) text = g_string_new(items);
		g_autofree char *from = g_strdup_printf("'%s'", swaps[i].verdict);
		g_autofree char *to = g_strdup_printf("'%s'", swaps[i].other);

		if (g_string_replace(text, from, to, 0) == 0)
			continue;
		key->text = text->str;
		try(form, &changed, form->variant != NULL ? &variant : NULL, "items", to, true);
	}
}

static void try_rest(const struct form *form)
{
	struct check changed = *form->check;

	if (changed.gate != NULL) {
		changed.gate = NULL;
		try(form, &changed, form->variant, "gate", "all of it", true);
		changed.gate = form->check->gate;
	}
	if (changed.empty != NULL) {
		changed.empty = NULL;
		try(form, &changed, form->variant, "empty", "all of it", true);
	}
}

static void try_form(struct sql_session *session, GPtrArray *cases, const struct check *check,
		     const struct check_variant *variant, struct tally *total)
{
	struct tally tally = {0};
	g_autofree char *name = g_strdup_printf("%s%s%s", check->name, variant != NULL ? "/" : "",
						variant != NULL ? variant->name : "");
	GArray *prepared =
		prepare_cases(cases, check->name, variant != NULL ? variant->name : NULL);
	const struct form form = {session, check, variant, prepared, &tally};

	if (notices(session, check, variant, prepared) != 0)
		g_error("%s: its fixtures do not hold even before it is broken", name);
	try_fail(&form);
	try_verdicts(&form);
	try_rest(&form);
	try_own_key(&form, "fail", offsetof(struct check, fail),
		    offsetof(struct check_variant, fail));
	try_own_key(&form, "observed", offsetof(struct check, observed),
		    offsetof(struct check_variant, observed));
	for (size_t k = 0; variant == NULL && k < G_N_ELEMENTS(keys); k++)
		try_key(&form, k);
	printf("%4u of %4u noticed by %3u cases  %s\n", tally.noticed, tally.mutants, prepared->len,
	       name);
	total->mutants += tally.mutants;
	total->noticed += tally.noticed;
	total->whole_survivors += tally.whole_survivors;
	free_cases(prepared);
}

static bool is_asked_for(char **names, const struct check *check)
{
	return *names == NULL || g_strv_contains((const char *const *)names, check->name);
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(catalogue) *catalogue = catalogue_new(NULL, &error);
	PLIMSOLL_AUTO(sql_session) *session = sql_session_new(&error);
	GPtrArray *cases = fixture_cases_load();
	struct tally total = {0};
	guint n = 0;
	const struct check *checks = NULL;
	double percent = 0;

	if (catalogue == NULL || session == NULL)
		g_error("%s", error->message);
	verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
	argv += verbose ? 2 : 1;
	checks = catalogue_checks(catalogue, &n);
	for (guint i = 0; i < n; i++) {
		if (!is_asked_for(argv, &checks[i]))
			continue;
		try_form(session, cases, &checks[i], NULL, &total);
		for (guint k = 0; k < checks[i].n_variants; k++)
			try_form(session, cases, &checks[i], &checks[i].variants[k], &total);
	}
	percent = total.mutants > 0 ? 100.0 * total.noticed / total.mutants : 0;
	printf("%u mutants, %u noticed (%.1f %%); whole checks broken unnoticed: %u\n",
	       total.mutants, total.noticed, percent, total.whole_survivors);
	return total.whole_survivors == 0 && percent >= WANTED_PERCENT ? 0 : 1;
}
