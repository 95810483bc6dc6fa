/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One collection over SSH from the command line, for tests/lab/test_host_ssh.py:
 *
 *   ssh_host_probe OPTION... TARGET
 *
 * The collection goes to stdout as JSON; "TRANSPORT|REASON|ENGINE WAY|MILLISECONDS" to stderr. Exit
 * 1: "error CODE TEXT" on stderr.
 */
#include <stdio.h>

#include "agent/sweep.h"

static struct {
	char *config, *transport, **keys;
	int connect_ms, total_ms;
	gboolean sudo;
} given;

static const GOptionEntry entries[] = {
	{"config", 0, 0, G_OPTION_ARG_STRING, &given.config, "ssh's -F", NULL},
	{"transport", 0, 0, G_OPTION_ARG_STRING, &given.transport, "auto, openssh, libssh2", NULL},
	{"key", 0, 0, G_OPTION_ARG_STRING_ARRAY, &given.keys, "", NULL},
	{"connect-ms", 0, 0, G_OPTION_ARG_INT, &given.connect_ms, "", NULL},
	{"total-ms", 0, 0, G_OPTION_ARG_INT, &given.total_ms, "", NULL},
	{"sudo", 0, 0, G_OPTION_ARG_NONE, &given.sudo, "", NULL},
	{NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL},
};

static void show(struct sweep_result *result, void *data)
{
	bool *is_good = data;
	g_autofree char *text = NULL;

	if (result->collection == NULL) {
		fprintf(stderr, "error %d %s\n", result->error->code, result->error->message);
		return;
	}
	text = facts_json_write(result->collection);
	*is_good = fputs(text, stdout) >= 0;
	fprintf(stderr, "%s|%s|%s|%" G_GINT64_FORMAT "\n", result->transport,
		result->transport_reason == NULL ? "" : result->transport_reason,
		result->engine_way == NULL ? "" : result->engine_way, result->wall_us / 1000);
}

static enum ssh_transport transport(void)
{
	if (g_strcmp0(given.transport, "openssh") == 0)
		return SSH_TRANSPORT_OPENSSH;
	return g_strcmp0(given.transport, "libssh2") == 0 ? SSH_TRANSPORT_LIBSSH2
							  : SSH_TRANSPORT_AUTO;
}

int main(int argc, char **argv)
{
	g_autoptr(GOptionContext) context = g_option_context_new("TARGET");
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(ssh_target) *target = NULL;
	bool is_good = false;

	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, &error) || argc != 2 ||
	    (target = ssh_target_parse(argv[1], &error)) == NULL) {
		fprintf(stderr, "%s\n", error == NULL ? "no target" : error->message);
		return 2;
	}
	const struct ssh_options ssh = {
		.transport = transport(),
		.config_file = given.config,
		.keys = (const char *const *)given.keys,
		.sudo = given.sudo,
		.connect_ms = given.connect_ms,
		.total_ms = given.total_ms,
	};
	const struct sweep_options sweep = {.ssh = &ssh, .jobs = 1};
	const struct ssh_target *const targets[] = {target};

	(void)sweep_run(targets, 1, &sweep, show, &is_good);
	return is_good ? 0 : 1;
}
