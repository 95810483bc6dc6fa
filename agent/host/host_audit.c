/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 1 of the flow: the kernel's audit rules over netlink, which tell path= from dir=. The kernel
 * answers root in its first user and pid namespace only; elsewhere the text of auditctl is read, if
 * there is one that works.
 */
#include "agent/host/host_audit.h"

#include <errno.h>
#include <libaudit.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/host/audit_text.h"
#include "agent/host/batch_private.h"
#include "proto/limits.h"

enum { NETLINK_TIMEOUT_MS = 5000 };

struct answers {
	struct arena *arena;
	struct host_audit *audit;
	GArray *rules; /* struct host_audit_rule */
	bool truncated;
};

static void plimsoll_close_audit(const int *fd)
{
	if (*fd >= 0)
		audit_close(*fd);
}
#define AUDIT_AUTO_FD __attribute__((cleanup(plimsoll_close_audit))) int

static void take_answer(struct answers *answers, const struct audit_reply *reply)
{
	struct host_audit_rule rule;

	if (reply->type == AUDIT_GET) {
		answers->audit->has_enabled = true;
		answers->audit->enabled = reply->status->enabled;
		answers->audit->daemon_pid = reply->status->pid;
	} else if (reply->type == AUDIT_LIST_RULES) {
		size_t size = NLMSG_PAYLOAD(reply->nlh, 0);

		if (answers->rules->len >= LIMIT_AUDIT_RULES)
			answers->truncated = true;
		else if (audit_kernel_rule(reply->ruledata, size, answers->arena, &rule))
			g_array_append_val(answers->rules, rule);
		else
			answers->truncated =
				true; /* a rule that cannot be read may hide anything */
	}
}

/* Reads the answers to one request. A reply of another request (a broadcast, a late one) is
 * skipped. 0 or a negative errno. */
static int read_answers(int fd, int sequence, struct answers *answers)
{
	g_autofree struct audit_reply *reply = g_new0(struct audit_reply, 1);
	int64_t deadline_us = g_get_monotonic_time() + NETLINK_TIMEOUT_MS * INT64_C(1000);

	for (;;) {
		struct pollfd waiting = {.fd = fd, .events = POLLIN};
		int64_t left_ms = (deadline_us - g_get_monotonic_time()) / 1000;
		int got = left_ms <= 0 ? 0 : poll(&waiting, 1, (int)left_ms);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -ETIMEDOUT;
		got = audit_get_reply(fd, reply, GET_REPLY_NONBLOCKING, 0);
		if (got == -EAGAIN || got == -EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? got : -EIO;
		if (reply->nlh->nlmsg_seq != (uint32_t)sequence)
			continue;
		if (reply->type == NLMSG_DONE)
			return 0;
		if (reply->type == NLMSG_ERROR && reply->error->error != 0)
			return reply->error->error;
		take_answer(answers, reply);
		if (reply->type == AUDIT_GET) /* no DONE follows */
			return 0;
	}
}

static int ask_kernel(struct answers *answers)
{
	AUDIT_AUTO_FD fd = -1;
	int sequence = 0;
	int result = 0;

	set_aumessage_mode(MSG_QUIET, DBG_NO);
	fd = audit_open();
	if (fd < 0)
		return -errno;
	sequence = audit_request_status(fd);
	result = sequence < 0 ? sequence : read_answers(fd, sequence, answers);
	if (result < 0)
		return result;
	sequence = audit_request_rules_list_data(fd);
	return sequence < 0 ? sequence : read_answers(fd, sequence, answers);
}

static void keep_rules(const struct answers *answers, struct host_audit *audit)
{
	size_t size = answers->rules->len * sizeof(struct host_audit_rule);
	struct host_audit_rule *rules = arena_calloc(answers->arena, 1, MAX(size, (size_t)1));

	if (size > 0)
		memcpy(rules, answers->rules->data, size);
	audit->rules = rules;
	audit->n_rules = answers->rules->len;
}

static void set_truncated(struct host_audit *audit, struct arena *arena)
{
	audit->state.status = PLIMSOLL__FETCH__STATUS__TRUNCATED;
	audit->state.detail = arena_printf(arena, "%u rules read, there are more", audit->n_rules);
}

/* Whether auditing is on at all stands in another text. */
static void ask_auditctl_status(const char *program, struct host_audit *audit)
{
	g_autofree char *text = auditctl_status(program);

	if (text != NULL)
		audit_text_status(text, audit);
}

static bool ask_auditctl(struct arena *arena, struct host_audit *audit)
{
	static const char *const programs[] = {
		"/usr/sbin/auditctl",
		"/sbin/auditctl",
		"/usr/local/sbin/auditctl",
		"/usr/bin/auditctl",
	};

	struct stat earlier = {0};

	for (guint i = 0; i < G_N_ELEMENTS(programs); i++) {
		struct stat info = {0};
		g_autofree char *text = NULL;
		bool truncated = false;

		/* /sbin is often /usr/sbin: one program is run once. */
		if (stat(programs[i], &info) < 0 ||
		    (info.st_ino == earlier.st_ino && info.st_dev == earlier.st_dev))
			continue;
		earlier = info;
		text = auditctl_list(programs[i]);
		if (text == NULL)
			continue;
		audit->source = PLIMSOLL__AUDIT_STATUS__SOURCE__AUDITCTL;
		audit->state = host_state_from_errno(0);
		audit->rules = audit_text_rules(text, arena, &audit->n_rules, &truncated);
		if (truncated || strlen(text) >= LIMIT_AUDIT_TEXT_BYTES)
			set_truncated(audit, arena);
		ask_auditctl_status(programs[i], audit);
		return true;
	}
	return false;
}

/* ECONNREFUSED is how the kernel answers other user namespaces. */
static bool is_refusal(int result)
{
	return result == -EPERM || result == -EACCES || result == -ECONNREFUSED;
}

/* How the seccomp filter of a container answers in the kernel's place; Podman's wants AUDIT_WRITE
 * for such a socket. */
static bool is_filtered(int result)
{
	return result == -EINVAL;
}

void host_audit_ask(struct arena *arena, struct host_audit *ret_audit)
{
	g_autoptr(GArray) rules = g_array_new(FALSE, TRUE, sizeof(struct host_audit_rule));
	struct answers answers = {.arena = arena, .audit = ret_audit, .rules = rules};
	int result = ask_kernel(&answers);

	ret_audit->kernel = result != -EPROTONOSUPPORT;
	ret_audit->has_kernel = result == 0 || !ret_audit->kernel || is_refusal(result);
	if (result == 0) {
		ret_audit->source = PLIMSOLL__AUDIT_STATUS__SOURCE__NETLINK;
		ret_audit->state = host_state_from_errno(0);
		keep_rules(&answers, ret_audit);
		if (answers.truncated)
			set_truncated(ret_audit, arena);
		return;
	}
	if (ret_audit->kernel && ask_auditctl(arena, ret_audit))
		return;
	ret_audit->state =
		host_state_from_errno(is_refusal(result) || is_filtered(result) ? EPERM : -result);
	if (!ret_audit->kernel)
		ret_audit->state.status = PLIMSOLL__FETCH__STATUS__ABSENT;
	else if (is_filtered(result))
		ret_audit->state.detail = "a filter of system calls keeps this program from asking "
					  "the kernel";
	else if (ret_audit->state.status == PLIMSOLL__FETCH__STATUS__PERMISSION)
		ret_audit->state.detail = "the kernel tells its audit rules to root in its first "
					  "namespaces only";
}
