/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container-sensitive-host-dirs: a mount's source against L8, L9, X and the secret paths below
 * /etc. A path and a realpath are judged each by itself, the worse of both counts.
 */
#include "checks/derive/derive_mount.h"
#include "checks/derive/derive_path.h"

enum { MAX_OWN_ENTRIES = 64 }; /* data root and containerd roots */

/* L9; L8 is without the last. "/" comes first and is only EQUAL: everything is below it. */
static const struct {
	const char *path;
	bool only_l9;
	bool never_read_only; /* below it, ro fails as well */
} l_paths[] = {
	{"/", false, false},    {"/boot", false, true}, {"/dev", false, true},
	{"/etc", false, false}, {"/lib", false, false}, {"/proc", false, true},
	{"/sys", false, false}, {"/usr", false, false}, {"/lib64", true, false},
};
static const char *const secret_paths[] = {
	"/etc/shadow",  "/etc/gshadow",   "/etc/ssh",         "/etc/docker",
	"/etc/sudoers", "/etc/sudoers.d", "/etc/ssl/private", "/etc/kubernetes",
};
static const char *const x_paths[] = {
	"/run",
	"/var",
	"/var/lib",
	"/root",
	"/var/spool/cron",
	"/var/lib/kubelet",
	"/var/lib/containerd",
};
/* Harmless although below /dev. */
static const char *const exempt_paths[] = {"/dev/shm", "/dev/mqueue", "/dev/hugepages", "/dev/log"};

struct mount_lists {
	struct mount_entry l[G_N_ELEMENTS(l_paths)];
	struct mount_entry secret[G_N_ELEMENTS(secret_paths)];
	struct mount_entry x[G_N_ELEMENTS(x_paths) + MAX_OWN_ENTRIES];
	guint n_x;
	struct reason unseen; /* an entry whose realpath was not seen */
};

/* --- the lists --- */

static struct mount_entry entry_of(struct derivation *d, struct mount_lists *lists,
				   Plimsoll__File__Role role, const char *path)
{
	struct mount_entry entry = derive_mount_entry(d, role, path);

	if (entry.real == NULL)
		lists->unseen = (struct reason){"UK_PERM", entry.path};
	return entry;
}

static void add_own(struct mount_lists *lists, const char *path, const char *real)
{
	if (path == NULL)
		return;
	if (real == NULL)
		lists->unseen = (struct reason){"UK_PERM", path};
	if (lists->n_x < G_N_ELEMENTS(lists->x))
		lists->x[lists->n_x++] = (struct mount_entry){path, real};
	else
		lists->unseen = (struct reason){"UK", "too many containerd roots"};
}

static void add_data_root(struct derivation *d, struct mount_lists *lists)
{
	const Derived__Place *place = d->out->place;
	const char *given = d->engine != NULL ? derive_path_clean(d, d->engine->root_dir) : NULL;
	const char *real = d->engine != NULL ? d->engine->root_dir_real : NULL;
	int64_t file;

	if (given == NULL && real == NULL) {
		lists->unseen = (struct reason){"UK", "the data root was not seen"};
		return;
	}
	file = derive_file_find(d, PLIMSOLL__FILE__ROLE__DATA_ROOT, given);
	if (real == NULL && file >= 0)
		real = d->facts->file[file]->real;
	add_own(lists, given != NULL ? given : real, derive_path_clean(d, real));
	if (g_strcmp0(place->data_root, place->data_root_child) != 0)
		add_own(lists, place->data_root, place->data_root);
}

static void add_containerd_roots(struct derivation *d, struct mount_lists *lists)
{
	bool is_file_seen = false;

	for (size_t i = 0; i < d->facts->n_file; i++) {
		const Plimsoll__File *file = d->facts->file[i];

		if (!file->has_role || file->role != PLIMSOLL__FILE__ROLE__CONTAINERD_ROOT ||
		    file->path == NULL)
			continue;
		is_file_seen = true;
		add_own(lists, derive_path_clean(d, file->path),
			file->has_status && file->status == PLIMSOLL__FILE__STATUS__ABSENT
				? derive_path_clean(d, file->path)
				: derive_path_clean(d, file->real));
	}
	for (size_t i = 0; i < d->facts->n_containerd; i++) {
		const char *root = derive_path_clean(d, d->facts->containerd[i]->root);

		if (root == NULL && !is_file_seen)
			lists->unseen = (struct reason){"UK", "containerd's root was not seen"};
		add_own(lists, root, root);
	}
}

struct mount_lists *derive_mount_lists_new(struct derivation *d)
{
	struct mount_lists *lists = arena_calloc(d->arena, 1, sizeof(*lists));

	for (guint i = 0; i < G_N_ELEMENTS(l_paths); i++)
		lists->l[i] = entry_of(d, lists, PLIMSOLL__FILE__ROLE__SENSITIVE, l_paths[i].path);
	for (guint i = 0; i < G_N_ELEMENTS(secret_paths); i++)
		lists->secret[i] =
			entry_of(d, lists, PLIMSOLL__FILE__ROLE__SENSITIVE, secret_paths[i]);
	for (guint i = 0; i < G_N_ELEMENTS(x_paths); i++)
		lists->x[lists->n_x++] =
			entry_of(d, lists, PLIMSOLL__FILE__ROLE__SENSITIVE, x_paths[i]);
	add_data_root(d, lists);
	add_containerd_roots(d, lists);
	return lists;
}

/* --- the verdict --- */

struct judgement {
	bool fails;        /* by the older list, which the newer one contains */
	bool fails_l9;     /* by what only the newer list has */
	const char *note;  /* why it passes although it is on a list */
	const char *alias; /* what makes it fail, if that is neither path nor realpath */
};

static bool is_in(const char *path, const char *entry)
{
	enum path_relation relation = derive_path_relation(path, entry);

	return relation == PATH_EQUAL || relation == PATH_BELOW;
}

static bool is_exempt(const char *path)
{
	for (guint i = 0; i < G_N_ELEMENTS(exempt_paths); i++)
		if (is_in(path, exempt_paths[i]))
			return true;
	return false;
}

static const char *entry_path(const struct mount_entry *entry, bool real)
{
	return real && entry->real != NULL ? entry->real : entry->path;
}

static bool is_secret(const struct mount_lists *lists, const char *path, bool real)
{
	for (guint i = 0; i < G_N_ELEMENTS(lists->secret); i++)
		if (is_in(path, entry_path(&lists->secret[i], real)))
			return true;
	return false;
}

/* One path, as given (entries as given) or as realpath (entries as realpaths). */
static void judge_path(struct derivation *d, const struct mount_lists *lists, const char *path,
		       bool real, bool rw, struct judgement *judgement)
{
	for (guint i = 0; path != NULL && i < G_N_ELEMENTS(lists->l); i++) {
		const char *entry = entry_path(&lists->l[i], real);
		enum path_relation relation = derive_path_relation(path, entry);

		bool *fails = l_paths[i].only_l9 ? &judgement->fails_l9 : &judgement->fails;

		if (relation == PATH_EQUAL)
			*fails = true;
		if (relation != PATH_BELOW || i == 0 || is_exempt(path))
			continue;
		if (rw || l_paths[i].never_read_only)
			*fails = true;
		else if (!l_paths[i].only_l9)
			judgement->note = derive_text(d, "below %s, read-only", entry);
	}
	if (path != NULL && is_secret(lists, path, real))
		judgement->fails = true;
	for (guint i = 0; path != NULL && i < lists->n_x; i++) {
		if (strcmp(path, entry_path(&lists->x[i], real)) != 0)
			continue;
		if (rw)
			judgement->fails = true;
		else
			judgement->note = derive_text(d, "%s, read-only", path);
	}
}

static struct judgement judge(struct derivation *d, const struct mount_lists *lists,
			      const struct mount_source *source, bool rw)
{
	struct judgement judgement = {.note = NULL};

	judge_path(d, lists, source->lexical, false, rw, &judgement);
	judge_path(d, lists, source->real, true, rw, &judgement);
	for (const struct mount_alias *alias = source->aliases; alias != NULL;
	     alias = alias->next) {
		bool failed = judgement.fails || judgement.fails_l9;

		judge_path(d, lists, alias->path, true, rw, &judgement);
		if (!failed && (judgement.fails || judgement.fails_l9))
			judgement.alias = alias->path;
	}
	return judgement;
}

/* writable: the judgement if the mount were writable, where that was not seen. */
static void add_row(struct derivation *d, const struct mount_lists *lists,
		    const struct mount_source *source, const struct judgement *judgement,
		    const struct judgement *writable, bool l9)
{
	bool fails = judgement->fails || (l9 && judgement->fails_l9);
	Derived__MountVerdict *row =
		derive_mount_row(d, source, l9 ? "l9" : "l8", fails ? "fail" : "pass");
	const Derived__Place *place = d->out->place;

	if (!fails && (writable->fails || (l9 && writable->fails_l9))) {
		row->verdict = derive_constant("unknown");
		row->reason = derive_constant("UK|whether it is read-only was not seen");
	} else if (fails && judgement->alias != NULL) {
		row->note = derive_text(d, "shows %s", judgement->alias);
	} else if (!fails) {
		row->note = derive_constant(judgement->note);
		derive_mount_unmatched(d, source, lists->unseen, row);
	}
	if (source->lexical != NULL && place->has_rootless && place->rootless)
		row->note = derive_join(d, row->note, "; ", "rootless");
}

void derive_mount_judge_sensitive(struct derivation *d, const struct mount_lists *lists,
				  const struct mount_source *source)
{
	bool has_rw = source->facts->has_rw;
	struct judgement judgement = judge(d, lists, source, has_rw && source->facts->rw);
	struct judgement writable = has_rw ? judgement : judge(d, lists, source, true);

	add_row(d, lists, source, &judgement, &writable, false);
	add_row(d, lists, source, &judgement, &writable, true);
}
