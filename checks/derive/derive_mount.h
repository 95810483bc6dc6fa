/* SPDX-License-Identifier: Apache-2.0 */
/* What the mount checks share: one mount of one container, and entries to compare its source with.
 */
#ifndef PLIMSOLL_CHECKS_DERIVE_MOUNT_H
#define PLIMSOLL_CHECKS_DERIVE_MOUNT_H

#include "checks/derive/derive_path.h"

/* Another path of what a source shows: the folder behind a bind mount, at or below it. */
struct mount_alias {
	const char *path;
	const struct mount_alias *next;
};

/* Where a mount comes from on the host (RULES 0.9). */
struct mount_source {
	int64_t container, mount; /* ordinals */
	const Plimsoll__ContainerMount *facts;
	const char *text;                  /* "/etc -> /hetc" */
	const char *observed;              /* "/etc -> /hetc ro" */
	const char *lexical;               /* as given, cleaned; NULL: no host path */
	const char *real;                  /* realpath; NULL: not seen, or nothing there */
	bool is_dangling;                  /* seen that nothing is there */
	const struct mount_alias *aliases; /* what it shows besides, by the mount table */
	struct reason reason;              /* why lexical or real is not known */
};

/* A path to compare with. */
struct mount_entry {
	const char *path;
	const char *real; /* NULL: not seen */
};

/* A row of the table for one list; the caller fills in the rest. list and verdict are literals. */
Derived__MountVerdict *derive_mount_row(struct derivation *d, const struct mount_source *source,
					const char *list, const char *verdict);
/* Decides a row that no entry made fail: pass, or unknown where something was not seen. */
void derive_mount_unmatched(struct derivation *d, const struct mount_source *source,
			    struct reason entries, Derived__MountVerdict *row);
/* An entry by the files that were looked at; of files nobody looked at, the usual links count. */
struct mount_entry derive_mount_entry(struct derivation *d, Plimsoll__File__Role role,
				      const char *path);
/* The nearest of the relations, by path, realpath and aliases: EQUAL, else ABOVE, else BELOW. */
enum path_relation derive_mount_relation(const struct mount_source *source,
					 const struct mount_entry *entry);

struct mount_lists; /* entries of all lists, made once */
struct mount_lists *derive_mount_lists_new(struct derivation *d);
void derive_mount_judge_sensitive(struct derivation *d, const struct mount_lists *lists,
				  const struct mount_source *source);

struct mount_sockets;
struct mount_sockets *derive_mount_sockets_new(struct derivation *d);
void derive_mount_judge_socket(struct derivation *d, const struct mount_sockets *sockets,
			       const struct mount_source *source);

#endif
