/* SPDX-License-Identifier: Apache-2.0 */
/* `plimsoll signin-link`: an address that signs a browser in, once. */
#include <string.h>

#include "server/cli/cli.h"
#include "server/cli/commands.h"
#include "server/cli/site.h"
#include "server/http/routes.h"
#include "server/join.h"
#include "server/pki.h"

static const char help[] =
	"usage: plimsoll signin-link [OPTION]...\n"
	"\n"
	"Prints an address that signs one browser in: it works once, for 15 minutes. Works while\n"
	"the server runs. The fingerprint that the browser has to show for the server's "
	"certificate\n"
	"goes to standard error.\n"
	"\n" SITE_OPTION_HELP "  -h, --help      this text\n"
	"\n"
	"examples:\n"
	"  plimsoll signin-link\n"
	"  plimsoll signin-link --data ./demo\n";

static int create_link(const struct site_options *site)
{
	int done = CLI_DONE;
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(config) *config = site_config("signin-link", site, &done);
	PLIMSOLL_AUTO(store) *store =
		config != NULL ? site_store("signin-link", config, STORE_WRITE, &done) : NULL;
	g_autofree char *link = NULL;
	g_autofree char *fingerprint = NULL;
	g_autofree char *line = NULL;

	if (store == NULL)
		return done;
	link = join_signin_link(store, config, "admin", site_now_s(), SESSION_LINK_LIFE_S, &error);
	if (link == NULL)
		return site_fail("signin-link", error);
	fingerprint = pki_server_fingerprint(config->data_dir, &error);
	if (fingerprint == NULL)
		return site_fail("signin-link", error);
	cli_say("signin-link", "server certificate: SHA-256 %s", fingerprint);
	line = g_strconcat(link, "\n", NULL);
	return cli_write_stdout("signin-link", line, strlen(line)) ? CLI_DONE : CLI_IO;
}

int cmd_signin_link(int argc, char **argv)
{
	struct site_options site = {NULL, NULL};
	const GOptionEntry entries[] = {SITE_OPTION_ENTRIES(&site), G_OPTION_ENTRY_NULL};
	const struct cli_options options = {
		.command = "signin-link", .help = help, .entries = entries};
	int done;

	if (cli_parse(&options, argc, argv, NULL, &done))
		done = create_link(&site);
	site_options_done(&site);
	return done;
}
