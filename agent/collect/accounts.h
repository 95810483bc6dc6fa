/* SPDX-License-Identifier: Apache-2.0 */
/* Names of users and groups in the host's own files; directories (LDAP, SSSD) are not asked. */
#ifndef PLIMSOLL_AGENT_COLLECT_ACCOUNTS_H
#define PLIMSOLL_AGENT_COLLECT_ACCOUNTS_H

#include "agent/collect/survey.h"

/* From the second round on; NULL: no such entry, or the file was not readable. */
const char *accounts_user_name(const struct survey *survey, int64_t uid);
const char *accounts_group_name(const struct survey *survey, int64_t gid);
const char *accounts_home(const struct survey *survey, int64_t uid);
/* -1: there is none; false: /etc/group was not readable. */
bool accounts_find_group(const struct survey *survey, const char *name, int64_t *ret_gid);

#endif
