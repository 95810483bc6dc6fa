/* SPDX-License-Identifier: Apache-2.0 */
/* dockerd's configuration file. */
#ifndef PLIMSOLL_AGENT_COLLECT_CONFIG_H
#define PLIMSOLL_AGENT_COLLECT_CONFIG_H

#include "agent/collect/survey.h"

/*
 * The texts that a top-level key has in the files read so far: the text itself, or the texts of a
 * list. Unmasked: for looking at paths, not for facts.
 *
 * gives  an array that frees its strings.
 */
GPtrArray *config_texts(const struct survey *survey, const char *key);

#endif
