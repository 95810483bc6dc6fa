/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fixtures of checks must hold beyond being right: every worked example, every place where
 * docker-bench-security is wrong, and for every check each verdict that it can reach. The fixtures
 * are run by test_fixtures.c; this test asks that none of them goes missing.
 */
#include <string.h>

#include "tests/unit/checks/fixture_case.h"

#define INDEX "tests/checks/index/"

static struct catalogue *catalogue;
static GPtrArray *cases;

static const char *text_at(const struct json *object, const char *key)
{
	return json_as_string(json_get(object, key), NULL);
}

static const char *verdict_of(const struct fixture_case *one)
{
	return text_at(json_get(one->content, "want"), "verdict");
}

static char *read_file(const char *path)
{
	g_autoptr(GError) error = NULL;
	char *text = NULL;

	g_file_get_contents(path, &text, NULL, &error);
	g_assert_no_error(error);
	return text;
}

static struct json *read_index(const char *name)
{
	g_autofree char *path = g_strconcat(INDEX, name, NULL);
	g_autofree char *text = read_file(path);
	g_autoptr(GError) error = NULL;
	struct json *index = fixture_yaml(path, text, &error);

	g_assert_no_error(error);
	return index;
}

static bool has_case(const char *check, const char *name, const char *verdict)
{
	for (guint i = 0; i < cases->len; i++) {
		const struct fixture_case *one = g_ptr_array_index(cases, i);

		if (g_strcmp0(one->check, check) == 0 && g_strcmp0(one->name, name) == 0 &&
		    g_strcmp0(verdict_of(one), verdict) == 0)
			return true;
	}
	return false;
}

/* Each {verdict, name} of an entry is a fixture of the check it names, or of this one. */
static void expect_cases(const struct json *entry, const char *check)
{
	const struct json *list = json_get(entry, "cases");

	g_assert_cmpuint(json_length(list), >, 0);
	for (size_t i = 0; i < json_length(list); i++) {
		const struct json *one = json_at(list, i);
		const char *of = check != NULL ? check : text_at(one, "check");

		if (has_case(of, text_at(one, "name"), text_at(one, "verdict")))
			continue;
		g_test_message("%s has no fixture '%s' that is %s", of, text_at(one, "name"),
			       text_at(one, "verdict"));
		g_test_fail();
	}
}

static void expect_tests_elsewhere(const struct json *entry)
{
	const struct json *list = json_get(entry, "also");

	for (size_t i = 0; i < json_length(list); i++) {
		const struct json *one = json_at(list, i);
		g_autofree char *text = read_file(text_at(one, "file"));

		if (strstr(text, text_at(one, "text")) != NULL)
			continue;
		g_test_message("%s has no '%s'", text_at(one, "file"), text_at(one, "text"));
		g_test_fail();
	}
}

/* ---- worked examples ---- */

static const char *const examples[] = {
	"1",   "2",  "3",   "4",   "5",   "5b",  "6",   "7",  "8",  "9",  "10", "11", "12",
	"13",  "14", "15a", "15b", "15c", "15d", "15e", "16", "17", "18", "19", "20", "21",
	"21b", "22", "23",  "24",  "25",  "26",  "27",  "28", "29", "30", "31"};

static void every_worked_example_has_its_fixtures(void)
{
	PLIMSOLL_AUTO(json) *index = read_index("examples.yaml");

	g_assert_cmpuint(json_length(index), ==, G_N_ELEMENTS(examples));
	for (size_t i = 0; i < G_N_ELEMENTS(examples); i++) {
		const struct json *entry = json_at(index, i);

		g_assert_cmpstr(text_at(entry, "example"), ==, examples[i]);
		g_assert_nonnull(text_at(entry, "says"));
		expect_cases(entry, NULL);
		expect_tests_elsewhere(entry);
	}
}

/* ---- where docker-bench-security differs ---- */

static const struct json *find_entry(const struct json *index, const char *check)
{
	for (size_t i = 0; i < json_length(index); i++)
		if (g_strcmp0(text_at(json_at(index, i), "check"), check) == 0)
			return json_at(index, i);
	return NULL;
}

static void every_difference_has_its_fixtures(void)
{
	PLIMSOLL_AUTO(json) *index = read_index("docker-bench.yaml");
	guint n = 0;
	const struct check *checks = catalogue_checks(catalogue, &n);

	for (size_t i = 0; i < json_length(index); i++) {
		const char *check = text_at(json_at(index, i), "check");

		g_assert_nonnull(catalogue_find(catalogue, check));
		expect_cases(json_at(index, i), check);
	}
	for (guint i = 0; i < n; i++) {
		bool differs = checks[i].differs != NULL;

		if (differs == (find_entry(index, checks[i].name) != NULL))
			continue;
		g_test_message("%s %s " INDEX "docker-bench.yaml", checks[i].name,
			       differs ? "is not in" : "differs in nothing, and is in");
		g_test_fail();
	}
}

/* ---- every verdict that a check can reach ---- */

enum { CAN = 1, CANNOT = -1, MAY = 0 };

static const struct {
	enum mode mode;
	int reach[VERDICT_COUNT];
} modes[] = {
	{MODE_AUTOMATIC,
	 {[VERDICT_PASS] = CAN,
	  [VERDICT_FAIL] = CAN,
	  [VERDICT_UNKNOWN] = CAN,
	  [VERDICT_NOT_APPLICABLE] = CAN}},
	{MODE_ONE_SIDED,
	 {[VERDICT_PASS] = CAN,
	  [VERDICT_FAIL] = CANNOT,
	  [VERDICT_MANUAL] = CAN,
	  [VERDICT_UNKNOWN] = CAN,
	  [VERDICT_NOT_APPLICABLE] = CAN}},
	{MODE_PARAMETER,
	 {[VERDICT_PASS] = CAN,
	  [VERDICT_FAIL] = CAN,
	  [VERDICT_MANUAL] = CAN,
	  [VERDICT_UNKNOWN] = CAN,
	  [VERDICT_NOT_APPLICABLE] = CAN}},
	{MODE_MANUAL,
	 {[VERDICT_PASS] = CANNOT,
	  [VERDICT_FAIL] = CANNOT,
	  [VERDICT_MANUAL] = CAN,
	  [VERDICT_UNKNOWN] = CAN,
	  [VERDICT_NOT_APPLICABLE] = CAN}},
	{MODE_OBSOLETE, {[VERDICT_NOT_APPLICABLE] = CAN}},
};

/* These ask a person without reading a fact: nothing can be missing. */
static const char *const never_unknown[] = {"ee-client-cert-bundles",
					    "ee-dtr-scanning",
					    "ee-external-certs",
					    "ee-ldap-auth",
					    "ee-per-user-session-limit",
					    "ee-rbac",
					    "ee-session-lifetime",
					    "ee-signed-image-enforcement",
					    "ops-security-audits",
					    "ops-monitoring",
					    NULL};

static int reach_of(const struct check *check, enum verdict verdict)
{
	if (verdict == VERDICT_UNKNOWN && g_strv_contains(never_unknown, check->name))
		return CANNOT;
	for (size_t i = 0; i < G_N_ELEMENTS(modes); i++)
		if (modes[i].mode == check->mode)
			return modes[i].reach[verdict];
	g_assert_not_reached();
}

static bool is_shown(const struct check *check, const char *variant, enum verdict verdict)
{
	for (guint i = 0; i < cases->len; i++) {
		const struct fixture_case *one = g_ptr_array_index(cases, i);

		if (strcmp(one->check, check->name) == 0 && g_strcmp0(one->variant, variant) == 0 &&
		    g_strcmp0(verdict_of(one), verdict_text(verdict)) == 0)
			return true;
	}
	return false;
}

static void expect_verdicts(const struct check *check, const char *variant)
{
	for (int verdict = 0; verdict < VERDICT_COUNT; verdict++) {
		int reach = reach_of(check, (enum verdict)verdict);
		bool shown = is_shown(check, variant, (enum verdict)verdict);

		if (reach == MAY || shown == (reach == CAN))
			continue;
		g_test_message("%s %s: %s fixture that is %s", check->name,
			       variant != NULL ? variant : "", shown ? "a" : "no",
			       verdict_text((enum verdict)verdict));
		g_test_fail();
	}
}

static void every_verdict_of_every_check_is_shown(void)
{
	guint n = 0;
	const struct check *checks = catalogue_checks(catalogue, &n);

	for (guint i = 0; i < n; i++) {
		expect_verdicts(&checks[i], NULL);
		for (guint k = 0; k < checks[i].n_variants; k++)
			expect_verdicts(&checks[i], checks[i].variants[k].name);
	}
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;

	g_test_init(&argc, &argv, NULL);
	catalogue = catalogue_new(NULL, &error);
	if (catalogue == NULL)
		g_error("%s", error->message);
	cases = fixture_cases_load();
	g_test_add_func("/truth/every worked example has its fixtures",
			every_worked_example_has_its_fixtures);
	g_test_add_func("/truth/every difference has its fixtures",
			every_difference_has_its_fixtures);
	g_test_add_func("/truth/every verdict of every check is shown",
			every_verdict_of_every_check_is_shown);
	return g_test_run();
}
