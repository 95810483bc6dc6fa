/* SPDX-License-Identifier: Apache-2.0 */
/* See ssh_dial.h. */
#include "agent/ssh/ssh_dial.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "agent/ssh_target.h"
#include "proto/base.h"
#include "proto/limits.h"

enum { SLICE_MS = 250 };

bool ssh_wait_goes_on(const struct ssh_wait *wait, GError **error)
{
	if (wait->cancelled != NULL && __atomic_load_n(wait->cancelled, __ATOMIC_SEQ_CST) != 0) {
		g_set_error_literal(error, SSH_ERROR, SSH_ERROR_CANCELLED, "cancelled");
		return false;
	}
	if (g_get_monotonic_time() >= wait->until_us) {
		g_set_error_literal(error, SSH_ERROR, SSH_ERROR_TIMEOUT, "no answer in time");
		return false;
	}
	return true;
}

bool ssh_wait_for(const struct ssh_wait *wait, int fd, short events, GError **error)
{
	struct pollfd item = {.fd = fd, .events = events};

	while (ssh_wait_goes_on(wait, error)) {
		gint64 left_ms = (wait->until_us - g_get_monotonic_time()) / 1000 + 1;

		if (poll(&item, 1, (int)CLAMP(left_ms, 1, SLICE_MS)) > 0)
			return true;
	}
	return false;
}

/* ---- the addresses of a name ---- */

/* One look-up; whoever leaves last, the asker or its thread, frees it. */
struct look_up {
	gint references;
	GMutex lock;
	GCond done;
	bool is_done;
	char *host, *service;
	int status;
	struct addrinfo *found;
};

static void look_up_unref(struct look_up *look_up)
{
	if (!g_atomic_int_dec_and_test(&look_up->references))
		return;
	if (look_up->found != NULL)
		freeaddrinfo(look_up->found);
	g_mutex_clear(&look_up->lock);
	g_cond_clear(&look_up->done);
	g_free(look_up->host);
	g_free(look_up->service);
	g_free(look_up);
}

static int find_addresses(struct look_up *look_up, int flags, struct addrinfo **ret)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				       .ai_flags = AI_NUMERICSERV | flags};

	return getaddrinfo(look_up->host, look_up->service, &hints, ret);
}

static gpointer look_up_thread(gpointer data)
{
	struct look_up *look_up = data;
	struct addrinfo *found = NULL;
	int status = find_addresses(look_up, AI_ADDRCONFIG, &found);

	g_mutex_lock(&look_up->lock);
	look_up->status = status;
	look_up->found = status == 0 ? found : NULL;
	look_up->is_done = true;
	g_cond_signal(&look_up->done);
	g_mutex_unlock(&look_up->lock);
	look_up_unref(look_up);
	return NULL;
}

static bool look_up_in_thread(struct look_up *look_up, const struct ssh_wait *wait, GError **error)
{
	GThread *thread = NULL;
	bool goes_on = true;

	g_atomic_int_inc(&look_up->references);
	thread = g_thread_try_new("ssh-name", look_up_thread, look_up, NULL);
	if (thread == NULL) {
		look_up_unref(look_up);
		g_set_error_literal(error, SSH_ERROR, SSH_ERROR_LOCAL, "cannot start a thread");
		return false;
	}
	g_thread_unref(thread);
	g_mutex_lock(&look_up->lock);
	while (!look_up->is_done && goes_on) {
		gint64 slice_us = g_get_monotonic_time() + SLICE_MS * INT64_C(1000);

		g_cond_wait_until(&look_up->done, &look_up->lock, MIN(slice_us, wait->until_us));
		goes_on = look_up->is_done || ssh_wait_goes_on(wait, error);
	}
	g_mutex_unlock(&look_up->lock);
	return goes_on;
}

static bool resolve(struct look_up *look_up, const struct ssh_wait *wait, GError **error)
{
	look_up->status = find_addresses(look_up, AI_NUMERICHOST, &look_up->found);
	if (look_up->status == 0)
		return true;
	if (!look_up_in_thread(look_up, wait, error)) {
		g_prefix_error(error, "cannot look up '%s': ", look_up->host);
		return false;
	}
	if (look_up->status == 0)
		return true;
	g_set_error(error, SSH_ERROR, SSH_ERROR_RESOLVE, "cannot look up '%s': %s", look_up->host,
		    gai_strerror(look_up->status));
	return false;
}

/* ---- connecting ---- */

static int fail(enum ssh_error code, int problem, GError **error)
{
	g_set_error_literal(error, SSH_ERROR, (int)code, g_strerror(problem));
	return -1;
}

static enum ssh_error code_of(int problem)
{
	if (problem == ETIMEDOUT)
		return SSH_ERROR_TIMEOUT;
	return problem == EMFILE || problem == ENFILE || problem == ENOBUFS || problem == ENOMEM
		       ? SSH_ERROR_LOCAL
		       : SSH_ERROR_REFUSED;
}

static void set_options(int fd)
{
	const int on = 1, idle_s = 15, probes = 3;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &idle_s, sizeof(idle_s));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
}

static int dial_address(const struct addrinfo *address, const struct ssh_wait *wait, GError **error)
{
	PLIMSOLL_AUTO_FD fd =
		socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int problem = 0;
	socklen_t size = sizeof(problem);

	if (fd < 0)
		return fail(code_of(errno), errno, error);
	set_options(fd);
	if (connect(fd, address->ai_addr, address->ai_addrlen) != 0) {
		if (errno != EINPROGRESS && errno != EINTR)
			return fail(code_of(errno), errno, error);
		if (!ssh_wait_for(wait, fd, POLLOUT, error))
			return -1;
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &size) != 0)
			problem = errno;
		if (problem != 0)
			return fail(code_of(problem), problem, error);
	}
	return plimsoll_steal_fd(&fd);
}

static guint count(const struct addrinfo *list)
{
	guint n = 0;

	for (; list != NULL; list = list->ai_next)
		n++;
	return MIN(n, LIMIT_SSH_ADDRESSES);
}

/* An address that does not answer may use its share of the time only. */
static int dial_each(const struct addrinfo *list, const struct ssh_wait *wait, GError **error)
{
	for (guint left = count(list); left > 0; left--, list = list->ai_next) {
		gint64 now_us = g_get_monotonic_time();
		const struct ssh_wait share = {now_us + (wait->until_us - now_us) / left,
					       wait->cancelled};
		int fd = -1;

		g_clear_error(error);
		fd = dial_address(list, &share, error);
		if (fd >= 0 || !ssh_wait_goes_on(wait, NULL))
			return fd;
	}
	return -1;
}

int ssh_dial(const char *host, guint port, const struct ssh_wait *wait, GError **error)
{
	struct look_up *look_up = g_new0(struct look_up, 1);
	GError *problem = NULL;
	int fd = -1;

	look_up->references = 1;
	look_up->host = g_strdup(host);
	look_up->service = g_strdup_printf("%u", port);
	g_mutex_init(&look_up->lock);
	g_cond_init(&look_up->done);
	if (resolve(look_up, wait, &problem)) {
		fd = dial_each(look_up->found, wait, &problem);
		if (fd < 0)
			g_prefix_error(&problem, "cannot connect to '%s' port %u: ", host, port);
	}
	look_up_unref(look_up);
	if (fd < 0)
		g_propagate_error(error, problem);
	return fd;
}
