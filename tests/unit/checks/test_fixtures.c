/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every check against its fixtures, tests/checks/<check>.yaml:
 *
 *   base: NAME                 # tests/checks/bases/NAME.json, complete facts
 *   check: SLUG                # optional: the file's name says it
 *   variant: NAME              # optional; a case may name its own
 *   cases:
 *     - name: what this case claims
 *       base, variant:         # optional, instead of the file's
 *       facts: {...}           # merged over the base: mappings merge, lists replace, null deletes
 *       set: {"container[0].privileged": true, ...}  # then single values, by path (fixture.h)
 *       observed, parameters: {...}; as_of, taken_at, schema: n
 *       want:
 *         verdict: fail
 *         reason: NA_ABSENT    # optional, of the check: a code, CODE|argument, or the text
 *         count: 3             # optional, of all items
 *         items:               # optional: all that do not pass, and any passing ones of interest
 *           - {item, verdict, discriminator, observed, expected, reason, note, source, subject,
 * key}
 */
#include <string.h>

#include "checks/reason.h"
#include "tests/unit/checks/fixture.h"

#define FOLDER "tests/checks"

static const char *const file_keys[] = {"base", "check", "variant", "cases", NULL};
static const char *const case_keys[] = {"name",     "base",     "variant",    "facts",
					"set",      "observed", "parameters", "as_of",
					"taken_at", "schema",   "want",       NULL};
static const char *const want_keys[] = {"verdict", "reason", "count", "items", NULL};
static const char *const item_keys[] = {
	"item", "verdict", "discriminator", "observed", "expected", "reason",
	"note", "source",  "subject",       "key",      NULL};

struct test {
	char *file;
	struct json *root; /* of the file; shared by its cases, never freed before the end */
	const struct json *content;
};

static struct catalogue *catalogue;
static struct evaluator *evaluator;

/* ---- loading ---- */

static void test_key(const char *key, const struct json *value, void *data)
{
	const char *const *known = data;

	(void)value;
	if (!g_strv_contains(known, key))
		g_error("unknown key '%s' in a fixture", key);
}

static void test_keys(const struct json *object, const char *const known[])
{
	json_each(object, test_key, (void *)(uintptr_t)known);
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

static const char *text_of(const struct test *test, const char *key)
{
	const char *own = json_as_string(json_get(test->content, key), NULL);

	return own != NULL ? own : json_as_string(json_get(test->root, key), NULL);
}

/* { facts, observed, ... } of the base; without a base: empty facts. */
static struct json *read_base(const struct test *test)
{
	const char *name = text_of(test, "base");
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

static struct json *facts_of(const struct test *test)
{
	PLIMSOLL_AUTO(json) *base = read_base(test);
	struct json *root = fixture_merge(base, test->content); /* keys of the case do no harm */

	json_each(json_get(test->content, "set"), apply_set, &root);
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

static void fail_item(const struct result *result, const char *what, const struct json *wanted)
{
	g_autofree char *actual = fixture_describe(result);
	g_autofree char *text = wanted != NULL ? json_text(wanted, false) : g_strdup("");

	g_test_message("%s %s\nactual: %s", what, text, actual);
	g_test_fail();
}

/* Each wanted item is there; every other item passes. */
static void compare_items(const struct result *result, const struct json *wanted,
			  struct arena *arena)
{
	g_autofree bool *used = g_new0(bool, result->n_items + 1);

	for (size_t i = 0; i < json_length(wanted); i++) {
		guint k = 0;

		test_keys(json_at(wanted, i), item_keys);
		while (k < result->n_items &&
		       (used[k] || !is_item(&result->items[k], json_at(wanted, i), arena)))
			k++;
		if (k == result->n_items)
			fail_item(result, "no such item:", json_at(wanted, i));
		used[k] = true;
	}
	for (guint k = 0; k < result->n_items; k++)
		if (!used[k] && result->items[k].verdict != VERDICT_PASS)
			fail_item(result, "an item that was not expected:", NULL);
}

static void compare(const struct result *result, const struct json *wanted, struct arena *arena)
{
	int64_t count = 0;

	test_keys(wanted, want_keys);
	if (json_get(wanted, "verdict") == NULL)
		g_error("a fixture without want.verdict");
	if (!is_text(verdict_text(result->verdict), json_get(wanted, "verdict")))
		fail_item(result, "wrong verdict, wanted:", json_get(wanted, "verdict"));
	if (!is_reason(result->reason, result->reason_text, json_get(wanted, "reason"), arena))
		fail_item(result, "wrong reason, wanted:", json_get(wanted, "reason"));
	if (json_as_integer(json_get(wanted, "count"), &count) && count != result->n_items)
		fail_item(result, "wrong number of items, wanted:", json_get(wanted, "count"));
	if (json_get(wanted, "items") != NULL)
		compare_items(result, json_get(wanted, "items"), arena);
}

/* ---- cases ---- */

static bool is_wanted(const struct check *check, void *data)
{
	return strcmp(check->name, data) == 0;
}

static char *check_of(const struct test *test)
{
	const char *named = json_as_string(json_get(test->root, "check"), NULL);
	g_autofree char *base = g_path_get_basename(test->file);

	return named != NULL ? g_strdup(named) : g_strndup(base, strlen(base) - strlen(".yaml"));
}

static void run_case(gconstpointer data)
{
	const struct test *test = data;
	g_autofree char *check = check_of(test);
	PLIMSOLL_AUTO(json) *facts = facts_of(test);
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(fixture) *fixture = NULL;
	PLIMSOLL_AUTO(evaluation) *evaluation = NULL;
	const struct result *result = NULL;

	test_keys(test->content, case_keys);
	fixture = fixture_new(facts, &error);
	if (fixture == NULL) {
		g_test_message("%s: %s", test->file, error->message);
		g_test_fail();
		return;
	}
	evaluation = evaluator_run(evaluator, &fixture->input, is_wanted, check, &error);
	g_assert_no_error(error);
	result = fixture_find(evaluation, check, text_of(test, "variant"));
	if (result == NULL) {
		g_test_message("%s: no such check or variant", test->file);
		g_test_fail();
		return;
	}
	compare(result, json_get(test->content, "want"), fixture->arena);
}

static void add_cases(const char *name)
{
	g_autofree char *path = g_build_filename(FOLDER, name, NULL);
	struct json *root = read_yaml(path);
	const struct json *cases = json_get(root, "cases");

	test_keys(root, file_keys);
	for (size_t i = 0; i < json_length(cases); i++) {
		struct test *test = g_new0(struct test, 1);
		const char *title = json_as_string(json_get(json_at(cases, i), "name"), NULL);
		g_autoptr(GString) label = g_string_new(title);

		test->file = g_strdup(path);
		test->root = root;
		test->content = json_at(cases, i);
		if (title == NULL)
			g_error("%s: case %zu has no name", path, i + 1);
		g_string_replace(label, "/", "|", 0);
		g_string_prepend(label, "/");
		g_string_prepend(label, name);
		g_string_prepend(label, "/fixtures/");
		g_test_add_data_func(label->str, test, run_case);
	}
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_folder(void)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GDir) dir = g_dir_open(FOLDER, 0, NULL);
	const char *name = NULL;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL)
		if (g_str_has_suffix(name, ".yaml"))
			g_ptr_array_add(names, g_strdup(name));
	g_ptr_array_sort(names, compare_names);
	for (guint i = 0; i < names->len; i++)
		add_cases(g_ptr_array_index(names, i));
}

/* The catalogue itself is the first claim: it loads, and every statement of it prepares. */
static void catalogue_prepares(void)
{
	g_assert_nonnull(evaluator);
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;

	g_test_init(&argc, &argv, NULL);
	catalogue = catalogue_new(NULL, &error);
	if (catalogue != NULL)
		evaluator = evaluator_new(catalogue, &error);
	if (evaluator == NULL)
		g_error("%s", error->message);
	g_test_add_func("/fixtures/catalogue prepares", catalogue_prepares);
	add_folder();
	return g_test_run();
}
