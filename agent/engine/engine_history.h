/* SPDX-License-Identifier: Apache-2.0 */
/* The build steps of an image, masked (API: ImageHistory). */
#ifndef PLIMSOLL_AGENT_ENGINE_HISTORY_H
#define PLIMSOLL_AGENT_ENGINE_HISTORY_H

#include "agent/engine/engine_parse.h"

/* Appends one row per step of image to rows, newest first. */
void engine_history_take(struct engine_parse *parse, const struct json *root,
			 const Plimsoll__Image *image, GPtrArray *rows);

#endif
