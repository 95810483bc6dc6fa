/* SPDX-License-Identifier: Apache-2.0 */
/* The members of the catalogue's structs as tables. */
#include "checks/catalogue_members.h"

#include "checks/check.h"

/* clang-format off */
#define MEMBER(type, kind, name)  {#name, (kind), offsetof(struct type, name), NULL}
#define STRUCTS(type, name, list) {#name, MEMBER_STRUCTS, offsetof(struct type, name), &(list)}
#define TABLE(type, list)         {#type, sizeof(struct type), (list), G_N_ELEMENTS(list)}
/* clang-format on */

static const struct member variant_list[] = {
	MEMBER(check_variant, MEMBER_TEXT, name),
	MEMBER(check_variant, MEMBER_SOURCED, applies),
	MEMBER(check_variant, MEMBER_SOURCED, fail),
	MEMBER(check_variant, MEMBER_SOURCED, items),
	MEMBER(check_variant, MEMBER_SOURCED, observed),
	MEMBER(check_variant, MEMBER_SOURCED, expected),
};
static const struct member_table variant_members = TABLE(check_variant, variant_list);

static const struct member check_list[] = {
	MEMBER(check, MEMBER_TEXT, name),
	MEMBER(check, MEMBER_TEXT, title),
	MEMBER(check, MEMBER_NUMBER, severity),
	MEMBER(check, MEMBER_NUMBER, mode),
	MEMBER(check, MEMBER_TEXT, section),
	MEMBER(check, MEMBER_TEXT, subject),
	MEMBER(check, MEMBER_TEXT, gate),
	MEMBER(check, MEMBER_TEXT, parameter),
	MEMBER(check, MEMBER_SOURCED, applies),
	MEMBER(check, MEMBER_SOURCED, where),
	MEMBER(check, MEMBER_TEXT, empty),
	MEMBER(check, MEMBER_SOURCED, fail),
	MEMBER(check, MEMBER_SOURCED, items),
	MEMBER(check, MEMBER_SOURCED, observed),
	MEMBER(check, MEMBER_SOURCED, expected),
	MEMBER(check, MEMBER_SOURCED, reason),
	MEMBER(check, MEMBER_SOURCED, note),
	MEMBER(check, MEMBER_SOURCED, source),
	MEMBER(check, MEMBER_TEXT, retired),
	MEMBER(check, MEMBER_TEXT, why),
	MEMBER(check, MEMBER_TEXT, fix),
	MEMBER(check, MEMBER_TEXT, fix_rootless),
	MEMBER(check, MEMBER_TEXT, impact),
	MEMBER(check, MEMBER_TEXT, differs),
	MEMBER(check, MEMBER_TEXTS, decides_without),
	STRUCTS(check, variants, variant_members),
	MEMBER(check, MEMBER_NUMBER, n_variants),
	MEMBER(check, MEMBER_BOOL, custom),
	MEMBER(check, MEMBER_BOOL, dbs_score),
	MEMBER(check, MEMBER_TEXT, file),
	MEMBER(check, MEMBER_NUMBER, line),
};
const struct member_table check_members = TABLE(check, check_list);

static const struct member entry_list[] = {
	MEMBER(benchmark_entry, MEMBER_TEXT, id),
	MEMBER(benchmark_entry, MEMBER_TEXT, title),
	MEMBER(benchmark_entry, MEMBER_TEXT, section),
	MEMBER(benchmark_entry, MEMBER_TEXT, status),
	MEMBER(benchmark_entry, MEMBER_NUMBER, level),
	MEMBER(benchmark_entry, MEMBER_NUMBER, groups),
	MEMBER(benchmark_entry, MEMBER_BOOL, has_groups),
	MEMBER(benchmark_entry, MEMBER_BOOL, dbs_score),
	MEMBER(benchmark_entry, MEMBER_CHECK, check),
	MEMBER(benchmark_entry, MEMBER_VARIANT, variant),
	MEMBER(benchmark_entry, MEMBER_BOOL, inherits_title),
	MEMBER(benchmark_entry, MEMBER_BOOL, inherits_dbs_score),
	MEMBER(benchmark_entry, MEMBER_PLACE, check_place),
	MEMBER(benchmark_entry, MEMBER_PLACE, variant_place),
};
static const struct member_table entry_members = TABLE(benchmark_entry, entry_list);

static const struct member section_list[] = {
	MEMBER(benchmark_section, MEMBER_TEXT, id),
	MEMBER(benchmark_section, MEMBER_TEXT, title),
};
static const struct member_table section_members = TABLE(benchmark_section, section_list);

/* clang-format off */
static const struct member benchmark_list[] = {
	MEMBER(benchmark, MEMBER_TEXT, name),
	MEMBER(benchmark, MEMBER_TEXT, title),
	STRUCTS(benchmark, entries, entry_members),
	MEMBER(benchmark, MEMBER_NUMBER, n_entries),
	STRUCTS(benchmark, sections, section_members),
	MEMBER(benchmark, MEMBER_NUMBER, n_sections),
	MEMBER(benchmark, MEMBER_BOOL, has_dbs_score),
	MEMBER(benchmark, MEMBER_TEXT, file),
};
/* clang-format on */
const struct member_table benchmark_members = TABLE(benchmark, benchmark_list);
