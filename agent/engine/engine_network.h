/* SPDX-License-Identifier: Apache-2.0 */
/* Networks and volumes, from their lists (API: NetworkList, VolumeList). */
#ifndef PLIMSOLL_AGENT_ENGINE_NETWORK_H
#define PLIMSOLL_AGENT_ENGINE_NETWORK_H

#include "agent/engine/engine_parse.h"

/* One entry of the list; NULL when it has no id or name (trouble). */
void *engine_network(struct engine_parse *parse, const struct json *entry);
void *engine_network_volume(struct engine_parse *parse, const struct json *entry);

#endif
