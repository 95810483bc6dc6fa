/* SPDX-License-Identifier: Apache-2.0 */
/* The join string: all that a new agent needs to know, in one word that `plimsoll token create`
 * prints. */
#ifndef PLIMSOLL_AGENT_SHIP_JOIN_H
#define PLIMSOLL_AGENT_SHIP_JOIN_H

#include <glib.h>

#include "proto/tls.h"

enum { JOIN_MAX_BYTES = 4096 };

struct join {
	char *enroll_url;           /* https://NAME:8445 */
	char *agents_url;           /* https://NAME:8444 */
	uint8_t pin[TLS_PIN_BYTES]; /* of the server's CA */
	char *token;                /* ID.SECRET; good for one enrolment */
};

#define JOIN_ERROR (join_error_quark())
GQuark join_error_quark(void);

/*
 * Reads a join string; blanks around it are ignored.
 *
 * gives  free with join_free(), which wipes the token.
 * error  JOIN_ERROR; never quotes the string.
 */
struct join *join_parse(const char *text, gsize size, GError **error);
void join_free(struct join *join);
PLIMSOLL_AUTOPTR(join, join_free)

#endif
