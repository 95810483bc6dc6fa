/* SPDX-License-Identifier: Apache-2.0 */
/* How one machine is named in a word, and what is refused before ssh sees it. */
#include <string.h>

#include "agent/ssh_target.h"
#include "tests/unit/support/scratch.h"

static const struct {
	const char *text;
	const char *user, *host;
	guint port;
	const char *socket;
} good[] = {
	{"web1", NULL, "web1", 0, NULL},
	{"root@web1", "root", "web1", 0, NULL},
	{"root@web1:2222", "root", "web1", 2222, NULL},
	{"web1:1", NULL, "web1", 1, NULL},
	{"web1:65535", NULL, "web1", 65535, NULL},
	{"10.0.0.7", NULL, "10.0.0.7", 0, NULL},
	{"my_alias-2.example", NULL, "my_alias-2.example", 0, NULL},
	{"::1", NULL, "::1", 0, NULL},
	{"root@::1", "root", "::1", 0, NULL},
	{"[::1]", NULL, "::1", 0, NULL},
	{"[2001:db8::7]:2222", NULL, "2001:db8::7", 2222, NULL},
	{"root@[fe80::1%eth0]:22", "root", "fe80::1%eth0", 22, NULL},
	{"fe80::1%eth0", NULL, "fe80::1%eth0", 0, NULL},
	{"ssh://root@web1", "root", "web1", 0, NULL},
	{"SSH://web1:22", NULL, "web1", 22, NULL},
	{"ssh://root@web1:22/", "root", "web1", 22, NULL},
	{"ssh://root@web1:22/run/user/1000/docker.sock", "root", "web1", 22,
	 "/run/user/1000/docker.sock"},
	{"ssh://[::1]:22/run/docker.sock", NULL, "::1", 22, "/run/docker.sock"},
	{"web1/run/podman/podman.sock", NULL, "web1", 0, "/run/podman/podman.sock"},
	{"web1/run/a@b.sock", NULL, "web1", 0, "/run/a@b.sock"},
	{"me@corp.example@web1", "me@corp.example", "web1", 0, NULL},
	{"CORP\\me@web1", "CORP\\me", "web1", 0, NULL},
};

static void test_good(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(good); i++) {
		g_autoptr(GError) error = NULL;
		PLIMSOLL_AUTO(ssh_target) *target = ssh_target_parse(good[i].text, &error);

		g_assert_no_error(error);
		g_assert_cmpstr(target->name, ==, good[i].text);
		g_assert_cmpstr(target->user, ==, good[i].user);
		g_assert_cmpstr(target->host, ==, good[i].host);
		g_assert_cmpuint(target->port, ==, good[i].port);
		g_assert_cmpstr(target->socket, ==, good[i].socket);
	}
}

/* says: a part of the message. */
static const struct {
	const char *text, *says;
} bad[] = {
	{"", "empty"},
	{"@web1", "user before"},
	{"root@", "no host name"},
	{":22", "no host name"},
	{"web1:", "port"},
	{"web1:0", "port"},
	{"web1:65536", "port"},
	{"web1:22x", "port"},
	{"web1:-22", "port"},
	{"web1:+22", "port"},
	{"-oProxyCommand=id", "begin with"},
	{"root@-oProxyCommand=id", "begin with"},
	{"root@-web1", "begin with"},
	{"-l@web1", "no user name"},
	{"ro ot@web1", "blanks"},
	{"web1 ", "blanks"},
	{"web\t1", "blanks"},
	{"web1\n", "blanks"},
	{"web\x1b[2J", "blanks"},
	{"web\x7f", "blanks"},
	{"b\xc3\xbc"
	 "cher",
	 "blanks"},
	{"web;id", "letters"},
	{"$(id)", "letters"},
	{"`id`", "letters"},
	{"we%20b", "letters"},
	{"ro$ot@web1", "no user name"},
	{"ro%rt@web1", "no user name"},
	{"1:2:3", "more than one"},
	{"web1:22:33", "more than one"},
	{"[::1", "brackets"},
	{"[::1]22", "brackets"},
	{"[web1]:22", "no IPv6"},
	{"[::1%]:22", "no IPv6"},
	{"[::1%$x]:22", "no IPv6"},
	{"[::1]:x", "port"},
	{"[-oX]:22", "no IPv6"},
	{"ssh://", "no host name"},
	{"ssh:///run/docker.sock", "no host name"},
	{"tcp://web1:2376", "only ssh://"},
	{"ssh://web1/run/docker.sock?x=1", "\"?\""},
	{"ssh://web1/run/docker.sock#x", "\"?\""},
};

static void test_bad(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		PLIMSOLL_AUTO(ssh_target) *target = ssh_target_parse(bad[i].text, &error);

		g_test_message("%s", bad[i].text);
		g_assert_null(target);
		g_assert_error(error, SSH_ERROR, (int)SSH_ERROR_CONFIG);
		g_assert_nonnull(strstr(error->message, bad[i].says));
		g_assert_true(g_str_is_ascii(error->message));
		g_assert_null(strchr(error->message, '\x1b'));
	}
}

static void test_password(void)
{
	static const char *const words[] = {
		"root:hunter2@web1",
		"root:hunter2@web1:22",
		"ssh://root:hunter2@web1",
		"ssh://root:hunter2@web1/run/x",
		"root:hunt/hunter2@web1",
		"root:a@hunter2@web1",
		"ssh://root:a:hunter2@web1:22",
		"root:hunter2 @web1",
		"root:hunter2@web1:x",
		":hunter2@web1",
	};

	for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
		g_autoptr(GError) error = NULL;
		PLIMSOLL_AUTO(ssh_target) *target = ssh_target_parse(words[i], &error);

		g_assert_null(target);
		g_assert_nonnull(error);
		g_assert_null(strstr(error->message, "hunt"));
	}
}

static void test_too_long(void)
{
	static const struct {
		const char *before;
		guint n;
		const char *after;
		bool is_good;
	} cases[] = {
		{"", 253, "", true},    {"", 254, "", false},   {"", 5000, "", false},
		{"", 128, "@h", true},  {"", 129, "@h", false}, {"h/", 106, "", true},
		{"h/", 107, "", false},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *middle = g_strnfill(cases[i].n, 'a');
		g_autofree char *text = g_strconcat(cases[i].before, middle, cases[i].after, NULL);
		g_autoptr(GError) error = NULL;
		PLIMSOLL_AUTO(ssh_target) *target = ssh_target_parse(text, &error);

		g_assert_cmpint(target != NULL, ==, cases[i].is_good);
		g_assert_true(error == NULL || strlen(error->message) < 300);
	}
}

/* --- whom docker would ask --- */

static void write_context(const char *dir, const char *name, const char *host)
{
	g_autofree char *id = g_compute_checksum_for_string(G_CHECKSUM_SHA256, name, -1);
	g_autofree char *folder = g_build_filename(dir, "contexts", "meta", id, NULL);
	g_autofree char *text =
		g_strdup_printf("{\"Endpoints\": {\"docker\": {\"Host\": \"%s\"}}}", host);

	g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
	scratch_write(folder, "meta.json", text, -1);
}

static void test_docker(void)
{
	static const struct {
		const char *docker_host, *docker_context;
		const char *name, *host; /* NULL: an error that says: */
		const char *says;
	} cases[] = {
		{"ssh://root@web1:22", NULL, "ssh://root@web1:22", "web1", NULL},
		{"ssh://root@web1", "far", "ssh://root@web1", "web1", NULL},
		{NULL, "far", "context:far", "10.0.0.7", NULL},
		{NULL, NULL, NULL, NULL, "name a machine"},
		{NULL, "near", NULL, NULL, "no ssh:// endpoint"},
		{NULL, "broken", NULL, NULL, "password"},
		{NULL, "nobody", NULL, NULL, "no such context"},
		{"tcp://web1:2376", NULL, NULL, NULL, "DOCKER_HOST"},
		{"ssh://root:hunter2@web1", NULL, NULL, NULL, "password"},
	};
	char *dir = scratch_new();

	g_setenv("DOCKER_CONFIG", dir, TRUE);
	write_context(dir, "far", "ssh://root@10.0.0.7");
	write_context(dir, "near", "unix:///run/docker.sock");
	write_context(dir, "broken", "ssh://root:hunter2@web1");
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		PLIMSOLL_AUTO(ssh_target) *target = NULL;

		g_setenv("DOCKER_HOST", cases[i].docker_host != NULL ? cases[i].docker_host : "",
			 TRUE);
		g_setenv("DOCKER_CONTEXT",
			 cases[i].docker_context != NULL ? cases[i].docker_context : "", TRUE);
		target = ssh_target_of_environment(&error);
		g_assert_cmpstr(target != NULL ? target->name : NULL, ==, cases[i].name);
		g_assert_cmpstr(target != NULL ? target->host : NULL, ==, cases[i].host);
		g_assert_true(error == NULL || strstr(error->message, cases[i].says) != NULL);
		g_assert_true(error == NULL || strstr(error->message, "hunter2") == NULL);
	}
	scratch_free(dir);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/ssh-target/users, ports, addresses and sockets are read", test_good);
	g_test_add_func("/ssh-target/what ssh could take for something else is refused", test_bad);
	g_test_add_func("/ssh-target/a password is refused and never shown", test_password);
	g_test_add_func("/ssh-target/parts have their limits", test_too_long);
	g_test_add_func("/ssh-target/whom docker would ask can be scanned", test_docker);
	return g_test_run();
}
