/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Agentless collection: one machine or thousands over SSH, with the same collectors as on this one.
 * A library call, so that a command, or a server's timetable, can make it.
 */
#ifndef PLIMSOLL_AGENT_SWEEP_H
#define PLIMSOLL_AGENT_SWEEP_H

#include "agent/collect.h"
#include "agent/ssh_target.h"

/*
 * A machine behind SSH: connects, signs in, starts its shell. The Engine is reached by a forwarded
 * socket, else by `docker system dial-stdio`, else by the docker command.
 *
 * cancelled  NULL, or a flag that ends the waiting when somebody sets it (g_atomic_int_set).
 * gives  free with host_free(). error  SSH_ERROR.
 */
struct host *host_ssh_new(const struct ssh_target *target, const struct ssh_options *options,
			  const gint *cancelled, GError **error);
/* Ends the connection now, from any thread: what is still asked is then not seen. */
void host_ssh_cut(struct host *host);
/* Of a host of host_ssh_new(); borrowed. */
const char *host_ssh_key_type(const struct host *host);
const char *host_ssh_fingerprint(const struct host *host);      /* "SHA256:..." */
const char *host_ssh_transport_reason(const struct host *host); /* NULL: the first choice */
const char *host_ssh_engine_way(const struct host *host); /* "direct-streamlocal", "dial-stdio",
							     "docker command"; NULL: none worked */

/* One machine of a sweep, done. */
struct sweep_result {
	const struct ssh_target *target;
	struct collection *collection;      /* NULL: error says why; the callback may steal it */
	const GError *error;                /* SSH_ERROR or HOST_ERROR; beside a collection: what
					       cut it short, the rest of it is unknown */
	const char *key_type, *fingerprint; /* NULL: it did not come so far */
	const char *transport;              /* "ssh-libssh2", "ssh-openssh"; NULL: none */
	const char *transport_reason;       /* NULL: none */
	const char *engine_way;             /* NULL: none */
	gint64 wall_us;
};

struct sweep_options {
	const struct ssh_options *ssh;
	guint jobs;            /* machines at a time; sweep_fit_jobs() */
	const gint *cancelled; /* NULL: none; once set, what runs ends and nothing more starts */
};

/* How many machines at a time this process can take, at most `wanted` and LIMIT_SWEEP_JOBS. Raises
 * the limit of open descriptors where that is needed and allowed. */
guint sweep_fit_jobs(guint wanted);

/*
 * Collects from every target, `jobs` at a time. `done` is called once for each that was begun, in
 * the order in which they end, always in the calling thread. One that hangs ends with its own
 * deadline and delays nobody but its slot.
 *
 * returns  how many were begun (all, unless it was cancelled).
 */
guint sweep_run(const struct ssh_target *const *targets, guint n_targets,
		const struct sweep_options *options,
		void (*done)(struct sweep_result *result, void *data), void *data);

#endif
