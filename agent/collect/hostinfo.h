/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel, distribution, security modules, and who is looking. */
#ifndef PLIMSOLL_AGENT_COLLECT_HOSTINFO_H
#define PLIMSOLL_AGENT_COLLECT_HOSTINFO_H

#include "agent/collect/survey.h"

/* From the second round on. */
const struct host_self *hostinfo_self(const struct survey *survey);
/* true only when AppArmor was seen to be enabled. */
bool hostinfo_has_apparmor(const struct survey *survey);
/* Inode of pid 1's namespace ("net", "pid", ...); -1 = not seen. */
int64_t hostinfo_init_namespace(const struct survey *survey, const char *kind);

/* Wants the six namespaces of a process, and reads them after the round. */
struct namespace_links {
	const struct host_link *links[6];
};
void namespaces_want(struct survey *survey, const char *pid, struct namespace_links *ret_links);
/* Inode of one of them, by kind as above. */
int64_t namespaces_inode(const struct namespace_links *links, const char *kind);
/* NULL: none was seen. */
Plimsoll__Namespaces *namespaces_read(const struct survey *survey,
				      const struct namespace_links *links);

#endif
