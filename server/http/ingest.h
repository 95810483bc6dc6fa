/* SPDX-License-Identifier: Apache-2.0 */
/* Step 4 of the flow: a report from an agent, through evaluation into the store. */
#ifndef PLIMSOLL_SERVER_HTTP_INGEST_H
#define PLIMSOLL_SERVER_HTTP_INGEST_H

#include "server/http/worker.h"

enum {
	INGEST_EVALUATION_LIFE_S = 3600, /* unchanged facts are judged again after this long */
	INGEST_ENGINE_KEY_CHARS = 64,
	INGEST_NAME_CHARS = 255, /* host name, agent version, ... */
	INGEST_RETRY_AFTER_S = 30,
};

/* POST /v1/report. Answers after the commit. */
void ingest_report(struct exchange *exchange, struct worker *worker);

/* Sets an answer of this listener: a packed Reply that carries an error. */
void ingest_refuse(struct exchange *exchange, guint status, const char *why);

/* Whether an engine key is one: "rootful", "rootless:1000", "podman", "podman:1000". */
bool ingest_is_engine_key(const char *key);

#endif
