/* SPDX-License-Identifier: Apache-2.0 */
/* See scan_reason.h. */
#include "server/cli/scan_reason.h"

#include <string.h>

#include "agent/ssh_target.h"

static const struct scan_reason reasons[] = {
	[SSH_ERROR_CONFIG] = {"configuration", "not tried: configuration",
			      "the target, the inventory or ssh_config asks for what cannot be "
			      "done; the message says what"},
	[SSH_ERROR_RESOLVE] = {"no-address", "no address",
			       "is the name right, and known to this machine's resolver?"},
	[SSH_ERROR_REFUSED] = {"refused", "refused",
			       "does sshd run there, on that port, and is there a route to it?"},
	[SSH_ERROR_TIMEOUT] = {"time-out", "time-out",
			       "is a firewall between? else --connect-timeout, --timeout, or "
			       "fewer at a time (--jobs)"},
	[SSH_ERROR_NEGOTIATION] = {"no-common-method", "no common method",
				   "--transport openssh can what the ssh command can"},
	[SSH_ERROR_KEY_UNKNOWN] =
		{"key-unknown", "host key unknown",
		 "compare its fingerprint with the machine's own and sign in once "
		 "with ssh, or: --host-key-policy accept-new"},
	[SSH_ERROR_KEY_CHANGED] =
		{"key-changed", "host key changed",
		 "set up anew, or somebody stands between: compare on its console "
		 "(ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), and only "
		 "then ssh-keygen -R HOST"},
	[SSH_ERROR_KEY_REVOKED] = {"key-revoked", "host key revoked",
				   "known_hosts says that nobody may trust this key: give the "
				   "machine new ones"},
	[SSH_ERROR_AUTH] = {"auth-failed", "authentication failed",
			    "\"ssh -o BatchMode=yes TARGET true\" must work: ssh-add, -i FILE, "
			    "--user"},
	[SSH_ERROR_SHELL] = {"no-shell", "no shell",
			     "the account needs a POSIX shell, without a forced command"},
	[SSH_ERROR_SUDO] = {"sudo-refused", "sudo refused",
			    "\"sudo -n true\" must work there (NOPASSWD), or sign in as root, or "
			    "leave --sudo out"},
	[SSH_ERROR_LOST] = {"connection-lost", "connection lost", "try again"},
	[SSH_ERROR_CANCELLED] = {SCAN_REASON_INTERRUPTED, "interrupted",
				 "the same command goes on with --resume FILE"},
	[SSH_ERROR_LOCAL] = {"this-machine", "this machine's fault",
			     "the message says what is missing here"},
	{"out-of-reach", "out of reach", "the message says why"},
	{SCAN_REASON_UNJUDGED, "not judged", "the message above says why"},
	{SCAN_REASON_NO_DOCKER, "no Docker", "there is no engine to audit"},
	{SCAN_REASON_ENGINE, "the Engine did not answer",
	 "sign in as root, as a member of group docker, or use --sudo; does dockerd run?"},
	{SCAN_REASON_CUT_SHORT, "cut short", "what was not seen is unknown; try again"},
	{SCAN_REASON_PARTIAL, "not all could be seen",
	 "as root, or with --sudo, it can; each report says what is unknown and why"},
};
enum { OTHER = SSH_ERROR_LOCAL + 1 };

const struct scan_reason *scan_reason_of_error(const GError *error)
{
	if (error->domain == SSH_ERROR && error->code >= 0 && error->code < OTHER)
		return &reasons[error->code];
	return &reasons[OTHER];
}

const struct scan_reason *scan_reason_find(const char *id)
{
	for (guint i = 0; id != NULL && i < G_N_ELEMENTS(reasons); i++)
		if (strcmp(reasons[i].id, id) == 0)
			return &reasons[i];
	return NULL;
}

const struct scan_reason *scan_reason_next(const struct scan_reason *reason)
{
	if (reason == NULL)
		return reasons;
	reason++;
	return reason < reasons + G_N_ELEMENTS(reasons) ? reason : NULL;
}
