/* SPDX-License-Identifier: Apache-2.0 */
/* Step 1 of the flow: which engine answers for a mounted tree. */
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "agent/collect.h"
#include "agent/host.h"
#include "tests/unit/agent/host_tree.h"
#include "tests/unit/agent/tiny_server.h"
#include "tests/unit/support/scratch.h"

static const struct tiny_answer answers[] = {
	{"/_ping", TINY_OK("2", "OK"), NULL, TINY_CLOSE},
	{NULL, NULL, NULL, TINY_CLOSE},
};

static void ignore(struct host_get *request, void *data)
{
	(void)request;
	(void)data;
}

static struct host_state ping(const char *root)
{
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(host_endpoint) *endpoint =
		host_endpoint_new("unix:///run/docker.sock.of.test", &error);
	PLIMSOLL_AUTO(host) *host = host_local_new(root, endpoint, &error);
	struct host_get request = {.path = "/_ping"};

	g_assert_no_error(error);
	host->ops->docker_get(host, &request, 1, ignore, NULL);
	request.state.detail = NULL;
	return request.state;
}

static void test_a_link_inside_the_tree_is_followed(void)
{
	PLIMSOLL_AUTO(tiny_server) *server = tiny_server_new(answers);
	g_autofree char *root = g_path_get_dirname(tiny_server_path(server));
	g_autofree char *name = g_path_get_basename(tiny_server_path(server));
	g_autofree char *target = g_strconcat("/", name, NULL);
	g_autofree char *link = g_build_filename(root, "run", "docker.sock.of.test", NULL);
	g_autofree char *run = g_path_get_dirname(link);

	tree_link(root, target, "/run/docker.sock.of.test");
	g_assert_cmpint(ping(root).status, ==, PLIMSOLL__FETCH__STATUS__OK);
	g_assert_cmpint(g_unlink(link), ==, 0);
	g_assert_cmpint(g_rmdir(run), ==, 0);
}

static void test_no_link_leads_out_of_the_tree(void)
{
	PLIMSOLL_AUTO(tiny_server) *server = tiny_server_new(answers);
	char *root = scratch_new();
	struct host_state state;

	tree_link(root, tiny_server_path(server), "/run/docker.sock.of.test");
	state = ping(root);
	g_assert_cmpint(state.status, ==, PLIMSOLL__FETCH__STATUS__HTTP_ERROR);
	g_assert_cmpint(state.errno_value, ==, ENOENT);
	g_assert_cmpuint(tiny_server_connections(server), ==, 0);
	scratch_free(root);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/host-socket/inside", test_a_link_inside_the_tree_is_followed);
	g_test_add_func("/host-socket/outside", test_no_link_leads_out_of_the_tree);
	return g_test_run();
}
