/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 1 of the flow: the mount table as a tree. A mount is told by its parent and its mount point,
 * so a path is walked downwards as the kernel walks it: what a later mount covers is not found.
 */
#include "agent/mount_table.h"

#include <string.h>

struct mount_table {
	GPtrArray *mounts;    /* struct proc_mount*, in the table's order */
	GHashTable *by_place; /* set of them, by parent and mount point */
	GPtrArray *twins;     /* those whose file system is mounted elsewhere too */
	const struct proc_mount *root;
};

/* ---- reading ---- */

static guint hash_place(gconstpointer data)
{
	const struct proc_mount *mount = data;

	return g_str_hash(mount->mount_point) ^ ((guint)mount->parent * 2654435761u);
}

static gboolean equal_places(gconstpointer left, gconstpointer right)
{
	const struct proc_mount *a = left;
	const struct proc_mount *b = right;

	return a->parent == b->parent && strcmp(a->mount_point, b->mount_point) == 0;
}

static guint hash_device(gconstpointer data)
{
	const struct proc_mount *mount = data;

	return (guint)mount->dev_major * 1048576u ^ (guint)mount->dev_minor;
}

static gboolean equal_devices(gconstpointer left, gconstpointer right)
{
	const struct proc_mount *a = left;
	const struct proc_mount *b = right;

	return a->dev_major == b->dev_major && a->dev_minor == b->dev_minor;
}

static void free_mount(gpointer data)
{
	proc_mount_done(data);
	g_free(data);
}

static void read_lines(struct mount_table *table, const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (guint i = 0; lines[i] != NULL; i++) {
		struct proc_mount mount = {0};

		if (proc_mount_parse(lines[i], &mount))
			g_ptr_array_add(table->mounts, g_memdup2(&mount, sizeof(mount)));
	}
}

/* The first mount of "/" whose parent is not shown: the table counts from the reader's root. */
static const struct proc_mount *find_root(const struct mount_table *table)
{
	g_autoptr(GHashTable) ids = g_hash_table_new(g_int64_hash, g_int64_equal);

	for (guint i = 0; i < table->mounts->len; i++) {
		struct proc_mount *mount = table->mounts->pdata[i];

		if (mount->id != mount->parent)
			g_hash_table_add(ids, &mount->id);
	}
	for (guint i = 0; i < table->mounts->len; i++) {
		const struct proc_mount *mount = table->mounts->pdata[i];

		if (strcmp(mount->mount_point, "/") == 0 &&
		    !g_hash_table_contains(ids, &mount->parent))
			return mount;
	}
	return NULL;
}

/* Namespaces ("net:[4026531992]") and what was removed have no path inside a file system. */
static bool has_path(const struct proc_mount *mount)
{
	return mount->root[0] == '/' && !g_str_has_suffix(mount->root, "//deleted");
}

static void find_twins(struct mount_table *table)
{
	g_autoptr(GHashTable) first = g_hash_table_new(hash_device, equal_devices);
	g_autoptr(GHashTable) shared = g_hash_table_new(hash_device, equal_devices);

	for (guint i = 0; i < table->mounts->len; i++) {
		struct proc_mount *mount = table->mounts->pdata[i];

		if (has_path(mount) && !g_hash_table_add(first, mount))
			g_hash_table_add(shared, mount);
	}
	for (guint i = 0; i < table->mounts->len; i++) {
		struct proc_mount *mount = table->mounts->pdata[i];

		if (has_path(mount) && g_hash_table_contains(shared, mount))
			g_ptr_array_add(table->twins, mount);
	}
}

struct mount_table *mount_table_new(const char *text)
{
	struct mount_table *table = g_new0(struct mount_table, 1);

	table->mounts = g_ptr_array_new_with_free_func(free_mount);
	table->by_place = g_hash_table_new(hash_place, equal_places);
	table->twins = g_ptr_array_new();
	read_lines(table, text);
	for (guint i = 0; i < table->mounts->len; i++)
		g_hash_table_add(table->by_place, table->mounts->pdata[i]);
	table->root = find_root(table);
	find_twins(table);
	return table;
}

void mount_table_free(struct mount_table *table)
{
	if (table == NULL)
		return;
	g_ptr_array_unref(table->twins);
	g_hash_table_unref(table->by_place);
	g_ptr_array_unref(table->mounts);
	g_free(table);
}

guint mount_table_size(const struct mount_table *table)
{
	return table->mounts->len;
}

const struct proc_mount *mount_table_at(const struct mount_table *table, guint i)
{
	return table->mounts->pdata[i];
}

/* ---- paths ---- */

/* What lies on top at a mount point, beginning with a mount that shows it. */
static const struct proc_mount *climb(const struct mount_table *table,
				      const struct proc_mount *mount, char *point)
{
	for (guint i = 0; i <= table->mounts->len; i++) {
		const struct proc_mount key = {.parent = mount->id, .mount_point = point};
		const struct proc_mount *above = g_hash_table_lookup(table->by_place, &key);

		if (above == NULL || above == mount)
			return mount;
		mount = above;
	}
	return mount; /* parents in a circle: no kernel writes that */
}

const struct proc_mount *mount_table_find(const struct mount_table *table, const char *path)
{
	const struct proc_mount *mount = table->root;
	g_autofree char *prefix = g_strdup(path);

	if (mount == NULL || path[0] != '/')
		return NULL;
	mount = climb(table, mount, (char[]){"/"});
	for (char *end = prefix + 1;; end++) {
		char kept = *end;

		if (kept != '/' && kept != '\0')
			continue;
		*end = '\0';
		mount = climb(table, mount, prefix);
		*end = kept;
		if (kept == '\0')
			return mount;
	}
}

bool mount_table_shows(const struct mount_table *table, const struct proc_mount *mount)
{
	const struct proc_mount *found = mount_table_find(table, mount->mount_point);

	return found == NULL || found == mount;
}

/* What follows a folder in a path at or below it: "" or "/rest"; NULL: it lies elsewhere. */
static const char *rest_below(const char *path, const char *folder)
{
	size_t length = strcmp(folder, "/") == 0 ? 0 : strlen(folder);

	if (strncmp(path, folder, length) != 0 || (path[length] != '\0' && path[length] != '/'))
		return NULL;
	return strcmp(path + length, "/") == 0 ? "" : path + length;
}

/* gives: folder + rest, without a doubled slash. */
static char *joined(const char *folder, const char *rest)
{
	if (strcmp(folder, "/") == 0)
		folder = "";
	return folder[0] == '\0' && rest[0] == '\0' ? g_strdup("/")
						    : g_strconcat(folder, rest, NULL);
}

char *mount_table_place(const struct mount_table *table, const char *path)
{
	const struct proc_mount *mount = mount_table_find(table, path);
	const char *rest = mount != NULL ? rest_below(path, mount->mount_point) : NULL;
	g_autofree char *inside = rest != NULL ? joined(mount->root, rest) : NULL;

	return inside == NULL ? NULL
			      : g_strdup_printf("%" G_GINT64_FORMAT ":%" G_GINT64_FORMAT " %s",
						mount->dev_major, mount->dev_minor, inside);
}

struct search {
	const struct mount_table *table;
	const char *path; /* the one whose aliases are wanted */
	void (*each)(const char *alias, void *data);
	void *data;
};

/* The places of what lies at a path of a file system, but for the one through `mount`. */
static void find_places(const struct search *search, const struct proc_mount *mount,
			const char *inside)
{
	for (guint i = 0; i < search->table->twins->len; i++) {
		const struct proc_mount *twin = search->table->twins->pdata[i];
		const char *rest =
			equal_devices(twin, mount) ? rest_below(inside, twin->root) : NULL;
		g_autofree char *alias = NULL;

		if (twin == mount || rest == NULL)
			continue;
		alias = joined(twin->mount_point, rest);
		if (strcmp(alias, search->path) != 0 &&
		    mount_table_find(search->table, alias) == twin)
			search->each(alias, search->data);
	}
}

void mount_table_aliases(const struct mount_table *table, const char *path,
			 void (*each)(const char *alias, void *data), void *data)
{
	const struct search search = {table, path, each, data};
	const struct proc_mount *mount = mount_table_find(table, path);
	const char *rest = mount != NULL ? rest_below(path, mount->mount_point) : NULL;

	if (rest != NULL && has_path(mount)) {
		g_autofree char *inside = joined(mount->root, rest);

		find_places(&search, mount, inside);
	}
	for (guint i = 0; mount != NULL && i < table->twins->len; i++) {
		const struct proc_mount *below = table->twins->pdata[i];

		if (below != mount && rest_below(below->mount_point, path) != NULL &&
		    mount_table_find(table, below->mount_point) == below)
			find_places(&search, below, below->root);
	}
}
