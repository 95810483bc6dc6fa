/* SPDX-License-Identifier: Apache-2.0 */
/* One thread listens, one serves each connection; all end when a pipe is closed. */
#include "tests/unit/agent/tiny_server.h"

#include <glib/gstdio.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

struct tiny_server {
	const struct tiny_answer *answers;
	char *dir, *path;
	int listener, stop[2];
	GThread *thread;
	GMutex lock;
	GString *requests;
	GPtrArray *threads;
	guint n_accepted, n_open, n_most;
};

struct connection {
	struct tiny_server *server;
	int fd;
};

/* Waits until fd is ready; false when the server ends or the peer is gone. */
static bool wait_for(const struct connection *connection, short events)
{
	struct pollfd fds[] = {{connection->fd, events, 0}, {connection->server->stop[0], 0, 0}};

	if (poll(fds, G_N_ELEMENTS(fds), -1) < 0)
		return false;
	return fds[1].revents == 0 && (fds[0].revents & events) != 0;
}

static bool send_text(const struct connection *connection, const char *text)
{
	size_t size = strlen(text);

	while (size > 0) {
		ssize_t sent = 0;

		if (!wait_for(connection, POLLOUT))
			return false;
		sent = send(connection->fd, text, size, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0)
			return false;
		text += sent;
		size -= (size_t)sent;
	}
	return true;
}

/* gives: the path of the next request without version, g_free(); NULL at the end. */
static char *read_request(const struct connection *connection)
{
	GString *text = g_string_new(NULL);
	char *path = NULL, *end = NULL;
	char piece[512];

	while (strstr(text->str, "\r\n\r\n") == NULL) {
		ssize_t got = -1;

		if (wait_for(connection, POLLIN))
			got = recv(connection->fd, piece, sizeof(piece), 0);
		if (got <= 0) {
			g_string_free(text, TRUE);
			return NULL;
		}
		g_string_append_len(text, piece, got);
	}
	end = strstr(text->str, "\r\n");
	*end = '\0';
	g_mutex_lock(&connection->server->lock);
	g_string_append_printf(connection->server->requests, "%s\n", text->str);
	g_mutex_unlock(&connection->server->lock);
	*strrchr(text->str, ' ') = '\0';
	path = strchr(text->str, '/');
	if (g_str_has_prefix(path, "/v1.") && strchr(path + 1, '/') != NULL)
		path = strchr(path + 1, '/');
	path = g_strdup(path);
	g_string_free(text, TRUE);
	return path;
}

/* False: the connection ends. */
static bool serve(const struct connection *connection, const char *path)
{
	static const struct tiny_answer hang = {NULL, NULL, NULL, TINY_HANG};
	const struct tiny_answer *answer = connection->server->answers;

	while (answer->path != NULL && strcmp(answer->path, path) != 0)
		answer++;
	if (answer->path == NULL)
		answer = &hang;
	if (answer->text != NULL && !send_text(connection, answer->text))
		return false;
	while (answer->repeat != NULL)
		if (!send_text(connection, answer->repeat))
			return false;
	if (answer->then == TINY_HANG)
		(void)wait_for(connection, POLLIN);
	return answer->then == TINY_KEEP;
}

static gpointer serve_connection(gpointer data)
{
	struct connection *connection = data;
	struct tiny_server *server = connection->server;
	bool goes_on = true;

	while (goes_on) {
		g_autofree char *path = read_request(connection);
		goes_on = path != NULL && serve(connection, path);
	}
	g_mutex_lock(&server->lock);
	server->n_open--;
	g_mutex_unlock(&server->lock);
	close(connection->fd);
	g_free(connection);
	return NULL;
}

static gpointer listen_for_connections(gpointer data)
{
	struct tiny_server *server = data;
	struct connection door = {server, server->listener};

	while (wait_for(&door, POLLIN)) {
		struct connection *connection = g_new0(struct connection, 1);

		connection->server = server;
		connection->fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
		g_assert_cmpint(connection->fd, >=, 0);
		g_mutex_lock(&server->lock);
		server->n_accepted++;
		server->n_open++;
		server->n_most = MAX(server->n_most, server->n_open);
		g_ptr_array_add(server->threads,
				g_thread_new("connection", serve_connection, connection));
		g_mutex_unlock(&server->lock);
	}
	return NULL;
}

struct tiny_server *tiny_server_new(const struct tiny_answer *answers)
{
	struct tiny_server *server = g_new0(struct tiny_server, 1);
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	server->answers = answers;
	/* Not below TMPDIR, which may be longer than a socket's path. */
	server->dir = g_mkdtemp(g_strdup("/tmp/plimsoll-test-XXXXXX"));
	g_assert_nonnull(server->dir);
	server->path = g_build_filename(server->dir, "sock", NULL);
	server->requests = g_string_new(NULL);
	server->threads = g_ptr_array_new();
	g_strlcpy(address.sun_path, server->path, sizeof(address.sun_path));
	server->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	g_assert_cmpint(server->listener, >=, 0);
	g_assert_cmpint(bind(server->listener, (struct sockaddr *)&address, sizeof(address)), ==,
			0);
	g_assert_cmpint(listen(server->listener, 64), ==, 0);
	g_assert_cmpint(pipe(server->stop), ==, 0);
	server->thread = g_thread_new("listener", listen_for_connections, server);
	return server;
}

void tiny_server_free(struct tiny_server *server)
{
	close(server->stop[1]);
	g_thread_join(server->thread);
	for (guint i = 0; i < server->threads->len; i++)
		g_thread_join(server->threads->pdata[i]);
	close(server->stop[0]);
	close(server->listener);
	g_unlink(server->path);
	g_rmdir(server->dir);
	g_ptr_array_unref(server->threads);
	g_string_free(server->requests, TRUE);
	g_free(server->path);
	g_free(server->dir);
	g_free(server);
}

const char *tiny_server_path(const struct tiny_server *server)
{
	return server->path;
}

char *tiny_server_requests(struct tiny_server *server)
{
	char *text = NULL;

	g_mutex_lock(&server->lock);
	text = g_strdup(server->requests->str);
	g_mutex_unlock(&server->lock);
	return text;
}

guint tiny_server_connections(struct tiny_server *server)
{
	g_mutex_lock(&server->lock);
	guint count = server->n_accepted;
	g_mutex_unlock(&server->lock);
	return count;
}

guint tiny_server_most_connections(struct tiny_server *server)
{
	g_mutex_lock(&server->lock);
	guint count = server->n_most;
	g_mutex_unlock(&server->lock);
	return count;
}
