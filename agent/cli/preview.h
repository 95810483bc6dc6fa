/* SPDX-License-Identifier: Apache-2.0 */
/* What a report would tell, for the person who decides whether it may. */
#ifndef PLIMSOLL_AGENT_CLI_PREVIEW_H
#define PLIMSOLL_AGENT_CLI_PREVIEW_H

#include "proto/facts_json.h"

/* Every table with its rows and bytes, every column of text with its first values; plain ASCII.
 * gives: free with g_free(). */
char *preview_write(const struct collection *collection);

#endif
