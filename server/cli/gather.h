/* SPDX-License-Identifier: Apache-2.0 */
/* Where a command takes the facts of one host from: this machine, a mounted tree, or a file. */
#ifndef PLIMSOLL_SERVER_CLI_GATHER_H
#define PLIMSOLL_SERVER_CLI_GATHER_H

#include "agent/host.h"
#include "proto/facts_json.h"

struct gather {
	const char *command;    /* "audit", for messages */
	const char *facts_path; /* saved facts; NULL = collect */
	const struct host_endpoint_flags *engine;
	const char *root_dir; /* NULL = "/" */
	/* As in collect_options; never called for saved facts. */
	void (*engine_answered)(void *data);
	void *engine_answered_data;
};

/*
 * Shows progress on a terminal while it collects.
 *
 * gives  a collection; free with collection_free(). NULL: the message has been written, ret_exit is
 * the command's exit code.
 */
struct collection *gather_facts(const struct gather *gather, int *ret_exit);

#endif
