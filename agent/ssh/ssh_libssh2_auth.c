/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing in with keys: the agent's, then files. What libssh2 1.10 cannot sign with in a way that
 * the server takes is held back, so that no attempt is spent on it and another client can have its
 * turn. Passwords are not offered.
 */
#include <string.h>

#include "agent/ssh/ssh_agent.h"
#include "agent/ssh/ssh_libssh2_private.h"
#include "agent/ssh/ssh_offer.h"
#include "agent/ssh/ssh_passphrase.h"

struct attempt {
	struct ssh_libssh2 *self;
	const char *user;
	struct ssh_wait *wait;
	int agent_fd;
	const struct ssh_key *key; /* for the agent */
	bool may_ask;
	GString *refused, *locked, *held_back; /* for people */
};

enum outcome { OUTCOME_SIGNED_IN, OUTCOME_REFUSED, OUTCOME_DISMISSED, OUTCOME_ENDED };

static bool can_sign(const struct attempt *attempt, const struct ssh_key *key)
{
	static const char *const types[] = {"ssh-ed25519", "ecdsa-sha2-nistp256",
					    "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", NULL};

	if (key->type[0] == '\0' || g_strv_contains(types, key->type))
		return true;
	return strcmp(key->type, "ssh-rsa") == 0 &&
	       ssh_offer_takes_sha1(libssh2_session_banner_get(attempt->self->session));
}

static void note(GString *list, const struct ssh_key *key)
{
	g_autofree char *label = ssh_key_label(key);

	g_string_append_printf(list, "%s%s", list->len > 0 ? ", " : "", label);
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

/* A server that has enough of a user's attempts says so and goes. */
static enum outcome outcome_of(struct attempt *attempt, int code, GError **error)
{
	struct ssh_libssh2 *self = attempt->self;

	if (code == 0)
		return OUTCOME_SIGNED_IN;
	if (self->was_dismissed)
		return OUTCOME_DISMISSED;
	if (!self->has_ended && code != LIBSSH2_ERROR_DECRYPT && code != LIBSSH2_ERROR_INVALID_MAC)
		return OUTCOME_REFUSED;
	ssh_libssh2_set_lost(self, "while signing in", error);
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

static bool is_unread(int code)
{
	return code == LIBSSH2_ERROR_KEYFILE_AUTH_FAILED || code == LIBSSH2_ERROR_PROTO ||
	       code == LIBSSH2_ERROR_FILE || code == LIBSSH2_ERROR_METHOD_NONE;
}

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
	return self->has_ended || !is_unread(code);
}

static enum outcome try_file(struct attempt *attempt, const struct ssh_key *key, GError **error)
{
	struct file_attempt file = {.attempt = attempt, .outcome = OUTCOME_REFUSED};
	char *text = ssh_key_read_file(key->file, &file.size);
	bool was_read = false;

	if (text == NULL)
		return OUTCOME_REFUSED;
	file.text = text;
	if (!key->is_encrypted)
		was_read = try_passphrase("", &file);
	else if (attempt->may_ask)
		was_read = ssh_passphrase_try(key->file, attempt->wait, try_passphrase, &file);
	explicit_bzero(text, file.size);
	g_free(text);
	if (file.error != NULL)
		g_propagate_error(error, file.error);
	if (file.outcome == OUTCOME_REFUSED)
		note(was_read ? attempt->refused : attempt->locked, key);
	return file.outcome;
}

static enum outcome try_key(struct attempt *attempt, const struct ssh_key *key, GError **error)
{
	enum outcome outcome = OUTCOME_REFUSED;

	if (!can_sign(attempt, key)) {
		note(attempt->held_back, key);
		return OUTCOME_REFUSED;
	}
	if (!key->in_agent)
		return try_file(attempt, key, error);
	outcome = try_agent(attempt, key, error);
	if (outcome == OUTCOME_REFUSED)
		note(attempt->refused, key);
	return outcome;
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

/* What became of which key, so that people know where to look. */
static bool fail(const struct attempt *attempt, const char *why, GError **error)
{
	const struct {
		const char *what;
		const GString *keys;
		const char *hint;
	} parts[] = {
		{"refused", attempt->refused, ""},
		{"no passphrase or damaged", attempt->locked, " (ssh-add helps)"},
		{"held back, since libssh2 cannot sign with it as this server asks",
		 attempt->held_back, " (--transport openssh can)"},
	};
	g_autoptr(GString) text = g_string_new(why);

	for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
		if (parts[i].keys->len > 0)
			g_string_append_printf(text, "; %s: %s%s", parts[i].what,
					       parts[i].keys->str, parts[i].hint);
	g_set_error(error, SSH_ERROR, SSH_ERROR_AUTH, "user '%s' could not sign in: %s",
		    attempt->user, text->str);
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
	offered = g_strdup_printf("the server asks for %.200s",
				  methods[0] == '\0' ? "what nobody has" : methods);
	if (strstr(methods, "publickey") == NULL)
		return fail(attempt, offered, error);
	for (guint i = 0; i < keys->len; i++) {
		enum outcome outcome = try_key(attempt, g_ptr_array_index(keys, i), error);

		if (outcome == OUTCOME_DISMISSED)
			return fail(attempt, "the server takes no more attempts", error);
		if (outcome != OUTCOME_REFUSED)
			return outcome == OUTCOME_SIGNED_IN;
	}
	return fail(attempt, keys->len == 0 ? "there is no key" : "no key fits", error);
}

/* An agent that does not answer must not take the time of the keys in files. */
static GPtrArray *list_agent_keys(int fd, const struct ssh_wait *wait)
{
	gint64 now_us = g_get_monotonic_time();
	const struct ssh_wait share = {now_us + (wait->until_us - now_us) / 4, wait->cancelled};

	return ssh_agent_keys(fd, &share);
}

bool ssh_libssh2_sign_in(struct ssh_libssh2 *self, const struct ssh_config *config,
			 const struct ssh_options *options, struct ssh_wait *wait, GError **error)
{
	PLIMSOLL_AUTO_FD agent_fd =
		config->agent_socket == NULL ? -1 : ssh_agent_open(config->agent_socket, wait);
	g_autoptr(GPtrArray) agent_keys =
		agent_fd < 0 ? g_ptr_array_new() : list_agent_keys(agent_fd, wait);
	g_autoptr(GPtrArray) keys = ssh_key_order(
		agent_keys, (const char *const *)config->identity_files, config->identities_only);
	g_autoptr(GString) refused = g_string_new(NULL);
	g_autoptr(GString) locked = g_string_new(NULL);
	g_autoptr(GString) held_back = g_string_new(NULL);
	struct attempt attempt = {.self = self,
				  .user = config->user,
				  .wait = wait,
				  .agent_fd = agent_fd,
				  .may_ask = options->ask_passphrase,
				  .refused = refused,
				  .locked = locked,
				  .held_back = held_back};

	if (is_any_usable(&attempt, keys)) {
		if (try_all(&attempt, keys, error))
			return true;
		if (error != NULL && g_error_matches(*error, SSH_ERROR, SSH_ERROR_TIMEOUT))
			g_prefix_error(error, "signing in: ");
		return false;
	}
	for (guint i = 0; i < keys->len; i++)
		note(held_back, g_ptr_array_index(keys, i));
	g_set_error(error, SSH_ERROR, SSH_ERROR_NEGOTIATION,
		    "libssh2 cannot sign with any of the keys as this server asks: %s",
		    held_back->str);
	return false;
}
