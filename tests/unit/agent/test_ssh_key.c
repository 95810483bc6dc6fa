/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of a key before it is used, what the agent lists, and in which order keys come. */
#include <string.h>

#include "agent/ssh/ssh_agent.h"
#include "agent/ssh/ssh_key.h"
#include "tests/unit/support/scratch.h"

/* Public halves of no private one: 32 bytes of 1, of 2. */
#define ED1 "AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB"
#define ED2 "AAAAC3NzaC1lZDI1NTE5AAAAIAICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIC"
/* sk-ssh-ed25519@openssh.com */
#define SK                                                                                         \
	"AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB" \
	"AAAABHNzaDo="

static void put_string(GByteArray *to, const void *bytes, gsize size)
{
	const guint32 head = GUINT32_TO_BE((guint32)size);

	g_byte_array_append(to, (const guint8 *)&head, sizeof(head));
	g_byte_array_append(to, bytes, (guint)size);
}

/* A file in OpenSSH's format as far as it is looked at: cipher, key derivation, public half. */
static char *openssh_file(const char *cipher, const char *blob)
{
	static const guint8 one[] = {0, 0, 0, 1};
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	gsize size = 0;
	g_autofree guint8 *public_half = g_base64_decode(blob, &size);
	g_autofree char *text = NULL;

	g_byte_array_append(bytes, (const guint8 *)"openssh-key-v1", 15);
	put_string(bytes, cipher, strlen(cipher));
	put_string(bytes, "none", 4);
	put_string(bytes, "", 0);
	g_byte_array_append(bytes, one, sizeof(one));
	put_string(bytes, public_half, size);
	put_string(bytes, "private", 7);
	text = g_base64_encode(bytes->data, bytes->len);
	return g_strdup_printf("-----BEGIN OPENSSH PRIVATE KEY-----\n%s\n"
			       "-----END OPENSSH PRIVATE KEY-----\n",
			       text);
}

static struct ssh_key *parse(const char *text)
{
	return ssh_key_parse(text, strlen(text));
}

static void test_openssh_files(void)
{
	static const struct {
		const char *cipher, *blob, *type;
		bool is_encrypted;
	} cases[] = {
		{"none", ED1, "ssh-ed25519", false},
		{"aes256-ctr", ED1, "ssh-ed25519", true},
		{"none", SK, "sk-ssh-ed25519@openssh.com", false},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = openssh_file(cases[i].cipher, cases[i].blob);
		PLIMSOLL_AUTO(ssh_key) *key = parse(text);
		g_autofree char *blob = NULL;

		g_assert_nonnull(key);
		blob = g_base64_encode(key->blob, key->blob_size);
		g_assert_cmpstr(key->type, ==, cases[i].type);
		g_assert_cmpstr(blob, ==, cases[i].blob);
		g_assert_true(key->is_encrypted == cases[i].is_encrypted);
		g_assert_false(key->is_public);
	}
}

static void test_other_files(void)
{
	static const struct {
		const char *text, *type; /* NULL: nothing that is known */
		bool is_encrypted, is_public;
	} cases[] = {
		{"-----BEGIN RSA PRIVATE KEY-----\nx\n-----END RSA PRIVATE KEY-----\n", "ssh-rsa",
		 false, false},
		{"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n", "ssh-rsa", true,
		 false},
		{"-----BEGIN EC PRIVATE KEY-----\n", "", false, false},
		{"-----BEGIN PRIVATE KEY-----\n", "", false, false},
		{"-----BEGIN ENCRYPTED PRIVATE KEY-----\n", "", true, false},
		{"ssh-ed25519 " ED1 " me@here\n", "ssh-ed25519", false, true},
		{"ssh-ed25519 " ED1, "ssh-ed25519", false, true},
		{"ssh-rsa " ED1 " me@here\n", NULL, false, false},
		{"ssh-ed25519 !!!!\n", NULL, false, false},
		{"ssh-ed25519\n", NULL, false, false},
		{"-----BEGIN OPENSSH PRIVATE KEY-----\n", NULL, false, false},
		{"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
		 NULL, false, false},
		{"hello\n", NULL, false, false},
		{"", NULL, false, false},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		PLIMSOLL_AUTO(ssh_key) *key = parse(cases[i].text);

		g_test_message("%s", cases[i].text);
		g_assert_true((key != NULL) == (cases[i].type != NULL));
		if (key == NULL)
			continue;
		g_assert_cmpstr(key->type, ==, cases[i].type);
		g_assert_true(key->is_encrypted == cases[i].is_encrypted);
		g_assert_true(key->is_public == cases[i].is_public);
	}
}

/* Cut at any byte it is another key or none, never a read behind its end. */
static void test_files_that_are_cut(void)
{
	g_autofree char *text = openssh_file("aes256-ctr", ED1);

	for (gsize size = 0; size < strlen(text); size++) {
		g_autofree char *cut = g_memdup2(text, size);
		PLIMSOLL_AUTO(ssh_key) *key = ssh_key_parse(cut == NULL ? "" : cut, size);

		g_assert_true(key == NULL || size > strlen(text) - 3);
	}
}

/* ---- the agent ---- */

static GByteArray *agent_answer(const char *const *blobs, const char *const *comments)
{
	GByteArray *answer = g_byte_array_new();
	const guint32 count = GUINT32_TO_BE((guint32)g_strv_length((char **)(uintptr_t)blobs));

	g_byte_array_append(answer, (const guint8 *)"\x0c", 1);
	g_byte_array_append(answer, (const guint8 *)&count, sizeof(count));
	for (size_t i = 0; blobs[i] != NULL; i++) {
		gsize size = 0;
		g_autofree guint8 *blob = g_base64_decode(blobs[i], &size);

		put_string(answer, blob, size);
		put_string(answer, comments[i], strlen(comments[i]));
	}
	return answer;
}

static void test_keys_of_the_agent(void)
{
	static const char *const blobs[] = {ED1, "AAAA", SK, NULL};
	static const char *const comments[] = {"me@here\033[2J\n", "no key", "token"};
	g_autoptr(GByteArray) answer = agent_answer(blobs, comments);
	g_autoptr(GPtrArray) keys = ssh_agent_parse_keys(answer->data, answer->len);
	const struct ssh_key *first = NULL, *second = NULL;

	g_assert_cmpuint(keys->len, ==, 2);
	first = g_ptr_array_index(keys, 0);
	second = g_ptr_array_index(keys, 1);
	g_assert_cmpstr(first->type, ==, "ssh-ed25519");
	g_assert_cmpstr(first->comment, ==, "me@here?[2J?");
	g_assert_true(first->in_agent);
	g_assert_cmpstr(second->type, ==, "sk-ssh-ed25519@openssh.com");
}

static void test_agent_that_answers_nonsense(void)
{
	static const char *const blobs[] = {ED1, ED2, NULL};
	static const char *const comments[] = {"a", "b"};
	g_autoptr(GByteArray) answer = agent_answer(blobs, comments);
	static const guint8 refusal[] = {5};
	static const guint8 many[] = {12, 0xff, 0xff, 0xff, 0xff};
	g_autoptr(GPtrArray) refused = ssh_agent_parse_keys(refusal, sizeof(refusal));
	g_autoptr(GPtrArray) claimed = ssh_agent_parse_keys(many, sizeof(many));

	g_assert_cmpuint(refused->len, ==, 0);
	g_assert_cmpuint(claimed->len, ==, 0);
	for (guint size = 0; size < answer->len; size++) {
		g_autofree guint8 *cut = g_memdup2(answer->data, size);
		g_autoptr(GPtrArray) keys = ssh_agent_parse_keys(cut, size);

		g_assert_cmpuint(keys->len, <, 2);
	}
}

/* ---- the order ---- */

static GPtrArray *agent_keys(const char *const *blobs)
{
	static const char *const comments[] = {"a", "b", "c"};
	g_autoptr(GByteArray) answer = agent_answer(blobs, comments);

	return ssh_agent_parse_keys(answer->data, answer->len);
}

static void test_order_of_keys(void)
{
	static const char *const both[] = {ED1, ED2, NULL};
	static const char *const none[] = {NULL};
	static const struct {
		const char *name;
		const char *const *agent;
		bool identities_only;
		const char *want; /* type and file or agent's comment */
	} cases[] = {
		{"a file's key comes first, from the agent", both, false, "two:agent a:agent one"},
		{"identities only", both, true, "two:agent one"},
		{"without an agent the file is used; a public half is nothing then", none, false,
		 "one two"},
	};
	char *dir = scratch_new();
	g_autofree char *one = openssh_file("none", SK);
	g_autofree char *two = openssh_file("aes256-ctr", ED2);

	scratch_write(dir, "one", one, -1);
	scratch_write(dir, "two", two, -1);
	scratch_write(dir, "other.pub", "ssh-ed25519 " ED1 " x\n", -1);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *first = scratch_path(dir, "one");
		g_autofree char *second = scratch_path(dir, "two");
		g_autofree char *absent = scratch_path(dir, "absent");
		const char *const files[] = {first, absent, second, NULL};
		g_autoptr(GPtrArray) agent = agent_keys(cases[i].agent);
		g_autoptr(GPtrArray) ordered =
			ssh_key_order(agent, files, cases[i].identities_only);
		g_autoptr(GString) got = g_string_new(NULL);

		for (guint k = 0; k < ordered->len; k++) {
			const struct ssh_key *key = g_ptr_array_index(ordered, k);
			g_autofree char *name = key->file == NULL ? g_strdup(key->comment)
								  : g_path_get_basename(key->file);

			g_string_append_printf(got, "%s%s%s", k > 0 ? " " : "", name,
					       key->in_agent ? ":agent" : "");
		}
		g_test_message("%s", cases[i].name);
		g_assert_cmpstr(got->str, ==, cases[i].want);
	}
	scratch_free(dir);
}

static void test_public_half_names_the_key_of_the_agent(void)
{
	static const char *const both[] = {ED1, ED2, NULL};
	char *dir = scratch_new();
	g_autofree char *file = scratch_path(dir, "two.pub");
	const char *const files[] = {file, NULL};
	g_autoptr(GPtrArray) agent = agent_keys(both);
	g_autoptr(GPtrArray) ordered = NULL;
	const struct ssh_key *key = NULL;

	scratch_write(dir, "two.pub", "ssh-ed25519 " ED2 " x\n", -1);
	ordered = ssh_key_order(agent, files, true);
	g_assert_cmpuint(ordered->len, ==, 1);
	key = g_ptr_array_index(ordered, 0);
	g_assert_cmpstr(key->comment, ==, "b");
	g_assert_cmpstr(key->file, ==, file);
	scratch_free(dir);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/ssh_key/openssh-files", test_openssh_files);
	g_test_add_func("/ssh_key/other-files", test_other_files);
	g_test_add_func("/ssh_key/files-that-are-cut", test_files_that_are_cut);
	g_test_add_func("/ssh_key/keys-of-the-agent", test_keys_of_the_agent);
	g_test_add_func("/ssh_key/agent-that-answers-nonsense", test_agent_that_answers_nonsense);
	g_test_add_func("/ssh_key/order-of-keys", test_order_of_keys);
	g_test_add_func("/ssh_key/public-half-names-the-key-of-the-agent",
			test_public_half_names_the_key_of_the_agent);
	return g_test_run();
}
