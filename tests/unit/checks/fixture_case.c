/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the fixtures of checks, and compares a result with what a case wants. */
#include "tests/unit/checks/fixture_case.h"

#include <string.h>

#include "checks/reason.h"

#define FOLDER "tests/checks"

static const char *const file_keys[] = {"base", "check", "variant", "cases", NULL};
static const char *const case_keys[] = {"name",     "base",     "variant",    "facts",
					"set",      "observed", "parameters", "as_of",
					"taken_at", "schema",   "want",       NULL};
static const char *const want_keys[] = {"verdict", "reason", "count", "items", NULL};
static const char *const item_keys[] = {
	"item", "verdict", "discriminator", "observed", "expected", "reason",
	"note", "source",  "subject",       "key",      NULL};

/* ---- loading ---- */

static void check_key(const char *key, const struct json *value, void *data)
{
	const char *const *known = data;

	(void)value;
	if (!g_strv_contains(known, key))
		g_error("unknown key '%s' in a fixture", key);
}

static void check_keys(const struct json *object, const char *const known[])
{
	json_each(object, check_key, (void *)(uintptr_t)known);
}

static char *read_text(const char *path)
{
	g_autoptr(GError) error = NULL;
	char *text = NULL;

	if (!g_file_get_contents(path, &text, NULL, &error))
		g_error("%s", error->message);
	return text;
}

static struct json *read_yaml(const char *path)
{
	g_autofree char *text = read_text(path);
	g_autoptr(GError) error = NULL;
	struct json *root = fixture_yaml(path, text, &error);

	if (root == NULL)
		g_error("%s", error->message);
	return root;
}

/* A case's own value of a key, else its file's. */
static const char *text_of(const struct json *content, const struct json *root, const char *key)
{
	const char *own = json_as_string(json_get(content, key), NULL);

	return own != NULL ? own : json_as_string(json_get(root, key), NULL);
}

/* { facts, observed, ... } of the base; without a base: empty facts. */
static struct json *read_base(const struct fixture_case *one)
{
	const char *name = text_of(one->content, one->root, "base");
	g_autofree char *path = g_strdup_printf(FOLDER "/bases/%s.json", name);
	struct json *root = name != NULL ? read_yaml(path) : json_object_new();
	struct json *wrapped = NULL;

	if (json_get(root, "facts") != NULL)
		return root;
	wrapped = json_object_new();
	json_set(wrapped, "facts", root);
	return wrapped;
}

/* Paths begin in the facts, unless they name another part. */
static void apply_set(const char *path, const struct json *value, void *data)
{
	struct json **root = data;
	bool whole = g_str_has_prefix(path, "facts.") || g_str_has_prefix(path, "observed.") ||
		     g_str_has_prefix(path, "parameters.");
	g_autofree char *full = whole ? g_strdup(path) : g_strconcat("facts.", path, NULL);
	struct json *changed = fixture_set(*root, full, value);

	json_free(*root);
	*root = changed;
}

static struct json *merge_facts(const struct fixture_case *one)
{
	PLIMSOLL_AUTO(json) *base = read_base(one);
	struct json *root = fixture_merge(base, one->content); /* keys of the case do no harm */

	json_each(json_get(one->content, "set"), apply_set, &root);
	return root;
}

/* ---- comparing ---- */

static bool is_text(const char *actual, const struct json *wanted)
{
	return wanted == NULL || g_strcmp0(actual, json_as_string(wanted, NULL)) == 0;
}

/* A code, "CODE|argument", or the text that people see. */
static bool is_reason(const char *code, const char *text, const struct json *wanted,
		      struct arena *arena)
{
	const char *want = json_as_string(wanted, NULL);

	if (wanted == NULL || g_strcmp0(code, want) == 0 || g_strcmp0(text, want) == 0)
		return true;
	return want != NULL && reason_is_valid(want) &&
	       g_strcmp0(reason_code(arena, want), code) == 0 &&
	       g_strcmp0(reason_text(arena, want), text) == 0;
}

static bool is_item(const struct item *item, const struct json *wanted, struct arena *arena)
{
	return is_text(verdict_text(item->verdict), json_get(wanted, "verdict")) &&
	       is_text(item->label, json_get(wanted, "item")) &&
	       is_text(item->discriminator, json_get(wanted, "discriminator")) &&
	       is_text(item->observed, json_get(wanted, "observed")) &&
	       is_text(item->expected, json_get(wanted, "expected")) &&
	       is_text(item->note, json_get(wanted, "note")) &&
	       is_text(item->source, json_get(wanted, "source")) &&
	       is_text(item->subject, json_get(wanted, "subject")) &&
	       is_text(item->subject_key, json_get(wanted, "key")) &&
	       is_reason(item->reason, item->reason_text, json_get(wanted, "reason"), arena);
}

static void complain(GString *report, const char *what, const struct json *wanted)
{
	g_autofree char *text = wanted != NULL ? json_text(wanted, false) : g_strdup("");

	g_string_append_printf(report, "%s %s\n", what, text);
}

/* Each wanted item is there; every other item passes. */
static void compare_items(const struct result *result, const struct json *wanted,
			  struct arena *arena, GString *report)
{
	g_autofree bool *used = g_new0(bool, result->n_items + 1);

	for (size_t i = 0; i < json_length(wanted); i++) {
		guint k = 0;

		check_keys(json_at(wanted, i), item_keys);
		while (k < result->n_items &&
		       (used[k] || !is_item(&result->items[k], json_at(wanted, i), arena)))
			k++;
		if (k == result->n_items)
			complain(report, "no such item:", json_at(wanted, i));
		used[k] = true;
	}
	for (guint k = 0; k < result->n_items; k++)
		if (!used[k] && result->items[k].verdict != VERDICT_PASS)
			complain(report, "an item that was not expected:", NULL);
}

bool fixture_case_holds(const struct fixture_case *one, const struct result *result,
			struct arena *arena, GString *report)
{
	const struct json *wanted = json_get(one->content, "want");
	gsize before = report->len;
	int64_t count = 0;

	check_keys(wanted, want_keys);
	if (json_get(wanted, "verdict") == NULL)
		g_error("%s: %s: no want.verdict", one->file, one->name);
	if (!is_text(verdict_text(result->verdict), json_get(wanted, "verdict")))
		complain(report, "wrong verdict, wanted:", json_get(wanted, "verdict"));
	if (!is_reason(result->reason, result->reason_text, json_get(wanted, "reason"), arena))
		complain(report, "wrong reason, wanted:", json_get(wanted, "reason"));
	if (json_as_integer(json_get(wanted, "count"), &count) && count != result->n_items)
		complain(report, "wrong number of items, wanted:", json_get(wanted, "count"));
	if (json_get(wanted, "items") != NULL)
		compare_items(result, json_get(wanted, "items"), arena, report);
	return report->len == before;
}

/* ---- cases ---- */

struct fixture *fixture_case_facts(const struct fixture_case *one, GError **error)
{
	PLIMSOLL_AUTO(json) *facts = merge_facts(one);

	check_keys(one->content, case_keys);
	return fixture_new(facts, error);
}

static void add_cases(GPtrArray *cases, const char *name)
{
	g_autofree char *path = g_build_filename(FOLDER, name, NULL);
	struct json *root = read_yaml(path);
	const char *check = json_as_string(json_get(root, "check"), NULL);
	const struct json *list = json_get(root, "cases");

	check_keys(root, file_keys);
	for (size_t i = 0; i < json_length(list); i++) {
		struct fixture_case *one = g_new0(struct fixture_case, 1);

		one->root = root;
		one->content = json_at(list, i);
		one->file = g_strdup(name);
		one->name = g_strdup(json_as_string(json_get(one->content, "name"), NULL));
		one->check = check != NULL ? g_strdup(check)
					   : g_strndup(name, strlen(name) - strlen(".yaml"));
		one->variant = text_of(one->content, root, "variant");
		if (one->name == NULL)
			g_error("%s: case %zu has no name", path, i + 1);
		g_ptr_array_add(cases, one);
	}
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *fixture_cases_load(void)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GDir) dir = g_dir_open(FOLDER, 0, NULL);
	GPtrArray *cases = g_ptr_array_new();
	const char *name = NULL;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL)
		if (g_str_has_suffix(name, ".yaml"))
			g_ptr_array_add(names, g_strdup(name));
	g_ptr_array_sort(names, compare_names);
	for (guint i = 0; i < names->len; i++)
		add_cases(cases, g_ptr_array_index(names, i));
	return cases;
}
