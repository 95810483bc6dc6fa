/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See engine_command.h. Inspects are asked for all objects at once and kept for the requests that
 * follow. Templates print the client's own idea of an answer, in which a field that the Engine does
 * not know reads as false; so inspects go without, and `info` counts only where both are the same
 * release.
 */
#include "agent/ssh/engine_command.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/engine/engine_request.h"
#include "proto/json.h"
#include "proto/limits.h"

enum { CHUNK_BYTES = 64 << 10, TRIES = 2 };

struct engine_command {
	struct ssh_link *link;
	char *docker;
	gint64 deadline_us;  /* 0: nothing was asked yet */
	GHashTable *answers; /* path -> text */
	char *api_version;   /* NULL: the Engine did not answer */
	bool is_same_release;
	GStringChunk *strings;
};

/* What asks for the answer to a path. */
struct question {
	const char *path;
	const char *ids;  /* lists the objects that show takes; NULL: it takes none */
	const char *show; /* prints JSON */
	/* Puts answers down; false: this is none. */
	bool (*take)(struct engine_command *command, const char *path, const struct json *shown);
};

static bool take_version(struct engine_command *command, const char *path,
			 const struct json *shown);
static bool take_info(struct engine_command *command, const char *path, const struct json *shown);
static bool take_containers(struct engine_command *command, const char *path,
			    const struct json *shown);
static bool take_images(struct engine_command *command, const char *path, const struct json *shown);
static bool take_list(struct engine_command *command, const char *path, const struct json *shown);
static bool take_volumes(struct engine_command *command, const char *path,
			 const struct json *shown);
static bool take_image(struct engine_command *command, const char *path, const struct json *shown);
static bool take_history(struct engine_command *command, const char *path,
			 const struct json *shown);

static const struct question questions[] = {
	{"/_ping", NULL, "version --format '{{json .}}'", take_version},
	{"/version", NULL, "version --format '{{json .}}'", take_version},
	{"/info", NULL, "info --format '{{json .}}'", take_info},
	{"/containers/json?all=1", "ps -aq --no-trunc", "inspect --type container",
	 take_containers},
	{"/images/json", "images -q --no-trunc", "image inspect", take_images},
	{"/networks", "network ls -q --no-trunc", "network inspect", take_list},
	{"/volumes", "volume ls -q", "volume inspect", take_volumes},
	{"/nodes", "node ls -q", "node inspect", take_list},
};

struct engine_command *engine_command_new(struct ssh_link *link, const char *docker)
{
	struct engine_command *command = g_new0(struct engine_command, 1);

	command->link = link;
	command->docker = g_strdup(docker);
	command->answers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	command->strings = g_string_chunk_new(256);
	return command;
}

void engine_command_free(struct engine_command *command)
{
	if (command == NULL)
		return;
	g_hash_table_unref(command->answers);
	g_string_chunk_free(command->strings);
	g_free(command->docker);
	g_free(command->api_version);
	g_free(command);
}

/* ---------------------------------------------------------------- running */

/* Everything until the stream ends; false: too much, or not in time. */
static bool read_whole(int fd, gint64 deadline_us, GString *text)
{
	g_autofree char *chunk = g_malloc(CHUNK_BYTES);

	for (;;) {
		struct pollfd waiting = {.fd = fd, .events = POLLIN};
		gint64 left_ms = (deadline_us - g_get_monotonic_time()) / 1000;
		ssize_t got = 0;

		if (left_ms <= 0 || text->len > LIMIT_SSH_ROUND_BYTES)
			return false;
		if (poll(&waiting, 1, (int)MIN(left_ms, G_MAXINT)) <= 0)
			continue;
		got = recv(fd, chunk, CHUNK_BYTES, MSG_DONTWAIT);
		if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
			return got == 0;
		g_string_append_len(text, chunk, MAX(got, 0));
	}
}

/* Cuts the last line off, which says how the command ended; false: badly, or it is not there. */
static bool cut_end(GString *text)
{
	static const char end[] = "\nplimsoll-end 0\n";

	if (!g_str_has_suffix(text->str, end))
		return false;
	g_string_truncate(text, text->len - strlen(end));
	return true;
}

/* gives: what the script printed; NULL: it did not run or end well. Free with g_string_free(). */
static GString *run(struct engine_command *command, const char *script)
{
	g_autofree char *whole = g_strdup_printf(
		"PATH=$PATH:/usr/local/bin:/usr/bin:/snap/bin; export PATH; set -f; "
		"ask() { %s; }; ask; printf '\\nplimsoll-end %%d\\n' $?",
		script);
	g_autofree char *word = g_shell_quote(whole);
	g_autofree char *line = g_strconcat("exec sh -c ", word, NULL);
	PLIMSOLL_AUTO_FD fd = ssh_link_run(command->link, line, NULL);
	g_autoptr(GString) text = g_string_new(NULL);

	if (fd < 0)
		return NULL;
	(void)shutdown(fd, SHUT_WR);
	if (!read_whole(fd, command->deadline_us, text) || !cut_end(text))
		return NULL;
	return g_steal_pointer(&text);
}

/* An id that is gone by the time it is shown fails all of them: once more then. An empty list is
 * one only where listing went well. */
static GString *ask(struct engine_command *command, const char *ids, const char *show)
{
	const char *docker = command->docker;
	g_autofree char *script =
		ids == NULL ? g_strdup_printf("%s %s", docker, show)
			    : g_strdup_printf("i=$(%s %s) || return; "
					      "if [ -z \"$i\" ]; then echo '[]'; else %s %s $i; fi",
					      docker, ids, docker, show);
	GString *text = NULL;

	for (guint i = 0; i < TRIES && text == NULL; i++)
		text = run(command, script);
	return text;
}

/* ---------------------------------------------------------------- shapes */

static void put(struct engine_command *command, const char *path, const struct json *answer)
{
	g_hash_table_insert(command->answers, g_strdup(path), json_text(answer, false));
}

static const char *text_of(const struct json *object, const char *path)
{
	return json_as_string(json_path(object, path), NULL);
}

static bool take_version(struct engine_command *command, const char *path, const struct json *shown)
{
	const struct json *server = json_get(shown, "Server");
	const char *version = text_of(server, "Version");

	(void)path;
	if (version == NULL || text_of(server, "ApiVersion") == NULL)
		return false;
	g_free(command->api_version);
	command->api_version = g_strdup(text_of(server, "ApiVersion"));
	command->is_same_release = g_strcmp0(version, text_of(shown, "Client.Version")) == 0;
	g_hash_table_insert(command->answers, g_strdup("/_ping"), g_strdup("OK"));
	put(command, "/version", server);
	return true;
}

static bool take_info(struct engine_command *command, const char *path, const struct json *shown)
{
	const struct json *errors = json_get(shown, "ServerErrors");

	/* Where the Engine does not answer, the command prints an empty information. */
	if (!command->is_same_release || json_length(errors) > 0 || text_of(shown, "ID") == NULL)
		return false;
	put(command, path, shown);
	return true;
}

static bool take_list(struct engine_command *command, const char *path, const struct json *shown)
{
	if (!json_is(shown, JSON_KIND_ARRAY))
		return false;
	put(command, path, shown);
	return true;
}

static bool take_volumes(struct engine_command *command, const char *path, const struct json *shown)
{
	g_autofree char *list = json_text(shown, false);

	if (!json_is(shown, JSON_KIND_ARRAY))
		return false;
	g_hash_table_insert(command->answers, g_strdup(path),
			    g_strdup_printf("{\"Volumes\":%s}", list));
	return true;
}

/* A list of the API from inspects, which are kept for their own requests. */
static bool take_objects(struct engine_command *command, const char *path, const struct json *shown,
			 const char *folder,
			 void (*fill)(struct json *entry, const struct json *object))
{
	PLIMSOLL_AUTO(json) *list = json_array_new();

	if (!json_is(shown, JSON_KIND_ARRAY))
		return false;
	for (size_t i = 0; i < json_length(shown); i++) {
		const struct json *object = json_at(shown, i);
		const char *id = text_of(object, "Id");
		g_autofree char *own = g_strdup_printf("/%s/%s/json", folder, id);
		struct json *entry = NULL;

		if (id == NULL)
			return false;
		/* An image is listed once for each of its names. */
		if (g_hash_table_contains(command->answers, own))
			continue;
		put(command, own, object);
		entry = json_append(list, json_object_new());
		json_set(entry, "Id", json_new_string(id));
		fill(entry, object);
	}
	put(command, path, list);
	return true;
}

static void copy_texts(struct json *entry, const char *key, const struct json *texts)
{
	struct json *copy = json_set(entry, key, json_array_new());

	for (size_t i = 0; i < json_length(texts); i++)
		json_append(copy, json_new_string(json_as_string(json_at(texts, i), NULL)));
}

static void fill_container(struct json *entry, const struct json *object)
{
	struct json *names = json_set(entry, "Names", json_array_new());

	json_append(names, json_new_string(text_of(object, "Name")));
	json_set(entry, "ImageID", json_new_string(text_of(object, "Image")));
	json_set(entry, "State", json_new_string(text_of(object, "State.Status")));
}

static void fill_image(struct json *entry, const struct json *object)
{
	int64_t size = 0;

	copy_texts(entry, "RepoTags", json_get(object, "RepoTags"));
	copy_texts(entry, "RepoDigests", json_get(object, "RepoDigests"));
	if (json_as_integer(json_get(object, "Size"), &size))
		json_set(entry, "Size", json_new_integer(size));
}

static bool take_containers(struct engine_command *command, const char *path,
			    const struct json *shown)
{
	return take_objects(command, path, shown, "containers", fill_container);
}

static bool take_images(struct engine_command *command, const char *path, const struct json *shown)
{
	return take_objects(command, path, shown, "images", fill_image);
}

/* An image that a container uses and the list does not have. */
static bool take_image(struct engine_command *command, const char *path, const struct json *shown)
{
	if (json_length(shown) != 1 || !json_is(json_at(shown, 0), JSON_KIND_OBJECT))
		return false;
	put(command, path, json_at(shown, 0));
	return true;
}

/* The times are printed as a distance from now, or without their zone. */
static bool take_history(struct engine_command *command, const char *path, const struct json *shown)
{
	PLIMSOLL_AUTO(json) *list = json_array_new();

	for (size_t i = 0; i < json_length(shown); i++) {
		const struct json *step = json_at(shown, i);
		struct json *entry = json_append(list, json_object_new());
		guint64 size = 0;

		if (text_of(step, "CreatedBy") == NULL)
			return false;
		json_set(entry, "Id", json_new_string(text_of(step, "ID")));
		json_set(entry, "CreatedBy", json_new_string(text_of(step, "CreatedBy")));
		json_set(entry, "Comment", json_new_string(text_of(step, "Comment")));
		if (text_of(step, "Size") != NULL &&
		    g_ascii_string_to_unsigned(text_of(step, "Size"), 10, 0, G_MAXINT64, &size,
					       NULL))
			json_set(entry, "Size", json_new_integer((int64_t)size));
	}
	put(command, path, list);
	return true;
}

/* ---------------------------------------------------------------- asking */

/* Lines of JSON as one list. */
static void join_lines(GString *text)
{
	g_auto(GStrv) lines = g_strsplit(text->str, "\n", -1);
	guint n = 0;

	g_string_assign(text, "[");
	for (guint i = 0; lines[i] != NULL; i++)
		if (lines[i][0] != '\0')
			g_string_append_printf(text, "%s%s", n++ > 0 ? "," : "", lines[i]);
	g_string_append_c(text, ']');
}

/* Asks what answers to that path; whether anything did stands in answers. */
static void ask_question(struct engine_command *command, const struct question *question)
{
	g_autoptr(GString) text = ask(command, question->ids, question->show);
	PLIMSOLL_AUTO(json) *shown = NULL;

	if (text == NULL)
		return;
	if (question->take == take_history)
		join_lines(text);
	shown = json_parse(text->str, text->len, NULL, NULL);
	if (shown != NULL)
		(void)question->take(command, question->path, shown);
}

/* The id in "/images/ID/json": a digest, since other paths are refused before. */
static void ask_about_image(struct engine_command *command, const char *path)
{
	static const char folder[] = "/images/";
	const char *end = strrchr(path, '/');
	g_autofree char *id =
		g_strndup(path + strlen(folder), (gsize)(end - path) - strlen(folder));
	bool is_history = strcmp(end, "/history") == 0;
	g_autofree char *show = g_strdup_printf(
		is_history ? "history --no-trunc --human=false --format '{{json .}}' %s"
			   : "image inspect %s",
		id);
	const struct question question = {path, NULL, show, is_history ? take_history : take_image};

	ask_question(command, &question);
}

static void ask_about(struct engine_command *command, const char *path)
{
	for (guint i = 0; i < G_N_ELEMENTS(questions); i++)
		if (strcmp(questions[i].path, path) == 0)
			ask_question(command, &questions[i]);
	if (g_str_has_prefix(path, "/images/") && strcmp(path, "/images/json") != 0)
		ask_about_image(command, path);
}

static void set_trouble(struct engine_command *command, struct host_get *request)
{
	const char *detail = "the docker command over there gave no whole answer";

	request->state = (struct host_state){.status = PLIMSOLL__FETCH__STATUS__HTTP_ERROR,
					     .errno_value = ECONNRESET};
	if (strcmp(request->path, "/services") == 0)
		detail = "the docker command does not tell it as the engine does";
	else if (strcmp(request->path, "/info") == 0 && !command->is_same_release)
		detail = "the docker command over there is not of the engine's release";
	request->state.detail = detail;
}

static void answer(struct engine_command *command, struct host_get *request)
{
	const char *text = NULL;

	if (!engine_path_is_allowed(request->path)) {
		engine_request_refuse(request);
		return;
	}
	if (!g_hash_table_contains(command->answers, request->path) &&
	    g_get_monotonic_time() < command->deadline_us)
		ask_about(command, request->path);
	text = g_hash_table_lookup(command->answers, request->path);
	if (text == NULL) {
		set_trouble(command, request);
		return;
	}
	request->http_status = 200;
	request->body = text;
	request->size = strlen(text);
	request->api_version = command->api_version;
	engine_answer_judge(request, command->strings);
}

void engine_command_get(struct engine_command *command, struct host_get *requests, guint n_requests,
			void (*done)(struct host_get *request, void *data), void *data)
{
	if (command->deadline_us == 0)
		command->deadline_us = g_get_monotonic_time() + LIMIT_API_TOTAL_MS * INT64_C(1000);
	for (guint i = 0; i < n_requests; i++) {
		gint64 start_us = g_get_monotonic_time();

		answer(command, &requests[i]);
		requests[i].us = g_get_monotonic_time() - start_us;
		done(&requests[i], data);
		requests[i].body = NULL;
		requests[i].size = 0;
		/* Nobody asks for an inspect twice, and all of them are much. */
		if (g_str_has_suffix(requests[i].path, "/json"))
			g_hash_table_remove(command->answers, requests[i].path);
	}
}
