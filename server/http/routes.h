/* SPDX-License-Identifier: Apache-2.0 */
/* What each listener answers to: one table each, ending with a row without a path. */
#ifndef PLIMSOLL_SERVER_HTTP_ROUTES_H
#define PLIMSOLL_SERVER_HTTP_ROUTES_H

#include "server/http/worker.h"

enum {
	ENROLMENT_BODY_BYTES = 32 << 10,
	PEOPLE_BODY_BYTES = 16 << 10,
	SESSION_LIFE_S = 12 * 3600,
	SESSION_LINK_LIFE_S = 15 * 60,
};

extern const struct route agents_routes[];
extern const struct route enrolment_routes[];
extern const struct route people_routes[];

/* {"error": why}, as the enrolment listener and renewals answer. */
void enrolment_refuse(struct exchange *exchange, guint status, const char *why);
/* A page that says what went wrong, with the headers that every page has. */
void people_refuse(struct exchange *exchange, guint status, const char *why);

/* Puts the security headers on an answer of the people's listener. */
void people_set_headers(struct exchange *exchange);

#endif
