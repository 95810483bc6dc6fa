/* SPDX-License-Identifier: Apache-2.0 */
/* The sockets of one dockerd. */
#ifndef PLIMSOLL_AGENT_COLLECT_DOCKERD_LISTEN_H
#define PLIMSOLL_AGENT_COLLECT_DOCKERD_LISTEN_H

#include "agent/collect/survey.h"

struct dockerd_sockets {
	const struct host_list *fds;
	const struct host_read *tables[4]; /* tcp, tcp6, udp, udp6 */
	const struct host_read *unix_table;
	GPtrArray *links; /* struct host_link*; NULL before the third round */
};

/* Round 2; proc_folder is "/proc/PID". */
void dockerd_sockets_want(struct survey *survey, const char *proc_folder,
			  struct dockerd_sockets *ret_sockets);
/* Round 3: what stands behind the descriptors. */
void dockerd_sockets_want_links(struct survey *survey, struct dockerd_sockets *sockets);
void dockerd_sockets_done(struct dockerd_sockets *sockets);

/* Whether the process holds the socket that listens on a path. */
bool dockerd_sockets_hold(const struct dockerd_sockets *sockets, const char *path);
/* Sets listen_seen and listen. */
void dockerd_sockets_set(const struct survey *survey, const struct dockerd_sockets *sockets,
			 Plimsoll__Dockerd *fact);

#endif
