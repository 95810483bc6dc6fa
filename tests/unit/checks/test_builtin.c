/* SPDX-License-Identifier: Apache-2.0 */
/* The compiled catalogue is the YAML, member by member; and files of a folder are read over it. */
#include <glib/gstdio.h>
#include <string.h>

#include "checks/catalogue_file.h"
#include "checks/catalogue_members.h"

/* ---- the YAML as the loader reads it ---- */

static int compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Folder by folder, each in byte order of names, as the build lists them. */
static void add_names(GPtrArray *names, const char *folder)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GDir) dir = g_dir_open(folder, 0, &error);
	const char *name = NULL;

	g_assert_no_error(error);
	while ((name = g_dir_read_name(dir)) != NULL)
		if (g_str_has_suffix(name, ".yaml"))
			g_ptr_array_add(names, g_build_filename(folder, name, NULL));
	g_ptr_array_sort(names, compare_names);
}

struct loaded {
	GPtrArray *names;
	GPtrArray *texts;
	struct catalogue *catalogue;
};

static void load(struct loaded *loaded)
{
	g_autoptr(GArray) sources = g_array_new(FALSE, TRUE, sizeof(struct catalogue_source));
	g_autoptr(GError) error = NULL;

	loaded->names = g_ptr_array_new_with_free_func(g_free);
	loaded->texts = g_ptr_array_new_with_free_func(g_free);
	add_names(loaded->names, "checks/benchmarks");
	add_names(loaded->names, "checks/catalogue");
	for (guint i = 0; i < loaded->names->len; i++) {
		struct catalogue_source source = {.file.name = loaded->names->pdata[i]};
		char *text = NULL;

		g_assert_true(
			g_file_get_contents(source.file.name, &text, &source.file.size, NULL));
		g_ptr_array_add(loaded->texts, text);
		source.file.text = text;
		g_array_append_val(sources, source);
	}
	loaded->catalogue = catalogue_new_from(
		(const struct catalogue_source *)(void *)sources->data, sources->len, &error);
	g_assert_no_error(error);
}

static void unload(struct loaded *loaded)
{
	catalogue_free(loaded->catalogue);
	g_ptr_array_unref(loaded->texts);
	g_ptr_array_unref(loaded->names);
}

/* ---- member by member ---- */

static const void *pointer_at(const void *data, const struct member *member)
{
	const void *pointer = NULL;

	memcpy(&pointer, (const unsigned char *)data + member->offset, sizeof(pointer));
	return pointer;
}

static unsigned number_at(const void *data, const struct member *member)
{
	unsigned number = 0;

	memcpy(&number, (const unsigned char *)data + member->offset, sizeof(number));
	return number;
}

static bool same_sourced(const struct sourced *a, const struct sourced *b)
{
	return g_strcmp0(a->text, b->text) == 0 && g_strcmp0(a->file, b->file) == 0 &&
	       a->line == b->line && a->column == b->column;
}

static bool same_place(const struct place *a, const struct place *b)
{
	return a->line == b->line && a->column == b->column;
}

static bool same_check(const struct check *a, const struct check *b)
{
	return strcmp(a->name, b->name) == 0 && a >= catalogue_builtin.checks &&
	       a < catalogue_builtin.checks + catalogue_builtin.n_checks;
}

/* Both are variants of checks that were compared before: the same one of them. */
static bool same_variant(const struct benchmark_entry *a, const struct benchmark_entry *b)
{
	if (a->variant == NULL || b->variant == NULL)
		return a->variant == b->variant;
	return a->variant - a->check->variants == b->variant - b->check->variants;
}

static void expect_same_array(const struct member_table *table, const void *a, const void *b,
			      guint n);

static bool same_member(const struct member *member, const void *a, const void *b)
{
	const void *at = (const unsigned char *)a + member->offset;
	const void *bt = (const unsigned char *)b + member->offset;

	switch (member->kind) {
	case MEMBER_TEXT:
		return g_strcmp0(pointer_at(a, member), pointer_at(b, member)) == 0;
	case MEMBER_SOURCED:
		return same_sourced(at, bt);
	case MEMBER_PLACE:
		return same_place(at, bt);
	case MEMBER_NUMBER:
		return number_at(a, member) == number_at(b, member);
	case MEMBER_BOOL:
		return *(const bool *)at == *(const bool *)bt;
	case MEMBER_TEXTS:
		return g_strv_equal(pointer_at(a, member), pointer_at(b, member));
	case MEMBER_STRUCTS:
		g_assert_cmpuint(number_at(a, member + 1), ==, number_at(b, member + 1));
		expect_same_array(member->structs, pointer_at(a, member), pointer_at(b, member),
				  number_at(a, member + 1));
		return true;
	case MEMBER_CHECK:
		return same_check(pointer_at(a, member), pointer_at(b, member));
	case MEMBER_VARIANT:
		return same_variant(a, b);
	default:
		g_assert_not_reached();
	}
}

static void expect_same_array(const struct member_table *table, const void *a, const void *b,
			      guint n)
{
	for (guint i = 0; i < n; i++)
		for (guint k = 0; k < table->n_members; k++) {
			const void *first = (const unsigned char *)a + i * table->size;
			const void *second = (const unsigned char *)b + i * table->size;

			if (!same_member(&table->members[k], first, second))
				g_error("struct %s %u differs in %s", table->type, i,
					table->members[k].name);
		}
}

static void it_is_the_yaml(void)
{
	struct loaded loaded = {0};
	g_autofree char *hash = NULL;
	const struct check *checks = NULL;
	const struct benchmark *benchmarks = NULL;
	guint n = 0;

	load(&loaded);
	checks = catalogue_checks(loaded.catalogue, &n);
	g_assert_cmpuint(catalogue_builtin.n_checks, ==, n);
	g_assert_cmpuint(n, >, 0);
	expect_same_array(&check_members, catalogue_builtin.checks, checks, n);
	benchmarks = catalogue_benchmarks(loaded.catalogue, &n);
	g_assert_cmpuint(catalogue_builtin.n_benchmarks, ==, n);
	g_assert_cmpuint(n, >, 0);
	expect_same_array(&benchmark_members, catalogue_builtin.benchmarks, benchmarks, n);
	hash = catalogue_hash(loaded.catalogue);
	g_assert_cmpstr(catalogue_builtin.hash, ==, hash);
	unload(&loaded);
}

static void it_is_not_copied(void)
{
	PLIMSOLL_AUTO(catalogue) *catalogue = catalogue_new(NULL, NULL);
	guint n = 0;

	g_assert_true(catalogue_checks(catalogue, &n) == catalogue_builtin.checks);
	g_assert_true(catalogue_benchmarks(catalogue, &n) == catalogue_builtin.benchmarks);
}

/* ---- a folder over tables ---- */

#define CHECK(name, rest)                                                                          \
	"- check: " name "\n  title: title of " name                                               \
	"\n  section: host\n  severity: low\n  mode: A\n  from: host\n  why: w\n  fix: f\n" rest
#define VARIANTS(name) "  variants:\n    - name: " name "\n      fail: '0'\n"

static const char base_yaml[] = CHECK("plain", "  fail: '1'\n")
	CHECK("formed", "  fail: '1'\n" VARIANTS("old")) CHECK("last", "  fail: '1'\n");
static const char base_benchmark[] =
	"name: cis-docker-9\ntitle: Nine\nsections: [{id: '1', title: Host}]\n"
	"entries:\n"
	"  - {id: '1.1', check: plain}\n"
	"  - {id: '1.2', check: plain, title: its own}\n"
	"  - {id: '1.3', check: formed, variant: old}\n"
	"  - {id: '1.4', check: last, dbs_score: 'false'}\n";

struct over {
	struct catalogue *base;
	struct catalogue_tables tables;
	char *folder;
	char *file;
};

/* Tables as the build makes them, and a folder with one file. */
static void start(struct over *over, const char *custom)
{
	static const struct catalogue_source sources[] = {
		{.file = {"base.yaml", base_yaml, sizeof(base_yaml) - 1}},
		{.file = {"map.yaml", base_benchmark, sizeof(base_benchmark) - 1}},
	};

	over->base = catalogue_new_from(sources, G_N_ELEMENTS(sources), NULL);
	g_assert_nonnull(over->base);
	over->tables.checks = catalogue_checks(over->base, &over->tables.n_checks);
	over->tables.benchmarks = catalogue_benchmarks(over->base, &over->tables.n_benchmarks);
	over->tables.hash = catalogue_hash(over->base);
	over->folder = g_dir_make_tmp("plimsoll-XXXXXX", NULL);
	over->file = g_build_filename(over->folder, "own.yaml", NULL);
	g_assert_true(g_file_set_contents(over->file, custom, -1, NULL));
}

static void stop(struct over *over)
{
	g_assert_cmpint(g_unlink(over->file), ==, 0);
	g_assert_cmpint(g_rmdir(over->folder), ==, 0);
	g_free(over->file);
	g_free(over->folder);
	g_free((gpointer)(guintptr)over->tables.hash);
	catalogue_free(over->base);
}

static const struct benchmark_entry *entry_of(const struct catalogue *catalogue, guint i)
{
	return &catalogue_benchmark(catalogue, "cis-docker-9")->entries[i];
}

static void benchmarks_follow_what_replaces(void)
{
	struct over over = {0};
	PLIMSOLL_AUTO(catalogue) *catalogue = NULL;
	guint n = 0;

	start(&over, CHECK("formed", "  fail: '0'\n" VARIANTS("new") "    - name: old\n")
			     CHECK("added", "  fail: '0'\n") CHECK("plain", "  fail: '0'\n"));
	catalogue = catalogue_new_over(&over.tables, over.folder, NULL);
	g_assert_nonnull(catalogue);
	(void)catalogue_checks(catalogue, &n);
	g_assert_cmpuint(n, ==, 4);
	for (guint i = 0; i < 4; i++) {
		const struct benchmark_entry *entry = entry_of(catalogue, i);
		const struct benchmark_entry *was = entry_of(over.base, i);

		g_assert_true(entry->check == catalogue_find(catalogue, was->check->name));
		g_assert_cmpint(entry->check->custom, ==, i < 3);
		g_assert_false(was->check->custom);
		g_assert_cmpstr(entry->id, ==, was->id);
	}
	g_assert_true(entry_of(catalogue, 2)->variant ==
		      &catalogue_find(catalogue, "formed")->variants[1]);
	g_assert_null(entry_of(catalogue, 0)->variant);
	stop(&over);
}

static void what_the_benchmark_leaves_to_the_check_follows(void)
{
	static const bool scores[] = {true, true, false, false};
	struct over over = {0};
	PLIMSOLL_AUTO(catalogue) *catalogue = NULL;

	start(&over, "- check: plain\n  title: replaced\n  section: host\n  severity: low\n"
		     "  mode: A\n  from: host\n  why: w\n  fix: f\n  fail: '0'\n"
		     "  dbs_score: true\n" CHECK("last", "  fail: '0'\n  dbs_score: true\n"));
	catalogue = catalogue_new_over(&over.tables, over.folder, NULL);
	g_assert_nonnull(catalogue);
	g_assert_cmpstr(entry_of(catalogue, 0)->title, ==, "replaced");
	g_assert_cmpstr(entry_of(catalogue, 1)->title, ==, "its own");
	g_assert_cmpstr(entry_of(catalogue, 3)->title, ==, "title of last");
	for (guint i = 0; i < G_N_ELEMENTS(scores); i++)
		g_assert_cmpint(entry_of(catalogue, i)->dbs_score, ==, scores[i]);
	g_assert_false(entry_of(over.base, 0)->dbs_score);
	stop(&over);
}

static const struct {
	const char *name, *yaml, *want;
} faults[] = {
	{"a variant is missing", CHECK("formed", "  fail: '0'\n" VARIANTS("new")),
	 "map.yaml:7:41: check 'formed' has no variant 'old'"},
	{"variants only", CHECK("plain", VARIANTS("new")),
	 "map.yaml:5:24: check 'plain' has variants only"},
	{"a benchmark again", "name: cis-docker-9\ntitle: t\nsections: []\nentries: []\n",
	 "OWN:1:1: benchmark 'cis-docker-9' is given twice"},
	{"a check twice", CHECK("own", "  fail: '0'\n") CHECK("own", "  fail: '0'\n"),
	 "OWN:10:10: check 'own' is already at OWN:1"},
};

static void faults_are_placed(gconstpointer data)
{
	size_t i = GPOINTER_TO_SIZE(data);
	struct over over = {0};
	g_autoptr(GError) error = NULL;
	g_autoptr(GString) want = g_string_new(faults[i].want);
	PLIMSOLL_AUTO(catalogue) *catalogue = NULL;

	start(&over, faults[i].yaml);
	catalogue = catalogue_new_over(&over.tables, over.folder, &error);
	g_string_replace(want, "OWN", over.file, 0);
	g_assert_null(catalogue);
	g_assert_cmpstr(error->message, ==, want->str);
	stop(&over);
}

static char *hash_over(const struct over *over)
{
	PLIMSOLL_AUTO(catalogue) *catalogue = catalogue_new_over(&over->tables, over->folder, NULL);

	g_assert_nonnull(catalogue);
	return catalogue_hash(catalogue);
}

static void the_hash_is_of_everything(void)
{
	struct over over = {0};
	g_autofree char *first = NULL;
	g_autofree char *other_text = NULL;
	g_autofree char *other_base = NULL;
	g_autofree char *again = NULL;

	start(&over, "# nothing yet\n");
	first = hash_over(&over);
	again = hash_over(&over);
	g_assert_true(g_file_set_contents(over.file, "# nothing yet!\n", -1, NULL));
	other_text = hash_over(&over);
	g_assert_true(g_file_set_contents(over.file, "# nothing yet\n", -1, NULL));
	g_free((gpointer)(guintptr)over.tables.hash);
	over.tables.hash = g_strdup("of another release");
	other_base = hash_over(&over);
	g_assert_cmpstr(first, ==, again);
	g_assert_cmpstr(first, !=, other_text);
	g_assert_cmpstr(first, !=, other_base);
	g_assert_cmpuint(strlen(first), ==, 64);
	stop(&over);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/builtin/it is the YAML", it_is_the_yaml);
	g_test_add_func("/builtin/it is not copied", it_is_not_copied);
	g_test_add_func("/builtin/benchmarks follow what replaces",
			benchmarks_follow_what_replaces);
	g_test_add_func("/builtin/what the benchmark leaves to the check follows",
			what_the_benchmark_leaves_to_the_check_follows);
	for (size_t i = 0; i < G_N_ELEMENTS(faults); i++) {
		g_autofree char *path = g_strdup_printf("/builtin/fault/%s", faults[i].name);

		g_test_add_data_func(path, GSIZE_TO_POINTER(i), faults_are_placed);
	}
	g_test_add_func("/builtin/the hash is of everything", the_hash_is_of_everything);
	return g_test_run();
}
