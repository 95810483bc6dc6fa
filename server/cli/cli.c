/* SPDX-License-Identifier: Apache-2.0 */
/* See cli.h. GOption reads; the words of refusal are ours, with a suggestion where one is near. */
#include "server/cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "server/format/text.h"

static void say(const char *command, const char *text)
{
	g_autoptr(GString) line = g_string_new("plimsoll");

	if (command != NULL)
		g_string_append_printf(line, " %s", command);
	g_string_append(line, ": ");
	text_append(line, text, TEXT_MAX_CHARS, !g_get_charset(NULL));
	fflush(stdout);
	fprintf(stderr, "%s\n", line->str);
}

void cli_say(const char *command, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	say(command, text);
}

int cli_usage(const char *command, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	say(command, text);
	fprintf(stderr, "See 'plimsoll %s%s--help'.\n", command != NULL ? command : "",
		command != NULL ? " " : "");
	return CLI_USAGE;
}

bool cli_write_stdout(const char *command, const char *text, size_t size)
{
	if (fwrite(text, 1, size, stdout) == size && fflush(stdout) == 0)
		return true;
	cli_say(command, "cannot write to standard output: %s", g_strerror(errno));
	return false;
}

/* "Unknown option --severty" with the nearest option of the table. */
static int refuse_option(const struct cli_options *options, const char *message)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	const char *word = strstr(message, " -");
	const char *near = NULL;
	g_autofree char *text = g_strdup(message);

	text[0] = g_ascii_tolower(text[0]);
	for (const GOptionEntry *entry = options->entries; entry->long_name != NULL; entry++)
		g_ptr_array_add(names, (gpointer)(guintptr)entry->long_name);
	if (word != NULL && g_str_has_prefix(word, " --"))
		near = cli_suggest(word + 3, (const char *const *)names->pdata, names->len);
	if (near != NULL)
		return cli_usage(options->command, "%s; did you mean --%s?", text, near);
	return cli_usage(options->command, "%s", text);
}

static GOptionContext *option_context(const struct cli_options *options, gboolean *ret_help)
{
	GOptionContext *context = g_option_context_new(NULL);
	const GOptionEntry help[] = {
		{"help", 'h', 0, G_OPTION_ARG_NONE, ret_help, NULL, NULL},
		G_OPTION_ENTRY_NULL,
	};

	g_option_context_set_help_enabled(context, FALSE);
	g_option_context_add_main_entries(context, options->entries, NULL);
	g_option_context_add_main_entries(context, help, NULL);
	return context;
}

static char **copy_arguments(int argc, char **argv)
{
	char **copy = g_new0(char *, (gsize)argc + 1);

	for (int i = 0; i < argc; i++)
		copy[i] = g_strdup(argv[i]);
	return copy;
}

/* What GOption left: the command's name, perhaps "--", then words. */
static char **take_words(char *const *left)
{
	g_autoptr(GStrvBuilder) words = g_strv_builder_new();
	bool skipped = false;

	for (guint i = 1; left[i] != NULL; i++) {
		if (!skipped && strcmp(left[i], "--") == 0)
			skipped = true;
		else
			g_strv_builder_add(words, left[i]);
	}
	return g_strv_builder_end(words);
}

bool cli_parse(const struct cli_options *options, int argc, char **argv, char ***ret_words,
	       int *ret_exit)
{
	gboolean want_help = FALSE;
	g_autoptr(GOptionContext) context = option_context(options, &want_help);
	g_auto(GStrv) left = copy_arguments(argc, argv);
	g_auto(GStrv) words = NULL;
	g_autoptr(GError) error = NULL;

	if (!g_option_context_parse_strv(context, &left, &error)) {
		*ret_exit = refuse_option(options, error->message);
		return false;
	}
	if (want_help) {
		*ret_exit = cli_write_stdout(options->command, options->help, strlen(options->help))
				    ? CLI_DONE
				    : CLI_IO;
		return false;
	}
	words = take_words(left);
	if (!options->takes_arguments && words[0] != NULL) {
		*ret_exit = cli_usage(options->command, "unexpected word '%s'", words[0]);
		return false;
	}
	if (ret_words != NULL)
		*ret_words = g_steal_pointer(&words);
	return true;
}
