/* SPDX-License-Identifier: Apache-2.0 */
/* Reads checks from one file of the catalogue: the table of keys, and what keys must hold together.
 */
#include <string.h>

#include "checks/catalogue_file.h"
#include "checks/facts_table.h"
#include "checks/reason.h"

struct raw_variant {
	struct sourced place;
	struct sourced name, applies, fail, items, observed, expected;
};

struct raw_check {
	struct sourced place;
	struct sourced name, title, section, severity, mode, from, gate, parameter;
	struct sourced applies, where, empty, fail, items;
	struct sourced observed, expected, reason, note, source;
	struct sourced retired, why, fix, fix_rootless, impact, differs;
	struct yaml_list decides_without, variants;
	bool dbs_score;
};

static const char *const sections[] = {"host",       "daemon",     "files", "images",
				       "containers", "operations", "swarm", "community",
				       "enterprise", NULL};
static const char *const severities[] = {"low", "medium", "high", "critical", NULL};
static const char *const modes[] = {"A", "O", "P", "M", "N", NULL};
static const char *const subjects[] = {"container", "image", "network", "service", "node",
				       "cluster",   "file",  "daemon",  "host",    NULL};

static const struct yaml_field variant_fields[] = {
	{.key = "name", .offset = offsetof(struct raw_variant, name), .required = true},
	{.key = "applies", .kind = YAML_SQL, .offset = offsetof(struct raw_variant, applies)},
	{.key = "fail", .kind = YAML_SQL, .offset = offsetof(struct raw_variant, fail)},
	{.key = "items", .kind = YAML_SQL, .offset = offsetof(struct raw_variant, items)},
	{.key = "observed", .kind = YAML_SQL, .offset = offsetof(struct raw_variant, observed)},
	{.key = "expected", .kind = YAML_SQL, .offset = offsetof(struct raw_variant, expected)},
};
static const struct yaml_mapping variant_mapping = {"variant", sizeof(struct raw_variant),
						    variant_fields, G_N_ELEMENTS(variant_fields)};

#define TEXT(name, member)                                                                         \
	{                                                                                          \
		.key = (name), .offset = offsetof(struct raw_check, member)                        \
	}
#define NEEDED(name, member)                                                                       \
	{                                                                                          \
		.key = (name), .offset = offsetof(struct raw_check, member), .required = true      \
	}
#define WORD(name, member, list, must)                                                             \
	{                                                                                          \
		.key = (name), .kind = YAML_WORD, .offset = offsetof(struct raw_check, member),    \
		.required = (must), .words = (list)                                                \
	}
#define SQL(name, member)                                                                          \
	{                                                                                          \
		.key = (name), .kind = YAML_SQL, .offset = offsetof(struct raw_check, member)      \
	}

static const struct yaml_field check_fields[] = {
	NEEDED("check", name),
	NEEDED("title", title),
	WORD("section", section, sections, true),
	WORD("severity", severity, severities, true),
	WORD("mode", mode, modes, true),
	WORD("from", from, subjects, true),
	SQL("where", where),
	TEXT("empty", empty),
	TEXT("gate", gate),
	TEXT("parameter", parameter),
	SQL("applies", applies),
	SQL("fail", fail),
	SQL("items", items),
	SQL("observed", observed),
	SQL("expected", expected),
	SQL("reason", reason),
	SQL("note", note),
	SQL("source", source),
	{.key = "decides_without",
	 .kind = YAML_TEXTS,
	 .offset = offsetof(struct raw_check, decides_without)},
	{.key = "dbs_score", .kind = YAML_BOOLEAN, .offset = offsetof(struct raw_check, dbs_score)},
	TEXT("retired", retired),
	NEEDED("why", why),
	NEEDED("fix", fix),
	TEXT("fix_rootless", fix_rootless),
	TEXT("impact", impact),
	TEXT("differs", differs),
	{.key = "variants",
	 .kind = YAML_MAPPINGS,
	 .offset = offsetof(struct raw_check, variants),
	 .element = &variant_mapping},
};
const struct yaml_mapping check_yaml = {"check", sizeof(struct raw_check), check_fields,
					G_N_ELEMENTS(check_fields)};

static bool is_slug(const char *text)
{
	return g_ascii_islower(text[0]) &&
	       text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0' &&
	       text[strlen(text) - 1] != '-';
}

/* "table.column" of a table of facts. */
static bool test_column(const struct sourced *text, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(text->text, ".", 2);
	const struct facts_table *table = parts[0] != NULL ? facts_table_find(parts[0]) : NULL;

	if (table == NULL || parts[1] == NULL || facts_table_column(table, parts[1]) == NULL)
		return yaml_fault(error, text, "'%s' is not TABLE.COLUMN of the facts", text->text);
	return true;
}

static bool test_parameter(const struct raw_check *raw, GError **error)
{
	const struct facts_table *table = facts_table_find("parameter");

	if (raw->mode.text[0] == MODE_PARAMETER && raw->parameter.text == NULL)
		return yaml_fault(error, &raw->mode, "mode P needs the key 'parameter'");
	if (raw->parameter.text != NULL && facts_table_column(table, raw->parameter.text) == NULL)
		return yaml_fault(error, &raw->parameter,
				  "'%s' is not a column of the table "
				  "parameter",
				  raw->parameter.text);
	return true;
}

/* A check decides by an expression or by a query, not by both; manual ones may do without. */
static bool test_form(const struct raw_check *raw, GError **error)
{
	bool decides = raw->fail.text != NULL || raw->items.text != NULL;
	const struct sourced *only_with_fail[] = {&raw->observed, &raw->expected, &raw->reason,
						  &raw->note, &raw->source};

	if (raw->fail.text != NULL && raw->items.text != NULL)
		return yaml_fault(error, &raw->items, "either 'fail' or 'items', not both");
	if (raw->mode.text[0] == MODE_MANUAL && raw->fail.text != NULL)
		return yaml_fault(error, &raw->fail, "a manual check (mode M) does not fail");
	if (!decides && raw->mode.text[0] != MODE_MANUAL && raw->variants.n == 0)
		return yaml_fault(error, &raw->place, "check without 'fail' or 'items'");
	for (size_t i = 0; raw->items.text != NULL && i < G_N_ELEMENTS(only_with_fail); i++)
		if (only_with_fail[i]->text != NULL)
			return yaml_fault(error, only_with_fail[i],
					  "belongs to 'fail'; an 'items' query states it per row");
	return true;
}

static bool test_variants(const struct raw_check *raw, GError **error)
{
	const struct raw_variant *variants = raw->variants.members;

	for (guint i = 0; i < raw->variants.n; i++) {
		if (variants[i].fail.text != NULL && variants[i].items.text != NULL)
			return yaml_fault(error, &variants[i].items,
					  "either 'fail' or 'items', not both");
		if (variants[i].fail.text == NULL && variants[i].items.text == NULL &&
		    raw->fail.text == NULL && raw->items.text == NULL)
			return yaml_fault(error, &variants[i].place,
					  "variant without 'fail' or 'items'");
		for (guint k = 0; k < i; k++)
			if (strcmp(variants[k].name.text, variants[i].name.text) == 0)
				return yaml_fault(error, &variants[i].name,
						  "variant '%s' is given twice",
						  variants[i].name.text);
	}
	return true;
}

static bool test_check(const struct raw_check *raw, GError **error)
{
	const struct sourced *columns = raw->decides_without.members;

	if (!is_slug(raw->name.text))
		return yaml_fault(error, &raw->name, "'%s' is not a name (a-z, 0-9, -)",
				  raw->name.text);
	if (raw->empty.text != NULL && strcmp(raw->empty.text, "pass") != 0 &&
	    !reason_is_valid(raw->empty.text))
		return yaml_fault(error, &raw->empty, "expected pass or a reason code");
	for (guint i = 0; i < raw->decides_without.n; i++)
		if (!test_column(&columns[i], error))
			return false;
	return test_parameter(raw, error) && test_form(raw, error) && test_variants(raw, error);
}

static const char *const *copy_texts(struct arena *arena, const struct yaml_list *list)
{
	const struct sourced *texts = list->members;
	const char **copy = arena_calloc(arena, (size_t)list->n + 1, sizeof(*copy));

	for (guint i = 0; i < list->n; i++)
		copy[i] = texts[i].text;
	return copy;
}

static const struct check_variant *copy_variants(struct arena *arena, const struct yaml_list *list)
{
	const struct raw_variant *raw = list->members;
	struct check_variant *variants = arena_calloc(arena, MAX(list->n, 1), sizeof(*variants));

	for (guint i = 0; i < list->n; i++)
		variants[i] = (struct check_variant){
			.name = raw[i].name.text,
			.applies = raw[i].applies,
			.fail = raw[i].fail,
			.items = raw[i].items,
			.observed = raw[i].observed,
			.expected = raw[i].expected,
		};
	return variants;
}

static struct check make_check(const struct raw_check *raw, struct arena *arena, bool custom)
{
	struct check check = {
		.name = raw->name.text,
		.title = raw->title.text,
		.mode = (enum mode)raw->mode.text[0],
		.section = raw->section.text,
		.subject = raw->from.text,
		.gate = raw->gate.text,
		.parameter = raw->parameter.text,
		.applies = raw->applies,
		.where = raw->where,
		.empty = raw->empty.text,
		.fail = raw->fail,
		.items = raw->items,
		.observed = raw->observed,
		.expected = raw->expected,
		.reason = raw->reason,
		.note = raw->note,
		.source = raw->source,
		.retired = raw->retired.text,
		.why = raw->why.text,
		.fix = raw->fix.text,
		.fix_rootless = raw->fix_rootless.text,
		.impact = raw->impact.text,
		.differs = raw->differs.text,
		.decides_without = copy_texts(arena, &raw->decides_without),
		.variants = copy_variants(arena, &raw->variants),
		.n_variants = raw->variants.n,
		.custom = custom,
		.dbs_score = raw->dbs_score,
		.file = raw->name.file,
		.line = raw->name.line,
	};

	(void)severity_parse(raw->severity.text, &check.severity);
	return check;
}

/* A check of a folder replaces a built-in one of the same name, and no other. */
static bool place_check(GArray *checks, const struct check *check, const struct sourced *name,
			GError **error)
{
	for (guint i = 0; i < checks->len; i++) {
		struct check *other = &g_array_index(checks, struct check, i);

		if (strcmp(other->name, check->name) != 0)
			continue;
		if (other->custom == check->custom)
			return yaml_fault(error, name, "check '%s' is already at %s:%u",
					  check->name, other->file, other->line);
		*other = *check;
		return true;
	}
	g_array_append_val(checks, *check);
	return true;
}

bool check_append(const struct yaml_list *list, bool custom, struct arena *arena, GArray *checks,
		  GError **error)
{
	const struct raw_check *raw = list->members;

	for (guint i = 0; i < list->n; i++) {
		struct check check;

		if (!test_check(&raw[i], error))
			return false;
		check = make_check(&raw[i], arena, custom);
		if (!place_check(checks, &check, &raw[i].name, error))
			return false;
	}
	return true;
}
