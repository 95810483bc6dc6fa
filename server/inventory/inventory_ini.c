/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inventories line by line: plain lists of targets, and Ansible's INI form ([group],
 * [group:children], [group:vars], settings behind a machine's name).
 */
#include <string.h>

#include "server/inventory/inventory_private.h"

enum section { SECTION_HOSTS, SECTION_CHILDREN, SECTION_VARS };

struct ini_reader {
	struct inventory_file *file;
	struct inventory_group *group; /* NULL: before the first section */
	enum section section;
	struct inventory_place place;
};

/* --- words, as a shell splits them --- */

/* One word from *at, quotes taken away; false: a quote is open. *ret_word NULL: the line is over.
 */
static bool next_word(const char **at, char **ret_word)
{
	const char *text = *at + strspn(*at, " \t\r");
	g_autoptr(GString) word = g_string_new(NULL);
	char quote = '\0';

	*ret_word = NULL;
	if (*text == '\0' || *text == '#')
		return true;
	for (; *text != '\0'; text++) {
		if (quote != '\0' && *text == quote)
			quote = '\0';
		else if (quote == '\0' && (*text == '"' || *text == '\''))
			quote = *text;
		else if (quote == '\0' && strchr(" \t\r#", *text) != NULL)
			break;
		else if (*text == '\\' && quote != '\'' && text[1] != '\0')
			g_string_append_c(word, *++text);
		else
			g_string_append_c(word, *text);
	}
	*at = text;
	*ret_word = g_string_free(g_steal_pointer(&word), FALSE);
	return quote == '\0';
}

/* --- lines --- */

static void set_on_host(struct inventory_host *host, void *data)
{
	const GPtrArray *settings = data;

	for (guint i = 0; i < settings->len; i++) {
		const char *text = settings->pdata[i];
		const char *equals = strchr(text, '=');
		g_autofree char *name = g_strndup(text, (gsize)(equals - text));

		inventory_set(host->vars, name, equals + 1);
	}
}

static bool read_settings(const struct ini_reader *reader, const char *at, GPtrArray *settings,
			  GError **error)
{
	for (;;) {
		g_autofree char *word = NULL;

		if (!next_word(&at, &word))
			return inventory_fault(reader->file, reader->place, error,
					       "a quote is not closed");
		if (word == NULL)
			return true;
		/* It may be a password that somebody wrote with a blank. */
		if (strchr(word, '=') == NULL || word[0] == '=')
			return inventory_fault(reader->file, reader->place, error,
					       "behind a machine stand settings NAME=VALUE");
		g_ptr_array_add(settings, g_steal_pointer(&word));
	}
}

static bool read_host(struct ini_reader *reader, const char *line, GError **error)
{
	g_autoptr(GPtrArray) settings = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *pattern = NULL;

	if (!next_word(&line, &pattern) || pattern == NULL)
		return inventory_fault(reader->file, reader->place, error, "a quote is not closed");
	return read_settings(reader, line, settings, error) &&
	       inventory_add_hosts(reader->file, reader->group, pattern, reader->place, set_on_host,
				   settings, error);
}

static bool read_child(struct ini_reader *reader, const char *line, GError **error)
{
	g_autofree char *name = NULL;
	g_autofree char *more = NULL;
	struct inventory_group *child = NULL;

	if (!next_word(&line, &name) || name == NULL || !next_word(&line, &more) || more != NULL)
		return inventory_fault(reader->file, reader->place, error,
				       "expected the name of one group");
	child = inventory_group(reader->file, name, reader->place, error);
	return child != NULL &&
	       inventory_add_child(reader->file, reader->group, child, reader->place, error);
}

/* A value in quotes is what stands in them. */
static char *unquote(const char *value)
{
	const char *end = value[0] == '"' || value[0] == '\'' ? strchr(value + 1, value[0]) : NULL;
	const char *rest = end != NULL ? end + 1 + strspn(end + 1, " \t\r") : NULL;

	if (rest == NULL || (*rest != '\0' && *rest != '#'))
		return g_strdup(value);
	return g_strndup(value + 1, (gsize)(end - value - 1));
}

static bool read_var(struct ini_reader *reader, char *line, GError **error)
{
	char *equals = strchr(line, '=');
	g_autofree char *value = NULL;

	if (equals == NULL || equals == line)
		return inventory_fault(reader->file, reader->place, error,
				       "expected a setting NAME = VALUE");
	*equals = '\0';
	value = unquote(g_strstrip(equals + 1));
	inventory_set(reader->group->vars, g_strstrip(line), value);
	return true;
}

/* --- sections --- */

/* "[web]", "[web:vars]  # why"; what else begins with a bracket is a machine. */
static bool is_section(const char *line, char **ret_name, char **ret_kind)
{
	const char *end = line[0] == '[' ? strchr(line, ']') : NULL;
	const char *rest = end != NULL ? end + 1 + strspn(end + 1, " \t\r") : NULL;
	g_autofree char *inner = NULL;
	char *colon = NULL;

	if (rest == NULL || (*rest != '\0' && *rest != '#'))
		return false;
	inner = g_strstrip(g_strndup(line + 1, (gsize)(end - line - 1)));
	colon = strchr(inner, ':');
	if (colon == inner || (colon != NULL && strchr(colon + 1, ':') != NULL))
		return false;
	if (colon != NULL)
		*colon++ = '\0';
	*ret_kind = g_strdup(colon);
	*ret_name = g_steal_pointer(&inner);
	return true;
}

static bool begin_section(struct ini_reader *reader, const char *name, const char *kind,
			  GError **error)
{
	if (name[0] == '\0' || strpbrk(name, " \t") != NULL)
		return inventory_fault(reader->file, reader->place, error,
				       "this is no name of a group");
	if (kind == NULL || strcmp(kind, "hosts") == 0)
		reader->section = SECTION_HOSTS;
	else if (strcmp(kind, "children") == 0)
		reader->section = SECTION_CHILDREN;
	else if (strcmp(kind, "vars") == 0)
		reader->section = SECTION_VARS;
	else
		return inventory_fault(reader->file, reader->place, error,
				       "a section is [GROUP], [GROUP:children] or [GROUP:vars]");
	reader->group = inventory_group(reader->file, name, reader->place, error);
	return reader->group != NULL;
}

static bool read_line(struct ini_reader *reader, char *line, GError **error)
{
	g_autofree char *name = NULL;
	g_autofree char *kind = NULL;

	g_strstrip(line);
	if (line[0] == '\0' || line[0] == '#' || line[0] == ';')
		return true;
	if (is_section(line, &name, &kind))
		return begin_section(reader, name, kind, error);
	switch (reader->section) {
	case SECTION_CHILDREN:
		return read_child(reader, line, error);
	case SECTION_VARS:
		return read_var(reader, line, error);
	case SECTION_HOSTS:
	default:
		return read_host(reader, line, error);
	}
}

bool inventory_read_ini(struct inventory_file *file, const char *text, size_t size, GError **error)
{
	struct ini_reader reader = {.file = file};
	const char *end = text + size;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const size_t length = (size_t)((newline != NULL ? newline : end) - text);
		g_autofree char *line = g_strndup(text, length);

		reader.place.line++;
		if (!read_line(&reader, line, error))
			return false;
		text += length + 1;
	}
	return true;
}
