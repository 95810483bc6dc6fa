/* SPDX-License-Identifier: Apache-2.0 */
/* A host's file tree made for one test, and what a collection of it says. */
#ifndef PLIMSOLL_TESTS_UNIT_AGENT_HOST_TREE_H
#define PLIMSOLL_TESTS_UNIT_AGENT_HOST_TREE_H

#include "proto/facts_json.h"

/* Paths start with "/" and count from root; folders on the way are made. */
void tree_write(const char *root, const char *path, const char *text);
void tree_folder(const char *root, const char *path);
void tree_link(const char *root, const char *target, const char *path);

/* Collects from the tree, without an engine. */
struct collection *tree_collect(const char *root);

const Plimsoll__Unit *find_unit(const struct collection *collection, const char *name);
const Plimsoll__File *find_file(const struct collection *collection, Plimsoll__File__Role role,
				const char *path);
const Plimsoll__Fetch *find_fetch(const struct collection *collection, const char *source);
const Plimsoll__ConfigOption *find_option(const struct collection *collection, const char *name);

#endif
