/* SPDX-License-Identifier: Apache-2.0 */
/* An Engine that was recorded: the same door as engine_curl.h, without a daemon. */
#ifndef PLIMSOLL_AGENT_ENGINE_RECORDED_H
#define PLIMSOLL_AGENT_ENGINE_RECORDED_H

#include "agent/host.h"

struct engine_recorded;

/*
 * Opens the recording DIR/index.json: { "/info": {"status": 200, "file": "...", "headers": {...}}
 * }.
 *
 * gives  NULL without an error: there is no index.json. Free with engine_recorded_free().
 * error  HOST_ERROR_RECORDING: the index cannot be read.
 */
struct engine_recorded *engine_recorded_new(const char *dir, GError **error);
void engine_recorded_free(struct engine_recorded *engine);
PLIMSOLL_AUTOPTR(engine_recorded, engine_recorded_free)

/* As engine_curl_get(). What was not recorded is NOT_TRIED. */
void engine_recorded_get(struct engine_recorded *engine, struct host_get *requests,
			 guint n_requests, void (*done)(struct host_get *request, void *data),
			 void *data);

#endif
