/* SPDX-License-Identifier: Apache-2.0 */
/* The site parameters of one audit: a configuration file, and what the command line says over it.
 */
#ifndef PLIMSOLL_SERVER_CLI_AUDIT_PARAMETERS_H
#define PLIMSOLL_SERVER_CLI_AUDIT_PARAMETERS_H

#include "server/parameters.h"

#define AUDIT_CONFIG "/etc/plimsoll/plimsoll.conf"

/*
 * path         NULL: AUDIT_CONFIG, which need not be there.
 * assignments  NAME=VALUE each; NULL = none.
 * error        CONFIG_ERROR and as ini_read().
 */
struct parameter_values *audit_parameters_read(const char *path, char *const *assignments,
					       GError **error);

#endif
