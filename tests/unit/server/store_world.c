/* SPDX-License-Identifier: Apache-2.0 */
/* See store_world.h. */
#include "tests/unit/server/store_world.h"

#include <glib/gstdio.h>

#include "server/store/access.h"
#include "server/store/internal.h"

static bool enroll_host(struct store *store, void *data, GError **error)
{
	const char *id = data;
	g_autofree char *token = g_strconcat("token-", id, NULL);
	g_autofree char *fingerprint = g_strconcat("fp-", id, NULL);
	const struct join_token row = {.id = token,
				       .sha256 = {1},
				       .created_by = "test",
				       .created_at_s = NOW,
				       .expires_at_s = NOW + 10};
	const struct host_certificate certificate = {.host_id = id,
						     .fingerprint = fingerprint,
						     .serial = "1",
						     .not_before_s = NOW,
						     .not_after_s = NOW + 100,
						     .issued_at_s = NOW};

	return access_add_join_token(store, &row, error) &&
	       access_enroll(store, token, &certificate, error);
}

void world_init(struct world *world)
{
	g_autoptr(GError) error = NULL;
	char first[] = "host-a";
	char second[] = "host-b";

	*world = (struct world){.dir = g_dir_make_tmp("plimsoll-store-XXXXXX", &error),
				.engine_key = "rootful",
				.catalogue = "catalogue-1",
				.parameters = "parameters-1",
				.now_s = NOW};
	g_assert_no_error(error);
	world->store = store_open(world->dir, STORE_WRITE, &error);
	g_assert_no_error(error);
	g_assert_true(store_transact(world->store, enroll_host, first, &error));
	g_assert_true(store_transact(world->store, enroll_host, second, &error));
	g_assert_no_error(error);
}

void world_done(struct world *world)
{
	static const char *const files[] = {"plimsoll.db", "plimsoll.db-wal", "plimsoll.db-shm"};

	store_close(world->store);
	for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = g_build_filename(world->dir, files[i], NULL);

		(void)g_unlink(path);
	}
	(void)g_rmdir(world->dir);
	g_free(world->dir);
}

int64_t world_count(struct world *world, const char *query)
{
	g_autoptr(GError) error = NULL;
	int64_t number = -1;

	g_assert_true(sql_find_int(world->store->sql, query, NULL, 0, -1, &number, &error));
	g_assert_no_error(error);
	return number;
}
