/* SPDX-License-Identifier: Apache-2.0 */
/* plimsoll-agent leave: gives up the identity, and what was not delivered under it. */
#include <stdio.h>

#include "agent/cli/command.h"
#include "agent/cli/commands.h"
#include "agent/cli/settings.h"
#include "agent/ship/identity.h"
#include "agent/ship/spool.h"

static const char help[] =
	"usage: plimsoll-agent leave [--state DIR] [--config FILE]\n"
	"\n"
	"Gives up this host's place at its server: removes key, certificate and all reports that\n"
	"were not delivered. The server keeps what it has; 'plimsoll hosts retire' there ends it.\n"
	"\n"
	"  --state DIR    where key and certificate are kept (" SETTINGS_STATE_DIR ")\n"
	"  --config FILE  settings (" SETTINGS_FILE ")\n"
	"\n"
	"exit: 0 left, 2 usage or not enrolled, 4 files cannot be removed or another agent runs\n";

static int exit_of(const GError *error)
{
	return error->domain == SETTINGS_ERROR ||
			       g_error_matches(error, IDENTITY_ERROR, IDENTITY_ERROR_ABSENT)
		       ? AGENT_USAGE
		       : AGENT_IO;
}

static bool leave(const struct settings_flags *flags, GError **error)
{
	PLIMSOLL_AUTO(settings) *settings = settings_load(flags, error);
	g_autoptr(GError) cause = NULL;
	PLIMSOLL_AUTO(identity) *identity =
		settings == NULL ? NULL : identity_load(settings->state_dir, &cause);
	PLIMSOLL_AUTO(spool) *spool = NULL;

	if (settings == NULL)
		return false;
	if (g_error_matches(cause, IDENTITY_ERROR, IDENTITY_ERROR_ABSENT)) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	spool = spool_open(settings->state_dir, error);
	if (spool == NULL || !spool_empty(spool, error) ||
	    !identity_forget(settings->state_dir, error))
		return false;
	printf("left%s%s\n", identity == NULL ? "" : " ",
	       identity == NULL ? "" : identity->agents_url);
	return true;
}

int cmd_leave(int argc, char **argv)
{
	struct settings_flags flags = {0};
	const GOptionEntry entries[] = {
		{"state", 0, 0, G_OPTION_ARG_FILENAME, &flags.state_dir, NULL, NULL},
		{"config", 0, 0, G_OPTION_ARG_FILENAME, &flags.config, NULL, NULL},
		G_OPTION_ENTRY_NULL,
	};
	g_autoptr(GError) error = NULL;
	int result = AGENT_DONE;

	if (command_parse(&(struct command_options){"leave", help, entries}, argc, argv, &result) &&
	    !leave(&flags, &error)) {
		command_say("leave", "%s", error->message);
		result = exit_of(error);
	}
	settings_flags_done(&flags);
	return result;
}
