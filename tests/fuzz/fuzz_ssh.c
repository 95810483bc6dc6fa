/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is read before a machine is trusted: known_hosts, a server's offer, files of keys, the
 * agent's answer. The first byte chooses. A key that was found revoked must stay so wherever the
 * line stands.
 */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>

#include "agent/ssh/known_hosts.h"
#include "agent/ssh/ssh_agent.h"
#include "agent/ssh/ssh_offer.h"
#include "proto/base.h"
#include "tests/fuzz/fuzz.h"

static const uint8_t key[] = {0,   0,   0,   11,  's', 's', 'h', '-', 'e', 'd',
			      '2', '5', '5', '1', '9', 0,   0,   0,   1,   'x'};

static struct known_hosts *read_bytes(const uint8_t *data, size_t size, const char *more)
{
	PLIMSOLL_AUTO_FD fd = memfd_create("known_hosts", MFD_CLOEXEC);
	g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
	const char *const files[] = {path, NULL};

	g_assert_cmpint(write(fd, data, size), ==, (ssize_t)size);
	g_assert_cmpint(write(fd, more, strlen(more)), ==, (ssize_t)strlen(more));
	return known_hosts_read(files, NULL);
}

static void check_known_hosts(const uint8_t *data, size_t size)
{
	g_autofree char *encoded = g_base64_encode(key, sizeof(key));
	g_autofree char *revoked = g_strdup_printf("\n@revoked * ssh-ed25519 %s\n", encoded);
	PLIMSOLL_AUTO(known_hosts) *known = read_bytes(data, size, "");
	PLIMSOLL_AUTO(known_hosts) *and_revoked = read_bytes(data, size, revoked);
	static const guint ports[] = {22, 2222};

	g_assert_true((known == NULL) == (and_revoked == NULL));
	for (size_t i = 0; known != NULL && i < G_N_ELEMENTS(ports); i++) {
		bool has_authority = false;
		g_autofree const char **types =
			known_hosts_types(known, "web1.example", ports[i], &has_authority);
		g_assert_nonnull(types);
		g_autofree char *place = NULL;
		g_autofree char *other = NULL;
		g_autofree char *where = NULL;
		g_autofree char *which = NULL;
		enum known_hosts_verdict verdict = known_hosts_check(
			known, "web1.example", ports[i], key, sizeof(key), &place, &other);

		g_assert_true((place == NULL) == (verdict == KNOWN_HOSTS_UNKNOWN));
		g_assert_cmpint(known_hosts_check(and_revoked, "web1.example", ports[i], key,
						  sizeof(key), &where, &which),
				==, KNOWN_HOSTS_REVOKED);
	}
}

static void check_offer(const uint8_t *data, size_t size)
{
	static const struct ssh_offer ours = {.names = {"curve25519-sha256", "ssh-ed25519",
							"aes128-ctr", "aes128-ctr", "hmac-sha2-256",
							"hmac-sha2-256"}};
	g_autofree char *why = ssh_offer_disagreement(data, size, &ours);

	for (const char *c = why; c != NULL && *c != '\0'; c++)
		g_assert_true(g_ascii_isprint(*c));
}

static void check_keys(const uint8_t *data, size_t size)
{
	g_autoptr(GPtrArray) keys = ssh_agent_parse_keys(data, size);
	PLIMSOLL_AUTO(ssh_key) *from_file = ssh_key_parse((const char *)data, size);

	if (from_file != NULL)
		g_ptr_array_add(keys, g_steal_pointer(&from_file));
	for (guint i = 0; i < keys->len; i++) {
		g_autofree char *label = ssh_key_label(g_ptr_array_index(keys, i));

		g_assert_cmpuint(strlen(label), <, 300);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	switch (data[0]) {
	case 'k':
		check_known_hosts(data + 1, size - 1);
		break;
	case 'o':
		check_offer(data + 1, size - 1);
		break;
	default:
		check_keys(data + 1, size - 1);
	}
	return 0;
}
