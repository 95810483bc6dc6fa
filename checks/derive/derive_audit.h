/* SPDX-License-Identifier: Apache-2.0 */
/* AUDIT(target), in two halves: what one rule says about a target, and the walk over all rules. */
#ifndef PLIMSOLL_CHECKS_DERIVE_AUDIT_H
#define PLIMSOLL_CHECKS_DERIVE_AUDIT_H

#include "checks/derive/derive_internal.h"

enum cover { COVER_NO, COVER_MAYBE, COVER_YES };

/* What one rule of the exit list says about a target. */
struct audit_answer {
	enum cover cover;
	const char *doubt;  /* of COVER_MAYBE: why */
	bool is_equal;      /* the rule names the target itself */
	bool has_w, has_a;  /* it speaks of writes, of attribute changes */
	const char *narrow; /* "auid>=1000": it speaks of some events only; NULL = of all */
};
/* index: ordinal of the rule; target: a realpath. */
struct audit_answer derive_audit_ask(struct derivation *d, size_t index, const char *target);
/* The paths of all rules, resolved as far as the agent did, and clean: for d->audit_paths. */
const char *const *derive_audit_paths(struct derivation *d);

/* A rule without path or any other field: it speaks of everything. */
bool derive_audit_is_bare(const Plimsoll__AuditRule *rule);

/* What the rules of one origin make of a target. */
struct audit_walk {
	const char *verdict; /* pass, fail, manual, unknown */
	const char *observed;
	const char *note;
	struct reason reason;            /* of unknown */
	const Plimsoll__AuditRule *rule; /* of pass and manual: the one that decided */
};
struct audit_walk derive_audit_walk(struct derivation *d, Plimsoll__AuditRule__Origin origin,
				    const char *target);

#endif
