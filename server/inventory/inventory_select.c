/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns over machines and groups, as Ansible's --limit has them. */
#include <string.h>

#include "server/inventory/inventory_private.h"

static bool is_named(const struct inventory_entry *entry, const char *glob)
{
	if (g_pattern_match_simple(glob, entry->target->name))
		return true;
	for (guint i = 0; entry->groups[i] != NULL; i++)
		if (g_pattern_match_simple(glob, entry->groups[i]))
			return true;
	return strcmp(glob, "all") == 0;
}

/* A range in a pattern stands for its names: "web[1:3]". */
static bool is_fit(const struct inventory_entry *entry, const char *term)
{
	const char *ignored = NULL;
	g_auto(GStrv) globs = inventory_expand(term, 1000, &ignored);

	for (guint i = 0; globs != NULL && globs[i] != NULL; i++)
		if (is_named(entry, globs[i]))
			return true;
	return false;
}

/* Terms are divided by "," and, outside of brackets, by ":". gives: g_strfreev(). */
static char **split(const char *pattern)
{
	g_autoptr(GStrvBuilder) terms = g_strv_builder_new();
	g_autoptr(GString) term = g_string_new(NULL);
	bool in_brackets = false;

	for (;; pattern++) {
		in_brackets = *pattern == '[' || (in_brackets && *pattern != ']');
		if (*pattern != '\0' && *pattern != ',' && (*pattern != ':' || in_brackets)) {
			g_string_append_c(term, *pattern);
			continue;
		}
		if (term->len > 0)
			g_strv_builder_add(terms, g_strstrip(term->str));
		g_string_truncate(term, 0);
		if (*pattern == '\0')
			return g_strv_builder_end(terms);
	}
}

bool inventory_is_meant(const struct inventory_entry *entry, const char *pattern)
{
	g_auto(GStrv) terms = split(pattern);
	bool has_plain = false;
	bool is_meant = false;

	for (guint i = 0; terms[i] != NULL; i++) {
		if (terms[i][0] == '!' || terms[i][0] == '&')
			continue;
		has_plain = true;
		is_meant = is_meant || is_fit(entry, terms[i]);
	}
	is_meant = is_meant || !has_plain;
	for (guint i = 0; terms[i] != NULL; i++) {
		if (terms[i][0] == '!')
			is_meant = is_meant && !is_fit(entry, terms[i] + 1);
		else if (terms[i][0] == '&')
			is_meant = is_meant && is_fit(entry, terms[i] + 1);
	}
	return is_meant;
}

bool inventory_is_in(const struct inventory_entry *entry, const char *const *group_patterns)
{
	for (; *group_patterns != NULL; group_patterns++) {
		g_auto(GStrv) terms = split(*group_patterns);

		for (guint i = 0; terms[i] != NULL; i++)
			for (guint k = 0; entry->groups[k] != NULL; k++)
				if (g_pattern_match_simple(terms[i], entry->groups[k]))
					return true;
	}
	return false;
}
