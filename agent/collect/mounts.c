/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 1 of the flow: mounts of the host's first process (FACTS 4.2), those that hold or lie below
 * a file of interest. What engines mount for their containers below their own folders is left out:
 * it comes and goes with them.
 */
#include <string.h>

#include "agent/collect/files.h"
#include "agent/proc_text.h"

struct mount_survey {
	const struct host_read *read;
};

static void want(struct survey *survey)
{
	survey->mounts = g_new0(struct mount_survey, 1);
	survey->mounts->read =
		host_want_read(survey->batch, "/proc/1/mountinfo", LIMIT_PROC_FILE_BYTES);
}

static bool is_at_or_below(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	if (strcmp(folder, "/") == 0)
		return true;
	return strncmp(path, folder, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

struct relation {
	const char *mount_point;
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
	relation->holds |= is_at_or_below(stat->real, relation->mount_point);
	if (is_at_or_below(relation->mount_point, stat->real)) {
		relation->lies_below = true;
		relation->lies_in_engine |= is_engine_folder(role);
	}
}

static bool is_wanted(const struct survey *survey, const char *mount_point)
{
	struct relation relation = {.mount_point = mount_point};

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

static void finish(struct survey *survey)
{
	const struct host_read *read = survey->mounts->read;
	g_auto(GStrv) lines = g_strsplit(read->data, "\n", -1);
	g_autoptr(GPtrArray) facts = g_ptr_array_new();

	for (guint i = 0; lines[i] != NULL; i++) {
		struct proc_mount mount = {0};

		if (!proc_mount_parse(lines[i], &mount))
			continue;
		if (is_wanted(survey, mount.mount_point))
			g_ptr_array_add(facts, make_fact(survey, &mount));
		proc_mount_done(&mount);
	}
	survey->facts->mount = survey_list(survey, facts, &survey->facts->n_mount);
	survey_fetch(survey, "file:/proc/1/mountinfo", "mount", &read->state);
}

static void done(struct survey *survey)
{
	g_free(survey->mounts);
}

const struct collector mounts_collector = {
	.name = "mounts",
	.want = {want},
	.finish = finish,
	.done = done,
};
