/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 1 of the flow: certificates of registries: CONFIG/certs.d/HOST/FILE. Each level is one more
 * round; with a configuration folder that only argv names, the files come in the fourth.
 */
#include "agent/collect/certs.h"

#include <string.h>

#include "agent/collect/files.h"

struct level {
	const struct host_list *list;
	guint depth; /* 1 = certs.d itself */
	bool is_used;
};

struct cert_survey {
	GArray *levels; /* struct level */
	guint n_files;
	bool is_truncated;
};

static struct cert_survey *cert_survey(struct survey *survey)
{
	if (survey->certs == NULL) {
		survey->certs = g_new0(struct cert_survey, 1);
		survey->certs->levels = g_array_new(FALSE, FALSE, sizeof(struct level));
	}
	return survey->certs;
}

static void want_level(struct survey *survey, const char *path, guint depth)
{
	struct cert_survey *certs = cert_survey(survey);
	struct level level = {.depth = depth};

	for (guint i = 0; i < certs->levels->len; i++) {
		if (strcmp(g_array_index(certs->levels, struct level, i).list->path, path) == 0)
			return;
	}
	level.list = host_want_list(survey->batch, path, LIMIT_CERT_FILES);
	g_array_append_val(certs->levels, level);
}

void certs_want_folder(struct survey *survey, const char *config_folder)
{
	g_autofree char *path = g_build_filename(config_folder, "certs.d", NULL);

	want_level(survey, path, 1);
}

static void want_names(struct survey *survey, const struct level *level)
{
	struct cert_survey *certs = survey->certs;

	for (guint i = 0; i < level->list->n_names; i++) {
		g_autofree char *path =
			g_build_filename(level->list->path, level->list->names[i], NULL);

		if (certs->n_files++ >= LIMIT_CERT_FILES) {
			certs->is_truncated = true;
			return;
		}
		files_want(survey, PLIMSOLL__FILE__ROLE__CERTS_D, path);
		if (level->depth == 1)
			want_level(survey, path, 2);
	}
}

/* The new levels have no names yet: they are used in the next round. */
void certs_go_on(struct survey *survey)
{
	guint n = cert_survey(survey)->levels->len;

	for (guint i = 0; i < n; i++) {
		/* by value: the array may move while levels are added */
		struct level level = g_array_index(survey->certs->levels, struct level, i);

		if (level.is_used || level.list->state.status == PLIMSOLL__FETCH__STATUS__NOT_TRIED)
			continue;
		g_array_index(survey->certs->levels, struct level, i).is_used = true;
		want_names(survey, &level);
	}
}

void certs_finish(struct survey *survey)
{
	struct cert_survey *certs = cert_survey(survey);

	for (guint i = 0; i < certs->levels->len; i++) {
		const struct level *level = &g_array_index(certs->levels, struct level, i);
		g_autofree char *source = g_strconcat("list:", level->list->path, NULL);
		struct host_state state = level->list->state;

		if (level->depth == 2 && (state.status == PLIMSOLL__FETCH__STATUS__OK ||
					  state.status == PLIMSOLL__FETCH__STATUS__ABSENT))
			continue; /* files are no folders, and good folders need no row */
		if (certs->is_truncated && state.status == PLIMSOLL__FETCH__STATUS__OK) {
			state.status = PLIMSOLL__FETCH__STATUS__TRUNCATED;
			state.detail = "more files than are looked at";
		}
		survey_fetch(survey, source, "file", &state);
	}
}

void certs_done(struct survey *survey)
{
	if (survey->certs != NULL)
		g_array_unref(survey->certs->levels);
	g_free(survey->certs);
}
