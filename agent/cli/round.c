/* SPDX-License-Identifier: Apache-2.0 */
/* See round.h. Steps 1 to 3 of the flow in order; each step's failure is said once, here. */
#include "agent/cli/round.h"

#include <string.h>
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

/* ---------------------------------------------------------------- the engines of this host */

/* One pass over the engines, each of which gets a report of its own. */
struct pass {
	struct round *round;
	const struct identity *identity;
	GHashTable *engines; /* keys of those that have their report */
	bool has_engine;     /* one of them answered */
};

/* Each engine's images have a cache of their own, which a pass over the others leaves alone. */
static char *cache_of(const struct settings *settings, const char *url)
{
	g_autofree char *id = g_compute_checksum_for_string(G_CHECKSUM_SHA256, url, -1);
	g_autofree char *name = g_strdup_printf(IMAGE_CACHE ".%.16s", id);

	return g_build_filename(settings->state_dir,
				strcmp(url, HOST_ENDPOINT_DEFAULT) == 0 ? IMAGE_CACHE : name, NULL);
}

static struct collection *collect_from(struct pass *pass, const struct host_endpoint *endpoint,
				       GError **error)
{
	const struct settings *settings = pass->round->settings;
	g_autofree char *cache = cache_of(settings, endpoint->url);
	struct collect_options options = {.image_cache_path = cache};
	PLIMSOLL_AUTO(host) *host = NULL;

	if (!spool_next_sequence(pass->round->spool, &options.sequence, error))
		return NULL;
	host = host_local_new(settings->root_dir, endpoint, error);
	return host == NULL ? NULL : collect(host, &options, error);
}

/* The server knows an engine of a host by its key: of two with one key the first is reported. */
static bool spool_once(struct pass *pass, const struct collection *collection, GError **error)
{
	const char *key = collection->envelope->engine_key;

	if (!g_hash_table_add(pass->engines, g_strdup(key))) {
		command_say(
			pass->round->command,
			"event=engine_skipped endpoint=%s reason=\"another one here is %s too\"",
			collection->facts->snapshot->endpoint, key);
		return true;
	}
	pass->has_engine |= collection->facts->engine != NULL;
	return ship_spool(pass->round->spool, collection, pass->identity, error);
}

/* A socket that was merely found may be one that nobody listens on any more. */
static bool report_found(struct pass *pass, const char *url, GError **error)
{
	PLIMSOLL_AUTO(host_endpoint) *endpoint = host_endpoint_new(url, error);
	PLIMSOLL_AUTO(collection) *collection =
		endpoint == NULL ? NULL : collect_from(pass, endpoint, error);

	if (collection == NULL)
		return false;
	return collection->facts->engine == NULL || spool_once(pass, collection, error);
}

/* The engine at the usual socket, and every other one that this host shows. */
static bool report_all(struct pass *pass, GError **error)
{
	PLIMSOLL_AUTO(host_endpoint) *endpoint = host_endpoint_new(HOST_ENDPOINT_DEFAULT, error);
	PLIMSOLL_AUTO(collection) *first =
		endpoint == NULL ? NULL : collect_from(pass, endpoint, error);
	const Plimsoll__Observed *observed = first == NULL ? NULL : first->observed;

	if (first == NULL || (collect_only_other(first) == NULL && !spool_once(pass, first, error)))
		return false;
	for (size_t i = 0; i < observed->n_engine_endpoint; i++)
		if (!observed->engine_endpoint[i]->asked &&
		    !report_found(pass, observed->engine_endpoint[i]->url, error))
			return false;
	return true;
}

static bool report_chosen(struct pass *pass, const char *url, GError **error)
{
	struct host_endpoint_flags flags = pass->round->settings->engine;
	PLIMSOLL_AUTO(host_endpoint) *endpoint = NULL;
	PLIMSOLL_AUTO(collection) *collection = NULL;

	flags.docker_host = (char *)(uintptr_t)url; /* borrowed */
	endpoint = host_endpoint_choose(&flags, error);
	if (endpoint != NULL)
		collection = collect_from(pass, endpoint, error);
	return collection != NULL && spool_once(pass, collection, error);
}

static bool report_engines(struct pass *pass, GError **error)
{
	const char *chosen = pass->round->settings->engine.docker_host;
	g_auto(GStrv) urls = g_strsplit_set(chosen == NULL ? "" : chosen, " \t", -1);
	guint n = 0;

	for (guint i = 0; urls[i] != NULL; i++) {
		if (urls[i][0] == '\0')
			continue;
		n++;
		if (!report_chosen(pass, urls[i], error))
			return false;
	}
	return n > 0 || report_all(pass, error);
}

/* ---------------------------------------------------------------- delivery */

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
	g_autoptr(GHashTable) engines =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	struct pass pass = {.round = round, .identity = identity, .engines = engines};

	if (identity != NULL && report_engines(&pass, &error))
		deliver(round, identity, &error);
	if (g_hash_table_size(engines) > 0 && !pass.has_engine)
		command_say(round->command, "event=no_engine");
	return conclude(round, pass.has_engine ? AGENT_DONE : AGENT_INCOMPLETE, error);
}

int round_deliver(struct round *round)
{
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(identity) *identity = identify(round, &error);

	if (identity != NULL)
		deliver(round, identity, &error);
	return conclude(round, AGENT_DONE, error);
}
