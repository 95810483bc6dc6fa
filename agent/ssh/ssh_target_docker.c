/* SPDX-License-Identifier: Apache-2.0 */
/* Targets that the docker CLI knows: contexts, and DOCKER_HOST. */
#include <string.h>

#include "agent/host/docker_context.h"
#include "agent/ssh_target.h"

static const char ssh_scheme[] = "ssh://";

static struct ssh_target *target_of(const struct docker_context *context, GError **error)
{
	struct ssh_target *target = NULL;

	if (g_ascii_strncasecmp(context->host, ssh_scheme, strlen(ssh_scheme)) != 0) {
		g_set_error(error, SSH_ERROR, SSH_ERROR_CONFIG,
			    "the docker context \"%s\" has no ssh:// endpoint; plimsoll audit asks "
			    "others",
			    context->name);
		return NULL;
	}
	target = ssh_target_parse(context->host, error);
	if (target == NULL) {
		g_prefix_error(error, "the docker context \"%s\": ", context->name);
		return NULL;
	}
	g_free(target->name);
	target->name = g_strconcat("context:", context->name, NULL);
	return target;
}

struct ssh_target *ssh_target_of_context(const char *name, GError **error)
{
	struct docker_context context = {0};
	struct ssh_target *target = NULL;

	if (docker_context_read(name, &context, error))
		target = target_of(&context, error);
	docker_context_done(&context);
	return target;
}

static struct ssh_target *target_of_current(GError **error)
{
	struct docker_context context = {0};
	struct ssh_target *target = NULL;

	if (docker_context_current(&context, error)) {
		if (context.name != NULL)
			target = target_of(&context, error);
		else
			g_set_error_literal(error, SSH_ERROR, SSH_ERROR_CONFIG,
					    "name a machine (USER@HOST), an --inventory or a "
					    "--context");
	}
	docker_context_done(&context);
	return target;
}

struct ssh_target *ssh_target_of_environment(GError **error)
{
	const char *url = g_getenv("DOCKER_HOST");
	struct ssh_target *target = NULL;

	if (url == NULL || url[0] == '\0')
		return target_of_current(error);
	if (g_ascii_strncasecmp(url, ssh_scheme, strlen(ssh_scheme)) != 0) {
		g_set_error_literal(error, SSH_ERROR, SSH_ERROR_CONFIG,
				    "name a machine (USER@HOST), an --inventory or a --context: "
				    "DOCKER_HOST is no ssh:// endpoint");
		return NULL;
	}
	target = ssh_target_parse(url, error);
	if (target == NULL)
		g_prefix_error(error, "DOCKER_HOST: ");
	return target;
}
