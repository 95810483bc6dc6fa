/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EFFECTIVE(option) (RULES 0.5): what the running dockerd made of its command line, its
 * configuration file and its defaults. The file counts only while it is certain that dockerd read
 * it as it is now; a process that was not seen has no settings at all.
 */
#include "checks/derive/derive_setting.h"
#include "checks/derive/derive_internal.h"
#include "checks/derive/derive_path.h"

enum { START_SLACK_S = 2 }; /* file times and process start are rounded differently */

/*
 * PAIRS: a list of "k=v", each of which counts. MAP: the same on the command line, an object in the
 * file; of one key the last value counts.
 */
enum option_type { OPTION_BOOLEAN, OPTION_TEXT, OPTION_LIST, OPTION_PAIRS, OPTION_MAP };

/* The default of a newer engine differs: see default_text(). */
static const char IP6TABLES_BY_VERSION[] = "";

static const struct option {
	const char *name;      /* in daemon.json */
	const char *argv_name; /* NULL = the same */
	enum option_type type;
	const char *fallback; /* engine default of scalars */
} options[] = {
	{"authorization-plugins", "authorization-plugin", OPTION_LIST, NULL},
	{"bridge", NULL, OPTION_TEXT, ""},
	{"cgroup-parent", NULL, OPTION_TEXT, ""},
	{"containerd", NULL, OPTION_TEXT, ""},
	{"data-root", NULL, OPTION_TEXT, NULL},
	{"debug", NULL, OPTION_BOOLEAN, "false"},
	{"default-ulimits", "default-ulimit", OPTION_MAP, NULL},
	{"disable-legacy-registry", NULL, OPTION_BOOLEAN, "false"},
	{"exec-opts", "exec-opt", OPTION_PAIRS, NULL},
	{"experimental", NULL, OPTION_BOOLEAN, "false"},
	{"firewall-backend", NULL, OPTION_TEXT, ""},
	{"group", NULL, OPTION_TEXT, "docker"},
	{"hosts", "host", OPTION_LIST, NULL},
	{"icc", NULL, OPTION_BOOLEAN, "true"},
	{"insecure-registries", "insecure-registry", OPTION_LIST, NULL},
	{"ip", NULL, OPTION_TEXT, "0.0.0.0"},
	{"ip6tables", NULL, OPTION_BOOLEAN, IP6TABLES_BY_VERSION},
	{"iptables", NULL, OPTION_BOOLEAN, "true"},
	{"live-restore", NULL, OPTION_BOOLEAN, "false"},
	{"log-driver", NULL, OPTION_TEXT, "json-file"},
	{"log-level", NULL, OPTION_TEXT, "info"},
	{"log-opts", "log-opt", OPTION_MAP, NULL},
	{"no-new-privileges", NULL, OPTION_BOOLEAN, "false"},
	{"seccomp-profile", NULL, OPTION_TEXT, ""},
	{"selinux-enabled", NULL, OPTION_BOOLEAN, "false"},
	{"storage-driver", NULL, OPTION_TEXT, ""},
	{"storage-opts", "storage-opt", OPTION_PAIRS, NULL},
	{"tls", NULL, OPTION_BOOLEAN, "false"},
	{"tlscacert", NULL, OPTION_TEXT, ""},
	{"tlscert", NULL, OPTION_TEXT, ""},
	{"tlskey", NULL, OPTION_TEXT, ""},
	{"tlsverify", NULL, OPTION_BOOLEAN, "false"},
	{"userland-proxy", NULL, OPTION_BOOLEAN, "true"},
	{"userns-remap", NULL, OPTION_TEXT, ""},
};

static bool is_list(const struct option *option)
{
	return option->type >= OPTION_LIST;
}

const char *derive_option_place_text(enum option_place place)
{
	static const char *const texts[] = {
		[OPTION_NOWHERE] = NULL,          [OPTION_ARGV] = "argv",
		[OPTION_EXECSTART] = "ExecStart", [OPTION_FILE] = "daemon.json",
		[OPTION_DEFAULT] = "default",
	};

	return texts[place];
}

/* --- one place --- */

/* pflag's booleans; NULL for anything else. */
static const char *boolean_text(const char *text)
{
	static const char *const yes[] = {"1", "t", "T", "TRUE", "true", "True"};
	static const char *const no[] = {"0", "f", "F", "FALSE", "false", "False"};

	for (guint i = 0; i < G_N_ELEMENTS(yes); i++) {
		if (strcmp(text, yes[i]) == 0)
			return "true";
		if (strcmp(text, no[i]) == 0)
			return "false";
	}
	return NULL;
}

static void set_scalar(struct derivation *d, const struct option *option, const char *text,
		       struct option_value *value)
{
	value->trouble = NULL;
	value->text = text;
	if (text == NULL)
		value->trouble = derive_text(d, "the value of %s was not seen", option->name);
	else if (option->type == OPTION_BOOLEAN && boolean_text(text) == NULL)
		value->trouble = derive_text(d, "the value of %s is no boolean", option->name);
	else if (option->type == OPTION_BOOLEAN)
		value->text = boolean_text(text);
}

static struct option_pair *find_pair(const struct option_value *value, const char *key)
{
	for (guint i = 0; key != NULL && i < value->n_pairs; i++)
		if (g_strcmp0(value->pairs[i].key, key) == 0)
			return &value->pairs[i];
	return NULL;
}

/* Adds a value of a list; "k=v" is split. Masked values keep what they have of a name. */
static void add_pair(struct derivation *d, const struct option *option, const char *key,
		     const char *text, struct option_value *value)
{
	const char *equals = text != NULL ? strchr(text, '=') : NULL;
	struct option_pair *pairs, *earlier = NULL;

	if (option->type >= OPTION_PAIRS && key == NULL && equals != NULL) {
		key = arena_strndup(d->arena, text, (size_t)(equals - text));
		text = equals + 1;
	}
	if (option->type == OPTION_MAP)
		earlier = find_pair(value, key);
	if (earlier != NULL) {
		earlier->value = text;
		return;
	}
	if ((value->n_pairs & (value->n_pairs - 1)) == 0) { /* full, or still without memory */
		pairs = arena_calloc(d->arena, MAX(2 * value->n_pairs, 1u), sizeof(*pairs));
		if (value->n_pairs > 0)
			memcpy(pairs, value->pairs, value->n_pairs * sizeof(*pairs));
		value->pairs = pairs;
	}
	value->pairs[value->n_pairs++] = (struct option_pair){key, text};
}

static struct option_value read_arguments(struct derivation *d, const struct option *option,
					  Plimsoll__DockerdOption *const *arguments, size_t n,
					  enum option_place place)
{
	const char *name = option->argv_name != NULL ? option->argv_name : option->name;
	struct option_value value = {.place = OPTION_NOWHERE};

	for (size_t i = 0; i < n; i++) {
		const Plimsoll__DockerdOption *argument = arguments[i];
		bool is_older_name = strcmp(option->name, "data-root") == 0 &&
				     g_strcmp0(argument->name, "graph") == 0;

		if (g_strcmp0(argument->name, name) != 0 && !is_older_name)
			continue;
		value.place = place;
		if (is_list(option))
			add_pair(d, option, NULL, argument->value, &value);
		else
			set_scalar(d, option, argument->value, &value);
		if (argument->has_bad && argument->bad)
			value.trouble = derive_text(d, "the value of %s does not parse", name);
		if (!is_list(option) && argument->has_masked && argument->masked)
			value.trouble = derive_text(d, "the value of %s was masked", name);
	}
	return value;
}

static const Plimsoll__ConfigOption *find_config_option(const struct derivation *d,
							const char *name)
{
	const char *path = d->out->place->config_path;

	for (size_t i = 0; path != NULL && i < d->facts->n_config_option; i++) {
		const Plimsoll__ConfigOption *option = d->facts->config_option[i];

		if (g_strcmp0(option->name, name) == 0 && g_strcmp0(option->path, path) == 0)
			return option;
	}
	return NULL;
}

static bool is_json_type(const Plimsoll__ConfigOption *seen, const struct option *option)
{
	switch (option->type) {
	case OPTION_BOOLEAN:
		return seen->json_type == PLIMSOLL__CONFIG_OPTION__JSON_TYPE__BOOL;
	case OPTION_TEXT:
		return seen->json_type == PLIMSOLL__CONFIG_OPTION__JSON_TYPE__STRING;
	case OPTION_LIST:
		return seen->json_type == PLIMSOLL__CONFIG_OPTION__JSON_TYPE__LIST;
	case OPTION_PAIRS:
	case OPTION_MAP:
		return seen->json_type == PLIMSOLL__CONFIG_OPTION__JSON_TYPE__LIST ||
		       seen->json_type == PLIMSOLL__CONFIG_OPTION__JSON_TYPE__OBJECT;
	}
	return false;
}

static struct option_value read_file(struct derivation *d, const struct option *option)
{
	const Plimsoll__ConfigOption *seen = find_config_option(d, option->name);
	struct option_value value = {.place = OPTION_NOWHERE};

	if (seen == NULL && strcmp(option->name, "data-root") == 0)
		seen = find_config_option(d, "graph");
	if (seen == NULL ||
	    (seen->has_json_type && seen->json_type == PLIMSOLL__CONFIG_OPTION__JSON_TYPE__NULL))
		return value;
	value.place = OPTION_FILE;
	if (!seen->has_json_type) {
		value.trouble = derive_text(d, "the type of %s was not seen", option->name);
	} else if (!is_json_type(seen, option)) {
		value.trouble = derive_text(d, "%s has a type that dockerd refuses", option->name);
	} else if (seen->has_masked && seen->masked) {
		value.trouble = derive_text(d, "the value of %s was masked", option->name);
	} else if (is_list(option)) {
		for (size_t i = 0; i < seen->n_item; i++)
			add_pair(d, option, seen->item[i]->key, seen->item[i]->value, &value);
		if (seen->n_item == 0)
			value.place = OPTION_NOWHERE;
	} else if (seen->value != NULL && *seen->value == '\0') {
		value.place = OPTION_NOWHERE; /* "" is as good as unset */
	} else {
		set_scalar(d, option, seen->value, &value);
	}
	return value;
}

static struct option_value read_default(struct derivation *d, const struct option *option)
{
	struct option_value value = {.place = OPTION_DEFAULT, .text = option->fallback};
	const Derived__Place *place = d->out->place;
	bool modern = false;

	if (option->fallback == IP6TABLES_BY_VERSION) {
		if (d->engine != NULL &&
		    derive_version_at_least(d->engine->version, 27, 0, &modern))
			value.text = modern ? "true" : "false";
		else
			value.trouble = "the default of ip6tables depends on the engine's release";
	} else if (strcmp(option->name, "data-root") == 0) {
		if (place->has_rootless && !place->rootless)
			value.text = "/var/lib/docker";
		else if (d->serving != NULL && d->serving->home != NULL)
			value.text = derive_text(d, "%s/.local/share/docker", d->serving->home);
		else
			value.trouble = "the default data root depends on the engine's user";
	}
	return value;
}

/* --- what the places say together --- */

static struct option_value read_command_line(struct derivation *d, const struct option *option)
{
	const Plimsoll__Unit *unit = derive_unit(d, "docker.service");

	if (d->serving != NULL)
		return read_arguments(d, option, d->serving->option, d->serving->n_option,
				      OPTION_ARGV);
	if (unit != NULL)
		return read_arguments(d, option, unit->option, unit->n_option, OPTION_EXECSTART);
	return (struct option_value){.place = OPTION_NOWHERE};
}

static struct option_value configured_value(struct derivation *d, const struct option *option)
{
	struct option_value value = read_command_line(d, option);

	if (value.place == OPTION_NOWHERE)
		value = read_file(d, option);
	if (value.place == OPTION_NOWHERE && derive_config_reason(d).code == NULL)
		value = read_default(d, option);
	return value;
}

static const Plimsoll__ConfigFile *config_file(const struct derivation *d)
{
	const char *path = d->out->place->config_path;

	for (size_t i = 0; path != NULL && i < d->facts->n_config_file; i++)
		if (g_strcmp0(d->facts->config_file[i]->path, path) == 0)
			return d->facts->config_file[i];
	return NULL;
}

struct reason derive_config_reason(struct derivation *d)
{
	const Plimsoll__ConfigFile *file = config_file(d);
	const char *path = d->out->place->config_path;

	if (path == NULL)
		return (struct reason){"UK", "the place of the configuration file is not known"};
	if (*path == '\0') /* dockerd was told to read none */
		return REASON_OK;
	if (file == NULL || !file->has_status)
		return (struct reason){"UK", derive_text(d, "%s was not read", path)};
	if (file->status == PLIMSOLL__FETCH__STATUS__ABSENT)
		return REASON_OK;
	if (file->status == PLIMSOLL__FETCH__STATUS__PERMISSION)
		return (struct reason){"UK_PERM", path};
	if (file->status == PLIMSOLL__FETCH__STATUS__PARSE_ERROR ||
	    (file->has_parse_ok && !file->parse_ok))
		return (struct reason){"UK_STALE", derive_text(d, "%s does not parse", path)};
	if (file->status != PLIMSOLL__FETCH__STATUS__OK || !file->has_parse_ok)
		return (struct reason){"UK", derive_text(d, "%s could not be read", path)};
	return REASON_OK;
}

static bool is_config_path_given(const struct derivation *d)
{
	for (size_t i = 0; i < d->serving->n_option; i++)
		if (g_strcmp0(d->serving->option[i]->name, "config-file") == 0)
			return true;
	return false;
}

/* Whether dockerd may have read the file before it became what it is now. */
static bool is_file_stale(const struct derivation *d)
{
	const Plimsoll__ConfigFile *file = config_file(d);
	int64_t limit;

	if (*d->out->place->config_path == '\0')
		return false;
	if (file->status == PLIMSOLL__FETCH__STATUS__ABSENT)
		/* dockerd does not start without a file that it was told to read */
		return is_config_path_given(d);
	if (!file->has_mtime || !file->has_ctime || !d->serving->has_start_at)
		return true;
	limit = d->serving->start_at;
	/* A clock that was put forward since has moved the start with it, the file's times not. */
	if (d->serving->has_pid_file_at)
		limit = MIN(limit, d->serving->pid_file_at);
	limit += START_SLACK_S;
	return file->mtime > limit || file->ctime > limit;
}

static bool is_folder_of(const char *folder, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t length = slash != NULL ? (size_t)(slash - path) : 0;

	return length > 0 && strncmp(folder, path, length) == 0 && folder[length] == '\0';
}

/* A mount over the file or its folder: it hides what dockerd read if it came later. */
static const char *mount_over_file(struct derivation *d)
{
	const char *path = derive_path_real(d, d->out->place->config_path);

	for (size_t i = 0; path != NULL && i < d->facts->n_mount; i++) {
		const char *point = d->facts->mount[i]->mount_point;

		if (point == NULL)
			return "a file system";
		if (strcmp(point, path) == 0 || is_folder_of(point, path))
			return point;
	}
	return NULL;
}

/* Why neither the file nor the defaults can be believed. */
static struct reason file_reason(struct derivation *d)
{
	struct reason reason = derive_config_reason(d);
	const char *mount = mount_over_file(d);

	for (size_t i = 0; i < d->facts->n_config_option; i++)
		if (d->facts->config_option[i]->name == NULL ||
		    d->facts->config_option[i]->path == NULL)
			return (struct reason){"UK", "an option of the file has no name"};

	if (reason.code == NULL && is_file_stale(d))
		return (struct reason){"UK_STALE", d->out->place->config_path};
	if (reason.code == NULL && mount != NULL)
		return (struct reason){"UK_STALE",
				       derive_text(d, "when %s was mounted is not visible", mount)};
	return reason;
}

/* An option whose name is missing could be any option. */
static bool is_nameless(Plimsoll__DockerdOption *const *arguments, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (arguments[i]->name == NULL)
			return true;
	return false;
}

static struct reason process_reason(struct derivation *d)
{
	const Derived__Place *place = d->out->place;

	if (d->serving == NULL)
		return (struct reason){place->serving_state, place->serving_detail};
	if (!d->serving->has_argv_seen || !d->serving->argv_seen ||
	    is_nameless(d->serving->option, d->serving->n_option))
		return (struct reason){"UK_PERM", "the command line of dockerd"};
	return REASON_OK;
}

/* --- rows --- */

static char *joined_pairs(struct derivation *d, const struct option_value *value)
{
	g_autoptr(GString) text = g_string_new("");

	for (guint i = 0; i < value->n_pairs; i++) {
		const struct option_pair *pair = &value->pairs[i];

		g_string_append(text, i > 0 ? ", " : "");
		if (pair->key != NULL)
			g_string_append_printf(text, "%s=", pair->key);
		g_string_append(text, pair->value != NULL ? pair->value : "...");
	}
	return arena_strdup(d->arena, text->str);
}

static void add_items(struct derivation *d, const Derived__Setting *row,
		      const struct option_value *value)
{
	for (guint i = 0; i < value->n_pairs; i++) {
		Derived__SettingItem *item = derive_new(d, &derived__setting_item__descriptor);

		item->name = row->name;
		item->key = arena_strdup(d->arena, value->pairs[i].key);
		item->value = arena_strdup(d->arena, value->pairs[i].value);
		item->source = row->source;
		DERIVE_ADD(d, setting_item, item);
	}
}

static void set_value(struct derivation *d, const struct option *option,
		      const struct option_value *value, Derived__Setting *row)
{
	row->source = arena_strdup(d->arena, derive_option_place_text(value->place));
	WIRE_SET(row, is_set, value->place != OPTION_DEFAULT);
	if (is_list(option)) {
		WIRE_SET(row, items, value->n_pairs);
		add_items(d, row, value);
	} else {
		row->value = arena_strdup(d->arena, value->text);
	}
}

static void set_configured(struct derivation *d, const struct option *option, Derived__Setting *row)
{
	struct option_value value = configured_value(d, option);

	if (value.trouble == NULL && value.place != OPTION_NOWHERE)
		row->configured = is_list(option) ? joined_pairs(d, &value)
						  : arena_strdup(d->arena, value.text);
	row->configured_source = arena_strdup(d->arena, derive_option_place_text(value.place));
}

/* Command line, file, default: the first that sets the option, or why that cannot be told. */
static struct reason resolve(struct derivation *d, const struct option *option,
			     Derived__Setting *row, struct option_value *ret_value)
{
	struct reason reason = process_reason(d);
	struct option_value file;

	if (reason.code != NULL)
		return reason;
	*ret_value = read_command_line(d, option);
	file = read_file(d, option);
	if (ret_value->place != OPTION_NOWHERE) {
		WIRE_SET(row, conflict, file.place != OPTION_NOWHERE);
	} else {
		reason = file_reason(d);
		if (reason.code != NULL) {
			WIRE_SET(row, stale, strcmp(reason.code, "UK_STALE") == 0);
			return reason;
		}
		*ret_value = file.place != OPTION_NOWHERE ? file : read_default(d, option);
	}
	if (ret_value->trouble != NULL)
		return (struct reason){"UK", ret_value->trouble};
	return REASON_OK;
}

void derive_settings(struct derivation *d)
{
	for (guint i = 0; i < G_N_ELEMENTS(options); i++) {
		Derived__Setting *row = derive_new(d, &derived__setting__descriptor);
		struct option_value value = {.place = OPTION_NOWHERE};
		struct reason reason;

		row->name = arena_strdup(d->arena, options[i].name);
		set_configured(d, &options[i], row);
		reason = resolve(d, &options[i], row, &value);
		derive_set_state(d, reason, &row->state, &row->detail, &row->reason);
		if (reason.code == NULL)
			set_value(d, &options[i], &value, row);
		DERIVE_ADD(d, setting, row);
	}
}

const Derived__Setting *derive_setting(const struct derivation *d, const char *name)
{
	for (size_t i = 0; i < d->out->n_setting; i++)
		if (strcmp(d->out->setting[i]->name, name) == 0)
			return d->out->setting[i];
	g_assert_not_reached();
}

bool derive_setting_is(const struct derivation *d, const char *name, const char *value)
{
	const Derived__Setting *row = derive_setting(d, name);

	return strcmp(row->state, "ok") == 0 && g_strcmp0(row->value, value) == 0;
}

struct option_value derive_setting_configured(struct derivation *d, const char *name)
{
	for (guint i = 0; i < G_N_ELEMENTS(options); i++)
		if (strcmp(options[i].name, name) == 0)
			return configured_value(d, &options[i]);
	g_assert_not_reached();
}
