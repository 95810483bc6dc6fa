/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 1 of the flow: units as systemd would load them (FACTS 3.3): the first fragment of the
 * search order, drop-ins of all folders by file name, of equal names the one from the folder that
 * comes first, folders of the unit's name before those of its type. Of a rootless engine, the units
 * of its user.
 */
#include "agent/collect/unit.h"

#include <string.h>

#include "agent/collect/dockerd.h"
#include "agent/collect/files.h"
#include "agent/collect/options.h"
#include "agent/collect/unit_text.h"

enum { MAX_DROPINS = 256 };

static const char *const system_folders[] = {
	"/etc/systemd/system.control", "/run/systemd/system.control",
	"/run/systemd/transient",      "/run/systemd/generator.early",
	"/etc/systemd/system",         "/etc/systemd/system.attached",
	"/run/systemd/system",         "/run/systemd/system.attached",
	"/run/systemd/generator",      "/usr/local/lib/systemd/system",
	"/usr/lib/systemd/system",     "/lib/systemd/system",
	"/run/systemd/generator.late",
};
/* %h: the user's home, %t: the user's runtime folder */
static const char *const user_folders[] = {
	"%h/.config/systemd/user.control",
	"%t/systemd/user.control",
	"%t/systemd/transient",
	"%t/systemd/generator.early",
	"%h/.config/systemd/user",
	"/etc/systemd/user",
	"%t/systemd/user",
	"/run/systemd/user",
	"%t/systemd/generator",
	"%h/.local/share/systemd/user",
	"/usr/local/share/systemd/user",
	"/usr/share/systemd/user",
	"/usr/local/lib/systemd/user",
	"/usr/lib/systemd/user",
	"%t/systemd/generator.late",
};

static const struct {
	const char *name, *type_folder;
	Plimsoll__File__Role role, dropin_role; /* 0: its files are not looked at by any check */
	bool has_user_unit;
} units[UNIT_COUNT] = {
	[UNIT_DOCKER_SERVICE] = {"docker.service", "service.d",
				 PLIMSOLL__FILE__ROLE__DOCKER_SERVICE,
				 PLIMSOLL__FILE__ROLE__DOCKER_SERVICE_DROPIN, true},
	[UNIT_DOCKER_SOCKET] = {"docker.socket", "socket.d",
				PLIMSOLL__FILE__ROLE__DOCKER_SOCKET_UNIT,
				PLIMSOLL__FILE__ROLE__DOCKER_SOCKET_UNIT_DROPIN, true},
	[UNIT_CONTAINERD_SERVICE] = {.name = "containerd.service", .type_folder = "service.d"},
};

/* One candidate of the search order. */
struct fragment {
	const struct host_stat *stat;
	const struct host_read *read;
	const struct host_list *by_name, *by_type;
};

struct dropin {
	const char *name; /* base name */
	const struct host_stat *stat;
	const struct host_read *read;
};

struct unit {
	enum unit_id id;
	GArray *fragments;             /* struct fragment, in search order */
	const struct fragment *chosen; /* NULL: there is none */
	GArray *dropins;               /* struct dropin, in the order systemd applies them */
	struct host_state state;
	bool is_masked;
	const char *reading;   /* path of the file that apply() is told about */
	const char *exec_file; /* where the last ExecStart stands; NULL = nowhere */
	char *exec_path;
	char **exec_words;
	GPtrArray *listens, *environment_files; /* char* */
	const char *runtime_dir;                /* %t */
};

struct unit_survey {
	struct unit units[UNIT_COUNT];
};

static void init_unit(struct unit *unit, enum unit_id id)
{
	*unit = (struct unit){
		.id = id,
		.fragments = g_array_new(FALSE, FALSE, sizeof(struct fragment)),
		.dropins = g_array_new(FALSE, FALSE, sizeof(struct dropin)),
		.exec_words = g_new0(char *, 1),
		.listens = g_ptr_array_new_with_free_func(g_free),
		.environment_files = g_ptr_array_new_with_free_func(g_free),
		.runtime_dir = "/run",
	};
}

static void done_unit(struct unit *unit)
{
	g_array_unref(unit->fragments);
	g_array_unref(unit->dropins);
	g_free(unit->exec_path);
	g_strfreev(unit->exec_words);
	g_ptr_array_unref(unit->listens);
	g_ptr_array_unref(unit->environment_files);
}

/* ---- round 1 (and 2 for a user's units): fragments and the names of drop-ins ---- */

static void want_folder(struct survey *survey, struct unit *unit, const char *folder)
{
	const char *name = units[unit->id].name;
	g_autofree char *path = g_build_filename(folder, name, NULL);
	g_autofree char *by_name = g_strconcat(path, ".d", NULL);
	g_autofree char *by_type = g_build_filename(folder, units[unit->id].type_folder, NULL);
	struct fragment fragment = {
		.stat = host_want_stat(survey->batch, path),
		.read = host_want_read(survey->batch, path, LIMIT_FILE_BYTES),
		.by_name = host_want_list(survey->batch, by_name, MAX_DROPINS),
		.by_type = host_want_list(survey->batch, by_type, MAX_DROPINS),
	};

	g_array_append_val(unit->fragments, fragment);
}

static void want_system_units(struct survey *survey)
{
	survey->units = g_new0(struct unit_survey, 1);
	for (guint id = 0; id < UNIT_COUNT; id++) {
		init_unit(&survey->units->units[id], (enum unit_id)id);
		for (guint i = 0; i < G_N_ELEMENTS(system_folders); i++)
			want_folder(survey, &survey->units->units[id], system_folders[i]);
	}
}

/* ---- which files count ---- */

static bool is_state(const struct host_state *state, Plimsoll__Fetch__Status status)
{
	return state->status == status;
}

static bool is_dev_null(const struct host_stat *stat)
{
	return stat->real != NULL && strcmp(stat->real, "/dev/null") == 0;
}

/* A dangling link is no unit. Anything but absent ends the search: what lies behind a folder that
 * cannot be read is not known. */
static void choose_fragment(struct unit *unit)
{
	unit->state.status = PLIMSOLL__FETCH__STATUS__ABSENT;
	for (guint i = 0; i < unit->fragments->len; i++) {
		const struct fragment *fragment =
			&g_array_index(unit->fragments, struct fragment, i);

		if (is_state(&fragment->stat->state, PLIMSOLL__FETCH__STATUS__ABSENT))
			continue;
		unit->state = fragment->stat->state;
		if (!is_state(&unit->state, PLIMSOLL__FETCH__STATUS__OK))
			return;
		unit->chosen = fragment;
		unit->is_masked = is_dev_null(fragment->stat) || fragment->stat->size == 0;
		if (!unit->is_masked)
			unit->state = fragment->read->state;
		return;
	}
}

static bool has_dropin(const struct unit *unit, const char *name)
{
	for (guint i = 0; i < unit->dropins->len; i++) {
		if (strcmp(g_array_index(unit->dropins, struct dropin, i).name, name) == 0)
			return true;
	}
	return false;
}

static void add_dropins(struct survey *survey, struct unit *unit, const struct host_list *list)
{
	bool is_readable = is_state(&list->state, PLIMSOLL__FETCH__STATUS__OK) ||
			   is_state(&list->state, PLIMSOLL__FETCH__STATUS__ABSENT);

	if (!is_readable && is_state(&unit->state, PLIMSOLL__FETCH__STATUS__OK))
		unit->state = list->state; /* an unseen drop-in may replace everything */
	for (guint i = 0; i < list->n_names && unit->dropins->len < MAX_DROPINS; i++) {
		g_autofree char *path = g_build_filename(list->path, list->names[i], NULL);
		struct dropin dropin = {.name = list->names[i]};

		if (!g_str_has_suffix(list->names[i], ".conf") || has_dropin(unit, dropin.name))
			continue;
		dropin.stat = host_want_stat(survey->batch, path);
		dropin.read = host_want_read(survey->batch, path, LIMIT_FILE_BYTES);
		g_array_append_val(unit->dropins, dropin);
	}
}

static gint compare_dropins(gconstpointer a, gconstpointer b)
{
	return strcmp(((const struct dropin *)a)->name, ((const struct dropin *)b)->name);
}

/* Round 2 (3 for a user's units): chooses the fragment and wants the drop-ins. */
static void choose(struct survey *survey, struct unit *unit)
{
	choose_fragment(unit);
	for (guint i = 0; i < unit->fragments->len; i++)
		add_dropins(survey, unit,
			    g_array_index(unit->fragments, struct fragment, i).by_name);
	for (guint i = 0; i < unit->fragments->len; i++)
		add_dropins(survey, unit,
			    g_array_index(unit->fragments, struct fragment, i).by_type);
	g_array_sort(unit->dropins, compare_dropins);
}

/* ---- what they say ---- */

static void set_exec(struct unit *unit, const char *value)
{
	g_auto(GStrv) words = unit_text_words(value);
	guint first = 1;

	g_clear_pointer(&unit->exec_path, g_free);
	g_strfreev(unit->exec_words);
	unit->exec_words = g_new0(char *, 1);
	unit->exec_file = NULL;
	if (words[0] == NULL)
		return;
	unit->exec_file = unit->reading;
	if (memchr(words[0], '@', strspn(words[0], "@-:+!|")) != NULL && words[1] != NULL)
		first = 2; /* the second word is the name the program sees */
	unit->exec_path = g_strdup(words[0] + strspn(words[0], "@-:+!|"));
	g_free(unit->exec_words);
	unit->exec_words = g_strdupv(words + first);
}

static void add_listen(struct unit *unit, const char *key, const char *value)
{
	if (value[0] == '\0') { /* takes back every kind of listener */
		g_ptr_array_set_size(unit->listens, 0);
		return;
	}
	if (strcmp(key, "ListenStream") != 0 && strcmp(key, "ListenSequentialPacket") != 0)
		return; /* nothing that dockerd could accept a connection from */
	if (unit->listens->len >= LIMIT_LIST_MEMBERS)
		return;
	if (g_str_has_prefix(value, "%t/"))
		g_ptr_array_add(unit->listens,
				g_build_filename(unit->runtime_dir, value + 3, NULL));
	else
		g_ptr_array_add(unit->listens, g_strdup(value));
}

static void add_environment_file(struct unit *unit, const char *value)
{
	if (value[0] == '\0')
		g_ptr_array_set_size(unit->environment_files, 0);
	else if (unit->environment_files->len < LIMIT_LIST_MEMBERS)
		g_ptr_array_add(unit->environment_files,
				g_strdup(value[0] == '-' ? value + 1 : value));
}

static void apply(const char *section, const char *key, const char *value, void *data)
{
	struct unit *unit = data;

	if (strcmp(section, "Socket") == 0 && g_str_has_prefix(key, "Listen"))
		add_listen(unit, key, value);
	else if (strcmp(section, "Service") != 0)
		return;
	else if (strcmp(key, "ExecStart") == 0)
		set_exec(unit, value);
	else if (strcmp(key, "EnvironmentFile") == 0)
		add_environment_file(unit, value);
}

/* Round 3 (4 for a user's units). */
static void read_unit(struct unit *unit)
{
	if (unit->chosen == NULL || unit->is_masked)
		return;
	unit->reading = unit->chosen->stat->path;
	unit_text_each(unit->chosen->read->data, apply, unit);
	for (guint i = 0; i < unit->dropins->len; i++) {
		const struct dropin *dropin = &g_array_index(unit->dropins, struct dropin, i);

		if (is_dev_null(dropin->stat) ||
		    is_state(&dropin->stat->state, PLIMSOLL__FETCH__STATUS__ABSENT))
			continue;
		if (!is_state(&dropin->read->state, PLIMSOLL__FETCH__STATUS__OK) &&
		    is_state(&unit->state, PLIMSOLL__FETCH__STATUS__OK))
			unit->state = dropin->read->state;
		unit->reading = dropin->stat->path;
		unit_text_each(dropin->read->data, apply, unit);
	}
}

static void want_files(struct survey *survey, const struct unit *unit)
{
	if (units[unit->id].role == 0 || unit->chosen == NULL)
		return;
	files_want(survey, units[unit->id].role, unit->chosen->stat->path);
	for (guint i = 0; !unit->is_masked && i < unit->dropins->len; i++)
		files_want(survey, units[unit->id].dropin_role,
			   g_array_index(unit->dropins, struct dropin, i).stat->path);
}

/* ---- the rounds ---- */

static bool is_user_unit(const struct survey *survey, guint id)
{
	return units[id].has_user_unit && dockerd_user_home(survey) != NULL;
}

static void want_user_unit(struct survey *survey, struct unit *unit)
{
	const char *home = dockerd_user_home(survey);
	const char *runtime_dir =
		arena_printf(survey->arena, "/run/user/%" G_GINT64_FORMAT, dockerd_user(survey));

	done_unit(unit);
	init_unit(unit, unit->id);
	unit->runtime_dir = runtime_dir;
	for (guint i = 0; i < G_N_ELEMENTS(user_folders); i++) {
		const char *folder = user_folders[i];
		g_autofree char *path = g_str_has_prefix(folder, "%h/")
						? g_build_filename(home, folder + 3, NULL)
					: g_str_has_prefix(folder, "%t/")
						? g_build_filename(runtime_dir, folder + 3, NULL)
						: g_strdup(folder);

		want_folder(survey, unit, path);
	}
}

static void want_dropins(struct survey *survey)
{
	for (guint id = 0; id < UNIT_COUNT; id++) {
		struct unit *unit = &survey->units->units[id];

		if (is_user_unit(survey, id))
			want_user_unit(survey, unit);
		else
			choose(survey, unit);
	}
}

static void read_system_units(struct survey *survey)
{
	for (guint id = 0; id < UNIT_COUNT; id++) {
		struct unit *unit = &survey->units->units[id];

		if (is_user_unit(survey, id))
			choose(survey, unit);
		else
			read_unit(unit);
		want_files(survey, unit);
	}
}

static void read_user_units(struct survey *survey)
{
	for (guint id = 0; id < UNIT_COUNT; id++) {
		if (is_user_unit(survey, id))
			read_unit(&survey->units->units[id]);
	}
}

const char *unit_exec_path(const struct survey *survey, enum unit_id id)
{
	return survey->units->units[id].exec_path;
}

const char *const *unit_exec_words(const struct survey *survey, enum unit_id id)
{
	return (const char *const *)survey->units->units[id].exec_words;
}

const GPtrArray *unit_listens(const struct survey *survey, enum unit_id id)
{
	return survey->units->units[id].listens;
}

bool unit_exists(const struct survey *survey, enum unit_id id)
{
	return survey->units->units[id].chosen != NULL;
}

static char **text_list(const struct survey *survey, const GPtrArray *texts, size_t *ret_n)
{
	g_autoptr(GPtrArray) copies = g_ptr_array_new();

	for (guint i = 0; i < texts->len; i++)
		g_ptr_array_add(copies, survey_text(survey, texts->pdata[i]));
	return survey_list(survey, copies, ret_n);
}

static Plimsoll__Unit *make_fact(const struct survey *survey, const struct unit *unit)
{
	Plimsoll__Unit *fact = survey_message(survey, &plimsoll__unit__descriptor);
	g_autoptr(GPtrArray) dropins = g_ptr_array_new();

	fact->name = survey_text(survey, units[unit->id].name);
	WIRE_SET(fact, status, unit->state.status);
	if (unit->chosen == NULL)
		return fact;
	fact->fragment = survey_text(survey, unit->chosen->stat->path);
	WIRE_SET(fact, masked, unit->is_masked);
	for (guint i = 0; !unit->is_masked && i < unit->dropins->len; i++) {
		const struct dropin *dropin = &g_array_index(unit->dropins, struct dropin, i);

		if (!is_dev_null(dropin->stat))
			g_ptr_array_add(dropins, survey_text(survey, dropin->stat->path));
	}
	fact->dropin = survey_list(survey, dropins, &fact->n_dropin);
	fact->exec_path = survey_text(survey, unit->exec_path);
	fact->exec_file = survey_text(survey, unit->exec_file);
	fact->listen = text_list(survey, unit->listens, &fact->n_listen);
	fact->environment_file =
		text_list(survey, unit->environment_files, &fact->n_environment_file);
	if (unit->id == UNIT_DOCKER_SERVICE)
		fact->option = options_of_dockerd(survey, (const char *const *)unit->exec_words,
						  &fact->n_option);
	return fact;
}

static gint compare_units(gconstpointer a, gconstpointer b)
{
	return strcmp((*(const Plimsoll__Unit *const *)a)->name,
		      (*(const Plimsoll__Unit *const *)b)->name);
}

static void finish(struct survey *survey)
{
	g_autoptr(GPtrArray) facts = g_ptr_array_new();

	for (guint id = 0; id < UNIT_COUNT; id++) {
		const struct unit *unit = &survey->units->units[id];
		g_autofree char *source = g_strconcat("unit:", units[id].name, NULL);

		g_ptr_array_add(facts, make_fact(survey, unit));
		survey_fetch(survey, source, "unit", &unit->state);
	}
	g_ptr_array_sort(facts, compare_units);
	survey->facts->unit = survey_list(survey, facts, &survey->facts->n_unit);
}

static void done(struct survey *survey)
{
	for (guint id = 0; survey->units != NULL && id < UNIT_COUNT; id++)
		done_unit(&survey->units->units[id]);
	g_free(survey->units);
}

const struct collector unit_collector = {
	.name = "unit",
	.want = {want_system_units, want_dropins, read_system_units, read_user_units},
	.finish = finish,
	.done = done,
};
