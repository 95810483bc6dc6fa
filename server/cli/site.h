/* SPDX-License-Identifier: Apache-2.0 */
/* What commands beside a server share: finding its configuration, its store, and saying errors. */
#ifndef PLIMSOLL_SERVER_CLI_SITE_H
#define PLIMSOLL_SERVER_CLI_SITE_H

#include "server/config.h"
#include "server/store/store.h"

/* The two options with which every such command finds an installation. */
struct site_options {
	char *config;
	char *data;
};
#define SITE_OPTION_ENTRIES(options)                                                               \
	{"config", 0, 0, G_OPTION_ARG_FILENAME, &(options)->config, NULL, NULL},                   \
	{                                                                                          \
		"data", 0, 0, G_OPTION_ARG_FILENAME, &(options)->data, NULL, NULL                  \
	}
/* Their lines in a command's help. */
#define SITE_OPTION_HELP                                                                           \
	"  --data DIR      folder of the installation (default: /var/lib/plimsoll)\n"              \
	"  --config FILE   its configuration (default: DIR/server.conf)\n"

void site_options_done(struct site_options *options);

/* Reads the configuration; what is wrong is said, and ret_exit set. gives: config_free(). */
struct config *site_config(const char *command, const struct site_options *options, int *ret_exit);
/* Opens the store of a configuration; the same. gives: store_close(). */
struct store *site_store(const char *command, const struct config *config, enum store_access access,
			 int *ret_exit);

/* Says an error and answers the exit code that fits it. */
int site_fail(const char *command, const GError *error);

/* "local:NAME" of who runs the command, for the audit trail. gives: free with g_free(). */
char *site_actor(void);

/* "90s", "15m", "1h", "7d", or seconds, from 60 s to 30 days. */
bool site_parse_duration(const char *text, int64_t *ret_seconds);

int64_t site_now_s(void);

#endif
