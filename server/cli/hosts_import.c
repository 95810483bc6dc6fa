/* SPDX-License-Identifier: Apache-2.0 */
/* See hosts_import.h. */
#include "server/cli/hosts_import.h"

#include <string.h>

#include "proto/facts_json.h"
#include "proto/wire.h"
#include "server/cli/cli.h"
#include "server/cli/deposit.h"
#include "server/cli/files.h"
#include "server/cli/site.h"
#include "server/store/access.h"

/* One file on its way. */
struct import {
	const struct collection *collection;
	const char *actor;
};

/* The id that this host has in every import: its own identity, hashed. */
static char *derive_host_id(const struct collection *collection, GError **error)
{
	const Plimsoll__Snapshot *snapshot = collection->facts->snapshot;
	const char *name = NULL;

	if (snapshot != NULL)
		name = snapshot->host_id != NULL && *snapshot->host_id != '\0' ? snapshot->host_id
									       : snapshot->hostname;
	if (name != NULL && *name != '\0')
		return deposit_host_id("recorded", name);
	g_set_error_literal(error, WIRE_ERROR, WIRE_ERROR_MALFORMED,
			    "facts.snapshot: neither host_id nor hostname says whose facts these "
			    "are");
	return NULL;
}

static char *find_host(struct store *store, const void *data, GError **error)
{
	const struct import *import = data;
	g_autofree char *id = derive_host_id(import->collection, error);

	if (id == NULL || !access_add_recorded_host(store, id, import->actor, site_now_s(), error))
		return NULL;
	return g_steal_pointer(&id);
}

static struct collection *read_file(const char *path, GError **error)
{
	size_t size = 0;
	g_autofree char *text = files_read(path, FILES_FACTS_BYTES, &size, error);
	struct collection *collection = NULL;

	if (text == NULL)
		return NULL;
	collection = facts_json_read(text, size, error);
	if (collection == NULL)
		g_prefix_error(error, "'%s' holds no saved facts: ", path);
	return collection;
}

static const char *outcome_text(enum report_status status)
{
	switch (status) {
	case REPORT_STORED:
		return "imported";
	case REPORT_LATE:
		return "kept as history";
	case REPORT_DUPLICATE:
		return "there already";
	case REPORT_CONFLICT:
	case REPORT_NEED_FACTS:
	default:
		return NULL;
	}
}

static bool import_file(struct deposit *deposit, const char *path, GError **error)
{
	PLIMSOLL_AUTO(collection) *collection = read_file(path, error);
	const struct import import = {collection, deposit_actor(deposit)};
	const struct deposit_order order = {.collection = collection,
					    .transport = "recorded",
					    .find_host = find_host,
					    .data = &import};
	struct deposit_receipt receipt;
	g_autofree char *host_id = NULL;
	g_autofree char *line = NULL;

	if (collection == NULL)
		return false;
	if (!deposit_put(deposit, &order, &receipt, error)) {
		g_prefix_error(error, "'%s': ", path);
		return false;
	}
	host_id = receipt.host_id;
	if (outcome_text(receipt.status) == NULL) {
		g_set_error(error, WIRE_ERROR, WIRE_ERROR_MALFORMED,
			    "'%s': other facts of this host and moment were imported before", path);
		return false;
	}
	line = g_strdup_printf("%s  %s  %s\n", host_id, outcome_text(receipt.status), path);
	return cli_write_stdout("hosts", line, strlen(line));
}

static int import_files(struct deposit *deposit, char *const *paths)
{
	int done = CLI_DONE;

	for (; *paths != NULL; paths++) {
		g_autoptr(GError) error = NULL;

		if (import_file(deposit, *paths, &error))
			continue;
		done = CLI_IO;
		if (error == NULL) /* said already: standard output is gone */
			break;
		cli_say("hosts", "%s", error->message);
	}
	return done;
}

int hosts_import(const struct config *config, struct store *store, char *const *paths)
{
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(deposit) *deposit = deposit_new(config, store, &error);

	return deposit != NULL ? import_files(deposit, paths) : site_fail("hosts", error);
}
