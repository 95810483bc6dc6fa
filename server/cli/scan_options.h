/* SPDX-License-Identifier: Apache-2.0 */
/* The options of `plimsoll scan`: whom to go to and how; the rest is as for `plimsoll audit`. */
#ifndef PLIMSOLL_SERVER_CLI_SCAN_OPTIONS_H
#define PLIMSOLL_SERVER_CLI_SCAN_OPTIONS_H

#include "agent/ssh_target.h"
#include "server/cli/audit_options.h"
#include "server/cli/site.h"

struct scan_options {
	struct audit_options audit;
	char **words;       /* targets */
	char **inventories; /* NULL: none; so for the next ones */
	char **contexts, **groups;
	char *limit;
	struct ssh_options ssh; /* borrows from what stands below */
	char *ssh_config, *known_hosts, *user;
	char **keys;
	guint jobs;
	char *resume_path;
	char *save_facts_dir;
	bool is_stored;
	struct site_options site;
	bool is_sweep; /* any number of machines, as opposed to one that was named */
};

/* As audit_options_read(). */
bool scan_options_read(int argc, char **argv, struct scan_options *ret_options, int *ret_exit);
void scan_options_done(struct scan_options *options);

#endif
