/* SPDX-License-Identifier: Apache-2.0 */
/* Paths as text, RULES 0.9: component by component, never as substrings. */
#include "checks/derive/derive_internal.h"
#include "checks/derive/derive_path.h"

static void test_clean(void)
{
	static const struct {
		const char *given, *want;
	} cases[] = {
		{"/", "/"},          {"//", "/"},          {"/a", "/a"},
		{"/a/", "/a"},       {"//a//b/", "/a/b"},  {"/a/./b/.", "/a/b"},
		{"/a/../b", "/b"},   {"/..", "/"},         {"/../a", "/a"},
		{"/a/b/../..", "/"}, {"/a/...", "/a/..."}, {"/a/..b", "/a/..b"},
		{"/.a", "/.a"},      {"a", NULL},          {"", NULL},
		{"@docker", NULL},   {NULL, NULL},         {"/a/b/..//../c/d/", "/c/d"},
	};
	PLIMSOLL_AUTO(arena) *arena = arena_new(SIZE_MAX);
	struct derivation d = {.arena = arena};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpstr(derive_path_clean(&d, cases[i].given), ==, cases[i].want);
}

static void test_relation(void)
{
	static const struct {
		const char *path, *entry;
		enum path_relation want;
	} cases[] = {
		{"/run", "/run", PATH_EQUAL},
		{"/run", "/run/docker.sock", PATH_ABOVE},
		{"/run/docker.sock", "/run", PATH_BELOW},
		{"/", "/run", PATH_ABOVE},
		{"/run", "/", PATH_BELOW},
		{"/", "/", PATH_EQUAL},
		{"/etc", "/etcd", PATH_UNRELATED},
		{"/etcd", "/etc", PATH_UNRELATED},
		{"/etc/ab", "/etc/ac", PATH_UNRELATED},
		{"/var/run", "/run", PATH_UNRELATED},
		{NULL, "/run", PATH_UNRELATED},
		{"/run", NULL, PATH_UNRELATED},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpint(derive_path_relation(cases[i].path, cases[i].entry), ==,
				cases[i].want);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/derive/path/clean", test_clean);
	g_test_add_func("/derive/path/relation", test_relation);
	return g_test_run();
}
