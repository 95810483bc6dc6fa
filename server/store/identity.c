/* SPDX-License-Identifier: Apache-2.0 */
/* See identity.h. */
#include "server/store/identity.h"

#include <string.h>

#include "server/store/access.h"
#include "server/store/internal.h"

enum {
	KEY_FIND,
	KEY_PUT,
	KEY_LIST,
	KEYS_MOVE,
	KEYS_RETURN,
	HOST_ADD,
	HOST_FIND,
	HOST_MERGE,
	HOST_SPLIT,
	RELATIVES,
};

static const char *const statements[] = {
	[KEY_FIND] = "SELECT host FROM host_key WHERE fingerprint = ?1",
	[KEY_PUT] = "INSERT INTO host_key (fingerprint, host, born, type, target, engine_way,"
		    " transport_reason, first_at, last_at)"
		    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)"
		    " ON CONFLICT DO UPDATE SET type = ?4, target = ?5, engine_way = ?6,"
		    " transport_reason = ?7, last_at = ?8",
	[KEY_LIST] = "SELECT fingerprint, type, target, engine_way, transport_reason, last_at"
		     " FROM host_key WHERE host = ?1 ORDER BY last_at DESC, fingerprint LIMIT 100",
	[KEYS_MOVE] = "UPDATE host_key SET host = ?1 WHERE host IN"
		      " (SELECT id FROM host WHERE merged_into = ?1)",
	[KEYS_RETURN] = "UPDATE host_key SET host = ?1 WHERE born = ?1",
	[HOST_FIND] = "SELECT source, retired_at, merged_into FROM host WHERE id = ?1",
	[HOST_MERGE] = "UPDATE host SET merged_into = ?2 WHERE id = ?1 OR merged_into = ?1",
	[HOST_SPLIT] = "UPDATE host SET merged_into = NULL WHERE id = ?1"
		       " AND merged_into IS NOT NULL",
	/* 0, 1, 2: enum relation */
	[RELATIVES] = "SELECT 0, id, name, source FROM host WHERE merged_into = ?1"
		      " UNION ALL SELECT 1, o.id, o.name, o.source FROM host h"
		      "  JOIN host o ON o.id = h.merged_into WHERE h.id = ?1"
		      " UNION ALL SELECT 2, o.id, o.name, o.source FROM host h JOIN host o"
		      "  ON o.machine_id = h.machine_id AND o.boot_id = h.boot_id AND o.id <> h.id"
		      "  WHERE h.id = ?1 AND h.merged_into IS NULL AND o.merged_into IS NULL"
		      "  AND h.retired_at IS NULL AND o.retired_at IS NULL"
		      "  AND NOT (h.source = 'agent' AND o.source = 'agent')"
		      " ORDER BY 1, 2 LIMIT 100",
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

/* --- merging --- */

/* A host that is to be merged. */
struct side {
	char *id;
	enum host_source source;
};

static bool refuse(GError **error, const char *host_id, const char *why)
{
	g_set_error(error, STORE_ERROR, STORE_ERROR_DENIED, "'%s' %s", host_id, why);
	return false;
}

/* ret_side: its id is to be freed, also after false. ret_whole: NULL or what it is part of. */
static bool find_side(struct store *store, const char *host_id, struct side *ret_side,
		      char **ret_whole, GError **error)
{
	g_autoptr(GError) problem = NULL;
	SQL_ROWS rows =
		sql_query(store->sql, statements[HOST_FIND], SQL_ARGS(sql_text(host_id)), &problem);
	bool found = rows_next(&rows, &problem);

	*ret_side = (struct side){.id = NULL};
	*ret_whole = NULL;
	if (problem != NULL) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	if (!found) {
		g_set_error(error, STORE_ERROR, STORE_ERROR_NOT_FOUND, "there is no host '%s'",
			    host_id);
		return false;
	}
	if (!rows_is_null(&rows, 1))
		return refuse(error, host_id, "is retired");
	*ret_side = (struct side){g_strdup(host_id), host_source_of(rows_text(&rows, 0))};
	*ret_whole = g_strdup(rows_text(&rows, 2));
	return true;
}

static bool find_from(struct store *store, const char *host_id, struct side *ret_side,
		      GError **error)
{
	g_autofree char *whole = NULL;

	if (!find_side(store, host_id, ret_side, &whole, error))
		return false;
	return whole == NULL ||
	       refuse(error, host_id, "is part of another host already; split it off first");
}

/* What a host is part of stands for it. */
static bool find_into(struct store *store, const char *host_id, struct side *ret_side,
		      GError **error)
{
	g_autofree char *whole = NULL;
	g_autofree char *none = NULL;

	if (!find_side(store, host_id, ret_side, &whole, error))
		return false;
	if (whole == NULL)
		return true;
	g_free(ret_side->id);
	return find_side(store, whole, ret_side, &none, error);
}

static bool join(struct store *store, const struct side *from, const struct side *into,
		 const struct merge_order *order, GError **error)
{
	const struct audit_entry entry = {.actor = order->actor,
					  .action = "host.merge",
					  .object = from->id,
					  .detail = into->id};

	return sql_run(store->sql, statements[HOST_MERGE],
		       SQL_ARGS(sql_text(from->id), sql_text(into->id)), error) &&
	       (into->source != HOST_AGENTLESS ||
		sql_run(store->sql, statements[KEYS_MOVE], SQL_ARGS(sql_text(into->id)), error)) &&
	       access_audit(store, order->now_s, &entry, error);
}

static bool merge(struct store *store, struct side *from, struct side *into,
		  const struct merge_order *order, GError **error)
{
	struct side kept = *into;

	if (strcmp(from->id, into->id) == 0)
		return refuse(error, from->id, "and what it is to be merged into are one host");
	if (from->source == HOST_AGENT && into->source == HOST_AGENT)
		return refuse(error, from->id,
			      "and the other are both enrolled agents; retire the one that is no "
			      "longer");
	if (from->source > into->source) {
		*into = *from;
		*from = kept;
	}
	return join(store, from, into, order, error);
}

bool identity_merge(struct store *store, const struct merge_order *order, char **ret_into,
		    GError **error)
{
	struct side from;
	struct side into = {.id = NULL};
	bool done = find_from(store, order->from, &from, error) &&
		    find_into(store, order->into, &into, error) &&
		    merge(store, &from, &into, order, error);

	*ret_into = done ? g_steal_pointer(&into.id) : NULL;
	g_free(from.id);
	g_free(into.id);
	return done;
}

bool identity_split(struct store *store, const char *host_id, const char *actor, int64_t now_s,
		    GError **error)
{
	const struct audit_entry entry = {
		.actor = actor, .action = "host.split", .object = host_id};

	if (!sql_run(store->sql, statements[HOST_SPLIT], SQL_ARGS(sql_text(host_id)), error))
		return false;
	if (sql_changes(store->sql) == 0) {
		g_set_error(error, STORE_ERROR, STORE_ERROR_NOT_FOUND,
			    "'%s' is not part of another host", host_id);
		return false;
	}
	return sql_run(store->sql, statements[KEYS_RETURN], SQL_ARGS(sql_text(host_id)), error) &&
	       access_audit(store, now_s, &entry, error);
}

/* --- what pages ask --- */

static void free_relative(gpointer data)
{
	struct relative *relative = data;

	g_free(relative->id);
	g_free(relative->name);
	g_free(relative);
}

GPtrArray *identity_relatives(struct store *store, const char *host_id, GError **error)
{
	g_autoptr(GPtrArray) relatives = g_ptr_array_new_with_free_func(free_relative);
	g_autoptr(GError) problem = NULL;
	SQL_ROWS rows =
		sql_query(store->sql, statements[RELATIVES], SQL_ARGS(sql_text(host_id)), &problem);

	while (rows_next(&rows, &problem)) {
		struct relative *relative = g_new0(struct relative, 1);

		*relative = (struct relative){
			(enum relation)rows_int(&rows, 0), g_strdup(rows_text(&rows, 1)),
			g_strdup(rows_text(&rows, 2)), host_source_of(rows_text(&rows, 3))};
		g_ptr_array_add(relatives, relative);
	}
	if (problem == NULL)
		return g_steal_pointer(&relatives);
	g_propagate_error(error, g_steal_pointer(&problem));
	return NULL;
}

static void free_key(gpointer data)
{
	struct known_key *key = data;

	g_free(key->fingerprint);
	g_free(key->type);
	g_free(key->target);
	g_free(key->engine_way);
	g_free(key->transport_reason);
	g_free(key);
}

GPtrArray *identity_keys(struct store *store, const char *host_id, GError **error)
{
	g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(free_key);
	g_autoptr(GError) problem = NULL;
	SQL_ROWS rows =
		sql_query(store->sql, statements[KEY_LIST], SQL_ARGS(sql_text(host_id)), &problem);

	while (rows_next(&rows, &problem)) {
		struct known_key *key = g_new0(struct known_key, 1);

		*key = (struct known_key){
			g_strdup(rows_text(&rows, 0)), g_strdup(rows_text(&rows, 1)),
			g_strdup(rows_text(&rows, 2)), g_strdup(rows_text(&rows, 3)),
			g_strdup(rows_text(&rows, 4)), rows_int(&rows, 5)};
		g_ptr_array_add(keys, key);
	}
	if (problem == NULL)
		return g_steal_pointer(&keys);
	g_propagate_error(error, g_steal_pointer(&problem));
	return NULL;
}
