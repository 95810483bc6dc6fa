/* SPDX-License-Identifier: Apache-2.0 */
/* A door that notes what passes through it, to make recordings of real hosts for tests. */
#ifndef PLIMSOLL_AGENT_HOST_RECORDER_H
#define PLIMSOLL_AGENT_HOST_RECORDER_H

#include "agent/host.h"

/* takes inner; keeps dir. Answers as inner does. */
struct host *host_recorder_new(struct host *inner, const char *dir);

/* Writes DIR/host.json, DIR/index.json and the Engine's answers, readable by their owner only: they
 * may hold whatever the host's configuration files hold. */
bool host_recorder_save(struct host *recorder, GError **error);

#endif
