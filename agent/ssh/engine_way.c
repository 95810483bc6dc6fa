/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See engine_way.h. A server says neither whether it forwards nor why a socket did not open, so
 * the shell's look at that socket decides what is tried, and an answer what is kept.
 */
#include "agent/ssh/engine_way.h"

#include <errno.h>
#include <string.h>

#include "agent/engine/engine_request.h"
#include "agent/engine_curl.h"
#include "agent/ssh/engine_command.h"
#include "agent/ssh/ssh_listener.h"
#include "proto/limits.h"

enum { FORWARD, DIAL, COMMAND, N_WAYS };

/* One way: what it is called, and how many streams at a time (MaxSessions counts commands). */
static const struct {
	const char *name;
	guint connections;
} ways[N_WAYS] = {
	[FORWARD] = {"direct-streamlocal", LIMIT_SSH_CONNECTIONS},
	[DIAL] = {"dial-stdio", LIMIT_API_CONNECTIONS},
	[COMMAND] = {"docker command", 1},
};

struct engine_way {
	struct ssh_link *link;
	const struct remote_shell_facts *facts;
	char *socket_path;
	bool has_sudo;
	bool is_decided;
	int used; /* index of ways; -1: none worked */
	struct ssh_listener *listener;
	struct engine_curl *engine;
	struct engine_command *command; /* the last way has neither of the two */
	GStringChunk *strings;
	const char *trouble; /* of the last way that was tried; NULL: none was */
};

/* Requests on their way, and to whom they go. */
struct relay {
	void (*done)(struct host_get *request, void *data);
	void *data;
	GPtrArray *unanswered; /* struct host_get: their stream did not open or carry */
};

static void close_way(struct engine_way *way)
{
	g_clear_pointer(&way->engine, engine_curl_free);
	g_clear_pointer(&way->listener, ssh_listener_free);
	g_clear_pointer(&way->command, engine_command_free);
}

void engine_way_free(struct engine_way *way)
{
	if (way == NULL)
		return;
	close_way(way);
	g_string_chunk_free(way->strings);
	g_free(way->socket_path);
	g_free(way);
}

const char *engine_way_name(const struct engine_way *way)
{
	return way->used < 0 ? NULL : ways[way->used].name;
}

/* ---------------------------------------------------------------- opening one */

/* The socket is named: what DOCKER_HOST or a docker context over there say may be another machine.
 */
static char *docker_words(const struct engine_way *way)
{
	g_autofree char *url = g_strconcat("unix://", way->socket_path, NULL);
	g_autofree char *quoted = g_shell_quote(url);

	return g_strdup_printf("%sdocker -H %s", way->has_sudo ? "sudo -n " : "", quoted);
}

/* The login shell's PATH is often shorter than that of a terminal. */
static char *dial_command(const struct engine_way *way)
{
	g_autofree char *docker = docker_words(way);
	g_autofree char *script =
		g_strdup_printf("PATH=$PATH:/usr/local/bin:/usr/bin:/snap/bin; export PATH; "
				"exec %s system dial-stdio",
				docker);
	g_autofree char *word = g_shell_quote(script);

	return g_strconcat("exec sh -c ", word, NULL);
}

static bool is_possible(const struct engine_way *way, int which)
{
	if (which == FORWARD)
		return !way->has_sudo && way->facts->socket_errno == 0;
	return way->facts->has_docker && way->facts->socket_errno == 0;
}

static bool open_command(struct engine_way *way)
{
	g_autofree char *docker = docker_words(way);

	close_way(way);
	way->command = engine_command_new(way->link, docker);
	return true;
}

static bool open_way(struct engine_way *way, int which)
{
	g_autofree char *command = which == DIAL ? dial_command(way) : NULL;
	const struct ssh_way path = {which == FORWARD ? way->socket_path : NULL, command};
	const struct engine_curl_limits limits = {LIMIT_API_CALL_MS, LIMIT_API_TOTAL_MS,
						  LIMIT_API_BODY_BYTES, ways[which].connections};
	g_autoptr(GError) error = NULL;

	if (which == COMMAND)
		return open_command(way);
	if (which == FORWARD && way->listener != NULL)
		return true;
	close_way(way);
	way->listener = ssh_listener_new(way->link, &path, &error);
	if (way->listener == NULL) {
		way->trouble = g_string_chunk_insert(way->strings, error->message);
		return false;
	}
	way->engine = engine_curl_new(ssh_listener_path(way->listener), &limits);
	return true;
}

struct engine_way *engine_way_new(struct ssh_link *link, const char *socket_path, bool has_sudo)
{
	struct engine_way *way = g_new0(struct engine_way, 1);

	way->link = link;
	way->socket_path = g_strdup(socket_path);
	way->has_sudo = has_sudo;
	way->used = -1;
	way->strings = g_string_chunk_new(256);
	if (!has_sudo && open_way(way, FORWARD))
		ssh_listener_open_ahead(way->listener, ways[FORWARD].connections);
	return way;
}

void engine_way_learn(struct engine_way *way, const struct remote_shell_facts *facts)
{
	way->facts = facts;
}

/* ---------------------------------------------------------------- the first request */

/* No byte of an answer came. A deadline that passed is an Engine's silence, whatever the way. */
static bool is_unanswered(const struct host_get *request)
{
	return request->http_status == 0 && request->state.errno_value == ECONNRESET;
}

static void take_first(struct host_get *request, void *data)
{
	struct relay *relay = data;

	if (is_unanswered(request))
		g_ptr_array_add(relay->unanswered, request);
	else
		relay->done(request, relay->data);
}

static void note_trouble(struct engine_way *way)
{
	g_autofree char *trouble =
		way->listener == NULL ? NULL : ssh_listener_trouble(way->listener);
	g_autofree char *words = ssh_link_last_words(way->link);
	g_autofree char *text = g_strdup_printf("%s%s%s", trouble == NULL ? "no answer" : trouble,
						words[0] == '\0' ? "" : ": ", words);

	way->trouble = g_string_chunk_insert(way->strings, text);
}

/* What a local client would have been told; else why no way led there. */
static void set_unreachable(struct engine_way *way, struct host_get *request)
{
	int errno_value = way->facts->socket_errno;
	g_autofree char *text = NULL, *line = NULL;

	if (errno_value != 0)
		text = g_strdup_printf("cannot connect: %s", strerrordesc_np(errno_value));
	else if (way->trouble == NULL)
		text = g_strdup(way->has_sudo ? "cannot reach it: no docker command is there"
					      : "cannot reach it");
	else
		text = g_strdup_printf("cannot reach it over SSH: %s%s", way->trouble,
				       way->facts->has_docker ? ""
							      : " (and no docker command is "
								"there)");
	line = engine_detail_text(text, strlen(text));
	request->state = (struct host_state){
		.status = errno_value == EACCES ? PLIMSOLL__FETCH__STATUS__PERMISSION
						: PLIMSOLL__FETCH__STATUS__HTTP_ERROR,
		.errno_value = errno_value,
		.detail = g_string_chunk_insert_const(way->strings, line),
	};
}

static void ask_by(const struct engine_way *way, struct host_get *requests, guint n_requests,
		   void (*done)(struct host_get *request, void *data), void *data)
{
	if (way->command != NULL)
		engine_command_get(way->command, requests, n_requests, done, data);
	else
		engine_curl_get(way->engine, requests, n_requests, done, data);
}

/* Asks by one way after the other until there is an answer. */
static void decide(struct engine_way *way, struct relay *relay, struct host_get *request)
{
	way->is_decided = true;
	for (int which = 0; which < N_WAYS; which++) {
		if (!is_possible(way, which) || !open_way(way, which))
			continue;
		g_ptr_array_set_size(relay->unanswered, 0);
		ask_by(way, request, 1, take_first, relay);
		if (relay->unanswered->len == 0) {
			way->used = which;
			return;
		}
		note_trouble(way);
	}
	close_way(way);
	set_unreachable(way, request);
	relay->done(request, relay->data);
}

/* ---------------------------------------------------------------- all others */

/* A server that allows fewer streams than were opened at once refuses some: those that are open
 * take these requests one after the other. */
static void ask_again(const struct engine_way *way, const struct relay *relay)
{
	bool is_answering = true;

	for (guint i = 0; i < relay->unanswered->len; i++) {
		struct host_get *request = relay->unanswered->pdata[i];

		if (!is_answering) {
			relay->done(request, relay->data);
			continue;
		}
		engine_curl_get(way->engine, request, 1, relay->done, relay->data);
		is_answering = request->http_status != 0;
	}
}

void engine_way_get(struct engine_way *way, struct host_get *requests, guint n_requests,
		    void (*done)(struct host_get *request, void *data), void *data)
{
	g_autoptr(GPtrArray) unanswered = g_ptr_array_new();
	struct relay relay = {done, data, unanswered};
	guint n_first = way->is_decided ? 0 : MIN(n_requests, 1);

	if (n_first > 0)
		decide(way, &relay, requests);
	if (way->used < 0) {
		for (guint i = n_first; i < n_requests; i++) {
			set_unreachable(way, &requests[i]);
			done(&requests[i], data);
		}
		return;
	}
	if (way->used == COMMAND) {
		ask_by(way, requests + n_first, n_requests - n_first, done, data);
		return;
	}
	g_ptr_array_set_size(unanswered, 0);
	ask_by(way, requests + n_first, n_requests - n_first, take_first, &relay);
	ask_again(way, &relay);
}
