/* SPDX-License-Identifier: Apache-2.0 */
/* See round.h. Steps 1 to 3 of the flow in order; each step's failure is said once, here. */
#include "agent/cli/round.h"

#include <time.h>

#include "agent/cli/command.h"
#include "agent/collect.h"
#include "agent/ship/enroll.h"
#include "agent/ship/last_run.h"
#include "agent/ship/ship.h"

#define IMAGE_CACHE "images"

void round_done(struct round *round)
{
	g_clear_pointer(&round->host_id, g_free);
}

int round_exit_of(const GError *error)
{
	if (error->domain == SETTINGS_ERROR ||
	    g_error_matches(error, IDENTITY_ERROR, IDENTITY_ERROR_ABSENT) ||
	    g_error_matches(error, HOST_ERROR, HOST_ERROR_ENDPOINT))
		return AGENT_USAGE;
	return AGENT_IO;
}

/* A failed renewal costs nothing yet: the certificate has a third of its life left. */
static void renew(struct round *round, struct identity **identity)
{
	const char *state_dir = round->settings->state_dir;
	g_autoptr(GError) error = NULL;
	struct identity *renewed = NULL;

	if (!identity_is_due(*identity, time(NULL)))
		return;
	if (time(NULL) > (*identity)->valid_until_s)
		command_say(round->command,
			    "event=certificate_expired hint=\"'plimsoll-agent leave', "
			    "then enrol again\"");
	if (enroll_renew(state_dir, *identity, round->settings->proxy, &error))
		renewed = identity_load(state_dir, &error);
	if (renewed == NULL) {
		command_say(round->command, "event=renewal_failed reason=\"%s\"", error->message);
		return;
	}
	identity_free(*identity);
	*identity = renewed;
	command_say(round->command, "event=renewed");
}

static struct identity *identify(struct round *round, GError **error)
{
	struct identity *identity = identity_load(round->settings->state_dir, error);

	if (identity == NULL)
		return NULL;
	renew(round, &identity);
	g_free(round->host_id);
	round->host_id = g_strdup(identity->host_id);
	return identity;
}

static struct collection *collect_here(struct round *round, GError **error)
{
	const struct settings *settings = round->settings;
	g_autofree char *cache = g_build_filename(settings->state_dir, IMAGE_CACHE, NULL);
	struct collect_options options = {.image_cache_path = cache};
	PLIMSOLL_AUTO(host_endpoint) *endpoint = host_endpoint_choose(&settings->engine, error);
	PLIMSOLL_AUTO(host) *host = NULL;

	if (endpoint == NULL || !spool_next_sequence(round->spool, &options.sequence, error))
		return NULL;
	host = host_local_new(settings->root_dir, endpoint, error);
	return host == NULL ? NULL : collect(host, &options, error);
}

static void say_delivery(struct round *round, const struct ship_result *result)
{
	struct spool_state state = {0};

	if (result->delivered > 0)
		command_say(round->command, "event=delivered reports=%u with_facts=%u bytes=%zu",
			    result->delivered, result->with_facts, result->sent_bytes);
	if (result->refused > 0)
		command_say(round->command, "event=set_aside reports=%u reason=\"%s\"",
			    result->refused, result->refusal);
	if (spool_list(round->spool, &state, NULL) && state.dropped > 0)
		command_say(round->command, "event=dropped reports=%u", state.dropped);
	spool_state_done(&state);
}

static bool deliver(struct round *round, const struct identity *identity, GError **error)
{
	struct ship_result result;
	bool delivered =
		ship_deliver(round->spool, identity, round->settings->proxy, &result, error);

	if (result.next_in_s > 0)
		round->asked_period_s = result.next_in_s;
	round->retry_after_s = result.retry_after_s;
	say_delivery(round, &result);
	if (delivered && result.refused > 0 && result.delivered == 0) {
		g_set_error(error, SHIP_ERROR, SHIP_ERROR_LATER,
			    "the server refuses the report: %s", result.refusal);
		delivered = false;
	}
	ship_result_done(&result);
	return delivered;
}

/* Ends a round: says what went wrong, and keeps it for `status`. */
static int conclude(struct round *round, int result, const GError *error)
{
	const char *state_dir = round->settings->state_dir;
	g_autoptr(GError) cause = NULL;
	struct last_run run;

	if (error != NULL) {
		result = round_exit_of(error);
		command_say(round->command, "event=failed reason=\"%s\"", error->message);
	}
	last_run_read(state_dir, &run);
	run.attempted_at_s = time(NULL);
	if (error == NULL)
		run.delivered_at_s = run.attempted_at_s;
	g_free(run.error);
	run.error = error == NULL ? NULL : g_strdup(error->message);
	if (!last_run_write(state_dir, &run, &cause))
		command_say(round->command, "event=not_kept reason=\"%s\"", cause->message);
	last_run_done(&run);
	return result;
}

int round_run(struct round *round)
{
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(identity) *identity = identify(round, &error);
	PLIMSOLL_AUTO(collection) *collection =
		identity == NULL ? NULL : collect_here(round, &error);
	bool has_engine = collection != NULL && collection->facts->engine != NULL;

	if (collection != NULL && ship_spool(round->spool, collection, identity, &error))
		deliver(round, identity, &error);
	if (collection != NULL && !has_engine)
		command_say(round->command, "event=no_engine");
	return conclude(round, has_engine ? AGENT_DONE : AGENT_INCOMPLETE, error);
}

int round_deliver(struct round *round)
{
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(identity) *identity = identify(round, &error);

	if (identity != NULL)
		deliver(round, identity, &error);
	return conclude(round, AGENT_DONE, error);
}
