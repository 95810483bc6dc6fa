/* SPDX-License-Identifier: Apache-2.0 */
/* `plimsoll scan`: audits over SSH. */
#include "server/cli/commands.h"
#include "server/cli/scan.h"

int cmd_scan(int argc, char **argv)
{
	static const struct scan_sweep over_ssh = {.run = sweep_run};

	return scan_main(argc, argv, &over_ssh);
}
