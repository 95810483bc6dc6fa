/* SPDX-License-Identifier: Apache-2.0 */
/* Items of one check: bounded on the way in, sorted and rolled up at the end. */
#include <string.h>

#include "checks/evaluate_internal.h"
#include "checks/reason.h"
#include "proto/limits.h"

/* Order of items: what needs attention first. Also the order of the roll-up, RULES 0.1. */
static const int ranks[VERDICT_COUNT] = {
	[VERDICT_FAIL] = 0, [VERDICT_UNKNOWN] = 1,        [VERDICT_MANUAL] = 2,
	[VERDICT_PASS] = 3, [VERDICT_NOT_APPLICABLE] = 4,
};

static char *cut(struct arena *arena, const char *text)
{
	const char *end = g_utf8_find_prev_char(text, text + LIMIT_ITEM_TEXT_BYTES);

	return arena_printf(arena, "%.*s\xe2\x80\xa6", (int)(end - text), text);
}

static bool is_ascii(const char *text, size_t length)
{
	uint64_t all = 0;
	uint64_t word = 0;
	size_t i = 0;

	for (; i + sizeof(word) <= length; i += sizeof(word)) {
		memcpy(&word, text + i, sizeof(word));
		all |= word;
	}
	for (; i < length; i++)
		all |= (unsigned char)text[i];
	return (all & UINT64_C(0x8080808080808080)) == 0;
}

static const char *bounded(struct arena *arena, const char *text, size_t length)
{
	g_autofree char *valid = NULL;

	if (!is_ascii(text, length) && !g_utf8_validate(text, -1, NULL)) {
		valid = g_utf8_make_valid(text, -1);
		text = valid;
		length = strlen(text);
	}
	return length > LIMIT_ITEM_TEXT_BYTES ? cut(arena, text)
					      : arena_strndup(arena, text, length);
}

static bool is_same(const char *a, const char *b)
{
	return a != NULL && a[0] == b[0] && strcmp(a, b) == 0;
}

/* Most rows repeat the row before them in some columns: "expected" above all. */
static const char *shared_with_last(const struct items *items, const char *text)
{
	const struct item *last = NULL;

	if (items->array->len == 0)
		return NULL;
	last = &g_array_index(items->array, struct item, items->array->len - 1);
	if (is_same(last->expected, text))
		return last->expected;
	if (is_same(last->source, text))
		return last->source;
	return is_same(last->observed, text) ? last->observed : NULL;
}

const char *items_text(const struct items *items, sqlite3_stmt *statement, int column)
{
	const char *text =
		column < 0 ? NULL
			   : (const char *)(const void *)sqlite3_column_text(statement, column);
	const char *shared = text != NULL ? shared_with_last(items, text) : NULL;

	if (text == NULL || shared != NULL)
		return shared;
	return bounded(items->run->arena, text, strlen(text));
}

void items_note(const struct items *items, struct item *item, const char *note)
{
	if (note == NULL)
		return;
	if (item->note != NULL)
		note = arena_printf(items->run->arena, "%s; %s", item->note, note);
	item->note = note;
}

/* Passing items make room first, when one evaluation holds too much. */
static bool has_room(const struct items *items, enum verdict verdict)
{
	size_t used = arena_used_bytes(items->run->arena);

	return items->array->len < LIMIT_QUERY_ROWS &&
	       used < (verdict == VERDICT_PASS ? LIMIT_EVALUATION_BYTES / 2
					       : LIMIT_EVALUATION_BYTES);
}

static void set_reason(struct items *items, struct item *item, const char *reason)
{
	if (items->last.reason == NULL || g_strcmp0(items->last.reason, reason) != 0) {
		items->last.reason = reason;
		items->last.code = reason_code(items->run->arena, reason);
		items->last.text = reason_text(items->run->arena, reason);
	}
	item->reason = items->last.code;
	item->reason_text = items->last.text;
}

void items_add(struct items *items, struct item *item, const char *reason)
{
	if (items->forced != NULL) {
		item->verdict = VERDICT_UNKNOWN;
		reason = items->forced;
	}
	item->reason = NULL;
	item->reason_text = NULL;
	items->counts[item->verdict]++;
	if (!has_room(items, item->verdict))
		return;
	if (item->verdict == VERDICT_UNKNOWN || item->verdict == VERDICT_NOT_APPLICABLE)
		set_reason(items, item, reason);
	g_array_append_val(items->array, *item);
}

/* Items of one subject share its texts. */
static int compare_texts(const char *a, const char *b)
{
	return a == b ? 0 : g_strcmp0(a, b);
}

static int compare_items(gconstpointer a, gconstpointer b)
{
	const struct item *first = a;
	const struct item *second = b;
	int order = ranks[first->verdict] - ranks[second->verdict];

	if (order == 0)
		order = compare_texts(first->label, second->label);
	if (order == 0)
		order = compare_texts(first->discriminator, second->discriminator);
	if (order == 0)
		order = compare_texts(first->subject_id, second->subject_id);
	if (order == 0)
		order = compare_texts(first->observed, second->observed);
	if (order == 0)
		order = compare_texts(first->note, second->note);
	if (order == 0)
		order = compare_texts(first->reason_text, second->reason_text);
	return order != 0 ? order : compare_texts(first->source, second->source);
}

/* As the facts list them, often. */
static bool is_sorted(const GArray *array)
{
	for (guint i = 1; i < array->len; i++)
		if (compare_items(&g_array_index(array, struct item, i - 1),
				  &g_array_index(array, struct item, i)) > 0)
			return false;
	return true;
}

static enum verdict roll_up(const guint counts[VERDICT_COUNT])
{
	enum verdict found = VERDICT_NOT_APPLICABLE;

	for (int i = 0; i < VERDICT_COUNT; i++)
		if (counts[i] > 0 && ranks[i] < ranks[found])
			found = (enum verdict)i;
	return found;
}

static void keep(struct result *result, GArray *array, struct arena *arena)
{
	struct item *copy = arena_calloc(arena, MAX(array->len, 1), sizeof(*copy));

	memcpy(copy, array->data, array->len * sizeof(*copy));
	result->items = copy;
	result->n_items = array->len;
}

void items_finish(struct items *items, struct result *result)
{
	const struct item *first = NULL;

	result->verdict = roll_up(items->counts);
	memcpy(result->counts, items->counts, sizeof(result->counts));
	if (!is_sorted(items->array))
		g_array_sort(items->array, compare_items);
	if (result->verdict == VERDICT_NOT_APPLICABLE && items->array->len > 0) {
		first = &g_array_index(items->array, struct item, 0);
		result->reason = first->reason;
		result->reason_text = first->reason_text;
	}
	while (result->verdict != VERDICT_NOT_APPLICABLE && items->array->len > 0 &&
	       g_array_index(items->array, struct item, items->array->len - 1).verdict ==
		       VERDICT_NOT_APPLICABLE)
		g_array_set_size(items->array, items->array->len - 1);
	keep(result, items->array, items->run->arena);
}
