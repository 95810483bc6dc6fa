/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A machine as it is named in a word. What ssh, or a shell that ssh_config starts (ProxyCommand,
 * Match exec), could take for something else than a name is refused here, before anything is run.
 * A word that may hold a password is never quoted.
 */
#include "agent/ssh_target.h"

#include <arpa/inet.h>
#include <string.h>

enum {
	WORD_BYTES = 1024,
	HOST_BYTES = 253,
	USER_BYTES = 128,
	SOCKET_BYTES = 107, /* sun_path */
	QUOTED_BYTES = 100,
};

static const char ssh_scheme[] = "ssh://";
static const char host_letters[] =
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_+";
static const char user_letters[] =
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_+@\\";

void ssh_target_free(struct ssh_target *target)
{
	if (target == NULL)
		return;
	g_free(target->name);
	g_free(target->host);
	g_free(target->user);
	g_free(target->key);
	g_free(target->socket);
	g_strfreev(target->labels);
	g_free(target);
}

static bool fail(GError **error, const char *what)
{
	g_set_error_literal(error, SSH_ERROR, SSH_ERROR_CONFIG, what);
	return false;
}

/* --- the parts --- */

static bool is_plain(const char *text)
{
	for (; *text != '\0'; text++)
		if ((guchar)*text <= ' ' || (guchar)*text >= 0x7f)
			return false;
	return true;
}

static bool read_user(struct ssh_target *target, char *user, GError **error)
{
	size_t length = strlen(user);

	if (strchr(user, ':') != NULL)
		return fail(error, "a password does not belong into a target: use a key, or "
				   "an agent (ssh-add)");
	if (length == 0)
		return fail(error, "the user before \"@\" is empty");
	if (user[0] == '-' || length > USER_BYTES || strspn(user, user_letters) != length)
		return fail(error, "what stands before \"@\" is no user name");
	target->user = g_strdup(user);
	return true;
}

static bool read_port(struct ssh_target *target, const char *text, GError **error)
{
	guint64 port = 0;

	if (!g_ascii_string_to_unsigned(text, 10, 1, 65535, &port, NULL))
		return fail(error, "the port behind \":\" is not between 1 and 65535");
	target->port = (guint)port;
	return true;
}

/* "fe80::1%eth0" too. */
static bool is_address6(const char *text)
{
	g_autofree char *address = g_strndup(text, strcspn(text, "%"));
	const char *zone = text + strlen(address);
	struct in6_addr ignored;

	if (zone[0] == '%' &&
	    (zone[1] == '\0' || strspn(zone + 1, host_letters) + 1 != strlen(zone)))
		return false;
	return inet_pton(AF_INET6, address, &ignored) == 1;
}

/* "[v6]" or "[v6]:port"; the closing bracket ends the address. */
static bool read_bracketed(struct ssh_target *target, char *text, GError **error)
{
	char *end = strchr(text, ']');

	if (end == NULL || (end[1] != '\0' && end[1] != ':'))
		return fail(error, "an address in brackets is followed by \":PORT\" or nothing");
	*end = '\0';
	if (!is_address6(text + 1))
		return fail(error, "what stands in brackets is no IPv6 address");
	target->host = g_strdup(text + 1);
	return end[1] == '\0' || read_port(target, end + 2, error);
}

static bool read_host(struct ssh_target *target, char *text, GError **error)
{
	char *colon = strchr(text, ':');

	if (text[0] == '[')
		return read_bracketed(target, text, error);
	if (colon != NULL && strchr(colon + 1, ':') != NULL) {
		if (!is_address6(text))
			return fail(error, "more than one \":\"; an IPv6 address with a port is "
					   "written [ADDRESS]:PORT");
		target->host = g_strdup(text);
		return true;
	}
	if (colon != NULL)
		*colon = '\0';
	if (text[0] == '\0')
		return fail(error, "there is no host name");
	if (text[0] == '-')
		return fail(error, "a host name cannot begin with \"-\"");
	if (strlen(text) > HOST_BYTES || strspn(text, host_letters) != strlen(text))
		return fail(error, "a host name consists of letters, digits, \".\", \"-\" and "
				   "\"_\" (international names in their xn-- form)");
	target->host = g_strdup(text);
	return colon == NULL || read_port(target, colon + 1, error);
}

static bool read_socket(struct ssh_target *target, const char *path, GError **error)
{
	if (strcmp(path, "/") == 0)
		return true;
	if (strlen(path) > SOCKET_BYTES)
		return fail(error, "the path of the Engine's socket is too long for a socket");
	if (strpbrk(path, "?#") != NULL)
		return fail(error, "the path of the Engine's socket has \"?\" or \"#\" in it");
	target->socket = g_strdup(path);
	return true;
}

static bool read_parts(struct ssh_target *target, const char *text, GError **error)
{
	const char *rest = text;
	const char *path = NULL;
	g_autofree char *authority = NULL;
	char *at = NULL;

	if (g_ascii_strncasecmp(rest, ssh_scheme, strlen(ssh_scheme)) == 0)
		rest += strlen(ssh_scheme);
	else if (strstr(rest, "://") != NULL)
		return fail(error, "only ssh:// can be scanned");
	path = strchr(rest, '/');
	authority = path != NULL ? g_strndup(rest, (gsize)(path - rest)) : g_strdup(rest);
	at = strrchr(authority, '@');
	if (at != NULL)
		*at++ = '\0';
	return (at == NULL || read_user(target, authority, error)) &&
	       read_host(target, at != NULL ? at : authority, error) &&
	       (path == NULL || read_socket(target, path, error));
}

/* --- the word --- */

/* "user:password@host" must not come into a message, however it is broken. */
static bool may_hold_password(const char *text)
{
	const char *at = strrchr(text, '@');
	const char *rest = strstr(text, "://");
	const char *colon = strchr(rest != NULL ? rest + 3 : text, ':');

	return at != NULL && colon != NULL && colon < at;
}

static void prefix(GError **error, const char *text)
{
	g_autofree char *escaped = NULL;

	if (may_hold_password(text)) {
		g_prefix_error_literal(error, "target \"...@...\": ");
		return;
	}
	escaped = g_strescape(text, NULL);
	if (strlen(escaped) > QUOTED_BYTES)
		memcpy(escaped + QUOTED_BYTES - 3, "...", 4);
	g_prefix_error(error, "target \"%s\": ", escaped);
}

struct ssh_target *ssh_target_parse(const char *text, GError **error)
{
	PLIMSOLL_AUTO(ssh_target) *target = g_new0(struct ssh_target, 1);
	bool is_read = false;

	target->name = g_strdup(text);
	if (text[0] == '\0')
		(void)fail(error, "it is empty");
	else if (strlen(text) > WORD_BYTES)
		(void)fail(error, "it is too long");
	else if (!is_plain(text))
		(void)fail(error, "blanks, control characters and letters beyond ASCII cannot "
				  "stand in it");
	else
		is_read = read_parts(target, text, error);
	if (is_read)
		return g_steal_pointer(&target);
	prefix(error, text);
	return NULL;
}
