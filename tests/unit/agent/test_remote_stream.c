/* SPDX-License-Identifier: Apache-2.0 */
/* A stream that is noisy, silent, endless or cut at any byte gives an error or fewer answers, never
 * a wrong one. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "agent/host_batch.h"
#include "agent/ssh/remote_frames.h"
#include "agent/ssh_target.h"
#include "proto/limits.h"
#include "tests/unit/agent/host_tree.h"
#include "tests/unit/agent/remote_end.h"
#include "tests/unit/support/scratch.h"

enum { MARK_CHARS = 32, MOST_TRIPS = 16, LONG_MS = 20000, SHORT_MS = 300 };

/* ---- what is no shell ---- */

static const struct {
	const char *claim;
	const char *command[4];
	gint64 timeout_ms;
	int code; /* of SSH_ERROR; -1: it is a shell */
	const char *message;
} starts[] = {
	{"login files may print",
	 {"sh", "-c", "echo 'Welcome b 0'; printf '\\377\\0\\n'; exec sh -s"},
	 LONG_MS,
	 -1,
	 NULL},
	{"an account without a shell",
	 {"sh", "-c", "echo 'This account is not available.'"},
	 LONG_MS,
	 SSH_ERROR_SHELL,
	 "This account is not available."},
	{"a program that says nothing", {"true"}, LONG_MS, SSH_ERROR_SHELL, "without a word"},
	{"a flood",
	 {"sh", "-c", "while echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; do :; done"},
	 LONG_MS,
	 SSH_ERROR_SHELL,
	 "more than 64 KiB"},
	{"what only listens",
	 {"sh", "-c", "exec cat >/dev/null"},
	 SHORT_MS,
	 SSH_ERROR_TIMEOUT,
	 "in time"},
	{"what repeats the script", {"cat"}, SHORT_MS, SSH_ERROR_TIMEOUT, "in time"},
	{"control characters stay here",
	 {"sh", "-c", "printf '\\033[2Jboo\\n'"},
	 LONG_MS,
	 SSH_ERROR_SHELL,
	 "?[2Jboo"},
};

static void test_starts(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(starts); i++) {
		g_autoptr(GError) error = NULL;
		struct remote_end end = remote_end_start(starts[i].command, NULL);
		PLIMSOLL_AUTO(remote_shell) *shell =
			remote_shell_new(end.fd, "/run/docker.sock", starts[i].timeout_ms, &error);

		g_test_message("%s: %s", starts[i].claim, error == NULL ? "" : error->message);
		g_assert_true((shell != NULL) == (starts[i].code < 0));
		if (shell == NULL) {
			g_assert_error(error, SSH_ERROR, starts[i].code);
			g_assert_nonnull(strstr(error->message, starts[i].message));
		}
		remote_shell_free(g_steal_pointer(&shell));
		remote_end_wait(&end);
	}
}

/* ---- frames ---- */

static const struct {
	const char *claim, *text, *frames; /* "ID OUTPUT|WORDS STATUS;" of each */
} frames[] = {
	{"two calls", "# b 1\nout# m 1\nsay\n# e 1 0\n# b 2\n# m 2\n\n# e 2 77\n# z 1\n",
	 "1 out|say\n 0;2 |\n 77;"},
	{"what stands around them is nothing", "hello\n# b 1\n# m 1\n# e 1 0\nbye", "1 | 0;"},
	{"one that has no end", "# b 1\nout# m 1\nsay\n# e 1 ", ""},
	{"one that ends in a number", "# b 1\nout# m 1\nsay\n# e 1 0", ""},
	{"one that is torn by a late one",
	 "# b 9\nou# b 7\nlate# m 7\n\n# e 7 0\n# z 4\nt# m 9\n\n# e 9 0\n", "7 late|\n 0;"},
	{"one whose complaints are torn", "# b 9\nout# m 9\n# b 7\n# m 7\n# e 7 0\n# e 9 0\n",
	 "7 | 0;"},
	{"another one's end", "# b 1\nout# m 2\n# e 2 0\n# m 1\n# e 1 0\n", ""},
	{"a closing line within", "# b 1\nout# z 1\n# m 1\n# e 1 0\n", ""},
	{"no numbers", "# b x\n# m x\n# e x 0\n", ""},
};

static void test_frames(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(frames); i++) {
		g_autoptr(GArray) parsed =
			remote_frames_parse(frames[i].text, strlen(frames[i].text), "#");
		g_autoptr(GString) text = g_string_new(NULL);

		for (guint n = 0; n < parsed->len; n++) {
			const struct remote_frame *frame =
				&g_array_index(parsed, struct remote_frame, n);

			g_string_append_printf(text, "%u %.*s|%.*s %d;", frame->id,
					       (int)frame->output_size, frame->output,
					       (int)frame->words_size, frame->words, frame->status);
		}
		g_test_message("%s", frames[i].claim);
		g_assert_cmpstr(text->str, ==, frames[i].frames);
	}
}

/* ---- one conversation, and what is left of it ---- */

struct answers {
	const struct host_stat *file, *none, *link;
	const struct host_read *read, *nothing;
	const struct host_link *target;
	const struct host_list *list;
};

static void want(struct host_batch *batch, const char *root, struct answers *ret_answers)
{
	g_autofree char *file = g_strconcat(root, "/a/file", NULL);
	g_autofree char *none = g_strconcat(root, "/a/none", NULL);
	g_autofree char *link = g_strconcat(root, "/link/file", NULL);
	g_autofree char *target = g_strconcat(root, "/link", NULL);
	g_autofree char *folder = g_strconcat(root, "/a", NULL);

	ret_answers->file = host_want_stat(batch, file);
	ret_answers->none = host_want_stat(batch, none);
	ret_answers->link = host_want_stat(batch, link);
	ret_answers->read = host_want_read(batch, file, 100);
	ret_answers->nothing = host_want_read(batch, none, 100);
	ret_answers->target = host_want_link(batch, target);
	ret_answers->list = host_want_list(batch, folder, 10);
}

/* An answer of a stream that was cut is the whole one's, or says that there is none. */
static bool is_none(const struct host_state *state)
{
	return state->status == PLIMSOLL__FETCH__STATUS__NOT_TRIED && state->detail != NULL;
}

static bool is_same(const struct host_state *whole, const struct host_state *cut)
{
	return whole->status == cut->status && whole->errno_value == cut->errno_value;
}

static guint check_stat(const struct host_stat *whole, const struct host_stat *cut)
{
	if (is_none(&cut->state)) {
		g_assert_null(cut->real);
		return 0;
	}
	g_assert_true(is_same(&whole->state, &cut->state));
	g_assert_cmpstr(cut->real, ==, whole->real);
	g_assert_cmpstr(cut->real_parent, ==, whole->real_parent);
	g_assert_cmphex(cut->mode, ==, whole->mode);
	g_assert_cmpint(cut->size, ==, whole->size);
	g_assert_true(cut->acl_unknown || cut->has_acl == whole->has_acl);
	return 1;
}

static guint check_read(const struct host_read *whole, const struct host_read *cut)
{
	if (is_none(&cut->state)) {
		g_assert_cmpuint(cut->size, ==, 0);
		return 0;
	}
	g_assert_true(is_same(&whole->state, &cut->state));
	g_assert_cmpuint(cut->size, ==, whole->size);
	g_assert_cmpstr(cut->data, ==, whole->data);
	return 1;
}

static guint check_list(const struct host_list *whole, const struct host_list *cut)
{
	if (is_none(&cut->state)) {
		g_assert_cmpuint(cut->n_names, ==, 0);
		return 0;
	}
	g_assert_true(is_same(&whole->state, &cut->state));
	g_assert_cmpuint(cut->n_names, ==, whole->n_names);
	return 1;
}

/* Returns how many answers there are. */
static guint check(const struct answers *whole, const struct answers *cut)
{
	guint n = check_stat(whole->file, cut->file) + check_stat(whole->none, cut->none) +
		  check_stat(whole->link, cut->link) + check_read(whole->read, cut->read) +
		  check_read(whole->nothing, cut->nothing) + check_list(whole->list, cut->list);

	if (!is_none(&cut->target->state)) {
		g_assert_true(is_same(&whole->target->state, &cut->target->state));
		g_assert_cmpstr(cut->target->target, ==, whole->target->target);
		n++;
	}
	return n;
}

/* ---- a peer that says what a shell once said ---- */

struct peer {
	int fd;                     /* towards remote_shell */
	int shell_fd;               /* of a real shell that is listened to; -1: none */
	GString *trips[MOST_TRIPS]; /* what came back in each */
	guint n_trips;
	char mark[MARK_CHARS + 1]; /* of the recording */
	size_t budget;             /* bytes until the stream ends */
};

static bool read_calls(int fd, GString *calls)
{
	char part[4096];
	ssize_t got = 0;

	g_string_truncate(calls, 0);
	while (strstr(calls->str, " z ") == NULL || !g_str_has_suffix(calls->str, "\"\n")) {
		struct pollfd ready = {.fd = fd, .events = POLLIN};

		g_assert_cmpint(poll(&ready, 1, LONG_MS), ==, 1);
		got = read(fd, part, sizeof(part));
		if (got <= 0)
			return false;
		g_string_append_len(calls, part, got);
	}
	return true;
}

static void record_trip(struct peer *peer, const GString *calls)
{
	GString *heard = g_string_new(NULL);
	g_autofree char *end = NULL;
	char part[4096];

	g_assert_cmpuint(peer->n_trips, <, MOST_TRIPS);
	if (peer->n_trips == 0)
		(void)g_strlcpy(peer->mark, calls->str + strlen("M="), sizeof(peer->mark));
	end = g_strdup_printf("%s z %u\n", peer->mark, peer->n_trips);
	g_assert_cmpint(send(peer->shell_fd, calls->str, calls->len, MSG_NOSIGNAL), ==,
			(gssize)calls->len);
	while (memmem(heard->str, heard->len, end, strlen(end)) == NULL) {
		ssize_t got = read(peer->shell_fd, part, sizeof(part));

		g_assert_cmpint(got, >, 0);
		g_string_append_len(heard, part, got);
	}
	peer->trips[peer->n_trips++] = heard;
	g_assert_cmpint(send(peer->fd, heard->str, heard->len, MSG_NOSIGNAL), ==,
			(gssize)heard->len);
}

static gpointer record(gpointer data)
{
	struct peer *peer = data;
	g_autoptr(GString) calls = g_string_new(NULL);

	while (read_calls(peer->fd, calls))
		record_trip(peer, calls);
	g_assert_cmpint(close(peer->fd), ==, 0);
	g_assert_cmpint(close(peer->shell_fd), ==, 0);
	return NULL;
}

static void put_mark(GString *text, const char *old, const char *new)
{
	char *at = text->str;

	while ((at = memmem(at, (size_t)(text->str + text->len - at), old, MARK_CHARS)) != NULL)
		memcpy(at, new, MARK_CHARS);
}

static gpointer repeat(gpointer data)
{
	struct peer *peer = data;
	g_autoptr(GString) calls = g_string_new(NULL);
	char mark[MARK_CHARS + 1] = "";

	for (guint trip = 0; trip < peer->n_trips && read_calls(peer->fd, calls); trip++) {
		g_autoptr(GString) answer =
			g_string_new_len(peer->trips[trip]->str, (gssize)peer->trips[trip]->len);
		size_t size = MIN(answer->len, peer->budget);

		if (trip == 0)
			(void)g_strlcpy(mark, calls->str + strlen("M="), sizeof(mark));
		put_mark(answer, peer->mark, mark);
		(void)send(peer->fd, answer->str, size, MSG_NOSIGNAL);
		peer->budget -= size;
		if (size < answer->len)
			break;
	}
	g_assert_cmpint(close(peer->fd), ==, 0);
	return NULL;
}

/* One conversation. Returns whether the shell said hello. */
static bool talk(struct peer *peer, GThreadFunc function, const char *root, struct arena *arena,
		 struct answers *ret_answers)
{
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(remote_shell) *shell = NULL;
	PLIMSOLL_AUTO(host_batch) *batch = host_batch_new(arena);
	PLIMSOLL_AUTO(host_batch) *later = host_batch_new(arena);
	GThread *thread = NULL;
	int ends[2];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
	peer->fd = ends[1];
	thread = g_thread_new("peer", function, peer);
	want(batch, root, ret_answers);
	shell = remote_shell_new(ends[0], "/run/docker.sock", LONG_MS, &error);
	if (shell != NULL) {
		g_assert_true(remote_shell_ask(shell, batch, &error));
		if (function == repeat && !remote_shell_ask(shell, later, &error))
			g_assert_error(error, SSH_ERROR, SSH_ERROR_LOST);
	} else {
		g_assert_error(error, SSH_ERROR, SSH_ERROR_SHELL);
	}
	remote_shell_free(g_steal_pointer(&shell));
	g_thread_join(thread);
	return error == NULL || !g_error_matches(error, SSH_ERROR, SSH_ERROR_SHELL);
}

static void test_cuts(void)
{
	g_autofree char *root = scratch_new();
	PLIMSOLL_AUTO(arena) *arena = arena_new(SIZE_MAX);
	struct remote_end end = remote_end_start(remote_end_kinds[0].command, NULL);
	struct peer peer = {.shell_fd = end.fd};
	struct answers whole;
	size_t total = 0;
	guint most = 0;

	tree_write(root, "/a/file", "content\n");
	tree_link(root, "a", "/link");
	g_assert_true(talk(&peer, record, root, arena, &whole));
	remote_end_wait(&end);
	g_assert_cmpuint(check(&whole, &whole), ==, 7);
	for (guint i = 0; i < peer.n_trips; i++)
		total += peer.trips[i]->len;
	for (size_t budget = 0; budget <= total; budget++) {
		struct answers cut;
		PLIMSOLL_AUTO(arena) *own = arena_new(SIZE_MAX);
		guint n = 0;

		peer.budget = budget;
		if (talk(&peer, repeat, root, own, &cut))
			n = check(&whole, &cut);
		g_assert_cmpuint(n, >=, most); /* what came whole is not lost */
		most = n;
	}
	g_assert_cmpuint(most, ==, 7);
	for (guint i = 0; i < peer.n_trips; i++)
		g_string_free(peer.trips[i], TRUE);
	scratch_free(g_steal_pointer(&root));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/remote-stream/a-start-that-is-none-says-why", test_starts);
	g_test_add_func("/remote-stream/a-frame-that-is-torn-is-none", test_frames);
	g_test_add_func("/remote-stream/cut-at-any-byte-it-gives-no-wrong-answer", test_cuts);
	return g_test_run();
}
