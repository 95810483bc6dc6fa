/* SPDX-License-Identifier: Apache-2.0 */
/* The evidence of one verdict: what would turn it, and the text for people. */
#include "server/format/why.h"

#include <string.h>

#include "server/format/text.h"

enum { FEW_ITEMS = 10, FEW_FACTS = 8 };

/* ---- what would turn it ---- */

static const char *name_of(const struct result *result, const struct item *item)
{
	return item->label != NULL ? item->label : result->check->subject;
}

static char *turn_of(const struct result *result, const struct item *item)
{
	const char *name = name_of(result, item);

	if (item->verdict == VERDICT_UNKNOWN)
		return g_strdup_printf("to be decided: %s: %s", name,
				       item->reason_text != NULL ? item->reason_text
								 : "a fact was not seen");
	if (item->verdict == VERDICT_MANUAL)
		return g_strdup_printf("a person decides: %s", name);
	if (item->expected == NULL)
		return g_strdup_printf("to pass: %s must not be as it was observed", name);
	return g_strdup_printf("to pass: %s: %s instead of %s", name, item->expected,
			       item->observed != NULL ? item->observed : "what was observed");
}

static void add_turns_of_items(GPtrArray *turns, const struct result *result)
{
	for (guint i = 0; i < result->n_items; i++) {
		const struct item *item = &result->items[i];

		if (item->verdict == result->verdict)
			g_ptr_array_add(turns, turn_of(result, item));
	}
}

static void add_tried(GPtrArray *turns, const struct evidence *evidence)
{
	for (guint i = 0; i < evidence->n_turns; i++) {
		const struct evidence_turn *turn = &evidence->turns[i];

		g_ptr_array_add(turns, g_strdup_printf("%s = %s instead of %s alone would give %s",
						       turn->what, turn->to, turn->from,
						       verdict_text(turn->verdict)));
	}
}

GPtrArray *why_turns(const struct result *result, const struct evidence *evidence)
{
	GPtrArray *turns = g_ptr_array_new_with_free_func(g_free);

	switch (result->verdict) {
	case VERDICT_FAIL:
	case VERDICT_MANUAL:
	case VERDICT_UNKNOWN:
		add_turns_of_items(turns, result);
		break;
	case VERDICT_PASS:
		g_ptr_array_add(turns, g_strdup("to fail: one item for which the expression above "
						"holds"));
		break;
	case VERDICT_NOT_APPLICABLE:
		g_ptr_array_add(turns,
				g_strdup_printf("to be judged at all: no longer \"%s\"",
						result->reason_text != NULL ? result->reason_text
									    : "no subject"));
		break;
	case VERDICT_COUNT:
		break;
	}
	add_tried(turns, evidence);
	if (turns->len == 0)
		g_ptr_array_add(turns, g_strdup(result->reason_text != NULL
							? result->reason_text
							: "nothing that a fact could say"));
	return turns;
}

/* ---- the text ---- */

struct writing {
	GString *out;
	bool all, ascii;
};

static void add(const struct writing *writing, const char *foreign)
{
	text_append(writing->out, foreign, TEXT_MAX_CHARS, writing->ascii);
}

static void add_heading(const struct writing *writing, const char *heading)
{
	g_string_append_printf(writing->out, "\n%s\n", heading);
}

static void add_part(const struct writing *writing, const char *before, const char *foreign)
{
	if (foreign == NULL || foreign[0] == '\0')
		return;
	g_string_append(writing->out, before);
	add(writing, foreign);
}

static void add_head(const struct writing *writing, const struct benchmark *benchmark,
		     const struct benchmark_entry *entry, const struct result *result)
{
	g_string_append_printf(writing->out, "%s: %s", result->check->name,
			       verdict_text(result->verdict));
	add_part(writing, ", ", result->reason_text);
	g_string_append_printf(writing->out, "\n%s\n",
			       entry != NULL ? entry->title : result->check->title);
	if (entry != NULL)
		g_string_append_printf(writing->out, "%s %s, severity %s\n", benchmark->title,
				       entry->id, severity_text(result->check->severity));
}

static void add_items(const struct writing *writing, const struct result *result)
{
	guint n = writing->all ? result->n_items : MIN(result->n_items, FEW_ITEMS);

	if (result->n_items > 0)
		add_heading(writing, "Items");
	for (guint i = 0; i < n; i++) {
		const struct item *item = &result->items[i];

		g_string_append_printf(writing->out, "  %-8s ", verdict_text(item->verdict));
		add(writing, name_of(result, item));
		add_part(writing, " ", item->discriminator);
		add_part(writing, ": observed ", item->observed);
		add_part(writing, ", expected ", item->expected);
		add_part(writing, ", ", item->reason_text);
		add_part(writing, "; note: ", item->note);
		add_part(writing, " (", item->source);
		g_string_append(writing->out,
				item->source != NULL && item->source[0] ? ")\n" : "\n");
	}
	if (n < result->n_items)
		g_string_append_printf(writing->out, "  +%u more (-a shows all)\n",
				       result->n_items - n);
}

static bool is_same_row(const struct evidence_fact *a, const struct evidence_fact *b)
{
	return a->ord == b->ord && strcmp(a->table, b->table) == 0 &&
	       g_strcmp0(a->row, b->row) == 0;
}

/* A row on one line: "  container web: privileged = false, state = running". gives: the first fact
 * of the next row. */
static guint add_row(const struct writing *writing, const struct evidence *evidence, guint first,
		     bool is_shown)
{
	const struct evidence_fact *row = &evidence->facts[first];
	guint i = first;

	if (is_shown) {
		g_string_append_printf(writing->out, "  %s", row->table);
		add_part(writing, " ", row->row);
	}
	for (; i < evidence->n_facts && is_same_row(row, &evidence->facts[i]); i++) {
		if (!is_shown)
			continue;
		g_string_append_printf(writing->out, "%s %s = ", i == first ? ":" : ",",
				       evidence->facts[i].column);
		if (evidence->facts[i].value == NULL)
			g_string_append(writing->out, "not seen");
		else
			add(writing, evidence->facts[i].value);
	}
	if (is_shown)
		g_string_append_c(writing->out, '\n');
	return i;
}

static void add_facts(const struct writing *writing, const struct evidence *evidence)
{
	guint rows = 0;

	if (evidence->n_facts > 0)
		add_heading(writing, "Facts that were read");
	for (guint i = 0; i < evidence->n_facts;) {
		const char *table = evidence->facts[i].table;
		bool is_shown = writing->all || rows < FEW_FACTS;
		guint next = add_row(writing, evidence, i, is_shown);
		bool is_last = next == evidence->n_facts ||
			       strcmp(table, evidence->facts[next].table) != 0;

		rows++;
		if (is_last && !is_shown)
			g_string_append_printf(writing->out, "  %s: +%u more rows (-a shows all)\n",
					       table, rows - FEW_FACTS);
		if (is_last)
			rows = 0;
		i = next;
	}
}

static void add_origin(const struct writing *writing, const struct evidence_setting *setting)
{
	if (g_strcmp0(setting->origin, "argv") == 0)
		g_string_append(writing->out, ", from dockerd's command line");
	else if (g_strcmp0(setting->origin, "default") == 0)
		g_string_append(writing->out,
				", the engine's default: neither command line nor file sets it");
	else
		add_part(writing, ", from ", setting->origin);
	if (setting->place != NULL) {
		add_part(writing, " (", setting->place);
		g_string_append_c(writing->out, ')');
	}
}

static void add_settings(const struct writing *writing, const struct evidence *evidence)
{
	if (evidence->n_settings > 0)
		add_heading(writing, "Settings of the daemon");
	for (guint i = 0; i < evidence->n_settings; i++) {
		const struct evidence_setting *setting = &evidence->settings[i];

		g_string_append(writing->out, "  ");
		add(writing, setting->name);
		if (setting->reason_text != NULL) {
			add_part(writing, ": not known: ", setting->reason_text);
		} else {
			add_part(writing, " = ", setting->value != NULL ? setting->value : "unset");
			add_origin(writing, setting);
		}
		add_part(writing, "; now configured: ", setting->configured);
		g_string_append_c(writing->out, '\n');
	}
}

static void add_sources(const struct writing *writing, const struct evidence *evidence)
{
	if (evidence->n_sources > 0)
		add_heading(writing, "Asked of the host");
	for (guint i = 0; i < evidence->n_sources; i++) {
		const struct evidence_source *source = &evidence->sources[i];

		g_string_append(writing->out, "  ");
		add(writing, source->source);
		g_string_append_printf(writing->out, ": %s", source->status);
		add_part(writing, ", ", source->detail);
		g_string_append_c(writing->out, '\n');
	}
}

static void add_block(const struct writing *writing, const char *heading, const char *text)
{
	g_auto(GStrv) lines = text == NULL ? NULL : g_strsplit(text, "\n", -1);

	if (lines == NULL)
		return;
	add_heading(writing, heading);
	for (guint i = 0; lines[i] != NULL; i++) {
		if (lines[i][0] == '\0')
			continue;
		g_string_append(writing->out, "  ");
		add(writing, lines[i]);
		g_string_append_c(writing->out, '\n');
	}
}

static const char *own_or(const struct sourced *variant, const struct sourced *check)
{
	return variant != NULL && variant->text != NULL ? variant->text : check->text;
}

static void add_expressions(const struct writing *writing, const struct result *result)
{
	const struct check *check = result->check;
	const struct check_variant *variant = result->variant;

	add_block(writing, "Applies when",
		  own_or(variant == NULL ? NULL : &variant->applies, &check->applies));
	add_block(writing, "To which", check->where.text);
	add_block(writing, "Fails when",
		  own_or(variant == NULL ? NULL : &variant->fail, &check->fail));
	add_block(writing, "Decided by",
		  own_or(variant == NULL ? NULL : &variant->items, &check->items));
}

static void add_turns(const struct writing *writing, const struct result *result,
		      const struct evidence *evidence)
{
	g_autoptr(GPtrArray) turns = why_turns(result, evidence);
	guint n = writing->all ? turns->len : MIN(turns->len, FEW_ITEMS);

	add_heading(writing, "What would turn it");
	for (guint i = 0; i < n; i++) {
		add_part(writing, "  ", turns->pdata[i]);
		g_string_append_c(writing->out, '\n');
	}
	if (n < turns->len)
		g_string_append_printf(writing->out, "  +%u more (-a shows all)\n", turns->len - n);
}

void why_write_text(GString *out, const struct benchmark *benchmark,
		    const struct benchmark_entry *entry, const struct result *result,
		    const struct evidence *evidence, bool all)
{
	const struct writing writing = {.out = out, .all = all, .ascii = !g_get_charset(NULL)};

	add_head(&writing, benchmark, entry, result);
	add_items(&writing, result);
	add_facts(&writing, evidence);
	add_settings(&writing, evidence);
	add_sources(&writing, evidence);
	add_expressions(&writing, result);
	add_turns(&writing, result, evidence);
}
