/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Agentless: the door to a machine behind SSH. Its files and processes are asked by one shell over
 * there (remote_shell.h), its Engine by the client that asks a local one, on a socket that leads
 * there (engine_way.h). Both go over one connection to one machine, and the Engine is named by the
 * path of a socket of that machine, never by what its environment or docker contexts say.
 */
#include <string.h>

#include "agent/ssh/engine_way.h"
#include "agent/ssh/remote_shell.h"
#include "agent/sweep.h"
#include "proto/limits.h"

enum { TICK_US = 250 * 1000, END_TRIES = 5, END_TICK_US = 20 * 1000 };

struct host_ssh {
	struct host host;
	struct host_ops ops; /* with the connection's transport */
	struct ssh_link *link;
	struct remote_shell *shell;
	struct engine_way *way;
};

static const struct host_ssh *of_host(const struct host *host)
{
	return (const struct host_ssh *)host;
}

/* ---------------------------------------------------------------- behind the door */

static bool run_over_there(struct host *host, struct host_batch *batch, GError **error)
{
	return remote_shell_ask(of_host(host)->shell, batch, error);
}

static void get_from_engine(struct host *host, struct host_get *requests, guint n_requests,
			    void (*done)(struct host_get *request, void *data), void *data)
{
	engine_way_get(of_host(host)->way, requests, n_requests, done, data);
}

static void free_ssh(struct host *host)
{
	struct host_ssh *ssh = (struct host_ssh *)host;

	engine_way_free(ssh->way);
	remote_shell_free(ssh->shell);
	ssh_link_free(ssh->link);
	g_free(host->endpoint);
	g_free(host->socket_path);
	g_free(ssh);
}

void host_ssh_cut(struct host *host)
{
	ssh_link_cut(of_host(host)->link);
}

const char *host_ssh_key_type(const struct host *host)
{
	return of_host(host)->link->host_key_type;
}

const char *host_ssh_fingerprint(const struct host *host)
{
	return of_host(host)->link->host_key_fingerprint;
}

const char *host_ssh_transport_reason(const struct host *host)
{
	return of_host(host)->link->why;
}

const char *host_ssh_engine_way(const struct host *host)
{
	return engine_way_name(of_host(host)->way);
}

/* ---------------------------------------------------------------- the shell */

/* Ends the connection when somebody cancels while the shell is waited for. */
struct watch {
	struct ssh_link *link;
	const gint *cancelled;
	GMutex lock;
	GCond has_ended;
	bool is_over;
};

static gpointer watch_over(gpointer data)
{
	struct watch *watch = data;

	g_mutex_lock(&watch->lock);
	while (!watch->is_over) {
		if (__atomic_load_n(watch->cancelled, __ATOMIC_SEQ_CST) != 0) {
			ssh_link_cut(watch->link);
			break;
		}
		g_cond_wait_until(&watch->has_ended, &watch->lock,
				  g_get_monotonic_time() + TICK_US);
	}
	g_mutex_unlock(&watch->lock);
	return NULL;
}

static struct remote_shell *start_watched(struct ssh_link *link, int fd, const char *socket_path,
					  const gint *cancelled, GError **error)
{
	struct watch watch = {.link = link, .cancelled = cancelled};
	struct remote_shell *shell = NULL;
	GThread *thread = NULL;

	if (cancelled == NULL)
		return remote_shell_new(fd, socket_path, LIMIT_SSH_CONNECT_MS, error);
	g_mutex_init(&watch.lock);
	g_cond_init(&watch.has_ended);
	/* Without it the shell is waited for as long as it may take. */
	thread = g_thread_try_new("ssh-watch", watch_over, &watch, NULL);
	shell = remote_shell_new(fd, socket_path, LIMIT_SSH_CONNECT_MS, error);
	g_mutex_lock(&watch.lock);
	watch.is_over = true;
	g_cond_signal(&watch.has_ended);
	g_mutex_unlock(&watch.lock);
	if (thread != NULL)
		g_thread_join(thread);
	g_mutex_clear(&watch.lock);
	g_cond_clear(&watch.has_ended);
	return shell;
}

/* A shell that ended because the connection did; the OpenSSH client may take a moment to know. */
static bool has_ended(struct ssh_link *link, const char *socket_path)
{
	for (guint i = 0; i < END_TRIES; i++) {
		g_autoptr(GError) error = NULL;
		PLIMSOLL_AUTO_FD fd = ssh_link_reach(link, socket_path, &error);

		if (fd < 0 && g_error_matches(error, SSH_ERROR, SSH_ERROR_LOST))
			return true;
		g_usleep(END_TICK_US);
	}
	return false;
}

/* What the shell's end says alone is not why: sudo and login programs speak on stderr. */
static void explain(struct ssh_link *link, const char *socket_path, const char *user, bool has_sudo,
		    GError **error)
{
	g_autofree char *words = ssh_link_last_words(link);

	if (!g_error_matches(*error, SSH_ERROR, SSH_ERROR_SHELL))
		return;
	if (has_ended(link, socket_path)) {
		g_clear_error(error);
		g_set_error_literal(error, SSH_ERROR, SSH_ERROR_LOST,
				    "the connection ended before a shell answered");
		return;
	}
	if (words[0] == '\0')
		return;
	if (has_sudo && strstr(words, "sudo") != NULL) {
		g_clear_error(error);
		g_set_error(error, SSH_ERROR, SSH_ERROR_SUDO,
			    "sudo -n refused \"%s\": %s; grant \"%s ALL=(root) NOPASSWD: ALL\" in "
			    "sudoers there, or scan as root",
			    user, words, user);
		return;
	}
	g_prefix_error(error, "%s: ", words);
}

static bool open_shell(struct host_ssh *ssh, const char *user, bool has_sudo, const gint *cancelled,
		       GError **error)
{
	const char *socket_path = ssh->host.socket_path;
	g_autoptr(GError) problem = NULL;
	/* The first channel is a command: only then sshd sends small packets at once. */
	int fd = ssh_link_run(ssh->link, has_sudo ? "exec sudo -n sh -s" : "exec sh -s", error);

	if (fd < 0)
		return false;
	ssh->way = engine_way_new(ssh->link, socket_path, has_sudo);
	ssh->shell = start_watched(ssh->link, fd, socket_path, cancelled, &problem);
	if (ssh->shell != NULL) {
		engine_way_learn(ssh->way, remote_shell_facts(ssh->shell));
		return true;
	}
	if (cancelled != NULL && __atomic_load_n(cancelled, __ATOMIC_SEQ_CST) != 0) {
		g_set_error_literal(error, SSH_ERROR, SSH_ERROR_CANCELLED, "cancelled");
		return false;
	}
	explain(ssh->link, socket_path, user, has_sudo, &problem);
	g_propagate_error(error, g_steal_pointer(&problem));
	return false;
}

/* ---------------------------------------------------------------- opening */

static struct host_ssh *new_host(struct ssh_link *link, const char *socket_path)
{
	struct host_ssh *ssh = g_new0(struct host_ssh, 1);

	ssh->ops = (struct host_ops){
		.transport = link->ops->transport,
		.run = run_over_there,
		.docker_get = get_from_engine,
		.free = free_ssh,
	};
	ssh->host.ops = &ssh->ops;
	ssh->host.endpoint = g_strconcat("unix://", socket_path, NULL);
	ssh->host.socket_path = g_strdup(socket_path);
	ssh->link = link;
	return ssh;
}

struct host *host_ssh_new(const struct ssh_target *target, const struct ssh_options *options,
			  const gint *cancelled, GError **error)
{
	const char *socket_path =
		target->socket != NULL ? target->socket : &HOST_ENDPOINT_DEFAULT[strlen("unix://")];
	bool wants_sudo = target->has_sudo ? target->sudo : options->sudo;
	PLIMSOLL_AUTO(ssh_config) *config = ssh_config_read(target, options, error);
	struct ssh_link *link =
		config == NULL ? NULL : ssh_link_open(config, options, cancelled, error);
	struct host_ssh *ssh = link == NULL ? NULL : new_host(link, socket_path);
	bool has_sudo = wants_sudo && ssh != NULL && strcmp(config->user, "root") != 0;

	if (ssh == NULL)
		return NULL;
	if (!open_shell(ssh, config->user, has_sudo, cancelled, error)) {
		host_free(&ssh->host);
		return NULL;
	}
	return &ssh->host;
}
