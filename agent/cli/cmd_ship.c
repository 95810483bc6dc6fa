/* SPDX-License-Identifier: Apache-2.0 */
/* plimsoll-agent ship: delivers what waits in the spool, without collecting. */
#include "agent/cli/command.h"
#include "agent/cli/commands.h"
#include "agent/cli/round.h"
#include "agent/ship/identity.h"

static const char help[] =
	"usage: plimsoll-agent ship [--state DIR] [--config FILE]\n"
	"\n"
	"Delivers the reports that wait in the spool. Nothing is collected; 'plimsoll-agent run\n"
	"--once' does both.\n"
	"\n"
	"  --state DIR    where key, certificate and spool are kept (" SETTINGS_STATE_DIR ")\n"
	"  --config FILE  settings (" SETTINGS_FILE ")\n"
	"\n"
	"exit: 0 nothing waits any more, 2 usage or not enrolled, 4 server not reached or it "
	"refuses\n";

static int ship(const struct settings_flags *flags)
{
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(settings) *settings = settings_load(flags, &error);
	PLIMSOLL_AUTO(identity) *identity =
		settings == NULL ? NULL : identity_load(settings->state_dir, &error);
	PLIMSOLL_AUTO(spool) *spool =
		identity == NULL ? NULL : spool_open(settings->state_dir, &error);
	struct round round = {.command = "ship", .settings = settings, .spool = spool};
	int result = AGENT_IO;

	if (spool == NULL) {
		command_say("ship", "%s", error->message);
		return round_exit_of(error);
	}
	result = round_deliver(&round);
	round_done(&round);
	return result;
}

int cmd_ship(int argc, char **argv)
{
	struct settings_flags flags = {0};
	const GOptionEntry entries[] = {
		{"state", 0, 0, G_OPTION_ARG_FILENAME, &flags.state_dir, NULL, NULL},
		{"config", 0, 0, G_OPTION_ARG_FILENAME, &flags.config, NULL, NULL},
		G_OPTION_ENTRY_NULL,
	};
	int result = AGENT_DONE;

	if (command_parse(&(struct command_options){"ship", help, entries}, argc, argv, &result))
		result = ship(&flags);
	settings_flags_done(&flags);
	return result;
}
