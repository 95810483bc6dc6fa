/* SPDX-License-Identifier: Apache-2.0 */
/* See ship.h. The server may get a report twice, and must be able to: an answer can be lost. */
#include "agent/ship/ship.h"

#include <string.h>

#include "proto/limits.h"
#include "proto/wire.h"

enum {
	HTTP_OK = 200,
	HTTP_UNAUTHORIZED = 401,
	HTTP_FORBIDDEN = 403,
	HTTP_TIMEOUT = 408,
	HTTP_CONFLICT = 409,
	HTTP_TOO_MANY = 429,
	HTTP_SERVER_ERROR = 500,
};

GQuark ship_error_quark(void)
{
	return g_quark_from_static_string("plimsoll-ship-error");
}

static bool fail(enum ship_error code, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);
static bool fail(enum ship_error code, GError **error, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_set_error(error, SHIP_ERROR, (int)code, "%s", text);
	return false;
}

static ProtobufCBinaryData borrow(GBytes *bytes)
{
	gsize size = 0;
	const void *data = g_bytes_get_data(bytes, &size);

	/* protobuf-c has no const; packing only reads */
	return (ProtobufCBinaryData){.len = size, .data = (uint8_t *)(uintptr_t)data};
}

static Plimsoll__Report *unpack(GBytes *bytes, struct arena *arena, GError **error)
{
	return wire_unpack_report(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), arena,
				  error);
}

/* ---------------------------------------------------------------- into the spool */

static bool has_hash(const Plimsoll__Report *report, const ProtobufCBinaryData *hash)
{
	const Plimsoll__Envelope *envelope = report == NULL ? NULL : report->envelope;

	return envelope != NULL && envelope->has_facts_sha256 &&
	       envelope->facts_sha256.len == hash->len &&
	       memcmp(envelope->facts_sha256.data, hash->data, hash->len) == 0;
}

/* The acknowledged report, when it holds facts with this hash; a bad file counts as none. */
static Plimsoll__Report *find_acknowledged(struct spool *spool, const Plimsoll__Envelope *of,
					   struct arena *arena)
{
	const ProtobufCBinaryData *hash = &of->facts_sha256;
	g_autoptr(GBytes) bytes = spool_acknowledged(spool, of->engine_key, NULL);
	Plimsoll__Report *report = bytes == NULL ? NULL : unpack(bytes, arena, NULL);

	return has_hash(report, hash) && report->has_facts ? report : NULL;
}

bool ship_spool(struct spool *spool, const struct collection *collection,
		const struct identity *identity, GError **error)
{
	PLIMSOLL_AUTO(arena) *arena = arena_new(LIMIT_UNPACK_ARENA_BYTES);
	g_autoptr(GBytes) facts = wire_pack(&collection->facts->base);
	g_autoptr(GBytes) observed = wire_pack(&collection->observed->base);
	g_autoptr(GBytes) packed = NULL;
	uint8_t digest[WIRE_SHA256_BYTES];
	const ProtobufCBinaryData hash = {.len = sizeof(digest), .data = digest};
	Plimsoll__Envelope envelope = *collection->envelope;
	Plimsoll__Report report = PLIMSOLL__REPORT__INIT;

	wire_sha256(g_bytes_get_data(facts, NULL), g_bytes_get_size(facts), digest);
	envelope.host_id = identity->host_id;
	WIRE_SET(&envelope, facts_sha256, hash);
	report.envelope = &envelope;
	WIRE_SET(&report, observed, borrow(observed));
	if (find_acknowledged(spool, &envelope, arena) == NULL)
		WIRE_SET(&report, facts, borrow(facts));
	packed = wire_pack(&report.base);
	if (g_bytes_get_size(packed) > LIMIT_REPORT_BYTES)
		return fail(SHIP_ERROR_SIZE, error,
			    "the report has %zu bytes, at most %u are accepted",
			    g_bytes_get_size(packed), LIMIT_REPORT_BYTES);
	return spool_put(spool, envelope.sequence, packed, error);
}

/* ---------------------------------------------------------------- one exchange */

struct delivery {
	struct spool *spool;
	const struct ship_transport *transport;
	struct arena *arena; /* of the report in hand */
	struct ship_result *result;
	GHashTable *engines; /* keys of those whose newest report has been in hand */
};

enum outcome {
	OUTCOME_FAILED, /* with an error */
	OUTCOME_ACCEPTED,
	OUTCOME_NEED_FACTS,
	OUTCOME_CONFLICT, /* the number belongs to another report; ours is behind */
	OUTCOME_REFUSED,
};

static enum outcome refuse(struct delivery *delivery, const char *reason)
{
	g_free(delivery->result->refusal);
	delivery->result->refusal = g_strdup(reason);
	return OUTCOME_REFUSED;
}

static enum outcome later(struct delivery *delivery, int64_t retry_after_s, const char *reason,
			  GError **error)
{
	delivery->result->retry_after_s =
		(guint)CLAMP(retry_after_s, 0, (int64_t)LIMIT_RETRY_AFTER_S);
	fail(SHIP_ERROR_LATER, error, "the server takes no report now: %s", reason);
	return OUTCOME_FAILED;
}

/* Refusals carry a Reply with the server's words; a proxy's do not. */
static enum outcome judge_status(struct delivery *delivery, long status, int64_t retry_after_s,
				 const char *words, GError **error)
{
	g_autofree char *reason =
		g_strdup_printf("it answers %ld%s%s", status, words == NULL ? "" : ": ",
				words == NULL ? "" : words);

	if (status == HTTP_UNAUTHORIZED || status == HTTP_FORBIDDEN) {
		fail(SHIP_ERROR_FORBIDDEN, error,
		     "the server refuses this host (%s): was it retired or revoked?", reason);
		return OUTCOME_FAILED;
	}
	if (status == HTTP_TIMEOUT || status == HTTP_TOO_MANY || status >= HTTP_SERVER_ERROR)
		return later(delivery, retry_after_s, reason, error);
	return status == HTTP_CONFLICT ? OUTCOME_CONFLICT : refuse(delivery, reason);
}

static enum outcome judge_reply(struct delivery *delivery, const Plimsoll__Reply *reply,
				GError **error)
{
	const char *reason = reply->error == NULL ? "no reason given" : reply->error;

	if (reply->has_accepted && reply->accepted)
		return OUTCOME_ACCEPTED;
	if (reply->has_need_facts && reply->need_facts)
		return OUTCOME_NEED_FACTS;
	if (reply->has_retry_after_s)
		return later(delivery, reply->retry_after_s, reason, error);
	return refuse(delivery, reason);
}

static enum outcome judge(struct delivery *delivery, const struct http_answer *answer,
			  GError **error)
{
	const Plimsoll__Reply *reply =
		wire_unpack_reply(g_bytes_get_data(answer->body, NULL),
				  g_bytes_get_size(answer->body), delivery->arena, NULL);
	int64_t retry_after_s = answer->retry_after_s;

	if (reply == NULL && answer->status == HTTP_OK)
		return later(delivery, 0, "its answer is not readable", error);
	if (reply != NULL && reply->has_next_in_s)
		delivery->result->next_in_s = reply->next_in_s;
	if (reply != NULL && reply->has_newest_sequence &&
	    !spool_raise_sequence(delivery->spool, reply->newest_sequence, error))
		return OUTCOME_FAILED;
	if (answer->status == HTTP_OK)
		return judge_reply(delivery, reply, error);
	if (reply != NULL && reply->has_retry_after_s)
		retry_after_s = reply->retry_after_s;
	return judge_status(delivery, answer->status, retry_after_s,
			    reply == NULL ? NULL : reply->error, error);
}

static enum outcome post(struct delivery *delivery, const Plimsoll__Report *report, GError **error)
{
	g_autoptr(GBytes) plain = wire_pack(&report->base);
	g_autoptr(GBytes) small =
		wire_compress(g_bytes_get_data(plain, NULL), g_bytes_get_size(plain));
	bool shrinks = g_bytes_get_size(small) < g_bytes_get_size(plain);
	GBytes *body = shrinks ? small : plain;
	const struct http_request request = {
		.path = "/v1/report",
		.content_type = "application/x-protobuf",
		.content_encoding = shrinks ? "zstd" : NULL,
		.body = g_bytes_get_data(body, NULL),
		.size = g_bytes_get_size(body),
	};
	enum outcome outcome = OUTCOME_FAILED;
	struct http_answer answer;

	if (request.size > LIMIT_BODY_BYTES)
		return refuse(delivery, "larger than any server accepts");
	delivery->result->sent_bytes += request.size;
	if (!delivery->transport->post(delivery->transport->data, &request, &answer, error))
		return OUTCOME_FAILED;
	outcome = judge(delivery, &answer, error);
	http_answer_done(&answer);
	return outcome;
}

/* What was observed, apart from what it cost to ask: that differs every time. */
static bool digest_observed(const Plimsoll__Report *report, struct arena *arena,
			    uint8_t ret_digest[static WIRE_SHA256_BYTES])
{
	Plimsoll__Observed *observed = NULL;
	g_autoptr(GBytes) packed = NULL;

	if (report->has_observed)
		observed = wire_unpack_observed(report->observed.data, report->observed.len, arena,
						NULL);
	if (observed == NULL)
		return false;
	observed->n_fetch = 0;
	packed = wire_pack(&observed->base);
	wire_sha256(g_bytes_get_data(packed, NULL), g_bytes_get_size(packed), ret_digest);
	return true;
}

static bool server_has_observed(struct delivery *delivery, const Plimsoll__Report *report)
{
	uint8_t known[WIRE_SHA256_BYTES], now[WIRE_SHA256_BYTES];

	return digest_observed(report, delivery->arena, now) &&
	       spool_read_observed(delivery->spool, report->envelope->engine_key, known) &&
	       memcmp(known, now, sizeof(now)) == 0;
}

/* The envelope with the facts' hash, and what was observed only where it differs from the last
 * time. */
static enum outcome post_hash(struct delivery *delivery, const Plimsoll__Report *report,
			      bool is_newest, GError **error)
{
	Plimsoll__Report brief = *report;

	brief.has_facts = false;
	if (is_newest && server_has_observed(delivery, report))
		brief.has_observed = false;
	return post(delivery, &brief, error);
}

/* The same report again, with facts: its own, or those of the acknowledged report that it equals.
 */
static enum outcome post_with_facts(struct delivery *delivery, Plimsoll__Report *report,
				    GError **error)
{
	enum outcome outcome = OUTCOME_FAILED;

	if (!report->has_facts) {
		const Plimsoll__Report *acknowledged =
			find_acknowledged(delivery->spool, report->envelope, delivery->arena);
		if (acknowledged == NULL)
			return refuse(delivery, "it asks for facts that are gone");
		WIRE_SET(report, facts, acknowledged->facts);
	}
	outcome = post(delivery, report, error);
	if (outcome == OUTCOME_NEED_FACTS)
		return later(delivery, 0, "it asks again for facts that it got", error);
	if (outcome == OUTCOME_ACCEPTED)
		delivery->result->with_facts++;
	return outcome;
}

/* ---------------------------------------------------------------- out of the spool */

static bool settle(struct delivery *delivery, uint64_t sequence, enum outcome outcome,
		   const char *kept_for, GError **error)
{
	switch (outcome) {
	case OUTCOME_ACCEPTED:
		delivery->result->delivered++;
		return spool_acknowledge(delivery->spool, sequence, kept_for, error);
	case OUTCOME_REFUSED:
		delivery->result->refused++;
		return spool_set_aside(delivery->spool, sequence, error);
	case OUTCOME_FAILED:
	case OUTCOME_NEED_FACTS:
	case OUTCOME_CONFLICT:
		break;
	}
	return false;
}

/* The counter was lost and began anew; it has just been raised above what the server knows. */
static bool renumber(struct delivery *delivery, Plimsoll__Report *report, GError **error)
{
	uint64_t old = report->envelope->sequence;
	g_autoptr(GBytes) packed = NULL;

	if (!spool_next_sequence(delivery->spool, &report->envelope->sequence, error))
		return false;
	packed = wire_pack(&report->base);
	delivery->result->renumbered++;
	return spool_put(delivery->spool, report->envelope->sequence, packed, error) &&
	       spool_acknowledge(delivery->spool, old, NULL, error);
}

static bool note_observed(struct delivery *delivery, const Plimsoll__Report *report, GError **error)
{
	uint8_t digest[WIRE_SHA256_BYTES];

	return server_has_observed(delivery, report) ||
	       !digest_observed(report, delivery->arena, digest) ||
	       spool_write_observed(delivery->spool, report->envelope->engine_key, digest, error);
}

static const char *engine_of(const Plimsoll__Report *report)
{
	return report->envelope->engine_key == NULL ? "" : report->envelope->engine_key;
}

/* They come newest first: of each engine the first one is. */
static bool is_newest_of_engine(struct delivery *delivery, const Plimsoll__Report *report)
{
	return g_hash_table_add(delivery->engines, g_strdup(engine_of(report)));
}

static bool deliver_one(struct delivery *delivery, uint64_t sequence, GError **error)
{
	g_autoptr(GError) cause = NULL;
	g_autoptr(GBytes) bytes = spool_get(delivery->spool, sequence, &cause);
	Plimsoll__Report *report = bytes == NULL ? NULL : unpack(bytes, delivery->arena, &cause);
	enum outcome outcome = OUTCOME_FAILED;
	bool has_facts = false; /* of its own, before any are lent to it */
	bool is_newest = false;

	if (bytes == NULL && g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_BAD)) {
		refuse(delivery, cause->message);
		delivery->result->refused++;
		return true; /* it is out of the way */
	}
	if (bytes == NULL) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	if (report == NULL || report->envelope == NULL)
		return settle(delivery, sequence,
			      refuse(delivery, "the spool file holds no report"), NULL, error);
	has_facts = report->has_facts;
	is_newest = is_newest_of_engine(delivery, report);
	outcome = post_hash(delivery, report, is_newest, error);
	if (outcome == OUTCOME_NEED_FACTS)
		outcome = post_with_facts(delivery, report, error);
	if (outcome == OUTCOME_CONFLICT)
		return renumber(delivery, report, error);
	if (outcome == OUTCOME_ACCEPTED && is_newest && !note_observed(delivery, report, error))
		return false;
	return settle(delivery, sequence, outcome,
		      is_newest && has_facts ? engine_of(report) : NULL, error);
}

static bool deliver_all(struct delivery *delivery, const struct spool_state *state, GError **error)
{
	for (guint i = 0; i < state->n_sequences; i++) {
		bool delivered = false;

		delivery->arena = arena_new(LIMIT_UNPACK_ARENA_BYTES);
		delivered = deliver_one(delivery, state->sequences[i], error);
		arena_free(delivery->arena);
		if (!delivered)
			return false;
	}
	return true;
}

static bool deliver_list(struct delivery *delivery, GError **error)
{
	struct spool_state state = {0};
	bool delivered = false;

	delivery->engines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	delivered =
		spool_list(delivery->spool, &state, error) && deliver_all(delivery, &state, error);
	g_clear_pointer(&delivery->engines, g_hash_table_unref);
	spool_state_done(&state);
	return delivered;
}

bool ship_deliver_through(struct spool *spool, const struct ship_transport *transport,
			  struct ship_result *ret_result, GError **error)
{
	struct delivery delivery = {.spool = spool, .transport = transport, .result = ret_result};

	*ret_result = (struct ship_result){0};
	if (!deliver_list(&delivery, error))
		return false;
	return ret_result->renumbered == 0 || deliver_list(&delivery, error);
}

static bool post_to_server(void *data, const struct http_request *request,
			   struct http_answer *ret_answer, GError **error)
{
	return http_post(data, request, ret_answer, error);
}

bool ship_deliver(struct spool *spool, const struct identity *identity, const char *proxy,
		  struct ship_result *ret_result, GError **error)
{
	PLIMSOLL_AUTO(http_session) *session = NULL;

	*ret_result = (struct ship_result){0};
	session = http_session_new(&(struct http_options){.base_url = identity->agents_url,
							  .proxy = proxy,
							  .ca_file = identity->ca_path,
							  .certificate_file = identity->pem_path,
							  .key_file = identity->pem_path},
				   error);
	return session != NULL &&
	       ship_deliver_through(spool, &(struct ship_transport){post_to_server, session},
				    ret_result, error);
}

void ship_result_done(struct ship_result *result)
{
	g_clear_pointer(&result->refusal, g_free);
}
