/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths as text: cleaning, and the relation of two paths component by component (RULES 0.9), with
 * the realpaths that the agent saw for named files. No file system is touched.
 */
#include "checks/derive/derive_path.h"
#include "checks/derive/derive_internal.h"

/* Takes the last component off; end stays at the start for "". */
static char *drop_last(char *start, char *end)
{
	while (end > start && *--end != '/')
		continue;
	return end;
}

char *derive_path_clean(struct derivation *d, const char *path)
{
	char *clean, *end;

	if (path == NULL || *path != '/')
		return NULL;
	clean = end = arena_calloc(d->arena, strlen(path) + 2, 1);
	for (const char *p = path; *p != '\0';) {
		size_t length = 0;

		/* By hand: components are short, and strcspn() takes longer to begin than this. */
		while (*p == '/')
			p++;
		while (p[length] != '\0' && p[length] != '/')
			length++;
		if (length == 2 && p[0] == '.' && p[1] == '.') {
			end = drop_last(clean, end);
		} else if (length > 0 && (length > 1 || p[0] != '.')) {
			*end++ = '/';
			memcpy(end, p, length);
			end += length;
		}
		p += length;
	}
	if (end == clean)
		*end++ = '/';
	*end = '\0';
	return clean;
}

enum path_relation derive_path_relation(const char *path, const char *entry)
{
	size_t i = 0;

	if (path == NULL || entry == NULL)
		return PATH_UNRELATED;
	while (path[i] != '\0' && path[i] == entry[i])
		i++;
	if (path[i] == entry[i])
		return PATH_EQUAL;
	/* the shorter one ends at a border of components; "/" is one */
	if (path[i] == '\0' && (entry[i] == '/' || (i == 1 && path[0] == '/')))
		return PATH_ABOVE;
	if (entry[i] == '\0' && (path[i] == '/' || (i == 1 && entry[0] == '/')))
		return PATH_BELOW;
	return PATH_UNRELATED;
}

/* The realpath of the longest known path that is path or stands above it; ret_rest what follows. */
static const char *longest_known(struct derivation *d, const char *path, const char **ret_rest)
{
	const char *best = NULL;
	size_t best_length = 0;

	for (size_t i = 0; i < d->facts->n_file; i++) {
		const Plimsoll__File *file = d->facts->file[i];
		enum path_relation relation = derive_path_relation(path, file->path);
		size_t length;

		if (file->real == NULL || (relation != PATH_EQUAL && relation != PATH_BELOW))
			continue;
		length = strlen(file->path);
		if (length > best_length && length > 1) {
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
