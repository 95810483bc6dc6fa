/* SPDX-License-Identifier: Apache-2.0 */
/* Step 1 of the flow: masks command lines (FACTS 3.1). */
#include "agent/collect/options.h"

#include <string.h>

struct building {
	const struct survey *survey;
	GPtrArray *options;
};

char **options_words(const char *cmdline, size_t size)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new();
	bool is_first = true;

	for (size_t at = 0; cmdline != NULL && at < size;) {
		size_t length = strnlen(cmdline + at, size - at);

		if (!is_first)
			g_ptr_array_add(words, g_strndup(cmdline + at, length));
		is_first = false;
		at += length + 1;
	}
	g_ptr_array_add(words, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&words), FALSE);
}

/* gives: g_free(); NULL: nothing may leave. */
static char *kept_value(const struct pflag_value *value)
{
	g_autofree char *key = NULL;
	g_autofree char *kept = NULL;
	const char *equals = NULL;

	if (value->value == NULL || value->option == NULL || value->option->keep == PFLAG_MASK)
		return NULL;
	if (value->option->keep == PFLAG_KEEP)
		return g_strdup(value->value);
	equals = strchr(value->value, '=');
	if (equals == NULL)
		return NULL;
	key = g_strndup(value->value, (gsize)(equals - value->value));
	kept = pflag_log_option(key, equals + 1);
	return kept == NULL ? NULL : g_strdup_printf("%s=%s", key, kept);
}

static int64_t count_name(const GPtrArray *options, const char *name)
{
	int64_t n = 0;

	for (guint i = 0; i < options->len; i++)
		n += strcmp(((const Plimsoll__DockerdOption *)options->pdata[i])->name, name) == 0;
	return n;
}

static void add_option(const struct pflag_value *value, void *data)
{
	const struct building *building = data;
	const struct survey *survey = building->survey;
	g_autofree char *name = g_strndup(value->name, value->name_size);
	g_autofree char *kept = kept_value(value);
	Plimsoll__DockerdOption *option = NULL;

	if (building->options->len >= LIMIT_LIST_MEMBERS)
		return;
	option = survey_message(survey, &plimsoll__dockerd_option__descriptor);
	/* An unknown name may be a slip that holds a secret ("-psecret"). */
	option->name = survey_text(survey, value->is_known ? name : "unknown");
	option->value = survey_text(survey, kept);
	WIRE_SET(option, masked, kept == NULL && value->value != NULL);
	WIRE_SET(option, list_index, count_name(building->options, option->name));
	WIRE_SET(option, bad, value->is_known && value->is_bad);
	g_ptr_array_add(building->options, option);
}

static guint count_words(const char *const *words)
{
	guint n = 0;

	while (words != NULL && words[n] != NULL)
		n++;
	return n;
}

Plimsoll__DockerdOption **options_of_dockerd(const struct survey *survey, const char *const *words,
					     size_t *ret_n)
{
	g_autoptr(GPtrArray) options = g_ptr_array_new();
	struct building building = {.survey = survey, .options = options};

	pflag_parse(pflag_dockerd_options, words, count_words(words), add_option, &building);
	return survey_list(survey, options, ret_n);
}

struct search {
	const char *name;
	GPtrArray *values;
};

static void note_value(const struct pflag_value *value, void *data)
{
	const struct search *search = data;

	if (value->is_known && value->value != NULL && strcmp(value->name, search->name) == 0)
		g_ptr_array_add(search->values, g_strdup(value->value));
}

GPtrArray *options_all(const struct pflag_option *table, const char *const *words, const char *name)
{
	struct search search = {
		.name = name,
		.values = g_ptr_array_new_with_free_func(g_free),
	};

	pflag_parse(table, words, count_words(words), note_value, &search);
	return search.values;
}

char *options_last(const struct pflag_option *table, const char *const *words, const char *name)
{
	g_autoptr(GPtrArray) values = options_all(table, words, name);

	return values->len == 0 ? NULL : g_strdup(values->pdata[values->len - 1]);
}
