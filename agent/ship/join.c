/* SPDX-License-Identifier: Apache-2.0 */
/* "plimsoll-join:" + base64url(JSON). Strict: a damaged paste must not become another server's
 * name. */
#include "agent/ship/join.h"

#include <string.h>

#include "proto/json.h"

#define JOIN_PREFIX        "plimsoll-join:"
#define BASE64URL_ALPHABET "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

enum { JOIN_VERSION = 1 };

GQuark join_error_quark(void)
{
	return g_quark_from_static_string("plimsoll-join-error");
}

static void *refuse(const char *why, GError **error)
{
	g_set_error(error, JOIN_ERROR, 0, "not a join string: %s", why);
	return NULL;
}

/* gives: decoded bytes; NULL when text is no base64url. Padding is optional. */
static char *decode_base64url(const char *text, gsize size, gsize *ret_size)
{
	g_autofree char *standard = NULL;
	gsize digits = strspn(text, BASE64URL_ALPHABET);
	gsize padding = size - digits;

	if (digits > size || padding > 2 || strspn(text + digits, "=") < padding || digits % 4 == 1)
		return NULL;
	standard = g_strdup_printf("%.*s%s", (int)digits, text,
				   digits % 4 == 0   ? ""
				   : digits % 4 == 2 ? "=="
						     : "=");
	g_strdelimit(standard, "-", '+');
	g_strdelimit(standard, "_", '/');
	return (char *)g_base64_decode(standard, ret_size);
}

/* A URL is used as a prefix of paths, and its host in a TLS handshake: nothing but scheme and
 * authority. */
static char *read_url(const struct json *document, const char *key)
{
	gsize size = 0;
	const char *url = json_as_string(json_get(document, key), &size);
	const char *authority = NULL;

	if (url == NULL || strlen(url) != size || !g_str_has_prefix(url, "https://"))
		return NULL;
	authority = url + strlen("https://");
	if (*authority == '\0' ||
	    strspn(authority,
		   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._:[]") !=
		    strlen(authority))
		return NULL;
	return g_strdup(url);
}

/* It travels in a header line, hence the small alphabet. */
static char *read_token(const struct json *document)
{
	gsize size = 0;
	const char *token = json_as_string(json_get(document, "token"), &size);
	const char *dot = token == NULL ? NULL : strchr(token, '.');

	if (dot == NULL || dot == token || dot[1] == '\0' ||
	    strspn(token, BASE64URL_ALPHABET ".") != size || strchr(dot + 1, '.') != NULL)
		return NULL;
	return g_strdup(token);
}

static struct join *join_from_json(const struct json *document, GError **error)
{
	PLIMSOLL_AUTO(join) *join = g_new0(struct join, 1);
	const char *pin = json_as_string(json_get(document, "pin"), NULL);
	int64_t version = 0;

	if (!json_as_integer(json_get(document, "v"), &version) || version != JOIN_VERSION)
		return refuse("it is of another version than this agent knows", error);
	join->enroll_url = read_url(document, "enroll");
	join->agents_url = read_url(document, "agents");
	if (join->enroll_url == NULL || join->agents_url == NULL)
		return refuse("it names no server", error);
	if (pin == NULL || !tls_pin_parse(pin, join->pin))
		return refuse("it holds no pin of the server's CA", error);
	join->token = read_token(document);
	if (join->token == NULL)
		return refuse("it holds no token", error);
	return g_steal_pointer(&join);
}

struct join *join_parse(const char *text, gsize size, GError **error)
{
	g_autofree char *word = g_strstrip(g_strndup(text, MIN(size, (gsize)JOIN_MAX_BYTES)));
	g_autofree char *decoded = NULL;
	PLIMSOLL_AUTO(json) *document = NULL;
	struct join *join = NULL;
	gsize decoded_size = 0;

	if (size > JOIN_MAX_BYTES)
		return refuse("it is too long", error);
	if (!g_str_has_prefix(word, JOIN_PREFIX))
		return refuse("it does not start with " JOIN_PREFIX, error);
	decoded = decode_base64url(word + strlen(JOIN_PREFIX), strlen(word + strlen(JOIN_PREFIX)),
				   &decoded_size);
	if (decoded != NULL)
		document = json_parse(decoded, decoded_size, NULL, NULL);
	join = document == NULL ? refuse("it is damaged or cut off", error)
				: join_from_json(document, error);
	explicit_bzero(word, strlen(word));
	if (decoded != NULL)
		explicit_bzero(decoded, decoded_size);
	return join;
}

void join_free(struct join *join)
{
	if (join == NULL)
		return;
	if (join->token != NULL)
		explicit_bzero(join->token, strlen(join->token));
	g_free(join->token);
	g_free(join->enroll_url);
	g_free(join->agents_url);
	g_free(join);
}
