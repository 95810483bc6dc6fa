/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 1 of the flow: the door to this machine, or to a tree mounted below a directory. Foreign
 * files are opened without following them out of the tree, without blocking, and read only when
 * they are regular files. What a mounted tree does not show of the host is not seen, never absent.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/engine_curl.h"
#include "agent/host.h"
#include "agent/host/batch_private.h"
#include "agent/host/host_audit.h"
#include "agent/host/host_path.h"
#include "agent/host/host_process.h"
#include "agent/host/local_answer.h"
#include "agent/host/local_aside.h"
#include "agent/host/local_self.h"
#include "agent/host/local_tree.h"

struct local {
	struct host host;
	int root_fd;
	struct local_tree *tree; /* of a mounted tree; NULL: nothing tells what it shows */
	bool has_foreign_root;
	int socket_fd;      /* the engine's socket, when it lies in a mounted tree; else -1 */
	char *connect_path; /* of the engine's socket, for this process */
	const struct host_endpoint *endpoint;
	struct engine_curl *engine;
};

/* A part of the tree, and what must be there for it to count as that part of a host. */
static const struct part {
	const char *below, *proof;
} parts[] = {
	{"/proc", "/proc/1"},
	{"/sys", "/sys/kernel"},
	{"/etc", "/etc"},
};

static bool exists(int root_fd, const char *path)
{
	PLIMSOLL_AUTO_FD fd = host_path_open(root_fd, path);

	return fd >= 0 || errno == EACCES;
}

static bool lies_below(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	return strncmp(path, directory, length) == 0 &&
	       (path[length] == '/' || path[length] == '\0');
}

/* A folder like /usr or /run, which every host has, may be missing from a tree as well. */
static bool is_missing_part(const struct local *local, const char *path)
{
	g_autofree char *top = g_strndup(path, path[0] == '\0' ? 0 : 1 + strcspn(path + 1, "/"));

	for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
		if (lies_below(path, parts[i].below))
			return !exists(local->root_fd, parts[i].proof);
	}
	return !exists(local->root_fd, top);
}

/* Whether the tree shows the host there: both at the path as it is asked for and where it leads.
 * The kernel's own links in /proc lead out of every table. */
static bool is_in_sight(const struct local *local, const GArray *suspects, const char *path)
{
	HOST_PATH_AUTO place = {.fd = -1};

	if (!local->host.has_root_dir)
		return true;
	if (local->tree == NULL)
		return !is_missing_part(local, path);
	if (!local_tree_shows(local->tree, path))
		return false;
	if (lies_below(path, "/proc"))
		return true;
	host_path_init(&place, local->root_fd, path, suspects);
	return place.end == NULL || local_tree_shows(local->tree, place.end);
}

static const char *want_path(enum host_want kind, const void *want)
{
	switch (kind) {
	case HOST_WANT_STAT:
		return ((const struct host_stat *)want)->path;
	case HOST_WANT_READ:
		return ((const struct host_read *)want)->path;
	case HOST_WANT_LINK:
		return ((const struct host_link *)want)->path;
	case HOST_WANT_LIST:
		return ((const struct host_list *)want)->path;
	case HOST_WANT_PEER:
		return ((const struct host_peer *)want)->path;
	}
	g_assert_not_reached();
}

static struct host_state *want_state(enum host_want kind, void *want)
{
	switch (kind) {
	case HOST_WANT_STAT:
		return &((struct host_stat *)want)->state;
	case HOST_WANT_READ:
		return &((struct host_read *)want)->state;
	case HOST_WANT_LINK:
		return &((struct host_link *)want)->state;
	case HOST_WANT_LIST:
		return &((struct host_list *)want)->state;
	case HOST_WANT_PEER:
		return &((struct host_peer *)want)->state;
	}
	g_assert_not_reached();
}

static void answer(const struct local *local, const struct host_batch *batch,
		   struct local_folder *folder, enum host_want kind, void *want)
{
	struct arena *arena = batch->arena;

	switch (kind) {
	case HOST_WANT_STAT:
		local_answer_stat(local->root_fd, batch->suspects, arena, want);
		break;
	case HOST_WANT_READ:
		local_answer_read(local->root_fd, folder, arena, want);
		break;
	case HOST_WANT_LINK:
		local_answer_link(local->root_fd, folder, arena, want);
		break;
	case HOST_WANT_LIST:
		local_answer_list(local->root_fd, arena, want);
		break;
	case HOST_WANT_PEER:
		local_answer_peer(local->root_fd, want);
		break;
	}
}

static void answer_processes(const struct local *local, struct arena *arena, int64_t deadline_us,
			     struct host_process_table *table)
{
	PLIMSOLL_AUTO_FD place = host_path_open(local->root_fd, "/proc");
	PLIMSOLL_AUTO_FD fd = place < 0 ? -1 : host_path_reopen(place, O_RDONLY | O_DIRECTORY);

	if (fd < 0)
		table->state = host_state_from_errno(errno);
	else
		host_process_walk(fd, !local->host.has_root_dir, arena, deadline_us, table);
}

static void answer_self(const struct local *local, struct host_batch *batch)
{
	local_self(batch->arena, local->host.has_root_dir, batch->self);
	batch->self->has_foreign_root = local->has_foreign_root;
}

static bool run_local(struct host *host, struct host_batch *batch, GError **error)
{
	struct local *local = (struct local *)host;
	int64_t deadline_us = g_get_monotonic_time() + LIMIT_HOST_BATCH_MS * INT64_C(1000);
	bool has_proc = is_in_sight(local, NULL, "/proc");
	struct local_folder folder = {.fd = -1};

	(void)error;
	/* Processes first: later answers are about the ones that were seen. */
	if (batch->processes != NULL && has_proc)
		answer_processes(local, batch->arena, deadline_us, batch->processes);
	if (batch->self != NULL)
		answer_self(local, batch);
	for (guint kind = 0; kind < HOST_WANT_KINDS; kind++) {
		for (guint i = 0; i < batch->wants[kind]->len; i++) {
			void *want = batch->wants[kind]->pdata[i];

			if (!is_in_sight(local, batch->suspects, want_path(kind, want)))
				continue;
			if (g_get_monotonic_time() > deadline_us)
				*want_state(kind, want) = host_state_from_errno(ETIMEDOUT);
			else
				answer(local, batch, &folder, kind, want);
		}
	}
	local_folder_done(&folder);
	local_aside(local->root_fd, batch, deadline_us);
	/* The rules are the running kernel's: they say nothing about a tree that is only mounted.
	 */
	if (batch->audit != NULL && has_proc)
		host_audit_ask(batch->arena, batch->audit);
	return true;
}

static void get_from_engine(struct host *host, struct host_get *requests, guint n_requests,
			    void (*done)(struct host_get *request, void *data), void *data)
{
	struct local *local = (struct local *)host;

	if (local->engine == NULL)
		local->engine = local->connect_path != NULL
					? engine_curl_new(local->connect_path, NULL)
					: engine_curl_new_tcp(local->endpoint, NULL);
	engine_curl_get(local->engine, requests, n_requests, done, data);
}

static void free_local(struct host *host)
{
	struct local *local = (struct local *)host;

	engine_curl_free(local->engine);
	local_tree_free(local->tree);
	plimsoll_auto_close(&local->socket_fd);
	plimsoll_auto_close(&local->root_fd);
	g_free(local->connect_path);
	g_free(host->endpoint);
	g_free(host->socket_path);
	g_free(local);
}

static const struct host_ops local_ops = {
	.transport = "local",
	.run = run_local,
	.docker_get = get_from_engine,
	.free = free_local,
};

/*
 * The socket where this process reaches it: inside the tree, else the one given into this container
 * at the same path. In a tree it goes by descriptor: a link of that tree must not lead to a socket
 * of the machine that looks at it.
 */
static void find_socket(struct local *local, const char *root)
{
	const char *socket_path = local->host.socket_path;
	HOST_PATH_AUTO place = {.fd = -1};

	if (strcmp(root, "/") == 0) {
		local->connect_path = g_strdup(socket_path);
		return;
	}
	host_path_init(&place, local->root_fd, socket_path, NULL);
	if (place.errno_value == 0) {
		local->socket_fd = plimsoll_steal_fd(&place.fd);
		local->connect_path = g_strdup_printf("/proc/self/fd/%d", local->socket_fd);
	} else if (g_file_test(socket_path, G_FILE_TEST_EXISTS)) {
		local->connect_path = g_strdup(socket_path);
	} else {
		local->connect_path = g_strdup("/proc/self/fd/none"); /* ENOENT */
	}
}

/* A service with mounts of its own, or a container that shares the host's pid namespace, reaches
 * the host's files through its first process. */
static const char *find_root(bool *ret_has_foreign_root)
{
	g_autofree char *own = g_file_read_link("/proc/self/ns/mnt", NULL);
	g_autofree char *first = g_file_read_link("/proc/1/ns/mnt", NULL);
	PLIMSOLL_AUTO_FD fd = -1;

	*ret_has_foreign_root = false;
	if (own == NULL || first == NULL || strcmp(own, first) == 0)
		return "/";
	fd = open("/proc/1/root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	*ret_has_foreign_root = fd < 0;
	return fd < 0 ? "/" : "/proc/1/root";
}

static void set_endpoint(struct local *local, const struct host_endpoint *endpoint,
			 const char *root)
{
	local->endpoint = endpoint;
	local->host.endpoint = g_strdup(endpoint == NULL ? HOST_ENDPOINT_DEFAULT : endpoint->url);
	if (endpoint == NULL)
		local->host.socket_path = g_strdup(&HOST_ENDPOINT_DEFAULT[strlen("unix://")]);
	else
		local->host.socket_path = g_strdup(endpoint->socket_path);
	local->host.caution = endpoint == NULL ? NULL : host_endpoint_caution(endpoint);
	if (local->host.socket_path != NULL)
		find_socket(local, root);
}

struct host *host_local_new(const char *root_dir, const struct host_endpoint *endpoint,
			    GError **error)
{
	struct local *local = NULL;
	const char *wanted = root_dir != NULL ? root_dir : g_getenv("PLIMSOLL_ROOT");
	bool has_root_dir = wanted != NULL && wanted[0] != '\0' && strcmp(wanted, "/") != 0;
	bool has_foreign_root = false;
	const char *root = has_root_dir ? wanted : find_root(&has_foreign_root);
	PLIMSOLL_AUTO_FD root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root_fd < 0) {
		g_set_error(error, HOST_ERROR, HOST_ERROR_UNREACHABLE, "cannot open \"%s\": %s",
			    root, g_strerror(errno));
		return NULL;
	}
	local = g_new0(struct local, 1);
	local->host.ops = &local_ops;
	local->host.has_root_dir = has_root_dir;
	local->has_foreign_root = has_foreign_root;
	local->root_fd = plimsoll_steal_fd(&root_fd);
	local->tree = has_root_dir ? local_tree_new(local->root_fd) : NULL;
	local->socket_fd = -1;
	set_endpoint(local, endpoint, root);
	return &local->host;
}
