/* SPDX-License-Identifier: Apache-2.0 */
/* See command.h. GOption reads; the words of refusal are ours, with a suggestion where one is near.
 */
#include "agent/cli/command.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { LONGEST_WORD = 64 };

/* Paths and a server's words may hold anything; a terminal and a journal get plain ASCII. */
static void say(const char *command, const char *text)
{
	g_autofree char *plain = g_strescape(text, "\"\\");

	fflush(stdout);
	fprintf(stderr, "plimsoll-agent%s%s: %s\n", command == NULL ? "" : " ",
		command == NULL ? "" : command, plain);
}

void command_say(const char *command, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	say(command, text);
}

int command_usage(const char *command, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	say(command, text);
	fprintf(stderr, "See 'plimsoll-agent %s%s--help'.\n", command == NULL ? "" : command,
		command == NULL ? "" : " ");
	return AGENT_USAGE;
}

bool command_write_stdout(const char *command, const char *text, size_t size)
{
	if (fwrite(text, 1, size, stdout) == size && fflush(stdout) == 0)
		return true;
	command_say(command, "cannot write to standard output: %s", g_strerror(errno));
	return false;
}

/* GOption says "Unknown option --stat"; we add the nearest one of the table. */
static int refuse_option(const struct command_options *options, const char *message)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	const char *word = strstr(message, " --");
	const char *nearest = NULL;
	g_autofree char *text = g_strdup(message);

	text[0] = g_ascii_tolower(text[0]);
	for (const GOptionEntry *entry = options->entries; entry->long_name != NULL; entry++)
		g_ptr_array_add(names, (gpointer)(guintptr)entry->long_name);
	if (word != NULL)
		nearest = command_suggest(word + strlen(" --"), (const char *const *)names->pdata,
					  names->len);
	if (nearest != NULL)
		return command_usage(options->command, "%s; did you mean --%s?", text, nearest);
	return command_usage(options->command, "%s", text);
}

static bool show_help(const struct command_options *options)
{
	return command_write_stdout(options->command, options->help, strlen(options->help));
}

bool command_parse(const struct command_options *options, int argc, char **argv, int *ret_exit)
{
	gboolean want_help = FALSE;
	const GOptionEntry help[] = {
		{"help", 'h', 0, G_OPTION_ARG_NONE, &want_help, NULL, NULL},
		G_OPTION_ENTRY_NULL,
	};
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	g_autoptr(GError) error = NULL;

	g_option_context_set_help_enabled(context, FALSE);
	g_option_context_add_main_entries(context, options->entries, NULL);
	g_option_context_add_main_entries(context, help, NULL);
	if (!g_option_context_parse(context, &argc, &argv, &error)) {
		*ret_exit = refuse_option(options, error->message);
		return false;
	}
	if (want_help) {
		*ret_exit = show_help(options) ? AGENT_DONE : AGENT_IO;
		return false;
	}
	if (argc > 1) {
		*ret_exit = command_usage(options->command, "unexpected word '%s'", argv[1]);
		return false;
	}
	return true;
}

/* Levenshtein distance; words beyond LONGEST_WORD bytes are far from everything. */
static size_t distance(const char *one, const char *two)
{
	size_t n = strlen(two);
	size_t row[LONGEST_WORD + 1];

	if (strlen(one) > LONGEST_WORD || n > LONGEST_WORD)
		return SIZE_MAX;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; one[i - 1] != '\0'; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t above = row[j];
			size_t changed = diagonal + (one[i - 1] == two[j - 1] ? 0 : 1);

			row[j] = MIN(MIN(above, row[j - 1]) + 1, changed);
			diagonal = above;
		}
	}
	return row[n];
}

const char *command_suggest(const char *word, const char *const *words, guint n_words)
{
	size_t nearest_distance = CLAMP(strlen(word) / 3, (size_t)1, (size_t)3);
	const char *nearest = NULL;

	for (guint i = 0; i < n_words; i++) {
		size_t found = distance(word, words[i]);

		if (found <= nearest_distance && (nearest == NULL || found < nearest_distance)) {
			nearest_distance = found;
			nearest = words[i];
		}
	}
	return nearest;
}
