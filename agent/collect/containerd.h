/* SPDX-License-Identifier: Apache-2.0 */
/* The containerd processes of a host and two keys of their configuration. */
#ifndef PLIMSOLL_AGENT_COLLECT_CONTAINERD_H
#define PLIMSOLL_AGENT_COLLECT_CONTAINERD_H

#include "agent/collect/survey.h"

/* Names the files of containerd to the registry; from the second round on, in every round. */
void containerd_want_files(struct survey *survey);

struct containerd_config {
	char *root, *address; /* NULL: not set; g_free() each */
};
/* `root` at the top and `address` of [grpc] in a config.toml; nothing else is read. Pure. */
void containerd_config_read(const char *text, struct containerd_config *ret_config);
void containerd_config_done(struct containerd_config *config);

#endif
