/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What expressions of checks may call. SQLite's own functions are an allow list: one
 * printf('%.*c', 900000000, 'x') runs for seconds without a look at the clock. Ours are small, pure
 * and three-valued: NULL in, NULL out.
 */
#include <arpa/inet.h>
#include <glib.h>
#include <string.h>

#include "checks/derived.pb-c.h"
#include "checks/sql_session.h"

enum { MODE_BITS = 07777, DIRECTORY_MODE_BITS = 0777 };

static const char *const sqlite_functions[] = {
	"abs",       "coalesce", "count",  "glob",  "group_concat", "hex",   "ifnull",
	"iif",       "instr",    "length", "like",  "lower",        "ltrim", "max",
	"min",       "nullif",   "quote",  "round", "rtrim",        "sign",  "substr",
	"substring", "sum",      "total",  "trim",  "typeof",       "upper", NULL,
};

/* Arguments as text; false (and a NULL result) when one is NULL. */
static bool take_texts(sqlite3_context *context, int argc, sqlite3_value **argv,
		       const char *ret_texts[])
{
	for (int i = 0; i < argc; i++) {
		ret_texts[i] = (const char *)(const void *)sqlite3_value_text(argv[i]);
		if (ret_texts[i] == NULL) {
			sqlite3_result_null(context);
			return false;
		}
	}
	return true;
}

static void give_text(sqlite3_context *context, const char *text)
{
	sqlite3_result_text(context, text, -1, SQLITE_TRANSIENT);
}

/* ---- file modes, RULES 0.8 ---- */

static void octal(sqlite3_context *context, int argc, sqlite3_value **argv)
{
	char text[16];

	(void)argc;
	if (sqlite3_value_type(argv[0]) != SQLITE_INTEGER)
		return;
	g_snprintf(text, sizeof(text), "%04o",
		   (unsigned)(sqlite3_value_int64(argv[0]) & MODE_BITS));
	give_text(context, text);
}

struct mode {
	unsigned mode, limit;
	bool type_known;
	unsigned mask; /* of the bits that count for this type */
};

/* Limits are text: SQL has no octal numbers, so 0644 would silently mean six hundred and
 * forty-four. */
static bool take_mode(sqlite3_context *context, sqlite3_value **argv, struct mode *ret_mode)
{
	const char *limit = (const char *)(const void *)sqlite3_value_text(argv[1]);
	const char *type = (const char *)(const void *)sqlite3_value_text(argv[2]);
	guint64 bits = 0;

	if (sqlite3_value_type(argv[1]) != SQLITE_TEXT ||
	    !g_ascii_string_to_unsigned(limit, 8, 0, MODE_BITS, &bits, NULL)) {
		sqlite3_result_error(context, "a limit of modes is octal text such as '0644'", -1);
		return false;
	}
	if (sqlite3_value_type(argv[0]) != SQLITE_INTEGER)
		return false;
	ret_mode->mode = (unsigned)(sqlite3_value_int64(argv[0]) & MODE_BITS);
	ret_mode->limit = (unsigned)bits;
	ret_mode->type_known = type != NULL;
	ret_mode->mask = type != NULL && strcmp(type, "dir") == 0 ? DIRECTORY_MODE_BITS : MODE_BITS;
	return true;
}

/* Without the type, only bits that count for every type decide. */
static void mode_excess(sqlite3_context *context, int argc, sqlite3_value **argv)
{
	struct mode mode = {0};
	unsigned excess = 0;

	(void)argc;
	if (!take_mode(context, argv, &mode))
		return;
	excess = mode.mode & mode.mask & ~mode.limit;
	if (!mode.type_known && excess != 0 && (excess & DIRECTORY_MODE_BITS) == 0)
		return;
	sqlite3_result_int64(context, excess);
}

/* "write for group, others" of one kind of permission. */
static void append_permission(GString *text, unsigned excess, unsigned bit, const char *name)
{
	static const char *const classes[] = {"owner", "group", "others"};
	const char *found[3];
	unsigned n = 0;

	for (unsigned i = 0; i < 3; i++)
		if (excess & bit << (6 - 3 * i))
			found[n++] = classes[i];
	if (n == 0)
		return;
	g_string_append_printf(text, "%s%s for %s", text->len > 0 ? "; " : "", name, found[0]);
	for (unsigned i = 1; i < n; i++)
		g_string_append_printf(text, ", %s", found[i]);
}

static void append_special(GString *text, unsigned excess)
{
	static const struct {
		unsigned bit;
		const char *name;
	} special[] = {{04000, "set-user-ID"}, {02000, "set-group-ID"}, {01000, "sticky"}};

	for (size_t i = 0; i < G_N_ELEMENTS(special); i++)
		if (excess & special[i].bit)
			g_string_append_printf(text, "%s%s", text->len > 0 ? "; " : "",
					       special[i].name);
}

static void mode_text(sqlite3_context *context, int argc, sqlite3_value **argv)
{
	g_autoptr(GString) words = g_string_new(NULL);
	g_autofree char *text = NULL;
	struct mode mode = {0};
	unsigned excess = 0;

	(void)argc;
	if (!take_mode(context, argv, &mode))
		return;
	excess = mode.mode & mode.mask & ~mode.limit;
	append_permission(words, excess, 04, "read");
	append_permission(words, excess, 02, "write");
	append_permission(words, excess, 01, "execute");
	append_special(words, excess);
	text = g_strdup_printf("%04o%s%s", mode.mode, words->len > 0 ? ": " : "", words->str);
	give_text(context, text);
}

/* owner_text(uid, gid, user, group): "0:100 (root:users)"; a name that is not known is left out. */
static void owner_text(sqlite3_context *context, int argc, sqlite3_value **argv)
{
	const char *user = (const char *)(const void *)sqlite3_value_text(argv[2]);
	const char *group = (const char *)(const void *)sqlite3_value_text(argv[3]);
	g_autofree char *text = NULL;

	(void)argc;
	if (sqlite3_value_type(argv[0]) != SQLITE_INTEGER ||
	    sqlite3_value_type(argv[1]) != SQLITE_INTEGER)
		return;
	text = g_strdup_printf("%" G_GINT64_FORMAT ":%" G_GINT64_FORMAT "%s%s%s%s%s",
			       (gint64)sqlite3_value_int64(argv[0]),
			       (gint64)sqlite3_value_int64(argv[1]),
			       user != NULL || group != NULL ? " (" : "",
			       user != NULL ? user : (group != NULL ? "?" : ""),
			       user != NULL || group != NULL ? ":" : "",
			       group != NULL ? group : (user != NULL ? "?" : ""),
			       user != NULL || group != NULL ? ")" : "");
	give_text(context, text);
}

/* ---- texts ---- */

static void digits(sqlite3_context *context, int argc, sqlite3_value **argv)
{
	const char *text = "";

	if (take_texts(context, argc, argv, &text))
		sqlite3_result_int(context,
				   text[0] != '\0' && text[strspn(text, "0123456789")] == '\0');
}

static void path_base(sqlite3_context *context, int argc, sqlite3_value **argv)
{
	const char *path = "";
	const char *slash = NULL;

	if (!take_texts(context, argc, argv, &path))
		return;
	slash = strrchr(path, '/');
	give_text(context, slash != NULL ? slash + 1 : path);
}

/* path_is_below(path, dir): strictly below, component by component. */
static void path_is_below(sqlite3_context *context, int argc, sqlite3_value **argv)
{
	const char *texts[2];
	size_t length = 0;

	if (!take_texts(context, argc, argv, texts))
		return;
	length = strlen(texts[1]);
	while (length > 0 && texts[1][length - 1] == '/')
		length--;
	sqlite3_result_int(context,
			   texts[1][0] == '/' && strncmp(texts[0], texts[1], length) == 0 &&
				   texts[0][length] == '/' &&
				   texts[0][length + strspn(texts[0] + length, "/")] != '\0');
}

/* date_text(seconds): the day, UTC. */
static void date_text(sqlite3_context *context, int argc, sqlite3_value **argv)
{
	g_autoptr(GDateTime) time = NULL;
	g_autofree char *text = NULL;

	(void)argc;
	if (sqlite3_value_type(argv[0]) != SQLITE_INTEGER)
		return;
	time = g_date_time_new_from_unix_utc(sqlite3_value_int64(argv[0]));
	if (time == NULL)
		return;
	text = g_date_time_format(time, "%Y-%m-%d");
	give_text(context, text);
}

/* ---- addresses ---- */

static bool is_loopback_address(const char *text)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (inet_pton(AF_INET, text, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, text, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

/* Whether a network lies inside 127.0.0.0/8 or ::1/128; NULL for what is no network. */
static void cidr_is_loopback(sqlite3_context *context, int argc, sqlite3_value **argv)
{
	const char *text = "";
	const char *slash = NULL;
	g_autofree char *address = NULL;
	unsigned char binary[sizeof(struct in6_addr)];
	bool v6 = false;
	guint64 bits = 0;

	if (!take_texts(context, argc, argv, &text))
		return;
	slash = strchr(text, '/');
	address = slash != NULL ? g_strndup(text, (gsize)(slash - text)) : g_strdup(text);
	v6 = strchr(address, ':') != NULL;
	bits = v6 ? 128 : 32;
	if (inet_pton(v6 ? AF_INET6 : AF_INET, address, binary) != 1 ||
	    (slash != NULL && !g_ascii_string_to_unsigned(slash + 1, 10, 0, bits, &bits, NULL)))
		return;
	sqlite3_result_int(context, is_loopback_address(address) && bits >= (v6 ? 128 : 8));
}

/* The host of "host", "host:port", "[v6]:port", "v6" and "scheme://user@host:port/path". */
static char *host_of(const char *text)
{
	const char *start = strstr(text, "://");
	const char *at = NULL;
	size_t length = 0;

	start = start != NULL ? start + 3 : text;
	length = strcspn(start, "/?#");
	at = memrchr(start, '@', length);
	if (at != NULL) {
		length -= (size_t)(at + 1 - start);
		start = at + 1;
	}
	if (start[0] == '[') {
		const char *end = memchr(start, ']', length);
		return end != NULL ? g_strndup(start + 1, (gsize)(end - start - 1)) : g_strdup("");
	}
	const char *colon = memchr(start, ':', length);
	if (colon != NULL && memchr(colon + 1, ':', length - (size_t)(colon + 1 - start)) == NULL)
		length = (size_t)(colon - start);
	return g_strndup(start, length);
}

static void host_is_loopback(sqlite3_context *context, int argc, sqlite3_value **argv)
{
	const char *text = "";
	g_autofree char *host = NULL;

	if (!take_texts(context, argc, argv, &text))
		return;
	host = host_of(text);
	sqlite3_result_int(context,
			   g_ascii_strcasecmp(host, "localhost") == 0 || is_loopback_address(host));
}

static void url_host(sqlite3_context *context, int argc, sqlite3_value **argv)
{
	const char *text = "";
	g_autofree char *host = NULL;

	if (!take_texts(context, argc, argv, &text))
		return;
	host = host_of(text);
	give_text(context, host);
}

/* The registry of an image's name: its first part, where that can be a host; else Docker Hub. */
static void registry_of(sqlite3_context *context, int argc, sqlite3_value **argv)
{
	const char *text = "";
	const char *slash = NULL;
	g_autofree char *host = NULL;

	if (!take_texts(context, argc, argv, &text))
		return;
	slash = strchr(text, '/');
	if (slash != NULL)
		host = g_ascii_strdown(text, slash - text);
	if (host == NULL || (strpbrk(host, ".:") == NULL && strcmp(host, "localhost") != 0) ||
	    strcmp(host, "index.docker.io") == 0)
		give_text(context, "docker.io");
	else
		give_text(context, host);
}

/* ---- versions ---- */

/* "v20.10.24+dfsg1" -> 20, 10, 24; parts left out count as 0. */
static bool parse_version(const char *text, guint64 ret_parts[3])
{
	if (text[0] == 'v')
		text++;
	for (int i = 0; i < 3; i++) {
		size_t length = strspn(text, "0123456789");

		ret_parts[i] = 0;
		if (length == 0 || length > 9)
			return false;
		ret_parts[i] = g_ascii_strtoull(text, NULL, 10);
		text += length;
		if (*text != '.')
			break;
		if (i < 2)
			text++;
	}
	return *text == '\0' || strchr("+-~.", *text) != NULL;
}

static void version_at_least(sqlite3_context *context, int argc, sqlite3_value **argv)
{
	const char *texts[2];
	guint64 version[3] = {0};
	guint64 wanted[3] = {0};
	int order = 0;

	if (!take_texts(context, argc, argv, texts) || !parse_version(texts[0], version) ||
	    !parse_version(texts[1], wanted))
		return;
	for (int i = 0; order == 0 && i < 3; i++)
		order = version[i] > wanted[i] ? 1 : version[i] < wanted[i] ? -1 : 0;
	sqlite3_result_int(context, order >= 0);
}

/* ---- parameters ---- */

/* param('min_engine_version'): a site parameter; NULL while unset. */
static void param(sqlite3_context *context, int argc, sqlite3_value **argv)
{
	const struct sql_session *session = sqlite3_user_data(context);
	const struct facts_table *table = facts_table_find("parameter");
	const struct facts_column *column = NULL;
	const char *name = NULL;
	struct facts_row row;
	struct facts_value value;

	if (!take_texts(context, argc, argv, &name))
		return;
	column = facts_table_column(table, name);
	if (column == NULL) {
		sqlite3_result_error(context, "no such parameter", -1);
		return;
	}
	facts_table_row(table, &session->facts.data, 0, 0, &row);
	facts_column_read(column, &row, &value);
	if (value.type == FACTS_VALUE_TEXT)
		give_text(context, value.text);
	else if (value.type == FACTS_VALUE_INTEGER)
		sqlite3_result_int64(context, value.integer);
}

/* param() is not deterministic: the same statement runs over many snapshots. */
static const struct {
	const char *name;
	int arguments;
	int flags;
	void (*function)(sqlite3_context *context, int argc, sqlite3_value **argv);
} our_functions[] = {
	{"octal", 1, SQLITE_DETERMINISTIC, octal},
	{"mode_excess", 3, SQLITE_DETERMINISTIC, mode_excess},
	{"mode_text", 3, SQLITE_DETERMINISTIC, mode_text},
	{"owner_text", 4, SQLITE_DETERMINISTIC, owner_text},
	{"digits", 1, SQLITE_DETERMINISTIC, digits},
	{"path_base", 1, SQLITE_DETERMINISTIC, path_base},
	{"path_is_below", 2, SQLITE_DETERMINISTIC, path_is_below},
	{"date_text", 1, SQLITE_DETERMINISTIC, date_text},
	{"cidr_is_loopback", 1, SQLITE_DETERMINISTIC, cidr_is_loopback},
	{"host_is_loopback", 1, SQLITE_DETERMINISTIC, host_is_loopback},
	{"url_host", 1, SQLITE_DETERMINISTIC, url_host},
	{"registry_of", 1, SQLITE_DETERMINISTIC, registry_of},
	{"version_at_least", 2, SQLITE_DETERMINISTIC, version_at_least},
	{"param", 1, 0, param},
};

int sql_functions_register(struct sql_session *session)
{
	int rc = SQLITE_OK;

	for (size_t i = 0; rc == SQLITE_OK && i < G_N_ELEMENTS(our_functions); i++)
		rc = sqlite3_create_function_v2(session->db, our_functions[i].name,
						our_functions[i].arguments,
						SQLITE_UTF8 | our_functions[i].flags, session,
						our_functions[i].function, NULL, NULL, NULL);
	return rc;
}

bool sql_functions_allows(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(our_functions); i++)
		if (g_ascii_strcasecmp(our_functions[i].name, name) == 0)
			return true;
	for (size_t i = 0; sqlite_functions[i] != NULL; i++)
		if (g_ascii_strcasecmp(sqlite_functions[i], name) == 0)
			return true;
	return false;
}
