/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the machine is the one that known_hosts means: decided after the key exchange, before
 * anything of this user is sent. Only types that known_hosts has are asked for, since libssh2 takes
 * whatever the server likes best and a key of another type says nothing.
 */
#include <string.h>

#include "agent/ssh/known_hosts.h"
#include "agent/ssh/ssh_libssh2_private.h"

/* ssh-rsa is not among them: libssh2 1.10 verifies it with SHA-1 only. */
static const char *const types[] = {"ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384",
				    "ecdsa-sha2-nistp521", NULL};

static void ask_for(GString *asked, const char *type)
{
	if (g_strv_contains(types, type) && strstr(asked->str, type) == NULL)
		g_string_append_printf(asked, "%s%s", asked->len > 0 ? "," : "", type);
}

/*
 * A server that has none of the known types left shows another, which is a changed key then, as
 * ssh has it. Where libssh2 could not check one of the known types, it asks for no other: that one
 * may be the right one.
 */
char *ssh_libssh2_host_key_types(const struct ssh_libssh2 *self, const struct known_hosts *known,
				 GError **error)
{
	bool has_authority = false, can_check_all = true;
	g_autofree const char **known_types =
		known_hosts_types(known, self->host, self->port, &has_authority);
	g_autoptr(GString) asked = g_string_new(NULL);

	for (size_t i = 0; known_types[i] != NULL; i++) {
		ask_for(asked, known_types[i]);
		can_check_all = can_check_all && g_strv_contains(types, known_types[i]);
	}
	if (can_check_all && !has_authority)
		for (size_t i = 0; types[i] != NULL; i++)
			ask_for(asked, types[i]);
	if (asked->len > 0)
		return g_string_free(g_steal_pointer(&asked), FALSE);
	if (known_types[0] != NULL)
		g_set_error(
			error, SSH_ERROR, SSH_ERROR_NEGOTIATION,
			"known_hosts has a host key of type %s only, which libssh2 cannot check",
			known_types[0]);
	else
		g_set_error_literal(error, SSH_ERROR, SSH_ERROR_NEGOTIATION,
				    "known_hosts names an authority for this host, and host "
				    "certificates need the OpenSSH client");
	return NULL;
}

static bool refuse_unknown(const struct ssh_libssh2 *self, GError **error)
{
	g_set_error(
		error, SSH_ERROR, SSH_ERROR_KEY_UNKNOWN,
		"known_hosts has no key of '%s'; it shows %s %s. Compare that with the machine's "
		"(ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub), then connect once with ssh or use "
		"--host-key-policy accept-new",
		self->host, self->link.host_key_type, self->link.host_key_fingerprint);
	return false;
}

static bool refuse_changed(const struct ssh_libssh2 *self, const char *place, const char *known,
			   GError **error)
{
	g_set_error(
		error, SSH_ERROR, SSH_ERROR_KEY_CHANGED,
		"the %s host key of '%s' is %s, but %s has %s: another machine answers, or it got "
		"a new key. Nothing was sent. If the new key is right, remove that line",
		self->link.host_key_type, self->host, self->link.host_key_fingerprint, place,
		known);
	return false;
}

static bool accept_new(const struct ssh_libssh2 *self, const struct ssh_config *config,
		       const uint8_t *key, size_t size, GError **error)
{
	g_autoptr(GError) problem = NULL;

	if (config->known_hosts[0] == NULL) {
		g_set_error_literal(error, SSH_ERROR, SSH_ERROR_CONFIG,
				    "no file of known hosts to add the host key to");
		return false;
	}
	if (known_hosts_add(config->known_hosts[0], config->hash_known_hosts, self->host,
			    self->port, key, size, &problem))
		return true;
	g_set_error(error, SSH_ERROR,
		    problem->domain == SSH_ERROR ? problem->code : (int)SSH_ERROR_LOCAL, "%s",
		    problem->message);
	return false;
}

static bool take_host_key(struct ssh_libssh2 *self, const uint8_t *key, size_t size)
{
	PLIMSOLL_AUTO(ssh_key) *parsed = key == NULL ? NULL : ssh_key_of_blob(key, size);

	if (parsed == NULL)
		return false;
	self->link.host_key_type = g_strdup(parsed->type);
	self->link.host_key_fingerprint = known_hosts_fingerprint(key, size);
	return true;
}

bool ssh_libssh2_check_host_key(struct ssh_libssh2 *self, const struct ssh_config *config,
				const struct ssh_options *options, const struct known_hosts *known,
				GError **error)
{
	size_t size = 0;
	int ignored = 0;
	const char *shown = libssh2_session_hostkey(self->session, &size, &ignored);
	const uint8_t *key = (const uint8_t *)shown;
	g_autofree char *place = NULL;
	g_autofree char *other = NULL;

	if (!take_host_key(self, key, size)) {
		g_set_error_literal(error, SSH_ERROR, SSH_ERROR_NEGOTIATION,
				    "the server's host key cannot be read");
		return false;
	}
	switch (known_hosts_check(known, self->host, self->port, key, size, &place, &other)) {
	case KNOWN_HOSTS_MATCH:
		return true;
	case KNOWN_HOSTS_UNKNOWN:
		return options->host_key_policy == SSH_HOST_KEY_ACCEPT_NEW
			       ? accept_new(self, config, key, size, error)
			       : refuse_unknown(self, error);
	case KNOWN_HOSTS_OTHER_TYPE:
	case KNOWN_HOSTS_CHANGED:
		return refuse_changed(self, place, other, error);
	case KNOWN_HOSTS_REVOKED:
		break;
	}
	g_set_error(error, SSH_ERROR, SSH_ERROR_KEY_REVOKED,
		    "the %s host key %s of '%s' is revoked in %s", self->link.host_key_type,
		    self->link.host_key_fingerprint, self->host, place);
	return false;
}
