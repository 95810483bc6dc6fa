/* SPDX-License-Identifier: Apache-2.0 */
/* The audit rules of a host as the door answers them, whether from the kernel or from a text. */
#ifndef PLIMSOLL_AGENT_HOST_AUDIT_ANSWER_H
#define PLIMSOLL_AGENT_HOST_AUDIT_ANSWER_H

#include "agent/host_answer.h"

struct host_audit_rule {
	const char *list, *action;
	const char *path;     /* NULL: no path, dir or -w */
	bool dir, has_dir;    /* has_dir false: the source does not tell path= from dir= */
	const char *perms;    /* NULL: none */
	const char *syscalls; /* NULL: a watch */
	const char *key;
	const char *raw;
	const struct host_audit_field {
		const char *name, *op, *value;
	} * fields;
	guint n_fields;
};

struct host_audit {
	struct host_state state;
	Plimsoll__AuditStatus__Source source;
	bool has_kernel, kernel; /* kernel false: no audit support */
	bool has_enabled;
	int64_t enabled, daemon_pid;
	const struct host_audit_rule *rules; /* kernel order */
	guint n_rules;
};

#endif
