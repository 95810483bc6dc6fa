/* SPDX-License-Identifier: Apache-2.0 */
/* See peer_log.h. A log is JSON when its first character says so. */
#include "server/cli/peer_log.h"

#include <string.h>

#include "proto/json.h"

G_DEFINE_QUARK(plimsoll - peer - log - error - quark, peer_log_error)

enum { MAX_RESULTS = 10000, MAX_ID = 32 };

static const char *const words[] = {
	[PEER_PASS] = "PASS",
	[PEER_WARN] = "WARN",
	[PEER_INFO] = "INFO",
	[PEER_NOTE] = "NOTE",
};

const char *peer_word_text(enum peer_word word)
{
	return words[word];
}

static bool parse_word(const char *text, size_t length, enum peer_word *ret_word)
{
	for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
		if (strlen(words[i]) == length && strncmp(words[i], text, length) == 0) {
			*ret_word = (enum peer_word)i;
			return true;
		}
	}
	return false;
}

static bool fault(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static bool fault(GError **error, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_set_error_literal(error, PEER_LOG_ERROR, 0, text);
	return false;
}

/* "4.1 is it (Automated) (Deprecated)": what stands in brackets at the end is about the title. */
static const char *plain_title(struct arena *arena, const char *text, size_t length)
{
	while (length > 0 && text[length - 1] == ')') {
		const char *open = memrchr(text, '(', length);

		if (open == NULL || open == text)
			break;
		length = (size_t)(open - text);
		while (length > 0 && text[length - 1] == ' ')
			length--;
	}
	return arena_strndup(arena, text, length);
}

static bool is_id(const char *text, size_t length)
{
	if (length == 0 || length > MAX_ID || (!g_ascii_isdigit(text[0]) && text[0] != 'C') ||
	    memchr(text, '.', length) == NULL)
		return false;
	for (size_t i = 1; i < length; i++)
		if (!g_ascii_isdigit(text[i]) && text[i] != '.')
			return false;
	return true;
}

static struct peer_result *add_result(struct peer_log *log)
{
	struct peer_result *result = arena_calloc(log->arena, 1, sizeof(*result));

	g_ptr_array_add(log->results, result);
	return result;
}

/* --- log.json --- */

static bool add_json_result(struct peer_log *log, const struct json *value, GError **error)
{
	size_t n = 0;
	const char *id = json_as_string(json_get(value, "id"), NULL);
	const char *title = json_as_string(json_get(value, "desc"), NULL);
	const char *word = json_as_string(json_get(value, "result"), NULL);
	struct peer_result *result;

	n = log->results->len;
	if (n >= MAX_RESULTS)
		return fault(error, "more than %d results", MAX_RESULTS);
	if (id == NULL || !is_id(id, strlen(id)))
		return fault(error, "result %zu has no id of a check", n + 1);
	result = add_result(log);
	if (word == NULL || !parse_word(word, strlen(word), &result->word))
		return fault(error, "check %s: the result is '%s', not PASS, WARN, INFO or NOTE",
			     id, word != NULL ? word : "");
	result->id = arena_strdup(log->arena, id);
	result->title = title != NULL ? plain_title(log->arena, title, strlen(title)) : result->id;
	result->details =
		arena_strdup(log->arena, json_as_string(json_get(value, "details"), NULL));
	return true;
}

/* A member of "tests" is a section, or a result where a single check was asked for. */
static bool add_json_test(struct peer_log *log, const struct json *test, GError **error)
{
	const struct json *results = json_get(test, "results");

	if (!json_is(results, JSON_KIND_ARRAY))
		return add_json_result(log, test, error);
	for (size_t i = 0; i < json_length(results); i++)
		if (!add_json_result(log, json_at(results, i), error))
			return false;
	return true;
}

static bool read_json(struct peer_log *log, const char *text, size_t size, GError **error)
{
	PLIMSOLL_AUTO(json) *root = json_parse(text, size, NULL, error);
	const struct json *tests;

	if (root == NULL) {
		g_prefix_error(error, "no valid JSON, ");
		return false;
	}
	tests = json_get(root, "tests");
	log->version = arena_strdup(log->arena,
				    json_as_string(json_get(root, "dockerbenchsecurity"), NULL));
	if (log->version == NULL || !json_is(tests, JSON_KIND_ARRAY))
		return fault(error, "no log.json of docker-bench-security: the keys "
				    "dockerbenchsecurity and tests are missing");
	for (size_t i = 0; i < json_length(tests); i++)
		if (!add_json_test(log, json_at(tests, i), error))
			return false;
	(void)json_as_integer(json_get(root, "start"), &log->start_s);
	log->has_score = json_as_integer(json_get(root, "score"), &log->score);
	return true;
}

/* --- the text log --- */

/* Copies a line without the terminal's colours. */
static char *without_paint(const char *line, size_t length)
{
	GString *plain = g_string_sized_new(length);

	for (size_t i = 0; i < length; i++) {
		if (line[i] != '\033') {
			g_string_append_c(plain, line[i]);
			continue;
		}
		while (i + 1 < length && !g_ascii_isalpha(line[i + 1]))
			i++;
		i++;
	}
	return g_string_free(plain, FALSE);
}

static void add_details(struct peer_log *log, const char *text)
{
	struct peer_result *last = NULL;

	if (log->results->len == 0)
		return;
	last = g_ptr_array_index(log->results, log->results->len - 1);
	last->details = last->details == NULL
				? arena_strdup(log->arena, text)
				: arena_printf(log->arena, "%s; %s", last->details, text);
}

/* "[PASS] 5.4 - Ensure that ..." */
static bool add_text_result(struct peer_log *log, const char *line)
{
	enum peer_word word = PEER_INFO;
	const char *id = line + 7;
	const char *dash = NULL;
	struct peer_result *result = NULL;

	if (strlen(line) < 8 || line[0] != '[' || line[5] != ']' || line[6] != ' ' ||
	    !parse_word(line + 1, 4, &word))
		return false;
	dash = strstr(id, " - ");
	if (dash == NULL || !is_id(id, (size_t)(dash - id)))
		return false;
	result = add_result(log);
	result->word = word;
	result->id = arena_strndup(log->arena, id, (size_t)(dash - id));
	result->title = plain_title(log->arena, dash + 3, strlen(dash + 3));
	return true;
}

static void read_score(struct peer_log *log, const char *line)
{
	const char *colon = strstr(line, "] Score: ");

	log->has_score = colon != NULL && g_ascii_string_to_signed(colon + 9, 10, G_MININT32,
								   G_MAXINT32, &log->score, NULL);
}

static void read_text_line(struct peer_log *log, const char *line)
{
	const char *star = strstr(line, " * ");

	/* A log is appended to: the last run counts. */
	if (g_str_has_prefix(line, "Initializing ")) {
		g_ptr_array_set_size(log->results, 0);
		log->has_score = false;
	} else if (line[0] == '[' && star != NULL && line[strspn(line + 6, " ") + 6] == '*') {
		add_details(log, star + 3);
	} else if (!add_text_result(log, line) && strstr(line, "] Score: ") != NULL) {
		read_score(log, line);
	}
}

/* "1.1 - Linux Hosts ..." is the head of 1.1.1, no result. */
static void drop_heads(GPtrArray *results)
{
	for (guint i = results->len; i-- > 1;) {
		const struct peer_result *head = g_ptr_array_index(results, i - 1);
		const struct peer_result *next = g_ptr_array_index(results, i);
		size_t length = strlen(head->id);

		if (strncmp(head->id, next->id, length) == 0 && next->id[length] == '.')
			g_ptr_array_remove_index(results, i - 1);
	}
}

static bool read_text(struct peer_log *log, const char *text, size_t size, GError **error)
{
	const char *end = text + size;

	for (const char *line = text; line < end;) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		size_t length = (size_t)((newline != NULL ? newline : end) - line);
		g_autofree char *plain = without_paint(line, length);

		read_text_line(log, plain);
		if (log->results->len > MAX_RESULTS)
			return fault(error, "more than %d results", MAX_RESULTS);
		line += length + 1;
	}
	drop_heads(log->results);
	return true;
}

/* --- both --- */

static bool read_any(struct peer_log *log, const char *text, size_t size, GError **error)
{
	size_t blank = 0;

	while (blank < size && g_ascii_isspace(text[blank]))
		blank++;
	if (blank < size && text[blank] == '{') {
		if (!read_json(log, text, size, error))
			return false;
	} else if (!read_text(log, text, size, error)) {
		return false;
	}
	if (log->results->len == 0)
		return fault(error, "no result of docker-bench-security in it");
	return true;
}

struct peer_log *peer_log_read(const char *text, size_t size, GError **error)
{
	PLIMSOLL_AUTO(peer_log) *log = g_new0(struct peer_log, 1);

	log->arena = arena_new(SIZE_MAX);
	log->results = g_ptr_array_new();
	return read_any(log, text, size, error) ? g_steal_pointer(&log) : NULL;
}

void peer_log_free(struct peer_log *log)
{
	if (log == NULL)
		return;
	g_ptr_array_unref(log->results);
	arena_free(log->arena);
	g_free(log);
}

const struct peer_result *peer_log_find(const struct peer_log *log, const char *id)
{
	for (guint i = 0; i < log->results->len; i++) {
		const struct peer_result *result = g_ptr_array_index(log->results, i);

		if (strcmp(result->id, id) == 0)
			return result;
	}
	return NULL;
}
