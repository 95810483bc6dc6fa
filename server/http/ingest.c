/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 4: a report is filed under the host of its certificate, whatever it claims. Judged in the
 * worker's thread, stored by the writer, answered after the commit.
 */
#include "server/http/ingest.h"

#include <string.h>
#include <time.h>

#include "proto/limits.h"
#include "proto/wire.h"
#include "server/http/quota.h"
#include "server/intake.h"
#include "server/store/access.h"

static const char protobuf_type[] = "application/x-protobuf";

/* A request whose report is on its way into the store. */
struct ingest {
	struct exchange *exchange;
	const struct site *site;
	struct intake *intake;
	struct report_answer answer;
};

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
	if (status == 503 || status == 429)
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

/* gives: the report's bytes; free with g_bytes_unref(). */
static GBytes *decode_body(const struct exchange *exchange, GError **error)
{
	const char *encoding = exchange_header(exchange, "content-encoding");

	if (encoding == NULL || g_ascii_strcasecmp(encoding, "identity") == 0)
		return g_bytes_ref(exchange->body);
	if (g_ascii_strcasecmp(encoding, "zstd") == 0)
		return wire_decompress(g_bytes_get_data(exchange->body, NULL),
				       g_bytes_get_size(exchange->body), LIMIT_REPORT_BYTES, error);
	g_set_error_literal(error, WIRE_ERROR, WIRE_ERROR_MALFORMED,
			    "Content-Encoding: only zstd is known");
	return NULL;
}

static bool read_body(struct exchange *exchange, struct intake *intake, GError **error)
{
	g_autoptr(GBytes) raw = decode_body(exchange, error);

	return raw != NULL && intake_read(intake, raw, error);
}

/* --- storing --- */

static bool store_report(struct store *store, void *data, GError **error)
{
	struct ingest *ingest = data;

	return reports_put(store, &ingest->intake->input, &ingest->answer, error);
}

static void finish_stored(void *data, const GError *error)
{
	struct ingest *ingest = data;
	struct exchange *exchange = ingest->exchange;

	if (error != NULL)
		refuse_error(exchange, error);
	else
		answer_stored(exchange, ingest->site, &ingest->answer);
	intake_free(ingest->intake);
	g_free(ingest);
	exchange_finish(exchange);
}

/* Takes intake. */
static void submit(struct exchange *exchange, const struct site *site, struct intake *intake)
{
	struct ingest *ingest = g_new0(struct ingest, 1);

	*ingest = (struct ingest){.exchange = exchange, .site = site, .intake = intake};
	writer_submit(site->writer, store_report, ingest, finish_stored);
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

static int64_t cpu_us(void)
{
	struct timespec used;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	return (int64_t)used.tv_sec * G_USEC_PER_SEC + used.tv_nsec / 1000;
}

/* The host pays for what its report makes the server do. */
static bool judge(struct intake *intake, struct worker *worker, bool *ret_ready, GError **error)
{
	int64_t before_us = cpu_us();
	bool judged = intake_judge(intake, worker->reader, worker->evaluator, ret_ready, error);

	quota_charge(worker->site->quota, intake->input.host_id, cpu_us() - before_us,
		     g_get_monotonic_time());
	return judged;
}

void ingest_report(struct exchange *exchange, struct worker *worker)
{
	const struct site *site = worker->site;
	PLIMSOLL_AUTO(intake) *intake = intake_new(&site->rules, exchange->peer.agent.host_id,
						   g_get_real_time() / G_USEC_PER_SEC);
	g_autoptr(GError) error = NULL;
	bool ready = false;

	if (!admit(exchange, worker->reader, &error) || !read_body(exchange, intake, &error) ||
	    !judge(intake, worker, &ready, &error)) {
		refuse_error(exchange, error);
		exchange_finish(exchange);
		return;
	}
	if (!ready) {
		answer_stored(exchange, site, &(struct report_answer){REPORT_NEED_FACTS, 0});
		exchange_finish(exchange);
		return;
	}
	submit(exchange, site, g_steal_pointer(&intake));
}
