/* SPDX-License-Identifier: Apache-2.0 */
/* The evidence of one verdict for programs. */
#include "proto/json.h"
#include "server/format/why.h"

enum { SCHEMA_VERSION = 1 };

static struct json *new_item(const struct item *item)
{
	struct json *value = json_object_new();

	json_set(value, "subject", json_new_string(item->subject));
	json_set(value, "item", json_new_string(item->label));
	json_set(value, "discriminator", json_new_string(item->discriminator));
	json_set(value, "verdict", json_new_string(verdict_text(item->verdict)));
	json_set(value, "observed", json_new_string(item->observed));
	json_set(value, "expected", json_new_string(item->expected));
	json_set(value, "reason", json_new_string(item->reason_text));
	json_set(value, "note", json_new_string(item->note));
	json_set(value, "source", json_new_string(item->source));
	return value;
}

static struct json *new_fact(const struct evidence_fact *fact)
{
	struct json *value = json_object_new();

	json_set(value, "table", json_new_string(fact->table));
	json_set(value, "row", json_new_string(fact->row));
	json_set(value, "ord", json_new_integer(fact->ord));
	json_set(value, "column", json_new_string(fact->column));
	json_set(value, "value", json_new_string(fact->value));
	return value;
}

static struct json *new_setting(const struct evidence_setting *setting)
{
	struct json *value = json_object_new();

	json_set(value, "name", json_new_string(setting->name));
	json_set(value, "value", json_new_string(setting->value));
	json_set(value, "origin", json_new_string(setting->origin));
	json_set(value, "place", json_new_string(setting->place));
	json_set(value, "configured", json_new_string(setting->configured));
	json_set(value, "reason", json_new_string(setting->reason_text));
	return value;
}

static struct json *new_source(const struct evidence_source *source)
{
	struct json *value = json_object_new();

	json_set(value, "source", json_new_string(source->source));
	json_set(value, "status", json_new_string(source->status));
	json_set(value, "detail", json_new_string(source->detail));
	return value;
}

static void write_lists(struct json_writer *writer, const struct result *result,
			const struct evidence *evidence)
{
	g_autoptr(GPtrArray) turns = why_turns(result, evidence);

	json_write_begin(writer, "items", JSON_KIND_ARRAY);
	for (guint i = 0; i < result->n_items; i++)
		json_write_value(writer, NULL, new_item(&result->items[i]));
	json_write_end(writer);
	json_write_begin(writer, "facts", JSON_KIND_ARRAY);
	for (guint i = 0; i < evidence->n_facts; i++)
		json_write_value(writer, NULL, new_fact(&evidence->facts[i]));
	json_write_end(writer);
	json_write_begin(writer, "settings", JSON_KIND_ARRAY);
	for (guint i = 0; i < evidence->n_settings; i++)
		json_write_value(writer, NULL, new_setting(&evidence->settings[i]));
	json_write_end(writer);
	json_write_begin(writer, "sources", JSON_KIND_ARRAY);
	for (guint i = 0; i < evidence->n_sources; i++)
		json_write_value(writer, NULL, new_source(&evidence->sources[i]));
	json_write_end(writer);
	json_write_begin(writer, "turns", JSON_KIND_ARRAY);
	for (guint i = 0; i < turns->len; i++)
		json_write_value(writer, NULL, json_new_string(turns->pdata[i]));
	json_write_end(writer);
}

static struct json *new_expression(const struct result *result)
{
	const struct check *check = result->check;
	const struct check_variant *variant = result->variant;
	struct json *value = json_object_new();
	const char *applies = variant != NULL && variant->applies.text != NULL
				      ? variant->applies.text
				      : check->applies.text;
	const char *fail = variant != NULL && variant->fail.text != NULL ? variant->fail.text
									 : check->fail.text;
	const char *items = variant != NULL && variant->items.text != NULL ? variant->items.text
									   : check->items.text;

	json_set(value, "gate", json_new_string(check->gate));
	json_set(value, "applies", json_new_string(applies));
	json_set(value, "where", json_new_string(check->where.text));
	json_set(value, "fail", json_new_string(fail));
	json_set(value, "items", json_new_string(items));
	return value;
}

void why_write_json(GString *out, const struct benchmark *benchmark,
		    const struct benchmark_entry *entry, const struct result *result,
		    const struct evidence *evidence)
{
	PLIMSOLL_AUTO(json_writer) *writer = json_writer_new(out, true);

	json_write_begin(writer, NULL, JSON_KIND_OBJECT);
	json_write_value(writer, "schema_version", json_new_integer(SCHEMA_VERSION));
	json_write_value(writer, "check", json_new_string(result->check->name));
	json_write_value(writer, "benchmark", json_new_string(benchmark->name));
	json_write_value(writer, "id", json_new_string(entry == NULL ? NULL : entry->id));
	json_write_value(writer, "title",
			 json_new_string(entry == NULL ? result->check->title : entry->title));
	json_write_value(writer, "verdict", json_new_string(verdict_text(result->verdict)));
	json_write_value(writer, "reason", json_new_string(result->reason_text));
	write_lists(writer, result, evidence);
	json_write_value(writer, "expression", new_expression(result));
	json_write_end(writer);
	g_string_append_c(out, '\n');
}
