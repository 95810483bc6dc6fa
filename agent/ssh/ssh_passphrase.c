/* SPDX-License-Identifier: Apache-2.0 */
/* See ssh_passphrase.h. */
#include "agent/ssh/ssh_passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>

#include "proto/base.h"

enum {
	TRIES = 3,
	PASSPHRASE_BYTES = 1024,
	ASK_MS = 60000,
	CONTROL_C = 3,
	END_OF_INPUT = 4,
	END_TRIES = 100,
	END_PAUSE_US = 20000
};

/* One asks at a time; `kept` has what was right, by file. */
static struct {
	GMutex lock;
	GHashTable *kept;
} passphrases;

static void wipe(char *text)
{
	explicit_bzero(text, strlen(text));
	g_free(text);
}

static void wipe_value(void *text)
{
	wipe(text);
}

enum answer { ANSWER_NONE, ANSWER_LINE, ANSWER_INTERRUPT };

/* Reads a line of less than PASSPHRASE_BYTES; text is NUL-terminated then. */
static enum answer read_line(int fd, const struct ssh_wait *wait, char text[PASSPHRASE_BYTES])
{
	for (size_t used = 0; used < PASSPHRASE_BYTES - 1;) {
		char c = '\0';

		if (!ssh_wait_for(wait, fd, POLLIN, NULL))
			return ANSWER_NONE;
		ssize_t got = read(fd, &c, 1);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got < 0 || (got == 0 && used == 0))
			return ANSWER_NONE;
		if (c == CONTROL_C)
			return ANSWER_INTERRUPT;
		if (got == 0 || c == '\n' || c == '\r' || c == END_OF_INPUT) {
			text[used] = '\0';
			return ANSWER_LINE;
		}
		text[used++] = c;
	}
	return ANSWER_NONE;
}

/* A program that does not end once it has answered, or was not waited for, is ended. */
static int end_program(GPid child, bool has_answered)
{
	int status = 0;

	for (int i = 0; has_answered && i < END_TRIES; i++) {
		if (waitpid(child, &status, WNOHANG) == child)
			return status;
		g_usleep(END_PAUSE_US);
	}
	(void)kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* The question is the program's one argument, its answer the first line that it prints. */
static bool ask_program(const char *program, const char *question, const struct ssh_wait *wait,
			char text[PASSPHRASE_BYTES])
{
	const char *argv[] = {program, question, NULL};
	const guint flags = G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_SEARCH_PATH | G_SPAWN_CLOEXEC_PIPES;
	PLIMSOLL_AUTO_FD out = -1;
	GPid child = 0;
	int status = 0;
	bool came = false;

	if (!g_spawn_async_with_pipes(NULL, (char **)(uintptr_t)argv, NULL, (GSpawnFlags)flags,
				      NULL, NULL, &child, NULL, &out, NULL, NULL))
		return false;
	came = read_line(out, wait, text) == ANSWER_LINE;
	status = end_program(child, came);
	return came && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Without echo; Ctrl-C is read and raised afterwards, so that the terminal is never left that way.
 */
static bool ask_terminal(const char *question, const struct ssh_wait *wait,
			 char text[PASSPHRASE_BYTES])
{
	PLIMSOLL_AUTO_FD fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	struct termios before, quiet;
	enum answer answer = ANSWER_NONE;

	if (fd < 0 || tcgetattr(fd, &before) != 0)
		return false;
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ISIG | ICANON);
	if (tcsetattr(fd, TCSAFLUSH, &quiet) != 0)
		return false;
	if (write(fd, question, strlen(question)) >= 0)
		answer = read_line(fd, wait, text);
	(void)tcsetattr(fd, TCSAFLUSH, &before);
	if (answer == ANSWER_INTERRUPT)
		(void)raise(SIGINT);
	return write(fd, "\n", 1) == 1 && answer == ANSWER_LINE;
}

static bool ask(const char *file, const struct ssh_wait *wait, char text[PASSPHRASE_BYTES])
{
	g_autofree char *question = g_strdup_printf("Enter passphrase for key '%s': ", file);
	const char *program = g_getenv("SSH_ASKPASS");

	if (program != NULL && program[0] != '\0')
		return ask_program(program, question, wait, text);
	return ask_terminal(question, wait, text);
}

/* Called with the lock held. */
static bool ask_and_try(const char *file, struct ssh_wait *wait,
			bool (*use)(const char *passphrase, void *data), void *data)
{
	bool is_right = false, came = true;

	for (int i = 0; i < TRIES && came && !is_right; i++) {
		char text[PASSPHRASE_BYTES];
		gint64 began_us = g_get_monotonic_time();
		const struct ssh_wait asking = {began_us + ASK_MS * INT64_C(1000), wait->cancelled};

		came = ask(file, &asking, text);
		wait->until_us += g_get_monotonic_time() - began_us;
		is_right = came && use(text, data);
		if (is_right)
			g_hash_table_replace(passphrases.kept, g_strdup(file), g_strdup(text));
		explicit_bzero(text, sizeof(text));
	}
	return is_right;
}

bool ssh_passphrase_try(const char *file, struct ssh_wait *wait,
			bool (*use)(const char *passphrase, void *data), void *data)
{
	bool is_right = false;
	char *kept = NULL;

	g_mutex_lock(&passphrases.lock);
	if (passphrases.kept == NULL)
		passphrases.kept =
			g_hash_table_new_full(g_str_hash, g_str_equal, g_free, wipe_value);
	kept = g_strdup(g_hash_table_lookup(passphrases.kept, file));
	if (kept == NULL)
		is_right = ask_and_try(file, wait, use, data);
	g_mutex_unlock(&passphrases.lock);
	if (kept == NULL)
		return is_right;
	is_right = use(kept, data);
	wipe(kept);
	return is_right;
}

void ssh_passphrase_forget(void)
{
	g_mutex_lock(&passphrases.lock);
	g_clear_pointer(&passphrases.kept, g_hash_table_unref);
	g_mutex_unlock(&passphrases.lock);
}
