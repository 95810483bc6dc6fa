/* SPDX-License-Identifier: Apache-2.0 */
/* The process pass of the local host: one walk over /proc, five small reads a process. */
#ifndef PLIMSOLL_AGENT_HOST_PROCESS_H
#define PLIMSOLL_AGENT_HOST_PROCESS_H

#include "agent/host_answer.h"
#include "proto/arena.h"

/*
 * Walks the /proc whose O_RDONLY directory is proc_fd.
 *
 * deadline_us  of g_get_monotonic_time(); later the table is TIMEOUT
 * is_own_proc  proc_fd is this process's own /proc
 */
void host_process_walk(int proc_fd, bool is_own_proc, struct arena *arena, int64_t deadline_us,
		       struct host_process_table *ret_table);

/* The engine's own daemons outside containers: of all others only the first word is kept. */
bool host_process_keeps_command(const struct host_process *process);

/* Says in the table's state what was not to be seen: total processes there are, hidden ones of
 * which the program could not be read. */
void host_process_judge(struct arena *arena, guint64 total, guint hidden,
			struct host_process_table *table);

/* Reads up to max_bytes of an open file. gives: arena memory with a NUL behind *ret_size bytes;
 * NULL and errno on failure. */
char *host_read_all(int fd, size_t max_bytes, struct arena *arena, size_t *ret_size,
		    bool *ret_truncated);

#endif
