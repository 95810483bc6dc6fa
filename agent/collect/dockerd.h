/* SPDX-License-Identifier: Apache-2.0 */
/* The dockerd processes of a host, and which of them serves the API (RULES 0.4). */
#ifndef PLIMSOLL_AGENT_COLLECT_DOCKERD_H
#define PLIMSOLL_AGENT_COLLECT_DOCKERD_H

#include "agent/collect/survey.h"

/* From the second round on. */
guint dockerd_count(const struct survey *survey);
const struct host_process *dockerd_process(const struct survey *survey, guint i);
/* The words of its command line behind the program; never NULL. */
const char *const *dockerd_words(const struct survey *survey, guint i);

/* The user of the engine behind the endpoint; 0 unless another is known. */
int64_t dockerd_user(const struct survey *survey);
/* That user's home; NULL: a rootful engine, or not known. */
const char *dockerd_user_home(const struct survey *survey);

/* From the third round on: DOCKER_CERT_PATH of the i-th process; NULL: not seen, "": unset. */
const char *dockerd_cert_path(const struct survey *survey, guint i);
/* "tcp" or "tcp6" of the network namespace of process 1, as a dockerd there showed it; NULL: none
 * runs there, or it did not. */
const struct host_read *dockerd_init_table(const struct survey *survey, const char *proto);
/* Its user's home; NULL: not known. */
const char *dockerd_home(const struct survey *survey, guint i);

/* In the fourth round: the sockets that systemd handed to it, see dockerd_sockets_activated(). */
GPtrArray *dockerd_activated(const struct survey *survey, guint i);

/* The process behind the endpoint, in the table of processes; 0: none was found, or it lives in a
 * pid namespace that the table does not show. */
int64_t dockerd_peer_pid(const struct survey *survey);
/* Whether the kernel would have told who is behind the endpoint, but not this user: over SSH the
 * engine can be asked all the same. */
bool dockerd_peer_is_hidden(const struct survey *survey);
/* Whether nobody was seen to listen at the endpoint, and no dockerd holds a socket of that path in
 * a network of its own: if an engine answers there all the same, it is none of these processes. */
bool dockerd_peer_is_elsewhere(const struct survey *survey);
/* The process that the usual engine's pid file names, if the endpoint is that engine's; else 0. */
int64_t dockerd_pid_in_file(const struct survey *survey);
/* After the last round: index of the process that serves the API; -1: none or ambiguous. */
int dockerd_serving(const struct survey *survey);

#endif
