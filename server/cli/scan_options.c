/* SPDX-License-Identifier: Apache-2.0 */
/* See scan_options.h. Whatever cannot be obeyed is refused before any machine is touched. */
#include "server/cli/scan_options.h"

#include <string.h>

#include "proto/limits.h"
#include "server/cli/cli.h"

enum { DEFAULT_JOBS = 32 };

static const char help[] =
	"usage: plimsoll scan [OPTION]... [TARGET]...\n"
	"\n"
	"Audits Docker hosts over SSH. Nothing is installed or left on them.\n"
	"TARGET is [ssh://][USER@]HOST[:PORT][/PATH/OF/docker.sock], or an alias of\n"
	"ssh_config; without any, DOCKER_HOST=ssh://... or docker's context is meant.\n"
	"\n"
	"  --inventory FILE     targets one a line, or Ansible's INI, YAML, --list; - = stdin\n"
	"  --group, --limit PATTERNS: of its machines those in groups; as Ansible's --limit\n"
	"  --context NAME       a docker context with an ssh:// endpoint\n"
	"  --jobs N             machines at a time (32)\n"
	"  --user U, -i FILE    who signs in, with which key; else as ssh_config says\n"
	"  --sudo               use sudo -n over there, for who is not root\n"
	"  --transport T        auto, libssh2, openssh\n"
	"  --host-key-policy P  strict, or accept-new: unknown keys are remembered\n"
	"  --known-hosts FILE, -F FILE: instead of ssh's own files\n"
	"  --connect-timeout S, --timeout S: to sign in (20), for one machine (180)\n"
	"  --save-facts DIR     keep what was collected, one file a machine\n"
	"  --store, --data DIR  and take it into the server's store\n"
	"  --resume FILE        remember what is done; the same command goes on from there\n"
	"  -o FORMAT[=FILE]     table, json, ndjson; one target: as audit. Behind '=' a\n"
	"                       folder, DIR/: one file a machine, as html=pages/\n"
	"  --benchmark, --parameter, --config, --only, --skip, --include, --exclude, --label,\n"
	"  --severity, --fail-on, --max-fail, --allow-unknown, --require-complete, -v, -q, -a,\n"
	"  --color: as for 'plimsoll audit', for each machine\n"
	"\n"
	"exit: 0 done, 1 gate failed, 2 usage, 3 incomplete or no Docker, 4 a machine out of\n"
	"      reach or I/O, 130 interrupted; of several 2, 4, 1, 3 in that order\n"
	"\n"
	"examples:\n"
	"  plimsoll scan root@web1\n"
	"  plimsoll scan --inventory hosts.ini --group 'web*' --sudo -o html=pages/\n"
	"  plimsoll scan --inventory hosts.yaml --fail-on high --resume sweep.journal\n";

/* What GOption fills before it is understood. */
struct raw {
	char *transport, *policy, *jobs, *connect, *total;
	gboolean sudo, is_stored;
};

static void raw_done(struct raw *raw)
{
	g_free(raw->transport);
	g_free(raw->policy);
	g_free(raw->jobs);
	g_free(raw->connect);
	g_free(raw->total);
}

static bool read_word(const char *option, const char *text, const char *const *words, guint *ret,
		      int *ret_exit)
{
	g_autofree char *list = NULL;

	for (guint i = 0; text != NULL && words[i] != NULL; i++) {
		if (strcmp(words[i], text) == 0) {
			*ret = i;
			return true;
		}
	}
	if (text == NULL)
		return true;
	list = g_strjoinv(", ", (char **)(guintptr)words);
	*ret_exit = cli_usage("scan", "%s wants one of %s, not '%s'", option, list, text);
	return false;
}

static bool read_number(const char *option, const char *text, guint64 most, guint64 *ret,
			int *ret_exit)
{
	if (text == NULL || g_ascii_string_to_unsigned(text, 10, 1, most, ret, NULL))
		return true;
	*ret_exit = cli_usage("scan", "%s wants a number from 1 to %" G_GUINT64_FORMAT ", not '%s'",
			      option, most, text);
	return false;
}

static bool read_ways(const struct raw *raw, struct scan_options *options, int *ret_exit)
{
	static const char *const transports[] = {[SSH_TRANSPORT_AUTO] = "auto",
						 [SSH_TRANSPORT_LIBSSH2] = "libssh2",
						 [SSH_TRANSPORT_OPENSSH] = "openssh",
						 NULL};
	static const char *const policies[] = {
		[SSH_HOST_KEY_STRICT] = "strict", [SSH_HOST_KEY_ACCEPT_NEW] = "accept-new", NULL};
	guint transport = SSH_TRANSPORT_AUTO;
	guint policy = SSH_HOST_KEY_STRICT;

	if (!read_word("--transport", raw->transport, transports, &transport, ret_exit) ||
	    !read_word("--host-key-policy", raw->policy, policies, &policy, ret_exit))
		return false;
	options->ssh.transport = (enum ssh_transport)transport;
	options->ssh.host_key_policy = (enum ssh_host_key_policy)policy;
	return true;
}

static bool read_numbers(const struct raw *raw, struct scan_options *options, int *ret_exit)
{
	enum { DAY_S = 24 * 60 * 60 };
	guint64 jobs = DEFAULT_JOBS;
	guint64 connect_s = LIMIT_SSH_CONNECT_MS / 1000;
	guint64 total_s = LIMIT_SSH_TOTAL_MS / 1000;

	if (!read_number("--jobs", raw->jobs, LIMIT_SWEEP_JOBS, &jobs, ret_exit) ||
	    !read_number("--connect-timeout", raw->connect, DAY_S, &connect_s, ret_exit) ||
	    !read_number("--timeout", raw->total, DAY_S, &total_s, ret_exit))
		return false;
	options->jobs = (guint)jobs;
	options->ssh.connect_ms = (gint64)connect_s * 1000;
	options->ssh.total_ms = (gint64)total_s * 1000;
	return true;
}

static bool check_user(const struct scan_options *options, int *ret_exit)
{
	g_autofree char *word = g_strconcat(options->user, "@host", NULL);
	PLIMSOLL_AUTO(ssh_target) *target = NULL;

	if (options->user == NULL)
		return true;
	target = ssh_target_parse(word, NULL);
	if (target != NULL && strcmp(target->user, options->user) == 0)
		return true;
	*ret_exit = cli_usage("scan", "--user wants the name of a user");
	return false;
}

/* One machine that somebody named is audited as `audit` does; what may be many is a table. */
static bool is_sweep(const struct scan_options *options)
{
	const guint named = g_strv_length(options->words) +
			    (options->contexts != NULL ? g_strv_length(options->contexts) : 0);

	return named > 1 || options->inventories != NULL || options->resume_path != NULL;
}

static bool check_outputs(const struct scan_options *options, int *ret_exit)
{
	static const char *const of_many[] = {"table", "json", "ndjson", NULL};

	for (guint i = 0; i < options->audit.n_outputs; i++) {
		const struct audit_output *output = &options->audit.outputs[i];

		if (output->path != NULL || g_strv_contains(of_many, output->format->name))
			continue;
		*ret_exit =
			cli_usage("scan",
				  "-o %s shows one machine: give it a folder, -o %s=DIR/, for a "
				  "file each",
				  output->format->name, output->format->name);
		return false;
	}
	return true;
}

static bool check_sweep(const struct scan_options *options, int *ret_exit)
{
	const char *problem = NULL;

	if (options->audit.baseline_path != NULL)
		problem = "--baseline compares one machine";
	else if (options->groups != NULL && options->inventories == NULL)
		problem = "--group wants an --inventory";
	if (problem == NULL)
		return check_outputs(options, ret_exit);
	*ret_exit = cli_usage("scan", "%s", problem);
	return false;
}

static bool understand(const struct raw *raw, struct scan_options *options, int *ret_exit)
{
	options->ssh.sudo = raw->sudo;
	options->ssh.ask_passphrase = true;
	options->ssh.config_file = options->ssh_config;
	options->ssh.known_hosts_file = options->known_hosts;
	options->ssh.user = options->user;
	options->ssh.keys = (const char *const *)options->keys;
	options->is_stored = raw->is_stored;
	options->is_sweep = is_sweep(options);
	return read_ways(raw, options, ret_exit) && read_numbers(raw, options, ret_exit) &&
	       check_user(options, ret_exit) &&
	       (!options->is_sweep || check_sweep(options, ret_exit));
}

static bool parse(int argc, char **argv, struct scan_options *options, struct raw *raw,
		  int *ret_exit)
{
	const GOptionEntry entries[] = {
		{"inventory", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->inventories, NULL, NULL},
		{"group", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->groups, NULL, NULL},
		{"limit", 0, 0, G_OPTION_ARG_STRING, &options->limit, NULL, NULL},
		{"context", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->contexts, NULL, NULL},
		{"jobs", 0, 0, G_OPTION_ARG_STRING, &raw->jobs, NULL, NULL},
		{"transport", 0, 0, G_OPTION_ARG_STRING, &raw->transport, NULL, NULL},
		{"host-key-policy", 0, 0, G_OPTION_ARG_STRING, &raw->policy, NULL, NULL},
		{"known-hosts", 0, 0, G_OPTION_ARG_FILENAME, &options->known_hosts, NULL, NULL},
		{"ssh-config", 'F', 0, G_OPTION_ARG_FILENAME, &options->ssh_config, NULL, NULL},
		{"identity", 'i', 0, G_OPTION_ARG_FILENAME_ARRAY, &options->keys, NULL, NULL},
		{"user", 0, 0, G_OPTION_ARG_STRING, &options->user, NULL, NULL},
		{"sudo", 0, 0, G_OPTION_ARG_NONE, &raw->sudo, NULL, NULL},
		{"connect-timeout", 0, 0, G_OPTION_ARG_STRING, &raw->connect, NULL, NULL},
		{"timeout", 0, 0, G_OPTION_ARG_STRING, &raw->total, NULL, NULL},
		{"resume", 0, 0, G_OPTION_ARG_FILENAME, &options->resume_path, NULL, NULL},
		{"save-facts", 0, 0, G_OPTION_ARG_FILENAME, &options->save_facts_dir, NULL, NULL},
		{"store", 0, 0, G_OPTION_ARG_NONE, &raw->is_stored, NULL, NULL},
		{"data", 0, 0, G_OPTION_ARG_FILENAME, &options->site.data, NULL, NULL},
		G_OPTION_ENTRY_NULL,
	};
	const struct cli_options spec = {
		.command = "scan", .help = help, .entries = entries, .takes_arguments = true};

	return audit_options_read_for(&spec, argc, argv, &options->audit, &options->words,
				      ret_exit);
}

bool scan_options_read(int argc, char **argv, struct scan_options *ret_options, int *ret_exit)
{
	struct raw raw = {0};
	bool understood;

	*ret_options = (struct scan_options){0};
	understood = parse(argc, argv, ret_options, &raw, ret_exit) &&
		     understand(&raw, ret_options, ret_exit);
	raw_done(&raw);
	return understood;
}

void scan_options_done(struct scan_options *options)
{
	audit_options_done(&options->audit);
	g_strfreev(options->words);
	g_strfreev(options->inventories);
	g_strfreev(options->contexts);
	g_strfreev(options->groups);
	g_free(options->limit);
	g_free(options->ssh_config);
	g_free(options->known_hosts);
	g_free(options->user);
	g_strfreev(options->keys);
	g_free(options->resume_path);
	g_free(options->save_facts_dir);
	site_options_done(&options->site);
	*options = (struct scan_options){0};
}
