/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which host a scan over SSH speaks for: the one that has shown this host key before. Nothing that
 * a host says of itself moves its reports to another host; only an operator does. Everything that
 * writes runs inside an open transaction.
 */
#ifndef PLIMSOLL_SERVER_STORE_IDENTITY_H
#define PLIMSOLL_SERVER_STORE_IDENTITY_H

#include "server/store/store.h"

/* A host key as a scan saw it; everything but the first two may be NULL. */
struct host_key {
	const char *fingerprint; /* "SHA256:...", as ssh-keygen -l prints it */
	const char *born;        /* the host id that this key gives where it is unknown */
	const char *type;        /* "ssh-ed25519" */
	const char *target;      /* whom the operator named */
	const char *engine_way;
	const char *transport_reason;
};

/*
 * Makes sure that there is a host for this key, and notes the scan.
 *
 * gives  the id of the host; free with g_free().
 */
char *identity_adopt(struct store *store, const struct host_key *key, const char *actor,
		     int64_t now_s, GError **error);

#endif
