/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 1 of the flow: which engines this host has besides the one that is asked. They are found by
 * their sockets: at the usual places, in the runtime folders of users, and where a running dockerd
 * was told to listen. Nobody connects to them, since that would start a podman that sleeps.
 */
#include <string.h>
#include <sys/stat.h>

#include "agent/collect/accounts.h"
#include "agent/collect/config.h"
#include "agent/collect/dockerd.h"
#include "agent/collect/options.h"
#include "agent/collect/pflag.h"
#include "agent/collect/survey.h"

#define USERS "/run/user"

enum { MAX_USERS = 256, MAX_PLACES = 1024 };

struct engine_survey {
	const struct host_list *users;
	GPtrArray *places; /* struct host_stat*; the one that is asked comes first */
};

static void want_place(struct survey *survey, const char *path)
{
	struct engine_survey *engines = survey->engines;

	if (path != NULL && path[0] == '/' && engines->places->len < MAX_PLACES)
		g_ptr_array_add(engines->places,
				(gpointer)(uintptr_t)host_want_stat(survey->batch, path));
}

static void want_usual(struct survey *survey)
{
	survey->engines = g_new0(struct engine_survey, 1);
	survey->engines->places = g_ptr_array_new();
	survey->engines->users = host_want_list(survey->batch, USERS, MAX_USERS);
	want_place(survey, survey->host->socket_path);
	want_place(survey, "/run/docker.sock");
	want_place(survey, "/var/run/docker.sock");
	want_place(survey, "/run/podman/podman.sock");
}

static void want_address(struct survey *survey, const char *address)
{
	static const char scheme[] = "unix://";

	if (g_str_has_prefix(address, scheme))
		want_place(survey, address + strlen(scheme));
}

static void want_of_users(struct survey *survey)
{
	const struct host_list *users = survey->engines->users;

	for (guint i = 0; i < users->n_names; i++) {
		g_autofree char *docker =
			g_build_filename(USERS, users->names[i], "docker.sock", NULL);
		g_autofree char *podman =
			g_build_filename(USERS, users->names[i], "podman/podman.sock", NULL);

		want_place(survey, docker);
		want_place(survey, podman);
	}
	for (guint i = 0; i < dockerd_count(survey); i++) {
		g_autoptr(GPtrArray) given =
			options_all(pflag_dockerd_options, dockerd_words(survey, i), "host");

		for (guint k = 0; k < given->len; k++)
			want_address(survey, given->pdata[k]);
	}
}

static void want_configured(struct survey *survey)
{
	g_autoptr(GPtrArray) configured = config_texts(survey, "hosts");

	for (guint i = 0; i < configured->len; i++)
		want_address(survey, configured->pdata[i]);
}

/* ---- the rows ---- */

static bool is_socket(const struct host_stat *stat)
{
	return stat->state.status == PLIMSOLL__FETCH__STATUS__OK && S_ISSOCK(stat->mode);
}

static bool is_same(const struct host_stat *one, const struct host_stat *other)
{
	return one->inode == other->inode && one->dev_major == other->dev_major &&
	       one->dev_minor == other->dev_minor;
}

/* The same socket under an earlier name. */
static bool is_repeated(const struct engine_survey *engines, guint i)
{
	for (guint k = 0; k < i; k++)
		if (is_socket(engines->places->pdata[k]) &&
		    is_same(engines->places->pdata[k], engines->places->pdata[i]))
			return true;
	return false;
}

static Plimsoll__EngineEndpoint *make_row(const struct survey *survey, const struct host_stat *stat)
{
	Plimsoll__EngineEndpoint *row =
		survey_message(survey, &plimsoll__engine_endpoint__descriptor);
	const char *asked = survey->host->socket_path;
	g_autofree char *url = g_strconcat("unix://", stat->path, NULL);

	row->url = survey_text(survey, url);
	WIRE_SET(row, podman, g_str_has_suffix(stat->path, "/podman.sock"));
	WIRE_SET(row, uid, stat->uid);
	row->user_name = survey_text(survey, accounts_user_name(survey, stat->uid));
	WIRE_SET(row, asked, asked != NULL && strcmp(asked, stat->path) == 0);
	return row;
}

static gint compare_rows(gconstpointer a, gconstpointer b)
{
	const Plimsoll__EngineEndpoint *left = *(const Plimsoll__EngineEndpoint *const *)a;
	const Plimsoll__EngineEndpoint *right = *(const Plimsoll__EngineEndpoint *const *)b;

	return strcmp(left->url, right->url);
}

static void finish(struct survey *survey)
{
	const GPtrArray *places = survey->engines->places;
	g_autoptr(GPtrArray) rows = g_ptr_array_new();

	for (guint i = 0; i < places->len && rows->len < LIMIT_LIST_MEMBERS; i++)
		if (is_socket(places->pdata[i]) && !is_repeated(survey->engines, i))
			g_ptr_array_add(rows, make_row(survey, places->pdata[i]));
	g_ptr_array_sort(rows, compare_rows);
	survey->observed->engine_endpoint =
		survey_list(survey, rows, &survey->observed->n_engine_endpoint);
}

static void done(struct survey *survey)
{
	if (survey->engines == NULL)
		return;
	g_ptr_array_unref(survey->engines->places);
	g_free(survey->engines);
}

const struct collector engines_collector = {
	.name = "engines",
	.want = {want_usual, want_of_users, want_configured, NULL},
	.finish = finish,
	.done = done,
};
