/* SPDX-License-Identifier: Apache-2.0 */
/* One container, from the list and from its inspect answer (API: ContainerList, ContainerInspect).
 */
#ifndef PLIMSOLL_AGENT_ENGINE_CONTAINER_H
#define PLIMSOLL_AGENT_ENGINE_CONTAINER_H

#include "agent/engine/engine_parse.h"

/*
 * A row with id, name and state of the list's entry.
 *
 * gives  NULL: the entry has no id (trouble), or the container is being removed.
 */
Plimsoll__Container *engine_container_from_list(struct engine_parse *parse,
						const struct json *entry);

/*
 * Fills row and state from an inspect answer. Trouble: it is about another container, or a list
 * that checks rely on is missing.
 */
void engine_container_inspect(struct engine_parse *parse, const struct json *root,
			      Plimsoll__Container *row, Plimsoll__ContainerState *state);

#endif
