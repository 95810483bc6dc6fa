/* SPDX-License-Identifier: Apache-2.0 */
/* What all variants of the door share: counting rounds and letting go. */
#include "agent/host.h"

GQuark host_error_quark(void)
{
	return g_quark_from_static_string("plimsoll-host-error");
}

bool host_run(struct host *host, struct host_batch *batch, GError **error)
{
	host->rounds++;
	g_assert(host->rounds <= LIMIT_HOST_ROUNDS);
	return host->ops->run(host, batch, error);
}

void host_free(struct host *host)
{
	if (host != NULL)
		host->ops->free(host);
}
