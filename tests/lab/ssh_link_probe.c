/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection of ssh_link.h from the command line, for tests/lab/test_ssh_link.py:
 *
 *   ssh_link_probe OPTION... open | run COMMAND | reach PATH | many N COMMAND | hold MS |
 *                  again MS COMMAND
 *
 * stdin goes into the stream, what comes out of it to stdout. Exit 1: "error CODE TEXT" on stderr.
 * At the end no descriptor may be open that was not before: exit 3.
 */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/ssh/ssh_link.h"
#include "agent/ssh/ssh_passphrase.h"

enum { MANY = 64, BYTES = 64 << 10 };

static struct {
	char *host, *user, *alias, *agent, *transport, **known, **keys;
	int port, connect_ms, cut_ms, slow_us;
	gboolean accept_new, hash, identities_only, ask, no_eof;
} given = {.host = NULL, .port = 22};

static const GOptionEntry entries[] = {
	{"host", 0, 0, G_OPTION_ARG_STRING, &given.host, "", NULL},
	{"port", 0, 0, G_OPTION_ARG_INT, &given.port, "", NULL},
	{"user", 0, 0, G_OPTION_ARG_STRING, &given.user, "", NULL},
	{"alias", 0, 0, G_OPTION_ARG_STRING, &given.alias, "HostKeyAlias", NULL},
	{"agent", 0, 0, G_OPTION_ARG_STRING, &given.agent, "", NULL},
	{"transport", 0, 0, G_OPTION_ARG_STRING, &given.transport, "auto, openssh, or libssh2",
	 NULL},
	{"known", 0, 0, G_OPTION_ARG_STRING_ARRAY, &given.known, "", NULL},
	{"key", 0, 0, G_OPTION_ARG_STRING_ARRAY, &given.keys, "", NULL},
	{"connect-ms", 0, 0, G_OPTION_ARG_INT, &given.connect_ms, "", NULL},
	{"cut-ms", 0, 0, G_OPTION_ARG_INT, &given.cut_ms, "cut by another thread", NULL},
	{"slow-us", 0, 0, G_OPTION_ARG_INT, &given.slow_us, "pause before each read", NULL},
	{"accept-new", 0, 0, G_OPTION_ARG_NONE, &given.accept_new, "", NULL},
	{"hash", 0, 0, G_OPTION_ARG_NONE, &given.hash, "", NULL},
	{"identities-only", 0, 0, G_OPTION_ARG_NONE, &given.identities_only, "", NULL},
	{"ask", 0, 0, G_OPTION_ARG_NONE, &given.ask, "", NULL},
	{"no-eof", 0, 0, G_OPTION_ARG_NONE, &given.no_eof, "the stream's input stays open", NULL},
	{NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL},
};

static int fail(GError *error)
{
	static const char *const names[] = {
		"config",  "resolve", "refused", "timeout", "negotiation", "unknown",   "changed",
		"revoked", "auth",    "shell",   "sudo",    "lost",        "cancelled", "local"};
	const char *name = error->domain == SSH_ERROR && (guint)error->code < G_N_ELEMENTS(names)
				   ? names[error->code]
				   : "?";

	fprintf(stderr, "error %s %s\n", name, error->message);
	g_error_free(error);
	return 1;
}

static enum ssh_transport transport(void)
{
	if (g_strcmp0(given.transport, "openssh") == 0)
		return SSH_TRANSPORT_OPENSSH;
	return g_strcmp0(given.transport, "auto") == 0 ? SSH_TRANSPORT_AUTO : SSH_TRANSPORT_LIBSSH2;
}

static struct ssh_link *open_link(GError **error)
{
	static char *none[] = {NULL};
	const struct ssh_config config = {
		.alias = given.host,
		.host = given.host,
		.port = (guint)given.port,
		.user = given.user,
		.host_key_alias = given.alias,
		.identity_files = given.keys == NULL ? none : given.keys,
		.known_hosts = given.known == NULL ? none : given.known,
		.agent_socket = given.agent,
		.identities_only = given.identities_only,
		.hash_known_hosts = given.hash,
		.has_client = true,
	};
	const struct ssh_options options = {
		.transport = transport(),
		.host_key_policy = given.accept_new ? SSH_HOST_KEY_ACCEPT_NEW : SSH_HOST_KEY_STRICT,
		.ask_passphrase = given.ask,
		.connect_ms = given.connect_ms,
	};

	return ssh_link_open(&config, &options, NULL, error);
}

/* After the first bytes came. */
static gint has_begun;

static gpointer cut_later(gpointer link)
{
	while (g_atomic_int_get(&has_begun) == 0)
		g_usleep(10000);
	g_usleep((gulong)given.cut_ms * 1000);
	ssh_link_cut(link);
	ssh_link_cut(link);
	return NULL;
}

static void write_whole(int fd, const char *at, ssize_t left)
{
	while (left > 0) {
		ssize_t written = write(fd, at, (size_t)left);

		if (written < 0 && errno == EAGAIN) {
			struct pollfd item = {.fd = fd, .events = POLLOUT};
			(void)poll(&item, 1, -1);
			continue;
		}
		if (written <= 0)
			return;
		at += written;
		left -= written;
	}
}

/* stdin into the stream, in a thread, since either side may wait for the other. */
static gpointer feed(gpointer data)
{
	int fd = GPOINTER_TO_INT(data);
	g_autofree char *bytes = g_malloc(BYTES);
	ssize_t got = 0;

	while ((got = read(STDIN_FILENO, bytes, BYTES)) > 0)
		write_whole(fd, bytes, got);
	if (!given.no_eof)
		(void)shutdown(fd, SHUT_WR);
	return NULL;
}

static void drain(int fd, int to)
{
	g_autofree char *bytes = g_malloc(BYTES);
	struct pollfd item = {.fd = fd, .events = POLLIN};

	for (;;) {
		if (given.slow_us > 0)
			g_usleep((gulong)given.slow_us);
		(void)poll(&item, 1, -1);
		ssize_t got = read(fd, bytes, BYTES);
		if (got < 0 && errno == EAGAIN)
			continue;
		if (got <= 0)
			break;
		g_atomic_int_set(&has_begun, 1);
		write_whole(to, bytes, got);
	}
	g_atomic_int_set(&has_begun, 1);
}

static int copy(int fd)
{
	GThread *feeder = g_thread_new("feed", feed, GINT_TO_POINTER(fd));

	drain(fd, STDOUT_FILENO);
	(void)shutdown(fd, SHUT_RDWR);
	g_thread_join(feeder);
	(void)close(fd);
	return 0;
}

static gpointer count_bytes(gpointer data)
{
	int fd = GPOINTER_TO_INT(data);
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	g_autofree char *bytes = g_malloc(BYTES);
	struct pollfd item = {.fd = fd, .events = POLLIN};
	ssize_t got = 0;

	for (;;) {
		(void)poll(&item, 1, -1);
		got = read(fd, bytes, BYTES);
		if (got < 0 && errno == EAGAIN)
			continue;
		if (got <= 0)
			break;
		g_checksum_update(sum, (const guchar *)bytes, got);
	}
	(void)close(fd);
	return g_strdup(g_checksum_get_string(sum));
}

/* N streams at once; a line with the SHA-256 of each. */
static int many(struct ssh_link *link, int n, const char *command, GError **error)
{
	GThread *threads[MANY] = {NULL};
	int opened = 0;

	for (; opened < MIN(n, MANY); opened++) {
		int fd = ssh_link_run(link, command, error);

		if (fd < 0)
			break;
		(void)shutdown(fd, SHUT_WR);
		threads[opened] = g_thread_new("count", count_bytes, GINT_TO_POINTER(fd));
	}
	for (int i = 0; i < opened; i++) {
		g_autofree char *sum = g_thread_join(threads[i]);
		printf("%s\n", sum);
	}
	return opened == n ? 0 : -1;
}

static int act(struct ssh_link *link, int argc, char **argv, GError **error)
{
	if (strcmp(argv[1], "open") == 0) {
		printf("%s %s %s\n", link->ops->transport, link->host_key_type,
		       link->host_key_fingerprint);
		return 0;
	}
	if (strcmp(argv[1], "hold") == 0 && argc > 2) {
		g_usleep((gulong)strtoul(argv[2], NULL, 10) * 1000);
		return 0;
	}
	if (strcmp(argv[1], "again") == 0 && argc > 3) {
		g_atomic_int_set(&has_begun, 1);
		g_usleep((gulong)strtoul(argv[2], NULL, 10) * 1000);
		return ssh_link_run(link, argv[3], error) < 0 ? -1 : 0;
	}
	if (strcmp(argv[1], "many") == 0 && argc > 3)
		return many(link, (int)strtol(argv[2], NULL, 10), argv[3], error);
	if (argc > 2) {
		int fd = strcmp(argv[1], "run") == 0 ? ssh_link_run(link, argv[2], error)
						     : ssh_link_reach(link, argv[2], error);
		return fd < 0 ? -1 : copy(fd);
	}
	return 2;
}

static int count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

static int use(int argc, char **argv)
{
	GError *error = NULL;
	struct ssh_link *link = open_link(&error);
	GThread *cutter = NULL;
	int status = 0;

	if (link == NULL)
		return fail(error);
	if (given.cut_ms > 0)
		cutter = g_thread_new("cut", cut_later, link);
	status = act(link, argc, argv, &error);
	if (cutter != NULL)
		g_thread_join(cutter);
	g_autofree char *words = ssh_link_last_words(link);
	if (words[0] != '\0')
		fprintf(stderr, "words %s\n", words);
	ssh_link_free(link);
	return status < 0 ? fail(error) : status;
}

int main(int argc, char **argv)
{
	g_autoptr(GOptionContext) context = g_option_context_new("");
	int before = count_descriptors(), status = 0;

	(void)signal(SIGPIPE, SIG_IGN);
	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, NULL) || argc < 2 ||
	    given.host == NULL || given.user == NULL)
		return 2;
	status = use(argc, argv);
	ssh_passphrase_forget();
	if (count_descriptors() != before) {
		fprintf(stderr, "descriptors: %d before, %d after\n", before, count_descriptors());
		return 3;
	}
	return status;
}
