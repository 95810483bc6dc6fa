/* SPDX-License-Identifier: Apache-2.0 */
/* What a sweep asks of the machines it goes to; a test puts machines of its own in their place. */
#ifndef PLIMSOLL_AGENT_SSH_SWEEP_PRIVATE_H
#define PLIMSOLL_AGENT_SSH_SWEEP_PRIVATE_H

#include <sys/resource.h>

#include "agent/sweep.h"

/* host_ssh_new() and its companions. */
struct sweep_way {
	struct host *(*open)(const struct ssh_target *target, const struct ssh_options *options,
			     const gint *cancelled, GError **error);
	void (*cut)(struct host *host);
	const char *(*key_type)(const struct host *host);
	const char *(*fingerprint)(const struct host *host);
	const char *(*transport_reason)(const struct host *host);
	const char *(*engine_way)(const struct host *host);
};

/* As sweep_run(). */
guint sweep_run_by(const struct sweep_way *way, const struct ssh_target *const *targets,
		   guint n_targets, const struct sweep_options *options,
		   void (*done)(struct sweep_result *result, void *data), void *data);

/* How many machines at a time fit into so many descriptors, at most `wanted`, at least one; and how
 * many descriptors `wanted` of them take. */
guint sweep_jobs_within(guint wanted, rlim_t descriptors);
rlim_t sweep_descriptors_of(guint jobs);

#endif
