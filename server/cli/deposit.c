/* SPDX-License-Identifier: Apache-2.0 */
/* See deposit.h. */
#include "server/cli/deposit.h"

#include <string.h>

#include "server/cli/site.h"
#include "server/intake.h"

struct deposit {
	struct store *store;
	struct intake_rules rules;
	struct evaluator *evaluator;
	char *actor;
};

struct deposit *deposit_new(const struct config *config, struct store *store, GError **error)
{
	PLIMSOLL_AUTO(deposit) *deposit = g_new0(struct deposit, 1);

	deposit->store = store;
	deposit->actor = site_actor();
	if (!intake_rules_load(config, &deposit->rules, error))
		return NULL;
	deposit->evaluator = intake_evaluator_new(&deposit->rules, error);
	return deposit->evaluator != NULL ? g_steal_pointer(&deposit) : NULL;
}

void deposit_free(struct deposit *deposit)
{
	if (deposit == NULL)
		return;
	evaluator_free(deposit->evaluator);
	intake_rules_done(&deposit->rules);
	g_free(deposit->actor);
	g_free(deposit);
}

const char *deposit_actor(const struct deposit *deposit)
{
	return deposit->actor;
}

char *deposit_host_id(const char *kind, const char *name)
{
	g_autofree char *text = g_strconcat(kind, "\n", name, NULL);
	uint8_t digest[WIRE_SHA256_BYTES];
	g_autofree char *hex = NULL;

	wire_sha256(text, strlen(text), digest);
	digest[6] = (uint8_t)((digest[6] & 0x0f) | 0x80);
	digest[8] = (uint8_t)((digest[8] & 0x3f) | 0x80);
	hex = wire_hex(digest, sizeof digest);
	return g_strdup_printf("%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
			       hex + 20);
}

/* --- a collection, as a report --- */

/* Borrows for packing, which only reads; protobuf-c has no const. */
static ProtobufCBinaryData borrow(GBytes *bytes)
{
	gsize size = 0;
	const void *data = g_bytes_get_data(bytes, &size);

	return (ProtobufCBinaryData){.len = size, .data = (uint8_t *)(guintptr)data};
}

/*
 * The collection as its agent would have sent it. The moment of collection is the sequence number:
 * the same collection is the same report, and older facts stay behind newer ones.
 */
static GBytes *pack_report(const struct collection *collection, const char *transport)
{
	g_autoptr(GBytes) facts = wire_pack(&collection->facts->base);
	g_autoptr(GBytes) observed =
		collection->observed != NULL ? wire_pack(&collection->observed->base) : NULL;
	g_autofree char *way = g_strdup(transport);
	Plimsoll__Envelope envelope = PLIMSOLL__ENVELOPE__INIT;
	Plimsoll__Report report = PLIMSOLL__REPORT__INIT;
	uint8_t digest[WIRE_SHA256_BYTES];

	if (collection->envelope != NULL)
		envelope = *collection->envelope;
	wire_sha256(g_bytes_get_data(facts, NULL), g_bytes_get_size(facts), digest);
	WIRE_SET(&envelope, facts_sha256,
		 ((ProtobufCBinaryData){.len = sizeof digest, .data = digest}));
	WIRE_SET(&envelope, sequence, envelope.taken_at > 0 ? (uint64_t)envelope.taken_at : 0);
	envelope.transport = way;
	report.envelope = &envelope;
	WIRE_SET(&report, facts, borrow(facts));
	if (observed != NULL)
		WIRE_SET(&report, observed, borrow(observed));
	return wire_pack(&report.base);
}

/* --- into the store --- */

struct put {
	const struct deposit *deposit;
	const struct deposit_order *order;
	struct deposit_receipt *receipt;
};

static bool judge(const struct deposit *deposit, struct intake *intake,
		  const struct deposit_order *order, GError **error)
{
	g_autoptr(GBytes) raw = pack_report(order->collection, order->transport);
	bool ready = false; /* always: the facts are here */

	if (!intake_read(intake, raw, error))
		return false;
	intake->as_of_s = intake->input.envelope->taken_at;
	return intake_judge(intake, deposit->store, deposit->evaluator, &ready, error);
}

/* Which host it is decides about its labels, and they about its verdicts: so one transaction. */
static bool put_collection(struct store *store, void *data, GError **error)
{
	const struct put *put = data;
	PLIMSOLL_AUTO(intake) *intake = NULL;
	struct report_answer answer;

	put->receipt->host_id = put->order->find_host(store, put->order->data, error);
	if (put->receipt->host_id == NULL)
		return false;
	intake = intake_new(&put->deposit->rules, put->receipt->host_id, site_now_s());
	if (!judge(put->deposit, intake, put->order, error) ||
	    !reports_put(store, &intake->input, &answer, error))
		return false;
	put->receipt->status = answer.status;
	return true;
}

bool deposit_put(struct deposit *deposit, const struct deposit_order *order,
		 struct deposit_receipt *ret_receipt, GError **error)
{
	struct put put = {deposit, order, ret_receipt};

	*ret_receipt = (struct deposit_receipt){.host_id = NULL};
	if (store_transact(deposit->store, put_collection, &put, error))
		return true;
	g_clear_pointer(&ret_receipt->host_id, g_free);
	return false;
}
