/* SPDX-License-Identifier: Apache-2.0 */
/* info.Warnings: the Engine's own sentences, as known ones only. */
#ifndef PLIMSOLL_AGENT_ENGINE_WARNING_H
#define PLIMSOLL_AGENT_ENGINE_WARNING_H

#include "agent/engine/engine_parse.h"

/* Sets warning (each kind once, by number) and warn_plain_http; missing leaves both absent. */
void engine_warning_take(struct engine_parse *parse, const struct json *list,
			 Plimsoll__Engine *engine);

#endif
