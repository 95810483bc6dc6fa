/* SPDX-License-Identifier: Apache-2.0 */
/* Benchmarks: which recommendation number means which check, in which of its forms. */
#include <string.h>

#include "checks/catalogue_file.h"

struct raw_section {
	struct sourced place;
	struct sourced id, title;
};

struct raw_entry {
	struct sourced place;
	struct sourced id, check, variant, title, status, dbs_score;
	struct yaml_list groups;
	unsigned level;
};

struct raw_benchmark {
	struct sourced place;
	struct sourced name, title, dbs_score;
	struct yaml_list sections, entries;
};

enum { GROUPS = 3 }; /* IG1 to IG3 */

static const char *const statuses[] = {"Automated", "Manual", "Scored", "Not Scored", NULL};
static const char *const truths[] = {"true", "false", NULL};

static const struct yaml_field section_fields[] = {
	{.key = "id", .offset = offsetof(struct raw_section, id), .required = true},
	{.key = "title", .offset = offsetof(struct raw_section, title), .required = true},
};
static const struct yaml_mapping section_mapping = {"section", sizeof(struct raw_section),
						    section_fields, G_N_ELEMENTS(section_fields)};

static const struct yaml_field entry_fields[] = {
	{.key = "id", .offset = offsetof(struct raw_entry, id), .required = true},
	{.key = "check", .offset = offsetof(struct raw_entry, check), .required = true},
	{.key = "variant", .offset = offsetof(struct raw_entry, variant)},
	{.key = "title", .offset = offsetof(struct raw_entry, title)},
	{.key = "status",
	 .kind = YAML_WORD,
	 .offset = offsetof(struct raw_entry, status),
	 .words = statuses},
	{.key = "level", .kind = YAML_NUMBER, .offset = offsetof(struct raw_entry, level)},
	{.key = "groups", .kind = YAML_TEXTS, .offset = offsetof(struct raw_entry, groups)},
	{.key = "dbs_score",
	 .kind = YAML_WORD,
	 .offset = offsetof(struct raw_entry, dbs_score),
	 .words = truths},
};
static const struct yaml_mapping entry_mapping = {"entry", sizeof(struct raw_entry), entry_fields,
						  G_N_ELEMENTS(entry_fields)};

static const struct yaml_field benchmark_fields[] = {
	{.key = "name", .offset = offsetof(struct raw_benchmark, name), .required = true},
	{.key = "title", .offset = offsetof(struct raw_benchmark, title), .required = true},
	{.key = "dbs_score",
	 .kind = YAML_WORD,
	 .offset = offsetof(struct raw_benchmark, dbs_score),
	 .words = truths},
	{.key = "sections",
	 .kind = YAML_MAPPINGS,
	 .offset = offsetof(struct raw_benchmark, sections),
	 .required = true,
	 .element = &section_mapping},
	{.key = "entries",
	 .kind = YAML_MAPPINGS,
	 .offset = offsetof(struct raw_benchmark, entries),
	 .required = true,
	 .element = &entry_mapping},
};
const struct yaml_mapping benchmark_yaml = {"benchmark", sizeof(struct raw_benchmark),
					    benchmark_fields, G_N_ELEMENTS(benchmark_fields)};

/* Numbers compare as numbers of any length, all else as bytes. */
int benchmark_id_compare(const char *a, const char *b)
{
	while (*a != '\0' && *b != '\0') {
		if (g_ascii_isdigit(*a) && g_ascii_isdigit(*b)) {
			size_t n = 0;
			size_t m = 0;
			int order = 0;

			a += strspn(a, "0");
			b += strspn(b, "0");
			n = strspn(a, "0123456789");
			m = strspn(b, "0123456789");
			order = n != m ? (n > m ? 1 : -1) : strncmp(a, b, n);
			if (order != 0)
				return order;
			a += n;
			b += m;
		} else if (*a != *b) {
			return (unsigned char)*a - (unsigned char)*b;
		} else {
			a++;
			b++;
		}
	}
	return (unsigned char)*a - (unsigned char)*b;
}

static int compare_entries(gconstpointer a, gconstpointer b)
{
	const struct benchmark_entry *first = a;
	const struct benchmark_entry *second = b;

	return benchmark_id_compare(first->id, second->id);
}

static bool fault_at(GError **error, const struct benchmark *benchmark, struct place place,
		     const struct check *check, const char *text)
{
	const struct sourced at = {
		.file = benchmark->file,
		.line = place.line,
		.column = place.column,
	};

	return yaml_fault(error, &at, "check '%s' has %s", check->name, text);
}

static bool find_variant(const struct benchmark *benchmark, const char *name,
			 struct benchmark_entry *entry, GError **error)
{
	const struct check *check = entry->check;
	g_autofree char *text = NULL;

	entry->variant = NULL;
	if (name == NULL)
		return check->fail.text != NULL || check->items.text != NULL ||
		       check->mode == MODE_MANUAL ||
		       fault_at(error, benchmark, entry->check_place, check, "variants only");
	for (guint i = 0; i < check->n_variants; i++)
		if (strcmp(check->variants[i].name, name) == 0)
			entry->variant = &check->variants[i];
	if (entry->variant != NULL)
		return true;
	text = g_strdup_printf("no variant '%s'", name);
	return fault_at(error, benchmark, entry->variant_place, check, text);
}

/* Points an entry at a check, in the form that the benchmark asks for; NULL = its own. */
static bool point_at(const struct benchmark *benchmark, const struct check *check,
		     const char *variant, struct benchmark_entry *entry, GError **error)
{
	entry->check = check;
	if (entry->inherits_title)
		entry->title = check->title;
	if (entry->inherits_dbs_score)
		entry->dbs_score = check->dbs_score;
	return find_variant(benchmark, variant, entry, error);
}

static bool find_check(const struct raw_entry *raw, const struct catalogue *catalogue,
		       const struct benchmark *benchmark, struct benchmark_entry *entry,
		       GError **error)
{
	const struct check *check = catalogue_find(catalogue, raw->check.text);
	const char *near = NULL;

	if (check != NULL)
		return point_at(benchmark, check, raw->variant.text, entry, error);
	near = catalogue_suggest(catalogue, raw->check.text);
	return yaml_fault(error, &raw->check, "unknown check '%s'%s%s%s", raw->check.text,
			  near != NULL ? " (did you mean '" : "", near != NULL ? near : "",
			  near != NULL ? "'?)" : "");
}

/* The section of "5.12" is "5". */
static const char *find_section(const struct benchmark *benchmark, const char *id)
{
	for (guint i = 0; i < benchmark->n_sections; i++) {
		size_t length = strlen(benchmark->sections[i].id);

		if (strncmp(benchmark->sections[i].id, id, length) == 0 && id[length] == '.')
			return benchmark->sections[i].id;
	}
	return NULL;
}

static bool is_true(const struct sourced *word, bool fallback)
{
	return word->text != NULL ? strcmp(word->text, "true") == 0 : fallback;
}

/* No list at all means that the source does not say; an empty one, that it names none. */
static bool read_groups(const struct raw_entry *raw, struct benchmark_entry *entry, GError **error)
{
	const struct sourced *groups = raw->groups.members;

	entry->has_groups = groups != NULL;
	for (guint i = 0; groups != NULL && i < raw->groups.n; i++) {
		guint64 group = 0;

		if (!g_ascii_string_to_unsigned(groups[i].text, 10, 1, GROUPS, &group, NULL))
			return yaml_fault(error, &groups[i], "a group is 1, 2 or 3");
		entry->groups |= 1U << (group - 1);
	}
	return true;
}

static bool make_entry(const struct raw_entry *raw, const struct catalogue *catalogue,
		       const struct benchmark *benchmark, struct benchmark_entry *ret_entry,
		       GError **error)
{
	struct benchmark_entry entry = {
		.id = raw->id.text,
		.title = raw->title.text,
		.status = raw->status.text,
		.level = raw->level,
		.section = find_section(benchmark, raw->id.text),
		.dbs_score = benchmark->has_dbs_score && is_true(&raw->dbs_score, false),
		.inherits_title = raw->title.text == NULL,
		.inherits_dbs_score = benchmark->has_dbs_score && raw->dbs_score.text == NULL,
		.check_place = {raw->check.line, raw->check.column},
		.variant_place = {raw->variant.line, raw->variant.column},
	};

	if (entry.section == NULL)
		return yaml_fault(error, &raw->id, "'%s' belongs to no section of the benchmark",
				  raw->id.text);
	if (raw->level > 2)
		return yaml_fault(error, &raw->place, "level is 1 or 2");
	if (!read_groups(raw, &entry, error) ||
	    !find_check(raw, catalogue, benchmark, &entry, error))
		return false;
	*ret_entry = entry;
	return true;
}

static void copy_sections(const struct yaml_list *list, struct arena *arena,
			  struct benchmark *benchmark)
{
	const struct raw_section *raw = list->members;
	struct benchmark_section *sections =
		arena_calloc(arena, MAX(list->n, 1), sizeof(*sections));

	for (guint i = 0; i < list->n; i++)
		sections[i] = (struct benchmark_section){raw[i].id.text, raw[i].title.text};
	benchmark->sections = sections;
	benchmark->n_sections = list->n;
}

static bool test_ids(const struct yaml_list *list, GError **error)
{
	const struct raw_entry *raw = list->members;

	for (guint i = 0; i < list->n; i++)
		for (guint k = 0; k < i; k++)
			if (strcmp(raw[i].id.text, raw[k].id.text) == 0)
				return yaml_fault(error, &raw[i].id, "id '%s' is given twice",
						  raw[i].id.text);
	return true;
}

bool benchmark_resolve(const void *data, const struct catalogue *catalogue, struct arena *arena,
		       struct benchmark *ret_benchmark, GError **error)
{
	const struct raw_benchmark *raw = data;
	const struct raw_entry *raw_entries = raw->entries.members;
	struct benchmark_entry *entries =
		arena_calloc(arena, MAX(raw->entries.n, 1), sizeof(*entries));
	struct benchmark benchmark = {
		.name = raw->name.text,
		.title = raw->title.text,
		.has_dbs_score = is_true(&raw->dbs_score, true),
		.file = raw->place.file,
	};

	if (!test_ids(&raw->entries, error))
		return false;
	copy_sections(&raw->sections, arena, &benchmark);
	for (guint i = 0; i < raw->entries.n; i++)
		if (!make_entry(&raw_entries[i], catalogue, &benchmark, &entries[i], error))
			return false;
	qsort(entries, raw->entries.n, sizeof(*entries), compare_entries);
	benchmark.entries = entries;
	benchmark.n_entries = raw->entries.n;
	*ret_benchmark = benchmark;
	return true;
}

bool benchmark_relink(const struct benchmark *from, const struct catalogue *catalogue,
		      struct arena *arena, struct benchmark *ret_benchmark, GError **error)
{
	struct benchmark_entry *entries =
		arena_calloc(arena, MAX(from->n_entries, 1), sizeof(*entries));

	for (guint i = 0; i < from->n_entries; i++) {
		const struct benchmark_entry *entry = &from->entries[i];
		const struct check *check = catalogue_find(catalogue, entry->check->name);
		const char *variant = entry->variant != NULL ? entry->variant->name : NULL;

		entries[i] = *entry;
		if (!point_at(from, check, variant, &entries[i], error))
			return false;
	}
	*ret_benchmark = *from;
	ret_benchmark->entries = entries;
	return true;
}
