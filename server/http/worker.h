/* SPDX-License-Identifier: Apache-2.0 */
/* The threads that handle requests: each with its own evaluator and its own view of the store. */
#ifndef PLIMSOLL_SERVER_HTTP_WORKER_H
#define PLIMSOLL_SERVER_HTTP_WORKER_H

#include "server/http/exchange.h"
#include "server/intake.h"
#include "server/pki.h"
#include "server/store/writer.h"

/* What all workers share; nothing of it changes while they run. */
struct site {
	struct quota *quota; /* of reports, by host */
	const struct config *config;
	struct intake_rules rules;
	struct pki *pki;
	struct writer *writer;
	char *agents_url;
};

struct worker {
	const struct site *site;
	struct store *reader;
	struct evaluator *evaluator; /* NULL in a pool that does not judge */
};

struct pool;

/*
 * Starts n threads; those that judge get an evaluator each, for what the server's benchmark asks.
 *
 * gives  stop with pool_stop(), which finishes what waits.
 */
struct pool *pool_start(const struct site *site, guint n_workers, bool judges, GError **error);
void pool_stop(struct pool *pool);
PLIMSOLL_AUTOPTR(pool, pool_stop)

/* Hands an exchange with a route to a worker. false: too many wait; the caller answers. */
bool pool_submit(struct pool *pool, struct exchange *exchange);

#endif
