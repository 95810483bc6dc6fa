/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The variant of ssh_link.h that is part of this process: TCP, key exchange, the host key, signing
 * in, in this order and each only after the one before; then a thread of its own
 * (ssh_libssh2_pump.c) carries the streams.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/ssh/known_hosts.h"
#include "agent/ssh/ssh_libssh2_private.h"
#include "agent/ssh/ssh_words.h"
#include "proto/limits.h"

static void link_free(struct ssh_link *link)
{
	struct ssh_libssh2 *self = (struct ssh_libssh2 *)link;

	if (self->thread != NULL) {
		g_mutex_lock(&self->shared.lock);
		self->shared.is_left = true;
		g_mutex_unlock(&self->shared.lock);
		ssh_libssh2_wake(self);
		g_thread_join(self->thread);
	}
	ssh_libssh2_end(self);
	if (self->fd >= 0)
		(void)close(self->fd);
	if (self->wake_fd >= 0)
		(void)close(self->wake_fd);
	g_clear_pointer(&self->streams, g_ptr_array_unref);
	g_clear_pointer(&self->greeting, g_byte_array_unref);
	g_byte_array_unref(self->outgoing);
	g_mutex_clear(&self->shared.lock);
	g_cond_clear(&self->shared.answered);
	g_string_free(self->shared.words, TRUE);
	g_free(self->shared.why_lost);
	g_free(self->host);
	g_free(link->host_key_type);
	g_free(link->host_key_fingerprint);
	g_free(link->why);
	g_free(self);
}

/* The pump answers every request, at the latest when the connection ends. */
static int open_stream(struct ssh_link *link, bool is_run, const char *text, GError **error)
{
	struct ssh_libssh2 *self = (struct ssh_libssh2 *)link;
	struct ssh_request request = {.is_run = is_run, .text = text, .fd = -1};

	g_mutex_lock(&self->shared.lock);
	if (self->shared.why_lost != NULL) {
		g_set_error(error, SSH_ERROR, SSH_ERROR_LOST, "%s", self->shared.why_lost);
		g_mutex_unlock(&self->shared.lock);
		return -1;
	}
	g_queue_push_tail(&self->shared.requests, &request);
	ssh_libssh2_wake(self);
	while (!request.is_done)
		g_cond_wait(&self->shared.answered, &self->shared.lock);
	g_mutex_unlock(&self->shared.lock);
	if (request.fd < 0)
		g_propagate_error(error, request.error);
	return request.fd;
}

static int link_run(struct ssh_link *link, const char *command, GError **error)
{
	return open_stream(link, true, command, error);
}

static int link_reach(struct ssh_link *link, const char *socket_path, GError **error)
{
	return open_stream(link, false, socket_path, error);
}

static void link_cut(struct ssh_link *link)
{
	struct ssh_libssh2 *self = (struct ssh_libssh2 *)link;

	g_mutex_lock(&self->shared.lock);
	if (self->shared.why_lost == NULL)
		self->shared.why_lost = g_strdup("the connection was cut");
	g_mutex_unlock(&self->shared.lock);
	(void)shutdown(self->fd, SHUT_RDWR);
	ssh_libssh2_wake(self);
}

static char *link_last_words(struct ssh_link *link)
{
	struct ssh_libssh2 *self = (struct ssh_libssh2 *)link;
	char *words = NULL;

	g_mutex_lock(&self->shared.lock);
	words = ssh_words_show(self->shared.words);
	g_mutex_unlock(&self->shared.lock);
	return words;
}

static const struct ssh_link_ops ops = {
	.transport = "ssh-libssh2",
	.run = link_run,
	.reach = link_reach,
	.cut = link_cut,
	.last_words = link_last_words,
	.free = link_free,
};

static struct ssh_libssh2 *link_new(const struct ssh_config *config)
{
	struct ssh_libssh2 *self = g_new0(struct ssh_libssh2, 1);
	const char *alias = config->host_key_alias;

	self->link.ops = &ops;
	self->fd = -1;
	self->wake_fd = -1;
	self->host = g_strdup(alias != NULL ? alias : config->host);
	self->port = alias != NULL ? 0 : config->port;
	self->outgoing = g_byte_array_new();
	self->shared.words = g_string_new(NULL);
	g_queue_init(&self->shared.requests);
	g_mutex_init(&self->shared.lock);
	g_cond_init(&self->shared.answered);
	return self;
}

static struct known_hosts *read_known_hosts(const struct ssh_config *config, GError **error)
{
	g_autoptr(GError) problem = NULL;
	struct known_hosts *known =
		known_hosts_read((const char *const *)config->known_hosts, &problem);

	if (known == NULL)
		g_set_error(error, SSH_ERROR, SSH_ERROR_CONFIG, "%s", problem->message);
	return known;
}

static bool establish(struct ssh_libssh2 *self, const struct ssh_config *config,
		      const struct ssh_options *options, struct ssh_wait *wait, GError **error)
{
	PLIMSOLL_AUTO(known_hosts) *known = read_known_hosts(config, error);
	g_autofree char *types =
		known == NULL ? NULL : ssh_libssh2_host_key_types(self, known, error);

	if (types == NULL)
		return false;
	self->fd = ssh_dial(config->host, config->port, wait, error);
	return self->fd >= 0 && ssh_libssh2_start(self, types, wait, error) &&
	       ssh_libssh2_check_host_key(self, config, options, known, error) &&
	       ssh_libssh2_sign_in(self, config, options, wait, error) &&
	       ssh_libssh2_pump_start(self, error);
}

struct ssh_link *ssh_libssh2_open(const struct ssh_config *config,
				  const struct ssh_options *options, const gint *cancelled,
				  GError **error)
{
	struct ssh_libssh2 *self = link_new(config);
	gint64 connect_ms = options->connect_ms > 0 ? options->connect_ms : LIMIT_SSH_CONNECT_MS;
	struct ssh_wait wait = {g_get_monotonic_time() + connect_ms * 1000, cancelled};

	if (establish(self, config, options, &wait, error))
		return &self->link;
	link_free(&self->link);
	return NULL;
}
