/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue as a whole: tables to start from, files in order, look-ups, and its hash. */
#include "checks/catalogue.h"

#include <string.h>

#include "checks/catalogue_file.h"
#include "proto/limits.h"

G_DEFINE_QUARK(plimsoll - catalogue - error - quark, catalogue_error)

struct catalogue {
	struct arena *arena;
	const char *base_hash; /* of the tables it started from; NULL = none */
	GArray *sources;       /* struct catalogue_source: what was read besides */

	/* Borrowed from the tables it started from, until a file adds to them. */
	const struct check *checks; /* in the order of the files */
	guint n_checks;
	const struct benchmark *benchmarks;
	guint n_benchmarks;

	GArray *own_checks;     /* struct check; NULL = borrowed */
	GArray *own_benchmarks; /* struct benchmark; NULL = borrowed */
	GHashTable *by_name;    /* of checks */
};

/* ---- files of the folder ---- */

static int compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names of the folder's *.yaml, in byte order; empty when there is no folder. */
static GPtrArray *list_folder(const char *folder, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) local = NULL;
	g_autoptr(GDir) dir = g_dir_open(folder, 0, &local);
	const char *name = NULL;

	if (dir == NULL) {
		if (g_error_matches(local, G_FILE_ERROR, G_FILE_ERROR_NOENT))
			return g_steal_pointer(&names);
		g_set_error(error, CATALOGUE_ERROR, 0, "%s", local->message);
		return NULL;
	}
	while ((name = g_dir_read_name(dir)) != NULL)
		if (name[0] != '.' && g_str_has_suffix(name, ".yaml"))
			g_ptr_array_add(names, g_build_filename(folder, name, NULL));
	g_ptr_array_sort(names, compare_names);
	return g_steal_pointer(&names);
}

static bool add_file(GArray *sources, struct arena *arena, const char *path, GError **error)
{
	g_autofree char *text = NULL;
	g_autoptr(GError) local = NULL;
	gsize size = 0;
	struct catalogue_source source = {.custom = true};

	if (!g_file_get_contents(path, &text, &size, &local)) {
		g_set_error(error, CATALOGUE_ERROR, 0, "%s", local->message);
		return false;
	}
	source.file.name = arena_strdup(arena, path);
	source.file.text = arena_strndup(arena, text, size);
	source.file.size = size;
	g_array_append_val(sources, source);
	return true;
}

static bool add_folder(GArray *sources, struct arena *arena, const char *folder, GError **error)
{
	g_autoptr(GPtrArray) names = list_folder(folder, error);

	for (guint i = 0; names != NULL && i < names->len; i++)
		if (!add_file(sources, arena, g_ptr_array_index(names, i), error))
			return false;
	return names != NULL;
}

/* ---- loading ---- */

static void index_checks(struct catalogue *catalogue)
{
	for (guint i = 0; i < catalogue->n_checks; i++)
		g_hash_table_insert(catalogue->by_name,
				    (gpointer)(guintptr)catalogue->checks[i].name,
				    (gpointer)(guintptr)&catalogue->checks[i]);
}

/* A benchmark that was read, until all checks are. */
struct pending {
	const void *raw;
	const char *file;
};

static bool read_source(struct catalogue *catalogue, const struct catalogue_source *source,
			GArray *pending, GError **error)
{
	struct yaml_file file = source->file;
	enum yaml_root root = YAML_ROOT_EMPTY;
	struct yaml_list list = {0};
	void *raw = NULL;

	file.name = arena_strdup(catalogue->arena, file.name); /* positions keep it */
	if (!yaml_read_file(&file, &check_yaml, &benchmark_yaml, catalogue->arena, &root, &list,
			    &raw, error))
		return false;
	if (root == YAML_ROOT_MAPPING) {
		const struct pending benchmark = {raw, file.name};

		g_array_append_val(pending, benchmark);
	}
	if (root == YAML_ROOT_LIST &&
	    !check_append(&list, source->custom, catalogue->arena, catalogue->own_checks, error))
		return false;
	if (catalogue->own_checks->len > LIMIT_CHECKS) {
		g_set_error(error, CATALOGUE_ERROR, 0, "%s:1:1: more than %u checks", file.name,
			    LIMIT_CHECKS);
		return false;
	}
	return true;
}

/* Checks are complete before benchmarks point at them: an array that grows moves. */
static void take_checks(struct catalogue *catalogue)
{
	catalogue->checks = (const struct check *)(void *)catalogue->own_checks->data;
	catalogue->n_checks = catalogue->own_checks->len;
	g_hash_table_remove_all(catalogue->by_name);
	index_checks(catalogue);
}

static void take_benchmark(struct catalogue *catalogue, const struct benchmark *benchmark)
{
	GArray *benchmarks = catalogue->own_benchmarks;

	g_array_append_vals(benchmarks, benchmark, 1);
	catalogue->benchmarks = (const struct benchmark *)(void *)benchmarks->data;
	catalogue->n_benchmarks = benchmarks->len;
}

static bool relink_benchmarks(struct catalogue *catalogue, GError **error)
{
	const struct benchmark *benchmarks = catalogue->benchmarks;
	guint n = catalogue->n_benchmarks;

	for (guint i = 0; i < n; i++) {
		struct benchmark benchmark;

		if (!benchmark_relink(&benchmarks[i], catalogue, catalogue->arena, &benchmark,
				      error))
			return false;
		take_benchmark(catalogue, &benchmark);
	}
	return true;
}

static bool add_benchmark(struct catalogue *catalogue, const struct pending *pending,
			  GError **error)
{
	struct benchmark benchmark;

	if (!benchmark_resolve(pending->raw, catalogue, catalogue->arena, &benchmark, error))
		return false;
	for (guint i = 0; i < catalogue->n_benchmarks; i++)
		if (strcmp(catalogue->benchmarks[i].name, benchmark.name) == 0) {
			g_set_error(error, CATALOGUE_ERROR, 0,
				    "%s:1:1: benchmark '%s' is given twice", pending->file,
				    benchmark.name);
			return false;
		}
	take_benchmark(catalogue, &benchmark);
	return true;
}

static bool read_sources(struct catalogue *catalogue, GError **error)
{
	g_autoptr(GArray) pending = g_array_new(FALSE, FALSE, sizeof(struct pending));

	catalogue->own_checks = g_array_new(FALSE, TRUE, sizeof(struct check));
	catalogue->own_benchmarks = g_array_new(FALSE, TRUE, sizeof(struct benchmark));
	g_array_append_vals(catalogue->own_checks, catalogue->checks, catalogue->n_checks);
	for (guint i = 0; i < catalogue->sources->len; i++)
		if (!read_source(catalogue,
				 &g_array_index(catalogue->sources, struct catalogue_source, i),
				 pending, error))
			return false;
	take_checks(catalogue);
	if (!relink_benchmarks(catalogue, error))
		return false;
	for (guint i = 0; i < pending->len; i++)
		if (!add_benchmark(catalogue, &g_array_index(pending, struct pending, i), error))
			return false;
	return true;
}

static struct catalogue *start_from(const struct catalogue_tables *base)
{
	struct catalogue *catalogue = g_new0(struct catalogue, 1);

	catalogue->arena = arena_new(SIZE_MAX);
	catalogue->sources = g_array_new(FALSE, TRUE, sizeof(struct catalogue_source));
	catalogue->base_hash = base->hash;
	catalogue->checks = base->checks;
	catalogue->n_checks = base->n_checks;
	catalogue->benchmarks = base->benchmarks;
	catalogue->n_benchmarks = base->n_benchmarks;
	catalogue->by_name = g_hash_table_new(g_str_hash, g_str_equal);
	index_checks(catalogue);
	return catalogue;
}

struct catalogue *catalogue_new_over(const struct catalogue_tables *base, const char *dir,
				     GError **error)
{
	PLIMSOLL_AUTO(catalogue) *catalogue = start_from(base);

	if (dir != NULL && !add_folder(catalogue->sources, catalogue->arena, dir, error))
		return NULL;
	if (catalogue->sources->len > 0 && !read_sources(catalogue, error))
		return NULL;
	return g_steal_pointer(&catalogue);
}

struct catalogue *catalogue_new_from(const struct catalogue_source *sources, guint n,
				     GError **error)
{
	static const struct catalogue_tables nothing = {0};
	PLIMSOLL_AUTO(catalogue) *catalogue = start_from(&nothing);

	g_array_append_vals(catalogue->sources, sources, n);
	return read_sources(catalogue, error) ? g_steal_pointer(&catalogue) : NULL;
}

void catalogue_free(struct catalogue *catalogue)
{
	if (catalogue == NULL)
		return;
	g_hash_table_unref(catalogue->by_name);
	g_clear_pointer(&catalogue->own_benchmarks, g_array_unref);
	g_clear_pointer(&catalogue->own_checks, g_array_unref);
	g_array_unref(catalogue->sources);
	arena_free(catalogue->arena);
	g_free(catalogue);
}

/* ---- look-ups ---- */

const struct check *catalogue_checks(const struct catalogue *catalogue, guint *ret_n)
{
	*ret_n = catalogue->n_checks;
	return catalogue->checks;
}

const struct check *catalogue_find(const struct catalogue *catalogue, const char *name)
{
	return g_hash_table_lookup(catalogue->by_name, name);
}

const struct benchmark *catalogue_benchmarks(const struct catalogue *catalogue, guint *ret_n)
{
	*ret_n = catalogue->n_benchmarks;
	return catalogue->benchmarks;
}

const struct benchmark *catalogue_benchmark(const struct catalogue *catalogue, const char *name)
{
	static const char *const prefixes[] = {"", "cis-docker-"};
	const char *rest = g_str_has_prefix(name, "cis-1") ? name + strlen("cis-") : name;

	for (guint i = 0; i < catalogue->n_benchmarks; i++) {
		const struct benchmark *benchmark = &catalogue->benchmarks[i];

		for (size_t k = 0; k < G_N_ELEMENTS(prefixes); k++)
			if (g_str_has_prefix(benchmark->name, prefixes[k]) &&
			    strcmp(benchmark->name + strlen(prefixes[k]), rest) == 0)
				return benchmark;
	}
	return NULL;
}

bool benchmark_asks_for(const struct benchmark *benchmark, const struct check *check,
			const struct check_variant *variant)
{
	for (guint i = 0; i < benchmark->n_entries; i++)
		if (benchmark->entries[i].check == check &&
		    benchmark->entries[i].variant == variant)
			return true;
	return false;
}

/* Name and size go in as well, so that moving text between files changes the hash. */
char *catalogue_hash(const struct catalogue *catalogue)
{
	const char *base = catalogue->base_hash;
	g_autoptr(GChecksum) checksum = NULL;

	if (base != NULL && catalogue->sources->len == 0)
		return g_strdup(base);
	checksum = g_checksum_new(G_CHECKSUM_SHA256);
	if (base != NULL)
		g_checksum_update(checksum, (const guchar *)base, (gssize)strlen(base));
	for (guint i = 0; i < catalogue->sources->len; i++) {
		const struct yaml_file *file =
			&g_array_index(catalogue->sources, struct catalogue_source, i).file;
		g_autofree char *header = g_strdup_printf("%s %zu\n", file->name, file->size);

		g_checksum_update(checksum, (const guchar *)header, (gssize)strlen(header));
		g_checksum_update(checksum, (const guchar *)file->text, (gssize)file->size);
	}
	return g_strdup(g_checksum_get_string(checksum));
}

/* ---- "did you mean" ---- */

/* One row of the table of distances at a time. */
guint text_distance(const char *a, const char *b)
{
	size_t n = strlen(b);
	g_autofree guint *row = g_new(guint, n + 1);

	for (guint k = 0; k <= n; k++)
		row[k] = k;
	for (guint i = 1; *a != '\0'; a++, i++) {
		guint diagonal = row[0];

		row[0] = i;
		for (size_t k = 1; k <= n; k++) {
			guint replaced = diagonal + (*a != b[k - 1]);

			diagonal = row[k];
			row[k] = MIN(MIN(row[k], row[k - 1]) + 1, replaced);
		}
	}
	return row[n];
}

struct nearest {
	const char *wanted;
	const char *name; /* the check to suggest */
	guint distance;
};

/* A part of a name is near: "privileged" means container-privileged. */
static void consider(struct nearest *nearest, const char *text, const char *name)
{
	guint distance = text_distance(nearest->wanted, text);

	if (strlen(nearest->wanted) >= 4 && strstr(text, nearest->wanted) != NULL)
		distance = 1;
	if (distance < nearest->distance) {
		nearest->distance = distance;
		nearest->name = name;
	}
}

const char *catalogue_suggest(const struct catalogue *catalogue, const char *name)
{
	size_t length = strlen(name);
	struct nearest nearest = {.wanted = name, .distance = (guint)MIN(2 + length / 5, 6)};

	if (length == 0 || length > 100)
		return NULL;
	for (guint i = 0; i < catalogue->n_checks; i++)
		consider(&nearest, catalogue->checks[i].name, catalogue->checks[i].name);
	for (guint i = 0; i < catalogue->n_benchmarks; i++) {
		const struct benchmark *benchmark = &catalogue->benchmarks[i];

		for (guint k = 0; k < benchmark->n_entries; k++)
			consider(&nearest, benchmark->entries[k].id,
				 benchmark->entries[k].check->name);
	}
	return nearest.name;
}
