/* SPDX-License-Identifier: Apache-2.0 */
/* plimsoll-agent collect: steps 1 and 2 of the flow on this host, the result as a file. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/cli/command.h"
#include "agent/cli/commands.h"
#include "agent/cli/preview.h"
#include "agent/collect.h"
#include "agent/host/host_recorder.h"

static const char help[] =
	"usage: plimsoll-agent collect [OPTION]...\n"
	"\n"
	"Collects what an audit of this Docker host needs. Nothing is changed on the host, and no\n"
	"environment value, key or token is taken along (WHAT-IS-SENT.md lists every field).\n"
	"\n"
	"  --docker-host URL  engine to ask: unix:///PATH or tcp://HOST:PORT; else\n"
	"                     DOCKER_HOST, docker's context, this host's engine\n"
	"  --tlsverify        TLS towards tcp://; --tlscacert, --tlscert, --tlskey FILE\n"
	"                     name its files, else DOCKER_CERT_PATH, else ~/.docker\n"
	"  --root DIR         the host's file system, mounted at DIR, as /host in a container\n"
	"                     (PLIMSOLL_ROOT)\n"
	"  -o, --output FILE  write to FILE, readable by its owner only; \"-\" is standard output\n"
	"  --json             as JSON; otherwise packed, as it is sent\n"
	"  --preview          say in words what would be sent\n"
	"\n"
	"  plimsoll-agent collect --preview\n"
	"  plimsoll-agent collect --json -o facts.json\n"
	"\n"
	"Exit code: 0 done, 2 usage, 3 the engine could not be asked, 4 input or output failed.\n";

struct options {
	struct host_endpoint_flags engine;
	char *root, *output, *record;
	gboolean as_json, preview;
};

static void options_done(struct options *options)
{
	host_endpoint_flags_done(&options->engine);
	g_free(options->root);
	g_free(options->output);
	g_free(options->record);
}

static GBytes *pack(const struct collection *collection)
{
	g_autoptr(GBytes) facts = wire_pack(&collection->facts->base);
	g_autoptr(GBytes) observed = wire_pack(&collection->observed->base);
	Plimsoll__Report report = PLIMSOLL__REPORT__INIT;
	gsize size = 0;

	report.envelope = collection->envelope;
	report.has_facts = report.has_observed = true;
	report.facts.data = (uint8_t *)(uintptr_t)g_bytes_get_data(facts, &size);
	report.facts.len = size;
	report.observed.data = (uint8_t *)(uintptr_t)g_bytes_get_data(observed, &size);
	report.observed.len = size;
	return wire_pack(&report.base);
}

static GBytes *render(const struct options *options, const struct collection *collection)
{
	char *text = NULL;

	if (options->preview)
		text = preview_write(collection);
	else if (options->as_json)
		text = facts_json_write(collection);
	else
		return pack(collection);
	return g_bytes_new_take(text, strlen(text));
}

static bool write_all(int fd, const void *data, gsize size)
{
	const char *rest = data;

	while (size > 0) {
		ssize_t written = write(fd, rest, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return false;
		rest += written;
		size -= (gsize)written;
	}
	return true;
}

/* A file that somebody else has put there stays theirs to read: it is refused. */
static bool is_safe_to_fill(int fd)
{
	struct stat info;

	if (fstat(fd, &info) < 0)
		return false;
	if (!S_ISREG(info.st_mode))
		return true;
	if (info.st_uid != geteuid()) {
		errno = EPERM;
		return false;
	}
	return fchmod(fd, 0600) == 0 && ftruncate(fd, 0) == 0;
}

static bool write_file(const char *path, const void *data, gsize size)
{
	PLIMSOLL_AUTO_FD fd =
		open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0600);

	if (fd >= 0 && is_safe_to_fill(fd) && write_all(fd, data, size))
		return true;
	command_say("collect", "cannot write \"%s\": %s", path, g_strerror(errno));
	return false;
}

static bool is_to_stdout(const struct options *options)
{
	return options->output == NULL || strcmp(options->output, "-") == 0;
}

static bool write_result(const struct options *options, const struct collection *collection)
{
	g_autoptr(GBytes) result = render(options, collection);
	gsize size = 0;
	const void *data = g_bytes_get_data(result, &size);

	if (is_to_stdout(options))
		return command_write_stdout("collect", data, size);
	return write_file(options->output, data, size);
}

static int fail(const GError *error)
{
	if (g_error_matches(error, HOST_ERROR, HOST_ERROR_ENDPOINT))
		return command_usage("collect", "%s", error->message);
	command_say("collect", "%s", error->message);
	return AGENT_IO;
}

static int collect_and_write(const struct options *options)
{
	struct collect_options how = {0};
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(host_endpoint) *endpoint = host_endpoint_choose(&options->engine, &error);
	PLIMSOLL_AUTO(host) *host = NULL;
	PLIMSOLL_AUTO(collection) *collection = NULL;

	if (endpoint != NULL)
		host = host_local_new(options->root, endpoint, &error);
	if (host == NULL)
		return fail(error);
	if (options->record != NULL)
		host = host_recorder_new(host, options->record);
	collection = collect(host, &how, &error);
	if (collection == NULL || (options->record != NULL && !host_recorder_save(host, &error)))
		return fail(error);
	if (!write_result(options, collection))
		return AGENT_IO;
	if (collection->facts->engine != NULL)
		return AGENT_DONE;
	command_say("collect", "the engine at %s did not answer; its facts are missing",
		    host->endpoint);
	return AGENT_INCOMPLETE;
}

int cmd_collect(int argc, char **argv)
{
	__attribute__((cleanup(options_done))) struct options options = {0};
	const GOptionEntry entries[] = {
		HOST_ENDPOINT_OPTIONS(&options.engine),
		{"root", 0, 0, G_OPTION_ARG_FILENAME, &options.root, NULL, NULL},
		{"output", 'o', 0, G_OPTION_ARG_FILENAME, &options.output, NULL, NULL},
		{"json", 0, 0, G_OPTION_ARG_NONE, &options.as_json, NULL, NULL},
		{"preview", 0, 0, G_OPTION_ARG_NONE, &options.preview, NULL, NULL},
		/* for developers: keeps the host's answers as a recording for tests */
		{"record", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_FILENAME, &options.record, NULL,
		 NULL},
		G_OPTION_ENTRY_NULL,
	};
	const struct command_options parse = {"collect", help, entries};
	int over = AGENT_DONE;

	if (!command_parse(&parse, argc, argv, &over))
		return over;
	if (options.as_json && options.preview)
		return command_usage("collect", "--json and --preview exclude each other");
	if (!options.as_json && !options.preview && is_to_stdout(&options) && isatty(STDOUT_FILENO))
		return command_usage("collect",
				     "a packed report is not for a terminal; use --json, "
				     "--preview or -o FILE");
	return collect_and_write(&options);
}
