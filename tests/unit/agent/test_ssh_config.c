/* SPDX-License-Identifier: Apache-2.0 */
/* What is made of the answers of `ssh -G`: a program of that name stands in PATH and gives them. */
#include <glib.h>
#include <glib/gstdio.h>
#include <stdint.h>
#include <string.h>

#include "agent/ssh/ssh_config.h"
#include "tests/unit/support/scratch.h"

struct place {
	char *dir, *path;
};

/* A folder with a program "ssh" that notes its words and prints text. */
static struct place begin(const char *text, const char *trouble)
{
	struct place place = {scratch_new(), g_strdup(g_getenv("PATH"))};
	g_autofree char *program = scratch_path(place.dir, "ssh");
	g_autofree char *script = g_strdup_printf(
		"#!/bin/sh\nprintf '%%s\\n' \"$@\" > %s/words\ncat %s/text\ncat %s/trouble >&2\n"
		"[ ! -s %s/trouble ]\n",
		place.dir, place.dir, place.dir, place.dir);
	g_autofree char *path = g_strdup_printf("%s:%s", place.dir, place.path);

	scratch_write(place.dir, "text", text, -1);
	scratch_write(place.dir, "trouble", trouble, -1);
	scratch_write(place.dir, "ssh", script, -1);
	g_assert_cmpint(g_chmod(program, 0700), ==, 0);
	g_setenv("PATH", path, TRUE);
	g_setenv("SSH_AUTH_SOCK", "/agent", TRUE);
	return place;
}

static void end(struct place *place)
{
	g_setenv("PATH", place->path, TRUE);
	g_unsetenv("SSH_AUTH_SOCK");
	g_free(place->path);
	scratch_free(place->dir);
}

static struct ssh_config *read_as(const char *host, const struct ssh_options *options,
				  GError **error)
{
	char name[] = "h1", user[] = "deploy";
	const struct ssh_target target = {
		.name = name, .host = (char *)(uintptr_t)host, .user = user, .port = 2222};

	return ssh_config_read(&target, options, error);
}

static void an_answer_is_read(void)
{
	static const char text[] = "host h1\nuser root\nhostname 10.0.0.7\nport 2200\n"
				   "hostkeyalias web\nhashknownhosts yes\nidentitiesonly yes\n"
				   "identityagent none\n"
				   "userknownhostsfile /u/known /u/known2\n"
				   "globalknownhostsfile /etc/known\nnoise\n";
	struct place place = begin(text, "");
	const struct ssh_options options = {.config_file = "/the/config", .user = "other"};
	PLIMSOLL_AUTO(ssh_config) *config = read_as("h1", &options, NULL);
	g_autofree char *words = scratch_read(place.dir, "words");
	g_autofree char *known = g_strjoinv(" ", config->known_hosts);

	g_assert_cmpstr(words, ==, "-GT\n-F\n/the/config\n-l\ndeploy\n-p\n2222\n--\nh1\n");
	g_assert_cmpstr(config->alias, ==, "h1");
	g_assert_cmpstr(config->host, ==, "10.0.0.7");
	g_assert_cmpuint(config->port, ==, 2200);
	g_assert_cmpstr(config->user, ==, "root");
	g_assert_cmpstr(config->host_key_alias, ==, "web");
	g_assert_cmpstr(known, ==, "/u/known /u/known2 /etc/known");
	g_assert_cmpstr(config->agent_socket, ==, NULL);
	g_assert_true(config->identities_only && config->hash_known_hosts && config->has_client);
	g_assert_cmpstr(config->why_openssh, ==, NULL);
	end(&place);
}

static const struct {
	const char *line, *why; /* NULL: libssh2 can do it */
} reasons[] = {
	{"proxyjump none", NULL},
	{"proxyjump jump1,jump2", "ProxyJump is set"},
	{"proxycommand nc %h %p", "ProxyCommand is set"},
	{"proxycommand none", NULL},
	{"certificatefile ~/.ssh/id-cert.pub", "CertificateFile is set"},
	{"pkcs11provider /usr/lib/p11.so", "PKCS11Provider is set"},
	{"knownhostscommand /bin/keys", "KnownHostsCommand is set"},
	{"revokedhostkeys /etc/ssh/revoked", "RevokedHostKeys is set"},
	{"revokedhostkeys none", NULL},
	{"hostbasedauthentication no", NULL},
	{"gssapiauthentication yes", NULL},
	{"addressfamily any", NULL},
	{"addressfamily inet6", "AddressFamily is set"},
	{"bindaddress 10.0.0.1", "BindAddress is set"},
	{"preferredauthentications gssapi-with-mic,hostbased",
	 "PreferredAuthentications has no publickey"},
	{"preferredauthentications publickey,password", NULL},
	{"identityfile /keys/%C", "IdentityFile \"/keys/%C\" is for ssh to resolve"},
	{"identityfile ~other/key", "IdentityFile \"~other/key\" is for ssh to resolve"},
};

static void what_only_openssh_can_do_is_a_reason(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(reasons); i++) {
		struct place place = begin(reasons[i].line, "");
		const struct ssh_options options = {0};
		PLIMSOLL_AUTO(ssh_config) *config = read_as("h1", &options, NULL);

		g_test_message("%s", reasons[i].line);
		g_assert_cmpstr(config->why_openssh, ==, reasons[i].why);
		end(&place);
	}
}

static void keys_are_found_by_their_tokens(void)
{
	struct place place = begin("", "");
	g_autofree char *text = g_strdup_printf("hostname 10.0.0.7\nport 22\nuser ann\n"
						"identityagent ${PLIMSOLL_TEST_AGENT}/s\n"
						"identityfile %s/%%r@%%n-%%h%%%%\n"
						"identityfile %s/not there\n"
						"identityfile ${PLIMSOLL_TEST_DIR}/two words\n",
						place.dir, place.dir);
	const struct ssh_options options = {0};
	PLIMSOLL_AUTO(ssh_config) *config = NULL;

	g_setenv("PLIMSOLL_TEST_DIR", place.dir, TRUE);
	g_setenv("PLIMSOLL_TEST_AGENT", "/run/agent", TRUE);
	scratch_write(place.dir, "text", text, -1);
	scratch_write(place.dir, "ann@h1-10.0.0.7%", "key", -1);
	scratch_write(place.dir, "two words", "key", -1);
	config = read_as("h1", &options, NULL);
	g_assert_cmpuint(g_strv_length(config->identity_files), ==, 2);
	g_assert_true(g_str_has_suffix(config->identity_files[0], "/ann@h1-10.0.0.7%"));
	g_assert_true(g_str_has_suffix(config->identity_files[1], "/two words"));
	g_assert_cmpstr(config->agent_socket, ==, "/run/agent/s");
	end(&place);
}

static void a_fido_key_needs_openssh(void)
{
	/* The start of such a file: magic, cipher, kdf, and in the public key its type. */
	static const guchar inside[] = "openssh-key-v1\0\0\0\0\4none\0\0\0\4none\0\0\0\0\0\0\0\1"
				       "\0\0\0\x4a\0\0\0\x1ask-ssh-ed25519@openssh.com";
	g_autofree char *body = g_base64_encode(inside, sizeof(inside) - 1);
	g_autofree char *file = g_strdup_printf("-----BEGIN OPENSSH PRIVATE KEY-----\n%.20s\n%s\n"
						"-----END OPENSSH PRIVATE KEY-----\n",
						body, body + 20);
	struct place place = begin("", "");
	g_autofree char *path = scratch_path(place.dir, "key");
	g_autofree char *why = g_strdup_printf("\"%s\" is a FIDO key", path);
	const char *const keys[] = {path, NULL};
	const struct ssh_options options = {.keys = keys};
	PLIMSOLL_AUTO(ssh_config) *config = NULL;

	scratch_write(place.dir, "key", file, -1);
	config = read_as("h1", &options, NULL);
	g_assert_cmpstr(config->why_openssh, ==, why);
	end(&place);
}

static void what_is_named_comes_first(void)
{
	struct place place = begin("userknownhostsfile /u/known\nidentityfile /bin/sh\n", "");
	g_autofree char *path = scratch_path(place.dir, "text");
	const char *const keys[] = {path, NULL};
	const struct ssh_options options = {.keys = keys, .known_hosts_file = "/mine"};
	PLIMSOLL_AUTO(ssh_config) *config = read_as("h1", &options, NULL);

	g_assert_cmpuint(g_strv_length(config->identity_files), ==, 1);
	g_assert_cmpstr(config->identity_files[0], ==, path);
	g_assert_cmpuint(g_strv_length(config->known_hosts), ==, 1);
	g_assert_cmpstr(config->known_hosts[0], ==, "/mine");
	g_assert_cmpstr(config->agent_socket, ==, "/agent");
	end(&place);
}

static void a_bad_file_is_an_error_in_the_words_of_ssh(void)
{
	struct place place = begin("", "f: line 1: Bad configuration option: bogus\nterminating\n");
	const struct ssh_options options = {0};
	g_autoptr(GError) error = NULL;

	g_assert_null(read_as("h1", &options, &error));
	g_assert_error(error, SSH_ERROR, SSH_ERROR_CONFIG);
	g_assert_cmpstr(error->message, ==,
			"ssh_config: f: line 1: Bad configuration option: bogus terminating");
	end(&place);
}

static const struct {
	const char *text, *named, *known; /* known: NULL = refused */
} known_files[] = {
	{"userknownhostsfile /u/known\nglobalknownhostsfile none\n", NULL, "/u/known"},
	{"userknownhostsfile /home/two words/known /u/2\n", NULL, NULL},
	{"userknownhostsfile /u/known\nglobalknownhostsfile ~/known\n", NULL, NULL},
	{"userknownhostsfile /home/two words/known\n", "/mine", "/mine"},
};

static void no_file_of_known_hosts_is_left_out(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(known_files); i++) {
		struct place place = begin(known_files[i].text, "");
		const struct ssh_options options = {.known_hosts_file = known_files[i].named};
		g_autoptr(GError) error = NULL;
		PLIMSOLL_AUTO(ssh_config) *config = read_as("h1", &options, &error);
		g_autofree char *known =
			config == NULL ? NULL : g_strjoinv(" ", config->known_hosts);

		g_test_message("%s", known_files[i].text);
		g_assert_cmpstr(known, ==, known_files[i].known);
		g_assert_true((error == NULL) == (config != NULL));
		end(&place);
	}
}

static void a_key_that_is_named_must_be_there(void)
{
	struct place place = begin("", "");
	const char *const keys[] = {"/not/there", NULL};
	const struct ssh_options options = {.keys = keys};
	g_autoptr(GError) error = NULL;

	g_assert_null(read_as("h1", &options, &error));
	g_assert_error(error, SSH_ERROR, SSH_ERROR_CONFIG);
	end(&place);
}

static void a_host_is_no_option(void)
{
	struct place place = begin("", "");
	g_autofree char *words = scratch_path(place.dir, "words");
	const struct ssh_options options = {0};
	g_autoptr(GError) error = NULL;

	g_assert_null(read_as("-oProxyCommand=true", &options, &error));
	g_assert_error(error, SSH_ERROR, SSH_ERROR_CONFIG);
	g_assert_false(g_file_test(words, G_FILE_TEST_EXISTS));
	end(&place);
}

static void without_the_program_the_target_stands_as_given(void)
{
	struct place place = begin("", "");
	const struct ssh_options options = {0}, with_file = {.config_file = "/f"};
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(ssh_config) *config = NULL;

	g_setenv("PATH", "/nonexistent", TRUE);
	config = read_as("h1", &options, NULL);
	g_assert_false(config->has_client);
	g_assert_cmpstr(config->host, ==, "h1");
	g_assert_cmpuint(config->port, ==, 2222);
	g_assert_cmpstr(config->user, ==, "deploy");
	g_assert_true(g_str_has_suffix(config->known_hosts[0], "/.ssh/known_hosts"));
	g_assert_cmpstr(config->agent_socket, ==, "/agent");
	g_assert_null(read_as("h1", &with_file, &error));
	g_assert_error(error, SSH_ERROR, SSH_ERROR_CONFIG);
	end(&place);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/ssh-config/read", an_answer_is_read);
	g_test_add_func("/ssh-config/reasons", what_only_openssh_can_do_is_a_reason);
	g_test_add_func("/ssh-config/keys", keys_are_found_by_their_tokens);
	g_test_add_func("/ssh-config/fido", a_fido_key_needs_openssh);
	g_test_add_func("/ssh-config/named", what_is_named_comes_first);
	g_test_add_func("/ssh-config/bad", a_bad_file_is_an_error_in_the_words_of_ssh);
	g_test_add_func("/ssh-config/known-hosts", no_file_of_known_hosts_is_left_out);
	g_test_add_func("/ssh-config/missing-key", a_key_that_is_named_must_be_there);
	g_test_add_func("/ssh-config/option", a_host_is_no_option);
	g_test_add_func("/ssh-config/no-program", without_the_program_the_target_stands_as_given);
	return g_test_run();
}
