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
