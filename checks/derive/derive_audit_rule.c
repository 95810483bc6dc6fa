/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one audit rule says about a target (RULES 0.7): whether it covers it, for which changes, and
 * for whose. What the source of the rule does not tell is a maybe, with its reason.
 */
#include "checks/derive/derive_audit.h"
#include "checks/derive/derive_path.h"

#define AMBIGUOUS_TEXT "auditctl does not tell dir= from path="

const char *const *derive_audit_paths(struct derivation *d)
{
	const char **paths =
		arena_calloc(d->arena, MAX(d->facts->n_audit_rule, 1u), sizeof(*paths));

	for (size_t i = 0; i < d->facts->n_audit_rule; i++) {
		const Plimsoll__AuditRule *rule = d->facts->audit_rule[i];

		paths[i] = derive_path_clean(d, rule->path_real != NULL ? rule->path_real
									: rule->path);
	}
	return paths;
}

bool derive_audit_is_bare(const Plimsoll__AuditRule *rule)
{
	return rule->path == NULL && rule->path_real == NULL && rule->perms == NULL &&
	       rule->n_field == 0;
}

static bool is_for_all_syscalls(const Plimsoll__AuditRule *rule)
{
	return rule->syscalls != NULL && strcmp(rule->syscalls, "all") == 0;
}

/* The mount point below directory and at or above target, where the kernel's tree may stop. */
static const char *crossed_mount(struct derivation *d, const char *directory, const char *target)
{
	if (d->facts->n_mount == 0)
		return "that was not seen";
	for (size_t i = 0; i < d->facts->n_mount; i++) {
		const char *point = d->facts->mount[i]->mount_point;
		enum path_relation to_target;

		if (point == NULL)
			return "that was not seen";
		to_target = derive_path_relation(point, target);
		if (derive_path_relation(point, directory) == PATH_BELOW &&
		    (to_target == PATH_EQUAL || to_target == PATH_ABOVE))
			return point;
	}
	return NULL;
}

/* A rule on a directory above the target. */
static void ask_ancestor(struct derivation *d, const Plimsoll__AuditRule *rule, const char *path,
			 const char *target, struct audit_answer *answer)
{
	const char *mount;

	if (rule->has_dir && !rule->dir)
		return;
	if (!rule->has_dir && rule->has_path_is_dir && !rule->path_is_dir)
		return;
	mount = crossed_mount(d, path, target);
	answer->cover = COVER_YES;
	if (!rule->has_dir) {
		answer->cover = COVER_MAYBE;
		answer->doubt = AMBIGUOUS_TEXT;
	} else if (mount != NULL) {
		answer->cover = COVER_MAYBE;
		answer->doubt = derive_text(d, "rule on %s may stop at mount %s", path, mount);
	}
}

/*
 * The target is a realpath, so a rule's path that equals it as text needs no resolving. One whose
 * parent was not resolved may still mean it.
 */
static void ask_path(struct derivation *d, size_t index, const char *target,
		     struct audit_answer *answer)
{
	const Plimsoll__AuditRule *rule = d->facts->audit_rule[index];
	const char *path = d->audit_paths[index];
	enum path_relation relation = derive_path_relation(path, target);

	if (relation == PATH_EQUAL) {
		answer->cover = COVER_YES;
		answer->is_equal = true;
	} else if (relation == PATH_ABOVE) {
		ask_ancestor(d, rule, path, target, answer);
	} else if (rule->path_real == NULL && rule->path != NULL) {
		answer->cover = COVER_MAYBE;
		answer->doubt = derive_text(d, "where %s leads was not seen", rule->path);
	}
}

static const char *narrowing(struct derivation *d, const Plimsoll__AuditRule *rule)
{
	const Plimsoll__AuditField *field = rule->n_field > 0 ? rule->field[0] : NULL;

	if (field != NULL)
		return derive_text(d, "%s%s%s", field->name != NULL ? field->name : "?",
				   field->op != NULL ? field->op : "?",
				   field->value != NULL ? field->value : "?");
	return rule->syscalls == NULL || is_for_all_syscalls(rule)
		       ? NULL
		       : derive_text(d, "-S %s", rule->syscalls);
}

struct audit_answer derive_audit_ask(struct derivation *d, size_t index, const char *target)
{
	const Plimsoll__AuditRule *rule = d->facts->audit_rule[index];
	struct audit_answer answer = {.cover = COVER_NO};

	ask_path(d, index, target, &answer);
	if (answer.cover == COVER_NO)
		return answer;
	if (rule->perms != NULL) {
		answer.has_w = strchr(rule->perms, 'w') != NULL;
		answer.has_a = strchr(rule->perms, 'a') != NULL;
	} else {
		/* without perm, only all syscalls are all changes */
		answer.has_w = answer.has_a = is_for_all_syscalls(rule);
	}
	answer.narrow = narrowing(d, rule);
	return answer;
}
