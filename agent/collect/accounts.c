/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 1 of the flow: who belongs to the groups that may open an API socket (FACTS 4.6). Passwords
 * and gecos fields never leave this file.
 */
#include "agent/collect/accounts.h"

#include <string.h>

#include "agent/collect/files.h"

enum { PASSWD_FIELDS = 7, GROUP_FIELDS = 4 };

struct user {
	char *name, *home;
	int64_t uid, gid;
};

struct group {
	char *name;
	int64_t gid;
	char **members;
};

struct accounts {
	const struct host_read *passwd, *group, *nsswitch;
	GArray *users;  /* struct user */
	GArray *groups; /* struct group */
};

static void want_files(struct survey *survey)
{
	struct accounts *accounts = g_new0(struct accounts, 1);

	accounts->passwd = host_want_read(survey->batch, "/etc/passwd", LIMIT_FILE_BYTES);
	accounts->group = host_want_read(survey->batch, "/etc/group", LIMIT_FILE_BYTES);
	accounts->nsswitch = host_want_read(survey->batch, "/etc/nsswitch.conf", LIMIT_FILE_BYTES);
	survey->accounts = accounts;
}

static bool parse_id(const char *text, int64_t *ret_id)
{
	char *end = NULL;
	guint64 id = g_ascii_strtoull(text, &end, 10);

	*ret_id = (int64_t)id;
	return g_ascii_isdigit(text[0]) && *end == '\0' && id <= UINT32_MAX;
}

static void parse_users(const char *text, GArray *users)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (guint i = 0; lines[i] != NULL; i++) {
		g_auto(GStrv) fields = g_strsplit(lines[i], ":", PASSWD_FIELDS);
		struct user user = {0};

		if (g_strv_length(fields) < PASSWD_FIELDS || !parse_id(fields[2], &user.uid) ||
		    !parse_id(fields[3], &user.gid))
			continue;
		user.name = g_strdup(fields[0]);
		user.home = g_strdup(fields[5]);
		g_array_append_val(users, user);
	}
}

static void parse_groups(const char *text, GArray *groups)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (guint i = 0; lines[i] != NULL; i++) {
		g_auto(GStrv) fields = g_strsplit(lines[i], ":", GROUP_FIELDS);
		struct group group = {0};

		if (g_strv_length(fields) < GROUP_FIELDS || !parse_id(fields[2], &group.gid))
			continue;
		group.name = g_strdup(fields[0]);
		group.members = g_strsplit(g_strstrip(fields[3]), ",", -1);
		g_array_append_val(groups, group);
	}
}

static void parse_files(struct survey *survey)
{
	struct accounts *accounts = survey->accounts;

	accounts->users = g_array_new(FALSE, FALSE, sizeof(struct user));
	accounts->groups = g_array_new(FALSE, FALSE, sizeof(struct group));
	parse_users(accounts->passwd->data, accounts->users);
	parse_groups(accounts->group->data, accounts->groups);
}

static const struct user *find_user(const struct survey *survey, int64_t uid)
{
	const GArray *users = survey->accounts->users;

	for (guint i = 0; i < users->len; i++) {
		if (g_array_index(users, struct user, i).uid == uid)
			return &g_array_index(users, struct user, i);
	}
	return NULL;
}

const char *accounts_user_name(const struct survey *survey, int64_t uid)
{
	const struct user *user = find_user(survey, uid);

	return user == NULL ? NULL : user->name;
}

const char *accounts_home(const struct survey *survey, int64_t uid)
{
	const struct user *user = find_user(survey, uid);

	return user == NULL || user->home[0] != '/' ? NULL : user->home;
}

const char *accounts_group_name(const struct survey *survey, int64_t gid)
{
	const GArray *groups = survey->accounts->groups;

	for (guint i = 0; i < groups->len; i++) {
		if (g_array_index(groups, struct group, i).gid == gid)
			return g_array_index(groups, struct group, i).name;
	}
	return NULL;
}

bool accounts_find_group(const struct survey *survey, const char *name, int64_t *ret_gid)
{
	const struct accounts *accounts = survey->accounts;

	*ret_gid = -1;
	for (guint i = 0; i < accounts->groups->len && *ret_gid < 0; i++) {
		const struct group *group = &g_array_index(accounts->groups, struct group, i);

		if (strcmp(group->name, name) == 0)
			*ret_gid = group->gid;
	}
	return accounts->group->state.status == PLIMSOLL__FETCH__STATUS__OK;
}

static void add_member(const struct survey *survey, GPtrArray *members, const struct group *group,
		       const char *user_name, int64_t uid, Plimsoll__GroupMember__Via via)
{
	Plimsoll__GroupMember *member = survey_message(survey, &plimsoll__group_member__descriptor);

	member->group_name = survey_text(survey, group->name);
	member->user_name = survey_text(survey, user_name);
	WIRE_SET(member, gid, group->gid);
	if (uid >= 0)
		WIRE_SET(member, uid, uid);
	WIRE_SET(member, via, via);
	g_ptr_array_add(members, member);
}

static int64_t uid_of(const GArray *users, const char *name)
{
	for (guint i = 0; i < users->len; i++) {
		if (strcmp(g_array_index(users, struct user, i).name, name) == 0)
			return g_array_index(users, struct user, i).uid;
	}
	return -1;
}

static void add_group(const struct survey *survey, GPtrArray *members, const struct group *group)
{
	const GArray *users = survey->accounts->users;

	for (guint i = 0; i < users->len; i++) {
		const struct user *user = &g_array_index(users, struct user, i);

		if (user->gid == group->gid)
			add_member(survey, members, group, user->name, user->uid,
				   PLIMSOLL__GROUP_MEMBER__VIA__PRIMARY);
	}
	for (guint i = 0; group->members[i] != NULL; i++) {
		if (group->members[i][0] != '\0')
			add_member(survey, members, group, group->members[i],
				   uid_of(users, group->members[i]),
				   PLIMSOLL__GROUP_MEMBER__VIA__MEMBER);
	}
}

/* A socket's group may have no name at all, and still be somebody's primary group. */
static void add_nameless(const struct survey *survey, GPtrArray *members)
{
	const GArray *users = survey->accounts->users;

	for (guint i = 0; i < users->len; i++) {
		const struct user *user = &g_array_index(users, struct user, i);
		struct group nameless = {.gid = user->gid};

		if (files_is_socket_gid(survey, user->gid) &&
		    accounts_group_name(survey, user->gid) == NULL)
			add_member(survey, members, &nameless, user->name, user->uid,
				   PLIMSOLL__GROUP_MEMBER__VIA__PRIMARY);
	}
}

static gint compare_members(gconstpointer a, gconstpointer b)
{
	const Plimsoll__GroupMember *left = *(const Plimsoll__GroupMember *const *)a;
	const Plimsoll__GroupMember *right = *(const Plimsoll__GroupMember *const *)b;

	if (left->gid != right->gid)
		return left->gid < right->gid ? -1 : 1;
	if (strcmp(left->user_name, right->user_name) != 0)
		return strcmp(left->user_name, right->user_name);
	return (gint)left->via - (gint)right->via;
}

/* Sources behind "group:"; actions in brackets ("[NOTFOUND=return]") are no sources. */
static void add_sources(const struct survey *survey, const char *text, GPtrArray *sources)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (guint i = 0; lines[i] != NULL; i++) {
		const char *line = lines[i] + strspn(lines[i], " \t");
		g_auto(GStrv) words = NULL;

		if (!g_str_has_prefix(line, "group:"))
			continue;
		lines[i][strcspn(lines[i], "#")] = '\0';
		words = g_strsplit_set(line + strlen("group:"), " \t", -1);
		for (guint k = 0; words[k] != NULL; k++) {
			if (g_ascii_isalpha(words[k][0]))
				g_ptr_array_add(sources, survey_text(survey, words[k]));
		}
	}
}

static void note_files(struct survey *survey)
{
	const struct accounts *accounts = survey->accounts;

	survey_fetch(survey, "file:/etc/group", "group_member", &accounts->group->state);
	survey_fetch(survey, "file:/etc/passwd", "group_member", &accounts->passwd->state);
	survey_fetch(survey, "file:/etc/nsswitch.conf", "host", &accounts->nsswitch->state);
}

static void finish(struct survey *survey)
{
	const struct accounts *accounts = survey->accounts;
	g_autoptr(GPtrArray) members = g_ptr_array_new();
	g_autoptr(GPtrArray) sources = g_ptr_array_new();
	int64_t gid = -1;

	for (guint i = 0; i < accounts->groups->len; i++) {
		const struct group *group = &g_array_index(accounts->groups, struct group, i);

		if (strcmp(group->name, "docker") == 0 || files_is_socket_gid(survey, group->gid))
			add_group(survey, members, group);
	}
	add_nameless(survey, members);
	g_ptr_array_sort(members, compare_members);
	survey->facts->group_member = survey_list(survey, members, &survey->facts->n_group_member);
	add_sources(survey, accounts->nsswitch->data, sources);
	survey->facts->host->nsswitch_group =
		survey_list(survey, sources, &survey->facts->host->n_nsswitch_group);
	if (accounts_find_group(survey, "docker", &gid))
		WIRE_SET(survey->facts->host, docker_gid, gid);
	note_files(survey);
}

static void done(struct survey *survey)
{
	struct accounts *accounts = survey->accounts;

	for (guint i = 0; accounts != NULL && accounts->users != NULL && i < accounts->users->len;
	     i++) {
		g_free(g_array_index(accounts->users, struct user, i).name);
		g_free(g_array_index(accounts->users, struct user, i).home);
	}
	for (guint i = 0; accounts != NULL && accounts->groups != NULL && i < accounts->groups->len;
	     i++) {
		g_free(g_array_index(accounts->groups, struct group, i).name);
		g_strfreev(g_array_index(accounts->groups, struct group, i).members);
	}
	if (accounts != NULL) {
		g_clear_pointer(&accounts->users, g_array_unref);
		g_clear_pointer(&accounts->groups, g_array_unref);
	}
	g_free(accounts);
}

const struct collector accounts_collector = {
	.name = "accounts",
	.want = {want_files, parse_files},
	.finish = finish,
	.done = done,
};
