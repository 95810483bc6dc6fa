/* SPDX-License-Identifier: Apache-2.0 */
/* See audit_options.h. Whatever cannot be obeyed is refused before the host is touched. */
#include "server/cli/audit_options.h"

#include <string.h>

#include "server/cli/cli.h"

static const char help[] =
	"usage: plimsoll audit [OPTION]...\n"
	"\n"
	"Audits the Docker host that this runs on and says what is below the line.\n"
	"\n"
	"  --docker-host URL    engine to ask: unix:///PATH or tcp://HOST:PORT; else\n"
	"                       DOCKER_HOST, docker's context, this host's engine\n"
	"  --tlsverify          TLS towards tcp://; --tlscacert, --tlscert, --tlskey FILE\n"
	"                       name its files, else DOCKER_CERT_PATH, else ~/.docker\n"
	"  --root DIR           the host's tree, as /host in a container (PLIMSOLL_ROOT)\n"
	"  --facts FILE         judge facts saved before instead of this host; - = stdin\n"
	"  --save-facts FILE    keep what was collected, readable by you only\n"
	"  --benchmark NAMES    default: cis-docker-1.6.0; also community, enterprise\n"
	"  --parameter N=VALUE  a site's decision ('plimsoll explain parameters')\n"
	"  --config FILE        where they stand (default: /etc/plimsoll/plimsoll.conf)\n"
	"  --only, --skip LIST  checks: names, ids, 5.*, section:5, level:1, group:IG1\n"
	"  --include, --exclude GLOBS, --label NAMES: of which containers and images\n"
	"  --severity S         only checks at or above low, medium, high or critical\n"
	"  --fail-on S          exit 1 on a failure at S or above; new, new:S: new ones\n"
	"  --baseline FILE      an earlier -o json report: what is new, gone, still there\n"
	"  --max-fail N         let N of them fail\n"
	"  --allow-unknown, --require-complete: unknown lets the gate hold; is exit 3\n"
	"  -o FORMAT[=FILE]     table (default), lines, json, html, docker-bench,\n"
	"                       docker-bench-json; may be repeated\n"
	"  -v, -q, -a           show passing checks; one line a check; every item\n"
	"  --color WHEN         auto, always, never\n"
	"\n"
	"exit: 0 done, 1 gate failed, 2 usage, 3 incomplete, 4 I/O, 130 interrupted\n"
	"\n"
	"examples:\n"
	"  sudo plimsoll audit\n"
	"  sudo plimsoll audit --fail-on high -o table -o html=report.html\n"
	"  plimsoll audit --facts host.json --only containers,2.* -o json\n";

/* What GOption fills before it is understood. */
struct raw {
	char *benchmark;
	char **only;
	char **skip;
	char **include;
	char **exclude;
	char **labels;
	char *severity;
	char *fail_on;
	char *max_fail;
	char **outputs;
	char *color;
	gboolean allow_unknown, require_complete, all, verbose, quiet;
	char *later; /* an option of a later release */
};

static void raw_done(struct raw *raw)
{
	g_free(raw->benchmark);
	g_strfreev(raw->only);
	g_strfreev(raw->skip);
	g_strfreev(raw->include);
	g_strfreev(raw->exclude);
	g_strfreev(raw->labels);
	g_free(raw->severity);
	g_free(raw->fail_on);
	g_free(raw->max_fail);
	g_strfreev(raw->outputs);
	g_free(raw->color);
	g_free(raw->later);
}

/* --- single values --- */

static bool read_severity(const char *command, const char *option, const char *text,
			  enum severity *ret, int *ret_exit)
{
	if (text == NULL || severity_parse(text, ret))
		return true;
	*ret_exit = cli_usage(command, "%s wants low, medium, high or critical, not '%s'", option,
			      text);
	return false;
}

static bool read_fail_on(const struct raw *raw, struct audit_options *options, int *ret_exit)
{
	const char *severity = raw->fail_on;

	options->gate.is_set = raw->fail_on != NULL || raw->max_fail != NULL;
	if (severity != NULL && strncmp(severity, "new", strlen("new")) == 0 &&
	    (severity[3] == '\0' || severity[3] == ':')) {
		options->gate.only_new = true;
		severity = severity[3] == ':' ? severity + strlen("new:") : NULL;
	}
	if (options->gate.only_new && options->baseline_path == NULL) {
		*ret_exit = cli_usage(options->command, "--fail-on new wants a --baseline");
		return false;
	}
	return read_severity(options->command, "--fail-on", severity, &options->gate.severity,
			     ret_exit);
}

static bool read_max_fail(const struct raw *raw, struct audit_options *options, int *ret_exit)
{
	guint64 n = 0;

	if (raw->max_fail == NULL)
		return true;
	if (!g_ascii_string_to_unsigned(raw->max_fail, 10, 0, G_MAXINT, &n, NULL)) {
		*ret_exit = cli_usage(options->command, "--max-fail wants a number, not '%s'",
				      raw->max_fail);
		return false;
	}
	options->gate.max_fail = (guint)n;
	return true;
}

static bool read_color(const struct raw *raw, struct audit_options *options, int *ret_exit)
{
	static const char *const words[] = {
		[COLOR_AUTO] = "auto", [COLOR_ALWAYS] = "always", [COLOR_NEVER] = "never"};

	if (raw->color == NULL)
		return true;
	for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
		if (strcmp(words[i], raw->color) == 0) {
			options->color = (enum color)i;
			return true;
		}
	}
	*ret_exit = cli_usage(options->command, "--color wants auto, always or never, not '%s'",
			      raw->color);
	return false;
}

/* --- lists --- */

/* The words of a list option that may be repeated; NULL when there is none. */
static char **split_words(char *const *lists)
{
	g_autoptr(GStrvBuilder) words = g_strv_builder_new();
	guint n = 0;

	for (guint i = 0; lists != NULL && lists[i] != NULL; i++) {
		g_auto(GStrv) parts = g_strsplit(lists[i], ",", -1);

		for (guint j = 0; parts[j] != NULL; j++) {
			if (*g_strstrip(parts[j]) == '\0')
				continue;
			g_strv_builder_add(words, parts[j]);
			n++;
		}
	}
	return n > 0 ? g_strv_builder_end(words) : NULL;
}

/* `what` it is a list of: "checks". */
static bool read_list(const char *command, const char *option, const char *what, char *const *lists,
		      char ***ret_words, int *ret_exit)
{
	*ret_words = split_words(lists);
	if (lists == NULL || *ret_words != NULL)
		return true;
	*ret_exit = cli_usage(command, "%s wants a list of %s", option, what);
	return false;
}

static bool read_benchmarks(const struct raw *raw, struct audit_options *options, int *ret_exit)
{
	char standard[] = CLI_DEFAULT_BENCHMARK;
	char *lists[] = {raw->benchmark != NULL ? raw->benchmark : standard, NULL};

	options->benchmarks = split_words(lists);
	if (options->benchmarks != NULL)
		return true;
	*ret_exit = cli_usage(options->command, "--benchmark wants a name");
	return false;
}

/* --- outputs --- */

static bool read_output(const char *command, const char *text, struct audit_output *ret_output,
			int *ret_exit)
{
	const char *equals = strchr(text, '=');
	g_autofree char *name =
		equals == NULL ? g_strdup(text) : g_strndup(text, (gsize)(equals - text));

	ret_output->format = format_find(name);
	if (ret_output->format == NULL) {
		*ret_exit = cli_usage(command, "unknown format '%s'; there are %s", name,
				      format_names());
		return false;
	}
	if (equals != NULL && equals[1] == '\0') {
		*ret_exit = cli_usage(command, "-o %s wants a file behind '='", text);
		return false;
	}
	ret_output->path =
		equals == NULL || strcmp(equals, "=-") == 0 ? NULL : g_strdup(equals + 1);
	return true;
}

static bool read_outputs(const struct raw *raw, struct audit_options *options, int *ret_exit)
{
	char *table[] = {(char[]){"table"}, NULL};
	char *const *texts = raw->outputs != NULL ? raw->outputs : table;
	guint to_stdout = 0;

	options->outputs = g_new0(struct audit_output, g_strv_length((char **)(guintptr)texts));
	for (guint i = 0; texts[i] != NULL; i++) {
		if (!read_output(options->command, texts[i], &options->outputs[i], ret_exit))
			return false;
		options->n_outputs = i + 1;
		to_stdout += options->outputs[i].path == NULL ? 1 : 0;
		if (options->outputs[i].format->one_benchmark && options->benchmarks[1] != NULL) {
			*ret_exit = cli_usage(options->command, "-o %s shows one benchmark only",
					      texts[i]);
			return false;
		}
	}
	if (to_stdout <= 1)
		return true;
	*ret_exit = cli_usage(options->command, "only one format can go to standard output; "
						"give the others a file: -o FORMAT=FILE");
	return false;
}

/* --- what does not go together --- */

static bool check_conflicts(const struct audit_options *options, const struct raw *raw,
			    int *ret_exit)
{
	const char *problem = NULL;

	if (raw->later != NULL)
		problem = "--waivers is not in this release";
	else if (options->facts_path != NULL &&
		 (options->engine.docker_host != NULL || options->root_dir != NULL))
		problem = "--facts judges what was saved; --docker-host and --root ask a host";
	else if (g_strcmp0(options->facts_path, "-") == 0 &&
		 g_strcmp0(options->baseline_path, "-") == 0)
		problem = "--facts and --baseline cannot both be standard input";
	else if (options->gate.allow_unknown && options->gate.require_complete)
		problem = "--allow-unknown and --require-complete contradict each other";
	if (problem == NULL)
		return true;
	*ret_exit = cli_usage(options->command, "%s", problem);
	return false;
}

static bool understand(const struct raw *raw, struct audit_options *options, int *ret_exit)
{
	options->gate.allow_unknown = raw->allow_unknown;
	options->gate.require_complete = raw->require_complete;
	options->show_all = raw->all;
	options->verbose = raw->verbose;
	options->quiet = raw->quiet;
	return check_conflicts(options, raw, ret_exit) &&
	       read_severity(options->command, "--severity", raw->severity, &options->min_severity,
			     ret_exit) &&
	       read_fail_on(raw, options, ret_exit) && read_max_fail(raw, options, ret_exit) &&
	       read_color(raw, options, ret_exit) && read_benchmarks(raw, options, ret_exit) &&
	       read_list(options->command, "--only", "checks", raw->only, &options->only,
			 ret_exit) &&
	       read_list(options->command, "--skip", "checks", raw->skip, &options->skip,
			 ret_exit) &&
	       read_list(options->command, "--include", "names", raw->include, &options->include,
			 ret_exit) &&
	       read_list(options->command, "--exclude", "names", raw->exclude, &options->exclude,
			 ret_exit) &&
	       read_list(options->command, "--label", "labels", raw->labels, &options->labels,
			 ret_exit) &&
	       read_outputs(raw, options, ret_exit);
}

/* Rows that end with a NULL row. */
static void add_rows(GArray *rows, const GOptionEntry *more)
{
	for (; more->long_name != NULL; more++)
		g_array_append_val(rows, *more);
}

static bool parse(const struct cli_options *spec, int argc, char **argv,
		  struct audit_options *options, struct raw *raw, char ***ret_words, int *ret_exit)
{
	const GOptionEntry entries[] = {
		{"benchmark", 0, 0, G_OPTION_ARG_STRING, &raw->benchmark, NULL, NULL},
		{"parameter", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->parameters, NULL, NULL},
		{"config", 0, 0, G_OPTION_ARG_FILENAME, &options->config_path, NULL, NULL},
		{"only", 0, 0, G_OPTION_ARG_STRING_ARRAY, &raw->only, NULL, NULL},
		{"skip", 0, 0, G_OPTION_ARG_STRING_ARRAY, &raw->skip, NULL, NULL},
		{"include", 0, 0, G_OPTION_ARG_STRING_ARRAY, &raw->include, NULL, NULL},
		{"exclude", 0, 0, G_OPTION_ARG_STRING_ARRAY, &raw->exclude, NULL, NULL},
		{"label", 0, 0, G_OPTION_ARG_STRING_ARRAY, &raw->labels, NULL, NULL},
		{"severity", 0, 0, G_OPTION_ARG_STRING, &raw->severity, NULL, NULL},
		{"fail-on", 0, 0, G_OPTION_ARG_STRING, &raw->fail_on, NULL, NULL},
		{"max-fail", 0, 0, G_OPTION_ARG_STRING, &raw->max_fail, NULL, NULL},
		{"allow-unknown", 0, 0, G_OPTION_ARG_NONE, &raw->allow_unknown, NULL, NULL},
		{"require-complete", 0, 0, G_OPTION_ARG_NONE, &raw->require_complete, NULL, NULL},
		{"output", 'o', 0, G_OPTION_ARG_FILENAME_ARRAY, &raw->outputs, NULL, NULL},
		{"verbose", 'v', 0, G_OPTION_ARG_NONE, &raw->verbose, NULL, NULL},
		{"quiet", 'q', 0, G_OPTION_ARG_NONE, &raw->quiet, NULL, NULL},
		{"all", 'a', 0, G_OPTION_ARG_NONE, &raw->all, NULL, NULL},
		{"color", 0, 0, G_OPTION_ARG_STRING, &raw->color, NULL, NULL},
		{"waivers", 0, 0, G_OPTION_ARG_FILENAME, &raw->later, NULL, NULL},
		{"baseline", 0, 0, G_OPTION_ARG_FILENAME, &options->baseline_path, NULL, NULL},
		G_OPTION_ENTRY_NULL,
	};
	g_autoptr(GArray) rows = g_array_new(TRUE, FALSE, sizeof(GOptionEntry));
	struct cli_options all = *spec;

	add_rows(rows, spec->entries);
	add_rows(rows, entries);
	all.entries = (const GOptionEntry *)(const void *)rows->data;
	return cli_parse(&all, argc, argv, ret_words, ret_exit);
}

bool audit_options_read_for(const struct cli_options *spec, int argc, char **argv,
			    struct audit_options *ret_options, char ***ret_words, int *ret_exit)
{
	struct raw raw = {0};
	bool understood;

	ret_options->command = spec->command;
	ret_options->gate.severity = SEVERITY_LOW;
	understood = parse(spec, argc, argv, ret_options, &raw, ret_words, ret_exit) &&
		     understand(&raw, ret_options, ret_exit);
	raw_done(&raw);
	return understood;
}

bool audit_options_read(int argc, char **argv, struct audit_options *ret_options, int *ret_exit)
{
	const GOptionEntry entries[] = {
		HOST_ENDPOINT_OPTIONS(&ret_options->engine),
		{"root", 0, 0, G_OPTION_ARG_FILENAME, &ret_options->root_dir, NULL, NULL},
		{"facts", 0, 0, G_OPTION_ARG_FILENAME, &ret_options->facts_path, NULL, NULL},
		{"save-facts", 0, 0, G_OPTION_ARG_FILENAME, &ret_options->save_facts_path, NULL,
		 NULL},
		G_OPTION_ENTRY_NULL,
	};
	const struct cli_options spec = {.command = "audit", .help = help, .entries = entries};

	*ret_options = (struct audit_options){0};
	return audit_options_read_for(&spec, argc, argv, ret_options, NULL, ret_exit);
}

void audit_options_done(struct audit_options *options)
{
	host_endpoint_flags_done(&options->engine);
	g_free(options->root_dir);
	g_free(options->facts_path);
	g_free(options->save_facts_path);
	g_free(options->baseline_path);
	g_strfreev(options->benchmarks);
	g_free(options->config_path);
	g_strfreev(options->parameters);
	g_strfreev(options->only);
	g_strfreev(options->skip);
	g_strfreev(options->include);
	g_strfreev(options->exclude);
	g_strfreev(options->labels);
	for (guint i = 0; i < options->n_outputs; i++)
		g_free(options->outputs[i].path);
	g_free(options->outputs);
	*options = (struct audit_options){0};
}
