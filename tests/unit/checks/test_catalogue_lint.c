/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lint over the built-in catalogue: on every base of the fixtures, no check passes by a column
 * that was not seen, and no result depends on the order of a list.
 */
#include "checks/lint.h"
#include "tests/unit/checks/fixture.h"

#define FOLDER "tests/checks/bases"

static const struct catalogue *the_catalogue(void)
{
	static struct catalogue *catalogue;
	g_autoptr(GError) error = NULL;

	if (catalogue == NULL)
		catalogue = catalogue_new(NULL, &error);
	g_assert_no_error(error);
	return catalogue;
}

static struct fixture *read_base(const char *path)
{
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(json) *root = NULL;
	struct fixture *fixture = NULL;

	g_assert_true(g_file_get_contents(path, &text, NULL, &error));
	root = fixture_yaml(path, text, &error);
	g_assert_no_error(error);
	fixture = fixture_new(root, &error);
	g_assert_no_error(error);
	return fixture;
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
	PLIMSOLL_AUTO(fixture) *fixture = read_base(data);

	g_assert_true(lint_nulls(the_catalogue(), &fixture->input, faults, &error));
	g_assert_no_error(error);
	g_assert_true(lint_order(the_catalogue(), &fixture->input, faults, &error));
	g_assert_no_error(error);
	expect_none(faults);
}

int main(int argc, char **argv)
{
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GDir) dir = NULL;
	const char *name = NULL;

	g_test_init(&argc, &argv, NULL);
	dir = g_dir_open(FOLDER, 0, NULL);
	g_test_add_func("/lint/text", test_text);
	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *label = g_strconcat("/lint/", name, NULL);
		char *path = g_build_filename(FOLDER, name, NULL);

		g_ptr_array_add(paths, path);
		g_test_add_data_func(label, path, test_base);
	}
	return g_test_run();
}
