/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this folder share behind store.h. */
#ifndef PLIMSOLL_SERVER_STORE_INTERNAL_H
#define PLIMSOLL_SERVER_STORE_INTERNAL_H

#include "server/store/sql.h"
#include "server/store/store.h"

struct store {
	struct sql *sql;
	char *path;
	bool in_transaction;
	/* Ids of the tables rule and version, dropped when a transaction is undone. */
	GHashTable *ids; /* "kind\nname\nvariant" -> int64_t */
};

/* The id of a (check, variant); made when missing. variant NULL = the check's only form. */
bool store_rule_id(struct store *store, const char *check, const char *variant, int64_t *ret_id,
		   GError **error);
/* The id of a catalogue or parameter set; made when missing. */
bool store_version_id(struct store *store, const char *kind, const char *hash, int64_t now_s,
		      int64_t *ret_id, GError **error);

/* Every table of statements, for the test that prepares them all; ends with NULL. */
struct statement_table {
	const char *name;
	const char *const *statements;
	guint n;
};
extern const struct statement_table reports_statements;
extern const struct statement_table results_statements;
extern const struct statement_table findings_statements;
extern const struct statement_table access_statements;
extern const struct statement_table fleet_statements;
extern const struct statement_table identity_statements;
extern const struct statement_table store_statements;

#endif
