/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a mounted tree shows what the host itself has at a path. A tree that was put together
 * from parts, or bound without what is mounted below it, shows empty folders where the host has
 * files: "absent" there would be wrong. The host's own mount table, which its /proc tells, decides.
 */
#ifndef PLIMSOLL_AGENT_LOCAL_TREE_H
#define PLIMSOLL_AGENT_LOCAL_TREE_H

#include <glib.h>
#include <stdbool.h>

#include "proto/base.h"

struct local_tree;
/* NULL: there is nothing to compare with, since the tree has no /proc of a running host, its mount
 * table may not be read, or its mounts are of another mount namespace than this process's. */
struct local_tree *local_tree_new(int root_fd);
void local_tree_free(struct local_tree *tree);
PLIMSOLL_AUTOPTR(local_tree, local_tree_free)

/* path: a realpath inside the tree, of what need not exist. */
bool local_tree_shows(const struct local_tree *tree, const char *path);

#endif
