/* SPDX-License-Identifier: Apache-2.0 */
/* HostConfig.SecurityOpt of a container: key and value, without the profiles in it. */
#ifndef PLIMSOLL_AGENT_ENGINE_SECOPT_H
#define PLIMSOLL_AGENT_ENGINE_SECOPT_H

#include "agent/engine/engine_parse.h"

/*
 * The options in the Engine's order, split at the first = or `:`. A bare word has the value "". An
 * inline seccomp profile has no value but a digest and a summary; a value of an unknown key is not
 * taken.
 */
Plimsoll__SecOpt **engine_secopt_take(struct engine_parse *parse, const struct json *list,
				      size_t *ret_count);

#endif
