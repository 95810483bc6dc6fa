/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue as a whole: its files in order, look-ups, and its hash. */
#include "checks/catalogue.h"

#include <string.h>

#include "checks/catalogue_file.h"
#include "proto/limits.h"

G_DEFINE_QUARK(plimsoll - catalogue - error - quark, catalogue_error)

struct catalogue {
	struct arena *arena;
	GArray *checks;     /* struct check, in the order of the files */
	GArray *benchmarks; /* struct benchmark */
	GArray *sources;    /* struct catalogue_source, for the hash */
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

static void add_embedded(GArray *sources)
{
	for (const struct embedded_file *file = catalogue_embedded; file->name != NULL; file++) {
		const struct catalogue_source source = {
			.file = {file->name, file->text, *file->size},
		};

		g_array_append_val(sources, source);
	}
}

/* ---- loading ---- */

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
	    !check_append(&list, source->custom, catalogue->arena, catalogue->checks, error))
		return false;
	if (catalogue->checks->len > LIMIT_CHECKS) {
		g_set_error(error, CATALOGUE_ERROR, 0, "%s:1:1: more than %u checks", file.name,
			    LIMIT_CHECKS);
		return false;
	}
	return true;
}

static bool add_benchmark(struct catalogue *catalogue, const struct pending *pending,
			  GError **error)
{
	struct benchmark benchmark;

	if (!benchmark_resolve(pending->raw, catalogue, catalogue->arena, &benchmark, error))
		return false;
	for (guint i = 0; i < catalogue->benchmarks->len; i++)
		if (strcmp(g_array_index(catalogue->benchmarks, struct benchmark, i).name,
			   benchmark.name) == 0) {
			g_set_error(error, CATALOGUE_ERROR, 0,
				    "%s:1:1: benchmark '%s' is given twice", pending->file,
				    benchmark.name);
			return false;
		}
	g_array_append_val(catalogue->benchmarks, benchmark);
	return true;
}

static bool read_sources(struct catalogue *catalogue, GError **error)
{
	g_autoptr(GArray) pending = g_array_new(FALSE, FALSE, sizeof(struct pending));

	for (guint i = 0; i < catalogue->sources->len; i++)
		if (!read_source(catalogue,
				 &g_array_index(catalogue->sources, struct catalogue_source, i),
				 pending, error))
			return false;
	for (guint i = 0; i < pending->len; i++)
		if (!add_benchmark(catalogue, &g_array_index(pending, struct pending, i), error))
			return false;
	return true;
}

static struct catalogue *make_catalogue(void)
{
	struct catalogue *catalogue = g_new0(struct catalogue, 1);

	catalogue->arena = arena_new(SIZE_MAX);
	catalogue->checks = g_array_new(FALSE, TRUE, sizeof(struct check));
	catalogue->benchmarks = g_array_new(FALSE, TRUE, sizeof(struct benchmark));
	catalogue->sources = g_array_new(FALSE, TRUE, sizeof(struct catalogue_source));
	return catalogue;
}

struct catalogue *catalogue_new_from(const struct catalogue_source *sources, guint n,
				     GError **error)
{
	PLIMSOLL_AUTO(catalogue) *catalogue = make_catalogue();

	g_array_append_vals(catalogue->sources, sources, n);
	return read_sources(catalogue, error) ? g_steal_pointer(&catalogue) : NULL;
}

struct catalogue *catalogue_new(const char *dir, GError **error)
{
	PLIMSOLL_AUTO(catalogue) *catalogue = make_catalogue();

	add_embedded(catalogue->sources);
	if (dir != NULL && !add_folder(catalogue->sources, catalogue->arena, dir, error))
		return NULL;
	return read_sources(catalogue, error) ? g_steal_pointer(&catalogue) : NULL;
}

void catalogue_free(struct catalogue *catalogue)
{
	if (catalogue == NULL)
		return;
	g_array_free(catalogue->sources, TRUE);
	g_array_free(catalogue->benchmarks, TRUE);
	g_array_free(catalogue->checks, TRUE);
	arena_free(catalogue->arena);
	g_free(catalogue);
}

/* ---- look-ups ---- */

const struct check *catalogue_checks(const struct catalogue *catalogue, guint *ret_n)
{
	*ret_n = catalogue->checks->len;
	return (const struct check *)(void *)catalogue->checks->data;
}

const struct check *catalogue_find(const struct catalogue *catalogue, const char *name)
{
	for (guint i = 0; i < catalogue->checks->len; i++) {
		const struct check *check = &g_array_index(catalogue->checks, struct check, i);

		if (strcmp(check->name, name) == 0)
			return check;
	}
	return NULL;
}

const struct benchmark *catalogue_benchmarks(const struct catalogue *catalogue, guint *ret_n)
{
	*ret_n = catalogue->benchmarks->len;
	return (const struct benchmark *)(void *)catalogue->benchmarks->data;
}

const struct benchmark *catalogue_benchmark(const struct catalogue *catalogue, const char *name)
{
	static const char *const prefixes[] = {"", "cis-docker-"};
	const char *rest = g_str_has_prefix(name, "cis-1") ? name + strlen("cis-") : name;

	for (guint i = 0; i < catalogue->benchmarks->len; i++) {
		const struct benchmark *benchmark =
			&g_array_index(catalogue->benchmarks, struct benchmark, i);

		for (size_t k = 0; k < G_N_ELEMENTS(prefixes); k++)
			if (g_str_has_prefix(benchmark->name, prefixes[k]) &&
			    strcmp(benchmark->name + strlen(prefixes[k]), rest) == 0)
				return benchmark;
	}
	return NULL;
}

/* Name and size go in as well, so that moving text between files changes the hash. */
char *catalogue_hash(const struct catalogue *catalogue)
{
	g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);

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
	for (guint i = 0; i < catalogue->checks->len; i++) {
		const char *check = g_array_index(catalogue->checks, struct check, i).name;

		consider(&nearest, check, check);
	}
	for (guint i = 0; i < catalogue->benchmarks->len; i++) {
		const struct benchmark *benchmark =
			&g_array_index(catalogue->benchmarks, struct benchmark, i);

		for (guint k = 0; k < benchmark->n_entries; k++)
			consider(&nearest, benchmark->entries[k].id,
				 benchmark->entries[k].check->name);
	}
	return nearest.name;
}
