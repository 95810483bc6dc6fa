/* SPDX-License-Identifier: Apache-2.0 */
/* plimsoll-agent enroll: spends a join string on an identity. The string never stands in argv. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "agent/cli/command.h"
#include "agent/cli/commands.h"
#include "agent/cli/settings.h"
#include "agent/ship/enroll.h"
#include "agent/ship/http.h"

static const char help[] =
	"usage: plimsoll-agent enroll --join-file FILE|- [--state DIR] [--config FILE]\n"
	"\n"
	"Enrols this host at a Plimsoll server. On the server, 'plimsoll token create' prints a\n"
	"join string; it names the server, pins its certificate authority, and holds a secret\n"
	"that works once. The secret is sent only to a server that shows the pinned authority.\n"
	"\n"
	"  --join-file FILE  file with the join string; - reads it from standard input\n"
	"  --state DIR       where key and certificate are kept (" SETTINGS_STATE_DIR ")\n"
	"  --config FILE     settings (" SETTINGS_FILE ")\n"
	"\n"
	"example: ssh audit.example plimsoll token create | plimsoll-agent enroll --join-file -\n"
	"\n"
	"exit: 0 enrolled, 2 usage or a string that is none, 4 server not reached or it refuses\n";

/* gives: free with join_free(). */
static struct join *read_join(const char *path, GError **error)
{
	char text[JOIN_MAX_BYTES + 1];
	PLIMSOLL_AUTO_FD fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO)
						     : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct join *join = NULL;
	gsize size = 0;
	ssize_t got = fd < 0 ? -1 : 1;

	while (got > 0 && size < sizeof(text)) {
		got = read(fd, text + size, sizeof(text) - size);
		if (got > 0)
			size += (gsize)got;
		else if (got < 0 && errno == EINTR)
			got = 1;
	}
	if (got < 0)
		g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(errno),
			    "cannot read '%s': %s", path, g_strerror(errno));
	else
		join = join_parse(text, size, error);
	explicit_bzero(text, sizeof(text));
	return join;
}

static int exit_of(const GError *error)
{
	return error->domain == JOIN_ERROR || error->domain == SETTINGS_ERROR ||
			       g_error_matches(error, ENROLL_ERROR, ENROLL_ERROR_ENROLLED)
		       ? AGENT_USAGE
		       : AGENT_IO;
}

static bool enroll_here(const struct settings_flags *flags, const char *join_file, GError **error)
{
	PLIMSOLL_AUTO(settings) *settings = settings_load(flags, error);
	PLIMSOLL_AUTO(join) *join = settings == NULL ? NULL : read_join(join_file, error);
	PLIMSOLL_AUTO(identity) *identity = NULL;

	if (join == NULL || !enroll(settings->state_dir, join, settings->proxy, error))
		return false;
	identity = identity_load(settings->state_dir, error);
	if (identity == NULL)
		return false;
	printf("enrolled as %s at %s\n", identity->host_id, identity->agents_url);
	return true;
}

int cmd_enroll(int argc, char **argv)
{
	struct settings_flags flags = {0};
	g_autofree char *join_file = NULL;
	const GOptionEntry entries[] = {
		{"join-file", 0, 0, G_OPTION_ARG_FILENAME, &join_file, NULL, NULL},
		{"state", 0, 0, G_OPTION_ARG_FILENAME, &flags.state_dir, NULL, NULL},
		{"config", 0, 0, G_OPTION_ARG_FILENAME, &flags.config, NULL, NULL},
		G_OPTION_ENTRY_NULL,
	};
	g_autoptr(GError) error = NULL;
	int result = AGENT_DONE;

	if (!command_parse(&(struct command_options){"enroll", help, entries}, argc, argv,
			   &result)) {
		settings_flags_done(&flags);
		return result;
	}
	if (join_file == NULL) {
		result = command_usage("enroll", "--join-file is missing");
	} else if (!enroll_here(&flags, join_file, &error)) {
		command_say("enroll", "%s", error->message);
		result = exit_of(error);
	}
	settings_flags_done(&flags);
	return result;
}
