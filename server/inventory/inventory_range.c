/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges in names, as Ansible has them: "web[01:03]", "[a:c]", "[0:10:2]"; several in one name. */
#include <arpa/inet.h>
#include <string.h>

#include "server/inventory/inventory_private.h"

enum { MAX_WIDTH = 9, MAX_NAME = 1024, MAX_RANGES = 8 };

struct range {
	bool is_letters;
	guint first, last, step;
	guint width; /* of numbers with zeros before them; 0: without */
};

static bool read_number(const char *text, guint *ret)
{
	guint64 number = 0;

	if (strlen(text) > MAX_WIDTH ||
	    !g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT32, &number, NULL))
		return false;
	*ret = (guint)number;
	return true;
}

static bool read_letters(struct range *range, const char *first, const char *last)
{
	if (strlen(first) != 1 || strlen(last) != 1 || !g_ascii_isalpha(*first) ||
	    g_ascii_islower(*first) != g_ascii_islower(*last) || !g_ascii_isalpha(*last))
		return false;
	range->is_letters = true;
	range->first = (guchar)*first;
	range->last = (guchar)*last;
	return true;
}

/* What stands between the brackets. */
static bool read_range(struct range *range, const char *text)
{
	g_auto(GStrv) parts = g_strsplit(text, ":", 4);
	const guint n = g_strv_length(parts);
	const char *first = NULL;

	*range = (struct range){.step = 1};
	if (n < 2 || n > 3 ||
	    (n == 3 && (!read_number(parts[2], &range->step) || range->step == 0)))
		return false;
	first = parts[0][0] != '\0' ? parts[0] : "0";
	if (!read_letters(range, first, parts[1])) {
		if (!read_number(first, &range->first) || !read_number(parts[1], &range->last))
			return false;
		if (first[0] == '0' && first[1] != '\0') {
			range->width = (guint)strlen(first);
			if (strlen(parts[1]) != range->width)
				return false;
		}
	}
	return range->first <= range->last;
}

static bool is_address6(const char *text)
{
	g_autofree char *address = g_strndup(text, strcspn(text, "%"));
	struct in6_addr ignored;

	return inet_pton(AF_INET6, address, &ignored) == 1;
}

/* The first bracket that is no IPv6 address; NULL: there is none. */
static const char *find_range(const char *pattern, const char **ret_end)
{
	const char *start = pattern;

	while ((start = strchr(start, '[')) != NULL) {
		const char *end = strchr(start, ']');
		g_autofree char *inner =
			end != NULL ? g_strndup(start + 1, (gsize)(end - start - 1)) : NULL;

		*ret_end = end;
		if (inner == NULL || !is_address6(inner))
			return start;
		start = end;
	}
	return NULL;
}

static char *name_at(const struct range *range, guint at)
{
	if (range->is_letters)
		return g_strdup_printf("%c", (int)at);
	return g_strdup_printf("%0*u", (int)range->width, at);
}

/* Every name of one whose first range is there. */
static bool expand_first(const char *pattern, const char *start, const char *end, guint max_names,
			 GPtrArray *names, const char **ret_why)
{
	g_autofree char *before = g_strndup(pattern, (gsize)(start - pattern));
	g_autofree char *inner = g_strndup(start + 1, (gsize)(end - start - 1));
	struct range range;

	if (!read_range(&range, inner)) {
		*ret_why = "a range is written [1:9], [01:99], [a:f] or [0:100:10]";
		return false;
	}
	for (guint at = range.first; at <= range.last; at += range.step) {
		g_autofree char *middle = name_at(&range, at);

		if (names->len >= max_names) {
			*ret_why = "a range stands for too many machines";
			return false;
		}
		g_ptr_array_add(names, g_strconcat(before, middle, end + 1, NULL));
	}
	return true;
}

/* One range of each name; false with *ret_why NULL: there was none. */
static GPtrArray *expand_once(const GPtrArray *names, guint max_names, bool *ret_found,
			      const char **ret_why)
{
	g_autoptr(GPtrArray) longer = g_ptr_array_new_with_free_func(g_free);

	*ret_found = false;
	for (guint i = 0; i < names->len; i++) {
		const char *end = NULL;
		const char *start = find_range(names->pdata[i], &end);

		if (start == NULL) {
			g_ptr_array_add(longer, g_strdup(names->pdata[i]));
			continue;
		}
		*ret_found = true;
		if (end == NULL) {
			*ret_why = "a bracket is not closed";
			return NULL;
		}
		if (!expand_first(names->pdata[i], start, end, max_names, longer, ret_why))
			return NULL;
	}
	return g_steal_pointer(&longer);
}

char **inventory_expand(const char *pattern, guint max_names, const char **ret_why)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	bool found = true;

	if (strlen(pattern) > MAX_NAME) {
		*ret_why = "a name is too long";
		return NULL;
	}
	g_ptr_array_add(names, g_strdup(pattern));
	for (guint i = 0; found; i++) {
		GPtrArray *longer = NULL;

		if (i > MAX_RANGES) {
			*ret_why = "too many ranges in one name";
			return NULL;
		}
		longer = expand_once(names, max_names, &found, ret_why);
		if (longer == NULL)
			return NULL;
		g_ptr_array_unref(names);
		names = longer;
	}
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}
