/* SPDX-License-Identifier: Apache-2.0 */
/* The listener over a connection whose other machine is this test. */
#include <glib.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/ssh/ssh_folder.h"
#include "agent/ssh/ssh_listener.h"
#include "proto/limits.h"

/* Each stream's far end goes to the test through a queue. */
struct fake {
	struct ssh_link link;
	GAsyncQueue *far_ends; /* descriptor + 1 */
	const char *refusal;   /* NULL: streams open */
};

static int fake_open(struct ssh_link *link, const char *what, GError **error)
{
	struct fake *fake = (struct fake *)link;
	int ends[2] = {-1, -1};

	(void)what;
	if (fake->refusal != NULL) {
		g_set_error_literal(error, SSH_ERROR, SSH_ERROR_SHELL, fake->refusal);
		return -1;
	}
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends),
			==, 0);
	g_async_queue_push(fake->far_ends, GINT_TO_POINTER(ends[1] + 1));
	return ends[0];
}

static const struct ssh_link_ops fake_ops = {
	.transport = "fake", .run = fake_open, .reach = fake_open};

static struct fake begin(void)
{
	return (struct fake){.link = {.ops = &fake_ops}, .far_ends = g_async_queue_new()};
}

static int far_end(struct fake *fake)
{
	return GPOINTER_TO_INT(g_async_queue_pop(fake->far_ends)) - 1;
}

static struct ssh_listener *listener_of(struct fake *fake)
{
	struct ssh_listener *listener = ssh_listener_new(
		&fake->link, &(struct ssh_way){.socket_path = "/run/docker.sock"}, NULL);

	g_assert_nonnull(listener);
	return listener;
}

static void wait_for(int fd, short events)
{
	struct pollfd item = {.fd = fd, .events = events};

	while (poll(&item, 1, -1) < 0)
		;
}

/* Everything until the end; its length. */
static gsize read_all(int fd)
{
	char bytes[4096];
	gsize size = 0;
	ssize_t got = 1;

	while (got > 0) {
		wait_for(fd, POLLIN);
		got = recv(fd, bytes, sizeof(bytes), 0);
		size += got > 0 ? (gsize)got : 0;
	}
	return size;
}

static void each_direction_ends_by_itself(void)
{
	struct fake fake = begin();
	PLIMSOLL_AUTO(ssh_listener) *listener = listener_of(&fake);
	PLIMSOLL_AUTO_FD near_fd = ssh_folder_connect(ssh_listener_path(listener));
	PLIMSOLL_AUTO_FD far_fd = far_end(&fake);
	g_autofree char *trouble = NULL;

	g_assert_cmpint(send(near_fd, "question", 8, MSG_NOSIGNAL), ==, 8);
	g_assert_cmpint(shutdown(near_fd, SHUT_WR), ==, 0);
	g_assert_cmpuint(read_all(far_fd), ==, 8);
	g_assert_cmpint(send(far_fd, "answer", 6, MSG_NOSIGNAL), ==, 6);
	g_assert_cmpint(shutdown(far_fd, SHUT_WR), ==, 0);
	g_assert_cmpuint(read_all(near_fd), ==, 6);
	trouble = ssh_listener_trouble(listener);
	g_assert_cmpstr(trouble, ==, NULL);
	g_async_queue_unref(fake.far_ends);
}

static gpointer send_much(gpointer data)
{
	static const char zeros[1 << 16];
	int fd = GPOINTER_TO_INT(data);

	for (guint sent = 0; sent < 4 << 20;) {
		ssize_t got = send(fd, zeros, sizeof(zeros), MSG_NOSIGNAL);

		if (got > 0)
			sent += (guint)got;
		else
			wait_for(fd, POLLOUT);
	}
	(void)shutdown(fd, SHUT_WR);
	return NULL;
}

static void much_passes_a_slow_reader(void)
{
	struct fake fake = begin();
	PLIMSOLL_AUTO(ssh_listener) *listener = listener_of(&fake);
	PLIMSOLL_AUTO_FD near_fd = ssh_folder_connect(ssh_listener_path(listener));
	PLIMSOLL_AUTO_FD far_fd = far_end(&fake);
	GThread *sender = g_thread_new("sender", send_much, GINT_TO_POINTER(far_fd));
	gsize size = read_all(near_fd);

	g_thread_join(sender);
	/* At least: the last piece may be larger than what was left. */
	g_assert_cmpuint(size, >=, 4 << 20);
	g_async_queue_unref(fake.far_ends);
}

static void a_refusal_is_kept_as_trouble(void)
{
	struct fake fake = begin();
	PLIMSOLL_AUTO(ssh_listener) *listener = listener_of(&fake);
	PLIMSOLL_AUTO_FD near_fd = -1;
	g_autofree char *trouble = NULL;

	fake.refusal = "it does not forward";
	near_fd = ssh_folder_connect(ssh_listener_path(listener));
	g_assert_cmpuint(read_all(near_fd), ==, 0);
	trouble = ssh_listener_trouble(listener);
	g_assert_cmpstr(trouble, ==, "it does not forward");
	g_async_queue_unref(fake.far_ends);
}

static void a_stream_that_ends_at_once_is_trouble(void)
{
	struct fake fake = begin();
	PLIMSOLL_AUTO(ssh_listener) *listener = listener_of(&fake);
	PLIMSOLL_AUTO_FD near_fd = ssh_folder_connect(ssh_listener_path(listener));
	g_autofree char *trouble = NULL;

	g_assert_cmpint(close(far_end(&fake)), ==, 0);
	g_assert_cmpuint(read_all(near_fd), ==, 0);
	trouble = ssh_listener_trouble(listener);
	g_assert_cmpstr(trouble, ==, "the stream ended without an answer");
	g_async_queue_unref(fake.far_ends);
}

static void what_is_open_ends_with_the_listener(void)
{
	struct fake fake = begin();
	struct ssh_listener *listener = listener_of(&fake);
	g_autofree char *path = g_strdup(ssh_listener_path(listener));
	g_autofree char *folder = g_path_get_dirname(path);
	PLIMSOLL_AUTO_FD near_fd = ssh_folder_connect(path);
	PLIMSOLL_AUTO_FD far_fd = far_end(&fake);
	GStatBuf place;

	g_assert_cmpint(g_stat(folder, &place), ==, 0);
	g_assert_cmpuint(place.st_mode & 07777, ==, 0700);
	ssh_listener_free(listener);
	g_assert_cmpuint(read_all(near_fd), ==, 0);
	g_assert_cmpuint(read_all(far_fd), ==, 0);
	g_assert_false(g_file_test(folder, G_FILE_TEST_EXISTS));
	g_async_queue_unref(fake.far_ends);
}

static void there_is_a_limit(void)
{
	struct fake fake = begin();
	PLIMSOLL_AUTO(ssh_listener) *listener = listener_of(&fake);
	int near_ends[LIMIT_SSH_STREAMS], far_ends[LIMIT_SSH_STREAMS];
	PLIMSOLL_AUTO_FD one_more = -1;

	for (guint i = 0; i < LIMIT_SSH_STREAMS; i++) {
		near_ends[i] = ssh_folder_connect(ssh_listener_path(listener));
		far_ends[i] = far_end(&fake);
	}
	one_more = ssh_folder_connect(ssh_listener_path(listener));
	g_assert_cmpuint(read_all(one_more), ==, 0);
	for (guint i = 0; i < LIMIT_SSH_STREAMS; i++)
		g_assert_true(close(near_ends[i]) == 0 && close(far_ends[i]) == 0);
	g_async_queue_unref(fake.far_ends);
}

static gboolean sees_end(int fd)
{
	char byte = 0;

	return recv(fd, &byte, 1, 0) == 0;
}

static const char *own_program;

/* The test starts itself anew with the path as its argument. */
static void another_process_is_not_let_in(void)
{
	struct fake fake = begin();
	PLIMSOLL_AUTO(ssh_listener) *listener = listener_of(&fake);
	const char *const argv[] = {own_program, "--connect", ssh_listener_path(listener), NULL};
	gint status = -1;

	g_assert_true(g_spawn_sync(NULL, (gchar **)(uintptr_t)argv, NULL, G_SPAWN_DEFAULT, NULL,
				   NULL, NULL, NULL, &status, NULL));
	g_assert_cmpint(status, ==, 0);
	g_assert_cmpint(g_async_queue_length(fake.far_ends), ==, 0);
	g_async_queue_unref(fake.far_ends);
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--connect") == 0)
		return sees_end(ssh_folder_connect(argv[2])) ? 0 : 1;
	own_program = argv[0];
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/ssh-listener/half-close", each_direction_ends_by_itself);
	g_test_add_func("/ssh-listener/much", much_passes_a_slow_reader);
	g_test_add_func("/ssh-listener/refusal", a_refusal_is_kept_as_trouble);
	g_test_add_func("/ssh-listener/at-once", a_stream_that_ends_at_once_is_trouble);
	g_test_add_func("/ssh-listener/end", what_is_open_ends_with_the_listener);
	g_test_add_func("/ssh-listener/limit", there_is_a_limit);
	g_test_add_func("/ssh-listener/stranger", another_process_is_not_let_in);
	return g_test_run();
}
