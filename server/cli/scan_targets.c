/* SPDX-License-Identifier: Apache-2.0 */
/* See scan_targets.h. */
#include "server/cli/scan_targets.h"

#include <string.h>

#include "proto/limits.h"
#include "server/cli/cli.h"
#include "server/cli/files.h"

enum { NOTES_SHOWN = 5 };

struct reader {
	const struct scan_options *options;
	GPtrArray *entries; /* in order */
	GHashTable *names;  /* name -> entry */
	GHashTable *places; /* "user host port socket" -> entry */
	GPtrArray *notes;
	guint merged;
};

static void free_entry(gpointer data)
{
	inventory_entry_free(data);
}

/* --- once each --- */

static char *place_of(const struct ssh_target *target)
{
	return g_strdup_printf("%s %s %u %s", target->user != NULL ? target->user : "",
			       target->host, target->port,
			       target->socket != NULL ? target->socket : "");
}

/* The groups of both. */
static char **join(char **first, char **second)
{
	g_autoptr(GStrvBuilder) all = g_strv_builder_new();

	for (guint i = 0; first != NULL && first[i] != NULL; i++)
		g_strv_builder_add(all, first[i]);
	for (; second != NULL && *second != NULL; second++)
		if (first == NULL || !g_strv_contains((const char *const *)first, *second))
			g_strv_builder_add(all, *second);
	return g_strv_builder_end(all);
}

static void merge_lists(char ***list, char **more)
{
	char **joined = join(*list, more);

	g_strfreev(*list);
	*list = joined;
}

/* The first to name a machine says how it is reached. */
static void merge(struct reader *reader, struct inventory_entry *first,
		  struct inventory_entry *again)
{
	if (reader->merged++ < NOTES_SHOWN)
		g_ptr_array_add(reader->notes,
				g_strdup_printf("'%s' and '%s' are one machine; it is taken once",
						first->target->name, again->target->name));
	merge_lists(&first->groups, again->groups);
	merge_lists(&first->target->labels, again->target->labels);
	inventory_entry_free(again);
}

static void add(struct reader *reader, struct inventory_entry *entry)
{
	g_autofree char *place = place_of(entry->target);
	struct inventory_entry *known = g_hash_table_lookup(reader->names, entry->target->name);

	/* What cannot be gone to is no other machine by its address. */
	if (known == NULL && entry->trouble == NULL)
		known = g_hash_table_lookup(reader->places, place);
	if (known != NULL) {
		merge(reader, known, entry);
		return;
	}
	g_ptr_array_add(reader->entries, entry);
	g_hash_table_insert(reader->names, entry->target->name, entry);
	if (entry->trouble == NULL)
		g_hash_table_insert(reader->places, g_steal_pointer(&place), entry);
}

static void add_target(struct reader *reader, struct ssh_target *target)
{
	struct inventory_entry *entry = g_new0(struct inventory_entry, 1);

	entry->target = target;
	entry->groups = g_new0(char *, 1);
	add(reader, entry);
}

/* --- from where --- */

static bool read_words(struct reader *reader, int *ret_exit)
{
	for (char *const *word = reader->options->words; *word != NULL; word++) {
		g_autoptr(GError) error = NULL;
		struct ssh_target *target = ssh_target_parse(*word, &error);

		if (target == NULL) {
			*ret_exit = cli_usage("scan", "%s", error->message);
			return false;
		}
		add_target(reader, target);
	}
	return true;
}

static bool read_contexts(struct reader *reader, int *ret_exit)
{
	char *const *name = reader->options->contexts;

	for (; name != NULL && *name != NULL; name++) {
		g_autoptr(GError) error = NULL;
		struct ssh_target *target = ssh_target_of_context(*name, &error);

		if (target == NULL) {
			*ret_exit = cli_usage("scan", "%s", error->message);
			return false;
		}
		add_target(reader, target);
	}
	return true;
}

static bool read_inventory(struct reader *reader, const char *path, int *ret_exit)
{
	g_autoptr(GPtrArray) entries = g_ptr_array_new();
	g_autoptr(GError) error = NULL;
	size_t size = 0;
	g_autofree char *text = files_read(path, LIMIT_INVENTORY_BYTES, &size, &error);
	const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
	bool is_read;

	if (text == NULL) {
		cli_say("scan", "%s", error->message);
		*ret_exit = CLI_USAGE;
		return false;
	}
	is_read = inventory_read(name, text, size, entries, reader->notes, &error);
	for (guint i = 0; i < entries->len; i++)
		add(reader, entries->pdata[i]);
	if (is_read)
		return true;
	cli_say("scan", "%s", error->message);
	*ret_exit = CLI_USAGE;
	return false;
}

static bool read_inventories(struct reader *reader, int *ret_exit)
{
	char *const *path = reader->options->inventories;

	for (; path != NULL && *path != NULL; path++)
		if (!read_inventory(reader, *path, ret_exit))
			return false;
	return true;
}

/* Nobody was named: whom docker would ask, where that is by SSH. */
static bool read_environment(struct reader *reader, int *ret_exit)
{
	const struct scan_options *options = reader->options;
	g_autoptr(GError) error = NULL;
	struct ssh_target *target = NULL;

	if (options->words[0] != NULL || options->contexts != NULL || options->inventories != NULL)
		return true;
	target = ssh_target_of_environment(&error);
	if (target == NULL) {
		*ret_exit = cli_usage("scan", "%s", error->message);
		return false;
	}
	add_target(reader, target);
	return true;
}

/* --- which of them --- */

static void select_entries(struct reader *reader)
{
	const struct scan_options *options = reader->options;
	guint kept = 0;

	for (guint i = 0; i < reader->entries->len; i++) {
		struct inventory_entry *entry = reader->entries->pdata[i];
		const bool is_wanted =
			(options->groups == NULL ||
			 inventory_is_in(entry, (const char *const *)options->groups)) &&
			(options->limit == NULL || inventory_is_meant(entry, options->limit));

		if (is_wanted)
			reader->entries->pdata[kept++] = entry;
		else
			inventory_entry_free(entry);
	}
	/* The rest of the array has been freed, or stands before. */
	for (guint i = kept; i < reader->entries->len; i++)
		reader->entries->pdata[i] = NULL;
	g_ptr_array_set_size(reader->entries, (gint)kept);
}

static bool check_number(const struct reader *reader, guint n_before, int *ret_exit)
{
	if (reader->entries->len > LIMIT_SWEEP_TARGETS)
		*ret_exit = cli_usage("scan", "%u machines; at most %u in one sweep",
				      reader->entries->len, LIMIT_SWEEP_TARGETS);
	else if (n_before == 0)
		*ret_exit = cli_usage("scan", "the inventory names no machine");
	else if (reader->entries->len == 0)
		*ret_exit = cli_usage("scan", "--group and --limit leave none of %u machines",
				      n_before);
	else
		return true;
	return false;
}

static bool read_all(struct reader *reader, int *ret_exit)
{
	guint n_before;

	if (!read_words(reader, ret_exit) || !read_contexts(reader, ret_exit) ||
	    !read_inventories(reader, ret_exit) || !read_environment(reader, ret_exit))
		return false;
	n_before = reader->entries->len;
	select_entries(reader);
	return check_number(reader, n_before, ret_exit);
}

static void say_notes(const struct reader *reader)
{
	if (reader->options->audit.quiet)
		return;
	for (guint i = 0; i < reader->notes->len; i++)
		cli_say("scan", "%s", (const char *)reader->notes->pdata[i]);
	if (reader->merged > NOTES_SHOWN)
		cli_say("scan", "%u machines were named twice", reader->merged);
}

GPtrArray *scan_targets_read(const struct scan_options *options, int *ret_exit)
{
	struct reader reader = {.options = options};
	bool is_read;

	reader.entries = g_ptr_array_new_with_free_func(free_entry);
	reader.names = g_hash_table_new(g_str_hash, g_str_equal);
	reader.places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	reader.notes = g_ptr_array_new_with_free_func(g_free);
	is_read = read_all(&reader, ret_exit);
	say_notes(&reader);
	g_hash_table_unref(reader.names);
	g_hash_table_unref(reader.places);
	g_ptr_array_unref(reader.notes);
	if (!is_read)
		g_clear_pointer(&reader.entries, g_ptr_array_unref);
	return reader.entries;
}
