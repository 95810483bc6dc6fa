/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mounts of every container against the lists of the mount checks (RULES 0.9): where a mount
 * comes from, and one row per mount and list. The lists themselves: derive_mount_sensitive.c,
 * derive_mount_socket.c.
 */
#include "checks/derive/derive_mount.h"
#include "checks/derive/derive_path.h"

#define MOUNT_TABLE "file:/proc/1/mountinfo"

static const char *const lists_of_every_container[] = {"l8", "l9", "socket"};

/* --- where a mount comes from --- */

/* What is looked up for every mount. */
struct sources {
	GHashTable *volumes;  /* name -> Plimsoll__Volume* */
	GHashTable *aliases;  /* path as given -> struct mount_alias* */
	struct reason unseen; /* why there may be aliases that are not listed */
};

static GHashTable *volumes_by_name(const struct derivation *d)
{
	GHashTable *volumes = g_hash_table_new(g_str_hash, g_str_equal);

	for (size_t i = 0; i < d->facts->n_volume; i++)
		if (d->facts->volume[i]->name != NULL)
			g_hash_table_insert(volumes, d->facts->volume[i]->name,
					    d->facts->volume[i]);
	return volumes;
}

static GHashTable *aliases_by_path(struct derivation *d)
{
	GHashTable *aliases = g_hash_table_new(g_str_hash, g_str_equal);

	for (size_t i = 0; i < d->facts->n_path_alias; i++) {
		const Plimsoll__PathAlias *fact = d->facts->path_alias[i];
		struct mount_alias *alias = arena_calloc(d->arena, 1, sizeof(*alias));

		alias->path = derive_path_clean(d, fact->alias);
		if (fact->path == NULL || alias->path == NULL)
			continue;
		alias->next = g_hash_table_lookup(aliases, fact->path);
		g_hash_table_insert(aliases, fact->path, alias);
	}
	return aliases;
}

static struct reason unseen_aliases(struct derivation *d)
{
	const Plimsoll__Fetch *fetch = derive_fetch(d, MOUNT_TABLE);

	if (fetch == NULL || !fetch->has_status)
		return (struct reason){"UK", "the mount table was not read"};
	for (size_t i = 0; i < d->facts->n_path_alias; i++)
		if (d->facts->path_alias[i]->path == NULL || d->facts->path_alias[i]->alias == NULL)
			return (struct reason){"UK",
					       "another name of a mount's source was not seen"};
	if (fetch->status == PLIMSOLL__FETCH__STATUS__OK)
		return REASON_OK;
	if (fetch->status == PLIMSOLL__FETCH__STATUS__PERMISSION)
		return (struct reason){"UK_PERM", "the mount table"};
	if (fetch->status == PLIMSOLL__FETCH__STATUS__TRUNCATED)
		return (struct reason){"UK_TRUNCATED", "the mount table"};
	return (struct reason){"UK", "the mount table was not seen"};
}

static struct reason unresolved(struct derivation *d, const char *path)
{
	struct reason elsewhere = derive_host_reason(d);

	if (elsewhere.code != NULL)
		return elsewhere;
	return (struct reason){"UK", derive_text(d, "where %s leads was not seen", path)};
}

static void set_path(struct derivation *d, const struct sources *sources,
		     struct mount_source *source, const char *path, const char *real,
		     bool has_status, Plimsoll__File__Status status)
{
	source->lexical = derive_path_clean(d, path);
	if (source->lexical == NULL) {
		source->reason = (struct reason){"UK", "the source of the mount was not seen"};
		return;
	}
	source->reason = unresolved(d, source->lexical);
	if (!has_status || strcmp(source->reason.code, "UK_ELSEWHERE") == 0)
		return;
	if (status == PLIMSOLL__FILE__STATUS__OK) {
		source->real = derive_path_clean(d, real);
		source->aliases = g_hash_table_lookup(sources->aliases, path);
		if (source->real != NULL)
			source->reason = sources->unseen;
	} else if (status == PLIMSOLL__FILE__STATUS__PERMISSION) {
		source->reason = (struct reason){"UK_PERM", source->lexical};
	} else if (status == PLIMSOLL__FILE__STATUS__ABSENT ||
		   status == PLIMSOLL__FILE__STATUS__DANGLING) {
		source->is_dangling = true;
		source->reason = REASON_OK;
	}
}

/* A volume has a host path of its own only as a bind of the local driver. */
static void set_volume(struct derivation *d, const struct sources *sources,
		       struct mount_source *source)
{
	const char *name = source->facts->name;
	const Plimsoll__Volume *volume =
		name != NULL ? g_hash_table_lookup(sources->volumes, name) : NULL;

	if (volume == NULL) {
		source->reason = derive_fetch_reason(d, "GET /volumes");
		if (source->reason.code == NULL)
			source->reason = (struct reason){
				"UK", derive_text(d, "volume %s is not in the snapshot",
						  name != NULL ? name : "without a name")};
		return;
	}
	if (volume->bind_device == NULL)
		source->reason = (struct reason){
			"UK", derive_text(d, "options of volume %s were not seen", name)};
	else if (*volume->bind_device != '\0')
		set_path(d, sources, source, volume->bind_device, volume->bind_real,
			 volume->has_bind_status, volume->bind_status);
}

static struct mount_source mount_source(struct derivation *d, const struct sources *sources,
					size_t container, size_t mount)
{
	const Plimsoll__ContainerMount *facts = d->facts->container[container]->mount[mount];
	struct mount_source source = {
		.container = (int64_t)container, .mount = (int64_t)mount, .facts = facts};
	const char *from = facts->source;

	if (facts->type == NULL)
		source.reason = (struct reason){"UK", "the type of the mount was not seen"};
	else if (strcmp(facts->type, "bind") == 0)
		set_path(d, sources, &source, facts->source, facts->source_real,
			 facts->has_source_status, facts->source_status);
	else if (strcmp(facts->type, "volume") == 0)
		set_volume(d, sources, &source);
	if (source.lexical != NULL)
		from = source.lexical;
	else if (facts->name != NULL && *facts->name != '\0')
		from = derive_text(d, "volume %s", facts->name);
	else if (facts->type != NULL && (from == NULL || *from == '\0'))
		from = facts->type;
	source.text = derive_text(d, "%s -> %s", from != NULL ? from : "?",
				  facts->destination != NULL ? facts->destination : "?");
	source.observed = facts->has_rw
				  ? derive_text(d, "%s %s", source.text, facts->rw ? "rw" : "ro")
				  : source.text;
	return source;
}

/* --- what the lists share --- */

/* Links of today's distributions, for paths that nobody looked at. */
static const char *usual_real(struct derivation *d, const char *path)
{
	static const struct {
		const char *link, *target;
	} links[] = {{"/lib", "/usr/lib"}, {"/lib64", "/usr/lib64"}, {"/var/run", "/run"}};

	for (guint i = 0; i < G_N_ELEMENTS(links); i++) {
		enum path_relation relation = derive_path_relation(path, links[i].link);

		if (relation == PATH_EQUAL || relation == PATH_BELOW)
			return derive_text(d, "%s%s", links[i].target,
					   path + strlen(links[i].link));
	}
	return path;
}

struct mount_entry derive_mount_entry(struct derivation *d, Plimsoll__File__Role role,
				      const char *path)
{
	struct mount_entry entry = {derive_path_clean(d, path), NULL};
	int64_t index = derive_file_find(d, role, path);
	const Plimsoll__File *file = index >= 0 ? d->facts->file[index] : NULL;

	if (entry.path == NULL)
		entry.path = path; /* an abstract socket */
	if (file == NULL) {
		entry.real = derive_path_real(d, entry.path);
		entry.real = usual_real(d, entry.real != NULL ? entry.real : entry.path);
	} else if (file->has_status && file->status == PLIMSOLL__FILE__STATUS__OK) {
		entry.real = derive_path_clean(d, file->real);
	} else if (file->has_status && file->status == PLIMSOLL__FILE__STATUS__ABSENT) {
		entry.real = entry.path;
	}
	return entry;
}

static enum path_relation nearer(enum path_relation a, enum path_relation b)
{
	if (a == PATH_UNRELATED)
		return b;
	return b == PATH_UNRELATED || a < b ? a : b;
}

enum path_relation derive_mount_relation(const struct mount_source *source,
					 const struct mount_entry *entry)
{
	const char *real = entry->real != NULL ? entry->real : entry->path;

	enum path_relation nearest = nearer(derive_path_relation(source->lexical, entry->path),
					    derive_path_relation(source->real, real));

	for (const struct mount_alias *alias = source->aliases; alias != NULL; alias = alias->next)
		nearest = nearer(nearest, derive_path_relation(alias->path, real));
	return nearest;
}

Derived__MountVerdict *derive_mount_row(struct derivation *d, const struct mount_source *source,
					const char *list, const char *verdict)
{
	Derived__MountVerdict *row = derive_new(d, &derived__mount_verdict__descriptor);

	WIRE_SET(row, container, source->container);
	WIRE_SET(row, mount, source->mount);
	row->list = derive_constant(list);
	row->verdict = derive_constant(verdict);
	row->item = derive_constant(source->text);
	row->observed = derive_constant(source->observed);
	row->expected = derive_constant("not mounted");
	row->source = derive_constant(source->real != NULL ? "inspect, realpath" : "inspect");
	DERIVE_ADD(d, mount_verdict, row);
	return row;
}

void derive_mount_unmatched(struct derivation *d, const struct mount_source *source,
			    struct reason entries, Derived__MountVerdict *row)
{
	struct reason reason = source->reason;

	if (reason.code == NULL && source->lexical != NULL)
		reason = entries;
	row->verdict = derive_constant(reason.code == NULL ? "pass" : "unknown");
	row->reason = derive_reason_text(d, reason);
	if (source->is_dangling)
		row->note = derive_join(d, row->note, "; ", "the source does not exist");
}

/* --- rows --- */

/* A container without mounts, or one whose mounts were not seen, has one row per list. */
static void add_bare_rows(struct derivation *d, size_t index, bool is_seen)
{
	for (guint i = 0; i < G_N_ELEMENTS(lists_of_every_container); i++) {
		Derived__MountVerdict *row = derive_new(d, &derived__mount_verdict__descriptor);

		WIRE_SET(row, container, (int64_t)index);
		row->list = derive_constant(lists_of_every_container[i]);
		row->verdict = derive_constant(is_seen ? "pass" : "unknown");
		row->expected = derive_constant("not mounted");
		row->source = derive_constant("inspect");
		if (is_seen)
			row->observed = derive_constant("no mounts");
		else
			row->reason = derive_reason_text(
				d, (struct reason){"UK_API",
						   d->facts->container[index]->inspect_detail});
		DERIVE_ADD(d, mount_verdict, row);
	}
}

void derive_mounts(struct derivation *d)
{
	const struct mount_lists *lists = derive_mount_lists_new(d);
	const struct mount_sockets *sockets = derive_mount_sockets_new(d);
	const struct mount_entry devices =
		derive_mount_entry(d, PLIMSOLL__FILE__ROLE__SENSITIVE, "/dev");
	g_autoptr(GHashTable) volumes = volumes_by_name(d);
	g_autoptr(GHashTable) aliases = aliases_by_path(d);
	const struct sources all = {volumes, aliases, unseen_aliases(d)};

	for (size_t i = 0; i < d->facts->n_container; i++) {
		const Plimsoll__Container *container = d->facts->container[i];
		bool is_seen = container->has_inspect_status &&
			       container->inspect_status == PLIMSOLL__FETCH__STATUS__OK;

		if (!is_seen || container->n_mount == 0)
			add_bare_rows(d, i, is_seen);
		for (size_t m = 0; m < container->n_mount; m++) {
			struct mount_source source = mount_source(d, &all, i, m);

			derive_mount_judge_sensitive(d, lists, &source);
			derive_mount_judge_socket(d, sockets, &source);
			if (source.lexical != NULL &&
			    derive_mount_relation(&source, &devices) != PATH_UNRELATED)
				(void)derive_mount_row(d, &source, "device", "manual");
		}
	}
}
