/* SPDX-License-Identifier: Apache-2.0 */
/* See identity.h. */
#include "server/store/identity.h"

#include "server/store/access.h"
#include "server/store/internal.h"

enum { KEY_FIND, KEY_PUT, HOST_ADD };

static const char *const statements[] = {
	[KEY_FIND] = "SELECT host FROM host_key WHERE fingerprint = ?1",
	[KEY_PUT] = "INSERT INTO host_key (fingerprint, host, born, type, target, engine_way,"
		    " transport_reason, first_at, last_at)"
		    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)"
		    " ON CONFLICT DO UPDATE SET type = ?4, target = ?5, engine_way = ?6,"
		    " transport_reason = ?7, last_at = ?8",
	[HOST_ADD] = "INSERT INTO host (id, source, created_at) VALUES (?1, 'agentless', ?2)"
		     " ON CONFLICT DO NOTHING",
};
const struct statement_table identity_statements = {"identity", statements,
						    G_N_ELEMENTS(statements)};

/* --- scans --- */

/* ret_host: free with g_free(); NULL: no host has shown this key. */
static bool find_key(struct store *store, const char *fingerprint, char **ret_host, GError **error)
{
	g_autoptr(GError) problem = NULL;
	SQL_ROWS rows = sql_query(store->sql, statements[KEY_FIND], SQL_ARGS(sql_text(fingerprint)),
				  &problem);

	*ret_host = rows_next(&rows, &problem) ? g_strdup(rows_text(&rows, 0)) : NULL;
	if (problem == NULL)
		return true;
	g_propagate_error(error, g_steal_pointer(&problem));
	return false;
}

static bool add_host(struct store *store, const struct host_key *key, const char *actor,
		     int64_t now_s, GError **error)
{
	const struct audit_entry entry = {.actor = actor,
					  .action = "host.scan",
					  .object = key->born,
					  .detail = key->fingerprint};

	return sql_run(store->sql, statements[HOST_ADD],
		       SQL_ARGS(sql_text(key->born), sql_int(now_s)), error) &&
	       access_audit(store, now_s, &entry, error);
}

char *identity_adopt(struct store *store, const struct host_key *key, const char *actor,
		     int64_t now_s, GError **error)
{
	g_autofree char *host = NULL;

	if (!find_key(store, key->fingerprint, &host, error))
		return NULL;
	if (host == NULL) {
		if (!add_host(store, key, actor, now_s, error))
			return NULL;
		host = g_strdup(key->born);
	}
	if (!sql_run(store->sql, statements[KEY_PUT],
		     SQL_ARGS(sql_text(key->fingerprint), sql_text(host), sql_text(key->born),
			      sql_text(key->type), sql_text(key->target), sql_text(key->engine_way),
			      sql_text(key->transport_reason), sql_int(now_s)),
		     error))
		return NULL;
	return g_steal_pointer(&host);
}
