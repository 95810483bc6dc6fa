/* SPDX-License-Identifier: Apache-2.0 */
/* Swarm objects of a manager: /nodes and /services (API: NodeList, ServiceList). */
#ifndef PLIMSOLL_AGENT_ENGINE_SWARM_H
#define PLIMSOLL_AGENT_ENGINE_SWARM_H

#include "agent/engine/engine_parse.h"

/* One entry of the list; NULL when it has no id (trouble). */
void *engine_swarm_node(struct engine_parse *parse, const struct json *entry);
void *engine_swarm_service(struct engine_parse *parse, const struct json *entry);

#endif
