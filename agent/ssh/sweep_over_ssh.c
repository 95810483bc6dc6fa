/* SPDX-License-Identifier: Apache-2.0 */
/* A sweep of machines behind SSH: the one that is meant outside of tests. */
#include "agent/ssh/sweep_private.h"

guint sweep_run(const struct ssh_target *const *targets, guint n_targets,
		const struct sweep_options *options,
		void (*done)(struct sweep_result *result, void *data), void *data)
{
	static const struct sweep_way over_ssh = {
		.open = host_ssh_new,
		.cut = host_ssh_cut,
		.key_type = host_ssh_key_type,
		.fingerprint = host_ssh_fingerprint,
		.transport_reason = host_ssh_transport_reason,
		.engine_way = host_ssh_engine_way,
	};

	return sweep_run_by(&over_ssh, targets, n_targets, options, done, data);
}
