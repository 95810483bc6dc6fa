/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `plimsoll audit`: the whole flow in one process and no server. Collect from this host (or read
 * saved facts), judge, write, and say by the exit code whether the gate held.
 */
#include "server/cli/audit.h"
#include "server/cli/cli.h"
#include "server/cli/commands.h"

int cmd_audit(int argc, char **argv)
{
	struct audit audit = {.command = "audit"};
	int code = CLI_USAGE;

	if (audit_options_read(argc, argv, &audit.options, &code) && audit_prepare(&audit, &code) &&
	    audit_judge(&audit, &code))
		code = audit_conclude(&audit);
	audit_done(&audit);
	return code;
}
