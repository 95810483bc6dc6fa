/* SPDX-License-Identifier: Apache-2.0 */
/* Files below certs.d, two levels, across the rounds. */
#ifndef PLIMSOLL_AGENT_COLLECT_CERTS_H
#define PLIMSOLL_AGENT_COLLECT_CERTS_H

#include "agent/collect/survey.h"

/* Wants certs.d of a configuration folder; once for each. */
void certs_want_folder(struct survey *survey, const char *config_folder);
/* In the next rounds: wants what the lists of the round before named. */
void certs_go_on(struct survey *survey);
void certs_finish(struct survey *survey);
void certs_done(struct survey *survey);

#endif
