/* SPDX-License-Identifier: Apache-2.0 */
/* The walk of host_path.h over what another machine said of single names. Pure. */
#ifndef PLIMSOLL_AGENT_REMOTE_WALK_H
#define PLIMSOLL_AGENT_REMOTE_WALK_H

#include "agent/host/host_path.h"
#include "agent/ssh/remote_records.h"

/* What stands at a realpath's folder and one name in it; NULL: not known. */
typedef const struct remote_entry *(*remote_look)(const char *path, void *data);

/*
 * Walks as host_path_init() does; ret_path->fd stays -1.
 *
 * ret_unknown  the name that the walk cannot go past; g_free()
 * false  for such a name; ret_path then says nothing.
 */
bool remote_walk(const char *path, remote_look look, void *data, struct host_path *ret_path,
		 char **ret_unknown);

#endif
