/* SPDX-License-Identifier: Apache-2.0 */
/* See labels.h. Keys and values have no commas or brackets: they stand in lists and group names. */
#include "server/labels.h"

#include <string.h>

#include "server/ini.h"

enum { KEY_CHARS = 63, VALUE_CHARS = 255 };

#define ALNUM "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

GHashTable *labels_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

bool labels_is_key(const char *key)
{
	size_t size = strlen(key);

	return size <= KEY_CHARS && g_ascii_isalnum(*key) && g_ascii_isalnum(key[size - 1]) &&
	       strspn(key, ALNUM "._/-") == size;
}

static bool is_value(const char *value)
{
	size_t size = strlen(value);

	return size > 0 && size <= VALUE_CHARS && strspn(value, ALNUM "._/:@+-") == size;
}

bool labels_add(GHashTable *labels, const char *text, GError **error)
{
	const char *equals = strchr(text, '=');
	g_autofree char *key = equals != NULL ? g_strndup(text, (gsize)(equals - text)) : NULL;

	if (key == NULL || !labels_is_key(key) || !is_value(equals + 1)) {
		g_set_error(error, CONFIG_ERROR, 0,
			    "'%s' is no label KEY=VALUE of letters, digits and ._/- "
			    "(values also :@+)",
			    text);
		return false;
	}
	g_hash_table_replace(labels, g_steal_pointer(&key), g_strdup(equals + 1));
	return true;
}
