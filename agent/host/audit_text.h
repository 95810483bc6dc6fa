/* SPDX-License-Identifier: Apache-2.0 */
/* Audit rules as text: what `auditctl -l` prints and what stands in *.rules files. Pure. */
#ifndef PLIMSOLL_AGENT_AUDIT_TEXT_H
#define PLIMSOLL_AGENT_AUDIT_TEXT_H

#include "agent/host_audit_answer.h"
#include "proto/arena.h"

/*
 * Reads one line. Control lines (-D, -b, -e, ...), comments and empty lines are no rules.
 *
 * ret_rule  strings in the arena; -w leaves syscalls NULL, perms "rwxa" unless stated, has_dir
 *           false
 */
bool audit_text_rule(const char *line, struct arena *arena, struct host_audit_rule *ret_rule);

/* All rules of a text, at most LIMIT_AUDIT_RULES. gives: arena memory, *ret_n rules. */
const struct host_audit_rule *audit_text_rules(const char *text, struct arena *arena, guint *ret_n,
					       bool *ret_truncated);

/* Reads "enabled N" and "pid N" of `auditctl -s`; what does not stand there stays unset. */
void audit_text_status(const char *text, struct host_audit *audit);

/* Adds a field to a rule that is being built; strings are kept as a borrow. */
void audit_rule_add_field(struct host_audit_rule *rule, struct arena *arena, const char *name,
			  const char *op, const char *value);

#endif
