/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See scan_store.h. A host is known by its host key alone, since that is the one thing which it
 * proved; what it says of itself (machine id, name) is shown and decides nothing.
 */
#include "server/cli/scan_store.h"

#include <string.h>

#include "proto/wire.h"
#include "server/cli/deposit.h"
#include "server/labels.h"
#include "server/store/access.h"
#include "server/store/fleet.h"
#include "server/store/identity.h"

enum { FINGERPRINT_CHARS = 50 }; /* "SHA256:" and 32 bytes in base64 without "=" */

struct scan_store {
	struct config *config;
	struct store *store;
	struct deposit *deposit;
	GHashTable *boots; /* fingerprint -> struct boot, of this sweep */
};

/* Which machine it was that showed a key. */
struct boot {
	char *id; /* NULL: not seen */
	char *target;
};

static void free_boot(gpointer data)
{
	struct boot *boot = data;

	g_free(boot->id);
	g_free(boot->target);
	g_free(boot);
}

struct scan_store *scan_store_open(const char *command, const struct site_options *site,
				   int *ret_exit)
{
	PLIMSOLL_AUTO(scan_store) *store = g_new0(struct scan_store, 1);
	g_autoptr(GError) error = NULL;

	store->boots = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_boot);
	store->config = site_config(command, site, ret_exit);
	if (store->config == NULL)
		return NULL;
	store->store = site_store(command, store->config, STORE_WRITE, ret_exit);
	if (store->store == NULL)
		return NULL;
	store->deposit = deposit_new(store->config, store->store, &error);
	if (store->deposit != NULL)
		return g_steal_pointer(&store);
	*ret_exit = site_fail(command, error);
	return NULL;
}

void scan_store_close(struct scan_store *store)
{
	if (store == NULL)
		return;
	deposit_free(store->deposit);
	store_close(store->store);
	config_free(store->config);
	g_hash_table_unref(store->boots);
	g_free(store);
}

/* --- who it is --- */

static bool is_fingerprint(const char *text)
{
	static const char prefix[] = "SHA256:";

	return text != NULL && strlen(text) == FINGERPRINT_CHARS && g_str_has_prefix(text, prefix);
}

/*
 * Images that were copied with their host keys: such machines are one host to SSH, and would hide
 * behind each other here. Two boots at a time cannot be one machine.
 */
static bool check_boot(struct scan_store *store, const struct sweep_result *result, GError **error)
{
	const Plimsoll__Snapshot *snapshot = result->collection->facts->snapshot;
	const char *id = snapshot != NULL ? snapshot->boot_id : NULL;
	const struct boot *known = g_hash_table_lookup(store->boots, result->fingerprint);
	struct boot *boot;

	if (known == NULL) {
		boot = g_new0(struct boot, 1);
		*boot = (struct boot){g_strdup(id), g_strdup(result->target->name)};
		g_hash_table_insert(store->boots, g_strdup(result->fingerprint), boot);
		return true;
	}
	if (id == NULL || known->id == NULL || strcmp(id, known->id) == 0)
		return true;
	g_set_error(error, STORE_ERROR, STORE_ERROR_DENIED,
		    "it has the host key of '%s' (%s) and is another machine: not stored; give "
		    "each host keys of its own",
		    known->target, result->fingerprint);
	return false;
}

/* --- what the operator calls it --- */

static bool put_label(struct store *store, const char *host_id, const char *key, const char *value,
		      const char *actor, GError **error)
{
	const struct host_label label = {.host_id = host_id,
					 .key = key,
					 .value = value,
					 .actor = actor,
					 .now_s = site_now_s()};

	return access_label_host(store, &label, error);
}

/* What another hand gave stays, unless this sweep says otherwise. */
static bool put_labels(struct store *store, const char *host_id, GHashTable *labels,
		       const char *actor, GError **error)
{
	g_autoptr(GHashTable) known = fleet_labels(store, host_id, error);
	GHashTableIter iter;
	void *key;
	void *value;

	if (known == NULL)
		return false;
	g_hash_table_iter_init(&iter, labels);
	while (g_hash_table_iter_next(&iter, &key, &value))
		if (g_strcmp0(g_hash_table_lookup(known, key), value) != 0 &&
		    !put_label(store, host_id, key, value, actor, error))
			return false;
	return true;
}

/* "group=web" as "group/web=yes". */
static bool add_member(GHashTable *labels, const char *key, const char *value, GError **error)
{
	g_autofree char *text = g_strdup_printf("%s/%s=yes", key, value);

	return labels_add(labels, text, error);
}

/* A key has one value: of several, as the groups of a host are, each becomes a key of its own. */
static bool add_value(GHashTable *labels, const char *key, const char *value, GError **error)
{
	const char *known = g_hash_table_lookup(labels, key);
	bool is_first = !g_hash_table_contains(labels, key);

	if (is_first || g_strcmp0(known, value) == 0) {
		g_hash_table_replace(labels, g_strdup(key), g_strdup(value));
		return true;
	}
	if (known != NULL && !add_member(labels, key, known, error))
		return false;
	g_hash_table_replace(labels, g_strdup(key), NULL);
	return add_member(labels, key, value, error);
}

/* NULL as a value: this key is taken away. gives: g_hash_table_unref(); NULL: one is no label. */
static GHashTable *read_labels(char *const *words, GError **error)
{
	g_autoptr(GHashTable) labels = labels_new();

	for (; words != NULL && *words != NULL; words++) {
		g_autoptr(GHashTable) one = labels_new();
		g_auto(GStrv) parts = g_strsplit(*words, "=", 2);

		if (!labels_add(one, *words, error) ||
		    !add_value(labels, parts[0], parts[1], error))
			return NULL;
	}
	return g_steal_pointer(&labels);
}

/* --- into the store --- */

struct scanned {
	struct host_key key;
	GHashTable *labels;
	const char *actor;
};

static char *find_host(struct store *store, const void *data, GError **error)
{
	const struct scanned *scanned = data;
	g_autofree char *id =
		identity_adopt(store, &scanned->key, scanned->actor, site_now_s(), error);

	if (id == NULL || !put_labels(store, id, scanned->labels, scanned->actor, error))
		return NULL;
	return g_steal_pointer(&id);
}

static bool put(struct scan_store *store, const struct sweep_result *result,
		const struct scanned *scanned, GError **error)
{
	const struct deposit_order order = {.collection = result->collection,
					    .transport = result->transport,
					    .find_host = find_host,
					    .data = scanned};
	struct deposit_receipt receipt;

	if (!deposit_put(store->deposit, &order, &receipt, error))
		return false;
	g_free(receipt.host_id);
	return true; /* REPORT_CONFLICT: another look in the same second was stored */
}

bool scan_store_put(struct scan_store *store, const struct sweep_result *result, GError **error)
{
	g_autofree char *born = NULL;
	g_autoptr(GHashTable) labels = NULL;

	if (result->collection == NULL || !is_fingerprint(result->fingerprint)) {
		g_set_error_literal(error, WIRE_ERROR, WIRE_ERROR_MALFORMED,
				    "nothing was collected, or by no host key");
		return false;
	}
	labels = read_labels(result->target->labels, error);
	if (labels == NULL || !check_boot(store, result, error))
		return false;
	born = deposit_host_id("ssh-host-key", result->fingerprint);
	return put(store, result,
		   &(struct scanned){.key = {.fingerprint = result->fingerprint,
					     .born = born,
					     .type = result->key_type,
					     .target = result->target->name,
					     .engine_way = result->engine_way,
					     .transport_reason = result->transport_reason},
				     .labels = labels,
				     .actor = deposit_actor(store->deposit)},
		   error);
}
