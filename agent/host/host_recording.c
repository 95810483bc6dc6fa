/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 1 of the flow, for tests: answers of a host to JSON and back. Each kind of answer is one
 * table of fields, so that writing and reading cannot drift apart.
 */
#include "agent/host/host_recording.h"

#include <stddef.h>
#include <string.h>

enum field_kind { FIELD_TEXT, FIELD_INT64, FIELD_UINT64, FIELD_UINT32, FIELD_INT, FIELD_BOOL };

struct field {
	const char *name;
	enum field_kind kind;
	size_t offset;
};

static const char *const status_names[] = {
	[PLIMSOLL__FETCH__STATUS__OK] = "ok",
	[PLIMSOLL__FETCH__STATUS__ABSENT] = "absent",
	[PLIMSOLL__FETCH__STATUS__PERMISSION] = "permission",
	[PLIMSOLL__FETCH__STATUS__TIMEOUT] = "timeout",
	[PLIMSOLL__FETCH__STATUS__HTTP_ERROR] = "http_error",
	[PLIMSOLL__FETCH__STATUS__PARSE_ERROR] = "parse_error",
	[PLIMSOLL__FETCH__STATUS__TRUNCATED] = "truncated",
	[PLIMSOLL__FETCH__STATUS__NOT_TRIED] = "not_tried",
};

#define FIELD(type, kind, member)                                                                  \
	{                                                                                          \
#member, kind, offsetof(struct type, member)                                       \
	}

static const struct field stat_fields[] = {
	FIELD(host_stat, FIELD_TEXT, real),          FIELD(host_stat, FIELD_TEXT, real_parent),
	FIELD(host_stat, FIELD_TEXT, link_target),   FIELD(host_stat, FIELD_BOOL, dangling),
	FIELD(host_stat, FIELD_BOOL, is_link),       FIELD(host_stat, FIELD_UINT32, mode),
	FIELD(host_stat, FIELD_INT64, uid),          FIELD(host_stat, FIELD_INT64, gid),
	FIELD(host_stat, FIELD_INT64, size),         FIELD(host_stat, FIELD_INT64, mtime_s),
	FIELD(host_stat, FIELD_INT64, ctime_s),      FIELD(host_stat, FIELD_UINT64, inode),
	FIELD(host_stat, FIELD_UINT32, dev_major),   FIELD(host_stat, FIELD_UINT32, dev_minor),
	FIELD(host_stat, FIELD_BOOL, has_acl),       FIELD(host_stat, FIELD_INT64, link_ctime_s),
	FIELD(host_stat, FIELD_INT64, move_ctime_s),
};
static const struct field read_fields[] = {
	FIELD(host_read, FIELD_INT64, mtime_s),
	FIELD(host_read, FIELD_INT64, ctime_s),
	FIELD(host_read, FIELD_UINT64, inode),
};
static const struct field link_fields[] = {FIELD(host_link, FIELD_TEXT, target)};
static const struct field peer_fields[] = {
	FIELD(host_peer, FIELD_INT64, pid),
	FIELD(host_peer, FIELD_INT64, uid),
	FIELD(host_peer, FIELD_INT64, gid),
};
static const struct field process_fields[] = {
	FIELD(host_process, FIELD_INT64, pid),      FIELD(host_process, FIELD_INT64, ppid),
	FIELD(host_process, FIELD_INT64, start_at), FIELD(host_process, FIELD_TEXT, comm),
	FIELD(host_process, FIELD_TEXT, exe),       FIELD(host_process, FIELD_TEXT, argv0),
	FIELD(host_process, FIELD_TEXT, cgroup),    FIELD(host_process, FIELD_INT64, pidns),
};
static const struct field table_fields[] = {
	FIELD(host_process_table, FIELD_BOOL, is_first_pidns),
	FIELD(host_process_table, FIELD_INT64, pidns),
};
static const struct field rule_fields[] = {
	FIELD(host_audit_rule, FIELD_TEXT, list),     FIELD(host_audit_rule, FIELD_TEXT, action),
	FIELD(host_audit_rule, FIELD_TEXT, path),     FIELD(host_audit_rule, FIELD_BOOL, dir),
	FIELD(host_audit_rule, FIELD_BOOL, has_dir),  FIELD(host_audit_rule, FIELD_TEXT, perms),
	FIELD(host_audit_rule, FIELD_TEXT, syscalls), FIELD(host_audit_rule, FIELD_TEXT, key),
	FIELD(host_audit_rule, FIELD_TEXT, raw),
};
static const struct field rule_field_fields[] = {
	FIELD(host_audit_field, FIELD_TEXT, name),
	FIELD(host_audit_field, FIELD_TEXT, op),
	FIELD(host_audit_field, FIELD_TEXT, value),
};
static const struct field audit_fields[] = {
	FIELD(host_audit, FIELD_INT, source),    FIELD(host_audit, FIELD_BOOL, has_kernel),
	FIELD(host_audit, FIELD_BOOL, kernel),   FIELD(host_audit, FIELD_BOOL, has_enabled),
	FIELD(host_audit, FIELD_INT64, enabled), FIELD(host_audit, FIELD_INT64, daemon_pid),
};
static const struct field self_fields[] = {
	FIELD(host_self, FIELD_INT64, uid),
	FIELD(host_self, FIELD_INT64, caps),
	FIELD(host_self, FIELD_BOOL, has_userns),
	FIELD(host_self, FIELD_BOOL, in_userns),
	FIELD(host_self, FIELD_INT64, pidns),
	FIELD(host_self, FIELD_TEXT, kernel),
	FIELD(host_self, FIELD_BOOL, has_foreign_root),
	FIELD(host_self, FIELD_TEXT, hostname),
	FIELD(host_self, FIELD_TEXT, container_id),
};

/* ---- reading ---- */

static void read_field(const struct json *value, const struct field *field, struct arena *arena,
		       void *answer)
{
	void *place = (char *)answer + field->offset;
	const char *text = json_as_string(value, NULL);
	int64_t number = 0;
	bool flag = false;

	switch (field->kind) {
	case FIELD_TEXT:
		if (text != NULL)
			*(const char **)place = arena_strdup(arena, text);
		break;
	case FIELD_BOOL:
		if (json_as_boolean(value, &flag))
			*(bool *)place = flag;
		break;
	case FIELD_INT64:
		if (json_as_integer(value, &number))
			*(int64_t *)place = number;
		break;
	case FIELD_UINT64:
		if (json_as_integer(value, &number))
			*(uint64_t *)place = (uint64_t)number;
		break;
	case FIELD_UINT32:
		if (json_as_integer(value, &number))
			*(uint32_t *)place = (uint32_t)number;
		break;
	case FIELD_INT:
		if (json_as_integer(value, &number))
			*(int *)place = (int)number;
		break;
	}
}

static void read_fields_of(const struct json *object, const struct field *fields, guint n_fields,
			   struct arena *arena, void *answer)
{
	for (guint i = 0; i < n_fields; i++)
		read_field(json_get(object, fields[i].name), &fields[i], arena, answer);
}

static struct host_state read_state(const struct json *object, struct arena *arena)
{
	const char *name = json_as_string(json_get(object, "status"), NULL);
	struct host_state state = {.status = PLIMSOLL__FETCH__STATUS__NOT_TRIED};
	int64_t number = 0;

	for (guint i = PLIMSOLL__FETCH__STATUS__OK; name != NULL && i < G_N_ELEMENTS(status_names);
	     i++) {
		if (strcmp(status_names[i], name) == 0)
			state.status = (Plimsoll__Fetch__Status)i;
	}
	if (json_as_integer(json_get(object, "errno"), &number))
		state.errno_value = (int)number;
	state.detail = arena_strdup(arena, json_as_string(json_get(object, "detail"), NULL));
	return state;
}

static const char *read_content(const struct json *object, struct arena *arena, size_t *ret_size)
{
	const struct json *words = json_get(object, "words");
	const char *encoded = json_as_string(json_get(object, "base64"), NULL);
	const char *text = json_as_string(json_get(object, "text"), NULL);
	g_autoptr(GString) content = g_string_new(text);
	g_autofree guchar *decoded = NULL;
	gsize size = 0;

	for (size_t i = 0; i < json_length(words); i++) {
		const char *word = json_as_string(json_at(words, i), NULL);

		g_string_append(content, word == NULL ? "" : word);
		g_string_append_c(content, '\0');
	}
	if (encoded != NULL) {
		decoded = g_base64_decode(encoded, &size);
		g_string_append_len(content, (const char *)decoded, (gssize)size);
	}
	*ret_size = content->len;
	return arena_strndup(arena, content->str, content->len);
}

static void answer_stat(const struct json *object, struct arena *arena, void *want)
{
	struct host_stat *answer = want;

	answer->state = read_state(object, arena);
	read_fields_of(object, stat_fields, G_N_ELEMENTS(stat_fields), arena, answer);
}

static void answer_read(const struct json *object, struct arena *arena, void *want)
{
	struct host_read *answer = want;

	answer->state = read_state(object, arena);
	read_fields_of(object, read_fields, G_N_ELEMENTS(read_fields), arena, answer);
	answer->data = read_content(object, arena, &answer->size);
	if (answer->size > answer->max_bytes) {
		answer->size = answer->max_bytes;
		answer->data = arena_strndup(arena, answer->data, answer->size);
		answer->state.status = PLIMSOLL__FETCH__STATUS__TRUNCATED;
	}
}

static void answer_link(const struct json *object, struct arena *arena, void *want)
{
	struct host_link *answer = want;

	answer->state = read_state(object, arena);
	read_fields_of(object, link_fields, G_N_ELEMENTS(link_fields), arena, answer);
}

static void answer_list(const struct json *object, struct arena *arena, void *want)
{
	struct host_list *answer = want;
	const struct json *names = json_get(object, "names");
	guint n = (guint)MIN(json_length(names), (size_t)answer->max_names);
	const char **copies = arena_calloc(arena, (size_t)n + 1, sizeof(*copies));

	answer->state = read_state(object, arena);
	for (guint i = 0; i < n; i++) {
		const char *name = json_as_string(json_at(names, i), NULL);

		copies[i] = arena_strdup(arena, name == NULL ? "" : name);
	}
	answer->names = copies;
	answer->n_names = n;
	if (n < json_length(names))
		answer->state.status = PLIMSOLL__FETCH__STATUS__TRUNCATED;
}

static void answer_peer(const struct json *object, struct arena *arena, void *want)
{
	struct host_peer *answer = want;

	answer->state = read_state(object, arena);
	read_fields_of(object, peer_fields, G_N_ELEMENTS(peer_fields), arena, answer);
}

static const struct {
	const char *name;
	void (*answer)(const struct json *object, struct arena *arena, void *want);
} kinds[HOST_WANT_KINDS] = {
	[HOST_WANT_STAT] = {"stat", answer_stat}, [HOST_WANT_READ] = {"read", answer_read},
	[HOST_WANT_LINK] = {"link", answer_link}, [HOST_WANT_LIST] = {"list", answer_list},
	[HOST_WANT_PEER] = {"peer", answer_peer},
};

static void answer_processes(const struct json *object, struct arena *arena,
			     struct host_process_table *table)
{
	const struct json *list = json_get(object, "process");
	struct host_process *processes =
		arena_calloc(arena, json_length(list) + 1, sizeof(*processes));

	table->state = read_state(object, arena);
	read_fields_of(object, table_fields, G_N_ELEMENTS(table_fields), arena, table);
	table->n_processes = (guint)json_length(list);
	table->processes = processes;
	for (guint i = 0; i < table->n_processes; i++) {
		const struct json *one = json_at(list, i);

		processes[i].pidns = -1;
		read_fields_of(one, process_fields, G_N_ELEMENTS(process_fields), arena,
			       &processes[i]);
		if (json_get(one, "words") != NULL)
			processes[i].cmdline = read_content(one, arena, &processes[i].cmdline_size);
	}
}

static void answer_rule(const struct json *object, struct arena *arena,
			struct host_audit_rule *rule)
{
	const struct json *list = json_get(object, "field");
	struct host_audit_field *fields =
		arena_calloc(arena, json_length(list) + 1, sizeof(*fields));

	read_fields_of(object, rule_fields, G_N_ELEMENTS(rule_fields), arena, rule);
	rule->n_fields = (guint)json_length(list);
	rule->fields = fields;
	for (guint i = 0; i < rule->n_fields; i++)
		read_fields_of(json_at(list, i), rule_field_fields, G_N_ELEMENTS(rule_field_fields),
			       arena, &fields[i]);
}

static void answer_audit(const struct json *object, struct arena *arena, struct host_audit *audit)
{
	const struct json *list = json_get(object, "rule");
	struct host_audit_rule *rules = arena_calloc(arena, json_length(list) + 1, sizeof(*rules));

	audit->state = read_state(object, arena);
	read_fields_of(object, audit_fields, G_N_ELEMENTS(audit_fields), arena, audit);
	audit->n_rules = (guint)json_length(list);
	audit->rules = rules;
	for (guint i = 0; i < audit->n_rules; i++)
		answer_rule(json_at(list, i), arena, &rules[i]);
}

void host_recording_answer(const struct json *recording, struct host_batch *batch)
{
	for (guint kind = 0; kind < HOST_WANT_KINDS; kind++) {
		const struct json *answers = json_get(recording, kinds[kind].name);
		GHashTableIter all;
		gpointer path = NULL;
		gpointer want = NULL;

		g_hash_table_iter_init(&all, batch->by_path[kind]);
		while (g_hash_table_iter_next(&all, &path, &want)) {
			const struct json *object = json_get(answers, path);

			if (object != NULL)
				kinds[kind].answer(object, batch->arena, want);
		}
	}
	if (batch->processes != NULL)
		answer_processes(json_get(recording, "processes"), batch->arena, batch->processes);
	if (batch->audit != NULL)
		answer_audit(json_get(recording, "audit"), batch->arena, batch->audit);
	if (batch->self != NULL) {
		const struct json *object = json_get(recording, "self");

		batch->self->state = read_state(object, batch->arena);
		read_fields_of(object, self_fields, G_N_ELEMENTS(self_fields), batch->arena,
			       batch->self);
	}
}

/* ---- writing ---- */

static void write_field(struct json *object, const struct field *field, const void *answer)
{
	const void *place = (const char *)answer + field->offset;
	struct json *value = NULL;

	switch (field->kind) {
	case FIELD_TEXT:
		if (*(const char *const *)place == NULL)
			return;
		value = json_new_string(*(const char *const *)place);
		break;
	case FIELD_BOOL:
		value = json_new_boolean(*(const bool *)place);
		break;
	case FIELD_INT64:
		value = json_new_integer(*(const int64_t *)place);
		break;
	case FIELD_UINT64:
		value = json_new_integer((int64_t)(*(const uint64_t *)place));
		break;
	case FIELD_UINT32:
		value = json_new_integer(*(const uint32_t *)place);
		break;
	case FIELD_INT:
		value = json_new_integer(*(const int *)place);
		break;
	}
	json_set(object, field->name, value);
}

static struct json *write_answer(const struct host_state *state, const struct field *fields,
				 guint n_fields, const void *answer)
{
	struct json *object = json_object_new();

	if (state != NULL) {
		json_set(object, "status", json_new_string(status_names[state->status]));
		if (state->errno_value != 0)
			json_set(object, "errno", json_new_integer(state->errno_value));
		if (state->detail != NULL)
			json_set(object, "detail", json_new_string(state->detail));
	}
	for (guint i = 0; i < n_fields; i++)
		write_field(object, &fields[i], answer);
	return object;
}

static void write_content(struct json *object, const char *data, size_t size)
{
	g_autofree char *encoded = NULL;
	bool is_text = g_utf8_validate_len(data, size, NULL);
	struct json *words = NULL;

	if (is_text) { /* says no to NULs */
		json_set(object, "text", json_new_string(data));
		return;
	}
	for (size_t at = 0; at < size && data[size - 1] == '\0'; at += strlen(data + at) + 1) {
		if (!g_utf8_validate(data + at, -1, NULL))
			break;
		is_text = at + strlen(data + at) + 1 == size;
	}
	if (is_text) {
		words = json_set(object, "words", json_array_new());
		for (size_t at = 0; at < size; at += strlen(data + at) + 1)
			json_append(words, json_new_string(data + at));
		return;
	}
	encoded = g_base64_encode((const guchar *)data, size);
	json_set(object, "base64", json_new_string(encoded));
}

/* Environments hold secrets: all but the one variable that collectors look for stays out. */
static void write_environment(struct json *object, const char *data, size_t size)
{
	struct json *words = json_set(object, "words", json_array_new());

	for (size_t at = 0; at < size; at += strlen(data + at) + 1) {
		if (g_str_has_prefix(data + at, "DOCKER_CERT_PATH="))
			json_append(words, json_new_string(data + at));
	}
}

static struct json *write_read(const struct host_read *answer)
{
	struct json *object =
		write_answer(&answer->state, read_fields, G_N_ELEMENTS(read_fields), answer);

	if (g_str_has_suffix(answer->path, "/environ"))
		write_environment(object, answer->data, answer->size);
	else if (answer->size > 0)
		write_content(object, answer->data, answer->size);
	return object;
}

static struct json *write_list(const struct host_list *answer)
{
	struct json *object = write_answer(&answer->state, NULL, 0, answer);
	struct json *names = json_set(object, "names", json_array_new());

	for (guint i = 0; i < answer->n_names; i++)
		json_append(names, json_new_string(answer->names[i]));
	return object;
}

static struct json *write_want(enum host_want kind, const void *want, const char **ret_path)
{
	switch (kind) {
	case HOST_WANT_STAT: {
		const struct host_stat *answer = want;

		*ret_path = answer->path;
		return write_answer(&answer->state, stat_fields, G_N_ELEMENTS(stat_fields), answer);
	}
	case HOST_WANT_READ:
		*ret_path = ((const struct host_read *)want)->path;
		return write_read(want);
	case HOST_WANT_LINK: {
		const struct host_link *answer = want;

		*ret_path = answer->path;
		return write_answer(&answer->state, link_fields, G_N_ELEMENTS(link_fields), answer);
	}
	case HOST_WANT_LIST:
		*ret_path = ((const struct host_list *)want)->path;
		return write_list(want);
	case HOST_WANT_PEER: {
		const struct host_peer *answer = want;

		*ret_path = answer->path;
		return write_answer(&answer->state, peer_fields, G_N_ELEMENTS(peer_fields), answer);
	}
	}
	return NULL;
}

static struct json *write_processes(const struct host_process_table *table)
{
	struct json *object =
		write_answer(&table->state, table_fields, G_N_ELEMENTS(table_fields), table);
	struct json *list = json_set(object, "process", json_array_new());

	for (guint i = 0; i < table->n_processes; i++) {
		const struct host_process *process = &table->processes[i];
		struct json *one =
			write_answer(NULL, process_fields, G_N_ELEMENTS(process_fields), process);

		if (process->cmdline != NULL)
			write_content(one, process->cmdline, process->cmdline_size);
		json_append(list, one);
	}
	return object;
}

static struct json *write_audit(const struct host_audit *audit)
{
	struct json *object =
		write_answer(&audit->state, audit_fields, G_N_ELEMENTS(audit_fields), audit);
	struct json *list = json_set(object, "rule", json_array_new());

	for (guint i = 0; i < audit->n_rules; i++) {
		const struct host_audit_rule *rule = &audit->rules[i];
		struct json *one = write_answer(NULL, rule_fields, G_N_ELEMENTS(rule_fields), rule);
		struct json *fields = json_set(one, "field", json_array_new());

		for (guint k = 0; k < rule->n_fields; k++)
			json_append(fields, write_answer(NULL, rule_field_fields,
							 G_N_ELEMENTS(rule_field_fields),
							 &rule->fields[k]));
		json_append(list, one);
	}
	return object;
}

void host_recording_init(struct host_recording *ret_recording, const char *endpoint,
			 bool has_root_dir)
{
	struct json *root = json_object_new();

	json_set(root, "plimsoll_host", json_new_integer(1));
	json_set(root, "endpoint", json_new_string(endpoint));
	json_set(root, "root_dir", json_new_boolean(has_root_dir));
	for (guint kind = 0; kind < HOST_WANT_KINDS; kind++)
		ret_recording->answers[kind] = json_set(root, kinds[kind].name, json_object_new());
	ret_recording->root = root;
}

void host_recording_done(struct host_recording *recording)
{
	json_free(recording->root);
	recording->root = NULL;
}

void host_recording_add(struct host_recording *recording, const struct host_batch *batch)
{
	for (guint kind = 0; kind < HOST_WANT_KINDS; kind++) {
		for (guint i = 0; i < batch->wants[kind]->len; i++) {
			const char *path = NULL;
			struct json *object = write_want((enum host_want)kind,
							 batch->wants[kind]->pdata[i], &path);

			json_set(recording->answers[kind], path, object);
		}
	}
	if (batch->processes != NULL)
		json_set(recording->root, "processes", write_processes(batch->processes));
	if (batch->audit != NULL)
		json_set(recording->root, "audit", write_audit(batch->audit));
	if (batch->self != NULL)
		json_set(recording->root, "self",
			 write_answer(&batch->self->state, self_fields, G_N_ELEMENTS(self_fields),
				      batch->self));
}
