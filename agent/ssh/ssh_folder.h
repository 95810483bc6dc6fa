/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A private folder (0700) of this machine for unix sockets. Its path is short and plain: it must
 * fit into a socket's address and stands in arguments where ':' and '%' mean something.
 */
#ifndef PLIMSOLL_AGENT_SSH_FOLDER_H
#define PLIMSOLL_AGENT_SSH_FOLDER_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* Below XDG_RUNTIME_DIR, TMPDIR or /tmp. gives: ssh_folder_free(). error  SSH_ERROR_LOCAL. */
char *ssh_folder_new(GError **error);
/* Removes it with the files in it. */
void ssh_folder_free(char *folder);

/* Whether a text consists of letters, digits and "/._-" only. */
bool ssh_folder_is_plain(const char *text);

/* A close-on-exec unix socket that listens, or is connected, at a path; -1 with errno. */
int ssh_folder_listen(const char *path);
int ssh_folder_connect(const char *path);

#endif
