/* SPDX-License-Identifier: Apache-2.0 */
/* Answers about paths on file systems that may never answer, in a process that can be left behind.
 */
#ifndef PLIMSOLL_AGENT_LOCAL_ASIDE_H
#define PLIMSOLL_AGENT_LOCAL_ASIDE_H

#include "agent/host/batch_private.h"

/*
 * Asks again for every stat of the batch that a suspect device stopped; what does not come within
 * LIMIT_HOST_ASIDE_MS, or until the deadline, stays TIMEOUT.
 */
void local_aside(int root_fd, struct host_batch *batch, int64_t deadline_us);

#endif
