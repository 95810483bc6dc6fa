/* SPDX-License-Identifier: Apache-2.0 */
/* One round of the agent: renew the certificate when it is due, collect, spool, deliver. */
#ifndef PLIMSOLL_AGENT_CLI_ROUND_H
#define PLIMSOLL_AGENT_CLI_ROUND_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/cli/settings.h"
#include "agent/ship/spool.h"

struct round {
	const char *command; /* for what is said on stderr */
	const struct settings *settings;
	struct spool *spool;
	char *host_id;        /* of the last round */
	guint asked_period_s; /* what the server wants; 0 = it did not say */
	guint retry_after_s;  /* 0 = it did not say */
};
void round_done(struct round *round);

/*
 * A whole round. Everything is said on stderr, one line per event, and kept for `status`.
 *
 * returns  an exit code: AGENT_DONE, AGENT_INCOMPLETE when the Engine could not be asked at all,
 *          AGENT_IO when the report waits in the spool, AGENT_USAGE when this host is not enrolled.
 */
int round_run(struct round *round);

/* The exit code for what kept a round from ending well, or from starting. */
int round_exit_of(const GError *error);

/* Only the last step, for what waits. */
int round_deliver(struct round *round);

#endif
