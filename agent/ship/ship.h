/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 3 of the flow: from a collection to a report in the spool, from the spool to the server.
 * First goes the envelope with the facts' hash; the facts follow only when the server asks for
 * them.
 */
#ifndef PLIMSOLL_AGENT_SHIP_SHIP_H
#define PLIMSOLL_AGENT_SHIP_SHIP_H

#include "agent/ship/http.h"
#include "agent/ship/identity.h"
#include "agent/ship/spool.h"
#include "proto/facts_json.h"

enum ship_error {
	SHIP_ERROR_LATER,     /* not now; what waits stays in the spool */
	SHIP_ERROR_FORBIDDEN, /* the server knows this host no more, or has revoked it */
	SHIP_ERROR_SIZE,      /* larger than any server accepts */
};
#define SHIP_ERROR (ship_error_quark())
GQuark ship_error_quark(void);

/*
 * Spools a collection under its envelope's sequence number; completes the envelope with host id and
 * hash. Facts equal to the last acknowledged ones are left out.
 */
bool ship_spool(struct spool *spool, const struct collection *collection,
		const struct identity *identity, GError **error);

struct ship_result {
	guint delivered;
	guint with_facts;    /* of them, how many needed their facts sent */
	guint refused;       /* set aside */
	guint renumbered;    /* had a number that the server knew already */
	gsize sent_bytes;    /* bodies, as sent */
	guint next_in_s;     /* when the server wants the next report; 0 = not said */
	guint retry_after_s; /* with SHIP_ERROR_LATER: not before; 0 = not said */
	char *refusal;       /* the server's reason for the last one set aside; NULL = none */
};

/*
 * Delivers what waits, newest first.
 *
 * ret_result  written also on failure; release with ship_result_done().
 * error       SHIP_ERROR or HTTP_ERROR for the first report that could not be delivered, or the
 *             spool's own.
 */
bool ship_deliver(struct spool *spool, const struct identity *identity, const char *proxy,
		  struct ship_result *ret_result, GError **error);

/* The same through any way of posting that answers as http_post() does. */
struct ship_transport {
	bool (*post)(void *data, const struct http_request *request, struct http_answer *ret_answer,
		     GError **error);
	void *data;
};
bool ship_deliver_through(struct spool *spool, const struct ship_transport *transport,
			  struct ship_result *ret_result, GError **error);
void ship_result_done(struct ship_result *result);

#endif
