/* SPDX-License-Identifier: Apache-2.0 */
/* Step 4 of the flow: a report from an agent, through evaluation into the store. */
#ifndef PLIMSOLL_SERVER_HTTP_INGEST_H
#define PLIMSOLL_SERVER_HTTP_INGEST_H

#include "server/http/worker.h"

enum { INGEST_RETRY_AFTER_S = 30 };

/* POST /v1/report. Answers after the commit. */
void ingest_report(struct exchange *exchange, struct worker *worker);

/* Sets an answer of this listener: a packed Reply that carries an error. */
void ingest_refuse(struct exchange *exchange, guint status, const char *why);

#endif
