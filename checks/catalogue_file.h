/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the catalogue share: loading one file of checks, and one benchmark. */
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

/* The files compiled into the program, in byte order of names; terminated by name == NULL. */
struct embedded_file {
	const char *name; /* path in the repository */
	const char *text;
	const size_t *size; /* not a constant expression across object files */
};
extern const struct embedded_file catalogue_embedded[];

/* As catalogue_new(), from these files alone. Names and texts are borrowed for as long as the
 * catalogue lives. For tests and fuzzing. */
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

/* The order of recommendation numbers: 1.2 before 1.10, digits before letters. */
int benchmark_id_compare(const char *a, const char *b);

/* Edits between two texts: insert, delete, replace. */
guint text_distance(const char *a, const char *b);

#endif
