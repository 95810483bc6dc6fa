/* SPDX-License-Identifier: Apache-2.0 */
/* The sockets of one dockerd. */
#ifndef PLIMSOLL_AGENT_COLLECT_DOCKERD_LISTEN_H
#define PLIMSOLL_AGENT_COLLECT_DOCKERD_LISTEN_H

#include "agent/collect/survey.h"

/* The descriptors of one process. */
struct descriptors {
	const struct host_list *list; /* NULL: not wanted */
	GPtrArray *links;             /* struct host_link*; NULL before the third round */
};

struct dockerd_sockets {
	struct descriptors fds;
	const struct host_read *tables[4]; /* tcp, tcp6, udp, udp6 */
	const struct host_read *unix_table;
};

/* Round 2; proc_folder is "/proc/PID". */
void descriptors_want(struct survey *survey, const char *proc_folder,
		      struct descriptors *ret_descriptors);
/* Round 3: what stands behind them. */
void descriptors_want_links(struct survey *survey, struct descriptors *descriptors);
void descriptors_done(struct descriptors *descriptors);

/* Round 2; proc_folder is "/proc/PID". */
void dockerd_sockets_want(struct survey *survey, const char *proc_folder,
			  struct dockerd_sockets *ret_sockets);
/* Round 3: what stands behind the descriptors. */
void dockerd_sockets_want_links(struct survey *survey, struct dockerd_sockets *sockets);
void dockerd_sockets_done(struct dockerd_sockets *sockets);

/* The table of "tcp", "tcp6", "udp" or "udp6". */
const struct host_read *dockerd_sockets_table(const struct dockerd_sockets *sockets,
					      const char *proto);
/* Whether the process holds the socket that listens on a path. */
bool dockerd_sockets_hold(const struct dockerd_sockets *sockets, const char *path);
/*
 * The listening sockets that process 1 holds as well: systemd opened them and handed them on. As in
 * a Listen* line: a path, "@name", "10.0.0.1:2375", "[::]:2375". gives: char*, byte order; NULL:
 * not seen.
 */
GPtrArray *dockerd_sockets_activated(const struct dockerd_sockets *sockets,
				     const struct descriptors *init);
/* Sets listen_seen and listen. */
void dockerd_sockets_set(const struct survey *survey, const struct dockerd_sockets *sockets,
			 Plimsoll__Dockerd *fact);

#endif
