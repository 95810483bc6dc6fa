/* SPDX-License-Identifier: Apache-2.0 */
/* Audit rules read the same from text and from the kernel. */
#include "agent/host/audit_text.h"

#include <libaudit.h>
#include <string.h>

#include "agent/host/host_audit.h"
#include "proto/limits.h"

static char *describe(const struct host_audit_rule *rule)
{
	g_autoptr(GString) text = g_string_new(NULL);

	g_string_append_printf(text, "%s,%s %s%s perms=%s syscalls=%s key=%s", rule->action,
			       rule->list, rule->path == NULL ? "-" : rule->path,
			       !rule->has_dir ? "" : (rule->dir ? " dir" : " path"),
			       rule->perms == NULL ? "-" : rule->perms,
			       rule->syscalls == NULL ? "-" : rule->syscalls,
			       rule->key == NULL ? "-" : rule->key);
	for (guint i = 0; i < rule->n_fields; i++)
		g_string_append_printf(text, " [%s%s%s]", rule->fields[i].name, rule->fields[i].op,
				       rule->fields[i].value);
	return g_string_free(g_steal_pointer(&text), FALSE);
}

/* want NULL: no rule */
static const struct {
	const char *claim, *line, *want;
} cases[] = {
	{"a watch", "-w /etc/docker -p wa -k docker",
	 "always,exit /etc/docker perms=wa syscalls=- key=docker"},
	{"a watch without -p watches everything", "-w /x",
	 "always,exit /x perms=rwxa syscalls=- key=-"},
	{"words may stand apart", "  -w   /x \t-p  r ", "always,exit /x perms=r syscalls=- key=-"},
	{"list and action in either order", "-a exit,always -F dir=/x -F perm=wa",
	 "always,exit /x dir perms=wa syscalls=all key=-"},
	{"path= is not dir=", "-a always,exit -F path=/x -F perm=wa -F key=k",
	 "always,exit /x path perms=wa syscalls=all key=k"},
	{"never is no always", "-a never,task", "never,task - perms=- syscalls=all key=-"},
	{"system calls add up", "-a always,exit -F arch=b64 -S open -S openat,close -F path=/x",
	 "always,exit /x path perms=- syscalls=open,openat,close key=-"},
	{"other fields narrow", "-a always,exit -F path=/x -F perm=wa -F auid>=1000 -F auid!=unset",
	 "always,exit /x path perms=wa syscalls=all key=- [auid>=1000] [auid!=unset]"},
	{"a comparison of fields narrows", "-a always,exit -F dir=/x -C uid!=euid",
	 "always,exit /x dir perms=- syscalls=all key=- [compare=uid!=euid]"},
	{"-A is a rule", "-A never,exclude -F msgtype=CWD",
	 "never,exclude - perms=- syscalls=all key=- [msgtype=CWD]"},
	{"control lines are no rules", "-D", NULL},
	{"-e is no rule", "-e 2", NULL},
	{"an empty list is no rule", "No rules", NULL},
	{"comments are no rules", "# -w /x", NULL},
	{"an empty line is no rule", "", NULL},
	{"a rule that breaks off is no rule", "-w", NULL},
	{"an unknown option is no rule", "-w /x -z 1", NULL},
	{"a field without operator is no rule", "-a always,exit -F path", NULL},
};

static void test_lines(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		PLIMSOLL_AUTO(arena) *arena = arena_new(SIZE_MAX);
		g_autofree char *seen = NULL;
		struct host_audit_rule rule;

		g_test_message("%s", cases[i].claim);
		if (audit_text_rule(cases[i].line, arena, &rule))
			seen = describe(&rule);
		g_assert_cmpstr(seen, ==, cases[i].want);
	}
}

static void test_text(void)
{
	PLIMSOLL_AUTO(arena) *arena = arena_new(SIZE_MAX);
	g_autoptr(GString) many = g_string_new(NULL);
	bool truncated = false;
	guint n = 0;
	const struct host_audit_rule *rules =
		audit_text_rules("-D\n-w /a -p wa\n\n# x\n-w /b -p r\n", arena, &n, &truncated);

	g_assert_cmpuint(n, ==, 2);
	g_assert_cmpstr(rules[1].raw, ==, "-w /b -p r");
	g_assert_false(truncated);
	for (guint i = 0; i <= LIMIT_AUDIT_RULES; i++)
		g_string_append(many, "-w /a\n");
	rules = audit_text_rules(many->str, arena, &n, &truncated);
	g_assert_nonnull(rules);
	g_assert_cmpuint(n, ==, LIMIT_AUDIT_RULES);
	g_assert_true(truncated);
}

/* A rule as the kernel hands it out. gives: g_free(). */
static struct audit_rule_data *kernel_rule(const char *option, int flags, int action,
					   size_t *ret_size)
{
	struct audit_rule_data *rule = g_malloc0(sizeof(*rule));
	g_auto(GStrv) fields = g_strsplit(option, " ", -1);

	for (guint i = 0; i < AUDIT_BITMASK_SIZE; i++)
		rule->mask[i] = UINT32_MAX;
	for (guint i = 0; fields[i] != NULL && fields[i][0] != '\0'; i++)
		g_assert_cmpint(audit_rule_fieldpair_data(&rule, fields[i], flags), ==, 0);
	rule->flags = (uint32_t)flags;
	rule->action = (uint32_t)action;
	*ret_size = sizeof(*rule) + rule->buflen;
	return rule;
}

static const struct {
	const char *claim, *fields;
	int flags, action;
	const char *want;
} kernel_cases[] = {
	{"a watch on a file", "path=/etc/passwd perm=wa key=k", AUDIT_FILTER_EXIT, AUDIT_ALWAYS,
	 "always,exit /etc/passwd path perms=wa syscalls=- key=k"},
	{"a watch on a folder", "dir=/etc perm=rwxa", AUDIT_FILTER_EXIT, AUDIT_ALWAYS,
	 "always,exit /etc dir perms=rwxa syscalls=- key=-"},
	{"a field narrows", "dir=/etc perm=wa auid>=1000", AUDIT_FILTER_EXIT, AUDIT_ALWAYS,
	 "always,exit /etc dir perms=wa syscalls=all key=- [auid>=1000]"},
	{"never", "dir=/etc", AUDIT_FILTER_EXIT, AUDIT_NEVER,
	 "never,exit /etc dir perms=- syscalls=all key=-"},
	{"the task list", "", AUDIT_FILTER_TASK, AUDIT_NEVER,
	 "never,task - perms=- syscalls=all key=-"},
};

static void test_kernel(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(kernel_cases); i++) {
		PLIMSOLL_AUTO(arena) *arena = arena_new(SIZE_MAX);
		size_t size = 0;
		g_autofree struct audit_rule_data *data =
			kernel_rule(kernel_cases[i].fields, kernel_cases[i].flags,
				    kernel_cases[i].action, &size);
		g_autofree char *seen = NULL;
		struct host_audit_rule rule;

		g_test_message("%s", kernel_cases[i].claim);
		g_assert_true(audit_kernel_rule(data, size, arena, &rule));
		seen = describe(&rule);
		g_assert_cmpstr(seen, ==, kernel_cases[i].want);
	}
}

static void test_kernel_lengths(void)
{
	PLIMSOLL_AUTO(arena) *arena = arena_new(SIZE_MAX);
	size_t size = 0;
	g_autofree struct audit_rule_data *data = kernel_rule(
		"path=/etc/passwd perm=wa key=kk", AUDIT_FILTER_EXIT, AUDIT_ALWAYS, &size);
	struct host_audit_rule rule;

	g_assert_false(audit_kernel_rule(data, size - 1, arena, &rule));
	g_assert_false(audit_kernel_rule(data, sizeof(*data) - 1, arena, &rule));
	data->values[0] += 1; /* the path's length, beyond what follows */
	g_assert_false(audit_kernel_rule(data, size, arena, &rule));
	data->values[0] -= 1;
	g_assert_true(audit_kernel_rule(data, size, arena, &rule));
	data->values[2] += 3; /* the key's, within the whole, but not behind the path */
	g_assert_false(audit_kernel_rule(data, size, arena, &rule));
	data->field_count = AUDIT_MAX_FIELDS + 1;
	g_assert_false(audit_kernel_rule(data, size, arena, &rule));
}

static void test_status(void)
{
	static const struct {
		const char *text;
		bool has_enabled;
		int64_t enabled, daemon_pid;
	} texts[] = {
		{"enabled 1\nfailure 1\npid 412\nrate_limit 0\n", true, 1, 412},
		{"enabled 0\nfailure 1\npid 0\n", true, 0, 0},
		{"enabled 2", true, 2, 0},
		{"failure 1\npid 7\n", false, 0, 7},
		{"", false, 0, 0},
		{"enabled\n", false, 0, 0},
		{"enabled yes\n", false, 0, 0},
		{"enabled -1\n", false, 0, 0},
		{"enabledx 1\nnot enabled 1\n", false, 0, 0},
		{"enabled 99999999999999999999\n", false, 0, 0},
	};

	for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
		struct host_audit audit = {.has_enabled = false};

		audit_text_status(texts[i].text, &audit);
		g_assert_cmpint(audit.has_enabled, ==, texts[i].has_enabled);
		g_assert_cmpint(audit.enabled, ==, texts[i].enabled);
		g_assert_cmpint(audit.daemon_pid, ==, texts[i].daemon_pid);
	}
}

static void test_auditctl(void)
{
	g_autofree char *status = auditctl_status("/bin/echo");
	g_autofree char *absent = auditctl_list("/nonexistent/auditctl");
	g_autofree char *fails = auditctl_list("/bin/false");
	/* `env -l` is refused; `echo -l` says "-l": the argument is fixed */
	g_autofree char *echoed = auditctl_list("/bin/echo");

	g_assert_null(absent);
	g_assert_null(fails);
	g_assert_cmpstr(echoed, ==, "-l\n");
	g_assert_cmpstr(status, ==, "-s\n");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/audit/text: each line of auditctl's syntax", test_lines);
	g_test_add_func("/audit/text: a whole list, with its limit", test_text);
	g_test_add_func("/audit/kernel: rules as the kernel hands them out", test_kernel);
	g_test_add_func("/audit/kernel: lengths that do not fit are refused", test_kernel_lengths);
	g_test_add_func("/audit/text: whether auditing is on", test_status);
	g_test_add_func("/audit/auditctl: fixed argument, no answer from a failure", test_auditctl);
	return g_test_run();
}
