/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 1 of the flow: the registry of files. Collectors name paths in roles; which of several
 * candidates counts is decided where verdicts are made, so a superset is collected.
 */
#include "agent/collect/files.h"

#include <string.h>
#include <sys/stat.h>

#include "agent/collect/accounts.h"
#include "agent/collect/certs.h"
#include "agent/collect/places.h"

struct wanted_file {
	Plimsoll__File__Role role;
	const char *path; /* as named */
	const struct host_stat *stat;
};

struct file_survey {
	GArray *files; /* struct wanted_file */
	GHashTable *seen;
};

static void want_first(struct survey *survey)
{
	survey->files = g_new0(struct file_survey, 1);
	survey->files->files = g_array_new(FALSE, FALSE, sizeof(struct wanted_file));
	survey->files->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	places_want_fixed(survey);
}

void files_want(struct survey *survey, Plimsoll__File__Role role, const char *path)
{
	struct wanted_file file = {.role = role};
	g_autofree char *absolute = NULL;

	if (path == NULL || path[0] == '\0' || strlen(path) > LIMIT_STRING_BYTES)
		return;
	if (!g_hash_table_add(survey->files->seen, g_strdup_printf("%d %s", (int)role, path)))
		return;
	absolute = path[0] == '/' ? g_strdup(path) : g_strconcat("/", path, NULL);
	file.path = arena_strdup(survey->arena, path);
	file.stat = host_want_stat(survey->batch, absolute);
	g_array_append_val(survey->files->files, file);
}

void files_want_address(struct survey *survey, Plimsoll__File__Role role, const char *address)
{
	static const char scheme[] = "unix://";

	if (address != NULL && g_str_has_prefix(address, scheme))
		files_want(survey, role, address + strlen(scheme));
	else if (address != NULL && address[0] == '/')
		files_want(survey, role, address);
}

const char *files_object_real(const struct survey *survey, const struct host_stat *stat)
{
	for (guint i = 0; stat->real != NULL && i < survey->files->files->len; i++) {
		const struct host_stat *other =
			g_array_index(survey->files->files, struct wanted_file, i).stat;

		if (other->real != NULL && other->inode != 0 && other->inode == stat->inode &&
		    other->dev_major == stat->dev_major && other->dev_minor == stat->dev_minor)
			return other->real;
	}
	return stat->real;
}

Plimsoll__File__Status files_status(const struct host_stat *stat)
{
	switch (stat->state.status) {
	case PLIMSOLL__FETCH__STATUS__OK:
		return PLIMSOLL__FILE__STATUS__OK;
	case PLIMSOLL__FETCH__STATUS__ABSENT:
		return stat->dangling ? PLIMSOLL__FILE__STATUS__DANGLING
				      : PLIMSOLL__FILE__STATUS__ABSENT;
	case PLIMSOLL__FETCH__STATUS__PERMISSION:
		return PLIMSOLL__FILE__STATUS__PERMISSION;
	case PLIMSOLL__FETCH__STATUS__NOT_TRIED:
		return PLIMSOLL__FILE__STATUS__NOT_TRIED;
	case PLIMSOLL__FETCH__STATUS__TIMEOUT:
	case PLIMSOLL__FETCH__STATUS__HTTP_ERROR:
	case PLIMSOLL__FETCH__STATUS__PARSE_ERROR:
	case PLIMSOLL__FETCH__STATUS__TRUNCATED:
	case _PLIMSOLL__FETCH__STATUS_IS_INT_SIZE:
		break;
	}
	return PLIMSOLL__FILE__STATUS__ERROR;
}

static bool is_ok(const struct wanted_file *file)
{
	return file->stat->state.status == PLIMSOLL__FETCH__STATUS__OK;
}

static const struct wanted_file *file_at(const struct survey *survey, guint i)
{
	return &g_array_index(survey->files->files, struct wanted_file, i);
}

bool files_is_socket_gid(const struct survey *survey, int64_t gid)
{
	for (guint i = 0; i < survey->files->files->len; i++) {
		const struct wanted_file *file = file_at(survey, i);

		if (file->role == PLIMSOLL__FILE__ROLE__API_SOCKET && is_ok(file) &&
		    S_ISSOCK(file->stat->mode) && file->stat->gid == gid)
			return true;
	}
	return false;
}

const struct host_stat *files_first(const struct survey *survey, Plimsoll__File__Role role)
{
	for (guint i = 0; i < survey->files->files->len; i++) {
		if (file_at(survey, i)->role == role && is_ok(file_at(survey, i)))
			return file_at(survey, i)->stat;
	}
	return NULL;
}

bool files_are_all_seen(const struct survey *survey, Plimsoll__File__Role role)
{
	for (guint i = 0; i < survey->files->files->len; i++) {
		const struct wanted_file *file = file_at(survey, i);

		if (file->role == role && !is_ok(file) &&
		    file->stat->state.status != PLIMSOLL__FETCH__STATUS__ABSENT)
			return false;
	}
	return true;
}

void files_each(const struct survey *survey,
		void (*each)(Plimsoll__File__Role role, const struct host_stat *stat, void *data),
		void *data)
{
	for (guint i = 0; i < survey->files->files->len; i++) {
		if (is_ok(file_at(survey, i)))
			each(file_at(survey, i)->role, file_at(survey, i)->stat, data);
	}
}

const char *files_real(const struct survey *survey, Plimsoll__File__Role role, const char *path)
{
	for (guint i = 0; i < survey->files->files->len; i++) {
		const struct wanted_file *file = file_at(survey, i);

		if (file->role == role && strcmp(file->path, path) == 0)
			return file->stat->real;
	}
	return NULL;
}

/* ---- the facts ---- */

static Plimsoll__File__Type type_of(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return PLIMSOLL__FILE__TYPE__FILE;
	case S_IFDIR:
		return PLIMSOLL__FILE__TYPE__DIR;
	case S_IFSOCK:
		return PLIMSOLL__FILE__TYPE__SOCKET;
	case S_IFLNK:
		return PLIMSOLL__FILE__TYPE__LINK;
	default:
		return PLIMSOLL__FILE__TYPE__OTHER;
	}
}

/* Times of these decide whether the running engine has read them. */
static bool has_times(Plimsoll__File__Role role)
{
	return role == PLIMSOLL__FILE__ROLE__DAEMON_JSON ||
	       role == PLIMSOLL__FILE__ROLE__DOCKER_SERVICE ||
	       role == PLIMSOLL__FILE__ROLE__DOCKER_SERVICE_DROPIN ||
	       role == PLIMSOLL__FILE__ROLE__DOCKER_SOCKET_UNIT ||
	       role == PLIMSOLL__FILE__ROLE__DOCKER_SOCKET_UNIT_DROPIN;
}

static void set_metadata(const struct survey *survey, const struct wanted_file *file,
			 Plimsoll__File *fact)
{
	const struct host_stat *stat = file->stat;

	WIRE_SET(fact, type, type_of(stat->mode));
	WIRE_SET(fact, uid, stat->uid);
	WIRE_SET(fact, gid, stat->gid);
	fact->user_name = survey_text(survey, accounts_user_name(survey, stat->uid));
	fact->group_name = survey_text(survey, accounts_group_name(survey, stat->gid));
	WIRE_SET(fact, mode, stat->mode & 07777);
	if (!stat->acl_unknown)
		WIRE_SET(fact, acl, stat->has_acl);
	WIRE_SET(fact, dev_major, stat->dev_major);
	WIRE_SET(fact, dev_minor, stat->dev_minor);
	if (has_times(file->role)) {
		WIRE_SET(fact, mtime, stat->mtime_s);
		WIRE_SET(fact, ctime, stat->ctime_s);
	}
}

static Plimsoll__File *make_fact(const struct survey *survey, const struct wanted_file *file)
{
	Plimsoll__File *fact = survey_message(survey, &plimsoll__file__descriptor);

	WIRE_SET(fact, role, file->role);
	WIRE_SET(fact, status, files_status(file->stat));
	fact->path = survey_text(survey, file->path);
	fact->real = survey_text(survey, file->stat->real);
	fact->link_target = survey_text(survey, file->stat->link_target);
	if (is_ok(file))
		set_metadata(survey, file, fact);
	return fact;
}

static bool is_program(Plimsoll__File__Role role)
{
	return role >= PLIMSOLL__FILE__ROLE__BINARY_DOCKERD &&
	       role <= PLIMSOLL__FILE__ROLE__BINARY_RUNC;
}

/* Of the many folders where a program could lie, those where it does; where it lies in none, the
 * first one stands for all. In certs.d only files count. */
static bool is_fact(const struct survey *survey, guint i)
{
	const struct wanted_file *file = file_at(survey, i);

	if (file->role == PLIMSOLL__FILE__ROLE__CERTS_D)
		return !is_ok(file) || S_ISREG(file->stat->mode);
	if (!is_program(file->role) || file->stat->dangling ||
	    file->stat->state.status != PLIMSOLL__FETCH__STATUS__ABSENT)
		return true;
	for (guint k = 0; k < survey->files->files->len; k++) {
		const struct wanted_file *other = file_at(survey, k);

		if (other->role == file->role &&
		    (k < i || other->stat->state.status != PLIMSOLL__FETCH__STATUS__ABSENT))
			return false;
	}
	return true;
}

static gint compare_files(gconstpointer a, gconstpointer b)
{
	const Plimsoll__File *left = *(const Plimsoll__File *const *)a;
	const Plimsoll__File *right = *(const Plimsoll__File *const *)b;

	if (left->role != right->role)
		return (gint)left->role - (gint)right->role;
	return strcmp(left->path, right->path);
}

static gint compare_states(gconstpointer a, gconstpointer b)
{
	return strcmp((*(const Plimsoll__FileState *const *)a)->path,
		      (*(const Plimsoll__FileState *const *)b)->path);
}

static void observe(const struct survey *survey, const struct wanted_file *file, GHashTable *seen,
		    GPtrArray *states)
{
	Plimsoll__FileState *state = NULL;

	if (!is_ok(file) || file->role == PLIMSOLL__FILE__ROLE__SENSITIVE ||
	    !g_hash_table_add(seen, g_strdup(file->path)))
		return;
	state = survey_message(survey, &plimsoll__file_state__descriptor);
	state->path = survey_text(survey, file->path);
	WIRE_SET(state, size, file->stat->size);
	WIRE_SET(state, mtime, file->stat->mtime_s);
	WIRE_SET(state, ctime, file->stat->ctime_s);
	g_ptr_array_add(states, state);
}

static void finish(struct survey *survey)
{
	g_autoptr(GPtrArray) facts = g_ptr_array_new();
	g_autoptr(GPtrArray) states = g_ptr_array_new();
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < survey->files->files->len; i++) {
		if (!is_fact(survey, i))
			continue;
		g_ptr_array_add(facts, make_fact(survey, file_at(survey, i)));
		observe(survey, file_at(survey, i), seen, states);
	}
	g_ptr_array_sort(facts, compare_files);
	g_ptr_array_sort(states, compare_states);
	survey->facts->file = survey_list(survey, facts, &survey->facts->n_file);
	survey->observed->file = survey_list(survey, states, &survey->observed->n_file);
	certs_finish(survey);
}

static void done(struct survey *survey)
{
	if (survey->files != NULL) {
		g_array_unref(survey->files->files);
		g_hash_table_unref(survey->files->seen);
	}
	g_free(survey->files);
	certs_done(survey);
}

const struct collector files_collector = {
	.name = "files",
	.want = {want_first, places_want_from_argv, places_want_from_files,
		 places_want_from_engine},
	.finish = finish,
	.done = done,
};
