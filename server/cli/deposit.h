/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collections that no agent sent come into the store: packed into a report and taken in as one from
 * an agent would be, by the same limits, to the same verdicts and rows.
 */
#ifndef PLIMSOLL_SERVER_CLI_DEPOSIT_H
#define PLIMSOLL_SERVER_CLI_DEPOSIT_H

#include "agent/collect.h"
#include "server/config.h"
#include "server/store/reports.h"

struct deposit;

/*
 * Reads the catalogue and makes the evaluator.
 *
 * config, store  keeps a borrow; the store is open for writing, a server may run beside.
 * gives          free with deposit_free().
 */
struct deposit *deposit_new(const struct config *config, struct store *store, GError **error);
void deposit_free(struct deposit *deposit);
PLIMSOLL_AUTOPTR(deposit, deposit_free)

/* "local:NAME" of who runs the command. */
const char *deposit_actor(const struct deposit *deposit);

/*
 * An id that is always the same for a name, and that no enrolled host was given: a UUID of
 * version 8, theirs are of version 4.
 *
 * kind   of name: "recorded", ...; the same name of another kind is another host.
 * gives  free with g_free().
 */
char *deposit_host_id(const char *kind, const char *name);

struct deposit_order {
	const struct collection *collection;
	const char *transport; /* for the envelope */
	/* Makes sure inside the transaction that the host is there. gives: its id, g_free(). */
	char *(*find_host)(struct store *store, const void *data, GError **error);
	const void *data;
};
struct deposit_receipt {
	char *host_id; /* free with g_free() */
	enum report_status status;
};

/* Judges and stores in one transaction. Verdicts are as of the collection, so that the same one
 * gives the same verdicts on every day. */
bool deposit_put(struct deposit *deposit, const struct deposit_order *order,
		 struct deposit_receipt *ret_receipt, GError **error);

#endif
