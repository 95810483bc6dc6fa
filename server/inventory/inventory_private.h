/* SPDX-License-Identifier: Apache-2.0 */
/* An inventory while it is read: machines, groups and what was said of them. */
#ifndef PLIMSOLL_SERVER_INVENTORY_INVENTORY_PRIVATE_H
#define PLIMSOLL_SERVER_INVENTORY_INVENTORY_PRIVATE_H

#include "server/inventory/inventory.h"

/* Where something stands; column 0: the whole line. */
struct inventory_place {
	guint line, column;
};

struct inventory_group;

struct inventory_host {
	char *name;
	struct inventory_place place;
	GHashTable *vars;  /* variable -> value; only what has to do with connections */
	GPtrArray *groups; /* struct inventory_group *, those that name it */
};

struct inventory_group {
	char *name;
	GHashTable *vars;
	GPtrArray *parents; /* struct inventory_group * */
	GPtrArray *all;     /* itself and all above, outermost first; NULL: not found out yet */
	guint depth;        /* below "all" */
	bool is_visited;
};

struct inventory_file {
	const char *name;
	GHashTable *hosts, *groups; /* by name; own them */
	GPtrArray *order;           /* struct inventory_host * */
	GPtrArray *notes;
	guint members; /* how often groups name machines */
};

/* Sets "FILE:LINE:COLUMN: text"; returns false. */
bool inventory_fault(const struct inventory_file *file, struct inventory_place place,
		     GError **error, const char *format, ...) G_GNUC_PRINTF(4, 5);

/* --- what readers say --- */

/* "web", made when it is new. NULL: too many. */
struct inventory_group *inventory_group(struct inventory_file *file, const char *name,
					struct inventory_place place, GError **error);
bool inventory_add_child(struct inventory_file *file, struct inventory_group *parent,
			 struct inventory_group *child, struct inventory_place place,
			 GError **error);
/*
 * A machine, or by a range several; group NULL: in none.
 *
 * each  called for every one; may be NULL.
 */
bool inventory_add_hosts(struct inventory_file *file, struct inventory_group *group,
			 const char *pattern, struct inventory_place place,
			 void (*each)(struct inventory_host *host, void *data), void *data,
			 GError **error);
/* Keeps a variable if it matters; the value of a password is forgotten. */
void inventory_set(GHashTable *vars, const char *name, const char *value);

bool inventory_read_ini(struct inventory_file *file, const char *text, size_t size, GError **error);
bool inventory_read_yaml(struct inventory_file *file, const char *text, size_t size,
			 GError **error);

/*
 * The names that a pattern with ranges stands for: "web[01:03].x", "[a:c]", "[0:10:2]".
 *
 * gives  NULL-terminated; g_strfreev(). NULL: ret_why says what is wrong; static storage.
 */
char **inventory_expand(const char *pattern, guint max_names, const char **ret_why);

/* --- what comes of it --- */

/* The target of a machine; NULL with *ret_left_out (g_free()): it is no machine for SSH; NULL
 * without: error says what is wrong with it. */
struct inventory_entry *inventory_entry_new(const struct inventory_file *file,
					    const struct inventory_host *host, char **ret_left_out,
					    GError **error);
/* Whether ssh arguments change nothing of where it goes and who signs in. */
bool inventory_is_harmless(const char *ssh_arguments);

#endif
