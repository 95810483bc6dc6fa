/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 1 of the flow: mounts of the host's first process (FACTS 4.2), those that hold or lie below
 * a file of interest, and by which other names they show what containers mount. What engines mount
 * for their containers below their own folders is left out: it comes and goes with them. So is what
 * another mount covers: no path leads there.
 */
#include <string.h>

#include "agent/collect/containers.h"
#include "agent/collect/files.h"
#include "agent/mount_table.h"

struct mount_survey {
	const struct host_read *read;
	struct mount_table *table; /* NULL: not read yet */
};

static void want(struct survey *survey)
{
	survey->mounts = g_new0(struct mount_survey, 1);
	survey->mounts->read =
		host_want_read(survey->batch, "/proc/1/mountinfo", LIMIT_MOUNT_TABLE_BYTES);
}

static const struct mount_table *table_of(const struct survey *survey)
{
	if (survey->mounts->table == NULL)
		survey->mounts->table = mount_table_new(survey->mounts->read->data);
	return survey->mounts->table;
}

/* ---- mounts ---- */

/*
 * File systems behind which stands a program or another machine. Their devices are known from the
 * second round on; fixed places that the first one looks at are the system's own, as "/" is.
 */
static bool may_hang(const char *fs_type)
{
	static const char *const families[] = {
		"fuse",   "nfs",  "smb",   "cifs",     "autofs", "9p",       "ceph",   "afs",
		"lustre", "gfs2", "ocfs2", "virtiofs", "coda",   "orangefs", "beegfs", "gpfs"};

	for (guint i = 0; i < G_N_ELEMENTS(families); i++) {
		if (g_str_has_prefix(fs_type, families[i]))
			return true;
	}
	return false;
}

static void suspect(struct survey *survey)
{
	const struct mount_table *table = table_of(survey);
	const struct proc_mount *root = mount_table_find(table, "/");

	for (guint i = 0; i < mount_table_size(table); i++) {
		const struct proc_mount *mount = mount_table_at(table, i);

		if (mount != root && may_hang(mount->fs_type))
			host_batch_suspect(survey->batch, mount->dev_major, mount->dev_minor);
	}
}

static bool is_at_or_below(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	if (strcmp(folder, "/") == 0)
		return true;
	return strncmp(path, folder, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

struct relation {
	const char *path;
	bool holds, lies_below, lies_in_engine;
};

static bool is_engine_folder(Plimsoll__File__Role role)
{
	return role == PLIMSOLL__FILE__ROLE__DATA_ROOT ||
	       role == PLIMSOLL__FILE__ROLE__CONTAINERD_ROOT ||
	       role == PLIMSOLL__FILE__ROLE__RUN_CONTAINERD;
}

static void relate(Plimsoll__File__Role role, const struct host_stat *stat, void *data)
{
	struct relation *relation = data;

	if (role == PLIMSOLL__FILE__ROLE__SENSITIVE)
		return; /* "/" is one: everything would lie below it */
	relation->holds |= is_at_or_below(stat->real, relation->path);
	if (is_at_or_below(relation->path, stat->real)) {
		relation->lies_below = true;
		relation->lies_in_engine |= is_engine_folder(role);
	}
}

static bool is_wanted(const struct survey *survey, const char *mount_point)
{
	struct relation relation = {.path = mount_point};

	files_each(survey, relate, &relation);
	return relation.holds || (relation.lies_below && !relation.lies_in_engine);
}

static Plimsoll__Mount *make_fact(const struct survey *survey, const struct proc_mount *mount)
{
	Plimsoll__Mount *fact = survey_message(survey, &plimsoll__mount__descriptor);

	fact->mount_point = survey_text(survey, mount->mount_point);
	fact->fs_type = survey_text(survey, mount->fs_type);
	fact->root = survey_text(survey, mount->root);
	WIRE_SET(fact, dev_major, mount->dev_major);
	WIRE_SET(fact, dev_minor, mount->dev_minor);
	return fact;
}

static void add_mounts(struct survey *survey)
{
	const struct mount_table *table = table_of(survey);
	g_autoptr(GPtrArray) facts = g_ptr_array_new();

	for (guint i = 0; i < mount_table_size(table); i++) {
		const struct proc_mount *mount = mount_table_at(table, i);

		if (mount_table_shows(table, mount) && is_wanted(survey, mount->mount_point))
			g_ptr_array_add(facts, make_fact(survey, mount));
	}
	survey->facts->mount = survey_list(survey, facts, &survey->facts->n_mount);
}

/* ---- other names of what containers mount ---- */

struct aliases {
	const struct survey *survey;
	const char *source; /* the path in a mount */
	GHashTable *seen;   /* sources */
	GPtrArray *facts;   /* Plimsoll__PathAlias* */
	bool is_cut;
};

/* Whether the paths that checks name stand in some relation to one; "/" does to all of them. */
static void touch(Plimsoll__File__Role role, const struct host_stat *stat, void *data)
{
	struct relation *relation = data;

	(void)role;
	if (strcmp(stat->real, "/") == 0)
		relation->holds |= strcmp(relation->path, "/") == 0;
	else
		relation->holds |= is_at_or_below(stat->real, relation->path) ||
				   is_at_or_below(relation->path, stat->real);
}

static void add_alias(const char *alias, void *data)
{
	struct aliases *aliases = data;
	struct relation relation = {.path = alias};
	Plimsoll__PathAlias *fact = NULL;

	files_each(aliases->survey, touch, &relation);
	if (!relation.holds)
		return;
	if (aliases->facts->len >= LIMIT_PATH_ALIASES) {
		aliases->is_cut = true;
		return;
	}
	fact = survey_message(aliases->survey, &plimsoll__path_alias__descriptor);
	fact->path = survey_text(aliases->survey, aliases->source);
	fact->alias = survey_text(aliases->survey, alias);
	g_ptr_array_add(aliases->facts, fact);
}

static void add_aliases_of(const char *source, const struct host_stat *stat, void *data)
{
	struct aliases *aliases = data;

	if (stat->real == NULL || !g_hash_table_add(aliases->seen, (gpointer)(uintptr_t)source))
		return;
	aliases->source = source;
	mount_table_aliases(table_of(aliases->survey), stat->real, add_alias, aliases);
}

static gint compare_aliases(gconstpointer a, gconstpointer b)
{
	const Plimsoll__PathAlias *left = *(const Plimsoll__PathAlias *const *)a;
	const Plimsoll__PathAlias *right = *(const Plimsoll__PathAlias *const *)b;
	int order = strcmp(left->path, right->path);

	return order != 0 ? order : strcmp(left->alias, right->alias);
}

/* Returns whether all were kept. */
static bool add_aliases(struct survey *survey)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GPtrArray) facts = g_ptr_array_new();
	struct aliases aliases = {.survey = survey, .seen = seen, .facts = facts};

	containers_each_source(survey, add_aliases_of, &aliases);
	g_ptr_array_sort(facts, compare_aliases);
	survey->facts->path_alias = survey_list(survey, facts, &survey->facts->n_path_alias);
	return !aliases.is_cut;
}

static void finish(struct survey *survey)
{
	struct host_state state = survey->mounts->read->state;

	add_mounts(survey);
	if (!add_aliases(survey) && state.status == PLIMSOLL__FETCH__STATUS__OK) {
		state.status = PLIMSOLL__FETCH__STATUS__TRUNCATED;
		state.detail = "too many other names of what containers mount";
	}
	survey_fetch(survey, "file:/proc/1/mountinfo", "mount", &state);
}

static void done(struct survey *survey)
{
	if (survey->mounts != NULL)
		mount_table_free(survey->mounts->table);
	g_free(survey->mounts);
}

const struct collector mounts_collector = {
	.name = "mounts",
	.want = {want, suspect, suspect, suspect},
	.finish = finish,
	.done = done,
};
