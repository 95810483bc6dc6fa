/* SPDX-License-Identifier: Apache-2.0 */
/* Step 1 of the flow: reads DOCKER_HOST and --docker-host. */
#include "agent/host/host_endpoint.h"

#include <string.h>

#include "agent/host.h"

static const struct {
	const char *scheme, *advice;
} refused[] = {
	{"ssh://", "use \"plimsoll scan\", which collects on that machine itself"},
	{"tcp://", "not supported in this release; run the agent on the engine's own machine"},
	{"http://", "not supported in this release; run the agent on the engine's own machine"},
	{"https://", "not supported in this release; run the agent on the engine's own machine"},
};

char *host_endpoint_socket(const char *endpoint, GError **error)
{
	static const char unix_scheme[] = "unix://";
	const char *path = endpoint + strlen(unix_scheme);

	if (g_str_has_prefix(endpoint, unix_scheme) && path[0] == '/')
		return g_strdup(path);
	for (guint i = 0; i < G_N_ELEMENTS(refused); i++) {
		if (!g_str_has_prefix(endpoint, refused[i].scheme))
			continue;
		/* The rest may hold a user and a password. */
		g_set_error(error, HOST_ERROR, HOST_ERROR_ENDPOINT, "docker host \"%s...\": %s",
			    refused[i].scheme, refused[i].advice);
		return NULL;
	}
	g_set_error_literal(error, HOST_ERROR, HOST_ERROR_ENDPOINT,
			    "docker host: expected \"unix:///PATH\"");
	return NULL;
}
