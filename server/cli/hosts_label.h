/* SPDX-License-Identifier: Apache-2.0 */
/* `plimsoll hosts label`: what operators file hosts under. */
#ifndef PLIMSOLL_SERVER_CLI_HOSTS_LABEL_H
#define PLIMSOLL_SERVER_CLI_HOSTS_LABEL_H

#include "server/store/store.h"

/*
 * Sets every KEY=VALUE and takes away every KEY- of words, all or none; then prints the labels that
 * the host has. Answers an exit code.
 */
int hosts_label(struct store *store, const char *host_id, char *const *words);

#endif
