/* SPDX-License-Identifier: Apache-2.0 */
/* Programs of the other machine that are ended, missing or of another make: what they leave out is
 * not seen, and never absent. */
#include <glib/gstdio.h>
#include <string.h>

#include "agent/host_batch.h"
#include "agent/ssh/remote_shell.h"
#include "tests/unit/agent/host_tree.h"
#include "tests/unit/agent/remote_end.h"
#include "tests/unit/support/scratch.h"

enum { START_MS = 20000 };

/* What is asked, of a machine on which some programs are ours. */
struct asked {
	struct arena *arena;
	struct host_batch *batch;
	const struct host_list *list; /* of a folder with two names */
	const struct host_stat *stat;
	const struct host_process_table *processes;
	const struct host_self *self;
};

static void put_program(const char *dir, const char *name, const char *script)
{
	g_autofree char *place = g_strdup_printf("bin/%s", name);
	g_autofree char *path = scratch_path(dir, place);
	g_autofree char *real = g_find_program_in_path(name);
	g_autofree char *text =
		g_strdup_printf("#!/bin/sh\nreal=%s\n%s\nexec \"$real\" \"$@\"\n", real, script);

	tree_write(dir, "/bin/none", "");
	scratch_write(dir, place, text, -1);
	g_assert_cmpint(g_chmod(path, 0755), ==, 0);
}

static void want(const char *dir, struct asked *asked)
{
	g_autofree char *folder = scratch_path(dir, "folder");
	g_autofree char *file = scratch_path(dir, "folder/one");

	asked->arena = arena_new(SIZE_MAX);
	asked->batch = host_batch_new(asked->arena);
	asked->list = host_want_list(asked->batch, folder, 10);
	asked->stat = host_want_stat(asked->batch, file);
	asked->processes = host_want_processes(asked->batch);
	asked->self = host_want_self(asked->batch);
}

/* scripts: pairs of a program's name and what it does before it is the real one; NULL ends them. */
static void ask_of(const char *const *command, const char *const *scripts, struct asked *ret_asked)
{
	g_autofree char *dir = scratch_new();
	g_autofree char *bin = scratch_path(dir, "bin");
	g_autofree char *path = g_strdup_printf("PATH=%s:%s", bin, g_getenv("PATH"));
	/* As bash hands functions on, and options; other shells do not know them. */
	const char *const environment[] = {path, "BASH_FUNC_find%%=() { return 0; }",
					   "BASH_FUNC_head%%=() { return 0; }",
					   "SHELLOPTS=noglob:nounset", NULL};
	g_autoptr(GError) error = NULL;
	struct remote_end end;
	struct remote_shell *shell = NULL;

	tree_write(dir, "/folder/one", "1");
	tree_write(dir, "/folder/two", "2");
	for (guint i = 0; scripts[i] != NULL; i += 2)
		put_program(dir, scripts[i], scripts[i + 1]);
	want(dir, ret_asked);
	end = remote_end_start(command, environment);
	shell = remote_shell_new(end.fd, "/run/docker.sock", START_MS, &error);
	g_assert_no_error(error);
	g_assert_true(remote_shell_ask(shell, ret_asked->batch, &error));
	remote_shell_free(shell);
	remote_end_wait(&end);
	scratch_free(g_steal_pointer(&dir));
}

static void ask(const char *const *scripts, struct asked *ret_asked)
{
	static const char *const command[] = {"sh", "-s", NULL};

	ask_of(command, scripts, ret_asked);
}

static void asked_done(struct asked *asked)
{
	host_batch_free(asked->batch);
	arena_free(asked->arena);
}

static bool is_ok(const struct host_state *state)
{
	return state->status == PLIMSOLL__FETCH__STATUS__OK;
}

static void what_works_is_seen(void)
{
	static const char *const scripts[] = {NULL}, *const command[] = {"bash", "-s", NULL};
	g_autofree char *shell = g_find_program_in_path(command[0]);
	struct asked asked;

	if (shell == NULL) {
		g_test_skip("bash is not here");
		return;
	}
	ask_of(command, scripts, &asked);
	g_assert_true(asked.processes->n_processes > 1);
	g_assert_true(is_ok(&asked.list->state) && asked.list->n_names == 2);
	g_assert_true(is_ok(&asked.stat->state) && !asked.stat->acl_unknown);
	g_assert_true(is_ok(&asked.self->state));
	asked_done(&asked);
}

static void a_listing_that_was_ended_is_none(void)
{
	static const char *const scripts[] = {
		"find", "case \"$*\" in *-mindepth*) printf '%s/one\\0' \"$2\"; kill -9 $$ ;; esac",
		NULL};

	/* Not every shell says that a program was ended. */
	for (guint i = 0; i < remote_end_n_kinds; i++) {
		const struct remote_end_kind *kind = &remote_end_kinds[i];
		g_autofree char *shell = g_find_program_in_path(kind->command[0]);
		struct asked asked;

		if (!kind->is_whole || shell == NULL)
			continue;
		g_test_message("%s", kind->name);
		ask_of(kind->command, scripts, &asked);
		g_assert_false(is_ok(&asked.list->state));
		g_assert_cmpuint(asked.list->n_names, ==, 0);
		g_assert_true(is_ok(&asked.stat->state));
		asked_done(&asked);
	}
}

/* A find without -printf has a shell look at one process after the other. */
static void a_process_table_that_was_ended_is_none(void)
{
	static const char *const scripts[] = {
		"find", "case \"$*\" in *printf*) exit 1 ;; esac", "cat",
		"[ \"$1\" != /proc/$PPID/stat ] || kill -9 $PPID", NULL};
	struct asked asked;

	ask(scripts, &asked);
	g_assert_false(is_ok(&asked.processes->state));
	asked_done(&asked);
}

/* Of another make, or in another language. */
static void a_program_that_is_hidden_in_other_words_is_hidden(void)
{
	static const char *const scripts[] = {
		"find",
		"case \"$*\" in *ns/pid*)\n"
		"	printf '/proc/1/exe\\0/init\\0'\n"
		"	for path in /proc/[0-9]*; do\n"
		"		printf '%s/exe\\0\\0' \"$path\"\n"
		"		echo \"find: $path/exe: Zugriff verweigert\" >&2\n"
		"	done\n"
		"	exit ;;\nesac",
		NULL};
	struct asked asked;

	ask(scripts, &asked);
	g_assert_false(is_ok(&asked.processes->state));
	asked_done(&asked);
}

/* Whether this is a container is found out in another way, and is not "no" without one. */
static void without_grep_it_knows_itself(void)
{
	static const char *const scripts[] = {"grep", "exit 2", NULL};
	static const char *const broken[] = {"grep", "exit 2", "head",
					     "case \"$*\" in */mountinfo) exit 1 ;; esac", NULL};
	struct asked asked;

	ask(scripts, &asked);
	g_assert_true(is_ok(&asked.self->state));
	asked_done(&asked);
	ask(broken, &asked);
	g_assert_false(is_ok(&asked.self->state));
	asked_done(&asked);
}

static void an_access_list_that_ls_cannot_see_is_unknown(void)
{
	static const char *const scripts[] = {
		"ls",
		"[ \"$1\" = --version ] || { \"$real\" \"$@\" | sed 's/^\\(..........\\)./\\1?/'; "
		"exit; }",
		NULL};
	struct asked asked;

	ask(scripts, &asked);
	g_assert_true(is_ok(&asked.stat->state));
	g_assert_true(asked.stat->acl_unknown);
	asked_done(&asked);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/remote-broken/whole", what_works_is_seen);
	g_test_add_func("/remote-broken/listing", a_listing_that_was_ended_is_none);
	g_test_add_func("/remote-broken/processes", a_process_table_that_was_ended_is_none);
	g_test_add_func("/remote-broken/words", a_program_that_is_hidden_in_other_words_is_hidden);
	g_test_add_func("/remote-broken/no-grep", without_grep_it_knows_itself);
	g_test_add_func("/remote-broken/access-list", an_access_list_that_ls_cannot_see_is_unknown);
	return g_test_run();
}
