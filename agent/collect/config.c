/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 1 of the flow: daemon.json (FACTS 3.2). Values leave the host by an allow list of keys; of
 * every other key, the name and the type.
 */
#include "agent/collect/config.h"

#include <string.h>

#include "agent/collect/dockerd.h"
#include "agent/collect/options.h"
#include "agent/collect/unit.h"

enum { MAX_DOCUMENTS = 16 };

static const char default_path[] = "/etc/docker/daemon.json";

/* Keys whose scalars and lists leave the host as they are. */
static const char *const kept_keys[] = {
	"authorization-plugins",
	"bridge",
	"cgroup-parent",
	"data-root",
	"debug",
	"disable-legacy-registry",
	"experimental",
	"firewall-backend",
	"graph",
	"group",
	"hosts",
	"icc",
	"insecure-registries",
	"ip",
	"ip6tables",
	"iptables",
	"live-restore",
	"log-driver",
	"log-level",
	"no-new-privileges",
	"seccomp-profile",
	"selinux-enabled",
	"storage-driver",
	"storage-opts",
	"tls",
	"tlscacert",
	"tlscert",
	"tlskey",
	"tlsverify",
	"userland-proxy",
	"userns-remap",
	NULL,
};

struct document {
	const struct host_read *read;
	const struct host_stat *stat; /* for links and folders on the way */
	bool is_parsed;
	struct json *root; /* NULL: no object */
	struct json_place place;
	const char *error; /* our own words: the parser's quote the file */
};

struct config_survey {
	struct document documents[MAX_DOCUMENTS];
	guint n_documents;
};

static void want_document(struct survey *survey, const char *path)
{
	struct config_survey *config = survey->config;

	if (path == NULL || path[0] != '/' || config->n_documents == MAX_DOCUMENTS)
		return;
	for (guint i = 0; i < config->n_documents; i++) {
		if (strcmp(config->documents[i].read->path, path) == 0)
			return;
	}
	config->documents[config->n_documents++] = (struct document){
		.read = host_want_read(survey->batch, path, LIMIT_FILE_BYTES),
		.stat = host_want_stat(survey->batch, path),
	};
}

static void want_default(struct survey *survey)
{
	survey->config = g_new0(struct config_survey, 1);
	want_document(survey, default_path);
}

static void want_from_argv(struct survey *survey)
{
	const char *home = dockerd_user_home(survey);
	g_autofree char *of_user =
		home == NULL ? NULL : g_build_filename(home, ".config/docker/daemon.json", NULL);

	want_document(survey, of_user);
	for (guint i = 0; i < dockerd_count(survey); i++) {
		g_autofree char *path = options_last(pflag_dockerd_options,
						     dockerd_words(survey, i), "config-file");

		want_document(survey, path);
	}
}

static void want_from_unit(struct survey *survey)
{
	g_autofree char *path = options_last(
		pflag_dockerd_options, unit_exec_words(survey, UNIT_DOCKER_SERVICE), "config-file");

	want_document(survey, path);
}

static void parse(struct document *document)
{
	struct json *root = NULL;
	bool is_answered = document->read->state.status == PLIMSOLL__FETCH__STATUS__OK;

	if (document->is_parsed || !is_answered)
		return;
	document->is_parsed = true;
	root = json_parse(document->read->data, document->read->size, &document->place, NULL);
	if (root == NULL) {
		document->error = "not valid JSON";
	} else if (!json_is(root, JSON_KIND_OBJECT)) {
		document->error = "not a JSON object";
		json_free(root);
	} else {
		document->root = root;
	}
}

GPtrArray *config_texts(const struct survey *survey, const char *key)
{
	GPtrArray *texts = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < survey->config->n_documents; i++) {
		struct document *document = &survey->config->documents[i];
		const struct json *value = NULL;
		const char *text = NULL;

		parse(document);
		value = json_get(document->root, key);
		text = json_as_string(value, NULL);
		if (text != NULL)
			g_ptr_array_add(texts, g_strdup(text));
		for (size_t k = 0; json_is(value, JSON_KIND_ARRAY) && k < json_length(value); k++) {
			text = json_as_string(json_at(value, k), NULL);
			if (text != NULL)
				g_ptr_array_add(texts, g_strdup(text));
		}
	}
	return texts;
}

/* ---- the facts ---- */

struct building {
	const struct survey *survey;
	const char *path;
	GPtrArray *options; /* Plimsoll__ConfigOption* */
};

struct items {
	const struct survey *survey;
	const char *option; /* name of the top-level key */
	GPtrArray *list;    /* Plimsoll__ConfigItem* */
};

/* A scalar as text. gives: g_free(); NULL: no scalar, or a text with a NUL inside. */
static char *scalar_text(const struct json *value)
{
	size_t size = 0;
	const char *text = json_as_string(value, &size);
	int64_t number = 0;
	bool flag = false;

	if (text != NULL)
		return strlen(text) == size ? g_strdup(text) : NULL;
	if (json_as_boolean(value, &flag))
		return g_strdup(flag ? "true" : "false");
	if (json_as_integer(value, &number))
		return g_strdup_printf("%" G_GINT64_FORMAT, number);
	return NULL;
}

static Plimsoll__ConfigOption__JsonType type_of(const struct json *value)
{
	switch (json_kind(value)) {
	case JSON_KIND_BOOL:
		return PLIMSOLL__CONFIG_OPTION__JSON_TYPE__BOOL;
	case JSON_KIND_INTEGER:
	case JSON_KIND_REAL:
		return PLIMSOLL__CONFIG_OPTION__JSON_TYPE__NUMBER;
	case JSON_KIND_STRING:
		return PLIMSOLL__CONFIG_OPTION__JSON_TYPE__STRING;
	case JSON_KIND_ARRAY:
		return PLIMSOLL__CONFIG_OPTION__JSON_TYPE__LIST;
	case JSON_KIND_OBJECT:
		return PLIMSOLL__CONFIG_OPTION__JSON_TYPE__OBJECT;
	case JSON_KIND_NULL:
		break;
	}
	return PLIMSOLL__CONFIG_OPTION__JSON_TYPE__NULL;
}

static void add_item(const struct items *items, const char *key, const char *value)
{
	Plimsoll__ConfigItem *item = NULL;

	if (items->list->len >= LIMIT_LIST_MEMBERS)
		return;
	item = survey_message(items->survey, &plimsoll__config_item__descriptor);
	item->key = survey_text(items->survey, key);
	item->value = survey_text(items->survey, value);
	g_ptr_array_add(items->list, item);
}

static int64_t limit_of(const struct json *object, const char *upper, const char *lower)
{
	int64_t number = 0;

	if (!json_as_integer(json_get(object, upper), &number))
		(void)json_as_integer(json_get(object, lower), &number);
	return number;
}

static void add_ulimit(const char *key, const struct json *value, void *data)
{
	g_autofree char *text =
		g_strdup_printf("%" G_GINT64_FORMAT ":%" G_GINT64_FORMAT,
				limit_of(value, "Soft", "soft"), limit_of(value, "Hard", "hard"));

	add_item(data, key, text);
}

static void add_log_option(const char *key, const struct json *value, void *data)
{
	const char *text = json_as_string(value, NULL);
	g_autofree char *kept = text == NULL ? NULL : pflag_log_option(key, text);

	add_item(data, key, kept);
}

static void add_feature(const char *key, const struct json *value, void *data)
{
	g_autofree char *text = scalar_text(value);

	if (strcmp(key, "containerd-snapshotter") == 0)
		add_item(data, key, text);
}

static const struct {
	const char *option;
	void (*add)(const char *key, const struct json *value, void *data);
} objects[] = {
	{"default-ulimits", add_ulimit},
	{"features", add_feature},
	{"log-opts", add_log_option},
};

static bool add_object_items(const struct items *items, const struct json *value)
{
	for (guint i = 0; i < G_N_ELEMENTS(objects); i++) {
		if (strcmp(objects[i].option, items->option) != 0)
			continue;
		json_each(value, objects[i].add, (gpointer)(uintptr_t)items);
		return true;
	}
	return false;
}

/* Of exec-opts the one that says who manages cgroups; of the others, that they are there. */
static void add_exec_options(const struct items *items, const struct json *list)
{
	for (size_t i = 0; i < json_length(list); i++) {
		const char *text = json_as_string(json_at(list, i), NULL);
		bool is_kept = text != NULL && g_str_has_prefix(text, "native.cgroupdriver=");

		add_item(items, NULL, is_kept ? text : NULL);
	}
}

static bool add_list_items(const struct items *items, const struct json *list)
{
	if (strcmp(items->option, "exec-opts") == 0) {
		add_exec_options(items, list);
		return true;
	}
	if (!g_strv_contains(kept_keys, items->option))
		return false;
	for (size_t i = 0; i < json_length(list); i++) {
		g_autofree char *text = scalar_text(json_at(list, i));

		add_item(items, NULL, text);
	}
	return true;
}

static void add_option(const char *key, const struct json *value, void *data)
{
	const struct building *building = data;
	const struct survey *survey = building->survey;
	g_autoptr(GPtrArray) list = g_ptr_array_new();
	struct items items = {.survey = survey, .option = key, .list = list};
	Plimsoll__ConfigOption *option = NULL;
	g_autofree char *text = NULL;
	bool is_kept = true;

	if (building->options->len >= LIMIT_LIST_MEMBERS)
		return;
	option = survey_message(survey, &plimsoll__config_option__descriptor);
	option->path = survey_text(survey, building->path);
	option->name = survey_text(survey, key);
	WIRE_SET(option, json_type, type_of(value));
	WIRE_SET(option, line, json_line(value));
	if (json_is(value, JSON_KIND_OBJECT)) {
		is_kept = add_object_items(&items, value);
	} else if (json_is(value, JSON_KIND_ARRAY)) {
		is_kept = add_list_items(&items, value);
	} else if (!json_is(value, JSON_KIND_NULL)) {
		text = g_strv_contains(kept_keys, key) ? scalar_text(value) : NULL;
		option->value = survey_text(survey, text);
		is_kept = text != NULL;
	}
	WIRE_SET(option, masked, !is_kept);
	option->item = survey_list(survey, list, &option->n_item);
	g_ptr_array_add(building->options, option);
}

static Plimsoll__ConfigFile *make_file(const struct survey *survey, const struct document *document)
{
	Plimsoll__ConfigFile *fact = survey_message(survey, &plimsoll__config_file__descriptor);

	fact->path = survey_text(survey, document->read->path);
	WIRE_SET(fact, status, document->read->state.status);
	if (!document->is_parsed)
		return fact;
	WIRE_SET(fact, mtime, document->read->mtime_s);
	/* A link that was turned to another file is a change of what dockerd reads, and so is a
	 * folder that was put in the place of another one. */
	WIRE_SET(fact, ctime,
		 MAX(document->read->ctime_s,
		     MAX(document->stat->link_ctime_s, document->stat->move_ctime_s)));
	WIRE_SET(fact, parse_ok, document->root != NULL);
	if (document->root != NULL)
		return fact;
	fact->error = survey_text(survey, document->error);
	if (document->place.line > 0) {
		WIRE_SET(fact, error_line, document->place.line);
		WIRE_SET(fact, error_column, document->place.column);
	}
	return fact;
}

static gint compare_files(gconstpointer a, gconstpointer b)
{
	return strcmp((*(const Plimsoll__ConfigFile *const *)a)->path,
		      (*(const Plimsoll__ConfigFile *const *)b)->path);
}

static gint compare_options(gconstpointer a, gconstpointer b)
{
	const Plimsoll__ConfigOption *left = *(const Plimsoll__ConfigOption *const *)a;
	const Plimsoll__ConfigOption *right = *(const Plimsoll__ConfigOption *const *)b;
	int order = strcmp(left->path, right->path);

	return order != 0 ? order : strcmp(left->name, right->name);
}

static void note_document(struct survey *survey, const struct document *document)
{
	g_autofree char *source = g_strconcat("file:", document->read->path, NULL);
	struct host_state state = document->read->state;

	if (document->error != NULL) {
		state.status = PLIMSOLL__FETCH__STATUS__PARSE_ERROR;
		state.detail = document->error;
	}
	survey_fetch(survey, source, "config", &state);
}

static void finish(struct survey *survey)
{
	const struct config_survey *config = survey->config;
	g_autoptr(GPtrArray) files = g_ptr_array_new();
	g_autoptr(GPtrArray) options = g_ptr_array_new();

	for (guint i = 0; i < config->n_documents; i++) {
		struct document *document = &survey->config->documents[i];
		struct building building = {
			.survey = survey,
			.path = document->read->path,
			.options = options,
		};

		parse(document);
		g_ptr_array_add(files, make_file(survey, document));
		if (document->root != NULL)
			json_each(document->root, add_option, &building);
		note_document(survey, document);
	}
	g_ptr_array_sort(files, compare_files);
	g_ptr_array_sort(options, compare_options);
	survey->facts->config_file = survey_list(survey, files, &survey->facts->n_config_file);
	survey->facts->config_option =
		survey_list(survey, options, &survey->facts->n_config_option);
}

static void done(struct survey *survey)
{
	for (guint i = 0; survey->config != NULL && i < survey->config->n_documents; i++)
		json_free(survey->config->documents[i].root);
	g_free(survey->config);
}

const struct collector config_collector = {
	.name = "config",
	.want = {want_default, want_from_argv, want_from_unit},
	.finish = finish,
	.done = done,
};
