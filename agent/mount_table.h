/* SPDX-License-Identifier: Apache-2.0 */
/* The text of /proc/PID/mountinfo as a tree of mounts: which one shows a path, and what other names
 * that has. Pure. */
#ifndef PLIMSOLL_AGENT_MOUNT_TABLE_H
#define PLIMSOLL_AGENT_MOUNT_TABLE_H

#include "agent/proc_text.h"
#include "proto/base.h"

struct mount_table;
/* text of mountinfo(5); lines that do not read as expected are left out. */
struct mount_table *mount_table_new(const char *text);
void mount_table_free(struct mount_table *table);
PLIMSOLL_AUTOPTR(mount_table, mount_table_free)

/* In the table's order; not NULL for i < mount_table_size(). */
guint mount_table_size(const struct mount_table *table);
const struct proc_mount *mount_table_at(const struct mount_table *table, guint i);

/* The mount on which a realpath lies, those that others cover left out; NULL: not known. */
const struct proc_mount *mount_table_find(const struct mount_table *table, const char *path);

/* Whether a mount of the table is to be seen at its place, or that cannot be told. */
bool mount_table_shows(const struct mount_table *table, const struct proc_mount *mount);

/* Where a realpath lies, as "MAJOR:MINOR PATH" in a file system: one text for all its names, in
 * every table of one kernel. gives: g_free(); NULL: not known. */
char *mount_table_place(const struct mount_table *table, const char *path);

/*
 * Calls back for every other path at which the object behind a realpath is to be seen, and for
 * those of what is mounted below it: a bind mount gives a folder a second name, which no link tells
 * of. The alias lives until the callback returns.
 */
void mount_table_aliases(const struct mount_table *table, const char *path,
			 void (*each)(const char *alias, void *data), void *data);

#endif
