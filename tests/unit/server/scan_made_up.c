/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `plimsoll scan` over machines that are made up, for test_scan.c: what one shows follows from its
 * name. Facts are files of the folder that FACTS names.
 */
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "checks/sql_session.h"
#include "server/cli/cli.h"
#include "server/cli/files.h"
#include "server/cli/scan.h"

static const struct {
	const char *prefix;
	const char *facts; /* NULL: none */
	int error;         /* enum ssh_error; -1: none */
	const char *message;
} machines[] = {
	{"good", "pass", -1, NULL},
	{"fails", "fail", -1, NULL},
	{"down", "down", -1, NULL},
	{"unknown", "unknown", -1, NULL},
	{"cut", "pass", SSH_ERROR_TIMEOUT, "was not done after 180 s"},
	{"refuses", NULL, SSH_ERROR_REFUSED, "nobody listens"},
	{"changed", NULL, SSH_ERROR_KEY_CHANGED, "SHA256:one was expected, SHA256:two shown"},
	{"evil", NULL, SSH_ERROR_SHELL, "\x1b]0;owned\x07\x1b[2J\r\nPASS \xe2\x80\xae evil"},
	{"interrupt", NULL, SSH_ERROR_CANCELLED, "cancelled"},
};

static struct collection *facts_of(const char *name)
{
	g_autofree char *path = g_strdup_printf("%s/%s.json", g_getenv("FACTS"), name);
	size_t size = 0;
	g_autofree char *text = files_read(path, FILES_FACTS_BYTES, &size, NULL);
	struct collection *collection = facts_json_read(text, size, NULL);

	g_assert_nonnull(collection);
	return collection;
}

static guint kind_of(const char *host)
{
	for (guint i = 0; i < G_N_ELEMENTS(machines); i++)
		if (g_str_has_prefix(host, machines[i].prefix))
			return i;
	g_assert_not_reached();
}

static void visit(const struct ssh_target *target,
		  void (*done)(struct sweep_result *result, void *data), void *data)
{
	const guint kind = kind_of(target->host);
	g_autofree char *fingerprint = g_strdup_printf("SHA256:%s", target->host);
	g_autoptr(GError) error = NULL;
	struct sweep_result result = {.target = target, .wall_us = 1200000};

	if (machines[kind].error >= 0)
		error = g_error_new_literal(SSH_ERROR, machines[kind].error,
					    machines[kind].message);
	if (machines[kind].facts != NULL) {
		result.collection = facts_of(machines[kind].facts);
		result.key_type = "ssh-ed25519";
		result.fingerprint = fingerprint;
		result.transport = "ssh-libssh2";
		result.engine_way = "direct-streamlocal";
	}
	result.error = error;
	done(&result, data);
	collection_free(result.collection);
}

static guint run(const struct ssh_target *const *targets, guint n_targets,
		 const struct sweep_options *options,
		 void (*done)(struct sweep_result *result, void *data), void *data)
{
	guint i = 0;

	while (i < n_targets && __atomic_load_n(options->cancelled, __ATOMIC_SEQ_CST) == 0) {
		if (g_str_has_prefix(targets[i]->host, "interrupt"))
			(void)raise(SIGINT);
		visit(targets[i++], done, data);
	}
	return i;
}

int main(int argc, char **argv)
{
	static const struct scan_sweep made_up = {.run = run};

	sql_session_startup();
	setlocale(LC_CTYPE, "C.UTF-8");
	return scan_main(argc, argv, &made_up);
}
