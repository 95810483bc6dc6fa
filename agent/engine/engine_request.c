/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of requests, the choice of the API version, and the judgement of an answer. Nothing is
 * ever sent to an Engine that this file does not allow: only GETs exist, and only of these paths.
 */
#include "agent/engine/engine_request.h"

#include <string.h>

#include "proto/json.h"

enum { CONTAINER_ID_LEAST = 12, CONTAINER_ID_MOST = 128, DIGEST_LEAST = 32, DIGEST_MOST = 128 };

/* ID stands for a container id, DIGEST for an image id; no pattern holds both. */
static const char *const allowed_paths[] = {
	"/_ping",
	"/version",
	"/info",
	"/containers/json?all=1",
	"/containers/{ID}/json",
	"/images/json",
	"/images/{DIGEST}/json",
	"/images/{DIGEST}/history",
	"/networks",
	"/volumes",
	"/nodes",
	"/services",
};

/* Length of the run of hex digits at text. */
static size_t hex_length(const char *text)
{
	return strspn(text, "0123456789abcdef");
}

/* Moves *text behind an id; false when there is none. */
static bool skip_container_id(const char **text)
{
	size_t length = hex_length(*text);

	*text += length;
	return length >= CONTAINER_ID_LEAST && length <= CONTAINER_ID_MOST;
}

/* sha256:... as image ids are written, whatever the algorithm. */
static bool skip_digest(const char **text)
{
	size_t algorithm = strspn(*text, "abcdefghijklmnopqrstuvwxyz0123456789");
	size_t length = 0;

	if (algorithm == 0 || (*text)[algorithm] != ':')
		return false;
	*text += algorithm + 1;
	length = hex_length(*text);
	*text += length;
	return length >= DIGEST_LEAST && length <= DIGEST_MOST;
}

static bool path_matches(const char *pattern, const char *path)
{
	while (*pattern != '\0') {
		if (g_str_has_prefix(pattern, "{ID}")) {
			if (!skip_container_id(&path))
				return false;
			pattern += strlen("{ID}");
		} else if (g_str_has_prefix(pattern, "{DIGEST}")) {
			if (!skip_digest(&path))
				return false;
			pattern += strlen("{DIGEST}");
		} else if (*pattern++ != *path++) {
			return false;
		}
	}
	return *path == '\0';
}

bool engine_path_is_allowed(const char *path)
{
	for (size_t i = 0; i < G_N_ELEMENTS(allowed_paths); i++)
		if (path_matches(allowed_paths[i], path))
			return true;
	return false;
}

/* ---------------------------------------------------------------- API version */

bool engine_version_parse(const char *text, struct engine_version *ret_version)
{
	guint64 major = 0, minor = 0;
	g_auto(GStrv) parts = text == NULL ? NULL : g_strsplit(text, ".", 3);

	if (parts == NULL || g_strv_length(parts) != 2 ||
	    !g_ascii_string_to_unsigned(parts[0], 10, 0, 999, &major, NULL) ||
	    !g_ascii_string_to_unsigned(parts[1], 10, 0, 9999, &minor, NULL))
		return false;
	*ret_version = (struct engine_version){(unsigned)major, (unsigned)minor};
	return true;
}

int engine_version_compare(struct engine_version a, struct engine_version b)
{
	if (a.major != b.major)
		return a.major < b.major ? -1 : 1;
	if (a.minor != b.minor)
		return a.minor < b.minor ? -1 : 1;
	return 0;
}

static struct engine_version newest_tested(void)
{
	struct engine_version newest = {0, 0};
	bool is_version = engine_version_parse(ENGINE_API_NEWEST, &newest);

	g_assert(is_version);
	return newest;
}

static void learn_minimum(struct engine_dialect *dialect, const struct host_get *answer)
{
	PLIMSOLL_AUTO(json) *root = json_parse(answer->body, answer->size, NULL, NULL);
	const char *text = json_as_string(json_get(root, "MinAPIVersion"), NULL);

	if (engine_version_parse(text, &dialect->minimum))
		dialect->has_minimum = true;
}

void engine_dialect_learn(struct engine_dialect *dialect, const struct host_get *answer)
{
	if (strcmp(answer->path, "/_ping") == 0) {
		if (engine_version_parse(answer->api_version, &dialect->offered))
			dialect->has_offered = true;
	} else if (strcmp(answer->path, "/version") == 0 && answer->http_status == 200) {
		learn_minimum(dialect, answer);
	}
}

bool engine_dialect_needs_minimum(const struct engine_dialect *dialect)
{
	return dialect->has_offered && !dialect->has_minimum &&
	       engine_version_compare(dialect->offered, newest_tested()) > 0;
}

char *engine_dialect_address(const struct engine_dialect *dialect, const char *path)
{
	struct engine_version version = newest_tested();

	/* These two tell the version and are answered without one. */
	if (!dialect->has_offered || strcmp(path, "/_ping") == 0 || strcmp(path, "/version") == 0)
		return g_strdup(path);
	if (engine_version_compare(dialect->offered, version) < 0)
		version = dialect->offered;
	if (dialect->has_minimum && engine_version_compare(version, dialect->minimum) < 0)
		version = dialect->minimum;
	return g_strdup_printf("/v%u.%u%s", version.major, version.minor, path);
}

/* ---------------------------------------------------------------- answers */

void engine_request_refuse(struct host_get *request)
{
	request->state = (struct host_state){
		.status = PLIMSOLL__FETCH__STATUS__NOT_TRIED,
		.detail = "not on the list of allowed requests",
	};
}

/* One line without control characters, which a terminal or a log might obey. */
static char *one_line(const char *text, size_t size)
{
	g_autofree char *valid = g_utf8_make_valid(text, (gssize)size);
	GString *line = g_string_new(NULL);

	for (char *at = valid; *at != '\0'; at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);
		if (g_unichar_isprint(c) && c != ' ')
			g_string_append_unichar(line, c);
		else if (line->len > 0 && line->str[line->len - 1] != ' ')
			g_string_append_c(line, ' ');
		if (line->len > LIMIT_DETAIL_BYTES)
			break;
	}
	while (line->len > LIMIT_DETAIL_BYTES)
		g_string_truncate(line,
				  (gsize)(g_utf8_prev_char(line->str + line->len) - line->str));
	return g_strchomp(g_string_free(line, FALSE));
}

char *engine_detail_text(const char *body, size_t size)
{
	PLIMSOLL_AUTO(json) *root = body == NULL ? NULL : json_parse(body, size, NULL, NULL);
	const char *message = json_as_string(json_get(root, "message"), NULL);

	if (message != NULL)
		return one_line(message, strlen(message));
	/* More than this many bytes cannot shorten to the limit by collapsing blanks alone. */
	return one_line(body == NULL ? "" : body, MIN(size, 8 * (size_t)LIMIT_DETAIL_BYTES));
}

void engine_answer_judge(struct host_get *request, GStringChunk *strings)
{
	g_autofree char *detail = NULL;

	request->state = (struct host_state){.status = PLIMSOLL__FETCH__STATUS__OK};
	if (request->http_status == 200)
		return;
	detail = engine_detail_text(request->body, request->size);
	request->state.status = PLIMSOLL__FETCH__STATUS__HTTP_ERROR;
	request->state.detail =
		detail[0] == '\0' ? NULL : g_string_chunk_insert_const(strings, detail);
}
