/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the Engine of another machine is reached: a forwarded socket, else `docker system
 * dial-stdio`, else the docker command. The first request tries them; what worked stays.
 */
#ifndef PLIMSOLL_AGENT_SSH_ENGINE_WAY_H
#define PLIMSOLL_AGENT_SSH_ENGINE_WAY_H

#include "agent/host.h"
#include "agent/ssh/remote_shell.h"
#include "agent/ssh/ssh_link.h"

struct engine_way;

/*
 * Begins to open streams to the socket at once, before it is known whether that is of any use.
 *
 * link         kept as a borrow.
 * socket_path  of the Engine over there.
 * has_sudo     the user who signed in may not open it: sudo -n does.
 */
struct engine_way *engine_way_new(struct ssh_link *link, const char *socket_path, bool has_sudo);
/* What the shell over there found; kept as a borrow. Before anything is asked. */
void engine_way_learn(struct engine_way *way, const struct remote_shell_facts *facts);
void engine_way_free(struct engine_way *way);

/* "direct-streamlocal", "dial-stdio", "docker command"; NULL: nothing was asked, or none worked. */
const char *engine_way_name(const struct engine_way *way);

/* As host_ops.docker_get. */
void engine_way_get(struct engine_way *way, struct host_get *requests, guint n_requests,
		    void (*done)(struct host_get *request, void *data), void *data);

#endif
