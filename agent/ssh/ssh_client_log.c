/* SPDX-License-Identifier: Apache-2.0 */
/* See ssh_client_log.h. Texts of OpenSSH 8.4 to 9.9 in locale C. */
#include "agent/ssh/ssh_client_log.h"

#include <stdbool.h>
#include <string.h>

#include "agent/ssh/known_hosts.h"
#include "agent/ssh_target.h"
#include "proto/limits.h"

enum { KNOWN_HOSTS_BYTES = 16 << 20 };

/* In order of weight: the first that stands anywhere in the text decides. */
static const struct {
	const char *text;
	enum ssh_error code;
} reasons[] = {
	{"is marked as revoked", SSH_ERROR_KEY_REVOKED},
	{"REVOKED HOST KEY DETECTED", SSH_ERROR_KEY_REVOKED},
	{"revoked by", SSH_ERROR_KEY_REVOKED},
	{"HOST IDENTIFICATION HAS CHANGED", SSH_ERROR_KEY_CHANGED},
	{"host key is known for", SSH_ERROR_KEY_UNKNOWN},
	{"Host key verification failed", SSH_ERROR_KEY_UNKNOWN},
	{"Bad configuration option", SSH_ERROR_CONFIG},
	{"Bad owner or permissions", SSH_ERROR_CONFIG},
	{"Permission denied (", SSH_ERROR_AUTH},
	{"Too many authentication failures", SSH_ERROR_AUTH},
	{"Could not resolve hostname", SSH_ERROR_RESOLVE},
	{"Unable to negotiate with", SSH_ERROR_NEGOTIATION},
	{"timed out", SSH_ERROR_TIMEOUT},
	{"Timeout", SSH_ERROR_TIMEOUT},
	{"Connection refused", SSH_ERROR_REFUSED},
	{"No route to host", SSH_ERROR_REFUSED},
	{"Network is unreachable", SSH_ERROR_REFUSED},
};

void ssh_client_log_init(struct ssh_client_log *log)
{
	*log = (struct ssh_client_log){.rest = g_string_new(NULL), .text = g_string_new(NULL)};
}

void ssh_client_log_done(struct ssh_client_log *log)
{
	if (log->rest != NULL)
		g_string_free(log->rest, TRUE);
	if (log->text != NULL)
		g_string_free(log->text, TRUE);
	g_free(log->key_type);
	g_free(log->fingerprint);
	g_free(log->offending);
	*log = (struct ssh_client_log){0};
}

/* ---------------------------------------------------------------- lines */

/* "ssh-ed25519 SHA256:...", or "ssh-ed25519-cert-v01@openssh.com SHA256:..., serial 0 ID ..." with
 * the fingerprint of the key that was certified. ssh tells it once in a key exchange, and a later
 * one has the same; what else says so is a text of the server's that ssh repeats. */
static void take_host_key(struct ssh_client_log *log, const char *text)
{
	const char *blank = strchr(text, ' ');
	const char *certified = strstr(text, "-cert-v0");

	g_autofree char *fingerprint = NULL;

	if (blank == NULL || !g_str_has_prefix(blank + 1, "SHA256:"))
		return;
	fingerprint = g_strndup(blank + 1, strcspn(blank + 1, ", "));
	if (log->fingerprint != NULL) {
		log->is_contradictory |= strcmp(log->fingerprint, fingerprint) != 0;
		return;
	}
	if (certified == NULL || certified > blank)
		certified = blank;
	log->key_type = g_strndup(text, (gsize)(certified - text));
	log->fingerprint = g_steal_pointer(&fingerprint);
}

/* What is said when all goes well, or besides. */
static bool is_chatter(const char *line)
{
	static const char *const starts[] = {"debug", "Authenticated to ",
					     "Transferred: ", "Bytes per second: "};

	for (guint i = 0; i < G_N_ELEMENTS(starts); i++)
		if (g_str_has_prefix(line, starts[i]))
			return true;
	return false;
}

static void take_line(struct ssh_client_log *log, const char *line)
{
	static const char host_key[] = "debug1: Server host key: ",
			  certificate[] = "debug1: Server host certificate: ",
			  offending[] = "Offending ", place[] = " key in ";
	const char *found = strstr(line, place);

	if (g_str_has_prefix(line, host_key)) {
		take_host_key(log, line + strlen(host_key));
	} else if (g_str_has_prefix(line, certificate)) {
		take_host_key(log, line + strlen(certificate));
	} else if (!is_chatter(line) && log->text->len + strlen(line) < LIMIT_SSH_WORDS_BYTES) {
		g_string_append(log->text, line);
		g_string_append_c(log->text, '\n');
	}
	if (g_str_has_prefix(line, offending) && found != NULL && log->offending == NULL)
		log->offending = g_strdup(found + strlen(place));
}

void ssh_client_log_add(struct ssh_client_log *log, const char *bytes, gsize size)
{
	char *end = NULL;

	g_string_append_len(log->rest, bytes, (gssize)size);
	while ((end = strchr(log->rest->str, '\n')) != NULL) {
		*end = '\0';
		take_line(log, g_strchomp(log->rest->str));
		g_string_erase(log->rest, 0, end - log->rest->str + 1);
	}
	if (log->rest->len > LIMIT_SSH_WORDS_BYTES)
		g_string_truncate(log->rest, 0);
}

/* ---------------------------------------------------------------- why */

/* The fingerprint of the key in FILE:LINE; NULL: it cannot be read. */
static char *known_fingerprint(const char *place)
{
	const char *colon = place == NULL ? NULL : strrchr(place, ':');
	g_autofree char *file = colon == NULL ? NULL : g_strndup(place, (gsize)(colon - place));
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	g_autofree guchar *key = NULL;
	const char *blob = NULL;
	guint64 number = 0;
	gsize size = 0;

	if (file == NULL || !g_ascii_string_to_unsigned(colon + 1, 10, 1, 1 << 24, &number, NULL) ||
	    !g_file_get_contents(file, &text, &size, NULL) || size > KNOWN_HOSTS_BYTES)
		return NULL;
	lines = g_strsplit(text, "\n", -1);
	if (number > g_strv_length(lines))
		return NULL;
	blob = strstr(lines[number - 1], " AAAA"); /* so begins the base64 of every key */
	if (blob == NULL)
		return NULL;
	key = g_base64_decode(g_strchomp((char *)(uintptr_t)blob + 1), &size);
	return known_hosts_fingerprint(key, size);
}

/* The line of text in which that stands, or its last one. gives: g_free(). */
static char *find_line(const char *text, const char *needle)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	const char *last = "";

	for (guint i = 0; lines[i] != NULL; i++) {
		if (needle != NULL && strstr(lines[i], needle) != NULL)
			return g_strdup(g_strstrip(lines[i]));
		if (g_strstrip(lines[i])[0] != '\0')
			last = lines[i];
	}
	return g_strdup(last);
}

static GError *make_error(const struct ssh_client_log *log, const char *host, enum ssh_error code,
			  const char *line)
{
	const char *now = log->fingerprint == NULL ? "another key" : log->fingerprint;
	g_autofree char *before = NULL;

	if (code == SSH_ERROR_KEY_CHANGED) {
		before = known_fingerprint(log->offending);
		return g_error_new(SSH_ERROR, (gint)code,
				   "the host key of \"%s\" has changed: it is %s, known is %s (%s)",
				   host, now, before == NULL ? "another one" : before,
				   log->offending == NULL ? "known_hosts" : log->offending);
	}
	if (code == SSH_ERROR_KEY_UNKNOWN || code == SSH_ERROR_KEY_REVOKED)
		return g_error_new(
			SSH_ERROR, (gint)code, "the host key %s of \"%s\" %s (%s)", now, host,
			code == SSH_ERROR_KEY_REVOKED ? "is revoked" : "is not known", line);
	return g_error_new(SSH_ERROR, (gint)code, "\"%s\": %s", host, line);
}

/* NULL: nothing that is known stands there. */
static GError *find_reason(const struct ssh_client_log *log, const char *host, const char *text)
{
	for (guint i = 0; i < G_N_ELEMENTS(reasons); i++) {
		g_autofree char *line = NULL;

		if (strstr(text, reasons[i].text) == NULL)
			continue;
		line = find_line(text, reasons[i].text);
		return make_error(log, host, reasons[i].code, line);
	}
	return NULL;
}

GError *ssh_client_log_error(const struct ssh_client_log *log, const char *host, const char *words)
{
	GError *reason = find_reason(log, host, log->text->str);
	g_autofree char *line = NULL;

	/* A jump host's client has a stderr only. */
	if (reason == NULL)
		reason = find_reason(log, host, words);
	if (reason != NULL)
		return reason;
	line = find_line(log->text->len > 0 ? log->text->str : words, NULL);
	return make_error(log, host, SSH_ERROR_LOST,
			  line[0] == '\0' ? "the program ssh ended without a word" : line);
}
