/* SPDX-License-Identifier: Apache-2.0 */
/* Step 7's reads: whole answers from one snapshot, so that counts and rows agree. */
#include "server/store/fleet.h"

#include <string.h>

#include "server/store/internal.h"

enum { HOST_LIST, HOST_HAS, HOST_LABELS, ENGINE_LIST, SNAPSHOT_GET, FINDING_LIST };

static const char *const statements[] = {
	/* ?2: enum fleet_which; r is who stands for h */
	[HOST_LIST] =
		"SELECT r.id, r.name, r.created_at, r.retired_at, e.engine_version,"
		" CASE h.source WHEN 'agent' THEN e.received_at ELSE e.taken_at END,"
		" s.numerator, s.denominator, s.known, s.critical, s.fails, s.unknowns, e.id,"
		" h.source, e.transport, r.merged_into, r.machine_id, r.boot_id, h.id = r.id"
		" FROM host h"
		" JOIN host r ON r.id = iif(?2 = 2, h.id, coalesce(h.merged_into, h.id))"
		" LEFT JOIN engine e ON e.host = h.id AND (h.id = r.id OR NOT EXISTS"
		"  (SELECT 1 FROM host o JOIN engine x ON x.host = o.id"
		"   WHERE (o.id = h.merged_into OR o.merged_into = h.merged_into) AND o.id <> h.id"
		"   AND x.key = e.key AND x.sequence IS NOT NULL AND (o.id = h.merged_into"
		"    OR x.taken_at > e.taken_at OR (x.taken_at = e.taken_at AND x.id > e.id))))"
		" LEFT JOIN score s ON s.engine = e.id AND s.benchmark = ?1"
		" WHERE (?2 <> 2 OR h.merged_into IS NOT NULL)"
		" AND (?2 <> 0 OR r.retired_at IS NULL) ORDER BY r.id, h.id <> r.id",
	[HOST_HAS] = "SELECT 1 FROM host WHERE id = ?1",
	[HOST_LABELS] = "SELECT key, value FROM host_label WHERE host = ?1",
	[ENGINE_LIST] = "SELECT e.id, e.key, e.sequence, e.taken_at, e.received_at, e.schema,"
			" e.agent_version, e.transport, s.critical, s.fails, h.source"
			" FROM engine e JOIN host h ON h.id = e.host"
			" LEFT JOIN score s ON s.engine = e.id AND s.benchmark = ?2"
			" WHERE e.host = ?1 ORDER BY e.key",
	[SNAPSHOT_GET] = "SELECT f.body, s.observed, s.evaluation, c.body FROM engine e"
			 " LEFT JOIN facts f ON f.engine = e.id AND f.sha256 = e.facts_sha256"
			 " LEFT JOIN snapshot s ON s.engine = e.id"
			 " LEFT JOIN cost c ON c.engine = e.id WHERE e.id = ?1",
	[FINDING_LIST] =
		"SELECT r.name, r.variant, f.subject_kind, f.subject_key, f.discriminator, f.label,"
		" i.verdict, i.opened_at, i.opened_sequence, i.opened_changed, i.closed_at,"
		" i.closed_as, i.closed_changed"
		" FROM engine e JOIN finding f ON f.engine = e.id OR f.cluster = e.cluster"
		" JOIN rule r ON r.id = f.rule JOIN finding_interval i ON i.finding = f.id"
		" WHERE e.host = ?1 ORDER BY i.id",
};
const struct statement_table fleet_statements = {"fleet", statements, G_N_ELEMENTS(statements)};

static void free_host(gpointer data)
{
	struct fleet_host *host = data;

	g_free(host->id);
	g_free(host->name);
	g_free(host->engine_version);
	g_free(host->transport);
	g_free(host->merged_into);
	g_free(host->machine_id);
	g_free(host->boot_id);
	g_free(host);
}

enum host_source host_source_of(const char *word)
{
	if (g_strcmp0(word, "agent") == 0)
		return HOST_AGENT;
	return g_strcmp0(word, "agentless") == 0 ? HOST_AGENTLESS : HOST_RECORDED;
}

const char *host_way_text(enum host_source source, const char *transport)
{
	if (source == HOST_AGENT)
		return "agent";
	if (source == HOST_RECORDED)
		return "file";
	if (g_strcmp0(transport, "ssh-libssh2") == 0)
		return "SSH (libssh2)";
	return g_strcmp0(transport, "ssh-openssh") == 0 ? "SSH (OpenSSH)" : "SSH";
}

static guint column_count(struct rows *rows, int column)
{
	int64_t number = rows_int(rows, column);

	return (guint)CLAMP(number, 0, G_MAXINT);
}

static bool is_worse(struct rows *rows, const struct fleet_host *host)
{
	guint critical = column_count(rows, 9);

	if (!host->has_score)
		return true;
	if (critical != host->critical)
		return critical > host->critical;
	return column_count(rows, 10) > host->failing;
}

/* The host's own rows come first: a part says how fresh it is only where it has no report. */
static void note_speaker(struct fleet_host *host, struct rows *rows)
{
	bool is_own = rows_int(rows, 18) != 0;

	if (!is_own && host->has_own_report)
		return;
	host->has_own_report = is_own;
	host->source = host_source_of(rows_text(rows, 13));
	host->last_report_s = MAX(host->last_report_s, rows_int(rows, 5));
}

static void add_engine(struct fleet_host *host, struct rows *rows)
{
	if (rows_is_null(rows, 12))
		return;
	host->engines++;
	note_speaker(host, rows);
	if (rows_is_null(rows, 6) || !is_worse(rows, host))
		return;
	host->has_score = true;
	g_free(host->engine_version);
	host->engine_version = g_strdup(rows_text(rows, 4));
	g_free(host->transport);
	host->transport = g_strdup(rows_text(rows, 14));
	host->numerator = column_count(rows, 6);
	host->denominator = column_count(rows, 7);
	host->known = column_count(rows, 8);
	host->critical = column_count(rows, 9);
	host->failing = column_count(rows, 10);
	host->unknown = column_count(rows, 11);
}

static struct fleet_host *new_host(struct rows *rows)
{
	struct fleet_host *host = g_new0(struct fleet_host, 1);

	host->id = g_strdup(rows_text(rows, 0));
	host->name = g_strdup(rows_text(rows, 1));
	host->created_at_s = rows_int(rows, 2);
	host->retired_at_s = rows_int(rows, 3);
	host->source = host_source_of(rows_text(rows, 13));
	host->merged_into = g_strdup(rows_text(rows, 15));
	host->machine_id = g_strdup(rows_text(rows, 16));
	host->boot_id = g_strdup(rows_text(rows, 17));
	return host;
}

/* --- hosts that look like one machine --- */

static guint hash_machine(gconstpointer data)
{
	const struct fleet_host *host = data;

	return g_str_hash(host->machine_id) * 31 + g_str_hash(host->boot_id);
}

static gboolean is_same_machine(gconstpointer left, gconstpointer right)
{
	const struct fleet_host *a = left;
	const struct fleet_host *b = right;

	return strcmp(a->machine_id, b->machine_id) == 0 && strcmp(a->boot_id, b->boot_id) == 0;
}

static bool says_machine(const struct fleet_host *host)
{
	return host->machine_id != NULL && *host->machine_id != '\0' && host->boot_id != NULL &&
	       *host->boot_id != '\0' && host->retired_at_s == 0 && host->merged_into == NULL;
}

/* An agent was enrolled by somebody; and who came first was not there to be imitated. */
static bool stands_before(const struct fleet_host *a, const struct fleet_host *b)
{
	return a->source != b->source ? a->source > b->source : a->created_at_s < b->created_at_s;
}

/*
 * Only a way to count: each host that claims a machine which another one claims, too, counts less
 * by itself alone, so hosts of different machines are all counted whatever others claim.
 */
static void find_lookalikes(GPtrArray *hosts)
{
	g_autoptr(GHashTable) first = g_hash_table_new(hash_machine, is_same_machine);

	for (guint i = 0; i < hosts->len; i++) {
		struct fleet_host *host = g_ptr_array_index(hosts, i);
		struct fleet_host *known;

		if (!says_machine(host))
			continue;
		known = g_hash_table_lookup(first, host);
		if (known == NULL || stands_before(host, known))
			g_hash_table_replace(first, host, host);
	}
	for (guint i = 0; i < hosts->len; i++) {
		struct fleet_host *host = g_ptr_array_index(hosts, i);
		struct fleet_host *known =
			says_machine(host) ? g_hash_table_lookup(first, host) : NULL;

		if (known != NULL && known != host &&
		    !(host->source == HOST_AGENT && known->source == HOST_AGENT))
			host->looks_like = known;
	}
}

GPtrArray *fleet_list(struct store *store, const char *benchmark, enum fleet_which which,
		      GError **error)
{
	g_autoptr(GPtrArray) hosts = g_ptr_array_new_with_free_func(free_host);
	g_autoptr(GError) problem = NULL;
	SQL_ROWS rows = sql_query(store->sql, statements[HOST_LIST],
				  SQL_ARGS(sql_text(benchmark), sql_int(which)), &problem);
	struct fleet_host *host = NULL;

	while (rows_next(&rows, &problem)) {
		const char *id = rows_text(&rows, 0);

		if (host == NULL || strcmp(host->id, id) != 0) {
			host = new_host(&rows);
			g_ptr_array_add(hosts, host);
		}
		add_engine(host, &rows);
	}
	find_lookalikes(hosts);
	if (problem == NULL)
		return g_steal_pointer(&hosts);
	g_propagate_error(error, g_steal_pointer(&problem));
	return NULL;
}

GHashTable *fleet_labels(struct store *store, const char *host_id, GError **error)
{
	g_autoptr(GHashTable) labels =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_autoptr(GError) problem = NULL;
	SQL_ROWS rows = sql_query(store->sql, statements[HOST_LABELS], SQL_ARGS(sql_text(host_id)),
				  &problem);

	while (rows_next(&rows, &problem))
		g_hash_table_insert(labels, g_strdup(rows_text(&rows, 0)),
				    g_strdup(rows_text(&rows, 1)));
	if (problem == NULL)
		return g_steal_pointer(&labels);
	g_propagate_error(error, g_steal_pointer(&problem));
	return NULL;
}

static void free_engine(gpointer data)
{
	struct fleet_engine *engine = data;

	g_free(engine->key);
	g_free(engine->agent_version);
	g_free(engine->transport);
	g_free(engine);
}

bool fleet_has_host(struct store *store, const char *host_id, bool *ret_has, GError **error)
{
	int64_t has = 0;

	if (!sql_find_int(store->sql, statements[HOST_HAS], SQL_ARGS(sql_text(host_id)), 0, &has,
			  error))
		return false;
	*ret_has = has == 1;
	return true;
}

GPtrArray *fleet_engines(struct store *store, const char *host_id, const char *benchmark,
			 GError **error)
{
	g_autoptr(GPtrArray) engines = g_ptr_array_new_with_free_func(free_engine);
	g_autoptr(GError) problem = NULL;
	SQL_ROWS rows = sql_query(store->sql, statements[ENGINE_LIST],
				  SQL_ARGS(sql_text(host_id), sql_text(benchmark)), &problem);

	while (rows_next(&rows, &problem)) {
		struct fleet_engine *engine = g_new0(struct fleet_engine, 1);

		engine->id = rows_int(&rows, 0);
		engine->key = g_strdup(rows_text(&rows, 1));
		engine->has_report = !rows_is_null(&rows, 2);
		engine->sequence = rows_int(&rows, 2);
		engine->taken_at_s = rows_int(&rows, 3);
		engine->received_at_s = rows_int(&rows, 4);
		engine->schema = column_count(&rows, 5);
		engine->agent_version = g_strdup(rows_text(&rows, 6));
		engine->transport = g_strdup(rows_text(&rows, 7));
		engine->critical = column_count(&rows, 8);
		engine->failing = column_count(&rows, 9);
		engine->source = host_source_of(rows_text(&rows, 10));
		g_ptr_array_add(engines, engine);
	}
	if (problem == NULL)
		return g_steal_pointer(&engines);
	g_propagate_error(error, g_steal_pointer(&problem));
	return NULL;
}

bool fleet_read_snapshot(struct store *store, int64_t engine, struct fleet_snapshot *ret_snapshot,
			 GError **error)
{
	g_autoptr(GError) problem = NULL;
	SQL_ROWS rows = sql_query(store->sql, statements[SNAPSHOT_GET], SQL_ARGS(sql_int(engine)),
				  &problem);

	*ret_snapshot = (struct fleet_snapshot){.facts = NULL};
	if (rows_next(&rows, &problem)) {
		ret_snapshot->facts = rows_bytes(&rows, 0);
		ret_snapshot->observed = rows_bytes(&rows, 1);
		ret_snapshot->evaluation = rows_bytes(&rows, 2);
		ret_snapshot->cost = rows_bytes(&rows, 3);
	}
	if (problem == NULL)
		return true;
	g_propagate_error(error, g_steal_pointer(&problem));
	return false;
}

void fleet_snapshot_done(struct fleet_snapshot *snapshot)
{
	g_clear_pointer(&snapshot->facts, g_bytes_unref);
	g_clear_pointer(&snapshot->observed, g_bytes_unref);
	g_clear_pointer(&snapshot->evaluation, g_bytes_unref);
	g_clear_pointer(&snapshot->cost, g_bytes_unref);
}

static void free_finding(gpointer data)
{
	struct fleet_finding *finding = data;

	g_free(finding->check);
	g_free(finding->variant);
	g_free(finding->subject_kind);
	g_free(finding->subject_key);
	g_free(finding->discriminator);
	g_free(finding->label);
	g_free(finding->closed_as);
	g_free(finding);
}

GPtrArray *fleet_findings(struct store *store, const char *host_id, GError **error)
{
	g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(free_finding);
	g_autoptr(GError) problem = NULL;
	SQL_ROWS rows = sql_query(store->sql, statements[FINDING_LIST], SQL_ARGS(sql_text(host_id)),
				  &problem);

	while (rows_next(&rows, &problem)) {
		struct fleet_finding *finding = g_new0(struct fleet_finding, 1);

		finding->check = g_strdup(rows_text(&rows, 0));
		finding->variant = g_strdup(rows_text(&rows, 1));
		finding->subject_kind = g_strdup(rows_text(&rows, 2));
		finding->subject_key = g_strdup(rows_text(&rows, 3));
		finding->discriminator = g_strdup(rows_text(&rows, 4));
		finding->label = g_strdup(rows_text(&rows, 5));
		finding->verdict = (int)rows_int(&rows, 6);
		finding->opened_at_s = rows_int(&rows, 7);
		finding->opened_sequence = rows_int(&rows, 8);
		finding->opened_changed = (int)rows_int(&rows, 9);
		finding->closed_at_s = rows_int(&rows, 10);
		finding->closed_as = g_strdup(rows_text(&rows, 11));
		finding->closed_changed = (int)rows_int(&rows, 12);
		g_ptr_array_add(findings, finding);
	}
	if (problem == NULL)
		return g_steal_pointer(&findings);
	g_propagate_error(error, g_steal_pointer(&problem));
	return NULL;
}
