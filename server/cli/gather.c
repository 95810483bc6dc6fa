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

static const char *endpoint(const struct gather *gather)
{
	const char *from_environment = g_getenv("DOCKER_HOST");

	if (gather->docker_host != NULL)
		return gather->docker_host;
	return from_environment != NULL && *from_environment != '\0' ? from_environment : NULL;
}

static struct collection *collect_here(const struct gather *gather, int *ret_exit)
{
	const struct collect_options options = {
		.progress = terminal_progress,
		.engine_answered = gather->engine_answered,
		.engine_answered_data = gather->engine_answered_data,
	};
	g_autoptr(GError) error = NULL;
	struct collection *collection = NULL;
	PLIMSOLL_AUTO(host) *host = host_local_new(gather->root_dir, endpoint(gather), &error);

	if (host == NULL)
		return stop(gather, CLI_USAGE, error, ret_exit);
	collection = collect(host, &options, &error);
	return collection != NULL ? collection : stop(gather, CLI_IO, error, ret_exit);
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
