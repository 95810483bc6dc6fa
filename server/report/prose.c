/* SPDX-License-Identifier: Apache-2.0 */
/* See prose.h. The text is a catalogue's, perhaps a site's own, so it is escaped like any other. */
#include "server/report/prose.h"

#include <stdbool.h>
#include <string.h>

enum { COMMAND_INDENT = 4 };

/* Where the writer stands; each block is closed before another kind opens. */
enum block { BLOCK_NONE, BLOCK_PARAGRAPH, BLOCK_ITEM, BLOCK_COMMAND };

struct writer {
	struct html *html;
	enum block block;
	bool in_list;
};

/* Words with `code` inside; an odd backtick is an ordinary character. */
static void write_words(struct html *html, const char *line)
{
	g_auto(GStrv) parts = g_strsplit(line, "`", -1);
	guint n = g_strv_length(parts);

	for (guint i = 0; i < n; i++) {
		bool is_code = i % 2 == 1 && i + 1 < n;

		if (is_code)
			h_lit(html, "<code>");
		else if (i % 2 == 1)
			h_lit(html, "`");
		h_own(html, parts[i]);
		if (is_code)
			h_lit(html, "</code>");
	}
}

/* Closes the innermost block; a command inside an item leaves the item open. */
static void close_block(struct writer *writer)
{
	switch (writer->block) {
	case BLOCK_PARAGRAPH:
		h_lit(writer->html, "</p>\n");
		break;
	case BLOCK_COMMAND:
		h_lit(writer->html, "</pre>\n");
		break;
	case BLOCK_NONE:
	case BLOCK_ITEM:
		break;
	}
	writer->block = writer->in_list ? BLOCK_ITEM : BLOCK_NONE;
}

static void close_list(struct writer *writer)
{
	close_block(writer);
	if (writer->in_list)
		h_lit(writer->html, "</li></ol>\n");
	writer->in_list = false;
	writer->block = BLOCK_NONE;
}

static void write_item(struct writer *writer, const char *words)
{
	close_block(writer);
	if (writer->in_list)
		h_lit(writer->html, "</li>\n<li>");
	else
		h_lit(writer->html, "<ol>\n<li>");
	writer->in_list = true;
	writer->block = BLOCK_ITEM;
	write_words(writer->html, words);
}

static void write_command(struct writer *writer, const char *words)
{
	if (writer->block == BLOCK_COMMAND) {
		h_lit(writer->html, "\n");
	} else {
		close_block(writer);
		h_lit(writer->html, "<pre>");
		writer->block = BLOCK_COMMAND;
	}
	h_own(writer->html, words);
}

static void write_continuation(struct writer *writer, const char *words)
{
	if (writer->block == BLOCK_COMMAND)
		close_block(writer);
	if (writer->block == BLOCK_NONE) {
		h_lit(writer->html, "<p>");
		writer->block = BLOCK_PARAGRAPH;
	} else {
		h_lit(writer->html, " ");
	}
	write_words(writer->html, words);
}

/* Length of "12. " at the start of a line, or 0. */
static size_t numbering(const char *words)
{
	size_t digits = strspn(words, "0123456789");

	return digits > 0 && digits < 3 && words[digits] == '.' && words[digits + 1] == ' '
		       ? digits + 2
		       : 0;
}

static void write_line(struct writer *writer, const char *line)
{
	size_t indent = strspn(line, " ");
	const char *words = line + indent;

	if (*words == '\0')
		close_block(writer);
	else if (indent >= COMMAND_INDENT)
		write_command(writer, words);
	else if (numbering(words) > 0)
		write_item(writer, words + numbering(words));
	else
		write_continuation(writer, words);
}

void prose_write_steps(struct html *html, const char *text)
{
	g_auto(GStrv) lines = text == NULL ? NULL : g_strsplit(text, "\n", -1);
	struct writer writer = {.html = html};

	for (guint i = 0; lines != NULL && lines[i] != NULL; i++)
		write_line(&writer, lines[i]);
	close_list(&writer);
}

void prose_write(struct html *html, const char *text)
{
	g_auto(GStrv) lines = text == NULL ? NULL : g_strsplit(text, "\n", -1);
	struct writer writer = {.html = html};

	for (guint i = 0; lines != NULL && lines[i] != NULL; i++) {
		const char *words = g_strstrip(lines[i]);

		if (*words == '\0')
			close_block(&writer);
		else
			write_continuation(&writer, words);
	}
	close_list(&writer);
}
