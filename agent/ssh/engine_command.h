/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Engine of another machine by its docker command, where nothing better leads there: what the
 * command prints is brought into the shape of the API's answers. What it does not print, or not as
 * the Engine said it, is absent: times of image histories, services.
 */
#ifndef PLIMSOLL_AGENT_SSH_ENGINE_COMMAND_H
#define PLIMSOLL_AGENT_SSH_ENGINE_COMMAND_H

#include "agent/host.h"
#include "agent/ssh/ssh_link.h"

struct engine_command;

/* link: kept as a borrow. docker: the command with what stands before its verb, for a shell. */
struct engine_command *engine_command_new(struct ssh_link *link, const char *docker);
void engine_command_free(struct engine_command *command);
PLIMSOLL_AUTOPTR(engine_command, engine_command_free)

/* As host_ops.docker_get, one after the other. Without an answer errno is ECONNRESET. */
void engine_command_get(struct engine_command *command, struct host_get *requests, guint n_requests,
			void (*done)(struct host_get *request, void *data), void *data);

#endif
