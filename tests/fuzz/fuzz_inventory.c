/* SPDX-License-Identifier: Apache-2.0 */
/* Inventories of any text: every machine that comes of one is a target, or says why not. */
#include <string.h>

#include "server/inventory/inventory.h"
#include "tests/fuzz/fuzz.h"

static void free_entry(gpointer data)
{
	inventory_entry_free(data);
}

static void check_entry(const struct inventory_entry *entry)
{
	const struct ssh_target *target = entry->target;

	g_assert_nonnull(target->name);
	g_assert_nonnull(entry->groups);
	g_assert_nonnull(entry->place);
	(void)inventory_is_meant(entry, "web*:!db,&prod");
	if (entry->trouble != NULL)
		return;
	g_assert_true(target->host != NULL && target->host[0] != '-' && target->host[0] != '\0');
	g_assert_true(target->user == NULL || target->user[0] != '-');
	g_assert_true(target->key == NULL || target->key[0] != '-');
	g_assert_cmpuint(target->port, <=, 65535);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(free_entry);
	g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) error = NULL;
	g_autofree char *text = g_strndup((const char *)data, size);

	(void)inventory_read("fuzz", text, strlen(text), entries, notes, &error);
	for (guint i = 0; i < entries->len; i++)
		check_entry(entries->pdata[i]);
	return 0;
}
