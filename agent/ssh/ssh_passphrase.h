/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The passphrase of a key's file, asked for once per process and file: by the program that
 * SSH_ASKPASS names, else on the terminal without echo. It is never in an argument or the
 * environment.
 */
#ifndef PLIMSOLL_AGENT_SSH_PASSPHRASE_H
#define PLIMSOLL_AGENT_SSH_PASSPHRASE_H

#include <glib.h>
#include <stdbool.h>

#include "agent/ssh/ssh_dial.h"

/*
 * Calls use with the passphrase; what use refuses is asked for again, three times in all, and what
 * it takes is kept for other connections until ssh_passphrase_forget(). Others that ask for the
 * same file wait.
 *
 * wait   its end is put off by as long as the asking took.
 * false  nobody could be asked, or nobody knew it.
 */
bool ssh_passphrase_try(const char *file, struct ssh_wait *wait,
			bool (*use)(const char *passphrase, void *data), void *data);

/* Wipes what is kept. */
void ssh_passphrase_forget(void);

#endif
