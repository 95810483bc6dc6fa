/* SPDX-License-Identifier: Apache-2.0 */
/* See remedy.h. */
#include "server/format/remedy.h"

#include <glib.h>
#include <string.h>

static const struct remedy {
	const char *code;
	bool root;
	const char *text;
} remedies[] = {
	{"UK_DAEMON_DOWN", false, "Start the Docker daemon and audit again."},
	{"UK_API", false, "Look for this request in the daemon's log, then audit again."},
	{"UK_TIMEOUT", false, "The host was too slow to answer; audit again."},
	{"UK_PERM", true, "Run as root, or with CAP_DAC_READ_SEARCH and CAP_SYS_PTRACE."},
	{"UK_TOOL", true, "Run as root, or with CAP_AUDIT_CONTROL, on the host itself."},
	{"UK_USERNS", false, "Run on the host itself, outside user and pid namespaces."},
	{"UK_AMBIGUOUS", false, "Name the engine with --docker-host."},
	{"UK_STALE", false, "Restart dockerd, so that it runs with what its file says."},
	{"UK_NO_PROCESS", true, "Run as root in the host's pid namespace."},
	{"UK_ELSEWHERE", false, "Run on the machine where this engine runs."},
	{"UK_GONE_PEER", false, "A container went away meanwhile; audit again."},
	{"UK_LOCKED", false, "Unlock the swarm with 'docker swarm unlock'."},
	{"UK_OLD_AGENT", false, "Upgrade the agent on this host."},
};

static const struct remedy *find_remedy(const char *reason)
{
	size_t length = 0;

	if (reason == NULL)
		return NULL;
	length = strcspn(reason, "|");
	for (guint i = 0; i < G_N_ELEMENTS(remedies); i++)
		if (strlen(remedies[i].code) == length &&
		    strncmp(remedies[i].code, reason, length) == 0)
			return &remedies[i];
	return NULL;
}

const char *remedy_of(const char *reason)
{
	const struct remedy *remedy = find_remedy(reason);

	return remedy == NULL ? NULL : remedy->text;
}

bool remedy_is_root(const char *reason)
{
	const struct remedy *remedy = find_remedy(reason);

	return remedy != NULL && remedy->root;
}
