/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 1 of the flow, agentless: the stream to a shell of another machine. What comes back is
 * believed between marks only, and every wait has an end.
 */
#include "agent/ssh/remote_shell.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "agent/ssh/remote_round.h"
#include "agent/ssh_target.h"
#include "proto/limits.h"

enum { CHUNK_BYTES = 64 << 10, FIRST_LINE_BYTES = 100, SLOW_BYTES = 2000 };

extern const char remote_script[];
extern const size_t remote_script_size;

/* ---- the stream ---- */

static void lose(struct remote_shell *shell, const char *why)
{
	if (shell->lost == NULL)
		shell->lost = g_strdup(why);
}

static void send_some(struct remote_shell *shell, const char *data, size_t size, size_t *sent)
{
	ssize_t done = send(shell->fd, data + *sent, size - *sent, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (done > 0)
		*sent += (size_t)done;
	else if (errno != EAGAIN && errno != EINTR)
		*sent = size; /* what the other end had to say before it left is still read */
}

static void receive_some(struct remote_shell *shell)
{
	guint had = shell->in->len;
	ssize_t got = 0;

	g_byte_array_set_size(shell->in, had + CHUNK_BYTES);
	got = recv(shell->fd, shell->in->data + had, CHUNK_BYTES, MSG_DONTWAIT);
	g_byte_array_set_size(shell->in, had + (got > 0 ? (guint)got : 0));
	if (got == 0)
		lose(shell, "the connection ended");
	else if (got < 0 && errno != EAGAIN && errno != EINTR)
		lose(shell, g_strerror(errno));
}

/* Returns where the trip's closing line ends; 0 = the stream is lost before, or the time is over.
 */
static size_t converse(struct remote_shell *shell, const char *data, size_t size, guint trip,
		       size_t max_bytes, gint64 deadline_us)
{
	size_t sent = 0;
	size_t searched = 0;

	while (shell->lost == NULL) {
		struct pollfd ready = {.fd = shell->fd,
				       .events = (short)(POLLIN | (sent < size ? POLLOUT : 0))};
		gint64 left_ms = (deadline_us - g_get_monotonic_time() + 999) / 1000;
		size_t end = 0;

		if (left_ms <= 0)
			break;
		if (poll(&ready, 1, (int)MIN(left_ms, G_MAXINT)) <= 0)
			continue;
		if ((ready.revents & POLLOUT) != 0)
			send_some(shell, data, size, &sent);
		if ((ready.revents & (POLLIN | POLLHUP | POLLERR)) != 0)
			receive_some(shell);
		end = remote_frames_end((const char *)shell->in->data, shell->in->len, searched,
					shell->mark, trip);
		if (end != 0)
			return end;
		searched = shell->in->len;
		if (shell->in->len > max_bytes)
			lose(shell, "it answered more than is taken");
	}
	return 0;
}

static void lose_to_time(struct remote_shell *shell)
{
	if (shell->lost != NULL)
		return;
	shell->has_timed_out = true;
	lose(shell, "the answers took too long");
}

/* bash takes a script byte by byte, a system call each; GNU's head takes just what it is told to. A
 * block that did not come whole is not run, and neither is what is left of it. */
static void make_block(guint trip, char **text)
{
	g_autofree char *plain = *text;

	*text = g_strdup_printf(
		"block=$(head -c %zu); case $block in *' z %u\"') eval \"$block\" ;; "
		"*) exit 1 ;; esac\n%s",
		strlen(plain), trip, plain);
}

GArray *remote_shell_trip(struct remote_shell *shell, const GString *calls, gint64 deadline_us)
{
	g_autofree char *text = NULL;
	guint trip = ++shell->trips;

	g_byte_array_set_size(shell->in, 0);
	text = g_strdup_printf("%secho \"$M z %u\"\n", calls->str, trip);
	if (shell->tools.bash && shell->tools.gnu_ls && strlen(text) > SLOW_BYTES)
		make_block(trip, &text);
	if (shell->lost == NULL &&
	    converse(shell, text, strlen(text), trip, LIMIT_SSH_ROUND_BYTES, deadline_us) == 0)
		lose_to_time(shell);
	return remote_frames_parse((const char *)shell->in->data, shell->in->len, shell->mark);
}

GArray *remote_shell_aside(struct remote_shell *shell, const char *quoted, gint64 deadline_us)
{
	guint trip = ++shell->trips;
	g_autofree char *text = g_strdup_printf("aside %u %u %s &\n", ++shell->calls, trip, quoted);

	g_byte_array_set_size(shell->in, 0);
	if (converse(shell, text, strlen(text), trip, LIMIT_SSH_ROUND_BYTES, deadline_us) == 0)
		shell->is_aside_lost = true;
	return remote_frames_parse((const char *)shell->in->data, shell->in->len, shell->mark);
}

/* ---- the start ---- */

static bool choose_mark(char *mark, GError **error)
{
	static const char digits[] = "0123456789abcdef";
	guint8 bytes[REMOTE_MARK_CHARS / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
		g_set_error(error, SSH_ERROR, SSH_ERROR_LOCAL, "no random numbers: %s",
			    g_strerror(errno));
		return false;
	}
	for (size_t i = 0; i < sizeof(bytes); i++) {
		mark[2 * i] = digits[bytes[i] >> 4];
		mark[2 * i + 1] = digits[bytes[i] & 15];
	}
	return true;
}

/* The first line that came instead of a mark, printable. gives: g_free(); NULL: nothing came. */
static char *first_line(const struct remote_shell *shell)
{
	const char *text = (const char *)shell->in->data;
	size_t size = MIN(shell->in->len, (guint)FIRST_LINE_BYTES);
	size_t start = 0;
	char *line = NULL;

	while (start < size && (g_ascii_isspace(text[start]) || text[start] == '\0'))
		start++;
	if (start == size)
		return NULL;
	line = g_strndup(text + start, size - start);
	line[strcspn(line, "\r\n")] = '\0';
	for (char *at = line; *at != '\0'; at++) {
		if (!g_ascii_isprint(*at))
			*at = '?';
	}
	return line;
}

static void set_start_error(const struct remote_shell *shell, GError **error)
{
	g_autofree char *line = first_line(shell);

	if (shell->has_timed_out)
		g_set_error(error, SSH_ERROR, SSH_ERROR_TIMEOUT,
			    "no POSIX shell answered in time%s%s",
			    line == NULL ? "" : "; it said: ", line == NULL ? "" : line);
	else if (shell->in->len > LIMIT_SSH_NOISE_BYTES)
		g_set_error(error, SSH_ERROR, SSH_ERROR_SHELL,
			    "the login printed more than %u KiB before any shell answered: %s",
			    LIMIT_SSH_NOISE_BYTES >> 10, line == NULL ? "" : line);
	else if (line != NULL)
		g_set_error(error, SSH_ERROR, SSH_ERROR_SHELL, "no POSIX shell: %s", line);
	else
		g_set_error(error, SSH_ERROR, SSH_ERROR_SHELL,
			    "no POSIX shell: it ended without a word");
}

static void take_tool(struct remote_tools *tools, const char *name)
{
	const struct {
		const char *name;
		bool *has;
	} places[] = {
		{"gnu-find", &tools->gnu_find},
		{"gnu-grep", &tools->gnu_grep},
		{"gnu-ls", &tools->gnu_ls},
		{"find", &tools->find},
		{"grep", &tools->grep},
		{"head", &tools->head},
		{"ls", &tools->ls},
		{"readlink", &tools->readlink},
		{"stat", &tools->stat},
		{"xargs", &tools->xargs},
		{"cat", &tools->cat},
		{"cut", &tools->cut},
		{"tr", &tools->tr},
		{"auditctl", &tools->auditctl},
		{"ss", &tools->ss},
		{"timeout", &tools->timeout},
		{"bash", &tools->bash},
	};

	for (guint i = 0; i < G_N_ELEMENTS(places); i++) {
		if (strcmp(places[i].name, name) == 0)
			*places[i].has = true;
	}
}

static void take_socket(struct remote_shell *shell, const char *socket_path, const char *word)
{
	const char *trouble = "is not there, or not to be seen by this user";
	int errno_value = ENOENT;

	if (strcmp(word, "good") == 0)
		return;
	if (strcmp(word, "closed") == 0) {
		trouble = "is not open to this user";
		errno_value = EACCES;
	} else if (strcmp(word, "other") == 0) {
		trouble = "is no socket";
		errno_value = ENOTSOCK;
	}
	shell->facts.socket_errno = errno_value;
	shell->socket_trouble = g_strdup_printf("%s %s", socket_path, trouble);
}

static void name_missing(struct remote_shell *shell)
{
	const struct remote_tools *tools = &shell->tools;
	const struct {
		const char *name;
		bool has;
	} wanted[] = {
		{"find", tools->find},
		{"head", tools->head},
		{"stat", tools->stat || tools->gnu_find},
		{"readlink", tools->readlink || tools->gnu_find},
		{"cat", tools->cat},
	};
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	for (guint i = 0; i < G_N_ELEMENTS(wanted); i++) {
		if (!wanted[i].has)
			g_ptr_array_add(names, (gpointer)(uintptr_t)wanted[i].name);
	}
	if (names->len == 0)
		return;
	g_ptr_array_add(names, NULL);
	shell->missing = g_strjoinv(", ", (char **)names->pdata);
}

static void take_hello(struct remote_shell *shell, const char *socket_path,
		       const struct remote_frame *frame)
{
	g_autofree char *text = g_strndup(frame->output, frame->output_size);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	const char *socket_word = "absent";

	for (guint i = 0; lines[i] != NULL; i++) {
		if (g_str_has_prefix(lines[i], "has "))
			take_tool(&shell->tools, lines[i] + strlen("has "));
		else if (g_str_has_prefix(lines[i], "socket "))
			socket_word = lines[i] + strlen("socket ");
		else if (g_str_has_prefix(lines[i], "pid ") && shell->pid == NULL)
			shell->pid = g_strdup(lines[i] + strlen("pid "));
		shell->facts.is_root |= strcmp(lines[i], "uid 0") == 0;
		shell->facts.has_docker |= strcmp(lines[i], "has docker") == 0;
	}
	take_socket(shell, socket_path, socket_word);
	name_missing(shell);
	shell->facts.missing = shell->missing;
	shell->facts.socket_trouble = shell->socket_trouble;
}

/* What is for readers stays here. gives: g_free(). */
static char *without_comments(const char *script)
{
	GString *text = g_string_new(NULL);
	g_auto(GStrv) lines = g_strsplit(script, "\n", -1);

	for (guint i = 0; lines[i] != NULL; i++) {
		if (lines[i][0] != '\0' && lines[i][0] != '#')
			g_string_append_printf(text, "%s\n", lines[i]);
	}
	return g_string_free(text, FALSE);
}

static bool start(struct remote_shell *shell, const char *socket_path, gint64 timeout_ms,
		  GError **error)
{
	gint64 deadline_us = g_get_monotonic_time() + timeout_ms * 1000;
	g_autofree char *quoted = g_shell_quote(socket_path);
	g_autofree char *script = NULL;
	g_autofree char *text = NULL;
	g_autoptr(GArray) frames = NULL;

	if (!choose_mark(shell->mark, error) || !choose_mark(shell->inner_mark, error))
		return false;
	script = without_comments(remote_script);
	text = g_strdup_printf("M=%s\nN=%s\nS=%s\n%s", shell->mark, shell->inner_mark, quoted,
			       script);
	if (converse(shell, text, strlen(text), 0, LIMIT_SSH_NOISE_BYTES, deadline_us) == 0) {
		lose_to_time(shell);
		set_start_error(shell, error);
		return false;
	}
	frames = remote_frames_parse((const char *)shell->in->data, shell->in->len, shell->mark);
	if (frames->len != 1) {
		g_set_error(error, SSH_ERROR, SSH_ERROR_SHELL,
			    "the shell does not do as a POSIX shell does");
		return false;
	}
	take_hello(shell, socket_path, &g_array_index(frames, struct remote_frame, 0));
	return true;
}

struct remote_shell *remote_shell_new(int fd, const char *socket_path, gint64 timeout_ms,
				      GError **error)
{
	PLIMSOLL_AUTO(remote_shell) *shell = g_new0(struct remote_shell, 1);

	shell->fd = fd;
	shell->in = g_byte_array_new();
	if (!start(shell, socket_path, timeout_ms, error))
		return NULL;
	return g_steal_pointer(&shell);
}

void remote_shell_free(struct remote_shell *shell)
{
	if (shell == NULL)
		return;
	plimsoll_auto_close(&shell->fd);
	g_byte_array_unref(shell->in);
	g_free(shell->lost);
	g_free(shell->pid);
	g_free(shell->missing);
	g_free(shell->socket_trouble);
	g_free(shell);
}

const struct remote_shell_facts *remote_shell_facts(const struct remote_shell *shell)
{
	return &shell->facts;
}

/* ---- a batch ---- */

static bool answer(struct remote_round *round, enum host_want kind, void *want)
{
	switch (kind) {
	case HOST_WANT_STAT:
		return remote_answer_stat(round, want);
	case HOST_WANT_READ:
		return remote_answer_read(round, want);
	case HOST_WANT_LINK:
		return remote_answer_link(round, want);
	case HOST_WANT_LIST:
		return remote_answer_list(round, want);
	case HOST_WANT_PEER:
		return remote_answer_peer(round, want);
	}
	g_assert_not_reached();
}

static bool mark_done(struct remote_round *round, void *want, bool is_done)
{
	if (is_done)
		g_hash_table_add(round->done, want);
	return is_done;
}

/* What has no answer yet is looked at again after each trip, and asks for what it then lacks. */
static bool answer_all(struct remote_round *round)
{
	const struct host_batch *batch = round->batch;
	bool is_done = true;

	if (batch->processes != NULL && !g_hash_table_contains(round->done, batch->processes))
		is_done &= mark_done(round, batch->processes,
				     remote_answer_processes(round, batch->processes));
	for (guint kind = 0; kind < HOST_WANT_KINDS; kind++) {
		for (guint i = 0; i < batch->wants[kind]->len; i++) {
			void *want = batch->wants[kind]->pdata[i];

			if (!g_hash_table_contains(round->done, want))
				is_done &= mark_done(round, want, answer(round, kind, want));
		}
	}
	if (batch->self != NULL && !g_hash_table_contains(round->done, batch->self))
		is_done &= mark_done(round, batch->self, remote_answer_self(round, batch->self));
	if (batch->audit != NULL && !g_hash_table_contains(round->done, batch->audit))
		is_done &= mark_done(round, batch->audit, remote_answer_audit(round, batch->audit));
	return is_done;
}

/* Again, now with what may hang, one name after the other. */
static void answer_aside(struct remote_round *round, struct host_stat *stat, gint64 deadline_us)
{
	const struct remote_shell *shell = round->shell;

	while (stat->state.status == PLIMSOLL__FETCH__STATUS__TIMEOUT && !shell->is_aside_lost &&
	       shell->lost == NULL && g_get_monotonic_time() < deadline_us) {
		g_clear_pointer(&round->wait_for, g_free);
		while (!remote_answer_stat(round, stat) && remote_round_trip(round)) {
		}
		if (round->wait_for == NULL)
			return;
		remote_round_aside(round, round->wait_for, deadline_us);
	}
}

static void answer_suspects(struct remote_round *round)
{
	const GPtrArray *stats = round->batch->wants[HOST_WANT_STAT];
	const struct remote_tools *tools = &round->shell->tools;
	gint64 deadline_us = g_get_monotonic_time() + LIMIT_HOST_ASIDE_MS * INT64_C(1000);

	if (round->batch->suspects->len == 0 || !tools->gnu_find || !tools->timeout)
		return;
	for (guint i = 0; i < stats->len; i++)
		answer_aside(round, stats->pdata[i], MIN(deadline_us, round->deadline_us));
}

bool remote_shell_ask(struct remote_shell *shell, struct host_batch *batch, GError **error)
{
	struct remote_round round;

	if (shell->lost != NULL) {
		g_set_error(error, SSH_ERROR, SSH_ERROR_LOST, "%s", shell->lost);
		return false;
	}
	remote_round_init(&round, shell, batch);
	while (!answer_all(&round) && remote_round_trip(&round)) {
	}
	answer_suspects(&round);
	remote_round_done(&round);
	return true;
}
