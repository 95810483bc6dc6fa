/* SPDX-License-Identifier: Apache-2.0 */
/* Which engine on which host the collected facts are about. */
#ifndef PLIMSOLL_AGENT_COLLECT_IDENTITY_H
#define PLIMSOLL_AGENT_COLLECT_IDENTITY_H

#include "agent/collect/survey.h"

/* Sets host_matches_engine, dockerd_installed and root_dir_real; after survey_finish(). */
void identity_set(struct survey *survey);

/* rootful | rootless:UID | podman | podman:UID; lives in the survey's arena. */
const char *identity_engine_key(const struct survey *survey);

#endif
