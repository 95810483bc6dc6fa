/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sweeps over machines that are made up: ones that answer, that cannot be reached, that hang until
 * they are cut, and that hang while they connect.
 */
#include <string.h>

#include "agent/ssh/sweep_private.h"
#include "proto/limits.h"

enum manner { ANSWERS, REFUSES, REFUSES_LATE, HANGS, HANGS_CONNECTING, ENDS };

struct fake {
	struct host host;
	enum manner manner;
	GMutex lock;
	GCond cut_changed;
	bool is_cut;
};

static gint at_once, most_at_once, living, connecting;

static void count_one_more(void)
{
	gint now = g_atomic_int_add(&at_once, 1) + 1;
	gint most;

	while ((most = g_atomic_int_get(&most_at_once)) < now)
		(void)g_atomic_int_compare_and_exchange(&most_at_once, most, now);
}

static bool fake_run(struct host *host, struct host_batch *batch, GError **error)
{
	struct fake *fake = (struct fake *)host;

	(void)batch;
	if (fake->manner == HANGS) {
		g_mutex_lock(&fake->lock);
		while (!fake->is_cut)
			g_cond_wait(&fake->cut_changed, &fake->lock);
		g_mutex_unlock(&fake->lock);
	}
	if (fake->manner == ANSWERS)
		return true;
	g_set_error_literal(error, SSH_ERROR, SSH_ERROR_LOST, "the connection ended");
	return false;
}

static void fake_get(struct host *host, struct host_get *requests, guint n_requests,
		     void (*done)(struct host_get *request, void *data), void *data)
{
	(void)host;
	for (guint i = 0; i < n_requests; i++) {
		requests[i].state.status = PLIMSOLL__FETCH__STATUS__NOT_TRIED;
		done(&requests[i], data);
	}
}

static void fake_free(struct host *host)
{
	struct fake *fake = (struct fake *)host;

	g_mutex_clear(&fake->lock);
	g_cond_clear(&fake->cut_changed);
	g_free(host->endpoint);
	g_free(fake);
	(void)g_atomic_int_add(&living, -1);
	(void)g_atomic_int_add(&at_once, -1);
}

static const struct host_ops fake_ops = {
	.transport = "ssh-fake", .run = fake_run, .docker_get = fake_get, .free = fake_free};

static enum manner manner_of(const char *name)
{
	static const char *const words[] = {
		[ANSWERS] = "answers",
		[REFUSES] = "refuses",
		[REFUSES_LATE] = "late",
		/* when another one hangs and a third connects */[HANGS] = "hangs",
		[HANGS_CONNECTING] = "connects",
		[ENDS] = "ends",
	};

	for (guint i = 0; i < G_N_ELEMENTS(words); i++)
		if (g_str_has_prefix(name, words[i]))
			return (enum manner)i;
	g_assert_not_reached();
}

static struct host *fake_open(const struct ssh_target *target, const struct ssh_options *options,
			      const gint *cancelled, GError **error)
{
	const enum manner manner = manner_of(target->name);
	struct fake *fake = NULL;

	(void)options;
	if (manner == HANGS_CONNECTING)
		(void)g_atomic_int_add(&connecting, 1);
	while (manner == HANGS_CONNECTING && __atomic_load_n(cancelled, __ATOMIC_SEQ_CST) == 0)
		g_thread_yield();
	while (manner == REFUSES_LATE &&
	       (g_atomic_int_get(&living) == 0 || g_atomic_int_get(&connecting) == 0))
		g_thread_yield();
	if (manner == HANGS_CONNECTING || manner == REFUSES || manner == REFUSES_LATE) {
		g_set_error_literal(
			error, SSH_ERROR,
			manner == HANGS_CONNECTING ? SSH_ERROR_CANCELLED : SSH_ERROR_REFUSED, "no");
		return NULL;
	}
	fake = g_new0(struct fake, 1);
	fake->host.ops = &fake_ops;
	fake->host.endpoint = g_strdup("unix:///run/docker.sock");
	fake->manner = manner;
	g_mutex_init(&fake->lock);
	g_cond_init(&fake->cut_changed);
	(void)g_atomic_int_add(&living, 1);
	count_one_more();
	return &fake->host;
}

static void fake_cut(struct host *host)
{
	struct fake *fake = (struct fake *)host;

	g_mutex_lock(&fake->lock);
	fake->is_cut = true;
	g_cond_signal(&fake->cut_changed);
	g_mutex_unlock(&fake->lock);
}

static const char *fake_type(const struct host *host)
{
	(void)host;
	return "ssh-ed25519";
}

static const char *fake_fingerprint(const struct host *host)
{
	(void)host;
	return "SHA256:abc";
}

static const char *fake_nothing(const struct host *host)
{
	(void)host;
	return NULL;
}

static const struct sweep_way fake_way = {
	.open = fake_open,
	.cut = fake_cut,
	.key_type = fake_type,
	.fingerprint = fake_fingerprint,
	.transport_reason = fake_nothing,
	.engine_way = fake_nothing,
};

/* --- what came --- */

struct seen {
	GThread *thread;
	GHashTable *codes; /* name -> code of the error, -1 for none, as GINT_TO_POINTER */
	guint n, n_collections;
	gint *cancel_after_first;
};

static void take(struct sweep_result *result, void *data)
{
	struct seen *seen = data;
	const int code = result->error != NULL ? result->error->code : -1;

	g_assert_true(g_thread_self() == seen->thread);
	g_assert_true(result->error == NULL || result->error->domain == SSH_ERROR);
	g_assert_true(g_hash_table_insert(seen->codes, g_strdup(result->target->name),
					  GINT_TO_POINTER(code)));
	g_assert_true(result->collection != NULL || result->error != NULL);
	if (result->collection != NULL) {
		g_assert_cmpstr(result->fingerprint, ==, "SHA256:abc");
		g_assert_cmpstr(result->transport, ==, "ssh-fake");
		g_assert_cmpstr(result->collection->envelope->transport, ==, "ssh-fake");
		seen->n_collections++;
	}
	if (seen->n++ == 0 && seen->cancel_after_first != NULL)
		g_atomic_int_set(seen->cancel_after_first, 1);
}

static int code_of(const struct seen *seen, const char *name)
{
	gpointer code = NULL;

	g_assert_true(g_hash_table_lookup_extended(seen->codes, name, NULL, &code));
	return GPOINTER_TO_INT(code);
}

/* names: separated by blanks. */
static guint sweep(const char *names, guint jobs, gint64 total_ms, const gint *cancelled,
		   struct seen *seen)
{
	const struct ssh_options ssh = {.total_ms = total_ms};
	const struct sweep_options options = {.ssh = &ssh, .jobs = jobs, .cancelled = cancelled};
	g_auto(GStrv) words = g_strsplit(names, " ", -1);
	const guint n = g_strv_length(words);
	g_autofree struct ssh_target *targets = g_new0(struct ssh_target, n);
	g_autofree const struct ssh_target **list = g_new0(const struct ssh_target *, n);
	guint begun;

	for (guint i = 0; i < n; i++) {
		targets[i].name = words[i];
		list[i] = &targets[i];
	}
	seen->thread = g_thread_self();
	seen->codes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	begun = sweep_run_by(&fake_way, list, n, &options, take, seen);
	g_assert_cmpint(g_atomic_int_get(&living), ==, 0);
	return begun;
}

static void test_each_once(void)
{
	g_autoptr(GString) names = g_string_new("answers");
	struct seen seen = {0};

	for (guint i = 1; i < 40; i++)
		g_string_append_printf(names, " %s%u", i % 3 == 0 ? "refuses" : "answers", i);
	g_atomic_int_set(&most_at_once, 0);
	g_assert_cmpuint(sweep(names->str, 4, 60000, NULL, &seen), ==, 40);
	g_assert_cmpuint(seen.n, ==, 40);
	g_assert_cmpuint(seen.n_collections, ==, 27);
	g_assert_cmpint(g_atomic_int_get(&most_at_once), <=, 4);
	g_hash_table_unref(seen.codes);
}

static void test_errors_are_told(void)
{
	struct seen seen = {0};

	(void)sweep("answers refuses ends", 1, 60000, NULL, &seen);
	g_assert_cmpint(code_of(&seen, "answers"), ==, -1);
	g_assert_cmpint(code_of(&seen, "refuses"), ==, (int)SSH_ERROR_REFUSED);
	g_assert_cmpint(code_of(&seen, "ends"), ==, (int)SSH_ERROR_LOST);
	g_hash_table_unref(seen.codes);
}

static void test_hanging(void)
{
	struct seen seen = {0};

	(void)sweep("hangs connects answers1 answers2 answers3", 3, 50, NULL, &seen);
	g_assert_cmpint(code_of(&seen, "hangs"), ==, (int)SSH_ERROR_TIMEOUT);
	g_assert_cmpint(code_of(&seen, "connects"), ==, (int)SSH_ERROR_TIMEOUT);
	g_assert_cmpuint(seen.n_collections, >=, 3);
	g_assert_cmpuint(seen.n, ==, 5);
	g_hash_table_unref(seen.codes);
}

static void test_cancelled(void)
{
	gint cancelled = 0;
	struct seen seen = {.cancel_after_first = &cancelled};
	guint begun;

	g_atomic_int_set(&connecting, 0);
	begun = sweep("late hangs connects answers1 answers2", 3, 60000, &cancelled, &seen);

	g_assert_cmpuint(begun, ==, seen.n);
	g_assert_cmpint(code_of(&seen, "hangs"), ==, (int)SSH_ERROR_CANCELLED);
	g_assert_cmpint(code_of(&seen, "connects"), ==, (int)SSH_ERROR_CANCELLED);
	g_hash_table_unref(seen.codes);
}

static void test_cancelled_before(void)
{
	gint cancelled = 1;
	struct seen seen = {0};

	(void)sweep("hangs hangs2 hangs3", 2, 60000, &cancelled, &seen);
	g_assert_cmpuint(seen.n_collections, ==, 0);
	g_hash_table_unref(seen.codes);
}

static void test_jobs(void)
{
	static const struct {
		guint wanted;
		rlim_t descriptors;
		guint want;
	} cases[] = {
		{32, RLIM_INFINITY, 32},
		{32, 0, 1},
		{32, 64, 1},
		{1, 112, 1},
		{2, 112, 1},
		{2, 160, 2},
		{2, 159, 1},
		{32, 1024, 20},
		{32, 1600, 32},
		{1, 9999, 1},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpuint(sweep_jobs_within(cases[i].wanted, cases[i].descriptors), ==,
				 cases[i].want);
	g_assert_cmpuint(sweep_fit_jobs(0), ==, 1);
	g_assert_cmpuint(sweep_fit_jobs(G_MAXUINT), <=, LIMIT_SWEEP_JOBS);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sweep/each target is done once, so many at a time", test_each_once);
	g_test_add_func("/sweep/what went wrong is told", test_errors_are_told);
	g_test_add_func("/sweep/who hangs ends with the deadline, the others are done",
			test_hanging);
	g_test_add_func("/sweep/cancelling ends what runs and begins nothing", test_cancelled);
	g_test_add_func("/sweep/a sweep cancelled before it began ends", test_cancelled_before);
	g_test_add_func("/sweep/jobs fit into the descriptors", test_jobs);
	return g_test_run();
}
