/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The data model, and how a database of an earlier release comes to it. A step that was released is
 * never edited. Rows are keyed so that nothing has to be redone for fleets with several engines a
 * host, swarm clusters, several benchmarks, or agentless hosts.
 */
#include "server/store/migration.h"

#include "server/store/store.h"

enum { APPLICATION_ID = 0x506c696d }; /* "Plim" */

/* Who reports. Times are seconds since 1970; hashes are raw bytes unless a comment says otherwise.
 */
static const char hosts_sql[] =
	"CREATE TABLE host ("
	"  id TEXT PRIMARY KEY NOT NULL," /* the certificate's, or made for a host without */
	"  source TEXT NOT NULL,"         /* agent | agentless | recorded */
	"  address TEXT,"                 /* agentless: how it is reached */
	"  machine_id TEXT," /* Snapshot.host_id: clones and merged hosts show as equal */
	"  merged_into TEXT REFERENCES host (id) ON DELETE SET NULL,"
	"  name TEXT," /* hostname of the newest report */
	"  created_at INTEGER NOT NULL,"
	"  retired_at INTEGER"
	") STRICT;"
	"CREATE INDEX host_by_machine ON host (machine_id) WHERE machine_id IS NOT NULL;"
	"CREATE TABLE host_label ("
	"  host TEXT NOT NULL REFERENCES host (id) ON DELETE CASCADE,"
	"  key TEXT NOT NULL, value TEXT NOT NULL,"
	"  PRIMARY KEY (host, key)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE cluster ("
	"  id INTEGER PRIMARY KEY,"
	"  swarm_id TEXT NOT NULL UNIQUE,"
	"  created_at INTEGER NOT NULL,"
	"  reporter INTEGER REFERENCES engine (id) ON DELETE SET NULL," /* the manager that speaks
									 */
	"  reported_at INTEGER"
	") STRICT;"
	"CREATE INDEX cluster_by_reporter ON cluster (reporter) WHERE reporter IS NOT NULL;"
	/* Narrow, because the fleet page reads all of it; what is large stands in snapshot. */
	"CREATE TABLE engine ("
	"  id INTEGER PRIMARY KEY,"
	"  host TEXT NOT NULL REFERENCES host (id) ON DELETE CASCADE,"
	"  key TEXT NOT NULL," /* rootful, rootless:UID, podman, podman:UID */
	"  created_at INTEGER NOT NULL,"
	"  sequence INTEGER," /* of the newest report; NULL = none yet */
	"  taken_at INTEGER, received_at INTEGER,"
	"  facts_sha256 BLOB,"
	"  schema INTEGER, agent_version TEXT, transport TEXT,"
	"  engine_version TEXT, operating_system TEXT, rootless INTEGER,"
	"  cluster INTEGER REFERENCES cluster (id)," /* on managers */
	"  outcome INTEGER,"                         /* outcome.id of the newest report */
	"  evaluated_at INTEGER,"
	"  UNIQUE (host, key)"
	") STRICT;"
	"CREATE TABLE snapshot ("
	"  engine INTEGER PRIMARY KEY REFERENCES engine (id) ON DELETE CASCADE,"
	"  cost BLOB,"      /* packed Cost */
	"  observed BLOB,"  /* zstd of packed Observed */
	"  evaluation BLOB" /* zstd of packed Evaluation: every item with its evidence */
	") STRICT;"
	"CREATE TABLE facts ("
	"  engine INTEGER NOT NULL REFERENCES engine (id) ON DELETE CASCADE,"
	"  sha256 BLOB NOT NULL,"
	"  first_at INTEGER NOT NULL,"
	"  last_at INTEGER NOT NULL," /* 0 while they are the newest */
	"  body BLOB NOT NULL,"       /* zstd of the bytes as received */
	"  UNIQUE (engine, sha256)"   /* a hash never resolves across hosts or engines */
	") STRICT;"
	"CREATE INDEX facts_by_age ON facts (last_at) WHERE last_at > 0;"
	"CREATE TABLE pinned_snapshot ("
	"  id INTEGER PRIMARY KEY,"
	"  engine INTEGER NOT NULL REFERENCES engine (id) ON DELETE CASCADE,"
	"  name TEXT NOT NULL, facts_sha256 BLOB NOT NULL, evaluation BLOB,"
	"  sequence INTEGER NOT NULL, taken_at INTEGER NOT NULL,"
	"  created_at INTEGER NOT NULL, created_by TEXT,"
	"  UNIQUE (engine, name)"
	") STRICT;";

/* What was judged. A cause is (facts, catalogue, parameters): what moved a verdict can be told. */
static const char verdicts_sql[] =
	"CREATE TABLE version (" /* catalogues and parameter sets, once each */
	"  id INTEGER PRIMARY KEY,"
	"  kind TEXT NOT NULL, hash TEXT NOT NULL, first_at INTEGER NOT NULL,"
	"  UNIQUE (kind, hash)"
	") STRICT;"
	"CREATE TABLE rule (" /* (check, variant), once each */
	"  id INTEGER PRIMARY KEY,"
	"  name TEXT NOT NULL, variant TEXT NOT NULL,"
	"  UNIQUE (name, variant)"
	") STRICT;"
	"CREATE TABLE outcome (" /* what an unchanged host's reports share */
	"  id INTEGER PRIMARY KEY,"
	"  engine INTEGER NOT NULL REFERENCES engine (id) ON DELETE CASCADE,"
	"  facts_sha256 BLOB NOT NULL,"
	"  catalogue INTEGER NOT NULL REFERENCES version (id),"
	"  parameters INTEGER NOT NULL REFERENCES version (id),"
	"  evaluated_at INTEGER NOT NULL,"
	"  verdicts BLOB NOT NULL" /* some five bytes a rule, results.c */
	") STRICT;"
	"CREATE INDEX outcome_by_engine ON outcome (engine, id);"
	"CREATE INDEX outcome_by_age ON outcome (evaluated_at);"
	"CREATE TABLE report (" /* history: some 25 bytes for an unchanged host */
	"  engine INTEGER NOT NULL REFERENCES engine (id) ON DELETE CASCADE,"
	"  sequence INTEGER NOT NULL,"
	"  taken_at INTEGER NOT NULL, received_at INTEGER NOT NULL,"
	"  outcome INTEGER NOT NULL,"
	"  late INTEGER NOT NULL," /* came after a newer one: history only */
	"  PRIMARY KEY (engine, sequence)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE result (" /* the newest, by check */
	"  engine INTEGER NOT NULL REFERENCES engine (id) ON DELETE CASCADE,"
	"  rule INTEGER NOT NULL REFERENCES rule (id),"
	"  verdict INTEGER NOT NULL,"  /* enum verdict */
	"  severity INTEGER NOT NULL," /* enum severity */
	"  counts INTEGER NOT NULL,"   /* whether it is inside the percent score */
	"  passes INTEGER NOT NULL, fails INTEGER NOT NULL, unknowns INTEGER NOT NULL,"
	"  manuals INTEGER NOT NULL, not_applicables INTEGER NOT NULL,"
	"  reason TEXT,"
	"  since_sequence INTEGER NOT NULL, since_at INTEGER NOT NULL," /* of the verdict */
	"  PRIMARY KEY (engine, rule)"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX result_by_rule ON result (rule, verdict);"
	"CREATE TABLE result_change ("
	"  engine INTEGER NOT NULL REFERENCES engine (id) ON DELETE CASCADE,"
	"  sequence INTEGER NOT NULL,"
	"  rule INTEGER NOT NULL REFERENCES rule (id),"
	"  at INTEGER NOT NULL,"
	"  old_verdict INTEGER, new_verdict INTEGER," /* NULL: was not, is no longer judged */
	"  PRIMARY KEY (engine, sequence, rule)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE score (" /* of the newest report; docker-bench's arithmetic beside it */
	"  engine INTEGER NOT NULL REFERENCES engine (id) ON DELETE CASCADE,"
	"  benchmark TEXT NOT NULL,"
	"  numerator INTEGER NOT NULL, denominator INTEGER NOT NULL,"
	"  passes INTEGER NOT NULL, fails INTEGER NOT NULL, unknowns INTEGER NOT NULL,"
	"  manuals INTEGER NOT NULL, not_applicables INTEGER NOT NULL,"
	"  low INTEGER NOT NULL, medium INTEGER NOT NULL, high INTEGER NOT NULL,"
	"  critical INTEGER NOT NULL,"                       /* failing checks by severity */
	"  waived INTEGER NOT NULL, known INTEGER NOT NULL," /* known / denominator = coverage */
	"  docker_bench INTEGER NOT NULL,"
	"  PRIMARY KEY (engine, benchmark)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE daily_score (" /* the newest of each UTC day */
	"  engine INTEGER NOT NULL REFERENCES engine (id) ON DELETE CASCADE,"
	"  benchmark TEXT NOT NULL,"
	"  day INTEGER NOT NULL," /* days since 1970, of the report's arrival */
	"  numerator INTEGER NOT NULL, denominator INTEGER NOT NULL,"
	"  passes INTEGER NOT NULL, fails INTEGER NOT NULL, unknowns INTEGER NOT NULL,"
	"  manuals INTEGER NOT NULL, not_applicables INTEGER NOT NULL,"
	"  low INTEGER NOT NULL, medium INTEGER NOT NULL, high INTEGER NOT NULL,"
	"  critical INTEGER NOT NULL,"
	"  waived INTEGER NOT NULL, known INTEGER NOT NULL, docker_bench INTEGER NOT NULL,"
	"  PRIMARY KEY (engine, benchmark, day)"
	") STRICT, WITHOUT ROWID;";

/* What is wrong, since when, and why it came and went. */
static const char findings_sql[] =
	"CREATE TABLE finding ("
	"  id INTEGER PRIMARY KEY,"
	"  engine INTEGER REFERENCES engine (id) ON DELETE CASCADE," /* scope: one of the two */
	"  cluster INTEGER REFERENCES cluster (id) ON DELETE CASCADE,"
	"  rule INTEGER NOT NULL REFERENCES rule (id),"
	"  subject_kind TEXT NOT NULL,"
	"  subject_key TEXT NOT NULL,"   /* survives redeploys */
	"  discriminator TEXT NOT NULL," /* '' = the subject has one item */
	"  label TEXT,"                  /* as last seen, for people */
	"  first_at INTEGER NOT NULL,"
	"  open_interval INTEGER," /* NULL: closed */
	"  CHECK ((engine IS NULL) <> (cluster IS NULL))"
	") STRICT;"
	"CREATE UNIQUE INDEX finding_identity ON finding (ifnull(engine, 0), ifnull(cluster, 0), "
	"rule,"
	"  subject_kind, subject_key, discriminator);"
	"CREATE INDEX finding_by_engine ON finding (engine) WHERE engine IS NOT NULL;"
	"CREATE INDEX finding_open_by_engine ON finding (engine) WHERE open_interval IS NOT NULL;"
	"CREATE INDEX finding_open_by_cluster ON finding (cluster) WHERE open_interval IS NOT NULL;"
	"CREATE INDEX finding_by_rule ON finding (rule) WHERE open_interval IS NOT NULL;"
	"CREATE TABLE finding_interval ("
	"  id INTEGER PRIMARY KEY,"
	"  finding INTEGER NOT NULL REFERENCES finding (id) ON DELETE CASCADE,"
	"  verdict INTEGER NOT NULL,"                                          /* fail or unknown */
	"  observed TEXT, expected TEXT, reason TEXT, note TEXT, source TEXT," /* as last seen */
	"  reporter INTEGER," /* engine.id whose report opened it */
	"  opened_at INTEGER NOT NULL, opened_sequence INTEGER NOT NULL,"
	"  opened_facts BLOB NOT NULL, opened_catalogue INTEGER NOT NULL,"
	"  opened_parameters INTEGER NOT NULL,"
	"  opened_changed INTEGER NOT NULL," /* enum store_cause: what differs from the report
						before */
	"  closed_at INTEGER, closed_sequence INTEGER,"
	"  closed_facts BLOB, closed_catalogue INTEGER, closed_parameters INTEGER,"
	"  closed_changed INTEGER,"
	"  closed_as TEXT" /* pass, manual, not_applicable, unknown, fail, gone, not_judged */
	") STRICT;"
	"CREATE INDEX interval_by_finding ON finding_interval (finding);"
	"CREATE TABLE waiver ("
	"  id INTEGER PRIMARY KEY,"
	"  host TEXT REFERENCES host (id) ON DELETE CASCADE, label_selector TEXT, cluster INTEGER,"
	"  rule_name TEXT NOT NULL, subject_kind TEXT, subject_key TEXT, discriminator TEXT,"
	"  reason TEXT NOT NULL,"
	"  created_at INTEGER NOT NULL, created_by TEXT NOT NULL,"
	"  expires_at INTEGER, revoked_at INTEGER, revoked_by TEXT"
	") STRICT;"
	"CREATE INDEX waiver_by_rule ON waiver (rule_name);";

/* Who may do what. Every secret is stored as its SHA-256 only; passwords as scrypt strings. */
static const char access_sql[] =
	"CREATE TABLE user ("
	"  id INTEGER PRIMARY KEY,"
	"  name TEXT NOT NULL UNIQUE, password TEXT,"
	"  created_at INTEGER NOT NULL, disabled_at INTEGER"
	") STRICT;"
	"CREATE TABLE role_binding ("
	"  user INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,"
	"  role TEXT NOT NULL,"     /* viewer, operator, admin */
	"  selector TEXT NOT NULL," /* over host labels; '' = all hosts */
	"  PRIMARY KEY (user, role, selector)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE session ("
	"  sha256 BLOB PRIMARY KEY NOT NULL,"
	"  user INTEGER REFERENCES user (id) ON DELETE CASCADE," /* NULL: by one-time link, as role
								  */
	"  role TEXT NOT NULL,"
	"  created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, address TEXT"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE signin_link ("
	"  sha256 BLOB PRIMARY KEY NOT NULL,"
	"  user INTEGER REFERENCES user (id) ON DELETE CASCADE, role TEXT NOT NULL,"
	"  created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, used_at INTEGER"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE join_token ("
	"  id TEXT PRIMARY KEY NOT NULL,"
	"  sha256 BLOB NOT NULL,"
	"  created_at INTEGER NOT NULL, created_by TEXT, expires_at INTEGER NOT NULL,"
	"  used_at INTEGER, used_by TEXT,"
	"  labels TEXT" /* given to the host that joins: k=v,k=v */
	") STRICT;"
	"CREATE TABLE api_token ("
	"  id TEXT PRIMARY KEY NOT NULL,"
	"  sha256 BLOB NOT NULL,"
	"  name TEXT NOT NULL, role TEXT NOT NULL, selector TEXT NOT NULL,"
	"  user INTEGER REFERENCES user (id) ON DELETE CASCADE,"
	"  created_at INTEGER NOT NULL, expires_at INTEGER, used_at INTEGER, revoked_at INTEGER"
	") STRICT;"
	"CREATE TABLE certificate ("
	"  fingerprint TEXT PRIMARY KEY NOT NULL," /* SHA-256 of the DER, lower-case hex */
	"  host TEXT NOT NULL,"                    /* kept when the host is forgotten */
	"  serial TEXT NOT NULL,"
	"  not_before INTEGER NOT NULL, not_after INTEGER NOT NULL,"
	"  issued_at INTEGER NOT NULL, address TEXT"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX certificate_by_host ON certificate (host);"
	"CREATE TABLE denied ("
	"  kind TEXT NOT NULL,"  /* host | certificate */
	"  value TEXT NOT NULL," /* host.id | certificate.fingerprint */
	"  reason TEXT, at INTEGER NOT NULL, by TEXT,"
	"  PRIMARY KEY (kind, value)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE parameter (" /* site parameters by host group */
	"  selector TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,"
	"  updated_at INTEGER NOT NULL, updated_by TEXT,"
	"  PRIMARY KEY (selector, name)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE audit (" /* what people did */
	"  id INTEGER PRIMARY KEY,"
	"  at INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,"
	"  object TEXT, detail TEXT, address TEXT"
	") STRICT;"
	"CREATE INDEX audit_by_time ON audit (at);"
	"CREATE TABLE setting (name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) STRICT, "
	"WITHOUT ROWID;";

/* A report reads the findings of those checks only that moved: result.digest tells which. Each one
 * has a cost, which must not rewrite the large row beside it. */
static const char moved_sql[] =
	"ALTER TABLE result ADD COLUMN digest BLOB;" /* result_digest.h; NULL: unlike any */
	"DROP INDEX finding_open_by_engine;"
	"DROP INDEX finding_open_by_cluster;"
	"CREATE INDEX finding_open_by_engine ON finding (engine, rule)"
	"  WHERE open_interval IS NOT NULL;"
	"CREATE INDEX finding_open_by_cluster ON finding (cluster, rule)"
	"  WHERE open_interval IS NOT NULL;"
	"CREATE TABLE cost (" /* of the newest collection */
	"  engine INTEGER PRIMARY KEY REFERENCES engine (id) ON DELETE CASCADE,"
	"  body BLOB" /* packed Cost */
	") STRICT;"
	"INSERT INTO cost SELECT engine, cost FROM snapshot;"
	"ALTER TABLE snapshot DROP COLUMN cost;";

/* Hosts that are looked at over SSH are known by their host keys. A boot tells one machine from its
 * clones, which have the same machine_id. */
static const char agentless_sql[] =
	"ALTER TABLE host ADD COLUMN boot_id TEXT;" /* of the newest facts, like machine_id */
	"CREATE INDEX host_by_merge ON host (merged_into) WHERE merged_into IS NOT NULL;"
	"CREATE TABLE host_key ("
	"  fingerprint TEXT PRIMARY KEY NOT NULL," /* SHA256:..., as ssh-keygen prints it */
	"  host TEXT NOT NULL REFERENCES host (id) ON DELETE CASCADE," /* whose scans these are */
	"  born TEXT NOT NULL,"     /* the host id that this key gives by itself */
	"  type TEXT, target TEXT," /* this and below: of the newest scan */
	"  engine_way TEXT, transport_reason TEXT,"
	"  first_at INTEGER NOT NULL, last_at INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX host_key_by_host ON host_key (host);";

static const char *const step_1[] = {hosts_sql, verdicts_sql, findings_sql, access_sql, NULL};
static const char *const step_2[] = {moved_sql, NULL};
static const char *const step_3[] = {agentless_sql, NULL};
static const char *const *const steps[] = {step_1, step_2, step_3};

int migration_newest(void)
{
	return (int)G_N_ELEMENTS(steps);
}

static bool read_pragma(struct sql *sql, const char *statement, int64_t *ret_value, GError **error)
{
	return sql_find_int(sql, statement, NULL, 0, 0, ret_value, error);
}

enum { READ_VERSION, READ_APPLICATION, COUNT_TABLES };
static const char *const statements[] = {
	[READ_VERSION] = "PRAGMA user_version",
	[READ_APPLICATION] = "PRAGMA application_id",
	[COUNT_TABLES] = "SELECT count(*) FROM sqlite_schema",
};

static bool read_state(struct sql *sql, int64_t *ret_version, GError **error)
{
	int64_t application = 0;
	int64_t tables = 0;

	if (!read_pragma(sql, statements[READ_VERSION], ret_version, error) ||
	    !read_pragma(sql, statements[READ_APPLICATION], &application, error) ||
	    !read_pragma(sql, statements[COUNT_TABLES], &tables, error))
		return false;
	if (tables > 0 && application != APPLICATION_ID) {
		g_set_error_literal(error, STORE_ERROR, STORE_ERROR_SCHEMA,
				    "this database was not made by plimsoll");
		return false;
	}
	if (*ret_version > migration_newest()) {
		g_set_error(
			error, STORE_ERROR, STORE_ERROR_SCHEMA,
			"the database is newer than this program (its schema is %" G_GINT64_FORMAT
			", this program knows %d); install the newer plimsoll again",
			*ret_version, migration_newest());
		return false;
	}
	return true;
}

static bool apply_step(struct sql *sql, int number, GError **error)
{
	g_autofree char *mark = g_strdup_printf(
		"PRAGMA application_id = %d; PRAGMA user_version = %d;", APPLICATION_ID, number);
	int64_t version = 0;

	if (!sql_script(sql, "BEGIN IMMEDIATE", error))
		return false;
	/* Another process may have made the step while this one waited. */
	if (!read_state(sql, &version, error))
		return false;
	if (version >= number)
		return sql_script(sql, "COMMIT", error);
	for (const char *const *part = steps[number - 1]; *part != NULL; part++)
		if (!sql_script(sql, *part, error))
			return false;
	return sql_script(sql, mark, error) && sql_script(sql, "COMMIT", error);
}

bool migration_apply(struct sql *sql, GError **error)
{
	int64_t version = 0;

	if (!read_state(sql, &version, error))
		return false;
	for (int number = (int)version + 1; number <= migration_newest(); number++) {
		if (apply_step(sql, number, error))
			continue;
		(void)sql_script(sql, "ROLLBACK", NULL);
		g_prefix_error(error, "cannot bring the database to schema %d: ", number);
		return false;
	}
	return true;
}

bool migration_check(struct sql *sql, GError **error)
{
	int64_t version = 0;

	if (!read_state(sql, &version, error))
		return false;
	if (version == migration_newest())
		return true;
	g_set_error_literal(error, STORE_ERROR, STORE_ERROR_SCHEMA,
			    "the database is older than this program; start 'plimsoll serve' once");
	return false;
}
