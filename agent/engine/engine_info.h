/* SPDX-License-Identifier: Apache-2.0 */
/* The engine itself: answers to /_ping, /version and /info (API: SystemVersion, SystemInfo). */
#ifndef PLIMSOLL_AGENT_ENGINE_INFO_H
#define PLIMSOLL_AGENT_ENGINE_INFO_H

#include "agent/engine/engine_parse.h"
#include "agent/host.h"

/* What the headers of /_ping say about the kind. */
void engine_info_take_ping(const struct host_get *ping, Plimsoll__Engine *engine);
void engine_info_take_version(struct engine_parse *parse, const struct json *root,
			      Plimsoll__Engine *engine);
void engine_info_take(struct engine_parse *parse, const struct json *root,
		      Plimsoll__Engine *engine);

/* info.Swarm and its cluster; part of engine_info_take(), in engine_swarm.c. */
void engine_info_take_swarm(struct engine_parse *parse, const struct json *swarm,
			    Plimsoll__Engine *engine);

#endif
