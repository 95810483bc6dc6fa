/* SPDX-License-Identifier: Apache-2.0 */
/* `plimsoll hosts`: lists the fleet, shows one host, merges two, shuts one out, deletes it, imports
 * facts. */
#include <string.h>

#include "proto/json.h"
#include "server/cli/cli.h"
#include "server/cli/commands.h"
#include "server/cli/hosts_import.h"
#include "server/cli/hosts_label.h"
#include "server/cli/hosts_merge.h"
#include "server/cli/site.h"
#include "server/format/text.h"
#include "server/http/pages.h"
#include "server/store/access.h"
#include "server/store/fleet.h"

static const char help[] =
	"usage: plimsoll hosts list [--json] [OPTION]...\n"
	"       plimsoll hosts show HOST [OPTION]...\n"
	"       plimsoll hosts label HOST [KEY=VALUE | KEY-]... [OPTION]...\n"
	"       plimsoll hosts merge FROM INTO [OPTION]...\n"
	"       plimsoll hosts split HOST [OPTION]...\n"
	"       plimsoll hosts retire HOST [OPTION]...\n"
	"       plimsoll hosts forget HOST --yes [OPTION]...\n"
	"       plimsoll hosts import FILE... [OPTION]...\n"
	"\n"
	"HOST is an id of the list, or a name that only one host has.\n"
	"label files a host under KEY=VALUE, takes KEY away again, or prints its labels;\n"
	"groups of hosts are made of them: [parameters env=prod] in the configuration.\n"
	"merge makes one host of two that are one machine: an agent and scans over SSH, scans by\n"
	"an old and a new host key, a file. The agent's id stays, and its reports count; FROM's "
	"are\n"
	"kept beside. list names hosts that look like one machine; none is merged by itself, "
	"since\n"
	"a host may claim to be any other. split takes a merge back.\n"
	"retire shuts a host out for good and keeps its history; forget deletes that, too. Both\n"
	"take what was merged into the host along: split off first what is to stay.\n"
	"import shows hosts that no agent reports: each FILE holds facts saved by 'plimsoll audit\n"
	"--save-facts' or 'plimsoll-agent collect --json'. A file counts once, however often it\n"
	"is imported.\n"
	"\n"
	"  --json          as JSON (list, show)\n"
	"  --yes           really forget\n" SITE_OPTION_HELP "  -h, --help      this text\n"
	"\n"
	"examples:\n"
	"  plimsoll hosts list\n"
	"  plimsoll hosts show web1\n"
	"  plimsoll hosts label web1 env=prod site=hel\n"
	"  plimsoll hosts merge 3f0c6b1e-... web1\n"
	"  plimsoll hosts retire web1\n"
	"  plimsoll hosts import web1.json db1.json\n";

struct hosts {
	struct config *config;
	struct store *store;
	GPtrArray *list;  /* struct fleet_host */
	GPtrArray *parts; /* those that were merged into others */
	char **words;     /* behind the host */
	gboolean as_json;
	gboolean yes;
};

static double percent(guint part, guint whole)
{
	return whole > 0 ? 100.0 * part / whole : 0;
}

static const char *state_of(const struct hosts *hosts, const struct fleet_host *host)
{
	if (host->retired_at_s != 0)
		return "retired";
	if (host->merged_into != NULL)
		return "merged";
	return freshness_text(
		pages_freshness(hosts->config, host->source, host->last_report_s, site_now_s()));
}

static char *time_text(int64_t seconds)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(seconds);

	return seconds != 0 && time != NULL ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ")
					    : g_strdup("never");
}

static void append_line(GString *text, const struct hosts *hosts, const struct fleet_host *host)
{
	g_autofree char *name = text_clean(host->name != NULL ? host->name : "(no report yet)");
	g_autofree char *last = time_text(host->last_report_s);

	g_string_append_printf(text, "%-36s  %-8s  %-13s  ", host->id, state_of(hosts, host),
			       host_way_text(host->source, host->transport));
	if (host->has_score && host->denominator > 0)
		g_string_append_printf(text, "%5.1f %%  %5.1f %%",
				       percent(host->numerator, host->denominator),
				       percent(host->known, host->denominator));
	else
		g_string_append_printf(text, "%7s  %7s", "-", "-");
	g_string_append_printf(text, "  %8u  %6u  %7u  %-20s  %s\n", host->critical, host->failing,
			       host->unknown, last, name);
}

static struct json *host_json(const struct hosts *hosts, const struct fleet_host *host)
{
	struct json *object = json_object_new();
	bool has_percent = host->has_score && host->denominator > 0;

	json_set(object, "id", json_new_string(host->id));
	json_set(object, "name", json_new_string(host->name));
	json_set(object, "state", json_new_string(state_of(hosts, host)));
	json_set(object, "by", json_new_string(host_way_text(host->source, host->transport)));
	json_set(object, "merged_into", json_new_string(host->merged_into));
	json_set(object, "looks_like",
		 json_new_string(host->looks_like != NULL ? host->looks_like->id : NULL));
	json_set(object, "engines", json_new_integer(host->engines));
	json_set(object, "engine_version", json_new_string(host->engine_version));
	json_set(object, "last_report",
		 host->last_report_s != 0 ? json_new_integer(host->last_report_s)
					  : json_new_null());
	json_set(object, "percent",
		 has_percent ? json_new_real(percent(host->numerator, host->denominator))
			     : json_new_null());
	json_set(object, "coverage_percent",
		 has_percent ? json_new_real(percent(host->known, host->denominator))
			     : json_new_null());
	json_set(object, "numerator", json_new_integer(host->numerator));
	json_set(object, "denominator", json_new_integer(host->denominator));
	json_set(object, "critical", json_new_integer(host->critical));
	json_set(object, "fail", json_new_integer(host->failing));
	json_set(object, "unknown", json_new_integer(host->unknown));
	return object;
}

static int write_json(const struct json *value)
{
	g_autofree char *text = json_text(value, true);
	g_autofree char *line = g_strconcat(text, "\n", NULL);

	return cli_write_stdout("hosts", line, strlen(line)) ? CLI_DONE : CLI_IO;
}

static int list_hosts(struct hosts *hosts, const struct fleet_host *host)
{
	PLIMSOLL_AUTO(json) *array = json_array_new();
	g_autoptr(GString) text = g_string_new(NULL);

	(void)host;
	g_string_append_printf(text, "%-36s  %-8s  %-13s  %7s  %7s  %8s  %6s  %7s  %-20s  %s\n",
			       "ID", "STATE", "BY", "SCORE", "SEEN", "CRITICAL", "FAILED",
			       "UNKNOWN", "LAST REPORT", "NAME");
	for (guint i = 0; i < hosts->list->len; i++) {
		append_line(text, hosts, g_ptr_array_index(hosts->list, i));
		json_append(array, host_json(hosts, g_ptr_array_index(hosts->list, i)));
	}
	if (hosts->as_json)
		return write_json(array);
	hosts_append_lookalikes(text, hosts->list);
	return cli_write_stdout("hosts", text->str, text->len) ? CLI_DONE : CLI_IO;
}

static void append_engine(GString *text, const struct fleet_engine *engine)
{
	g_autofree char *taken = time_text(engine->taken_at_s);
	g_autofree char *received = time_text(engine->received_at_s);
	g_autofree char *agent = text_clean(engine->agent_version);

	g_string_append_printf(text,
			       "engine %s\n  report:    %" G_GINT64_FORMAT "\n"
			       "  taken:     %s\n  received:  %s\n  agent:     %s\n"
			       "  failing:   %u, of them critical %u\n",
			       engine->key, engine->sequence, taken, received, agent,
			       engine->failing, engine->critical);
}

static int show_host(struct hosts *hosts, const struct fleet_host *host)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) engines =
		fleet_engines(hosts->store, host->id, hosts->config->benchmark, &error);
	g_autoptr(GString) text = g_string_new(NULL);
	g_autofree char *name = text_clean(host->name != NULL ? host->name : "(no report yet)");
	g_autofree char *created = time_text(host->created_at_s);

	if (engines == NULL)
		return site_fail("hosts", error);
	if (hosts->as_json) {
		PLIMSOLL_AUTO(json) *object = host_json(hosts, host);

		return write_json(object);
	}
	g_string_append_printf(
		text,
		"id:        %s\nname:      %s\nstate:     %s\nby:        %s\nsince:     "
		"%s\n",
		host->id, name, state_of(hosts, host), host_way_text(host->source, host->transport),
		created);
	if (host->has_score && host->denominator > 0)
		g_string_append_printf(text, "score:     %.1f %% (%u of %u; %.1f %% seen)\n",
				       percent(host->numerator, host->denominator), host->numerator,
				       host->denominator, percent(host->known, host->denominator));
	for (guint i = 0; i < engines->len; i++)
		append_engine(text, g_ptr_array_index(engines, i));
	if (!hosts_append_identity(text, hosts->store, host->id, &error))
		return site_fail("hosts", error);
	return cli_write_stdout("hosts", text->str, text->len) ? CLI_DONE : CLI_IO;
}

struct shut_out {
	const char *host_id;
	char *actor;
	bool forget;
};

static bool shut_out(struct store *store, void *data, GError **error)
{
	const struct shut_out *order = data;

	return order->forget ? access_forget_host(store, order->host_id, order->actor, site_now_s(),
						  error)
			     : access_retire_host(store, order->host_id, order->actor, site_now_s(),
						  error);
}

static int remove_host(struct hosts *hosts, const struct fleet_host *host, bool forget)
{
	g_autoptr(GError) error = NULL;
	struct shut_out order = {host->id, site_actor(), forget};
	bool done = store_transact(hosts->store, shut_out, &order, &error);

	g_free(order.actor);
	if (!done)
		return site_fail("hosts", error);
	cli_say("hosts", "%s %s", forget ? "forgot" : "retired", host->id);
	return CLI_DONE;
}

static int retire_host(struct hosts *hosts, const struct fleet_host *host)
{
	return remove_host(hosts, host, false);
}

static int forget_host(struct hosts *hosts, const struct fleet_host *host)
{
	if (!hosts->yes)
		return cli_usage("hosts", "forgetting deletes the host's history; say --yes");
	return remove_host(hosts, host, true);
}

static int label_host(struct hosts *hosts, const struct fleet_host *host)
{
	return hosts_label(hosts->store, host->id, hosts->words);
}

static int split_host(struct hosts *hosts, const struct fleet_host *host)
{
	return hosts_split(hosts->store, host->id);
}

static const struct fleet_host *find_id(const GPtrArray *list, const char *id)
{
	for (guint i = 0; i < list->len; i++) {
		const struct fleet_host *host = g_ptr_array_index(list, i);

		if (strcmp(host->id, id) == 0)
			return host;
	}
	return NULL;
}

/* By id, or by a name that is unambiguous; what was merged into another goes by its id alone. */
static const struct fleet_host *find_host(const struct hosts *hosts, const char *word)
{
	const struct fleet_host *found = find_id(hosts->list, word);

	if (found == NULL)
		found = find_id(hosts->parts, word);
	if (found != NULL)
		return found;
	for (guint i = 0; i < hosts->list->len; i++) {
		const struct fleet_host *host = g_ptr_array_index(hosts->list, i);

		if (g_strcmp0(host->name, word) != 0)
			continue;
		if (found != NULL) {
			cli_say("hosts", "several hosts have the name '%s'; give an id", word);
			return NULL;
		}
		found = host;
	}
	if (found == NULL)
		cli_say("hosts", "there is no host '%s'; 'plimsoll hosts list' names them", word);
	return found;
}

static int merge_host(struct hosts *hosts, const struct fleet_host *host)
{
	const struct fleet_host *into = find_host(hosts, hosts->words[0]);

	return into != NULL ? hosts_merge(hosts->store, host->id, into->id) : CLI_USAGE;
}

enum wants { WANTS_NOTHING, WANTS_HOST, WANTS_TWO_HOSTS, WANTS_HOST_AND_MORE, WANTS_FILES };

static const struct {
	const char *name;
	enum wants wants;
	enum store_access access;
	int (*run)(struct hosts *hosts, const struct fleet_host *host); /* NULL: hosts_import() */
} actions[] = {
	{"list", WANTS_NOTHING, STORE_READ, list_hosts},
	{"show", WANTS_HOST, STORE_READ, show_host},
	{"label", WANTS_HOST_AND_MORE, STORE_WRITE, label_host},
	{"merge", WANTS_TWO_HOSTS, STORE_WRITE, merge_host},
	{"split", WANTS_HOST, STORE_WRITE, split_host},
	{"retire", WANTS_HOST, STORE_WRITE, retire_host},
	{"forget", WANTS_HOST, STORE_WRITE, forget_host},
	{"import", WANTS_FILES, STORE_WRITE, NULL},
};

/* Whether the words behind the action are what it wants; says so otherwise. */
static bool check_words(guint action, char **words)
{
	static const char *const want[] = {
		[WANTS_NOTHING] = "no host",
		[WANTS_HOST] = "one host",
		[WANTS_TWO_HOSTS] = "two hosts",
		[WANTS_HOST_AND_MORE] = "a host",
		[WANTS_FILES] = "files of saved facts",
	};
	const guint n = g_strv_length(words) - 1;
	const enum wants wants = actions[action].wants;

	if (wants <= WANTS_TWO_HOSTS ? n == (guint)wants : n > 0)
		return true;
	cli_usage("hosts", "'%s' wants %s", words[0], want[wants]);
	return false;
}

static bool read_lists(struct hosts *hosts, GError **error)
{
	const char *benchmark = hosts->config->benchmark;

	hosts->list = fleet_list(hosts->store, benchmark, FLEET_ALL, error);
	if (hosts->list == NULL)
		return false;
	hosts->parts = fleet_list(hosts->store, benchmark, FLEET_PARTS, error);
	return hosts->parts != NULL;
}

static int run_action(struct hosts *hosts, guint action, char **words)
{
	g_autoptr(GError) error = NULL;
	const struct fleet_host *host = NULL;
	bool wants_host = actions[action].wants != WANTS_NOTHING;

	if (!read_lists(hosts, &error))
		return site_fail("hosts", error);
	if (wants_host) {
		host = find_host(hosts, words[0]);
		hosts->words = words + 1;
	}
	return wants_host && host == NULL ? CLI_USAGE : actions[action].run(hosts, host);
}

static int run_words(struct hosts *hosts, const struct site_options *site, char **words)
{
	guint action = 0;
	int done = CLI_DONE;

	while (words[0] != NULL && action < G_N_ELEMENTS(actions) &&
	       strcmp(words[0], actions[action].name) != 0)
		action++;
	if (words[0] == NULL || action == G_N_ELEMENTS(actions))
		return cli_usage(
			"hosts",
			"say what to do: list, show, label, merge, split, retire, forget or "
			"import");
	if (!check_words(action, words))
		return CLI_USAGE;
	hosts->config = site_config("hosts", site, &done);
	if (hosts->config == NULL)
		return done;
	hosts->store = site_store("hosts", hosts->config, actions[action].access, &done);
	if (hosts->store != NULL)
		done = actions[action].run == NULL
			       ? hosts_import(hosts->config, hosts->store, words + 1)
			       : run_action(hosts, action, words + 1);
	g_clear_pointer(&hosts->list, g_ptr_array_unref);
	g_clear_pointer(&hosts->parts, g_ptr_array_unref);
	store_close(hosts->store);
	config_free(hosts->config);
	return done;
}

int cmd_hosts(int argc, char **argv)
{
	struct site_options site = {NULL, NULL};
	struct hosts hosts = {.config = NULL};
	g_auto(GStrv) words = NULL;
	const GOptionEntry entries[] = {
		{"json", 0, 0, G_OPTION_ARG_NONE, &hosts.as_json, NULL, NULL},
		{"yes", 0, 0, G_OPTION_ARG_NONE, &hosts.yes, NULL, NULL},
		SITE_OPTION_ENTRIES(&site),
		G_OPTION_ENTRY_NULL,
	};
	const struct cli_options options = {
		.command = "hosts", .help = help, .entries = entries, .takes_arguments = true};
	int done;

	if (cli_parse(&options, argc, argv, &words, &done))
		done = run_words(&hosts, &site, words);
	site_options_done(&site);
	return done;
}
