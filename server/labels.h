/* SPDX-License-Identifier: Apache-2.0 */
/* Labels that operators give to hosts, KEY=VALUE: what groups of hosts are made of. */
#ifndef PLIMSOLL_SERVER_LABELS_H
#define PLIMSOLL_SERVER_LABELS_H

#include <glib.h>
#include <stdbool.h>

/* A table of texts, key -> value, that owns both. gives: free with g_hash_table_unref(). */
GHashTable *labels_new(void);

/*
 * Adds what a person wrote as KEY=VALUE.
 *
 * error  CONFIG_ERROR.
 */
bool labels_add(GHashTable *labels, const char *text, GError **error);

bool labels_is_key(const char *key);

#endif
