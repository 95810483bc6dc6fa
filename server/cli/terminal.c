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

enum { PATIENCE_MS = 400, REPAINT_MS = 200, PROGRESS_CHARS = 60 };

static const char erase_line[] = "\r\033[K";

/*
 * The line of progress. A thread of its own paints it, since a collector that waits for a daemon
 * that hangs calls nobody, and that is when people want to know.
 */
static struct {
	GMutex lock;
	GCond over_changed;
	bool is_over;
	char *words; /* clean; NULL = nothing reported yet */
	GThread *painter;
} progress;
static atomic_bool is_shown;      /* read by the signal handler */
static gint *_Atomic cancel_flag; /* so is this; NULL: the first Ctrl-C ends the program */

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
	gint *flag = atomic_load(&cancel_flag);

	(void)signal_number;
	if (flag != NULL && __atomic_exchange_n(flag, 1, __ATOMIC_SEQ_CST) == 0)
		return;
	if (atomic_load(&is_shown))
		say_erase();
	_exit(CLI_INTERRUPTED);
}

static void paint(void)
{
	fprintf(stderr, "%s%s", erase_line,
		progress.words != NULL ? progress.words : "asking the Docker Engine");
	fflush(stderr);
	atomic_store(&is_shown, true);
}

static gpointer paint_until_over(gpointer data)
{
	gint64 until_us = g_get_monotonic_time() + PATIENCE_MS * G_TIME_SPAN_MILLISECOND;

	(void)data;
	g_mutex_lock(&progress.lock);
	while (!progress.is_over) {
		if (g_cond_wait_until(&progress.over_changed, &progress.lock, until_us))
			continue;
		paint();
		until_us = g_get_monotonic_time() + REPAINT_MS * G_TIME_SPAN_MILLISECOND;
	}
	g_mutex_unlock(&progress.lock);
	return NULL;
}

/* A shell that started this in the background had SIGINT ignored; that stays so. */
static void catch_signal(int signal_number)
{
	struct sigaction now;
	struct sigaction action = {.sa_handler = interrupted};

	if (sigaction(signal_number, NULL, &now) == 0 && now.sa_handler != SIG_IGN)
		(void)sigaction(signal_number, &action, NULL);
}

/* What can end in order is ended so also where cron or a service manager wants it. */
static void catch_interrupt(void)
{
	catch_signal(SIGINT);
	if (atomic_load(&cancel_flag) == NULL)
		return;
	catch_signal(SIGTERM);
	catch_signal(SIGHUP);
}

void terminal_cancel_by(gint *flag)
{
	atomic_store(&cancel_flag, flag);
}

void terminal_begin(void)
{
	catch_interrupt();
	progress.is_over = false;
	if (isatty(STDERR_FILENO))
		progress.painter = g_thread_new("progress", paint_until_over, NULL);
}

void terminal_progress(const char *what, guint done, guint total, void *data)
{
	g_autoptr(GString) words = g_string_new(NULL);

	(void)data;
	g_string_printf(words, "%u/%u ", done, total);
	text_append(words, what, PROGRESS_CHARS, !g_get_charset(NULL));
	g_mutex_lock(&progress.lock);
	g_free(progress.words);
	progress.words = g_string_free(g_steal_pointer(&words), FALSE);
	g_mutex_unlock(&progress.lock);
}

void terminal_hide(void)
{
	g_mutex_lock(&progress.lock);
	if (atomic_exchange(&is_shown, false))
		say_erase();
	g_mutex_unlock(&progress.lock);
}

void terminal_say(const char *lines)
{
	fflush(stdout);
	fputs(lines, stderr);
}

void terminal_end(void)
{
	g_mutex_lock(&progress.lock);
	progress.is_over = true;
	g_cond_signal(&progress.over_changed);
	g_mutex_unlock(&progress.lock);
	g_clear_pointer(&progress.painter, g_thread_join);
	g_clear_pointer(&progress.words, g_free);
	if (atomic_exchange(&is_shown, false))
		say_erase();
}
