/* SPDX-License-Identifier: Apache-2.0 */
/* The audit rules that the kernel has loaded, for the local host. */
#ifndef PLIMSOLL_AGENT_HOST_AUDIT_H
#define PLIMSOLL_AGENT_HOST_AUDIT_H

#include <linux/audit.h>

#include "agent/host_audit_answer.h"
#include "proto/arena.h"

/* Asks the kernel over netlink; where it refuses, reads the text of auditctl. */
void host_audit_ask(struct arena *arena, struct host_audit *ret_audit);

/*
 * Turns one rule of the kernel into an answer.
 *
 * size  bytes behind data; false when the counts in it do not fit into them
 */
bool audit_kernel_rule(const struct audit_rule_data *data, size_t size, struct arena *arena,
		       struct host_audit_rule *ret_rule);

/* Runs `PROGRAM -l` with an empty environment for at most 5 s. gives: its output, free with
 * g_free(); NULL: it failed. */
char *auditctl_list(const char *program);
/* The same of `PROGRAM -s`: lines of "enabled 1" and the like. */
char *auditctl_status(const char *program);

#endif
