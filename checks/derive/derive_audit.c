/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AUDIT(target) (RULES 0.7): one row per file that the host checks want audited. Only the rules
 * that the kernel has loaded decide; rules in files say what will be loaded, so they are evidence
 * and notes.
 */
#include "checks/derive/derive_audit.h"
#include "checks/derive/derive_path.h"

#define AUDIT_DIRECTORY "/etc/audit/"
#define USUAL_DATA_ROOT "/var/lib/docker"

static const Plimsoll__File__Role audited_roles[] = {
	PLIMSOLL__FILE__ROLE__DOCKER_SERVICE,     PLIMSOLL__FILE__ROLE__DOCKER_SERVICE_DROPIN,
	PLIMSOLL__FILE__ROLE__DOCKER_SOCKET_UNIT, PLIMSOLL__FILE__ROLE__DOCKER_SOCKET_UNIT_DROPIN,
	PLIMSOLL__FILE__ROLE__CONFIG_DIR,         PLIMSOLL__FILE__ROLE__DAEMON_JSON,
	PLIMSOLL__FILE__ROLE__DEFAULT_DOCKER,     PLIMSOLL__FILE__ROLE__SYSCONFIG_DOCKER,
	PLIMSOLL__FILE__ROLE__API_SOCKET,         PLIMSOLL__FILE__ROLE__CONTAINERD_SOCKET,
	PLIMSOLL__FILE__ROLE__CONTAINERD_CONFIG,  PLIMSOLL__FILE__ROLE__BINARY_DOCKERD,
	PLIMSOLL__FILE__ROLE__BINARY_CONTAINERD,  PLIMSOLL__FILE__ROLE__BINARY_SHIM,
	PLIMSOLL__FILE__ROLE__BINARY_SHIM_V1,     PLIMSOLL__FILE__ROLE__BINARY_SHIM_V2,
	PLIMSOLL__FILE__ROLE__BINARY_RUNC,        PLIMSOLL__FILE__ROLE__RUN_CONTAINERD,
	PLIMSOLL__FILE__ROLE__DATA_ROOT,
};

static bool is_audited(const Plimsoll__File *file)
{
	for (guint i = 0; file->has_role && i < G_N_ELEMENTS(audited_roles); i++)
		if (file->role == audited_roles[i])
			return true;
	return false;
}

static bool is_binary(Plimsoll__File__Role role)
{
	return role >= PLIMSOLL__FILE__ROLE__BINARY_DOCKERD &&
	       role <= PLIMSOLL__FILE__ROLE__BINARY_RUNC;
}

/* --- what is known about auditing as a whole --- */

/* Why the loaded rules are not known. */
static struct reason rules_reason(struct derivation *d)
{
	const Plimsoll__AuditStatus *status = d->facts->audit_status;
	struct reason elsewhere = derive_host_reason(d);

	if (elsewhere.code != NULL)
		return elsewhere;
	if (status == NULL || !status->has_status || !status->has_source)
		return (struct reason){"UK_TOOL", NULL};
	if (status->status == PLIMSOLL__FETCH__STATUS__PERMISSION)
		return (struct reason){"UK_PERM", "the audit rules"};
	if (status->status == PLIMSOLL__FETCH__STATUS__TRUNCATED)
		return (struct reason){"UK_TRUNCATED", status->detail};
	if (status->source == PLIMSOLL__AUDIT_STATUS__SOURCE__NONE ||
	    status->status != PLIMSOLL__FETCH__STATUS__OK)
		return (struct reason){"UK_TOOL", NULL};
	if (!status->has_enabled)
		return (struct reason){"UK", "whether auditing is on was not seen"};
	return REASON_OK;
}

/* The kernel audits nothing, whatever the rules are. */
static const char *why_nothing(struct derivation *d)
{
	const Plimsoll__AuditStatus *status = d->facts->audit_status;

	if (status == NULL || derive_host_reason(d).code != NULL)
		return NULL;
	if (status->has_kernel && !status->kernel)
		return "kernel has no audit";
	if (status->has_enabled && status->enabled == 0)
		return "auditing is switched off";
	return NULL;
}

/* --- the target --- */

static struct reason target_reason(struct derivation *d, const Plimsoll__File *file)
{
	const char *path = file->path != NULL ? file->path : "?";

	if (file->has_status && (file->status == PLIMSOLL__FILE__STATUS__ABSENT ||
				 file->status == PLIMSOLL__FILE__STATUS__DANGLING))
		return (struct reason){"NA_ABSENT", path};
	if (file->has_status && file->status == PLIMSOLL__FILE__STATUS__PERMISSION)
		return (struct reason){"UK_PERM", path};
	if (!file->has_status || file->status != PLIMSOLL__FILE__STATUS__OK)
		return (struct reason){"UK", derive_text(d, "%s was not looked at", path)};
	if (derive_path_clean(d, file->real) == NULL) /* absent, or no absolute path at all */
		return (struct reason){"UK", derive_text(d, "where %s leads was not seen", path)};
	return REASON_OK;
}

/* The data root without the directory of userns-remap in it. */
static const char *target_of(struct derivation *d, const Plimsoll__File *file)
{
	const Derived__Place *place = d->out->place;
	const char *real = derive_path_clean(d, file->real);

	if (file->role == PLIMSOLL__FILE__ROLE__DATA_ROOT && place->data_root_child != NULL &&
	    place->data_root != NULL && g_strcmp0(real, place->data_root_child) == 0)
		return place->data_root;
	return real;
}

/* --- notes --- */

/* "rules.d/docker.rules:1": the file and the rule's number in it. */
static const char *place_of(struct derivation *d, const Plimsoll__AuditRule *wanted)
{
	const char *file = wanted->file != NULL ? wanted->file : "?";
	guint n = 0;

	for (size_t i = 0; i < d->facts->n_audit_rule; i++) {
		const Plimsoll__AuditRule *rule = d->facts->audit_rule[i];

		if (rule->origin != wanted->origin || g_strcmp0(rule->file, wanted->file) != 0)
			continue;
		n++;
		if (rule == wanted)
			break;
	}
	if (g_str_has_prefix(file, AUDIT_DIRECTORY))
		file += strlen(AUDIT_DIRECTORY);
	return derive_text(d, "%s:%u", file, n);
}

/* A rule whose last component is a link to the target watches the link alone. */
static bool is_link_watched(struct derivation *d, const Plimsoll__File *file, const char *target)
{
	const char *target_base = strrchr(target, '/');

	for (size_t i = 0; i < d->facts->n_audit_rule; i++) {
		const Plimsoll__AuditRule *rule = d->facts->audit_rule[i];
		const char *path = rule->path_real != NULL ? rule->path_real : rule->path;
		const char *base = path != NULL ? strrchr(path, '/') : NULL;

		if (rule->origin == PLIMSOLL__AUDIT_RULE__ORIGIN__LOADED &&
		    rule->has_path_is_link && rule->path_is_link && path != NULL &&
		    strcmp(path, target) != 0 &&
		    (g_strcmp0(path, file->path) == 0 || g_strcmp0(base, target_base) == 0))
			return true;
	}
	return false;
}

static bool are_files_readable(const struct derivation *d)
{
	for (size_t i = 0; i < d->facts->n_fetch; i++) {
		const Plimsoll__Fetch *fetch = d->facts->fetch[i];

		if (fetch->source != NULL && strstr(fetch->source, AUDIT_DIRECTORY) != NULL &&
		    fetch->has_status && fetch->status != PLIMSOLL__FETCH__STATUS__OK &&
		    fetch->status != PLIMSOLL__FETCH__STATUS__ABSENT)
			return false;
	}
	return true;
}

static void note(struct derivation *d, Derived__AuditCoverage *row, const char *text)
{
	row->note = derive_join(d, row->note, "; ", text);
}

/* A dockerd that does not run, or a data root that is no longer used: it may yet come to life. */
static void note_other(struct derivation *d, const Plimsoll__File *other, const char *target,
		       Derived__AuditCoverage *row)
{
	const char *real = derive_path_clean(d, other->real);

	if (!other->has_status || other->status != PLIMSOLL__FILE__STATUS__OK || real == NULL ||
	    strcmp(real, target) == 0)
		return;
	if (other->role == PLIMSOLL__FILE__ROLE__BINARY_DOCKERD &&
	    g_strcmp0(real, derive_path_clean(d, other->path)) == 0)
		note(d, row, derive_text(d, "another copy: %s", real));
	else if (other->role == PLIMSOLL__FILE__ROLE__DATA_ROOT &&
		 strcmp(real, USUAL_DATA_ROOT) == 0)
		note(d, row, "a leftover " USUAL_DATA_ROOT " exists, too");
}

static void note_others(struct derivation *d, const Plimsoll__File *file, const char *target,
			Derived__AuditCoverage *row)
{
	for (size_t i = 0; i < d->facts->n_file; i++) {
		const Plimsoll__File *other = d->facts->file[i];

		if (other->has_role && other->role == file->role)
			note_other(d, other, target, row);
	}
}

static void add_notes(struct derivation *d, const Plimsoll__File *file, const char *target,
		      const struct audit_walk *walk, const struct audit_walk *on_disk,
		      Derived__AuditCoverage *row)
{
	bool passes = strcmp(walk->verdict, "pass") == 0;
	bool is_on_disk = strcmp(on_disk->verdict, "pass") == 0;
	const Plimsoll__AuditRule *rule = walk->rule;

	if (walk->note != NULL)
		note(d, row, walk->note);
	if (passes && !is_on_disk && are_files_readable(d))
		note(d, row, "not persistent");
	if (strcmp(walk->verdict, "fail") == 0 && is_on_disk)
		note(d, row, "rule is on disk, not loaded");
	if (strcmp(walk->verdict, "fail") == 0 && is_link_watched(d, file, target))
		note(d, row, "rule watches the link");
	if (!passes || rule == NULL)
		return;
	if (file->has_type && file->type == PLIMSOLL__FILE__TYPE__DIR && rule->has_dir &&
	    !rule->dir)
		note(d, row, "watches the directory entry, not its subtree; use dir=");
	if (is_binary(file->role) && rule->perms != NULL && strchr(rule->perms, 'x') == NULL)
		note(d, row, "running it (x) is not watched");
}

/* --- rows --- */

static void set_unknown(struct derivation *d, Derived__AuditCoverage *row, struct reason reason,
			const struct audit_walk *on_disk)
{
	row->verdict = derive_constant("unknown");
	row->reason = derive_reason_text(d, reason);
	row->source = derive_constant("files");
	row->observed = strcmp(on_disk->verdict, "pass") == 0
				? derive_text(d, "%s would cover", place_of(d, on_disk->rule))
				: derive_constant("no rule on disk would cover");
}

static void judge(struct derivation *d, const Plimsoll__File *file, const char *target,
		  Derived__AuditCoverage *row)
{
	const char *nothing = why_nothing(d);
	struct reason reason = rules_reason(d);
	struct audit_walk on_disk =
		derive_audit_walk(d, PLIMSOLL__AUDIT_RULE__ORIGIN__FILE, target);
	struct audit_walk walk;

	if (nothing != NULL) {
		row->verdict = derive_constant("fail");
		row->observed = arena_strdup(d->arena, nothing);
		return;
	}
	if (reason.code != NULL) {
		set_unknown(d, row, reason, &on_disk);
		return;
	}
	walk = derive_audit_walk(d, PLIMSOLL__AUDIT_RULE__ORIGIN__LOADED, target);
	row->verdict = arena_strdup(d->arena, walk.verdict);
	row->observed = arena_strdup(d->arena, walk.observed);
	row->reason = derive_reason_text(d, walk.reason);
	row->source = derive_constant(d->facts->audit_status->source ==
						      PLIMSOLL__AUDIT_STATUS__SOURCE__NETLINK
					      ? "netlink"
					      : "auditctl");
	add_notes(d, file, target, &walk, &on_disk, row);
}

static void add_row(struct derivation *d, size_t index)
{
	const Plimsoll__File *file = d->facts->file[index];
	const ProtobufCEnumValue *role = protobuf_c_enum_descriptor_get_value(
		&plimsoll__file__role__descriptor, (int)file->role);
	Derived__AuditCoverage *row = derive_new(d, &derived__audit_coverage__descriptor);
	struct reason reason = target_reason(d, file);
	g_autofree char *role_name = g_ascii_strdown(role != NULL ? role->name : "", -1);

	row->role = arena_strdup(d->arena, role_name);
	WIRE_SET(row, file, (int64_t)index);
	row->path = file->path;
	if (reason.code != NULL) {
		row->verdict = derive_constant(
			g_str_has_prefix(reason.code, "NA") ? "not_applicable" : "unknown");
		row->reason = derive_reason_text(d, reason);
	} else {
		row->path = arena_strdup(d->arena, target_of(d, file));
		row->expected = derive_text(d, "-w %s -p wa", row->path);
		judge(d, file, row->path, row);
		note_others(d, file, row->path, row);
	}
	DERIVE_ADD(d, audit_coverage, row);
}

void derive_audit(struct derivation *d)
{
	d->audit_paths = derive_audit_paths(d);
	for (size_t i = 0; i < d->facts->n_file; i++)
		if (is_audited(d->facts->file[i]) && derive_is_own_file(d, d->facts->file[i]))
			add_row(d, i);
}
