/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk over audit rules as the kernel takes them (RULES 0.7): the task list switches all file
 * rules off, then the exit list from the top, where the first rule that matches an event decides.
 */
#include "checks/derive/derive_audit.h"

/* What was met on the way down, before anything decided. */
struct state {
	struct derivation *d;
	const char *target;
	guint n;                         /* of the rule at hand, from 1 */
	bool has_w, has_a;               /* of rules that cover, for all events */
	const Plimsoll__AuditRule *rule; /* the last of these */
	bool is_partly_excluded;         /* a never rule takes some events out */
	const char *never_doubt;         /* a never rule may cover */
	const char *always_doubt;        /* an always rule may cover */
	const char *narrow, *perms;      /* of always rules that do not do */
	const char *raw;                 /* of a rule on the link */
	const char *note;
};

static bool is_text(const char *text, const char *wanted)
{
	return text != NULL && strcmp(text, wanted) == 0;
}

static struct audit_walk decided(const struct state *state, const char *verdict,
				 const char *observed)
{
	return (struct audit_walk){
		.verdict = verdict,
		.observed = observed,
		.note = state->note,
		.rule = state->rule,
	};
}

static struct audit_walk doubtful(const struct state *state, const char *doubt)
{
	struct audit_walk walk = decided(state, "unknown", state->raw);

	walk.reason = (struct reason){"UK", doubt};
	return walk;
}

/* A rule without list or action could be any rule. */
static bool are_whole(const struct derivation *d, Plimsoll__AuditRule__Origin origin)
{
	for (size_t i = 0; i < d->facts->n_audit_rule; i++) {
		const Plimsoll__AuditRule *rule = d->facts->audit_rule[i];

		if (rule->origin == origin && (rule->list == NULL || rule->action == NULL))
			return false;
	}
	return true;
}

/* --- the task list --- */

/* The kernel asks it at fork, at whatever position a rule stands: no context, no file events. */
static bool is_switched_off(struct derivation *d, Plimsoll__AuditRule__Origin origin,
			    struct state *state)
{
	for (size_t i = 0; i < d->facts->n_audit_rule; i++) {
		const Plimsoll__AuditRule *rule = d->facts->audit_rule[i];

		if (rule->origin != origin || !is_text(rule->list, "task") ||
		    !is_text(rule->action, "never"))
			continue;
		if (derive_audit_is_bare(rule))
			return true;
		state->note = derive_join(d, state->note, "; ",
					  "some processes are excluded: never,task with fields");
	}
	return false;
}

/* --- the exit list --- */

/* true: the rule decided, *ret_walk says how. */
static bool take_never(struct state *state, size_t index, struct audit_walk *ret_walk)
{
	struct derivation *d = state->d;
	const Plimsoll__AuditRule *rule = d->facts->audit_rule[index];
	struct audit_answer answer;
	const char *text;

	if (derive_audit_is_bare(rule) &&
	    (rule->syscalls == NULL || strcmp(rule->syscalls, "all") == 0)) {
		text = derive_text(d, "everything excluded by rule %u", state->n);
	} else if (rule->path == NULL && rule->path_real == NULL) {
		state->note = "a never rule without a path takes other events out";
		return false;
	} else {
		answer = derive_audit_ask(d, index, state->target);
		if (answer.cover == COVER_MAYBE)
			state->never_doubt = answer.doubt;
		if (answer.cover != COVER_YES)
			return false;
		if (answer.narrow != NULL || !answer.has_w || !answer.has_a) {
			state->is_partly_excluded = true;
			return false;
		}
		text = derive_text(d, "excluded by rule %u", state->n);
	}
	/* a rule above that may cover would have matched first */
	*ret_walk = state->always_doubt != NULL ? doubtful(state, state->always_doubt)
						: decided(state, "fail", text);
	return true;
}

static bool take_always(struct state *state, size_t index, struct audit_walk *ret_walk)
{
	const Plimsoll__AuditRule *rule = state->d->facts->audit_rule[index];
	struct audit_answer answer = derive_audit_ask(state->d, index, state->target);

	if (answer.cover == COVER_MAYBE && answer.has_w && answer.has_a && answer.narrow == NULL) {
		state->always_doubt = answer.doubt;
		state->raw = rule->raw;
	}
	if (answer.cover != COVER_YES)
		return false;
	if (rule->perms == NULL && !answer.has_w) {
		state->perms = "system calls only, no perm";
	} else if (answer.narrow != NULL) {
		state->narrow = derive_text(state->d, "only for %s", answer.narrow);
	} else {
		state->has_w |= answer.has_w;
		state->has_a |= answer.has_a;
		state->rule = rule;
		state->perms =
			derive_text(state->d, "perm=%s", rule->perms != NULL ? rule->perms : "");
	}
	if (!state->has_w || !state->has_a)
		return false;
	if (state->never_doubt != NULL)
		*ret_walk = doubtful(state, state->never_doubt);
	else if (state->is_partly_excluded)
		*ret_walk = decided(state, "manual", "partly excluded");
	else
		*ret_walk = decided(state, "pass", rule->raw);
	return true;
}

/* No rule decided. */
static struct audit_walk end_of_list(const struct state *state)
{
	if (state->always_doubt != NULL)
		return doubtful(state, state->always_doubt);
	if (state->narrow != NULL)
		return decided(state, "manual", state->narrow);
	return decided(state, "fail", state->perms != NULL ? state->perms : "no rule");
}

struct audit_walk derive_audit_walk(struct derivation *d, Plimsoll__AuditRule__Origin origin,
				    const char *target)
{
	struct state state = {.d = d, .target = target};
	struct audit_walk walk;

	if (!are_whole(d, origin))
		return doubtful(&state, "an audit rule was not seen whole");
	if (is_switched_off(d, origin, &state))
		return decided(&state, "fail", "syscall auditing off: -a never,task");
	for (size_t i = 0; i < d->facts->n_audit_rule; i++) {
		const Plimsoll__AuditRule *rule = d->facts->audit_rule[i];

		if (rule->origin != origin)
			continue;
		state.n++;
		if (!is_text(rule->list, "exit"))
			continue;
		if (is_text(rule->action, "never") && take_never(&state, i, &walk))
			return walk;
		if (is_text(rule->action, "always") && take_always(&state, i, &walk))
			return walk;
	}
	return end_of_list(&state);
}
