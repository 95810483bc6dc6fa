/* SPDX-License-Identifier: Apache-2.0 */
/* Step 6: keeps a judged snapshot readable for pages without judging it again. */
#include "server/store/evaluation_blob.h"

#include <string.h>

#include "proto/arena.h"
#include "proto/limits.h"
#include "proto/wire.h"
#include "server/store/store.h"
#include "server/store/stored.pb-c.h"

/* protobuf-c's structs hold char * for what they only read. */
static char *borrow(const char *text)
{
	union {
		const char *in;
		char *out;
	} pun = {text};
	return pun.out;
}

static Stored__Item *write_item(struct arena *arena, const struct item *item)
{
	Stored__Item *out = arena_calloc(arena, 1, sizeof *out);

	stored__item__init(out);
	WIRE_SET(out, verdict, (uint32_t)item->verdict);
	out->subject = borrow(item->subject);
	out->subject_id = borrow(item->subject_id);
	out->subject_key = borrow(item->subject_key);
	out->label = borrow(item->label);
	out->discriminator = borrow(item->discriminator);
	out->observed = borrow(item->observed);
	out->expected = borrow(item->expected);
	out->reason = borrow(item->reason);
	out->reason_text = borrow(item->reason_text);
	out->note = borrow(item->note);
	out->source = borrow(item->source);
	return out;
}

static size_t text_size(const char *text)
{
	return text != NULL ? strlen(text) : 0;
}

static size_t item_size(const struct item *item)
{
	return text_size(item->label) + text_size(item->observed) + text_size(item->expected) +
	       text_size(item->reason_text) + text_size(item->note) + text_size(item->source) +
	       text_size(item->subject_id) + text_size(item->subject_key) +
	       text_size(item->discriminator);
}

/* A host decides how many items it has; the worst ones stand first. Counts stay complete. */
static guint count_kept(const struct result *result)
{
	size_t bytes = 0;
	guint kept = 0;

	while (kept < result->n_items && kept < STORE_CHECK_ITEMS) {
		bytes += item_size(&result->items[kept]);
		if (bytes > STORE_CHECK_TEXT_BYTES)
			break;
		kept++;
	}
	return kept;
}

static Stored__Result *write_result(struct arena *arena, const struct result *result)
{
	Stored__Result *out = arena_calloc(arena, 1, sizeof *out);

	stored__result__init(out);
	out->check = borrow(result->check->name);
	out->variant = result->variant != NULL ? borrow(result->variant->name) : NULL;
	WIRE_SET(out, verdict, (uint32_t)result->verdict);
	out->reason = borrow(result->reason);
	out->reason_text = borrow(result->reason_text);
	WIRE_SET(out, has_parameter, result->has_parameter);
	out->n_count = VERDICT_COUNT;
	out->count = arena_calloc(arena, VERDICT_COUNT, sizeof *out->count);
	for (guint i = 0; i < VERDICT_COUNT; i++)
		out->count[i] = result->counts[i];
	out->n_item = count_kept(result);
	out->item = arena_calloc(arena, out->n_item, sizeof *out->item);
	for (size_t i = 0; i < out->n_item; i++)
		out->item[i] = write_item(arena, &result->items[i]);
	return out;
}

GBytes *evaluation_blob_write(const struct evaluation *evaluation)
{
	PLIMSOLL_AUTO(arena) *arena = arena_new(SIZE_MAX);
	Stored__Evaluation out = STORED__EVALUATION__INIT;
	g_autoptr(GBytes) packed = NULL;

	out.n_result = evaluation->n_results;
	out.result = arena_calloc(arena, evaluation->n_results, sizeof *out.result);
	for (guint i = 0; i < evaluation->n_results; i++)
		out.result[i] = write_result(arena, &evaluation->results[i]);
	packed = wire_pack(&out.base);
	return wire_compress(g_bytes_get_data(packed, NULL), g_bytes_get_size(packed));
}

/* A verdict that this program does not know reads as unknown, never as pass. */
static enum verdict read_verdict(bool has, uint32_t number)
{
	return has && number < VERDICT_COUNT ? (enum verdict)number : VERDICT_UNKNOWN;
}

static void read_item(const Stored__Item *in, struct item *ret_item)
{
	*ret_item = (struct item){
		.verdict = read_verdict(in->has_verdict, in->verdict),
		.subject = in->subject,
		.subject_id = in->subject_id,
		.subject_key = in->subject_key,
		.label = in->label,
		.discriminator = in->discriminator,
		.observed = in->observed,
		.expected = in->expected,
		.reason = in->reason,
		.reason_text = in->reason_text,
		.note = in->note,
		.source = in->source,
	};
}

static const struct check_variant *find_variant(const struct check *check, const char *name)
{
	for (guint i = 0; name != NULL && i < check->n_variants; i++)
		if (strcmp(check->variants[i].name, name) == 0)
			return &check->variants[i];
	return NULL;
}

static bool read_result(const Stored__Result *in, const struct catalogue *catalogue,
			struct arena *arena, struct result *ret_result)
{
	const struct check *check = in->check != NULL ? catalogue_find(catalogue, in->check) : NULL;
	const struct check_variant *variant;
	struct item *items;

	if (check == NULL)
		return false;
	variant = find_variant(check, in->variant);
	if (in->variant != NULL && variant == NULL)
		return false;
	items = arena_calloc(arena, in->n_item, sizeof *items);
	for (size_t i = 0; i < in->n_item; i++)
		read_item(in->item[i], &items[i]);
	*ret_result = (struct result){
		.check = check,
		.variant = variant,
		.verdict = read_verdict(in->has_verdict, in->verdict),
		.reason = in->reason,
		.reason_text = in->reason_text,
		.items = items,
		.n_items = (guint)in->n_item,
		.has_parameter = in->has_has_parameter && in->has_parameter,
	};
	for (size_t i = 0; i < in->n_count && i < VERDICT_COUNT; i++)
		ret_result->counts[i] = in->count[i];
	return true;
}

struct evaluation *evaluation_blob_read(GBytes *blob, const struct catalogue *catalogue,
					GError **error)
{
	g_autoptr(GBytes) packed = wire_decompress(
		g_bytes_get_data(blob, NULL), g_bytes_get_size(blob), LIMIT_REPORT_BYTES, error);
	PLIMSOLL_AUTO(arena) *arena = arena_new(SIZE_MAX);
	struct evaluation *evaluation;
	ProtobufCMessage *message;
	const Stored__Evaluation *in;
	struct result *results;
	guint n = 0;

	if (packed == NULL)
		return NULL;
	message = wire_unpack(&stored__evaluation__descriptor, g_bytes_get_data(packed, NULL),
			      g_bytes_get_size(packed), arena, error);
	if (message == NULL) {
		g_prefix_error(error, "stored evaluation: ");
		return NULL;
	}
	in = (const Stored__Evaluation *)(const void *)message;
	results = arena_calloc(arena, in->n_result, sizeof *results);
	for (size_t i = 0; i < in->n_result; i++)
		if (read_result(in->result[i], catalogue, arena, &results[n]))
			n++;
	evaluation = g_new0(struct evaluation, 1);
	evaluation->results = results;
	evaluation->n_results = n;
	evaluation->arena = g_steal_pointer(&arena);
	return evaluation;
}
