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

/* What is being written. */
struct writing {
	struct arena *arena;
	GPtrArray *subjects; /* Stored__Subject */
	GHashTable *places;  /* text of subject_key, by address -> place in subjects */
};

static Stored__Subject *add_subject(struct writing *writing, const struct item *item)
{
	Stored__Subject *subject = arena_calloc(writing->arena, 1, sizeof *subject);

	stored__subject__init(subject);
	subject->kind = borrow(item->subject);
	subject->id = borrow(item->subject_id);
	subject->key = borrow(item->subject_key);
	subject->label = borrow(item->label);
	g_ptr_array_add(writing->subjects, subject);
	return subject;
}

/* An evaluation describes each subject once, so that its items share the texts' addresses. */
static uint32_t place_subject(struct writing *writing, const struct item *item)
{
	gpointer found = NULL;
	guint place = writing->subjects->len;

	if (item->subject_key != NULL &&
	    g_hash_table_lookup_extended(writing->places, item->subject_key, NULL, &found)) {
		const Stored__Subject *subject =
			g_ptr_array_index(writing->subjects, GPOINTER_TO_UINT(found));

		if (subject->kind == item->subject && subject->id == item->subject_id)
			return GPOINTER_TO_UINT(found);
	}
	(void)add_subject(writing, item);
	if (item->subject_key != NULL)
		g_hash_table_insert(writing->places, borrow(item->subject_key),
				    GUINT_TO_POINTER(place));
	return place;
}

/* The texts of an item that often repeat the item before: by field number of stored.proto. */
static const struct {
	unsigned field;
	size_t item, stored; /* offsets */
} repeated[] = {
	{6, offsetof(struct item, discriminator), offsetof(Stored__Item, discriminator)},
	{7, offsetof(struct item, observed), offsetof(Stored__Item, observed)},
	{8, offsetof(struct item, expected), offsetof(Stored__Item, expected)},
	{9, offsetof(struct item, reason), offsetof(Stored__Item, reason)},
	{10, offsetof(struct item, reason_text), offsetof(Stored__Item, reason_text)},
	{11, offsetof(struct item, note), offsetof(Stored__Item, note)},
	{12, offsetof(struct item, source), offsetof(Stored__Item, source)},
};

static const char *text_at(const void *object, size_t offset)
{
	const char *text;

	memcpy(&text, (const char *)object + offset, sizeof text);
	return text;
}

/* before: NULL for the first item of a check. */
static Stored__Item *write_item(struct writing *writing, const struct item *item,
				const struct item *before)
{
	Stored__Item *out = arena_calloc(writing->arena, 1, sizeof *out);
	const Stored__Subject *subject;
	uint32_t same = 0;

	stored__item__init(out);
	WIRE_SET(out, verdict, (uint32_t)item->verdict);
	WIRE_SET(out, subject, place_subject(writing, item));
	subject = g_ptr_array_index(writing->subjects, out->subject);
	if (item->label != subject->label)
		out->label = borrow(item->label != NULL ? item->label : "");
	for (guint i = 0; i < G_N_ELEMENTS(repeated); i++) {
		const char *text = text_at(item, repeated[i].item);

		if (text == NULL)
			continue;
		if (before != NULL && text == text_at(before, repeated[i].item))
			same |= 1U << repeated[i].field;
		else
			memcpy((char *)out + repeated[i].stored, &text, sizeof text);
	}
	if (same != 0)
		WIRE_SET(out, same, same);
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

static Stored__Result *write_result(struct writing *writing, const struct result *result)
{
	struct arena *arena = writing->arena;
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
		out->item[i] = write_item(writing, &result->items[i],
					  i > 0 ? &result->items[i - 1] : NULL);
	return out;
}

GBytes *evaluation_blob_write(const struct evaluation *evaluation)
{
	PLIMSOLL_AUTO(arena) *arena = arena_new(SIZE_MAX);
	g_autoptr(GPtrArray) subjects = g_ptr_array_new();
	g_autoptr(GHashTable) places = g_hash_table_new(g_direct_hash, g_direct_equal);
	struct writing writing = {arena, subjects, places};
	Stored__Evaluation out = STORED__EVALUATION__INIT;
	g_autoptr(GBytes) packed = NULL;

	out.n_result = evaluation->n_results;
	out.result = arena_calloc(arena, evaluation->n_results, sizeof *out.result);
	for (guint i = 0; i < evaluation->n_results; i++)
		out.result[i] = write_result(&writing, &evaluation->results[i]);
	out.n_subject = subjects->len;
	out.subject = (Stored__Subject **)subjects->pdata;
	packed = wire_pack(&out.base);
	return wire_compress(g_bytes_get_data(packed, NULL), g_bytes_get_size(packed));
}

/* A verdict that this program does not know reads as unknown, never as pass. */
static enum verdict read_verdict(bool has, uint32_t number)
{
	return has && number < VERDICT_COUNT ? (enum verdict)number : VERDICT_UNKNOWN;
}

static void read_item(const Stored__Evaluation *evaluation, const Stored__Item *in,
		      const struct item *before, struct item *ret_item)
{
	const Stored__Subject *subject = evaluation->subject[in->subject];

	*ret_item = (struct item){
		.verdict = read_verdict(in->has_verdict, in->verdict),
		.subject = subject->kind,
		.subject_id = subject->id,
		.subject_key = subject->key,
		.label = in->label != NULL ? in->label : subject->label,
	};
	for (guint i = 0; i < G_N_ELEMENTS(repeated); i++) {
		bool same = (in->same >> repeated[i].field & 1U) != 0;
		const char *text = same && before != NULL ? text_at(before, repeated[i].item)
							  : text_at(in, repeated[i].stored);

		memcpy((char *)ret_item + repeated[i].item, &text, sizeof text);
	}
}

static const struct check_variant *find_variant(const struct check *check, const char *name)
{
	for (guint i = 0; name != NULL && i < check->n_variants; i++)
		if (strcmp(check->variants[i].name, name) == 0)
			return &check->variants[i];
	return NULL;
}

static bool read_result(const Stored__Evaluation *evaluation, const Stored__Result *in,
			const struct catalogue *catalogue, struct arena *arena,
			struct result *ret_result)
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
		read_item(evaluation, in->item[i], i > 0 ? &items[i - 1] : NULL, &items[i]);
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

static bool has_subjects(const Stored__Evaluation *evaluation)
{
	for (size_t i = 0; i < evaluation->n_result; i++) {
		const Stored__Result *result = evaluation->result[i];

		for (size_t k = 0; k < result->n_item; k++)
			if (!result->item[k]->has_subject ||
			    result->item[k]->subject >= evaluation->n_subject)
				return false;
	}
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
	if (!has_subjects(in)) {
		g_set_error_literal(error, WIRE_ERROR, WIRE_ERROR_MALFORMED,
				    "stored evaluation: an item names no subject");
		return NULL;
	}
	results = arena_calloc(arena, in->n_result, sizeof *results);
	for (size_t i = 0; i < in->n_result; i++)
		if (read_result(in, in->result[i], catalogue, arena, &results[n]))
			n++;
	evaluation = g_new0(struct evaluation, 1);
	evaluation->results = results;
	evaluation->n_results = n;
	evaluation->arena = g_steal_pointer(&arena);
	return evaluation;
}
