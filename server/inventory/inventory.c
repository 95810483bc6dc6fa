/* SPDX-License-Identifier: Apache-2.0 */
/* See inventory.h: machines and groups, from whichever form a file has. */
#include "server/inventory/inventory.h"

#include <string.h>

#include "proto/limits.h"
#include "server/inventory/inventory_private.h"

enum {
	MAX_GROUPS = 20000,
	MAX_DEPTH = 64,  /* groups in groups */
	MAX_ABOVE = 256, /* groups that one is in, by all ways */
	MAX_NOTES = 50,
};

GQuark inventory_error_quark(void)
{
	return g_quark_from_static_string("plimsoll-inventory-error");
}

void inventory_entry_free(struct inventory_entry *entry)
{
	if (entry == NULL)
		return;
	ssh_target_free(entry->target);
	g_strfreev(entry->groups);
	g_free(entry->trouble);
	g_free(entry->place);
	g_free(entry);
}

static void free_host(gpointer data)
{
	struct inventory_host *host = data;

	g_free(host->name);
	g_hash_table_unref(host->vars);
	g_ptr_array_unref(host->groups);
	g_free(host);
}

static void free_group(gpointer data)
{
	struct inventory_group *group = data;

	g_free(group->name);
	g_hash_table_unref(group->vars);
	g_ptr_array_unref(group->parents);
	g_clear_pointer(&group->all, g_ptr_array_unref);
	g_free(group);
}

static GHashTable *new_vars(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

bool inventory_fault(const struct inventory_file *file, struct inventory_place place,
		     GError **error, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	if (place.line == 0)
		g_set_error(error, INVENTORY_ERROR, 0, "%s: %s", file->name, text);
	else if (place.column == 0)
		g_set_error(error, INVENTORY_ERROR, 0, "%s:%u: %s", file->name, place.line, text);
	else
		g_set_error(error, INVENTORY_ERROR, 0, "%s:%u:%u: %s", file->name, place.line,
			    place.column, text);
	return false;
}

/* --- machines and groups --- */

struct inventory_group *inventory_group(struct inventory_file *file, const char *name,
					struct inventory_place place, GError **error)
{
	struct inventory_group *group = g_hash_table_lookup(file->groups, name);

	if (group != NULL)
		return group;
	if (g_hash_table_size(file->groups) >= MAX_GROUPS) {
		inventory_fault(file, place, error, "more than %d groups", MAX_GROUPS);
		return NULL;
	}
	group = g_new0(struct inventory_group, 1);
	group->name = g_strdup(name);
	group->vars = new_vars();
	group->parents = g_ptr_array_new();
	g_hash_table_insert(file->groups, group->name, group);
	return group;
}

bool inventory_add_child(struct inventory_file *file, struct inventory_group *parent,
			 struct inventory_group *child, struct inventory_place place,
			 GError **error)
{
	if (strcmp(child->name, "all") == 0 || child == parent)
		return inventory_fault(file, place, error,
				       "the group \"%s\" cannot be below itself", child->name);
	if (!g_ptr_array_find(child->parents, parent, NULL))
		g_ptr_array_add(child->parents, parent);
	return true;
}

static void note(struct inventory_file *file, struct inventory_place place, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
static void note(struct inventory_file *file, struct inventory_place place, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list arguments;

	if (file->notes->len >= MAX_NOTES)
		return;
	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_ptr_array_add(file->notes, g_strdup_printf("%s:%u: %s", file->name, place.line, text));
}

static struct inventory_host *find_or_make(struct inventory_file *file, const char *name,
					   struct inventory_place place)
{
	struct inventory_host *host = g_hash_table_lookup(file->hosts, name);

	if (host != NULL)
		return host;
	host = g_new0(struct inventory_host, 1);
	host->name = g_strdup(name);
	host->place = place;
	host->vars = new_vars();
	host->groups = g_ptr_array_new();
	g_hash_table_insert(file->hosts, host->name, host);
	g_ptr_array_add(file->order, host);
	return host;
}

static bool add_host(struct inventory_file *file, struct inventory_group *group, const char *name,
		     struct inventory_place place, struct inventory_host **ret_host, GError **error)
{
	const guint before = file->order->len;
	struct inventory_host *host = find_or_make(file, name, place);

	if (file->order->len > LIMIT_SWEEP_TARGETS || ++file->members > 4 * LIMIT_SWEEP_TARGETS)
		return inventory_fault(file, place, error, "more than %u machines",
				       LIMIT_SWEEP_TARGETS);
	if (group != NULL && !g_ptr_array_find(host->groups, group, NULL))
		g_ptr_array_add(host->groups, group);
	else if (before == file->order->len)
		note(file, place, "\"%s\" stands in line %u already; it is taken once", name,
		     host->place.line);
	*ret_host = host;
	return true;
}

bool inventory_add_hosts(struct inventory_file *file, struct inventory_group *group,
			 const char *pattern, struct inventory_place place,
			 void (*each)(struct inventory_host *host, void *data), void *data,
			 GError **error)
{
	const char *why = NULL;
	g_auto(GStrv) names = inventory_expand(pattern, LIMIT_SWEEP_TARGETS, &why);

	if (names == NULL)
		return inventory_fault(file, place, error, "%s", why);
	for (guint i = 0; names[i] != NULL; i++) {
		struct inventory_host *host = NULL;

		if (!add_host(file, group, names[i], place, &host, error))
			return false;
		if (each != NULL)
			each(host, data);
	}
	return true;
}

/* --- which groups are above which --- */

static gint by_depth(gconstpointer a, gconstpointer b)
{
	const struct inventory_group *left = *(const struct inventory_group *const *)a;
	const struct inventory_group *right = *(const struct inventory_group *const *)b;

	if (left->depth != right->depth)
		return left->depth < right->depth ? -1 : 1;
	return strcmp(left->name, right->name);
}

static bool add_above(struct inventory_file *file, struct inventory_group *group,
		      const struct inventory_group *parent, GPtrArray *all, GError **error)
{
	group->depth = MAX(group->depth, parent->depth + 1);
	for (guint i = 0; i < parent->all->len; i++)
		if (!g_ptr_array_find(all, parent->all->pdata[i], NULL))
			g_ptr_array_add(all, parent->all->pdata[i]);
	if (all->len <= MAX_ABOVE)
		return true;
	return inventory_fault(file, (struct inventory_place){0}, error,
			       "more than %d groups are above \"%s\"", MAX_ABOVE, group->name);
}

/* A group that is being looked at has no list yet: that is how a ring shows. */
static bool find_above(struct inventory_file *file, struct inventory_group *group, guint level,
		       GError **error)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new();

	if (group->all != NULL)
		return true;
	if (group->is_visited || level > MAX_DEPTH)
		return inventory_fault(file, (struct inventory_place){0}, error,
				       "the group \"%s\" is below itself, or too deep",
				       group->name);
	group->is_visited = true;
	for (guint i = 0; i < group->parents->len; i++) {
		struct inventory_group *parent = group->parents->pdata[i];

		if (!find_above(file, parent, level + 1, error) ||
		    !add_above(file, group, parent, all, error))
			return false;
	}
	g_ptr_array_add(all, group);
	g_ptr_array_sort(all, by_depth);
	group->all = g_steal_pointer(&all);
	return true;
}

/* Every group but "all" is below "all". */
static bool order_groups(struct inventory_file *file, GError **error)
{
	struct inventory_group *all =
		inventory_group(file, "all", (struct inventory_place){0}, error);
	GHashTableIter iter;
	gpointer value;

	if (all == NULL)
		return false;
	g_hash_table_iter_init(&iter, file->groups);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		struct inventory_group *group = value;

		if (group != all && group->parents->len == 0)
			g_ptr_array_add(group->parents, all);
	}
	g_hash_table_iter_init(&iter, file->groups);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		if (!find_above(file, value, 0, error))
			return false;
	return true;
}

/* --- the whole file --- */

/* A first line that only YAML or JSON can have: "---", "{", "[" of a list, "all:", "- web1". */
static bool is_yaml(const char *text)
{
	g_autofree char *line = NULL;
	size_t length;

	for (;;) {
		text += strspn(text, " \t\r\n");
		if (*text != '#' && *text != ';')
			break;
		text += strcspn(text, "\n");
	}
	line = g_strndup(text, MIN(strcspn(text, "\r\n"), 4096));
	length = strcspn(line, " \t:");
	if (g_str_has_prefix(line, "---") || g_str_has_prefix(line, "%YAML") || line[0] == '{' ||
	    g_str_has_prefix(line, "- "))
		return true;
	return length > 0 && line[0] != '[' && line[length] == ':' &&
	       (line[length + 1] == '\0' || g_ascii_isspace(line[length + 1]));
}

static bool make_entries(struct inventory_file *file, GPtrArray *entries, GError **error)
{
	if (!order_groups(file, error))
		return false;
	for (guint i = 0; i < file->order->len; i++) {
		const struct inventory_host *host = file->order->pdata[i];
		g_autofree char *left_out = NULL;
		struct inventory_entry *entry = inventory_entry_new(file, host, &left_out, error);

		if (entry == NULL && left_out == NULL)
			return false;
		if (entry != NULL)
			g_ptr_array_add(entries, entry);
		else
			note(file, host->place, "\"%s\" is left out: %s", host->name, left_out);
	}
	return true;
}

bool inventory_read(const char *name, const char *text, size_t size, GPtrArray *entries,
		    GPtrArray *notes, GError **error)
{
	struct inventory_file file = {.name = name, .notes = notes};
	bool is_read = false;

	file.hosts = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_host);
	file.groups = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_group);
	file.order = g_ptr_array_new();
	if (size > LIMIT_INVENTORY_BYTES)
		inventory_fault(&file, (struct inventory_place){0}, error, "is larger than %u MiB",
				LIMIT_INVENTORY_BYTES >> 20);
	else if (memchr(text, '\0', size) != NULL || !g_utf8_validate(text, (gssize)size, NULL))
		inventory_fault(&file, (struct inventory_place){0}, error, "is no UTF-8 text");
	else
		is_read = (is_yaml(text) ? inventory_read_yaml : inventory_read_ini)(&file, text,
										     size, error) &&
			  make_entries(&file, entries, error);
	g_ptr_array_unref(file.order);
	g_hash_table_unref(file.hosts);
	g_hash_table_unref(file.groups);
	return is_read;
}
