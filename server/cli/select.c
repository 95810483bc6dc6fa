/* SPDX-License-Identifier: Apache-2.0 */
/* See select.h. A word that matches nothing is an error: a typing slip must not pass an audit. */
#include "server/cli/select.h"

#include <string.h>

#include "server/cli/cli.h"

G_DEFINE_QUARK(plimsoll - select - error - quark, select_error)

enum { WORD_CHARS = 3 }; /* what is no longer is a number, not a word that could be misspelt */

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

/* --- what a word fits --- */

/* "5" holds "5.10" but "5.1" does not: numbers are compared part by part. */
static bool is_id_or_above(const char *word, const char *id)
{
	size_t length = strlen(word);

	return strncmp(word, id, length) == 0 && (id[length] == '\0' || id[length] == '.');
}

static bool fits_section(const char *value, const struct benchmark_entry *entry)
{
	return strcmp(value, entry->check->section) == 0 ||
	       (strcmp(value, entry->id) != 0 && is_id_or_above(value, entry->id));
}

static bool fits_severity(const char *value, const struct benchmark_entry *entry)
{
	return strcmp(value, severity_text(entry->check->severity)) == 0;
}

/* A number, also behind letters that say what it counts: "1" and "IG1". 0 = no such number. */
static guint number_of(const char *value, const char *letters, guint most)
{
	size_t length = strlen(letters);
	const char *digit =
		g_ascii_strncasecmp(value, letters, length) == 0 ? value + length : value;

	if (*digit < '1' || *digit > '9' || digit[1] != '\0' || (guint)(*digit - '0') > most)
		return 0;
	return (guint)(*digit - '0');
}

static guint level_of(const char *value)
{
	return number_of(value, "L", 2);
}

static guint group_of(const char *value)
{
	return number_of(value, "IG", 3);
}

static bool fits_level(const char *value, const struct benchmark_entry *entry)
{
	guint level = level_of(value);

	return level != 0 && entry->level == level;
}

static bool fits_group(const char *value, const struct benchmark_entry *entry)
{
	guint group = group_of(value);

	return group != 0 && (entry->groups & (1U << (group - 1))) != 0;
}

static bool says_level(const struct benchmark_entry *entry)
{
	return entry->level != 0;
}

static bool says_groups(const struct benchmark_entry *entry)
{
	return entry->has_groups;
}

/* Words that say what they are about, "level:1". */
static const struct kind {
	const char *name;
	bool (*fits)(const char *value, const struct benchmark_entry *entry);
	const char *const *values;          /* NULL: the sections */
	guint (*number)(const char *value); /* 0 = no such value; NULL: they are no numbers */
	/* Whether the source says it of an entry at all; NULL = it always does. */
	bool (*is_said)(const struct benchmark_entry *entry);
} kinds[] = {
	{.name = "section", .fits = fits_section},
	{.name = "severity",
	 .fits = fits_severity,
	 .values = (const char *const[]){"low", "medium", "high", "critical", NULL}},
	{.name = "level",
	 .fits = fits_level,
	 .values = (const char *const[]){"1", "2", NULL},
	 .number = level_of,
	 .is_said = says_level},
	{.name = "group",
	 .fits = fits_group,
	 .values = (const char *const[]){"IG1", "IG2", "IG3", NULL},
	 .number = group_of,
	 .is_said = says_groups},
};

/* ret_value points into the word. NULL: a word without a colon, or with a kind that is not there.
 */
static const struct kind *kind_of(const char *word, const char **ret_value)
{
	const char *colon = strchr(word, ':');

	for (guint i = 0; colon != NULL && i < G_N_ELEMENTS(kinds); i++) {
		if (strlen(kinds[i].name) != (size_t)(colon - word) ||
		    !g_str_has_prefix(word, kinds[i].name))
			continue;
		*ret_value = colon + 1;
		return &kinds[i];
	}
	return NULL;
}

static bool matches_entry(const char *word, const struct benchmark_entry *entry)
{
	const char *value = NULL;
	const struct kind *kind = kind_of(word, &value);

	if (kind != NULL)
		return kind->fits(value, entry);
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

/* --- words that fit nothing --- */

static void add_once(GPtrArray *words, const char *word)
{
	if (!g_ptr_array_find_with_equal_func(words, word, g_str_equal, NULL))
		g_ptr_array_add(words, (gpointer)(guintptr)word);
}

/* The values that a kind can have here: elements are borrowed; free with g_ptr_array_unref(). */
static GPtrArray *values_of(const struct scope *scope, const struct kind *kind)
{
	GPtrArray *values = g_ptr_array_new();

	for (guint i = 0; kind->values != NULL && kind->values[i] != NULL; i++)
		g_ptr_array_add(values, (gpointer)(guintptr)kind->values[i]);
	for (guint b = 0; kind->values == NULL && b < scope->n_benchmarks; b++) {
		for (guint i = 0; i < scope->benchmarks[b]->n_entries; i++) {
			add_once(values, scope->benchmarks[b]->entries[i].section);
			add_once(values, scope->benchmarks[b]->entries[i].check->section);
		}
	}
	return values;
}

static char *listed(const GPtrArray *words)
{
	GString *list = g_string_new(NULL);

	for (guint i = 0; i < words->len; i++)
		g_string_append_printf(list, "%s%s", i > 0 ? ", " : "",
				       (const char *)words->pdata[i]);
	return g_string_free(list, FALSE);
}

static const char *nearest(const char *word, const GPtrArray *words)
{
	return cli_suggest(word, (const char *const *)(const void *)words->pdata, words->len);
}

static bool is_said(const struct scope *scope, const struct kind *kind)
{
	for (guint b = 0; kind->is_said != NULL && b < scope->n_benchmarks; b++)
		for (guint i = 0; i < scope->benchmarks[b]->n_entries; i++)
			if (kind->is_said(&scope->benchmarks[b]->entries[i]))
				return true;
	return kind->is_said == NULL;
}

static bool is_value(const struct kind *kind, const char *value, GPtrArray *values)
{
	return g_ptr_array_find_with_equal_func(values, value, g_str_equal, NULL) ||
	       (kind->number != NULL && kind->number(value) != 0);
}

static bool refuse_value(const struct scope *scope, const struct kind *kind, const char *value,
			 GError **error)
{
	g_autoptr(GPtrArray) values = values_of(scope, kind);
	g_autofree char *list = listed(values);
	/* "3" is near "1" only as letters go. */
	const char *near = strlen(value) > WORD_CHARS ? nearest(value, values) : NULL;

	if (is_value(kind, value, values) && !is_said(scope, kind))
		g_set_error(error, SELECT_ERROR, 0, "%s does not say the %s of its checks",
			    scope->benchmarks[0]->name, kind->name);
	else if (is_value(kind, value, values))
		g_set_error(error, SELECT_ERROR, 0, "no check of %s has %s '%s'",
			    scope->benchmarks[0]->name, kind->name, value);
	else if (near != NULL)
		g_set_error(error, SELECT_ERROR, 0, "unknown %s '%s'; did you mean '%s:%s'?",
			    kind->name, value, kind->name, near);
	else
		g_set_error(error, SELECT_ERROR, 0, "unknown %s '%s'; there are %s", kind->name,
			    value, list);
	return false;
}

static bool refuse_kind(const char *word, GError **error)
{
	g_autofree char *name = g_strndup(word, strcspn(word, ":"));
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	g_autofree char *list = NULL;
	const char *near = NULL;

	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
		g_ptr_array_add(names, (gpointer)(guintptr)kinds[i].name);
	list = listed(names);
	near = nearest(name, names);
	if (near != NULL)
		g_set_error(error, SELECT_ERROR, 0, "unknown '%s'; did you mean '%s%s'?", word,
			    near, strchr(word, ':'));
	else
		g_set_error(error, SELECT_ERROR, 0, "unknown '%s'; before a colon stands one of %s",
			    word, list);
	return false;
}

/* Names of checks and of sections. */
static const char *nearest_check(const struct scope *scope, const char *word)
{
	g_autoptr(GPtrArray) sections = values_of(scope, &kinds[0]);
	const char *near = catalogue_suggest(scope->catalogue, word);

	return near != NULL ? near : nearest(word, sections);
}

static bool refuse_word(const struct scope *scope, const char *raw_word, GError **error)
{
	g_autofree char *word = cli_plain_check(raw_word);
	const char *value = NULL;
	const struct kind *kind = kind_of(word, &value);
	const char *near = NULL;

	if (kind != NULL)
		return refuse_value(scope, kind, value, error);
	if (strchr(word, ':') != NULL)
		return refuse_kind(word, error);
	near = nearest_check(scope, word);
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
