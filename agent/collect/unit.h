/* SPDX-License-Identifier: Apache-2.0 */
/* Units of systemd: docker.service, docker.socket, containerd.service. */
#ifndef PLIMSOLL_AGENT_COLLECT_UNIT_H
#define PLIMSOLL_AGENT_COLLECT_UNIT_H

#include "agent/collect/survey.h"

enum unit_id { UNIT_DOCKER_SERVICE, UNIT_DOCKER_SOCKET, UNIT_CONTAINERD_SERVICE };
enum { UNIT_COUNT = UNIT_CONTAINERD_SERVICE + 1 };

/* What a unit says, fragment and drop-ins together; from the third round on. Empty and NULL where
 * the unit is absent or not readable. */
const char *unit_exec_path(const struct survey *survey, enum unit_id id);
/* Words behind the program; never NULL. */
const char *const *unit_exec_words(const struct survey *survey, enum unit_id id);
/* Addresses of Listen*; char*. */
const GPtrArray *unit_listens(const struct survey *survey, enum unit_id id);
bool unit_exists(const struct survey *survey, enum unit_id id);

#endif
