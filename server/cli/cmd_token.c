/* SPDX-License-Identifier: Apache-2.0 */
/* `plimsoll token create`: a join string for one new host. */
#include <string.h>

#include "server/cli/cli.h"
#include "server/cli/commands.h"
#include "server/cli/site.h"
#include "server/join.h"

static const char help[] =
	"usage: plimsoll token create [OPTION]...\n"
	"\n"
	"Prints one join string: where the server is, the pin of its CA, and a secret that lets\n"
	"one host enrol, once. Works while the server runs. Hand it over through a file or a "
	"pipe,\n"
	"never as an argument.\n"
	"\n"
	"  --ttl TIME      how long it works: 90s, 15m, 1h, 7d (default: 1h)\n" SITE_OPTION_HELP
	"  -h, --help      this text\n"
	"\n"
	"examples:\n"
	"  plimsoll token create > join && scp join host:\n"
	"  plimsoll token create | ssh host sudo plimsoll-agent enroll --join-file -\n";

static const char default_ttl[] = "1h";

static int create_token(const struct site_options *site, int64_t life_s)
{
	int done = CLI_DONE;
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(config) *config = site_config("token create", site, &done);
	PLIMSOLL_AUTO(store) *store =
		config != NULL ? site_store("token create", config, STORE_WRITE, &done) : NULL;
	PLIMSOLL_AUTO(pki) *pki = NULL;
	g_autofree char *actor = site_actor();
	g_autofree char *join = NULL;
	g_autofree char *line = NULL;

	if (store == NULL)
		return done;
	pki = pki_open(config->data_dir, &error);
	if (pki != NULL)
		join = join_create(store, config, pki, actor, site_now_s(), life_s, &error);
	if (join == NULL)
		return site_fail("token create", error);
	line = g_strconcat(join, "\n", NULL);
	return cli_write_stdout("token create", line, strlen(line)) ? CLI_DONE : CLI_IO;
}

int cmd_token(int argc, char **argv)
{
	struct site_options site = {NULL, NULL};
	g_autofree char *ttl = NULL;
	g_auto(GStrv) words = NULL;
	const GOptionEntry entries[] = {
		{"ttl", 0, 0, G_OPTION_ARG_STRING, &ttl, NULL, NULL},
		SITE_OPTION_ENTRIES(&site),
		G_OPTION_ENTRY_NULL,
	};
	const struct cli_options options = {
		.command = "token", .help = help, .entries = entries, .takes_arguments = true};
	int64_t life_s = 0;
	int done;

	if (cli_parse(&options, argc, argv, &words, &done)) {
		if (g_strv_length(words) != 1 || strcmp(words[0], "create") != 0)
			done = cli_usage("token", "say what to do: 'plimsoll token create'");
		else if (!site_parse_duration(ttl != NULL ? ttl : default_ttl, &life_s))
			done = cli_usage("token",
					 "--ttl wants 60 seconds to 30 days, such as 15m or 1h");
		else
			done = create_token(&site, life_s);
	}
	site_options_done(&site);
	return done;
}
