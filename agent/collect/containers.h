/* SPDX-License-Identifier: Apache-2.0 */
/* What the host tells about the engine's containers and volumes. */
#ifndef PLIMSOLL_AGENT_COLLECT_CONTAINERS_H
#define PLIMSOLL_AGENT_COLLECT_CONTAINERS_H

#include "agent/collect/survey.h"

/* After the last round: calls back for every host path that a container or a volume mounts. */
void containers_each_source(const struct survey *survey,
			    void (*each)(const char *source, const struct host_stat *stat,
					 void *data),
			    void *data);

/* After the last round. Each gives a container's id, NULL: none. */
const char *containers_find_id(const struct survey *survey, const char *id); /* 64 characters */
/* By its first process, when that was proved to be its. */
const char *containers_find_pid(const struct survey *survey, int64_t pid);
/* By its pid namespace, when that is not the host's. */
const char *containers_find_pidns(const struct survey *survey, int64_t pidns);
/* Whether the cgroups of processes name containers: an engine without cgroups has none. */
bool containers_have_cgroups(const struct survey *survey);

#endif
