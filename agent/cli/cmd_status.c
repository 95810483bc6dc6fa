/* SPDX-License-Identifier: Apache-2.0 */
/* plimsoll-agent status: what the state directory tells, without asking anybody. */
#include <string.h>
#include <time.h>

#include "agent/cli/command.h"
#include "agent/cli/commands.h"
#include "agent/cli/settings.h"
#include "agent/ship/identity.h"
#include "agent/ship/last_run.h"
#include "agent/ship/spool.h"
#include "proto/json.h"

static const char help[] =
	"usage: plimsoll-agent status [--json] [--state DIR] [--config FILE]\n"
	"\n"
	"Says where this host is enrolled, until when its certificate is valid, and how the last\n"
	"report went.\n"
	"\n"
	"  --json         one JSON object; times are seconds since 1970-01-01 UTC, 0 = never\n"
	"  --state DIR    where key and certificate are kept (" SETTINGS_STATE_DIR ")\n"
	"  --config FILE  settings (" SETTINGS_FILE ")\n"
	"\n"
	"exit: 0 enrolled and the last report was delivered, 2 usage or not enrolled, 4 "
	"otherwise\n";

struct status {
	struct identity *identity;
	struct last_run last;
	struct spool_state waiting;
};

static bool read_status(const char *state_dir, struct status *ret_status, GError **error)
{
	*ret_status = (struct status){.identity = identity_load(state_dir, error)};
	if (ret_status->identity == NULL)
		return false;
	last_run_read(state_dir, &ret_status->last);
	return spool_peek(state_dir, &ret_status->waiting, error);
}

static void status_done(struct status *status)
{
	identity_free(status->identity);
	last_run_done(&status->last);
	spool_state_done(&status->waiting);
}

static char *time_text(int64_t seconds)
{
	g_autoptr(GDateTime) moment = g_date_time_new_from_unix_utc(seconds);

	return seconds == 0 || moment == NULL ? g_strdup("never")
					      : g_date_time_format(moment, "%Y-%m-%d %H:%M:%S UTC");
}

static char *plain(const struct status *status)
{
	g_autofree char *until = time_text(status->identity->valid_until_s);
	g_autofree char *attempted = time_text(status->last.attempted_at_s);
	g_autofree char *delivered = time_text(status->last.delivered_at_s);
	g_autofree char *error =
		status->last.error == NULL ? NULL : g_strescape(status->last.error, "\"\\");
	return g_strdup_printf(
		"host         %s\n"
		"server       %s\n"
		"certificate  until %s%s\n"
		"last try     %s\n"
		"delivered    %s\n"
		"waiting      %u reports, %zu bytes; %u set aside\n"
		"%s%s%s",
		status->identity->host_id, status->identity->agents_url, until,
		time(NULL) > status->identity->valid_until_s ? " (expired: enrol again)" : "",
		attempted, delivered, status->waiting.n_sequences, status->waiting.bytes,
		status->waiting.bad, error == NULL ? "" : "problem      ",
		error == NULL ? "" : error, error == NULL ? "" : "\n");
}

static char *as_json(const struct status *status)
{
	PLIMSOLL_AUTO(json) *document = json_object_new();
	g_autofree char *text = NULL;

	json_set(document, "host_id", json_new_string(status->identity->host_id));
	json_set(document, "agents_url", json_new_string(status->identity->agents_url));
	json_set(document, "valid_until", json_new_integer(status->identity->valid_until_s));
	json_set(document, "attempted_at", json_new_integer(status->last.attempted_at_s));
	json_set(document, "delivered_at", json_new_integer(status->last.delivered_at_s));
	json_set(document, "error", json_new_string(status->last.error));
	json_set(document, "waiting", json_new_integer(status->waiting.n_sequences));
	text = json_text(document, true);
	return g_strconcat(text, "\n", NULL);
}

static int show(const struct settings_flags *flags, bool want_json, GError **error)
{
	PLIMSOLL_AUTO(settings) *settings = settings_load(flags, error);
	struct status status = {0};
	g_autofree char *text = NULL;
	int result = AGENT_IO;

	if (settings != NULL && read_status(settings->state_dir, &status, error)) {
		text = want_json ? as_json(&status) : plain(&status);
		if (command_write_stdout("status", text, strlen(text)) && status.last.error == NULL)
			result = AGENT_DONE;
	}
	status_done(&status);
	return result;
}

int cmd_status(int argc, char **argv)
{
	struct settings_flags flags = {0};
	gboolean want_json = FALSE;
	const GOptionEntry entries[] = {
		{"json", 0, 0, G_OPTION_ARG_NONE, &want_json, NULL, NULL},
		{"state", 0, 0, G_OPTION_ARG_FILENAME, &flags.state_dir, NULL, NULL},
		{"config", 0, 0, G_OPTION_ARG_FILENAME, &flags.config, NULL, NULL},
		G_OPTION_ENTRY_NULL,
	};
	g_autoptr(GError) error = NULL;
	int result = AGENT_DONE;

	if (command_parse(&(struct command_options){"status", help, entries}, argc, argv, &result))
		result = show(&flags, want_json, &error);
	if (error != NULL) {
		command_say("status", "%s", error->message);
		if (error->domain == SETTINGS_ERROR ||
		    g_error_matches(error, IDENTITY_ERROR, IDENTITY_ERROR_ABSENT))
			result = AGENT_USAGE;
	}
	settings_flags_done(&flags);
	return result;
}
