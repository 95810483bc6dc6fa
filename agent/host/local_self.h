/* SPDX-License-Identifier: Apache-2.0 */
/* What this process is on this machine. */
#ifndef PLIMSOLL_AGENT_LOCAL_SELF_H
#define PLIMSOLL_AGENT_LOCAL_SELF_H

#include "agent/host_answer.h"
#include "proto/arena.h"

/* is_tree: the host is a mounted tree, whose name is not the one of this process. */
void local_self(struct arena *arena, bool is_tree, struct host_self *ret_self);

#endif
