/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an operator hands to a new host: one string with addresses, the CA's pin and a secret that
 * works once. The agent reads it (agent/), the server makes it here.
 */
#ifndef PLIMSOLL_SERVER_JOIN_H
#define PLIMSOLL_SERVER_JOIN_H

#include "server/config.h"
#include "server/pki.h"
#include "server/store/store.h"

/* "https://NAME:PORT" of a listener; the port that the running server got where 0 is configured. */
char *join_url(const struct config *config, enum config_listener listener, GError **error);

/* Records a new token. gives: the whole join string, free with g_free(). */
char *join_create(struct store *store, const struct config *config, const struct pki *pki,
		  const char *created_by, int64_t now_s, int64_t life_s, GError **error);

/* Records a new sign-in link. gives: its address, free with g_free(). */
char *join_signin_link(struct store *store, const struct config *config, const char *role,
		       int64_t now_s, int64_t life_s, GError **error);

/* DATA/ports.json: where the running server listens. */
bool join_write_ports(const struct config *config, const guint ports[static CONFIG_LISTENERS],
		      GError **error);

#endif
