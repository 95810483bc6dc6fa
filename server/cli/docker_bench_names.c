/* SPDX-License-Identifier: Apache-2.0 */
/* See docker_bench_names.h. */
#include "server/cli/docker_bench_names.h"

#include <string.h>

#include "server/cli/cli.h"

G_DEFINE_QUARK(plimsoll - docker - bench - names - error - quark, docker_bench_names_error)

/* A group is the ids below a number, of the numbered benchmark or of the ones beside it. */
static const struct group {
	const char *name;
	const char *id;   /* "5": 5.1, 5.2, ...; NULL = every id */
	bool of_cis;      /* not the community's and the enterprise's */
	unsigned control; /* CIS Controls v8 implementation group; 0 = any */
} groups[] = {
	{"all", NULL, false, 0},
	{"cis", NULL, true, 0},
	{"cis_controls_v8_ig1", NULL, true, 1},
	{"cis_controls_v8_ig2", NULL, true, 2},
	{"cis_controls_v8_ig3", NULL, true, 3},
	{"host_configuration", "1", true, 0},
	{"linux_hosts_specific_configuration", "1.1", true, 0},
	{"host_general_configuration", "1.2", true, 0},
	{"docker_daemon_configuration", "2", true, 0},
	{"docker_daemon_files", "3", true, 0},
	{"container_images", "4", true, 0},
	{"container_runtime", "5", true, 0},
	{"docker_security_operations", "6", true, 0},
	{"docker_swarm_configuration", "7", true, 0},
	{"docker_enterprise_configuration", "8", false, 0},
	{"universal_control_plane_configuration", "8.1", false, 0},
	{"docker_trusted_registry_configuration", "8.2", false, 0},
	{"community", "C", false, 0},
	{"community_checks", "C", false, 0},
};

static const char level_1[] = "_level1";

/* A name of a group, perhaps with "_level1" behind it; NULL = none. */
static const struct group *find_group(const char *name, bool *ret_level_1)
{
	g_autofree char *plain = g_strdup(name);

	*ret_level_1 = g_str_has_suffix(plain, level_1);
	if (*ret_level_1)
		plain[strlen(plain) - strlen(level_1)] = '\0';
	for (guint i = 0; i < G_N_ELEMENTS(groups); i++)
		if (strcmp(groups[i].name, plain) == 0)
			return &groups[i];
	return NULL;
}

static bool is_below(const char *id, const char *above)
{
	size_t length = strlen(above);

	return strncmp(id, above, length) == 0 && id[length] == '.';
}

/* The map of 1.6.0 has no levels; those of later releases say them of the same checks. */
static unsigned level_of(const struct docker_bench_scope *scope,
			 const struct benchmark_entry *entry)
{
	guint n = 0;
	const struct benchmark *benchmarks = catalogue_benchmarks(scope->catalogue, &n);

	for (guint i = n; entry->level == 0 && i-- > 0;)
		for (guint k = 0; k < benchmarks[i].n_entries; k++)
			if (benchmarks[i].entries[k].check == entry->check &&
			    benchmarks[i].entries[k].level != 0)
				return benchmarks[i].entries[k].level;
	return entry->level;
}

static bool is_in_group(const struct docker_bench_scope *scope, guint benchmark,
			const struct benchmark_entry *entry, const struct group *group,
			bool want_level_1)
{
	if (group->of_cis && benchmark != 0)
		return false;
	if (group->id != NULL && !is_below(entry->id, group->id))
		return false;
	if (group->control != 0 && (entry->groups & 1U << (group->control - 1)) == 0)
		return false;
	return !want_level_1 || level_of(scope, entry) == 1;
}

/* "check_5_5" and "check_c_5_3_1" as ids; "5.5" is welcome too. */
static bool is_named(const struct benchmark_entry *entry, const char *name)
{
	g_autofree char *id = cli_plain_check(name);

	return g_ascii_strcasecmp(entry->id, id) == 0;
}

/* Calls change(set, check) for what a name means; returns how many. */
static guint for_name(const struct docker_bench_scope *scope, const char *name, GHashTable *set,
		      gboolean (*change)(GHashTable *set, gpointer check))
{
	bool want_level_1 = false;
	const struct group *group = find_group(name, &want_level_1);
	guint n = 0;

	for (guint b = 0; b < scope->n_benchmarks; b++) {
		for (guint i = 0; i < scope->benchmarks[b]->n_entries; i++) {
			const struct benchmark_entry *entry = &scope->benchmarks[b]->entries[i];

			if (group != NULL ? !is_in_group(scope, b, entry, group, want_level_1)
					  : !is_named(entry, name))
				continue;
			change(set, (gpointer)(guintptr)entry->check);
			n++;
		}
	}
	return n;
}

static gboolean add_check(GHashTable *set, gpointer check)
{
	return g_hash_table_add(set, check);
}

static gboolean remove_check(GHashTable *set, gpointer check)
{
	return g_hash_table_remove(set, check);
}

static bool for_names(const struct docker_bench_scope *scope, const char *const *names,
		      GHashTable *set, gboolean (*change)(GHashTable *set, gpointer check),
		      GError **error)
{
	for (guint i = 0; names != NULL && names[i] != NULL; i++) {
		if (for_name(scope, names[i], set, change) > 0)
			continue;
		g_set_error(error, DOCKER_BENCH_NAMES_ERROR, 0,
			    "Check \"%s\" doesn't seem to exist.", names[i]);
		return false;
	}
	return true;
}

GHashTable *docker_bench_names_select(const struct docker_bench_scope *scope,
				      const char *const *only, const char *const *skip,
				      GError **error)
{
	static const char *const standard[] = {"cis", NULL};
	g_autoptr(GHashTable) set = g_hash_table_new(NULL, NULL);

	if (only == NULL || only[0] == NULL)
		only = standard;
	if (!for_names(scope, only, set, add_check, error) ||
	    !for_names(scope, skip, set, remove_check, error))
		return NULL;
	if (g_hash_table_size(set) > 0)
		return g_steal_pointer(&set);
	g_set_error(error, DOCKER_BENCH_NAMES_ERROR, 0, "no check is left to run");
	return NULL;
}
