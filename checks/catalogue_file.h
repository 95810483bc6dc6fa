/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the catalogue share: loading one file of checks, and one benchmark; and the
 * tables that checks/compile_catalogue.c writes. */
#ifndef PLIMSOLL_CHECKS_CATALOGUE_FILE_H
#define PLIMSOLL_CHECKS_CATALOGUE_FILE_H

#include "checks/catalogue.h"
#include "checks/catalogue_yaml.h"

/* A file of the catalogue; its kind shows in its root: a list of checks, or the keys of a
 * benchmark. */
struct catalogue_source {
	struct yaml_file file;
	bool custom;
};

/* A catalogue that needs no reading. */
struct catalogue_tables {
	const struct check *checks;
	guint n_checks;
	const struct benchmark *benchmarks; /* their entries point into checks */
	guint n_benchmarks;
	const char *hash; /* NULL = no checks and no benchmarks */
};

/* The built-in catalogue: its YAML as C, generated when the program is built. */
extern const struct catalogue_tables catalogue_builtin;

/* As catalogue_new(), over another catalogue than the built-in one. Keeps a borrow of the tables'
 * members. */
struct catalogue *catalogue_new_over(const struct catalogue_tables *base, const char *dir,
				     GError **error);

/* A catalogue of these files alone. Names and texts are borrowed for as long as the catalogue
 * lives. For the compiler of the built-in one, tests and fuzzing. */
struct catalogue *catalogue_new_from(const struct catalogue_source *sources, guint n,
				     GError **error);

/* The keys of a check, and of a benchmark, for yaml_read_file(). */
extern const struct yaml_mapping check_yaml;
extern const struct yaml_mapping benchmark_yaml;

/*
 * Appends the checks that were read from one file to an array of struct check. A custom one
 * replaces a built-in one of the same name. error: CATALOGUE_ERROR.
 */
bool check_append(const struct yaml_list *list, bool custom, struct arena *arena, GArray *checks,
		  GError **error);

/* Makes a benchmark of what was read, with its checks looked up. error: CATALOGUE_ERROR. */
bool benchmark_resolve(const void *raw, const struct catalogue *catalogue, struct arena *arena,
		       struct benchmark *ret_benchmark, GError **error);

/* Copies a benchmark whose checks the catalogue has again, some of them replaced by custom ones.
 * error: CATALOGUE_ERROR: a check that replaces another lacks the variant asked for. */
bool benchmark_relink(const struct benchmark *from, const struct catalogue *catalogue,
		      struct arena *arena, struct benchmark *ret_benchmark, GError **error);

/* The order of recommendation numbers: 1.2 before 1.10, digits before letters. */
int benchmark_id_compare(const char *a, const char *b);

/* Edits between two texts: insert, delete, replace. */
guint text_distance(const char *a, const char *b);

#endif
