/* SPDX-License-Identifier: Apache-2.0 */
/* See ssh_key.h. The format is OpenSSH's PROTOCOL.key. */
#include "agent/ssh/ssh_key.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/ssh/ssh_wire.h"
#include "proto/limits.h"

#define OPENSSH_BEGIN "-----BEGIN OPENSSH PRIVATE KEY-----"
#define OPENSSH_END   "-----END OPENSSH PRIVATE KEY-----"
#define OPENSSH_MAGIC "openssh-key-v1" /* with its NUL */

/* Private keys in other formats, whose public half OpenSSL computes when they are used. */
static const struct {
	const char *begin, *type;
	bool is_encrypted;
} formats[] = {
	{"-----BEGIN RSA PRIVATE KEY-----", "ssh-rsa", false},
	{"-----BEGIN EC PRIVATE KEY-----", "", false},
	{"-----BEGIN PRIVATE KEY-----", "", false},
	{"-----BEGIN ENCRYPTED PRIVATE KEY-----", "", true},
};

void ssh_key_free(struct ssh_key *key)
{
	if (key == NULL)
		return;
	g_free(key->type);
	g_free(key->blob);
	g_free(key->file);
	g_free(key->comment);
	g_free(key);
}

static void free_key(void *key)
{
	ssh_key_free(key);
}

struct ssh_key *ssh_key_of_blob(const uint8_t *blob, gsize size)
{
	struct ssh_wire wire = {blob, size}, type = {0};
	PLIMSOLL_AUTO(ssh_key) *key = NULL;

	if (!ssh_wire_string(&wire, &type) || type.left == 0 || type.left > 64)
		return NULL;
	for (size_t i = 0; i < type.left; i++)
		if (!g_ascii_isgraph((char)type.at[i]))
			return NULL;
	key = g_new0(struct ssh_key, 1);
	key->type = g_strndup((const char *)type.at, type.left);
	key->blob = g_memdup2(blob, size);
	key->blob_size = size;
	return g_steal_pointer(&key);
}

/* gives: bytes, g_free(). The private half may be among them, so the caller wipes them. */
static uint8_t *decode_between(const char *text, const char *begin, const char *end,
			       gsize *ret_size)
{
	const char *start = strstr(text, begin);
	const char *stop = start == NULL ? NULL : strstr(start, end);
	g_autofree char *body = NULL;
	uint8_t *bytes = NULL;

	if (stop == NULL)
		return NULL;
	start += strlen(begin);
	body = g_strndup(start, (gsize)(stop - start));
	bytes = g_base64_decode(body, ret_size);
	explicit_bzero(body, (size_t)(stop - start));
	return bytes;
}

static struct ssh_key *parse_openssh(const char *text)
{
	gsize size = 0;
	g_autofree uint8_t *bytes = decode_between(text, OPENSSH_BEGIN, OPENSSH_END, &size);
	struct ssh_wire wire = {bytes, size}, cipher = {0}, ignored = {0}, blob = {0};
	struct ssh_key *key = NULL;
	uint32_t count = 0;

	if (bytes == NULL)
		return NULL;
	if (size > sizeof(OPENSSH_MAGIC) &&
	    memcmp(bytes, OPENSSH_MAGIC, sizeof(OPENSSH_MAGIC)) == 0 &&
	    ssh_wire_skip(&wire, sizeof(OPENSSH_MAGIC)) && ssh_wire_string(&wire, &cipher) &&
	    ssh_wire_string(&wire, &ignored) && ssh_wire_string(&wire, &ignored) &&
	    ssh_wire_u32(&wire, &count) && count == 1 && ssh_wire_string(&wire, &blob))
		key = ssh_key_of_blob(blob.at, blob.left);
	if (key != NULL)
		key->is_encrypted = !ssh_wire_is(cipher, "none");
	explicit_bzero(bytes, size);
	return key;
}

static struct ssh_key *parse_pem(const char *text)
{
	for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
		struct ssh_key *key = NULL;

		if (strstr(text, formats[i].begin) == NULL)
			continue;
		key = g_new0(struct ssh_key, 1);
		key->type = g_strdup(formats[i].type);
		key->is_encrypted =
			formats[i].is_encrypted || strstr(text, "Proc-Type: 4,ENCRYPTED") != NULL;
		return key;
	}
	return NULL;
}

/* "ssh-ed25519 BASE64 comment": what an IdentityFile may be when the agent has the other half. */
static struct ssh_key *parse_public(const char *text)
{
	g_auto(GStrv) words = g_strsplit_set(text, " \t\r\n", 3);
	g_autofree uint8_t *blob = NULL;
	struct ssh_key *key = NULL;
	gsize size = 0;

	if (words[0] == NULL || words[1] == NULL || words[1][0] == '\0')
		return NULL;
	blob = g_base64_decode(words[1], &size);
	key = ssh_key_of_blob(blob, size);
	if (key != NULL && strcmp(key->type, words[0]) != 0)
		g_clear_pointer(&key, ssh_key_free);
	if (key != NULL)
		key->is_public = true;
	return key;
}

struct ssh_key *ssh_key_parse(const char *text, gsize size)
{
	g_autofree char *copy = g_strndup(text, size);
	struct ssh_key *key = parse_openssh(copy);

	if (key == NULL && strstr(copy, OPENSSH_BEGIN) == NULL) {
		key = parse_pem(copy);
		if (key == NULL)
			key = parse_public(copy);
	}
	explicit_bzero(copy, size);
	return key;
}

char *ssh_key_read_file(const char *file, gsize *ret_size)
{
	PLIMSOLL_AUTO_FD fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;
	char *text = NULL;
	ssize_t size = 0;

	if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size <= 0 ||
	    status.st_size > (off_t)LIMIT_SSH_KEY_BYTES)
		return NULL;
	text = g_malloc0((gsize)status.st_size + 1);
	do
		size = read(fd, text, (size_t)status.st_size);
	while (size < 0 && errno == EINTR);
	if (size != status.st_size) {
		explicit_bzero(text, (size_t)status.st_size);
		g_free(text);
		return NULL;
	}
	*ret_size = (gsize)size;
	return text;
}

struct ssh_key *ssh_key_load(const char *file)
{
	gsize size = 0;
	g_autofree char *text = ssh_key_read_file(file, &size);
	struct ssh_key *key = NULL;

	if (text == NULL)
		return NULL;
	key = ssh_key_parse(text, size);
	explicit_bzero(text, size);
	if (key != NULL)
		key->file = g_strdup(file);
	return key;
}

/* The public half of a file that does not tell it may stand beside it. */
static void add_public_half(struct ssh_key *key)
{
	g_autofree char *file = g_strconcat(key->file, ".pub", NULL);
	PLIMSOLL_AUTO(ssh_key) *public_half = key->blob == NULL ? ssh_key_load(file) : NULL;

	if (public_half == NULL || !public_half->is_public)
		return;
	key->blob = g_steal_pointer(&public_half->blob);
	key->blob_size = public_half->blob_size;
	g_free(key->type);
	key->type = g_steal_pointer(&public_half->type);
}

static bool is_same(const struct ssh_key *a, const struct ssh_key *b)
{
	return a->blob != NULL && b->blob != NULL && a->blob_size == b->blob_size &&
	       memcmp(a->blob, b->blob, a->blob_size) == 0;
}

/* Moves the agent's key that the file names, if there is one, to the end of ordered. */
static bool take_named(GPtrArray *ordered, GPtrArray *agent_keys, struct ssh_key *named)
{
	for (guint i = 0; i < agent_keys->len; i++) {
		struct ssh_key *key = g_ptr_array_index(agent_keys, i);

		if (!is_same(key, named))
			continue;
		key->file = g_steal_pointer(&named->file);
		g_ptr_array_add(ordered, key);
		(void)g_ptr_array_steal_index(agent_keys, i);
		return true;
	}
	return false;
}

GPtrArray *ssh_key_order(GPtrArray *agent_keys, const char *const *files, bool identities_only)
{
	GPtrArray *ordered = g_ptr_array_new_with_free_func(free_key);
	g_autoptr(GPtrArray) rest = g_ptr_array_new_with_free_func(free_key);

	for (size_t i = 0; files[i] != NULL; i++) {
		PLIMSOLL_AUTO(ssh_key) *key = ssh_key_load(files[i]);

		if (key == NULL)
			continue;
		add_public_half(key);
		if (!take_named(ordered, agent_keys, key) && !key->is_public)
			g_ptr_array_add(rest, g_steal_pointer(&key));
	}
	if (!identities_only)
		g_ptr_array_extend_and_steal(ordered, g_ptr_array_ref(agent_keys));
	g_ptr_array_extend_and_steal(ordered, g_steal_pointer(&rest));
	return ordered;
}

char *ssh_key_label(const struct ssh_key *key)
{
	const char *type = key->type[0] == '\0' ? "key" : key->type;

	if (key->file != NULL)
		return g_strdup(key->file);
	if (key->comment != NULL && key->comment[0] != '\0')
		return g_strdup_printf("%s of the agent (%s)", type, key->comment);
	return g_strdup_printf("%s of the agent", type);
}
