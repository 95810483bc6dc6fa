/* SPDX-License-Identifier: Apache-2.0 */
/* Answers single wants about paths below a root directory (an O_PATH descriptor). */
#ifndef PLIMSOLL_AGENT_LOCAL_ANSWER_H
#define PLIMSOLL_AGENT_LOCAL_ANSWER_H

#include "agent/host_answer.h"
#include "proto/arena.h"

/* The folder that was opened last: links and files of one process are asked one after the other. */
struct local_folder {
	char *path;   /* NULL = none */
	int fd;       /* O_PATH */
	bool is_proc; /* of the kernel's own file system, where opening a file has no effect */
};
void local_folder_done(struct local_folder *folder);

/* suspects: see host_path.h. */
void local_answer_stat(int root_fd, const GArray *suspects, struct arena *arena,
		       struct host_stat *stat);
void local_answer_read(int root_fd, struct local_folder *folder, struct arena *arena,
		       struct host_read *read);
void local_answer_link(int root_fd, struct local_folder *folder, struct arena *arena,
		       struct host_link *link);
void local_answer_list(int root_fd, struct arena *arena, struct host_list *list);
void local_answer_peer(int root_fd, struct host_peer *peer);

#endif
