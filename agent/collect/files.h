/* SPDX-License-Identifier: Apache-2.0 */
/* Metadata of named paths (FACTS 4.1); contents are never read here. */
#ifndef PLIMSOLL_AGENT_COLLECT_FILES_H
#define PLIMSOLL_AGENT_COLLECT_FILES_H

#include "agent/collect/survey.h"

/* Wants a path in a role; once for each pair. Relative paths count from the root, where services
 * start. */
void files_want(struct survey *survey, Plimsoll__File__Role role, const char *path);
/* The same for the path in "unix:///path"; other addresses are skipped. */
void files_want_address(struct survey *survey, Plimsoll__File__Role role, const char *address);

Plimsoll__File__Status files_status(const struct host_stat *stat);

/* After the last round. */
bool files_is_socket_gid(const struct survey *survey, int64_t gid);
/* The first file of a role that exists; NULL: none. */
const struct host_stat *files_first(const struct survey *survey, Plimsoll__File__Role role);
/* Whether every path of a role was answered with "there" or "not there". */
bool files_are_all_seen(const struct survey *survey, Plimsoll__File__Role role);
/* Calls back for every path that resolved. */
void files_each(const struct survey *survey,
		void (*each)(Plimsoll__File__Role role, const struct host_stat *stat, void *data),
		void *data);
/* The realpath of an object; where a wanted path is the same object by another name (a hard link, a
 * bind mount), the realpath of that one. NULL: it did not resolve. */
const char *files_object_real(const struct survey *survey, const struct host_stat *stat);
/* What a path of a role resolved to; NULL: not, or not asked. */
const char *files_real(const struct survey *survey, Plimsoll__File__Role role, const char *path);

#endif
