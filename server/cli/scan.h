/* SPDX-License-Identifier: Apache-2.0 */
/* `plimsoll scan`, with the sweep as a parameter: tests put one over made-up machines there. */
#ifndef PLIMSOLL_SERVER_CLI_SCAN_H
#define PLIMSOLL_SERVER_CLI_SCAN_H

#include "agent/sweep.h"

/* sweep_run() */
struct scan_sweep {
	guint (*run)(const struct ssh_target *const *targets, guint n_targets,
		     const struct sweep_options *options,
		     void (*done)(struct sweep_result *result, void *data), void *data);
};

/* Answers the exit code. */
int scan_main(int argc, char **argv, const struct scan_sweep *sweep);

#endif
