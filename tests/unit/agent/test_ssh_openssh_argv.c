/* SPDX-License-Identifier: Apache-2.0 */
/* What ssh itself makes of our command line where its own files ask for everything. */
#include <glib.h>
#include <string.h>

#include "agent/ssh/ssh_child.h"
#include "agent/ssh/ssh_openssh.h"
#include "tests/unit/support/scratch.h"

enum { RUN_MS = 20000 };

/* What stands in ssh_config, and what `ssh -G` must say of it. */
static const struct {
	const char *asked, *line;
} options_that_stay[] = {
	{"StrictHostKeyChecking no", "stricthostkeychecking true"},
	{"NoHostAuthenticationForLocalhost yes", "nohostauthenticationforlocalhost no"},
	{"VerifyHostKeyDNS yes", "verifyhostkeydns false"},
	{"UpdateHostKeys yes", "updatehostkeys false"},
	{"UserKnownHostsFile /dev/null", "userknownhostsfile /known"},
	{"GlobalKnownHostsFile /dev/null", "globalknownhostsfile none"},
	{"ForwardAgent yes", "forwardagent no"},
	{"ForwardX11 yes", "forwardx11 no"},
	{"GSSAPIDelegateCredentials yes", "gssapidelegatecredentials no"},
	{"PermitLocalCommand yes", "permitlocalcommand no"},
	{"Tunnel point-to-point", "tunnel false"},
	{"LocalForward 9999 localhost:9999", "clearallforwardings yes"},
	{"ForkAfterAuthentication yes", "forkafterauthentication no"},
	{"ControlPersist yes", "controlpersist no"},
	{"ControlMaster auto", "controlmaster true"},
	{"ControlPath /theirs", "controlpath /c"},
	{"RequestTTY force", "requesttty false"},
	{"BatchMode no", "batchmode yes"},
	{"PasswordAuthentication yes", "passwordauthentication no"},
};

/* Its words are the master's, and one that lets it print only. gives: NULL: there is no ssh here.
 */
static char *effective(const char *file)
{
	char alias[] = "127.0.0.1", user[] = "u", known[] = "/known", ask[] = "-G";
	char *none[] = {NULL}, *files[] = {known, NULL};
	const struct ssh_config config = {.alias = alias,
					  .user = user,
					  .port = 22,
					  .identity_files = none,
					  .known_hosts = files,
					  .goes_to_background = true};
	const struct ssh_options options = {.config_file = file};
	g_auto(GStrv) argv = ssh_openssh_master_argv(&config, &options, "/c", "/dev/null");
	g_autoptr(GPtrArray) words = g_ptr_array_new();
	struct ssh_child_output output = {0};
	char *text = NULL;

	if (!ssh_child_exists("ssh"))
		return NULL;
	g_ptr_array_add(words, argv[0]);
	g_ptr_array_add(words, ask);
	for (guint i = 1; argv[i] != NULL; i++)
		g_ptr_array_add(words, argv[i]);
	g_ptr_array_add(words, NULL);
	g_assert_true(ssh_child_run((const char *const *)words->pdata, RUN_MS, &output, NULL));
	g_test_message("%s", output.err);
	g_assert_cmpint(output.exit_status, ==, 0);
	text = g_strconcat("\n", output.out, NULL);
	ssh_child_output_done(&output);
	return text;
}

static void ssh_config_weakens_nothing(void)
{
	g_autofree char *dir = scratch_new();
	g_autofree char *file = scratch_path(dir, "config");
	g_autoptr(GString) config = g_string_new("Host *\n");
	g_autofree char *text = NULL;

	for (guint i = 0; i < G_N_ELEMENTS(options_that_stay); i++)
		g_string_append_printf(config, "%s\n", options_that_stay[i].asked);
	scratch_write(dir, "config", config->str, -1);
	text = effective(file);
	for (guint i = 0; text != NULL && i < G_N_ELEMENTS(options_that_stay); i++) {
		g_autofree char *line = g_strdup_printf("\n%s\n", options_that_stay[i].line);

		g_test_message("%s", options_that_stay[i].asked);
		g_assert_nonnull(strstr(text, line));
	}
	if (text == NULL)
		g_test_skip("ssh is not here");
	scratch_free(g_steal_pointer(&dir));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/ssh-openssh-argv/stays", ssh_config_weakens_nothing);
	return g_test_run();
}
