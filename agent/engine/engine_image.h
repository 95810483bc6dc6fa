/* SPDX-License-Identifier: Apache-2.0 */
/* One image, from the list and from its inspect answer (API: ImageList, ImageInspect). */
#ifndef PLIMSOLL_AGENT_ENGINE_IMAGE_H
#define PLIMSOLL_AGENT_ENGINE_IMAGE_H

#include "agent/engine/engine_parse.h"

/* id, tags, digests, created and size of the list's entry; NULL when it has no id (trouble). */
void *engine_image_from_list(struct engine_parse *parse, const struct json *entry);

/* Fills in what the image consists of; the same for its id forever. */
void engine_image_inspect(struct engine_parse *parse, const struct json *root,
			  Plimsoll__Image *row);

#endif
