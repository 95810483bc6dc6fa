/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Effective capabilities (RULES 0.10): what the engine makes of Privileged, CapAdd and CapDrop.
 * The set is a set of names, so that a capability this release does not know still shows.
 */
#include "checks/derive/derive_internal.h"

static const char *const defaults[] = {
	"AUDIT_WRITE",      "CHOWN",   "DAC_OVERRIDE", "FOWNER", "FSETID",  "KILL",   "MKNOD",
	"NET_BIND_SERVICE", "NET_RAW", "SETFCAP",      "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
};
static const char *const not_in_podman[] = {"AUDIT_WRITE", "MKNOD", "NET_RAW"};

/* A set, or everything but a set. */
struct capabilities {
	bool all;
	GHashTable *names; /* borrowed; of all: what is missing */
};

static bool is_one_of(const char *const *names, guint n, const char *name)
{
	for (guint i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* "cap_net_raw", "CAP_NET_RAW" and "NET_RAW" are one; engines store both spellings. */
static const char *canonical_name(struct derivation *d, const char *name)
{
	g_autofree char *upper = g_ascii_strup(name, -1);
	const char *bare = g_str_has_prefix(upper, "CAP_") ? upper + strlen("CAP_") : upper;

	return arena_strdup(d->arena, bare);
}

static bool has_all(struct derivation *d, char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(canonical_name(d, names[i]), "ALL") == 0)
			return true;
	return false;
}

static bool is_default(const struct derivation *d, const char *name)
{
	bool is_podman = g_strcmp0(d->out->place->kind, "podman") == 0;

	return is_one_of(defaults, G_N_ELEMENTS(defaults), name) &&
	       !(is_podman && is_one_of(not_in_podman, G_N_ELEMENTS(not_in_podman), name));
}

static void add_defaults(const struct derivation *d, GHashTable *names)
{
	for (guint i = 0; i < G_N_ELEMENTS(defaults); i++)
		if (is_default(d, defaults[i]))
			g_hash_table_add(names, (void *)(uintptr_t)defaults[i]);
}

static void change(struct derivation *d, char *const *names, size_t n, GHashTable *set, bool add)
{
	for (size_t i = 0; i < n; i++) {
		const char *name = canonical_name(d, names[i]);

		if (strcmp(name, "ALL") == 0)
			continue;
		if (add)
			g_hash_table_add(set, (void *)(uintptr_t)name);
		else
			g_hash_table_remove(set, name);
	}
}

static struct capabilities effective(struct derivation *d, const Plimsoll__Container *container)
{
	struct capabilities set = {false, g_hash_table_new(g_str_hash, g_str_equal)};

	if (container->privileged) {
		set.all = true;
	} else if (has_all(d, container->cap_add, container->n_cap_add)) {
		set.all = true;
		change(d, container->cap_drop, container->n_cap_drop, set.names, true);
	} else {
		if (!has_all(d, container->cap_drop, container->n_cap_drop)) {
			add_defaults(d, set.names);
			change(d, container->cap_drop, container->n_cap_drop, set.names, false);
		}
		change(d, container->cap_add, container->n_cap_add, set.names, true);
	}
	return set;
}

static bool contains(const struct capabilities *set, const char *name)
{
	return g_hash_table_contains(set->names, name) != set->all;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names in byte order; surplus leaves the default ones out. "ALL -CHOWN" where all but some. */
static char *set_text(struct derivation *d, const struct capabilities *set, bool surplus)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	GHashTableIter iter;
	void *name;
	g_autoptr(GString) text = g_string_new(set->all ? "ALL" : "");

	g_hash_table_iter_init(&iter, set->names);
	while (g_hash_table_iter_next(&iter, &name, NULL))
		if (set->all || !surplus || !is_default(d, name))
			g_ptr_array_add(names, name);
	g_ptr_array_sort(names, compare_names);
	for (guint i = 0; i < names->len; i++) {
		if (text->len > 0)
			g_string_append_c(text, ' ');
		if (set->all)
			g_string_append_c(text, '-');
		g_string_append(text, names->pdata[i]);
	}
	return arena_strdup(d->arena, text->str);
}

/* Privileged and the lists come with one answer: a container that was inspected has seen lists. */
static bool is_seen(const Plimsoll__Container *container)
{
	return container->has_privileged && container->has_inspect_status &&
	       container->inspect_status == PLIMSOLL__FETCH__STATUS__OK;
}

/* Nothing added, nothing dropped: all such containers have the same capabilities. */
static bool is_plain(const Plimsoll__Container *container)
{
	return is_seen(container) && !container->privileged && container->n_cap_add == 0 &&
	       container->n_cap_drop == 0;
}

static void fill_row(struct derivation *d, const Plimsoll__Container *container,
		     Derived__Capability *row)
{
	struct capabilities set = effective(d, container);

	row->effective = set_text(d, &set, false);
	row->surplus = set_text(d, &set, true);
	WIRE_SET(row, all, set.all && g_hash_table_size(set.names) == 0);
	WIRE_SET(row, net_raw, contains(&set, "NET_RAW"));
	WIRE_SET(row, dac_read_search, contains(&set, "DAC_READ_SEARCH"));
	WIRE_SET(row, sys_module, contains(&set, "SYS_MODULE"));
	WIRE_SET(row, sys_admin, contains(&set, "SYS_ADMIN"));
	WIRE_SET(row, sys_ptrace, contains(&set, "SYS_PTRACE"));
	g_hash_table_unref(set.names);
}

void derive_capabilities(struct derivation *d)
{
	const Derived__Capability *plain = NULL;

	for (size_t i = 0; i < d->facts->n_container; i++) {
		const Plimsoll__Container *container = d->facts->container[i];
		Derived__Capability *row = derive_new(d, &derived__capability__descriptor);

		if (is_plain(container) && plain != NULL)
			*row = *plain;
		else if (is_seen(container))
			fill_row(d, container, row);
		if (is_plain(container))
			plain = row;
		WIRE_SET(row, container, (int64_t)i);
		DERIVE_ADD(d, capability, row);
	}
}
