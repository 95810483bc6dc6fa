/* SPDX-License-Identifier: Apache-2.0 */
/* A collection through a shell gives the facts of a local one, and what it costs over there. */
#include <string.h>
#include <sys/resource.h>

#include "agent/collect.h"
#include "agent/ssh/remote_shell.h"
#include "tests/unit/agent/remote_end.h"

enum { MOST_TRIES = 8 };

/* A host whose Engine never answers: what is compared is the rest. */
struct twin {
	struct host host;
	struct host *local; /* one of the two */
	struct remote_shell *shell;
};

static bool run_twin(struct host *host, struct host_batch *batch, GError **error)
{
	struct twin *twin = (struct twin *)host;

	return twin->local != NULL ? twin->local->ops->run(twin->local, batch, error)
				   : remote_shell_ask(twin->shell, batch, error);
}

static void ask_nobody(struct host *host, struct host_get *requests, guint n_requests,
		       void (*done)(struct host_get *request, void *data), void *data)
{
	(void)host;
	for (guint i = 0; i < n_requests; i++) {
		requests[i].state.status = PLIMSOLL__FETCH__STATUS__NOT_TRIED;
		done(&requests[i], data);
	}
}

static const struct host_ops twin_ops = {
	.transport = "twin", .run = run_twin, .docker_get = ask_nobody};

static struct twin twin_of(struct host *local, struct remote_shell *shell)
{
	static char endpoint[] = "unix:///run/docker.sock";
	static char socket_path[] = "/run/docker.sock";

	return (struct twin){
		.host = {.ops = &twin_ops, .endpoint = endpoint, .socket_path = socket_path},
		.local = local,
		.shell = shell,
	};
}

/* The kernel's own answer about audit rules and the text of auditctl are two sources. */
static void forget_source(const struct collection *collection)
{
	Plimsoll__AuditStatus *audit = collection->facts->audit_status;

	if (audit != NULL && audit->source == PLIMSOLL__AUDIT_STATUS__SOURCE__NETLINK)
		audit->source = PLIMSOLL__AUDIT_STATUS__SOURCE__AUDITCTL;
}

/* gives: the facts as text, g_free(). */
static char *facts_of(struct twin *twin)
{
	struct collect_options options = {.now_s = 1};
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(collection) *collection = NULL;
	GString *text = g_string_new(NULL);
	PLIMSOLL_AUTO(json_writer) *writer = json_writer_new(text, true);

	twin->host.rounds = 0;
	collection = collect(&twin->host, &options, &error);
	g_assert_no_error(error);
	forget_source(collection);
	json_write_value(writer, NULL, facts_json_from_message(&collection->facts->base));
	return g_string_free(text, FALSE);
}

static char *local_facts(void)
{
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(host) *host = host_local_new("/", NULL, &error);
	struct twin twin = twin_of(host, NULL);

	g_assert_no_error(error);
	return facts_of(&twin);
}

static char *remote_facts(const struct remote_end_kind *kind)
{
	struct remote_end end;
	PLIMSOLL_AUTO(remote_shell) *shell = remote_end_shell(kind, &end);
	struct twin twin = twin_of(NULL, shell);
	struct rusage before;
	struct rusage after;
	char *facts = NULL;
	gint64 started_us = g_get_monotonic_time();

	if (shell == NULL)
		return NULL;
	g_assert_cmpint(getrusage(RUSAGE_CHILDREN, &before), ==, 0);
	facts = facts_of(&twin);
	started_us = g_get_monotonic_time() - started_us;
	remote_shell_free(g_steal_pointer(&shell));
	remote_end_wait(&end);
	g_assert_cmpint(getrusage(RUSAGE_CHILDREN, &after), ==, 0);
	g_test_message("%s: %ld ms of processor time over there, %ld ms in all", kind->name,
		       (after.ru_utime.tv_sec + after.ru_stime.tv_sec - before.ru_utime.tv_sec -
			before.ru_stime.tv_sec) *
				       1000 +
			       (after.ru_utime.tv_usec + after.ru_stime.tv_usec -
				before.ru_utime.tv_usec - before.ru_stime.tv_usec) /
				       1000,
		       (long)(started_us / 1000));
	return facts;
}

static void show_difference(const char *local, const char *remote)
{
	g_auto(GStrv) one = g_strsplit(local, "\n", -1);
	g_auto(GStrv) other = g_strsplit(remote, "\n", -1);

	for (guint i = 0; one[i] != NULL && other[i] != NULL; i++) {
		if (strcmp(one[i], other[i]) == 0)
			continue;
		for (guint n = i < 6 ? 0 : i - 6; n < i + 6 && one[n] != NULL && other[n] != NULL;
		     n++)
			g_test_message("%s | %s", one[n], other[n]);
		return;
	}
}

/* A machine that changes meanwhile is looked at again. */
static void compare_facts(const struct remote_end_kind *kind)
{
	for (guint try = 0; try < MOST_TRIES; try++) {
		g_autofree char *before = local_facts();
		g_autofree char *remote = remote_facts(kind);
		g_autofree char *after = local_facts();

		if (remote == NULL || strcmp(before, remote) == 0)
			return;
		if (strcmp(before, after) == 0)
			show_difference(before, remote);
		g_assert_true(strcmp(before, after) != 0);
	}
	g_test_skip("this machine does not hold still");
}

static void test_facts(void)
{
	for (guint i = 0; i < remote_end_n_kinds; i++) {
		if (remote_end_kinds[i].is_whole)
			compare_facts(&remote_end_kinds[i]);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/remote-collect/facts-are-the-local-ones", test_facts);
	return g_test_run();
}
