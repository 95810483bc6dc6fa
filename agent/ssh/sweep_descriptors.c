/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many machines fit into this process at a time. Each takes a connection, a listener, and two
 * descriptors for every stream; where the soft limit is too low for that it is raised, and where
 * the hard one is, fewer machines run.
 */
#include "agent/ssh/sweep_private.h"
#include "proto/limits.h"

enum {
	OF_THE_PROCESS = 64, /* standard streams, the store, outputs, an inventory */
	OF_A_MACHINE = 48,   /* the shell and the Engine's connections, both ends of each stream */
};

rlim_t sweep_descriptors_of(guint jobs)
{
	return OF_THE_PROCESS + (rlim_t)jobs * OF_A_MACHINE;
}

guint sweep_jobs_within(guint wanted, rlim_t descriptors)
{
	if (descriptors == RLIM_INFINITY || descriptors >= sweep_descriptors_of(wanted))
		return wanted;
	if (descriptors < sweep_descriptors_of(1))
		return 1;
	return (guint)((descriptors - OF_THE_PROCESS) / OF_A_MACHINE);
}

guint sweep_fit_jobs(guint wanted)
{
	const guint jobs = CLAMP(wanted, 1, LIMIT_SWEEP_JOBS);
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 1;
	if (limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < sweep_descriptors_of(jobs)) {
		struct rlimit higher = limit;

		higher.rlim_cur = MIN(sweep_descriptors_of(jobs), limit.rlim_max);
		if (setrlimit(RLIMIT_NOFILE, &higher) == 0)
			limit = higher;
	}
	return sweep_jobs_within(jobs, limit.rlim_cur);
}
