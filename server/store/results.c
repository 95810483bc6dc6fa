/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 6: verdicts by check. What is current stands as rows, of which only changed ones are
 * written; what was stands as one blob for all reports that judged the same, and as changes.
 */
#include "server/store/results.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "server/store/internal.h"
#include "server/store/result_digest.h"

enum { SECONDS_A_DAY = 86400 };

enum {
	RESULT_LIST,
	RESULT_PUT,
	RESULT_DELETE,
	CHANGE_ADD,
	SCORE_PUT,
	DAILY_PUT,
};

#define SCORE_COLUMNS                                                                              \
	"numerator, denominator, passes, fails, unknowns, manuals, not_applicables, low, medium,"  \
	" high, critical, waived, known, docker_bench"
#define SCORE_PLACES "?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16"

static const char *const statements[] = {
	[RESULT_LIST] = "SELECT rule, verdict, severity, counts, since_sequence, since_at, digest"
			" FROM result WHERE engine = ?1 ORDER BY rule",
	[RESULT_PUT] = "INSERT OR REPLACE INTO result (engine, rule, verdict, severity, counts,"
		       " passes, fails, unknowns, manuals, not_applicables, reason,"
		       " since_sequence, since_at, digest)"
		       " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
	[RESULT_DELETE] = "DELETE FROM result WHERE engine = ?1 AND rule = ?2",
	[CHANGE_ADD] = "INSERT OR REPLACE INTO result_change"
		       " (engine, sequence, rule, at, old_verdict, new_verdict)"
		       " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	[SCORE_PUT] = "INSERT OR REPLACE INTO score (engine, benchmark, " SCORE_COLUMNS ")"
		      " VALUES (?1, ?2, " SCORE_PLACES ")",
	[DAILY_PUT] =
		"INSERT OR REPLACE INTO daily_score (engine, benchmark, " SCORE_COLUMNS ", day)"
		" VALUES (?1, ?2, " SCORE_PLACES ", ?17)",
};
const struct statement_table results_statements = {"results", statements, G_N_ELEMENTS(statements)};

/* --- verdicts as a blob: rule id, verdict, fails, unknowns, items; all but the verdict LEB128 ---
 */

static void append_number(GByteArray *out, uint64_t number)
{
	do {
		uint8_t byte = (uint8_t)(number & 0x7f);

		number >>= 7;
		byte = (uint8_t)(byte | (number != 0 ? 0x80 : 0));
		g_byte_array_append(out, &byte, 1);
	} while (number != 0);
}

GBytes *results_pack(const struct evaluation *evaluation, const int64_t *rules)
{
	GByteArray *out = g_byte_array_new();

	for (guint i = 0; i < evaluation->n_results; i++) {
		const struct result *result = &evaluation->results[i];
		uint8_t verdict = (uint8_t)result->verdict;
		uint64_t items = 0;

		for (guint v = 0; v < VERDICT_COUNT; v++)
			items += result->counts[v];
		append_number(out, (uint64_t)rules[i]);
		g_byte_array_append(out, &verdict, 1);
		append_number(out, result->counts[VERDICT_FAIL]);
		append_number(out, result->counts[VERDICT_UNKNOWN]);
		append_number(out, items);
	}
	return g_byte_array_free_to_bytes(out);
}

int64_t *results_rules(struct store *store, const struct evaluation *evaluation, GError **error)
{
	g_autofree int64_t *rules = g_new0(int64_t, evaluation->n_results + 1);

	for (guint i = 0; i < evaluation->n_results; i++) {
		const struct result *result = &evaluation->results[i];
		const char *variant = result->variant != NULL ? result->variant->name : NULL;

		if (!store_rule_id(store, result->check->name, variant, &rules[i], error))
			return NULL;
	}
	return g_steal_pointer(&rules);
}

/* --- current results --- */

struct apply {
	struct store *store;
	const struct cause *cause;
	GArray *old;   /* struct old_result, by rule */
	GArray *moved; /* int64_t */
};

struct old_result {
	int64_t rule;
	enum verdict verdict;
	int64_t severity;
	int64_t counts;
	int64_t since_sequence;
	int64_t since_at_s;
	bool has_digest;
	uint8_t digest[RESULT_DIGEST_BYTES]; /* of all else that the row says */
	bool judged;                         /* now too */
};

static void read_old(struct rows *rows, struct old_result *ret_old)
{
	size_t size;
	const void *digest = rows_blob(rows, 6, &size);

	*ret_old = (struct old_result){
		.rule = rows_int(rows, 0),
		.verdict = (enum verdict)rows_int(rows, 1),
		.severity = rows_int(rows, 2),
		.counts = rows_int(rows, 3),
		.since_sequence = rows_int(rows, 4),
		.since_at_s = rows_int(rows, 5),
		.has_digest = size == RESULT_DIGEST_BYTES,
	};
	if (ret_old->has_digest)
		memcpy(ret_old->digest, digest, sizeof ret_old->digest);
}

static bool list_results(struct apply *apply, GError **error)
{
	g_autoptr(GError) problem = NULL;
	SQL_ROWS rows = sql_query(apply->store->sql, statements[RESULT_LIST],
				  SQL_ARGS(sql_int(apply->cause->engine)), &problem);
	struct old_result old;

	while (rows_next(&rows, &problem)) {
		read_old(&rows, &old);
		g_array_append_val(apply->old, old);
	}
	if (problem == NULL)
		return true;
	g_propagate_error(error, g_steal_pointer(&problem));
	return false;
}

static int compare_rules(const void *left, const void *right)
{
	int64_t a = ((const struct old_result *)left)->rule;
	int64_t b = ((const struct old_result *)right)->rule;

	return (a > b) - (a < b);
}

/* NULL: this rule was not judged before. */
static struct old_result *find_old(const struct apply *apply, int64_t rule)
{
	const struct old_result key = {.rule = rule};

	return apply->old->len == 0 ? NULL
				    : bsearch(&key, apply->old->data, apply->old->len,
					      sizeof(struct old_result), compare_rules);
}

static bool add_change(struct apply *apply, int64_t rule, struct sql_value old_verdict,
		       struct sql_value new_verdict, GError **error)
{
	return sql_run(apply->store->sql, statements[CHANGE_ADD],
		       SQL_ARGS(sql_int(apply->cause->engine), sql_int(apply->cause->sequence),
				sql_int(rule), sql_int(apply->cause->at_s), old_verdict,
				new_verdict),
		       error);
}

static bool write_result(struct apply *apply, int64_t rule, const struct result *result,
			 const uint8_t *digest, const struct old_result *old, GError **error)
{
	bool same_verdict = old != NULL && old->verdict == result->verdict;

	if (!same_verdict &&
	    !add_change(apply, rule, sql_int_or_null(old != NULL, old != NULL ? old->verdict : 0),
			sql_int(result->verdict), error))
		return false;
	return sql_run(
		apply->store->sql, statements[RESULT_PUT],
		SQL_ARGS(sql_int(apply->cause->engine), sql_int(rule), sql_int(result->verdict),
			 sql_int(result->check->severity), sql_int(score_counts(result)),
			 sql_int(result->counts[VERDICT_PASS]),
			 sql_int(result->counts[VERDICT_FAIL]),
			 sql_int(result->counts[VERDICT_UNKNOWN]),
			 sql_int(result->counts[VERDICT_MANUAL]),
			 sql_int(result->counts[VERDICT_NOT_APPLICABLE]),
			 sql_text(result->reason_text),
			 sql_int(same_verdict ? old->since_sequence : apply->cause->sequence),
			 sql_int(same_verdict ? old->since_at_s : apply->cause->at_s),
			 sql_blob(digest, RESULT_DIGEST_BYTES)),
		error);
}

static bool put_result(struct apply *apply, int64_t rule, const struct result *result,
		       const uint8_t *digest, GError **error)
{
	struct old_result *old = find_old(apply, rule);
	bool moved = old == NULL || !old->has_digest ||
		     memcmp(old->digest, digest, RESULT_DIGEST_BYTES) != 0;

	if (old != NULL)
		old->judged = true;
	if (moved)
		g_array_append_val(apply->moved, rule);
	else if (old->severity == result->check->severity && old->counts == score_counts(result))
		return true;
	return write_result(apply, rule, result, digest, old, error);
}

static bool drop_results(struct apply *apply, GError **error)
{
	for (guint i = 0; i < apply->old->len; i++) {
		const struct old_result *old = &g_array_index(apply->old, struct old_result, i);

		if (old->judged)
			continue;
		g_array_append_val(apply->moved, old->rule);
		if (!sql_run(apply->store->sql, statements[RESULT_DELETE],
			     SQL_ARGS(sql_int(apply->cause->engine), sql_int(old->rule)), error) ||
		    !add_change(apply, old->rule, sql_int(old->verdict), sql_null(), error))
			return false;
	}
	return true;
}

bool results_apply(struct store *store, const struct evaluation *evaluation, GBytes *digests,
		   const int64_t *rules, const struct cause *cause, GArray *moved, GError **error)
{
	g_autoptr(GArray) old = g_array_new(FALSE, FALSE, sizeof(struct old_result));
	struct apply apply = {store, cause, old, moved};
	gsize size = 0;
	const uint8_t *digest = g_bytes_get_data(digests, &size);

	g_assert(size == (gsize)evaluation->n_results * RESULT_DIGEST_BYTES);
	if (!list_results(&apply, error))
		return false;
	for (guint i = 0; i < evaluation->n_results; i++)
		if (!put_result(&apply, rules[i], &evaluation->results[i],
				digest + (gsize)i * RESULT_DIGEST_BYTES, error))
			return false;
	return drop_results(&apply, error);
}

/* --- scores --- */

bool results_score(struct store *store, int64_t engine, const char *benchmark,
		   const struct score *score, int64_t received_at_s, GError **error)
{
	const struct sql_value values[] = {
		sql_int(engine),
		sql_text(benchmark),
		sql_int(score->numerator),
		sql_int(score->denominator),
		sql_int(score->counts[VERDICT_PASS]),
		sql_int(score->counts[VERDICT_FAIL]),
		sql_int(score->counts[VERDICT_UNKNOWN]),
		sql_int(score->counts[VERDICT_MANUAL]),
		sql_int(score->counts[VERDICT_NOT_APPLICABLE]),
		sql_int(score->by_severity[SEVERITY_LOW][VERDICT_FAIL]),
		sql_int(score->by_severity[SEVERITY_MEDIUM][VERDICT_FAIL]),
		sql_int(score->by_severity[SEVERITY_HIGH][VERDICT_FAIL]),
		sql_int(score->by_severity[SEVERITY_CRITICAL][VERDICT_FAIL]),
		sql_int(score->waived),
		sql_int(llround(score->coverage_percent * score->denominator / 100)),
		sql_int(score->docker_bench_score),
		sql_int(received_at_s / SECONDS_A_DAY),
	};

	return sql_run(store->sql, statements[SCORE_PUT], values, G_N_ELEMENTS(values) - 1,
		       error) &&
	       sql_run(store->sql, statements[DAILY_PUT], values, G_N_ELEMENTS(values), error);
}
