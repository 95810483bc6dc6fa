/* SPDX-License-Identifier: Apache-2.0 */
/* Every check of the catalogue as one document: its numbers, its rule, and where
 * docker-bench-security decides otherwise. checks/CHECKS.md is this text. */
#ifndef PLIMSOLL_SERVER_CLI_CHECKS_MARKDOWN_H
#define PLIMSOLL_SERVER_CLI_CHECKS_MARKDOWN_H

#include "checks/catalogue.h"

/* gives: free with g_free(). */
char *checks_markdown(const struct catalogue *catalogue);

#endif
