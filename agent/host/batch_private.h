/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a batch, for the variants of the door: they walk the wants and fill the answers. */
#ifndef PLIMSOLL_AGENT_HOST_BATCH_PRIVATE_H
#define PLIMSOLL_AGENT_HOST_BATCH_PRIVATE_H

#include "agent/host/host_path.h"
#include "agent/host_batch.h"

enum host_want { HOST_WANT_STAT, HOST_WANT_READ, HOST_WANT_LINK, HOST_WANT_LIST, HOST_WANT_PEER };
enum { HOST_WANT_KINDS = HOST_WANT_PEER + 1 };

struct host_batch {
	struct arena *arena;
	GPtrArray *
		wants[HOST_WANT_KINDS]; /* struct host_stat*, host_read*, ... in the order wanted */
	GHashTable *by_path[HOST_WANT_KINDS];
	GArray *suspects;                     /* struct host_device */
	struct host_process_table *processes; /* NULL: not wanted; the same for the next two */
	struct host_audit *audit;
	struct host_self *self;
};

/* The state that an errno stands for; 0 = OK. */
struct host_state host_state_from_errno(int errno_value);

/* A list without names, as every list starts. */
extern const char *const host_no_names[1];

#endif
