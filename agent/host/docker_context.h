/* SPDX-License-Identifier: Apache-2.0 */
/* The contexts of the docker CLI: named endpoints below ~/.docker. */
#ifndef PLIMSOLL_AGENT_HOST_DOCKER_CONTEXT_H
#define PLIMSOLL_AGENT_HOST_DOCKER_CONTEXT_H

#include <glib.h>
#include <stdbool.h>

/* DOCKER_CONFIG, else ~/.docker. gives: free with g_free(). */
char *docker_context_config_dir(void);

struct docker_context {
	char *name;
	char *host;    /* "tcp://h:2376" */
	char *tls_dir; /* holds ca.pem, cert.pem, key.pem as far as there are any; NULL: no TLS */
	bool skips_verify;
};
void docker_context_done(struct docker_context *context);

/*
 * The context that DOCKER_CONTEXT or config.json names. Without one, or with the one called
 * "default", ret_context->name stays NULL. ret_context: free with docker_context_done(), also after
 * false.
 *
 * error  HOST_ERROR_ENDPOINT: what is named cannot be read.
 */
bool docker_context_current(struct docker_context *ret_context, GError **error);
/* The context of a name. The same. */
bool docker_context_read(const char *name, struct docker_context *ret_context, GError **error);

#endif
