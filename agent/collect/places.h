/* SPDX-License-Identifier: Apache-2.0 */
/* Which paths are looked at, round by round: fixed ones, then what argv, configuration and the
 * engine name. */
#ifndef PLIMSOLL_AGENT_COLLECT_PLACES_H
#define PLIMSOLL_AGENT_COLLECT_PLACES_H

#include "agent/collect/survey.h"

void places_want_fixed(struct survey *survey);       /* round 1 */
void places_want_from_argv(struct survey *survey);   /* round 2 */
void places_want_from_files(struct survey *survey);  /* round 3 */
void places_want_from_engine(struct survey *survey); /* round 4 */

#endif
