/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of the API from a docker command: a script of that name in a shell of this machine. */
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/ssh/engine_command.h"
#include "agent/ssh/ssh_child.h"
#include "tests/unit/support/scratch.h"

#define ID     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST "sha256:" ID

/* A connection whose other machine is this one. */
struct near_link {
	struct ssh_link link;
	GArray *children;
};

static int run_here(struct ssh_link *link, const char *command, GError **error)
{
	const char *const argv[] = {"sh", "-c", command, NULL};
	int ends[2] = {-1, -1};
	pid_t pid = -1;

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
	pid = ssh_child_start(&(struct ssh_child){argv, ends[1], ends[1], -1, false}, error);
	g_assert_cmpint(pid, >, 0);
	g_array_append_val(((struct near_link *)link)->children, pid);
	plimsoll_auto_close(&ends[1]);
	return ends[0];
}

static const struct ssh_link_ops near_ops = {.transport = "near", .run = run_here};

struct asked {
	char *dir, *path;
	struct near_link link;
	struct engine_command *command;
};

/* script: the lines between `case "$*" in` and `esac`. */
static struct asked begin(const char *script)
{
	struct asked asked = {.dir = scratch_new(), .path = g_strdup(g_getenv("PATH"))};
	g_autofree char *program = scratch_path(asked.dir, "docker");
	g_autofree char *text =
		g_strdup_printf("#!/bin/sh\nshift 2\ncase \"$*\" in\n%s\nesac\n", script);
	g_autofree char *path = g_strdup_printf("%s:%s", asked.dir, asked.path);

	scratch_write(asked.dir, "docker", text, -1);
	g_assert_cmpint(g_chmod(program, 0700), ==, 0);
	g_setenv("PATH", path, TRUE);
	asked.link =
		(struct near_link){{.ops = &near_ops}, g_array_new(FALSE, FALSE, sizeof(pid_t))};
	return asked;
}

static void end(struct asked *asked)
{
	engine_command_free(asked->command);
	for (guint i = 0; i < asked->link.children->len; i++)
		ssh_child_end(g_array_index(asked->link.children, pid_t, i));
	g_array_unref(asked->link.children);
	g_setenv("PATH", asked->path, TRUE);
	g_free(asked->path);
	scratch_free(asked->dir);
}

static void keep_body(struct host_get *request, void *data)
{
	*(char **)data = g_strdup(request->body);
}

/* gives: the body; NULL: no answer. */
static char *get(struct asked *asked, const char *path, struct host_get *ret_request)
{
	struct host_get request = {.path = path};
	char *body = NULL;

	if (asked->command == NULL)
		asked->command = engine_command_new(&asked->link.link, "docker -H 'unix:///s'");
	engine_command_get(asked->command, &request, 1, keep_body, &body);
	if (ret_request != NULL)
		*ret_request = request;
	return body;
}

#define VERSION(client)                                                                            \
	"version*) echo '{\"Client\":{\"Version\":\"" client                                       \
	"\"},\"Server\":{\"Version\":\"20.10\",\"ApiVersion\":\"1.41\"}}' ;;\n"

static const struct {
	const char *name, *script, *path, *body; /* body NULL: no answer */
} cases[] = {
	{"ping", VERSION("20.10"), "/_ping", "OK"},
	{"version", VERSION("20.10"), "/version",
	 "{\"Version\":\"20.10\",\"ApiVersion\":\"1.41\"}"},
	{"no engine",
	 "version*) echo '{\"Client\":{\"Version\":\"1\"},\"Server\":null}'; exit 1 ;;", "/_ping",
	 NULL},
	{"a wrapper of something else", "version*) echo Podman ;;", "/_ping", NULL},
	{"no containers", "ps*) ;;", "/containers/json?all=1", "[]"},
	{"a list that failed is no empty one", "ps*) exit 1 ;;", "/containers/json?all=1", NULL},
	{"inspects that failed are no empty list",
	 "ps*) echo " ID " ;;\ninspect*) echo '[]'; exit 1 ;;", "/containers/json?all=1", NULL},
	{"containers",
	 "ps*) echo " ID " ;;\n"
	 "inspect*) echo '[{\"Id\":\"" ID "\",\"Name\":\"/a\",\"Image\":\"" DIGEST
	 "\",\"State\":{\"Status\":\"running\"}}]' ;;",
	 "/containers/json?all=1",
	 "[{\"Id\":\"" ID "\",\"Names\":[\"/a\"],\"ImageID\":\"" DIGEST
	 "\",\"State\":\"running\"}]"},
	{"cut in the middle",
	 "network\\ ls*) echo n ;;\nnetwork\\ inspect*) printf '[{\"Name\"' ;;", "/networks", NULL},
	{"a name is not run",
	 "volume\\ ls*) echo '$(exit 3);x*' ;;\nvolume\\ inspect*) shift 2; "
	 "echo \"[{\\\"Name\\\":\\\"$*\\\"}]\" ;;",
	 "/volumes", "{\"Volumes\":[{\"Name\":\"$(exit 3);x*\"}]}"},
	{"an image has one entry",
	 "images*) echo " DIGEST "; echo " DIGEST " ;;\n"
	 "image\\ inspect*) o='{\"Id\":\"" DIGEST
	 "\",\"RepoTags\":[\"a\",\"b\"],\"RepoDigests\":[],\"Size\":7}'; echo \"[$o,$o]\" ;;",
	 "/images/json",
	 "[{\"Id\":\"" DIGEST "\",\"RepoTags\":[\"a\",\"b\"],\"RepoDigests\":[],\"Size\":7}]"},
	{"a history has no times",
	 "history*) echo '{\"ID\":\"x\",\"CreatedBy\":\"RUN "
	 "a\",\"CreatedAt\":\"now\",\"Size\":\"5\","
	 "\"Comment\":\"\"}' ;;",
	 "/images/" DIGEST "/history",
	 "[{\"Id\":\"x\",\"CreatedBy\":\"RUN a\",\"Comment\":\"\",\"Size\":5}]"},
	{"services are not told", "*) echo '[]' ;;", "/services", NULL},
	{"what is not on the list", "*) echo '[]' ;;", "/secrets", NULL},
};

static void each_answer_is_that_of_the_api_or_none(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct asked asked = begin(cases[i].script);
		struct host_get request;
		g_autofree char *body = get(&asked, cases[i].path, &request);

		g_test_message("%s", cases[i].name);
		g_assert_cmpstr(body, ==, cases[i].body);
		g_assert_cmpint(request.http_status, ==, cases[i].body == NULL ? 0 : 200);
		g_assert_true((request.state.status == PLIMSOLL__FETCH__STATUS__OK) ==
			      (cases[i].body != NULL));
		end(&asked);
	}
}

static void an_inspect_is_kept_for_its_request(void)
{
	static const char path[] = "/containers/" ID "/json";
	struct asked asked =
		begin("ps*) echo " ID " ;;\ninspect*) echo '[{\"Id\":\"" ID "\"}]' ;;");
	g_autofree char *list = get(&asked, "/containers/json?all=1", NULL);
	g_autofree char *body = get(&asked, path, NULL);

	g_assert_nonnull(list);
	g_assert_cmpstr(body, ==, "{\"Id\":\"" ID "\"}");
	g_assert_cmpuint(asked.link.children->len, ==, 1);
	end(&asked);
}

static void a_client_of_another_release_does_not_tell_information(void)
{
	static const char *const clients[] = {VERSION("20.10"), VERSION("24.0")};

	for (guint i = 0; i < G_N_ELEMENTS(clients); i++) {
		g_autofree char *script =
			g_strconcat(clients[i], "info*) echo '{\"ID\":\"x\"}' ;;", NULL);
		struct asked asked = begin(script);
		g_autofree char *ping = get(&asked, "/_ping", NULL);
		g_autofree char *body = get(&asked, "/info", NULL);

		g_assert_cmpstr(ping, ==, "OK");
		g_assert_cmpstr(body, ==, i == 0 ? "{\"ID\":\"x\"}" : NULL);
		end(&asked);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/engine-command/answers", each_answer_is_that_of_the_api_or_none);
	g_test_add_func("/engine-command/kept", an_inspect_is_kept_for_its_request);
	g_test_add_func("/engine-command/release",
			a_client_of_another_release_does_not_tell_information);
	return g_test_run();
}
