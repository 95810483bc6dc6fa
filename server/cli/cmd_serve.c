/* SPDX-License-Identifier: Apache-2.0 */
/* `plimsoll serve`: runs the server until it is told to stop. */
#include <signal.h>
#include <string.h>

#include "proto/arena.h"
#include "server/cli/cli.h"
#include "server/cli/commands.h"
#include "server/cli/site.h"
#include "server/http/log.h"
#include "server/http/server.h"

static const char help[] =
	"usage: plimsoll serve [OPTION]...\n"
	"\n"
	"Runs the server: pages for people (port 8443), reports of agents (8444), enrolment\n"
	"(8445). The addresses in use are printed and stand in DIR/ports.json. The log goes to\n"
	"standard error. SIGTERM or Ctrl-C: what is under way is answered, then it ends.\n"
	"\n" SITE_OPTION_HELP "  -h, --help      this text\n"
	"\n"
	"examples:\n"
	"  plimsoll serve\n"
	"  plimsoll serve --data ./demo\n";

static int announce(const struct config *config, const struct server *server)
{
	GString *text = g_string_new(NULL);
	bool done;

	for (guint i = 0; i < CONFIG_LISTENERS; i++) {
		const char *address = config->listen[i].address;
		bool is_v6 = strchr(address, ':') != NULL;

		g_string_append_printf(text, "%-9s  https://%s%s%s:%u\n",
				       config_listener_name((enum config_listener)i),
				       is_v6 ? "[" : "", address, is_v6 ? "]" : "",
				       server_port(server, (enum config_listener)i));
	}
	done = cli_write_stdout("serve", text->str, text->len);
	g_string_free(text, TRUE);
	return done ? CLI_DONE : CLI_IO;
}

/* Signals are taken here alone, so that no thread of the server is interrupted. */
static void block_signals(sigset_t *ret_signals)
{
	sigemptyset(ret_signals);
	sigaddset(ret_signals, SIGTERM);
	sigaddset(ret_signals, SIGINT);
	(void)pthread_sigmask(SIG_BLOCK, ret_signals, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

static int serve(const struct config *config)
{
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(server) *server = NULL;
	sigset_t signals;
	int number = 0;
	int done;

	arena_keep_memory();
	block_signals(&signals);
	server = server_start(config, &error);
	if (server == NULL)
		return site_fail("serve", error);
	done = announce(config, server);
	if (done != CLI_DONE)
		return done;
	log_event("started", "version", PLIMSOLL_VERSION, "data", config->data_dir);
	while (sigwait(&signals, &number) != 0)
		continue;
	log_event("stopping", "signal", number == SIGINT ? "INT" : "TERM");
	server_stop(g_steal_pointer(&server));
	log_event("stopped");
	return CLI_DONE;
}

int cmd_serve(int argc, char **argv)
{
	struct site_options site = {NULL, NULL};
	const GOptionEntry entries[] = {SITE_OPTION_ENTRIES(&site), G_OPTION_ENTRY_NULL};
	const struct cli_options options = {.command = "serve", .help = help, .entries = entries};
	struct config *config;
	int done;

	if (cli_parse(&options, argc, argv, NULL, &done)) {
		config = site_config("serve", &site, &done);
		if (config != NULL)
			done = serve(config);
		config_free(config);
	}
	site_options_done(&site);
	return done;
}
