/* SPDX-License-Identifier: Apache-2.0 */
/* plimsoll-agent run: rounds for ever, or one. The process may be ended at any moment. */
#include <errno.h>
#include <signal.h>
#include <time.h>

#include "agent/cli/command.h"
#include "agent/cli/commands.h"
#include "agent/cli/round.h"
#include "agent/ship/identity.h"
#include "agent/ship/last_run.h"
#include "agent/ship/schedule.h"

enum { LONGEST_NAP_MS = 60000, MS = 1000 };

static const char help[] =
	"usage: plimsoll-agent run [--once] [--docker-host URL] [--root DIR] [--state DIR]\n"
	"                          [--config FILE]\n"
	"\n"
	"Collects what an audit of this host needs and delivers it to the server that this host\n"
	"is enrolled at: every hour, or as often as the server asks, at this host's own minute.\n"
	"What cannot be delivered waits in the spool. The certificate renews itself.\n"
	"\n"
	"  --once             one round, then exit\n"
	"  --docker-host URL  the engine to report, unix:///PATH or tcp://HOST:PORT "
	"(DOCKER_HOST);\n"
	"                     several with blanks between; else every engine of this host\n"
	"  --root DIR         the host's root directory, when the agent runs in a container\n"
	"                     (PLIMSOLL_ROOT)\n"
	"  --state DIR        where key, certificate and spool are kept (" SETTINGS_STATE_DIR ")\n"
	"  --config FILE      settings (" SETTINGS_FILE "): in [agent] the keys state,\n"
	"                     docker_host, tlsverify, tlscacert, tlscert, tlskey (of a\n"
	"                     tcp:// engine), root, proxy, interval (seconds)\n"
	"\n"
	"exit: 0 delivered, or ended by SIGTERM; 2 usage or not enrolled; 3 delivered, but the\n"
	"Engine could not be asked; 4 not delivered, the report waits; 130 interrupted\n";

/* ---------------------------------------------------------------- being ended */

/*
 * Every file is written whole or not at all and every report can be sent twice, so there is nothing
 * to finish. A handler, because a first process of a container ignores what has none.
 */
static void end_at_once(int signal_number)
{
	_exit(signal_number == SIGTERM ? AGENT_DONE : AGENT_INTERRUPTED);
}

static void end_unfinished(int signal_number)
{
	(void)signal_number;
	_exit(AGENT_INTERRUPTED);
}

static void listen_to_signals(bool once)
{
	const struct sigaction action = {.sa_handler = once ? end_unfinished : end_at_once};

	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGINT, &action, NULL);
}

/* ---------------------------------------------------------------- waiting */

static void nap(int64_t ms)
{
	struct timespec left = {.tv_sec = ms / MS, .tv_nsec = ms % MS * 1000000};

	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
		continue;
}

/* In short naps, so that a clock that is set back does not stop the agent for as long. */
static void wait_until(int64_t at_s, guint period_s)
{
	int64_t left_s = 0;

	while ((left_s = at_s - time(NULL)) > 0 && left_s <= 2 * (int64_t)period_s)
		nap(MIN(left_s * MS, (int64_t)LONGEST_NAP_MS));
}

static guint period_of(const struct round *round)
{
	return round->asked_period_s == 0 ? round->settings->period_s
					  : schedule_clamp_period_s(round->asked_period_s);
}

/* Tries again what was not delivered, until the next collection is due. */
static void retry(struct round *round, int64_t until_s)
{
	int64_t pause_ms = 0;
	int result = AGENT_IO;

	for (guint failures = 0; result == AGENT_IO; failures++) {
		pause_ms = MAX(schedule_backoff_ms(failures, g_random_int()),
			       (int64_t)round->retry_after_s * MS);
		if (time(NULL) + pause_ms / MS >= until_s)
			return;
		nap(MAX(pause_ms, (int64_t)MS));
		result = round_deliver(round);
	}
}

/* ---------------------------------------------------------------- running */

/* Whether a restart comes so soon that the host's own minute is still early enough. */
static bool is_fresh(const struct settings *settings)
{
	struct last_run last;
	int64_t age_s = 0;

	last_run_read(settings->state_dir, &last);
	age_s = time(NULL) - last.delivered_at_s;
	last_run_done(&last);
	return age_s >= 0 && age_s < (int64_t)settings->period_s;
}

static void say_next(int64_t next_s)
{
	g_autoptr(GDateTime) moment = g_date_time_new_from_unix_utc(next_s);
	g_autofree char *text = g_date_time_format_iso8601(moment);

	command_say("run", "event=next at=%s", text);
}

static int run_for_ever(struct round *round)
{
	int result = is_fresh(round->settings) ? round_deliver(round) : round_run(round);

	while (result != AGENT_USAGE) {
		int64_t next_s = schedule_next_s(round->host_id, time(NULL), period_of(round));

		say_next(next_s);
		if (result == AGENT_IO)
			retry(round, next_s);
		wait_until(next_s, period_of(round));
		result = round_run(round);
	}
	return result;
}

static int run(const struct settings_flags *flags, bool once)
{
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(settings) *settings = settings_load(flags, &error);
	PLIMSOLL_AUTO(identity) *identity =
		settings == NULL ? NULL : identity_load(settings->state_dir, &error);
	PLIMSOLL_AUTO(spool) *spool =
		identity == NULL ? NULL : spool_open(settings->state_dir, &error);
	struct round round = {.command = "run", .settings = settings, .spool = spool};
	int result = AGENT_IO;

	if (spool == NULL) {
		command_say("run", "%s", error->message);
		return round_exit_of(error);
	}
	listen_to_signals(once);
	result = once ? round_run(&round) : run_for_ever(&round);
	round_done(&round);
	return result;
}

int cmd_run(int argc, char **argv)
{
	struct settings_flags flags = {0};
	gboolean once = FALSE;
	const GOptionEntry entries[] = {
		{"once", 0, 0, G_OPTION_ARG_NONE, &once, NULL, NULL},
		{"docker-host", 0, 0, G_OPTION_ARG_STRING, &flags.docker_host, NULL, NULL},
		{"root", 0, 0, G_OPTION_ARG_FILENAME, &flags.root_dir, NULL, NULL},
		{"state", 0, 0, G_OPTION_ARG_FILENAME, &flags.state_dir, NULL, NULL},
		{"config", 0, 0, G_OPTION_ARG_FILENAME, &flags.config, NULL, NULL},
		G_OPTION_ENTRY_NULL,
	};
	int result = AGENT_DONE;

	if (command_parse(&(struct command_options){"run", help, entries}, argc, argv, &result))
		result = run(&flags, once);
	settings_flags_done(&flags);
	return result;
}
