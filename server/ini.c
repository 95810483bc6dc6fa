/* SPDX-License-Identifier: Apache-2.0 */
/* See ini.h. GKeyFile understands the text but forgets its lines: they are looked up for errors. */
#include "server/ini.h"

#include <string.h>

GQuark config_error_quark(void)
{
	return g_quark_from_static_string("plimsoll-config-error-quark");
}

static bool is_group(const char *line, const char *group)
{
	size_t size = strlen(group);

	return line[0] == '[' && strncmp(line + 1, group, size) == 0 && line[1 + size] == ']';
}

static bool is_key(const char *line, const char *name)
{
	size_t size = strlen(name);

	return strncmp(line, name, size) == 0 && line[size + strspn(line + size, " \t")] == '=';
}

/* The line that gives a key, as GKeyFile sees it: the last one of its group. */
static guint find_line(const char *text, const char *group, const char *name)
{
	bool inside = false;
	guint found = 0;

	for (guint number = 1; text != NULL; number++) {
		const char *line = text + strspn(text, " \t");
		const char *end = strchr(text, '\n');

		if (*line == '[')
			inside = is_group(line, group);
		else if (inside && is_key(line, name))
			found = number;
		text = end != NULL ? end + 1 : NULL;
	}
	return found;
}

struct source {
	const char *path;
	const char *text;
	GKeyFile *file;
	ini_take *take;
	void *data;
};

static bool take_key(const struct source *source, const char *group, const char *name,
		     GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autofree char *value = g_key_file_get_string(source->file, group, name, &problem);

	if (value != NULL && source->take(source->data, group, name, g_strstrip(value), &problem))
		return true;
	g_propagate_prefixed_error(error, g_steal_pointer(&problem),
				   "'%s' line %u: [%s] %s: ", source->path,
				   find_line(source->text, group, name), group, name);
	return false;
}

static bool take_group(const struct source *source, const char *group, GError **error)
{
	g_auto(GStrv) names = g_key_file_get_keys(source->file, group, NULL, error);

	for (guint i = 0; names != NULL && names[i] != NULL; i++)
		if (!take_key(source, group, names[i], error))
			return false;
	return names != NULL;
}

static bool read_file(const char *path, ini_take *take, void *data, GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autofree char *text = NULL;
	g_auto(GStrv) groups = NULL;
	gsize size = 0;
	struct source source = {.path = path, .file = file, .take = take, .data = data};

	if (!g_file_get_contents(path, &text, &size, error))
		return false;
	if (!g_key_file_load_from_data(file, text, size, G_KEY_FILE_NONE, error)) {
		g_prefix_error(error, "'%s': ", path);
		return false;
	}
	source.text = text;
	groups = g_key_file_get_groups(file, NULL);
	for (guint i = 0; groups[i] != NULL; i++)
		if (!take_group(&source, groups[i], error))
			return false;
	return true;
}

static int compare_names(gconstpointer left, gconstpointer right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

bool ini_read(const char *path, ini_take *take, void *data, GError **error)
{
	g_autofree char *folder = g_strconcat(path, ".d", NULL);
	g_autoptr(GError) problem = NULL;
	g_autoptr(GDir) dir = g_dir_open(folder, 0, &problem);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	const char *name;

	if (!read_file(path, take, data, error))
		return false;
	/* What cannot be read may say something else than what can. */
	if (dir == NULL && !g_error_matches(problem, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL)
		if (g_str_has_suffix(name, ".conf"))
			g_ptr_array_add(names, g_build_filename(folder, name, NULL));
	g_ptr_array_sort(names, compare_names);
	for (guint i = 0; i < names->len; i++)
		if (!read_file(g_ptr_array_index(names, i), take, data, error))
			return false;
	return true;
}
