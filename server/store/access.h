/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may come in: join tokens, hosts and their certificates, sign-in links, sessions; and the
 * trail of what people did. Secrets come here as SHA-256 only. Everything that writes runs inside
 * an open transaction.
 */
#ifndef PLIMSOLL_SERVER_STORE_ACCESS_H
#define PLIMSOLL_SERVER_STORE_ACCESS_H

#include "server/store/store.h"

enum { ACCESS_SHA256_BYTES = 32 };

/* --- the audit trail --- */
struct audit_entry {
	const char *actor;  /* "local:root", "user:NAME", "host:ID" */
	const char *action; /* "token.create", "host.retire", ... */
	const char *object; /* these three may be NULL */
	const char *detail;
	const char *address;
};
bool access_audit(struct store *store, int64_t now_s, const struct audit_entry *entry,
		  GError **error);

/* --- enrolment --- */
struct join_token {
	const char *id;
	uint8_t sha256[ACCESS_SHA256_BYTES];
	const char *created_by;
	int64_t created_at_s;
	int64_t expires_at_s;
};
bool access_add_join_token(struct store *store, const struct join_token *token, GError **error);
/* ret_found is false for a token that is unknown, used, or expired at now_s. */
bool access_find_join_token(struct store *store, const char *id, int64_t now_s, bool *ret_found,
			    uint8_t ret_sha256[static ACCESS_SHA256_BYTES], GError **error);

struct host_certificate {
	const char *host_id;
	const char *fingerprint; /* lower-case hex */
	const char *serial;
	int64_t not_before_s;
	int64_t not_after_s;
	int64_t issued_at_s;
	const char *address; /* where the request came from */
};
/*
 * Uses a token up, makes the host and records its certificate.
 *
 * error  STORE_ERROR_USED when the token is used, expired or unknown by now.
 */
bool access_enroll(struct store *store, const char *token_id,
		   const struct host_certificate *certificate, GError **error);
/* Records the next certificate of a host. error: STORE_ERROR_DENIED when it was retired meanwhile.
 */
bool access_renew(struct store *store, const struct host_certificate *certificate, GError **error);

/*
 * Makes sure that there is a host which only imported facts speak for. No certificate goes with it,
 * so no agent can report as it.
 */
bool access_add_recorded_host(struct store *store, const char *host_id, const char *actor,
			      int64_t now_s, GError **error);

/*
 * Whether a certificate was issued here for this host, still holds, and neither is denied or
 * retired. TLS asks once, at a full handshake; this is asked in every request.
 */
bool access_admits(struct store *store, const char *host_id, const char *fingerprint, int64_t now_s,
		   bool *ret_admitted, GError **error);

/* Shuts a host out, with what was merged into it, and leaves its history; or deletes it. error:
 * STORE_ERROR_NOT_FOUND. */
bool access_retire_host(struct store *store, const char *host_id, const char *actor, int64_t now_s,
			GError **error);
bool access_forget_host(struct store *store, const char *host_id, const char *actor, int64_t now_s,
			GError **error);

/* What an operator files a host under; value NULL: no longer. The host is there. */
struct host_label {
	const char *host_id;
	const char *key;
	const char *value;
	const char *actor;
	int64_t now_s;
};
bool access_label_host(struct store *store, const struct host_label *label, GError **error);

/* --- people --- */
struct signin_link {
	uint8_t sha256[ACCESS_SHA256_BYTES];
	const char *role;
	int64_t created_at_s;
	int64_t expires_at_s;
};
bool access_add_link(struct store *store, const struct signin_link *link, GError **error);

struct session_start {
	uint8_t link_sha256[ACCESS_SHA256_BYTES];
	uint8_t session_sha256[ACCESS_SHA256_BYTES];
	int64_t now_s;
	int64_t expires_at_s;
	const char *address;
};
/* Uses a link up and opens a session. error: STORE_ERROR_USED for a link that is used, expired or
 * unknown. */
bool access_start_session(struct store *store, const struct session_start *start, GError **error);
bool access_end_session(struct store *store, const uint8_t sha256[static ACCESS_SHA256_BYTES],
			GError **error);
/* gives: the session's role, free with g_free(); NULL with no error: there is no such session. */
char *access_find_session(struct store *store, const uint8_t sha256[static ACCESS_SHA256_BYTES],
			  int64_t now_s, GError **error);

#endif
