/* SPDX-License-Identifier: Apache-2.0 */
/* Step 1 of the flow: reads unit files. */
#include "agent/collect/unit_text.h"

#include <stdbool.h>
#include <string.h>

static const char blanks[] = " \t\r\n";

struct reader {
	char *section;
	void (*each)(const char *section, const char *key, const char *value, void *data);
	void *data;
};

static void read_line(struct reader *reader, char *line)
{
	char *equals = NULL;
	size_t length = strlen(g_strstrip(line));

	if (length >= 2 && line[0] == '[' && line[length - 1] == ']') {
		g_free(reader->section);
		reader->section = g_strndup(line + 1, length - 2);
		return;
	}
	equals = strchr(line, '=');
	if (equals == NULL || reader->section == NULL)
		return;
	*equals = '\0';
	reader->each(reader->section, g_strchomp(line), g_strchug(equals + 1), reader->data);
}

static bool is_comment(const char *line)
{
	line += strspn(line, " \t\r");
	return *line == '#' || *line == ';';
}

void unit_text_each(const char *text,
		    void (*each)(const char *section, const char *key, const char *value,
				 void *data),
		    void *data)
{
	struct reader reader = {.each = each, .data = data};
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autoptr(GString) joined = g_string_new(NULL);

	for (guint i = 0; lines[i] != NULL; i++) {
		size_t length = strlen(g_strchomp(lines[i]));

		if (is_comment(lines[i])) /* also between continued lines */
			continue;
		g_string_append(joined, lines[i]);
		if (length > 0 && lines[i][length - 1] == '\\') {
			joined->str[joined->len - 1] = ' ';
			continue;
		}
		read_line(&reader, joined->str);
		g_string_truncate(joined, 0);
	}
	read_line(&reader, joined->str);
	g_free(reader.section);
}

/* Takes up to n digits. */
static const char *take_code(const char *at, guint n, guint base, GString *word)
{
	char digits[9] = {0};
	guint64 code = 0;

	for (guint i = 0; i < n; i++) {
		if (!g_ascii_isxdigit(at[i]))
			return NULL;
		digits[i] = at[i];
	}
	code = g_ascii_strtoull(digits, NULL, base);
	if (n <= 3)
		g_string_append_c(word, (gchar)(guchar)code);
	else if (g_unichar_validate((gunichar)code))
		g_string_append_unichar(word, (gunichar)code);
	return at + n;
}

/* at stands behind the backslash. gives: the place behind the escape. */
static const char *take_escape(const char *at, GString *word)
{
	static const char letters[] = "abfnrtvs\\\"'";
	static const char meanings[] = "\a\b\f\n\r\t\v \\\"'";
	const char *found = *at == '\0' ? NULL : strchr(letters, *at);
	const char *end = NULL;

	if (found != NULL) {
		g_string_append_c(word, meanings[found - letters]);
		return at + 1;
	}
	if (*at == 'x')
		end = take_code(at + 1, 2, 16, word);
	else if (*at == 'u')
		end = take_code(at + 1, 4, 16, word);
	else if (*at == 'U')
		end = take_code(at + 1, 8, 16, word);
	else if (*at >= '0' && *at <= '7')
		end = take_code(at, 3, 8, word);
	if (end != NULL)
		return end;
	g_string_append_c(word, '\\'); /* unknown: stays as it is */
	return at;
}

/* at stands on the first character of a word. gives: the place behind it. */
static const char *take_word(const char *at, GString *word)
{
	char quote = '\0';

	while (*at != '\0' && (quote != '\0' || strchr(blanks, *at) == NULL)) {
		if (*at == '\\') {
			at = take_escape(at + 1, word);
		} else if (quote != '\0' && *at == quote) {
			quote = '\0';
			at++;
		} else if (quote == '\0' && (*at == '"' || *at == '\'')) {
			quote = *at++;
		} else {
			g_string_append_c(word, *at++);
		}
	}
	return at;
}

char **unit_text_words(const char *command)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new();
	const char *at = command;

	for (;;) {
		g_autoptr(GString) word = g_string_new(NULL);
		const char *start = NULL;

		at += strspn(at, blanks);
		if (*at == '\0')
			break;
		start = at;
		at = take_word(at, word);
		if (at - start == 1 && *start == ';')
			break;
		g_ptr_array_add(words, g_strdup(word->str));
	}
	g_ptr_array_add(words, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&words), FALSE);
}
