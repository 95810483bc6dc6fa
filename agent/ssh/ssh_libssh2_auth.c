/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing in with keys: the agent's, then files. What libssh2 1.10 cannot sign with in a way that
 * the server takes is held back, so that no attempt is spent on it and another client can have its
 * turn. Passwords are not offered.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/ssh/ssh_agent.h"
#include "agent/ssh/ssh_libssh2_private.h"
#include "agent/ssh/ssh_passphrase.h"

struct attempt {
	struct ssh_libssh2 *self;
	const char *user;
	struct ssh_wait *wait;
	int agent_fd;
	const struct ssh_key *key; /* for the agent */
	bool may_ask;
	GString *tried, *held_back; /* for people */
	bool has_asked_server;
};

enum outcome { OUTCOME_SIGNED_IN, OUTCOME_REFUSED, OUTCOME_ENDED };

/*
 * OpenSSH takes RSA keys with SHA-1, which is all that libssh2 1.10 does, before 8.8 only; 8.7 of
 * RHEL 9 refuses them by policy. Other servers do not tell.
 */
static bool takes_rsa_with_sha1(LIBSSH2_SESSION *session)
{
	const char *banner = libssh2_session_banner_get(session);
	const char *version = banner == NULL ? NULL : strstr(banner, "OpenSSH_");
	char *end = NULL;
	gint64 major = 0, minor = 0;

	if (version == NULL)
		return false;
	major = g_ascii_strtoll(version + strlen("OpenSSH_"), &end, 10);
	if (*end != '.')
		return false;
	minor = g_ascii_strtoll(end + 1, NULL, 10);
	return major > 0 && (major < 8 || (major == 8 && minor < 7));
}

static bool can_sign(const struct attempt *attempt, const struct ssh_key *key)
{
	static const char *const types[] = {"ssh-ed25519", "ecdsa-sha2-nistp256",
					    "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", NULL};

	if (key->type[0] == '\0' || g_strv_contains(types, key->type))
		return true;
	return strcmp(key->type, "ssh-rsa") == 0 && takes_rsa_with_sha1(attempt->self->session);
}

static void note(GString *list, const struct ssh_key *key, const char *why)
{
	g_autofree char *label = ssh_key_label(key);

	g_string_append_printf(list, "%s%s%s", list->len > 0 ? ", " : "", label, why);
}

/* ---- one key ---- */

static LIBSSH2_USERAUTH_PUBLICKEY_SIGN_FUNC(sign_by_agent)
{
	const struct attempt *attempt = *abstract;
	void **owner = libssh2_session_abstract(session);
	gsize size = 0;
	g_autofree uint8_t *signature = ssh_agent_sign(attempt->agent_fd, attempt->wait,
						       attempt->key, data, data_len, &size);

	if (signature == NULL)
		return LIBSSH2_ERROR_AGENT_PROTOCOL;
	*sig = ssh_libssh2_memory(*owner, size);
	if (*sig == NULL)
		return LIBSSH2_ERROR_ALLOC;
	memcpy(*sig, signature, size);
	*sig_len = size;
	return 0;
}

static bool is_lost(int code)
{
	return code == LIBSSH2_ERROR_SOCKET_SEND || code == LIBSSH2_ERROR_SOCKET_RECV ||
	       code == LIBSSH2_ERROR_SOCKET_DISCONNECT || code == LIBSSH2_ERROR_SOCKET_TIMEOUT ||
	       code == LIBSSH2_ERROR_TIMEOUT || code == LIBSSH2_ERROR_PROTO ||
	       code == LIBSSH2_ERROR_DECRYPT || code == LIBSSH2_ERROR_INVALID_MAC;
}

static enum outcome outcome_of(struct attempt *attempt, int code, GError **error)
{
	if (code == 0)
		return OUTCOME_SIGNED_IN;
	if (!is_lost(code))
		return OUTCOME_REFUSED;
	ssh_libssh2_set_lost(attempt->self, "while signing in", error);
	return OUTCOME_ENDED;
}

static enum outcome try_agent(struct attempt *attempt, const struct ssh_key *key, GError **error)
{
	struct ssh_libssh2 *self = attempt->self;
	void *abstract = attempt;
	int code = 0;

	attempt->key = key;
	while ((code = libssh2_userauth_publickey(self->session, attempt->user, key->blob,
						  key->blob_size, sign_by_agent, &abstract)) ==
	       LIBSSH2_ERROR_EAGAIN)
		if (!ssh_libssh2_wait(self, attempt->wait, error))
			return OUTCOME_ENDED;
	return outcome_of(attempt, code, error);
}

/*
 * With a passphrase that does not fit, libssh2 fails before it sends anything. An empty one is
 * given where there is none: OpenSSL would ask on the terminal otherwise.
 */
struct file_attempt {
	struct attempt *attempt;
	const char *text;
	gsize size;
	enum outcome outcome;
	GError *error;
};

static bool try_passphrase(const char *passphrase, void *data)
{
	struct file_attempt *file = data;
	struct ssh_libssh2 *self = file->attempt->self;
	const char *user = file->attempt->user;
	int code = 0;

	while ((code = libssh2_userauth_publickey_frommemory(self->session, user, strlen(user),
							     NULL, 0, file->text, file->size,
							     passphrase)) == LIBSSH2_ERROR_EAGAIN)
		if (!ssh_libssh2_wait(self, file->attempt->wait, &file->error)) {
			file->outcome = OUTCOME_ENDED;
			return true;
		}
	file->outcome = outcome_of(file->attempt, code, &file->error);
	return code != LIBSSH2_ERROR_FILE && code != LIBSSH2_ERROR_METHOD_NONE;
}

static enum outcome try_file(struct attempt *attempt, const struct ssh_key *key, GError **error)
{
	struct file_attempt file = {.attempt = attempt, .outcome = OUTCOME_REFUSED};
	char *text = ssh_key_read_file(key->file, &file.size);

	if (text == NULL)
		return OUTCOME_REFUSED;
	file.text = text;
	if (!key->is_encrypted)
		(void)try_passphrase("", &file);
	else
		(void)ssh_passphrase_try(key->file, attempt->wait, try_passphrase, &file);
	explicit_bzero(text, file.size);
	g_free(text);
	if (file.error != NULL)
		g_propagate_error(error, file.error);
	return file.outcome;
}

static enum outcome try_key(struct attempt *attempt, const struct ssh_key *key, GError **error)
{
	if (!can_sign(attempt, key)) {
		note(attempt->held_back, key, "");
		return OUTCOME_REFUSED;
	}
	if (!key->in_agent && key->is_encrypted && !attempt->may_ask) {
		note(attempt->tried, key, " (not used: it has a passphrase; ssh-add it)");
		return OUTCOME_REFUSED;
	}
	note(attempt->tried, key, "");
	return key->in_agent ? try_agent(attempt, key, error) : try_file(attempt, key, error);
}

/* ---- all of them ---- */

/* Which methods the server lets this user try. false: ended, or signed in without any (ret NULL).
 */
static bool ask_methods(struct attempt *attempt, const char **ret_methods, GError **error)
{
	struct ssh_libssh2 *self = attempt->self;

	for (;;) {
		*ret_methods = libssh2_userauth_list(self->session, attempt->user,
						     (unsigned)strlen(attempt->user));
		if (*ret_methods != NULL || libssh2_userauth_authenticated(self->session) != 0)
			return true;
		if (libssh2_session_last_errno(self->session) != LIBSSH2_ERROR_EAGAIN)
			break;
		if (!ssh_libssh2_wait(self, attempt->wait, error))
			return false;
	}
	ssh_libssh2_set_lost(self, "before signing in", error);
	return false;
}

static bool is_any_usable(const struct attempt *attempt, const GPtrArray *keys)
{
	for (guint i = 0; i < keys->len; i++)
		if (can_sign(attempt, g_ptr_array_index(keys, i)))
			return true;
	return keys->len == 0;
}

static bool fail(const struct attempt *attempt, const char *methods, GError **error)
{
	const char *rest = "";

	if (attempt->held_back->len > 0)
		rest = "; held back, since libssh2 cannot sign with them as this server asks: ";
	g_set_error(error, SSH_ERROR, SSH_ERROR_AUTH, "%s was refused for user '%s': %s%s%s%s",
		    attempt->tried->len > 0 ? "every key" : "signing in", attempt->user,
		    attempt->tried->len > 0 ? attempt->tried->str : methods, rest,
		    attempt->held_back->str,
		    attempt->held_back->len > 0 ? " (--transport openssh can)" : "");
	return false;
}

static bool try_all(struct attempt *attempt, const GPtrArray *keys, GError **error)
{
	g_autofree char *offered = NULL;
	const char *methods = NULL;

	if (!ask_methods(attempt, &methods, error))
		return false;
	if (methods == NULL)
		return true;
	offered = g_strdup_printf("the server asks for %.200s", methods);
	if (strstr(methods, "publickey") == NULL)
		return fail(attempt, offered, error);
	for (guint i = 0; i < keys->len; i++) {
		enum outcome outcome = try_key(attempt, g_ptr_array_index(keys, i), error);

		if (outcome != OUTCOME_REFUSED)
			return outcome == OUTCOME_SIGNED_IN;
	}
	return fail(attempt, "there is no key", error);
}

bool ssh_libssh2_sign_in(struct ssh_libssh2 *self, const struct ssh_config *config,
			 const struct ssh_options *options, struct ssh_wait *wait, GError **error)
{
	PLIMSOLL_AUTO_FD agent_fd =
		config->agent_socket == NULL ? -1 : ssh_agent_open(config->agent_socket);
	g_autoptr(GPtrArray) agent_keys =
		agent_fd < 0 ? g_ptr_array_new() : ssh_agent_keys(agent_fd, wait);
	g_autoptr(GPtrArray) keys = ssh_key_order(
		agent_keys, (const char *const *)config->identity_files, config->identities_only);
	g_autoptr(GString) tried = g_string_new(NULL);
	g_autoptr(GString) held_back = g_string_new(NULL);
	struct attempt attempt = {.self = self,
				  .user = config->user,
				  .wait = wait,
				  .agent_fd = agent_fd,
				  .may_ask = options->ask_passphrase,
				  .tried = tried,
				  .held_back = held_back};

	if (is_any_usable(&attempt, keys))
		return try_all(&attempt, keys, error);
	for (guint i = 0; i < keys->len; i++)
		note(held_back, g_ptr_array_index(keys, i), "");
	g_set_error(error, SSH_ERROR, SSH_ERROR_NEGOTIATION,
		    "libssh2 cannot sign with any of the keys as this server asks: %s",
		    held_back->str);
	return false;
}
