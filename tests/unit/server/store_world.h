/* SPDX-License-Identifier: Apache-2.0 */
/* A store in a folder of its own, with two enrolled hosts, host-a and host-b. */
#ifndef PLIMSOLL_TESTS_UNIT_SERVER_STORE_WORLD_H
#define PLIMSOLL_TESTS_UNIT_SERVER_STORE_WORLD_H

#include "server/store/store.h"

enum { NOW = 1800000000 };

struct world {
	char *dir;
	struct store *store;
	const char *engine_key;
	const char *catalogue;
	const char *parameters;
	const char *cluster_id;
	int64_t now_s;
};

void world_init(struct world *world);
void world_done(struct world *world);

/* The number that a query answers; the query must be a literal of its own. */
int64_t world_count(struct world *world, const char *query);

#endif
