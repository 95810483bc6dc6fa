/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 4: a report is filed under the host of its certificate, whatever it claims; its facts under
 * their hash over the bytes as received. Judged in the worker's thread, stored by the writer,
 * answered after the commit.
 */
#include "server/http/ingest.h"

#include <string.h>

#include "proto/limits.h"
#include "proto/wire.h"
#include "server/store/access.h"
#include "server/store/evaluation_blob.h"
#include "server/store/reports.h"

static const char protobuf_type[] = "application/x-protobuf";

/* Everything of one report, alive until it is stored. */
struct ingest {
	struct exchange *exchange;
	const struct site *site;
	struct arena *arena;
	GBytes *raw; /* the report, decompressed */
	Plimsoll__Report *report;
	Plimsoll__Observed *observed;
	struct evaluation *evaluation;
	struct score score;
	struct report_input input;
	struct report_answer answer;
};

static void ingest_free(struct ingest *ingest)
{
	g_clear_pointer(&ingest->input.facts_zstd, g_bytes_unref);
	g_clear_pointer(&ingest->input.observed_zstd, g_bytes_unref);
	g_clear_pointer(&ingest->input.evaluation_zstd, g_bytes_unref);
	evaluation_free(ingest->evaluation);
	arena_free(ingest->arena);
	g_clear_pointer(&ingest->raw, g_bytes_unref);
	g_free(ingest);
}
PLIMSOLL_AUTOPTR(ingest, ingest_free)

/* --- answers --- */

static void set_reply(struct exchange *exchange, guint status, const Plimsoll__Reply *reply)
{
	exchange_set_answer(exchange, status, protobuf_type, wire_pack(&reply->base));
}

void ingest_refuse(struct exchange *exchange, guint status, const char *why)
{
	Plimsoll__Reply reply = PLIMSOLL__REPLY__INIT;
	g_autofree char *text = g_strdup(why);

	WIRE_SET(&reply, accepted, false);
	reply.error = text;
	if (status == 503)
		WIRE_SET(&reply, retry_after_s, INGEST_RETRY_AFTER_S);
	set_reply(exchange, status, &reply);
	exchange->note = g_strdup(why);
}

static void refuse_error(struct exchange *exchange, const GError *error)
{
	guint status = 400;

	if (g_error_matches(error, WIRE_ERROR, WIRE_ERROR_SIZE))
		status = 413;
	else if (g_error_matches(error, STORE_ERROR, STORE_ERROR_DENIED))
		status = 403;
	else if (error->domain == STORE_ERROR)
		status = 503;
	/* What the store says about itself is for the log, not for agents. */
	ingest_refuse(exchange, status, status == 503 ? "the store is busy" : error->message);
	if (status == 503) {
		g_free(exchange->note);
		exchange->note = g_strdup(error->message);
	}
}

static void answer_stored(struct exchange *exchange, const struct site *site,
			  const struct report_answer *answer)
{
	static char conflict[] = "this sequence number belongs to another report";
	Plimsoll__Reply reply = PLIMSOLL__REPLY__INIT;
	guint status = 200;

	switch (answer->status) {
	case REPORT_NEED_FACTS:
		WIRE_SET(&reply, accepted, false);
		WIRE_SET(&reply, need_facts, true);
		break;
	case REPORT_CONFLICT:
		WIRE_SET(&reply, accepted, false);
		reply.error = conflict;
		exchange->note = g_strdup(conflict);
		status = 409;
		break;
	case REPORT_STORED:
	case REPORT_LATE:
	case REPORT_DUPLICATE:
	default:
		WIRE_SET(&reply, accepted, true);
		WIRE_SET(&reply, next_in_s, site->config->report_every_s);
		break;
	}
	if (answer->newest_sequence > 0)
		WIRE_SET(&reply, newest_sequence, (uint64_t)answer->newest_sequence);
	set_reply(exchange, status, &reply);
}

/* --- what came --- */

static bool refuse_malformed(const char *why, GError **error)
{
	g_set_error_literal(error, WIRE_ERROR, WIRE_ERROR_MALFORMED, why);
	return false;
}

bool ingest_is_engine_key(const char *key)
{
	static const char *const kinds[] = {"rootful", "rootless", "podman"};
	size_t kind = strcspn(key, ":");

	if (strlen(key) > INGEST_ENGINE_KEY_CHARS)
		return false;
	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
		const char *user = key + kind;

		if (strlen(kinds[i]) != kind || memcmp(kinds[i], key, kind) != 0)
			continue;
		if (*user == '\0')
			return true;
		user++;
		return i > 0 && *user != '\0' && user[strspn(user, "0123456789")] == '\0';
	}
	return false;
}

static bool is_short(const char *text)
{
	return text == NULL || strlen(text) <= INGEST_NAME_CHARS;
}

static bool check_envelope(const Plimsoll__Envelope *envelope, GError **error)
{
	if (envelope == NULL)
		return refuse_malformed("the report has no envelope", error);
	if (envelope->engine_key == NULL || !ingest_is_engine_key(envelope->engine_key))
		return refuse_malformed("envelope: no valid engine_key", error);
	if (!envelope->has_sequence || envelope->sequence > INT64_MAX)
		return refuse_malformed("envelope: no valid sequence", error);
	if (!envelope->has_taken_at || envelope->taken_at < 0 ||
	    envelope->taken_at > UINT32_MAX) /* the year 2106 */
		return refuse_malformed("envelope: no valid taken_at", error);
	if (!envelope->has_facts_sha256 || envelope->facts_sha256.len != WIRE_SHA256_BYTES)
		return refuse_malformed("envelope: no valid facts_sha256", error);
	if (!is_short(envelope->agent_version) || !is_short(envelope->transport) ||
	    !is_short(envelope->hostname) || !is_short(envelope->cluster_id))
		return refuse_malformed("envelope: a name is too long", error);
	return true;
}

static bool decode_body(struct ingest *ingest, GError **error)
{
	const struct exchange *exchange = ingest->exchange;
	const char *encoding = exchange_header(exchange, "content-encoding");

	if (encoding == NULL || g_ascii_strcasecmp(encoding, "identity") == 0) {
		ingest->raw = g_bytes_ref(exchange->body);
		return true;
	}
	if (g_ascii_strcasecmp(encoding, "zstd") != 0)
		return refuse_malformed("Content-Encoding: only zstd is known", error);
	ingest->raw = wire_decompress(g_bytes_get_data(exchange->body, NULL),
				      g_bytes_get_size(exchange->body), LIMIT_REPORT_BYTES, error);
	return ingest->raw != NULL;
}

static bool unpack_facts(struct ingest *ingest, const void *data, size_t size, GError **error)
{
	uint8_t digest[WIRE_SHA256_BYTES];

	wire_sha256(data, size, digest);
	if (memcmp(digest, ingest->report->envelope->facts_sha256.data, sizeof digest) != 0)
		return refuse_malformed("the facts do not have the hash of the envelope", error);
	ingest->input.facts = wire_unpack_facts(data, size, ingest->arena, error);
	return ingest->input.facts != NULL;
}

static bool unpack_observed(struct ingest *ingest, GError **error)
{
	const Plimsoll__Report *report = ingest->report;

	if (!report->has_observed)
		return true;
	ingest->observed = wire_unpack_observed(report->observed.data, report->observed.len,
						ingest->arena, error);
	if (ingest->observed == NULL)
		return false;
	ingest->input.observed_zstd = wire_compress(report->observed.data, report->observed.len);
	return true;
}

static bool unpack(struct ingest *ingest, GError **error)
{
	const Plimsoll__Report *report;

	if (!decode_body(ingest, error))
		return false;
	ingest->report = wire_unpack_report(g_bytes_get_data(ingest->raw, NULL),
					    g_bytes_get_size(ingest->raw), ingest->arena, error);
	if (ingest->report == NULL || !check_envelope(ingest->report->envelope, error) ||
	    !unpack_observed(ingest, error))
		return false;
	report = ingest->report;
	ingest->input.envelope = report->envelope;
	if (!report->has_facts)
		return true;
	if (!unpack_facts(ingest, report->facts.data, report->facts.len, error))
		return false;
	ingest->input.facts_zstd = wire_compress(report->facts.data, report->facts.len);
	return true;
}

/* --- judging --- */

/* Whether the newest stored evaluation says what a new one would say. */
static bool is_judged_already(const struct ingest *ingest, const struct report_state *state)
{
	const struct report_input *input = &ingest->input;

	return state->known && (int64_t)input->envelope->sequence > state->sequence &&
	       memcmp(state->facts_sha256, input->envelope->facts_sha256.data,
		      sizeof state->facts_sha256) == 0 &&
	       strcmp(state->catalogue_hash, input->catalogue_hash) == 0 &&
	       strcmp(state->parameters_hash, input->parameters_hash) == 0 &&
	       input->received_at_s - state->evaluated_at_s < INGEST_EVALUATION_LIFE_S;
}

/* The facts that the store holds under this hash, for this host and engine. ret_found false: none.
 */
static bool load_facts(struct ingest *ingest, struct store *reader, bool *ret_found, GError **error)
{
	const Plimsoll__Envelope *envelope = ingest->input.envelope;
	g_autoptr(GBytes) body = NULL;
	g_autoptr(GBytes) facts = NULL;

	*ret_found = false;
	if (!reports_find_facts(reader, ingest->input.host_id, envelope->engine_key,
				envelope->facts_sha256.data, &body, error))
		return false;
	if (body == NULL)
		return true;
	facts = wire_decompress(g_bytes_get_data(body, NULL), g_bytes_get_size(body),
				LIMIT_REPORT_BYTES, error);
	*ret_found = facts != NULL && unpack_facts(ingest, g_bytes_get_data(facts, NULL),
						   g_bytes_get_size(facts), error);
	return *ret_found;
}

static bool judge(struct ingest *ingest, struct worker *worker, GError **error)
{
	struct report_input *input = &ingest->input;
	const struct evaluate_input snapshot = {
		.facts = input->facts,
		.observed = ingest->observed,
		.schema = input->envelope->has_schema ? input->envelope->schema : 0,
		.as_of_s = input->received_at_s,
		.taken_at_s = input->envelope->taken_at,
	};

	ingest->evaluation = evaluator_run(worker->evaluator, &snapshot, NULL, NULL, error);
	if (ingest->evaluation == NULL)
		return false;
	score_compute(ingest->evaluation, worker->site->benchmark, &ingest->score);
	input->evaluation = ingest->evaluation;
	input->evaluation_zstd = evaluation_blob_write(ingest->evaluation);
	input->score = &ingest->score;
	input->benchmark = worker->site->benchmark->name;
	return true;
}

/* Judges unless that was done; ret_ready false: the facts have to be sent. */
static bool prepare(struct ingest *ingest, struct worker *worker, bool *ret_ready, GError **error)
{
	struct report_state state;

	*ret_ready = true;
	if (!reports_find_state(worker->reader, ingest->input.host_id,
				ingest->input.envelope->engine_key, &state, error))
		return false;
	if (is_judged_already(ingest, &state))
		return true;
	if (ingest->input.facts == NULL &&
	    (!load_facts(ingest, worker->reader, ret_ready, error) || !*ret_ready))
		return *error == NULL;
	return judge(ingest, worker, error);
}

/* --- storing --- */

static bool store_report(struct store *store, void *data, GError **error)
{
	struct ingest *ingest = data;

	return reports_put(store, &ingest->input, &ingest->answer, error);
}

static void finish_stored(void *data, const GError *error)
{
	struct ingest *ingest = data;
	struct exchange *exchange = ingest->exchange;

	if (error != NULL)
		refuse_error(exchange, error);
	else
		answer_stored(exchange, ingest->site, &ingest->answer);
	ingest_free(ingest);
	exchange_finish(exchange);
}

static bool admit(const struct exchange *exchange, struct store *reader, GError **error)
{
	bool admitted = false;

	if (!access_admits(reader, exchange->peer.agent.host_id, exchange->peer.agent.fingerprint,
			   g_get_real_time() / G_USEC_PER_SEC, &admitted, error))
		return false;
	if (!admitted)
		g_set_error_literal(error, STORE_ERROR, STORE_ERROR_DENIED,
				    "this host or its certificate is not admitted here");
	return admitted;
}

static struct ingest *ingest_new(struct exchange *exchange, const struct site *site)
{
	struct ingest *ingest = g_new0(struct ingest, 1);

	ingest->exchange = exchange;
	ingest->site = site;
	ingest->arena = arena_new(LIMIT_UNPACK_ARENA_BYTES);
	ingest->input = (struct report_input){
		.host_id = exchange->peer.agent.host_id,
		.received_at_s = g_get_real_time() / G_USEC_PER_SEC,
		.catalogue_hash = catalogue_hash(site->catalogue),
		.parameters_hash = site->parameters_hash,
	};
	return ingest;
}

void ingest_report(struct exchange *exchange, struct worker *worker)
{
	PLIMSOLL_AUTO(ingest) *ingest = ingest_new(exchange, worker->site);
	g_autoptr(GError) error = NULL;
	bool ready = false;

	if (!admit(exchange, worker->reader, &error) || !unpack(ingest, &error) ||
	    !prepare(ingest, worker, &ready, &error)) {
		refuse_error(exchange, error);
		exchange_finish(exchange);
		return;
	}
	if (!ready) {
		answer_stored(exchange, worker->site,
			      &(struct report_answer){REPORT_NEED_FACTS, 0});
		exchange_finish(exchange);
		return;
	}
	writer_submit(worker->site->writer, store_report, g_steal_pointer(&ingest), finish_stored);
}
