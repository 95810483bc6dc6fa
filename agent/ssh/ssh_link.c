/* SPDX-License-Identifier: Apache-2.0 */
/* The door to a connection: passes calls on to the variant behind it. */
#include "agent/ssh/ssh_link.h"

GQuark ssh_error_quark(void)
{
	return g_quark_from_static_string("plimsoll-ssh-error");
}

void ssh_link_free(struct ssh_link *link)
{
	if (link != NULL)
		link->ops->free(link);
}

int ssh_link_run(struct ssh_link *link, const char *command, GError **error)
{
	return link->ops->run(link, command, error);
}

int ssh_link_reach(struct ssh_link *link, const char *socket_path, GError **error)
{
	return link->ops->reach(link, socket_path, error);
}

void ssh_link_cut(struct ssh_link *link)
{
	link->ops->cut(link);
}

char *ssh_link_last_words(struct ssh_link *link)
{
	return link->ops->last_words(link);
}

/* ---------------------------------------------------------------- which one */

/* why: taken. */
static struct ssh_link *open_by_client(const struct ssh_config *config,
				       const struct ssh_options *options, const gint *cancelled,
				       char *why, GError **error)
{
	struct ssh_link *link = ssh_openssh_open(config, options, cancelled, error);

	if (link != NULL)
		link->why = why;
	else
		g_free(why);
	return link;
}

struct ssh_link *ssh_link_open(const struct ssh_config *config, const struct ssh_options *options,
			       const gint *cancelled, GError **error)
{
	g_autoptr(GError) problem = NULL;
	struct ssh_link *link = NULL;

	if (options->transport == SSH_TRANSPORT_OPENSSH)
		return open_by_client(config, options, cancelled, NULL, error);
	if (options->transport == SSH_TRANSPORT_AUTO && config->has_client &&
	    config->why_openssh != NULL)
		return open_by_client(config, options, cancelled, g_strdup(config->why_openssh),
				      error);
	/* Going another way than ssh_config says, or not looking where it says, is nobody's wish.
	 */
	if (config->why_openssh != NULL) {
		g_set_error(error, SSH_ERROR, SSH_ERROR_NEGOTIATION,
			    "libssh2 cannot do what ssh_config asks for: %s", config->why_openssh);
		return NULL;
	}
	link = ssh_libssh2_open(config, options, cancelled, &problem);
	if (link == NULL && options->transport == SSH_TRANSPORT_AUTO && config->has_client &&
	    g_error_matches(problem, SSH_ERROR, SSH_ERROR_NEGOTIATION))
		return open_by_client(config, options, cancelled, g_strdup(problem->message),
				      error);
	if (link == NULL)
		g_propagate_error(error, g_steal_pointer(&problem));
	return link;
}
