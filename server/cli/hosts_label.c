/* SPDX-License-Identifier: Apache-2.0 */
/* See hosts_label.h. Labels come from here alone: a host that could name its own group could choose
 * what is expected of it. */
#include "server/cli/hosts_label.h"

#include <string.h>

#include "server/cli/cli.h"
#include "server/cli/site.h"
#include "server/labels.h"
#include "server/store/access.h"
#include "server/store/fleet.h"

struct order {
	const char *host_id;
	char *const *words;
	char *actor;
};

/* "KEY-": the key; else NULL. gives: free with g_free(). */
static char *dropped_key(const char *word)
{
	size_t size = strlen(word);

	return size > 1 && word[size - 1] == '-' && strchr(word, '=') == NULL
		       ? g_strndup(word, size - 1)
		       : NULL;
}

/* Nothing is written before every word is understood. */
static bool check_words(char *const *words, GError **error)
{
	g_autoptr(GHashTable) labels = labels_new();

	for (guint i = 0; words[i] != NULL; i++) {
		g_autofree char *key = dropped_key(words[i]);

		if (key != NULL ? !labels_is_key(key) && !labels_add(labels, words[i], error)
				: !labels_add(labels, words[i], error))
			return false;
	}
	return true;
}

static bool put_word(struct store *store, const struct order *order, const char *word,
		     GError **error)
{
	g_autofree char *dropped = dropped_key(word);
	g_auto(GStrv) parts = g_strsplit(word, "=", 2);
	const struct host_label label = {
		.host_id = order->host_id,
		.key = dropped != NULL ? dropped : parts[0],
		.value = dropped != NULL ? NULL : parts[1],
		.actor = order->actor,
		.now_s = site_now_s(),
	};

	return access_label_host(store, &label, error);
}

static bool put_words(struct store *store, void *data, GError **error)
{
	const struct order *order = data;

	for (guint i = 0; order->words[i] != NULL; i++)
		if (!put_word(store, order, order->words[i], error))
			return false;
	return true;
}

static int print_labels(struct store *store, const char *host_id)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GHashTable) labels = fleet_labels(store, host_id, &error);
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GList) keys = NULL;

	if (labels == NULL)
		return site_fail("hosts", error);
	keys = g_list_sort(g_hash_table_get_keys(labels), (GCompareFunc)strcmp);
	for (const GList *key = keys; key != NULL; key = key->next)
		g_string_append_printf(text, "%s=%s\n", (const char *)key->data,
				       (const char *)g_hash_table_lookup(labels, key->data));
	return cli_write_stdout("hosts", text->str, text->len) ? CLI_DONE : CLI_IO;
}

int hosts_label(struct store *store, const char *host_id, char *const *words)
{
	struct order order = {host_id, words, site_actor()};
	g_autoptr(GError) error = NULL;
	bool done = check_words(words, &error) &&
		    (words[0] == NULL || store_transact(store, put_words, &order, &error));

	g_free(order.actor);
	return done ? print_labels(store, host_id) : site_fail("hosts", error);
}
