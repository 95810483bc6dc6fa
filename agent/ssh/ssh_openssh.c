/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The variant of ssh_link.h that is the OpenSSH client: one child holds the connection (a master
 * without a session of its own), every command is another child that hands its stdin and stdout on
 * to it, and a forwarded socket is one that the master listens on in our private folder. No shell
 * of this machine is involved.
 */
#include "agent/ssh/ssh_openssh.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "agent/ssh/ssh_child.h"
#include "agent/ssh/ssh_client_log.h"
#include "agent/ssh/ssh_folder.h"
#include "agent/ssh/ssh_link.h"
#include "agent/ssh/ssh_words.h"
#include "proto/limits.h"

enum { TICK_MS = 50, CHUNK_BYTES = 4096, FORWARD_MS = 10000 };

struct ssh_openssh {
	struct ssh_link link;
	char *folder, *control, *forward;
	char *forward_path; /* over there, of the socket "forward"; NULL: none yet; below lock */
	int log_fd;         /* a FIFO that the master logs into */
	int words_fd, words_end_fd; /* a pipe: everybody's stderr */
	int stop_fd;
	GThread *reader; /* of the two, once the connection stands */
	GMutex lock;
	struct ssh_client_log log; /* this and the next four below lock */
	pid_t master;              /* 0: none */
	GArray *clients;           /* pid_t */
	GString *words;
	bool is_cut;
};

/* ---------------------------------------------------------------- what the children say */

static void take_words(struct ssh_openssh *self)
{
	char chunk[CHUNK_BYTES];
	ssize_t got = read(self->words_fd, chunk, sizeof(chunk));

	g_mutex_lock(&self->lock);
	if (got > 0)
		ssh_words_add(self->words, chunk, (gsize)got);
	g_mutex_unlock(&self->lock);
}

static void take_log(struct ssh_openssh *self)
{
	char chunk[CHUNK_BYTES];
	ssize_t got = read(self->log_fd, chunk, sizeof(chunk));

	g_mutex_lock(&self->lock);
	if (got > 0)
		ssh_client_log_add(&self->log, chunk, (gsize)got);
	g_mutex_unlock(&self->lock);
}

/* Reads what is there; false: it was told to stop, or nothing came in time. */
static bool listen_once(struct ssh_openssh *self, int timeout_ms)
{
	struct pollfd waiting[] = {{.fd = self->log_fd, .events = POLLIN},
				   {.fd = self->words_fd, .events = POLLIN},
				   {.fd = self->stop_fd, .events = POLLIN}};
	int ready = poll(waiting, G_N_ELEMENTS(waiting), timeout_ms);

	if (ready <= 0)
		return ready < 0 && errno == EINTR;
	if ((waiting[0].revents & POLLIN) != 0)
		take_log(self);
	if ((waiting[1].revents & POLLIN) != 0)
		take_words(self);
	return waiting[2].revents == 0;
}

static gpointer listen_on(gpointer data)
{
	while (listen_once(data, -1))
		;
	return NULL;
}

static char *link_last_words(struct ssh_link *link)
{
	struct ssh_openssh *self = (struct ssh_openssh *)link;
	g_autoptr(GString) all = NULL;

	g_mutex_lock(&self->lock);
	all = g_string_new_len(self->words->str, (gssize)self->words->len);
	ssh_words_add(all, self->log.text->str, self->log.text->len);
	g_mutex_unlock(&self->lock);
	return ssh_words_show(all);
}

/* ---------------------------------------------------------------- streams */

static int set_lost(GError **error)
{
	g_set_error(error, SSH_ERROR, SSH_ERROR_LOST, "the connection has ended");
	return -1;
}

/* Whether the master is there; what has ended is reaped. Below lock. */
static bool is_alive(struct ssh_openssh *self)
{
	for (guint i = self->clients->len; i-- > 0;)
		if (ssh_child_has_ended(g_array_index(self->clients, pid_t, i)))
			g_array_remove_index_fast(self->clients, i);
	if (self->master != 0 && ssh_child_has_ended(self->master))
		self->master = 0;
	return self->master != 0 && !self->is_cut;
}

/* Below lock, so that a cut in another thread meets every child. */
static int start_client(struct ssh_openssh *self, const char *command, GError **error)
{
	g_auto(GStrv) argv = ssh_openssh_client_argv(self->control, NULL, command);
	int ends[2] = {-1, -1};
	PLIMSOLL_AUTO_FD near_fd = -1, far_fd = -1;
	pid_t pid = -1;

	if (!is_alive(self))
		return set_lost(error);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0 ||
	    fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0) {
		g_set_error(error, SSH_ERROR, SSH_ERROR_LOCAL, "cannot make a socket: %s",
			    g_strerror(errno));
		return -1;
	}
	near_fd = ends[0];
	far_fd = ends[1];
	pid = ssh_child_start(&(struct ssh_child){(const char *const *)argv, far_fd, far_fd,
						  self->words_end_fd, false},
			      error);
	if (pid < 0)
		return -1;
	g_array_append_val(self->clients, pid);
	return plimsoll_steal_fd(&near_fd);
}

static int link_run(struct ssh_link *link, const char *command, GError **error)
{
	struct ssh_openssh *self = (struct ssh_openssh *)link;
	int fd = -1;

	g_mutex_lock(&self->lock);
	fd = start_client(self, command, error);
	g_mutex_unlock(&self->lock);
	return fd;
}

static bool ask_forward(const struct ssh_openssh *self, const char *socket_path, GError **error)
{
	g_autofree char *forward = g_strdup_printf("%s:%s", self->forward, socket_path);
	g_auto(GStrv) argv = ssh_openssh_client_argv(self->control, forward, NULL);
	struct ssh_child_output output = {0};
	bool is_done = false;

	if (!ssh_child_run((const char *const *)argv, FORWARD_MS, &output, error))
		return false;
	is_done = output.exit_status == 0;
	if (!is_done)
		g_set_error(error, SSH_ERROR, SSH_ERROR_SHELL, "cannot forward \"%s\": %s",
			    socket_path, g_strstrip(output.err));
	ssh_child_output_done(&output);
	return is_done;
}

/* Below lock: the first one that comes asks for it. */
static bool has_forward(struct ssh_openssh *self, const char *socket_path, GError **error)
{
	if (!is_alive(self)) {
		(void)set_lost(error);
		return false;
	}
	if (!ssh_folder_is_plain(socket_path) ||
	    (self->forward_path != NULL && strcmp(self->forward_path, socket_path) != 0)) {
		g_set_error(error, SSH_ERROR, SSH_ERROR_SHELL, "cannot forward \"%s\"",
			    socket_path);
		return false;
	}
	if (self->forward_path == NULL && ask_forward(self, socket_path, error))
		self->forward_path = g_strdup(socket_path);
	return self->forward_path != NULL;
}

static int link_reach(struct ssh_link *link, const char *socket_path, GError **error)
{
	struct ssh_openssh *self = (struct ssh_openssh *)link;
	PLIMSOLL_AUTO_FD fd = -1;
	bool is_there = false;

	g_mutex_lock(&self->lock);
	is_there = has_forward(self, socket_path, error);
	g_mutex_unlock(&self->lock);
	if (!is_there)
		return -1;
	fd = ssh_folder_connect(self->forward);
	if (fd < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		return set_lost(error);
	return plimsoll_steal_fd(&fd);
}

/* ---------------------------------------------------------------- the end */

static void link_cut(struct ssh_link *link)
{
	struct ssh_openssh *self = (struct ssh_openssh *)link;

	g_mutex_lock(&self->lock);
	self->is_cut = true;
	if (self->master != 0)
		(void)kill(self->master, SIGTERM);
	for (guint i = 0; i < self->clients->len; i++)
		(void)kill(g_array_index(self->clients, pid_t, i), SIGTERM);
	g_mutex_unlock(&self->lock);
}

static void end_children(struct ssh_openssh *self)
{
	if (self->master != 0)
		ssh_child_end(self->master);
	for (guint i = 0; i < self->clients->len; i++)
		ssh_child_end(g_array_index(self->clients, pid_t, i));
}

static void link_free(struct ssh_link *link)
{
	struct ssh_openssh *self = (struct ssh_openssh *)link;

	link_cut(link);
	end_children(self);
	if (self->reader != NULL) {
		(void)eventfd_write(self->stop_fd, 1);
		g_thread_join(self->reader);
	}
	plimsoll_auto_close(&self->log_fd);
	plimsoll_auto_close(&self->words_fd);
	plimsoll_auto_close(&self->words_end_fd);
	plimsoll_auto_close(&self->stop_fd);
	ssh_folder_free(self->folder);
	ssh_client_log_done(&self->log);
	g_mutex_clear(&self->lock);
	g_array_unref(self->clients);
	g_string_free(self->words, TRUE);
	g_free(self->control);
	g_free(self->forward);
	g_free(self->forward_path);
	g_free(link->host_key_type);
	g_free(link->host_key_fingerprint);
	g_free(link->why);
	g_free(self);
}

static const struct ssh_link_ops ops = {
	.transport = "ssh-openssh",
	.run = link_run,
	.reach = link_reach,
	.cut = link_cut,
	.last_words = link_last_words,
	.free = link_free,
};

/* ---------------------------------------------------------------- connecting */

static struct ssh_openssh *link_new(void)
{
	struct ssh_openssh *self = g_new0(struct ssh_openssh, 1);

	self->link.ops = &ops;
	self->log_fd = self->words_fd = self->words_end_fd = self->stop_fd = -1;
	self->clients = g_array_new(FALSE, FALSE, sizeof(pid_t));
	self->words = g_string_new(NULL);
	g_mutex_init(&self->lock);
	ssh_client_log_init(&self->log);
	return self;
}

static bool make_places(struct ssh_openssh *self, char **ret_log_path, GError **error)
{
	g_autofree char *log_path = NULL;
	int ends[2] = {-1, -1};

	self->folder = ssh_folder_new(error);
	if (self->folder == NULL)
		return false;
	self->control = g_build_filename(self->folder, "c", NULL);
	self->forward = g_build_filename(self->folder, "f", NULL);
	log_path = g_build_filename(self->folder, "log", NULL);
	self->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (pipe2(ends, O_CLOEXEC) == 0) {
		self->words_fd = ends[0];
		self->words_end_fd = ends[1];
	}
	/* For writing as well: then it has no end while no master has opened it yet. */
	if (mkfifo(log_path, 0600) == 0)
		self->log_fd = open(log_path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (self->log_fd < 0 || self->words_fd < 0 || self->stop_fd < 0) {
		g_set_error(error, SSH_ERROR, SSH_ERROR_LOCAL, "cannot make a pipe: %s",
			    g_strerror(errno));
		return false;
	}
	*ret_log_path = g_steal_pointer(&log_path);
	return true;
}

/* The client makes the socket of a master only when it is signed in, and under its final name only
 * when it listens. */
static bool is_signed_in(const struct ssh_openssh *self)
{
	return self->log.fingerprint != NULL && g_file_test(self->control, G_FILE_TEST_EXISTS);
}

static bool set_overdue(const char *host, gint64 wait_ms, GError **error)
{
	g_set_error(error, SSH_ERROR, SSH_ERROR_TIMEOUT,
		    "\"%s\": not signed in after %" G_GINT64_FORMAT " s", host, wait_ms / 1000);
	return false;
}

/* The client has told the key by now, but maybe what was read so far told another one. */
static bool check_log(struct ssh_openssh *self, const char *host, gint64 wait_ms,
		      gint64 deadline_us, GError **error)
{
	while (listen_once(self, 0))
		if (g_get_monotonic_time() > deadline_us)
			return set_overdue(host, wait_ms, error);
	if (!self->log.is_contradictory)
		return true;
	g_set_error(error, SSH_ERROR, SSH_ERROR_KEY_CHANGED,
		    "\"%s\" claims to have another host key than the one that ssh accepted", host);
	return false;
}

/* false: the child has ended, or must. */
static bool wait_for_sign_in(struct ssh_openssh *self, const char *host, gint64 wait_ms,
			     const gint *cancelled, GError **error)
{
	gint64 deadline_us = g_get_monotonic_time() + wait_ms * 1000;

	while (!is_signed_in(self)) {
		if (listen_once(self, TICK_MS))
			continue;
		if (is_signed_in(self))
			break;
		if (ssh_child_has_ended(self->master)) {
			self->master = 0;
			while (listen_once(self, 0))
				;
			g_propagate_error(error,
					  ssh_client_log_error(&self->log, host, self->words->str));
			return false;
		}
		if (cancelled != NULL && __atomic_load_n(cancelled, __ATOMIC_SEQ_CST) != 0) {
			g_set_error(error, SSH_ERROR, SSH_ERROR_CANCELLED, "cancelled");
			return false;
		}
		if (g_get_monotonic_time() > deadline_us)
			return set_overdue(host, wait_ms, error);
	}
	return check_log(self, host, wait_ms, deadline_us, error);
}

static bool start_master(struct ssh_openssh *self, const struct ssh_config *config,
			 const struct ssh_options *options, GError **error)
{
	g_autofree char *log_path = NULL;
	g_auto(GStrv) argv = NULL;
	pid_t pid = -1;

	if (!make_places(self, &log_path, error))
		return false;
	argv = ssh_openssh_master_argv(config, options, self->control, log_path);
	pid = ssh_child_start(&(struct ssh_child){(const char *const *)argv, -1, -1,
						  self->words_end_fd, options->ask_passphrase},
			      error);
	if (pid < 0)
		return false;
	self->master = pid;
	return true;
}

struct ssh_link *ssh_openssh_open(const struct ssh_config *config,
				  const struct ssh_options *options, const gint *cancelled,
				  GError **error)
{
	struct ssh_openssh *self = link_new();
	/* Whoever is asked for a passphrase needs time to find it. */
	gint64 wait_ms = options->ask_passphrase   ? LIMIT_SSH_TOTAL_MS
			 : options->connect_ms > 0 ? options->connect_ms
						   : LIMIT_SSH_CONNECT_MS;

	if (!start_master(self, config, options, error) ||
	    !wait_for_sign_in(self, config->alias, wait_ms, cancelled, error)) {
		link_free(&self->link);
		return NULL;
	}
	self->link.host_key_type = g_strdup(self->log.key_type);
	self->link.host_key_fingerprint = g_strdup(self->log.fingerprint);
	self->reader = g_thread_try_new("ssh-words", listen_on, self, NULL);
	if (self->reader == NULL) {
		g_set_error_literal(error, SSH_ERROR, SSH_ERROR_LOCAL, "no thread can be started");
		link_free(&self->link);
		return NULL;
	}
	return &self->link;
}
