/* SPDX-License-Identifier: Apache-2.0 */
/* See ssh_offer.h. */
#include "agent/ssh/ssh_offer.h"

#include <glib.h>
#include <string.h>

#include "agent/ssh/ssh_wire.h"

enum { KEXINIT = 20, COOKIE_BYTES = 16, SHOWN_BYTES = 200 };

static const char *const kinds[SSH_OFFER_LISTS] = {
	[SSH_OFFER_KEX] = "key exchange methods", [SSH_OFFER_HOST_KEY] = "host key types",
	[SSH_OFFER_CIPHER_OUT] = "ciphers",       [SSH_OFFER_CIPHER_IN] = "ciphers",
	[SSH_OFFER_MAC_OUT] = "MAC algorithms",   [SSH_OFFER_MAC_IN] = "MAC algorithms",
};

/* Goes behind the line that begins with "SSH-"; those before it are a banner. */
static bool skip_version(struct ssh_wire *wire)
{
	bool is_version = false;

	while (!is_version) {
		const uint8_t *end = wire->left == 0 ? NULL : memchr(wire->at, '\n', wire->left);

		if (end == NULL)
			return false;
		is_version = wire->left >= 4 && memcmp(wire->at, "SSH-", 4) == 0;
		ssh_wire_skip(wire, (size_t)(end - wire->at) + 1);
	}
	return true;
}

/* Length of the packet, length of its padding, number of the message, a random cookie. */
static bool skip_to_lists(struct ssh_wire *wire)
{
	struct ssh_wire packet = {0};

	if (!skip_version(wire) || !ssh_wire_string(wire, &packet) || packet.left < 2 ||
	    packet.at[1] != KEXINIT)
		return false;
	*wire = packet;
	return ssh_wire_skip(wire, 2 + COOKIE_BYTES);
}

static bool is_among(const char *const *names, const char *name)
{
	return g_strv_contains(names, name);
}

static bool have_common(const char *const *theirs, const char *ours)
{
	g_auto(GStrv) names = g_strsplit(ours, ",", -1);

	for (size_t i = 0; names[i] != NULL; i++)
		if (is_among(theirs, names[i]))
			return true;
	return false;
}

static char *clean(struct ssh_wire list)
{
	g_autofree char *text =
		g_strndup((const char *)list.at, MIN(list.left, (size_t)SHOWN_BYTES));

	for (char *c = text; *c != '\0'; c++)
		if (!g_ascii_isgraph(*c))
			*c = '?';
	return list.left <= SHOWN_BYTES ? g_steal_pointer(&text) : g_strconcat(text, "...", NULL);
}

char *ssh_offer_disagreement(const uint8_t *greeting, size_t size, const struct ssh_offer *ours)
{
	struct ssh_wire wire = {greeting, size}, list = {0};

	if (!skip_to_lists(&wire))
		return NULL;
	for (size_t i = 0; i < SSH_OFFER_LISTS; i++) {
		if (!ssh_wire_string(&wire, &list))
			return NULL;
		g_autofree char *text = g_strndup((const char *)list.at, list.left);
		g_auto(GStrv) theirs = g_strsplit(text, ",", -1);
		g_autofree char *shown = clean(list);
		if (!have_common((const char *const *)theirs, ours->names[i]))
			return g_strdup_printf("no %s in common: the server has %s, libssh2 has %s",
					       kinds[i], shown[0] == '\0' ? "none" : shown,
					       ours->names[i]);
	}
	return NULL;
}

/* OpenSSH takes signatures of RSA keys with SHA-1 before 8.8 only; 8.7 of RHEL 9 refuses them by
 * policy. Other servers do not tell. */
bool ssh_offer_takes_sha1(const char *version)
{
	const char *number = version == NULL ? NULL : strstr(version, "OpenSSH_");
	char *end = NULL;
	guint64 major = 0, minor = 0;

	if (number == NULL)
		return false;
	number += strlen("OpenSSH_");
	major = g_ascii_strtoull(number, &end, 10);
	if (!g_ascii_isdigit(*number) || *end != '.' || !g_ascii_isdigit(end[1]))
		return false;
	minor = g_ascii_strtoull(end + 1, NULL, 10);
	return major < 8 || (major == 8 && minor < 7);
}
