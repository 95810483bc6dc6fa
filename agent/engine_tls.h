/* SPDX-License-Identifier: Apache-2.0 */
/* TLS towards an Engine on tcp://, and what to do where it fails. */
#ifndef PLIMSOLL_AGENT_ENGINE_TLS_H
#define PLIMSOLL_AGENT_ENGINE_TLS_H

#include <curl/curl.h>

#include "agent/host_endpoint.h"

/* TLS 1.2 or newer; keeps a borrow of endpoint. */
void engine_tls_setup(CURL *easy, const struct host_endpoint *endpoint);

/*
 * What went wrong, in words that say what to do, for a transfer that ended with code.
 *
 * problem  libcurl's own words (CURLOPT_ERRORBUFFER).
 * gives    static text; NULL: it was not about TLS.
 */
const char *engine_tls_trouble(CURL *easy, CURLcode code, const char *problem,
			       const struct host_endpoint *endpoint);

#endif
