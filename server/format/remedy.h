/* SPDX-License-Identifier: Apache-2.0 */
/* What to grant or change so that an unknown becomes decidable; for people, beside the reason. */
#ifndef PLIMSOLL_SERVER_FORMAT_REMEDY_H
#define PLIMSOLL_SERVER_FORMAT_REMEDY_H

#include <stdbool.h>

/* A sentence of ours for a reason code ("UK_PERM" or "UK_PERM|/etc/docker"); NULL = none known. */
const char *remedy_of(const char *reason);

/* Whether root on the host would probably have seen it. */
bool remedy_is_root(const char *reason);

#endif
