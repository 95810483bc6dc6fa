/* SPDX-License-Identifier: Apache-2.0 */
/* See select.h. A word that matches nothing is an error: a typing slip must not pass an audit. */
#include "server/cli/select.h"

#include <string.h>

#include "server/cli/cli.h"

G_DEFINE_QUARK(plimsoll - select - error - quark, select_error)

/* What words are matched against. */
struct scope {
	const struct catalogue *catalogue;
	const struct benchmark *const *benchmarks;
	guint n_benchmarks;
};

static void add_filter(GArray *filters, const char *option, const char *const *words)
{
	const struct report_filter filter = {option, words};

	if (words != NULL && words[0] != NULL)
		g_array_append_val(filters, filter);
}

void select_add_filters(const struct select_rule *rule, GArray *filters)
{
	static const char *const severities[SEVERITY_COUNT][2] = {
		[SEVERITY_MEDIUM] = {"medium"},
		[SEVERITY_HIGH] = {"high"},
		[SEVERITY_CRITICAL] = {"critical"},
	};

	add_filter(filters, "only", rule->only);
	add_filter(filters, "skip", rule->skip);
	add_filter(filters, "severity", severities[rule->min_severity]);
}

/* "5" holds "5.10" but "5.1" does not: numbers are compared part by part. */
static bool is_id_or_above(const char *word, const char *id)
{
	size_t length = strlen(word);

	return strncmp(word, id, length) == 0 && (id[length] == '\0' || id[length] == '.');
}

static bool matches_entry(const char *word, const struct benchmark_entry *entry)
{
	if (strpbrk(word, "*?") != NULL)
		return g_pattern_match_simple(word, entry->check->name) ||
		       g_pattern_match_simple(word, entry->id);
	return strcmp(word, entry->check->name) == 0 || strcmp(word, entry->check->section) == 0 ||
	       is_id_or_above(word, entry->id);
}

/* Calls change(set, check) for every check that a word means; returns how many. */
static guint for_word(const struct scope *scope, const char *raw_word, GHashTable *set,
		      gboolean (*change)(GHashTable *set, gpointer check))
{
	g_autofree char *word = cli_plain_check(raw_word);
	guint n = 0;

	for (guint b = 0; b < scope->n_benchmarks; b++) {
		for (guint i = 0; i < scope->benchmarks[b]->n_entries; i++) {
			const struct benchmark_entry *entry = &scope->benchmarks[b]->entries[i];

			if (!matches_entry(word, entry))
				continue;
			change(set, (gpointer)(guintptr)entry->check);
			n++;
		}
	}
	return n;
}

static bool refuse_word(const struct scope *scope, const char *raw_word, GError **error)
{
	g_autofree char *word = cli_plain_check(raw_word);
	const char *near = catalogue_suggest(scope->catalogue, word);

	if (catalogue_find(scope->catalogue, word) != NULL)
		g_set_error(error, SELECT_ERROR, 0, "check '%s' is not part of %s", word,
			    scope->benchmarks[0]->name);
	else if (near != NULL)
		g_set_error(error, SELECT_ERROR, 0, "unknown check '%s'; did you mean '%s'?",
			    raw_word, near);
	else
		g_set_error(error, SELECT_ERROR, 0, "unknown check '%s'", raw_word);
	return false;
}

static bool for_words(const struct scope *scope, const char *const *words, GHashTable *set,
		      gboolean (*change)(GHashTable *set, gpointer check), GError **error)
{
	for (guint i = 0; words != NULL && words[i] != NULL; i++)
		if (for_word(scope, words[i], set, change) == 0)
			return refuse_word(scope, words[i], error);
	return true;
}

static gboolean is_below(gpointer key, gpointer value, gpointer data)
{
	const struct check *check = key;
	const enum severity *min_severity = data;

	(void)value;
	return check->severity < *min_severity;
}

static gboolean add_check(GHashTable *set, gpointer check)
{
	return g_hash_table_add(set, check);
}

static gboolean remove_check(GHashTable *set, gpointer check)
{
	return g_hash_table_remove(set, check);
}

GHashTable *select_checks(const struct catalogue *catalogue,
			  const struct benchmark *const *benchmarks, guint n_benchmarks,
			  const struct select_rule *rule, GError **error)
{
	static const char *const everything[] = {"*", NULL};
	const struct scope scope = {catalogue, benchmarks, n_benchmarks};
	g_autoptr(GHashTable) set = g_hash_table_new(NULL, NULL);
	const char *const *only =
		rule->only != NULL && rule->only[0] != NULL ? rule->only : everything;
	enum severity min_severity = rule->min_severity;

	if (!for_words(&scope, only, set, add_check, error) ||
	    !for_words(&scope, rule->skip, set, remove_check, error))
		return NULL;
	g_hash_table_foreach_remove(set, is_below, &min_severity);
	if (g_hash_table_size(set) == 0) {
		g_set_error(error, SELECT_ERROR, 0, "no check is left to ask");
		return NULL;
	}
	return g_steal_pointer(&set);
}
