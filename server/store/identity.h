/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which host a scan over SSH speaks for: the one that has shown this host key before. Nothing that
 * a host says of itself moves its reports to another host; only an operator does. Everything that
 * writes runs inside an open transaction.
 */
#ifndef PLIMSOLL_SERVER_STORE_IDENTITY_H
#define PLIMSOLL_SERVER_STORE_IDENTITY_H

#include "server/store/fleet.h"
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

/*
 * Makes one host of two, because an operator says that they are one machine: FROM and all that was
 * merged into it are seen as part of INTO from now on. Nothing is deleted. Whose id stays: an
 * agent's before that of scans, that of scans before that of files; else INTO's.
 *
 * - Scans into scans: keys of FROM file their next scans under INTO.
 * - Scans into an agent: further scans are filed beside the agent's reports, never among them.
 *
 * ret_into  whose id stays; free with g_free().
 * error     STORE_ERROR_NOT_FOUND; STORE_ERROR_DENIED for two agents, a host that is retired, a
 *           part of another host, or the same host.
 */
struct merge_order {
	const char *from;
	const char *into;
	const char *actor;
	int64_t now_s;
};
bool identity_merge(struct store *store, const struct merge_order *order, char **ret_into,
		    GError **error);

/* Takes a merge back: the host stands for itself again, with the keys that it came with. error:
 * STORE_ERROR_NOT_FOUND when it is part of none. */
bool identity_split(struct store *store, const char *host_id, const char *actor, int64_t now_s,
		    GError **error);

/* Another host that has to do with this one. */
struct relative {
	enum relation {
		RELATIVE_PART,  /* was merged into this one */
		RELATIVE_WHOLE, /* this one was merged into it */
		RELATIVE_TWIN,  /* says the same of its machine and boot; nothing is proved */
	} relation;
	char *id;
	char *name; /* NULL: no report yet */
	enum host_source source;
};
enum { IDENTITY_RELATIVES = 100 }; /* more are not told */

/* gives: struct relative; free with g_ptr_array_unref(). */
GPtrArray *identity_relatives(struct store *store, const char *host_id, GError **error);

/* Keys whose scans are filed under this host, the newest scan first. gives: as above. */
struct known_key {
	char *fingerprint;
	char *type;
	char *target;
	char *engine_way;
	char *transport_reason;
	int64_t last_at_s;
};
GPtrArray *identity_keys(struct store *store, const char *host_id, GError **error);

#endif
