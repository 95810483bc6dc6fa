/* SPDX-License-Identifier: Apache-2.0 */
/* Units are found and put together as systemd does it. */
#include <string.h>

#include "agent/collect/unit_text.h"
#include "tests/unit/agent/host_tree.h"
#include "tests/unit/support/scratch.h"

/* words are joined by "|" */
static const struct {
	const char *claim, *command, *want;
} commands[] = {
	{"words stand at blanks", "/usr/bin/dockerd -H  fd://", "/usr/bin/dockerd|-H|fd://"},
	{"quotes keep blanks", "/d --label \"a b\" 'c d'", "/d|--label|a b|c d"},
	{"quotes may stand inside a word", "/d --x=\"a b\"c", "/d|--x=a bc"},
	{"escapes are undone", "/d a\\x20b \\u00e9 \\101 a\\\\b", "/d|a b|\xc3\xa9|A|a\\b"},
	{"unknown escapes stay", "/d a\\qb", "/d|a\\qb"},
	{"variables and specifiers stay", "/d $OPTS ${X} %n", "/d|$OPTS|${X}|%n"},
	{"the second command is another one", "/d -H fd:// ; /e", "/d|-H|fd://"},
	{"an empty word is a word", "/d \"\" x", "/d||x"},
	{"an open quote ends with the line", "/d \"a b", "/d|a b"},
	{"a form feed is no blank", "/d \f x", "/d|\f|x"},
	{"nothing gives nothing", "   ", ""},
};

static void test_words(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(commands); i++) {
		g_auto(GStrv) words = unit_text_words(commands[i].command);
		g_autofree char *joined = g_strjoinv("|", words);

		g_test_message("%s", commands[i].claim);
		g_assert_cmpstr(joined, ==, commands[i].want);
	}
}

static void append(const char *section, const char *key, const char *value, void *data)
{
	g_string_append_printf(data, "%s.%s=%s;", section, key, value);
}

static void test_lines(void)
{
	g_autoptr(GString) seen = g_string_new(NULL);

	unit_text_each("Lost=1\n[Service]\n# no\n; no\nA = 1 \nB=x \\\n# between\n  "
		       "y\n[Socket]\nC=\nnone\n"
		       "D=a=b\nE=end",
		       append, seen);
	g_assert_cmpstr(seen->str, ==,
			"Service.A=1;Service.B=x    y;Socket.C=;Socket.D=a=b;Socket.E=end;");
}

static char *list_text(char **list, size_t n)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (size_t i = 0; i < n; i++)
		g_string_append_printf(text, "%s%s", i > 0 ? " " : "", list[i]);
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static char *option_text(const Plimsoll__Unit *unit)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (size_t i = 0; i < unit->n_option; i++)
		g_string_append_printf(text, "%s%s=%s", i > 0 ? " " : "", unit->option[i]->name,
				       unit->option[i]->value == NULL ? "?"
								      : unit->option[i]->value);
	return g_string_free(g_steal_pointer(&text), FALSE);
}

/* With the folders that every host has: what lacks them is no whole tree. */
static char *new_tree(void)
{
	static const char *const folders[] = {"/etc", "/lib", "/run", "/usr"};
	char *root = scratch_new();

	for (guint i = 0; i < G_N_ELEMENTS(folders); i++)
		tree_folder(root, folders[i]);
	return root;
}

static void test_search_order(void)
{
	char *root = new_tree();
	PLIMSOLL_AUTO(collection) *collection = NULL;
	const Plimsoll__Unit *unit = NULL;

	tree_write(root, "/usr/lib/systemd/system/docker.service",
		   "[Service]\nExecStart=/usr/lib/dockerd\n");
	tree_write(root, "/run/systemd/system/docker.service",
		   "[Service]\nExecStart=/run/dockerd\n");
	tree_write(root, "/etc/systemd/system/docker.service",
		   "[Service]\nExecStart=-/etc/dockerd -H fd://\n");
	collection = tree_collect(root);
	unit = find_unit(collection, "docker.service");
	g_assert_cmpstr(unit->fragment, ==, "/etc/systemd/system/docker.service");
	g_assert_cmpstr(unit->exec_path, ==, "/etc/dockerd");
	g_assert_cmpint(find_unit(collection, "docker.socket")->status, ==,
			PLIMSOLL__FETCH__STATUS__ABSENT);
	g_assert_nonnull(find_file(collection, PLIMSOLL__FILE__ROLE__DOCKER_SERVICE,
				   "/etc/systemd/system/docker.service"));
	g_assert_null(find_file(collection, PLIMSOLL__FILE__ROLE__DOCKER_SERVICE,
				"/usr/lib/systemd/system/docker.service"));
	scratch_free(root);
}

static void test_dropins(void)
{
	char *root = new_tree();
	PLIMSOLL_AUTO(collection) *collection = NULL;
	const Plimsoll__Unit *unit = NULL;
	g_autofree char *dropins = NULL;
	g_autofree char *options = NULL;
	g_autofree char *files = NULL;

	tree_write(root, "/usr/lib/systemd/system/docker.service",
		   "[Service]\nEnvironmentFile=-/etc/default/docker\nEnvironment=SECRET=1\n"
		   "ExecStart=/usr/bin/dockerd -H fd://\n");
	tree_write(root, "/etc/systemd/system/service.d/50-type.conf",
		   "[Service]\nEnvironmentFile=/etc/of-type\n");
	tree_write(root, "/usr/lib/systemd/system/docker.service.d/10-same.conf",
		   "[Service]\nExecStart=\nExecStart=/hidden\n");
	tree_write(root, "/etc/systemd/system/docker.service.d/10-same.conf",
		   "[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd \\\n"
		   "  --log-level=debug --label secret=1\n");
	tree_write(root, "/run/systemd/system/docker.service.d/20-env.conf",
		   "[Service]\nEnvironmentFile=\nEnvironmentFile=/etc/second\n");
	tree_write(root, "/run/systemd/system/docker.service.d/readme",
		   "[Service]\nExecStart=/no\n");
	tree_link(root, "/dev/null", "/etc/systemd/system/docker.service.d/90-off.conf");
	tree_write(root, "/dev/null", "");
	tree_write(root, "/usr/lib/systemd/system/docker.service.d/90-off.conf",
		   "[Service]\nExecStart=/no\n");
	collection = tree_collect(root);
	unit = find_unit(collection, "docker.service");
	dropins = list_text(unit->dropin, unit->n_dropin);
	options = option_text(unit);
	files = list_text(unit->environment_file, unit->n_environment_file);
	g_assert_cmpint(unit->status, ==, PLIMSOLL__FETCH__STATUS__OK);
	g_assert_cmpstr(dropins, ==,
			"/etc/systemd/system/docker.service.d/10-same.conf "
			"/run/systemd/system/docker.service.d/20-env.conf "
			"/etc/systemd/system/service.d/50-type.conf");
	g_assert_cmpstr(unit->exec_path, ==, "/usr/sbin/dockerd");
	g_assert_cmpstr(options, ==, "log-level=debug label=?");
	g_assert_cmpstr(files, ==, "/etc/second /etc/of-type");
	g_assert_nonnull(find_file(collection, PLIMSOLL__FILE__ROLE__DOCKER_SERVICE_DROPIN,
				   "/etc/systemd/system/docker.service.d/10-same.conf"));
	scratch_free(root);
}

static void test_listeners(void)
{
	char *root = new_tree();
	PLIMSOLL_AUTO(collection) *collection = NULL;
	g_autofree char *listens = NULL;
	const Plimsoll__Unit *unit = NULL;

	tree_write(root, "/usr/lib/systemd/system/docker.socket",
		   "[Socket]\nListenStream=/run/docker.sock\nListenStream=2375\n");
	tree_write(root, "/etc/systemd/system/docker.socket.d/a.conf",
		   "[Socket]\nListenStream=\nListenStream=%t/other.sock\n"
		   "ListenStream=127.0.0.1:2376\nListenDatagram=/run/not.sock\n");
	collection = tree_collect(root);
	unit = find_unit(collection, "docker.socket");
	listens = list_text(unit->listen, unit->n_listen);
	g_assert_cmpstr(listens, ==, "/run/other.sock 127.0.0.1:2376");
	g_assert_nonnull(
		find_file(collection, PLIMSOLL__FILE__ROLE__API_SOCKET, "/run/other.sock"));
	scratch_free(root);
}

static void test_masked(void)
{
	char *root = new_tree();
	PLIMSOLL_AUTO(collection) *collection = NULL;
	const Plimsoll__Unit *unit = NULL;

	tree_write(root, "/dev/null", "");
	tree_link(root, "/dev/null", "/etc/systemd/system/docker.service");
	tree_write(root, "/usr/lib/systemd/system/docker.service",
		   "[Service]\nExecStart=/usr/bin/dockerd\n");
	tree_write(root, "/etc/systemd/system/docker.socket", "");
	collection = tree_collect(root);
	unit = find_unit(collection, "docker.service");
	g_assert_true(unit->masked);
	g_assert_null(unit->exec_path);
	g_assert_true(find_unit(collection, "docker.socket")->masked);
	scratch_free(root);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/unit/text: commands are split as systemd splits them", test_words);
	g_test_add_func("/unit/text: continued lines, comments, sections", test_lines);
	g_test_add_func("/unit/the first fragment of the search order counts", test_search_order);
	g_test_add_func("/unit/drop-ins apply by name, with resets", test_dropins);
	g_test_add_func("/unit/listeners of the socket unit", test_listeners);
	g_test_add_func("/unit/a masked unit says nothing", test_masked);
	return g_test_run();
}
