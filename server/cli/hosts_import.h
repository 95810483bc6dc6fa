/* SPDX-License-Identifier: Apache-2.0 */
/* `plimsoll hosts import`: saved facts become hosts of the fleet. */
#ifndef PLIMSOLL_SERVER_CLI_HOSTS_IMPORT_H
#define PLIMSOLL_SERVER_CLI_HOSTS_IMPORT_H

#include "server/config.h"
#include "server/store/store.h"

/*
 * Imports every file, goes on after one that is wrong, and says what became of each. Facts that are
 * there already change nothing.
 *
 * store    opened for writing; a server may run beside.
 * paths    of files written by `plimsoll audit --save-facts` or `plimsoll-agent collect --json`;
 *          ends with NULL.
 * returns  an exit code.
 */
int hosts_import(const struct config *config, struct store *store, char *const *paths);

#endif
