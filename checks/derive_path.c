/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths as text: cleaning, and the relation of two paths component by component (RULES 0.9), with
 * the realpaths that the agent saw for named files. No file system is touched.
 */
#include "checks/derive_internal.h"

char *derive_path_clean(struct derivation *d, const char *path)
{
	g_auto(GStrv) parts = NULL;
	g_autoptr(GString) clean = g_string_new("");

	if (path == NULL || *path != '/')
		return NULL;
	parts = g_strsplit(path, "/", -1);
	for (guint i = 0; parts[i] != NULL; i++) {
		if (*parts[i] == '\0' || strcmp(parts[i], ".") == 0)
			continue;
		if (strcmp(parts[i], "..") != 0) {
			g_string_append_c(clean, '/');
			g_string_append(clean, parts[i]);
		} else if (clean->len > 0) {
			g_string_truncate(clean, (gsize)(strrchr(clean->str, '/') - clean->str));
		}
	}
	return arena_strdup(d->arena, clean->len == 0 ? "/" : clean->str);
}

static bool is_below(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	if (length == 1) /* "/" */
		return path[0] == '/' && path[1] != '\0';
	return strncmp(path, directory, length) == 0 && path[length] == '/';
}

enum path_relation derive_path_relation(const char *path, const char *entry)
{
	if (path == NULL || entry == NULL)
		return PATH_UNRELATED;
	if (strcmp(path, entry) == 0)
		return PATH_EQUAL;
	if (is_below(entry, path))
		return PATH_ABOVE;
	return is_below(path, entry) ? PATH_BELOW : PATH_UNRELATED;
}

/* The realpath of the longest known path that is path or stands above it; ret_rest what follows. */
static const char *longest_known(struct derivation *d, const char *path, const char **ret_rest)
{
	const char *best = NULL;
	size_t best_length = 0;

	for (size_t i = 0; i < d->facts->n_file; i++) {
		const Plimsoll__File *file = d->facts->file[i];
		size_t length = file->path != NULL ? strlen(file->path) : 0;

		if (file->real == NULL || length <= best_length || length < 2)
			continue;
		if (strcmp(path, file->path) == 0 || is_below(path, file->path)) {
			best = file->real;
			best_length = length;
		}
	}
	*ret_rest = path + best_length;
	return best;
}

const char *derive_path_real(struct derivation *d, const char *path)
{
	const char *clean = derive_path_clean(d, path);
	const char *rest = NULL;
	const char *real = clean != NULL ? longest_known(d, clean, &rest) : NULL;

	return real == NULL ? clean : derive_path_clean(d, derive_text(d, "%s%s", real, rest));
}

/* A row of that very path comes before one that only leads to it. */
int64_t derive_file_find(struct derivation *d, Plimsoll__File__Role role, const char *path)
{
	const char *clean = derive_path_clean(d, path);
	int64_t found = -1;

	for (size_t i = 0; path != NULL && i < d->facts->n_file; i++) {
		const Plimsoll__File *file = d->facts->file[i];

		if (!file->has_role || file->role != role || file->path == NULL)
			continue;
		if (strcmp(file->path, path) == 0 || g_strcmp0(file->path, clean) == 0)
			return (int64_t)i;
		if (found < 0 && clean != NULL && g_strcmp0(file->real, clean) == 0)
			found = (int64_t)i;
	}
	return found;
}
