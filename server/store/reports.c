/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 6: one report into the store. Its cost is proportional to what changed: an unchanged host
 * costs one row of history; a changed one its facts, one blob of verdicts, and the rows that moved.
 */
#include "server/store/reports.h"

#include <string.h>

#include "proto/wire.h"
#include "server/store/findings.h"
#include "server/store/internal.h"
#include "server/store/results.h"

enum { CLUSTER_SILENT_S = 24 * 3600 };

enum {
	HOST_STATE,
	HOST_UPDATE,
	ENGINE_FIND,
	ENGINE_COUNT,
	ENGINE_ADD,
	ENGINE_UPDATE,
	ENGINE_JUDGED,
	REPORT_FIND,
	REPORT_ADD,
	FACTS_ADD,
	FACTS_HAS,
	FACTS_GET,
	FACTS_REPLACED,
	OUTCOME_ADD,
	SNAPSHOT_PUT,
	COST_PUT,
	CLUSTER_FIND,
	CLUSTER_ADD,
	CLUSTER_SPEAK,
	CLUSTER_LEAVE,
};

static const char *const statements[] = {
	[HOST_STATE] = "SELECT retired_at IS NOT NULL FROM host WHERE id = ?1 AND NOT EXISTS"
		       " (SELECT 1 FROM denied WHERE kind = 'host' AND value = ?1)",
	[HOST_UPDATE] = "UPDATE host SET name = ?2, machine_id = coalesce(?3, machine_id),"
			" boot_id = coalesce(?4, boot_id) WHERE id = ?1"
			" AND (name IS NOT ?2 OR machine_id IS NOT ?3 OR boot_id IS NOT ?4)",
	[ENGINE_FIND] = "SELECT e.id, e.sequence, e.facts_sha256, e.outcome, e.evaluated_at,"
			"  o.catalogue, o.parameters, o.verdicts, c.hash, p.hash, o.facts_sha256"
			" FROM engine e LEFT JOIN outcome o ON o.id = e.outcome"
			" LEFT JOIN version c ON c.id = o.catalogue LEFT JOIN version p ON p.id = "
			"o.parameters"
			" WHERE e.host = ?1 AND e.key = ?2",
	[ENGINE_COUNT] = "SELECT count(*) FROM engine WHERE host = ?1",
	[ENGINE_ADD] = "INSERT INTO engine (host, key, created_at) VALUES (?1, ?2, ?3)",
	[ENGINE_UPDATE] =
		"UPDATE engine SET sequence = ?2, taken_at = ?3, received_at = ?4, facts_sha256 = "
		"?5,"
		" schema = ?6, agent_version = ?7, transport = ?8, outcome = ?9 WHERE id = ?1",
	[ENGINE_JUDGED] =
		"UPDATE engine SET evaluated_at = ?2, engine_version = ?3, operating_system = ?4,"
		" rootless = ?5, cluster = ?6 WHERE id = ?1",
	[REPORT_FIND] =
		"SELECT r.taken_at, o.facts_sha256 FROM report r"
		" JOIN outcome o ON o.id = r.outcome WHERE r.engine = ?1 AND r.sequence = ?2",
	[REPORT_ADD] = "INSERT INTO report (engine, sequence, taken_at, received_at, outcome, late)"
		       " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	[FACTS_ADD] = "INSERT INTO facts (engine, sha256, body, first_at, last_at)"
		      " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
	[FACTS_HAS] = "SELECT 1 FROM facts WHERE engine = ?1 AND sha256 = ?2",
	[FACTS_GET] = "SELECT f.body FROM facts f JOIN engine e ON e.id = f.engine"
		      " WHERE e.host = ?1 AND e.key = ?2 AND f.sha256 = ?3",
	[FACTS_REPLACED] = "UPDATE facts SET last_at = ?3 WHERE engine = ?1 AND sha256 = ?2",
	[OUTCOME_ADD] = "INSERT INTO outcome (engine, facts_sha256, catalogue, parameters,"
			" evaluated_at, verdicts) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	[SNAPSHOT_PUT] = "INSERT INTO snapshot (engine, observed, evaluation) VALUES (?1, ?2, ?3)"
			 " ON CONFLICT DO UPDATE SET observed = coalesce(?2, observed),"
			 "  evaluation = coalesce(?3, evaluation)",
	[COST_PUT] = "INSERT OR REPLACE INTO cost (engine, body) VALUES (?1, ?2)",
	[CLUSTER_FIND] = "SELECT id, reporter, reported_at FROM cluster WHERE swarm_id = ?1",
	[CLUSTER_ADD] = "INSERT INTO cluster (swarm_id, created_at) VALUES (?1, ?2)",
	[CLUSTER_SPEAK] = "UPDATE cluster SET reporter = ?2, reported_at = ?3 WHERE id = ?1",
	[CLUSTER_LEAVE] = "UPDATE cluster SET reporter = NULL WHERE reporter = ?1 AND id <> ?2",
};
const struct statement_table reports_statements = {"reports", statements, G_N_ELEMENTS(statements)};

/* The engine as it is before this report, and the report's own ids. */
struct put {
	struct store *store;
	const struct report_input *input;
	int64_t engine;
	int64_t sequence; /* of this report */
	int64_t taken_at_s;
	bool has_newest;
	int64_t newest_sequence;
	bool facts_are_newest; /* same hash as the newest report */
	bool has_outcome;
	int64_t outcome;
	int64_t old_catalogue;
	int64_t old_parameters;
	bool cause_holds; /* the stored outcome was judged from these facts by these rules */
	bool old_facts_equal;
	GBytes *old_verdicts;
	uint8_t old_sha256[WIRE_SHA256_BYTES];
	int64_t catalogue;
	int64_t parameters;
};

static const uint8_t *hash_of(const struct report_input *input)
{
	return input->envelope->facts_sha256.data;
}

static struct sql_value hash_value(const uint8_t *sha256)
{
	return sql_blob(sha256, WIRE_SHA256_BYTES);
}

static bool check_host(struct store *store, const char *host_id, GError **error)
{
	int64_t retired = 0;

	if (!sql_find_int(store->sql, statements[HOST_STATE], SQL_ARGS(sql_text(host_id)), 1,
			  &retired, error))
		return false;
	if (retired == 0)
		return true;
	g_set_error_literal(error, STORE_ERROR, STORE_ERROR_DENIED,
			    "this host was retired or forgotten here");
	return false;
}

static bool same_hash(struct rows *rows, int column, const uint8_t *sha256)
{
	size_t size;
	const void *bytes = rows_blob(rows, column, &size);

	return size == WIRE_SHA256_BYTES && memcmp(bytes, sha256, WIRE_SHA256_BYTES) == 0;
}

static void read_engine(struct put *put, struct rows *rows)
{
	const struct report_input *input = put->input;
	const char *catalogue = rows_text(rows, 8);
	const char *parameters = rows_text(rows, 9);
	size_t size;
	const void *sha256;

	put->engine = rows_int(rows, 0);
	put->has_newest = !rows_is_null(rows, 1);
	put->newest_sequence = rows_int(rows, 1);
	put->facts_are_newest = same_hash(rows, 2, hash_of(input));
	sha256 = rows_blob(rows, 2, &size);
	if (size == sizeof put->old_sha256)
		memcpy(put->old_sha256, sha256, size);
	put->has_outcome = !rows_is_null(rows, 3);
	put->outcome = rows_int(rows, 3);
	put->old_catalogue = rows_int(rows, 5);
	put->old_parameters = rows_int(rows, 6);
	put->old_verdicts = rows_bytes(rows, 7);
	put->old_facts_equal = same_hash(rows, 10, hash_of(input));
	put->cause_holds = put->has_outcome && put->old_facts_equal &&
			   g_strcmp0(catalogue, input->catalogue_hash) == 0 &&
			   g_strcmp0(parameters, input->parameters_hash) == 0;
}

static bool add_engine(struct put *put, GError **error)
{
	const struct report_input *input = put->input;
	struct sql *sql = put->store->sql;
	int64_t engines = 0;

	if (!sql_find_int(sql, statements[ENGINE_COUNT], SQL_ARGS(sql_text(input->host_id)), 0,
			  &engines, error))
		return false;
	if (engines >= STORE_HOST_ENGINES) {
		g_set_error(error, STORE_ERROR, STORE_ERROR_DENIED,
			    "this host reports more than %d engines", STORE_HOST_ENGINES);
		return false;
	}
	if (!sql_run(sql, statements[ENGINE_ADD],
		     SQL_ARGS(sql_text(input->host_id), sql_text(input->envelope->engine_key),
			      sql_int(input->received_at_s)),
		     error))
		return false;
	put->engine = sql_last_id(sql);
	return true;
}

static bool find_engine(struct put *put, GError **error)
{
	g_autoptr(GError) problem = NULL;
	SQL_ROWS rows = sql_query(
		put->store->sql, statements[ENGINE_FIND],
		SQL_ARGS(sql_text(put->input->host_id), sql_text(put->input->envelope->engine_key)),
		&problem);

	if (rows_next(&rows, &problem)) {
		read_engine(put, &rows);
		return true;
	}
	if (problem != NULL) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	return add_engine(put, error);
}

/* Whether this sequence number is taken, and by what. */
static bool find_twin(struct put *put, bool *ret_found, enum report_status *ret_status,
		      GError **error)
{
	g_autoptr(GError) problem = NULL;
	SQL_ROWS rows = sql_query(put->store->sql, statements[REPORT_FIND],
				  SQL_ARGS(sql_int(put->engine), sql_int(put->sequence)), &problem);

	*ret_found = rows_next(&rows, &problem);
	if (problem != NULL) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	if (*ret_found)
		*ret_status = rows_int(&rows, 0) == put->taken_at_s &&
					      same_hash(&rows, 1, hash_of(put->input))
				      ? REPORT_DUPLICATE
				      : REPORT_CONFLICT;
	return true;
}

static bool is_late(const struct put *put)
{
	return put->has_newest && put->sequence < put->newest_sequence;
}

/* Makes sure that the facts of this hash are stored for this engine. */
static bool keep_facts(struct put *put, bool *ret_have, GError **error)
{
	const struct report_input *input = put->input;
	struct sql *sql = put->store->sql;
	int64_t has = put->facts_are_newest;
	/* 0 while the facts are the newest. */
	int64_t last_at = is_late(put) ? input->received_at_s : 0;

	if (has == 0 && !sql_find_int(sql, statements[FACTS_HAS],
				      SQL_ARGS(sql_int(put->engine), hash_value(hash_of(input))), 0,
				      &has, error))
		return false;
	if (has == 0 && input->facts_zstd != NULL) {
		if (!sql_run(sql, statements[FACTS_ADD],
			     SQL_ARGS(sql_int(put->engine), hash_value(hash_of(input)),
				      sql_bytes(input->facts_zstd), sql_int(input->received_at_s),
				      sql_int(last_at)),
			     error))
			return false;
		has = 1;
	}
	*ret_have = has != 0;
	return true;
}

/* When other facts become the newest: the old ones start to age, known ones stop to. */
static bool turn_facts(struct put *put, GError **error)
{
	const struct report_input *input = put->input;
	struct sql *sql = put->store->sql;

	if (!put->has_newest || put->facts_are_newest)
		return true;
	return sql_run(sql, statements[FACTS_REPLACED],
		       SQL_ARGS(sql_int(put->engine), hash_value(put->old_sha256),
				sql_int(input->received_at_s)),
		       error) &&
	       sql_run(sql, statements[FACTS_REPLACED],
		       SQL_ARGS(sql_int(put->engine), hash_value(hash_of(input)), sql_int(0)),
		       error);
}

/* Finds the outcome that says the same, or adds one. */
static bool put_outcome(struct put *put, const int64_t *rules, int64_t *ret_outcome, GError **error)
{
	const struct report_input *input = put->input;
	g_autoptr(GBytes) verdicts = results_pack(input->evaluation, rules);

	if (put->cause_holds && g_bytes_equal(verdicts, put->old_verdicts)) {
		*ret_outcome = put->outcome;
		return true;
	}
	if (!sql_run(put->store->sql, statements[OUTCOME_ADD],
		     SQL_ARGS(sql_int(put->engine), hash_value(hash_of(input)),
			      sql_int(put->catalogue), sql_int(put->parameters),
			      sql_int(input->received_at_s), sql_bytes(verdicts)),
		     error))
		return false;
	*ret_outcome = sql_last_id(put->store->sql);
	return true;
}

/* --- swarm --- */

/*
 * Every manager of a swarm shows the same objects, so one of them speaks for it: the first that
 * came, until it is silent for a day or leaves. Findings about the swarm then exist once.
 */
static bool find_cluster(struct put *put, int64_t *ret_cluster, bool *ret_speaks, GError **error)
{
	const Plimsoll__Engine *engine = put->input->facts->engine;
	const char *swarm_id = engine != NULL ? engine->cluster_id : NULL;
	struct sql *sql = put->store->sql;
	int64_t now_s = put->input->received_at_s;
	g_autoptr(GError) problem = NULL;

	*ret_cluster = 0;
	*ret_speaks = false;
	if (swarm_id == NULL || *swarm_id == '\0')
		return true;
	{
		SQL_ROWS rows = sql_query(sql, statements[CLUSTER_FIND],
					  SQL_ARGS(sql_text(swarm_id)), &problem);

		if (rows_next(&rows, &problem)) {
			*ret_cluster = rows_int(&rows, 0);
			*ret_speaks = rows_is_null(&rows, 1) || rows_int(&rows, 1) == put->engine ||
				      rows_int(&rows, 2) < now_s - CLUSTER_SILENT_S;
			return true;
		}
	}
	if (problem != NULL) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	if (!sql_run(sql, statements[CLUSTER_ADD], SQL_ARGS(sql_text(swarm_id), sql_int(now_s)),
		     error))
		return false;
	*ret_cluster = sql_last_id(sql);
	*ret_speaks = true;
	return true;
}

static bool speak_for_cluster(struct put *put, int64_t cluster, bool speaks, GError **error)
{
	struct sql *sql = put->store->sql;

	if (speaks && !sql_run(sql, statements[CLUSTER_SPEAK],
			       SQL_ARGS(sql_int(cluster), sql_int(put->engine),
					sql_int(put->input->received_at_s)),
			       error))
		return false;
	return sql_run(sql, statements[CLUSTER_LEAVE],
		       SQL_ARGS(sql_int(put->engine), sql_int(cluster)), error);
}

/* --- the newest report --- */

static int changed_causes(const struct put *put)
{
	int changed = 0;

	if (!put->has_outcome)
		return STORE_CAUSE_FIRST;
	if (!put->old_facts_equal)
		changed |= STORE_CAUSE_FACTS;
	if (put->catalogue != put->old_catalogue)
		changed |= STORE_CAUSE_CATALOGUE;
	if (put->parameters != put->old_parameters)
		changed |= STORE_CAUSE_PARAMETERS;
	return changed != 0 ? changed : STORE_CAUSE_TIME;
}

/* Some pages large: written when there is something new to write. */
static bool put_snapshot(struct put *put, GError **error)
{
	const struct report_input *input = put->input;

	if (input->observed_zstd == NULL && input->evaluation_zstd == NULL)
		return true;
	return sql_run(put->store->sql, statements[SNAPSHOT_PUT],
		       SQL_ARGS(sql_int(put->engine), sql_bytes(input->observed_zstd),
				sql_bytes(input->evaluation_zstd)),
		       error);
}

static bool update_engine(struct put *put, int64_t outcome, GError **error)
{
	const struct report_input *input = put->input;
	const Plimsoll__Envelope *envelope = input->envelope;
	g_autoptr(GBytes) cost = envelope->cost != NULL ? wire_pack(&envelope->cost->base) : NULL;
	struct sql *sql = put->store->sql;

	return sql_run(sql, statements[ENGINE_UPDATE],
		       SQL_ARGS(sql_int(put->engine), sql_int(put->sequence),
				sql_int(put->taken_at_s), sql_int(input->received_at_s),
				hash_value(hash_of(input)),
				sql_int_or_null(envelope->has_schema, envelope->schema),
				sql_text(envelope->agent_version), sql_text(envelope->transport),
				sql_int(outcome)),
		       error) &&
	       sql_run(sql, statements[COST_PUT], SQL_ARGS(sql_int(put->engine), sql_bytes(cost)),
		       error) &&
	       put_snapshot(put, error);
}

static bool update_judged(struct put *put, int64_t cluster, GError **error)
{
	const struct report_input *input = put->input;
	const Plimsoll__Engine *engine = input->facts->engine;
	const Plimsoll__Snapshot *snapshot = input->facts->snapshot;
	struct sql *sql = put->store->sql;

	return sql_run(sql, statements[ENGINE_JUDGED],
		       SQL_ARGS(sql_int(put->engine), sql_int(input->received_at_s),
				sql_text(engine != NULL ? engine->version : NULL),
				sql_text(engine != NULL ? engine->operating_system : NULL),
				sql_int_or_null(engine != NULL && engine->has_rootless,
						engine != NULL && engine->rootless),
				sql_int_or_null(cluster != 0, cluster)),
		       error) &&
	       sql_run(sql, statements[HOST_UPDATE],
		       SQL_ARGS(sql_text(input->host_id),
				sql_text(snapshot != NULL ? snapshot->hostname : NULL),
				sql_text(snapshot != NULL ? snapshot->host_id : NULL),
				sql_text(snapshot != NULL ? snapshot->boot_id : NULL)),
		       error);
}

static bool put_newest(struct put *put, const int64_t *rules, GError **error)
{
	const struct report_input *input = put->input;
	struct cause cause = {
		.engine = put->engine,
		.sequence = put->sequence,
		.at_s = put->taken_at_s,
		.facts_sha256 = hash_of(put->input),
		.catalogue = put->catalogue,
		.parameters = put->parameters,
		.changed = changed_causes(put),
	};
	g_autoptr(GArray) moved = g_array_new(FALSE, FALSE, sizeof(int64_t));
	int64_t cluster = 0;
	bool speaks = false;

	return find_cluster(put, &cluster, &speaks, error) &&
	       speak_for_cluster(put, cluster, speaks, error) &&
	       update_judged(put, cluster, error) &&
	       results_apply(put->store, input->evaluation, input->digests, rules, &cause, moved,
			     error) &&
	       findings_apply(put->store, input->evaluation, rules, moved, &cause,
			      speaks ? cluster : 0, error) &&
	       results_score(put->store, put->engine, input->benchmark, input->score,
			     input->received_at_s, error);
}

static bool add_report(struct put *put, int64_t outcome, GError **error)
{
	return sql_run(put->store->sql, statements[REPORT_ADD],
		       SQL_ARGS(sql_int(put->engine), sql_int(put->sequence),
				sql_int(put->taken_at_s), sql_int(put->input->received_at_s),
				sql_int(outcome), sql_int(is_late(put))),
		       error);
}

static bool store_judged(struct put *put, GError **error)
{
	const struct report_input *input = put->input;
	g_autofree int64_t *rules = results_rules(put->store, input->evaluation, error);
	int64_t outcome = 0;

	if (rules == NULL ||
	    !store_version_id(put->store, "catalogue", input->catalogue_hash, input->received_at_s,
			      &put->catalogue, error) ||
	    !store_version_id(put->store, "parameters", input->parameters_hash,
			      input->received_at_s, &put->parameters, error) ||
	    !put_outcome(put, rules, &outcome, error) || !add_report(put, outcome, error))
		return false;
	if (is_late(put))
		return true;
	return turn_facts(put, error) && update_engine(put, outcome, error) &&
	       put_newest(put, rules, error);
}

static bool store_unjudged(struct put *put, GError **error)
{
	return add_report(put, put->outcome, error) && update_engine(put, put->outcome, error);
}

static bool put_known(struct put *put, enum report_status *ret_status, GError **error)
{
	bool has_twin = false;
	bool have_facts = false;
	bool judged = put->input->evaluation != NULL;

	if (put->has_newest && !find_twin(put, &has_twin, ret_status, error))
		return false;
	if (has_twin)
		return true;
	if (!keep_facts(put, &have_facts, error))
		return false;
	/* Between the look and the write another report may have come, or the rules changed. */
	if (!have_facts || (!judged && (!put->cause_holds || is_late(put)))) {
		*ret_status = REPORT_NEED_FACTS;
		return true;
	}
	*ret_status = is_late(put) ? REPORT_LATE : REPORT_STORED;
	return judged ? store_judged(put, error) : store_unjudged(put, error);
}

bool reports_put(struct store *store, const struct report_input *input,
		 struct report_answer *ret_answer, GError **error)
{
	struct put put = {
		.store = store,
		.input = input,
		.sequence = (int64_t)input->envelope->sequence,
		.taken_at_s = input->envelope->taken_at,
	};
	enum report_status status = REPORT_NEED_FACTS;
	bool done;

	g_assert(input->envelope->facts_sha256.len == WIRE_SHA256_BYTES);
	if (!check_host(store, input->host_id, error))
		return false;
	done = find_engine(&put, error) && put_known(&put, &status, error);
	g_clear_pointer(&put.old_verdicts, g_bytes_unref);
	if (!done)
		return false;
	ret_answer->status = status;
	ret_answer->newest_sequence =
		status == REPORT_STORED || !put.has_newest ? put.sequence : put.newest_sequence;
	return true;
}

/* --- what ingest looks up --- */

bool reports_find_state(struct store *store, const char *host_id, const char *engine_key,
			struct report_state *ret_state, GError **error)
{
	g_autoptr(GError) problem = NULL;
	SQL_ROWS rows = sql_query(store->sql, statements[ENGINE_FIND],
				  SQL_ARGS(sql_text(host_id), sql_text(engine_key)), &problem);

	*ret_state = (struct report_state){.known = rows_next(&rows, &problem)};
	if (problem != NULL) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	if (ret_state->known) {
		size_t size;
		const void *sha256 = rows_blob(&rows, 2, &size);

		ret_state->engine = rows_int(&rows, 0);
		ret_state->sequence = rows_int(&rows, 1);
		if (size == sizeof ret_state->facts_sha256)
			memcpy(ret_state->facts_sha256, sha256, size);
		ret_state->evaluated_at_s = rows_int(&rows, 4);
		g_strlcpy(ret_state->catalogue_hash,
			  rows_is_null(&rows, 8) ? "" : rows_text(&rows, 8),
			  sizeof ret_state->catalogue_hash);
		g_strlcpy(ret_state->parameters_hash,
			  rows_is_null(&rows, 9) ? "" : rows_text(&rows, 9),
			  sizeof ret_state->parameters_hash);
	}
	return true;
}

bool reports_find_facts(struct store *store, const char *host_id, const char *engine_key,
			const uint8_t sha256[static 32], GBytes **ret_body, GError **error)
{
	g_autoptr(GError) problem = NULL;
	SQL_ROWS rows = sql_query(
		store->sql, statements[FACTS_GET],
		SQL_ARGS(sql_text(host_id), sql_text(engine_key), hash_value(sha256)), &problem);

	*ret_body = rows_next(&rows, &problem) ? rows_bytes(&rows, 0) : NULL;
	if (problem == NULL)
		return true;
	g_propagate_error(error, g_steal_pointer(&problem));
	return false;
}
