/* SPDX-License-Identifier: Apache-2.0 */
/* A shell of this machine, spoken to as one behind SSH, answers as the local host does. */
#include "agent/ssh/remote_shell.h"

#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "agent/host.h"
#include "tests/unit/agent/host_tree.h"
#include "tests/unit/agent/remote_end.h"
#include "tests/unit/support/scratch.h"

/* ---- both hosts, the same wants ---- */

struct pair {
	struct arena *arena;
	struct host_batch *local, *remote;
};

static void pair_init(struct pair *pair)
{
	pair->arena = arena_new(SIZE_MAX);
	pair->local = host_batch_new(pair->arena);
	pair->remote = host_batch_new(pair->arena);
}

static void pair_done(struct pair *pair)
{
	host_batch_free(pair->local);
	host_batch_free(pair->remote);
	arena_free(pair->arena);
}

static void pair_run(struct pair *pair, struct remote_shell *shell)
{
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(host) *host = host_local_new("/", NULL, &error);

	g_assert_no_error(error);
	g_assert_true(host_run(host, pair->local, &error));
	g_assert_true(remote_shell_ask(shell, pair->remote, &error));
	g_assert_no_error(error);
}

static void compare_states(const struct host_state *local, const struct host_state *remote)
{
	g_assert_cmpint(remote->status, ==, local->status);
	g_assert_cmpint(remote->errno_value, ==, local->errno_value);
	g_assert_cmpstr(remote->detail, ==, local->detail);
}

static void compare_stats(const struct host_stat *local, const struct host_stat *remote,
			  bool is_whole)
{
	g_test_message("stat %s", local->path);
	compare_states(&local->state, &remote->state);
	g_assert_cmpstr(remote->real, ==, local->real);
	g_assert_cmpstr(remote->real_parent, ==, local->real_parent);
	g_assert_cmpstr(remote->link_target, ==, local->link_target);
	g_assert_cmpint(remote->dangling, ==, local->dangling);
	g_assert_cmpint(remote->is_link, ==, local->is_link);
	g_assert_cmphex(remote->mode, ==, local->mode);
	g_assert_cmpint(remote->uid, ==, local->uid);
	g_assert_cmpint(remote->gid, ==, local->gid);
	g_assert_cmpint(remote->size, ==, local->size);
	g_assert_cmpint(remote->mtime_s, ==, local->mtime_s);
	g_assert_cmpint(remote->ctime_s, ==, local->ctime_s);
	g_assert_cmpint(remote->link_ctime_s, ==, local->link_ctime_s);
	g_assert_cmpuint(remote->inode, ==, local->inode);
	g_assert_cmpuint(remote->dev_major, ==, local->dev_major);
	g_assert_cmpuint(remote->dev_minor, ==, local->dev_minor);
	/* Without fractions of a second a folder may count as moved that was not. */
	if (is_whole)
		g_assert_cmpint(remote->move_ctime_s, ==, local->move_ctime_s);
	else
		g_assert_cmpint(remote->move_ctime_s, >=, local->move_ctime_s);
	if (local->state.status != PLIMSOLL__FETCH__STATUS__OK)
		return;
	/* Of a folder ls marks also what is for new files only. */
	if (!S_ISDIR(local->mode))
		g_assert_cmpint(remote->acl_unknown, ==, !is_whole);
	if (!remote->acl_unknown)
		g_assert_cmpint(remote->has_acl, ==, local->has_acl);
}

static void compare_reads(const struct host_read *local, const struct host_read *remote)
{
	g_test_message("read %s", local->path);
	compare_states(&local->state, &remote->state);
	g_assert_cmpuint(remote->size, ==, local->size);
	g_assert_true(memcmp(remote->data, local->data, local->size + 1) == 0);
	g_assert_cmpint(remote->mtime_s, ==, local->mtime_s);
	g_assert_cmpint(remote->ctime_s, ==, local->ctime_s);
	g_assert_cmpuint(remote->inode, ==, local->inode);
}

static void compare_links(const struct host_link *local, const struct host_link *remote)
{
	g_test_message("link %s", local->path);
	compare_states(&local->state, &remote->state);
	g_assert_cmpstr(remote->target, ==, local->target);
}

static void compare_lists(const struct host_list *local, const struct host_list *remote)
{
	g_test_message("list %s", local->path);
	compare_states(&local->state, &remote->state);
	g_assert_cmpuint(remote->n_names, ==, local->n_names);
	for (guint i = 0; i <= local->n_names; i++)
		g_assert_cmpstr(remote->names[i], ==, local->names[i]);
}

static void want_all(struct host_batch *batch, const char *root, const char *const *names)
{
	for (guint i = 0; names[i] != NULL; i++) {
		g_autofree char *path = g_strconcat(root, names[i], NULL);

		(void)host_want_stat(batch, path);
		(void)host_want_read(batch, path, 5000);
		(void)host_want_link(batch, path);
		(void)host_want_list(batch, path, 3);
	}
}

static void compare_all(struct pair *pair, const char *root, const char *const *names,
			bool is_whole)
{
	for (guint i = 0; names[i] != NULL; i++) {
		g_autofree char *path = g_strconcat(root, names[i], NULL);

		compare_stats(host_want_stat(pair->local, path), host_want_stat(pair->remote, path),
			      is_whole);
		compare_reads(host_want_read(pair->local, path, 0),
			      host_want_read(pair->remote, path, 0));
		compare_links(host_want_link(pair->local, path),
			      host_want_link(pair->remote, path));
		compare_lists(host_want_list(pair->local, path, 0),
			      host_want_list(pair->remote, path, 0));
	}
}

static void check_names(const char *root, const char *const *names)
{
	for (guint i = 0; i < remote_end_n_kinds; i++) {
		const struct remote_end_kind *kind = &remote_end_kinds[i];
		struct remote_end end;
		PLIMSOLL_AUTO(remote_shell) *shell = remote_end_shell(kind, &end);
		struct pair pair;

		if (shell == NULL)
			continue;
		g_test_message("shell %s", kind->name);
		pair_init(&pair);
		want_all(pair.local, root, names);
		want_all(pair.remote, root, names);
		pair_run(&pair, shell);
		compare_all(&pair, root, names, kind->is_whole);
		pair_done(&pair);
		remote_shell_free(g_steal_pointer(&shell));
		remote_end_wait(&end);
	}
}

/* ---- a tree ---- */

#define LONG_NAME "/long-0123456789012345678901234567890123456789012345678901234567890123456789"

static const char *const tree_names[] = {
	"",
	"/a/file",
	"/a/none",
	"/a/file/below",
	"/none/at/all",
	"/none/../a/file",
	"/a/./../a/file",
	"/a/empty",
	"/a/large",
	"/a/huge",
	"/a/nul",
	"/a/nul-end",
	"/a/only-nul",
	"/a/no-feed",
	"/link",
	"/link/file",
	"/link/none",
	"/twice",
	"/absolute",
	"/dangling",
	"/up",
	"/up/../a/file",
	"/loop",
	"/ping",
	"/fifo",
	"/fifo/x",
	"/socket",
	"/closed/file",
	"/many",
	"/many/",
	"/it's",
	"/it's/\"quoted\"",
	"/back\\slash\\n",
	"/line\nfeed",
	"/line\nfeed/not\nthere",
	"/line': No such file or directory\nfind: '/a/file",
	"/none': Permission denied\nstat: can't stat '/a/file",
	"/\xff\x01\x81\x82\x83\x84\x85\x86\x87\x88\x7f latin",
	"/\xff none",
	"/t\ta\rb\vc\fd\ae\b",
	"/$(touch x)`y`*?[a]~",
	"/-printf",
	"/ blank ",
	"/to-line",
	LONG_NAME,
	NULL,
};

/* u::rw- u:1:rw- g::r-- m::rw- o::---, as the kernel stores it. */
static void set_acl(const char *root, const char *name, const char *attribute)
{
	static const guint8 list[] = {
		2, 0, 0,    0,    1,    0,    6,  0, 0xff, 0xff, 0xff, 0xff, 2,    0,   6,
		0, 1, 0,    0,    0,    4,    0,  4, 0,    0xff, 0xff, 0xff, 0xff, 16,  0,
		6, 0, 0xff, 0xff, 0xff, 0xff, 32, 0, 0,    0,    0xff, 0xff, 0xff, 0xff};
	g_autofree char *path = g_strconcat(root, name, NULL);

	if (setxattr(path, attribute, list, sizeof(list), 0) < 0)
		g_test_message("no access lists here");
}

static int bind_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	g_assert_cmpint(bind(fd, (const struct sockaddr *)&address, sizeof(address)), ==, 0);
	return fd;
}

static void make_socket(const char *root)
{
	g_autofree char *path = g_strconcat(root, "/socket", NULL);

	g_assert_cmpint(close(bind_socket(path)), ==, 0);
}

static void close_tree(const char *root)
{
	g_autofree char *closed = g_strconcat(root, "/closed", NULL);

	g_assert_cmpint(chmod(closed, 0700), ==, 0);
	scratch_free(g_strdup(root));
}

static void make_files(const char *root)
{
	g_autofree char *large = g_strnfill(70000, 'x');

	tree_write(root, "/a/file", "one\ntwo\n");
	tree_write(root, "/a/empty", "");
	tree_write(root, "/a/no-feed", "no feed");
	large[4999] = '\0';
	tree_write(root, "/a/large", large);
	large[4999] = large[5000] = 'y';
	tree_write(root, "/a/huge", large);
	scratch_write(root, "a/nul", "a\0b\0c", 5);
	scratch_write(root, "a/nul-end", "a\n\0", 3);
	scratch_write(root, "a/only-nul", "\0", 1);
	tree_write(root, "/many/3", "");
	tree_write(root, "/many/1", "");
	tree_write(root, "/many/2\n4", "");
	tree_write(root, "/many/.0", "");
	tree_write(root, "/it's/\"quoted\"", "q");
	tree_write(root, "/back\\slash\\n", "b");
	tree_write(root, "/line\nfeed/file", "l");
	tree_write(root, "/\xff\x01\x81\x82\x83\x84\x85\x86\x87\x88\x7f latin", "8");
	tree_write(root, "/t\ta\rb\vc\fd\ae\b", "t");
	tree_write(root, "/$(touch x)`y`*?[a]~", "$");
	tree_write(root, "/-printf", "-");
	tree_write(root, "/ blank ", " ");
	tree_write(root, LONG_NAME, "long");
}

static char *make_tree(void)
{
	char *root = scratch_new();
	g_autofree char *fifo = g_strconcat(root, "/fifo", NULL);
	g_autofree char *absolute = g_strconcat(root, "/a/file", NULL);
	g_autofree char *closed = g_strconcat(root, "/closed", NULL);

	make_files(root);
	tree_link(root, "a", "/link");
	tree_link(root, "link/file", "/twice");
	tree_link(root, absolute, "/absolute");
	tree_link(root, "none/x", "/dangling");
	tree_link(root, "a/..", "/up");
	tree_link(root, "loop", "/loop");
	tree_link(root, "pong", "/ping");
	tree_link(root, "ping", "/pong");
	tree_link(root, "line\nfeed", "/to-line");
	tree_write(root, "/closed/file", "c");
	g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
	g_assert_cmpint(chmod(closed, 0), ==, 0);
	make_socket(root);
	set_acl(root, "/a/no-feed", "system.posix_acl_access");
	set_acl(root, "/many", "system.posix_acl_default");
	return root;
}

static void test_tree(void)
{
	g_autofree char *root = make_tree();

	check_names(root, tree_names);
	close_tree(root);
}

/* ---- this machine ---- */

static const char *const machine_names[] = {
	"/",
	"/etc",
	"/etc/passwd",
	"/bin/sh",
	"/lib/systemd/system/docker.service",
	"/var/run/docker.sock",
	"/etc/localtime",
	"/proc/1/limits",
	"/proc/1/cmdline",
	"/proc/1/ns/pid",
	"/proc/1/ns/none",
	"/proc/999999999/status",
	"/proc/version",
	"/proc/sys/kernel/osrelease",
	"/sys/kernel/security/lsm",
	"/sys/kernel/mm/transparent_hugepage/enabled",
	"/dev/null",
	"/dev/null/x",
	NULL,
};

static void test_machine(void)
{
	check_names("", machine_names);
}

/* ---- what may hang ---- */

static const char *const aside_names[] = {"/a/file", "/a/none", "/twice",      "/dangling", "/loop",
					  "/up",     "/many",   "/line\nfeed", "/to-line",  NULL};

static void suspect(struct host_batch *batch, const char *path)
{
	struct stat info = {0};

	g_assert_cmpint(stat(path, &info), ==, 0);
	host_batch_suspect(batch, major(info.st_dev), minor(info.st_dev));
}

/* A name on a suspect device is asked about aside; no access list is looked for there. */
static void test_suspects(void)
{
	g_autofree char *root = make_tree();
	struct remote_end end;
	PLIMSOLL_AUTO(remote_shell) *shell = remote_end_shell(&remote_end_kinds[0], &end);
	struct pair pair;

	g_assert_nonnull(shell);
	pair_init(&pair);
	suspect(pair.remote, root);
	for (guint i = 0; aside_names[i] != NULL; i++) {
		g_autofree char *path = g_strconcat(root, aside_names[i], NULL);

		(void)host_want_stat(pair.local, path);
		(void)host_want_stat(pair.remote, path);
	}
	pair_run(&pair, shell);
	for (guint i = 0; aside_names[i] != NULL; i++) {
		g_autofree char *path = g_strconcat(root, aside_names[i], NULL);
		const struct host_stat *local = host_want_stat(pair.local, path);
		const struct host_stat *remote = host_want_stat(pair.remote, path);

		compare_stats(local, remote, false);
		g_assert_cmpint(remote->move_ctime_s, ==, local->move_ctime_s);
	}
	pair_done(&pair);
	remote_shell_free(g_steal_pointer(&shell));
	remote_end_wait(&end);
	close_tree(root);
}

/* ---- who listens ---- */

static void compare_peers(const struct host_peer *local, const struct host_peer *remote)
{
	g_test_message("peer %s", local->path);
	compare_states(&local->state, &remote->state);
	g_assert_cmpint(remote->pid, ==, local->pid);
	g_assert_cmpint(remote->uid, ==, local->uid);
	g_assert_cmpint(remote->gid, ==, local->gid);
}

/* This process listens; the socket of the tree has nobody behind it. */
static void test_peer(void)
{
	g_autofree char *root = make_tree();
	g_autofree char *live = g_strconcat(root, "/live", NULL);
	const char *const names[] = {"/live", "/a/../live", "/rebound", "/socket", "/none", NULL};
	PLIMSOLL_AUTO_FD fd = bind_socket(live);
	g_autofree char *rebound = g_strconcat(root, "/rebound", NULL);
	PLIMSOLL_AUTO_FD covered = bind_socket(rebound);
	PLIMSOLL_AUTO_FD second = -1;
	struct remote_end end;
	PLIMSOLL_AUTO(remote_shell) *shell = remote_end_shell(&remote_end_kinds[0], &end);
	struct pair pair;

	g_assert_nonnull(shell);
	g_assert_cmpint(listen(fd, 8), ==, 0);
	/* As dockerd does it with a socket that systemd made for it. */
	g_assert_cmpint(listen(covered, 8), ==, 0);
	g_assert_cmpint(unlink(rebound), ==, 0);
	second = bind_socket(rebound);
	g_assert_cmpint(listen(second, 8), ==, 0);
	pair_init(&pair);
	for (guint i = 0; names[i] != NULL; i++) {
		g_autofree char *path = g_strconcat(root, names[i], NULL);

		(void)host_want_peer(pair.local, path);
		(void)host_want_peer(pair.remote, path);
	}
	pair_run(&pair, shell);
	for (guint i = 0; geteuid() == 0 && names[i] != NULL; i++) {
		g_autofree char *path = g_strconcat(root, names[i], NULL);

		compare_peers(host_want_peer(pair.local, path), host_want_peer(pair.remote, path));
	}
	pair_done(&pair);
	remote_shell_free(g_steal_pointer(&shell));
	remote_end_wait(&end);
	close_tree(root);
}

/* ---- processes ---- */

static const struct host_process *find_process(const struct host_process_table *table, int64_t pid)
{
	for (guint i = 0; i < table->n_processes; i++) {
		if (table->processes[i].pid == pid)
			return &table->processes[i];
	}
	return NULL;
}

/* A name that was never set, and one that is empty, are one to a program that prints words. */
static const char *word(const char *text)
{
	return text == NULL ? "" : text;
}

static void compare_process(const struct host_process *local, const struct host_process *remote)
{
	g_assert_cmpint(remote->ppid, ==, local->ppid);
	g_assert_cmpint(remote->start_at, ==, local->start_at);
	if (!g_str_has_prefix(local->comm, "kworker")) /* named after what it works on */
		g_assert_cmpstr(remote->comm, ==, local->comm);
	g_assert_cmpstr(remote->exe, ==, local->exe);
	g_assert_cmpstr(word(remote->argv0), ==, word(local->argv0));
	g_assert_cmpstr(remote->cgroup, ==, local->cgroup);
	g_assert_cmpint(remote->pidns, ==, local->pidns);
	g_assert_cmpuint(remote->cmdline_size, ==, local->cmdline_size);
	g_assert_true((remote->cmdline == NULL) == (local->cmdline == NULL));
}

/* Processes that stay are the same; those that come, go or become another program are left out. */
static guint compare_processes(const struct host_process_table *before,
			       const struct host_process_table *remote,
			       const struct host_process_table *after)
{
	guint compared = 0;

	compare_states(&before->state, &remote->state);
	g_assert_cmpint(remote->pidns, ==, before->pidns);
	g_assert_cmpint(remote->is_first_pidns, ==, before->is_first_pidns);
	for (guint i = 0; i < before->n_processes; i++) {
		const struct host_process *local = &before->processes[i];
		const struct host_process *later = find_process(after, local->pid);
		const struct host_process *other = find_process(remote, local->pid);

		if (later == NULL || later->start_at != local->start_at ||
		    later->ppid != local->ppid || strcmp(later->comm, local->comm) != 0 ||
		    g_strcmp0(later->exe, local->exe) != 0 ||
		    g_strcmp0(later->cgroup, local->cgroup) != 0 ||
		    g_strcmp0(later->argv0, local->argv0) != 0)
			continue;
		g_test_message("process %" G_GINT64_FORMAT " %s", local->pid, local->comm);
		g_assert_nonnull(other);
		compare_process(local, other);
		compared++;
	}
	return compared;
}

static const struct host_process_table *local_processes(struct host_batch *batch)
{
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(host) *host = host_local_new("/", NULL, &error);
	const struct host_process_table *table = host_want_processes(batch);

	g_assert_no_error(error);
	g_assert_true(host_run(host, batch, &error));
	return table;
}

static void test_processes(void)
{
	for (guint i = 0; i < remote_end_n_kinds; i++) {
		g_autoptr(GError) error = NULL;
		struct remote_end end;
		PLIMSOLL_AUTO(remote_shell) *shell = remote_end_shell(&remote_end_kinds[i], &end);
		struct pair first;
		struct pair second;
		const struct host_process_table *remote = NULL;

		if (shell == NULL)
			continue;
		g_test_message("shell %s", remote_end_kinds[i].name);
		pair_init(&first);
		pair_init(&second);
		remote = host_want_processes(first.remote);
		(void)local_processes(first.local);
		g_assert_true(remote_shell_ask(shell, first.remote, &error));
		g_assert_cmpuint(compare_processes(host_want_processes(first.local), remote,
						   local_processes(second.local)),
				 >, 2);
		pair_done(&first);
		pair_done(&second);
		remote_shell_free(g_steal_pointer(&shell));
		remote_end_wait(&end);
	}
}

static void compare_selves(const struct host_self *local, const struct host_self *remote)
{
	compare_states(&local->state, &remote->state);
	g_assert_cmpint(remote->uid, ==, local->uid);
	g_assert_cmphex((guint64)remote->caps, ==, (guint64)local->caps);
	g_assert_cmpint(remote->has_userns, ==, local->has_userns);
	g_assert_cmpint(remote->in_userns, ==, local->in_userns);
	g_assert_cmpint(remote->pidns, ==, local->pidns);
	g_assert_cmpint(remote->has_foreign_root, ==, local->has_foreign_root);
	g_assert_cmpstr(remote->kernel, ==, local->kernel);
	g_assert_cmpstr(remote->hostname, ==, local->hostname);
	g_assert_cmpstr(remote->container_id, ==, local->container_id);
}

static void test_self(void)
{
	for (guint i = 0; i < remote_end_n_kinds; i++) {
		struct remote_end end;
		PLIMSOLL_AUTO(remote_shell) *shell = remote_end_shell(&remote_end_kinds[i], &end);
		struct pair pair;

		if (shell == NULL)
			continue;
		pair_init(&pair);
		(void)host_want_self(pair.local);
		(void)host_want_self(pair.remote);
		pair_run(&pair, shell);
		compare_selves(host_want_self(pair.local), host_want_self(pair.remote));
		pair_done(&pair);
		remote_shell_free(g_steal_pointer(&shell));
		remote_end_wait(&end);
	}
}

/* ---- somebody else than root ---- */

static const char *const others_names[] = {"/a/file",      "/secret", "/closed", "/closed/file",
					   "/closed/none", "/link",   "/none",   NULL};

/* In a process of its own: both hosts as a user who may see little. */
static void compare_as_nobody(const char *root)
{
	enum { NOBODY = 65534 };

	g_assert_cmpint(setresgid(NOBODY, NOBODY, NOBODY), ==, 0);
	g_assert_cmpint(setresuid(NOBODY, NOBODY, NOBODY), ==, 0);
	g_assert_cmpint(prctl(PR_SET_DUMPABLE, 1), ==, 0);
	check_names(root, others_names);
	check_names("", machine_names);
	test_processes();
	test_self();
}

static void test_nobody(void)
{
	g_autofree char *root = NULL;
	g_autofree char *secret = NULL;
	int status = 0;
	pid_t child = -1;

	if (geteuid() != 0) {
		g_test_skip("nobody else can be tried");
		return;
	}
	root = make_tree();
	tree_write(root, "/secret", "s");
	secret = g_strconcat(root, "/secret", NULL);
	g_assert_cmpint(chmod(root, 0755), ==, 0);
	g_assert_cmpint(chmod(secret, 0600), ==, 0);
	child = fork();
	if (child == 0) {
		compare_as_nobody(root);
		_exit(0);
	}
	g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	g_assert_cmpint(status, ==, 0);
	close_tree(root);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/remote-shell/answers-of-a-tree-are-the-local-ones", test_tree);
	g_test_add_func("/remote-shell/answers-of-this-machine-are-the-local-ones", test_machine);
	g_test_add_func("/remote-shell/processes-are-the-local-ones", test_processes);
	g_test_add_func("/remote-shell/what-may-hang-is-asked-aside", test_suspects);
	g_test_add_func("/remote-shell/the-peer-is-who-listens", test_peer);
	g_test_add_func("/remote-shell/it-knows-itself", test_self);
	g_test_add_func("/remote-shell/what-nobody-may-see-is-hidden-alike", test_nobody);
	return g_test_run();
}
