/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See parameters.h. A value is brought into one form when it is set: lists sorted, each member
 * once, so that the same decision has the same hash however it is written.
 */
#include "server/parameters.h"

#include <string.h>

#include "proto/wire.h"
#include "server/ini.h"
#include "server/labels.h"

enum { HOURS_MAX = 100 * 366 * 24, VERSION_PARTS = 3, VERSION_DIGITS = 9, WORD_CHARS = 255 };

#define ALNUM          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
#define REGISTRY_CHARS ALNUM ".-_:[]"

static const char group_name[] = "parameters";

/* --- values: how each is written --- */

static bool refuse(const char *value, const char *what, GError **error)
{
	g_set_error(error, CONFIG_ERROR, 0, "'%s' is no %s", value, what);
	return false;
}

/* Directories allow spaces and backslashes in names, but a list is split at spaces. */
static bool is_user(const char *word)
{
	return strlen(word) <= WORD_CHARS && g_utf8_validate(word, -1, NULL) &&
	       strpbrk(word, ":/") == NULL;
}

/* HOST, HOST:PORT, [IPv6]:PORT; as in an image's name before its first slash. */
static bool is_registry(const char *word)
{
	return strlen(word) <= WORD_CHARS && word[strspn(word, REGISTRY_CHARS)] == '\0' &&
	       strpbrk(word, ALNUM) != NULL;
}

static int compare_words(gconstpointer left, gconstpointer right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* "bob, alice bob" -> "alice,bob". An empty list is a list. */
static char *read_words(const char *value, bool (*is_word)(const char *word), const char *what,
			GError **error)
{
	g_auto(GStrv) words = g_strsplit_set(value, ",; \t", -1);
	g_autoptr(GPtrArray) good = g_ptr_array_new();
	GString *text;

	for (guint i = 0; words[i] != NULL; i++) {
		if (*words[i] == '\0')
			continue;
		if (!is_word(words[i])) {
			refuse(words[i], what, error);
			return NULL;
		}
		g_ptr_array_add(good, words[i]);
	}
	g_ptr_array_sort(good, compare_words);
	text = g_string_new(NULL);
	for (guint i = 0; i < good->len; i++)
		if (i == 0 || strcmp(good->pdata[i], good->pdata[i - 1]) != 0)
			g_string_append_printf(text, "%s%s", i > 0 ? "," : "",
					       (const char *)good->pdata[i]);
	return g_string_free(text, FALSE);
}

static char *read_users(const char *value, GError **error)
{
	return read_words(value, is_user, "user name", error);
}

static char *read_registries(const char *value, GError **error)
{
	return read_words(value, is_registry,
			  "registry host, such as docker.io or registry.example:5000", error);
}

static char *read_intention(const char *value, GError **error)
{
	if (strcmp(value, "yes") == 0 || strcmp(value, "no") == 0)
		return g_strdup(value);
	g_set_error(error, CONFIG_ERROR, 0, "wants yes or no, not '%s'", value);
	return NULL;
}

static char *read_version(const char *value, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(value, ".", -1);
	guint n = g_strv_length(parts);
	bool good = n > 0 && n <= VERSION_PARTS;

	for (guint i = 0; i < n; i++) {
		size_t size = strlen(parts[i]);

		good = good && size > 0 && size <= VERSION_DIGITS &&
		       strspn(parts[i], "0123456789") == size;
	}
	if (good)
		return g_strdup(value);
	refuse(value, "release of the Engine, such as 24.0.7", error);
	return NULL;
}

static char *read_hours(const char *value, GError **error)
{
	guint64 hours = 0;

	if (g_ascii_string_to_unsigned(value, 10, 1, HOURS_MAX, &hours, NULL))
		return g_strdup_printf("%" G_GUINT64_FORMAT, hours);
	g_set_error(error, CONFIG_ERROR, 0, "'%s' is no number of hours from 1 to %d", value,
		    HOURS_MAX);
	return NULL;
}

/* --- values: what checks see --- */

/* The members of a list, inside the text that they stand in. */
static size_t split_in_place(struct parameter_values *values, char *text, char ***ret_words)
{
	char **words = g_new0(char *, strlen(text) / 2 + 2);
	size_t n = 0;

	g_ptr_array_add(values->own, words);
	for (char *word = text; *text != '\0' && word != NULL;) {
		char *comma = strchr(word, ',');

		words[n++] = word;
		if (comma != NULL)
			*comma++ = '\0';
		word = comma;
	}
	*ret_words = words;
	return n;
}

static void show_users(struct parameter_values *values, char *text)
{
	WIRE_SET(&values->message, trusted_users_set, true);
	values->message.n_trusted_user =
		split_in_place(values, text, &values->message.trusted_user);
}

static void show_registries(struct parameter_values *values, char *text)
{
	WIRE_SET(&values->message, trusted_registries_set, true);
	values->message.n_trusted_registry =
		split_in_place(values, text, &values->message.trusted_registry);
}

static void show_intention(struct parameter_values *values, char *text)
{
	values->message.swarm_intended = text;
}

static void show_version(struct parameter_values *values, char *text)
{
	values->message.min_engine_version = text;
}

static void show_hours(struct parameter_values *values, char *text)
{
	WIRE_SET(&values->message, node_cert_max_hours, g_ascii_strtoll(text, NULL, 10));
}

static const struct kind {
	const char *name;
	char *(*read)(const char *value, GError **error); /* into its one form; NULL: refused */
	void (*show)(struct parameter_values *values, char *text);
} kinds[] = {
	{"trusted_users", read_users, show_users},
	{"swarm_intended", read_intention, show_intention},
	{"min_engine_version", read_version, show_version},
	{"node_cert_max_hours", read_hours, show_hours},
	{"trusted_registries", read_registries, show_registries},
};

const char *parameters_example(void)
{
	return "\n# Decisions of your site; a check that needs one asks a person until it is set.\n"
	       "# [parameters KEY=VALUE] holds for hosts with that label (plimsoll hosts label).\n"
	       "[parameters]\n"
	       "# trusted_users = alice, bob\n"
	       "# swarm_intended = no\n"
	       "# min_engine_version = 24.0.7\n"
	       "# node_cert_max_hours = 2160\n"
	       "# trusted_registries = docker.io, registry.example:5000\n";
}

/* --- selectors --- */

/* The values of one selector; NULL = not set. */
struct rule {
	char *selector;
	GHashTable *labels; /* key -> value, all of which a host must have */
	char *values[G_N_ELEMENTS(kinds)];
};

struct parameters {
	GPtrArray *rules; /* the first is that of every host */
};

static void rule_free(void *data)
{
	struct rule *rule = data;

	g_free(rule->selector);
	g_hash_table_unref(rule->labels);
	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
		g_free(rule->values[i]);
	g_free(rule);
}

static struct rule *add_rule(struct parameters *parameters, const char *selector,
			     GHashTable *labels)
{
	struct rule *rule = g_new0(struct rule, 1);

	rule->selector = g_strdup(selector);
	rule->labels = labels;
	g_ptr_array_add(parameters->rules, rule);
	return rule;
}

struct parameters *parameters_new(void)
{
	struct parameters *parameters = g_new0(struct parameters, 1);

	parameters->rules = g_ptr_array_new_with_free_func(rule_free);
	add_rule(parameters, "", labels_new());
	return parameters;
}

void parameters_free(struct parameters *parameters)
{
	if (parameters == NULL)
		return;
	g_ptr_array_unref(parameters->rules);
	g_free(parameters);
}

const char *parameters_selector(const char *group)
{
	const char *rest = group + strlen(group_name);

	if (!g_str_has_prefix(group, group_name) || (*rest != '\0' && *rest != ' '))
		return NULL;
	return rest + strspn(rest, " ");
}

static struct rule *find_rule(struct parameters *parameters, const char *selector, GError **error)
{
	g_auto(GStrv) words = NULL;
	g_autoptr(GHashTable) labels = labels_new();

	for (guint i = 0; i < parameters->rules->len; i++) {
		struct rule *rule = g_ptr_array_index(parameters->rules, i);

		if (strcmp(rule->selector, selector) == 0)
			return rule;
	}
	words = g_strsplit(selector, ",", -1);
	for (guint i = 0; words[i] != NULL; i++)
		if (!labels_add(labels, g_strstrip(words[i]), error))
			return NULL;
	return add_rule(parameters, selector, g_steal_pointer(&labels));
}

static bool find_kind(const char *name, guint *ret_kind, GError **error)
{
	g_autoptr(GString) names = g_string_new(NULL);

	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
		*ret_kind = i;
		if (strcmp(kinds[i].name, name) == 0)
			return true;
		g_string_append_printf(names, "%s%s", i > 0 ? ", " : "", kinds[i].name);
	}
	g_set_error(error, CONFIG_ERROR, 0, "no such parameter; there are %s", names->str);
	return false;
}

bool parameters_set(struct parameters *parameters, const char *selector, const char *name,
		    const char *value, GError **error)
{
	guint kind = 0;
	g_autofree char *text = NULL;
	struct rule *rule;

	if (!find_kind(name, &kind, error))
		return false;
	text = kinds[kind].read(value, error);
	rule = text != NULL ? find_rule(parameters, selector, error) : NULL;
	if (rule == NULL)
		return false;
	g_free(rule->values[kind]);
	rule->values[kind] = g_steal_pointer(&text);
	return true;
}

bool parameters_want_labels(const struct parameters *parameters)
{
	return parameters->rules->len > 1;
}

/* --- of one host --- */

static bool fits(const struct rule *rule, GHashTable *labels)
{
	GHashTableIter iter;
	gpointer key;
	gpointer value;

	g_hash_table_iter_init(&iter, rule->labels);
	while (g_hash_table_iter_next(&iter, &key, &value))
		if (labels == NULL || g_strcmp0(g_hash_table_lookup(labels, key), value) != 0)
			return false;
	return true;
}

static const char *find_value(const struct parameters *parameters, guint kind, GHashTable *labels)
{
	const char *found = NULL;

	for (guint i = 0; i < parameters->rules->len; i++) {
		const struct rule *rule = g_ptr_array_index(parameters->rules, i);

		if (rule->values[kind] != NULL && fits(rule, labels))
			found = rule->values[kind];
	}
	return found;
}

struct parameter_values *parameters_for(const struct parameters *parameters, GHashTable *labels)
{
	struct parameter_values *values = g_new0(struct parameter_values, 1);
	g_autoptr(GString) all = g_string_new(NULL);
	uint8_t digest[WIRE_SHA256_BYTES];

	derived__parameter__init(&values->message);
	values->own = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
		const char *value = find_value(parameters, i, labels);
		char *text = g_strdup(value);

		if (value == NULL)
			continue;
		g_string_append_printf(all, "%s=%s\n", kinds[i].name, value);
		g_ptr_array_add(values->own, text);
		kinds[i].show(values, text);
	}
	wire_sha256(all->str, all->len, digest);
	values->hash = wire_hex(digest, sizeof digest);
	return values;
}

void parameter_values_free(struct parameter_values *values)
{
	if (values == NULL)
		return;
	g_ptr_array_unref(values->own);
	g_free(values->hash);
	g_free(values);
}
