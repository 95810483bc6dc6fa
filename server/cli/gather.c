/* SPDX-License-Identifier: Apache-2.0 */
/* Step 1 of commands that judge one host: its facts. */
#include "server/cli/gather.h"

#include "agent/collect.h"
#include "server/cli/cli.h"
#include "server/cli/files.h"
#include "server/cli/terminal.h"

static struct collection *stop(const struct gather *gather, int code, const GError *error,
			       int *ret_exit)
{
	terminal_end();
	cli_say(gather->command, "%s", error->message);
	*ret_exit = code;
	return NULL;
}

static struct collection *read_facts(const struct gather *gather, int *ret_exit)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	struct collection *collection = NULL;
	size_t size = 0;

	text = files_read(gather->facts_path, FILES_FACTS_BYTES, &size, &error);
	if (text == NULL)
		return stop(gather, CLI_IO, error, ret_exit);
	collection = facts_json_read(text, size, &error);
	if (collection != NULL)
		return collection;
	g_prefix_error(&error, "'%s' holds no saved facts: ", gather->facts_path);
	return stop(gather, CLI_IO, error, ret_exit);
}

static struct collection *collect_from(const struct gather *gather,
				       const struct host_endpoint *endpoint, const char *caution,
				       GError **error)
{
	const struct collect_options options = {
		.progress = terminal_progress,
		.engine_answered = gather->engine_answered,
		.engine_answered_data = gather->engine_answered_data,
	};
	PLIMSOLL_AUTO(host) *host = host_local_new(gather->root_dir, endpoint, error);

	if (host == NULL)
		return NULL;
	if (caution != NULL)
		host->caution = caution;
	return collect(host, &options, error);
}

/* Nobody chose an engine and the usual one is not there: the only other one is what is meant. */
static struct collection *collect_other(const struct gather *gather, struct collection *first,
					GError **error)
{
	const char *url = collect_only_other(first);
	PLIMSOLL_AUTO(host_endpoint) *endpoint = NULL;
	g_autofree char *caution = NULL;

	if (url == NULL)
		return first;
	caution = g_strdup_printf("No engine can be asked at " HOST_ENDPOINT_DEFAULT
				  ": this report is about the only other one here, %s.",
				  url);
	endpoint = host_endpoint_new(url, error);
	collection_free(first);
	return endpoint == NULL ? NULL : collect_from(gather, endpoint, caution, error);
}

static struct collection *collect_here(const struct gather *gather, int *ret_exit)
{
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(host_endpoint) *endpoint = host_endpoint_choose(gather->engine, &error);
	struct collection *collection = NULL;

	if (endpoint == NULL)
		return stop(gather, CLI_USAGE, error, ret_exit);
	collection = collect_from(gather, endpoint, NULL, &error);
	if (collection != NULL && endpoint->chosen_by == NULL)
		collection = collect_other(gather, collection, &error);
	if (collection != NULL)
		return collection;
	return stop(gather, error->domain == HOST_ERROR ? CLI_USAGE : CLI_IO, error, ret_exit);
}

struct collection *gather_facts(const struct gather *gather, int *ret_exit)
{
	struct collection *collection = NULL;

	terminal_begin();
	collection = gather->facts_path != NULL ? read_facts(gather, ret_exit)
						: collect_here(gather, ret_exit);
	terminal_end();
	return collection;
}
