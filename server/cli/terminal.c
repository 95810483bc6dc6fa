/* SPDX-License-Identifier: Apache-2.0 */
/* See terminal.h. */
#include "server/cli/terminal.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "server/cli/cli.h"
#include "server/format/text.h"

enum { PATIENCE_MS = 400, PROGRESS_CHARS = 60 };

static const char erase_line[] = "\r\033[K";
static atomic_bool is_shown;
static gint64 started_us;

static bool is_set(const char *variable)
{
	const char *value = g_getenv(variable);

	return value != NULL && *value != '\0';
}

/* NO_COLOR, then --color, then what forces it, then whether somebody looks. */
static bool wants_color(const struct audit_options *options, bool to_stdout)
{
	const char *term = g_getenv("TERM");

	if (is_set("NO_COLOR") || options->color == COLOR_NEVER)
		return false;
	if (options->color == COLOR_ALWAYS)
		return true;
	if (!to_stdout)
		return false;
	if (is_set("CLICOLOR_FORCE") || is_set("FORCE_COLOR"))
		return true;
	return isatty(STDOUT_FILENO) && term != NULL && strcmp(term, "dumb") != 0;
}

/* 0 when nobody looks: a pipe gets whole lines. */
static guint columns_of_stdout(void)
{
	struct winsize size = {0};

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
		return 0;
	return size.ws_col;
}

struct format_style terminal_style(const struct audit_options *options, bool to_stdout)
{
	return (struct format_style){
		.color = wants_color(options, to_stdout),
		.ascii = !g_get_charset(NULL),
		.columns = to_stdout ? columns_of_stdout() : 0,
		.show_all = options->show_all,
		.verbose = options->verbose,
		.only_rows = options->quiet,
	};
}

static void say_erase(void)
{
	ssize_t ignored = write(STDERR_FILENO, erase_line, sizeof(erase_line) - 1);

	(void)ignored;
}

static void interrupted(int signal_number)
{
	(void)signal_number;
	if (atomic_load(&is_shown))
		say_erase();
	_exit(CLI_INTERRUPTED);
}

/* A shell that started this in the background had SIGINT ignored; that stays so. */
void terminal_begin(void)
{
	struct sigaction now;
	struct sigaction action = {.sa_handler = interrupted};

	started_us = g_get_monotonic_time();
	if (sigaction(SIGINT, NULL, &now) == 0 && now.sa_handler != SIG_IGN)
		(void)sigaction(SIGINT, &action, NULL);
}

void terminal_progress(const char *what, guint done, guint total, void *data)
{
	g_autoptr(GString) line = g_string_new(NULL);

	(void)data;
	if (!isatty(STDERR_FILENO) ||
	    g_get_monotonic_time() - started_us < PATIENCE_MS * G_TIME_SPAN_MILLISECOND)
		return;
	text_append(line, what, PROGRESS_CHARS, !g_get_charset(NULL));
	atomic_store(&is_shown, true);
	fprintf(stderr, "%s%u/%u %s", erase_line, done, total, line->str);
	fflush(stderr);
}

void terminal_end(void)
{
	if (atomic_exchange(&is_shown, false))
		say_erase();
}
