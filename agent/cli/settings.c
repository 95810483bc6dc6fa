/* SPDX-License-Identifier: Apache-2.0 */
/* See settings.h. One table says which keys there are. */
#include "agent/cli/settings.h"

#include <stddef.h>
#include <string.h>

#include "agent/cli/command.h"
#include "agent/ship/schedule.h"

#define GROUP "agent"

static const struct {
	const char *key;
	size_t text; /* offset of a text in struct settings */
} text_keys[] = {
	{"state", offsetof(struct settings, state_dir)},
	{"docker_host", offsetof(struct settings, engine.docker_host)},
	{"tlscacert", offsetof(struct settings, engine.tls_ca)},
	{"tlscert", offsetof(struct settings, engine.tls_cert)},
	{"tlskey", offsetof(struct settings, engine.tls_key)},
	{"root", offsetof(struct settings, root_dir)},
	{"proxy", offsetof(struct settings, proxy)},
};
static const char *const all_keys[] = {"state",  "docker_host", "tlsverify", "tlscacert", "tlscert",
				       "tlskey", "root",        "proxy",     "interval"};

GQuark settings_error_quark(void)
{
	return g_quark_from_static_string("plimsoll-settings-error");
}

static void replace(char **place, const char *text)
{
	if (text == NULL)
		return;
	g_free(*place);
	*place = g_strdup(text);
}

static char **text_at(struct settings *settings, size_t offset)
{
	return (char **)(void *)((char *)settings + offset);
}

static bool refuse_key(const char *path, const char *key, GError **error)
{
	const char *nearest = command_suggest(key, all_keys, G_N_ELEMENTS(all_keys));

	g_set_error(error, SETTINGS_ERROR, 0, "%s: [" GROUP "] %s: no such key%s%s%s", path, key,
		    nearest == NULL ? "" : "; did you mean '", nearest == NULL ? "" : nearest,
		    nearest == NULL ? "" : "'?");
	return false;
}

static bool take_interval(struct settings *settings, const char *path, const char *value,
			  GError **error)
{
	guint64 seconds = 0;

	if (!g_ascii_string_to_unsigned(value, 10, SCHEDULE_MIN_PERIOD_S, SCHEDULE_MAX_PERIOD_S,
					&seconds, NULL)) {
		g_set_error(error, SETTINGS_ERROR, 0,
			    "%s: [" GROUP "] interval: expected seconds from %d to %d", path,
			    SCHEDULE_MIN_PERIOD_S, SCHEDULE_MAX_PERIOD_S);
		return false;
	}
	settings->period_s = (guint)seconds;
	return true;
}

static bool take_verify(struct settings *settings, const char *path, const char *value,
			GError **error)
{
	bool is_on = strcmp(value, "true") == 0;

	settings->engine.tls_verify = is_on;
	if (is_on || strcmp(value, "false") == 0)
		return true;
	g_set_error(error, SETTINGS_ERROR, 0, "%s: [" GROUP "] tlsverify: expected true or false",
		    path);
	return false;
}

static bool take_key(struct settings *settings, const char *path, const char *key,
		     const char *value, GError **error)
{
	if (strcmp(key, "interval") == 0)
		return take_interval(settings, path, value, error);
	if (strcmp(key, "tlsverify") == 0)
		return take_verify(settings, path, value, error);
	for (size_t i = 0; i < G_N_ELEMENTS(text_keys); i++) {
		if (strcmp(key, text_keys[i].key) != 0)
			continue;
		replace(text_at(settings, text_keys[i].text), value);
		return true;
	}
	return refuse_key(path, key, error);
}

static bool take_file(struct settings *settings, const char *path, GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autoptr(GError) cause = NULL;
	g_auto(GStrv) groups = NULL;
	g_auto(GStrv) keys = NULL;

	if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, &cause)) {
		g_set_error(error, SETTINGS_ERROR, 0, "%s: %s", path, cause->message);
		return false;
	}
	groups = g_key_file_get_groups(file, NULL);
	for (size_t i = 0; groups[i] != NULL; i++) {
		if (strcmp(groups[i], GROUP) == 0)
			continue;
		g_set_error(error, SETTINGS_ERROR, 0, "%s: [%s]: no such group", path, groups[i]);
		return false;
	}
	keys = g_key_file_get_keys(file, GROUP, NULL, NULL);
	for (size_t i = 0; keys != NULL && keys[i] != NULL; i++) {
		g_autofree char *value = g_key_file_get_value(file, GROUP, keys[i], NULL);
		if (value == NULL || !take_key(settings, path, keys[i], value, error))
			return false;
	}
	return true;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool take_drop_ins(struct settings *settings, const char *path, GError **error)
{
	g_autofree char *dir_path = g_strconcat(path, ".d", NULL);
	g_autoptr(GDir) dir = g_dir_open(dir_path, 0, NULL);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	const char *name = NULL;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL)
		if (g_str_has_suffix(name, ".conf"))
			g_ptr_array_add(names, g_build_filename(dir_path, name, NULL));
	g_ptr_array_sort(names, compare_names);
	for (guint i = 0; i < names->len; i++)
		if (!take_file(settings, g_ptr_array_index(names, i), error))
			return false;
	return true;
}

struct settings *settings_load(const struct settings_flags *flags, GError **error)
{
	PLIMSOLL_AUTO(settings) *settings = g_new0(struct settings, 1);
	const char *path = flags->config == NULL ? SETTINGS_FILE : flags->config;

	settings->state_dir = g_strdup(SETTINGS_STATE_DIR);
	settings->period_s = SCHEDULE_DEFAULT_PERIOD_S;
	if ((flags->config != NULL || g_file_test(path, G_FILE_TEST_EXISTS)) &&
	    !take_file(settings, path, error))
		return NULL;
	if (!take_drop_ins(settings, path, error))
		return NULL;
	settings->engine.ignores_contexts = true;
	replace(&settings->engine.docker_host, g_getenv("DOCKER_HOST"));
	replace(&settings->engine.docker_host, flags->docker_host);
	replace(&settings->state_dir, flags->state_dir);
	replace(&settings->root_dir, flags->root_dir);
	return g_steal_pointer(&settings);
}

void settings_free(struct settings *settings)
{
	if (settings == NULL)
		return;
	for (size_t i = 0; i < G_N_ELEMENTS(text_keys); i++)
		g_free(*text_at(settings, text_keys[i].text));
	g_free(settings);
}

void settings_flags_done(struct settings_flags *flags)
{
	g_free(flags->config);
	g_free(flags->state_dir);
	g_free(flags->docker_host);
	g_free(flags->root_dir);
}
