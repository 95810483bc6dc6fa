/* SPDX-License-Identifier: Apache-2.0 */
/* How a host gets its certificate: once with a join string, later with the certificate that it has.
 */
#ifndef PLIMSOLL_AGENT_SHIP_ENROLL_H
#define PLIMSOLL_AGENT_SHIP_ENROLL_H

#include "agent/ship/identity.h"
#include "agent/ship/join.h"

enum enroll_error {
	ENROLL_ERROR_REFUSED,  /* the server said no; the message holds its words */
	ENROLL_ERROR_ENROLLED, /* there is an identity already */
};
#define ENROLL_ERROR (enroll_error_quark())
GQuark enroll_error_quark(void);

/*
 * Spends the join string's token on a certificate and stores it. The token is sent only over a
 * connection whose server has shown the pinned CA and a certificate of it for the URL's name.
 *
 * proxy     NULL: none.
 * error     HTTP_ERROR, ENROLL_ERROR, IDENTITY_ERROR or G_FILE_ERROR.
 */
bool enroll(const char *state_dir, const struct join *join, const char *proxy, GError **error);

/* Replaces key and certificate over a connection that the old ones still open. */
bool enroll_renew(const char *state_dir, const struct identity *identity, const char *proxy,
		  GError **error);

#endif
