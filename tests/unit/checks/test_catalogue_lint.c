/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lint over the built-in catalogue: on every base of the fixtures, no check passes by a column
 * that was not seen, and no result depends on the order of a list.
 */
#include "checks/lint.h"
#include "tests/unit/checks/fixture.h"

static const struct catalogue *the_catalogue(void)
{
	static struct catalogue *catalogue;
	g_autoptr(GError) error = NULL;

	if (catalogue == NULL)
		catalogue = catalogue_new(NULL, &error);
	g_assert_no_error(error);
	return catalogue;
}

static void expect_none(GPtrArray *faults)
{
	for (guint i = 0; i < faults->len; i++)
		g_test_message("%s", (const char *)g_ptr_array_index(faults, i));
	if (faults->len > 0)
		g_test_fail();
}

static void test_text(void)
{
	g_autoptr(GPtrArray) faults = g_ptr_array_new_with_free_func(g_free);

	lint_text(the_catalogue(), faults);
	expect_none(faults);
}

static void test_base(gconstpointer data)
{
	g_autoptr(GPtrArray) faults = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(fixture) *fixture = fixture_base(data);

	g_assert_true(lint_nulls(the_catalogue(), &fixture->input, faults, &error));
	g_assert_no_error(error);
	g_assert_true(lint_order(the_catalogue(), &fixture->input, faults, &error));
	g_assert_no_error(error);
	expect_none(faults);
}

int main(int argc, char **argv)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GDir) dir = NULL;
	const char *name = NULL;

	g_test_init(&argc, &argv, NULL);
	dir = g_dir_open(FIXTURE_BASES, 0, NULL);
	g_test_add_func("/lint/text", test_text);
	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *label = g_strconcat("/lint/", name, NULL);
		char *copy = g_strdup(name);

		g_ptr_array_add(names, copy);
		g_test_add_data_func(label, copy, test_base);
	}
	return g_test_run();
}
