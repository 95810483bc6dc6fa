/* SPDX-License-Identifier: Apache-2.0 */
/* Step 6: tokens, certificates, sign-in and the audit trail. What is single-use is used up by one
 * UPDATE whose WHERE says "not yet", so that two takers cannot both win. */
#include "server/store/access.h"

#include <string.h>

#include "server/store/internal.h"

enum {
	AUDIT_ADD,
	TOKEN_ADD,
	TOKEN_FIND,
	TOKEN_USE,
	HOST_ADD,
	HOST_ADD_RECORDED,
	HOST_RETIRE,
	HOST_DELETE,
	HOST_DELETE_PARTS,
	HOST_OPEN,
	CERTIFICATE_ADD,
	ADMITS,
	DENY_HOST,
	LABEL_PUT,
	LABEL_DROP,
	LINK_ADD,
	LINK_USE,
	SESSION_ADD,
	SESSION_END,
	SESSION_FIND,
};

static const char *const statements[] = {
	[AUDIT_ADD] = "INSERT INTO audit (at, actor, action, object, detail, address)"
		      " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	[TOKEN_ADD] = "INSERT INTO join_token (id, sha256, created_at, created_by, expires_at)"
		      " VALUES (?1, ?2, ?3, ?4, ?5)",
	[TOKEN_FIND] = "SELECT sha256 FROM join_token WHERE id = ?1 AND used_at IS NULL"
		       " AND expires_at > ?2",
	[TOKEN_USE] = "UPDATE join_token SET used_at = ?2, used_by = ?3 WHERE id = ?1"
		      " AND used_at IS NULL AND expires_at > ?2",
	[HOST_ADD] = "INSERT INTO host (id, source, created_at) VALUES (?1, 'agent', ?2)",
	[HOST_ADD_RECORDED] =
		"INSERT INTO host (id, source, created_at) VALUES (?1, 'recorded', ?2)"
		" ON CONFLICT DO NOTHING",
	[HOST_RETIRE] = "UPDATE host SET retired_at = coalesce(retired_at, ?2)"
			" WHERE id = ?1 OR merged_into = ?1",
	[HOST_DELETE] = "DELETE FROM host WHERE id = ?1",
	[HOST_DELETE_PARTS] = "DELETE FROM host WHERE merged_into = ?1",
	[HOST_OPEN] = "SELECT 1 FROM host WHERE id = ?1 AND retired_at IS NULL AND NOT EXISTS"
		      " (SELECT 1 FROM denied WHERE kind = 'host' AND value = ?1)",
	[CERTIFICATE_ADD] = "INSERT INTO certificate (fingerprint, host, serial, not_before,"
			    " not_after, issued_at, address) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[ADMITS] =
		"SELECT 1 FROM certificate c JOIN host h ON h.id = c.host"
		" WHERE c.fingerprint = ?2 AND c.host = ?1 AND c.not_after > ?3"
		" AND h.retired_at IS NULL"
		" AND NOT EXISTS (SELECT 1 FROM denied d WHERE (d.kind = 'host' AND d.value = ?1)"
		"  OR (d.kind = 'certificate' AND d.value = ?2))",
	[DENY_HOST] = "INSERT OR IGNORE INTO denied (kind, value, reason, at, by)"
		      " SELECT 'host', id, ?2, ?3, ?4 FROM host WHERE id = ?1 OR merged_into = ?1",
	[LABEL_PUT] = "INSERT OR REPLACE INTO host_label (host, key, value) VALUES (?1, ?2, ?3)",
	[LABEL_DROP] = "DELETE FROM host_label WHERE host = ?1 AND key = ?2",
	[LINK_ADD] = "INSERT INTO signin_link (sha256, role, created_at, expires_at)"
		     " VALUES (?1, ?2, ?3, ?4)",
	[LINK_USE] = "UPDATE signin_link SET used_at = ?2 WHERE sha256 = ?1 AND used_at IS NULL"
		     " AND expires_at > ?2",
	[SESSION_ADD] = "INSERT INTO session (sha256, role, user, created_at, expires_at, address)"
			" SELECT ?1, role, user, ?3, ?4, ?5 FROM signin_link WHERE sha256 = ?2",
	[SESSION_END] = "DELETE FROM session WHERE sha256 = ?1",
	[SESSION_FIND] = "SELECT role FROM session WHERE sha256 = ?1 AND expires_at > ?2",
};
const struct statement_table access_statements = {"access", statements, G_N_ELEMENTS(statements)};

static struct sql_value digest_value(const uint8_t *sha256)
{
	return sql_blob(sha256, ACCESS_SHA256_BYTES);
}

bool access_audit(struct store *store, int64_t now_s, const struct audit_entry *entry,
		  GError **error)
{
	return sql_run(store->sql, statements[AUDIT_ADD],
		       SQL_ARGS(sql_int(now_s), sql_text(entry->actor), sql_text(entry->action),
				sql_text(entry->object), sql_text(entry->detail),
				sql_text(entry->address)),
		       error);
}

/* --- enrolment --- */

bool access_add_join_token(struct store *store, const struct join_token *token, GError **error)
{
	const struct audit_entry entry = {
		.actor = token->created_by, .action = "token.create", .object = token->id};

	return sql_run(store->sql, statements[TOKEN_ADD],
		       SQL_ARGS(sql_text(token->id), digest_value(token->sha256),
				sql_int(token->created_at_s), sql_text(token->created_by),
				sql_int(token->expires_at_s)),
		       error) &&
	       access_audit(store, token->created_at_s, &entry, error);
}

bool access_find_join_token(struct store *store, const char *id, int64_t now_s, bool *ret_found,
			    uint8_t ret_sha256[static ACCESS_SHA256_BYTES], GError **error)
{
	g_autoptr(GError) problem = NULL;
	SQL_ROWS rows = sql_query(store->sql, statements[TOKEN_FIND],
				  SQL_ARGS(sql_text(id), sql_int(now_s)), &problem);
	size_t size = 0;
	const void *sha256 = NULL;

	if (rows_next(&rows, &problem))
		sha256 = rows_blob(&rows, 0, &size);
	if (problem != NULL) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	*ret_found = size == ACCESS_SHA256_BYTES;
	if (*ret_found)
		memcpy(ret_sha256, sha256, size);
	return true;
}

static bool add_certificate(struct store *store, const struct host_certificate *certificate,
			    const char *action, GError **error)
{
	g_autofree char *actor = g_strconcat("host:", certificate->host_id, NULL);
	const struct audit_entry entry = {.actor = actor,
					  .action = action,
					  .object = certificate->host_id,
					  .detail = certificate->serial,
					  .address = certificate->address};

	return sql_run(store->sql, statements[CERTIFICATE_ADD],
		       SQL_ARGS(sql_text(certificate->fingerprint), sql_text(certificate->host_id),
				sql_text(certificate->serial), sql_int(certificate->not_before_s),
				sql_int(certificate->not_after_s),
				sql_int(certificate->issued_at_s), sql_text(certificate->address)),
		       error) &&
	       access_audit(store, certificate->issued_at_s, &entry, error);
}

bool access_enroll(struct store *store, const char *token_id,
		   const struct host_certificate *certificate, GError **error)
{
	if (!sql_run(store->sql, statements[TOKEN_USE],
		     SQL_ARGS(sql_text(token_id), sql_int(certificate->issued_at_s),
			      sql_text(certificate->host_id)),
		     error))
		return false;
	if (sql_changes(store->sql) != 1) {
		g_set_error_literal(error, STORE_ERROR, STORE_ERROR_USED,
				    "this token was used, has expired, or never was");
		return false;
	}
	return sql_run(store->sql, statements[HOST_ADD],
		       SQL_ARGS(sql_text(certificate->host_id), sql_int(certificate->issued_at_s)),
		       error) &&
	       add_certificate(store, certificate, "host.enroll", error);
}

bool access_add_recorded_host(struct store *store, const char *host_id, const char *actor,
			      int64_t now_s, GError **error)
{
	const struct audit_entry entry = {
		.actor = actor, .action = "host.import", .object = host_id};

	return sql_run(store->sql, statements[HOST_ADD_RECORDED],
		       SQL_ARGS(sql_text(host_id), sql_int(now_s)), error) &&
	       access_audit(store, now_s, &entry, error);
}

static bool is_host_open(struct store *store, const char *host_id, GError **error)
{
	int64_t open = 0;

	if (!sql_find_int(store->sql, statements[HOST_OPEN], SQL_ARGS(sql_text(host_id)), 0, &open,
			  error))
		return false;
	if (open == 1)
		return true;
	g_set_error_literal(error, STORE_ERROR, STORE_ERROR_DENIED,
			    "this host was retired or forgotten here");
	return false;
}

bool access_renew(struct store *store, const struct host_certificate *certificate, GError **error)
{
	return is_host_open(store, certificate->host_id, error) &&
	       add_certificate(store, certificate, "host.renew", error);
}

bool access_admits(struct store *store, const char *host_id, const char *fingerprint, int64_t now_s,
		   bool *ret_admitted, GError **error)
{
	int64_t admitted = 0;

	if (!sql_find_int(store->sql, statements[ADMITS],
			  SQL_ARGS(sql_text(host_id), sql_text(fingerprint), sql_int(now_s)), 0,
			  &admitted, error))
		return false;
	*ret_admitted = admitted == 1;
	return true;
}

static bool apply(struct sql *sql, int statement, const char *host_id, int64_t now_s,
		  GError **error)
{
	if (statement == HOST_RETIRE)
		return sql_run(sql, statements[HOST_RETIRE],
			       SQL_ARGS(sql_text(host_id), sql_int(now_s)), error);
	/* The host goes last: what goes with it is found by it, and counted is only itself. */
	return sql_run(sql, statements[HOST_DELETE_PARTS], SQL_ARGS(sql_text(host_id)), error) &&
	       sql_run(sql, statements[HOST_DELETE], SQL_ARGS(sql_text(host_id)), error);
}

/* Retires or deletes a host and its parts; either way their certificates and keys never open
 * anything again. */
static bool shut_out(struct store *store, int statement, const struct audit_entry *entry,
		     int64_t now_s, GError **error)
{
	struct sql *sql = store->sql;

	if (!sql_run(sql, statements[DENY_HOST],
		     SQL_ARGS(sql_text(entry->object), sql_text(entry->action), sql_int(now_s),
			      sql_text(entry->actor)),
		     error) ||
	    !apply(sql, statement, entry->object, now_s, error))
		return false;
	if (sql_changes(sql) == 0) {
		g_set_error(error, STORE_ERROR, STORE_ERROR_NOT_FOUND, "there is no host '%s'",
			    entry->object);
		return false;
	}
	return access_audit(store, now_s, entry, error);
}

bool access_retire_host(struct store *store, const char *host_id, const char *actor, int64_t now_s,
			GError **error)
{
	const struct audit_entry entry = {
		.actor = actor, .action = "host.retire", .object = host_id};

	return shut_out(store, HOST_RETIRE, &entry, now_s, error);
}

bool access_forget_host(struct store *store, const char *host_id, const char *actor, int64_t now_s,
			GError **error)
{
	const struct audit_entry entry = {
		.actor = actor, .action = "host.forget", .object = host_id};

	return shut_out(store, HOST_DELETE, &entry, now_s, error);
}

bool access_label_host(struct store *store, const struct host_label *label, GError **error)
{
	g_autofree char *detail =
		g_strconcat(label->key, label->value != NULL ? "=" : "-", label->value, NULL);
	const struct audit_entry entry = {.actor = label->actor,
					  .action = "host.label",
					  .object = label->host_id,
					  .detail = detail};
	bool done =
		label->value != NULL
			? sql_run(store->sql, statements[LABEL_PUT],
				  SQL_ARGS(sql_text(label->host_id), sql_text(label->key),
					   sql_text(label->value)),
				  error)
			: sql_run(store->sql, statements[LABEL_DROP],
				  SQL_ARGS(sql_text(label->host_id), sql_text(label->key)), error);

	return done && access_audit(store, label->now_s, &entry, error);
}

/* --- people --- */

bool access_add_link(struct store *store, const struct signin_link *link, GError **error)
{
	const struct audit_entry entry = {
		.actor = "local", .action = "link.create", .detail = link->role};

	return sql_run(store->sql, statements[LINK_ADD],
		       SQL_ARGS(digest_value(link->sha256), sql_text(link->role),
				sql_int(link->created_at_s), sql_int(link->expires_at_s)),
		       error) &&
	       access_audit(store, link->created_at_s, &entry, error);
}

bool access_start_session(struct store *store, const struct session_start *start, GError **error)
{
	const struct audit_entry entry = {
		.actor = "link", .action = "session.start", .address = start->address};

	if (!sql_run(store->sql, statements[LINK_USE],
		     SQL_ARGS(digest_value(start->link_sha256), sql_int(start->now_s)), error))
		return false;
	if (sql_changes(store->sql) != 1) {
		g_set_error_literal(error, STORE_ERROR, STORE_ERROR_USED,
				    "this link was used, has expired, or never was");
		return false;
	}
	return sql_run(store->sql, statements[SESSION_ADD],
		       SQL_ARGS(digest_value(start->session_sha256),
				digest_value(start->link_sha256), sql_int(start->now_s),
				sql_int(start->expires_at_s), sql_text(start->address)),
		       error) &&
	       access_audit(store, start->now_s, &entry, error);
}

bool access_end_session(struct store *store, const uint8_t sha256[static ACCESS_SHA256_BYTES],
			GError **error)
{
	return sql_run(store->sql, statements[SESSION_END], SQL_ARGS(digest_value(sha256)), error);
}

char *access_find_session(struct store *store, const uint8_t sha256[static ACCESS_SHA256_BYTES],
			  int64_t now_s, GError **error)
{
	SQL_ROWS rows = sql_query(store->sql, statements[SESSION_FIND],
				  SQL_ARGS(digest_value(sha256), sql_int(now_s)), error);

	return rows_next(&rows, error) ? g_strdup(rows_text(&rows, 0)) : NULL;
}
