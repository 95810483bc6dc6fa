/* SPDX-License-Identifier: Apache-2.0 */
/* The process table, and what of it becomes facts. */
#ifndef PLIMSOLL_AGENT_COLLECT_PROCESSES_H
#define PLIMSOLL_AGENT_COLLECT_PROCESSES_H

#include "agent/collect/survey.h"

/* From the second round on. */
const struct host_process_table *processes_table(const struct survey *survey);
/* NULL: there is no such process. */
const struct host_process *processes_find(const struct survey *survey, int64_t pid);
/* Every process of the host was seen, with its program. */
bool processes_are_complete(const struct survey *survey);
/* The walked pid namespace is the engine's host's: it is the kernel's first one, or the process
 * behind the engine's socket lives in it. */
bool processes_are_of_host(const struct survey *survey);

#endif
