/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that say which machines there are: one target a line, or inventories as Ansible reads them
 * (INI, YAML, and the JSON of `ansible-inventory --list`), told apart by what is in them.
 */
#ifndef PLIMSOLL_SERVER_INVENTORY_INVENTORY_H
#define PLIMSOLL_SERVER_INVENTORY_INVENTORY_H

#include "agent/ssh_target.h"

/* One machine of a file. */
struct inventory_entry {
	struct ssh_target *target; /* labels: its groups, "group=web" */
	char **groups;             /* every group that it is in; NULL-terminated */
	char *trouble;             /* why it must not be gone to as it stands; NULL: it can be */
	char *place;               /* FILE:LINE */
};
void inventory_entry_free(struct inventory_entry *entry);
PLIMSOLL_AUTOPTR(inventory_entry, inventory_entry_free)

/*
 * Reads one file. What Ansible knows and a scan cannot obey is not passed over: a machine whose
 * settings would lead elsewhere, or give a password, has a trouble; one that Ansible does not reach
 * by SSH at all is left out with a note.
 *
 * name     as it stands in messages.
 * entries  struct inventory_entry *, appended in the order of the file.
 * notes    char *, appended.
 * error    INVENTORY_ERROR: "FILE:LINE[:COLUMN]: what is wrong".
 */
bool inventory_read(const char *name, const char *text, size_t size, GPtrArray *entries,
		    GPtrArray *notes, GError **error);

/*
 * Whether a machine is meant by a pattern as Ansible's --limit has it: names of machines and groups
 * with *, ? and ranges, joined by "," or ":"; "!" before one takes it away, "&" keeps what is in it
 * too.
 */
bool inventory_is_meant(const struct inventory_entry *entry, const char *pattern);
/* Whether it is in a group that one of the patterns names; NULL-terminated. */
bool inventory_is_in(const struct inventory_entry *entry, const char *const *group_patterns);

#define INVENTORY_ERROR (inventory_error_quark())
GQuark inventory_error_quark(void);

#endif
