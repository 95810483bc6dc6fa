/* SPDX-License-Identifier: Apache-2.0 */
/* The lint finds what is planted, and nothing else. */
#include "checks/lint.h"

#include <string.h>

#include "tests/unit/checks/fixture.h"

#define COMMON "  mode: A\n  title: t\n  section: containers\n  severity: low\n  why: w\n  fix: f\n"
#define FACTS                                                                                      \
	"facts:\n  fetch: [{source: c, status: ok, group: container}]\n  container:\n"             \
	"    - {id: a, name: a, memory: 1, user: u, privileged: false, inspect_status: ok,\n"      \
	"       cap_add: [X, Y], port: [{port: 1}, {port: 2}]}\n"                                  \
	"    - {id: b, name: b, memory: 2, user: v, privileged: false, inspect_status: ok}\n"      \
	"  engine: {debug: false, driver: overlay2}\n"

static const struct {
	const char *name, *yaml, *want; /* want: all faults, one a line */
} cases[] = {
	{"a sound check", "- check: c\n  from: container\n" COMMON "  fail: s.privileged\n", ""},
	{"a NULL that passes",
	 "- check: c\n  from: container\n" COMMON "  fail: coalesce(s.privileged, 0)\n",
	 "test.yaml:1:1: check c: passes while container.privileged is NULL\n"},
	{"a NULL that passes, listed",
	 "- check: c\n  from: container\n" COMMON
	 "  fail: coalesce(s.privileged, 0)\n  decides_without: [container.privileged]\n",
	 ""},
	{"a NULL in a condition of scope is unknown",
	 "- check: c\n  from: container\n" COMMON "  where: s.memory > 0\n  fail: s.privileged\n",
	 ""},
	{"a join that loses what is NULL",
	 "- check: c\n  from: daemon\n" COMMON
	 "  fail: EXISTS (SELECT 1 FROM container c WHERE c.privileged)\n",
	 "test.yaml:1:1: check c: passes while container.privileged is NULL\n"},
	{"columns of texts do not count",
	 "- check: c\n  from: container\n" COMMON "  fail: s.privileged\n  observed: s.user\n", ""},
	{"applies counts",
	 "- check: c\n  from: daemon\n" COMMON
	 "  applies: coalesce(s.driver = 'overlay2', 1)\n  fail: s.debug\n",
	 "test.yaml:1:1: check c: passes while engine.driver is NULL\n"},
	{"a variant counts",
	 "- check: c\n  from: daemon\n" COMMON
	 "  fail: s.debug\n  variants:\n    - name: v\n      fail: s.debug IS TRUE\n",
	 "test.yaml:1:1: check c/v: passes while engine.debug is NULL\n"},
	{"NOT IN",
	 "- check: c\n  from: daemon\n" COMMON
	 "  fail: s.driver NOT  IN ( SELECT name FROM container)\n",
	 "test.yaml:9:9: check c: NOT IN (SELECT ...) passes silently on a NULL; use NOT EXISTS\n"},
	{"NOT IN a list is allowed",
	 "- check: c\n  from: daemon\n" COMMON "  fail: s.driver NOT IN ('overlay2')\n", ""},
	{"the order of rows shows",
	 "- check: c\n  from: daemon\n" COMMON
	 "  fail: s.debug\n  observed: (SELECT group_concat(id, ' ') FROM container)\n",
	 "test.yaml:1:1: check c: depends on the order of rows:\n"
	 "  pass (null); pass | dockerd | dockerd | dockerd | - | a b | - | - | - | -\n"
	 "  pass (null); pass | dockerd | dockerd | dockerd | - | b a | - | - | - | -\n"},
	{"the order of members shows",
	 "- check: c\n  from: daemon\n" COMMON
	 "  fail: s.debug\n  observed: (SELECT group_concat(value, ' ') FROM container_cap_add)\n",
	 "test.yaml:1:1: check c: depends on the order of rows:\n"
	 "  pass (null); pass | dockerd | dockerd | dockerd | - | X Y | - | - | - | -\n"
	 "  pass (null); pass | dockerd | dockerd | dockerd | - | Y X | - | - | - | -\n"},
};

static char *lint(const struct catalogue *catalogue, struct fixture *fixture)
{
	g_autoptr(GPtrArray) faults = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) error = NULL;
	GString *text = g_string_new(NULL);

	lint_text(catalogue, faults);
	g_assert_true(lint_nulls(catalogue, &fixture->input, faults, &error));
	g_assert_true(lint_order(catalogue, &fixture->input, faults, &error));
	for (guint i = 0; i < faults->len; i++)
		g_string_append_printf(text, "%s\n", (const char *)g_ptr_array_index(faults, i));
	return g_string_free(text, FALSE);
}

static void planted_faults_are_found(gconstpointer data)
{
	size_t i = GPOINTER_TO_SIZE(data);
	PLIMSOLL_AUTO(catalogue) *catalogue = fixture_catalogue(cases[i].yaml);
	PLIMSOLL_AUTO(fixture) *fixture = fixture_text(FACTS);
	g_autofree char *text = lint(catalogue, fixture);

	g_assert_cmpstr(text, ==, cases[i].want);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strdup_printf("/lint/%s", cases[i].name);

		g_test_add_data_func(path, GSIZE_TO_POINTER(i), planted_faults_are_found);
	}
	return g_test_run();
}
